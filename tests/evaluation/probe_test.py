import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from byola_keras.evaluation import probe as probe_module
from byola_keras.evaluation import probe_scores
from byola_keras.evaluation.metrics import mean_average_precision
from byola_keras.evaluation.probe import Labelled, best_rate, linear_probe

SIZE, CLASSES = 48, 5


def draw(count, seed, noise=3.0):
    """Noisy linear classes, on features of very different scales."""
    weights = np.random.default_rng(99).normal(size=(SIZE, CLASSES))
    draws = np.random.default_rng(seed)
    x = draws.normal(size=(count, SIZE))
    y = (x @ weights + draws.normal(0, noise, (count, CLASSES))).argmax(axis=1)
    return Labelled((x * np.logspace(-2, 2, SIZE) + 7).astype("float32"), y)


@pytest.fixture(scope="module")
def parts():
    return draw(700, 0), draw(200, 1), draw(400, 2)


def test_each_pair_trains_as_it_would_alone(parts):
    together = linear_probe(*parts, CLASSES, learning_rates=(1e-4, 1e-1), seeds=(1, 2), max_epochs=60)
    for row, seed in enumerate((1, 2)):
        for column, rate in enumerate((1e-4, 1e-1)):
            alone = linear_probe(*parts, CLASSES, learning_rates=(rate,), seeds=(seed,), max_epochs=60)
            assert alone.test[0, 0] == together.test[row, column]
            assert alone.valid[0, 0] == together.valid[row, column]
            assert alone.epochs[0, 0] == together.epochs[row, column]
    # The slow rate was not done when the fast one had stopped.
    assert (together.epochs[:, 0] == 60).all() and (together.epochs[:, 1] < 60).all()


def test_learning_rate_is_chosen_by_the_mean_over_the_seeds():
    # The best seed alone would choose the first rate.
    assert best_rate(np.array([[0.9, 0.6], [0.1, 0.6]])) == 1
    # The worst seed alone would choose the first rate.
    assert best_rate(np.array([[0.5, 0.4], [0.5, 0.9]])) == 1
    # The first seed alone would choose the first rate, and the last one the last.
    assert best_rate(np.array([[0.6, 0.5, 0.1], [0.1, 0.5, 0.1], [0.5, 0.5, 0.9]])) == 1
    assert best_rate(np.array([[0.5, 0.7, 0.7]])) == 1


def test_chosen_rate_is_the_one_that_is_reported(parts):
    rates = (1e-2, 1e-5, 1e-6)
    result = linear_probe(*parts, CLASSES, learning_rates=rates, seeds=(0, 1), max_epochs=4)
    assert result.chosen == 0 and result.learning_rates == rates
    result = linear_probe(*parts, CLASSES, learning_rates=rates[::-1], seeds=(0, 1), max_epochs=4)
    assert result.chosen == 2
    accuracies = (result.scores.argmax(axis=2) == parts[2].targets).mean(axis=1)
    np.testing.assert_array_equal(accuracies, result.test[:, 2])


def test_as_good_as_logistic_regression(parts):
    train, valid, test = parts
    scaler = StandardScaler().fit(train.embeddings)
    x = [scaler.transform(part.embeddings) for part in parts]
    fits = [LogisticRegression(C=c, max_iter=2000).fit(x[0], train.targets) for c in 10.0 ** np.arange(-4, 2)]
    best = max(fits, key=lambda fit: fit.score(x[1], valid.targets))
    result = linear_probe(*parts, CLASSES)
    assert result.test[:, result.chosen].mean() > best.score(x[2], test.targets) - 0.02
    assert result.scores.shape == (3, 400, CLASSES) and result.scores.dtype == np.float32
    accuracies = (result.scores.argmax(axis=2) == test.targets).mean(axis=1)
    np.testing.assert_array_equal(accuracies, result.test[:, result.chosen])


