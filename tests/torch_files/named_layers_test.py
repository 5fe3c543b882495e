import keras
import numpy as np
import pytest

from byola_keras.torch_files.named_layers import load_named_layers


@pytest.fixture
def model():
    inputs = keras.Input((5, 4, 1))
    x = keras.layers.Conv2D(2, (3, 2), name="features.0")(inputs)
    x = keras.layers.BatchNormalization(name="norm")(x)
    return keras.Model(inputs, keras.layers.Dense(3, use_bias=False, name="fc.0")(x), name="Small")


def arrays():
    shapes = {"features.0.weight": (2, 1, 3, 2), "features.0.bias": (2,), "fc.0.weight": (3, 2)}
    shapes |= {f"norm.{name}": (2,) for name in ("weight", "bias", "running_mean", "running_var")}
    draws = np.random.default_rng(0)
    drawn = {name: draws.normal(size=shape).astype("float32") for name, shape in shapes.items()}
    return {**drawn, "norm.num_batches_tracked": np.array(3), "head.weight": np.zeros(3, "float32")}


def test_kernels_change_their_axes(model):
    given = arrays()
    load_named_layers(model, given, unused=["head."])
    kernel = model.get_layer("features.0").kernel.numpy()
    assert kernel[2, 1, 0, 1] == given["features.0.weight"][1, 0, 2, 1]
    np.testing.assert_array_equal(model.get_layer("fc.0").kernel, given["fc.0.weight"].T)
    np.testing.assert_array_equal(model.get_layer("norm").moving_variance, given["norm.running_var"])
    np.testing.assert_array_equal(model.get_layer("norm").gamma, given["norm.weight"])


def test_names_shapes_and_values_must_fit_or_nothing_is_set(model):
    before = [weight.numpy() for weight in model.weights]
    given = arrays()
    with pytest.raises(ValueError, match=r"those of Small. Received: missing=\[\], unused=\['head.weight'\]"):
        load_named_layers(model, given)
    del given["head.weight"]
    without = {name: array for name, array in given.items() if name != "norm.weight"}
    with pytest.raises(ValueError, match=r"missing=\['norm.weight'\], unused=\[\]"):
        load_named_layers(model, without)
    wrong = {**given, "fc.0.weight": np.zeros((3, 5), "float32")}
    with pytest.raises(
        ValueError, match=r"'fc.0.weight' must have the Keras shape \(2, 3\). Received: \(5, 3\)"
    ):
        load_named_layers(model, wrong)
    with pytest.raises(ValueError, match="NaN or infinity in 'norm.bias'"):
        load_named_layers(model, {**given, "norm.bias": np.full(2, np.nan, "float32")})
    for old, weight in zip(before, model.weights, strict=True):
        np.testing.assert_array_equal(old, weight)
