"""`byola check` in a checkout: python tools/check_audio.py --help."""

import sys

from byola_keras.commands import check, command

if __name__ == "__main__":
    command.main(check.COMMAND, sys.argv[1:])
