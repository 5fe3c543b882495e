"""Log-mixup-exp: mixing with past clips, in the linear domain."""

import keras
import tensorflow as tf

from byola_keras.layers.float32_layer import Float32Layer
from byola_keras.layers.log_mel import LOG_OFFSET
from byola_keras.layers.random_layer import RandomLayer, fold_in, uniform_per_clip
from byola_keras.layers.replicas import join_replicas


def log_mixup_exp(x, background, ratio):
    """Mixes two log-mel spectrograms as their sounds would add up.

    Args:
        x: log-mel, [..., T, F], natural logarithm.
        background: log-mel of the same shape.
        ratio: share of `background` in [0, 1]; broadcasts against `x`.

    Returns:
        log((1 - ratio) exp(x) + ratio exp(background) + 1.19e-7), of the shape of `x`.

    Reference:
        https://arxiv.org/abs/2204.07402, Section III-A1, equation 2; the offset is that of the authors' code.
    """
    mixed = (1.0 - ratio) * tf.exp(x) + ratio * tf.exp(background)
    return tf.math.log(mixed + LOG_OFFSET)


@keras.saving.register_keras_serializable(package="byola_keras")
class LogMixupExp(Float32Layer, RandomLayer):
    """Mixes each clip with one of the past, at a small random ratio.

    In training each clip draws its own ratio from U(0, max_ratio) and its own past clip from a
    first-in-first-out memory; then the unmixed clips enter the memory, once a step. While the memory is
    empty, and in inference, the input passes unchanged. Under a distribution strategy the clips of all
    replicas enter, so that every replica holds the same memory and a checkpoint holds all of it.

    Unlike the original implementation, which mixes one clip after another, a batch is mixed at once:
    clips mix with earlier batches, not with their own.

    Args:
        max_ratio: Float in [0, 1], the largest share of the past clip.
        memory_size: Integer, clips held. 2,048 of 96 x 64 take 50 MB.
        seed: Integer or None.

    Input shape:
        [batch, T, F] normalised log-mel; T and F static.

    Output shape:
        Same as the input.

    Reference:
        https://arxiv.org/abs/2204.07402, Section III-A1, equation 2: a queue of 2,048 samples; alpha, here
        `max_ratio`, is 0.2 by Section IV-B2.
    """

    def __init__(self, max_ratio=0.2, memory_size=2048, seed=None, **kwargs):
        super().__init__(seed=seed, **kwargs)
        if not 0 <= max_ratio <= 1:
            raise ValueError(f"`max_ratio` must lie in [0, 1]. Received: max_ratio={max_ratio}")
        if memory_size < 1:
            raise ValueError(f"`memory_size` must be at least 1. Received: memory_size={memory_size}")
        self.max_ratio = max_ratio
        self.memory_size = memory_size

    def build(self, input_shape):
        super().build(input_shape)
        if None in input_shape[1:]:
            raise ValueError(
                "`LogMixupExp` needs a static time and mel axis for its memory. "
                f"Received: input_shape={tuple(input_shape)}"
            )
        self.memory = self.add_weight(
            name="memory",
            shape=(self.memory_size, *input_shape[1:]),
            initializer="zeros",
            trainable=False,
        )
        # Clips seen so far: where the next one goes, and how many of the places are filled.
        self.seen = self.add_weight(
            name="seen", shape=(), dtype="int64", initializer="zeros", trainable=False, autocast=False
        )

    def augment(self, x, seed):
        batch_size = tf.shape(x)[0]
        ratio = uniform_per_clip(fold_in(seed, 0), batch_size, 0.0, self.max_ratio)
        place = uniform_per_clip(fold_in(seed, 1), batch_size)
        filled = tf.minimum(self.seen.value, self.memory_size)
        index = tf.cast(place * tf.cast(filled, tf.float32), tf.int64)
        # Rounding can lift the product to `filled` itself.
        index = tf.maximum(tf.minimum(index, filled - 1), 0)
        background = tf.gather(self.memory.value, index)
        mixed = log_mixup_exp(x, background, ratio[:, None, None])
        return tf.where(filled > 0, mixed, x)

    def after_step(self, clean):
        """Lets the unmixed clips, [batch, T, F], enter the memory in place of the oldest."""
        clips = join_replicas(tf.cast(clean, tf.float32))
        count = tf.shape(clips, out_type=tf.int64)[0]
        kept = tf.minimum(count, self.memory_size)
        places = (self.seen.value + tf.range(count - kept, count)) % self.memory_size
        # A scatter into the variable touches the new rows only; assigning it copies all 50 MB.
        self.memory.value.scatter_update(tf.IndexedSlices(clips[count - kept :], places))
        self.seen.assign_add(count)

    def get_config(self):
        return {
            **super().get_config(),
            "max_ratio": self.max_ratio,
            "memory_size": self.memory_size,
        }
