"""BYOL for Audio as a Keras model: waveforms in, one training step."""

import keras
import tensorflow as tf

from byola_keras.layers.random_layer import RandomLayer
from byola_keras.layers.replicas import replica_count
from byola_keras.models.building import build_once
from byola_keras.models.losses import byol_loss, projection_std
from byola_keras.models.projection_head import ProjectionHead

_PARTS = ("frontend", "normalization", "augmentation", "encoder")


@keras.saving.register_keras_serializable(package="byola_keras")
class BYOL(keras.Model):
    """Bootstrap Your Own Latent for audio: two views of a clip, an online and a target network.

    The online network (encoder, projector, predictor) learns to predict the target network's
    projection (encoder, projector) of the other view. The target's parameters are an exponential
    moving average of the online ones; it is never trained. `fit` on batches of waveforms:

    >>> model.compile(byola_keras.Adam(1e-4))
    >>> model.fit(waveforms, epochs=100)        # a dataset of [batch, 15200]

    As in the original, the views pass the online network one after the other (batch statistics per
    view), the target network runs in training mode (batch statistics, dropout), and the moving
    average covers parameters, not the running statistics of batch normalisation. It is taken
    after the optimizer's update, in the order of BYOL's own algorithm. Unlike here, the original
    code's training hook took it before the update, so that its target lags by one more update: a
    difference of 1e-4 in a weight after five steps.

    Args:
        frontend: Layer, waveforms [batch, samples] -> log-mel [batch, T, F].
        normalization: Layer, log-mel -> normalised log-mel; `keras.layers.Normalization(axis=None)`
            with the statistics of the training sound.
        augmentation: Layer, [batch, T, F] -> (view_one, view_two).
        encoder: Model, [batch, T, F] -> {"scene": [batch, D], ...}.
        projection_units: (hidden, output) sizes of projector and predictor.
        target_decay: Float in [0, 1], tau: the target's share of itself at each step.
        use_predictor: Boolean; without it the projection itself is compared (ablation).
        synchronized: Boolean, batch statistics of projector and predictor over all replicas.

    Input shape:
        [batch, samples] waveforms at 16 kHz; 15,200 samples in the paper.

    Output shape:
        That of the encoder, for the online network.

    Reference:
        https://arxiv.org/abs/2204.07402, Section III-A, and
        https://arxiv.org/abs/2006.07733, Algorithm 1.
    """

    def __init__(
        self,
        frontend,
        normalization,
        augmentation,
        encoder,
        projection_units=(4096, 256),
        target_decay=0.99,
        use_predictor=True,
        synchronized=True,
        **kwargs,
    ):
        super().__init__(**kwargs)
        if not 0 <= target_decay <= 1:
            raise ValueError(f"`target_decay` must lie in [0, 1]. Received: target_decay={target_decay}")
        self.frontend = frontend
        self.normalization = normalization
        self.augmentation = augmentation
        self.encoder = encoder
        self.projection_units = tuple(projection_units)
        self.target_decay = target_decay
        self.use_predictor = use_predictor
        self.synchronized = synchronized
        self.projector = ProjectionHead(projection_units, synchronized)
        self.predictor = ProjectionHead(projection_units, synchronized) if use_predictor else None
        self.target_encoder = _clone_with_other_draws(encoder)
        self.target_projector = ProjectionHead(projection_units, synchronized)
        self.jit_gradients = False

    def build(self, input_shape):
        log_mel_shape = self.frontend.compute_output_shape(input_shape)
        build_once(self.frontend, input_shape)
        for layer in (self.normalization, self.augmentation, self.encoder, self.target_encoder):
            build_once(layer, log_mel_shape)
        width = self.encoder.compute_output_shape(log_mel_shape)["scene"][-1]
        self.projector.build((None, width))
        self.target_projector.build((None, width))
        if self.use_predictor:
            self.predictor.build((None, self.projection_units[1]))
        for online, target in self._parameter_pairs():
            target.assign(online)
            # `layer.trainable = False` would put the target's batch normalisation into inference.
            target.trainable = False

    def _parameter_pairs(self):
        online = _parameters(self.encoder) + _parameters(self.projector)
        target = _parameters(self.target_encoder) + _parameters(self.target_projector)
        return list(zip(online, target, strict=True))

    # Inference -----------------------------------------------------------------------------------

    def call(self, waveforms, training=None):
        return self.encoder(self.normalized_log_mel(waveforms), training=training)

    def normalized_log_mel(self, waveforms):
        """Waveforms [batch, samples] to what the augmentation starts from, [batch, T, F]."""
        return self.normalization(self.frontend(waveforms))

    # Training ------------------------------------------------------------------------------------

    def compile(self, optimizer="rmsprop", jit_compile=False, **kwargs):
        """As `keras.Model.compile`; `jit_compile=True` compiles forward and backward pass by XLA.

        Keras itself compiles around the distribution strategy, which fails with several replicas.
        """
        super().compile(optimizer=optimizer, **{**kwargs, "jit_compile": False})
        self.jit_gradients = bool(jit_compile)
        replicas = self.distribute_strategy.num_replicas_in_sync
        if self.jit_gradients and self.synchronized and replicas > 1:
            raise ValueError(
                "XLA cannot compile batch statistics over several replicas. Received: "
                f"jit_compile={jit_compile}, synchronized=True, replicas={replicas}; build encoder and "
                "BYOL with synchronized=False, or leave XLA off."
            )
        # A nested tf.function is only for XLA: batch statistics over replicas cannot cross its border.
        self._gradient_function = (
            tf.function(self._loss_and_gradients, jit_compile=True)
            if self.jit_gradients
            else self._loss_and_gradients
        )

    def train_step(self, data):
        """One step on this replica's waveforms.

        Args:
            data: waveforms [batch, samples], or a pair of them and the times [batch] at which they
                were ready, in seconds.

        Returns:
            Scalars of the step (of this step alone, no running means): "loss" in [0, 8]; "cosine"
            between prediction and target projection; "projection_std", see `losses`; and, where
            times were given, "data_ready", the latest of them.
        """
        waveforms, ready, _ = keras.utils.unpack_x_y_sample_weight(data)
        build_once(self, waveforms.shape)
        view_one, view_two = self.augmentation(self.normalized_log_mel(waveforms))
        loss, deviation, gradients = self._gradient_function(view_one, view_two)
        self.optimizer.apply_gradients(zip(gradients, self.trainable_variables, strict=True))
        self._update_target()
        metrics = {"loss": loss, "cosine": 1.0 - loss / 4.0, "projection_std": deviation}
        if ready is not None:
            metrics["data_ready"] = tf.reduce_max(ready)
        return metrics

    def _loss_and_gradients(self, view_one, view_two):
        with tf.GradientTape() as tape:
            projections, predictions = zip(
                *[self._online(view) for view in (view_one, view_two)], strict=True
            )
            targets = [tf.stop_gradient(self._target(view)) for view in (view_one, view_two)]
            per_clip = byol_loss(predictions[0], targets[1]) + byol_loss(predictions[1], targets[0])
            loss = tf.reduce_mean(per_clip)
            # The optimizer sums the gradients of all replicas.
            scaled = self.optimizer.scale_loss(loss / replica_count())
        gradients = tape.gradient(scaled, self.trainable_variables)
        return loss, projection_std(projections[0]), gradients

    def _online(self, view):
        projection = self.project(view, training=True)
        return projection, self.predictor(projection, training=True) if self.use_predictor else projection

    def _target(self, view):
        return self.target_projector(self.target_encoder(view, training=True)["scene"], training=True)

    def project(self, view, training=False):
        """The online network's projection of a view, [batch, T, F] -> [batch, projection_units[1]]."""
        return self.projector(self.encoder(view, training=training)["scene"], training=training)

    def _update_target(self):
        for online, target in self._parameter_pairs():
            target.assign_sub((1.0 - self.target_decay) * (target.value - online.value))

    # Configuration -------------------------------------------------------------------------------

    def get_config(self):
        parts = {part: keras.saving.serialize_keras_object(getattr(self, part)) for part in _PARTS}
        return {
            **super().get_config(),
            **parts,
            "projection_units": self.projection_units,
            "target_decay": self.target_decay,
            "use_predictor": self.use_predictor,
            "synchronized": self.synchronized,
        }

    def get_compile_config(self):
        config = super().get_compile_config()
        return config and {**config, "jit_compile": self.jit_gradients}

    def compile_from_config(self, config):
        self.compile(**keras.saving.deserialize_keras_object(config))
        if self.built:
            self.optimizer.build(self.trainable_variables)

    @classmethod
    def from_config(cls, config):
        parts = {part: keras.saving.deserialize_keras_object(config[part]) for part in _PARTS}
        return cls(**{**config, **parts})


def _parameters(layer):
    """Weights that are trained, or would be if they were not the target's: no running statistics."""
    return [weight for weight in layer.weights if not _is_state(weight)]


def _is_state(weight):
    return weight.name in ("moving_mean", "moving_variance", "calls")


def _clone_with_other_draws(encoder):
    """An untrained copy of `encoder` whose dropout masks differ from the original's."""
    clone = encoder.__class__.from_config(encoder.get_config())
    for layer in clone._flatten_layers():
        if isinstance(layer, RandomLayer):
            layer.seed = (layer.seed + 0x5BD1E995) % 2**31
    return clone
