"""Forked processes are what started ones are."""

import os
import signal
import subprocess

import pytest

from tests.processes import run, start

SCRIPT = """
import os, sys, time, signal
began_with = "tensorflow" in sys.modules
import multiprocessing
def work(number):
    return number * 2
if __name__ == "__main__":
    print(__name__, began_with, sys.argv[1:], os.environ.get("OF_THE_TEST"), os.getpid() == os.getpgid(0))
    print(os.path.basename(sys.path[0]), "in the error stream", file=sys.stderr, flush=True)
    sys.stdout.reconfigure(errors="backslashreplace")
    print(signal.getsignal(signal.SIGINT) is signal.default_int_handler, os.getcwd())
    if "spawn" in sys.argv:
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            print(pool.map(work, [21]))
    if "wait" in sys.argv:
        print("waits", flush=True)
        time.sleep(300)
    sys.exit(3)
"""


@pytest.fixture
def script(tmp_path):
    path = tmp_path / "script.py"
    path.write_text(SCRIPT)
    return path


def test_as_a_new_interpreter_but_for_the_import(script, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OF_THE_TEST", "ö")
    arguments = (script, "spawn", "long" * 10_000)
    forked, started = run(*arguments), run(*arguments, fresh=True)
    assert forked[0] == started[0] == 3
    assert forked[1] == started[1].replace("__main__ False", "__main__ True") and "[42]" in forked[1]


def test_killed_and_waited_for(script):
    first, second = start(script, "wait"), start(script, "wait")
    for process in (first, second):
        while "waits" not in process.stdout.readline():
            assert process.poll() is None
    with pytest.raises(subprocess.TimeoutExpired):
        first.communicate(timeout=0.1)
    os.killpg(first.pid, signal.SIGTERM)
    assert first.wait() == -signal.SIGTERM
    assert second.poll() is None
    second.kill()
    assert second.wait() == -signal.SIGKILL
    # Nothing is sent to a number that may be another process's by now.
    second.kill()
