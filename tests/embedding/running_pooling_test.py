import numpy as np
import pytest
import tensorflow as tf

import byola_keras
from byola_keras.embedding.running_pooling import RunningPooling
from byola_keras.evaluation.representations import LogMelStatistics

FRAMES = np.random.default_rng(0).normal(3, 2, (50, 7)).astype("float32")


def pooled(pooling, frames, cuts):
    running = RunningPooling(pooling)
    for part in np.split(frames, cuts):
        running.update(part)
    assert running.count == len(frames)
    return running.result()


@pytest.mark.parametrize("cuts", [[], [1], [20, 21, 49]])
@pytest.mark.parametrize("pooling", ["mean_max", "mean", "max", "mean_std"])
def test_parts_give_what_the_encoder_gives_of_all_frames(pooling, cuts):
    if pooling == "mean_std":
        expected = LogMelStatistics()(tf.constant(FRAMES[None]))["scene"][0]
    else:
        expected = byola_keras.TemporalPooling(pooling)(FRAMES[None])[0]
    result = pooled(pooling, FRAMES, cuts)
    np.testing.assert_allclose(result, expected, rtol=1e-5)
    assert result.dtype == np.float32


def test_a_small_deviation_of_large_values():
    frames = 1000 + np.tile([[0.01], [-0.01]], (5000, 1))
    np.testing.assert_allclose(pooled("mean_std", frames, [3, 4000]), [1000, 0.01], rtol=1e-4)


def test_frames_below_zero_have_their_own_maximum():
    assert pooled("max", -1 - np.abs(FRAMES), [10]).max() < -1


def test_unknown_pooling():
    with pytest.raises(ValueError, match="`pooling` must be one of .*Received: pooling='sum'"):
        RunningPooling("sum")
