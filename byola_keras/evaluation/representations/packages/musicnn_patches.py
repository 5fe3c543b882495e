"""Log-mel spectrograms of musicnn, and their cutting into the network's patches."""

import numpy as np

# Frames of 16 ms in the three seconds that the network was trained on.
PATCH_FRAMES = 187


def log_compressed(mel_power: np.ndarray) -> np.ndarray:
    """The network's input: float32 [..., 96] -> float32 [..., 96].

    The authors stored spectrograms in 16 bits, and their package still rounds to these.
    """
    largest = np.finfo(np.float16).max
    rounded = np.minimum(mel_power, largest).astype(np.float16).astype(np.float32)
    return np.log10(10000 * rounded + 1)


def patch_starts(frames: int) -> list[int]:
    """First frames of the patches that cover a clip: one after the other, the last ends with the clip.

    The authors' package leaves out what remains after the last whole patch. A clip that is shorter than a
    patch is one patch of its own length, which the network takes.
    """
    last = max(frames - PATCH_FRAMES, 0)
    return [*range(0, last, PATCH_FRAMES), last]


def without_repeats(patches: list[np.ndarray], frames: int) -> np.ndarray:
    """Joins frames [T, D] of the patches of a clip; what two patches share is taken from the first."""
    repeated = sum(map(len, patches)) - frames
    return np.concatenate([*patches[:-1], patches[-1][repeated:]])
