"""Embeds sound files of any format, rate and length.

    byola embed --model=runs/mine --input="sounds/**/*.wav" --output_dir=embeddings

Each file gets an .npz with "scene" [D], "frames" [T', D], "timestamps_ms" [T'], "model" and "source", below
--output_dir as the sound lies below its folder; --format=parquet and --format=tfrecord write one table of the
scenes, in parts. What cannot be decoded is skipped and named, also in report.json. The same command again
goes on where it stopped, and takes what is new or has changed. Corpora larger than one machine are embedded
by Apache Beam, whose own flags follow after "--":

    byola embed --model=... --input=... --output_dir=... --runner=beam -- --runner=FlinkRunner ...
"""

import contextlib
import sys

from absl import flags

from byola_keras.commands import common
from byola_keras.commands.command import Command


def define_flags(values: flags.FlagValues) -> None:
    """Defines the flags of the command."""
    define = common.definers(values)
    common.model_flag(values, others=True)
    common.sound_flags(values, "input")
    define.string("output_dir", None, "The folder for the embeddings.")
    define.enum(
        "format", "npz", ["npz", "parquet", "tfrecord"], "Kind of output: an .npz for each file, or a table."
    )
    define.bool("frames", True, "Write frames and timestamps too; they go into .npz files only.")
    define.bool("overwrite", False, "Make embeddings again that are there; a table is removed first.")
    define.float(
        "chunk_seconds", 30.0, "Seconds of sound that are embedded at a time: more take more memory.", 0.1
    )
    define.integer("workers", None, "Number of threads that decode. Default: one for each core.", 1)
    define.enum("runner", "local", ["local", "beam"], "What does the work: this process, or Apache Beam.")
    flags.mark_flags_as_required(["model", "output_dir"], values)


def check(values: flags.FlagValues, arguments: list[str]) -> None:
    """Refuses requests without sound, and Beam's arguments without Beam."""
    if arguments and values.runner != "beam":
        raise ValueError(f"Arguments after -- are Beam's. Received: {arguments} without --runner=beam")
    if not values.input and not values.file_list:
        raise ValueError("Sound must be given by --input, --file_list or both. Received: neither.")


def run(values: flags.FlagValues, arguments: list[str]) -> None:
    """Embeds the files; `arguments` are Beam's."""
    from byola_keras.embedding.embed_files import embed_files
    from byola_keras.embedding.request import Request
    from byola_keras.embedding.sound_files import find_sound_files

    common.hide_beam_reports()
    # The name of a file may hold any bytes.
    sys.stdout.reconfigure(errors="backslashreplace")
    request = Request(
        values.model,
        values.output_dir,
        values.format,
        values.frames,
        values.chunk_seconds,
        values.workers,
    )
    files = find_sound_files(values.input, values.file_list)
    with _model_of_others(values.model) as model:
        beam_arguments = arguments if values.runner == "beam" else None
        report = embed_files(request, files, values.overwrite, beam_arguments, model)
    print(_summary(report), flush=True)


@contextlib.contextmanager
def _model_of_others(text):
    """The model of --model over files; None for ours, which `embed_files` loads itself."""
    from byola_keras.evaluation.representations.files import RepresentationOfFiles
    from byola_keras.evaluation.representations.registry import is_of_others, load_representation

    if not is_of_others(text):
        yield None
        return
    with contextlib.closing(load_representation(text)) as representation:
        yield RepresentationOfFiles(representation)


def _summary(report):
    rate = 3600 * report["hours"] / max(report["seconds"], 0.1)
    lines = [
        f"Embedded: {report['embedded']:,} file(s), {report['hours']:.2f} hours, {rate:.0f} times real time. "
        f"Already there: {report['already_there']:,}. Skipped: {len(report['skipped']):,}."
    ]
    lines += [f"  {path}: {problem}" for path, problem in list(report["skipped"].items())[:10]]
    lines.append(f"The embeddings with their report.json are in {report['output_dir']}.")
    return "\n".join(lines)


COMMAND = Command(
    "embed",
    __doc__,
    define_flags,
    run,
    check,
    interrupted="Interrupted. What is written stays; the same command goes on.",
    takes_arguments=True,
    has_workers=True,
    tensorflow_log_level="3",
)
