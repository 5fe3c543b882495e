"""Sound of any kind to a prepared corpus, by Apache Beam, on one machine or many.

Beam hands out the numbers of shards; each worker decodes the sources of its shards and writes them. The
builders of TensorFlow Datasets send all sound through Beam's shuffle instead, which a local runner holds in
memory (measured: 4.2 bytes for each byte of the corpus), and start anew after a kill.
"""

import contextlib
import fcntl
import os
import re
import shutil
import time
from collections.abc import Iterator, Sequence

import numpy as np
import tensorflow as tf
from absl import logging

from byola_keras.audio.corpus import (
    INDEX_FILE,
    INDEX_TYPE,
    REPORT_FILE,
    SAMPLE_RATE,
    SPLIT,
    VERSION,
    corpus_folder,
    shard_name,
)
from byola_keras.audio.corpus_shard import (
    PARTIAL_PREFIX,
    PLAN_FILE,
    ShardResult,
    features,
    finished_result,
    part_file,
    read_json,
    result_file,
    write_json,
)
from byola_keras.audio.prepare_pipeline import run_pipeline
from byola_keras.audio.published_sets import PublishedSet
from byola_keras.audio.sources import FileSources, TfdsSources

MISSING_FILE = "missing.txt"
_BYTES_PER_SECOND = 2 * SAMPLE_RATE
# Large enough that a training process can keep the shards of 2 million clips open, small enough that little
# is done again after a kill.
_SHARD_BYTES = 2**30
_FEWEST_SHARDS = 64


class _Folders:
    """Where things lie; while a corpus is prepared, under a hidden name."""

    def __init__(self, output_dir, name):
        self.output = output_dir
        self.hidden = os.path.join(output_dir, f".preparing-{name}")
        self.shards = os.path.join(self.hidden, "shards")
        self.work = os.path.join(self.hidden, "work")
        self.corpus = corpus_folder(output_dir, name)


def prepare(
    sources: FileSources | TfdsSources,
    output_dir: str,
    name: str = "corpus",
    *,
    clip_seconds: float = 10.0,
    shards: int | None = None,
    workers: int | None = None,
    beam_arguments: Sequence[str] = (),
    published: PublishedSet | None = None,
) -> dict:
    """Prepares a corpus, or goes on where an earlier call was interrupted.

    Args:
        sources: where the sound comes from.
        output_dir: gets `<name>/1.0.0/` with shards, index and `report.json`, and a copy of the report.
        name: of the corpus: a small letter, then small letters, digits and underscores.
        clip_seconds: longer recordings are cut into clips of this length; a rest of less than a second stays
            with the clip before it.
        shards: number of files; None for one a GiB, and 64 at the least.
        workers: processes of the local runner; None for one a processor core.
        beam_arguments: Beam's own, such as "--runner=FlinkRunner"; empty for the local runner.
        published: the set that the sources were taken from; the report counts what is missing.

    Returns:
        The report: clips, hours, what was skipped and why.

    Raises:
        ValueError: a bad value, another corpus of this name, another process at work on it, or no
            recording that can be decoded.
        RuntimeError: Beam could not finish. What was written stays, and the same call goes on.
        ImportError: Apache Beam is not installed.
    """
    _check(name, clip_seconds, shards)
    if not len(sources):
        raise ValueError(
            "There must be at least one recording. Received: none; do the names of the files fit the list?"
        )
    folders = _Folders(output_dir, name)
    request = {"name": name, "clip_seconds": clip_seconds, "sources_sha256": sources.sha256}
    report_path = os.path.join(folders.corpus, REPORT_FILE)
    if tf.io.gfile.exists(report_path):
        report = read_json(report_path)
        _check_same(request, report, folders.corpus)
        logging.info("Already prepared: %s.", folders.corpus)
    else:
        start = time.time()
        with _locked(folders.hidden):
            plan = _plan(sources, shards, request, folders)
            _write_shards(plan, folders, workers, beam_arguments)
            report = _finish(plan, folders, published, time.time() - start)
    _remove(folders.hidden)
    return report


def _check(name, clip_seconds, shards):
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise ValueError(
            "`name` must be a small letter and then small letters, digits and underscores. Received: "
            f"name={name!r}"
        )
    if not 1 <= clip_seconds <= 3600:  # noqa: PLR2004
        raise ValueError(
            f"`clip_seconds` must be from 1 second to an hour. Received: clip_seconds={clip_seconds}"
        )
    if shards is not None and not 1 <= shards <= 99_999:  # noqa: PLR2004
        raise ValueError(f"`shards` must be from 1 to 99999. Received: shards={shards}")


def _check_same(request, existing, folder):
    names = [key for key in request if request[key] != existing[key]]
    if names:
        received = ", ".join(f"{key}={request[key]!r}" for key in names)
        expected = ", ".join(f"{key}={existing[key]!r}" for key in names)
        raise ValueError(
            f"A corpus must be prepared from one set of sources. Received: {received}; {folder} is of "
            f"{expected}. Take another --name or --output_dir, or delete that folder."
        )


