"""A small task that is easy to hear."""

import numpy as np
import soundfile

PITCHES = {"low": 200.0, "middle": 600.0, "high": 1800.0}


def write_task(folder, count, split=True):
    """Tones of three pitches, by which they are labelled, and of two kinds, in noise."""
    draws = np.random.default_rng(3)
    lines = [f"file,pitch,kinds,{'split' if split else 'fold'}"]
    for number in range(count):
        pitch = list(PITCHES)[number % 3]
        t = np.arange(8000) / 16000
        tone = np.sin(2 * np.pi * PITCHES[pitch] * draws.uniform(0.9, 1.1) * t)
        tone *= np.exp(-6 * t) if number % 2 else 1
        soundfile.write(folder / f"{number}.wav", 0.2 * tone + draws.normal(0, 0.02, len(t)), 16000)
        part = ("train", "train", "train", "valid", "test")[number % 5] if split else 1 + number % 2
        kinds = f'"{pitch},fading"' if number % 2 else pitch
        lines.append(f"{number}.wav,{pitch},{kinds},{part}")
    (folder / "tones.csv").write_text("\n".join(lines) + "\n")
    return folder / "tones.csv"
