"""Tools as a user runs them: in processes of their own."""

import os
import pathlib
import signal
import subprocess
import sys

TOOLS = pathlib.Path(__file__).parents[2] / "tools"


def start(tool, *arguments):
    # A shell's background job, such as this test may run in, ignores SIGINT and hands that down.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return subprocess.Popen(
            [sys.executable, str(TOOLS / tool), *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "PYTHONPATH": str(TOOLS.parent)},
            start_new_session=True,
        )
    finally:
        signal.signal(signal.SIGINT, before)


def run(tool, *arguments):
    process = start(tool, *arguments)
    try:
        output, _ = process.communicate(timeout=240)
    finally:
        process.kill()
    return process.returncode, output
