"""Sound as 16-bit integers, and back."""

import numpy as np

# What stands for 1.0; the largest positive integer is one less.
FULL_SCALE = 32768


def to_int16(samples: np.ndarray) -> np.ndarray:
    """Samples as 16-bit integers; sound that exceeds full scale is turned down and not clipped.

    Args:
        samples: finite floats [samples], full scale is 1.

    Returns:
        int16 [samples]; `from_int16` is the way back. What came from 16 bits comes out the same.
    """
    peak = max(1.0, float(np.abs(samples).max(initial=0.0)))
    scaled = np.rint(samples * np.float32(FULL_SCALE / peak))
    return np.clip(scaled, -FULL_SCALE, FULL_SCALE - 1).astype(np.int16)


def from_int16(samples):
    """The floats in [-1, 1) that 16-bit integers, as an array or a tensor of floats, stand for."""
    return samples / FULL_SCALE
