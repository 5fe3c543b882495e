"""Scores and hits of many clips, computed in pieces so that they are never held all at once."""

from collections.abc import Callable, Iterator

import numpy as np
import tensorflow as tf

from byola_keras.evaluation.standardised import Standardised

# Most clips, and most scores of all layers, that are computed at a time.
_SCORED_CLIPS, _SCORES = 4096, 2**24


class PieceScorer:
    """Scores clips by a function of their embeddings.

    Args:
        score: takes embeddings [seeds, clips, D], or [1, clips, D] where all seeds have the same clips;
            returns for each of the seeds scores [clips, layers, C].
    """

    def __init__(self, score: Callable[[tf.Tensor], list[tf.Tensor]]):
        self._score = score

    def scores(
        self, source: Standardised, scores_of_a_clip: int, rows: np.ndarray | None = None
    ) -> list[np.ndarray]:
        """Scores of many clips.

        Args:
            source: the clips.
            scores_of_a_clip: how many scores a clip has, of all seeds and layers.
            rows: numbers of the clips of each seed that are scored, [seeds, clips]; None for all clips.

        Returns:
            For each seed float32 [layers, clips, C].
        """
        pieces = [
            self._piece_scores(source, tf.constant(taken))
            for taken in _pieces(source, scores_of_a_clip, rows)
        ]
        return [
            np.concatenate([scores.numpy() for scores in of_seed]).transpose(1, 0, 2)
            for of_seed in zip(*pieces, strict=True)
        ]

    def hits(
        self,
        source: Standardised,
        scores_of_a_clip: int,
        labels: np.ndarray,
        rows: np.ndarray | None = None,
    ) -> list[np.ndarray]:
        """How many clips have their highest score at their class.

        Args:
            source: the clips.
            scores_of_a_clip: how many scores a clip has, of all seeds and layers.
            labels: class numbers [clips].
            rows: numbers of the clips of each seed that are scored, [seeds, clips]; None for all clips.

        Returns:
            For each seed int64 [layers].
        """
        pieces = [
            self._piece_hits(source, tf.constant(taken), tf.constant(labels[taken]))
            for taken in _pieces(source, scores_of_a_clip, rows)
        ]
        return [sum(hits.numpy() for hits in of_seed) for of_seed in zip(*pieces, strict=True)]

    @tf.function(reduce_retracing=True)
    def _piece_scores(self, source, numbers):
        return self._score(source.take(numbers))

    @tf.function(reduce_retracing=True)
    def _piece_hits(self, source, numbers, labels):
        scores = self._piece_scores(source, numbers)
        labels = tf.broadcast_to(labels, [len(scores), tf.shape(labels)[1]])
        return [
            tf.math.count_nonzero(tf.argmax(of_seed, axis=-1) == truth[:, None], axis=0)
            for of_seed, truth in zip(scores, tf.unstack(labels), strict=True)
        ]


def _pieces(source, scores_of_a_clip, rows) -> Iterator[np.ndarray]:
    """Numbers of the clips that are scored at a time, [seeds or 1, clips]."""
    size = max(1, min(_SCORED_CLIPS, _SCORES // scores_of_a_clip))
    rows = np.arange(len(source))[None] if rows is None else rows
    for start in range(0, rows.shape[1], size):
        yield rows[:, start : start + size]
