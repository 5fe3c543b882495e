"""How many clips a second become embeddings, by the graph that `embed_many` uses and by plain Keras calls."""

import keras
import tensorflow as tf

from byola_keras.layers.log_mel_spectrogram import LogMelSpectrogram
from byola_keras.models.embedder import Embedder, load
from byola_keras.models.encoder import Encoder
from byola_keras.timing.turns import time_in_turns


def benchmark_inference(model: str | None, batch_size: int, rounds: int) -> dict:
    """Times the embedding of a batch of clips of one second, in turns.

    Args:
        model: see `byola_keras.load`; None for an untrained one of full size.
        batch_size: clips.
        rounds: how often each way is timed, after one round that is not counted.

    Returns:
        JSON values by name: medians for "graph_batch" (`Embedder.embed`), "keras_batch" (the call on all
        clips) and "keras_clip" (on one after the other) of clips a second and a CPU second, CPU seconds a
        clip, and real-time factor (seconds that pass for a second of sound); how much faster the graph is.

    Raises:
        FileNotFoundError, ValueError: see `byola_keras.load`.
    """
    embedder = load(model) if model else _untrained()
    clips = tf.random.stateless_normal([batch_size, embedder.sample_rate], seed=(0, 0), stddev=0.1)
    functions = {
        "graph_batch": lambda: embedder.embed(clips),
        "keras_batch": lambda: embedder(clips),
        "keras_clip": lambda: [embedder(clips[number : number + 1]) for number in range(batch_size)],
    }
    timings = time_in_turns(functions, rounds, uncounted=1)
    figures = {"batch_size": batch_size, "rounds": rounds}
    for name, timing in timings.items():
        seconds, cpu_seconds = timing.medians()
        figures[f"{name}_clips_per_second"] = batch_size / seconds
        figures[f"{name}_clips_per_cpu_second"] = batch_size / cpu_seconds
        figures[f"{name}_cpu_seconds_per_clip"] = cpu_seconds / batch_size
        figures[f"{name}_real_time_factor"] = seconds / batch_size
    for name in ("keras_batch", "keras_clip"):
        ratio = figures["graph_batch_clips_per_cpu_second"] / figures[f"{name}_clips_per_cpu_second"]
        figures[f"graph_batch_over_{name}_by_cpu"] = ratio
    return figures


def _untrained():
    normalization = keras.layers.Normalization(axis=None, mean=-8.0, variance=16.0, dtype="float32")
    embedder = Embedder(LogMelSpectrogram(), normalization, Encoder())
    embedder.build()
    return embedder
