"""Reads sound files of any format as mono float32 at the wanted rate: a piece, or all of it in blocks.

libsndfile decodes and soxr resamples. The decoders of tensorflow-io were measured and not taken: they
refuse valid files, end the process on some damaged headers and hang on damaged FLAC, and their resampler
delays the sound by 2 to 4 ms.
"""

import contextlib
import math
import os
from collections.abc import Iterator

import numpy as np
import soundfile
import soxr

from byola_keras.audio import storage
from byola_keras.audio.sample_rate import SAMPLE_RATE

# A header may claim anything. A file whose header claims more than this is not believed.
_SAMPLE_RATES = range(1_000, 768_001)
_MAX_CHANNELS = 64
_MAX_FRAMES = 2**40

# Sound on both sides of a piece that the resampling filter needs to be exact (measured: 4e-7).
_MARGIN_SECONDS = 0.012
# An MP3 frame uses bits of frames before it: decoding is exact after 12 frames of 1,152 samples.
# libmpg123 complains of each seek on stderr, so that short files are decoded from the beginning.
_MP3_PREROLL = 13_824
_MP3_SEEK_SECONDS = 30
# libsndfile seeks inexactly into the last page of an Ogg stream, which may hold some seconds.
_OGG_TAIL_SECONDS = 10
# What libsndfile says of some damaged files, and what it means.
_CLEARER_REASONS = {
    "File does not exist or is not a regular file (possibly a pipe?)": "its content is damaged",
    "Internal psf_fseek() failed": "it ends before the place that its header promises",
    "Unspecified internal error": "its content is damaged",
}
# Values over all channels that are decoded at a time when a whole file is read: half a megabyte. With four
# the system has to find the memory anew each time, which took a third of the time.
_BLOCK_VALUES = 2**17


class AudioError(ValueError):
    """A sound file that cannot be used. The text is the reason, in a few words."""


def read_crop(
    path: str,
    length: int,
    position: float,
    sample_rate: int = SAMPLE_RATE,
    start_seconds: float = 0.0,
    end_seconds: float | None = None,
) -> np.ndarray:
    """Reads a piece of a sound file, and decodes as little besides it as the format allows.

    Args:
        path: path or address of a file in any format that libsndfile reads (WAV, FLAC, Ogg Vorbis, MP3 and
            others), of any rate, bit depth and number of channels, which are averaged. The content tells
            the format, not the name.
        length: number of samples in the piece, at `sample_rate`.
        position: where in the span the piece lies, in [0, 1): at 0 it begins with the span, close to 1 it
            ends with it.
        sample_rate: rate of the returned samples in Hz.
        start_seconds: beginning of the span of the file that counts.
        end_seconds: its end; None, or what lies behind the file's end, is the end of the file.

    Returns:
        float32 [length], full scale is 1; a span shorter than that is padded with zeros at its end.

    Raises:
        AudioError: the file cannot be decoded, its span is empty or holds values that are not finite.
    """
    with open_sound(path) as sound:
        first, total = _span(sound, start_seconds, end_seconds, sample_rate)
        # A stream of unknown length can be read from its beginning only.
        known = sound.frames <= _MAX_FRAMES
        offset = int(position * (max(total - length, 0) + 1)) if known else 0
        piece = _read_resampled(sound, first + offset, min(length, total), sample_rate)
    return np.pad(_checked(piece), (0, length - len(piece)))


def read_span(
    path: str, start_seconds: float, end_seconds: float | None, sample_rate: int = SAMPLE_RATE
) -> np.ndarray:
    """Reads all samples of a span of a sound file; arguments and errors as of `read_crop`.

    Returns:
        float32 [samples].
    """
    with open_sound(path) as sound:
        first, total = _span(sound, start_seconds, end_seconds, sample_rate)
        piece = _read_resampled(sound, first, total, sample_rate)
    return _checked(piece)


def _span(sound, start_seconds, end_seconds, sample_rate):
    """First sample and number of samples of a span, at `sample_rate`."""
    total = _resampled_length(sound.frames, sound.samplerate, sample_rate)
    first = round(start_seconds * sample_rate)
    last = total if end_seconds is None else min(round(end_seconds * sample_rate), total)
    if start_seconds and first >= last:
        raise AudioError(f"it holds no samples from {start_seconds:g} seconds on")
    return first, max(0, last - first)


def _checked(piece):
    if not len(piece):
        raise AudioError("it holds no samples")
    if not np.isfinite(piece).all():
        raise AudioError("it holds values that are not finite")
    return piece


