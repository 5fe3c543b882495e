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
