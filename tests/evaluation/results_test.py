import csv
import json
import math
import struct
import subprocess
import sys

import numpy as np
import pytest

from byola_keras.evaluation import plots, published, results

RECORD = {
    "task": "esc50",
    "title": "ESC-50",
    "model": "runs/one",
    "metric": "accuracy",
    "mean": 0.832,
    "ci95": 0.006,
    "scores": [0.83, 0.834],
    "learning_rate": 3e-5,
    "learning_rate_choice": "published",
    "seconds": {"embed": 1.5, "probe": 2.0},
    "protocol": "paper",
    "comparable": True,
    "clips": 2000,
}
TITLES = dict(
    zip(
        published.TASKS,
        ("ESC-50", "US8K", "SPCV2", "VoxCeleb1", "VoxForge", "CREMA-D", "GTZAN", "NSynth", "Surge"),
        strict=True,
    )
)


def append(folder, **changes):
    results.append(str(folder), {**RECORD, **changes})


def append_nine(folder, model="runs/one", shift=0.0, **changes):
    for number, (task, title) in enumerate(TITLES.items()):
        mean = 0.1 * number + shift
        append(folder, task=task, title=title, model=model, mean=mean, **changes)


def rows_of(markdown):
    lines = [line for line in markdown.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


def png_size(path):
    data = path.read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n" and data[-8:-4] == b"IEND"
    return struct.unpack(">II", data[16:24])


def test_record_comes_back_as_json(tmp_path):
    numbers = {"mean": np.float32(0.5), "ci95": math.nan, "scores": np.array([0.5, math.inf])}
    append(tmp_path / "new" / "folder", **numbers, clips=np.int64(7))
    (line,) = (tmp_path / "new" / "folder" / "results.jsonl").read_text().splitlines()

    def refuse(constant):
        raise AssertionError(f"{constant} is not JSON")

    record = json.loads(line, parse_constant=refuse)
    assert record == {**RECORD, "mean": 0.5, "ci95": None, "scores": [0.5, None], "clips": 7}
    assert results.load(str(tmp_path / "new" / "folder")) == [record]
    assert results.load(str(tmp_path)) == []


def test_wrong_records_are_refused(tmp_path):
    with pytest.raises(ValueError, match="without ci95, protocol"):
        results.append(str(tmp_path), {k: v for k, v in RECORD.items() if k not in ("ci95", "protocol")})
    with pytest.raises(ValueError, match="mean=nan"):
        append(tmp_path, mean=math.nan)
    with pytest.raises(ValueError, match="evaluate a task first"):
        results.summarize(str(tmp_path))


@pytest.mark.parametrize("torn", [1, 20, -2, "zeros", "not UTF-8"])
def test_torn_line_spoils_nothing(tmp_path, torn):
    append(tmp_path, task="us8k")
    path = tmp_path / "results.jsonl"
    tails = {"zeros": b"\0" * 50, "not UTF-8": b'{"title": "\xc3'}
    tail = tails[torn] if torn in tails else json.dumps(RECORD).encode()[:torn]
    with open(path, "ab") as file:
        file.write(tail)
    assert [record["task"] for record in results.load(str(tmp_path))] == ["us8k"]
    append(tmp_path, task="gtzan")
    append(tmp_path, task="surge")
    assert [record["task"] for record in results.load(str(tmp_path))] == ["us8k", "gtzan", "surge"]
    assert len(path.read_bytes().splitlines()) == 4


def test_record_that_lacks_only_its_newline_counts(tmp_path):
    (tmp_path / "results.jsonl").write_text(json.dumps(RECORD))
    append(tmp_path, task="us8k")
    assert [record["task"] for record in results.load(str(tmp_path))] == ["esc50", "us8k"]


def test_two_processes_lose_nothing(tmp_path):
    program = (
        "import sys, json; from byola_keras.evaluation import results\n"
        "record = json.loads(sys.argv[2]); print('ready', flush=True); input()\n"
        "for number in range(200): results.append(sys.argv[1], {**record, 'clips': number})"
    )
    writers = []
    for model in ("first", "second"):
        # Long enough for a line of several blocks.
        record = json.dumps({**RECORD, "model": model, "scores": [0.5] * 3000})
        command = [sys.executable, "-c", program, str(tmp_path), record]
        writers.append(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))
    for writer in writers:
        assert writer.stdout.readline() == "ready\n"
    for writer in writers:
        writer.stdin.write("\n")
        writer.stdin.flush()
    for writer in writers:
        writer.communicate()
        assert writer.returncode == 0
    records = results.load(str(tmp_path))
    assert len((tmp_path / "results.jsonl").read_bytes().splitlines()) == len(records) == 400
    for model in ("first", "second"):
        assert [r["clips"] for r in records if r["model"] == model] == list(range(200))


def test_table_by_hand(tmp_path):
    append(tmp_path, task="my", title="My | task", mean=0.25, ci95=math.nan, comparable=False)
    append(tmp_path, task="fsd50k", title="FSD50K", metric="mean_average_precision", mean=0.4)
    append(tmp_path)
    append(tmp_path, model="random", mean=0.1, ci95=0.02, protocol="full")
    markdown = results.summarize(str(tmp_path))
    assert markdown.splitlines()[:5] == [
        "| Representation | ESC-50 | FSD50K (mAP) | My \\| task |",
        "|:--|--:|--:|--:|",
        "| runs/one | 83.2 ± 0.6 | 40.0 ± 0.6 | 25.0\\* |",
        "| random | 10.0 ± 2.0\\* |  |  |",
        "| BYOL-A † | 83.2 ± 0.6 |  |  |",
    ]
    assert len(rows_of(markdown)) == 4 + 12
    assert (
        "\\* Not comparable with published numbers: not the paper's split (My | task); not the paper's "
        "protocol (full)." in markdown
    )
    assert f"† Published, not measured here: {published.SOURCE}" in markdown
    assert (tmp_path / "results.md").read_text() == markdown
    assert "Average" not in markdown and not (tmp_path / "correlation.png").exists()


