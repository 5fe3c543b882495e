"""Loads a PyTorch state dict into a Keras model whose layers bear PyTorch's names."""

from collections.abc import Collection, Mapping

import keras
import numpy as np

from byola_keras.torch_files.weights import BATCH_NORMALIZATION, IGNORED_SUFFIX

_KERNEL_AND_BIAS = {"weight": "kernel", "bias": "bias"}
# PyTorch's [out, in, height, width] and [out, in] to Keras's [height, width, in, out] and [in, out].
_AXES = {4: (2, 3, 1, 0), 2: (1, 0), 1: (0,)}


def load_named_layers(
    model: keras.Model, arrays: Mapping[str, np.ndarray], unused: Collection[str] = ()
) -> None:
    """Sets the weights of a built model of convolutions, dense layers and batch normalisations.

    A layer named "fc.0" takes "fc.0.weight" and "fc.0.bias". Images are [batch, channel, height, width] in
    PyTorch and [batch, height, width, channel] in Keras. Nothing is set unless all names and shapes fit.

    Args:
        model: a built model, the layers of which have the names of PyTorch's modules.
        arrays: arrays by the names of the state dict, see `read_torch_file`.
        unused: beginnings of names that the model has no use for, such as "fc_audioset.".

    Raises:
        ValueError: a name is missing or left over, a shape does not fit, or a weight is no finite number.
    """
    variables = {}
    for layer in model.layers:
        variables |= _variables(layer)
    given = {name for name in arrays if not name.endswith(IGNORED_SUFFIX)}
    given = {name for name in given if not name.startswith(tuple(unused))}
    missing, left_over = sorted(variables.keys() - given), sorted(given - variables.keys())
    if missing or left_over:
        raise ValueError(
            f"The names of the weights must be those of {model.name}. Received: missing={missing[:6]}, "
            f"unused={left_over[:6]}; take the file that the documentation of this model names."
        )
    values = {name: _keras_layout(name, arrays[name], variable) for name, variable in variables.items()}
    for name, variable in variables.items():
        variable.assign(values[name])


def _variables(layer):
    """The variables of a layer by the names that PyTorch gives them."""
    normalizes = isinstance(layer, keras.layers.BatchNormalization)
    names = BATCH_NORMALIZATION if normalizes else _KERNEL_AND_BIAS
    found = {theirs: getattr(layer, ours, None) for theirs, ours in names.items()}
    return {f"{layer.name}.{name}": variable for name, variable in found.items() if variable is not None}


def _keras_layout(name, array, variable):
    value = np.transpose(array, _AXES[array.ndim]) if array.ndim in _AXES else array
    if value.shape != tuple(variable.shape):
        raise ValueError(
            f"The weight {name!r} must have the Keras shape {tuple(variable.shape)}. Received: {value.shape} "
            f"(PyTorch {array.shape})"
        )
    if not np.isfinite(value).all():
        raise ValueError(f"All weights must be finite numbers. Received: NaN or infinity in {name!r}")
    return value
