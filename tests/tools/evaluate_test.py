"""tools/evaluate.py as a user runs it, and what it writes."""

import csv
import json
import os
import signal
import sys

import numpy as np
import pytest

from byola_keras.evaluation import evaluate
from tests.evaluation.tones import write_task
from tests.factories import tiny_embedder
from tests.processes import run, start, wait_until


@pytest.fixture(scope="module")
def tones(tmp_path_factory):
    return write_task(tmp_path_factory.mktemp("tones"), 150)


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "embedder.keras"
    tiny_embedder().save(path)
    return path


def read_records(folder):
    return [json.loads(line) for line in (folder / "results.jsonl").read_text().splitlines()]


def read_csv(path):
    with open(path, encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_models_on_tasks(tones, model, tmp_path):
    tasks = f"csv:{tones}:pitch,csv:{tones}:kinds"
    code, output = run(
        "evaluate.py",
        f"--model={model}",
        "--model=logmel_stats",
        f"--tasks={tasks}",
        f"--output_dir={tmp_path}",
        fresh=True,
    )
    assert code == 0, output
    assert "150 of 150 clips embedded" in output and "| logmel_stats |" in output
    records = read_records(tmp_path)
    assert [(r["model"], r["task"]) for r in records] == [
        (name, task)
        for name in (str(model), "logmel_stats")
        for task in ("csv_tones_pitch", "csv_tones_kinds")
    ]
    pitch, kinds = records[2:]
    assert pitch["metric"] == "accuracy" and pitch["mean"] > 0.95 and len(pitch["scores"]) == 3
    assert kinds["metric"] == "mean_average_precision" and kinds["mean"] > 0.9 and kinds["auc"] > 0.9
    assert set(pitch["seconds"]) == {"embed", "probe", "retrieval"} and not pitch["comparable"]
    # Both columns label the same files: they share their embeddings.
    assert len(os.listdir(tmp_path / "embeddings")) == 2
    for name in ("results.md", "results.csv", "results.png"):
        assert (tmp_path / name).stat().st_size > 100
    rows = read_csv(tmp_path / "details" / "csv_tones_pitch-logmel_stats-window-search.csv")
    assert [(row["class"], row["clips"]) for row in rows] == [("high", "10"), ("low", "10"), ("middle", "10")]
    assert np.mean([float(row["accuracy"]) for row in rows]) == pytest.approx(pitch["mean"])
    assert (tmp_path / "details" / "csv_tones_pitch-logmel_stats-window-search.png").exists()
    rows = read_csv(tmp_path / "details" / "csv_tones_kinds-logmel_stats-window-search.csv")
    assert [row["class"] for row in rows] == ["fading", "high", "low", "middle"]
    assert np.mean([float(row["average_precision"]) for row in rows]) == pytest.approx(kinds["mean"])

    # Once more, with another protocol (by its old word) and rate: results are added, and the table has both.
    code, output = run(
        "evaluate.py",
        "--model=logmel_stats",
        f"--tasks=csv:{tones}:pitch",
        f"--output_dir={tmp_path}",
        "--protocol=full",
        "--learning_rate=0.003",
        "--seeds=1",
    )
    assert code == 0, output
    assert len(read_records(tmp_path)) == 5 and read_records(tmp_path)[-1]["learning_rate"] == [0.003]
    code, output = run("evaluate.py", "--summarize", f"--output_dir={tmp_path}")
    assert (
        code == 0
        and "logmel_stats (whole_clip, 0.003)" in output
        and "logmel_stats (window, search)" in output
    )


def test_killed_and_two_at_once(tones, model, tmp_path):
    """A kill in the middle of the embedding, then two processes that want the same."""
    arguments = ("evaluate.py", f"--model={model}", f"--tasks=csv:{tones}:pitch", f"--output_dir={tmp_path}")
    arguments += ("--learning_rate=0.01", "--seeds=1")
    process = start(*arguments)
    try:
        wait_until(lambda: list(tmp_path.glob("embeddings/*/partial.npy")), process)
        os.killpg(process.pid, signal.SIGKILL)
    finally:
        process.communicate()
    assert not list(tmp_path.glob("embeddings/*/embeddings.npy"))
    processes = [start(*arguments) for _ in range(2)]
    outputs = [process.communicate(timeout=240)[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0], outputs
    assert sum("150 of 150 clips embedded" in output for output in outputs) == 1
    first, second = read_records(tmp_path)
    assert first["scores"] == second["scores"]


def test_errors_of_the_tool(tones, tmp_path):
    code, output = run("evaluate.py", "--model=nowhere", f"--tasks=csv:{tones}", f"--output_dir={tmp_path}")
    assert code == 1 and "error: `csv` must have a column label or labels" in output
    code, output = run("evaluate.py", "--model=random", f"--output_dir={tmp_path}")
    assert code == 1 and "--model and --tasks must be given" in output


@pytest.mark.parametrize(
    ("model", "task", "learning_rate", "message"),
    [
        ("nowhere", "csv:{}:pitch", "search", "Received: path='nowhere'"),
        ("random", "esc51", "search", "Received: spec='esc51'"),
        ("random", "esc50", "search", "`esc50` needs meta/esc50.csv"),
        ("random", "csv:{}:pitch", "authors", "for csv_tones_pitch"),
        ("random", "csv:{}:pitch", "fast", "learning_rate='fast'"),
    ],
)
def test_errors(tones, tmp_path, model, task, learning_rate, message):
    options = evaluate.Options(str(tmp_path), str(tmp_path / "cache"), learning_rate=learning_rate)
    with pytest.raises((ValueError, OSError), match=message):
        evaluate.evaluate([model], [task.format(tones)], str(tmp_path), options)
    assert not list(tmp_path.iterdir())


def test_folds(tmp_path):
    task = write_task(tmp_path, 90, split=False)
    options = evaluate.Options(str(tmp_path), str(tmp_path / "cache"), learning_rate=0.01, seeds=(1, 2))
    table = evaluate.evaluate(["logmel_stats"], [f"csv:{task}:pitch"], "", options)
    (record,) = read_records(tmp_path)
    assert record["learning_rate"] == [0.01, 0.01] and len(record["scores"]) == 2
    assert record["mean"] > 0.95 and "| tones: pitch |" in table
    (details,) = (tmp_path / "details").glob("*.csv")
    # Each clip is in the test once.
    assert sum(int(line.split(",")[1]) for line in details.read_text().splitlines()[1:]) == 90


def test_two_tasks_of_one_name_are_refused(tones, tmp_path):
    other = write_task(tmp_path, 30)
    options = evaluate.Options(str(tmp_path / "out"), str(tmp_path / "c"), learning_rate=0.01, seeds=(1,))
    with pytest.raises(ValueError, match=r"both called csv_tones_pitch; rename"):
        evaluate.evaluate(["logmel_stats"], [f"csv:{tones}:pitch", f"csv:{other}:pitch"], "", options)
    evaluate.evaluate(["logmel_stats"], [f"csv:{other}:pitch"], "", options)
    with pytest.raises(ValueError, match=r"both called csv_tones_pitch; rename"):
        evaluate.evaluate(["logmel_stats"], [f"csv:{tones}:pitch"], "", options)


def test_missing_matplotlib_is_said_before_the_work(tones, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    options = evaluate.Options(str(tmp_path / "out"), str(tmp_path / "cache"))
    with pytest.raises(ImportError, match=r"matplotlib.*\[evaluation\]"):
        evaluate.evaluate(["logmel_stats"], [f"csv:{tones}:pitch"], "", options)
    assert not list(tmp_path.iterdir())
