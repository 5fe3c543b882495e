"""Writes requests that TensorFlow Serving replays when it loads a model, so that no user has to wait."""

import os

import numpy as np
import tensorflow as tf


def write_warmup_requests(folder: str, name: str, signature: str, sample_rate: int) -> None:
    """Writes `assets.extra/tf_serving_warmup_requests`: one request, of a second of noise.

    Args:
        folder: folder of the SavedModel.
        name: name under which the model is served.
        signature: signature that the request calls.
        sample_rate: sample rate of the model in Hz.
    """
    path = os.path.join(folder, "assets.extra", "tf_serving_warmup_requests")
    os.makedirs(os.path.dirname(path), exist_ok=True)
    noise = np.random.default_rng(0).normal(0.0, 0.1, (1, sample_rate)).astype(np.float32)
    with tf.io.TFRecordWriter(path) as writer:
        writer.write(_prediction_log(name, signature, tf.make_tensor_proto(noise)))


def _prediction_log(name, signature, waveform):
    """A `tensorflow.serving.PredictionLog`, serialised.

    Its classes are in the package tensorflow-serving-api, which would install a second TensorFlow beside
    tensorflow-cpu. The five messages have seven fields of text and messages, each of which protocol buffers
    write as number, length, content.
    """
    model_spec = _field(1, name.encode()) + _field(3, signature.encode())
    # A map is a list of messages with key (1) and value (2).
    inputs = _field(1, b"waveform") + _field(2, waveform.SerializeToString())
    predict_request = _field(1, model_spec) + _field(2, inputs)
    predict_log = _field(1, predict_request)
    return _field(6, predict_log)


def _field(number, content):
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _varint(value):
    """Encodes an integer: seven bits in each byte, the lowest first; the eighth says whether more follow."""
    encoded = bytearray()
    while value >= 128:
        encoded.append(value % 128 + 128)
        value //= 128
    return bytes([*encoded, value])
