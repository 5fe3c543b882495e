"""Embeddings of a task's clips, made once and kept on the disk."""

import hashlib
import json
import os
import time

import numpy as np
from absl import logging

from byola_keras.atomic import write_text
from byola_keras.audio.files import relative_names
from byola_keras.evaluation.choices import OLD_PROTOCOLS, WINDOW
from byola_keras.evaluation.representations.representation import Representation
from byola_keras.evaluation.task import Task
from byola_keras.evaluation.windows import Windows
from byola_keras.folder_lock import locked
from byola_keras.models.norm_stats import NormStats

# To be raised when the same model and files would give other embeddings than before.
_VERSION = 1
# Random training clips over which the log-mel statistics are measured, as many as the authors' code takes.
_STATISTICS_CLIPS = 5_000
# Clips at a time of embeddings that are not made here but read.
_STORED_CLIPS = 256
# How often it is noted, and logged, how far the embeddings are.
_NOTE_SECONDS = 10

_FILE, _ABOUT = "embeddings.npy", "about.txt"
_PARTIAL, _PROGRESS = "partial.npy", "progress.json"


def embed_task(
    task: Task, representation: Representation, cache_dir: str, protocol: str = WINDOW, seed: int = 0
) -> np.ndarray:
    """Embeds each clip of a task, or takes what an earlier call has left in the cache.

    The folder in the cache is named by a hash of the representation's identity, of the protocol, and of the
    files with their splits, sizes and times: whatever changes the result has a folder of its own, and tasks
    that differ in the labels share one. A process that was interrupted goes on where it stood; a second one
    that wants the same waits for the first.

    Args:
        task: the task whose clips are embedded, at the sample rate of the representation.
        representation: what embeds them.
        cache_dir: folder of the cache, made if it is not there.
        protocol: "window" or "whole_clip", see `Windows`. With "window", mean and deviation of the log-mel
            of our own representations are measured on windows of the training split (of the first fold), as
            the authors' evaluation code does; with "whole_clip" they are taken as they are. What has no
            statistics of its own always has those of the task. Models of others are always taken as they are.
        seed: seed of the places of the windows.

    Returns:
        float32 [clips, D], a file mapped into the memory, not to be written to.

    Raises:
        ValueError: a clip cannot be decoded, or there is no such protocol.
        RepresentationError: a model of somebody else failed.
    """
    windows = Windows(task, protocol, representation.sample_rate, seed)
    folder = os.path.join(cache_dir, _key(task, representation, protocol, seed))
    file = os.path.join(folder, _FILE)
    busy = f"Another process embeds {task.title} with this model; waiting for it."
    with locked(folder, busy, wait=True):
        if not os.path.exists(file):
            partial = _Partial(folder)
            if representation.needs_statistics(protocol):
                stats = partial.statistics(task, representation, seed)
                representation = representation.with_statistics(stats)
            partial.fill(task, representation, windows)
            partial.finish(f"{task.title}, {len(task.clips)} clips, protocol {protocol}\n")
    return np.load(file, mmap_mode="r")


def task_statistics(task: Task, representation: Representation, seed: int = 0) -> NormStats:
    """Measures the log-mel on windows of up to 5,000 training clips of a task (of its first fold).

    Args:
        task: the task.
        representation: one of our own, whose front end makes the log-mel.
        seed: seed of the clips and of the places of the windows.
    """
    train = task.rounds()[0]["train"]
    chosen = np.random.default_rng((seed, 4)).permutation(train)[:_STATISTICS_CLIPS]
    batches = Windows(task, WINDOW, representation.sample_rate, seed).batches(chosen)
    stats = representation.measure((waveforms for _, waveforms in batches), len(chosen))
    words = "%s: log-mel mean %.4f, standard deviation %.4f over %d training clips."
    logging.info(words, task.title, *stats)
    return stats


class _Partial:
    """The embeddings of a folder while they are made, with a note of how far they are."""

    def __init__(self, folder):
        self._folder = folder
        self._note = {"done": 0}
        if os.path.exists(self._path(_PROGRESS)):
            with open(self._path(_PROGRESS), encoding="utf-8") as file:
                self._note = json.load(file)

    def _path(self, name):
        return os.path.join(self._folder, name)

    def _write_note(self, **news):
        self._note |= news
        write_text(self._path(_PROGRESS), json.dumps(self._note) + "\n")

    def statistics(self, task, representation, seed):
        """Statistics of the log-mel on windows of the task's training clips."""
        if "mean" not in self._note:
            stats = task_statistics(task, representation, seed)
            self._write_note(mean=stats.mean, std=stats.std, clips=stats.crops)
        # A note of an earlier version has no number of clips, which nothing depends on.
        return NormStats(self._note["mean"], self._note["std"], self._note.get("clips", 0))

    def fill(self, task, representation, windows):
        """Embeds the clips that are not done."""
        count, start = len(task.clips), self._note["done"]
        array = np.lib.format.open_memmap(self._path(_PARTIAL), "r+") if start else None
        began = noted = time.monotonic()
        for numbers, embeddings in _embedded(task, representation, windows, range(start, count)):
            if array is None:
                # Of a model of somebody else the first embeddings tell the size.
                shape = (count, embeddings.shape[1])
                array = np.lib.format.open_memmap(self._path(_PARTIAL), "w+", np.float32, shape)
            if array.shape[1] != embeddings.shape[1]:
                sizes = f"{embeddings.shape[1]} features after {array.shape[1]}"
                raise representation.error(f"its size must not change. Received: {sizes}")
            array[numbers] = embeddings
            now, done = time.monotonic(), int(numbers[-1]) + 1
            if now - noted > _NOTE_SECONDS or done == count:
                # The embeddings first: the note never promises what is not there.
                array.flush()
                self._write_note(done=done)
                rate = (done - start) / (now - began)
                words = "%s: %d of %d clips embedded by %s, %.1f a second."
                logging.info(words, task.title, done, count, representation.name, rate)
                noted = now

    def finish(self, about):
        """Gives the file its name, and says beside it what it is."""
        write_text(self._path(_ABOUT), about)
        os.replace(self._path(_PARTIAL), self._path(_FILE))
        os.remove(self._path(_PROGRESS))


def _embedded(task, representation, windows, numbers):
    """Yields numbers of clips and their embeddings [clips, D]."""
    if representation.takes_sound:
        for chosen, waveforms in windows.batches(numbers):
            yield chosen, representation.embed(waveforms)
        return
    for first in range(numbers.start, numbers.stop, _STORED_CLIPS):
        chosen = np.arange(first, min(first + _STORED_CLIPS, numbers.stop))
        yield chosen, np.stack([representation.of_clip(task.clips[number]) for number in chosen])


def _key(task, representation, protocol, seed):
    """Hash of everything that the embeddings depend on."""
    digest = hashlib.sha256()
    # The old words, so that what was embedded when they were in use is still found.
    old_words = {present: old for old, present in OLD_PROTOCOLS.items()}
    how = [old_words.get(protocol, protocol), representation.own_statistics, seed]
    first = [_VERSION, representation.identity, *how, task.unit_seconds, task.folds]
    digest.update(json.dumps(first).encode())
    for name, clip in zip(relative_names([clip.path for clip in task.clips]), task.clips, strict=True):
        found = os.stat(clip.path)
        # The fold decides which clips the statistics are measured on.
        line = (name, found.st_size, found.st_mtime_ns, clip.split, clip.fold)
        # Only then: what was embedded before clips could be pieces is still found.
        line += (clip.start, clip.end) if clip.is_segment else ()
        digest.update(os.fsencode(json.dumps(line)))
    return digest.hexdigest()[:16]
