"""Finds out which files of a folder belong to a published training set, and which are missing.

Sound of AudioSet disappears from the web, so that no two copies are the same: a result can only be compared
with the paper's beside the number of clips that it was trained on. A clip is here what the sets call so: one
of their recordings.
"""

import csv
import os
import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

# Numbers of clips that the paper trained on (arXiv 2204.07402, Section IV-B3), for comparison.
AUDIOSET_CLIPS = 1_963_807
FSD50K_DEV_CLIPS = 40_966

_YOUTUBE_ID = re.compile(r"[\w-]{11}", re.ASCII)


class PublishedSet(NamedTuple):
    """The part of a published set that is there.

    Attributes:
        name: name of the set.
        files: paths of the clips that are there, sorted; of a clip that is there more than once the first.
        listed: number of clips that the set's lists name.
        missing: names of the listed clips without a file, sorted.
        paper_clips: number of clips that the paper trained on.
    """

    name: str
    files: list[str]
    listed: int
    missing: list[str]
    paper_clips: int


def select_audioset(segment_csvs: Sequence[str], files: Iterable[str]) -> PublishedSet:
    """Chooses the files of AudioSet's segments.

    Args:
        segment_csvs: paths of `balanced_train_segments.csv`, `unbalanced_train_segments.csv` or both, as
            published: lines "YTID, start_seconds, end_seconds, labels" and comments with #.
        files: paths of sound files. A name is the YouTube identifier, with a "Y" before it or not, and then
            anything that begins with "_" or ".": `Y<id>.wav`, `<id>_<start>_<end>.flac`, `<id>_30000.mp3`.

    Raises:
        FileNotFoundError: a list is not there.
        ValueError: a line is not of that form.
    """
    listed = set()
    for path in segment_csvs:
        listed.update(_audioset_ids(path))
    return _select("AudioSet", listed, files, lambda path: _listed_id(path, listed), AUDIOSET_CLIPS)


def select_fsd50k(dev_csv: str, files: Iterable[str]) -> PublishedSet:
    """Chooses the files of FSD50K's development set.

    Args:
        dev_csv: path of `FSD50K.ground_truth/dev.csv` as published, with a column `fname`.
        files: paths of sound files; a name without its extension is the `fname`.

    Raises:
        FileNotFoundError: the list is not there.
        ValueError: it has no column `fname`.
    """
    with _open_list(dev_csv, "fsd50k_csv") as lines:
        reader = csv.DictReader(lines)
        if "fname" not in (reader.fieldnames or ()):
            raise ValueError(
                "`fsd50k_csv` must be FSD50K.ground_truth/dev.csv with a column fname. Received: "
                f"fsd50k_csv={dev_csv!r} with the columns {reader.fieldnames}"
            )
        listed = {row["fname"] for row in reader}
    return _select("FSD50K dev", listed, files, _stem, FSD50K_DEV_CLIPS)


def _select(name, listed, files, clip_of, paper_clips):
    found = {}
    for path in sorted(files):
        clip = clip_of(path)
        if clip in listed:
            found.setdefault(clip, path)
    return PublishedSet(name, sorted(found.values()), len(listed), sorted(listed - set(found)), paper_clips)


def _audioset_ids(path):
    with _open_list(path, "audioset_csv") as lines:
        for number, line in enumerate(lines, 1):
            if line.startswith("#") or not line.strip():
                continue
            youtube_id = line.split(",")[0].strip()
            if not _YOUTUBE_ID.fullmatch(youtube_id):
                raise ValueError(
                    "A line of `audioset_csv` must begin with a YouTube identifier of 11 characters. "
                    f"Received: audioset_csv={path!r}, line {number}: {line.strip()[:60]!r}"
                )
            yield youtube_id


def _listed_id(path, listed):
    """Finds the identifier in a file's name; the list tells whether a first "Y" belongs to it."""
    stem = _stem(path)
    for start in (0, 1) if stem.startswith("Y") else (0,):
        youtube_id, rest = stem[start : start + 11], stem[start + 11 :]
        if youtube_id in listed and rest[:1] in ("", "_", "."):
            return youtube_id
    return None


def _stem(path):
    return os.path.splitext(os.path.basename(path))[0]


def _open_list(path, flag):
    if not os.path.isfile(path):
        raise FileNotFoundError(
            f"`{flag}` must be a list as published. Received: {flag}={path!r}, which is not there."
        )
    return open(path, newline="", encoding="utf-8")
