"""Five training steps against the original implementation, and what a train step must keep."""

import types

import keras
import numpy as np
import pytest
import tensorflow as tf

import byola_keras
from byola_keras.models.training_batch import unpack
from byola_keras.torch_files.weights import (
    encoder_weight_names,
    head_weight_names,
    load_torch_head,
    load_torch_weights,
    to_keras_layout,
)
from tests import reference
from tests.factories import noise, tiny_byol


@keras.saving.register_keras_serializable(package="byola_keras_tests")
class Recorded(keras.layers.Layer):
    """Stands in for front end and augmentation: splits recorded pairs of views."""

    def call(self, pair):
        return pair[:, 0], pair[:, 1]

    def compute_output_shape(self, input_shape):
        shape = (input_shape[0], *input_shape[2:])
        return shape, shape


class Pass(keras.layers.Layer):
    def call(self, x):
        return x

    def compute_output_shape(self, input_shape):
        # The encoder sees one view of [batch, 2, T, F].
        return (input_shape[0], *input_shape[-2:])


def parts(model):
    """The networks of a model by their PyTorch prefixes, with a function of their weights' names."""
    networks = {
        "online_encoder.net.": (model.encoder, encoder_weight_names, load_torch_weights),
        "online_encoder.projector.": (model.projector, head_weight_names, load_torch_head),
        "target_encoder.net.": (model.target_encoder, encoder_weight_names, load_torch_weights),
        "target_encoder.projector.": (model.target_projector, head_weight_names, load_torch_head),
    }
    if model.use_predictor:
        networks["online_predictor."] = (model.predictor, head_weight_names, load_torch_head)
    return networks


def named_weights(model):
    return {
        prefix + name: variable
        for prefix, (network, names, _) in parts(model).items()
        for name, variable in names(network).items()
    }


class BeforeStep(byola_keras.BYOL):
    """Moves the target before the optimizer's update, as the original code's training hook did."""

    def _loss_and_gradients(self, view_one, view_two):
        results = super()._loss_and_gradients(view_one, view_two)
        super()._update_target()
        return results

    def _update_target(self):
        pass


def reference_model(arrays, config, optimizer, model_class=byola_keras.BYOL, **arguments):
    sizes = config["encoder"]
    encoder = byola_keras.Encoder(
        channels=sizes["base_d"], mlp_units=(sizes["mlp_hidden_d"],) * 2, dropout=0.0
    )
    model = model_class(
        Pass(),
        Pass(),
        Recorded(),
        encoder,
        projection_units=(config["projection_hidden_size"], config["projection_size"]),
        **arguments,
    )
    model.build((None, 2, config["T"], sizes["n_mels"]))
    for prefix, (network, _, load) in parts(model).items():
        load(network, reference.with_prefix(arrays, "init/" + prefix))
    return model, optimizer


