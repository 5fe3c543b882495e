"""Compares exported models, each run in a process of its own, with the Keras model they were made from."""

import dataclasses
import os
import pathlib
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence

import numpy as np
import tensorflow as tf

from byola_keras.export.exportable import Exportable, exportable
from byola_keras.layers.full_float32 import full_float32
from byola_keras.models.classifier import Classifier
from byola_keras.models.embedder import Embedder

# A precision must stay below the error, relative to the largest value, or above the cosine of an embedding.
LARGEST_ERROR = {"saved_model": 1e-3, "float32": 1e-3}
LOWEST_COSINE = {"float16": 0.9999, "int8": 0.99, "full_int8": 0.98}
# Of probabilities the largest difference counts: a cosine says little of what is nearly 0 or 1.
LARGEST_DIFFERENCE = {"saved_model": 1e-3, "float32": 1e-3, "float16": 0.01, "int8": 0.1, "full_int8": 0.2}
_RUNNER = str(pathlib.Path(__file__).with_name("run_exported.py"))


@dataclasses.dataclass(frozen=True)
class Artefact:
    """A file, or the folder of a SavedModel, that was exported.

    Attributes:
        name: name under which it is reported.
        path: path at which it lies now.
        precision: a key of `LARGEST_ERROR` or `LOWEST_COSINE`.
        input: "waveform" or "logmel".
        window: samples of the one clip that it takes; None if it takes any batch and length.
    """

    name: str
    path: str
    precision: str
    input: str = "waveform"
    window: int | None = None

    def size(self) -> int:
        """Returns the bytes of all its files."""
        files = pathlib.Path(self.path).rglob("*") if os.path.isdir(self.path) else [pathlib.Path(self.path)]
        return sum(file.stat().st_size for file in files if file.is_file())


class VerificationError(ValueError):
    """An exported model that does not answer as the Keras model does."""


def verify(
    model: Embedder | Classifier | Exportable, artefacts: Sequence[Artefact], clips: Mapping[str, np.ndarray]
) -> dict:
    """Runs every artefact on every clip and compares all its outputs with those of the model.

    On GPUs both compute in full float32, without TensorFloat-32, whose ten bits of mantissa alone can exceed
    the tolerance of float32 files.

    Args:
        model: the model from which the artefacts were made.
        artefacts: the exported files and folders.
        clips: waveforms, float32 [batch, samples], by name. Samples that are not finite count as zero, as
            they do in an exported model.

    Returns:
        JSON values: "artefacts", for each its size, the worst error and cosine of all clips, the requirement,
        the interpreter that ran it, and the figures of each clip.

    Raises:
        VerificationError: an artefact cannot be run, or answers otherwise; the text has the table of all.
    """
    model = exportable(model)
    embedder = model.embedder
    finite = {name: np.nan_to_num(clip, nan=0.0, posinf=0.0, neginf=0.0) for name, clip in clips.items()}
    with full_float32():
        expected = {name: _as_arrays(model(tf.constant(clip))) for name, clip in finite.items()}
        log_mels = {name: embedder.frontend(tf.constant(clip)).numpy() for name, clip in finite.items()}
    # What is too short for a frame, the embedder lengthens as a waveform.
    fewest = embedder.encoder.stride
    long_enough = {name: log_mel for name, log_mel in log_mels.items() if log_mel.shape[1] >= fewest}
    inputs = {"waveform": clips, "logmel": long_enough}
    entries = {}
    for artefact in artefacts:
        given, wanted = inputs[artefact.input], expected
        if artefact.window:
            given = {name: _fitted(clip, artefact.window) for name, clip in finite.items()}
            with full_float32():
                wanted = {name: _as_arrays(model(tf.constant(clip))) for name, clip in given.items()}
        entries[artefact.name] = _compare(artefact, given, wanted, model.of_probabilities)
    report = {"artefacts": entries}
    failed = [name for name, entry in report["artefacts"].items() if not entry["passed"]]
    if failed:
        raise VerificationError(
            f"An exported model must answer as the Keras model does. Received: {', '.join(failed)} out of "
            f"tolerance; nothing was kept.\n{table(report)}"
        )
    return report


def judge(precision: str, error: float, cosine: float, of_probabilities: bool = False) -> tuple[bool, str]:
    """Compares the figures of an exported model with the tolerance of its precision.

    Args:
        precision: a key of `LARGEST_ERROR` or `LOWEST_COSINE`.
        error: largest error, relative to the largest value of the output.
        cosine: lowest cosine between an embedding and that of the Keras model.
        of_probabilities: whether the output is of probabilities, and the error their largest difference.

    Returns:
        Whether it passes, and the requirement as text.
    """
    if of_probabilities:
        limit = LARGEST_DIFFERENCE[precision]
        return bool(error < limit), f"error < {limit:g}"
    if precision in LARGEST_ERROR:
        limit = LARGEST_ERROR[precision]
        return bool(error < limit), f"error < {limit:g}"
    limit = LOWEST_COSINE[precision]
    return bool(cosine > limit), f"cosine > {limit:g}"


