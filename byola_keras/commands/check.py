"""Checks sound files before a long run: what cannot be read, and what should not be trained on.

    byola check --audio_dir=sounds --json=report.json

The exit code is 1 if anything is unreadable.
"""

from absl import flags, logging

from byola_keras.commands import common
from byola_keras.commands.command import Command


def define_flags(values: flags.FlagValues) -> None:
    """Defines the flags of the command."""
    define = common.definers(values)
    common.sound_flags(values)
    define.float(
        "shortest_seconds",
        0.064,
        "Length, in seconds, below which a recording is reported as too short; the default is one window of "
        "the front end.",
        0.0,
    )
    define.integer("workers", None, "Number of processes that read. Default: one for each core.", 1)
    common.json_flag(values, "all findings")


def run(values: flags.FlagValues, arguments: list[str]) -> int:
    """Checks the files and prints a table of the findings."""
    from byola_keras.audio.data_check import DataCheck, check_files
    from byola_keras.audio.files import find_audio_files

    common.make_folder_of(values.json)
    paths = find_audio_files(values.audio_dir, values.file_list, with_folders=True)
    findings = DataCheck()
    for check in check_files(paths, values.shortest_seconds, values.workers):
        findings.add(check)
        logging.log_every_n_seconds(logging.INFO, "%d of %d files.", 10, findings.files, len(paths))
    print(findings.table(), flush=True)
    common.write_json(values.json, findings.to_json())
    return 1 if findings.problems["unreadable"] else 0


COMMAND = Command(
    "check",
    __doc__,
    define_flags,
    run,
    interrupted="Interrupted; nothing was written.",
    has_workers=True,
    tensorflow_log_level="3",
)
