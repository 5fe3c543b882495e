"""The HEAR API: an embedder as an entry of the Holistic Evaluation of Audio Representations.

    heareval byola_keras.hear --model runs/mine

HEAR's tools import this module and call its three functions.

Reference:
    https://hearbenchmark.com/hear-api.html
"""

import math
import os

import numpy as np
import tensorflow as tf

from byola_keras.embedding.embed_file import frames_of_blocks
from byola_keras.embedding.running_pooling import RunningPooling
from byola_keras.layers.waveforms import check_waveforms
from byola_keras.models.embedder import Embedder
from byola_keras.models.load import load
from byola_keras.models.samples import check_samples

MODEL_VARIABLE = "BYOLA_KERAS_MODEL"
_SAMPLE_RATES = (16000, 22050, 32000, 44100, 48000)


class HearModel(tf.Module):
    """An embedder as HEAR wants it: a `tf.Module`, which a Keras model is not.

    Args:
        embedder: a built `Embedder` with a sample rate that HEAR knows.
        chunk_seconds: seconds of sound that are embedded at a time; the memory depends on it, not the
            result.

    Attributes:
        sample_rate: sample rate of the audio in Hz.
        scene_embedding_size: number of values of a scene embedding.
        timestamp_embedding_size: number of values of a timestamp embedding.
    """

    def __init__(self, embedder: Embedder, chunk_seconds: float = 60.0):
        super().__init__(name="byola_keras")
        if embedder.sample_rate not in _SAMPLE_RATES:
            raise ValueError(
                f"The sample rate must be one of HEAR's {_SAMPLE_RATES}. Received: {embedder.sample_rate} Hz"
            )
        if not 0 < chunk_seconds < math.inf:
            raise ValueError(f"`chunk_seconds` must be positive. Received: chunk_seconds={chunk_seconds}")
        self.embedder = embedder
        self.chunk_seconds = chunk_seconds
        self.sample_rate = int(embedder.sample_rate)
        self.scene_embedding_size = embedder.embedding_size
        # A scene of mean and deviation joins two values for each of a frame.
        joined = 2 if embedder.encoder.pooling == "mean_std" else 1
        self.timestamp_embedding_size = embedder.embedding_size // joined


def load_model(model_file_path: str = "", chunk_seconds: float = 60.0) -> HearModel:
    """Loads an embedder.

    Args:
        model_file_path: path or preset, as `byola_keras.load` takes it. If it is empty, the environment
            variable BYOLA_KERAS_MODEL names the model.
        chunk_seconds: seconds of sound that are embedded at a time, see `HearModel`.

    Raises:
        FileNotFoundError: nothing is there.
        ValueError: no path is given, or the file holds something else.
    """
    path = model_file_path or os.environ.get(MODEL_VARIABLE)
    if not path:
        raise ValueError(
            f"A model must be named, by `model_file_path` (--model) or by the environment variable "
            f"{MODEL_VARIABLE}. Received: neither; train one with `byola pretrain`."
        )
    return HearModel(load(path), chunk_seconds)


def get_timestamp_embeddings(audio: tf.Tensor, model: HearModel) -> tuple[tf.Tensor, tf.Tensor]:
    """Embeds sounds at regular times: the frames of the embedder, every 40 ms with the default encoder.

    Args:
        audio: mono sound at `model.sample_rate`, float [n_sounds, n_samples] in [-1, 1], of any length.
        model: the model, see `load_model`.

    Returns:
        Embeddings, float32 [n_sounds, n_timestamps, timestamp_embedding_size], and the centres of their
        frames in milliseconds, float32 [n_sounds, n_timestamps], on the device of the audio.

    Raises:
        ValueError: the audio is no such array, or holds values that are not finite or no sound.
    """
    audio = _checked(audio)
    with tf.device(audio.device):
        if _fits(audio, model):
            frames = _embed_batches(audio, model, "frames")
        else:
            frames = tf.stack([np.concatenate(list(_frames_in_chunks(sound, model))) for sound in audio])
        timestamps = tf.constant(model.embedder.timestamps_ms(frames.shape[1]), tf.float32)
        return frames, tf.tile(timestamps[None], [frames.shape[0], 1])


def get_scene_embeddings(audio: tf.Tensor, model: HearModel) -> tf.Tensor:
    """Embeds each sound as a whole.

    Args:
        audio: mono sound, as for `get_timestamp_embeddings`.
        model: the model, see `load_model`.

    Returns:
        Embeddings, float32 [n_sounds, scene_embedding_size], on the device of the audio.

    Raises:
        ValueError: as for `get_timestamp_embeddings`.
    """
    audio = _checked(audio)
    with tf.device(audio.device):
        if _fits(audio, model):
            return _embed_batches(audio, model, "scene")
        return tf.stack([_scene_in_chunks(sound, model) for sound in audio])


def _checked(audio):
    audio = tf.convert_to_tensor(audio)
    check_waveforms(audio, single_clip=False)
    check_samples(audio, "audio")
    return tf.cast(audio, tf.float32)


def _chunk_samples(model):
    return max(1, int(model.chunk_seconds * model.sample_rate))


def _fits(audio, model):
    """Whether at least one whole sound can be embedded at a time."""
    return audio.shape[1] <= _chunk_samples(model)


def _embed_batches(audio, model, output):
    """Embeds as many sounds at a time as are together no longer than a chunk."""
    sounds, samples = audio.shape
    rows = _chunk_samples(model) // samples
    batches = [audio[first : first + rows] for first in range(0, sounds, rows)]
    outputs = [model.embedder.embed(batch)[output] for batch in batches]
    return tf.cast(tf.concat(outputs, axis=0), tf.float32)


def _frames_in_chunks(sound, model):
    """Embeds one long sound; yields its frames chunk by chunk."""
    sound, samples = sound.numpy(), _chunk_samples(model)
    blocks = (sound[first : first + samples] for first in range(0, len(sound), samples))
    return (frames for _, frames in frames_of_blocks(model.embedder, blocks, model.chunk_seconds))


def _scene_in_chunks(sound, model):
    pooling = RunningPooling(model.embedder.encoder.pooling)
    for frames in _frames_in_chunks(sound, model):
        pooling.update(frames)
    return pooling.result()
