"""Sound for tests that need files: made on the spot."""

import numpy as np
import soundfile

_FORMATS = ("wav", "flac", "ogg", "mp3")
_RATES = (8000, 16000, 22050, 44100)


def write_sounds(folder, count=24, seed=0):
    """Writes `count` files of noisy, decaying harmonic tones in mixed formats, rates and channels."""
    draws = np.random.default_rng(seed)
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        sample_rate = _RATES[number % 4]
        t = np.arange(round(draws.uniform(0.4, 2.5) * sample_rate)) / sample_rate
        pitch = draws.uniform(80, 900)
        tone = sum(np.sin(2 * np.pi * pitch * k * t + draws.uniform(0, 6)) / k for k in range(1, 5))
        sound = 0.2 * tone * np.exp(-t * draws.uniform(0, 4)) + draws.normal(0, 0.003, len(t))
        channels = np.stack([sound] * (1 + number % 2), axis=1)
        soundfile.write(folder / f"{number:03d}.{_FORMATS[number // 4 % 4]}", channels, sample_rate)
    return folder


def write_odd_sounds(folder):
    """Adds a long recording, and recordings with which something is wrong."""
    draws = np.random.default_rng(5)
    long = draws.integers(-8000, 8000, round(23.4 * 16000)).astype(np.int16)
    soundfile.write(folder / "long.wav", long, 16000)
    (folder / "broken.wav").write_bytes(b"RIFF but no sound")
    soundfile.write(folder / "none.wav", np.zeros(0), 16000)
    soundfile.write(folder / "silent.wav", np.zeros(16000), 16000)
    soundfile.write(folder / "loud.wav", 3 * np.sin(np.arange(16000) / 9), 16000, subtype="FLOAT")
    spoilt = draws.normal(0, 0.1, 25 * 16000)
    spoilt[12 * 16000] = np.nan
    soundfile.write(folder / "spoilt.wav", spoilt, 16000, subtype="FLOAT")
    soundfile.write(folder / "cut.flac", draws.normal(0, 0.1, 30 * 16000), 16000)
    content = (folder / "cut.flac").read_bytes()
    (folder / "cut.flac").write_bytes(content[: len(content) * 9 // 10])
    return folder
