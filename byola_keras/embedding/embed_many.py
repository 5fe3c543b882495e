"""Embeds many sound files: decodes beside the embedder, and embeds short files of equal length together."""

import collections
import itertools
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from byola_keras.audio.decode import AudioError
from byola_keras.embedding.embed_file import CHUNK_SECONDS, iter_frames, sound_blocks
from byola_keras.embedding.sound_files import SoundFile
from byola_keras.models.embedder import Embedder
from byola_keras.processes import available_cores

# Short files wait for others of their length until so many times a chunk has gathered.
_WAITING_CHUNKS = 8


class Embeddings(NamedTuple):
    """The embeddings of one file, which can be taken once.

    Attributes:
        parts: timestamps in milliseconds [frames] and frames [frames, D], chunk by chunk, as `iter_frames`
            gives them. An `AudioError` comes when they are taken.
        scene: float32 [D]; None where it follows from the frames of all parts.
        count: number of all frames; None where `scene` is.
        seconds: the length of the sound, to be called when all parts are taken; None where the number of
            frames tells it.
    """

    parts: Iterable[tuple[np.ndarray, np.ndarray]]
    scene: np.ndarray | None = None
    count: int | None = None
    seconds: Callable[[], float] | None = None


def embed_many(
    embedder: Embedder,
    files: Iterable[SoundFile],
    chunk_seconds: float = CHUNK_SECONDS,
    workers: int | None = None,
) -> Iterator[tuple[SoundFile, Embeddings]]:
    """Embeds files, in bounded memory whatever their number and length.

    Args:
        embedder: see `byola_keras.load`.
        files: the files, in any order.
        chunk_seconds: sound that is embedded at a time; files that together are as long share a batch.
        workers: number of threads that decode; None starts one for each processor core.

    Yields:
        A file and its embeddings, to be taken before the next file; files of equal length may come before
        others. A file that cannot be decoded raises its `AudioError` when its parts are taken.
    """
    limit = round(chunk_seconds * embedder.sample_rate)
    groups, waiting = collections.defaultdict(list), 0
    for file, sound in read_ahead(files, embedder.sample_rate, limit, workers or available_cores()):
        if sound is None:
            yield file, Embeddings(iter_frames(embedder, file.path, chunk_seconds))
        elif isinstance(sound, AudioError):
            yield file, Embeddings(raising(sound))
        else:
            group = groups[len(sound)]
            group.append((file, sound))
            waiting += len(sound)
            if len(group) * len(sound) >= limit:
                waiting -= len(group) * len(sound)
                yield from _embed_group(embedder, groups.pop(len(sound)))
            elif waiting >= _WAITING_CHUNKS * limit:
                for length in list(groups):
                    yield from _embed_group(embedder, groups.pop(length))
                waiting = 0
    for group in groups.values():
        yield from _embed_group(embedder, group)


def _embed_group(embedder, group):
    files, sounds = zip(*group, strict=True)
    output = embedder.embed(np.stack(sounds))
    frames, count = output["frames"], output["frames"].shape[1]
    if output["scene"].dtype != tf.float32:
        # Of half precision: pooling the frames in double precision loses less.
        for number, file in enumerate(files):
            yield file, Embeddings(_part(embedder, frames, number))
        return
    for number, (file, scene) in enumerate(zip(files, output["scene"].numpy(), strict=True)):
        yield file, Embeddings(_part(embedder, frames, number), scene, count)


def _part(embedder, frames, number):
    """The only part of a short file, converted when it is wanted."""
    yield embedder.timestamps_ms(frames.shape[1]), np.asarray(frames[number], np.float32)


def raising(error: Exception) -> Iterator:
    """Parts that raise the error when they are taken."""
    raise error
    yield


class CountedBlocks:
    """Blocks of samples, and how many samples were taken.

    Args:
        blocks: float32 [samples] each.

    Attributes:
        samples: the number of all samples so far.
    """

    def __init__(self, blocks: Iterable[np.ndarray]):
        self._blocks, self.samples = blocks, 0

    def __iter__(self) -> Iterator[np.ndarray]:
        for block in self._blocks:
            self.samples += len(block)
            yield block


def read_sounds(
    files: Iterable[SoundFile], sample_rate: int, limit: int, workers: int | None
) -> Iterator[tuple[SoundFile, CountedBlocks | AudioError]]:
    """The sound of files in blocks; short files are read before they are asked for.

    Args:
        files: the files.
        sample_rate: rate of the samples in Hz.
        limit: number of samples up to which a file is read as a whole.
        workers: number of threads that decode; None starts one for each processor core.

    Yields:
        Each file in order, and its blocks, which may raise an `AudioError`; or the error, not raised.
    """
    for file, sound in read_ahead(files, sample_rate, limit, workers or available_cores()):
        if isinstance(sound, AudioError):
            yield file, sound
        else:
            yield file, CountedBlocks([sound] if sound is not None else sound_blocks(file.path, sample_rate))


def embed_in_parts(
    sounds: Iterable[tuple[SoundFile, CountedBlocks | AudioError]], sample_rate: int, parts: Callable
) -> Iterator[tuple[SoundFile, Embeddings]]:
    """Embeds files by what makes parts of the blocks of one; for models that tell no length of a frame.

    Args:
        sounds: what `read_sounds` yields.
        sample_rate: rate of the samples in Hz.
        parts: function from the blocks of a file to the parts of its `Embeddings`.

    Yields:
        Each file in order with its `Embeddings`, which raise the `AudioError` of one that cannot be read.
    """
    for file, sound in sounds:
        if isinstance(sound, AudioError):
            yield file, Embeddings(raising(sound))
        else:
            yield file, Embeddings(parts(sound), seconds=lambda sound=sound: sound.samples / sample_rate)


def read_ahead(
    files: Iterable[SoundFile], sample_rate: int, limit: int, workers: int
) -> Iterator[tuple[SoundFile, np.ndarray | AudioError | None]]:
    """Reads files; some are read before they are asked for.

    Args:
        files: the files.
        sample_rate: rate of the samples in Hz.
        limit: number of samples up to which a file is read.
        workers: number of threads that decode.

    Yields:
        Each file in order, and its samples float32 [samples]; None if they are more than `limit`; or the
        `AudioError`, not raised.
    """

    def read(file):
        return file, _read_short(file.path, sample_rate, limit)

    with ThreadPoolExecutor(workers) as pool:
        yield from _map_ahead(pool, read, files, 2 * workers)


def _map_ahead(pool, function: Callable, items, ahead):
    items, running = iter(items), collections.deque()
    while True:
        running.extend(pool.submit(function, item) for item in itertools.islice(items, ahead - len(running)))
        if not running:
            return
        yield running.popleft().result()


def _read_short(path, sample_rate, limit):
    """Returns a file's samples, None if they are more than `limit`, or the `AudioError`, not raised."""
    blocks, samples = [], 0
    try:
        for block in sound_blocks(path, sample_rate):
            blocks.append(block)
            samples += len(block)
            if samples > limit:
                return None
    except AudioError as error:
        return error
    return np.concatenate(blocks)
