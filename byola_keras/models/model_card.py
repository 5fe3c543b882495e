"""A model card: what an embedder is and what it was made of, for programs and for people."""

import hashlib
import json

import keras
import numpy as np

_INTRODUCTION = """\
Waveform in, an embedding of the clip and one of each frame out. Made with byola_keras, an implementation of
[BYOL for Audio](https://arxiv.org/abs/2204.07402).

```python
import byola_keras

embedder = byola_keras.load("{called}")
output = embedder(waveforms)  # [batch, samples], mono, {sample_rate} Hz, float in [-1, 1]
output["scene"]  # [batch, {embedding_size}]
output["frames"]  # [batch, frames, {embedding_size}]
```
"""
# What has no influence on the embeddings.
_LEFT_OUT = ("name", "trainable", "dtype", "seed", "synchronized")


def card_to_json(card: dict | None) -> str:
    """Writes what is known of a model as JSON.

    Raises:
        ValueError: the card is no dict, or holds other than JSON values.
    """
    if not isinstance(card, dict | None):
        raise ValueError(f"`card` must be a dict or None. Received: card={card!r}")
    try:
        return json.dumps(card or {}, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise ValueError(f"`card` must hold JSON values only. Received: {error}") from None


def describe(embedder: keras.Model) -> dict:
    """The facts of a built embedder by name, JSON values; under "card" what was kept of its making."""
    first, second = embedder.timestamps_ms(2)
    return {
        "embedding_size": embedder.embedding_size,
        "sample_rate": embedder.sample_rate,
        "frame_hop_ms": float(second - first),
        "first_frame_centre_ms": float(first),
        "parameters": sum(int(np.prod(weight.shape)) for weight in embedder.encoder.trainable_weights),
        "normalization_mean": _number_or_list(embedder.normalization.mean),
        "normalization_std": _number_or_list(np.sqrt(embedder.normalization.variance)),
        "frontend": settings_of(embedder.frontend),
        "encoder": settings_of(embedder.encoder),
        "identity": identity(embedder),
        "card": embedder.card,
    }


def identity(embedder: keras.Model) -> str:
    """A hash of everything in a built embedder that its embeddings depend on, 16 hexadecimal digits."""
    parts = {"frontend": embedder.frontend, "encoder": embedder.encoder}
    settings = {name: [settings_of(part), part.compute_dtype] for name, part in parts.items()}
    digest = hashlib.sha256(json.dumps(settings, sort_keys=True).encode())
    statistics = [embedder.normalization.mean, embedder.normalization.variance]
    # The counters of random layers are weights too.
    weights = [weight for weight in embedder.encoder.weights if "float" in weight.dtype]
    for array in [*statistics, *weights]:
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()[:16]


def settings_of(layer: keras.layers.Layer) -> dict:
    """The configuration of a layer as JSON values, without what has no influence on the embeddings."""
    return json.loads(
        json.dumps({name: value for name, value in layer.get_config().items() if name not in _LEFT_OUT})
    )


def as_markdown(embedder: keras.Model) -> str:
    """The model card of a built embedder as Markdown, with the heading that model hubs read.

    Of the embedder's card, "name" is that of a preset, by which `byola_keras.load` finds it, and "summary"
    stands before everything else. A list of dicts becomes a table.
    """
    facts = describe(embedder)
    card = facts.pop("card")
    name, summary = card.pop("name", "path of this model"), card.pop("summary", None)
    heading = {"library_name": "keras", "tags": ["audio", "embeddings", "byol-a"]}
    if "licence" in card:
        heading["license"] = card["licence"]
    sections = {
        "Embedding": {name: value for name, value in facts.items() if not isinstance(value, dict)},
        **card,
        "Front end": facts["frontend"],
        "Encoder": facts["encoder"],
    }
    # JSON is YAML.
    front_matter = "\n".join(f"{name}: {json.dumps(value)}" for name, value in heading.items())
    parts = [f"---\n{front_matter}\n---\n", "# BYOL-A audio encoder\n"]
    parts += [f"{summary}\n"] if summary else []
    parts.append(_INTRODUCTION.format(called=name, **facts))
    parts += [f"## {_title(name)}\n\n{_as_text(value)}\n" for name, value in sections.items()]
    return "\n".join(parts)


def _number_or_list(values):
    """One mean or deviation of all bins as a number, those of each mel as a list."""
    return np.squeeze(values).astype(float).tolist()


def _title(name):
    return name[:1].upper() + name[1:].replace("_", " ")


def _as_text(value):
    if isinstance(value, dict):
        rows = [f"| {name} | {_cell(inner)} |" for name, inner in value.items()]
        return "\n".join(["| | |", "|---|---|", *rows])
    if _is_table(value):
        rows = [[_cell(row.get(name, "")) for name in value[0]] for row in value]
        lines = [list(value[0]), ["---"] * len(value[0]), *rows]
        return "\n".join(f"| {' | '.join(line)} |" for line in lines)
    return value if isinstance(value, str) else _cell(value)


def _is_table(value):
    return isinstance(value, list) and bool(value) and all(isinstance(row, dict) and row for row in value)


def _cell(value):
    text = value if isinstance(value, str) else json.dumps(value)
    return text.replace("|", "\\|").replace("\n", " ")
