"""What somebody who knows Keras expects to work, works."""

import contextlib
import os

import keras
import numpy as np
import pytest
import tensorflow as tf

import byola_keras
from byola_keras.training.devices import make_strategy
from tests.factories import noise, settled_embedder, tiny_augmentation, tiny_byol, tiny_embedder, tiny_encoder

LABELS = np.arange(8) % 2


def classifier(embedder):
    waveforms = keras.Input((None,))
    scores = keras.layers.Dense(2, activation="softmax")(embedder(waveforms)["scene"])
    model = keras.Model(waveforms, scores)
    model.compile("sgd", "sparse_categorical_crossentropy")
    return model


def weights_of(model):
    return [np.array(weight) for weight in model.weights]


def changed(model, before):
    return {
        weight.path.rpartition("/")[2]
        for weight, old in zip(model.weights, before, strict=True)
        if not np.array_equal(weight, old)
    }


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


# Waveforms ----------------------------------------------------------------------------------------


def test_single_clips_alone_and_in_tf_data():
    embedder, clips = tiny_embedder(), noise(3, 5000)
    expected = embedder(clips)
    for number, clip in enumerate(clips):
        alone = embedder(clip, layers=["conv_1"])
        assert alone["scene"].shape == (72,) and alone["layers"]["conv_1"].shape == (16, 128)
        np.testing.assert_allclose(alone["frames"], expected["frames"][number], atol=1e-5)
    dataset = tf.data.Dataset.from_tensor_slices(clips)
    for mapped in (dataset.map(embedder).batch(3), dataset.batch(3).map(embedder)):
        np.testing.assert_allclose(next(iter(mapped))["scene"], expected["scene"], atol=1e-5)
    frontend = embedder.frontend
    np.testing.assert_allclose(next(iter(dataset.map(frontend))), frontend(clips)[0], atol=1e-5)


LENGTHS = [1, 300, 1024, 1025, 5119, 5120, 5121, 9600]


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"conv_blocks": 1, "pooling": "mean"},
        {"conv_blocks": 4, "pooling": "max", "flatten": "mean_freq"},
        {"features": "local", "flatten": "mean_channel"},
        {"features": "global"},
    ],
)
def test_clips_of_a_padded_batch_are_embedded_as_if_alone(arguments):
    embedder = settled_embedder(**arguments)
    clips = [noise(1, length, seed=length)[0] for length in LENGTHS]
    padded = np.full(
        (len(clips), max(LENGTHS) + 700), 0.9, "float32"
    )  # What lies beyond a clip does not count.
    for row, clip in zip(padded, clips, strict=True):
        row[: len(clip)] = clip
    for output in (embedder(padded, lengths=LENGTHS), embedder.embed(padded, LENGTHS)):
        for number, clip in enumerate(clips):
            alone = embedder(clip[None])
            count = int(embedder.frame_count(len(clip)))
            scale = np.abs(alone["frames"]).max()
            assert alone["frames"].shape[1] == count
            np.testing.assert_allclose(output["scene"][number], alone["scene"][0], atol=1e-5 * scale)
            np.testing.assert_allclose(
                output["frames"][number, :count], alone["frames"][0], atol=1e-5 * scale
            )
    np.testing.assert_array_equal(
        embedder.frame_count(np.array(LENGTHS)), [embedder(clip)["frames"].shape[0] for clip in clips]
    )


@pytest.mark.parametrize("lengths", [[5000], [0, 10], [-1, 10], [10, 5001], [[10, 20]], [10.0, 20.5]])
def test_lengths_that_do_not_fit(lengths):
    embedder = tiny_embedder()
    for embed in (embedder, embedder.embed):
        with pytest.raises(ValueError, match="from 1 to the 5000 samples .* 2 clips. Received: lengths="):
            embed(noise(2, 5000), lengths=lengths)


def test_embed_takes_and_refuses_what_the_call_does():
    embedder, x = tiny_embedder(), noise(2, 4000)
    alone = embedder.embed(x[0].astype("float64"))
    np.testing.assert_allclose(alone["scene"], embedder(x[0])["scene"], atol=1e-5)
    assert alone["frames"].shape == (6, 72)
    wrong = [
        (x.astype("int16"), "divide 16-bit integers"),
        (np.zeros((16000, 2), "float32"), r"looks like \[samples, channels\]"),
        (np.zeros((2, 0), "float32"), "at least one sample"),
        (np.full_like(x, np.nan), "finite numbers"),
        (20_000 * x, r"must lie in \[-1, 1\]"),
    ]
    for waveforms, message in wrong:
        for embed in (embedder, embedder.embed):
            with pytest.raises(ValueError, match=message):
                embed(waveforms)


