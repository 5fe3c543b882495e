"""Loads weights of the PyTorch implementation into encoders and projection heads."""

import os
from collections.abc import Mapping

import numpy as np

from byola_keras.torch_files.checkpoint import encoder_weights
from byola_keras.torch_files.reader import read_torch_file

BATCH_NORMALIZATION = {
    "weight": "gamma",
    "bias": "beta",
    "running_mean": "moving_mean",
    "running_var": "moving_variance",
}
# PyTorch counts batches for a kind of momentum that is not used here; the count has no counterpart.
IGNORED_SUFFIX = "num_batches_tracked"


def load_torch_weights(encoder, source: str | os.PathLike | Mapping[str, np.ndarray]) -> None:
    """Sets the weights of a built `Encoder` from a PyTorch checkpoint or state dict; needs no PyTorch.

    Kernels change their layout: PyTorch's [out, in, mel, time] becomes [time, mel, in, out], and [out, in]
    becomes [in, out]. Nothing is set unless all names and shapes fit.

    Args:
        encoder: a built `byola_keras.Encoder`.
        source: path of a .pth or .ckpt file, see `read_torch_file` and `encoder_weights`; or arrays by the
            names of a state dict ("features.0.weight", "fc.0.bias", ...).

    Raises:
        FileNotFoundError: no such file.
        ValueError: a name is missing or left over, a shape does not fit, or the file cannot be read.

    Reference:
        AudioNTT2022 in the authors' code of https://arxiv.org/abs/2204.07402.
    """
    names = encoder_weight_names(encoder)
    if not isinstance(source, Mapping):
        source = encoder_weights(read_torch_file(source))
    _assign(names, source)


def load_torch_head(head, source: Mapping[str, np.ndarray]) -> None:
    """Sets the weights of a built `ProjectionHead` from names "net.0.weight", "net.1.weight", ...

    Args and errors as in `load_torch_weights`.
    """
    _assign(head_weight_names(head), source)


def encoder_weight_names(encoder) -> dict:
    """Returns the Keras variables of an encoder by the PyTorch names of its weights."""
    if not encoder.built:
        raise ValueError(
            "`encoder` must be built before weights are loaded. Received: an unbuilt encoder; "
            "call encoder.build((None, None, 64)) first."
        )
    names = {}
    for block in range(encoder.conv_blocks):
        names |= _kernel_and_bias(f"features.{4 * block}", encoder.convolutions[block])
        names |= _batch_normalization(f"features.{4 * block + 1}", encoder.normalizations[block])
    for position, layer in enumerate(encoder.mlp):
        names |= _kernel_and_bias(f"fc.{3 * position}", layer)
    return names


def head_weight_names(head) -> dict:
    """Returns the Keras variables of a projection head by the PyTorch names of its weights."""
    return {
        **_kernel_and_bias("net.0", head.hidden),
        **_batch_normalization("net.1", head.normalization),
        **_kernel_and_bias("net.3", head.output_layer),
    }


def _kernel_and_bias(prefix, layer):
    return {f"{prefix}.weight": layer.kernel, f"{prefix}.bias": layer.bias}


def _batch_normalization(prefix, layer):
    return {f"{prefix}.{theirs}": getattr(layer, ours) for theirs, ours in BATCH_NORMALIZATION.items()}


def to_keras_layout(array: np.ndarray) -> np.ndarray:
    """Returns a PyTorch weight with the axes as Keras has them, time before mel."""
    return np.transpose(array, (3, 2, 1, 0)) if array.ndim == 4 else np.transpose(array)


def _assign(names, source):
    source = {key: value for key, value in source.items() if not key.endswith(IGNORED_SUFFIX)}
    missing, unused = sorted(names.keys() - source.keys()), sorted(source.keys() - names.keys())
    if missing or unused:
        raise ValueError(
            "The names of `source` must be those of the encoder's weights. "
            f"Received: missing={missing}, unused={unused}; check `conv_blocks`, `mlp_units` and "
            "`features` of the encoder, and strip prefixes such as 'encoder.'."
        )
    arrays = {name: to_keras_layout(np.asarray(source[name])) for name in names}
    for name, variable in names.items():
        if arrays[name].shape != tuple(variable.shape):
            raise ValueError(
                f"The weight '{name}' must have the Keras shape {tuple(variable.shape)}. "
                f"Received: {arrays[name].shape} (PyTorch {np.asarray(source[name]).shape})"
            )
    for name, variable in names.items():
        variable.assign(arrays[name])
