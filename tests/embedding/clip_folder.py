"""A folder of sound such as people have."""

import numpy as np
import soundfile


def write_clips(folder):
    """Two lengths, two formats with one stem, a long one, a subfolder, and a broken one: 7 files and 1."""
    draws = np.random.default_rng(0)
    (folder / "dogs").mkdir(parents=True)
    for name, seconds in (
        ("a.wav", 1.0),
        ("a.flac", 1.0),
        ("b.wav", 0.7),
        ("c.wav", 1.0),
        ("long.flac", 3.3),
        ("dogs/a.wav", 0.7),
        ("dogs/tiny.wav", 0.01),
    ):
        soundfile.write(folder / name, draws.normal(0, 0.1, round(16000 * seconds)), 16000)
    (folder / "dogs" / "broken.wav").write_bytes(b"RIFF but no sound")
    return folder


NAMES = ["a.flac", "a.wav", "b.wav", "c.wav", "dogs/a.wav", "dogs/tiny.wav", "long.flac"]
