"""What tests leave in memory, given back: without this a process of the suite grows to some 10 GB."""

import ctypes
import gc

import keras
from tensorflow.python.framework.ops import gradient_registry

_LIBC = ctypes.CDLL(None)


def give_memory_back():
    """Frees the models and graphs that nobody holds any more."""
    keras.utils.clear_session()
    # The optimizer's sum over replicas registers its gradient under a name of its own each time it is traced,
    # and nothing public takes it out again: TensorFlow would keep every training graph and its weights.
    for name in [name for name in gradient_registry.list() if name.startswith("CustomGradient-")]:
        del gradient_registry._registry[name]
    gc.collect()
    if hasattr(_LIBC, "malloc_trim"):
        # The threads of TensorFlow leave many half-empty arenas, which the C library keeps.
        _LIBC.malloc_trim(0)
