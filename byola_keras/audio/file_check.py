"""Checks one sound file and says what is wrong with it."""

import dataclasses
import hashlib
import re

import numpy as np

from byola_keras.audio.decode import AudioError, decoded_blocks, open_sound
from byola_keras.audio.pcm import to_int16
from byola_keras.audio.sample_rate import SAMPLE_RATE

# The problems that a file can have and their meaning, in the order of the table.
PROBLEMS = {
    "unreadable": "cannot be decoded, or not to its end",
    "empty": "holds no samples",
    "non_finite": "holds values that are NaN or infinite",
    "too_short": "is shorter than --shortest_seconds",
    "cut_short": "holds less than its header says",
    "silent": "no sample reaches -80 dB of full scale",
    "channels_cancel": "is silent once its channels are averaged",
    "clipped": "over 1 % of the samples stay at full scale",
    "over_full_scale": "peaks over twice full scale",
    "dc_offset": "the mean of a channel is over 10 % of full scale",
    "low_rate": f"its sample rate is below {SAMPLE_RATE // 1000} kHz",
    "duplicate": "decodes to the same samples as another file",
}

_SILENCE = 1e-4
# A sample counts as clipped when it and its neighbours are at full scale: music that is normalised touches
# it one sample at a time. Lossy formats overshoot where the original was clipped (measured: up to 1.65).
_FULL_SCALE = 0.999
_CLIPPED_SHARE = 0.01
_OVER_FULL_SCALE = 2.0
_DC_OFFSET = 0.1
# libsndfile's own report on a WAV file's data chunk.
_CUT_SHORT = re.compile(r"^data : (\d+) \(should be (\d+)\)", re.MULTILINE)


@dataclasses.dataclass
class FileCheck:
    """The findings on one file.

    Attributes:
        path: path or address of the file.
        problems: name of each problem -> details.
        seconds: length of the sound that could be decoded.
        sample_rate: rate in Hz; 0 where the header is unreadable.
        format: format of the file, such as "WAV PCM_16".
        channels: number of channels.
        digest: hash of the decoded samples and of the rate, alike for all lossless formats; empty where
            there are no samples or nothing but silence.
    """

    path: str
    problems: dict[str, str] = dataclasses.field(default_factory=dict)
    seconds: float = 0.0
    sample_rate: int = 0
    format: str = "unreadable"
    channels: int = 0
    digest: bytes = b""


def check_file(path: str, shortest_seconds: float) -> FileCheck:
    """Decodes a whole file, in bounded memory, and says what is wrong with it.

    Args:
        path: path or address of the file.
        shortest_seconds: length in seconds below which a file counts as too short.
    """
    check, samples = FileCheck(path), _Samples()
    try:
        with open_sound(path) as sound:
            check.sample_rate, check.channels = sound.samplerate, sound.channels
            check.format = f"{sound.format} {sound.subtype}"
            header_report = sound.extra_info
            for block in decoded_blocks(sound):
                samples.update(block)
    except AudioError as error:
        after = f" (after {samples.frames / check.sample_rate:.2f} s)" if samples.frames else ""
        check.problems["unreadable"] = str(error) + after
    if check.sample_rate:
        check.seconds = samples.frames / check.sample_rate
    if "unreadable" not in check.problems:
        _judge(check, samples, header_report, shortest_seconds)
        # Silent files are named as silent; that they equal each other says nothing.
        if samples.mono_peak >= _SILENCE:
            check.digest = samples.digest(check.sample_rate)
    return check


class _Samples:
    """Figures of the samples of a file, gathered block by block."""

    def __init__(self):
        self.frames, self.peak, self.mono_peak = 0, 0.0, 0.0
        self.clipped, self.not_finite, self.sums = 0, 0, 0.0
        self._hash = hashlib.blake2b(digest_size=16)

    def update(self, block):
        """Adds samples [frames, channels]."""
        finite = np.isfinite(block)
        if not finite.all():
            self.not_finite += int((~finite).sum())
            block = np.where(finite, block, np.float32(0))
        levels, mono = np.abs(block), block.mean(axis=1)
        full = levels >= _FULL_SCALE
        if full.any():
            full[1:-1] &= full[2:] & full[:-2]
            self.clipped += int(full.sum())
        self.frames += len(block)
        self.peak = max(self.peak, float(levels.max()))
        self.mono_peak = max(self.mono_peak, float(np.abs(mono).max()))
        self.sums = self.sums + block.sum(axis=0, dtype=np.float64)
        self._hash.update(to_int16(mono).tobytes())

    def digest(self, sample_rate):
        """Gives the hash of the samples at 16 bits and of the rate."""
        self._hash.update(str(sample_rate).encode())
        return self._hash.digest()


def _judge(check, samples, header_report, shortest_seconds):
    problems = check.problems
    if not samples.frames:
        problems["empty"] = "0 samples"
        return
    if samples.not_finite:
        problems["non_finite"] = f"{samples.not_finite} values"
    if check.seconds < shortest_seconds:
        problems["too_short"] = f"{1000 * check.seconds:.2f} ms"
    if cut := _CUT_SHORT.search(header_report):
        problems["cut_short"] = f"{int(cut[2]):,} of {int(cut[1]):,} bytes"
    if samples.peak < _SILENCE:
        problems["silent"] = f"peak {samples.peak:.1e}"
    elif samples.mono_peak < _SILENCE:
        problems["channels_cancel"] = f"peak {samples.mono_peak:.1e}"
    clipped = samples.clipped / samples.frames / check.channels
    if samples.peak > _OVER_FULL_SCALE:
        problems["over_full_scale"] = f"peak {samples.peak:.2f}"
    elif clipped > _CLIPPED_SHARE:
        problems["clipped"] = f"{100 * clipped:.1f} %"
    offset = float(np.abs(samples.sums / samples.frames).max())
    if offset > _DC_OFFSET:
        problems["dc_offset"] = f"mean {offset:.2f}"
    if check.sample_rate < SAMPLE_RATE:
        problems["low_rate"] = f"{check.sample_rate} Hz"