@contextlib.contextmanager
def _locked(folder) -> Iterator[None]:
    tf.io.gfile.makedirs(folder)
    if "://" in folder:  # An object store knows no locks.
        yield
        return
    with open(os.path.join(folder, ".lock"), "w", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ValueError(
                f"A corpus is prepared by one process at a time. Received: {folder}, on which another is at "
                "work; wait for it or end it."
            ) from None
        yield


def _plan(sources, shards, request, folders):
    """The plan of an interrupted preparation, or a new one."""
    path = os.path.join(folders.work, PLAN_FILE)
    if tf.io.gfile.exists(path):
        plan = read_json(path)
        _check_same(request, plan, folders.hidden)
        return plan
    tf.io.gfile.makedirs(folders.shards)
    tf.io.gfile.makedirs(folders.work)
    estimated_bytes = round(sources.estimated_seconds() * _BYTES_PER_SECOND)
    shards = shards or max(_FEWEST_SHARDS, -(-estimated_bytes // _SHARD_BYTES))
    shards = min(shards, len(sources))
    for shard, part in enumerate(sources.parts(shards)):
        write_json(os.path.join(folders.work, part_file(shard)), part)
    plan = {**request, "shards": shards, "sources": len(sources), "estimated_bytes": estimated_bytes}
    # Last, so that a plan is whole or not there.
    write_json(path, plan)
    return plan


def _write_shards(plan, folders, workers, beam_arguments):
    for leftover in _partials(folders.shards) + _partials(folders.work):
        tf.io.gfile.remove(leftover)
    pending = [shard for shard in range(plan["shards"]) if not _result(plan, folders, shard)]
    logging.info(
        "%d source(s), about %.1f hours, %d shard(s) of which %d are done.",
        plan["sources"],
        plan["estimated_bytes"] / _BYTES_PER_SECOND / 3600,
        plan["shards"],
        plan["shards"] - len(pending),
    )
    if pending:
        run_pipeline(
            pending, folders.shards, folders.work, plan["estimated_bytes"], workers, list(beam_arguments)
        )


def _partials(folder):
    names = tf.io.gfile.listdir(folder)
    return [os.path.join(folder, name) for name in names if name.startswith(PARTIAL_PREFIX)]


def _result(plan, folders, shard) -> ShardResult | None:
    path = os.path.join(folders.shards, shard_name(plan["name"], shard, plan["shards"]))
    return finished_result(path, os.path.join(folders.work, result_file(shard)))


def _finish(plan, folders, published, seconds):
    """Writes index, metadata and report, and gives the corpus its name."""
    results = [_result(plan, folders, shard) for shard in range(plan["shards"])]
    unfinished = [shard for shard, result in enumerate(results) if result is None]
    if unfinished:
        raise RuntimeError(
            f"All shards must be written. Received: shards {unfinished[:5]} are not in {folders.shards}; do "
            "the workers write to this file system? The same command goes on."
        )
    report = _report(plan, folders, results, published, seconds)
    if not report["clips"]:
        first = "; ".join(f"{path}: {reason}" for path, reason in list(report["skipped"].items())[:5])
        raise ValueError(
            f"At least one recording must be decodable. Received: {plan['sources']} source(s), all skipped; "
            f"the first: {first}"
        )
    _write_index(results, os.path.join(folders.shards, INDEX_FILE))
    _write_metadata(results, folders.shards)
    if published:
        with tf.io.gfile.GFile(os.path.join(folders.shards, MISSING_FILE), "w") as file:
            file.write("".join(f"{clip}\n" for clip in published.missing))
    write_json(os.path.join(folders.shards, REPORT_FILE), report)
    tf.io.gfile.makedirs(os.path.dirname(folders.corpus))
    tf.io.gfile.rename(folders.shards, folders.corpus)
    write_json(os.path.join(folders.output, REPORT_FILE), report)
    return report


def _report(plan, folders, results, published, seconds):
    samples = sum(sum(result.samples) for result in results)
    report = {
        "name": plan["name"],
        "folder": os.path.abspath(folders.corpus) if "://" not in folders.corpus else folders.corpus,
        "sources": plan["sources"],
        "sources_sha256": plan["sources_sha256"],
        "clips": sum(len(result.samples) for result in results),
        "hours": samples / SAMPLE_RATE / 3600,
        "clip_seconds": plan["clip_seconds"],
        "sample_rate": SAMPLE_RATE,
        "turned_down_clips": sum(result.turned_down for result in results),
        "silent_clips": sum(result.silent for result in results),
        "skipped": {path: reason for result in results for path, reason in sorted(result.skipped.items())},
        "partly_kept": {path: why for result in results for path, why in sorted(result.partly_kept.items())},
        "bytes": sum(result.bytes for result in results),
        "shard_bytes": [result.bytes for result in results],
        "seconds": round(seconds, 1),
    }
    if published:
        report["published_set"] = {
            "name": published.name,
            "listed": published.listed,
            "found": len(published.files),
            "missing": len(published.missing),
            "paper_clips": published.paper_clips,
        }
    return report


def _write_index(results, path):
    index = np.zeros(sum(len(result.samples) for result in results), INDEX_TYPE)
    begin = 0
    for shard, result in enumerate(results):
        rows = index[begin : begin + len(result.samples)]
        rows["shard"], rows["samples"], rows["offset"] = shard, result.samples, result.offsets
        begin += len(rows)
    with tf.io.gfile.GFile(path, "wb") as file:
        np.save(file, index)


def _write_metadata(results, folder):
    """What `tfds.load` needs."""
    import tensorflow_datasets as tfds  # noqa: PLC0415

    split = tfds.core.SplitInfo(
        name=SPLIT,
        shard_lengths=[len(result.samples) for result in results],
        num_bytes=sum(result.bytes for result in results),
        filename_template=None,
    )
    tfds.folder_dataset.write_metadata(
        data_dir=folder,
        features=features(),
        split_infos=[split],
        version=VERSION,
        description="Sound for pre-training, prepared by byola_keras: mono, 16 bits, 16 kHz.",
        metadata=tfds.core.MetadataDict(sample_rate=SAMPLE_RATE),
        check_data=False,
    )


def _remove(folder):
    if "://" in folder:
        if tf.io.gfile.exists(folder):
            tf.io.gfile.rmtree(folder)
    else:
        shutil.rmtree(folder, ignore_errors=True)
