"""The HEAR API: an embedder as an entry of the Holistic Evaluation of Audio Representations.

    heareval byola_keras.hear --model runs/mine

HEAR's tools import this module and call its three functions.

Reference:
    https://hearbenchmark.com/hear-api.html
"""

import os

import numpy as np
import tensorflow as tf

from byola_keras.embedding.embed_file import frames_of_blocks
from byola_keras.embedding.running_pooling import RunningPooling
from byola_keras.layers.waveforms import check_waveforms
from byola_keras.models.embedder import Embedder, load
from byola_keras.models.samples import LARGEST_SAMPLE

MODEL_VARIABLE = "BYOLA_KERAS_MODEL"
_SAMPLE_RATES = (16000, 22050, 32000, 44100, 48000)


class HearModel(tf.Module):
    """An embedder as HEAR wants it: a `tf.Module`, which a Keras model is not.

    Args:
        embedder: a built `Embedder`, of a sample rate that HEAR knows.
        chunk_seconds: sound that is embedded at a time. Memory depends on it, the result does not.

    Attributes:
        sample_rate: Hz, of the audio that is given.
        scene_embedding_size: values of a scene embedding.
        timestamp_embedding_size: values of a timestamp embedding.
    """

    def __init__(self, embedder: Embedder, chunk_seconds: float = 60.0):
        super().__init__(name="byola_keras")
        if embedder.sample_rate not in _SAMPLE_RATES:
            raise ValueError(
                f"The sample rate must be one of HEAR's {_SAMPLE_RATES}. Received: {embedder.sample_rate} Hz"
            )
        if not chunk_seconds > 0:
            raise ValueError(f"`chunk_seconds` must be positive. Received: chunk_seconds={chunk_seconds}")
        self.embedder = embedder
        self.chunk_seconds = chunk_seconds
        self.sample_rate = int(embedder.sample_rate)
        self.scene_embedding_size = self.timestamp_embedding_size = embedder.embedding_size


def load_model(model_file_path: str = "", chunk_seconds: float = 60.0) -> HearModel:
    """Loads an embedder.

    Args:
        model_file_path: what `byola_keras.load` takes. Empty: that of the environment variable
            BYOLA_KERAS_MODEL, since no weights come with this package.
        chunk_seconds: see `HearModel`.

    Raises:
        FileNotFoundError: nothing there.
        ValueError: no path at all, or one of something else.
    """
    path = model_file_path or os.environ.get(MODEL_VARIABLE)
    if not path:
        raise ValueError(
            f"A model must be named, by `model_file_path` (--model) or by the environment variable "
            f"{MODEL_VARIABLE}. Received: neither; train one with tools/pretrain.py."
        )
    return HearModel(load(path), chunk_seconds)


def get_timestamp_embeddings(audio: tf.Tensor, model: HearModel) -> tuple[tf.Tensor, tf.Tensor]:
    """Embeddings at regular times: the frames of the embedder, every 40 ms with the default encoder.

    Args:
        audio: mono sound at `model.sample_rate`, float [n_sounds, n_samples] in [-1, 1], of any length.
        model: see `load_model`.

    Returns:
        Embeddings, float32 [n_sounds, n_timestamps, timestamp_embedding_size], and the centres of their
        frames in milliseconds, float32 [n_sounds, n_timestamps], on the device of the audio.

    Raises:
        ValueError: the audio is no such array, or holds values that are not finite or no sound.
    """
    frames = _embed(audio, model, "frames", _join)
    with tf.device(frames.device):
        timestamps = tf.constant(model.embedder.timestamps_ms(frames.shape[1]), tf.float32)
        return frames, tf.tile(timestamps[None], [frames.shape[0], 1])


def get_scene_embeddings(audio: tf.Tensor, model: HearModel) -> tf.Tensor:
    """One embedding of each sound.

    Args:
        audio: as for `get_timestamp_embeddings`.
        model: see `load_model`.

    Returns:
        float32 [n_sounds, scene_embedding_size], on the device of the audio.

    Raises:
        ValueError: as for `get_timestamp_embeddings`.
    """
    return _embed(audio, model, "scene", _pool)


def _embed(audio, model, key, finish):
    """The output `key` for all sounds; `finish` makes it of the frames of a sound that come in parts."""
    audio = _checked(audio)
    limit = max(1, int(model.chunk_seconds * model.sample_rate))
    sounds, samples = audio.shape
    with tf.device(audio.device):
        if samples > limit:
            return tf.stack([finish(_parts(row.numpy(), limit, model), model.embedder) for row in audio])
        rows = limit // samples
        batches = [audio[first : first + rows] for first in range(0, sounds, rows)]
        outputs = [model.embedder.embed(batch)[key] for batch in batches]
        return tf.cast(tf.concat(outputs, axis=0), tf.float32)


def _checked(audio):
    audio = tf.convert_to_tensor(audio)
    check_waveforms(audio, single_clip=False)
    if not tf.reduce_all(tf.abs(audio) <= LARGEST_SAMPLE):
        raise ValueError(
            "`audio` must be finite and lie in [-1, 1]. Received: NaN, infinity or a value beyond "
            f"{LARGEST_SAMPLE:,.0f}"
        )
    return tf.cast(audio, tf.float32)


def _parts(row, limit, model):
    blocks = (row[first : first + limit] for first in range(0, len(row), limit))
    return (frames for _, frames in frames_of_blocks(model.embedder, blocks, model.chunk_seconds))


def _join(parts, _):
    return np.concatenate(list(parts))


def _pool(parts, embedder):
    pooling = RunningPooling(embedder.encoder.pooling)
    for frames in parts:
        pooling.update(frames)
    return pooling.result()
