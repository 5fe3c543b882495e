"""Clips that are pieces of recordings: the columns `start` and `end` of a CSV task."""

import math
from collections.abc import Sequence

import soundfile

from byola_keras.evaluation.task import Clip

COLUMNS = ("start", "end")
# By so much an end may lie behind that of the file: programs that annotate sound round it.
_ROUNDING_SECONDS = 0.05


def has_segments(columns: Sequence[str]) -> bool:
    """Whether a CSV file with these columns names pieces; one of the two alone means something else."""
    return set(COLUMNS) <= set(columns)


def read_segment(row: dict[str, str], path: str, number: int) -> tuple[float, float | None]:
    """Start and end of the piece of a row, in seconds; an empty start is 0, an empty end that of the file.

    Args:
        row: the row, with the columns `start` and `end`.
        path: path of the CSV file, for errors.
        number: number of the row, for errors.

    Raises:
        ValueError: they are not seconds from 0 on, or the end is not after the start.
    """
    start, end = (_seconds(row[column], column, path, number) for column in COLUMNS)
    start = start or 0.0
    if end is not None and end <= start:
        raise ValueError(
            f"`end` must be after `start`. Received: start={start:g}, end={end:g} in row {number} of {path}"
        )
    return start, end


def _seconds(text, column, path, number):
    if not text.strip():
        return None
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 <= seconds < math.inf:
        raise ValueError(
            f"`{column}` must be seconds from 0 on, or empty. Received: {column}={text!r} in row {number} of "
            f"{path}; give the column another name if it is not where a piece of the recording lies."
        )
    return seconds


class Recordings:
    """The recordings that a CSV file names, which must not be in two splits.

    Args:
        path: path of the CSV file, for errors.
        with_segments: whether its rows are pieces, so that several may be of one recording.
    """

    def __init__(self, path: str, with_segments: bool):
        self._path, self._with_segments = path, with_segments
        self._rows: dict[tuple, int] = {}
        self._parts: dict[str, tuple] = {}

    def add(self, clip: Clip, name: str, number: int) -> Clip:
        """The clip itself, after a look at those before it.

        Args:
            clip: the clip of a row.
            name: what the row calls the file.
            number: number of the row.

        Raises:
            ValueError: the file, or this piece of it, was named before, or another piece is in another split.
        """
        piece = (clip.path, clip.start, clip.end)
        if piece in self._rows:
            what, hint = "piece of a sound file", ""
            if not self._with_segments:
                what, hint = "sound file", f"; pieces of one need both columns, {' and '.join(COLUMNS)}"
            raise ValueError(
                f"`csv` must name each {what} once, else it could be in two splits. Received: {name!r} in "
                f"the rows {self._rows[piece]} and {number} of {self._path}{hint}"
            )
        self._rows[piece] = number
        first, part = self._parts.setdefault(clip.path, (number, (clip.split, clip.fold)))
        if part != (clip.split, clip.fold):
            one, other = (f"split {split}" if split else f"fold {fold}" for split, fold in (part, clip[2:4]))
            raise ValueError(
                f"`csv` must keep all pieces of a recording in one split. Received: {name!r} in {one} (row "
                f"{first}) and in {other} (row {number}) of {self._path}"
            )
        return clip


def clip_seconds(clip: Clip, path: str) -> float:
    """Length of a clip in seconds, from the header of its file.

    Args:
        clip: the clip.
        path: path of the CSV file, for errors.

    Raises:
        ValueError: soundfile does not read the file, or the clip is not in it.
    """
    try:
        whole = soundfile.info(clip.path).duration
    except soundfile.LibsndfileError as error:
        raise ValueError(
            f"`csv` must name sound files that soundfile reads. Received: {clip.path}, named in "
            f"{path}: {error}"
        ) from error
    end = whole if clip.end is None else clip.end
    if clip.is_segment and (clip.start >= whole or end > whole + _ROUNDING_SECONDS):
        raise ValueError(
            "`start` and `end` must lie in the sound file, in seconds. Received: "
            f"start={clip.start:g}, end={end:g} of {clip.path}, which has {whole:.3f} seconds, in {path}"
        )
    return min(end, whole) - clip.start
