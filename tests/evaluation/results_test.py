"""Tables and charts that are made of the records of a folder."""

import csv
import math
import sys

import numpy as np
import pytest

from byola_keras.evaluation import plots, published, records, results
from tests.evaluation.result_records import RECORD, append, append_nine


def rows_of(markdown):
    lines = [line for line in markdown.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


def read_csv(folder):
    with open(folder / "results.csv", newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def append_fsd50k(folder, **changes):
    """FSD50K and two of its subsets."""
    common = {"metric": "mean_average_precision", "ci95": 0.01, **changes}
    append(folder, task="fsd50k", title="FSD50K", mean=0.4, auc=0.85, auc_ci95=0.02, **common)
    append(folder, task="fsd50k_scene", title="FSD50K scene", mean=0.5, auc=0.9, auc_ci95=0.0, **common)


def test_nothing_to_summarize(tmp_path):
    with pytest.raises(ValueError, match="evaluate a task first"):
        results.summarize(str(tmp_path))


def test_table_by_hand(tmp_path):
    append(tmp_path, task="my", title="My | task", mean=0.25, ci95=math.nan, comparable=False)
    append_fsd50k(tmp_path)
    append(tmp_path)
    append(tmp_path, model="random", mean=0.1, ci95=0.02, protocol="whole_clip")
    markdown = results.summarize(str(tmp_path))
    assert markdown.splitlines()[:5] == [
        "| Representation | ESC-50 | FSD50K (mAP) | FSD50K (AUC) | FSD50K scene (mAP) | My \\| task |",
        "|:--|--:|--:|--:|--:|--:|",
        "| one | 83.2 ± 0.6 | 40.0 ± 1.0 | 85.0 ± 2.0 | 50.0 ± 1.0 | 25.0\\* |",
        "| random | 10.0 ± 2.0\\* |  |  |  |  |",
        # The first published row that has one of these tasks; FSD50K has no interval.
        "| VGGish [S] † | 68.2 ± 1.1 | 32.0 | 88.6 | 51.3 |  |",
    ]
    assert rows_of(markdown)[-1] == ["BYOL-A [U] †", "83.2 ± 0.6", "44.8", "89.6", "49.6", ""]
    assert len(rows_of(markdown)) == 4 + 12
    assert (
        "\\* Not comparable with published numbers: not the paper's clips or split (My | task); not the "
        "protocol window (whole_clip)." in markdown
    )
    assert f"† The row is published and was not measured here: {published.SOURCE}" in markdown
    assert published.AUDIOSET_LABELS in markdown and "‡" not in markdown
    assert "Short names: one is runs/one." in markdown
    assert (tmp_path / "results.md").read_text() == markdown
    assert "Average" not in markdown and not (tmp_path / "correlation.png").exists()


def test_rows_that_the_paper_repeats_are_marked(tmp_path):
    append(tmp_path, task="vc1", title="VoxCeleb1")
    markdown = results.summarize(str(tmp_path))
    assert rows_of(markdown)[3] == ["TRILL [U] ‡", "17.9"] and f"‡ {published.REPORTED}" in markdown
    assert len(rows_of(markdown)) == 3 + 15
    sources = [(row["source"], row["label"]) for row in read_csv(tmp_path)]
    assert sources.count(("repeated by the paper", "U")) == 2 and sources[0] == ("measured", "")


def test_no_marks_without_a_reason(tmp_path):
    append(tmp_path, task="my", title="Mine")
    markdown = results.summarize(str(tmp_path))
    assert not {"\\*", "†", "‡"} & set(markdown.split()) and published.AUDIOSET_LABELS not in markdown
    assert len(rows_of(markdown)) == 3


def test_last_one_of_the_same_wins(tmp_path):
    append(tmp_path, mean=0.1)
    append(tmp_path, mean=0.3, protocol="full")
    # The word of older results is the same protocol.
    append(tmp_path, mean=0.2, protocol="paper")
    append(tmp_path, mean=0.4, learning_rate_choice="search")
    assert len(records.load(str(tmp_path))) == 4
    assert rows_of(results.summarize(str(tmp_path)))[2:5] == [
        ["one (window, authors)", "20.0 ± 0.6"],
        ["one (window, search)", "40.0 ± 0.6"],
        ["one (whole_clip, authors)", "30.0 ± 0.6\\*"],
    ]


def test_settings_have_rows_of_their_own(tmp_path):
    """Also beside a record of an earlier version, which knows of linear probes only."""
    append(tmp_path, mean=0.5)
    append(tmp_path, mean=0.4, probe="knn", learning_rate_choice=None)
    for shots, mean in ((1, 0.1), (5, 0.2)):
        append(tmp_path, mean=mean, probe="few_shot", shots=shots, learning_rate_choice=None)
    append(tmp_path, mean=0.3, layer="local+global")
    append(tmp_path, mean=0.6, probe="linear", windows=3)
    append(tmp_path, mean=0.7, probe="linear", layer=None, shots=None, windows=1)
    markdown = results.summarize(str(tmp_path))
    assert [row[:2] for row in rows_of(markdown)[2:8]] == [
        ["one (window, authors)", "70.0 ± 0.6"],
        ["one (window, authors, 3 windows)", "60.0 ± 0.6"],
        ["one (window, authors, layer local+global)", "30.0 ± 0.6\\*"],
        ["one (window, knn)", "40.0 ± 0.6\\*"],
        ["one (window, few_shot 1)", "10.0 ± 0.6\\*"],
        ["one (window, few_shot 5)", "20.0 ± 0.6\\*"],
    ]
    assert "not a linear probe (knn, few_shot); not the embedding but a layer (local+global)." in markdown
    # One model is one representation, by its row that is as the published ones.
    rows = results.group_rows(records.load(str(tmp_path)))
    assert results.accuracies_by_representation(rows)["one"] == {"esc50": 70.0}


def test_average_needs_all_nine(tmp_path):
    append_nine(tmp_path)
    append(tmp_path, model="half")
    append_nine(tmp_path, model="marked", shift=0.1)
    append(tmp_path, task="surge", title="Surge", model="marked", mean=0.9, comparable=False)
    append_fsd50k(tmp_path)
    header, _, whole, half, marked, *theirs = rows_of(results.summarize(str(tmp_path)))
    assert header[1:3] == ["ESC-50", "US8K"]
    assert header[9:] == ["Surge", "Average of nine", "FSD50K (mAP)", "FSD50K (AUC)", "FSD50K scene (mAP)"]
    assert [row[10] for row in (whole, half, marked, theirs[-1])] == ["40.0", "", "50.0\\*", "72.4"]
    # What the paper repeats has no average.
    assert theirs[0][0] == "TRILL [U] ‡" and theirs[0][10] == ""


def test_csv_is_readable(tmp_path):
    append(tmp_path)
    append_fsd50k(tmp_path)
    mine = {"task": "my", "title": 'A "title", with commas', "ci95": math.nan, "seconds": None}
    append(tmp_path, **mine, retrieval_map=0.25)
    results.summarize(str(tmp_path))
    ours, fsd50k, scene, mine, *theirs = read_csv(tmp_path)
    assert ours == {
        "source": "measured",
        "model": "runs/one",
        "label": "",
        "protocol": "window",
        "learning_rate_choice": "authors",
        "task": "esc50",
        "title": "ESC-50",
        "metric": "accuracy",
        "mean_percent": "83.2",
        "interval_percent": "0.6",
        "auc_percent": "",
        "learning_rate": "3e-05",
        "comparable": "True",
        "clips": "2000",
        "seconds": "3.5",
        "probe": "linear",
        "shots": "",
        "layer": "",
        "windows": "1",
        "balanced_accuracy_percent": "",
        "retrieval_map_percent": "",
    }
    assert fsd50k["auc_percent"] == "85.0" and scene["auc_percent"] == "90.0"
    assert mine["title"] == 'A "title", with commas' and mine["interval_percent"] == ""
    assert mine["retrieval_map_percent"] == "25.0"
    assert len(theirs) == 3 * 12 and {row["source"] for row in theirs} == {"published"}
    columns = ("model", "label", "task", "metric", "mean_percent", "interval_percent", "auc_percent")
    assert [tuple(row[column] for column in columns) for row in theirs[-3:]] == [
        ("BYOL-A", "U", "esc50", "accuracy", "83.2", "0.6", ""),
        ("BYOL-A", "U", "fsd50k", "mean_average_precision", "44.8", "", "89.6"),
        ("BYOL-A", "U", "fsd50k_scene", "mean_average_precision", "49.6", "", ""),
    ]


@pytest.fixture
def drawn(monkeypatch):
    """Name of a chart -> what it was made of."""
    found = {}
    for name in ("bar_chart", "correlation_chart"):
        monkeypatch.setattr(plots, name, lambda *made_of, name=name: found.update({name: made_of}) or name)
    monkeypatch.setattr(plots, "save", lambda chart, path: open(path, "x").close())
    return found


def test_bars_are_ours_and_byola(tmp_path, drawn):
    append(tmp_path)
    append_fsd50k(tmp_path, model="two")
    results.summarize(str(tmp_path))
    (table,) = drawn["bar_chart"]
    assert list(table) == ["one", "two", "BYOL-A (published)"]
    assert table["one"] == {"ESC-50": (pytest.approx(83.2), pytest.approx(0.6))}
    assert table["two"]["FSD50K scene"] == (50.0, 1.0)
    theirs = {title: mean for title, (mean, _) in table["BYOL-A (published)"].items()}
    assert theirs == {"ESC-50": 83.2, "FSD50K": 44.8, "FSD50K scene": 49.6}


def test_correlation_is_of_representations(tmp_path, drawn):
    append_nine(tmp_path, "runs/0", shift=0.05)
    append_fsd50k(tmp_path, model="runs/0")
    append_nine(tmp_path, "runs/1", protocol="whole_clip")
    results.summarize(str(tmp_path))
    names, matrix = drawn["correlation_chart"]
    assert names[:3] == ["0", "1", "VGGish †"] and names[-1] == "BYOL-A †" and len(names) == 2 + 12
    # By hand: 0, 10, 20 ... percent against BYOL-A's row of Table IV, whose FSD50K does not count.
    byola = [83.2, 79.7, 93.1, 57.6, 93.3, 63.8, 70.1, 73.1, 37.6]
    assert matrix[0, -1] == pytest.approx(np.corrcoef(np.arange(9), byola)[0, 1])
    assert matrix[0, 1] == pytest.approx(1)


def test_protocol_of_the_published_rows_counts_in_the_correlation(tmp_path):
    append_nine(tmp_path, "runs/0", 0.05, protocol="whole_clip")
    append_nine(tmp_path, "runs/0", 0.01)
    append_nine(tmp_path, "runs/0", 0.02, learning_rate_choice="search")
    append(tmp_path, model="runs/1")
    rows = results.group_rows(records.load(str(tmp_path)))
    scores = results.accuracies_by_representation(rows)
    assert list(scores)[:2] == ["0", "1"] and len(scores) == 2 + 12
    # Neither the mean of the three rows nor the later ones.
    expected = {task: pytest.approx(10 * number + 1) for number, task in enumerate(published.TASKS)}
    assert scores["0"] == expected
    assert scores["BYOL-A †"]["surge"] == 37.6


def test_correlation_of_an_earlier_list_is_removed(tmp_path):
    append_nine(tmp_path)
    results.summarize(str(tmp_path))
    assert (tmp_path / "correlation.png").stat().st_size > 10_000
    (tmp_path / "results.jsonl").unlink()
    append(tmp_path)
    results.summarize(str(tmp_path))
    assert not (tmp_path / "correlation.png").exists()
    assert sorted(file.name for file in tmp_path.iterdir()) == [
        *("results.csv", "results.html", "results.jsonl", "results.md", "results.png")
    ]


def test_texts_are_there_without_matplotlib(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    append(tmp_path)
    with pytest.raises(ImportError, match=r"matplotlib.*\[evaluation\]"):
        results.summarize(str(tmp_path))
    assert RECORD["title"] in (tmp_path / "results.md").read_text()
    assert (tmp_path / "results.csv").exists() and (tmp_path / "results.html").exists()
