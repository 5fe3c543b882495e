"""Tools as a user runs them: in processes of their own."""

import os
import pathlib
import signal
import subprocess
import sys
import time

from tests import forked

TOOLS = pathlib.Path(__file__).parents[1] / "tools"


def start(tool, *arguments, python_path=(), environment=None, fresh=False):
    """Starts tools/`tool` and returns the process; it leads a process group of its own.

    Folders of `python_path` have modules of the user's own; `environment` has variables by name. A `fresh`
    process is a new interpreter, with all that a user waits for; others have the package imported already.
    """
    path, arguments = TOOLS / tool, list(map(str, arguments))
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(map(str, [TOOLS.parent, *python_path])),
        **(environment or {}),
    }
    if not fresh:
        return forked.start(path, arguments, environment)
    # A shell's background job, such as this test may run in, ignores SIGINT and hands that down.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return subprocess.Popen(
            [sys.executable, str(path), *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=environment,
            start_new_session=True,
        )
    finally:
        signal.signal(signal.SIGINT, before)


def read_until(process, text):
    """Reads what a started process prints, up to the line that contains `text`."""
    lines = []
    for line in process.stdout:
        lines.append(line)
        if text in line:
            return
    raise AssertionError(f"The process ended without {text!r}: {''.join(lines)}")


def wait_until(condition, process, seconds=120):
    """Waits until `condition()` is true; fails where the process ends before, or the time does."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < deadline
        time.sleep(0.005)


def finish(process, seconds=600):
    """Waits for the end of a started process; returns its exit code and all that it printed."""
    try:
        output, _ = process.communicate(timeout=seconds)
    finally:
        process.kill()
    return process.returncode, output


def run(tool, *arguments, python_path=(), fresh=False):
    """Runs tools/`tool` to its end, see `start`; returns its exit code and all that it printed."""
    return finish(start(tool, *arguments, python_path=python_path, fresh=fresh))
