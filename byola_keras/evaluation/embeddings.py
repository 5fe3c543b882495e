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
from byola_keras.evaluation.representations import with_statistics
from byola_keras.evaluation.task import Task
from byola_keras.evaluation.windows import Windows
from byola_keras.folder_lock import locked
from byola_keras.models import norm_stats
from byola_keras.models.embedder import Embedder
from byola_keras.models.model_card import identity

# To be raised when the same model and files would give other embeddings than before.
_VERSION = 1
# Random training clips over which the log-mel statistics are measured, as many as the authors' code takes.
_STATISTICS_CLIPS = 5_000
# How often it is noted, and logged, how far the embeddings are.
_NOTE_SECONDS = 10

_FILE, _ABOUT = "embeddings.npy", "about.txt"
_PARTIAL, _PROGRESS = "partial.npy", "progress.json"


def embed_task(
    task: Task,
    embedder: Embedder,
    cache_dir: str,
    protocol: str = WINDOW,
    own_statistics: bool = True,
    seed: int = 0,
) -> np.ndarray:
    """Embeds each clip of a task, or takes what an earlier call has left in the cache.

    The folder in the cache is named by a hash of the weights, of the configuration of front end, statistics
    and encoder, of the protocol, and of the files with their splits, sizes and times: whatever changes the
    result has a folder of its own, and tasks that differ in the labels share one. A process that was
    interrupted goes on where it stood; a second one that wants the same waits for the first.

    Args:
        task: the task whose clips are embedded.
        embedder: a built embedder.
        cache_dir: folder of the cache, made if it is not there.
        protocol: "window" or "whole_clip", see `Windows`. "window" measures mean and deviation of the
            log-mel on windows of the training split (of the first fold), as the authors' evaluation code
            does; "whole_clip" takes the embedder as it is.
        own_statistics: whether the embedder has statistics of its own; if it has none, they are always
            measured.
        seed: seed of the places of the windows.

    Returns:
        float32 [clips, D], a file mapped into the memory, not to be written to.

    Raises:
        ValueError: a clip cannot be decoded, or there is no such protocol.
    """
    windows = Windows(task, protocol, embedder.frontend.sample_rate, seed)
    folder = os.path.join(cache_dir, _key(task, embedder, protocol, own_statistics, seed))
    file = os.path.join(folder, _FILE)
    busy = f"Another process embeds {task.title} with this model; waiting for it."
    with locked(folder, busy, wait=True):
        if not os.path.exists(file):
            partial = _Partial(folder)
            if protocol == WINDOW or not own_statistics:
                embedder = with_statistics(embedder, partial.statistics(task, embedder.frontend, seed))
            partial.fill(task, embedder, windows)
            partial.finish(f"{task.title}, {len(task.clips)} clips, protocol {protocol}\n")
    return np.load(file, mmap_mode="r")


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

    def statistics(self, task, frontend, seed):
        """Statistics of the log-mel on windows of the task's training clips."""
        if "mean" not in self._note:
            train = task.rounds()[0]["train"]
            chosen = np.random.default_rng((seed, 4)).permutation(train)[:_STATISTICS_CLIPS]
            batches = Windows(task, WINDOW, frontend.sample_rate, seed).batches(chosen)
            stats = norm_stats.measure(frontend, (waveforms for _, waveforms in batches), len(chosen))
            self._write_note(mean=stats.mean, std=stats.std, clips=stats.crops)
            words = "%s: log-mel mean %.4f, standard deviation %.4f over %d training clips."
            logging.info(words, task.title, *stats)
        # A note of an earlier version has no number of clips, which nothing depends on.
        return norm_stats.NormStats(self._note["mean"], self._note["std"], self._note.get("clips", 0))

    def fill(self, task, embedder, windows):
        """Embeds the clips that are not done."""
        count, start = len(task.clips), self._note["done"]
        shape = (count, embedder.embedding_size)
        mode = "r+" if start else "w+"
        array = np.lib.format.open_memmap(self._path(_PARTIAL), mode, np.float32, shape)
        began = noted = time.monotonic()
        for numbers, waveforms in windows.batches(range(start, count)):
            array[numbers] = embedder.embed(waveforms)["scene"]
            now, done = time.monotonic(), int(numbers[-1]) + 1
            if now - noted > _NOTE_SECONDS or done == count:
                # The embeddings first: the note never promises what is not there.
                array.flush()
                self._write_note(done=done)
                rate = (done - start) / (now - began)
                logging.info("%s: %d of %d clips embedded, %.1f a second.", task.title, done, count, rate)
                noted = now

    def finish(self, about):
        """Gives the file its name, and says beside it what it is."""
        write_text(self._path(_ABOUT), about)
        os.replace(self._path(_PARTIAL), self._path(_FILE))
        os.remove(self._path(_PROGRESS))


def _key(task, embedder, *arguments):
    """Hash of everything that the embeddings depend on."""
    digest = hashlib.sha256()
    # The old words, so that what was embedded when they were in use is still found.
    old_words = {present: old for old, present in OLD_PROTOCOLS.items()}
    arguments = [old_words.get(argument, argument) for argument in arguments]
    first = [_VERSION, identity(embedder), *arguments, task.unit_seconds, task.folds]
    digest.update(json.dumps(first).encode())
    for name, clip in zip(relative_names([clip.path for clip in task.clips]), task.clips, strict=True):
        found = os.stat(clip.path)
        # The fold decides which clips the statistics are measured on.
        line = (name, found.st_size, found.st_mtime_ns, clip.split, clip.fold)
        # Only then: what was embedded before clips could be pieces is still found.
        line += (clip.start, clip.end) if clip.is_segment else ()
        digest.update(os.fsencode(json.dumps(line)))
    return digest.hexdigest()[:16]
