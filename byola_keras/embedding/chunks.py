"""Cuts sound of any length into chunks whose frames are those of the whole."""

import math
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np

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

    A window of the front end that reaches over the border of a chunk is spoilt by reflected padding; such
    frames are cut off before the encoder. The features that the encoder makes next to a border lack what lies
    beyond it: `encoder.context` says how many. So a chunk has so many more on each side than it yields, and
    begins at a multiple of `encoder.stride`, on the grid of the encoder's poolings. At the beginning and at
    the end of the sound the padding is that of the whole.

    Args:
        embedder: embedder for whose front end and encoder the sound is cut.
        seconds: seconds of sound for which a chunk yields frames, approximately.

    Attributes:
        hop: samples from one front-end frame to the next.
        half_window: samples that a front-end frame needs on each side of its centre.
        stride: front-end frames in one frame feature.
        context: frame features next to a border that see beyond it.
        frames: frame features that a chunk yields.
    """

    def __init__(self, embedder: Embedder, seconds: float):
        if not 0 < seconds < math.inf:
            raise ValueError(f"`chunk_seconds` must be positive. Received: chunk_seconds={seconds}")
        self.hop = embedder.frontend.hop_length
        self.half_window = embedder.frontend.n_fft // 2
        self.stride, self.context = embedder.encoder.stride, embedder.encoder.context
        # Those that a border spoils, and one: the last piece of the sound must not be shorter than a window,
        # which the front end would fill with zeros.
        self._cut_off = math.ceil(self.half_window / self.hop) + 1
        wanted = round(seconds / embedder.frame_seconds)
        # At least as long as the overlap of two chunks.
        self.frames = max(wanted, self.context + math.ceil(self._cut_off / self.stride))

    def cut(self, blocks: Iterable[np.ndarray]) -> Iterator[Chunk]:
        """Cuts sound that comes in blocks of any length; yields nothing if it holds no samples."""
        # The first chunk has nothing before the frames that it yields.
        shown, begin, skipped_first = (self.frames + self.context) * self.stride, 0, 0
        consumed = (self.frames - self.context) * self.stride - self._cut_off
        parts, samples = [], 0
        for block in blocks:
            parts.append(block)
            samples += len(block)
            while samples >= (needed := (begin + shown - 1) * self.hop + self.half_window):
                sound = np.concatenate(parts)
                yield Chunk(sound[:needed], begin, begin + shown, skipped_first, self.context)
                parts = [sound[consumed * self.hop :]]
                samples = len(parts[0])
                shown = (self.frames + 2 * self.context) * self.stride
                begin, skipped_first = self._cut_off, self.context
                consumed = self.frames * self.stride
        if samples:
            yield Chunk(np.concatenate(parts), begin, None, skipped_first, 0)