def read_blocks(path: str, sample_rate: int = SAMPLE_RATE) -> Iterator[np.ndarray]:
    """Reads a whole sound file of any length, a block at a time, in memory that does not grow.

    Args:
        path: path or address, as for `read_crop`.
        sample_rate: rate of the returned samples in Hz.

    Yields:
        Blocks float32 [samples] of changing length; one after the other they are the whole file.

    Raises:
        AudioError: the file cannot be decoded, or, after what could be, not to its end.
    """
    with open_sound(path) as sound:
        resampler = None
        if sound.samplerate != sample_rate:
            resampler = soxr.ResampleStream(sound.samplerate, sample_rate, 1, "float32", "HQ")
        for block in decoded_blocks(sound):
            mono = block.mean(axis=1)
            yield resampler.resample_chunk(mono) if resampler else mono
        if resampler:
            yield resampler.resample_chunk(np.zeros(0, "float32"), last=True)


@contextlib.contextmanager
def open_sound(path: str) -> Iterator[soundfile.SoundFile]:
    """Opens a sound file whose header is believable; errors inside the block become `AudioError`."""
    with _as_audio_error(), _open(path) as sound:
        _check_header(sound)
        yield sound


def decoded_blocks(sound: soundfile.SoundFile) -> Iterator[np.ndarray]:
    """Reads all samples of an open file, in blocks float32 [frames, channels] of half a megabyte."""
    frames = max(1, _BLOCK_VALUES // sound.channels)
    while len(block := sound.read(frames, dtype="float32", always_2d=True)):
        yield block


@contextlib.contextmanager
def _as_audio_error():
    try:
        yield
    except AudioError:
        raise
    except (soundfile.SoundFileError, RuntimeError, OSError, MemoryError, ValueError) as error:
        reason = str(error).strip() or type(error).__name__
        # "Error opening 'path': reason": whoever reports the reason names the path.
        reason = reason.splitlines()[0].rpartition("': ")[2].rstrip(".")
        raise AudioError(_CLEARER_REASONS.get(reason, reason)) from error


class _SoundFile(soundfile.SoundFile):
    """A sound file in which soundfile does not seek on its own.

    It seeks to where it already is after every read, at which a FLAC stream that ends early fails.
    """

    def seekable(self):
        """False to soundfile, which asks here; `seek` works all the same."""
        return False


def _open(path):
    if storage.is_remote(path):
        return _SoundFile(storage.open_remote(path))
    if not os.path.isfile(path):
        raise AudioError("it is not a file" if os.path.exists(path) else "it is not there")
    if not os.path.getsize(path):
        raise AudioError("the file has 0 bytes")
    # As bytes: a file may be called by any.
    return _SoundFile(os.fsencode(path))


def _check_header(sound):
    if sound.samplerate not in _SAMPLE_RATES:
        raise AudioError(f"its header claims a sample rate of {sound.samplerate} Hz")
    if not 1 <= sound.channels <= _MAX_CHANNELS:
        raise AudioError(f"its header claims {sound.channels} channels")


def _resampled_length(frames, source_rate, sample_rate):
    """Length that soxr gives `frames` samples: rounded, halves up."""
    return (2 * frames * sample_rate + source_rate) // (2 * source_rate)


def _read_resampled(sound, start, length, sample_rate):
    """Samples [start, start + length) of the whole file resampled, fewer at its end."""
    source_rate = sound.samplerate
    if source_rate == sample_rate:
        return _read_mono(sound, start, length)
    divisor = math.gcd(source_rate, sample_rate)
    up, down = sample_rate // divisor, source_rate // divisor
    margin = math.ceil(_MARGIN_SECONDS * source_rate)
    # Every `down` source samples the two rates fall on the same instant: pieces that start there are
    # resampled to the very samples of the whole file.
    block = max(0, (start * source_rate // sample_rate - margin) // down)
    first = block * down
    last = math.ceil((start + length) * source_rate / sample_rate) + margin
    source = _read_mono(sound, first, last - first)
    skipped = start - block * up
    return soxr.resample(source, source_rate, sample_rate, "HQ")[skipped : skipped + length]


def _read_mono(sound, start, count):
    """Source samples [start, start + count) as float32, the mean of the channels, fewer at the end."""
    seek_to = start
    if sound.format == "OGG":
        seek_to = min(start, max(0, sound.frames - _OGG_TAIL_SECONDS * sound.samplerate))
    elif sound.format in ("MP3", "MPEG"):
        long = start > _MP3_SEEK_SECONDS * sound.samplerate
        seek_to = start - _MP3_PREROLL if long else 0
    if seek_to:
        sound.seek(seek_to)
    # The count bounds what is allocated, whatever the header claims.
    samples = sound.read(start - seek_to + count, dtype="float32", always_2d=True)
    return samples[start - seek_to :].mean(axis=1)
