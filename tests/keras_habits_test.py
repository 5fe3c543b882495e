"""What somebody who knows Keras expects to work, works."""

import contextlib
import os

import keras
import numpy as np
import pytest
import tensorflow as tf

import byola_keras
from byola_keras.training.devices import make_strategy
from tests.factories import noise, settled_embedder, tiny_byol, tiny_embedder
from tests.weights import changed, weights_of

LABELS = np.arange(8) % 2


def classifier(embedder):
    waveforms = keras.Input((None,))
    scores = keras.layers.Dense(2, activation="softmax")(embedder(waveforms)["scene"])
    model = keras.Model(waveforms, scores)
    model.compile("sgd", "sparse_categorical_crossentropy")
    return model


# The embedder as a part ---------------------------------------------------------------------------


@pytest.mark.parametrize("devices", [1, 2])
def test_functional_classifier_trains_saves_and_loads(devices, tmp_path):
    with make_strategy(devices).scope() if devices > 1 else contextlib.nullcontext():
        model = classifier(tiny_embedder())
    losses = model.fit(noise(8, 4000), LABELS, epochs=3, verbose=0).history["loss"]
    assert losses[-1] < losses[0]
    model.save(tmp_path / "classifier.keras")
    loaded = keras.saving.load_model(tmp_path / "classifier.keras")
    np.testing.assert_allclose(loaded.predict(noise(3, 4000), verbose=0), model(noise(3, 4000)), atol=1e-6)


def test_sequential_of_scene_model_and_front_end(tmp_path):
    embedder = tiny_embedder()
    model = keras.Sequential([embedder.scene_model(), keras.layers.Dense(2)])
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    before = weights_of(embedder)
    model.fit(noise(8, 4000), LABELS, verbose=0)
    assert changed(embedder, before) >= {"kernel", "bias", "gamma"}
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(loaded(noise(2, 4000)), model(noise(2, 4000)), atol=1e-6)
    front = keras.Sequential([byola_keras.LogMelSpectrogram(n_mels=8), keras.layers.GlobalAveragePooling1D()])
    assert front(noise(2, 4000)).shape == (2, 8)


def test_fine_tuning_trains_dropout_and_batch_statistics_unless_frozen():
    embedder = tiny_embedder(dropout=0.5)
    model, before = classifier(embedder), weights_of(embedder)
    model.fit(noise(8, 4000), LABELS, verbose=0)
    assert changed(embedder, before) == {
        "kernel",
        "bias",
        "gamma",
        "beta",
        "moving_mean",
        "moving_variance",
        "calls",
    }

    embedder.trainable = False
    model, before = classifier(embedder), weights_of(embedder)
    model.fit(noise(8, 4000), LABELS, verbose=0)
    assert changed(embedder, before) == set()
    x = noise(2, 4000)
    np.testing.assert_array_equal(embedder(x, training=True)["scene"], embedder(x)["scene"])


def test_training_argument_is_respected():
    embedder, x = settled_embedder(dropout=0.5), noise(2, 4000)
    plain = embedder(x)["scene"].numpy()
    np.testing.assert_array_equal(embedder(x, training=False)["scene"], plain)
    assert np.abs(embedder(x, training=True)["scene"] - plain).max() > 1e-3
    embedder.encoder.trainable = False
    before = weights_of(embedder)
    embedder(x, training=True)
    assert changed(embedder, before) == set()


@pytest.mark.parametrize("level", [0.1, 0.0])
def test_gradient_reaches_the_waveform_also_at_silence(level):
    embedder, x = tiny_embedder(), tf.constant(noise(2, 4000, level))
    with tf.GradientTape() as tape:
        tape.watch(x)
        loss = tf.reduce_sum(embedder(x)["scene"])
    gradient = tape.gradient(loss, x).numpy()
    assert np.isfinite(gradient).all() and (np.abs(gradient).max() > 0) == (level > 0)


def test_layers_of_symbolic_calls():
    embedder = tiny_embedder()
    for model, shape in ((embedder, (None,)), (embedder.encoder, (None, 64))):
        inputs = keras.Input(shape)
        outputs = model(inputs, layers="all")["layers"]
        sizes = {name: features.shape[-1] for name, features in outputs.items()}
        assert sizes == {"conv_1": 128, "conv_2": 64, "local": 64, "global": 8}
        assert model(inputs, layers=["conv_1"])["layers"].keys() == {"conv_1"}
    with_layers = keras.Model(inputs, embedder.encoder(inputs, layers="all")["layers"])
    x = np.random.default_rng(0).normal(size=(2, 21, 64)).astype("float32")
    for name, features in with_layers(x).items():
        np.testing.assert_allclose(features, embedder.encoder(x, layers="all")["layers"][name], atol=1e-6)


