"""TensorFlow SavedModels from waveforms to embeddings, of whatever program."""

import json
import os

import numpy as np
import tensorflow as tf

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

_DEFAULT_SIGNATURE = "serving_default"
# Where our own exports say what they are.
_CARD = os.path.join("assets", "model_card.json")
_FILES = ("saved_model.pb", "saved_model.pbtxt")
_BATCH_RANK = 2


class SavedModelRepresentation(Representation):
    """A SavedModel whose function takes waveforms, float [batch, samples] or [samples].

    A function that also takes `sample_rate`, as TRILL's does, is told it. A function that takes one waveform
    gets the clips of a batch one by one.

    Args:
        folder: folder of the SavedModel; one of TensorFlow Serving with versions stands for its highest.
        signature: name of a signature, or of a function that the object has; empty for "serving_default" or,
            without that, the object itself, which must be callable.
        output: name of the output, or its number where outputs have none; empty for the only one, or the
            one called scene, embedding or embeddings.
        arguments: of `Representation`, but `content`. A function that takes a fixed number of samples has a
            window of that length.

    Raises:
        FileNotFoundError: there is no SavedModel.
        ValueError: it has no such signature or output, or takes no waveforms.
    """

    def __init__(self, folder: str, signature: str = "", output: str = "", **arguments):
        folder = find_saved_model(folder)
        self._model = tf.saved_model.load(folder)  # Its functions live as long as it does.
        self._function, inputs = _function(self._model, signature, folder)
        length = None
        if inputs is not None:
            self._call, length = _call_of_signature(self._function, inputs, folder)
            if length and not arguments.get("window_seconds"):
                arguments["window_seconds"] = length / arguments["sample_rate"]
        content = hash_of(hash_of_files([folder]), signature, output)
        super().__init__(content=content, **arguments)
        if length and self._samples(self.window_seconds) != length:
            raise ValueError(
                f"`window_seconds` must be the {length} samples that the function takes. Received: "
                f"window_seconds={self.window_seconds} at {self.sample_rate} Hz for {folder}"
            )
        trial = np.zeros((1, self._samples(self.window_seconds or 1.0)), np.float32)
        if inputs is None:
            self._call = self._find_call(trial, folder)
        found = _named(self._call(trial, self.sample_rate))
        self._output = chosen_output(sorted(found), output, f"the function of {folder}")

    def features(self, waveforms):
        return as_features(np.asarray(_named(self._call(waveforms, self.sample_rate))[self._output]))

    def _find_call(self, trial, folder):
        """What is callable without a signature says only by its errors how it is called."""
        problems = []
        calls = [lambda w, rate: self._function(w), self._function]
        for call in [*calls, *(_one_by_one(call) for call in calls)]:
            try:
                call(trial, self.sample_rate)
            except (TypeError, ValueError, tf.errors.OpError) as error:
                problems.append(str(error).splitlines()[0])
            else:
                return call
        raise ValueError(
            "A SavedModel must take waveforms [batch, samples] or [samples], and at most the sample rate "
            f"besides. Received: {folder}, which fails with: {problems[0]}"
        )


def load_saved_model(text: str) -> SavedModelRepresentation:
    """Makes the representation of FOLDER[:signature:output], with settings behind it, see `split_settings`.

    The sample rate of a model that this project exported is known. `FOLDER::output` is an output of the
    default signature.
    """
    settings = split_settings(text, ())
    folder, signature, output = split_place(settings.place, 2)
    rate = _card(find_saved_model(folder)).get("sample_rate")
    arguments = settings.arguments(name=stem(folder, ("saved_model", "model")), sample_rate=rate)
    return SavedModelRepresentation(folder, signature, output, **arguments)


def find_saved_model(folder: str) -> str:
    """The folder with the file of a SavedModel: `folder`, or that of the highest version in it.

    Raises:
        FileNotFoundError: there is none.
    """
    versions = []
    if os.path.isdir(folder):
        versions = sorted((name for name in os.listdir(folder) if name.isdigit()), key=int, reverse=True)
    for place in [folder, *(os.path.join(folder, version) for version in versions[:1])]:
        if any(os.path.isfile(os.path.join(place, name)) for name in _FILES):
            return place
    raise FileNotFoundError(
        f"`savedmodel` must be a folder with {_FILES[0]}, or with versions of one. Received: {folder!r}"
    )


def _card(folder):
    path = os.path.join(folder, _CARD)
    if not os.path.isfile(path):
        return {}
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def _function(model, signature, folder):
    """The function that is meant, and the named inputs of a signature; None for what is no signature."""
    signatures = model.signatures
    name = signature or _DEFAULT_SIGNATURE
    if name in signatures:
        return signatures[name], signatures[name].structured_input_signature[1]
    if signature and callable(getattr(model, signature, None)):
        return getattr(model, signature), None
    if not signature and callable(model):
        return model, None
    raise ValueError(
        f"`signature` must be one that the SavedModel has ({', '.join(signatures) or 'it has none'}), or a "
        f"function of its object. Received: {signature or 'none'} for {folder}"
    )


def _call_of_signature(function, inputs, folder):
    """How a signature is called, and the number of samples that it takes; None for any."""
    waveforms = [name for name, spec in inputs.items() if spec.dtype.is_floating]
    others = sorted(set(inputs) - set(waveforms))
    shape = inputs[waveforms[0]].shape if waveforms else None
    if len(waveforms) != 1 or others not in ([], ["sample_rate"]) or (shape.rank or 1) > _BATCH_RANK:
        described = ", ".join(f"{name} {spec.dtype.name} {spec.shape}" for name, spec in inputs.items())
        raise ValueError(
            "A SavedModel must take waveforms [batch, samples] or [samples], and at most the sample rate "
            f"besides. Received: {folder}, which takes {described}"
        )
    rates = {name: inputs[name].dtype for name in others}

    def call(waveforms_, rate):
        scalars = {name: tf.constant(rate, kind) for name, kind in rates.items()}
        return function(**{waveforms[0]: tf.constant(waveforms_)}, **scalars)

    single = shape.rank == 1 or (shape.rank == _BATCH_RANK and shape[0] == 1)
    if single:
        call = _one_by_one(call, keep_axis=shape.rank == _BATCH_RANK)
    return call, shape[-1] if shape.rank else None


def _one_by_one(call, keep_axis=False):
    """Calls for each clip [samples], or [1, samples] with `keep_axis`, and stacks the outputs."""

    def call_all(waveforms, rate):
        clips = waveforms[:, None] if keep_axis else waveforms
        outputs = [_named(call(clip, rate)) for clip in clips]
        arrays = {name: [np.asarray(output[name]) for output in outputs] for name in outputs[0]}
        return {name: joined(values, keep_axis) for name, values in arrays.items()}

    return call_all


def _named(outputs):
    """Outputs by name; those of a list by their number."""
    if isinstance(outputs, dict):
        return outputs
    outputs = outputs if isinstance(outputs, (list, tuple)) else [outputs]
    return {str(number): output for number, output in enumerate(outputs)}
