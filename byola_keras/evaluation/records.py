"""The file of results, `results.jsonl`: a line a result, only ever added to."""

import fcntl
import json
import math
import os
from typing import Any, NamedTuple

import numpy as np

from byola_keras.evaluation.choices import LINEAR, WINDOW, present_learning_rate, present_protocol
from byola_keras.evaluation.names import task_title

RESULTS_FILE = "results.jsonl"
# What tables are made of; a record may have more: scores, learning_rate, learning_rate_choice, seconds ...
FIELDS = ("task", "title", "model", "metric", "mean", "ci95", "protocol", "comparable")
# What a record may have beside the metric of its task, and what it is called.
OTHER_MEASURES = {"auc": "AUC", "balanced_accuracy": "balanced accuracy", "retrieval_map": "retrieval mAP"}


class Setting(NamedTuple):
    """How a representation was evaluated: results of one setting stand in one row of the tables.

    Attributes:
        protocol: one of `choices.PROTOCOLS`.
        learning_rate_choice: of a linear probe; None for other probes.
        probe: one of `choices.PROBES`.
        shots: clips of each class from which a few-shot probe has learned; None for other probes.
        layer: name of the layer that was probed, or of several that were joined ("local+global"); None for
            the embedding.
        windows: how many windows of each clip were drawn, each time with probes of their own.
    """

    protocol: str
    learning_rate_choice: str | None = None
    probe: str = LINEAR
    shots: int | None = None
    layer: str | None = None
    windows: int = 1

    @classmethod
    def of(cls, record: dict[str, Any]) -> "Setting":
        """The setting of a record; records of earlier versions have the defaults for what they lack."""
        return cls(**{field: record[field] for field in cls._fields if field in record})

    @property
    def as_published(self) -> bool:
        """Whether published rows were measured so: protocol "window", a linear probe on the embedding."""
        return (self.protocol, self.probe, self.layer) == (WINDOW, LINEAR, None)

    def words(self) -> list[str]:
        """What labels and names of files say: protocol, learning rate, and of the rest what is unusual."""
        rate = [] if self.learning_rate_choice is None else [str(self.learning_rate_choice)]
        return [self.protocol, *rate, *self.unusual_words()]

    def unusual_words(self) -> list[str]:
        """What is not as usual: another probe than the linear one, a layer, several windows."""
        words = []
        if self.shots is not None:
            words.append(f"{self.probe} {self.shots}")
        elif self.probe != LINEAR:
            words.append(self.probe)
        if self.layer is not None:
            words.append(f"layer {self.layer}")
        if self.windows > 1:
            words.append(f"{self.windows} windows")
        return words


def append(output_dir: str, record: dict[str, Any]) -> None:
    """Adds a result to `results.jsonl`; it is on the disk when this returns.

    A kill in the middle costs this record only, and several processes may append at once.

    Args:
        output_dir: folder, made if it is not there.
        record: `FIELDS` and anything else; numbers of numpy are fine. The mean and the interval are shares
            between 0 and 1; NaN, as the interval of one value is, is written as null.

    Raises:
        ValueError: a field is missing, or the mean is not a number.
    """
    missing = [field for field in FIELDS if field not in record]
    if missing:
        raise ValueError(
            f"`record` must have the fields {', '.join(FIELDS)}. Received: a record without "
            f"{', '.join(missing)}"
        )
    if not math.isfinite(record["mean"]):
        raise ValueError(f"The mean of `record` must be finite. Received: mean={record['mean']}")
    line = json.dumps(_plain(record), allow_nan=False).encode() + b"\n"
    os.makedirs(output_dir, exist_ok=True)
    path = os.path.join(output_dir, RESULTS_FILE)
    with open(os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o666), "r+b", buffering=0) as file:
        # Otherwise the half-written line of another process would look like a torn one.
        fcntl.flock(file, fcntl.LOCK_EX)
        size = os.fstat(file.fileno()).st_size
        if size and os.pread(file.fileno(), 1, size - 1) != b"\n":
            line = b"\n" + line
        while line:
            line = line[file.write(line) :]
        os.fsync(file.fileno())


def load(output_dir: str) -> list[dict[str, Any]]:
    """All whole records of `results.jsonl` in the order in which they came; torn lines are left out.

    Protocols, choices of the learning rate and titles are the present ones, whatever the file calls them.

    Args:
        output_dir: folder of the file; without one there are no records.
    """
    path = os.path.join(output_dir, RESULTS_FILE)
    if not os.path.exists(path):
        return []
    with open(path, "rb") as file:
        records = [_parsed(line) for line in file]
    return [record for record in records if record is not None]


def _plain(value):
    """The value as JSON has it: no numpy, null for what is not a finite number."""
    if isinstance(value, dict):
        return {str(key): _plain(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(entry) for entry in value]
    if isinstance(value, (np.ndarray, np.generic)):
        return _plain(value.tolist())
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _parsed(line):
    try:
        record = json.loads(line)
    except ValueError:
        return None
    if not isinstance(record, dict) or not set(FIELDS) <= set(record):
        return None
    record["title"] = task_title(record)
    record["protocol"] = present_protocol(record["protocol"])
    if "learning_rate_choice" in record:
        record["learning_rate_choice"] = present_learning_rate(record["learning_rate_choice"])
    return record
