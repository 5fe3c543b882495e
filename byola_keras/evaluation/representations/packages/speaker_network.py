"""The speaker encoder of Resemblyzer in Keras, with weights from its PyTorch checkpoint."""

from collections.abc import Mapping

import keras
import numpy as np
from keras import layers, ops

N_MELS = 40
UNITS = 256
_LAYERS = 3


def speaker_network(weights: Mapping[str, np.ndarray]) -> keras.Model:
    """Builds the network and sets its weights.

    Args:
        weights: the "model_state" of Resemblyzer's checkpoint; the weights of the loss are left out.

    Returns:
        A Keras model, mel power float32 [batch, T, 40] -> float32 [batch, 256], each of length 1 and without
        negative numbers. The authors' T is 160.

    Reference:
        L. Wan et al., "Generalized End-to-End Loss for Speaker Verification",
        https://arxiv.org/abs/1710.10467; sizes are those of Resemblyzer.
    """
    mel_power = keras.Input((None, N_MELS))
    x, recurrent = mel_power, []
    for number in range(_LAYERS):
        recurrent.append(layers.LSTM(UNITS, return_sequences=number < _LAYERS - 1))
        x = recurrent[-1](x)
    dense = layers.Dense(UNITS, activation="relu")
    x = dense(x)
    # Of silence the network may give zeros only, which have no direction.
    model = keras.Model(mel_power, x / ops.maximum(ops.norm(x, axis=1, keepdims=True), 1e-12))
    for number, layer in enumerate(recurrent):
        # PyTorch keeps two biases, which are added; both have the gates in the same order.
        bias = weights[f"lstm.bias_ih_l{number}"] + weights[f"lstm.bias_hh_l{number}"]
        kernels = [weights[f"lstm.weight_{kind}_l{number}"].T for kind in ("ih", "hh")]
        layer.set_weights([*kernels, bias])
    dense.set_weights([weights["linear.weight"].T, weights["linear.bias"]])
    return model
