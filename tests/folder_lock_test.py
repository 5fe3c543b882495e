import fcntl
import os
import subprocess
import sys
import threading

import pytest

from byola_keras.folder_lock import locked

HOLDER = """
import sys, time
sys.argv[0] = "byola"
from byola_keras.folder_lock import locked
with locked(sys.argv[1], "busy"):
    print("held", flush=True)
    time.sleep(300)
"""


def test_one_at_a_time(tmp_path):
    folder = str(tmp_path / "new" / "folder")
    with locked(folder, "never said"):
        with pytest.raises(ValueError, match="it is taken"), locked(folder, "it is taken"):
            pytest.fail("The folder was held twice.")
        with locked(str(tmp_path), "another folder"):
            pass
    with locked(folder, "free again"):
        assert os.listdir(folder) == [".lock"]


def test_failing_block_frees_the_folder(tmp_path):
    with pytest.raises(RuntimeError), locked(str(tmp_path), "busy"):
        raise RuntimeError
    with locked(str(tmp_path), "busy"):
        pass


def test_lock_ends_with_a_killed_process(tmp_path):
    process = subprocess.Popen([sys.executable, "-c", HOLDER, tmp_path], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout.readline() == "held\n"
        with pytest.raises(ValueError, match="busy"), locked(str(tmp_path), "busy"):
            pass
    finally:
        process.kill()
        process.communicate()
    with locked(str(tmp_path), "busy"):
        pass


def test_waiting(tmp_path, monkeypatch):
    """The second comes in when, and only when, the first has left."""
    tried, order = threading.Event(), []
    flock = fcntl.flock

    def told(file, operation):
        if operation == fcntl.LOCK_EX:
            tried.set()
        flock(file, operation)

    monkeypatch.setattr(fcntl, "flock", told)

    def wait():
        with locked(str(tmp_path), "waiting", wait=True):
            order.append("second")

    with locked(str(tmp_path), "busy"):
        thread = threading.Thread(target=wait)
        thread.start()
        assert tried.wait(60)
        order.append("first")
    thread.join(60)
    assert order == ["first", "second"]
