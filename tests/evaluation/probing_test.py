"""Probes over folds and windows, on tasks whose embeddings are made up."""

import dataclasses

import numpy as np
import pytest

from byola_keras.evaluation import metrics, probing
from byola_keras.evaluation.few_shot import few_shot_probe
from byola_keras.evaluation.knn import knn_probe
from byola_keras.evaluation.probe import Labelled
from byola_keras.evaluation.probing import probe_windows, retrieval
from byola_keras.evaluation.retrieval import retrieval_map
from byola_keras.evaluation.standardised import Scale
from byola_keras.evaluation.task import Clip, Task
from tests.evaluation.clusters import clusters


def make_task(folds=0, clips=120):
    """Clips of four classes with the embeddings of two windows."""
    labels = clusters(clips).targets
    splits = ("train", "train", "valid", "test")
    listed = [
        Clip(str(n), (str(label),), *(("", 1 + n // 4 % folds) if folds else (splits[n // 4 % 4],)))
        for n, label in enumerate(labels)
    ]
    order = sorted(range(clips), key=lambda n: ("", "train", "valid", "test").index(listed[n].split))
    task = Task("made_up", "Made up", tuple(listed[n] for n in order), 1.0)
    windows = [clusters(clips, seed=seed, size=30, spread=2.5).embeddings[order] for seed in (0, 1)]
    return task, windows


def part(task, embeddings, numbers):
    return Labelled(embeddings[numbers], np.array([int(task.clips[n].labels[0]) for n in numbers]))


def test_knn_of_each_fold():
    task, (embeddings, _) = make_task(folds=3)
    (probed,) = probe_windows(task, [embeddings], "knn", "search", (1,))
    (outcome,) = probed.outcomes
    expected = []
    for numbers in task.rounds():
        train, test = (part(task, embeddings, numbers[split]) for split in ("train", "test"))
        folds = np.array([task.clips[n].fold for n in numbers["train"]])
        expected.append(knn_probe(train, None, test, 4, folds))
    assert probed.about == {"probe": "knn", "neighbours": [one.neighbours for one in expected]}
    assert outcome.values == pytest.approx([np.mean([one.test for one in expected])])
    np.testing.assert_array_equal(outcome.scores[0], np.concatenate([one.scores for one in expected]))
    assert len(outcome.targets) == 120 and outcome.metric == "accuracy"


def test_few_shot_of_each_window():
    task, windows = make_task()
    found = probe_windows(task, windows, "few_shot", "search", (1,))
    assert [probed.about for probed in found] == [
        {"probe": "few_shot", "shots": shots, "draws": 20} for shots in (1, 5, 10)
    ]
    numbers = task.rounds()[0]
    for window, embeddings in enumerate(windows):
        train, test = (part(task, embeddings, numbers[split]) for split in ("train", "test"))
        for probed, expected in zip(found, few_shot_probe(train, test, 4), strict=True):
            np.testing.assert_array_equal(probed.outcomes[window].values, expected.values)
            np.testing.assert_array_equal(probed.joined.values[window], expected.values)
    assert found[0].joined.scores.shape == (40, 28, 4)


def test_few_shot_of_folds():
    task, (embeddings, _) = make_task(folds=3)
    one, *_ = probe_windows(task, [embeddings], "few_shot", "search", (1,))
    (outcome,) = one.outcomes
    # Each clip is tested once in every draw; folds of equal size: the mean of them is that of all clips.
    assert outcome.scores.shape == (20, 120, 4)
    np.testing.assert_allclose(
        outcome.values, (outcome.scores.argmax(axis=2) == outcome.targets).mean(axis=1)
    )


def test_linear_probes_of_two_windows():
    task, windows = make_task()
    # As a task of the paper it stops after 20 epochs without a better one.
    task = dataclasses.replace(task, learning_rate=0.01)
    (probed,) = probe_windows(task, windows, "linear", "authors", (1, 2, 3))
    assert probed.about == {
        "probe": "linear",
        "learning_rate": [0.01, 0.01],
        "learning_rate_choice": "authors",
        "seeds": [1, 2, 3],
    }
    values = probed.joined.values
    assert values.shape == (2, 3) and probed.joined.scores.shape == (6, 28, 4)
    assert not np.array_equal(values[0], values[1])
    # All classes have as many clips: the balanced accuracy is the accuracy.
    balanced = probed.mean_and_interval(metrics.balanced_accuracy)
    assert balanced == pytest.approx(metrics.mean_and_interval(values))


def test_small_classes_are_told(caplog):
    task, (embeddings, _) = make_task(clips=64)
    probe_windows(task, [embeddings], "few_shot", "search", (1,))
    assert "Made up: a class has 8 training clips" in caplog.text


def test_retrieval_of_folds_and_windows():
    task, windows = make_task(folds=3)
    by_hand = [
        np.mean(
            [
                retrieval_map(part(task, embeddings, numbers["test"]), Scale.of(embeddings[numbers["train"]]))
                for numbers in task.rounds()
            ]
        )
        for embeddings in windows
    ]
    mean, interval = retrieval(task, windows)
    assert mean == pytest.approx(np.mean(by_hand)) and interval == pytest.approx(
        metrics.mean_and_interval(by_hand)[1]
    )
    assert 0.3 < mean < 0.95 and np.isnan(retrieval(task, windows[:1])[1])


def test_learning_rates():
    task = Task("one", "One", (Clip("a", ("x",), "train"),), 1.0, learning_rate=3e-5)
    assert probing.learning_rates(task, "authors") == (3e-5,)
    assert probing.learning_rates(task, "0.02") == (0.02,)
    assert probing.learning_rates(task, "search") == (1e-5, 1e-4, 3e-4, 1e-3, 1e-2)
