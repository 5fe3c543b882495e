"""What tests leave in memory, given back: without this a process of the suite grows to some 10 GB."""

import ctypes
import gc
import os

import keras
from tensorflow.python.framework.ops import gradient_registry

_LIBC = ctypes.CDLL(None)
# Looking for what can be freed takes some 0.3 s: it is done where there may be as many bytes to find.
_WORTH_IT = 2**29
_LAST = {"resident": 0}


def give_memory_back():
    """Frees the models and graphs that nobody holds any more."""
    # The optimizer's sum over replicas registers its gradient under a name of its own each time it is traced,
    # and nothing public takes it out again: TensorFlow would keep every training graph and its weights.
    for name in [name for name in gradient_registry.list() if name.startswith("CustomGradient-")]:
        del gradient_registry._registry[name]
    gc.collect()
    if hasattr(_LIBC, "malloc_trim"):
        # The threads of TensorFlow leave many half-empty arenas, which the C library keeps.
        _LIBC.malloc_trim(0)
    _LAST["resident"] = _resident()


def give_memory_back_if_grown():
    """The same, after much has been taken since the last time."""
    if _resident() > _LAST["resident"] + _WORTH_IT:
        give_memory_back()


def forget_session():
    """As for a new process: Keras counts the names of layers from 1, and memory is given back."""
    keras.utils.clear_session()
    give_memory_back()


def _resident():
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
