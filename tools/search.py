"""`byola search` in a checkout: python tools/search.py --help."""

import sys

from byola_keras.commands import command, search

if __name__ == "__main__":
    command.main(search.COMMAND, sys.argv[1:])
