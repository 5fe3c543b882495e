"""What is kept of a training run: waveform in, embeddings out."""

import functools
import json

import keras
import numpy as np
import tensorflow as tf

from byola_keras.layers.waveforms import check_waveforms
from byola_keras.models import preset
from byola_keras.models.building import build_once

_PARTS = ("frontend", "normalization", "encoder")
# No waveform in [-1, 1] comes near, clipped and resampled as it may be; 16-bit integers as floats do.
LARGEST_SAMPLE = 1024.0


@keras.saving.register_keras_serializable(package="byola_keras")
class Embedder(keras.Model):
    """Front end, normalisation statistics and encoder in one model.

    Called directly, it refuses what is no waveform. Inside a graph (`predict`, `tf.function`, an export),
    where values cannot be refused, a sample that is not finite or beyond 1,024 counts as 0, and a clip of
    no samples as silence, so that the answer is always finite.

    Args:
        frontend: Layer, waveforms [batch, samples] -> log-mel [batch, T, F].
        normalization: Layer with the statistics of the training sound.
        encoder: Model, [batch, T, F] -> {"scene": [batch, D], "frames": [batch, T', D]}.
        card: dict of JSON values or None: what is known of the model, such as "trained_on", "recipe",
            "steps", "scores", "licence", "notes". It is kept in the saved file, see `as_markdown`.

    Input shape:
        [batch, samples] mono waveforms at `sample_rate`, float, in [-1, 1], of any length and any batch from
        1 on. What is too short for a frame is padded with zeros: below 1,024 samples with the defaults.

    Output shape:
        {"scene": [batch, D], "frames": [batch, T', D]}. `timestamps_ms` says where the frames are centred:
        at 40 i + 15 ms with the default front end and encoder. Called with `layers`, also {"layers": {name:
        features}}, see `Encoder`: embedder(waveforms, layers=("conv_1", "global")), or layers="all".

    Raises:
        ValueError: the waveforms are integers, of another rank, empty, not finite or not in [-1, 1] by far
            (a peak above 1,024); or a layer is not there.

    Example:

    >>> embedder = byola_keras.load("runs/mine")
    >>> embedder(waveforms)["scene"].shape
    TensorShape([8, 3072])
    """

    def __init__(self, frontend, normalization, encoder, card=None, **kwargs):
        # Mixed precision is the encoder's affair: the waveform stays in float32.
        super().__init__(**{**kwargs, "dtype": "float32"})
        self.frontend = frontend
        self.normalization = normalization
        self.encoder = encoder
        self._card_json = _to_json(card)

    @property
    def card(self):
        """What is known of the model, a dict of JSON values."""
        return json.loads(self._card_json)

    @property
    def sample_rate(self):
        """Hz, of the waveforms."""
        return self.frontend.sample_rate

    @property
    def embedding_size(self):
        """D, the size of a frame feature and of the embedding."""
        return int(self.encoder.embedding_size(self.frontend.n_mels))

    def timestamps_ms(self, frames, layer="frames", start=0):
        """Centres of frames in milliseconds from the beginning of the clip, exact at any length.

        Args:
            frames: Integer, how many.
            layer: String, "frames" or a name of `encoder.layer_names`, whose frames are meant.
            start: Integer, number of the first of them.

        Returns:
            float64 [frames]; 40 i + 15 with the default front end and encoder.
        """
        if layer not in ("frames", *self.encoder.layer_names):
            raise ValueError(
                f"`layer` must be 'frames' or one of {self.encoder.layer_names}. Received: layer={layer!r}"
            )
        halvings = int(layer[5:]) if layer.startswith("conv_") else self.encoder.conv_blocks
        # A frame after k poolings covers 2 ** k frames of the front end.
        pooled = 2**halvings
        hops = pooled * (start + np.arange(frames)) + (pooled - 1) / 2
        return hops * self.frontend.hop_length * 1000.0 / self.sample_rate

    def build(self, input_shape=None):
        # Whatever came in: what is wrong with it, `call` says better.
        input_shape = (None, None)
        log_mel_shape = self.frontend.compute_output_shape(input_shape)
        build_once(self.frontend, input_shape)
        build_once(self.normalization, log_mel_shape)
        build_once(self.encoder, log_mel_shape)

    def call(self, waveforms, layers=()):
        chosen = {"layers": layers} if layers else {}
        return self.encoder(self.normalized_log_mel(waveforms), training=False, **chosen)

    def normalized_log_mel(self, waveforms):
        """Waveforms [batch, samples] to what the encoder takes, [batch, T, F]."""
        return self.normalization(self.frontend(self._long_enough(_checked(waveforms))))

    def _long_enough(self, waveforms):
        """Pads with zeros to as many frames as the poolings need; the front end itself pads to a window."""
        poolings = getattr(self.encoder, "conv_blocks", 0)  # a baseline need not have any
        shortest = (2**poolings - 1) * self.frontend.hop_length
        if shortest <= self.frontend.n_fft:
            return waveforms
        return tf.pad(waveforms, [[0, 0], [0, tf.maximum(shortest - tf.shape(waveforms)[1], 0)]])

    @functools.cached_property
    def part_graph(self):
        """The model as a TensorFlow function that is traced once, for all shapes.

        It takes float32 waveforms [batch, samples] and int32 scalars begin and end: the encoder sees the
        frames [begin, end) of the front end only. Returns what the call returns.
        """
        signature = [tf.TensorSpec([None, None], tf.float32), *[tf.TensorSpec([], tf.int32)] * 2]
        return tf.function(self._encode_part, input_signature=signature)

    def _encode_part(self, waveforms, begin, end):
        build_once(self, waveforms.shape)
        return self.encoder(self.normalized_log_mel(waveforms)[:, begin:end], training=False)

    def save_to_preset(self, folder=None, *, name=None, overwrite=False):
        """Saves the model as a folder of plain files that `byola_keras.load` reads.

        `config.json` and `model.weights.h5` are what a .keras file packs; `README.md` is the model card,
        `model_card.json` the same for programs. The folder is whole or not there.

        Args:
            folder: path of the new folder; or
            name: of a preset in the first of `preset_folders()`, for `byola_keras.load(name)` anywhere.
            overwrite: Boolean, whether a preset that is there is replaced.

        Returns:
            Path of the folder.

        Raises:
            FileExistsError: something is there that must not be replaced.
        """
        if (folder is None) == (name is None):
            raise ValueError(
                f"One of `folder` and `name` must be given. Received: folder={folder!r}, name={name!r}"
            )
        folder = preset.new_preset_folder(name) if folder is None else str(folder)
        if not self.built:
            self.build()
        preset.save_preset(self, folder, overwrite)
        return folder

    @classmethod
    def from_preset(cls, path_or_preset):
        """As `byola_keras.load`."""
        return preset.read_model(preset.find_model(path_or_preset), cls)

    def get_config(self):
        parts = {part: keras.saving.serialize_keras_object(getattr(self, part)) for part in _PARTS}
        return {**super().get_config(), **parts, "card": self.card}

    @classmethod
    def from_config(cls, config):
        parts = {part: keras.saving.deserialize_keras_object(config[part]) for part in _PARTS}
        return cls(**{**config, **parts})


