"""`byola classify` in a checkout: python tools/classify.py --help."""

import sys

from byola_keras.commands import classify, command

if __name__ == "__main__":
    command.main(classify.COMMAND, sys.argv[1:])
