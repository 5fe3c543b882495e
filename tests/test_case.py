"""What every layer has to do, checked in one call."""

import json

import keras
import numpy as np
import pytest
import tensorflow as tf


def run_layer_test(layer, x, tmp_path, output_shape, float32_only=True):
    """Checks shape, serialisation, `.keras` round trip, `tf.data`, XLA and mixed precision.

    Args:
        layer: a fresh layer of one input.
        x: float32 input with a batch axis.
        tmp_path: folder for the file.
        output_shape: the expected shape, or a pair of shapes.
        float32_only: whether the output stays float32 under mixed precision.

    Returns:
        The layer's output.
    """
    config = json.loads(json.dumps(layer.get_config()))

    def fresh():
        return type(layer).from_config(config)

    output = layer(x)
    shapes = keras.tree.map_structure(lambda t: tuple(t.shape), output)
    assert shapes == output_shape
    assert layer.compute_output_shape(x.shape) == output_shape

    _check_same(fresh()(x), output, "config round trip")

    original = _model_around(fresh(), x)
    original(x)
    original.save(tmp_path / "layer.keras")
    loaded = keras.saving.load_model(tmp_path / "layer.keras")
    for ours, theirs in zip(loaded.weights, original.weights, strict=True):
        np.testing.assert_array_equal(ours, theirs, err_msg=".keras round trip")
    _check_same(loaded(x), original(x), "the loaded layer goes on as the saved one")

    _check_same(next(iter(tf.data.Dataset.from_tensors(x).map(fresh()))), output, "tf.data")
    _check_same(tf.function(fresh(), jit_compile=True)(x), output, "XLA")

    keras.config.set_dtype_policy("mixed_bfloat16")
    without_dtype = {name: value for name, value in config.items() if name != "dtype"}
    halves = keras.tree.flatten(type(layer).from_config(without_dtype)(x))
    expected = tf.float32 if float32_only else tf.bfloat16
    assert {half.dtype for half in halves} == {expected}
    keras.config.set_dtype_policy("float32")
    if float32_only:
        with pytest.raises((ValueError, TypeError), match="float32 under every policy. Received: dtype="):
            type(layer).from_config({**config, "dtype": "mixed_bfloat16"})
    return output


def _model_around(layer, x):
    model = keras.Sequential([keras.Input(x.shape[1:]), layer])
    model(x)
    return model


def _check_same(actual, expected, what):
    for one, other in zip(keras.tree.flatten(actual), keras.tree.flatten(expected), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-4, err_msg=what)
