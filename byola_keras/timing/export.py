"""How long exported models take for a clip of one second on one core."""

import functools
import os
import tempfile
import time
from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf

from byola_keras.export.exporting import export
from byola_keras.layers.log_mel_spectrogram import LogMelSpectrogram
from byola_keras.models.embedder import Embedder, load
from byola_keras.models.encoder import Encoder

_CALLS_A_ROUND = 10


def benchmark_export(model: str | None, rounds: int) -> dict:
    """Times the SavedModel, each LiteRT file and the Keras model on a second of noise, in turns.

    From here on this process keeps to one core.

    Args:
        model: see `byola_keras.load`; None for an untrained one of full size.
        rounds: each does ten calls of every model, after a round that is not counted.

    Returns:
        By name of the model: median milliseconds a call (on a busy machine, those of CPU say more), real-time
        factor (seconds that pass for a second of sound) and megabytes.

    Raises:
        ValueError: ai-edge-litert is not installed, or the file holds something else.
        FileNotFoundError: the model is not there.
    """
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    embedder = load(model) if model else _untrained()
    second = np.random.default_rng(0).normal(0.0, 0.1, (1, embedder.sample_rate)).astype(np.float32)
    with tempfile.TemporaryDirectory() as folder:
        export(embedder, folder, verified=False)
        export(embedder, folder, formats=["litert"], litert_input="logmel", verified=False)
        functions = _functions(embedder, folder, second)
        sizes = {name: os.path.getsize(path) / 1e6 for name, path in _litert_files(folder).items()}
        milliseconds = _medians(functions, rounds)
    figures = {}
    for name, (wall, cpu) in milliseconds.items():
        figures[f"{name}_milliseconds"] = wall
        figures[f"{name}_cpu_milliseconds"] = cpu
        figures[f"{name}_real_time_factor"] = wall / 1000.0
        if name in sizes:
            figures[f"{name}_megabytes"] = sizes[name]
    return figures


def _untrained():
    embedder = Embedder(
        LogMelSpectrogram(), keras.layers.Normalization(axis=None, mean=-8.0, variance=16.0), Encoder()
    )
    embedder.build()
    for level in (0.001, 0.01, 0.1, 0.5):
        # Statistics of sound, or else all features would be alike.
        log_mel = embedder.frontend(tf.random.normal([8, 16000], stddev=level))
        embedder.encoder(embedder.normalization(log_mel), training=True)
    return embedder


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


def _medians(functions, rounds):
    """Milliseconds a call, of wall and of CPU."""
    times = {name: [] for name in functions}
    for number in range(rounds + 1):
        for name, function in functions.items():
            for _ in range(_CALLS_A_ROUND):
                start = time.perf_counter(), time.process_time()
                function()
                if number:
                    times[name].append((time.perf_counter() - start[0], time.process_time() - start[1]))
    return {name: 1000.0 * np.median(calls, axis=0) for name, calls in times.items()}
