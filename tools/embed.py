"""Embeds sound files of any format, rate and length.

    python tools/embed.py --model=runs/mine --input="sounds/**/*.wav" --output_dir=embeddings

Writes an .npz a file with "scene" [D], "frames" [T', D], "timestamps_ms" [T'] and "model", below --output_dir
as the sound lies below its folder; or a table of the scenes, --format=parquet or tfrecord, in parts. What
cannot be decoded is skipped and named, also in report.json. The same command again goes on where it stopped,
and takes what is new. For corpora larger than one machine, with Beam's own flags after "--":

    python tools/embed.py --model=... --input=... --output_dir=... --runner=beam -- --runner=FlinkRunner ...
"""

import os
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from absl import app, flags, logging

_MODEL = flags.DEFINE_string(
    "model", None, "embedder.keras, a working directory of tools/pretrain.py, or folder or name of a preset."
)
_INPUT = flags.DEFINE_multi_string(
    "input", [], "Folder of sound files (with all subfolders), glob pattern or file. Repeatable."
)
_FILE_LIST = flags.DEFINE_string("file_list", None, "Text file with the path of a sound file a line.")
_OUTPUT_DIR = flags.DEFINE_string("output_dir", None, "Folder for the embeddings.")
_FORMAT = flags.DEFINE_enum("format", "npz", ("npz", "parquet", "tfrecord"), "An .npz a file, or a table.")
_FRAMES = flags.DEFINE_bool("frames", True, "Keep frames and timestamps; in .npz files only.")
_OVERWRITE = flags.DEFINE_bool("overwrite", False, "Make again what is there; a table is removed first.")
_CHUNK_SECONDS = flags.DEFINE_float(
    "chunk_seconds", 30.0, "Sound that is embedded at a time: more takes more memory.", 0.1
)
_WORKERS = flags.DEFINE_integer("workers", None, "Threads that decode. Default: one a core.", 1)
_RUNNER = flags.DEFINE_enum("runner", "local", ("local", "beam"), "This process, or Apache Beam.")

flags.mark_flags_as_required(["model", "output_dir"])


def main(argv):
    try:
        _embed(argv[1:])
    except KeyboardInterrupt:
        print("Interrupted. What is written stays; the same command goes on.", file=sys.stderr, flush=True)
        os._exit(130)


def _embed(beam_arguments):
    if beam_arguments and _RUNNER.value != "beam":
        raise app.UsageError(
            f"Arguments after -- are Beam's. Received: {beam_arguments} without --runner=beam"
        )
    if not _INPUT.value and not _FILE_LIST.value:
        raise app.UsageError("Sound must be given by --input, --file_list or both. Received: neither.")
    logging.set_verbosity(max(logging.get_verbosity(), logging.INFO))
    if not logging.vlog_is_on(1):
        # Beam reports every state and statistic.
        logging.get_absl_handler().addFilter(lambda record: "apache_beam" not in record.pathname)
    # A file may be called by any bytes.
    sys.stdout.reconfigure(errors="backslashreplace")
    from byola_keras.embedding.embed_files import embed_files
    from byola_keras.embedding.request import Request
    from byola_keras.embedding.sound_files import find_sound_files
    from byola_keras.processes import leave

    request = Request(
        _MODEL.value,
        _OUTPUT_DIR.value,
        _FORMAT.value,
        _FRAMES.value,
        _CHUNK_SECONDS.value,
        _WORKERS.value,
    )
    try:
        files = find_sound_files(_INPUT.value, _FILE_LIST.value)
        beam = beam_arguments if _RUNNER.value == "beam" else None
        report = embed_files(request, files, _OVERWRITE.value, beam)
    except (ValueError, OSError, RuntimeError, ImportError) as error:
        logging.debug("Traceback:", exc_info=True)
        leave(f"error: {error}", 1)
    print(_summary(report), flush=True)
    leave("", 0)


def _summary(report):
    rate = 3600 * report["hours"] / max(report["seconds"], 0.1)
    lines = [
        f"Embedded: {report['embedded']:,} file(s), {report['hours']:.2f} hours, {rate:.0f} times real time. "
        f"Already there: {report['already_there']:,}. Skipped: {len(report['skipped']):,}."
    ]
    lines += [f"  {path}: {problem}" for path, problem in list(report["skipped"].items())[:10]]
    lines.append(f"The embeddings with their report.json are in {report['output_dir']}.")
    return "\n".join(lines)


if __name__ == "__main__":
    app.run(main)
