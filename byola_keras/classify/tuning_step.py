"""One step of fine-tuning: waveforms and their labels in, encoder and head changed."""

import keras
import numpy as np
import tensorflow as tf

from byola_keras.layers.random_layer import RandomLayer, uniform_per_clip
from byola_keras.layers.random_linear_fader import RandomLinearFader
from byola_keras.layers.random_resize_crop import RandomResizeCrop
from byola_keras.models.adam import Adam
from byola_keras.models.embedder import Embedder
from byola_keras.models.warmup_cosine import WarmupCosine

# Milder than in pre-training: a class may be told by its pitch or its length.
_SCALES = {"virtual_crop_scale": (1.0, 1.25), "freq_scale": (0.8, 1.2), "time_scale": (0.8, 1.2)}


class LabelledMixup(RandomLayer):
    """Mixes each clip with the next of its batch, at a random ratio, and their labels by the same.

    Args:
        max_ratio: Float in [0, 1], the largest share of the other clip.
        seed: Integer.

    Call arguments:
        waveforms: float [batch, samples].
        targets: float [batch, classes].

    Reference:
        H. Zhang et al., mixup: beyond empirical risk minimization, https://arxiv.org/abs/1710.09412; the
        ratio is uniform here, as that of the mixup of pre-training.
    """

    def __init__(self, max_ratio, seed, **kwargs):
        super().__init__(seed=seed, **kwargs)
        self.max_ratio = max_ratio

    def call(self, waveforms, targets):
        ratio = uniform_per_clip(self.next_seed(), tf.shape(waveforms)[0], 0.0, self.max_ratio)[:, None]
        # Batches come in a random order: the neighbour is any clip.
        return tuple((1.0 - ratio) * x + ratio * tf.roll(x, 1, axis=0) for x in (waveforms, targets))


class TuningStep:
    """The step, with all that must be saved to go on exactly.

    Args:
        embedder: the embedder, whose encoder is changed.
        head: the head, whose dense layer is changed.
        rates: learning rates of encoder and head, each a schedule.
        multi_label: whether a clip may have several labels.
        class_weights: float32 [classes] or None, see `linear_probe`.
        augment: whether the log-mel is changed at random.
        mixup: the largest share of another clip.
        seed: of all that is drawn.
    """

    def __init__(
        self,
        embedder: Embedder,
        head,
        rates,
        multi_label,
        class_weights=None,
        augment=True,
        mixup=0.2,
        seed=0,
    ):
        self._embedder, self._head = embedder, head
        self._multi_label, self._class_weights = multi_label, class_weights
        self._mixup = LabelledMixup(mixup, seed)
        blocks = [RandomResizeCrop(**_SCALES, seed=seed), RandomLinearFader(seed=seed)] if augment else []
        self._blocks = blocks
        self._parts = (embedder.encoder, head)
        self._optimizers = tuple(Adam(rate) for rate in rates)
        for part, optimizer in zip(self._parts, self._optimizers, strict=True):
            optimizer.build(part.trainable_variables)

    def variables(self) -> dict[str, tf.Variable]:
        """All that a step depends on and changes, by names that are the same in every process."""
        holders = [*self._parts, self._mixup, *self._blocks, *self._optimizers]
        return {
            f"{place}_{number}": variable.value
            for place, holder in enumerate(holders)
            for number, variable in enumerate(holder.variables)
        }

    def build(self, samples: int) -> None:
        """Builds the random layers for clips of so many samples, before anything is restored."""
        shape = self._embedder.frontend.compute_output_shape((None, samples))
        for layer in (self._mixup, *self._blocks):
            if not layer.built:
                layer.build(shape)

    @tf.function(reduce_retracing=True)
    def __call__(self, waveforms, targets):
        """Changes the weights; returns the loss before.

        Args:
            waveforms: float32 [batch, samples].
            targets: float32 [batch, classes], 0 and 1.
        """
        waveforms, targets = self._mixup(waveforms, targets)
        log_mel = self._embedder.normalized_log_mel(waveforms)
        for block in self._blocks:
            log_mel = block(log_mel, training=True)
        with tf.GradientTape() as tape:
            # By the running statistics, and without dropout: by those of a small batch the scenes are others
            # than the head knows. The first epoch then told 48 % of drums that it had told 70 % before.
            scene = self._embedder.encoder(log_mel, training=False)["scene"]
            loss = self._loss(tf.cast(self._head(scene), tf.float32), targets)
        trained = [part.trainable_variables for part in self._parts]
        gradients = tape.gradient(loss, trained)
        for optimizer, of_part, variables in zip(self._optimizers, gradients, trained, strict=True):
            optimizer.apply(of_part, variables)
        return loss

    def _loss(self, scores, targets):
        weights = 1.0 if self._class_weights is None else np.asarray(self._class_weights, np.float32)
        if self._multi_label:
            return tf.reduce_mean(tf.nn.weighted_cross_entropy_with_logits(targets, scores, weights))
        return tf.reduce_mean(-tf.reduce_sum(weights * targets * tf.nn.log_softmax(scores), axis=-1))


def as_rows(targets: np.ndarray, classes: int) -> np.ndarray:
    """Targets as 0 and 1, float32 [clips, classes]."""
    return np.asarray(targets if targets.ndim == 2 else np.eye(classes)[targets], np.float32)


def warmup_schedule(
    base: float, steps: int, warmup: float
) -> keras.optimizers.schedules.LearningRateSchedule:
    """A learning rate that rises for a share of the steps, and then falls to 0 by a cosine."""
    return WarmupCosine(base, 0.0, min(round(warmup * steps), steps - 1), 0.0, steps)
