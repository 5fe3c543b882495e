"""`byola embed` in a checkout: python tools/embed.py --help."""

import sys

from byola_keras.commands import command, embed

if __name__ == "__main__":
    command.main(embed.COMMAND, sys.argv[1:])
