"""Numbers that every machine makes alike: sound and images for golden numbers, without a file."""

import numpy as np

from byola_keras.layers.mel_filterbank import mel_filterbank


def pattern(*shape):
    """Numbers in [-1, 1] that look like noise, float32 of a shape."""
    return np.sin(0.37 * np.arange(np.prod(shape)) ** 2.0).astype("float32").reshape(shape)


def sounds(samples):
    """A rising tone over faint noise, and loud noise that ends in silence: float32 [2, samples] at 16 kHz."""
    time = np.arange(samples) / 16_000
    rising = 0.4 * np.sin(2 * np.pi * (120.0 + 1500.0 * time) * time)
    loud = np.where(np.arange(samples) < samples // 2, 0.7 * pattern(samples), 0.0)
    return np.stack([rising + 0.01 * pattern(samples), loud]).astype("float32")


def openl3_mel_basis():
    """Mel filters as in OpenL3's files, float32 [256, 1025]."""
    return np.ascontiguousarray(mel_filterbank(48_000, 2048, 256, 0.0, 24_000.0, "htk", "slaney").T)