def table(report: dict) -> str:
    """Returns the report of `verify` as text, with one line for each artefact."""
    lines = [f"{'':<40}{'MB':>8}{'largest error':>15}{'lowest cosine':>15}  required"]
    for name, entry in report["artefacts"].items():
        lines.append(
            f"{name:<40}{entry['bytes'] / 1e6:>8.2f}{entry['largest_error']:>15.1e}"
            f"{entry['lowest_cosine']:>15.6f}  {entry['required']}{'' if entry['passed'] else '  FAILED'} "
            f"({entry['run_by']})"
        )
    clips = max(len(entry["clips"]) for entry in report["artefacts"].values())
    lines.append(
        f"Worst of {clips} sounds, each run twice. Error: relative to the largest value of the output, of "
        "probabilities their difference."
    )
    return "\n".join(lines)


def _fitted(clip, samples):
    """The beginning of the first of some clips, [1, samples], with zeros beyond its end."""
    beginning = clip[:1, :samples]
    return np.pad(beginning, [(0, 0), (0, samples - beginning.shape[1])])


def _as_arrays(output):
    return {name: np.asarray(value) for name, value in output.items()}


def _compare(artefact, inputs, expected, of_probabilities):
    single = artefact.precision == "full_int8"
    names = [name for name, clip in inputs.items() if len(clip) == 1 or not single]
    # There and back: an interpreter may be wrong only after certain changes of the shape.
    names += reversed(names)
    outputs, run_by = _run_in_fresh_process(artefact, [inputs[name] for name in names])
    clips = {}
    for name, output in zip(names, outputs, strict=True):
        clip = clips.setdefault(name, {"largest_error": 0.0, "lowest_cosine": 1.0})
        for key, value in expected[name].items():
            error, cosine = _error_and_cosine(output[key], value, 1.0 if of_probabilities else None)
            clip["largest_error"] = max(clip["largest_error"], error)
            clip["lowest_cosine"] = min(clip["lowest_cosine"], cosine)
    error = max(clip["largest_error"] for clip in clips.values())
    cosine = min(clip["lowest_cosine"] for clip in clips.values())
    passed, required = judge(artefact.precision, error, cosine, of_probabilities)
    return {
        "bytes": artefact.size(),
        "largest_error": error,
        "lowest_cosine": cosine,
        "required": required,
        "passed": passed,
        "run_by": run_by,
        "clips": clips,
    }


def _error_and_cosine(actual, expected, scale=None):
    """Returns the error relative to `scale`, else to the largest value, and the lowest cosine of all."""
    if actual.shape != expected.shape or not np.isfinite(actual).all():
        return float("inf"), -1.0
    actual, expected = actual.astype(np.float64), expected.astype(np.float64)
    # Two vectors of zeros are equal.
    tiny = np.finfo(np.float32).tiny
    norms = np.linalg.norm(actual, axis=-1) * np.linalg.norm(expected, axis=-1)
    cosines = ((actual * expected).sum(-1) + tiny) / (norms + tiny)
    error = np.abs(actual - expected).max() / (scale or max(np.abs(expected).max(), tiny))
    return float(error), float(cosines.min())


def _run_in_fresh_process(artefact, inputs):
    """Returns the outputs for each input, and the interpreter that computed them."""
    kind = "saved_model" if artefact.precision == "saved_model" else "litert"
    with tempfile.TemporaryDirectory() as folder:
        files = [os.path.join(folder, name) for name in ("inputs.npz", "outputs.npz")]
        np.savez(files[0], *inputs)
        process = subprocess.run(
            [sys.executable, "-I", _RUNNER, kind, artefact.path, *files],
            capture_output=True,
            text=True,
            check=False,
        )
        if process.returncode:
            raise VerificationError(
                f"An exported model must run. Received: {artefact.name} ended with status "
                f"{process.returncode}: {process.stderr.strip().rpartition(chr(10))[2]}"
            )
        with np.load(files[1]) as arrays:
            outputs = [{} for _ in inputs]
            for key in arrays:
                place, _, name = key.partition("/")
                outputs[int(place.removeprefix("arr_"))][name] = arrays[key]
    return outputs, process.stdout.splitlines()[-1]
