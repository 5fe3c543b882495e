"""Exports a model to files for other programs, which are compared with it before they get their names."""

import contextlib
import json
import os
import re
from collections.abc import Sequence

from byola_keras.atomic import replacing, replacing_folder, write_text
from byola_keras.export.exportable import CARD_FILE, LABELS_FILE, exportable, in_float32
from byola_keras.export.litert import INPUTS, convert, file_name
from byola_keras.export.saved_model import write_saved_model
from byola_keras.export.verification_sounds import generated_clips, read_clips
from byola_keras.export.verify import Artefact, verify
from byola_keras.models.classifier import Classifier
from byola_keras.models.embedder import Embedder

FORMATS = ("saved_model", "litert")
VERIFICATION_FILE = "verify.json"
_WINDOW, _LONGEST_WINDOW_SECONDS = "window", 60.0


def export(
    model: Embedder | Classifier,
    output_dir: str,
    *,
    formats: Sequence[str] = FORMATS,
    name: str = "byola",
    version: int = 1,
    litert_input: str = "waveform",
    overwrite: bool = False,
    verified: bool = True,
    audio: Sequence[str] = (),
) -> dict | None:
    """Exports an embedder or a classifier, computing in float32 whatever precision it was trained in.

    The files get their names when all are written and verified; an export that fails leaves none.

    Args:
        model: a built embedder, or a classifier.
        output_dir: folder that gets `saved_model/<name>/<version>/`, the files of `litert.convert` with the
            model card (and the labels of a classifier) in `litert/`, and the report in `verify.json`.
        formats: formats to write, some of `FORMATS`.
        name: name of the model, of letters, digits, '_', '-' and '.'.
        version: version of the SavedModel, a positive integer; TensorFlow Serving serves the highest.
        litert_input: input of the LiteRT files: "waveform" or "logmel", of any batch and length; "window=S",
            one waveform of S seconds at a time, or "window", one of a classifier's own window, for
            interpreters without open shapes.
        overwrite: whether a version that is there is replaced. LiteRT files, which have no version, always
            are.
        verified: whether the files are run and compared, see `verify`.
        audio: sound files, folders or patterns on which they are compared, beside silence, noise and a tone.

    Returns:
        The report of `verify`; None if `verified` is false.

    Raises:
        ValueError: an argument is wrong, or the version is there.
        FileNotFoundError: sound is not there.
        VerificationError: an exported model does not answer as the embedder does.
    """
    _check(formats, name, version)
    litert_input, window = _input_and_window(litert_input, model)
    exported = exportable(in_float32(model))
    sample_rate = exported.embedder.sample_rate
    given = read_clips(audio, sample_rate)
    with contextlib.ExitStack() as files:
        artefacts = []
        if "saved_model" in formats:
            artefacts.append(_write_saved_model(files, exported, output_dir, name, version, overwrite))
        if "litert" in formats:
            kind = (litert_input, list(given.values()), window)
            artefacts += _write_litert(files, exported, output_dir, name, kind)
        clips = {**generated_clips(sample_rate), **given}
        report = verify(exported, artefacts, clips) if verified else None
    _write_figures(output_dir, {artefact.name for artefact in artefacts}, report)
    return report


def _write_figures(output_dir, written, report):
    """Writes the figures of the files written now, beside those of earlier files that are still there."""
    path = os.path.join(output_dir, VERIFICATION_FILE)
    merged = {**(report or {}), "artefacts": {}}
    for name, entry in _earlier_figures(path).items():
        if name not in written and os.path.exists(os.path.join(output_dir, name)):
            merged["artefacts"][name] = entry
    merged["artefacts"].update(report["artefacts"] if report else {})
    if merged["artefacts"]:
        write_text(path, json.dumps(merged, indent=1) + "\n")
    elif os.path.exists(path):
        os.remove(path)


def _earlier_figures(path):
    try:
        with open(path, encoding="utf-8") as file:
            return json.load(file)["artefacts"]
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return {}


def _check(formats, name, version):
    if not formats or not set(formats) <= set(FORMATS):
        raise ValueError(f"`formats` must be some of {FORMATS}. Received: formats={list(formats)}")
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]*", name):
        raise ValueError(
            "`name` must be letters, digits, '_', '-' and '.', the first a letter or digit. Received: "
            f"name={name!r}"
        )
    if version < 1:
        raise ValueError(f"`version` must be a positive integer. Received: version={version}")


def _input_and_window(litert_input, model):
    """Input of the LiteRT files for `convert`, and the samples of a window, or None."""
    kind, _, seconds = litert_input.partition("=")
    if litert_input in INPUTS:
        return litert_input, None
    with contextlib.suppress(ValueError, AttributeError):
        samples = float(seconds) * model.sample_rate if seconds else model.window_samples
        if kind == _WINDOW and 0.0 < samples <= _LONGEST_WINDOW_SECONDS * model.sample_rate:
            return "waveform", max(1, int(samples))
    raise ValueError(
        f"`litert_input` must be one of {', '.join(INPUTS)}, window=SECONDS with at most "
        f"{_LONGEST_WINDOW_SECONDS:g} s, or window for a classifier. Received: litert_input={litert_input!r}"
    )


def _write_saved_model(files, model, output_dir, name, version, overwrite):
    title = f"saved_model/{name}/{version}"
    path = os.path.join(output_dir, title)
    # Nothing but another SavedModel is replaced.
    if os.path.exists(path) and not (overwrite and os.path.isfile(os.path.join(path, "saved_model.pb"))):
        raise ValueError(
            f"A version must be new, or replace a SavedModel with `overwrite`. Received: version={version}, "
            f"overwrite={overwrite}; {path} is there."
        )
    folder = files.enter_context(replacing_folder(path))
    write_saved_model(model, folder, name)
    return Artefact(title, folder, "saved_model")


def _write_litert(files, model, output_dir, name, kind):
    folder = os.path.join(output_dir, "litert")
    os.makedirs(folder, exist_ok=True)
    litert_input, _, window = kind
    for precision, content in convert(model, *kind):
        file = file_name(name, litert_input, precision, window)
        path = files.enter_context(replacing(os.path.join(folder, file)))
        with open(path, "wb") as opened:
            opened.write(content)
        yield Artefact(f"litert/{file}", path, precision, litert_input, window)
    for file in (CARD_FILE, LABELS_FILE):
        if file in model.texts:
            path = files.enter_context(replacing(os.path.join(folder, f"{name}_{file}")))
            with open(path, "w", encoding="utf-8") as opened:
                opened.write(model.texts[file])
