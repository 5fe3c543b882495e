import json
import math
import subprocess
import sys

import numpy as np
import pytest

from byola_keras.evaluation import records
from tests.evaluation.result_records import RECORD, append


def test_record_comes_back_as_json(tmp_path):
    numbers = {"mean": np.float32(0.5), "ci95": math.nan, "scores": np.array([0.5, math.inf])}
    append(tmp_path / "new" / "folder", **numbers, clips=np.int64(7))
    (line,) = (tmp_path / "new" / "folder" / "results.jsonl").read_text().splitlines()

    def refuse(constant):
        raise AssertionError(f"{constant} is not JSON")

    record = json.loads(line, parse_constant=refuse)
    assert record == {**RECORD, "mean": 0.5, "ci95": None, "scores": [0.5, None], "clips": 7}
    assert records.load(str(tmp_path / "new" / "folder")) == [record]
    assert records.load(str(tmp_path)) == []


def test_wrong_records_are_refused(tmp_path):
    with pytest.raises(ValueError, match="without ci95, protocol"):
        records.append(str(tmp_path), {k: v for k, v in RECORD.items() if k not in ("ci95", "protocol")})
    with pytest.raises(ValueError, match="mean=nan"):
        append(tmp_path, mean=math.nan)


@pytest.mark.parametrize("torn", [1, 20, -2, "zeros", "not UTF-8"])
def test_torn_line_spoils_nothing(tmp_path, torn):
    append(tmp_path, task="us8k")
    path = tmp_path / "results.jsonl"
    tails = {"zeros": b"\0" * 50, "not UTF-8": b'{"title": "\xc3'}
    tail = tails[torn] if torn in tails else json.dumps(RECORD).encode()[:torn]
    with open(path, "ab") as file:
        file.write(tail)
    assert [record["task"] for record in records.load(str(tmp_path))] == ["us8k"]
    append(tmp_path, task="gtzan")
    append(tmp_path, task="surge")
    assert [record["task"] for record in records.load(str(tmp_path))] == ["us8k", "gtzan", "surge"]
    assert len(path.read_bytes().splitlines()) == 4


def test_record_that_lacks_only_its_newline_counts(tmp_path):
    (tmp_path / "results.jsonl").write_text(json.dumps(RECORD))
    append(tmp_path, task="us8k")
    assert [record["task"] for record in records.load(str(tmp_path))] == ["esc50", "us8k"]


def test_two_processes_lose_nothing(tmp_path):
    program = (
        "import sys, json; from byola_keras.evaluation import records\n"
        "record = json.loads(sys.argv[2]); print('ready', flush=True); input()\n"
        "for number in range(200): records.append(sys.argv[1], {**record, 'clips': number})"
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
    found = records.load(str(tmp_path))
    assert len((tmp_path / "results.jsonl").read_bytes().splitlines()) == len(found) == 400
    for model in ("first", "second"):
        assert [r["clips"] for r in found if r["model"] == model] == list(range(200))


def test_old_words_are_read_as_the_present_ones(tmp_path):
    """As results.jsonl has them that were written before protocols and rates had their present names."""
    append(tmp_path, protocol="paper", learning_rate_choice="paper")
    append(tmp_path, protocol="full", learning_rate_choice="search")
    append(tmp_path, protocol="window", learning_rate_choice="0.001")
    found = records.load(str(tmp_path))
    assert [record["protocol"] for record in found] == ["window", "whole_clip", "window"]
    assert [record["learning_rate_choice"] for record in found] == ["authors", "search", "0.001"]
    without = {key: value for key, value in RECORD.items() if key != "learning_rate_choice"}
    records.append(str(tmp_path), without)
    assert records.load(str(tmp_path))[-1] == without
