"""The files that a classifier writes of each recording. What is there and noted as done is whole."""

import contextlib
import csv
import json
import os
import shutil

import numpy as np

from byola_keras.atomic import replacing, write_text
from byola_keras.classify import formats
from byola_keras.classify.segments import Segments
from byola_keras.embedding.outputs import Found, Outputs
from byola_keras.embedding.sources import Source

WINDOWS, SEGMENTS, RAVEN, AUDACITY, DONE = FOLDERS = ("windows", "segments", "raven", "audacity", "done")
CSV, PARQUET, NO_TABLE = TABLES = ("csv", "parquet", "none")


class PredictionFiles(Outputs):
    """For a recording NAME: `windows/NAME.csv` or `.parquet`, its segments in three formats, and a note.

    `done/NAME.json` is written last: what has one is whole.

    Args:
        folder: folder of all outputs.
        model: hash of all that the results depend on.
        labels: names of the classes.
        sample_rate: of the classifier, in Hz.
        thresholds: see `Segments`.
        gap_seconds: see `Segments`.
        table: one of `TABLES`, the kind of `windows/`.
    """

    def __init__(self, folder, model, *, labels, sample_rate, thresholds, gap_seconds, table):
        super().__init__(folder, model, "max")
        self._labels, self._sample_rate = labels, sample_rate
        self._how = (labels, thresholds, gap_seconds)
        self._table = table
        if table == PARQUET:
            _pyarrow()

    def find(self, files):
        found = Found(set(), set())
        for file in files:
            note = self.note(file.name)
            if note is None:
                continue
            self._check_model(file.name, note["model"])
            kind = found.done if self._is_of(file, Source(*note["source"])) else found.changed
            kind.add(file.name)
        return found

    def note(self, name: str) -> dict | None:
        """What is noted of a recording: "model", "source", "seconds", "windows", "segments" and "highest"."""
        try:
            with open(self.path(DONE, name, ".json"), encoding="utf-8") as file:
                return json.load(file)
        except FileNotFoundError:
            return None

    def path(self, folder: str, name: str, extension: str) -> str:
        """The path of a file of the recording `name`."""
        return os.path.join(self.folder, folder, name + extension)

    def write(self, name, source, embeddings):
        segments, highest = Segments(*self._how), np.zeros(len(self._labels), np.float32)
        count, end = 0, 0.0
        with self._windows(name) as write_windows:
            for spans, probabilities in embeddings.parts:
                write_windows(spans, probabilities)
                segments.update(spans, probabilities)
                highest = np.maximum(highest, probabilities.max(axis=0))
                count, end = count + len(spans), float(spans[-1, 1])
        found = segments.result()
        recording = os.path.basename(source.path)
        texts = {
            (SEGMENTS, ".csv"): formats.as_csv(found),
            (RAVEN, ".selections.txt"): formats.as_raven(found, self._sample_rate, recording),
            (AUDACITY, ".txt"): formats.as_audacity(found),
        }
        note = {
            "model": self.model,
            "source": source,
            "seconds": round(end, 3),
            "windows": count,
            "segments": len(found),
            "highest": {label: round(float(p), 4) for label, p in zip(self._labels, highest, strict=True)},
        }
        # The note last: it promises what is there.
        for (folder, extension), text in [*texts.items(), ((DONE, ".json"), json.dumps(note) + "\n")]:
            path = self.path(folder, name, extension)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            write_text(path, text)
        return count

    @contextlib.contextmanager
    def _windows(self, name):
        """A function that adds windows to the table of a recording."""
        if self._table == NO_TABLE:
            yield lambda spans, probabilities: None
            return
        path = self.path(WINDOWS, name, f".{self._table}")
        os.makedirs(os.path.dirname(path), exist_ok=True)
        writing = _csv_rows if self._table == CSV else _parquet_rows
        with replacing(path) as temporary, writing(temporary, self._labels) as write:
            yield write

    def flush(self):
        """Nothing waits in memory: `write` writes every recording at once."""

    def forget(self, names):
        """Nothing would stay: `write` replaces every file."""

    def clear(self):
        for folder in FOLDERS:
            shutil.rmtree(os.path.join(self.folder, folder), ignore_errors=True)


@contextlib.contextmanager
def _csv_rows(path, labels):
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["start", "end", *labels])

        def write(spans, probabilities):
            for (start, end), row in zip(spans, probabilities, strict=True):
                writer.writerow([f"{start:.3f}", f"{end:.3f}", *(f"{value:.4f}" for value in row)])

        yield write


@contextlib.contextmanager
def _parquet_rows(path, labels):
    arrow = _pyarrow()
    # By position: a class may be called "start".
    names = ["start", "end", *labels]
    schema = arrow.schema(
        [(name, arrow.float64() if place < 2 else arrow.float32()) for place, name in enumerate(names)]
    )
    with arrow.parquet.ParquetWriter(path, schema) as writer:

        def write(spans, probabilities):
            columns = [*spans.T, *probabilities.T]
            arrays = [arrow.array(np.ascontiguousarray(column)) for column in columns]
            writer.write_table(arrow.Table.from_arrays(arrays, schema=schema))

        yield write


def _pyarrow():
    try:
        import pyarrow.parquet  # noqa: PLC0415
    except ImportError as error:
        raise ImportError(
            "Parquet needs the package pyarrow; run: pip install 'byola-keras[parquet]'"
        ) from error
    return pyarrow
