"""Which numbers can be samples of sound."""

import numpy as np
import tensorflow as tf

# Far above any real sample in [-1, 1], clipped and resampled as it may be; below 16-bit integers cast to
# float.
LARGEST_SAMPLE = 1024.0


def plausible(waveforms) -> tf.Tensor:
    """Which samples are finite and at most 1,024 in absolute value; Booleans of the shape of `waveforms`."""
    return tf.abs(waveforms) <= LARGEST_SAMPLE  # False for NaN


def check_samples(waveforms, name: str = "waveforms") -> None:
    """Refuses values that cannot be sound.

    Args:
        waveforms: float array or tensor of any shape.
        name: of the argument, for the error.

    Raises:
        ValueError: a value is NaN or infinite, or above 1,024 in absolute value.
    """
    if bool(tf.reduce_all(plausible(waveforms))):
        return
    waveforms = np.asarray(waveforms)
    wrong = np.count_nonzero(~np.isfinite(waveforms))
    if wrong:
        raise ValueError(
            f"`{name}` must be finite numbers. Received: {wrong} NaN or infinite samples of "
            f"{waveforms.size}; np.nan_to_num makes zeros of them."
        )
    raise ValueError(
        f"`{name}` must lie in [-1, 1]; divide 16-bit integers by 32768. Received: a peak of "
        f"{np.abs(waveforms).max():.0f}"
    )


def check_lengths(lengths, waveforms) -> None:
    """Refuses `lengths` that do not fit a padded batch of waveforms [batch, samples].

    Raises:
        ValueError: there is not a number from 1 to the batch's samples for each clip.
    """
    lengths, shape = np.asarray(lengths), waveforms.shape
    clips, samples = shape if len(shape) == 2 else (1, shape[-1])  # noqa: PLR2004
    if (
        lengths.shape != (clips,)
        or not np.issubdtype(lengths.dtype, np.integer)
        or lengths.min() < 1
        or lengths.max() > samples
    ):
        raise ValueError(
            f"`lengths` must hold a number from 1 to the {samples} samples of the batch for each of its "
            f"{clips} clips. Received: lengths={lengths.tolist()}"
        )
