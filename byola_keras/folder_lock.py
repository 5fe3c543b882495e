"""A folder that serves one process at a time."""

import contextlib
import fcntl
import os
from collections.abc import Iterator


@contextlib.contextmanager
def locked(folder: str, busy: str) -> Iterator[None]:
    """Holds a folder, which is made if it is not there; the lock ends with the process, however it ends.

    Args:
        folder: local folder.
        busy: text of the error.

    Raises:
        ValueError: another process holds it.
    """
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, ".lock"), "w", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ValueError(busy) from None
        yield
