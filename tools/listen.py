"""`byola listen` in a checkout: python tools/listen.py --help."""

import sys

from byola_keras.commands import command, listen

if __name__ == "__main__":
    command.main(listen.COMMAND, sys.argv[1:])
