"""`byola pretrain` in a checkout: python tools/pretrain.py --help."""

import sys

from byola_keras.commands import command, pretrain

if __name__ == "__main__":
    command.main(pretrain.COMMAND, sys.argv[1:])
