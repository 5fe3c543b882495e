"""Times functions in turns: on a shared machine only figures of the same minutes compare."""

import statistics
import time
from collections.abc import Callable

import numpy as np
import tensorflow as tf


class Timings:
    """Wall and CPU seconds of a function, one entry for each call."""

    def __init__(self):
        self.wall, self.cpu = [], []

    def time(self, function: Callable) -> None:
        """Calls `function` once and waits for its result."""
        wall, cpu = time.perf_counter(), time.process_time()
        tf.nest.map_structure(_fetched, function())
        self.wall.append(time.perf_counter() - wall)
        self.cpu.append(time.process_time() - cpu)

    def medians(self) -> tuple[float, float]:
        """Returns the median wall and CPU seconds."""
        return statistics.median(self.wall), statistics.median(self.cpu)


def time_in_turns(
    functions: dict[str, Callable], rounds: int, uncounted: int, calls: int = 1
) -> dict[str, Timings]:
    """Times each function once a round.

    Args:
        functions: functions by name; each returns tensors or arrays.
        rounds: number of rounds that count.
        uncounted: number of rounds before these, for tracing and caches.
        calls: number of calls in a row that a function gets in each round.
    """
    timings = {name: Timings() for name in functions}
    for number in range(uncounted + rounds):
        for name, function in functions.items():
            timing = timings[name] if number >= uncounted else Timings()
            for _ in range(calls):
                timing.time(function)
    return timings


def median_ratio(numerators: list[float], denominators: list[float]) -> float:
    """Returns the median of the ratios, round by round: a slower minute slows both sides of a ratio."""
    return statistics.median(a / b for a, b in zip(numerators, denominators, strict=True))


def _fetched(value):
    # NumPy makes no array of a bfloat16 tensor without axes.
    return value.numpy() if tf.is_tensor(value) else np.asarray(value)