def train(model, arrays, config, frozen=(), jit_compile=False, optimizer=None):
    for name in frozen:
        named_weights(model)[name].trainable = False
    model.compile(optimizer, jit_compile=jit_compile)
    views = [
        reference.image_to_log_mel(arrays[f"view{v}"].reshape(-1, *arrays["view1"].shape[2:])) for v in (1, 2)
    ]
    pairs = np.stack(views, axis=1).reshape(config["steps"], config["B"], 2, *views[0].shape[1:])
    losses = []

    class Record(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            losses.append(float(logs["loss"]))

    dataset = tf.data.Dataset.from_tensor_slices(pairs)
    model.fit(dataset, epochs=1, verbose=0, callbacks=[Record()], shuffle=False)
    return np.array(losses)


def adam(config):
    return byola_keras.Adam(config["adam"]["lr"])


def differences(model, arrays, prefix, kind):
    """Absolute differences of all parameters of "online" or "target", zero-gradient ones left out."""
    skipped = {name.split(".", 1)[1] for name in arrays["zero_grad_params"]}
    found = []
    for name, variable in named_weights(model).items():
        if not name.startswith(kind) or "running" in name or name.split(".", 1)[1] in skipped:
            continue
        found.append(np.abs(variable.numpy() - to_keras_layout(arrays[prefix + name])).ravel())
    return np.concatenate(found)


@pytest.mark.parametrize("jit_compile", [False, True])
def test_five_steps_equal_the_original(jit_compile):
    """The strict test: parameters without a gradient held still, moving average after the update."""
    arrays, config = reference.load("byol_steps")
    model, optimizer = reference_model(arrays, config, adam(config))
    losses = train(model, arrays, config, arrays["zero_grad_params"], jit_compile, optimizer)
    np.testing.assert_allclose(losses[0], arrays["loss_frozen_after_step"][0], atol=2e-5, rtol=0)
    np.testing.assert_allclose(losses, arrays["loss_frozen_after_step"], atol=5e-5, rtol=0)
    online = differences(model, arrays, "final_frozen_after_step/", "online")
    assert np.quantile(online, 0.99) <= 2e-4
    assert np.median(online) <= 1e-6
    target = differences(model, arrays, "final_frozen_after_step/", "target")
    assert np.quantile(target, 0.99) <= 2e-6
    # The other order of the moving average is 2e-5 away in the median: this is not it.
    assert np.median(differences(model, arrays, "final_frozen_before_step/", "target")) > 1e-5
    for name, variable in named_weights(model).items():
        expected = arrays["final_frozen_after_step/" + name]
        if name.endswith("running_var"):
            np.testing.assert_allclose(variable, expected, atol=5e-5, rtol=0, err_msg=name)
        if name.endswith("running_mean"):
            np.testing.assert_allclose(variable, expected, atol=1e-3, rtol=0, err_msg=name)


@pytest.mark.parametrize(
    ("name", "arguments", "tolerance"),
    [
        ("after_step", {}, 1e-3),
        ("tau1", {"target_decay": 1.0}, 5e-5),
        ("tau0_after_step", {"target_decay": 0.0}, 3e-2),
        ("before_step", {"model_class": BeforeStep}, 1e-3),
        ("nopredictor", {"model_class": BeforeStep, "use_predictor": False}, 5e-5),
    ],
)
def test_variants_equal_the_original(name, arguments, tolerance):
    arrays, config = reference.load("byol_steps")
    model, optimizer = reference_model(arrays, config, adam(config), **arguments)
    losses = train(model, arrays, config, optimizer=optimizer)
    np.testing.assert_allclose(losses, arrays[f"loss_{name}"], atol=tolerance, rtol=0)
    if f"final_{name}/online_predictor.net.0.weight" in arrays:
        assert np.quantile(differences(model, arrays, f"final_{name}/", "online"), 0.99) <= 2e-4
        assert np.quantile(differences(model, arrays, f"final_{name}/", "target"), 0.99) <= 2e-6


def test_gradients_equal_the_original():
    arrays, config = reference.load("byol_steps")
    model, _ = reference_model(arrays, config, None)
    model.compile(keras.optimizers.SGD(1.0))
    views = [reference.image_to_log_mel(arrays[f"view{v}"][0]) for v in (1, 2)]
    _, _, gradients = model._loss_and_gradients(*views)
    by_variable = {id(v): g for v, g in zip(model.trainable_variables, gradients, strict=True)}
    compared = 0
    for name, variable in named_weights(model).items():
        if "grad1/" + name in arrays and name not in arrays["zero_grad_params"]:
            expected = to_keras_layout(arrays["grad1/" + name])
            error = np.abs(by_variable[id(variable)] - expected).max()
            assert error <= 1e-4 * np.abs(expected).max(), name
            compared += 1
    assert compared == 19


def waveforms(batch=8, seed=0):
    return noise(batch, 4000, seed=seed)


def test_bad_decay():
    with pytest.raises(ValueError, match=r"\[0, 1\]. Received: target_decay=1.5"):
        tiny_byol(target_decay=1.5)


def test_target_starts_equal_and_is_never_trained():
    model = tiny_byol()
    pairs = model._moving_average.pairs
    assert len(pairs) == 12 + 6
    for online, target in pairs:
        np.testing.assert_array_equal(online, target)
        assert not any(target is variable for variable in model.trainable_variables)
    model.compile(byola_keras.Adam(1e-3))
    before = [target.numpy() for _, target in pairs]
    statistics = model.target_projector.normalization.moving_mean.numpy()
    memory = int(model.augmentation.layers[0].seen)
    model.fit(tf.data.Dataset.from_tensors(waveforms()), verbose=0)
    for (online, target), old in zip(pairs, before, strict=True):
        np.testing.assert_allclose(target, 0.99 * old + 0.01 * online.numpy(), atol=1e-6)
    # Training mode: the target's batch statistics move too. The memory grows once a step.
    assert np.abs(model.target_projector.normalization.moving_mean - statistics).max() > 0
    assert int(model.augmentation.layers[0].seen) == memory + 8
    assert len(model.optimizer.variables) == 2 + 2 * len(model.trainable_variables)


def test_target_draws_other_dropout_masks():
    model = tiny_byol()
    x = np.random.default_rng(0).normal(size=(2, 26, 16)).astype("float32")
    online = model.encoder(x, training=True)["scene"]
    model.target_projector = types.SimpleNamespace(of_views=lambda scenes, training: scenes)
    assert np.abs(online - model._targets([x], training=True)[0]).max() > 1e-3


def test_keras_file_round_trip_trains_on(tmp_path):
    model = tiny_byol()
    model.compile(byola_keras.Adam(1e-3))
    dataset = tf.data.Dataset.from_tensors(waveforms()).repeat(3)
    model.fit(dataset, verbose=0)
    model.save(tmp_path / "byol.keras")
    loaded = keras.saving.load_model(tmp_path / "byol.keras")
    np.testing.assert_array_equal(loaded(waveforms())["scene"], model(waveforms())["scene"])
    histories = [each.fit(dataset, verbose=0).history["loss"] for each in (model, loaded)]
    np.testing.assert_allclose(histories[0], histories[1], rtol=1e-6)


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_mixed_precision(policy):
    keras.config.set_dtype_policy(policy)
    model = tiny_byol()
    model.compile(byola_keras.Adam(1e-3))
    losses = [
        model.fit(tf.data.Dataset.from_tensors(waveforms()), verbose=0).history["loss"][0] for _ in range(8)
    ]
    assert np.isfinite(losses).all() and losses[-1] < losses[0]
    assert model.normalized_log_mel(waveforms()).dtype == tf.float32
    assert model.encoder(model.normalized_log_mel(waveforms()))["scene"].dtype == policy[6:]
    if policy == "mixed_float16":
        assert isinstance(model.optimizer, keras.optimizers.LossScaleOptimizer)


def test_metrics_are_those_of_the_step():
    model = tiny_byol()
    model.compile(byola_keras.Adam(1e-3))
    seen = []

    class Record(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            seen.append({name: float(value) for name, value in logs.items()})

    times = np.linspace(1e9, 1e9 + 0.5, 8)
    dataset = tf.data.Dataset.from_tensors({"waveforms": waveforms(), "ready": times}).repeat(4)
    model.fit(dataset, verbose=0, callbacks=[Record()], shuffle=False)
    assert len({metrics["loss"] for metrics in seen}) == 4
    assert all(0 < metrics["projection_std"] <= 1 for metrics in seen)
    assert all(metrics["data_ready"] == 1e9 + 0.5 for metrics in seen)
    np.testing.assert_allclose([m["cosine"] for m in seen], [1 - m["loss"] / 4 for m in seen], atol=1e-6)


def test_16_bit_waveforms_are_the_floats_that_they_stand_for():
    samples = np.random.default_rng(0).integers(-32768, 32768, (4, 4000)).astype(np.int16)
    floats, second, ready = unpack(tf.constant(samples))
    assert floats.dtype == tf.float32 and second is None and ready is None
    np.testing.assert_array_equal(floats, samples.astype(np.float32) / 32768)
    both = unpack({"waveforms": samples, "second_waveforms": samples[::-1], "ready": None})
    np.testing.assert_array_equal(both.waveforms, floats)
    np.testing.assert_array_equal(both.second_waveforms, floats[::-1])
    assert unpack(floats).waveforms is floats