def test_weights_of_the_best_epoch_are_tested_and_ties_count_as_better(parts, monkeypatch):
    """The metric is scripted: best at epochs 2 and 4, with three worse ones to the end."""
    script = iter([0.1, 0.7, 0.2, 0.7, 0.3, 0.3, 0.3, 0.9])
    scores = []

    def scripted(scorer, part, scores_of_a_clip):
        scores.append(scorer.scores(part.source, scores_of_a_clip)[0][0])
        return [np.array([next(script, 0.0)])]

    monkeypatch.setattr(probe_module, "_metric", scripted)
    result = linear_probe(
        parts[0], parts[1], parts[1], CLASSES, learning_rates=(1e-3,), seeds=(0,), patience=3
    )
    assert result.epochs[0, 0] == 7 and result.valid[0, 0] == 0.7
    np.testing.assert_allclose(result.scores[0], scores[3], atol=1e-5)
    assert not np.allclose(result.scores[0], scores[6], atol=1e-5)


def test_without_validation_clips_a_tenth_is_drawn_that_has_all_classes(parts):
    train, _, test = parts
    rows, taken = probe_module.draw_valid(train.targets, seed=3)
    assert len(taken) == 70 and sorted([*rows, *taken]) == list(range(700))
    assert set(train.targets[taken]) == set(train.targets)
    other = probe_module.draw_valid(train.targets, seed=4)[1]
    assert not np.array_equal(taken, other)
    result = linear_probe(train, None, test, CLASSES, learning_rates=(1e-2,), max_epochs=30)
    assert result.test.mean() > 0.55
    # Twenty clips of each of a hundred classes: by chance a tenth never has them all.
    for targets in (np.repeat(np.arange(100), 20), np.eye(100)[np.repeat(np.arange(100), 20)]):
        rows, taken = probe_module.draw_valid(targets, seed=0)
        assert len(taken) == 200 and sorted([*rows, *taken]) == list(range(2000))
        assert len(probe_module._present(targets[taken])) == len(probe_module._present(targets[rows])) == 100
    with pytest.raises(ValueError, match="two training clips.*100 clips of 100 classes"):
        probe_module.draw_valid(np.arange(100), seed=0)


def test_several_labels(parts):
    train, valid, test = (
        Labelled(part.embeddings, np.eye(CLASSES, dtype="float32")[part.targets]) for part in parts
    )
    result = linear_probe(train, valid, test, CLASSES, learning_rates=(1e-5, 1e-2), seeds=(0,), max_epochs=30)
    assert result.test[0, 1] > 0.6 > result.test[0, 0] + 0.1 and result.chosen == 1
    assert mean_average_precision(result.scores[0], test.targets) == pytest.approx(result.test[0, 1])


def test_scores_are_computed_in_pieces(parts, monkeypatch):
    whole = linear_probe(*parts, CLASSES, learning_rates=(1e-2, 1e-3), seeds=(0, 1), max_epochs=3)
    monkeypatch.setattr(probe_scores, "_SCORES", 4 * CLASSES * 7)
    # Seven clips have 4 * CLASSES scores each; more than 4,096 clips are never taken.
    assert [piece.shape for piece in probe_scores._pieces(range(20), 4 * CLASSES, None)] == [
        (1, 7),
        (1, 7),
        (1, 6),
    ]
    assert [piece.shape for piece in probe_scores._pieces(range(5000), 0.001, None)] == [(1, 4096), (1, 904)]
    pieces = linear_probe(*parts, CLASSES, learning_rates=(1e-2, 1e-3), seeds=(0, 1), max_epochs=3)
    np.testing.assert_allclose(pieces.scores, whole.scores, atol=1e-5)
    np.testing.assert_array_equal(pieces.test, whole.test)


def test_constant_feature_and_empty_part(parts):
    train, valid, test = (Labelled(np.pad(p.embeddings, ((0, 0), (0, 1))), p.targets) for p in parts)
    assert np.isfinite(linear_probe(train, valid, test, CLASSES, (1e-2,), (0,), max_epochs=2).scores).all()
    with pytest.raises(ValueError, match="`test` must hold at least one clip"):
        linear_probe(train, valid, Labelled(test.embeddings[:0], test.targets[:0]), CLASSES)
