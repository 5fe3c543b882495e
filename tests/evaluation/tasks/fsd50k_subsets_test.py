import numpy as np
import pytest
import soundfile
from sklearn.metrics import average_precision_score, roc_auc_score

from byola_keras.evaluation import evaluate
from byola_keras.evaluation.task import Clip, Task
from byola_keras.evaluation.tasks.fsd50k_subsets import SUBSETS, subset_scores

CLASSES = sorted({name for names in SUBSETS.values() for name in names} | {f"Other_{n}" for n in range(107)})


def test_names_are_spelt_as_in_the_lists():
    assert {subset: len(names) for subset, names in SUBSETS.items()} == {
        "single_source": 66,
        "sequential": 21,
        "scene": 6,
    }
    assert len(CLASSES) == 200
    known = {
        "Burping_and_eructation",
        "Dishes_and_pots_and_pans",
        "Scratching_(performance_technique)",
        "Hi-hat",
    }
    assert known <= set(SUBSETS["single_source"]) and "Race_car_and_auto_racing" in SUBSETS["scene"]


def test_scores_are_means_over_the_classes_of_a_subset():
    draws = np.random.default_rng(0)
    targets = (draws.random((300, 200)) < 0.2).astype("float32")
    scores = (targets + draws.normal(0, 1, (2, 300, 200))).astype("float32")
    columns = [CLASSES.index(name) for name in SUBSETS["scene"]]
    for seed in range(2):
        pair = targets[:, columns], scores[seed][:, columns]
        found = subset_scores(scores, targets, CLASSES)["scene"]
        assert found["mean_average_precision"][seed] == pytest.approx(
            average_precision_score(*pair), abs=1e-6
        )
        assert found["auc"][seed] == pytest.approx(roc_auc_score(*pair), abs=1e-6)
    with pytest.raises(ValueError, match="all 93 classes.*without Accelerating_and_revving_and_vroom"):
        subset_scores(scores[:, :, 1:], targets[:, 1:], CLASSES[1:])


def test_fsd50k_gives_four_results(tmp_path):
    """A task of the size of its classes, on noise."""
    draws = np.random.default_rng(0)
    clips = []
    for number, split in enumerate(("train", "valid", "test")):
        for index, name in enumerate(CLASSES):
            path = tmp_path / f"{number}-{index}.wav"
            soundfile.write(path, draws.normal(0, 0.1, 2000), 16000)
            clips.append(Clip(str(path), (name, CLASSES[-1]), split))
    task = Task("fsd50k", "FSD50K", tuple(clips), 0.1, 0.0003, multi_label=True)
    options = evaluate.Options(str(tmp_path), str(tmp_path / "cache"), learning_rate="authors", seeds=(1,))
    embedder = evaluate.load_representation("logmel_stats")
    records = list(evaluate.evaluate_task(task, "logmel_stats", embedder, options))
    assert [record["title"] for record in records] == [
        "FSD50K",
        "FSD50K single source",
        "FSD50K sequential",
        "FSD50K scene",
    ]
    assert [record["classes"] for record in records] == [200, 66, 21, 6]
    assert all(0 < record["mean"] < 0.2 and 0.3 < record["auc"] < 0.7 for record in records)
