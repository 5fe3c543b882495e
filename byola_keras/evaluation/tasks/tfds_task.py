"""A task from a data set of TensorFlow Datasets: `tfds:NAME[:LABEL]`."""

import csv
import dataclasses
import io
import os

import numpy as np
import soundfile
from absl import logging

from byola_keras.atomic import replacing, write_text
from byola_keras.audio.pcm import FULL_SCALE
from byola_keras.corpus.sources import tfds_builder, tfds_sample_rate
from byola_keras.evaluation.task import Task
from byola_keras.evaluation.tasks import csv_task
from byola_keras.folder_lock import locked

PREFIX = "tfds:"
_SPLITS = {
    "train": "train",
    **dict.fromkeys(("validation", "valid", "val", "dev"), "valid"),
    **dict.fromkeys(("test", "eval"), "test"),
}
_CSV_FILE = "clips.csv"


def read(name: str, column: str | None, data_dir: str, cache_dir: str) -> Task:
    """The task of a data set that was prepared on this machine.

    Its sound is written once to `cache_dir`, as WAV files with a CSV of all labels; from then on it is a task
    of files. The splits "train", "validation" (or valid, val, dev) and "test" (or eval) are taken, others are
    left out.

    Args:
        name: name of the data set, with configuration and version if wanted, or its folder.
        column: feature of the label: a class, a sequence of classes or a text; None takes "label", or else
            "labels".
        data_dir: folder where it was prepared; if it is not there, TensorFlow Datasets' own folder is tried.
        cache_dir: folder that the sound is written to.

    Raises:
        ValueError: there is no such data set, it has no sound or label, or it cannot be evaluated, see
            `csv_task`.
    """
    builder = _prepared_builder(name, data_dir)
    folder = os.path.join(cache_dir, "tfds", *builder.info.full_name.split("/"))
    listed = os.path.join(folder, _CSV_FILE)
    with locked(folder, f"Another process writes the sound of {name}; waiting for it.", wait=True):
        if not os.path.exists(listed):
            _write(builder, folder, listed)
    task = csv_task.read(listed, column)
    source = builder.info.full_name.rpartition("/")[0]
    label, of_label = (f"_{column}", f": {column}") if column else ("", "")
    name = f"tfds_{builder.info.full_name.replace('/', '_')}{label}"
    return dataclasses.replace(task, name=name, title=f"{source}{of_label}")


def _prepared_builder(name, data_dir):
    builder = None
    for folder in (data_dir, None):
        try:
            builder = tfds_builder(name, folder)
        except ValueError:
            if folder is None:
                raise
            continue
        if builder.info.splits:
            return builder
    raise ValueError(
        f"`tfds` must name a data set that is prepared. Received: tfds={name!r}, which is known and not in "
        f"{builder.data_dir}; prepare it by: tfds build {name}"
    )


def _write(builder, folder, listed):
    """All sound as WAV files, then the CSV, which says that they are all there."""
    rate = tfds_sample_rate(builder, "audio") if "audio" in builder.info.features else None
    labels = _label_features(builder.info.features)
    if not rate or not labels:
        raise ValueError(
            "`tfds` must name a data set with a feature `audio` and labels (classes or texts). Received: "
            f"{builder.info.full_name!r} with {sorted(builder.info.features)}"
        )
    import tensorflow_datasets as tfds  # noqa: PLC0415 (seconds, and for these tasks only)

    text = io.StringIO()
    # One file after the other: the numbers are the same in each run.
    in_order = tfds.ReadConfig(interleave_cycle_length=1)
    rows = csv.DictWriter(text, ["file", "split", *labels], lineterminator="\n")
    rows.writeheader()
    for source in builder.info.splits:
        if source not in _SPLITS:
            logging.info("The split %s is left out.", source)
            continue
        logging.info("Writing the sound of %s, split %s.", builder.info.full_name, source)
        os.makedirs(os.path.join(folder, source), exist_ok=True)
        for number, example in enumerate(tfds.as_numpy(builder.as_dataset(source, read_config=in_order))):
            file = f"{source}/{number:07}.wav"
            _write_sound(os.path.join(folder, file), example["audio"], rate)
            words = {name: _in_words(example[name], feature) for name, feature in labels.items()}
            rows.writerow({"file": file, "split": _SPLITS[source], **words})
    write_text(listed, text.getvalue())


def _write_sound(path, samples, rate):
    if os.path.exists(path):
        return
    with replacing(path) as temporary:
        if np.issubdtype(samples.dtype, np.floating):
            soundfile.write(temporary, samples, rate, subtype="FLOAT")
        else:
            limited = np.clip(samples, -FULL_SCALE, FULL_SCALE - 1)
            soundfile.write(temporary, limited.astype(np.int16), rate)


def _label_features(features):
    """Features that are a class, a sequence of classes, or a text."""
    import tensorflow_datasets as tfds  # noqa: PLC0415

    classes = (tfds.features.ClassLabel, tfds.features.Text)
    return {
        name: feature
        for name, feature in features.items()
        if isinstance(getattr(feature, "feature", feature), classes)
    }


def _in_words(value, feature):
    """Labels as a CSV task has them: several with commas between them, so that none has a comma itself."""
    feature = getattr(feature, "feature", feature)
    words = feature.int2str if hasattr(feature, "int2str") else bytes.decode
    return ",".join(words(one).replace(",", ";") for one in np.atleast_1d(value))
