"""The few-shot probe: what is drawn, and who is nearest."""

import numpy as np
import pytest
from sklearn.neighbors import NearestCentroid
from sklearn.preprocessing import StandardScaler, normalize

from byola_keras.evaluation.few_shot import few_shot_probe
from byola_keras.evaluation.metrics import mean_average_precision
from byola_keras.evaluation.probe import Labelled
from tests.evaluation.clusters import clusters

TRAIN, TEST = clusters(120), clusters(90, seed=2)


def units(part):
    scaled = StandardScaler().fit(TRAIN.embeddings).transform(part.embeddings)
    return normalize(scaled)


def test_with_all_clips_it_is_the_nearest_centroid():
    (result,) = few_shot_probe(TRAIN, TEST, 4, shots=(30,), draws=3)
    centroids = NearestCentroid().fit(units(TRAIN), TRAIN.targets).centroids_
    expected = units(TEST) @ normalize(centroids).T
    np.testing.assert_allclose(result.scores, np.stack([expected] * 3), atol=1e-5)
    np.testing.assert_allclose(result.values, [np.mean(expected.argmax(axis=1) == TEST.targets)] * 3)


def test_one_shot_is_a_clip_of_each_class():
    (result,) = few_shot_probe(TRAIN, TEST, 4, shots=(1,), draws=5)
    cosines = units(TEST) @ units(TRAIN).T
    drawn = set()
    for scores in result.scores:
        # Which training clip has these cosines.
        clips = [int(np.abs(cosines - scores[:, [number]]).sum(axis=0).argmin()) for number in range(4)]
        assert TRAIN.targets[clips].tolist() == [0, 1, 2, 3]
        np.testing.assert_allclose(scores, cosines[:, clips], atol=1e-5)
        drawn.add(tuple(clips))
    assert len(drawn) == 5


def test_more_shots_tell_more_and_are_the_same_each_time():
    results = few_shot_probe(TRAIN, TEST, 4)
    again = few_shot_probe(TRAIN, TEST, 4)
    for result, other in zip(results, again, strict=True):
        assert result.values.shape == (20,) and result.scores.shape == (20, 90, 4)
        np.testing.assert_array_equal(result.scores, other.scores)
        hits = (result.scores.argmax(axis=2) == TEST.targets).mean(axis=1)
        np.testing.assert_allclose(result.values, hits)
    one, five, ten = (result.values.mean() for result in results)
    assert 0.25 < one < five < ten and results[0].values.std() > results[2].values.std()
    # The number of shots beside it changes nothing.
    np.testing.assert_array_equal(few_shot_probe(TRAIN, TEST, 4, (5,))[0].values, results[1].values)


def test_class_with_fewer_clips_gives_all():
    small = Labelled(TRAIN.embeddings[:6], TRAIN.targets[:6])
    five, ten = few_shot_probe(small, TEST, 4, shots=(5, 10), draws=2)
    np.testing.assert_array_equal(five.scores, ten.scores)


def test_kept_scores_are_bounded():
    one_draw = 4 * 2 * 90 * 4
    for kept_bytes, kept in ((0, 1), (one_draw, 1), (3 * one_draw, 3)):
        results = few_shot_probe(TRAIN, TEST, 4, (1, 5), draws=4, kept_bytes=kept_bytes)
        assert [len(result.scores) for result in results] == [kept] * 2
        assert [len(result.values) for result in results] == [4] * 2


def test_several_labels():
    train, test = (clusters(n, seed=n, multi_label=True) for n in (300, 100))
    one, many = few_shot_probe(train, test, 4, shots=(1, 40), draws=10)
    for result in (one, many):
        expected = [mean_average_precision(scores, test.targets) for scores in result.scores]
        assert result.values == pytest.approx(expected)
    assert test.targets.mean() < one.values.mean() < many.values.mean()
