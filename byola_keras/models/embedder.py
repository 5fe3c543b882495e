"""What is kept of a training run: waveform in, embeddings out."""

import keras

from byola_keras.models.building import build_once


@keras.saving.register_keras_serializable(package="byola_keras")
class Embedder(keras.Model):
    """Front end, normalisation statistics and encoder in one model.

    Args:
        frontend: Layer, waveforms [batch, samples] -> log-mel [batch, T, F].
        normalization: Layer with the statistics of the training sound.
        encoder: Model, [batch, T, F] -> {"scene": [batch, D], "frames": [batch, T', D]}.

    Input shape:
        [batch, samples] mono waveforms at `frontend.sample_rate`, in [-1, 1], of any length.

    Output shape:
        {"scene": [batch, D], "frames": [batch, T', D]}. Frame i is centred at 40 i + 15 ms with the
        default front end and encoder.

    Example:

    >>> embedder = byola_keras.load("runs/mine")
    >>> embedder(waveforms)["scene"].shape
    TensorShape([8, 3072])
    """

    def __init__(self, frontend, normalization, encoder, **kwargs):
        super().__init__(**kwargs)
        self.frontend = frontend
        self.normalization = normalization
        self.encoder = encoder

    def build(self, input_shape):
        log_mel_shape = self.frontend.compute_output_shape(input_shape)
        build_once(self.frontend, input_shape)
        build_once(self.normalization, log_mel_shape)
        build_once(self.encoder, log_mel_shape)

    def call(self, waveforms):
        log_mel = self.frontend(waveforms)
        return self.encoder(self.normalization(log_mel), training=False)

    def get_config(self):
        return {
            **super().get_config(),
            "frontend": keras.saving.serialize_keras_object(self.frontend),
            "normalization": keras.saving.serialize_keras_object(self.normalization),
            "encoder": keras.saving.serialize_keras_object(self.encoder),
        }

    @classmethod
    def from_config(cls, config):
        for part in ("frontend", "normalization", "encoder"):
            config = {**config, part: keras.saving.deserialize_keras_object(config[part])}
        return cls(**config)
