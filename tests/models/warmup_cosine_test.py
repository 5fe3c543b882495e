import math

import keras
import numpy as np
import pytest

import byola_keras


def values(schedule, steps):
    return [float(schedule(step)) for step in steps]


def test_rises_in_a_line_and_falls_by_half_a_wave():
    schedule = byola_keras.WarmupCosine(0.8, 0.2, 4, end=0.1, total_steps=12)
    np.testing.assert_allclose(values(schedule, range(5)), [0.2, 0.35, 0.5, 0.65, 0.8], rtol=1e-12)
    expected = [0.45 + 0.35 * math.cos(math.pi * quarter / 4) for quarter in (1, 2, 3)]
    np.testing.assert_allclose(values(schedule, (6, 8, 10)), expected, rtol=1e-12)
    assert values(schedule, (12, 13, 10**9)) == [0.1] * 3


def test_without_an_end_it_stays():
    assert values(byola_keras.WarmupCosine(1e-4, warmup_steps=2), (0, 1, 2, 10**6)) == [0, 5e-5, 1e-4, 1e-4]


def test_equals_the_schedule_of_keras():
    ours = byola_keras.WarmupCosine(1e-3, 0.0, 3, end=1e-4, total_steps=10)
    theirs = keras.optimizers.schedules.CosineDecay(0.0, 7, alpha=0.1, warmup_target=1e-3, warmup_steps=3)
    np.testing.assert_allclose(values(ours, range(12)), values(theirs, range(12)), rtol=1e-5, atol=1e-10)


def test_tau_of_byol_keeps_its_digits_to_the_end():
    schedule = byola_keras.WarmupCosine(0.996, end=1.0, total_steps=100_000)
    left = 1 - float(schedule(99_990))
    np.testing.assert_allclose(left, 0.004 * (math.cos(math.pi * 0.9999) + 1) / 2, rtol=1e-6)
    assert float(schedule(100_000)) == 1.0


def test_config_round_trip():
    schedule = byola_keras.WarmupCosine(0.8, 0.2, 4, 0.1, 12)
    copy = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(schedule))
    assert copy.get_config() == schedule.get_config()
    assert values(copy, range(13)) == values(schedule, range(13))


@pytest.mark.parametrize("total_steps", [None, 4])
def test_cosine_without_a_step(total_steps):
    with pytest.raises(ValueError, match=f"Received: total_steps={total_steps}, warmup_steps=4"):
        byola_keras.WarmupCosine(0.8, 0.2, 4, 0.1, total_steps)
