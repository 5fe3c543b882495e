"""`byola free_sounds` in a checkout: python tools/free_sounds.py --help."""

import sys

from byola_keras.commands import command, free_sounds

if __name__ == "__main__":
    command.main(free_sounds.COMMAND, sys.argv[1:])
