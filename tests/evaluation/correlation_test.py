import numpy as np
import pytest

from byola_keras.evaluation.correlation import representation_correlation

TASKS = ("a", "b", "c", "d", "e")


@pytest.fixture
def scores():
    """Four representations on five tasks."""
    draws = np.random.default_rng(0)
    return {f"model {number}": dict(zip(TASKS, draws.random(5), strict=True)) for number in range(4)}


def matrix_of(scores):
    return np.array([[row[task] for task in TASKS] for row in scores.values()])


def test_equals_numpy(scores):
    names, matrix = representation_correlation(scores, ours=2)
    assert names == list(scores)
    np.testing.assert_allclose(matrix, np.corrcoef(matrix_of(scores)), atol=1e-12)


def test_only_shared_tasks_count(scores):
    expected = np.corrcoef(matrix_of(scores)[:2, 1:4])[0, 1]
    del scores["model 0"]["a"], scores["model 1"]["e"]
    # The order of the tasks is no matter.
    scores["model 1"] = dict(reversed(scores["model 1"].items()))
    _, matrix = representation_correlation(scores, ours=4)
    assert matrix[0, 1] == pytest.approx(expected) and matrix[1, 0] == pytest.approx(expected)


def test_two_shared_tasks_are_too_few(scores):
    for task in "abc":
        del scores["model 0"][task]
    names, _ = representation_correlation(scores, ours=4)
    assert names == ["model 1", "model 2", "model 3"]
    for task in "abc":
        scores["model 0"][f"own {task}"] = scores["model 1"][f"own {task}"] = 0.1 * ord(task)
    names, matrix = representation_correlation(scores, ours=4)
    assert names == list(scores)
    assert np.isnan(matrix[0, 2]) and np.isnan(matrix[3, 0]) and matrix[2, 3] == pytest.approx(matrix[3, 2])


def test_published_rows_stand_beside_ours_only(scores):
    published = {f"published {number}": dict(row) for number, row in enumerate(scores.values())}
    ours = {"ours": {"mine": 0.5, "a": 0.5, "b": 0.1}}
    names, matrix = representation_correlation(ours | published, ours=1)
    assert names == [] and matrix.size == 0
    ours["ours"]["c"] = 0.3
    assert representation_correlation(ours | published, ours=1)[0] == ["ours", *published]
    # Two of ours that share tasks of their own only.
    own = {name: dict(zip("xyz", row, strict=True)) for name, row in (("one", (1, 2, 4)), ("two", (1, 3, 2)))}
    assert representation_correlation(own | published, ours=2)[0] == ["one", "two"]


def test_equal_scores_have_no_correlation(scores):
    scores["model 1"] = dict.fromkeys(TASKS, 0.5)
    _, matrix = representation_correlation(scores, ours=4)
    assert np.isnan(matrix[1]).all() and not np.isnan(matrix[0, 2])
