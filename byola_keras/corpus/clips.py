"""Recordings of any length to clips of some seconds."""

from collections.abc import Iterable, Iterator

import numpy as np

FULL_SCALE = 32768


def cut_clips(blocks: Iterable[np.ndarray], clip_length: int, shortest: int) -> Iterator[np.ndarray]:
    """Cuts a recording, which comes in blocks, into clips that are adjacent.

    Args:
        blocks: the recording, arrays [samples] of any lengths.
        clip_length: samples of a clip.
        shortest: a rest of fewer samples at the end stays with the clip before it.

    Yields:
        Arrays [samples] of `clip_length` samples; the last one has fewer, or up to `shortest` more. A
        recording without samples yields nothing.
    """
    parts, length = [], 0
    for block in blocks:
        parts.append(block)
        length += len(block)
        while length >= clip_length + shortest:
            whole = np.concatenate(parts)
            yield whole[:clip_length]
            parts, length = [whole[clip_length:]], length - clip_length
    if length:
        yield np.concatenate(parts)


def to_int16(clip: np.ndarray) -> np.ndarray:
    """Samples as 16-bit integers; a clip that exceeds full scale is turned down and not clipped.

    Args:
        clip: finite floats [samples], full scale is 1.

    Returns:
        int16 [samples]; `from_int16` is the way back. What came from 16 bits comes out the same.
    """
    peak = max(1.0, float(np.abs(clip).max(initial=0.0)))
    scaled = np.rint(clip * np.float32(FULL_SCALE / peak))
    return np.clip(scaled, -FULL_SCALE, FULL_SCALE - 1).astype(np.int16)


def from_int16(samples):
    """The floats in [-1, 1) that 16-bit integers, as an array or a tensor of floats, stand for."""
    return samples / FULL_SCALE
