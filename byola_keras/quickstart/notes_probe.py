"""Probes of instrument family and pitch on rendered notes: the quickstart's table."""

import os

import numpy as np
from absl import logging

from byola_keras.evaluation.choices import WINDOW
from byola_keras.evaluation.probe import LEARNING_RATES, SEEDS
from byola_keras.evaluation.representations import LogMelStatistics
from byola_keras.evaluation.task import Clip, Task
from byola_keras.evaluation.task_probe import probe_task
from byola_keras.evaluation.windows import Windows
from byola_keras.models.embedder import Embedder
from byola_keras.models.initializers import seeded_initializers
from byola_keras.quickstart.rendered_notes import NOTE_SECONDS, read_notes

_LABELS = {"instrument family": lambda note: note.family, "pitch": lambda note: str(note.pitch)}


def probe_notes(
    embedder: Embedder, notes_dir: str, max_epochs: int | None = None
) -> dict[str, dict[str, float]]:
    """Probes a trained encoder, the same encoder untrained, and plain statistics of the log-mel.

    All three have the front end and the log-mel statistics of `embedder`, and embed the same window of each
    note, as the evaluation does with a task of one's own.

    Args:
        embedder: an embedder that was trained on the notes of the split "train".
        notes_dir: folder of `render_notes`.
        max_epochs: epochs of a probe at most; None for as many as `probe_task` finds right.

    Returns:
        Name of the representation -> {"instrument family": accuracy, "pitch": accuracy}, each the mean over
        three probes, between 0 and 1.

    Raises:
        FileNotFoundError: there are no notes in the folder.
        ValueError: a note cannot be decoded.
    """
    notes = read_notes(notes_dir)
    all_notes = _task("notes", notes, notes_dir, lambda note: "")
    scenes = _scenes(_representations(embedder), all_notes)
    row = {clip.path: number for number, clip in enumerate(all_notes.clips)}
    table = {name: {} for name in scenes}
    for label, label_of in _LABELS.items():
        task = _task(label, _learnable(notes, label, label_of), notes_dir, label_of)
        rows = [row[clip.path] for clip in task.clips]
        for name, embeddings in scenes.items():
            outcome = probe_task(task, embeddings[rows], LEARNING_RATES, SEEDS, max_epochs)
            table[name][label] = float(outcome.values.mean())
    return table


def _learnable(notes, label, label_of):
    """The notes whose label a training note has, too; of few notes an instrument some pitches have none."""
    learnt = {label_of(note) for note in notes if note.split == "train"}
    chosen = [note for note in notes if label_of(note) in learnt]
    if len(chosen) < len(notes):
        words = "%d of %d notes are left out of the probe of %s: no training note has theirs."
        logging.warning(words, len(notes) - len(chosen), len(notes), label)
    return chosen


def _task(name, notes, notes_dir, label_of):
    clips = tuple(Clip(os.path.join(notes_dir, note.file), (label_of(note),), note.split) for note in notes)
    return Task(name, f"Rendered notes, {name}", clips, NOTE_SECONDS, comparable=False)


def _representations(embedder):
    untrained = type(embedder.encoder).from_config({**embedder.encoder.get_config(), "seed": 0})
    encoders = {
        "trained encoder": embedder.encoder,
        "untrained encoder": untrained,
        "log-mel mean and deviation": LogMelStatistics(),
    }
    representations = {
        name: Embedder(embedder.frontend, embedder.normalization, encoder)
        for name, encoder in encoders.items()
    }
    # The weights of the untrained encoder, which are drawn here, are always the same.
    with seeded_initializers(0):
        for representation in representations.values():
            representation.build()
    return representations


def _scenes(representations, task):
    """Embeddings of the task's clips, float32 [clips, D], by name of the representation."""
    scenes = {name: [] for name in representations}
    windows = Windows(task, WINDOW, next(iter(representations.values())).sample_rate)
    for _, waveforms in windows.batches(range(len(task.clips))):
        for name, representation in representations.items():
            scenes[name].append(representation.embed(waveforms)["scene"])
    return {name: np.concatenate(parts) for name, parts in scenes.items()}


def as_markdown(table: dict[str, dict[str, float]]) -> str:
    """The table of `probe_notes` in percent, as Markdown."""
    tasks = list(next(iter(table.values())))
    lines = [f"| {'representation':<28} | " + " | ".join(tasks) + " |"]
    lines.append("|" + "-" * 30 + "|" + "|".join("-" * (len(task) + 1) + ":" for task in tasks) + "|")
    for name, accuracies in table.items():
        cells = [f"{100 * accuracies[task]:>{len(task)}.1f}" for task in tasks]
        lines.append(f"| {name:<28} | " + " | ".join(cells) + " |")
    return "\n".join(lines)