# BYOL in fit --------------------------------------------------------------------------------------


def compiled(optimizer=None, **arguments):
    model = tiny_byol(**arguments)
    model.compile(optimizer or byola_keras.Adam(1e-3))
    return model


class Record(keras.callbacks.Callback):
    """Keeps what callbacks see at the end of each batch."""

    def __init__(self):
        super().__init__()
        self.logs = []

    def on_train_batch_end(self, batch, logs=None):
        self.logs.append({name: float(value) for name, value in logs.items()})


def test_fit_on_an_array_and_history_of_means():
    model, record = compiled(), Record()
    history = model.fit(noise(24, 4000), batch_size=8, epochs=2, verbose=0, callbacks=[record]).history
    assert set(history) == {"loss", "cosine", "projection_std"}
    for name, means in history.items():
        steps = np.array([logs[name] for logs in record.logs]).reshape(2, 3)
        np.testing.assert_allclose(means, steps.mean(axis=1), rtol=1e-5)
        assert len(np.unique(steps)) == 6


def test_evaluate_and_validation_data_change_nothing():
    model = compiled()
    model.fit(noise(16, 4000), batch_size=8, verbose=0)
    before = weights_of(model)
    first = model.evaluate(noise(16, 4000, seed=1), batch_size=8, verbose=0, return_dict=True)
    assert changed(model, before) == set()
    assert first == model.evaluate(noise(16, 4000, seed=1), batch_size=8, verbose=0, return_dict=True)
    assert 0 < first["loss"] < 8 and abs(first["cosine"] - (1 - first["loss"] / 4)) < 1e-6
    history = model.fit(noise(8, 4000), validation_data=(noise(8, 4000, seed=2),), verbose=0).history
    assert "val_loss" in history
    views = model.augmentation.preview(model.normalized_log_mel(noise(8, 4000, seed=2)), seed=0)[-1]
    loss, _ = model._loss_of_views(views, training=False)
    np.testing.assert_allclose(history["val_loss"], float(loss), rtol=1e-5)


class HalfLoss(byola_keras.BYOL):
    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        return 0.5 * super().compute_loss(y=y, y_pred=y_pred)


def test_cosine_is_that_of_the_predictions_whatever_the_loss():
    plain = compiled()
    other = HalfLoss.from_config(plain.get_config())
    other.build((None, 4000))
    other.set_weights(plain.get_weights())
    other.compile("sgd")
    plain, half = (
        model.evaluate(noise(8, 4000), batch_size=8, verbose=0, return_dict=True) for model in (plain, other)
    )
    np.testing.assert_allclose(half["loss"], 0.5 * plain["loss"], rtol=1e-6)
    np.testing.assert_allclose([half["cosine"], 1 - plain["loss"] / 4], plain["cosine"], atol=1e-6)


def test_keras_callbacks_run(tmp_path):
    model = compiled()
    callbacks = [
        keras.callbacks.CSVLogger(str(tmp_path / "log.csv")),
        keras.callbacks.ModelCheckpoint(str(tmp_path / "best.keras"), monitor="val_loss"),
        keras.callbacks.EarlyStopping(monitor="val_loss", patience=5),
        keras.callbacks.TensorBoard(str(tmp_path / "tensorboard")),
    ]
    model.fit(noise(8, 4000), validation_data=(noise(8, 4000),), epochs=2, verbose=0, callbacks=callbacks)
    assert (tmp_path / "log.csv").read_text().splitlines()[0].split(",")[:3] == ["epoch", "cosine", "loss"]
    loaded = keras.saving.load_model(tmp_path / "best.keras")
    np.testing.assert_allclose(loaded(noise(2, 4000))["scene"], model(noise(2, 4000))["scene"], atol=1e-6)
    assert os.listdir(tmp_path / "tensorboard")


def test_weights_file_goes_on_as_the_model(tmp_path):
    model, other = compiled(), compiled()
    model.fit(noise(8, 4000), verbose=0)
    model.save_weights(tmp_path / "model.weights.h5")
    other.load_weights(tmp_path / "model.weights.h5")
    for each in (model, other):
        each.compile(keras.optimizers.SGD(0.1))
    losses = [each.fit(noise(8, 4000), verbose=0).history["loss"] for each in (model, other)]
    np.testing.assert_allclose(losses[0], losses[1], rtol=1e-6)


