"""Records of all kinds of probes, layers and windows on a small task."""

import json

import numpy as np
import pytest

from byola_keras.evaluation import evaluate, metrics
from byola_keras.evaluation.records import Setting
from byola_keras.evaluation.task_evaluation import Options
from tests.evaluation.tones import write_task
from tests.factories import tiny_embedder


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """Records of k-NN and few-shot probes on two layers of a tiny model, over two windows, and the folder."""
    folder = tmp_path_factory.mktemp("task")
    model = str(folder / "tiny.keras")
    tiny_embedder().save(model)
    task = write_task(folder, 90)
    options = Options(
        str(folder / "out"),
        str(folder / "cache"),
        probes=("knn", "few_shot"),
        layers=("conv_1", "local+global"),
        windows=2,
    )
    table = evaluate.evaluate([model], [f"csv:{task}:pitch"], "", options)
    lines = (folder / "out" / "results.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines], folder, table


def test_each_layer_and_probe_has_a_record(results):
    records, folder, table = results
    assert [Setting.of(record) for record in records] == [
        Setting("window", None, probe, shots, layer, 2)
        for layer in ("conv_1", "local+global")
        for probe, shots in (("knn", None), ("few_shot", 1), ("few_shot", 5), ("few_shot", 10))
    ]
    for record in records:
        assert set(record["seconds"]) == {"embed", "retrieval", "probe"}
        assert len(record["scores"]) == 2 * record.get("draws", 1)
        assert len(record.get("neighbours", [])) == (2 if record["probe"] == "knn" else 0)
    assert "tiny (window, few_shot 5, layer conv_1, 2 windows)" in table
    # Each window has embeddings of its own, of both layers together.
    assert len(list((folder / "cache").iterdir())) == 2
    assert len(list((folder / "out" / "details").glob("*.csv"))) == len(records)


def test_interval_is_over_windows_and_draws(results):
    for record in results[0]:
        values = np.reshape(record["scores"], (2, -1))
        mean, interval = metrics.mean_and_interval(values)
        assert (record["mean"], record["ci95"]) == pytest.approx((mean, interval))


def test_what_stands_beside_the_accuracy(results):
    records, *_ = results
    for record in records:
        # The tones are hard to miss, and there are six test clips of each pitch.
        assert record["mean"] > 0.6 and record["balanced_accuracy"] == pytest.approx(record["mean"])
        assert record["balanced_accuracy_ci95"] == pytest.approx(record["ci95"])
        assert 0.5 < record["retrieval_map"] <= 1 and record["retrieval_map_ci95"] is not None


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"probes": ("svm",)}, r"`probes` must be some of linear, knn, few_shot. Received: probes=\['svm'\]"),
        ({"probes": ()}, "`probes` must be some of"),
        ({"windows": 0}, "`windows` must be at least 1. Received: windows=0"),
        ({"windows": 3, "protocol": "whole_clip"}, "windows=3 with protocol='whole_clip'"),
    ],
)
def test_wrong_options(changes, match):
    with pytest.raises(ValueError, match=match):
        Options("out", "cache", **changes)


def test_log_says_all(results):
    knn = results[0][0]
    line = evaluate.in_words({**knn, "model": "tiny", "mean": 0.5, "ci95": None, "seconds": {"probe": 1.25}})
    assert line.startswith("tiny, knn, layer conv_1, 2 windows on ")
    assert "accuracy 50.0 %, balanced accuracy " in line and line.endswith("% (probe 1.2 s).")
