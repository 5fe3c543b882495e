"""Damaged sound for `fuzz_test.py`, decoded in a process of its own whose memory is limited.

python -m tests.audio.fuzz SEED CASES FOLDER
"""

import itertools
import json
import os
import resource
import sys
import time

import numpy as np
import soundfile

from byola_keras.audio.decode import AudioError, read_blocks, read_crop

# Far more than a decoder may need for files of a few kilobytes, far less than a header may claim.
ALLOWED_GROWTH = 400 * 2**20
_FORMATS = (
    ("wav", "PCM_16"),
    ("wav", "PCM_U8"),
    ("wav", "FLOAT"),
    ("wav", "MS_ADPCM"),
    ("wav", "ULAW"),
    ("flac", "PCM_16"),
    ("flac", "PCM_24"),
    ("ogg", "VORBIS"),
    ("ogg", "OPUS"),
    ("mp3", "MPEG_LAYER_III"),
    ("aiff", "PCM_16"),
)


def originals(folder):
    """A healthy file of each format, as bytes."""
    draws = np.random.default_rng(0)
    for number, (extension, subtype) in enumerate(_FORMATS):
        rate = (16000, 48000, 8000)[number % 3]
        t = np.arange(round(0.3 * rate)) / rate
        tone = 0.4 * np.sin(2 * np.pi * 440 * t) + draws.normal(0, 0.05, len(t))
        path = os.path.join(folder, f"original.{extension}")
        soundfile.write(path, np.stack([tone] * (1 + number % 2), axis=1), rate, subtype=subtype)
        with open(path, "rb") as file:
            yield extension, file.read()


def damaged(content, draws):
    """One of: cut off, bits flipped, header bytes set to extremes, a piece of noise, moved, nothing but "
    "noise."""
    content = bytearray(content)
    kind = draws.integers(6)
    if kind == 0:
        return content[: draws.integers(len(content))]
    if kind == 1:
        for place in draws.integers(len(content), size=draws.integers(1, 40)):
            content[place] ^= 1 << draws.integers(8)
    elif kind == 2:
        for place in draws.integers(min(200, len(content)), size=draws.integers(1, 8)):
            content[place] = draws.choice([0, 1, 0x7F, 0x80, 0xFF])
    elif kind == 3:
        begin = draws.integers(len(content))
        noise = draws.bytes(draws.integers(1, 400))
        content[begin : begin + len(noise)] = noise
    elif kind == 4:
        begin, end = sorted(draws.integers(len(content), size=2))
        content = content[:begin] + content[end:] + content[begin:end]
    else:
        keep = draws.integers(0, 64)
        content = content[:keep] + draws.bytes(draws.integers(0, 4000))
    return content


def decode(path, draws):
    """Both ways of reading; returns a reason or None. Anything but an `AudioError` is a defect."""
    reason = None
    try:
        crop = read_crop(path, 15200, draws.random())
        assert crop.shape == (15200,) and np.isfinite(crop).all()
    except AudioError as error:
        reason = str(error)
        assert reason and "\n" not in reason and path not in reason, reason
    try:
        # A header may claim a rate of 1 kHz, which makes sixteen times as many samples.
        assert sum(len(block) for block in read_blocks(path)) < 10_000_000
    except AudioError as error:
        assert str(error)
    return reason


def main(seed, cases, folder):
    sources = list(originals(folder))
    draws = np.random.default_rng(int(seed))
    for extension, content in sources:
        path = os.path.join(folder, "case." + extension)
        with open(path, "wb") as file:
            file.write(content)
        assert decode(path, draws) is None, extension
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    with open("/proc/self/statm", encoding="ascii") as file:
        address_space = int(file.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (address_space + ALLOWED_GROWTH, hard))
    slowest, reasons = 0.0, {}
    for extension, content in itertools.islice(itertools.cycle(sources), int(cases)):
        path = os.path.join(folder, "case." + extension)
        with open(path, "wb") as file:
            file.write(damaged(content, draws))
        start = time.perf_counter()
        reason = decode(path, draws)
        slowest = max(slowest, time.perf_counter() - start)
        reasons[reason] = reasons.get(reason, 0) + 1
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 - before
    print(
        json.dumps({"slowest": slowest, "grown": grown, "reasons": {str(r): n for r, n in reasons.items()}})
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
