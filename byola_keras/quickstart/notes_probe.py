"""Probes of instrument family and pitch on rendered notes: the quickstart's table."""

import os

import keras
import numpy as np

from byola_keras.audio.decode import read_crop
from byola_keras.evaluation.probe import Labelled, linear_probe
from byola_keras.evaluation.representations import LogMelStatistics
from byola_keras.models.embedder import Embedder
from byola_keras.models.encoder import Encoder
from byola_keras.quickstart.rendered_notes import FAMILIES, PITCHES, read_notes

_SECONDS = 1.5
_BATCH_SIZE = 50
_SPLITS = ("train", "valid", "test")


def probe_notes(embedder: Embedder, notes_dir: str) -> dict[str, dict[str, float]]:
    """Probes a trained encoder, the same encoder untrained, and plain statistics of the log-mel.

    Args:
        embedder: the trained one.
        notes_dir: folder of `render_notes`.

    Returns:
        Name of the representation -> {"instrument family": accuracy, "pitch": accuracy}.
    """
    notes = read_notes(notes_dir)
    length = round(_SECONDS * embedder.frontend.sample_rate)
    waveforms = np.stack([read_crop(os.path.join(notes_dir, n.split, n.file), length, 0.0) for n in notes])
    labels = {
        "instrument family": np.array([list(FAMILIES).index(note.family) for note in notes]),
        "pitch": np.array([PITCHES.index(note.pitch) for note in notes]),
    }
    is_in = {split: np.array([note.split == split for note in notes]) for split in _SPLITS}
    table = {}
    for name, representation in _representations(embedder).items():
        embeddings = _scenes(representation, waveforms)
        for task, numbers in labels.items():
            parts = [Labelled(embeddings[is_in[s]], numbers[is_in[s]]) for s in _SPLITS]
            result = linear_probe(*parts, 1 + int(numbers.max()))
            table.setdefault(name, {})[task] = float(result.test[:, result.chosen].mean())
    return table


def _representations(embedder):
    config = {**embedder.encoder.get_config(), "seed": 0}
    keras.utils.set_random_seed(0)
    encoders = {
        "trained encoder": embedder.encoder,
        "untrained encoder": Encoder.from_config(config),
        "log-mel mean and deviation": LogMelStatistics(),
    }
    return {
        name: Embedder(embedder.frontend, embedder.normalization, encoder)
        for name, encoder in encoders.items()
    }


def _scenes(embedder, waveforms):
    starts = range(0, len(waveforms), _BATCH_SIZE)
    return np.concatenate([embedder(waveforms[s : s + _BATCH_SIZE])["scene"] for s in starts])


def as_markdown(table: dict[str, dict[str, float]]) -> str:
    """The table of `probe_notes` in percent, as Markdown."""
    tasks = list(next(iter(table.values())))
    lines = [f"| {'representation':<28} | " + " | ".join(tasks) + " |"]
    lines.append("|" + "-" * 30 + "|" + "|".join("-" * (len(task) + 1) + ":" for task in tasks) + "|")
    for name, accuracies in table.items():
        cells = [f"{100 * accuracies[task]:>{len(task)}.1f}" for task in tasks]
        lines.append(f"| {name:<28} | " + " | ".join(cells) + " |")
    return "\n".join(lines)
