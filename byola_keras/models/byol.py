"""BYOL for Audio as a Keras model: waveforms in, one training step."""

import keras
import tensorflow as tf

from byola_keras.layers.build_once import build_once
from byola_keras.layers.random_layer import other_draws
from byola_keras.layers.replicas import replica_count
from byola_keras.models.losses import byol_loss, cosine_similarity, projection_std
from byola_keras.models.moving_average import MovingAverage
from byola_keras.models.online_model import OnlineModel, untrained_copy
from byola_keras.models.own_loss_model import OwnLossModel
from byola_keras.models.projection_head import ProjectionHead
from byola_keras.models.step_mean import StepMean
from byola_keras.models.target_decay import TargetDecay
from byola_keras.models.training_batch import unpack, with_equal_shares

_PARTS = ("frontend", "normalization", "augmentation", "encoder")
# Any number but 0: the target network has the seeds of the online network, and must draw other dropout masks.
_TARGET_DRAWS = 0x5BD1E995


@keras.saving.register_keras_serializable(package="byola_keras")
class BYOL(OwnLossModel, OnlineModel):
    """Bootstrap Your Own Latent for audio: two views of a clip, an online and a target network.

    The online network (encoder, projector, predictor) learns to predict the target network's
    projection (encoder, projector) of the other view. The target's parameters are an exponential
    moving average of the online ones; it is never trained. `fit` on batches of waveforms:

    >>> model.compile(byola_keras.Adam(1e-4))
    >>> model.fit(waveforms, epochs=100)        # an array or a dataset of [batch, 15200]

    As in the authors' code, the views pass the online network one after the other (batch statistics per
    view), the target network runs in training mode (batch statistics, dropout), and the moving average covers
    parameters, not the running statistics of batch normalisation. It is taken after the optimizer's update,
    in the order of BYOL's own algorithm. Unlike here, the authors' code takes it before the update, so that
    its target lags by one more update: a difference of 1e-4 in a weight after five steps.

    `evaluate` and `validation_data` give the same loss of two views that are the same at each call, by the
    running statistics and without dropout; nothing is learnt or remembered.

    Args:
        frontend: Layer, waveforms [batch, samples] -> log-mel [batch, T, F].
        normalization: Layer, log-mel -> normalised log-mel; `keras.layers.Normalization(axis=None)`
            with the statistics of the training sound.
        augmentation: Layer, [batch, T, F] -> (view_one, view_two), with a method `preview`, see
            `Augmentation`.
        encoder: Model, [batch, T, F] -> {"scene": [batch, D], ...}.
        projection_units: (hidden, output) sizes of projector and predictor.
        target_decay: tau, the target's share of itself at each step: a float in [0, 1], or a
            `keras.optimizers.schedules.LearningRateSchedule` of the optimizer's iterations.
        use_predictor: Boolean; without it the projection itself is compared (Section IV-G, Table XII).
        synchronized: Boolean, batch statistics of projector and predictor over all replicas.
        projection_hidden_layers: numbers of hidden layers of projector and predictor; the paper has one each.

    Input shape:
        [batch, samples] waveforms at 16 kHz; 15,200 samples in the paper. Under a distribution strategy all
        replicas must get equally many clips: batch data with `drop_remainder=True`.

    Output shape:
        That of the encoder, for the online network.

    Reference:
        https://arxiv.org/abs/2204.07402, Sections II-E (equation 1, Fig. 2), III-A and IV-B1, and
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
        projection_hidden_layers=(1, 1),
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.frontend = frontend
        self.normalization = normalization
        self.augmentation = augmentation
        self.encoder = encoder
        self.projection_units = tuple(projection_units)
        self._target_decay = TargetDecay(target_decay)
        self.use_predictor = use_predictor
        self.synchronized = synchronized
        self.projection_hidden_layers = of_projector, of_predictor = tuple(projection_hidden_layers)

        def head(name, hidden_layers=of_projector):
            return ProjectionHead(projection_units, synchronized, hidden_layers, name=name)

        self.projector = head("projector")
        self.predictor = head("predictor", of_predictor) if use_predictor else None
        self.target_encoder = untrained_copy(encoder, f"target_{encoder.name}")
        self.target_projector = head("target_projector")
        self._step_means = [StepMean(name) for name in ("loss", "cosine", "projection_std")]

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
        networks = [(self.encoder, self.target_encoder), (self.projector, self.target_projector)]
        self._moving_average = MovingAverage(networks)

    def target_networks(self):
        return self.target_encoder, self.target_projector

    @property
    def target_decay(self):
        """tau, a float, which may be assigned at any time; of a schedule what the last step used."""
        return float(self.target_decay_tensor())

    @target_decay.setter
    def target_decay(self, value):
        self._target_decay.assign(value)

    def target_decay_tensor(self):
        """The same as a float64 scalar, for use inside a `tf.function`."""
        return self._target_decay.at(self._iterations())

    def _iterations(self):
        optimizer = getattr(self, "optimizer", None)
        return 0 if optimizer is None else optimizer.iterations

    # Inference ------------------------------------------------------------------------------------

    def call(self, waveforms, training=None):
        # Under a distribution strategy `fit` calls the model on what the data set gives.
        return self.encoder(self.normalized_log_mel(unpack(waveforms).waveforms), training=training)

    def normalized_log_mel(self, waveforms):
        """Waveforms [batch, samples] to what the augmentation starts from, [batch, T, F]."""
        return self.normalization(self.frontend(waveforms))

    def _log_mels(self, batch):
        """What the views of a `Batch` are made of: one log-mel [batch, T, F], or a pair of them."""
        if batch.second_waveforms is None:
            return self.normalized_log_mel(batch.waveforms)
        both = tf.concat([batch.waveforms, batch.second_waveforms], axis=0)
        return tuple(tf.split(self.normalized_log_mel(both), 2))

    def project(self, view, training=False):
        """The online network's projection of a view, [batch, T, F] -> [batch, projection_units[1]]."""
        return self.projector(self.encoder(view, training=training)["scene"], training=training)

    # Training -------------------------------------------------------------------------------------

    @property
    def metrics(self):
        """Means over the steps of an epoch: "loss" in [0, 8], "cosine", "projection_std"."""
        return self._step_means

    def train_step(self, data):
        """One step on this replica's waveforms.

        Args:
            data: waveforms [batch, samples], floats or 16-bit integers; or a dict of "waveforms" and, as far
                as wanted, "second_waveforms" of the same shape, other crops of the same clips, which view two
                is made of, and "ready", the times [batch] in seconds at which they were ready.

        Returns:
            Scalars of this step, which callbacks see at the end of a batch: "loss" in [0, 8]; "cosine"
            between prediction and target projection; "projection_std", see `losses`; and, where
            times were given, "data_ready", the latest of them. The logs of an epoch and `History` hold means.
        """
        batch = unpack(data)
        build_once(self, batch.waveforms.shape)
        batch = batch._replace(waveforms=with_equal_shares(batch.waveforms))
        view_one, view_two = self.augmentation(self._log_mels(batch), training=True)
        loss, measured, gradients = self._loss_and_gradients(view_one, view_two)
        self.optimizer.apply_gradients(zip(gradients, self.trainable_variables, strict=True))
        self._update_target()
        values = self._note({"loss": loss, **measured})
        return values if batch.ready is None else {**values, "data_ready": tf.reduce_max(batch.ready)}

    def test_step(self, data):
        """Loss of two views of the waveforms, without a change of any weight; `data` as for `train_step`."""
        batch = unpack(data)
        build_once(self, batch.waveforms.shape)
        views = self.augmentation.preview(self._log_mels(batch), seed=0)[-1]
        loss, measured = self._loss_of_views(views, training=False)
        self._note({"loss": loss, **measured})
        return self.get_metrics_result()

    def _note(self, values):
        for mean in self._step_means:
            mean.update_state(values[mean.name])
        return values

    def _loss_and_gradients(self, view_one, view_two):
        with tf.GradientTape() as tape:
            loss, measured = self._loss_of_views((view_one, view_two), training=True)
            # The optimizer sums the gradients of all replicas.
            scaled = self.optimizer.scale_loss(loss / replica_count())
        gradients = tape.gradient(scaled, self.trainable_variables)
        return loss, measured, gradients

    def _loss_of_views(self, views, training):
        """Loss of the predictions of two views, and what else is measured of them, by name."""
        scenes = [self.encoder(view, training=training)["scene"] for view in views]
        projections = self.projector.of_views(scenes, training)
        predictions = self.predictor.of_views(projections, training) if self.use_predictor else projections
        targets = [tf.stop_gradient(target) for target in self._targets(views, training)][::-1]
        pairs = zip(predictions, targets, strict=True)
        # Of the predictions themselves: `compute_loss` may be another one.
        cosines = [tf.reduce_mean(cosine_similarity(*pair)) for pair in pairs]
        measured = {"cosine": sum(cosines) / 2.0, "projection_std": projection_std(projections[0])}
        return self.compute_loss(y=targets, y_pred=predictions, training=training), measured

    def _targets(self, views, training):
        """The target network's projections of the views, a list."""
        with other_draws(_TARGET_DRAWS):
            scenes = [self.target_encoder(view, training=training)["scene"] for view in views]
        return self.target_projector.of_views(scenes, training)

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        """The loss of a step; overwrite this for another one.

        Args:
            x: unused.
            y: projections of the target network, a pair of [batch, projection_units[1]]: those of view two,
                which the prediction of view one is compared with, then those of view one.
            y_pred: predictions of the online network of view one and view two, a pair of the same shape.
            sample_weight: unused.
            training: unused.

        Returns:
            Scalar, the mean over the batch of the sum of the two terms 2 - 2 cos.

        Reference:
            https://arxiv.org/abs/2204.07402, Section II-E, equation 1 and the symmetric sum after it.
        """
        del x, sample_weight, training
        return tf.reduce_mean(byol_loss(y_pred[0], y[0]) + byol_loss(y_pred[1], y[1]))

    def _update_target(self):
        self._moving_average.update(self.target_decay_tensor())

    # Configuration --------------------------------------------------------------------------------

    def get_config(self):
        parts = {part: keras.saving.serialize_keras_object(getattr(self, part)) for part in _PARTS}
        return {
            **super().get_config(),
            **parts,
            "projection_units": self.projection_units,
            "target_decay": self._target_decay.get_config(),
            "use_predictor": self.use_predictor,
            "synchronized": self.synchronized,
            "projection_hidden_layers": self.projection_hidden_layers,
        }

    @classmethod
    def from_config(cls, config):
        parts = {part: keras.saving.deserialize_keras_object(config[part]) for part in _PARTS}
        decay = TargetDecay.from_config(config["target_decay"])
        return cls(**{**config, **parts, "target_decay": decay})
