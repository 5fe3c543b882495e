"""LiteRT (TensorFlow Lite) files from waveforms to embeddings, intermediate tensors included."""

import os
import warnings

import numpy as np

from byola_keras.evaluation.representations.content_hash import hash_of, hash_of_files
from byola_keras.evaluation.representations.loaders.outputs import (
    as_features,
    chosen_output,
    joined,
    split_place,
    stem,
)
from byola_keras.evaluation.representations.representation import Representation
from byola_keras.evaluation.representations.settings import split_settings
from byola_keras.processes import available_cores

_MAX_RANK = 3


class LitertRepresentation(Representation):
    """A LiteRT file whose input is a waveform: [samples], [batch, samples] or [batch, samples, 1].

    Args:
        file: path of the .tflite file.
        tensor: name of an output, as the signature or the file calls it, or of any tensor inside; empty for
            the only output, or the one called scene, embedding or embeddings.
        arguments: of `Representation`, but `content`. A file that takes a fixed number of samples has a
            window of that length.

    Raises:
        FileNotFoundError: there is no file.
        ValueError: it is no LiteRT file, has no such tensor, or takes no waveform.
    """

    def __init__(self, file: str, tensor: str = "", **arguments):
        if not os.path.isfile(file):
            raise FileNotFoundError(
                f"`litert` must be a .tflite file. Received: {file!r}, which is not there"
            )
        self._interpreter, self._output = _open(file, tensor)
        self._input, self._axis, self._batches, length = _input(self._interpreter, file)
        if length and not arguments.get("window_seconds"):
            arguments["window_seconds"] = length / arguments["sample_rate"]
        super().__init__(content=hash_of(hash_of_files([file]), tensor), **arguments)
        if length and self._samples(self.window_seconds) != length:
            raise ValueError(
                f"`window_seconds` must be the {length} samples that the file takes. Received: "
                f"window_seconds={self.window_seconds} at {self.sample_rate} Hz for {file}"
            )
        self._shape = None

    def features(self, waveforms):
        if self._batches:
            return as_features(self._run(waveforms))
        outputs = [self._run(waveform[None]) for waveform in waveforms]
        return as_features(joined(outputs, batches_of_one=self._axis == 1))

    def _run(self, waveforms):
        value = waveforms if self._axis else waveforms[0]
        value = value[..., None] if len(self._input["shape"]) == _MAX_RANK else value
        if value.shape != self._shape:
            self._interpreter.resize_tensor_input(self._input["index"], value.shape)
            self._interpreter.allocate_tensors()
            self._shape = value.shape
        self._interpreter.set_tensor(self._input["index"], np.ascontiguousarray(value))
        self._interpreter.invoke()
        return self._interpreter.get_tensor(self._output)


def load_litert(text: str) -> LitertRepresentation:
    """Makes the representation of FILE[:tensor], with settings behind it, see `split_settings`."""
    settings = split_settings(text, ())
    file, tensor = split_place(settings.place, 1)
    return LitertRepresentation(file, tensor, **settings.arguments(name=stem(file, ("model",))))


def interpreter(file: str, **options):
    """An interpreter of ai-edge-litert, or of TensorFlow where that is not installed.

    Raises:
        ValueError: the file is no LiteRT file.
    """
    try:
        from ai_edge_litert.interpreter import Interpreter  # noqa: PLC0415
    except ImportError:
        import tensorflow as tf  # noqa: PLC0415

        Interpreter = tf.lite.Interpreter  # noqa: N806
    try:
        with warnings.catch_warnings():
            # That keeping all tensors takes memory: what lies inside cannot be had without.
            warnings.simplefilter("ignore", UserWarning)
            return Interpreter(file, num_threads=available_cores(), **options)
    except (ValueError, RuntimeError) as error:
        raise ValueError(f"`litert` must be a LiteRT file. Received: {file!r}: {error}") from error


def _open(file, tensor):
    """An interpreter, and the number of the tensor that is wanted."""
    opened = interpreter(file)
    outputs = {}
    for signature in opened.get_signature_list():
        outputs |= opened.get_signature_runner(signature).get_output_details()
    # By the names of the file too, which are often all that there is.
    by_file = {output["name"]: output for output in opened.get_output_details()}
    if tensor in by_file or not outputs:
        outputs = by_file
    if not tensor or tensor in outputs:
        name = chosen_output(outputs, tensor, f"the file {file}")
        return opened, outputs[name]["index"]
    # What lies inside is overwritten as soon as possible, unless it is kept: slower, so only then.
    opened = interpreter(file, experimental_preserve_all_tensors=True)
    inside = {found["name"]: found["index"] for found in opened.get_tensor_details() if found["name"]}
    # The outputs first, as the error should name them first.
    return opened, inside[chosen_output([*outputs, *inside], tensor, f"the file {file}")]


def _input(opened, file):
    """The input, the axis of its samples, whether it takes any batch, and its samples (None for any)."""
    inputs = opened.get_input_details()
    (found,) = inputs if len(inputs) == 1 else (None,)
    shape = [] if found is None else [int(size) for size in found["shape_signature"]]
    fits = len(shape) in (1, 2) or (len(shape) == _MAX_RANK and shape[2] == 1)
    if not fits or found["dtype"] != np.float32:
        described = ", ".join(f"{i['name']} {i['dtype'].__name__} {i['shape'].tolist()}" for i in inputs)
        raise ValueError(
            "A LiteRT file must take one waveform, float32 [samples], [batch, samples] or [batch, samples, "
            f"1]. Received: {file}, which takes {described}; a Python function can make what it takes, see "
            "python:MODULE:FUNCTION."
        )
    axis = min(len(shape) - 1, 1)
    # A size of 1 is what converters leave where any length goes.
    return found, axis, axis == 1 and shape[0] < 0, shape[axis] if shape[axis] > 1 else None
