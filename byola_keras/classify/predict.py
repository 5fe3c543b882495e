"""Runs a classifier over recordings, and goes on where an earlier run stopped."""

import contextlib
import csv
import difflib
import os
from collections.abc import Sequence
from typing import NamedTuple

from byola_keras.atomic import replacing
from byola_keras.classify import formats
from byola_keras.classify.file_classifier import FileClassifier
from byola_keras.classify.prediction_files import CSV, SEGMENTS, TABLES, PredictionFiles
from byola_keras.embedding.embed_file import CHUNK_SECONDS
from byola_keras.embedding.embed_files import embed_files
from byola_keras.embedding.sound_files import SoundFile
from byola_keras.embedding.sources import readable
from byola_keras.evaluation.representations.content_hash import hash_of
from byola_keras.models.load import find_classifier, load_classifier

SEGMENTS_FILE, FILES_FILE = "segments.csv", "files.csv"


class PredictRequest(NamedTuple):
    """Which predictions are wanted, in plain values that can be sent to other processes.

    It takes the place of an `embedding.request.Request`.

    Attributes:
        model: file or folder of a classifier.
        output_dir: folder of the predictions.
        overlap: the share of a window that lies in the next one, too, in [0, 1).
        thresholds: pairs of a label, or "" for all, and a threshold in the place of the classifier's own.
        classes: labels of which detections are wanted; none for all.
        gap_seconds: how far two windows of a class may lie apart and yet be one segment.
        table: kind of the table of the windows, one of `prediction_files.TABLES`.
        chunk_seconds: sound that is classified at a time.
        workers: number of threads that decode; None starts one for each processor core.
    """

    model: str
    output_dir: str
    overlap: float = 0.5
    thresholds: tuple[tuple[str, float], ...] = ()
    classes: tuple[str, ...] = ()
    gap_seconds: float = 0.0
    table: str = CSV
    chunk_seconds: float = CHUNK_SECONDS
    workers: int | None = None

    # A killed process may have left files of any kind.
    partial_extension = ""

    def with_local_model(self) -> "PredictRequest":
        """The same with the absolute path of the classifier."""
        return self._replace(model=os.path.abspath(find_classifier(self.model)))

    def load_embedder(self) -> FileClassifier:
        """Loads the classifier, here or on a worker.

        Raises:
            ValueError: a label is none of the classifier's, or a number is out of its range.
        """
        classifier = load_classifier(self.model)
        if not 0 <= self.overlap < 1:
            raise ValueError(f"`overlap` must lie in [0, 1). Received: overlap={self.overlap}")
        if self.table not in TABLES:
            raise ValueError(f"`table` must be one of {TABLES}. Received: table={self.table!r}")
        settings = (self.overlap, self.detection_thresholds(classifier), self.gap_seconds, self.table)
        # Infinity is no JSON.
        identity = hash_of(classifier.identity(), classifier.window_seconds, repr(settings))
        return FileClassifier(classifier, identity, self.overlap)

    def detection_thresholds(self, classifier) -> tuple[float, ...]:
        """For each class of the classifier its threshold; infinity where it is not wanted."""
        known = dict(zip(classifier.labels, classifier.thresholds, strict=True))
        for label, threshold in self.thresholds:
            _check_label(label or classifier.labels[0], classifier.labels, "thresholds")
            if not 0 <= threshold <= 1:
                raise ValueError(f"`thresholds` must lie in [0, 1]. Received: thresholds={threshold}")
            known.update({label: threshold} if label else dict.fromkeys(known, threshold))
        for label in self.classes:
            _check_label(label, classifier.labels, "classes")
        wanted = self.classes or classifier.labels
        return tuple(known[label] if label in wanted else float("inf") for label in classifier.labels)

    def outputs(self, embedder: FileClassifier) -> PredictionFiles:
        """Returns the files to which the predictions go."""
        return PredictionFiles(
            self.output_dir,
            embedder.identity,
            labels=embedder.classifier.labels,
            sample_rate=embedder.classifier.sample_rate,
            thresholds=self.detection_thresholds(embedder.classifier),
            gap_seconds=self.gap_seconds,
            table=self.table,
        )


def _check_label(label: str, labels: Sequence[str], name: str) -> None:
    if label not in labels:
        near = difflib.get_close_matches(label, labels, n=1)
        hint = f" Did you mean {near[0]}?" if near else ""
        raise ValueError(
            f"`{name}` must name labels that the classifier knows: {', '.join(labels)}. Received: "
            f"{label!r}.{hint}"
        )


def predict_files(
    request: PredictRequest,
    files: Sequence[SoundFile],
    overwrite: bool = False,
    beam_arguments: Sequence[str] | None = None,
) -> dict:
    """Classifies recordings of any length into a folder. What is there already, of the same sound, stays.

    Beside the files of each recording, see `PredictionFiles`, `segments.csv` has the segments of all, and
    `files.csv` a row for each with the highest probability of each class.

    Args:
        request: which predictions are wanted.
        files: the recordings, see `find_sound_files`.
        overwrite: whether everything is made again, and what is there of other settings goes.
        beam_arguments: arguments of Apache Beam, which then runs the work; None does without Beam.

    Returns:
        The report, which is in `report.json` too; see `embed_files`.

    Raises:
        FileNotFoundError, ValueError, RuntimeError, ImportError: as of `embed_files`; or a label is none of
            the classifier's.
    """
    report = embed_files(request, files, overwrite, beam_arguments)
    request = request._replace(output_dir=os.path.abspath(request.output_dir))
    outputs = request.outputs(request.load_embedder())
    report["segments"] = _join(outputs, files, load_classifier(request.model).labels)
    return report


def _join(outputs, files, labels):
    """Writes the tables of all recordings; returns the number of segments."""
    total = 0
    with contextlib.ExitStack() as opened:
        tables = []
        for name in (SEGMENTS_FILE, FILES_FILE):
            temporary = opened.enter_context(replacing(os.path.join(outputs.folder, name)))
            file = opened.enter_context(open(temporary, "w", encoding="utf-8", newline=""))
            tables.append(csv.writer(file, lineterminator="\n"))
        of_segments, of_files = tables
        of_segments.writerow(["file", *formats.SEGMENT_COLUMNS])
        of_files.writerow(["file", "seconds", "windows", "segments", *labels])
        for file in files:
            note = outputs.note(file.name)
            # What could not be decoded has none.
            if note is None:
                continue
            name = readable(file.name)
            of_files.writerow(
                [name, note["seconds"], note["windows"], note["segments"], *note["highest"].values()]
            )
            total += note["segments"]
            with open(outputs.path(SEGMENTS, file.name, ".csv"), newline="", encoding="utf-8") as rows:
                of_segments.writerows([name, *row] for row in list(csv.reader(rows))[1:])
    return total
