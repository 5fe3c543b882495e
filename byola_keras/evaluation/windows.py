"""The sound of a task's clips as the protocol wants it, in batches of equal length."""

import itertools
from collections.abc import Iterator, Sequence

import numpy as np
import tensorflow as tf

from byola_keras.audio.decode import AudioError, read_crop, read_span
from byola_keras.audio.error_carrier import ErrorCarrier
from byola_keras.audio.untuned import untuned
from byola_keras.embedding.embed_file import sound_blocks
from byola_keras.evaluation.choices import PROTOCOLS, WHOLE_CLIP
from byola_keras.evaluation.task import Task

# Clips of a batch, and how much sound they may be together: the memory goes with it.
_BATCH_SIZE = 64
_BATCH_SECONDS = 320


class Windows:
    """Reads the sound of clips that is embedded: a window of each, or the whole.

    Protocol "window": a clip gives one window of the task's average length, with zeros at the end if it is
    shorter. A longer clip gives its beginning in the test split, and elsewhere a window drawn at random, the
    same in each epoch. A task with folds trains on all its clips at some time: its windows are drawn.
    Protocol "whole_clip": a clip gives all its sound.

    Args:
        task: the task whose clips are read.
        protocol: one of `choices.PROTOCOLS`.
        sample_rate: rate of the sound that is returned, in Hz.
        seed: seed of the places of the windows.

    Raises:
        ValueError: there is no such protocol.

    Reference:
        https://arxiv.org/abs/2204.07402, Section IV-A1 (random crop to the average length, zeros at the
        end). That the test split is read from its beginning is a rule of the authors' evaluation code.
    """

    def __init__(self, task: Task, protocol: str, sample_rate: int, seed: int = 0):
        if protocol not in PROTOCOLS:
            raise ValueError(f"`protocol` must be one of {PROTOCOLS}. Received: protocol={protocol!r}")
        self._task, self._protocol = task, protocol
        self._sample_rate, self._seed = sample_rate, seed
        self._length = int(task.unit_seconds * sample_rate)
        self._errors = ErrorCarrier()

    def batches(self, numbers: Sequence[int]) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """The clips `numbers` of the task, in this order, neighbours of equal length together.

        Yields:
            (numbers int [batch], waveforms float32 [batch, samples]).

        Raises:
            ValueError: a clip cannot be decoded.
        """
        with self._errors.unwrapped():
            for _, clips in itertools.groupby(self._read_ahead(numbers), lambda clip: len(clip[1])):
                yield from self._cut(clips)

    def read(self, number: int) -> np.ndarray:
        """The sound of a clip, float32 [samples].

        Raises:
            ValueError: the clip cannot be decoded.
        """
        clip = self._task.clips[number]
        try:
            if self._protocol == WHOLE_CLIP and clip.is_segment:
                return read_span(clip.path, clip.start, clip.end, self._sample_rate)
            if self._protocol == WHOLE_CLIP:
                return np.concatenate(list(sound_blocks(clip.path, self._sample_rate)))
            drawn = np.random.default_rng((self._seed, 3, int(number))).random()
            position = 0.0 if clip.split == "test" else drawn
            span = (clip.start, clip.end)
            return read_crop(clip.path, self._length, position, self._sample_rate, *span)
        except AudioError as error:
            unreadable = ValueError(
                f"Every clip of {self._task.title} must be readable. Received: {clip.path}: {error}; repair "
                "or replace the file, or take it out of the list."
            )
            raise unreadable from error

    def _read_ahead(self, numbers):
        """Pairs (number, waveform), decoded by several threads."""
        carried = self._errors.carry(self.read, ValueError)

        def read(number):
            return number, tf.numpy_function(carried, [number], tf.float32, stateful=False)

        clips = tf.data.Dataset.from_tensor_slices(np.asarray(numbers, np.int64))
        clips = clips.map(read, num_parallel_calls=tf.data.AUTOTUNE).prefetch(_BATCH_SIZE)
        return untuned(clips).as_numpy_iterator()

    def _cut(self, clips):
        """Batches of clips of one length."""
        for number, waveform in clips:
            size = min(_BATCH_SIZE, max(1, _BATCH_SECONDS * self._sample_rate // len(waveform)))
            rest = itertools.islice(clips, size - 1)
            chosen, waveforms = zip((number, waveform), *rest, strict=True)
            yield np.array(chosen), np.stack(waveforms)
