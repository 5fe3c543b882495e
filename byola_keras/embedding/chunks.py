"""Cuts sound of any length into chunks whose frames are those of the whole."""

import math
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np

from byola_keras.embedding.borders import Borders
from byola_keras.models.embedder import Embedder


class Chunk(NamedTuple):
    """A piece of sound, and which of its frames are as in the whole.

    Attributes:
        samples: waveform, float32 [samples].
        begin: first front-end frame that the encoder may see.
        end: front-end frame before which it must stop; None lets it see all.
        skipped_first: number of frame features at the beginning that lack their context.
        skipped_last: number of frame features at the end that lack their context.
    """

    samples: np.ndarray
    begin: int
    end: int | None
    skipped_first: int
    skipped_last: int


class Chunker:
    """Cuts sound into chunks for an embedder.

    What is wrong next to the border of a chunk (see `Borders`) is not yielded: a chunk has `context` frame
    features more on each side, and begins at a multiple of `stride`, on the grid of the encoder's poolings.
    At the beginning and at the end of the sound the padding is that of the whole.

    Args:
        embedder: embedder for whose front end and encoder the sound is cut.
        seconds: seconds of sound for which a chunk yields frames, approximately.

    Attributes:
        borders: how far the embedder's frames see.
        frames: frame features that a chunk yields.
    """

    def __init__(self, embedder: Embedder, seconds: float):
        if not 0 < seconds < math.inf:
            raise ValueError(f"`chunk_seconds` must be positive. Received: chunk_seconds={seconds}")
        self.borders = Borders.of(embedder)
        wanted = round(seconds / embedder.frame_seconds)
        # At least as long as the overlap of two chunks.
        self.frames = max(
            wanted, self.borders.context + math.ceil(self.borders.cut_off / self.borders.stride)
        )

    def cut(self, blocks: Iterable[np.ndarray]) -> Iterator[Chunk]:
        """Cuts sound that comes in blocks of any length; yields nothing if it holds no samples."""
        hop, _, stride, context = self.borders
        cut_off = self.borders.cut_off
        # The first chunk has nothing before the frames that it yields.
        shown, begin, skipped_first = (self.frames + context) * stride, 0, 0
        consumed = (self.frames - context) * stride - cut_off
        parts, samples = [], 0
        for block in blocks:
            parts.append(block)
            samples += len(block)
            while samples >= (needed := self.borders.samples(begin + shown)):
                sound = np.concatenate(parts)
                yield Chunk(sound[:needed], begin, begin + shown, skipped_first, context)
                parts = [sound[consumed * hop :]]
                samples = len(parts[0])
                shown = (self.frames + 2 * context) * stride
                begin, skipped_first = cut_off, context
                consumed = self.frames * stride
        if samples:
            yield Chunk(np.concatenate(parts), begin, None, skipped_first, 0)
