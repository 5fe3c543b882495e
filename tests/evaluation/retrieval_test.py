"""Retrieval beside scikit-learn's average precision."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score
from sklearn.metrics.pairwise import cosine_similarity

from byola_keras.evaluation import retrieval
from byola_keras.evaluation.probe import Labelled
from byola_keras.evaluation.retrieval import retrieval_map
from byola_keras.evaluation.standardised import Scale
from tests.evaluation.clusters import clusters


def expected_map(part, scale, shares):
    cosines = cosine_similarity(scale.apply(part.embeddings))
    found = []
    for number in range(len(cosines)):
        others = np.arange(len(cosines)) != number
        relevant = shares(number)[others]
        if relevant.any():
            found.append(average_precision_score(relevant, cosines[number, others]))
    return np.mean(found)


@pytest.fixture(params=["one block", "blocks"])
def in_blocks(request, monkeypatch):
    if request.param == "blocks":
        monkeypatch.setattr(retrieval, "_SORTED", 1000)
        monkeypatch.setattr(retrieval, "_GALLERY", 33)


@pytest.mark.usefixtures("in_blocks")
def test_equals_scikit_learn():
    part, scale = clusters(120), Scale.of(clusters(80, seed=1).embeddings)
    expected = expected_map(part, scale, lambda number: part.targets == part.targets[number])
    assert retrieval_map(part, scale) == pytest.approx(expected, abs=1e-5)
    assert 0.3 < expected < 0.9


@pytest.mark.usefixtures("in_blocks")
def test_several_labels():
    part = clusters(100, multi_label=True)
    scale = Scale.of(part.embeddings)
    assert (part.targets.sum(axis=1) == 0).any()
    expected = expected_map(part, scale, lambda number: (part.targets * part.targets[number]).any(axis=1))
    assert retrieval_map(part, scale) == pytest.approx(expected, abs=1e-5)


def test_by_hand():
    """Directions by angle: 0, 10, 30 and 40 degrees of the classes 0, 1, 0 and 1."""
    angles = np.deg2rad([0, 10, 30, 40])
    part = Labelled(
        np.stack([np.cos(angles), np.sin(angles)], axis=1).astype("float32"), np.array([0, 1, 0, 1])
    )
    scale = Scale(np.zeros(2, "float32"), np.ones(2, "float32"))
    # 0 finds 30 second, 10 finds 40 third, 30 finds 0 third, 40 finds 10 second.
    assert retrieval_map(part, scale) == pytest.approx((1 / 2 + 1 / 3 + 1 / 3 + 1 / 2) / 4)
    # Clips without a like do not ask; where none has one there is no answer.
    others = part._replace(targets=np.array([0, 1, 0, 2]))
    assert retrieval_map(others, scale) == pytest.approx((1 / 2 + 1 / 3) / 2)
    assert np.isnan(retrieval_map(part._replace(targets=np.arange(4)), scale))


def test_equal_clips_share_their_rank():
    part = Labelled(np.tile(np.float32([[1, 2]]), (5, 1)), np.array([0, 0, 1, 1, 1]))
    scale = Scale(np.zeros(2, "float32"), np.ones(2, "float32"))
    # Whatever the order: one of four is relevant for the first two, two of four for the others.
    assert retrieval_map(part, scale) == pytest.approx((2 * 1 / 4 + 3 * 2 / 4) / 5)
