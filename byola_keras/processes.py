"""Worker processes, and how a process with workers or readers ends."""

import contextlib
import logging
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import connection


@contextlib.contextmanager
def process_pool(workers: int) -> Iterator[ProcessPoolExecutor]:
    """Processes for decoding: damage that ends a decoder ends a worker, and is noticed.

    The workers end with the process that made them, however that ends. When the block ends with an error,
    what is under way is not waited for.

    Args:
        workers: number of processes. They are started afresh, since a fork of a process with threads may
            hang.
    """
    pool = ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), initializer=_start_worker)
    # The workers inherit the mask: Ctrl-C, which reaches the whole group of processes, is the parent's affair
    # from their first moment on.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        for _ in range(workers):
            pool.submit(_nothing)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    try:
        yield pool
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        raise
    pool.shutdown()


def available_cores() -> int:
    """Processor cores that this process may use."""
    return len(os.sched_getaffinity(0))


def leave(message: str, code: int) -> None:
    """Ends this process at once, whatever its threads and workers are at: a shutdown around them may hang.

    Args:
        message: for the standard error; empty for none.
        code: exit status.
    """
    if message:
        print(message, file=sys.stderr)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _nothing():
    """Starts a worker."""


def _start_worker():
    # Libraries warn of their own affairs, once in each process.
    logging.disable(logging.WARNING)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent():
    connection.wait([multiprocessing.parent_process().sentinel])
    os._exit(1)
