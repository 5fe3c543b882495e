"""Embeds sound while it comes in."""

import numpy as np
import soxr
import tensorflow as tf

from byola_keras.embedding.borders import Borders
from byola_keras.embedding.embed_file import CHUNK_SECONDS
from byola_keras.embedding.running_pooling import RunningPooling
from byola_keras.layers.waveforms import check_waveforms
from byola_keras.models.embedder import Embedder
from byola_keras.models.samples import check_samples


class StreamingEmbedder:
    """Takes sound in blocks of any size, and gives each frame as soon as all that it sees has come in.

    The frames are those of one pass over the whole sound. Only the samples that coming frames will see are
    kept: some tenths of a second with the default model. A block without a new frame costs next to nothing;
    one with a new frame costs a pass over what the frame sees, so that large blocks take less time than many
    small ones.

    Args:
        embedder: see `byola_keras.load`.
        sample_rate: Integer, rate of the blocks in Hz; None is that of the embedder. Sound of another rate is
            resampled as files are, which delays it by some more milliseconds.

    Attributes:
        latency_seconds: Float, time from the centre of a frame to the last sample that it waits for: 0.087
            seconds with the default model. To this come the rest of the block that holds the sample, and the
            computation.

    Example:

    >>> stream = byola_keras.StreamingEmbedder(byola_keras.load("runs/mine"))
    >>> for block in blocks:  # float32 [samples], mono, in [-1, 1]
    ...     timestamps_ms, frames = stream.push(block)
    >>> timestamps_ms, frames = stream.finish()
    >>> stream.scene()
    """

    def __init__(self, embedder: Embedder, sample_rate: int | None = None):
        if sample_rate is not None and (not isinstance(sample_rate, int) or sample_rate < 1):
            raise ValueError(
                f"`sample_rate` must be a positive integer, in Hz. Received: sample_rate={sample_rate}"
            )
        self._embedder, self._borders = embedder, Borders.of(embedder)
        self._source_rate = sample_rate or embedder.sample_rate
        first = self._borders.samples((1 + self._borders.context) * self._borders.stride)
        self.latency_seconds = first / embedder.sample_rate - embedder.timestamps_ms(1)[0] / 1000
        self.reset()

    def reset(self) -> None:
        """Begins a new sound."""
        self._sound = np.zeros(0, np.float32)
        # The front-end frame at which the kept samples begin, and the frames that were given.
        self._origin = self._done = 0
        self._pooling = RunningPooling(self._embedder.encoder.pooling)
        rates = (self._source_rate, self._embedder.sample_rate)
        self._resampler = soxr.ResampleStream(*rates, 1, "float32", "HQ") if rates[0] != rates[1] else None
        self._finished = False

    def push(self, block: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Takes the next samples.

        Args:
            block: float [samples], mono, in [-1, 1]; it may be empty.

        Returns:
            Centres of the new frames in milliseconds from the beginning of the sound, float64 [frames], and
            the frames, float32 [frames, D']. There may be none.

        Raises:
            ValueError: the block is no sound (then nothing of it is taken), or `finish` was called.
        """
        self._check(block)
        block = np.asarray(block, np.float32)
        limit = max(1, round(CHUNK_SECONDS * self._source_rate))
        # At least one, as the frames of no block have a shape, too.
        pieces = [block[first : first + limit] for first in range(0, max(1, len(block)), limit)]
        return self._joined([self._take(piece) for piece in pieces])

    def finish(self) -> tuple[np.ndarray, np.ndarray]:
        """Ends the sound; returns the frames that saw its end coming, as `push` does.

        A second call returns none. `reset` begins a new sound.
        """
        if self._finished:
            return self._none()
        rest = self._none()
        if self._resampler is not None:
            rest = self._take(np.zeros(0, np.float32), last=True)
        self._finished = True
        samples = self._origin * self._borders.hop + len(self._sound)
        count = self._embedder.frame_count(samples) - self._done if samples else 0
        return self._joined([rest, self._embed(count, None) if count > 0 else self._none()])

    def scene(self) -> np.ndarray:
        """The embedding of all frames that were given so far, float32 [D]; after `finish` of the whole sound.

        Raises:
            ValueError: there was no frame yet.
        """
        if not self._done:
            raise ValueError(
                f"A scene needs at least one frame. Received: {len(self._sound)} samples and no frame yet; "
                "push more, or call finish."
            )
        return self._pooling.result()

    def _check(self, block):
        if self._finished:
            raise ValueError(
                "`push` must not follow `finish`. Received: a block; call reset for a new sound."
            )
        if np.ndim(block) != 1:
            raise ValueError(
                "`block` must be [samples]; average the channels of a stereo recording. Received: "
                f"shape={list(np.shape(block))}"
            )
        if len(block):
            check_waveforms(block)
            check_samples(block, "block")

    def _take(self, block, last=False):
        if self._resampler is not None:
            block = self._resampler.resample_chunk(block, last=last)
        self._sound = np.concatenate([self._sound, block])
        return self._embed_ready()

    def _embed_ready(self):
        """The frames whose context is there."""
        hop, half_window, stride, context = self._borders
        samples = self._origin * hop + len(self._sound)
        # The window of the first front-end frame is reflected: it sees one sample more than half of it.
        whole = 1 + (samples - half_window) // hop if samples > half_window else 0
        count = whole // stride - context - self._done
        if count <= 0:
            return self._none()
        output = self._embed(count, (self._done + count + context) * stride - self._origin)
        origin = max(self._origin, (self._done - context) * stride - self._borders.cut_off)
        self._sound = self._sound[(origin - self._origin) * hop :]
        self._origin = origin
        return output

    def _embed(self, count, end):
        """The next `count` frames, from front-end frames before `end` of the kept ones; None for all."""
        first = max(0, self._done - self._borders.context)
        sound = self._sound if end is None else self._sound[: max(1, self._needed(end))]
        output = self._embedder.embed_span(
            sound[None], first * self._borders.stride - self._origin, tf.int32.max if end is None else end
        )
        frames = np.asarray(output["frames"][0], np.float32)[self._done - first :][:count]
        timestamps = self._embedder.timestamps_ms(len(frames), start=self._done)
        self._pooling.update(frames)
        self._done += len(frames)
        return timestamps, frames

    def _needed(self, end):
        # At the beginning of the sound the first window needs a sample more than its half.
        return max(self._borders.samples(end), self._borders.half_window + 1)

    def _none(self):
        shape = self._embedder.compute_output_shape((1, self._embedder.sample_rate))["frames"]
        return np.zeros(0), np.zeros((0, shape[-1]), np.float32)

    def _joined(self, parts):
        timestamps, frames = zip(*parts, strict=True)
        return np.concatenate(timestamps), np.concatenate(frames)