def _to_json(card):
    if not isinstance(card, dict | None):
        raise ValueError(f"`card` must be a dict or None. Received: card={card!r}")
    try:
        return json.dumps(card or {}, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise ValueError(f"`card` must hold JSON values only. Received: {error}") from None


def _checked(waveforms):
    """The waveforms; refused where it can be seen that they are none, else without what is no sound."""
    check_waveforms(waveforms)
    plausible = tf.abs(waveforms) <= LARGEST_SAMPLE  # not so NaN
    if not tf.executing_eagerly():
        return tf.where(plausible, waveforms, tf.zeros_like(waveforms))
    if not tf.reduce_all(plausible):
        _refuse_values(waveforms)
    return waveforms


def _refuse_values(waveforms):
    wrong = tf.reduce_sum(tf.cast(~tf.math.is_finite(waveforms), tf.int64))
    if wrong:
        raise ValueError(
            f"`waveforms` must be finite numbers. Received: {wrong} NaN or infinite samples of "
            f"{tf.size(waveforms)}; np.nan_to_num makes zeros of them."
        )
    raise ValueError(
        "`waveforms` must lie in [-1, 1]; divide 16-bit integers by 32768. Received: a peak of "
        f"{tf.reduce_max(tf.abs(waveforms)):.0f}"
    )
