"""Measures how long exported models take for a clip of one second on one core."""

import functools
import os
import tempfile
from collections.abc import Callable

import numpy as np
import tensorflow as tf

from byola_keras.export.exporting import export
from byola_keras.models.load import load
from byola_keras.models.untrained import untrained_embedder
from byola_keras.timing.turns import time_in_turns

_CALLS = 10


def time_export(model: str | None, rounds: int) -> dict:
    """Times the SavedModel, each LiteRT file and the Keras model on a second of noise, in turns.

    From here on this process keeps to one core.

    Args:
        model: path or preset, see `byola_keras.load`; None times an untrained model of full size.
        rounds: number of rounds, each of ten calls of every model, after a round that is not counted.

    Returns:
        JSON values by name of the model: median milliseconds of a call, by the clock and of CPU (which say
        more on a busy machine), real-time factor (seconds that pass for a second of sound) and megabytes.

    Raises:
        ValueError: ai-edge-litert is not installed, or the file holds something else.
        FileNotFoundError: the model is not there.
    """
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    embedder = load(model) if model else untrained_embedder()
    second = np.random.default_rng(0).normal(0.0, 0.1, (1, embedder.sample_rate)).astype(np.float32)
    with tempfile.TemporaryDirectory() as folder:
        export(embedder, folder, verified=False)
        export(embedder, folder, formats=["litert"], litert_input="logmel", verified=False)
        functions = _functions(embedder, folder, second)
        sizes = {name: os.path.getsize(path) / 1e6 for name, path in _litert_files(folder).items()}
        timings = time_in_turns(functions, rounds, uncounted=1, calls=_CALLS)
    figures = {}
    for name, timing in timings.items():
        seconds, cpu_seconds = timing.medians()
        figures[f"{name}_milliseconds"] = 1000.0 * seconds
        figures[f"{name}_cpu_milliseconds"] = 1000.0 * cpu_seconds
        figures[f"{name}_real_time_factor"] = seconds
        if name in sizes:
            figures[f"{name}_megabytes"] = sizes[name]
    return figures


def _litert_files(folder):
    folder = os.path.join(folder, "litert")
    names = sorted(name for name in os.listdir(folder) if name.endswith(".tflite"))
    return {
        name.removesuffix(".tflite").replace("byola", "litert"): os.path.join(folder, name) for name in names
    }


def _functions(embedder, folder, second) -> dict[str, Callable[[], None]]:
    try:
        from ai_edge_litert.interpreter import Interpreter  # noqa: PLC0415
    except ImportError:
        raise ValueError("LiteRT is timed with ai-edge-litert. Install the extra [litert].") from None
    waveform = tf.constant(second)
    served = tf.saved_model.load(os.path.join(folder, "saved_model", "byola", "1")).signatures[
        "serving_default"
    ]
    functions = {
        "keras": functools.partial(embedder, waveform),
        "saved_model": functools.partial(served, waveform=waveform),
    }
    inputs = {"waveform": second, "log_mel": embedder.frontend(waveform).numpy()}
    for name, path in _litert_files(folder).items():
        runner = Interpreter(path, num_threads=1).get_signature_runner()
        (argument,) = runner.get_input_details()
        functions[name] = functools.partial(runner, **{argument: inputs[argument]})
    return functions
