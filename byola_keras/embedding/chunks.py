"""Cutting sound of any length into chunks whose frames are those of the whole."""

import math
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np

from byola_keras.models.embedder import Embedder


class Chunk(NamedTuple):
    """A piece of sound, and what of its frames is as in the whole."""

    samples: np.ndarray
    # Frames of the front end that the encoder may see: [begin, end), an end of None being the last.
    begin: int
    end: int | None
    # Frames of the encoder at the beginning and at the end that lack their context.
    skipped_first: int
    skipped_last: int


class Chunker:
    """Cuts sound into chunks for an embedder.

    A window of the front end that reaches over the border of a chunk is spoilt by reflected padding; such
    frames are cut off before the encoder. There each 3x3 convolution lets the zeros beyond a border reach
    one position further, and each 2x2 pooling halves the positions: after any number of blocks it is one
    frame that is spoilt. So a chunk has one frame more on each side than it yields, and begins on the grid
    of the poolings. At the beginning and at the end of the sound the padding is that of the whole.

    Args:
        embedder: whose front end and encoder the chunks are for.
        seconds: how much sound a chunk yields frames for, approximately.
    """

    def __init__(self, embedder: Embedder, seconds: float):
        if not 0 < seconds < math.inf:
            raise ValueError(f"`chunk_seconds` must be positive. Received: chunk_seconds={seconds}")
        self.hop = embedder.frontend.hop_length
        self.half_window = embedder.frontend.n_fft // 2
        # Frames of the front end in one of the encoder.
        self.pooled = embedder.encoder.stride
        self.spoilt = math.ceil(self.half_window / self.hop)
        wanted = round(seconds * embedder.sample_rate / (self.hop * self.pooled))
        # No shorter than what the second chunk repeats of the first.
        self.frames = max(wanted, 1 + math.ceil(self.spoilt / self.pooled))

    def cut(self, blocks: Iterable[np.ndarray]) -> Iterator[Chunk]:
        """Chunks of sound that comes in blocks of any length; none of them where it holds no samples."""
        # Of the first chunk, which has no frame before those that it yields.
        shown, begin, skipped_first = (self.frames + 1) * self.pooled, 0, 0
        consumed = (self.frames - 1) * self.pooled - self.spoilt
        parts, samples = [], 0
        for block in blocks:
            parts.append(block)
            samples += len(block)
            while samples >= (needed := (begin + shown - 1) * self.hop + self.half_window):
                sound = np.concatenate(parts)
                yield Chunk(sound[:needed], begin, begin + shown, skipped_first, 1)
                parts = [sound[consumed * self.hop :]]
                samples = len(parts[0])
                shown, begin, skipped_first = (self.frames + 2) * self.pooled, self.spoilt, 1
                consumed = self.frames * self.pooled
        if samples:
            yield Chunk(np.concatenate(parts), begin, None, skipped_first, 0)
