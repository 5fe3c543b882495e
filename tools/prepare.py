"""`byola prepare` in a checkout: python tools/prepare.py --help."""

import sys

from byola_keras.commands import command, prepare

if __name__ == "__main__":
    command.main(prepare.COMMAND, sys.argv[1:])
