"""`byola probe_notes` in a checkout: python tools/probe_notes.py --help."""

import sys

from byola_keras.commands import command, probe_notes

if __name__ == "__main__":
    command.main(probe_notes.COMMAND, sys.argv[1:])
