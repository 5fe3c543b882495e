"""Prepares a corpus from sound of any kind, by Apache Beam, on one machine or many.

Beam hands out the numbers of shards; each worker decodes the sources of its shards and writes them. The
builders of TensorFlow Datasets send all sound through Beam's shuffle instead, which a local runner holds in
memory (measured: 4.2 bytes for each byte of the corpus), and they start anew after a kill.
"""

import contextlib
import os
import re
import shutil
import time
from collections.abc import Iterator, Sequence

import tensorflow as tf
from absl import logging

from byola_keras.atomic import is_partial
from byola_keras.audio.sample_rate import SAMPLE_RATE
from byola_keras.corpus.corpus import REPORT_FILE, corpus_folder, shard_name
from byola_keras.corpus.finish import finish
from byola_keras.corpus.pipeline import run_pipeline
from byola_keras.corpus.published_sets import PublishedSet
from byola_keras.corpus.shard import (
    PLAN_FILE,
    ShardResult,
    finished_result,
    part_file,
    read_json,
    result_file,
    write_json,
)
from byola_keras.corpus.sources import FileSources, TfdsSources
from byola_keras.folder_lock import locked

_BYTES_PER_SECOND = 2 * SAMPLE_RATE
# Large enough that a training process can keep the shards of 2 million clips open, small enough that little
# is done again after a kill.
_SHARD_BYTES = 2**30
_FEWEST_SHARDS = 64


class _Folders:
    """The folders of a preparation; until it is done, the corpus lies under a hidden name."""

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
        sources: the recordings.
        output_dir: folder that gets `<name>/1.0.0/` with shards, index and `report.json`, and a copy of the
            report.
        name: name of the corpus: a small letter, then small letters, digits and underscores.
        clip_seconds: length of a clip in seconds, from 1 to 3,600. Longer recordings are cut into such
            clips; a rest of less than a second stays with the clip before it.
        shards: number of files, from 1 to 99,999; None for one a GiB, and 64 at the least.
        workers: number of processes of the local runner; None for one a processor core.
        beam_arguments: Beam's own flags, such as "--runner=FlinkRunner"; empty for the local runner.
        published: the published set that the sources were taken from; the report then counts what is
            missing.

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
        _check_same(request, sources, report, folders.corpus)
        logging.info("Already prepared: %s.", folders.corpus)
    else:
        with _file_errors(), _locked(folders.hidden):
            start = time.time()
            plan = _plan(sources, shards, request, folders)
            _write_shards(plan, folders, workers, beam_arguments)
            results = [_result(plan, folders, shard) for shard in range(plan["shards"])]
            if not any(result and result.samples for result in results):
                # The files may be replaced by better ones.
                _remove(folders.hidden)
            report = finish(plan, results, folders.shards, published, folders.corpus, time.time() - start)
            _publish(folders, report)
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


def _check_same(request, sources, existing, folder):
    if existing["sources_sha256"] == sources.former_sha256:
        request = {**request, "sources_sha256": sources.former_sha256}
    names = [key for key in request if request[key] != existing[key]]
    if names:
        received = ", ".join(f"{_said(key)}={request[key]!r}" for key in names)
        expected = ", ".join(f"{_said(key)}={existing[key]!r}" for key in names)
        raise ValueError(
            f"A corpus must be prepared from the same sources in the same way. Received: {received}; "
            f"{folder} is of {expected}. Take another --name or --output_dir, or delete that folder."
        )


def _said(key):
    return "hash of the sources' names and sizes" if key == "sources_sha256" else key


@contextlib.contextmanager
def _locked(folder) -> Iterator[None]:
    tf.io.gfile.makedirs(folder)
    if "://" in folder:  # An object store knows no locks.
        yield
        return
    busy = (
        f"A corpus is prepared by one process at a time. Received: {folder}, on which another is at work; "
        "wait for it or end it."
    )
    with locked(folder, busy):
        yield


@contextlib.contextmanager
def _file_errors():
    """Raises TensorFlow's errors on files as those of Python."""
    try:
        yield
    except tf.errors.OpError as error:
        raise OSError(error.message) from error


def _plan(sources, shards, request, folders):
    """Reads the plan of an interrupted preparation, or makes a new one."""
    path = os.path.join(folders.work, PLAN_FILE)
    if tf.io.gfile.exists(path):
        plan = read_json(path)
        _check_same(request, sources, plan, folders.hidden)
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
    for leftover in _leftovers(folders.shards) + _leftovers(folders.work):
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


def _leftovers(folder):
    """Temporary files that killed workers have left, also those of versions that named them without a dot."""
    names = tf.io.gfile.listdir(folder)
    return [os.path.join(folder, name) for name in names if is_partial(name) or name.startswith("partial-")]


def _result(plan, folders, shard) -> ShardResult | None:
    path = os.path.join(folders.shards, shard_name(plan["name"], shard, plan["shards"]))
    return finished_result(path, os.path.join(folders.work, result_file(shard)))


def _publish(folders, report):
    """Gives a finished corpus its final name."""
    tf.io.gfile.makedirs(os.path.dirname(folders.corpus))
    tf.io.gfile.rename(folders.shards, folders.corpus)
    write_json(os.path.join(folders.output, REPORT_FILE), report)


def _remove(folder):
    if "://" in folder:
        if tf.io.gfile.exists(folder):
            tf.io.gfile.rmtree(folder)
    else:
        shutil.rmtree(folder, ignore_errors=True)
