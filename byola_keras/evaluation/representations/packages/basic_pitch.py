"""Spotify's Basic Pitch, a LiteRT file in the package basic-pitch: which notes sound, and when they begin."""

import numpy as np

from byola_keras.evaluation.representations.packages.installed import package_file
from byola_keras.evaluation.representations.packages.packaged_model import (
    PackagedModel,
    in_batches,
    litert_interpreter,
)

_SAMPLE_RATE = 22050
_HOP_LENGTH = 256
# The model's window, and the frames that two windows share; half of these are left out at each of its ends.
_WINDOW_SAMPLES = 2 * _SAMPLE_RATE - _HOP_LENGTH
_SHARED_FRAMES = 30
_EDGE_FRAMES = _SHARED_FRAMES // 2
_WINDOW_HOP = _WINDOW_SAMPLES - _SHARED_FRAMES * _HOP_LENGTH
_FRAMES_PER_SECOND = _SAMPLE_RATE // _HOP_LENGTH
# Posteriors of three a semitone, of notes and of their beginnings.
_OUTPUTS = ("contour", "note", "onset")
_BATCH = 8


def windows_of(clip: np.ndarray) -> np.ndarray:
    """Cuts a clip as the authors' `run_inference` does, with zeros before it and after it.

    Args:
        clip: float32 [samples] at 22,050 Hz.

    Returns:
        float32 [windows, 43844, 1].
    """
    before = _EDGE_FRAMES * _HOP_LENGTH
    starts = range(0, before + len(clip), _WINDOW_HOP)
    filled = np.pad(clip, (before, starts[-1] + _WINDOW_SAMPLES - before - len(clip)))
    return np.stack([filled[start : start + _WINDOW_SAMPLES] for start in starts])[..., None]


class BasicPitch(PackagedModel):
    """440 posteriors each 11.6 ms: frames [T, 440].

    264 of pitch (three a semitone from 27.5 Hz), 88 of notes and 88 of their beginnings, windows and edges as
    in the authors' `run_inference`.

    Reference:
        R. Bittner et al., "A Lightweight Instrument-Agnostic Model for Polyphonic Note Transcription and
        Multipitch Estimation", https://arxiv.org/abs/2203.09893
    """

    def __init__(self, name: str):
        file = package_file("basic-pitch", "basic_pitch", "saved_models/icassp_2022/nmp.tflite")
        super().__init__(name, [file], _SAMPLE_RATE, frame_seconds=_HOP_LENGTH / _SAMPLE_RATE)
        self._posteriors = litert_interpreter(file).get_signature_runner()

    def clip_features(self, clip):
        frames = in_batches(self._window_frames, windows_of(clip), _BATCH)
        frames = frames[:, _EDGE_FRAMES:-_EDGE_FRAMES].reshape(-1, frames.shape[-1])
        return frames[: max(1, len(clip) * _FRAMES_PER_SECOND // _SAMPLE_RATE)]

    def _window_frames(self, windows):
        posteriors = self._posteriors(input_2=windows)
        return np.concatenate([posteriors[name] for name in _OUTPUTS], axis=-1)