def test_target_is_never_trained_whatever_is_frozen():
    model = compiled()
    target = {id(weight) for weight in (*model.target_encoder.weights, *model.target_projector.weights)}
    trainable = [weight.path for weight in model.trainable_variables]
    assert len(trainable) == 8 + 4 + 6 + 6
    model.trainable = False
    assert model.trainable_variables == []
    model.trainable = True
    model.target_encoder.trainable = True
    assert [weight.path for weight in model.trainable_variables] == trainable
    assert not target & {id(weight) for weight in (*model.trainable_variables, *model.trainable_weights)}
    assert target <= {id(weight) for weight in model.non_trainable_weights}
    assert target <= {id(variable) for variable in model.non_trainable_variables}
    assert len(model.weights) == len(model.trainable_weights) + len(model.non_trainable_weights)
    model.fit(noise(8, 4000), verbose=0)


def test_target_decay_can_be_changed_while_training():
    model = compiled()
    for decay in (1.0, 0.0):
        model.target_decay = decay
        assert model.target_decay == decay
        before = [np.array(target) for _, target in model._moving_average.pairs]
        model.fit(noise(8, 4000), verbose=0)
        for (online, target), old in zip(model._moving_average.pairs, before, strict=True):
            np.testing.assert_allclose(target, old if decay == 1.0 else online, atol=1e-7)
    with pytest.raises(ValueError, match="Received: target_decay=-0.1"):
        model.target_decay = -0.1


def test_target_decay_by_a_schedule(tmp_path):
    schedule = keras.optimizers.schedules.PolynomialDecay(0.5, 4, 1.0)
    model = compiled(target_decay=schedule)
    seen = []

    class Look(keras.callbacks.Callback):
        def on_train_batch_begin(self, batch, logs=None):
            self.before = [np.array(target) for _, target in model._moving_average.pairs]

        def on_train_batch_end(self, batch, logs=None):
            seen.append(self.model.target_decay)
            for (online, target), old in zip(model._moving_average.pairs, self.before, strict=True):
                expected = seen[-1] * old + (1 - seen[-1]) * online.numpy()
                np.testing.assert_allclose(target, expected, atol=1e-6)

    model.fit(noise(32, 4000), batch_size=8, verbose=0, callbacks=[Look()])
    np.testing.assert_allclose(seen, [0.625, 0.75, 0.875, 1.0])
    with pytest.raises(ValueError, match="build another BYOL for a schedule. Received: target_decay=0.5"):
        model.target_decay = 0.5
    model.save(tmp_path / "byol.keras")
    assert keras.saving.load_model(tmp_path / "byol.keras").target_decay == 1.0


def test_learning_rate_schedule():
    schedule = keras.optimizers.schedules.CosineDecay(1e-3, 4)
    model = compiled(byola_keras.Adam(schedule))
    model.fit(noise(16, 4000), batch_size=8, verbose=0)
    np.testing.assert_allclose(float(model.optimizer.learning_rate), float(schedule(2)), rtol=1e-6)


@pytest.mark.parametrize(
    "arguments",
    [{"loss": "mse"}, {"metrics": ["accuracy"]}, {"loss_weights": [1]}, {"weighted_metrics": ["mse"]}],
)
def test_compile_refuses_what_does_not_fit(arguments):
    name = next(iter(arguments))
    with pytest.raises(ValueError, match=f"`{name}` must be None.*Received: {name}="):
        tiny_byol().compile("adam", **arguments)
    with pytest.raises(ValueError, match="`loss` must be None.*Received: loss='mse'"):
        tiny_byol().compile("adam", "mse")


def test_xla_is_on_only_when_asked_for():
    model = tiny_byol()
    for jit_compile, expected in (("auto", False), (False, False), (True, True)):
        model.compile("adam", jit_compile=jit_compile)
        assert model.jit_step is expected and model.jit_compile is expected


def test_labels_are_refused():
    with pytest.raises(ValueError, match="waveforms alone. Received: labels beside them"):
        compiled().fit(noise(8, 4000), LABELS, verbose=0)


def test_amsgrad_is_refused():
    with pytest.raises(ValueError, match="Received: amsgrad=True"):
        byola_keras.Adam(amsgrad=True)


def test_replicas_need_equal_shares():
    with make_strategy(2).scope():
        model = compiled()
        model.optimizer.build(model.trainable_variables)
    dataset = tf.data.Dataset.from_tensor_slices(noise(11, 4000)).batch(8)
    with pytest.raises(tf.errors.InvalidArgumentError, match="batch with drop_remainder=True"):
        model.fit(dataset, verbose=0)
    # Evaluation draws nothing for a clip and learns no batch statistics.
    assert np.isfinite(model.evaluate(dataset, verbose=0)).all()
