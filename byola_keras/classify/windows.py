"""Cuts sound of any length into windows that overlap."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np


class Window(NamedTuple):
    """A window of a recording.

    Attributes:
        first: its first sample, counted from the beginning of the recording.
        samples: float32 [length].
        end: the sample behind its last one of the recording; what follows in `samples` are zeros.
    """

    first: int
    samples: np.ndarray
    end: int


def cut_windows(blocks: Iterable[np.ndarray], length: int, hop: int) -> Iterator[Window]:
    """Cuts sound that comes in blocks, in memory that does not grow with it.

    Windows begin every `hop` samples; the last one ends where the sound ends, so that it is full. Only sound
    that is shorter than a window is filled up with zeros, as short clips are when a classifier is trained.

    Args:
        blocks: float32 [samples] each, of any length.
        length: samples of a window.
        hop: samples from the beginning of a window to that of the next, at most `length`.

    Yields:
        The windows in their order; none of no sound.
    """
    rest, first, before = np.zeros(0, np.float32), 0, None
    for block in blocks:
        rest = np.concatenate([rest, block])
        start = 0
        while len(rest) - start >= length:
            before = rest[start : start + length]
            yield Window(first + start, before, first + start + length)
            start += hop
        rest, first = rest[start:], first + start
    total = first + len(rest)
    if before is None:
        if total:
            yield Window(0, np.pad(rest, (0, length - total)), total)
    elif (missing := total - (first - hop + length)) > 0:
        yield Window(total - length, np.concatenate([before, rest[-missing:]])[-length:], total)
