"""Three lines that TensorFlow prints at each start on a machine without a GPU, left out."""

import contextlib
import os
import re
import signal
from collections.abc import Iterator

# TensorFlow 2.16 and 2.17 register these twice and report it at the level of true errors.
_NOISE = re.compile(rb"Unable to register cu(FFT|DNN|BLAS) factory")


@contextlib.contextmanager
def without_import_noise() -> Iterator[None]:
    """Leaves those lines out of what the block writes to the standard error; all others pass.

    A process of its own passes them on, so that they come through even if the import kills this one. It is
    forked, which only a process without threads may do: use this before TensorFlow is there.
    """
    original = os.dup(2)
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.close(writing)
        _pass_on(reading, original)
        os._exit(0)
    os.close(reading)
    os.dup2(writing, 2)
    os.close(writing)
    try:
        yield
    finally:
        os.dup2(original, 2)
        os.close(original)
        os.waitpid(child, 0)


def _pass_on(source, target):
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with open(source, "rb") as lines, open(target, "wb", buffering=0) as output:
        for line in lines:
            if not _NOISE.search(line):
                output.write(line)
