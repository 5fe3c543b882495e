"""What is kept of a training run: waveform in, embeddings out."""

import json

import keras
import numpy as np
import tensorflow as tf

from byola_keras.layers.build_once import build_once
from byola_keras.layers.float32_layer import float32_only
from byola_keras.layers.waveforms import check_waveforms
from byola_keras.models import hubs, preset
from byola_keras.models.contract import check_encoder, takes_lengths
from byola_keras.models.embedder_graph import EmbedderGraph
from byola_keras.models.model_card import card_to_json
from byola_keras.models.samples import check_lengths, check_samples, plausible

_PARTS = ("frontend", "normalization", "encoder")


@keras.saving.register_keras_serializable(package="byola_keras")
class Embedder(keras.Model):
    """Front end, normalisation statistics and encoder in one model.

    Called directly, it refuses what is no waveform. Inside a graph (`predict`, `tf.function`, an export),
    where values cannot be refused, a sample that is not finite or beyond 1,024 counts as 0, and a clip of
    no samples as silence, so that the answer is always finite.

    Fine-tuning works as with any Keras model: in `fit`, or called with `training=True`, dropout is active and
    batch statistics are used and updated. A frozen embedder (`trainable = False`, or that of its encoder)
    answers in training as it does in inference.

    Args:
        frontend: Layer, waveforms [batch, samples] -> log-mel [batch, T, F], such as `LogMelSpectrogram`.
        normalization: `keras.layers.Normalization` with the statistics of the training sound; `axis=None` for
            one mean and variance of all bins, as in the paper, or `axis=-1` for those of each mel.
        encoder: Model, [batch, T, F] -> {"scene": [batch, D], "frames": [batch, T', D]}, see
            `byola_keras.models.contract`.
        card: dict of JSON values or None: what is known of the model, such as "trained_on", "recipe",
            "steps", "scores", "licence", "notes". It is kept in the saved file, see `as_markdown`.

    Input shape:
        [batch, samples] mono waveforms at `sample_rate`, float, in [-1, 1], of any length and any batch from
        1 on; or [samples], a single clip. What is too short for a frame is padded with zeros: below 1,024
        samples with the defaults.

    Output shape:
        {"scene": [batch, D], "frames": [batch, T', D]}, without the batch axis for a single clip.
        `timestamps_ms` says where the frames are centred: at 40 i + 15 ms with the default front end and
        encoder. Called with `layers`, also {"layers": {name: features}}, see `Encoder`: embedder(waveforms,
        layers=("conv_1", "global")), or layers="all".

    Call arguments:
        waveforms: Tensor of the input shape.
        lengths: int [batch] or None: samples that belong to each clip of a padded batch. Scene and frames of
            a clip then are those of the clip alone, `frame_count(lengths)` frames; what follows them is 0.
        training: Boolean or None, see above.
        layers: "all", or a list of some of `encoder.layer_names`; none by default.

    Raises:
        ValueError: the waveforms are integers, of another rank, empty, not finite or not in [-1, 1] by far
            (a peak above 1,024); a layer is not there; or a part is not as it must be.

    Example:

    >>> embedder = byola_keras.load("runs/mine")
    >>> embedder(waveforms)["scene"].shape
    TensorShape([8, 3072])
    """

    def __init__(self, frontend, normalization, encoder, card=None, dtype=None, **kwargs):
        # Mixed precision is the encoder's affair: the waveform stays in float32.
        super().__init__(dtype=float32_only("Embedder", dtype), **kwargs)
        if not isinstance(normalization, keras.layers.Normalization):
            raise ValueError(
                "`normalization` must be a keras.layers.Normalization; NormStats(mean, std, crops).layer() "
                f"makes one. Received: normalization={normalization!r}"
            )
        check_encoder(encoder)
        self.frontend = frontend
        self.normalization = normalization
        self.encoder = encoder
        self._card_json = card_to_json(card)

    # What the embeddings are ----------------------------------------------------------------------

    @property
    def card(self):
        """What is known of the model, a dict of JSON values."""
        return json.loads(self._card_json)

    @property
    def sample_rate(self):
        """Samples of a second of waveform, in Hz."""
        return self.frontend.sample_rate

    @property
    def embedding_size(self):
        """D, the size of the embedding of a clip."""
        return int(self.encoder.embedding_size(self.frontend.n_mels))

    @property
    def frame_seconds(self):
        """Seconds from one frame to the next."""
        return self.encoder.stride * self.frontend.hop_length / self.sample_rate

    def frame_count(self, samples):
        """Frames of clips of so many samples: an integer, an array or a tensor of integers."""
        longest = tf.maximum if tf.is_tensor(samples) else np.maximum
        return self.frontend.frame_count(longest(samples, self._shortest)) // self.encoder.stride

    def timestamps_ms(self, frames, layer="frames", start=0):
        """Centres of frames in milliseconds from the beginning of the clip, exact at any length.

        Args:
            frames: Integer, how many.
            layer: String, "frames" or a name of `encoder.layer_names`, whose frames are meant.
            start: Integer, number of the first of them.

        Returns:
            float64 [frames]; 40 i + 15 with the default front end and encoder.
        """
        strides = {"frames": self.encoder.stride, **self.encoder.strides}
        if layer not in strides:
            raise ValueError(f"`layer` must be one of {tuple(strides)}. Received: layer={layer!r}")
        first = getattr(self.encoder, "first_centre", (strides[layer] - 1) / 2)
        hops = strides[layer] * (start + np.arange(frames)) + first
        return hops * self.frontend.hop_length * 1000.0 / self.sample_rate

    # Embedding ------------------------------------------------------------------------------------

    def build(self, input_shape=None):
        # Whatever came in: what is wrong with it, `call` says better.
        input_shape = (None, None)
        log_mel_shape = self.frontend.compute_output_shape(input_shape)
        build_once(self.frontend, input_shape)
        build_once(self.normalization, log_mel_shape)
        build_once(self.encoder, log_mel_shape)

    def call(self, waveforms, lengths=None, training=None, layers=()):
        waveforms = _checked(waveforms)
        if waveforms.shape.rank == 1:
            output = self._embed_batch(waveforms[None], None, training, layers)
            return keras.tree.map_structure(lambda features: features[0], output)
        return self._embed_batch(waveforms, lengths, training, layers)

    def _embed_batch(self, waveforms, lengths, training, layers):
        if lengths is not None:
            self._check_padded_batch(lengths, waveforms)
        training = bool(training) and self.trainable and self.encoder.trainable
        arguments = {"layers": layers} if layers else {}
        log_mel = self._log_mel(waveforms, lengths)
        if lengths is not None:
            arguments["lengths"] = self.frontend.frame_count(tf.maximum(lengths, self._shortest))
        return self.encoder(log_mel, training=training, **arguments)

    def _check_padded_batch(self, lengths, waveforms):
        if not takes_lengths(self.encoder):
            raise ValueError(
                "`lengths` needs an encoder whose call takes them. Received: "
                f"{type(self.encoder).__name__}; embed the clips one by one."
            )
        if tf.executing_eagerly():
            check_lengths(lengths, waveforms)

    def normalized_log_mel(self, waveforms):
        """Waveforms [batch, samples] to what the encoder takes, [batch, T, F]."""
        return self._log_mel(_checked(waveforms), None)

    def _log_mel(self, waveforms, lengths):
        missing = tf.maximum(self._shortest - tf.shape(waveforms)[1], 0)
        waveforms = tf.pad(waveforms, [[0, 0], [0, missing]]) if self._shortest > 1 else waveforms
        if lengths is None:
            return self.normalization(self.frontend(waveforms))
        lengths = tf.cast(lengths, tf.int32)
        inside = tf.sequence_mask(lengths, tf.shape(waveforms)[1])
        waveforms = tf.where(inside, waveforms, tf.zeros((), waveforms.dtype))
        # What is shorter than a frame of the encoder is padded with zeros, as above.
        return self.normalization(self.frontend(waveforms, lengths=tf.maximum(lengths, self._shortest)))

    @property
    def _shortest(self):
        """Samples that give one frame of the encoder; the front end itself pads to its window."""
        needed = (self.encoder.stride - 1) * self.frontend.hop_length
        return needed if needed > self.frontend.n_fft else 1

    def embed(self, waveforms, lengths=None):
        """Embeds waveforms in graph mode: several times as fast as calls for single clips, with their result.

        Args:
            waveforms: float [batch, samples], or [samples] for a single clip.
            lengths: int [batch] or None, see the call.

        Returns:
            {"scene": [batch, D], "frames": [batch, T', D]}, without the batch axis for a single clip.

        Raises:
            ValueError: as for a call.
        """
        waveforms = tf.cast(_checked(waveforms), tf.float32)
        if waveforms.shape.rank == 1:
            output = self.embed_span(waveforms[None], 0, tf.int32.max)
            return {name: features[0] for name, features in output.items()}
        if lengths is None:
            return self.embed_span(waveforms, 0, tf.int32.max)
        self._check_padded_batch(lengths, waveforms)
        return self._graph().padded(waveforms, tf.cast(lengths, tf.int32))

    def embed_span(self, waveforms, begin, end):
        """As `embed`, of the front-end frames [begin, end) only: what a chunk of long sound needs.

        Values are not refused but replaced, as in every graph.

        Args:
            waveforms: float32 [batch, samples].
            begin: Integer, first front-end frame that the encoder sees.
            end: Integer, the one after the last.
        """
        return self._graph().span(waveforms, begin, end)

    def _graph(self):
        build_once(self, None)
        graph = self.__dict__.get("_graph_of_statistics")
        if graph is None or not graph.fits(self.normalization):
            graph = EmbedderGraph(self)
            # Past Keras's own `__setattr__`, which would make the functions a part of what is saved.
            self.__dict__["_graph_of_statistics"] = graph
        return graph

    def scene_model(self):
        """A Keras model of the same weights from waveforms [batch, samples] to scenes [batch, D].

        It has one output, as `keras.Sequential` needs:

        >>> classifier = keras.Sequential([embedder.scene_model(), keras.layers.Dense(10)])
        """
        waveforms = keras.Input((None,), name="waveforms")
        return keras.Model(waveforms, self(waveforms)["scene"], name="scene_model")

    def compute_output_shape(self, input_shape):
        return self.encoder.compute_output_shape(self.frontend.compute_output_shape(input_shape))

    def compute_output_spec(self, waveforms, lengths=None, training=None, layers=()):
        log_mel = keras.KerasTensor(self.frontend.compute_output_shape(waveforms.shape))
        arguments = {"layers": layers} if layers else {}
        return self.encoder.compute_output_spec(log_mel, **arguments)

    # Saving ---------------------------------------------------------------------------------------

    def save_to_preset(self, folder=None, *, name=None, overwrite=False, float16=False):
        """Saves the model as a folder of plain files that `byola_keras.load` reads, here or on a hub.

        `config.json` and `model.weights.h5` are what a .keras file packs, `SHA256SUMS` their checksums, which
        `load` compares; `README.md` is the model card, `model_card.json` the same for programs. The folder is
        whole or not there.

        Args:
            folder: path of the new folder, or the address "hf://USER/NAME" or "hf://USER/NAME@BRANCH" of a
                repository on the Hugging Face hub, which is made if it is not there; or
            name: of a preset in the first of `preset_folders()`, for `byola_keras.load(name)` anywhere.
            overwrite: Boolean, whether a preset that is there is replaced.
            float16: Boolean, whether the kernels of dense layers are stored in 16 bits: half the size for
                `Encoder`. They are loaded into weights of 32 bits.

        Returns:
            Path of the folder, or the address.

        Raises:
            FileExistsError: something is there that must not be replaced.
            ValueError: an address or a name is none.
            ImportError: the client of the hub is not installed.
            OSError: the hub has refused it or was not reached.
        """
        if (folder is None) == (name is None):
            raise ValueError(
                f"One of `folder` and `name` must be given. Received: folder={folder!r}, name={name!r}"
            )
        folder = preset.new_preset_folder(name) if folder is None else str(folder)
        if not self.built:
            self.build()
        if hubs.is_address(folder):
            preset.upload_preset(self, folder, overwrite, float16)
        else:
            preset.save_preset(self, folder, overwrite, float16)
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


def _checked(waveforms):
    """Returns the waveforms. Eagerly, values that cannot be sound are refused; in a graph, they become 0."""
    check_waveforms(waveforms)
    if tf.executing_eagerly():
        check_samples(waveforms)
        return waveforms
    return tf.where(plausible(waveforms), waveforms, tf.zeros_like(waveforms))
