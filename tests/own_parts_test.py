"""Blocks and encoders of one's own, and Keras's layers, inside BYOL and Augmentation."""

import keras
import numpy as np
import tensorflow as tf

import byola_keras
from tests.factories import noise, tiny_augmentation, tiny_encoder
from tests.weights import weights_of


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