def test_embed_is_the_call_and_follows_new_statistics():
    frontend, normalization = byola_keras.LogMelSpectrogram(), keras.layers.Normalization(axis=None)
    x = noise(2, 4000)
    normalization.adapt(np.array(frontend(x)))
    embedder = byola_keras.Embedder(frontend, normalization, tiny_encoder())
    np.testing.assert_allclose(embedder.embed(x)["scene"], embedder(x)["scene"], atol=1e-5)
    old = embedder.embed(x)["scene"].numpy()
    normalization.adapt(np.array(frontend(10 * x)))
    np.testing.assert_allclose(embedder.embed(x)["scene"], embedder(x)["scene"], atol=1e-5)
    np.testing.assert_allclose(embedder.embed(x, [4000, 4000])["scene"], embedder(x)["scene"], atol=1e-5)
    assert np.abs(embedder.embed(x)["scene"] - old).max() > 1e-3


def test_statistics_of_each_mel(tmp_path):
    embedder, x = tiny_embedder(), noise(2, 4000)
    normalization = keras.layers.Normalization(axis=-1, dtype="float32")
    normalization.adapt(np.array(embedder.frontend(noise(8, 8000))))
    embedder = byola_keras.Embedder(embedder.frontend, normalization, embedder.encoder)
    loaded = byola_keras.load(embedder.save_to_preset(tmp_path / "preset"))
    np.testing.assert_array_equal(loaded(x)["scene"], embedder(x)["scene"])


def test_parts_that_do_not_fit():
    embedder = tiny_embedder()
    with pytest.raises(ValueError, match="`normalization` must be .*Received: normalization=None"):
        byola_keras.Embedder(embedder.frontend, None, embedder.encoder)
    with pytest.raises(ValueError, match="must have stride, .*Received: Dense without stride, strides"):
        byola_keras.Embedder(embedder.frontend, embedder.normalization, keras.layers.Dense(3))
    with pytest.raises(ValueError, match="float32 under every policy. Received: dtype='mixed_bfloat16'"):
        byola_keras.Embedder(
            embedder.frontend, embedder.normalization, embedder.encoder, dtype="mixed_bfloat16"
        )


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
        assert model.jit_gradients is expected and model.jit_compile is False


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
    dataset = tf.data.Dataset.from_tensor_slices(noise(9, 4000)).batch(8)
    with pytest.raises(tf.errors.InvalidArgumentError, match="batch with drop_remainder=True"):
        model.fit(dataset, verbose=0)


# Augmentation -------------------------------------------------------------------------------------


def log_mel(batch=4):
    return np.random.default_rng(0).normal(size=(batch, 24, 16)).astype("float32")


def test_keras_noise_and_dropout_work_inside_augmentation():
    for layer in (
        keras.layers.GaussianNoise(0.5),
        keras.layers.Dropout(0.5),
        keras.layers.SpatialDropout1D(0.5),
    ):
        one, two = byola_keras.Augmentation([layer])(log_mel())
        assert np.abs(one - log_mel()).max() > 0.1 and np.abs(one - two).max() > 0.1
        for view in byola_keras.Augmentation([layer])(log_mel(), training=False):
            np.testing.assert_array_equal(view, log_mel())


def test_augmentation_without_training_draws_and_remembers_nothing():
    layer = tiny_augmentation()
    before = weights_of(layer) if layer.built else None
    one, two = layer(log_mel(), training=False)
    np.testing.assert_array_equal(one, two)
    x = log_mel()
    np.testing.assert_allclose(one, (x - x.mean()) / x.std(ddof=1), atol=0.01)
    assert before is None and not any(np.any(weight) for weight in layer.weights)


