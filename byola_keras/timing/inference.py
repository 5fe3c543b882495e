"""Measures how fast clips are embedded: by the graph that `embed_many` uses, and by plain Keras calls."""

import tensorflow as tf

from byola_keras.models.load import load
from byola_keras.models.untrained import untrained_embedder
from byola_keras.timing.turns import time_in_turns


def time_inference(model: str | None, batch_size: int, rounds: int) -> dict:
    """Times the embedding of a batch of clips of one second, in turns.

    Args:
        model: path or preset, see `byola_keras.load`; None times an untrained model of full size.
        batch_size: number of clips.
        rounds: how often each way is timed, after a round that is not counted.

    Returns:
        JSON values by name: for "graph_batch" (`Embedder.embed`), "keras_batch" (the call on all clips) and
        "keras_clip" (the call on one clip after the other) the medians of clips in a second and in a CPU
        second, CPU seconds for a clip, and the real-time factor (seconds that pass for a second of sound);
        and how many times as fast the graph is.

    Raises:
        FileNotFoundError, ValueError: see `byola_keras.load`.
    """
    embedder = load(model) if model else untrained_embedder()
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
