"""Trains a classifier on labelled clips, and runs it over recordings of any length.

    byola classify train --labels=birds/labels.csv:species --model=runs/mine --output_dir=classifiers/birds
    byola classify predict --model=classifiers/birds --input="recordings/**/*.wav" --output_dir=detections

train takes the CSV files of byola evaluate (file, label or labels, split or fold, start and end where a clip
is a piece) and writes classifier.keras, which byola_keras.load_classifier loads and byola export exports,
with report.html, classes.csv, predictions.csv and figures.json. predict writes for each recording the
probabilities of its windows and its detections as CSV, Raven selection table and Audacity labels. Either
command goes on where it was stopped.
"""

import sys

from absl import flags

from byola_keras.classify.settings import TrainSettings
from byola_keras.commands import common, field_flags
from byola_keras.commands.command import Command

_ACTIONS = ("train", "predict")


def define_flags(values: flags.FlagValues) -> None:
    """Defines the flags of the command."""
    define = common.definers(values)
    define.string(
        "model",
        None,
        "train: the encoder to start from, as byola evaluate takes ours: a run, a preset, a file or random. "
        "predict: the folder or file of a classifier.",
    )
    define.string("output_dir", None, "The folder of the classifier, or of what it finds.")
    define.bool("overwrite", False, "Replace what is there of another classifier or of other settings.")

    # Training
    define.string(
        "labels", None, "train: a CSV file, PATH or PATH:COLUMN, with the columns that byola evaluate takes."
    )
    define.string(
        "cache_dir", None, "train: the folder of the embeddings. Default: embeddings in --output_dir."
    )
    field_flags.define(TrainSettings, values)

    # Prediction
    common.sound_flags(values, "input")
    define.float(
        "overlap",
        0.5,
        "predict: the share of a window that lies in the next one, too; 0 for none.",
        0.0,
        0.99,
    )
    define.list(
        "threshold",
        [],
        "predict: the probability from which on a class counts as heard: a number for all classes, or "
        "LABEL=NUMBER for some, with commas between them. Default: those of the classifier.",
    )
    define.list("classes", [], "predict: labels of which detections are wanted. Default: all.")
    define.float(
        "gap_seconds", 0.0, "predict: how far windows of a class may lie apart and yet be one segment.", 0.0
    )
    define.enum(
        "windows",
        "csv",
        ["csv", "parquet", "none"],
        "predict: kind of the table of all windows of a recording.",
    )
    define.float(
        "chunk_seconds",
        30.0,
        "predict: seconds of sound that are classified at a time: more take more memory.",
        0.1,
    )
    define.integer("workers", None, "predict: number of threads that decode. Default: one for each core.", 1)
    define.enum(
        "runner", "local", ["local", "beam"], "predict: what does the work: this process, or Apache Beam."
    )
    flags.mark_flags_as_required(["model", "output_dir"], values)


def check(values: flags.FlagValues, arguments: list[str]) -> None:
    """Refuses another action than one, and an action without what it needs."""
    if not arguments or arguments[0] not in _ACTIONS:
        raise ValueError(
            f"The first argument must be one of {', '.join(_ACTIONS)}. Received: {arguments or 'none'}"
        )
    action, *rest = arguments
    if rest and (action, values.runner) != ("predict", "beam"):
        raise ValueError(f"Arguments after -- are Beam's. Received: {rest} without --runner=beam")
    if action == "train" and not values.labels:
        raise ValueError("--labels must name a CSV file. Received: none.")
    if action == "predict" and not values.input and not values.file_list:
        raise ValueError("Sound must be given by --input, --file_list or both. Received: neither.")
    _thresholds(values)


def run(values: flags.FlagValues, arguments: list[str]) -> None:
    """Trains or predicts."""
    # The name of a file may hold any bytes.
    sys.stdout.reconfigure(errors="backslashreplace")
    action, *rest = arguments
    if action == "train":
        _train(values)
    else:
        _predict(values, rest)


def _thresholds(values):
    """Pairs of a label, or "" for all, and its threshold; a label may have a "=" in it."""
    pairs = []
    for word in values.threshold:
        label, _, number = word.rpartition("=")
        try:
            pairs.append((label, float(number)))
        except ValueError:
            raise ValueError(
                f"--threshold must be numbers or LABEL=NUMBER. Received: threshold={word!r}"
            ) from None
    return tuple(sorted(pairs, key=lambda pair: bool(pair[0])))


def _train(values):
    common.hide_tracing_reports()
    from byola_keras.classify.train import in_words, train

    settings = field_flags.build(TrainSettings, values)
    measured = train(
        values.labels, values.model, values.output_dir, settings, values.cache_dir, values.overwrite
    )
    print(in_words(measured))
    print(f"The classifier and its report.html are in {values.output_dir}.")


def _predict(values, beam_arguments):
    from byola_keras.classify.predict import PredictRequest, predict_files
    from byola_keras.embedding.sound_files import find_sound_files

    common.hide_beam_reports()
    request = PredictRequest(
        values.model,
        values.output_dir,
        values.overlap,
        _thresholds(values),
        tuple(values.classes),
        values.gap_seconds,
        values.windows,
        values.chunk_seconds,
        values.workers,
    )
    files = find_sound_files(values.input, values.file_list)
    beam_arguments = beam_arguments if values.runner == "beam" else None
    report = predict_files(request, files, values.overwrite, beam_arguments)
    rate = 3600 * report["hours"] / max(report["seconds"], 0.1)
    print(
        f"Classified: {report['embedded']:,} file(s), {report['hours']:.2f} hours, {rate:.0f} times real "
        f"time. Already there: {report['already_there']:,}. Skipped: {len(report['skipped']):,}. "
        f"Segments of all files: {report['segments']:,}."
    )
    for path, problem in list(report["skipped"].items())[:10]:
        print(f"  {path}: {problem}")
    print(
        f"segments.csv, files.csv and the files of each recording are in {report['output_dir']}.", flush=True
    )


COMMAND = Command(
    "classify",
    __doc__,
    define_flags,
    run,
    check,
    interrupted="Interrupted. What is written stays; the same command goes on.",
    takes_arguments=True,
    ends_on_interrupt=True,
    has_workers=True,
    tensorflow_log_level="3",
)
