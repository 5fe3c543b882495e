"""OpenL3 in Keras, two rows of Table III: trained on videos of environments (E) or of music (M)."""

from collections.abc import Mapping

import keras
import numpy as np
import tensorflow as tf

from byola_keras.evaluation.representations.content_hash import hash_of_files
from byola_keras.evaluation.representations.declaration import Declaration
from byola_keras.evaluation.representations.paper.sound_network import ExampleNetwork, existing
from byola_keras.evaluation.representations.representation import MEAN_MAX
from byola_keras.evaluation.representations.windowing import all_windows
from byola_keras.torch_files.named_layers import load_named_layers
from byola_keras.torch_files.reader import read_torch_file

_SAMPLE_RATE = 48_000
# Windows of a second begin each 0.1 s; the first is centred at the beginning of the sound.
_HOP_SECONDS = 0.1
_WINDOW, _HOP = _SAMPLE_RATE, _SAMPLE_RATE // 10
_N_FFT, _HOP_LENGTH, _N_MELS, _FRAMES = 2048, 242, 256, 199
# Zeros that go before and after a window for as many frames as `padding="same"` of kapre gives.
_MARGIN = ((_FRAMES - 1) * _HOP_LENGTH + _N_FFT - _WINDOW) // 2
_LEAST_MEL, _DECIBELS, _DYNAMIC_RANGE = 1e-10, 10.0 / np.log(10.0), 80.0
# Convolutions before which the image is halved.
_HALVED_BEFORE = (3, 5, 7)
_CONVOLUTIONS, _EMBEDDING = 8, "audio_embedding_layer"
_POOL = (8, 8)
_EPSILON = 1e-3
# Windows of a call of the network: one takes some 40 MB.
_CALL_WINDOWS = 16
# In the file besides the network: the front end, whose mel filters are taken from there.
_MEL_BASIS = "speclayer.mel_basis"
_UNUSED = ("speclayer.",)


def mel_decibels(windows: tf.Tensor, mel_basis: np.ndarray) -> tf.Tensor:
    """OpenL3's input "mel256" of windows.

    Frames of 2,048 samples every 242 with a periodic Hann window; the square root of the mel power in
    decibels below the loudest of the window, at most 80 below it.

    Args:
        windows: float32 [batch, 48000] at 48 kHz.
        mel_basis: float32 [256, 1025], the mel filters in the file of the weights.

    Returns:
        float32 [batch, 256, 199], mels before time.

    Reference:
        Cramer et al., ICASSP 2019; the values are those of github.com/marl/openl3.
    """
    padded = tf.pad(windows, [[0, 0], [_MARGIN, _MARGIN]])
    power = tf.square(tf.abs(tf.signal.stft(padded, _N_FFT, _HOP_LENGTH, _N_FFT)))
    mel = tf.sqrt(tf.matmul(power, mel_basis, transpose_b=True))
    decibels = _DECIBELS * tf.math.log(tf.maximum(mel, _LEAST_MEL))
    below = decibels - tf.reduce_max(decibels, axis=[1, 2], keepdims=True)
    return tf.transpose(tf.maximum(below, -_DYNAMIC_RANGE), (0, 2, 1))


def openl3_network(arrays: Mapping[str, np.ndarray]) -> keras.Model:
    """Builds OpenL3's audio network of a PyTorch state dict; the widths are taken from the arrays.

    Args:
        arrays: arrays by name, see `read_torch_file`.

    Returns:
        A model, mel decibels float32 [batch, 256, 199] -> float32 [batch, D]; D is 6,144 with 512 channels.

    Raises:
        ValueError: a name is missing or left over, or a shape does not fit.
    """
    inputs = keras.Input((_N_MELS, _FRAMES))
    x = keras.layers.Reshape((_N_MELS, _FRAMES, 1))(inputs)
    x = keras.layers.BatchNormalization(epsilon=_EPSILON, name="batch_normalization_1")(x)
    for number in range(1, _CONVOLUTIONS + 1):
        last = number == _CONVOLUTIONS
        name = _EMBEDDING if last else f"conv2d_{number}"
        if number in _HALVED_BEFORE:
            x = keras.layers.MaxPooling2D()(x)
        width = len(arrays.get(f"{name}.weight", "1"))
        x = keras.layers.Conv2D(width, 3, padding="same", name=name)(x)
        if not last:
            normalization = f"batch_normalization_{number + 1}"
            x = keras.layers.BatchNormalization(epsilon=_EPSILON, name=normalization)(x)
            x = keras.layers.ReLU()(x)
    x = keras.layers.Flatten()(keras.layers.MaxPooling2D(_POOL)(x))
    model = keras.Model(inputs, x, name="OpenL3")
    load_named_layers(model, arrays, unused=_UNUSED)
    return model


def _windows(waveforms):
    """Windows [batch, T, 48000]; the last one is filled up with zeros."""
    return all_windows(np.pad(waveforms, [(0, 0), (_WINDOW // 2, 0)]), _WINDOW, _HOP)


def _make(name: str, path: str) -> ExampleNetwork:
    """OpenL3 of a file for PyTorch, input "mel256", 6,144 values.

    Args:
        name: "openl3_env" or "openl3_music".
        path: path of the file.

    Raises:
        FileNotFoundError, ValueError: see `existing`, `read_torch_file` and `openl3_network`.
    """
    arrays = read_torch_file(existing(path, f"{name}:FILE", _source(name)))
    network, mel_basis = openl3_network(arrays), arrays.get(_MEL_BASIS)
    if mel_basis is None or mel_basis.shape != (_N_MELS, _N_FFT // 2 + 1):
        raise ValueError(
            f"The mel filters {_MEL_BASIS!r} must be there, [{_N_MELS}, {_N_FFT // 2 + 1}]. Received: "
            f"{None if mel_basis is None else mel_basis.shape}; take the file for the input 'mel256'."
        )
    return ExampleNetwork(
        _windows,
        lambda windows: network(mel_decibels(windows, mel_basis)),
        call_rows=_CALL_WINDOWS,
        name=name,
        sample_rate=_SAMPLE_RATE,
        content=hash_of_files([path]),
        pooling=MEAN_MAX,
        frame_seconds=_HOP_SECONDS,
    )


def _source(name):
    content = name.rpartition("_")[2]
    return f"github.com/torchopenl3/torchopenl3-models, the file torchopenl3_mel256_{content}_6144.pth.tar"


def _declaration(name, title, row):
    return Declaration(
        name=name,
        title=title,
        source=_source(name),
        licence="CC BY 4.0 (OpenL3), passed on under Apache-2.0 by torchopenl3",
        sample_rate=_SAMPLE_RATE,
        dimension=6144,
        layer="the last, after a maximum over 8 x 8; a frame each 0.1 s",
        pooling=MEAN_MAX,
        typed=f"{name}:FILE",
        packages="none",
        make=lambda path: _make(name, path),
        paper_row=row,
    )


OPENL3_E = _declaration("openl3_env", "OpenL3 (environment)", "OpenL3-E")
OPENL3_M = _declaration("openl3_music", "OpenL3 (music)", "OpenL3-M")