def test_two_layers_of_one_class_and_seed_draw_differently():
    faders = [byola_keras.RandomLinearFader(seed=3), byola_keras.RandomLinearFader(seed=3)]
    first, both = byola_keras.Augmentation(faders[:1])(log_mel()), byola_keras.Augmentation(faders)(log_mel())
    alone = byola_keras.Augmentation([byola_keras.RandomLinearFader(seed=3)])
    once = alone(log_mel())[0] - log_mel()
    twice = (
        byola_keras.Augmentation(
            [byola_keras.RandomLinearFader(seed=3), byola_keras.RandomLinearFader(seed=3)]
        )(log_mel())[0]
        - log_mel()
    )
    assert np.abs(twice - 2 * once).max() > 0.1
    assert np.isfinite(first[0]).all() and np.isfinite(both[0]).all()


@keras.saving.register_keras_serializable(package="byola_keras_tests")
class Counted(byola_keras.RandomLayer):
    """A block of one's own, which looks at the clean clips once a step."""

    def build(self, input_shape):
        super().build(input_shape)
        self.seen = self.add_weight(name="seen", shape=(), initializer="zeros", trainable=False)

    def augment(self, x, seed):
        return x + tf.random.stateless_uniform(tf.shape(x), seed)

    def after_step(self, clean):
        self.seen.assign_add(tf.reduce_sum(clean))


def test_block_of_ones_own(tmp_path):
    augmentation = byola_keras.Augmentation([Counted(seed=1), byola_keras.BatchStandardization()])
    one, two = augmentation(log_mel())
    assert np.abs(one - two).max() > 0.1
    np.testing.assert_allclose(augmentation.layers[0].seen, log_mel().sum(), rtol=1e-3)
    model = byola_keras.BYOL(
        byola_keras.LogMelSpectrogram(n_mels=16),
        keras.layers.Normalization(axis=None, mean=-8.0, variance=9.0, dtype="float32"),
        byola_keras.Augmentation([Counted(seed=1)]),
        tiny_encoder(),
        projection_units=(16, 8),
    )
    model.compile("adam")
    model.fit(noise(8, 4000), verbose=0)
    model.save(tmp_path / "byol.keras")
    loaded = keras.saving.load_model(tmp_path / "byol.keras")
    np.testing.assert_array_equal(loaded.augmentation.layers[0].seen, model.augmentation.layers[0].seen)


def test_crop_transform_works_before_build():
    x, vector = log_mel(2), lambda value: np.full(2, value, "int32")
    whole = byola_keras.RandomResizeCrop().transform(x, vector(0), vector(16), vector(6), vector(24))
    np.testing.assert_allclose(whole, x, atol=1e-5)


# An encoder of one's own --------------------------------------------------------------------------


@keras.saving.register_keras_serializable(package="byola_keras_tests")
class OwnEncoder(keras.Model):
    """Batch normalisation of Keras, and a running mean under a name of its own."""

    def build(self, input_shape):
        self.dense = keras.layers.Dense(6)
        self.normalization = keras.layers.BatchNormalization()
        self.dense.build(input_shape)
        self.normalization.build((None, None, 6))
        self.running_mean = self.add_weight(
            name="running_mean", shape=(), initializer="zeros", trainable=False
        )

    def call(self, x, training=None):
        frames = self.normalization(self.dense(x), training=training)
        if training:
            self.running_mean.assign(0.5 * self.running_mean + 0.5 * (1.0 + tf.reduce_mean(frames)))
        return {"scene": tf.reduce_mean(frames, axis=1), "frames": frames}

    def compute_output_shape(self, input_shape):
        return {"scene": (input_shape[0], 6), "frames": (*input_shape[:2], 6)}


def test_state_of_an_encoder_of_ones_own_is_not_averaged():
    model = byola_keras.BYOL(
        byola_keras.LogMelSpectrogram(n_mels=16),
        keras.layers.Normalization(axis=None, mean=-8.0, variance=9.0, dtype="float32"),
        tiny_augmentation(),
        OwnEncoder(),
        projection_units=(16, 8),
        target_decay=0.0,
    )
    model.compile("adam")
    model.fit(noise(8, 4000), verbose=0)
    pairs = [online.path for online, _ in model._moving_average.pairs]
    assert len(pairs) == 4 + 6 and not any("running" in path or "moving" in path for path in pairs)
    # Two updates of its own, not a copy of the online network's.
    np.testing.assert_allclose(model.target_encoder.running_mean, 0.75, atol=0.1)
