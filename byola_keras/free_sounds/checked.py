"""Checks the pieces of all packages, and leaves out what is broken, silent or there twice."""

import dataclasses
import json
import os
from collections.abc import Sequence

from absl import logging

from byola_keras.atomic import write_text
from byola_keras.audio.data_check import DataCheck, check_files
from byola_keras.audio.file_check import FileCheck
from byola_keras.free_sounds.package_sound import PackageSound

# Of the problems that `byola check` knows, those for which a piece is left out. The others (clipped, a low
# rate, an offset) are of sound that can be learnt from.
LEFT_OUT = (
    "unreadable",
    "empty",
    "non_finite",
    "too_short",
    "silent",
    "channels_cancel",
    "duplicate",
)
# One window of the front end, as `byola check` has it.
_SHORTEST_SECONDS = 0.064


@dataclasses.dataclass
class Checked:
    """The findings on all pieces.

    Attributes:
        seconds: path of a piece -> its length, for pieces that are kept.
        left_out: path of a piece -> (problem, detail), for the others.
    """

    seconds: dict[str, float]
    left_out: dict[str, tuple[str, str]]


def check_pieces(sounds: Sequence[PackageSound], work_dir: str, workers: int | None = None) -> Checked:
    """Checks all pieces by the functions of `byola check`.

    Args:
        sounds: the packages. Of pieces that are alike the one of the first package stays.
        work_dir: gets `checks/`, in which the findings on packages are kept for the next call.
        workers: number of processes; None for one a processor core.
    """
    os.makedirs(os.path.join(work_dir, "checks"), exist_ok=True)
    known = {sound.label: _read(sound, work_dir) for sound in sounds}
    pending = [sound for sound in sounds if known[sound.label] is None]
    paths = [path for sound in pending for path, _ in sound.pieces]
    logging.info("Checking %d pieces.", len(paths))
    checks = check_files(paths, _SHORTEST_SECONDS, workers)
    for sound in pending:
        known[sound.label] = [next(checks) for _ in sound.pieces]
        _keep(sound, known[sound.label], work_dir)
        logging.info("Checked %s.", sound.label)
    return _judge([check for sound in sounds for check in known[sound.label]])


def _judge(checks):
    findings = DataCheck()
    for check in checks:
        findings.add(check)
    left_out = {}
    for problem in LEFT_OUT:
        for path, detail in findings.problems[problem]:
            left_out.setdefault(path, (problem, detail))
    return Checked({check.path: check.seconds for check in checks if check.path not in left_out}, left_out)


def _file_of(sound, work_dir):
    return os.path.join(work_dir, "checks", f"{sound.label}.json")


def _read(sound, work_dir) -> list[FileCheck] | None:
    """The findings of an earlier call, if they are on the same pieces."""
    try:
        with open(_file_of(sound, work_dir), encoding="utf-8") as file:
            rows = json.load(file)
    except (FileNotFoundError, json.JSONDecodeError):
        return None
    if [row["path"] for row in rows] != [path for path, _ in sound.pieces]:
        return None
    return [FileCheck(**{**row, "digest": bytes.fromhex(row["digest"])}) for row in rows]


def _keep(sound, checks, work_dir):
    rows = [{**dataclasses.asdict(check), "digest": check.digest.hex()} for check in checks]
    write_text(_file_of(sound, work_dir), json.dumps(rows) + "\n")
