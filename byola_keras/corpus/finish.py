"""The end of a preparation: writes what a corpus has besides its shards."""

import os

import numpy as np
import tensorflow as tf

from byola_keras.audio.sample_rate import SAMPLE_RATE
from byola_keras.corpus.corpus import INDEX_FILE, INDEX_TYPE, REPORT_FILE, SPLIT, VERSION
from byola_keras.corpus.published_sets import PublishedSet
from byola_keras.corpus.shard import ShardResult, features, write_json

MISSING_FILE = "missing.txt"


def finish(
    plan: dict,
    results: list[ShardResult | None],
    folder: str,
    published: PublishedSet | None,
    final_folder: str,
    seconds: float,
) -> dict:
    """Writes what belongs to a corpus besides its shards: index, metadata for `tfds.load`, report.

    Args:
        plan: plan of the preparation.
        results: results of all shards; None for a shard that is not whole.
        folder: folder of the shards.
        published: the published set that the sources were taken from; None for other sources.
        final_folder: folder that the corpus will have.
        seconds: time that the preparation has taken.

    Returns:
        The report.

    Raises:
        RuntimeError: a shard is not there.
        ValueError: there is no clip.
    """
    unfinished = [shard for shard, result in enumerate(results) if result is None]
    if unfinished:
        raise RuntimeError(
            f"All shards must be written. Received: shards {unfinished[:5]} are not in {folder}; do "
            "the workers write to this file system? The same command goes on."
        )
    report = _report(plan, results, published, final_folder, seconds)
    if not report["clips"]:
        first = "; ".join(f"{path}: {reason}" for path, reason in list(report["skipped"].items())[:5])
        raise ValueError(
            f"At least one recording must be decodable. Received: {plan['sources']} source(s), all skipped; "
            f"the first: {first}"
        )
    _write_index(results, os.path.join(folder, INDEX_FILE))
    _write_metadata(results, folder)
    if published:
        with tf.io.gfile.GFile(os.path.join(folder, MISSING_FILE), "w") as file:
            file.write("".join(f"{clip}\n" for clip in published.missing))
    write_json(os.path.join(folder, REPORT_FILE), report)
    return report


def _report(plan, results, published, final_folder, seconds):
    samples = sum(sum(result.samples) for result in results)
    report = {
        "name": plan["name"],
        "folder": final_folder if "://" in final_folder else os.path.abspath(final_folder),
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
    """Writes the files that `tfds.load` needs."""
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
