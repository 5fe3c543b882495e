"""Mel filterbanks as plain numpy: the Slaney scale that BYOL-A uses, and HTK's."""

import numpy as np

# Slaney's Auditory Toolbox: linear below 1 kHz, then 27 steps for a factor of 6.4.
_LINEAR_HZ_PER_MEL = 200.0 / 3.0
_LOG_START_HZ = 1000.0
_LOG_START_MEL = _LOG_START_HZ / _LINEAR_HZ_PER_MEL
_LOG_STEP = np.log(6.4) / 27.0


def hz_to_mel(hz: np.ndarray, mel_scale: str) -> np.ndarray:
    """Frequencies in Hz to mels of the scale "slaney" or "htk", in float64."""
    hz = np.asarray(hz, np.float64)
    if mel_scale == "htk":
        return 2595.0 * np.log10(1.0 + hz / 700.0)
    logarithmic = _LOG_START_MEL + np.log(np.maximum(hz, 1e-10) / _LOG_START_HZ) / _LOG_STEP
    return np.where(hz < _LOG_START_HZ, hz / _LINEAR_HZ_PER_MEL, logarithmic)


def mel_to_hz(mel: np.ndarray, mel_scale: str) -> np.ndarray:
    """Inverse of `hz_to_mel`."""
    mel = np.asarray(mel, np.float64)
    if mel_scale == "htk":
        return 700.0 * (10.0 ** (mel / 2595.0) - 1.0)
    logarithmic = _LOG_START_HZ * np.exp(_LOG_STEP * (mel - _LOG_START_MEL))
    return np.where(mel < _LOG_START_MEL, mel * _LINEAR_HZ_PER_MEL, logarithmic)


def mel_filterbank(
    sample_rate: int,
    n_fft: int,
    n_mels: int,
    f_min: float,
    f_max: float,
    mel_scale: str = "slaney",
    mel_norm: str | None = "slaney",
) -> np.ndarray:
    """Triangular mel filters.

    Args:
        sample_rate: Hz.
        n_fft: FFT length in samples.
        n_mels: number of filters.
        f_min: lower edge of the first filter, Hz.
        f_max: upper edge of the last filter, Hz.
        mel_scale: "slaney" or "htk", where the centres lie.
        mel_norm: "slaney" divides each filter by half its bandwidth in Hz, so that all have the same
            area; None leaves peaks of 1.

    Returns:
        float32 [n_fft // 2 + 1, n_mels], to multiply a power spectrum with from the right.
    """
    mel_edges = hz_to_mel(np.array([f_min, f_max]), mel_scale)
    edges = mel_to_hz(np.linspace(mel_edges[0], mel_edges[1], n_mels + 2), mel_scale)
    bins = np.linspace(0.0, sample_rate / 2, n_fft // 2 + 1)[:, None]
    rising = (bins - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - bins) / (edges[2:] - edges[1:-1])
    filters = np.maximum(0.0, np.minimum(rising, falling))
    if mel_norm == "slaney":
        filters *= 2.0 / (edges[2:] - edges[:-2])
    return filters.astype(np.float32)
