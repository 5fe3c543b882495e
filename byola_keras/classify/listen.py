"""A classifier on sound that is still coming in."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple, Protocol

import numpy as np
import soxr

from byola_keras.audio.pcm import from_int16
from byola_keras.classify.windows import cut_windows
from byola_keras.models.classifier import Classifier

# Samples of raw sound as programs name them, little-endian.
SAMPLE_FORMATS = {"s16le": np.dtype("<i2"), "f32le": np.dtype("<f4")}
# What is read at once where more is there.
_BYTES = 2**16


class Stream(Protocol):
    """What raw sound comes from, such as `sys.stdin.buffer`."""

    def read1(self, size: int) -> bytes:
        """At most so many bytes, as soon as there are any; none at the end."""


class Heard(NamedTuple):
    """What a window of sound is.

    Attributes:
        start, end: where the window lies, in seconds from the beginning.
        probabilities: float32 [classes].
    """

    start: float
    end: float
    probabilities: np.ndarray


def pcm_blocks(stream: Stream, sample_format: str, channels: int) -> Iterator[np.ndarray]:
    """Reads raw sound as it comes.

    Args:
        stream: where it comes from.
        sample_format: one of `SAMPLE_FORMATS`.
        channels: number of interleaved channels, which are averaged.

    Yields:
        float32 [samples], full scale is 1. A sample of which bytes are missing at the end is left out.
    """
    kind, rest = SAMPLE_FORMATS[sample_format], b""
    size = kind.itemsize * channels
    while data := stream.read1(_BYTES):
        rest += data
        whole = len(rest) // size * size
        samples = np.frombuffer(rest[:whole], kind).reshape(-1, channels).astype(np.float32).mean(axis=1)
        rest = rest[whole:]
        if len(samples):
            yield from_int16(samples) if kind.kind == "i" else samples


def listen(
    classifier: Classifier, blocks: Iterable[np.ndarray], sample_rate: int, overlap: float
) -> Iterator[Heard]:
    """Classifies the windows of sound, each as soon as it is full.

    The windows are those that `byola classify predict` makes of the same sound.

    Args:
        classifier: the classifier.
        blocks: float32 [samples] each, of any length; what is no number counts as 0.
        sample_rate: rate of the blocks in Hz.
        overlap: the share of a window that lies in the next one, too, in [0, 1).

    Yields:
        What was heard, window by window; nothing of no sound.
    """
    rate, length = classifier.sample_rate, classifier.window_samples
    if sample_rate != rate:
        blocks = _resampled(blocks, sample_rate, rate)
    for window in cut_windows(blocks, length, max(1, round(length * (1 - overlap)))):
        samples = np.nan_to_num(window.samples, posinf=0.0, neginf=0.0)
        found = np.asarray(classifier.classify(samples[None])[0], np.float32)
        yield Heard(window.first / rate, window.end / rate, found)


def _resampled(blocks, source_rate, rate):
    resampler = soxr.ResampleStream(source_rate, rate, 1, "float32", "HQ")
    for block in blocks:
        # One value that is no number would spoil all that follows.
        yield resampler.resample_chunk(np.nan_to_num(block, posinf=0.0, neginf=0.0))
    yield resampler.resample_chunk(np.zeros(0, np.float32), last=True)
