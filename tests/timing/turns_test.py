import pytest
import tensorflow as tf

from byola_keras.timing import turns
from byola_keras.timing.turns import median_ratio, time_in_turns


def test_functions_take_turns_and_the_first_rounds_do_not_count(monkeypatch):
    clock, order = [0.0], []
    monkeypatch.setattr(turns.time, "perf_counter", lambda: clock[0])
    monkeypatch.setattr(turns.time, "process_time", lambda: clock[0] / 4)

    def of(name, seconds):
        def function():
            order.append(name)
            # The first round is slow, as are the last two calls.
            clock[0] += seconds * (100 if len(order) <= 4 or len(order) > 10 else 1)
            return {"values": tf.zeros(3)}

        return function

    timings = time_in_turns({"slow": of("slow", 3), "fast": of("fast", 1)}, rounds=2, uncounted=1, calls=2)
    assert order == ["slow", "slow", "fast", "fast"] * 3
    assert timings["slow"].wall == [3] * 4 and timings["fast"].cpu == [0.25, 0.25, 25, 25]
    assert timings["slow"].medians() == (3, 0.75)
    timings["fast"].wall, timings["fast"].cpu = [1, 2, 90], [7, 1, 1]
    assert timings["fast"].medians() == (2, 1)


def test_ratios_are_taken_round_by_round():
    assert median_ratio([2, 40, 9], [1, 10, 3]) == 3
    with pytest.raises(ValueError, match="shorter"):
        median_ratio([1, 2], [1])


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_results_of_all_kinds_are_waited_for(dtype):
    results = []

    def function():
        results.append({"scalar": tf.ones((), dtype), "values": tf.ones(2, dtype)})
        return results[-1]

    timings = time_in_turns({"one": function}, rounds=1, uncounted=0)
    assert len(results) == 1 and len(timings["one"].wall) == 1
