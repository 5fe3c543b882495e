"""musicnn, which tags music, with weights from the package of this name."""

import os

import numpy as np
import tensorflow as tf

from byola_keras.evaluation.representations.packages.installed import package_file
from byola_keras.evaluation.representations.packages.mel_power import MelPower
from byola_keras.evaluation.representations.packages.musicnn_network import N_MELS, musicnn_network
from byola_keras.evaluation.representations.packages.musicnn_patches import (
    PATCH_FRAMES,
    log_compressed,
    patch_starts,
    without_repeats,
)
from byola_keras.evaluation.representations.packages.packaged_model import PackagedModel

_SAMPLE_RATE = 16000
_HOP_LENGTH = 256
_FILES = (".index", ".data-00000-of-00001")
LAYERS = ("frames", "penultimate")


class Musicnn(PackagedModel):
    """Features of patches of three seconds, as the authors' `extractor` cuts them.

    The layer "frames" gives all features before the network's own pooling each 16 ms, [T, 753]; mean and
    maximum over time, which the package calls `mean_pool` and `max_pool`, are what the bench pools by itself.
    "penultimate" gives the dense layer before the tags, [patches, 200].
    """

    def __init__(self, name: str, corpus: str, layer: str):
        folder = f"{corpus}_musicnn"
        files = [package_file("musicnn", "musicnn", f"{folder}/{file}") for file in _FILES]
        frame_seconds = _HOP_LENGTH / _SAMPLE_RATE if layer == "frames" else None
        super().__init__(name, files, _SAMPLE_RATE, [layer], frame_seconds=frame_seconds)
        self._layer = layer
        self._mel_power = MelPower(_SAMPLE_RATE, 512, _HOP_LENGTH, N_MELS, edges="reflect")
        network = musicnn_network(os.path.join(os.path.dirname(files[0]), ""))
        self._network = tf.function(network, reduce_retracing=True)

    def clip_features(self, clip):
        log_mel = log_compressed(self._mel_power(clip[None]))[0]
        # One patch at a time: a convolution of the front end needs 4 MB of each.
        patches = [
            self._network(log_mel[None, start : start + PATCH_FRAMES])[self._layer][0].numpy()
            for start in patch_starts(len(log_mel))
        ]
        return without_repeats(patches, len(log_mel)) if self._layer == "frames" else np.stack(patches)
