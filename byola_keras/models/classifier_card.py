"""The card of a classifier: what it hears, and of what embedder it was made."""

import json

import keras

from byola_keras.models import model_card

_INTRODUCTION = """\
# A classifier of sound

Waveform [batch, samples] in, mono, {sample_rate} Hz, float in [-1, 1]; the probabilities of {count} classes
out{kind}. It was trained on windows of {window_seconds:g} s. Made with byola_keras.

| class | threshold |
|---|---|
"""


def describe(classifier: keras.Model) -> dict:
    """The facts of a classifier by name, JSON values."""
    return {
        "labels": list(classifier.labels),
        "multi_label": classifier.multi_label,
        "thresholds": list(classifier.thresholds),
        "temperature": classifier.temperature,
        "window_seconds": classifier.window_seconds,
        "sample_rate": classifier.sample_rate,
        "identity": classifier.identity(),
        "card": classifier.card,
        "embedder": model_card.describe(classifier.embedder),
    }


def as_markdown(classifier: keras.Model) -> str:
    """The card of a classifier as Markdown."""
    kind = ", each for itself" if classifier.multi_label else ", which exclude each other"
    about = {"sample_rate": classifier.sample_rate, "window_seconds": classifier.window_seconds}
    lines = [_INTRODUCTION.format(count=len(classifier.labels), kind=kind, **about).rstrip()]
    lines += [
        f"| {label.replace('|', chr(92) + '|')} | {threshold:.4f} |"
        for label, threshold in zip(classifier.labels, classifier.thresholds, strict=True)
    ]
    return "\n".join([*lines, "", "```json", json.dumps(classifier.card, indent=1), "```", ""])
