"""Measures what the host does beside a training step, by a model so small that its steps cost little."""

import contextlib
import statistics
import tempfile
import time

import tensorflow as tf

from byola_keras.models.norm_stats import NormStats
from byola_keras.training.build_model import build_model
from byola_keras.training.callbacks import Guard, Recorder, Schedule, StepMetrics
from byola_keras.training.loop import Steps, execute
from byola_keras.training.metrics_file import MetricsFile
from byola_keras.training.recipe import Recipe

_CROP_LENGTH = 1_600
_BATCH_SIZE = 2
_RECIPE = Recipe(
    encoder="Encoder(channels=4, mlp_units=(8, 8))",
    projection_units=(16, 8),
    augmentation=("LogMixupExp(memory_size=16)", *Recipe.augmentation[1:]),
)
# Steps that are timed together.
_STEPS = 100


def time_loop(rounds: int) -> dict:
    """Times steps that are executed one by one and all at once, in turns, with the callbacks of a run.

    Args:
        rounds: how often each is timed, after one that is not counted.

    Returns:
        JSON values by name: medians of the seconds a step, and of what a step costs more when the host
        executes it by itself ("host_seconds_per_step"): calling, counting, fetching and writing its row.
    """
    model = build_model(NormStats(-8.0, 4.0, 0), _CROP_LENGTH, _RECIPE)
    clips = tf.random.normal([_BATCH_SIZE, _CROP_LENGTH], stddev=0.1)
    steps = Steps(model, tf.data.Dataset.from_tensors(clips).cache().repeat())
    schedule = Schedule(_BATCH_SIZE, _STEPS, total_steps=2 * _STEPS * (rounds + 1))
    seconds = {1: [], _STEPS: []}
    with tempfile.TemporaryDirectory() as folder:
        metrics_file = MetricsFile(folder, 0)
        metrics = StepMetrics(0)
        metrics.receivers = callbacks = [metrics, Guard(), Recorder(metrics, metrics_file, schedule)]
        with contextlib.closing(metrics_file):
            for number in range(rounds + 1):
                for steps_per_execution, taken in seconds.items():
                    began = time.perf_counter()
                    execute(steps, metrics, callbacks, metrics.step + _STEPS, steps_per_execution)
                    metrics.fetch()
                    if number:
                        taken.append((time.perf_counter() - began) / _STEPS)
    differences = [alone - together for alone, together in zip(*seconds.values(), strict=True)]
    return {
        "rounds": rounds,
        "step_seconds": statistics.median(seconds[1]),
        "step_seconds_without_host": statistics.median(seconds[_STEPS]),
        "host_seconds_per_step": statistics.median(differences),
    }
