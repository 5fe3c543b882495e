"""Measures the speed of a part on this machine.

    python tools/benchmark.py step --batch_size=64 --json=step.json

step: a full-size training step, its front end and its augmentation, beside the machine's own rate of
float32 matrix products measured in the same run.
"""

import json
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

from absl import app, flags

_PARTS = ("step",)
_BATCH_SIZE = flags.DEFINE_integer("batch_size", 64, "Clips in a step.", 2)
_ROUNDS = flags.DEFINE_integer("rounds", 7, "How often each thing is timed, in turns.", 1)
_XLA = flags.DEFINE_bool("xla", False, "Compile forward and backward pass by XLA.")
_JSON = flags.DEFINE_string("json", None, "File for the figures.")


def main(argv):
    if len(argv) != 2 or argv[1] not in _PARTS:
        raise app.UsageError(f"The first argument must be one of {_PARTS}. Received: {argv[1:]}")
    from byola_keras.training.benchmark import benchmark_step

    figures = benchmark_step(_BATCH_SIZE.value, _ROUNDS.value, _XLA.value)
    for name, value in figures.items():
        print(f"{name:<30}{value:.4g}")
    if _JSON.value:
        with open(_JSON.value, "w", encoding="utf-8") as file:
            json.dump(figures, file, indent=2)


if __name__ == "__main__":
    app.run(main)
