"""`byola explore` in a checkout: python tools/explore.py --help."""

import sys

from byola_keras.commands import command, explore

if __name__ == "__main__":
    command.main(explore.COMMAND, sys.argv[1:])
