import csv
import json

import numpy as np
import pyarrow.parquet
import pytest
import soundfile

from byola_keras.classify.predict import PredictRequest, predict_files
from byola_keras.embedding.sound_files import find_sound_files
from tests.factories import settled_embedder
from tests.models.classifier_test import LABELS, classifier


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    folder = tmp_path_factory.mktemp("model")
    classifier(settled_embedder(), temperature=3.0).save(folder / "classifier.keras")
    return str(folder)


@pytest.fixture(scope="module")
def recordings(tmp_path_factory):
    folder = tmp_path_factory.mktemp("recordings")
    draws = np.random.default_rng(0)
    (folder / "day").mkdir()
    soundfile.write(folder / "day" / "long.flac", draws.normal(0, 0.1, 16000 * 21 + 100), 16000)
    soundfile.write(folder / "short.wav", draws.normal(0, 0.1, (8000, 2)), 44100)
    soundfile.write(folder / "none.wav", np.zeros(0), 16000)
    (folder / "empty.wav").write_bytes(b"")
    return str(folder)


def read(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def predict(model, recordings, output_dir, **arguments):
    overwrite = arguments.pop("overwrite", False)
    request = PredictRequest(model, str(output_dir), **arguments)
    return predict_files(request, find_sound_files([recordings]), overwrite)


def test_windows_are_those_of_the_classifier(model, recordings, tmp_path):
    from byola_keras import load_classifier

    thresholds = (("", 0.0), ("meow", 1.0))
    report = predict(model, recordings, tmp_path, chunk_seconds=2.0, thresholds=thresholds)
    assert report["embedded"] == 2 and report["segments"] == 4
    assert sorted(path.split("/")[-1] for path in report["skipped"]) == ["empty.wav", "none.wav"]
    rows = read(tmp_path / "windows" / "day" / "long.flac.csv")
    assert len(rows) == 84 and rows[-1]["end"] == "21.006" and rows[-1]["start"] == "20.506"
    sound = soundfile.read(f"{recordings}/day/long.flac", dtype="float32")[0]
    for row in (rows[0], rows[41], rows[-1]):
        first = round(float(row["start"]) * 16000) if row is not rows[-1] else len(sound) - 8000
        expected = load_classifier(model)(sound[None, first : first + 8000])[0]
        np.testing.assert_allclose([float(row[label]) for label in LABELS], expected, atol=1e-4)
    (short,) = read(tmp_path / "windows" / "short.wav.csv")
    assert (short["start"], short["end"]) == ("0.000", "0.181")
    # At a threshold of 0 everything is heard, at 1 nothing.
    segments = read(tmp_path / "segments.csv")
    assert [(row["file"], row["start"], row["end"], row["label"]) for row in segments] == [
        *(("day/long.flac", "0.000", "21.006", label) for label in ("bark", "moo")),
        *(("short.wav", "0.000", "0.181", label) for label in ("bark", "moo")),
    ]
    files = read(tmp_path / "files.csv")
    highest = max(float(row["bark"]) for row in rows)
    assert [row["file"] for row in files] == ["day/long.flac", "short.wav"]
    assert float(files[0]["bark"]) == highest and files[0]["windows"] == "84"
    raven = (tmp_path / "raven" / "day" / "long.flac.selections.txt").read_text()
    assert raven.count("\n") == 3 and raven.rstrip().endswith("long.flac")
    assert (tmp_path / "audacity" / "short.wav.txt").read_text().splitlines()[0].endswith("bark")


def test_only_what_is_new_is_made(model, recordings, tmp_path):
    first = predict(model, recordings, tmp_path, table="none")
    done = tmp_path / "done" / "short.wav.json"
    assert not (tmp_path / "windows").exists()
    before = done.stat().st_mtime_ns
    (tmp_path / "done" / "day" / "long.flac.json").unlink()
    (tmp_path / "segments" / ".partial-1-x.csv").write_text("left by a killed process")
    again = predict(model, recordings, tmp_path, table="none")
    assert (first["embedded"], again["embedded"], again["already_there"]) == (2, 1, 1)
    assert done.stat().st_mtime_ns == before and again["segments"] == first["segments"]
    assert not (tmp_path / "segments" / ".partial-1-x.csv").exists()
    with pytest.raises(ValueError, match="Take another --output_dir, or --overwrite"):
        predict(model, recordings, tmp_path, table="none", overlap=0.0)
    predict(model, recordings, tmp_path, table="none", overlap=0.0, overwrite=True)
    assert json.loads(done.read_text())["windows"] == 1


def test_parquet_has_the_same(model, recordings, tmp_path):
    predict(model, recordings, tmp_path / "csv", classes=("moo",))
    predict(model, recordings, tmp_path / "parquet", table="parquet", classes=("moo",))
    table = pyarrow.parquet.read_table(tmp_path / "parquet" / "windows" / "day" / "long.flac.parquet")
    rows = read(tmp_path / "csv" / "windows" / "day" / "long.flac.csv")
    assert table.column_names == ["start", "end", *LABELS]
    for column in table.column_names:
        np.testing.assert_allclose(table[column], [float(row[column]) for row in rows], atol=5.1e-4)
    assert {row["label"] for row in read(tmp_path / "csv" / "segments.csv")} <= {"moo"}


@pytest.mark.parametrize(
    "arguments, message",
    [
        (
            {"classes": ("mew",)},
            r"`classes` must name labels .* bark, meow, moo. Received: 'mew'. Did you mean",
        ),
        ({"thresholds": (("cow", 0.5),)}, "`thresholds` must name labels that the classifier knows"),
        ({"thresholds": (("moo", 1.5),)}, r"`thresholds` must lie in \[0, 1\]"),
        ({"overlap": 1.0}, "`overlap` must lie in"),
        ({"table": "xls"}, "`table` must be one of"),
    ],
)
def test_bad_requests(model, recordings, tmp_path, arguments, message):
    with pytest.raises(ValueError, match=message):
        predict(model, recordings, tmp_path, **arguments)
