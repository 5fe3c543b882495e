"""What a run says when it can write no more."""

import contextlib
import errno
import os
from collections.abc import Iterator

import tensorflow as tf

# No space left, over the user's quota, over the largest size of a file.
_NUMBERS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@contextlib.contextmanager
def clear_errors(workdir: str) -> Iterator[None]:
    """Raises one clear error where something inside fails because the disk of `workdir` is full.

    What fails may be a row, a checkpoint, the embedder or a summary, written by Python, HDF5 or TensorFlow,
    each with errors of its own.

    Raises:
        OSError: the disk is full.
    """
    try:
        yield
    except (OSError, tf.errors.OpError) as error:
        reasons = [os.strerror(number) for number in _NUMBERS]
        found = [reason for reason in reasons if reason.lower() in str(error).lower()]
        if not found:
            raise
        raise OSError(
            f"The disk must have room for what a run writes. Received: {found[0]!r} in {workdir!r}. The last "
            "checkpoint and embedder are whole: make room, and the same command goes on."
        ) from error