def test_no_marks_without_a_reason(tmp_path):
    append(tmp_path, task="fsd50k", title="FSD50K", metric="mean_average_precision")
    markdown = results.summarize(str(tmp_path))
    assert "\\*" not in markdown and "†" not in markdown


def test_last_one_of_the_same_wins(tmp_path):
    append(tmp_path, mean=0.1)
    append(tmp_path, mean=0.2)
    append(tmp_path, mean=0.3, protocol="full")
    append(tmp_path, mean=0.4, learning_rate_choice="search")
    assert len(results.load(str(tmp_path))) == 4
    assert rows_of(results.summarize(str(tmp_path)))[2:5] == [
        ["runs/one (paper, published)", "20.0 ± 0.6"],
        ["runs/one (paper, search)", "40.0 ± 0.6"],
        ["runs/one (full, published)", "30.0 ± 0.6\\*"],
    ]


def test_average_needs_all_nine(tmp_path):
    append_nine(tmp_path)
    append(tmp_path, model="half")
    append_nine(tmp_path, model="marked", shift=0.1)
    append(tmp_path, task="surge", title="Surge", model="marked", mean=0.9, comparable=False)
    append(tmp_path, task="fsd50k", title="FSD50K", metric="mean_average_precision", mean=1.0)
    header, _, whole, half, marked, byola, *_ = rows_of(results.summarize(str(tmp_path)))
    assert header[1:4] == ["ESC-50", "US8K", "FSD50K (mAP)"] and header[-1] == "Average of nine"
    assert [row[-1] for row in (whole, half, marked, byola)] == ["40.0", "", "50.0\\*", "72.4"]


def test_published_averages_are_the_means_of_their_rows():
    rows = published.published_rows()
    assert len(rows) == 12 and rows[0].model == "BYOL-A"
    for row in rows:
        assert tuple(row.scores) == published.TASKS
        assert np.mean([mean for mean, _ in row.scores.values()]) == pytest.approx(row.average, abs=0.06)
    assert rows[0].scores["vc1"] == (57.6, 0.2) and rows[0].scores["gtzan"] == (70.1, 3.6)


def test_csv_is_readable(tmp_path):
    append(tmp_path)
    append(tmp_path, task="my", title='A "title", with commas', ci95=math.nan, seconds=None, auc=0.91)
    results.summarize(str(tmp_path))
    with open(tmp_path / "results.csv", newline="") as file:
        ours, mine, byola, *others = csv.DictReader(file)
    assert ours == {
        "source": "measured",
        "model": "runs/one",
        "protocol": "paper",
        "learning_rate_choice": "published",
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
    }
    assert mine["title"] == 'A "title", with commas' and mine["interval_percent"] == ""
    assert mine["auc_percent"] == "91.0"
    assert (byola["source"], byola["model"], byola["mean_percent"]) == ("published", "BYOL-A", "83.2")
    assert len(others) == 11


def test_charts_are_written(tmp_path):
    for number in range(3):
        append_nine(tmp_path, f"runs/{number}", 0.01 * number)
    results.summarize(str(tmp_path))
    for name in ("results.png", "correlation.png"):
        width, height = png_size(tmp_path / name)
        assert 500 < width < 4000 and 500 < height < 2000
    for classes in (3, 35, 200):
        names = [f"class {number}" for number in range(classes)]
        counts = np.random.default_rng(0).integers(0, 9, (classes, classes))
        counts[1] = 0
        plots.confusion_chart(str(tmp_path / "confusion.png"), counts, names)
        width, height = png_size(tmp_path / "confusion.png")
        assert 400 < width < 2500 and 400 < height < 2500
    assert not list(tmp_path.glob(".partial*"))
    (tmp_path / "results.jsonl").unlink()
    append(tmp_path)
    results.summarize(str(tmp_path))
    assert not (tmp_path / "correlation.png").exists()


def test_texts_are_there_without_matplotlib(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    append(tmp_path)
    with pytest.raises(ImportError, match=r"matplotlib.*\[evaluation\]"):
        results.summarize(str(tmp_path))
    assert (tmp_path / "results.md").exists() and (tmp_path / "results.csv").exists()


def test_correlation_equals_numpy():
    scores = np.random.default_rng(0).random((4, 6))
    tasks = ["a", "b", "c", "d"]
    means = {f"model {m}": {t: scores[n, m] for n, t in enumerate(tasks)} for m in range(6)}
    names, matrix = plots.task_correlation(means, tasks)
    assert names == tasks
    np.testing.assert_allclose(matrix, np.corrcoef(scores), atol=1e-12)

    # Only three models have d, none of those has c; e has too few.
    for model in range(3):
        del means[f"model {model}"]["d"]
        del means[f"model {model + 3}"]["c"]
    means["model 0"]["e"] = 0.5
    names, matrix = plots.task_correlation(means, [*tasks, "e"])
    assert names == tasks and np.isnan(matrix[2, 3])
    assert matrix[0, 3] == pytest.approx(np.corrcoef(scores[0, 3:], scores[3, 3:])[0, 1])
    assert plots.task_correlation({"model": {"a": 0.5, "b": 0.5}}, ["a", "b"])[0] == []


def test_model_counts_once_in_the_correlation(tmp_path):
    append_nine(tmp_path, "runs/0")
    append_nine(tmp_path, "runs/0", 0.1, protocol="full")
    append_nine(tmp_path, "runs/1")
    results.summarize(str(tmp_path))
    assert not (tmp_path / "correlation.png").exists()
