"""Trains a classifier: labelled clips and an encoder in, a classifier and its report out."""

import json
import os
from collections.abc import Sequence

import numpy as np
from absl import logging

from byola_keras.atomic import replacing, write_text
from byola_keras.classify import calibration
from byola_keras.classify.configuration import check_configuration, write_configuration
from byola_keras.classify.fine_tune import fine_tune, forget, scores_of_sound
from byola_keras.classify.head import embed_clips, train_head
from byola_keras.classify.labelled import LabelledClips, read_labelled
from byola_keras.classify.report.write import write_report
from byola_keras.classify.scores import Told, figures
from byola_keras.classify.settings import ALL, TrainSettings
from byola_keras.evaluation.metrics import mean_and_interval
from byola_keras.evaluation.task_probe import metric_of
from byola_keras.folder_lock import locked
from byola_keras.models.classifier import Classifier, linear_head
from byola_keras.models.preset import CLASSIFIER_FILE

FIGURES_FILE = "figures.json"


def train(
    labels: str,
    model: str,
    output_dir: str,
    settings: TrainSettings = TrainSettings(),  # noqa: B008
    cache_dir: str | None = None,
    overwrite: bool = False,
) -> dict:
    """Trains a classifier and writes it with its report.

    The same call again goes on where an earlier one stopped: from the embeddings that are there, and in
    fine-tuning from the last checkpoint, with the same result on a CPU as without the stop.

    Args:
        labels: PATH or PATH:COLUMN of a CSV file, see `evaluation.tasks.csv_task.read`.
        model: the encoder to start from: "random", or what `byola_keras.load` takes.
        output_dir: folder that gets `classifier.keras`, its `report.html`, `classes.csv`, `predictions.csv`
            and `figures.json`; made if it is not there.
        settings: how it is trained.
        cache_dir: folder of the embeddings; None for `embeddings` in `output_dir`.
        overwrite: whether a classifier of other settings that is there is replaced.

    Returns:
        The figures that are in `figures.json`, too.

    Raises:
        FileNotFoundError, ValueError: the CSV file, a clip or the model is not there or not as it must be; or
            the folder has a classifier of other labels, model or settings.
    """
    clips = read_labelled(labels, settings.clips_per_class, settings.test_fold, settings.seeds[0])
    for note in clips.notes:
        logging.warning("%s", note)
    os.makedirs(output_dir, exist_ok=True)
    busy = f"Another process trains a classifier in {output_dir!r}; wait for it or end it."
    with locked(output_dir, busy):
        check_configuration(output_dir, clips, model, settings, overwrite)
        if overwrite:
            forget(output_dir)
        write_configuration(output_dir, clips, model, settings)
        cache_dir = cache_dir or os.path.join(output_dir, "embeddings")
        embedded = embed_clips(model, clips, settings.statistics, cache_dir)
        probed = train_head(clips, embedded.embeddings, settings)
        head = linear_head(probed.kernels[0], probed.biases[0], *probed.scale)
        if settings.tune == ALL:
            fine_tune(embedded.embedder, head, clips, settings, output_dir)
            scores = {
                split: scores_of_sound(embedded.embedder, head, clips, split) for split in ("valid", "test")
            }
        else:
            scores = {
                split: np.asarray(head(embedded.embeddings[rows]))
                for split, rows in clips.numbers.items()
                if split != "train"
            }
        classifier, measured = finished(embedded.embedder, head, clips, scores, settings)
        measured["probe"] = _of_probe(clips, probed)
        measured["model"], measured["tune"] = model, settings.tune
        save(classifier, output_dir)
        told = Told(
            np.asarray(classifier.probabilities(scores["test"])), clips.targets[clips.numbers["test"]]
        )
        write_report(output_dir, classifier, clips, told, measured)
        write_text(os.path.join(output_dir, FIGURES_FILE), json.dumps(measured, indent=1) + "\n")
    return measured


