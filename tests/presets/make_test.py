"""`byola make_preset` and `byola presets`, and that a name finds what they make."""

import csv
import json
import shutil
import warnings

import numpy as np
import pytest

import byola_keras
from byola_keras.models import preset
from byola_keras.presets import listing, make, scores
from byola_keras.presets.make import About, make_preset
from byola_keras.presets.sound import describe_sound
from tests.factories import noise, settled_embedder, tiny_embedder

COLUMNS = (
    *("source", "model", "label", "task", "title", "mean_percent", "interval_percent", "probe", "layer"),
    "shots",
)
SCORES = {
    "runs/mine": {"Drums": (70.0, 0.5), "Letters": (95.0, 0.4), "Pitch": (60.0, 0.3)},
    "random": {"Drums": (62.0, 0.5), "Letters": (95.8, 0.1), "Pitch": (60.2, 0.3)},
    "logmel_stats": {"Drums": (50.0, 0.5), "Letters": (70.0, 0.1), "Pitch": (70.0, 0.3), "Other": (9.0, 1.0)},
    "runs/paper": {"Drums": (69.0, 0.5), "Letters": (95.1, 0.1), "Pitch": (60.5, 0.3)},
}
MANIFEST = {
    "hours": {"speech": 0.5, "music": 1.25},
    "licences": {"CC0-1.0": 1.75},
    "packages": [
        {
            "package": "sounds-free",
            "version": "1.0-2",
            "kept": {"speech": {"hours": 0.5}, "music": {"hours": 1.25}, "effects": {"hours": 0.0}},
            "licences": {"CC0-1.0": 1.75},
        },
        {"package": "empty", "version": "1", "kept": {}, "licences": {}},
    ],
}


@pytest.fixture(autouse=True)
def folders(tmp_path, monkeypatch):
    """The package's own presets and the user's, in folders of the test."""
    monkeypatch.setenv("BYOLA_KERAS_PRESETS", str(tmp_path / "own"))
    for module in (preset, listing):
        monkeypatch.setattr(module, "SHIPPED_FOLDER", str(tmp_path / "shipped"))
    monkeypatch.setattr(make, "generated_clips", lambda rate: {"noise": noise(1, 4000)})
    monkeypatch.chdir(tmp_path)


def write_results(path, found=None, **changes):
    rows = [
        {"source": "measured", "model": model, "label": model, "task": task.lower(), "title": task}
        | {"mean_percent": mean, "interval_percent": interval, "probe": "linear", **changes}
        for model, tasks in (found or SCORES).items()
        for task, (mean, interval) in tasks.items()
    ]
    rows.append({**rows[0], "source": "published"})
    rows.append({**rows[0], "source": "measured", "probe": "knn"})
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
    return str(path)


def test_preset_with_its_card_is_found_by_its_name(tmp_path):
    embedder = settled_embedder()
    embedder.save(tmp_path / "mine.keras")
    (tmp_path / "manifest.json").write_text(json.dumps(MANIFEST))
    about = About(
        licence="CC0-1.0",
        manifest=str(tmp_path / "manifest.json"),
        results=write_results(tmp_path / "results.csv"),
        results_model="runs/mine",
        paper_model="runs/paper",
        not_good_for=["It hears no pitch."],
        commit="0123abc",
    )
    made = make_preset(str(tmp_path / "mine.keras"), "small", str(tmp_path / "shipped"), about)
    assert 0 < made.difference < make.TOLERANCE
    loaded = byola_keras.load("small")
    np.testing.assert_allclose(
        loaded(noise(2, 4000))["scene"], embedder(noise(2, 4000))["scene"], atol=1e-3, rtol=1e-3
    )
    assert loaded.card["trained_on"] == "noise" and loaded.card["commit"] == "0123abc"
    text = (tmp_path / "shipped" / "small" / "README.md").read_text()
    assert 'byola_keras.load("small")' in text and 'license: "CC0-1.0"' in text
    assert "| sounds-free | 1.0-2 | 0.50 speech, 1.25 music | CC0-1.0 (1.75 h) |" in text
    assert "| hours in all | 1.75 |" in text and "empty" not in text
    assert "- It hears no pitch." in text
    # First of all, how good it is.
    first = text.split("# BYOL-A audio encoder\n\n")[1].split("\n")[0]
    assert first == (
        "Linear probes on 3 tasks, average in percent: small 75.0 ± 0.2. "
        "By intervals that do not touch it is above the untrained encoder (72.7 ± 0.2). "
        "By intervals that do not touch it is above the log-mel mean and deviation (63.3 ± 0.2). "
        "Its interval overlaps with that of the paper's recipe (74.9 ± 0.2). "
        "Tasks below the untrained encoder by more than the interval: "
        "Letters (95.0 ± 0.4 against 95.8 ± 0.1)."
    )
    assert "| task | small | untrained encoder | log-mel mean and deviation | paper's recipe |" in text
    assert "| Drums | 70.0 ± 0.5 | 62.0 ± 0.5 | 50.0 ± 0.5 | 69.0 ± 0.5 |" in text
    assert "In the package:\n  small: " in listing.list_presets()
    assert f"In {tmp_path / 'own'}: none" in listing.list_presets()


