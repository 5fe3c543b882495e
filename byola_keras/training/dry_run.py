"""What a run would be: sizes, time and memory, measured on a few real steps."""

import itertools
import time

import tensorflow as tf

from byola_keras.memory import peak_memory
from byola_keras.models.byol import BYOL
from byola_keras.models.training_batch import unpack
from byola_keras.training.build_model import parameter_counts
from byola_keras.training.callbacks import Schedule, duration

_TIMED_STEPS = 3


def describe(model: BYOL, batches: tf.data.Dataset, schedule: Schedule) -> str:
    """Says what a run would be; trains the model for a few steps on real sound for it.

    Args:
        model: a new model, not needed any more.
        batches: batches of the run.
        schedule: schedule of the run.

    Returns:
        A text of several lines.
    """
    waveforms = unpack(next(iter(batches))).waveforms
    view_one, _ = model.augmentation.preview(model.normalized_log_mel(waveforms), seed=0)[-1]
    encoded = model.encoder(view_one)
    seconds = _step_seconds(model, batches)
    shapes = {
        "waveforms": waveforms,
        "log-mel view": view_one,
        "frames": encoded["frames"],
        "scene": encoded["scene"],
        "projection": model.projector(encoded["scene"]),
    }
    replicas = model.distribute_strategy.num_replicas_in_sync
    lines = [f"{name + ':':<22}{tuple(tensor.shape)}" for name, tensor in shapes.items()]
    lines += [f"{name + ':':<22}{count:,} parameters" for name, count in parameter_counts(model).items()]
    lines += [
        f"{'batch:':<22}{schedule.batch_size} clips on {replicas} device(s)",
        f"{'steps:':<22}{schedule.steps_per_epoch:,} an epoch, {schedule.total_steps:,} in all",
        f"{'a step:':<22}{seconds:.3f} s (fastest of {_TIMED_STEPS} on this machine)",
        f"{'estimated time:':<22}{duration(seconds * schedule.total_steps)} (hours:minutes:seconds)",
        f"{'memory:':<22}{_memory()}",
    ]
    return "\n".join(lines)


def _step_seconds(model, batches):
    """Seconds of the fastest step after the first, which traces."""
    times = []
    # Some batches are taken first, so that reading is not part of the time.
    for waveforms in list(itertools.islice(batches, 1 + _TIMED_STEPS)):
        start = time.perf_counter()
        model.fit(tf.data.Dataset.from_tensors(waveforms), verbose=0, shuffle=False)
        times.append(time.perf_counter() - start)
    return min(times[1:])


def _memory():
    main, *gpus = peak_memory().items()
    text = f"{main[1]:.1f} GiB of main memory at the most so far"
    return "; ".join([text, *(f"{gib:.1f} GiB on {name}" for name, gib in gpus)])
