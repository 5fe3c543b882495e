"""The k-NN probe beside scikit-learn's."""

import numpy as np
import pytest
from sklearn.neighbors import KNeighborsClassifier
from sklearn.preprocessing import StandardScaler

from byola_keras.evaluation import knn, similarity
from byola_keras.evaluation.knn import knn_probe
from byola_keras.evaluation.metrics import mean_average_precision
from byola_keras.evaluation.probe import Labelled
from tests.evaluation.clusters import clusters

# With as many features as this the nearest clip is not much nearer than the others.
TRAIN, VALID, TEST = (clusters(clips, size=100, seed=clips, spread=4) for clips in (150, 60, 90))


def sklearn_scores(train, queries, k):
    """Shares of the same weighted votes; scikit-learn's distance is one minus the cosine."""
    scaler = StandardScaler().fit(train.embeddings)
    votes = KNeighborsClassifier(
        k, metric="cosine", algorithm="brute", weights=lambda distances: np.exp(-distances / 0.07)
    )
    votes.fit(scaler.transform(train.embeddings), train.targets)
    return votes.predict_proba(scaler.transform(queries.embeddings))


def test_scores_equal_scikit_learn():
    for k in (1, 3, 20):
        result = knn_probe(TRAIN, VALID, TEST, 4, choices=(k,))
        expected = sklearn_scores(TRAIN, TEST, k)
        np.testing.assert_allclose(result.scores, expected, atol=1e-4)
        assert result.test == pytest.approx(np.mean(expected.argmax(axis=1) == TEST.targets))


def test_the_best_k_on_the_validation_clips_is_chosen():
    choices = (1, 3, 5, 10, 20, 50, 100, 200)
    expected = {
        k: np.mean(sklearn_scores(TRAIN, VALID, k).argmax(axis=1) == VALID.targets)
        for k in choices
        # There are 150 training clips.
        if k < 150
    }
    result = knn_probe(TRAIN, VALID, TEST, 4)
    assert result.valid == pytest.approx(expected)
    assert result.neighbours == max(expected, key=expected.get) > 1
    # The clips that choose are not those that are tested.
    other = knn_probe(TRAIN, TEST, VALID, 4)
    assert other.valid != result.valid


def test_blocks_change_nothing(monkeypatch):
    whole = knn_probe(TRAIN, VALID, TEST, 4)
    monkeypatch.setattr(similarity, "_QUERIES", 7)
    monkeypatch.setattr(similarity, "_GALLERY", 11)
    monkeypatch.setattr(knn, "_VOTES", 100)
    pieces = knn_probe(TRAIN, VALID, TEST, 4)
    np.testing.assert_allclose(pieces.scores, whole.scores, atol=1e-5)
    assert pieces.valid == whole.valid


def test_training_clips_choose_k_where_nothing_else_does():
    result = knn_probe(TRAIN, None, TEST, 4, choices=(3,))
    hits = []
    for number in range(150):
        others = Labelled(*(np.delete(part, number, axis=0) for part in TRAIN))
        alone = Labelled(*(part[number : number + 1] for part in TRAIN))
        hits.append(sklearn_scores(others, alone, 3).argmax() == alone.targets[0])
    # The scale is that of 150 clips here, and of 149 there.
    assert result.valid[3] == pytest.approx(np.mean(hits), abs=0.03)


def test_no_training_clip_votes_for_its_own_group():
    """Each clip is there twice, which only the groups tell."""
    twice = Labelled(np.tile(TRAIN.embeddings, (2, 1)), np.tile(TRAIN.targets, 2))
    alone = knn_probe(twice, None, TEST, 4, choices=(1,))
    apart = knn_probe(twice, None, TEST, 4, np.tile(np.arange(150), 2), choices=(1,))
    assert alone.valid[1] == 1.0 and apart.valid[1] < 0.95
    # One group is no group.
    assert knn_probe(twice, None, TEST, 4, np.ones(300, int), choices=(1,)).valid == alone.valid


def test_clips_that_choose_are_not_too_many(monkeypatch):
    monkeypatch.setattr(knn, "_CHOOSING_CLIPS", 10)
    asked = []
    nearest = similarity.nearest
    monkeypatch.setattr(
        knn, "nearest", lambda source, *rest: asked.append(len(source)) or nearest(source, *rest)
    )
    knn_probe(TRAIN, None, TEST, 4)
    assert asked == [10, 90]


def test_several_labels():
    train, valid, test = (clusters(n, seed=n, multi_label=True) for n in (200, 60, 80))
    result = knn_probe(train, valid, test, 4)
    by_class = [
        sklearn_scores(Labelled(train.embeddings, train.targets[:, c]), test, result.neighbours)
        for c in range(4)
    ]
    expected = np.stack([scores[:, 1] for scores in by_class], axis=1)
    np.testing.assert_allclose(result.scores, expected, atol=1e-4)
    assert result.test == pytest.approx(mean_average_precision(expected, test.targets), abs=1e-4)
    assert result.test > test.targets.mean() + 0.2


def test_a_single_training_clip():
    one = Labelled(TRAIN.embeddings[:1], TRAIN.targets[:1])
    assert knn_probe(one, VALID, TEST, 4).neighbours == 1
    with pytest.raises(ValueError, match="two training clips. Received: 1 training clips"):
        knn_probe(one, None, TEST, 4)
