"""The network of musicnn in Keras, with weights from its TensorFlow 1 checkpoints."""

import keras
import tensorflow as tf
from keras import layers, ops

N_MELS = 96
# Of the checkpoint's batch normalisations.
_EPSILON = 1e-3


def musicnn_network(checkpoint: str) -> keras.Model:
    """Builds the network and sets its weights.

    The names of the layers are those of the checkpoint.

    Args:
        checkpoint: prefix of a checkpoint, such as "musicnn/MTT_musicnn/".

    Returns:
        A Keras model float32 [batch, T, 96] -> {"frames": [batch, T, 753], "penultimate": [batch, 200]}. A
        frame holds the front end's 561 features and 64 of each of three dense layers.

    Reference:
        J. Pons and X. Serra, "musicnn: Pre-trained convolutional neural networks for music audio tagging",
        https://arxiv.org/abs/1909.06654; sizes and order of the layers are those of the authors' package.
    """
    log_mel = keras.Input((None, N_MELS))
    frames = _frames(_normalized(log_mel[..., None], "batch_normalization"))
    # The dense layer expects the maximum and the mean of each feature side by side.
    pooled = ops.stack([ops.max(frames, axis=1), ops.mean(frames, axis=1)], axis=2)
    pooled = _normalized(layers.Flatten()(pooled), "batch_normalization_9")
    dense = layers.Dense(200, activation="relu", name="dense")(pooled)
    penultimate = _normalized(dense, "batch_normalization_10")
    model = keras.Model(log_mel, {"frames": frames, "penultimate": penultimate})
    _set_weights(model, checkpoint)
    return model


def _frames(x):
    """[batch, T, 96, 1] -> [batch, T, 753]."""
    # Timbre: filters across a part of the mels, wherever it lies. Time: filters of one mel.
    parts = [_block(x, 1, 204, (7, 38)), _block(x, 2, 204, (7, 67))]
    parts += [_block(x, 3 + i, 51, (length, 1)) for i, length in enumerate((128, 64, 32))]
    front_end = ops.concatenate(parts, axis=2)
    first = _dense(front_end, 6)
    second = _dense(first, 7) + first
    third = _dense(second, 8) + second
    return ops.concatenate([front_end, first, second, third], axis=2)


def _block(x, number, filters, kernel_size):
    """A convolution that keeps the number of frames, and its maximum over the mels: [batch, T, filters]."""
    if kernel_size[1] > 1:
        return ops.max(_convolution(_pad_time(x), number, filters, kernel_size, "valid"), axis=2)
    return ops.max(_convolution(x, number, filters, kernel_size, "same"), axis=2)


def _dense(x, number):
    """64 features of each frame and its neighbours, three on each side: [batch, T, F] -> [batch, T, 64]."""
    return _convolution(_pad_time(x[..., None]), number, 64, (7, x.shape[2]), "valid")[:, :, 0]


def _convolution(x, number, filters, kernel_size, padding):
    name = f"conv2d_{number - 1}" if number > 1 else "conv2d"
    x = layers.Conv2D(filters, kernel_size, padding=padding, activation="relu", name=name)(x)
    return _normalized(x, f"batch_normalization_{number}")


def _normalized(x, name):
    return layers.BatchNormalization(epsilon=_EPSILON, name=name)(x)


def _pad_time(x):
    return ops.pad(x, [[0, 0], [3, 3], [0, 0], [0, 0]])


def _set_weights(model, checkpoint):
    # `tf.train.load_checkpoint` takes a prefix that ends in a slash for a folder.
    reader = tf.compat.v1.train.NewCheckpointReader(checkpoint)
    for layer in model.layers:
        for variable in layer.variables:
            variable.assign(reader.get_tensor(f"{layer.name}/{variable.name}"))
