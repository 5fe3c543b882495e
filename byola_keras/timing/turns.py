"""How long functions take, in turns: on a shared machine only figures of the same minutes compare."""

import statistics
import time
from collections.abc import Callable

import numpy as np
import tensorflow as tf


class Timings:
    """Wall and CPU seconds of a function, one entry a call."""

    def __init__(self):
        self.wall, self.cpu = [], []

    def time(self, function: Callable) -> None:
        """Calls `function` once and waits for its result."""
        wall, cpu = time.perf_counter(), time.process_time()
        tf.nest.map_structure(np.asarray, function())
        self.wall.append(time.perf_counter() - wall)
        self.cpu.append(time.process_time() - cpu)

    def medians(self) -> tuple[float, float]:
        """Median wall and CPU seconds."""
        return statistics.median(self.wall), statistics.median(self.cpu)


def time_in_turns(functions: dict[str, Callable], rounds: int, uncounted: int) -> dict[str, Timings]:
    """Calls each function once a round.

    Args:
        functions: by name; each returns tensors or arrays.
        rounds: how often each is timed.
        uncounted: rounds before these, for tracing and caches.
    """
    timings = {name: Timings() for name in functions}
    for number in range(uncounted + rounds):
        for name, function in functions.items():
            (timings[name] if number >= uncounted else Timings()).time(function)
    return timings
