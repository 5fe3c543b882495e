"""Says what a classifier hears in raw sound from the standard input.

    arecord -q -f S16_LE -r 16000 -c 1 -t raw | byola listen --model=classifiers/birds
    ffmpeg -loglevel error -i talk.mp3 -f s16le -ac 1 -ar 16000 - | byola listen --model=... --top=1

A line for each class whose threshold a window of sound reaches, as soon as the window is full: start and end
in seconds, label, probability, with tabs between them. --top=1 gives the most probable class of each window
instead, --jsonl all probabilities of each window.
"""

import json
import os
import sys

from absl import flags

from byola_keras.commands import common
from byola_keras.commands.command import Command


def define_flags(values: flags.FlagValues) -> None:
    """Defines the flags of the command."""
    define = common.definers(values)
    define.string("model", None, "The folder or file of a classifier, see byola classify.")
    define.integer("sample_rate", 16000, "Samples of a second of the sound, in Hz.", 1)
    define.enum("sample_format", "s16le", ["s16le", "f32le"], "Kind of the samples, little-endian.")
    define.integer("channels", 1, "Number of interleaved channels, which are averaged.", 1)
    define.float("overlap", 0.5, "The share of a window that lies in the next one, too.", 0.0, 0.99)
    define.integer("top", 0, "So many of the most probable classes of each window. 0: by the thresholds.", 0)
    define.bool("jsonl", False, "A line of JSON with all probabilities for each window.")
    flags.mark_flag_as_required("model", values)


def check(values: flags.FlagValues, arguments: list[str]) -> None:
    """Refuses a terminal in the place of sound."""
    if sys.stdin is None or sys.stdin.isatty():
        raise ValueError(
            "The standard input must be raw sound. Received: a terminal; pipe a recorder into the command, "
            "as its --help shows."
        )


def run(values: flags.FlagValues, arguments: list[str]) -> None:
    """Prints what is heard until the sound ends, or nobody reads any more."""
    from byola_keras.classify.listen import listen, pcm_blocks
    from byola_keras.models.load import load_classifier

    classifier, count = load_classifier(values.model), 0
    print(f"Listening: windows of {classifier.window_seconds:g} s.", file=sys.stderr, flush=True)
    blocks = pcm_blocks(sys.stdin.buffer, values.sample_format, values.channels)
    try:
        for heard in listen(classifier, blocks, values.sample_rate, values.overlap):
            count += 1
            for line in _lines(heard, classifier, values.top, values.jsonl):
                print(line, flush=True)
    except BrokenPipeError:
        # Python flushes once more at its end, and would report the same error there.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return
    if not count:
        raise ValueError("The standard input must be raw sound. Received: no samples.")


def _lines(heard, classifier, top, as_json):
    labels, probabilities = classifier.labels, heard.probabilities
    if as_json:
        rounded = {label: round(float(p), 5) for label, p in zip(labels, probabilities, strict=True)}
        yield json.dumps({"start": heard.start, "end": heard.end, "probabilities": rounded})
        return
    order = (-probabilities).argsort(kind="stable")
    if top:
        order = order[:top]
    else:
        order = [number for number in order if probabilities[number] >= classifier.thresholds[number]]
    for number in order:
        yield f"{heard.start:.3f}\t{heard.end:.3f}\t{labels[number]}\t{probabilities[number]:.4f}"


COMMAND = Command(
    "listen",
    __doc__,
    define_flags,
    run,
    check,
    # A KeyboardInterrupt may be lost in TensorFlow's clean-up, and nothing is written to files.
    ends_on_interrupt=True,
    tensorflow_log_level="3",
)
