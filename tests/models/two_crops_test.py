"""Two different crops of a clip as its two views."""

import keras
import numpy as np
import tensorflow as tf

import byola_keras
from tests.factories import noise, tiny_byol


def test_each_view_is_made_of_its_own_crop_and_mixup_remembers_the_first():
    mixup = byola_keras.LogMixupExp(memory_size=4, seed=1)
    augmentation = byola_keras.Augmentation([mixup, keras.layers.Rescaling(2.0)])
    one, two = (noise(2, 12, seed=seed).reshape(2, 3, 4) for seed in (0, 1))
    augmentation.build((None, 3, 4))
    # The empty memory passes its input through.
    views = augmentation((one, two))
    np.testing.assert_allclose(views[0], 2 * one)
    np.testing.assert_allclose(views[1], 2 * two)
    np.testing.assert_allclose(mixup.memory[:2], one)
    stages = augmentation.preview((one, two), seed=0)
    assert not np.allclose(stages[-1][0], stages[-1][1])


def test_the_same_crop_twice_is_one_crop():
    clips = tf.constant(noise(4, 4000))
    losses = []
    for data in (clips, {"waveforms": clips, "second_waveforms": clips}):
        keras.utils.set_random_seed(7)
        model = tiny_byol({"dropout": 0.0})
        model.compile(byola_keras.Adam(1e-3))
        measured = [model.train_step(data)["loss"] for _ in range(2)]
        losses.append([float(loss) for loss in (*measured, model.test_step(data)["loss"])])
    np.testing.assert_allclose(losses[1], losses[0], rtol=1e-5)
