"""Many sound files through an embedder: decoding beside it, short files of equal length together."""

import collections
import itertools
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import tensorflow as tf

from byola_keras.audio.decode import AudioError
from byola_keras.embedding.embed_file import CHUNK_SECONDS, iter_frames, sound_blocks
from byola_keras.embedding.sound_files import SoundFile
from byola_keras.models.embedder import Embedder
from byola_keras.processes import available_cores

# Timestamps and frames, chunk by chunk, as from `iter_frames`.
Parts = Iterable[tuple[np.ndarray, np.ndarray]]

# Short files wait for others of their length until so many times a chunk has gathered.
_WAITING_CHUNKS = 8


def embed_many(
    embedder: Embedder,
    files: Iterable[SoundFile],
    chunk_seconds: float = CHUNK_SECONDS,
    workers: int | None = None,
) -> Iterator[tuple[SoundFile, Parts]]:
    """Embeds files, in bounded memory whatever their number and length.

    Args:
        embedder: see `byola_keras.load`.
        files: what is embedded.
        chunk_seconds: sound that is embedded at a time; files that together are as long share a batch.
        workers: threads that decode; None for one a processor core.

    Yields:
        A file and its parts, to be taken before the next; files of equal length may come before others. A
        file that cannot be decoded raises its `AudioError` when its parts are taken.
    """
    limit = round(chunk_seconds * embedder.sample_rate)
    groups, waiting = collections.defaultdict(list), 0
    for file, sound in _read_ahead(files, embedder.sample_rate, limit, workers or available_cores()):
        if sound is None:
            yield file, iter_frames(embedder, file.path, chunk_seconds)
        elif isinstance(sound, AudioError):
            yield file, _raising(sound)
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
    frames = embedder.part_graph(np.stack(sounds), 0, tf.int32.max)["frames"]
    timestamps = embedder.timestamps_ms(frames.shape[1])
    for file, of_file in zip(files, np.asarray(frames, np.float32), strict=True):
        yield file, [(timestamps, of_file)]


def _raising(error):
    raise error
    yield


def _read_ahead(files, sample_rate, limit, workers):
    """Each file and what `_read_short` gives, in order, some of them read before they are asked for."""

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
    """The samples of a file; None where they are more than `limit`; an error that is not raised here."""
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
