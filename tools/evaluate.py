"""`byola evaluate` in a checkout: python tools/evaluate.py --help."""

import sys

from byola_keras.commands import command, evaluate

if __name__ == "__main__":
    command.main(evaluate.COMMAND, sys.argv[1:])
