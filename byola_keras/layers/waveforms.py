"""What waveforms must look like."""

import tensorflow as tf

# A recording as soundfile gives it, [samples, channels].
_MANY_CLIPS, _MOST_CHANNELS = 1_000, 8


def check_waveforms(waveforms, single_clip: bool = True) -> None:
    """Refuses what can be no waveform by its type or its shape, as far as that is known.

    Args:
        waveforms: what should be floats [batch, samples], or [samples] for a single clip.
        single_clip: whether a clip without a batch axis is welcome.

    Raises:
        ValueError: it is no tensor, not of floats, of another rank, or empty.
    """
    if not hasattr(waveforms, "dtype"):
        raise ValueError(
            "`waveforms` must be one array or tensor [batch, samples]; pad clips to one length and "
            f"give their `lengths`. Received: {type(waveforms).__name__}"
        )
    dtype, shape = tf.as_dtype(waveforms.dtype), tf.TensorShape(waveforms.shape)
    if not dtype.is_floating:
        raise ValueError(
            "`waveforms` must be floating-point numbers in [-1, 1]; divide 16-bit integers by 32768. "
            f"Received: dtype={dtype.name}"
        )
    if shape.rank == 1 and not single_clip:
        raise ValueError(
            "`waveforms` must have the shape [batch, samples]; give a single clip as waveform[None]. "
            f"Received: shape={shape}"
        )
    if shape.rank not in (1, 2, None):
        raise ValueError(
            "`waveforms` must have the shape [batch, samples], or [samples] for a single clip; average the "
            f"channels of a stereo recording. Received: shape={shape}"
        )
    if shape.rank == 2 and _looks_like_channels(*shape.as_list()):  # noqa: PLR2004
        raise ValueError(
            "`waveforms` must have the shape [batch, samples]; this looks like [samples, channels]; average "
            f"the channels of a stereo recording: waveform.mean(axis=1)[None]. Received: shape={shape}"
        )
    if shape.rank and 0 in shape.as_list():
        raise ValueError(
            "`waveforms` must hold at least one clip of at least one sample. Received: "
            f"shape={shape}; was a file empty?"
        )


def _looks_like_channels(batch, samples):
    """Whether thousands of clips of a few samples are rather a recording as it comes from a file."""
    return None not in (batch, samples) and batch >= _MANY_CLIPS and 1 < samples <= _MOST_CHANNELS
