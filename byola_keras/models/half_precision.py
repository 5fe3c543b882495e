"""Weights that are stored in 16 bits; Keras reads them into weights of 32 bits."""

import h5py
import numpy as np

from byola_keras.atomic import replacing

# Half the distance from one float16 to the next, of a value in [1, 2).
_ROUNDING = 2.0**-11


def halve(path: str) -> None:
    """Writes the matrices in a Keras weights file (`.weights.h5`) anew as float16: kernels of dense layers.

    They are 99 % of the paper's encoder and little of the error: of two trained ones embeddings moved
    by 9e-5 of their largest value, with convolutions in float16, too, by 1.7e-3. So those stay in float32, as
    do vectors: biases, scales and the running statistics of batch normalisation, whose variances may lie
    outside the range of float16 (6e-8 to 65504). A matrix that float16 cannot hold to the rounding of its
    largest value stays as well.

    Args:
        path: of the file, which is replaced in one piece.
    """
    with replacing(path) as temporary, h5py.File(path) as source, h5py.File(temporary, "w") as halved:
        _copy(source, halved)


def _copy(source, target):
    """Copies a group with all that is below it."""
    target.attrs.update(source.attrs)
    for name, entry in source.items():
        if isinstance(entry, h5py.Group):
            _copy(entry, target.create_group(name))
        else:
            target.create_dataset(name, data=_halved(entry[()])).attrs.update(entry.attrs)


def _halved(values):
    if values.ndim != 2 or values.dtype != np.float32:
        return values
    with np.errstate(over="ignore"):
        halved = values.astype(np.float16)
    largest = np.abs(values).max(initial=0.0)
    # Written so that infinity and NaN stay.
    fits = np.abs(halved.astype(np.float32) - values).max(initial=0.0) <= _ROUNDING * largest
    return halved if fits else values
