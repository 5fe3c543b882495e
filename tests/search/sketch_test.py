"""What a sketch lacks bounds how far it can mislead."""

import numpy as np

from byola_keras.search.sketch import main_directions, sketches
from tests.search.stored_scenes import draw


def unit(vectors):
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def test_directions_are_orthonormal_and_hold_most_of_the_length():
    vectors = unit(draw(400, 24))
    directions = main_directions(vectors, 5)
    np.testing.assert_allclose(directions.T @ directions, np.eye(5), atol=1e-5)
    _, lacks = sketches(vectors, directions)
    # As much as the best five directions there are.
    best = np.sqrt((np.linalg.svd(vectors)[1][5:] ** 2).sum())
    assert np.linalg.norm(lacks) < 1.02 * best
    # No more directions than numbers, which then lack nothing.
    assert main_directions(vectors).shape == (24, 24)
    assert sketches(vectors, main_directions(vectors))[1].max() < 1e-6


def test_cosine_is_within_the_bound_whatever_the_directions():
    vectors = unit(draw(200, 24))
    for directions in (main_directions(vectors, 4), np.eye(24, 4, dtype=np.float32)):
        short, lacks = sketches(vectors, directions)
        difference = np.abs(vectors @ vectors.T - short @ short.T)
        assert (difference <= np.outer(lacks, lacks) + 1e-5).all()
        # The bound is reached: by each vector and itself.
        np.testing.assert_allclose(np.diag(difference), lacks**2, atol=1e-5)
