"""A folder that serves one process at a time."""

import contextlib
import fcntl
import os
from collections.abc import Iterator

from absl import logging


@contextlib.contextmanager
def locked(folder: str, busy: str, wait: bool = False) -> Iterator[None]:
    """Holds a folder, which is made if it is not there; the lock ends with the process, however it ends.

    Args:
        folder: local folder.
        busy: text of the error, or of the log where `wait` is set.
        wait: whether to wait for another process that holds it.

    Raises:
        ValueError: another process holds it, and `wait` is not set.
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
        yield
