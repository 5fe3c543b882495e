import numpy as np
import pytest

from byola_keras.timing.probe import draw_task, time_probe


def test_three_ways_of_one_probe():
    figures = time_probe(
        rounds=1, clips=(60, 20, 20), size=8, classes=2, max_epochs=2, rates=(1e-3, 1e-2), seeds=(0,)
    )
    assert figures["clips"] == 100 and figures["largest_accuracy_difference_together_alone"] < 0.2
    assert figures["together_epochs"] <= 4 and 2 <= figures["keras_epochs"] <= 4
    for name in ("together", "alone", "keras"):
        assert figures[f"{name}_seconds"] > 0 and 0.2 < figures[f"{name}_mean_accuracy"] <= 1
        assert figures[f"{name}_best_rate_accuracy"] >= figures[f"{name}_mean_accuracy"]
    for name in ("alone", "keras"):
        ratio = figures[f"{name}_seconds"] / figures["together_seconds"]
        assert figures[f"{name}_over_together"] == pytest.approx(ratio)


def test_drawn_task():
    train, valid, test = draw_task((40, 20, 10), size=6, classes=5)
    assert [part.embeddings.shape for part in (train, valid, test)] == [(40, 6), (20, 6), (10, 6)]
    assert np.bincount(train.targets).tolist() == [8] * 5 and train.embeddings.min() >= 0
