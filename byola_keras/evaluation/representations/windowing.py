"""Cuts clips into the fixed windows that a model takes."""

import numpy as np


def window_count(samples: int, length: int, hop: int) -> int:
    """Windows of `length` that cover a clip, each `hop` samples after the one before; at least one."""
    return 1 + max(0, -(-(samples - length) // hop))


def all_windows(waveforms: np.ndarray, length: int, hop: int) -> np.ndarray:
    """The windows of each clip; the last one, and the only one of a shorter clip, is filled up with zeros.

    Args:
        waveforms: [batch, samples].
        length: samples of a window.
        hop: samples from the beginning of a window to that of the next.

    Returns:
        [batch, windows, length], a view that must not be written to.
    """
    count = window_count(waveforms.shape[1], length, hop)
    missing = (count - 1) * hop + length - waveforms.shape[1]
    if missing > 0:
        waveforms = np.pad(waveforms, [(0, 0), (0, missing)])
    view = np.lib.stride_tricks.sliding_window_view(waveforms, length, axis=1)
    return view[:, ::hop][:, :count]
