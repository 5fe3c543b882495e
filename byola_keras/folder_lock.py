"""Folders that serve one process at a time."""

import contextlib
import fcntl
import os
from collections.abc import Iterator

from absl import logging


@contextlib.contextmanager
def locked(folder: str, busy: str, wait: bool = False) -> Iterator[int]:
    """Holds a folder while the block runs. The lock ends with the process, however the process ends.

    Args:
        folder: a local folder, which is made if it is not there. The lock is its file `.lock`, which stays.
        busy: what is said where another process holds the folder: the error, or the log if `wait` is set.
        wait: whether to wait for the other process.

    Yields:
        A file descriptor. A process that it is handed to (`pass_fds` of `subprocess.Popen`) holds the folder,
        too, until it ends.

    Raises:
        ValueError: another process holds the folder, and `wait` is not set.
    """
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, ".lock"), "w", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if not wait:
                raise ValueError(busy) from None
            logging.info(busy)
            fcntl.flock(file, fcntl.LOCK_EX)
        yield file.fileno()
