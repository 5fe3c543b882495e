"""`byola benchmark` in a checkout: python tools/benchmark.py --help."""

import sys

from byola_keras.commands import benchmark, command

if __name__ == "__main__":
    command.main(benchmark.COMMAND, sys.argv[1:])
