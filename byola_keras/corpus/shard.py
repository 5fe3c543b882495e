"""Writes one shard of a corpus, which is one unit of work of a preparation.

A shard is written under a temporary name and renamed, and then its result is. A worker that dies so leaves
nothing that could be taken for a whole shard, and what was done is not done again. Sound does not travel
between workers.
"""

import dataclasses
import functools
import json
import os

import numpy as np
import tensorflow as tf

from byola_keras.atomic import replacing, write_text
from byola_keras.audio.decode import AudioError
from byola_keras.audio.pcm import to_int16
from byola_keras.audio.sample_rate import SAMPLE_RATE
from byola_keras.corpus.clip_names import RECORD_FOOTER, RECORD_HEADER
from byola_keras.corpus.clips import cut_clips
from byola_keras.corpus.corpus import shard_name
from byola_keras.corpus.sources import read_part

PLAN_FILE = "plan.json"
# Number of samples; a rest of a recording that is shorter stays with the clip before it.
_SHORTEST_CLIP = SAMPLE_RATE


@dataclasses.dataclass
class ShardResult:
    """What became of the sources of a shard.

    Attributes:
        bytes: size of the file.
        offsets: byte of the file at which the samples of each clip begin.
        samples: number of samples of each clip.
        skipped: path -> reason, for the recordings of which nothing was kept.
        partly_kept: path -> reason, for the recordings of which only a part was kept.
        turned_down: number of clips that exceeded full scale.
        silent: number of clips in which all samples are zero.
    """

    bytes: int = 0
    offsets: list[int] = dataclasses.field(default_factory=list)
    samples: list[int] = dataclasses.field(default_factory=list)
    skipped: dict[str, str] = dataclasses.field(default_factory=dict)
    partly_kept: dict[str, str] = dataclasses.field(default_factory=dict)
    turned_down: int = 0
    silent: int = 0


@functools.cache
def features():
    """The features of an example, as TensorFlow Datasets describes them."""
    import tensorflow_datasets as tfds  # noqa: PLC0415

    return tfds.features.FeaturesDict(
        {
            "audio": tfds.features.Tensor(shape=(None,), dtype=np.int16, encoding="bytes"),
            "source": tfds.features.Text(),
            "start": tfds.features.Scalar(np.int64),
        }
    )


def part_file(shard: int) -> str:
    """Gives the name of the file that lists the sources of a shard."""
    return f"sources-{shard:05d}.json"


def result_file(shard: int) -> str:
    """Gives the name of the file with the result of a shard."""
    return f"result-{shard:05d}.json"


def write_shard(shard: int, folder: str, work_folder: str) -> None:
    """Writes a shard and its result, unless both are there.

    Args:
        shard: number of the shard.
        folder: folder that shards are written to, or an address that `tf.io.gfile` writes to.
        work_folder: folder of the plan, which also gets the results.
    """
    plan = read_json(os.path.join(work_folder, PLAN_FILE))
    path = os.path.join(folder, shard_name(plan["name"], shard, plan["shards"]))
    if finished_result(path, os.path.join(work_folder, result_file(shard))):
        return
    part = read_json(os.path.join(work_folder, part_file(shard)))
    result = ShardResult()
    with replacing(path) as temporary, tf.io.TFRecordWriter(temporary) as writer:
        for recording in read_part(part, SAMPLE_RATE):
            _write_recording(recording, writer, round(plan["clip_seconds"] * SAMPLE_RATE), result)
    write_json(os.path.join(work_folder, result_file(shard)), dataclasses.asdict(result))


def finished_result(path: str, result_path: str) -> ShardResult | None:
    """Reads the result of a shard; None unless the shard is there with the size that the result says."""
    if not (tf.io.gfile.exists(path) and tf.io.gfile.exists(result_path)):
        return None
    result = ShardResult(**read_json(result_path))
    return result if tf.io.gfile.stat(path).length == result.bytes else None


def _write_recording(recording, writer, clip_length, result):
    kept, start, reason = 0, 0, None
    try:
        for clip in cut_clips(recording.blocks, clip_length, _SHORTEST_CLIP):
            if np.isfinite(clip).all():
                _write_clip(clip, recording.key, start, writer, result)
                kept += 1
            else:
                reason = "it holds values that are not finite"
            start += len(clip)
        if not start:
            reason = "it holds no samples"
    except AudioError as error:
        reason = str(error)
    if reason:
        (result.partly_kept if kept else result.skipped)[recording.path] = reason


def _write_clip(clip, key, start, writer, result):
    samples = to_int16(clip)
    example = features().serialize_example({"audio": samples, "source": key, "start": start})
    # Its features are a map, which Protocol Buffers otherwise write in another order in each process: a
    # preparation that was interrupted must end with the same bytes.
    record = tf.train.Example.FromString(example).SerializeToString(deterministic=True)
    # Wherever these bytes stand in the record, reading there gives the samples.
    offset = record.index(samples.tobytes())
    result.offsets.append(result.bytes + RECORD_HEADER + offset)
    result.samples.append(len(samples))
    result.bytes += RECORD_HEADER + len(record) + RECORD_FOOTER
    result.turned_down += bool(np.abs(clip).max() > 1)
    result.silent += not samples.any()
    writer.write(record)


def read_json(path: str):
    """Reads a JSON file, local or remote."""
    with tf.io.gfile.GFile(path, "r") as file:
        return json.load(file)


def write_json(path: str, value) -> None:
    """Writes a JSON file in one piece, local or remote."""
    write_text(path, json.dumps(value, indent=1))
