"""`byola ablate` in a checkout: python tools/ablate.py --help."""

import sys

from byola_keras.commands import ablate, command

if __name__ == "__main__":
    command.main(ablate.COMMAND, sys.argv[1:])
