import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from byola_keras.processes import available_cores, process_pool

PARENT = """
import os, sys, time
sys.argv[0] = "byola"
from byola_keras.processes import process_pool
if __name__ == "__main__":
    with process_pool(2) as pool:
        print(*{pool.submit(os.getpid).result() for _ in range(20)}, flush=True)
        time.sleep(300)
"""


def ignores_interrupts():
    return signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, ())


def test_tasks_run_in_other_processes_that_leave_interrupts_to_the_parent():
    with process_pool(1) as pool:
        assert pool.submit(os.getpid).result() != os.getpid()
        assert pool.submit(ignores_interrupts).result()
    assert not ignores_interrupts()


def test_failing_block_does_not_wait_for_tasks():
    # Where the block did wait, this would free it, and the task would be done.
    rescue = threading.Timer(30, end_workers)
    rescue.start()
    try:
        with pytest.raises(RuntimeError, match="from the block"), process_pool(1) as pool:
            task = pool.submit(time.sleep, 300)
            raise RuntimeError("from the block")
        assert not task.done() or task.cancelled()
    finally:
        rescue.cancel()
        end_workers()


def end_workers():
    for worker in multiprocessing.active_children():
        worker.kill()


def test_workers_end_with_a_killed_parent(tmp_path):
    (tmp_path / "parent.py").write_text(PARENT)
    process = subprocess.Popen(
        [sys.executable, tmp_path / "parent.py"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    workers = [int(number) for number in process.stdout.readline().split()]
    assert workers and process.pid not in workers
    process.kill()
    # The workers hold the other end of the pipe: its end is theirs.
    process.communicate(timeout=60)


def test_available_cores(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: {0, 3, 5})
    assert available_cores() == 3
