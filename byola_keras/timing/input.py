"""Measures how fast random crops are read: from sound files, by format, and from a prepared corpus."""

import os
import statistics
import time
from collections.abc import Sequence

import tensorflow as tf

from byola_keras.audio.crops import CropStream, crop_dataset
from byola_keras.audio.files import find_audio_files
from byola_keras.corpus.corpus import Corpus
from byola_keras.corpus.crops import CorpusStream
from byola_keras.timing.turns import median_ratio

_CROP_LENGTH = 15_200
_SECONDS = 2.0
_SEVERAL_CROPS = 4


def time_input(
    audio_dirs: Sequence[str],
    data_dir: str | None,
    corpus: str | None,
    batch_size: int,
    rounds: int,
    workers: int | None = None,
) -> dict:
    """Times the streams that training reads, in turns, each for two seconds in every round.

    Args:
        audio_dirs: folders, patterns or files, which are timed all together and each format by itself.
        data_dir: folder of prepared corpora; None times files alone.
        corpus: name of the corpus; None takes the only one in `data_dir`.
        batch_size: number of crops in a batch.
        rounds: how often each stream is timed, after a round that is not counted: it fills the page cache.
        workers: number of parallel readers; None leaves it to tf.data.

    Returns:
        JSON values by name: medians of the crops of 0.95 s that are read in a second and in a CPU second, and
        how many times as fast as each kind of files the corpus is.
    """
    streams = _streams(audio_dirs, data_dir, corpus)
    timings = {name: [] for name in streams}
    for number in range(rounds + 1):
        for name, stream in streams.items():
            # Another place of the stream each time, so that no round reads what another has read.
            timing = _rates(stream, batch_size, workers, start_step=number * 10_000)
            if number:
                timings[name].append(timing)
    figures = {"batch_size": batch_size, "rounds": rounds}
    for name, pairs in timings.items():
        wall, cpu = zip(*pairs, strict=True)
        figures[f"{name}_crops_per_second"] = statistics.median(wall)
        figures[f"{name}_crops_per_cpu_second"] = statistics.median(cpu)
    return figures | _ratios(timings)


def _streams(audio_dirs, data_dir, corpus):
    streams = {}
    if audio_dirs:
        files = find_audio_files(audio_dirs)
        by_format = {}
        for path in files:
            by_format.setdefault(os.path.splitext(path)[1].lower().lstrip("."), []).append(path)
        streams["files"] = CropStream(files, _CROP_LENGTH, seed=0)
        streams |= {
            f"files_{name}": CropStream(by_format[name], _CROP_LENGTH, 0) for name in sorted(by_format)
        }
    if data_dir:
        opened = Corpus(data_dir, corpus)
        streams["corpus"] = CorpusStream(opened, _CROP_LENGTH, seed=0)
        streams[f"corpus_{_SEVERAL_CROPS}_crops_per_clip"] = CorpusStream(
            opened, _CROP_LENGTH, 0, _SEVERAL_CROPS
        )
    return streams


def _rates(stream, batch_size, workers, start_step):
    """Returns the crops that are read in a second and in a CPU second."""
    batches = iter(crop_dataset(stream, batch_size, start_step, workers or tf.data.AUTOTUNE))
    next(batches)
    wall, cpu, count = time.perf_counter(), time.process_time(), 0
    while time.perf_counter() - wall < _SECONDS:
        count += len(next(batches))
    return count / (time.perf_counter() - wall), count / (time.process_time() - cpu)


def _ratios(timings):
    """Returns how many times as fast as files the corpus is, by CPU seconds."""
    if "corpus" not in timings:
        return {}
    by_cpu = {name: [cpu for _, cpu in pairs] for name, pairs in timings.items()}
    names = [name for name in timings if name.startswith("files")]
    return {f"corpus_over_{name}": median_ratio(by_cpu["corpus"], by_cpu[name]) for name in names}
