"""`byola convert` in a checkout: python tools/convert_torch.py --help."""

import sys

from byola_keras.commands import command, convert

if __name__ == "__main__":
    command.main(convert.COMMAND, sys.argv[1:])
