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
    """Starts worker processes for decoding, in which damage that ends a decoder is noticed.

    The workers end with the process that started them, however that ends. When the block ends with an error,
    tasks under way are not waited for.

    Args:
        workers: number of processes. Each is a new interpreter, since a fork of a process with threads may
            hang.

    Yields:
        The pool, whose workers are starting.
    """
    pool = ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), initializer=_start_worker)
    # Ctrl-C reaches the whole group of processes. The workers inherit this mask, so that from their first
    # moment on the parent alone answers to it.
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
    """Number of processor cores that this process may use."""
    return len(os.sched_getaffinity(0))


def leave(message: str, code: int) -> None:
    """Ends this process at once, without waiting for its threads and workers, on which a shutdown may hang.

    Handlers of `atexit` are not called.

    Args:
        message: what is printed to the standard error; empty for nothing.
        code: exit code of the process.
    """
    if message:
        print(message, file=sys.stderr)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _nothing():
    """The first task of a worker: a pool starts its workers when they have something to do."""


def _start_worker():
    # The warnings of libraries would come once from each process.
    logging.disable(logging.WARNING)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent():
    connection.wait([multiprocessing.parent_process().sentinel])
    os._exit(1)