def finished(
    embedder, head, clips: LabelledClips, scores: dict[str, np.ndarray], settings: TrainSettings
) -> tuple[Classifier, dict]:
    """The classifier with temperature and thresholds of the validation clips, and its figures.

    Args:
        embedder: its embedder.
        head: its head.
        clips: the clips.
        scores: scores [clips, classes] of those of "valid" and "test".
        settings: the wanted precision is of interest here.
    """
    task = clips.task
    targets = {split: clips.targets[clips.numbers[split]] for split in scores}
    calibrated = not clips.chooses_on_training
    temperature, notes = 1.0, list(clips.notes)
    if calibrated:
        temperature, more = _temperature(scores["valid"], targets["valid"])
        notes += more
    about = {"labels": task.classes, "multi_label": task.multi_label, "window_seconds": task.unit_seconds}
    plain = Classifier(embedder, head, **about)
    known = Classifier(embedder, head, temperature=temperature, **about)
    before, after = (_told(model, scores, targets) for model in (plain, known))
    thresholds = None
    if settings.precision is not None and calibrated:
        thresholds, reached = calibration.precision_thresholds(
            after["valid"].probabilities, after["valid"].is_class, settings.precision
        )
        notes += _unreached(task.classes, reached, settings.precision)
    measured = {
        "test": figures(after["test"]),
        "valid": figures(after["valid"]),
        "temperature": temperature,
        "calibration_error_before": figures(before["test"])["calibration_error"],
        "clips": {split: len(rows) for split, rows in clips.numbers.items()},
        "classes": len(task.classes),
        "notes": notes,
    }
    card = {"task": task.title, "clips": measured["clips"], "test": measured["test"], "notes": notes}
    return Classifier(
        embedder, head, temperature=temperature, thresholds=thresholds, card=card, **about
    ), measured


def save(classifier: Classifier, output_dir: str) -> None:
    """Writes `classifier.keras`, whole or not at all."""
    with replacing(os.path.join(output_dir, CLASSIFIER_FILE)) as temporary:
        classifier.save(temporary)


def in_words(measured: dict) -> str:
    """The figures of `train` as lines for the user."""
    test, probe = measured["test"], measured["probe"]
    said = ", ".join(f"{name.replace('_', ' ')} {100 * value:.1f} %" for name, value in test.items())
    interval = "" if probe["ci95"] is None else f" +- {100 * probe['ci95']:.1f}"
    lines = [
        f"{measured['clips']['test']} test clips of {measured['classes']} classes: {said}.",
        f"Temperature {measured['temperature']:.3f}; calibration error before it "
        f"{100 * measured['calibration_error_before']:.1f} %.",
        f"The benchmark's linear probe: {probe['metric'].replace('_', ' ')} {100 * probe['mean']:.1f}"
        f"{interval} % over {len(probe['seeds'])} seed(s).",
    ]
    return "\n".join(lines + list(measured["notes"]))


def _told(classifier, scores, targets):
    return {
        split: Told(np.asarray(classifier.probabilities(of_split)), targets[split])
        for split, of_split in scores.items()
    }


def _unreached(classes: Sequence[str], reached, precision) -> list[str]:
    names = [name for name, is_reached in zip(classes, reached, strict=True) if not is_reached]
    if not names:
        return []
    return [
        f"No threshold has a precision of {precision:g} on the validation clips for {', '.join(names)}: "
        "their thresholds lie above the probabilities of all of these clips, and at 0.5 at least."
    ]


def _temperature(scores, targets):
    """The temperature, and a note where the validation clips cannot tell it."""
    temperature = calibration.fit_temperature(scores, targets)
    if temperature < 1.01 * calibration.LOWEST_TEMPERATURE:
        return 1.0, [
            f"The scores of the {len(targets)} validation clips leave no doubt of their labels, so that they "
            "do not say how sure the classifier may be: its probabilities are not calibrated."
        ]
    if temperature > 0.99 * calibration.HIGHEST_TEMPERATURE:
        return temperature, [
            f"The temperature is the highest that is tried, {temperature:.0f}: the scores say next to "
            "nothing of the validation clips."
        ]
    return temperature, []


def _of_probe(clips, probed):
    """The score of the benchmark's probe, over its seeds."""
    values = probed.test[:, probed.chosen]
    mean, interval = mean_and_interval(values)
    return {
        "metric": metric_of(clips.task),
        "mean": mean,
        "ci95": None if np.isnan(interval) else interval,
        "scores": values.tolist(),
        "seeds": list(probed.seeds),
        "learning_rate": probed.learning_rates[probed.chosen],
    }
