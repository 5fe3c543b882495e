"""PANNs' CNN14 for 16 kHz in Keras: its own log-mel, and the network that reads the published weights."""

from collections.abc import Mapping

import keras
import numpy as np
import tensorflow as tf

from byola_keras.evaluation.representations.content_hash import hash_of_files
from byola_keras.evaluation.representations.declaration import Declaration
from byola_keras.evaluation.representations.paper.sound_network import SoundNetwork, existing, lengthened
from byola_keras.evaluation.representations.representation import NONE
from byola_keras.layers.log_mel_spectrogram import LogMelSpectrogram
from byola_keras.torch_files.named_layers import load_named_layers
from byola_keras.torch_files.reader import read_torch_file

_TYPED = "cnn14:FILE"
_SOURCE = "zenodo.org/record/3987831, the file Cnn14_16k_mAP=0.438.pth"

_SAMPLE_RATE = 16_000
_N_MELS = 64
_N_FFT, _HOP_LENGTH = 512, 160
_F_MIN, _F_MAX = 50.0, 8000.0
# Smallest power that has a logarithm of its own, and the factor from natural logarithm to decibels.
_LEAST_POWER, _DECIBELS = 1e-10, 10.0 / np.log(10.0)
_BLOCKS = 6
# The first five blocks halve time and mels: what is shorter than this has no frame left.
_SHORTEST_SAMPLES = (2**5 - 1) * _HOP_LENGTH
# PyTorch's variance epsilon.
_EPSILON = 1e-5
# In the file, but not in the network here: the front end's constants and the 527 classes of AudioSet.
_UNUSED = ("spectrogram_extractor.", "logmel_extractor.", "fc_audioset.")


def decibel_mel(waveforms: tf.Tensor) -> tf.Tensor:
    """Mel power of sound in decibels, as CNN14 for 16 kHz takes it.

    Frames of 32 ms every 10 ms, centred, with reflected edges; a periodic Hann window; power; 64 filters on
    Slaney's scale with his norm between 50 and 8,000 Hz; 10 log10 of at least 1e-10.

    Args:
        waveforms: float32 [batch, samples] at 16 kHz, in [-1, 1]; what is shorter than 0.31 s is padded with
            zeros to that.

    Returns:
        float32 [batch, 1 + samples // 160, 64].

    Reference:
        Kong et al., https://arxiv.org/abs/1912.10211; the values are those of the authors' Cnn14_16k.
    """
    waveforms = lengthened(waveforms, _SHORTEST_SAMPLES)
    frontend = LogMelSpectrogram(
        _SAMPLE_RATE,
        _N_FFT,
        _N_FFT,
        _HOP_LENGTH,
        _N_MELS,
        _F_MIN,
        _F_MAX,
        mel_scale="slaney",
        mel_norm="slaney",
    )
    return _DECIBELS * tf.math.log(tf.maximum(frontend.mel_power(waveforms), _LEAST_POWER))


def cnn14_network(arrays: Mapping[str, np.ndarray]) -> keras.Model:
    """Builds CNN14 of a PyTorch state dict, up to the embedding before the classes.

    Six blocks of two convolutions; the mean over the mels; the sum of mean and maximum over time; a dense
    layer with ReLU.

    Args:
        arrays: arrays by name, see `read_torch_file`; the widths are taken from them.

    Returns:
        A model, decibels of mel power float32 [batch, T, 64] -> float32 [batch, D].

    Raises:
        ValueError: a name is missing or left over, or a shape does not fit.
    """
    inputs = keras.Input((None, _N_MELS))
    x = _normalization("bn0")(inputs)
    x = keras.layers.Reshape((-1, _N_MELS, 1))(x)
    for block in range(1, _BLOCKS + 1):
        for half in (1, 2):
            name = f"conv_block{block}.conv{half}"
            width = len(arrays.get(f"{name}.weight", "1"))
            x = keras.layers.Conv2D(width, 3, padding="same", use_bias=False, name=name)(x)
            x = keras.layers.ReLU()(_normalization(f"conv_block{block}.bn{half}")(x))
        if block < _BLOCKS:
            x = keras.layers.AveragePooling2D(2)(x)
    frames = keras.ops.mean(x, axis=2)
    x = keras.ops.max(frames, axis=1) + keras.ops.mean(frames, axis=1)
    x = keras.layers.Dense(len(arrays.get("fc1.weight", "1")), activation="relu", name="fc1")(x)
    model = keras.Model(inputs, x, name="CNN14")
    load_named_layers(model, arrays, unused=_UNUSED)
    return model


def _normalization(name):
    return keras.layers.BatchNormalization(epsilon=_EPSILON, name=name)


def _make(path):
    """CNN14 of the published file."""
    network = cnn14_network(read_torch_file(existing(path, _TYPED, _SOURCE)))
    return SoundNetwork(
        lambda waveforms: network(decibel_mel(waveforms)),
        name="cnn14",
        sample_rate=_SAMPLE_RATE,
        content=hash_of_files([path]),
        pooling=NONE,
    )


CNN14 = Declaration(
    name="cnn14",
    title="PANNs CNN14 (16 kHz)",
    source=_SOURCE,
    licence="see the Zenodo record; the authors' code is under MIT",
    sample_rate=_SAMPLE_RATE,
    dimension=2048,
    layer="fc1, after mean and maximum over time inside the network",
    pooling=NONE,
    typed=_TYPED,
    packages="none",
    make=_make,
    paper_row="PANNs",
)
