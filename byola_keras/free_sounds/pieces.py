"""Chooses what of each package comes into the corpus: short files whole, long ones as excerpts."""

import dataclasses
import math
import os
import shutil
import zlib
from collections.abc import Sequence

import numpy as np
import soundfile

from byola_keras.atomic import replacing
from byola_keras.audio.decode import AudioError, open_sound, read_span
from byola_keras.audio.sample_rate import SAMPLE_RATE
from byola_keras.free_sounds.limits import Limits


@dataclasses.dataclass(frozen=True)
class Piece:
    """A whole file or an excerpt of one.

    Attributes:
        path: path of the file in its package.
        kind: kind of its sound.
        start_seconds: where the piece begins in the file.
        seconds: its length; of a whole file that of its header.
        whole: whether it is the whole file.
    """

    path: str
    kind: str
    start_seconds: float
    seconds: float
    whole: bool

    @property
    def name(self) -> str:
        """Path of the piece below the folder of its package."""
        if self.whole:
            return self.path
        start, end = (round(1000 * s) for s in (self.start_seconds, self.start_seconds + self.seconds))
        return f"{self.path}.{start:08d}-{end:08d}ms.flac"


def header_seconds(path: str) -> float:
    """The length that a file's header promises, in seconds.

    Raises:
        AudioError: the header cannot be read, or promises no length.
    """
    with open_sound(path) as sound:
        seconds = sound.frames / sound.samplerate
    if not seconds or seconds > 1e6:  # noqa: PLR2004
        raise AudioError(f"its header claims {seconds:g} seconds")
    return seconds


def choose(files: Sequence[tuple[str, float]], kind: str, limits: Limits) -> list[Piece]:
    """Chooses pieces of a package's files of one kind.

    Of each file there are at most `file_seconds`. If the package has more than its kind's minutes then, this
    limit is lowered for all its files alike, by whole excerpts, down to one excerpt. If that is still too
    much, files are taken in an order that a hash of their paths gives, as long as they fit.

    Args:
        files: path and length in seconds of each file.
        kind: their kind.
        limits: the limits.
    """
    most = 60 * getattr(limits, f"{kind}_minutes")
    excerpts = max(1, int(limits.file_seconds / limits.excerpt_seconds))
    while excerpts > 1 and sum(min(s, excerpts * limits.excerpt_seconds) for _, s in files) > most:
        excerpts -= 1
    pieces, taken = [], 0.0
    for path, seconds in sorted(
        files, key=lambda file: (zlib.crc32(file[0].encode("utf-8", "replace")), file)
    ):
        share = min(seconds, excerpts * limits.excerpt_seconds)
        if taken + share <= most:
            taken += share
            pieces += _pieces(path, kind, seconds, excerpts, limits.excerpt_seconds)
    return sorted(pieces, key=lambda piece: piece.name)


def _pieces(path, kind, seconds, excerpts, excerpt_seconds):
    """The whole file, or excerpts from the middles of as many equal parts: no fade, no overlap."""
    if seconds <= excerpts * excerpt_seconds:
        return [Piece(path, kind, 0.0, seconds, whole=True)]
    middles = (np.arange(excerpts) + 0.5) * seconds / excerpts
    starts = [math.floor(1000 * (middle - excerpt_seconds / 2)) / 1000 for middle in middles]
    return [Piece(path, kind, start, excerpt_seconds, whole=False) for start in starts]


def write_piece(piece: Piece, files_folder: str, folder: str) -> str:
    """Puts a piece below a folder, unless it is there: a link to the file, or an excerpt as FLAC at 16 kHz.

    Returns:
        The path of the piece.

    Raises:
        AudioError: the excerpt cannot be decoded.
    """
    source, target = os.path.join(files_folder, piece.path), os.path.join(folder, piece.name)
    if os.path.exists(target):
        return target
    os.makedirs(os.path.dirname(target), exist_ok=True)
    with replacing(target) as temporary:
        if piece.whole:
            _link(source, temporary)
        else:
            samples = read_span(source, piece.start_seconds, piece.start_seconds + piece.seconds)
            soundfile.write(temporary, samples, SAMPLE_RATE, format="FLAC")
    return target


def _link(source, target):
    try:
        os.link(source, target)
    except OSError:
        # Not every file system has two names for one file.
        shutil.copyfile(source, target)
