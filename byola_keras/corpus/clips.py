"""Cuts recordings of any length into the clips of a corpus."""

from collections.abc import Iterable, Iterator

import numpy as np


def cut_clips(blocks: Iterable[np.ndarray], clip_length: int, shortest: int) -> Iterator[np.ndarray]:
    """Cuts a recording, which comes in blocks, into clips that are adjacent.

    Args:
        blocks: the recording, as arrays [samples] of any lengths.
        clip_length: number of samples in a clip.
        shortest: number of samples; a rest at the end that is shorter stays with the clip before it.

    Yields:
        Clips [samples] of `clip_length` samples; the last one may have fewer, or less than `shortest` more. A
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
