"""Short names of models and titles of tasks."""

import os

import pytest

from byola_keras.evaluation import names


@pytest.mark.parametrize(
    ("path", "column", "title"),
    [
        ("events/metadata.csv", "event", "events: event"),
        ("birds/Labels.csv", "species", "birds: species"),
        ("birds.csv", "species", "birds: species"),
        ("birds.csv", None, "birds"),
        ("data/birds/labels.csv", None, "birds"),
    ],
)
def test_titles_of_csv_files(path, column, title):
    assert names.csv_title(path, column) == title
    # A record of a version that had the task's name for its title.
    stem = os.path.splitext(os.path.basename(path))[0]
    task = "_".join(["csv", stem] + ([column] if column else []))
    assert names.task_title({"task": task, "title": task, "task_file": f"/far/{path}"}) == title


def test_other_titles_stay():
    record = {"task": "esc50", "title": "ESC-50", "task_file": ""}
    assert names.task_title(record) == "ESC-50"
    # A folder in the root has no name to offer.
    assert names.csv_title("/metadata.csv", "a") == "metadata: a"
    titles = {"csv_metadata_event": "events: event", "csv_events_event": "events: event", "my": "Mine"}
    assert list(names.distinct_titles(titles).values()) == [
        "events: event (csv_metadata_event)",
        "events: event (csv_events_event)",
        "Mine",
    ]


@pytest.mark.parametrize(
    ("model", "name"),
    [
        ("random", "random"),
        ("musicnn_mtt", "musicnn_mtt"),
        ("/far/runs/mine/", "mine"),
        ("runs/mine/embedder.keras", "mine"),
        ("encoders/small.keras", "small"),
        ("savedmodel:models/trill:default:emb", "trill"),
        ("savedmodel:exported/byola/saved_model", "byola"),
        ("litert:models/speech.tflite:mean", "speech"),
        ("hear:their_module:weights/best.pt", "their_module"),
        ("python:their.module:embed", "their.module.embed"),
        ("npz:their/embeddings", "embeddings"),
        ("litert:models/speech.tflite:mean,sample_rate=8000,pooling=mean", "speech"),
        ("hear:their_module,output=timestamp,python=/other/bin/python", "their_module"),
        ("python:their.module:embed,name=theirs", "theirs"),
        ("vggish:weights/vggish", "vggish"),
        ("hf://user/birds@v2", "birds@v2"),
        ("preset://birds", "birds"),
    ],
)
def test_short_names(model, name):
    assert names.short_names([model]) == {model: name}


def test_names_that_models_give_themselves():
    models = ["python:theirs:embed", "runs/a/last", "other"]
    known = {"python:theirs:embed": "other", "runs/a/last": "last", "other": "other"}
    assert list(names.short_names(models, known).values()) == ["python:theirs:embed", "last", "other"]


def test_short_names_tell_models_apart():
    models = ["runs/a/last", "runs/b/last", "last", "one/embedder.keras", "one", "vggish", "vggish:here"]
    assert list(names.short_names([*models, "random", "random"]).values()) == [
        *("a/last", "b/last", "last"),
        # Two ways to one model, which nothing shortens without mixing them up.
        *("one/embedder.keras", "one"),
        *("vggish", "here/vggish", "random"),
    ]
