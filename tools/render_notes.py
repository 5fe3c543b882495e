"""`byola render_notes` in a checkout: python tools/render_notes.py --help."""

import sys

from byola_keras.commands import command, render_notes

if __name__ == "__main__":
    command.main(render_notes.COMMAND, sys.argv[1:])
