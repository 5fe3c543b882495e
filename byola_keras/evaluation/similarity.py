"""Which clips are most alike: cosines of standardised embeddings, computed a block at a time."""

from typing import NamedTuple

import numpy as np
import tensorflow as tf

from byola_keras.evaluation.standardised import Standardised

# Clips whose similarities are held at once: 32 MB of them, whatever the number of clips.
_QUERIES, _GALLERY = 2048, 4096


class Neighbours(NamedTuple):
    """The most similar clips of each clip, the nearest first.

    Attributes:
        numbers: which clips they are, int32 [queries, count].
        cosines: how similar they are, float32 [queries, count]; minus infinity where there was no clip left.
    """

    numbers: np.ndarray
    cosines: np.ndarray


def directions(source: Standardised, start: int, end: int) -> tf.Tensor:
    """Standardised embeddings of the clips [start, end), scaled to unit length, float32 [clips, D]."""
    return tf.math.l2_normalize(source.take(tf.range(start, min(end, len(source)))), axis=-1)


def nearest(
    queries: Standardised,
    gallery: Standardised,
    count: int,
    groups: tuple[np.ndarray, np.ndarray] | None = None,
) -> Neighbours:
    """The clips of the gallery that are nearest to each query by the cosine of their embeddings.

    Args:
        queries: clips whose neighbours are looked for.
        gallery: clips among which they are looked for; of equally near ones the first counts.
        count: how many of them; all, where the gallery has fewer.
        groups: group numbers of the queries [queries] and of the gallery [clips]: a clip is no neighbour of
            one of its own group. None where all clips may be neighbours.
    """
    found = [
        _nearest_of_block(queries, start, gallery, count, groups)
        for start in range(0, len(queries), _QUERIES)
    ]
    return Neighbours(*(np.concatenate(parts) for parts in zip(*found, strict=True)))


def _nearest_of_block(queries, start, gallery, count, groups):
    block = directions(queries, start, start + _QUERIES)
    cosines = tf.zeros([len(block), 0])
    numbers = tf.zeros([len(block), 0], tf.int32)
    for first in range(0, len(gallery), _GALLERY):
        others = directions(gallery, first, first + _GALLERY)
        new = tf.matmul(block, others, transpose_b=True)
        if groups is not None:
            ours, theirs = groups[0][start : start + len(block)], groups[1][first : first + len(others)]
            new = tf.where(ours[:, None] == theirs[None], -np.inf, new)
        cosines = tf.concat([cosines, new], axis=1)
        new_numbers = tf.range(first, first + len(others))
        numbers = tf.concat([numbers, tf.broadcast_to(new_numbers, new.shape)], axis=1)
        # What was found first stands first, so that it also comes first among equals.
        cosines, places = tf.math.top_k(cosines, min(count, cosines.shape[1]))
        numbers = tf.gather(numbers, places, batch_dims=1)
    return numbers.numpy(), cosines.numpy()
