"""The TensorFlow functions behind `Embedder.embed`."""

import tensorflow as tf


class EmbedderGraph:
    """An embedder as functions that are traced once, for all batch sizes and lengths.

    A function keeps the statistics that it was traced with, and `Normalization.adapt` replaces them: `fits`
    says whether they are still those of the embedder.

    Args:
        embedder: a built `Embedder`.

    Attributes:
        span: float32 [batch, samples], int32 begin and end -> embeddings of the front-end frames [begin,
            end).
        padded: float32 [batch, samples], int32 [batch] lengths -> embeddings of the clips of a padded batch.
    """

    def __init__(self, embedder):
        self._statistics = (embedder.normalization.mean, embedder.normalization.variance)
        waveforms, number = tf.TensorSpec([None, None], tf.float32), tf.TensorSpec([], tf.int32)

        @tf.function(input_signature=[waveforms, number, number])
        def span(waveforms, begin, end):
            return embedder.encoder(embedder.normalized_log_mel(waveforms)[:, begin:end], training=False)

        @tf.function(input_signature=[waveforms, tf.TensorSpec([None], tf.int32)])
        def padded(waveforms, lengths):
            return embedder.call(waveforms, lengths, training=False)

        self.span, self.padded = span, padded

    def fits(self, normalization) -> bool:
        """Whether the layer still holds the statistics that the functions were traced with."""
        now = (normalization.mean, normalization.variance)
        return all(ours is theirs for ours, theirs in zip(self._statistics, now, strict=True))
