"""Makes a preset that is small enough for a package, and proves that it answers as its model does."""

import dataclasses
import os
import tempfile
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from byola_keras.evaluation.choices import FEW_SHOT
from byola_keras.export.exportable import in_float32
from byola_keras.export.verification_sounds import generated_clips, read_clips
from byola_keras.models.embedder import Embedder
from byola_keras.models.load import load
from byola_keras.models.preset import check_free, check_name, save_preset
from byola_keras.presets import scores
from byola_keras.presets.sound import describe_sound

# Of the largest value of an embedding.
TOLERANCE = 1e-3


@dataclasses.dataclass(frozen=True)
class About:
    """What the model card says, as far as the embedder does not know it itself.

    Attributes:
        licence: of the weights.
        manifest: `manifest.json` of the corpus.
        results: `results.csv` with the scores.
        results_model: the preset in it; None for the text that names the model.
        paper_model: an encoder in it that the paper's recipe has trained.
        not_good_for: sentences.
        commit: of the code that trained it.
    """

    licence: str | None = None
    manifest: str | None = None
    results: str | None = None
    results_model: str | None = None
    paper_model: str | None = None
    not_good_for: Sequence[str] = ()
    commit: str | None = None


class Made(NamedTuple):
    """A preset that was made.

    Attributes:
        folder: where it is.
        weights_bytes: size of its weights.
        difference: largest difference to an embedding of the model in float32, of its largest value.
        clips: on how many clips that was measured.
    """

    folder: str
    weights_bytes: int
    difference: float
    clips: int


def make_preset(
    model: str,
    name: str,
    output_dir: str,
    about: About = About(),
    audio: Sequence[str] = (),
    overwrite: bool = False,
) -> Made:
    """Writes an embedder as a preset with float16 weights, checksums and a model card.

    The encoder computes in float32, whatever the precision was that it was trained in.

    Args:
        model: what `byola_keras.load` takes.
        name: of the preset.
        output_dir: folder in which the folder `name` is made.
        about: what the card says.
        audio: sound to compare on, see `read_clips`, beside silence, noise and a tone.
        overwrite: whether a preset that is there is replaced.

    Raises:
        ValueError: a value is not as it must be, or embeddings differ by more than `TOLERANCE`.
        FileExistsError: something is there that must not be replaced.
        FileNotFoundError: a file is not there.
    """
    check_name(name)
    folder = os.path.join(output_dir, name)
    check_free(folder, overwrite)
    card = _card_of(about, name, model)
    embedder = load(model)
    clips = {**generated_clips(embedder.sample_rate), **read_clips(audio, embedder.sample_rate)}
    clips = {label: clip for label, clip in clips.items() if np.isfinite(clip).all()}
    with tempfile.TemporaryDirectory() as temporary:
        float32 = _in_float32(embedder, {})
        halved = os.path.join(temporary, name)
        save_preset(float32, halved, float16=True)
        difference = _largest_difference(float32, load(halved), clips)
        size = os.path.getsize(os.path.join(halved, "model.weights.h5"))
    stored = {
        "weights": "kernels of dense layers in float16, all else in float32",
        "bytes": size,
        "largest difference to float32, of an embedding's largest value": f"{difference:.1e}",
        "measured on clips": len(clips),
    }
    # The card given wins, and comes first.
    save_preset(
        _in_float32(embedder, {**card, **embedder.card, **card, "name": name, "stored": stored}),
        folder,
        overwrite,
        float16=True,
    )
    return Made(folder, size, difference, len(clips))


def _card_of(about, name, model):
    card = {"licence": about.licence} if about.licence else {}
    if about.results:
        titles = scores.titles(name, about.results_model or model, about.paper_model)
        found = scores.read_scores(about.results, titles)
        card |= {"summary": scores.summary(name, found), "scores": scores.table(found)}
        if scores.has_few_shot(about.results):
            few = scores.read_scores(about.results, titles, FEW_SHOT)
            card["summary"] += " " + scores.summary(name, few, FEW_SHOT)
            card["scores_with_few_labels"] = scores.table(few)
    if about.not_good_for:
        card["not_good_for"] = "\n".join(f"- {sentence}" for sentence in about.not_good_for)
    if about.manifest:
        card |= describe_sound(about.manifest)
    return {**card, "commit": about.commit} if about.commit else card


def _in_float32(embedder, card):
    """The same embedder with another card, computing in float32."""
    computing = in_float32(embedder)
    copy = Embedder(computing.frontend, computing.normalization, computing.encoder, card)
    copy.build()
    return copy


def _largest_difference(embedder, other, clips):
    worst = 0.0
    for label, clip in clips.items():
        expected, found = embedder.embed(clip), other.embed(clip)
        for kind in ("scene", "frames"):
            largest = float(np.abs(expected[kind]).max(initial=0.0))
            apart = float(np.abs(found[kind] - expected[kind]).max(initial=0.0))
            if not apart <= TOLERANCE * largest:
                raise ValueError(
                    f"A preset must answer as its model does, to {TOLERANCE:g} of the largest value. "
                    f"Received: {apart:.1e} of {largest:.1e} in the {kind} of {label!r}"
                )
            worst = max(worst, apart / largest if largest else 0.0)
    return worst
