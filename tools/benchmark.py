"""Measures the speed of a part on this machine.

    python tools/benchmark.py step --batch_size=64 --json=step.json
    python tools/benchmark.py input --audio_dir=sounds --data_dir=corpora
    python tools/benchmark.py probe --rounds=3
    python tools/benchmark.py export --model=runs/mine
    python tools/benchmark.py inference --batch_size=64

step: a full-size training step, its front end and its augmentation, beside the machine's own rate of
float32 matrix products measured in the same run.

input: random crops a second from sound files, all and by format, and from a prepared corpus.

probe: linear probes of 5 learning rates and 3 seeds on a drawn task of 5,000 clips, all at once and one after
the other, the latter by the same code and by a plain Keras fit.

inference: clips of one second from waveform to embedding, by the graph that tools/embed.py uses and by plain
Keras calls, a clip or a batch at a time.

export: latency of SavedModel and LiteRT files for a clip of one second on one core.
"""

import json
import os
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

from absl import app, flags

_PARTS = ("step", "input", "probe", "export", "inference")
_BATCH_SIZE = flags.DEFINE_integer("batch_size", 64, "Clips in a step.", 2)
_ROUNDS = flags.DEFINE_integer("rounds", 7, "How often each thing is timed, in turns.", 1)
_JSON = flags.DEFINE_string("json", None, "File for the figures.")

# step
_XLA = flags.DEFINE_bool("xla", False, "Compile forward and backward pass by XLA.")

# input
_AUDIO_DIR = flags.DEFINE_multi_string("audio_dir", [], "Folder of sound files, pattern or file. Repeatable.")
_CORPUS = flags.DEFINE_string("corpus", None, "Name of a prepared corpus; not needed where there is one.")
_DATA_DIR = flags.DEFINE_string("data_dir", None, "Folder in which prepared corpora lie.")
_WORKERS = flags.DEFINE_integer("workers", None, "Parallel readers. Default: tf.data decides.", 1)

# probe
_CLASSES = flags.DEFINE_integer("classes", 50, "Classes of the drawn task.", 2)

# export, inference
_MODEL = flags.DEFINE_string(
    "model", None, "A .keras file, a working directory or a preset. Default: untrained, of full size."
)


def main(argv):
    if len(argv) != 2 or argv[1] not in _PARTS:
        raise app.UsageError(f"The first argument must be one of {_PARTS}. Received: {argv[1:]}")
    try:
        measure = {
            "step": _measure_step,
            "input": _measure_input,
            "probe": _measure_probe,
            "export": _measure_export,
            "inference": _measure_inference,
        }[argv[1]]
        figures = measure()
    except (ValueError, OSError) as error:
        sys.exit(f"error: {error}")
    for name, value in figures.items():
        print(f"{name:<50}{value:.4g}")
    if _JSON.value:
        with open(_JSON.value, "w", encoding="utf-8") as file:
            json.dump(figures, file, indent=2)


def _measure_step():
    from byola_keras.timing.step import benchmark_step

    return benchmark_step(_BATCH_SIZE.value, _ROUNDS.value, _XLA.value)


def _measure_input():
    from byola_keras.timing.input import benchmark_input

    if not _AUDIO_DIR.value and not _DATA_DIR.value:
        raise app.UsageError("input needs --audio_dir, --data_dir or both. Received: neither.")
    return benchmark_input(
        _AUDIO_DIR.value, _DATA_DIR.value, _CORPUS.value, _BATCH_SIZE.value, _ROUNDS.value, _WORKERS.value
    )


def _measure_probe():
    from byola_keras.timing.probe import benchmark_probe

    return benchmark_probe(_ROUNDS.value, classes=_CLASSES.value)


def _measure_export():
    from byola_keras.timing.export import benchmark_export

    return benchmark_export(_MODEL.value, _ROUNDS.value)


def _measure_inference():
    from byola_keras.timing.inference import benchmark_inference

    return benchmark_inference(_MODEL.value, _BATCH_SIZE.value, _ROUNDS.value)


if __name__ == "__main__":
    app.run(main)
