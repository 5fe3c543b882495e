import numpy as np
import pytest
import tensorflow as tf

import byola_keras
from tests import reference
from tests.test_case import run_layer_test


def test_bad_argument():
    with pytest.raises(ValueError, match=r"\[0, 1\]. Received: max_ratio=1.2"):
        byola_keras.LogMixupExp(max_ratio=1.2)
    with pytest.raises(ValueError, match="Received: memory_size=0"):
        byola_keras.LogMixupExp(memory_size=0)


def test_layer(tmp_path):
    x = np.random.default_rng(0).normal(size=(3, 12, 8)).astype("float32")
    run_layer_test(byola_keras.LogMixupExp(memory_size=4, seed=1), x, tmp_path, (3, 12, 8))


def test_mixing_equals_the_original():
    arrays, _ = reference.load("mixup")
    for alpha, expected in zip(arrays["alphas"], arrays["out"], strict=True):
        # The original's alpha weighs the first sound.
        actual = byola_keras.log_mixup_exp(arrays["xa"], arrays["xb"], 1.0 - alpha)
        np.testing.assert_allclose(actual, expected, atol=3e-6, rtol=0)


def test_memory_equals_the_original_trace(monkeypatch):
    """The original's queue, one clip after another, with its recorded draws."""
    arrays, config = reference.load("mixup")
    layer = byola_keras.LogMixupExp(config["trace_ratio"], config["trace_n_memory"])
    clips = reference.image_to_log_mel(arrays["trace_in"])
    draws = iter(())
    monkeypatch.setattr(
        "byola_keras.layers.log_mixup_exp.uniform_per_clip",
        lambda seed, batch, low=0.0, high=1.0: tf.constant([low + (high - low) * next(draws)], tf.float32),
    )
    for step, clip in enumerate(clips):
        held = arrays["trace_len_before"][step]
        assert layer.built is (step > 0)
        # The original counts from the oldest; our ring is written round and round.
        oldest = step % config["trace_n_memory"] if held == config["trace_n_memory"] else 0
        place = (arrays["trace_pick"][step] + oldest) % max(held, 1)
        draws = iter([arrays["trace_u"][step], np.float32((place + 0.5) / max(held, 1))])
        actual = layer(clip[None], training=True)
        expected = reference.image_to_log_mel(arrays["trace_out"])[step]
        np.testing.assert_allclose(actual[0], expected, atol=3e-6, rtol=0, err_msg=f"step {step}")
    expected = reference.image_to_log_mel(arrays["trace_bank_after"])
    order = (len(clips) + np.arange(len(expected))) % len(expected)
    np.testing.assert_array_equal(layer.memory.numpy()[order], expected)


def test_empty_memory_and_inference_pass_the_input_through():
    x = np.random.default_rng(0).normal(size=(2, 6, 4)).astype("float32")
    layer = byola_keras.LogMixupExp(memory_size=8)
    np.testing.assert_array_equal(layer(x, training=True), x)
    np.testing.assert_array_equal(layer(x, training=False), x)
    assert int(layer.seen) == 2
    assert not np.array_equal(layer(x, training=True), x)


def test_memory_keeps_the_newest_of_a_large_batch():
    layer = byola_keras.LogMixupExp(memory_size=4)
    x = np.arange(7, dtype="float32")[:, None, None] * np.ones((1, 2, 2), "float32")
    layer(x, training=True)
    assert sorted(layer.memory.numpy()[:, 0, 0]) == [3, 4, 5, 6]


def test_every_clip_draws_its_own_ratio_and_partner():
    layer = byola_keras.LogMixupExp(max_ratio=0.2, memory_size=512, seed=3)
    silent = np.full((512, 1, 1), -30.0, "float32")
    layer.build(silent.shape)
    levels = np.linspace(0.0, 3.0, 512).astype("float32")[:, None, None]
    layer.after_step(tf.constant(levels))
    mixed = np.exp(layer(silent, training=True).numpy().ravel())
    ratios_times_levels = mixed - 1.19e-7
    assert len(np.unique(np.round(ratios_times_levels, 6))) > 450
    # ratio ~ U(0, 0.2) times exp of a uniform level: mean 0.1 * (e^3 - 1) / 3.
    np.testing.assert_allclose(ratios_times_levels.mean(), 0.1 * (np.exp(3) - 1) / 3, rtol=0.15)
    assert ratios_times_levels.max() <= 0.2 * np.exp(3) * 1.001