def test_card_has_scores_with_few_labels_where_the_results_have_them(tmp_path):
    path = write_results(tmp_path / "results.csv")
    assert not scores.has_few_shot(path)
    few = {"runs/mine": {"Drums": (60.0, 3.0)}, "random": {"Drums": (50.0, 3.0)}}
    more = {shots: tmp_path / f"{shots}.csv" for shots in (5, 10)}
    for shots, of_shots in more.items():
        write_results(of_shots, few, probe="few_shot", shots=shots)
    lines = [line for part in more.values() for line in part.read_text().splitlines(keepends=True)[1:3]]
    with open(path, "a", encoding="utf-8") as file:
        file.writelines(lines)
    assert scores.has_few_shot(path)
    found = scores.read_scores(path, {"runs/mine": "small", "random": "untrained encoder"}, "few_shot")
    assert found["small"] == {"Drums": (60.0, 3.0), "average": (60.0, 3.0)}
    assert scores.summary("small", found, "few_shot").startswith(
        "Few-shot probes with 5 labelled clips of each class on 1 tasks, average in percent: "
        "small 60.0 ± 3.0. "
        "By intervals that do not touch it is above the untrained encoder (50.0 ± 3.0)."
    )
    assert set(scores.read_scores(path, {"runs/mine": "small"})["small"]) == {*SCORES["runs/mine"], "average"}


def test_encoder_of_a_run_in_mixed_precision_computes_in_float32():
    embedder = settled_embedder(dtype="mixed_bfloat16")
    float32 = make._in_float32(embedder, {})
    assert (embedder.encoder.compute_dtype, float32.encoder.compute_dtype) == ("bfloat16", "float32")
    pairs = zip(embedder.encoder.get_weights(), float32.encoder.get_weights(), strict=True)
    assert all(np.array_equal(one, other) for one, other in pairs)


def test_preset_that_answers_otherwise_is_not_kept(tmp_path, monkeypatch):
    settled_embedder().save(tmp_path / "mine.keras")
    monkeypatch.setattr(make, "TOLERANCE", 1e-9)
    with pytest.raises(ValueError, match="must answer as its model does, to 1e-09 .*Received"):
        make_preset(str(tmp_path / "mine.keras"), "small", str(tmp_path / "shipped"))
    assert not (tmp_path / "shipped").exists()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"models": {"gone": "x"}}, "without 'gone'"),
        ({"row": {"interval_percent": ""}}, "must have intervals. Received: none for 'runs/mine' in 'Drums'"),
        (
            {"models": {"runs/mine": "a", "other": "b"}, "found": {**SCORES, "other": {"Z": (1.0, 1.0)}}},
            "in common",
        ),
    ],
)
def test_results_that_say_too_little(tmp_path, changes, message):
    path = write_results(tmp_path / "results.csv", changes.get("found"), **changes.get("row", {}))
    with pytest.raises(ValueError, match=message):
        scores.read_scores(path, changes.get("models", {"runs/mine": "mine"}))


def test_manifest_of_something_else(tmp_path):
    (tmp_path / "manifest.json").write_text('{"hours": 3}')
    with pytest.raises(ValueError, match="must be the manifest.json of a corpus of `byola free_sounds`"):
        describe_sound(str(tmp_path / "manifest.json"))


def test_which_of_path_and_name_is_meant(tmp_path):
    for name in ("shipped", "own", "here"):
        tiny_embedder().save_to_preset(tmp_path / name / "small")
    scenes = {
        name: byola_keras.load(tmp_path / name / "small")(noise(1, 4000))["scene"].numpy()
        for name in ("shipped", "own", "here")
    }

    def taken(text):
        with warnings.catch_warnings(record=True) as found:
            warnings.simplefilter("always")
            scene = byola_keras.load(text)(noise(1, 4000))["scene"].numpy()
        (name,) = [name for name, expected in scenes.items() if np.array_equal(scene, expected)]
        return name, [str(each.message) for each in found if "small" in str(each.message)]

    name, said = taken("small")
    assert name == "own" and len(said) == 1 and "a preset of the package and of one of yours" in said[0]
    shutil.rmtree(tmp_path / "own")
    assert taken("small") == ("shipped", [])
    # A folder without a model, such as a corpus of this name, or a run that has saved nothing yet.
    (tmp_path / "small").mkdir()
    name, said = taken("small")
    assert name == "shipped" and len(said) == 1
    assert (
        "Taken: the preset, as the path holds no model; ./small means the path only, preset://small"
        in said[0]
    )
    assert taken("preset://small") == ("shipped", [])
    with pytest.raises(FileNotFoundError, match="Received: path='./small'"):
        byola_keras.load("./small")
    shutil.rmtree(tmp_path / "small")
    shutil.copytree(tmp_path / "here" / "small", tmp_path / "small")
    name, said = taken("small")
    assert name == "here" and len(said) == 1 and "Taken: the path;" in said[0]
    assert taken("preset://small") == ("shipped", []) and taken("./small") == ("here", [])
    with pytest.raises(FileNotFoundError, match=r"path='preset://here'; .* and in the package small\."):
        byola_keras.load("preset://here")
    with pytest.raises(ValueError, match="must not be that of a preset of the package"):
        tiny_embedder().save_to_preset(name="small")


@pytest.mark.parametrize("file", ["model.weights.h5", "config.json"])
def test_damaged_preset(tmp_path, file):
    tiny_embedder().save_to_preset(tmp_path / "own" / "small")
    byola_keras.load("small")
    path = tmp_path / "own" / "small" / file
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(ValueError, match=f"{file}' with the SHA-256 .* is damaged or was changed"):
        byola_keras.load("small")
    (tmp_path / "own" / "small" / "SHA256SUMS").write_text("no checksum\n")
    with pytest.raises(ValueError, match="must be those of its SHA256SUMS"):
        byola_keras.load("small")
