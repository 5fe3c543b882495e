"""What a piece of a longer sound spoils at its borders."""

import math
from typing import NamedTuple

from byola_keras.models.embedder import Embedder


class Borders(NamedTuple):
    """How far frames see, and so what is wrong next to a border where the sound goes on.

    A window of the front end that reaches over the border is spoilt by reflected padding; such frames are cut
    off before the encoder. The features that the encoder makes next to a border lack what lies beyond it.

    Attributes:
        hop: samples from one front-end frame to the next.
        half_window: samples that a front-end frame needs on each side of its centre.
        stride: front-end frames in one frame feature.
        context: frame features next to a border that see beyond it.
    """

    hop: int
    half_window: int
    stride: int
    context: int

    @classmethod
    def of(cls, embedder: Embedder) -> "Borders":
        """Those of the front end and the encoder of an embedder."""
        frontend, encoder = embedder.frontend, embedder.encoder
        return cls(frontend.hop_length, frontend.n_fft // 2, encoder.stride, encoder.context)

    @property
    def cut_off(self) -> int:
        """Front-end frames that a border spoils, and one.

        One more, as the last piece of a sound must not be shorter than a window, which the front end would
        fill with zeros.
        """
        return math.ceil(self.half_window / self.hop) + 1

    def samples(self, frames: int) -> int:
        """Samples from the beginning of a piece after which so many front-end frames are as in the whole."""
        return (frames - 1) * self.hop + self.half_window
