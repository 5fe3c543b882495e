"""COALA's audio encoder in Keras, a row of Table III."""

import os
from collections.abc import Mapping

import keras
import numpy as np
import tensorflow as tf

from byola_keras.evaluation.representations.content_hash import hash_of_files
from byola_keras.evaluation.representations.declaration import Declaration
from byola_keras.evaluation.representations.paper.sound_network import ExampleNetwork, existing
from byola_keras.evaluation.representations.representation import MEAN_MAX
from byola_keras.layers.mel_filterbank import mel_filterbank
from byola_keras.torch_files.named_layers import load_named_layers
from byola_keras.torch_files.reader import read_torch_file

_TYPED = "coala:FOLDER"
_WEIGHTS, _SCALER = "audio_encoder_epoch_200.pt", "scaler.npz"
_SOURCE = f"github.com/xavierfav/coala, the file saved_models/dual_ae_c/{_WEIGHTS}"
_SCALER_SOURCE = (
    "the file scaler_top_1000.pkl there, where scikit-learn is installed: `import pickle, numpy; "
    "s = pickle.load(open('scaler_top_1000.pkl', 'rb')); "
    "numpy.savez('scaler.npz', scale=s.scale_, min=s.min_)`"
)

_SAMPLE_RATE = 22_000
_N_FFT, _HOP_LENGTH, _N_MELS = 1024, 512, 96
# Mels and frames of an image; a frame of the representation is an image.
_SIDE = 96
_LOG_OFFSET = float(np.finfo(np.float32).eps)
# Sound up to this length gets zeros to it and faint noise over all of it.
_PADDED_SAMPLES, _NOISE = 10 * _SAMPLE_RATE, 5e-4
_CONVOLUTIONS = 5
_EPSILON = 1e-5
# In the file besides: the layer after the embedding, which joins it with tags.
_UNUSED = ("fc_audio.",)


def log_mel_images(waveforms: tf.Tensor) -> tf.Tensor:
    """Cuts sound into COALA's images of log-mel.

    Sound of up to 10 s is padded with zeros to 10 s, and noise between 0 and 0.0005 is added to it. Frames of
    1,024 samples every 512, centred, with reflected edges; magnitudes, not power; Slaney's mel scale and norm
    from 0 to 11,000 Hz; natural logarithm of (mel + 1.19e-7). Frames after the last whole image are left out.

    Unlike the authors' code, which draws the noise anew each time, the noise is always the same.

    Args:
        waveforms: float32 [batch, samples] at 22 kHz, in [-1, 1].

    Returns:
        float32 [batch, images, 96, 96], mels before time.

    Reference:
        Favory et al., https://arxiv.org/abs/2006.08386; the values are those of the authors' utils.py.
    """
    samples = tf.shape(waveforms)[1]
    noise = _NOISE * np.random.default_rng(0).random(_PADDED_SAMPLES, np.float32)
    missing = tf.maximum(0, _PADDED_SAMPLES - samples)
    waveforms = tf.cond(
        samples <= _PADDED_SAMPLES,
        lambda: tf.pad(waveforms, [[0, 0], [0, missing]])[:, :_PADDED_SAMPLES] + noise,
        lambda: waveforms,
    )
    half = _N_FFT // 2
    edged = tf.pad(waveforms, [[0, 0], [half, half]], "REFLECT")
    magnitudes = tf.abs(tf.signal.stft(edged, _N_FFT, _HOP_LENGTH, _N_FFT))
    filters = mel_filterbank(_SAMPLE_RATE, _N_FFT, _N_MELS, 0.0, _SAMPLE_RATE / 2)
    log_mel = tf.math.log(tf.matmul(magnitudes, filters) + _LOG_OFFSET)
    images = tf.signal.frame(log_mel, _SIDE, _SIDE, axis=1)
    return tf.transpose(images, (0, 1, 3, 2))


def coala_network(arrays: Mapping[str, np.ndarray]) -> keras.Model:
    """Builds COALA's audio encoder of a PyTorch state dict; the widths are taken from the arrays.

    Args:
        arrays: arrays by name, see `read_torch_file`.

    Returns:
        A model, scaled images float32 [batch, 96, 96], mels before time -> float32 [batch, D]; D is 1,152
        with 128 channels.

    Raises:
        ValueError: a name is missing or left over, or a shape does not fit.
    """
    inputs = keras.Input((_SIDE, _SIDE))
    x = keras.layers.Reshape((_SIDE, _SIDE, 1))(inputs)
    for place in range(_CONVOLUTIONS):
        # Four modules of PyTorch belong to a convolution.
        name = f"audio_encoder.{4 * place}"
        width = len(arrays.get(f"{name}.weight", "1"))
        x = keras.layers.Conv2D(width, 4, strides=2, padding="same", name=name)(x)
        normalization = f"audio_encoder.{4 * place + 1}"
        x = keras.layers.BatchNormalization(epsilon=_EPSILON, name=normalization)(x)
        x = keras.layers.ReLU()(x)
    # PyTorch flattens [channel, mel, time].
    x = keras.layers.Flatten()(keras.layers.Permute((3, 1, 2))(x))
    model = keras.Model(inputs, x, name="COALA")
    load_named_layers(model, arrays, unused=_UNUSED)
    return model


def _make(folder):
    """COALA of a folder with the weights and the scaler."""
    existing(folder, _TYPED, _SOURCE)
    weights = existing(os.path.join(folder, _WEIGHTS), _TYPED, _SOURCE)
    scaler = existing(os.path.join(folder, _SCALER), _TYPED, _SCALER_SOURCE)
    scale, offset = _read_scaler(scaler)
    return ExampleNetwork(
        lambda waveforms: scale * log_mel_images(waveforms).numpy() + offset,
        coala_network(read_torch_file(weights)),
        name="coala",
        sample_rate=_SAMPLE_RATE,
        content=hash_of_files([weights, scaler]),
        pooling=MEAN_MAX,
        frame_seconds=_SIDE * _HOP_LENGTH / _SAMPLE_RATE,
    )


def _read_scaler(path):
    """Factor and offset float32 [96]; the authors scale along time, not along the mels."""
    with np.load(path) as file:
        if not {"scale", "min"} <= set(file.files):
            raise ValueError(
                f"{_SCALER} must hold the arrays 'scale' and 'min'. Received: {file.files}; make it of "
                f"{_SCALER_SOURCE}."
            )
        scale, offset = file["scale"].astype(np.float32), file["min"].astype(np.float32)
    if scale.shape != (_SIDE,) or offset.shape != (_SIDE,):
        raise ValueError(
            f"'scale' and 'min' of {_SCALER} must have {_SIDE} values. Received: {scale.shape}, "
            f"{offset.shape}; make it of {_SCALER_SOURCE}."
        )
    return scale, offset


COALA = Declaration(
    name="coala",
    title="COALA",
    source=_SOURCE,
    licence="MIT",
    sample_rate=_SAMPLE_RATE,
    dimension=1152,
    layer="the last convolution; a frame each 2.23 s",
    pooling=MEAN_MAX,
    typed=_TYPED,
    packages="none",
    make=_make,
    paper_row="COALA",
)
