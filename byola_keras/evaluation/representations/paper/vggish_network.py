"""VGGish in Keras: its own log-mel examples, and the network that reads PyTorch's copies of its weights."""

from collections.abc import Mapping

import keras
import numpy as np
import tensorflow as tf

from byola_keras.evaluation.representations.paper.sound_network import lengthened
from byola_keras.torch_files.named_layers import load_named_layers

SAMPLE_RATE = 16_000
# An example is 96 frames, 0.96 s, and examples do not overlap.
EXAMPLE_FRAMES, EXAMPLE_SECONDS, N_MELS = 96, 0.96, 64
_WIN_LENGTH, _HOP_LENGTH, _N_FFT = 400, 160, 512
_F_MIN, _F_MAX = 125.0, 7500.0
_LOG_OFFSET = 0.01
# Samples of one example: the last of its frames needs a whole window.
EXAMPLE_SAMPLES = (EXAMPLE_FRAMES - 1) * _HOP_LENGTH + _WIN_LENGTH

# The convolutions by their places in PyTorch's `features`; a pooling follows those of the second row.
_CONVOLUTIONS = (0, 3, 6, 8, 11, 13)
_POOLED_AFTER = (0, 3, 8, 13)
_DENSE = (0, 2, 4)
# The two public conversions to PyTorch name the dense layers differently, and are the same otherwise.
_DENSE_PREFIXES = ("fc", "embeddings")
# The conversion torchvggish adds these, which turn embeddings into those of YouTube-8M; the paper does not.
_UNUSED = ("pproc.",)


def log_mel_examples(waveforms: tf.Tensor) -> tf.Tensor:
    """Cuts sound into VGGish's examples of log-mel.

    Frames of 25 ms every 10 ms, not centred; a periodic Hann window; magnitudes, not power; triangles on
    HTK's mel scale between 125 and 7,500 Hz; natural logarithm of (mel + 0.01). An example that the sound
    does not fill is left out, as the authors do; a clip shorter than one is padded with zeros to one.

    Args:
        waveforms: float32 [batch, samples] at 16 kHz, in [-1, 1].

    Returns:
        float32 [batch, examples, 96, 64].

    Reference:
        Hershey et al., https://arxiv.org/abs/1609.09430; the values are those of the authors' code,
        research/audioset/vggish in github.com/tensorflow/models.
    """
    waveforms = lengthened(waveforms, EXAMPLE_SAMPLES)
    spectrum = tf.signal.stft(waveforms, _WIN_LENGTH, _HOP_LENGTH, _N_FFT)
    mel = tf.matmul(tf.abs(spectrum), _mel_filters())
    log_mel = tf.math.log(mel + _LOG_OFFSET)
    return tf.signal.frame(log_mel, EXAMPLE_FRAMES, EXAMPLE_FRAMES, axis=1)


def _mel_filters():
    # These triangles are straight on the mel axis; `byola_keras.layers.mel_filterbank` has them straight in
    # Hz. In float64, as the authors': float32 moves their edges.
    filters = tf.signal.linear_to_mel_weight_matrix(
        N_MELS, _N_FFT // 2 + 1, SAMPLE_RATE, _F_MIN, _F_MAX, dtype=tf.float64
    )
    return tf.cast(filters, tf.float32)


def vggish_network(arrays: Mapping[str, np.ndarray], dense_layers: int = 3) -> keras.Model:
    """Builds VGGish's network of a PyTorch state dict: 6 convolutions, and 1 to 3 dense layers.

    All layers end in a ReLU, the last one too, as in the conversions to PyTorch; in TensorFlow's own VGGish
    the last layer has none.

    Args:
        arrays: arrays by name, see `read_torch_file`; the widths are taken from them.
        dense_layers: 3 for VGGish's embedding of 128 values, 1 for VGGish-4K's 4,096.

    Returns:
        A model, log-mel examples float32 [batch, 96, 64] -> float32 [batch, D].

    Raises:
        ValueError: a name is missing or left over, or a shape does not fit.
    """
    prefix = next((name for name in _DENSE_PREFIXES if f"{name}.0.weight" in arrays), _DENSE_PREFIXES[0])
    inputs = keras.Input((EXAMPLE_FRAMES, N_MELS))
    x = keras.layers.Reshape((EXAMPLE_FRAMES, N_MELS, 1))(inputs)
    for place in _CONVOLUTIONS:
        name = f"features.{place}"
        x = keras.layers.Conv2D(_width(arrays, name), 3, padding="same", activation="relu", name=name)(x)
        if place in _POOLED_AFTER:
            x = keras.layers.MaxPooling2D()(x)
    # Both conversions flatten in TensorFlow's order [time, mel, channel].
    x = keras.layers.Flatten()(x)
    used, unused = _DENSE[:dense_layers], _DENSE[dense_layers:]
    for place in used:
        name = f"{prefix}.{place}"
        x = keras.layers.Dense(_width(arrays, name), activation="relu", name=name)(x)
    model = keras.Model(inputs, x, name="VGGish")
    load_named_layers(model, arrays, unused=(*_UNUSED, *(f"{prefix}.{place}." for place in unused)))
    return model


def _width(arrays, name):
    """Width of a layer; one if its weights are not there, which loading then says."""
    return len(arrays.get(f"{name}.weight", "1"))
