"""Measures the speed of a part on this machine.

    byola benchmark step --batch_size=64 --json=step.json
    byola benchmark step --precision=float32,mixed_bfloat16
    byola benchmark step --trace_dir=trace     # see docs/performance.md
    byola benchmark loop
    byola benchmark input --audio_dir=sounds --data_dir=corpora
    byola benchmark probe --rounds=3
    byola benchmark export --model=runs/mine
    byola benchmark inference --batch_size=64
    byola benchmark roofline --batch_size=256

step: a full-size training step, its front end and its augmentation, beside the machine's own rate of
matrix products of the same precision measured in the same run; and the peak of memory.

loop: what the host does beside a training step: seconds that a step of a tiny model takes longer when it is
executed by itself than as one of many.

input: random crops a second from sound files, all and by format, and from a prepared corpus.

probe: linear probes of 5 learning rates and 3 seeds on a drawn task of 5,000 clips, all at once and one after
the other, the latter by the same code and by a plain Keras fit.

export: latency of SavedModel and LiteRT files for a clip of one second on one core.

inference: clips of one second from waveform to embedding, by the graph that embedding files uses and by plain
Keras calls, a clip or a batch at a time.

roofline: nothing measured, but computed: the least time of a full-size training step on an A100 and an H100,
by the operations and the bytes of the step and the datasheets' peaks.
"""

from absl import flags

from byola_keras.commands import common
from byola_keras.commands.command import Command
from byola_keras.training.recipe import Recipe


def define_flags(values: flags.FlagValues) -> None:
    """Defines the flags of the command."""
    define = common.definers(values)
    define.integer("batch_size", 64, "Clips in a step or call (step, input, inference, roofline).", 2)
    define.integer("rounds", 7, "Number of times that each thing is timed, in turns.", 1)
    common.json_flag(values, "the figures")
    define.string(
        "trace_dir", None, "Folder that gets a profile of three more steps, for TensorBoard (step)."
    )
    define.bool("xla", False, "Compile forward and backward pass by XLA (step).")
    define.list(
        "precision",
        [Recipe.precision],
        "Precisions of the networks, with commas between them: all in one run, in turns (step).",
    )
    common.sound_flag(values, "audio_dir", "The sound that is read (input)")
    define.string(
        "corpus", None, "Name of the prepared corpus that is read (input). Default: the only one there is."
    )
    define.string("data_dir", None, "The folder in which prepared corpora lie (input).")
    define.integer("workers", None, "Number of parallel readers (input). Default: tf.data decides.", 1)
    define.integer("classes", 50, "Number of classes of the drawn task (probe).", 2)
    common.model_flag(values, without="an untrained embedder of full size (export, inference)")


def check(values: flags.FlagValues, arguments: list[str]) -> None:
    """Refuses unknown parts, and `input` without sound."""
    if len(arguments) != 1 or arguments[0] not in _PARTS:
        raise ValueError(f"The one argument must be one of {', '.join(_PARTS)}. Received: {arguments}")
    if arguments == ["input"] and not values.audio_dir and not values.data_dir:
        raise ValueError("input needs --audio_dir, --data_dir or both. Received: neither.")


def run(values: flags.FlagValues, arguments: list[str]) -> None:
    """Measures the part that the one argument names, and prints the figures."""
    common.make_folder_of(values.json)
    if values.trace_dir:
        common.make_folder("trace_dir", values.trace_dir)
    figures = _PARTS[arguments[0]](values)
    for name, value in figures.items():
        print(f"{name:<50}{value:.4g}" if isinstance(value, float) else f"{name:<50}{value}")
    common.write_json(values.json, figures)
    if values.trace_dir:
        print(f"The profile is in {values.trace_dir}; docs/performance.md says how to look at it.")


def _measure_step(values):
    from byola_keras.timing.step import time_step

    return time_step(values.batch_size, values.rounds, values.xla, values.trace_dir, values.precision)


def _measure_loop(values):
    from byola_keras.timing.loop import time_loop

    return time_loop(values.rounds)


def _measure_input(values):
    from byola_keras.timing.input import time_input

    return time_input(
        values.audio_dir, values.data_dir, values.corpus, values.batch_size, values.rounds, values.workers
    )


def _measure_probe(values):
    from byola_keras.timing.probe import time_probe

    return time_probe(values.rounds, classes=values.classes)


def _measure_export(values):
    from byola_keras.timing.export import time_export

    return time_export(values.model, values.rounds)


def _measure_inference(values):
    from byola_keras.timing.inference import time_inference

    return time_inference(values.model, values.batch_size, values.rounds)


def _compute_roofline(values):
    from byola_keras.timing.roofline import roofline

    return roofline(values.batch_size)


_PARTS = {
    "step": _measure_step,
    "loop": _measure_loop,
    "input": _measure_input,
    "probe": _measure_probe,
    "export": _measure_export,
    "inference": _measure_inference,
    "roofline": _compute_roofline,
}
COMMAND = Command(
    "benchmark",
    __doc__,
    define_flags,
    run,
    check,
    interrupted="Interrupted; nothing was written.",
    takes_arguments=True,
)
