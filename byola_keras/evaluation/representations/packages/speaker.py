"""The speaker encoder of the package Resemblyzer."""

import numpy as np
import tensorflow as tf

from byola_keras.evaluation.representations.packages.installed import package_file
from byola_keras.evaluation.representations.packages.mel_power import MelPower
from byola_keras.evaluation.representations.packages.packaged_model import PackagedModel, in_batches
from byola_keras.evaluation.representations.packages.speaker_network import N_MELS, speaker_network
from byola_keras.evaluation.representations.representation import NONE
from byola_keras.torch_files.reader import read_torch_file

_SAMPLE_RATE = 16000
_HOP_LENGTH = 160
# Frames of a partial utterance, and from one to the next: the package's rate of 1.3 a second.
_PARTIAL_FRAMES = 160
_STEP_FRAMES = 77
# The last partial utterance counts if the clip fills this part of it.
_LEAST_COVERAGE = 0.75
_TARGET_DB = -30.0
_BATCH = 64


class SpeakerEncoder(PackagedModel):
    """256 numbers of a clip: the mean of its partial utterances of 1.6 s, made one long.

    The volume is raised to -30 dB, and the clip is cut, as the package's `normalize_volume` and
    `embed_utterance` do. Its third step before these is left out, a voice detector in C (webrtcvad) that
    shortens pauses.
    """

    def __init__(self, name: str):
        file = package_file("Resemblyzer", "resemblyzer", "pretrained.pt")
        super().__init__(name, [file], _SAMPLE_RATE, pooling=NONE)
        self._mel_power = MelPower(_SAMPLE_RATE, 400, _HOP_LENGTH, N_MELS, edges="constant")
        self._network = tf.function(speaker_network(read_torch_file(file)), reduce_retracing=True)

    def clip_features(self, clip):
        starts = partial_starts(len(clip))
        samples = (starts[-1] + _PARTIAL_FRAMES) * _HOP_LENGTH
        clip = np.pad(with_volume(clip), (0, max(0, samples - len(clip))))
        mel_power = self._mel_power(clip[None])[0]
        partials = np.stack([mel_power[start : start + _PARTIAL_FRAMES] for start in starts])
        mean = in_batches(self._network, partials, _BATCH).mean(axis=0)
        return mean / max(np.linalg.norm(mean), 1e-12)


def with_volume(clip: np.ndarray) -> np.ndarray:
    """A clip made louder, if it is quieter than -30 dB below a mean square of 1; silence stays silence."""
    level = np.sqrt(np.mean(np.square(clip, dtype=np.float64)))
    gain = 10 ** (_TARGET_DB / 20) / max(level, 1e-12)
    return (clip * gain).astype(np.float32) if level and gain > 1 else clip


def partial_starts(samples: int) -> list[int]:
    """First frames of the partial utterances of a clip."""
    frames = samples // _HOP_LENGTH + 1
    starts = list(range(0, max(1, frames - _PARTIAL_FRAMES + _STEP_FRAMES + 1), _STEP_FRAMES))
    coverage = (samples / _HOP_LENGTH - starts[-1]) / _PARTIAL_FRAMES
    return starts[:-1] if coverage < _LEAST_COVERAGE and len(starts) > 1 else starts
