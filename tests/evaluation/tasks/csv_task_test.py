import os

import numpy as np
import pytest
import soundfile

from byola_keras.evaluation.tasks import load_task

SPLIT_ROWS = "a.wav,cat,train\nb.wav,dog,train\nc.wav,cat,valid\nsub/d.wav,dog,test\n"
SECONDS = {"a.wav": 1.0, "b.wav": 2.0, "c.wav": 4.0, "sub/d.wav": 5.0}


@pytest.fixture
def load(tmp_path):
    """Writes a CSV beside four sound files and loads it."""
    (tmp_path / "sub").mkdir()
    for name, seconds in SECONDS.items():
        soundfile.write(tmp_path / name, np.zeros(int(seconds * 8000)), 8000)

    def write_and_load(text, column=None, name="pets.csv"):
        (tmp_path / name).write_text(text)
        return load_task(f"csv:{tmp_path / name}" + (f":{column}" if column else ""), "unused")

    return write_and_load


def test_splits(load, tmp_path):
    task = load("\ufefffile,label,split\n" + SPLIT_ROWS)
    assert [clip.split for clip in task.clips] == ["train", "train", "valid", "test"]
    assert [clip.labels for clip in task.clips] == [("cat",), ("dog",), ("cat",), ("dog",)]
    assert [clip.path for clip in task.clips] == [os.path.join(tmp_path, name) for name in SECONDS]
    assert (task.name, task.title, task.folds, task.classes) == ("csv_pets", "pets", 0, ["cat", "dog"])
    assert task.unit_seconds == 1.5 and task.learning_rate is None
    assert not task.multi_label and not task.comparable


def test_folds(load):
    task = load("file_name,label,fold\na.wav,cat,1\nb.wav,dog,2\nc.wav,cat,2\nsub/d.wav,dog,1\n")
    assert [clip.fold for clip in task.clips] == [1, 2, 2, 1] and task.folds == 2
    assert task.rounds()[0] == {"train": [1, 2], "valid": [], "test": [0, 3]}
    assert task.unit_seconds == 3.0


def test_several_labels(load):
    text = (
        'file,labels,split\na.wav,"cat, dog",train\nb.wav,dog,train\nc.wav,"dog,dog",valid\nsub/d.wav,,test\n'
    )
    task = load(text)
    assert task.multi_label and task.classes == ["cat", "dog"]
    assert [clip.labels for clip in task.clips] == [("cat", "dog"), ("dog",), ("dog",), ()]


def test_column(load):
    text = "file,label,age,split\n" + SPLIT_ROWS.replace("cat,", "cat,old,").replace("dog,", "dog,young,")
    task = load(text, "age")
    assert task.classes == ["old", "young"] and task.name == "csv_pets_age"
    # A path may have a colon itself.
    assert load("file,label,split\n" + SPLIT_ROWS, name="b:label.csv").classes == ["cat", "dog"]


def test_no_valid_split(load):
    task = load("file,label,split\n" + SPLIT_ROWS.replace("valid", "train"))
    assert task.rounds()[0]["valid"] == []


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("", "a header and a row for each clip. Received: path=.*pets.csv', which has no rows"),
        ("file,label,split\n", "which has no rows"),
        (
            "name,label,split\n" + SPLIT_ROWS,
            "file or file_name for the sound file.*columns name, label, split",
        ),
        ("file,kind,split\n" + SPLIT_ROWS, "label or labels for the label.*the columns file, kind, split"),
        ("file,label,part\n" + SPLIT_ROWS, "split or fold for the split.*the columns file, label, part"),
        ("file,label,split\n" + SPLIT_ROWS.replace("valid", "dev"), "split='dev' in row 4"),
        ("file,label,split\n" + SPLIT_ROWS.replace("c.wav,cat", "c.wav,"), "empty label in row 4"),
        ("file,label,split\n" + SPLIT_ROWS.replace("c.wav", "a.wav"), "'a.wav' in the rows 2 and 4"),
        (
            "file,label,split\n" + SPLIT_ROWS.replace("c.wav,cat", "c.wav,cow"),
            "class of valid.*none of cow in",
        ),
        (
            "file,label,split\n" + SPLIT_ROWS.replace("d.wav,dog", "d.wav,cow"),
            "class of test.*none of cow in",
        ),
        (
            "file,label,split\n" + SPLIT_ROWS.replace("dog", "cat"),
            r"two classes or more. Received: \['cat'\]",
        ),
        ("file,label,split\n" + SPLIT_ROWS.replace("test", "train"), "clips of test. Received: none in"),
        ("file,label,split\n" + SPLIT_ROWS.replace("train", "test"), "clips of train. Received: none in"),
        ("file,label,fold\na.wav,cat,1\nb.wav,dog,0\n", "fold='0' in row 3"),
        ("file,label,fold\na.wav,cat,1\nb.wav,dog,x\n", "fold='x' in row 3"),
        ("file,label,fold\na.wav,cat,1\nb.wav,dog,1\n", "two folds or more"),
        ("file,label,fold\na.wav,cat,1\nb.wav,dog,2\n", "class of test when fold 1 is the test.*none of cat"),
        (
            "file,label,fold\na.wav,cat,1\nb.wav,cat,3\nc.wav,dog,1\nsub/d.wav,dog,3\n",
            "clips of test. Received: none when fold 2 is the test",
        ),
    ],
)
def test_wrong_csv(load, text, match):
    with pytest.raises(ValueError, match=match):
        load(text)


def test_wrong_column(load):
    with pytest.raises(ValueError, match="a column kind for the label.*the columns file, label, split"):
        load("file,label,split\n" + SPLIT_ROWS, "kind")


def test_missing_files(load, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"'none.wav' in row 4 of .*not at .*none.wav"):
        load("file,label,split\n" + SPLIT_ROWS.replace("c.wav", "none.wav"))
    with pytest.raises(FileNotFoundError, match="path='none.csv'"):
        load_task("csv:none.csv", str(tmp_path))
    with pytest.raises(FileNotFoundError, match="path='none.csv'"):
        load_task("csv:none.csv:label", str(tmp_path))


def test_unreadable_sound(load, tmp_path):
    (tmp_path / "b.wav").write_text("no sound")
    with pytest.raises(ValueError, match=r"that soundfile reads. Received: .*b.wav, named in .*pets.csv"):
        load("file,label,split\n" + SPLIT_ROWS)


def test_no_split_csv(tmp_path):
    with pytest.raises(ValueError, match="must be empty for csv:x.csv"):
        load_task("csv:x.csv", str(tmp_path), split_csv="y.csv")


def test_other_encoding(tmp_path):
    (tmp_path / "birds.csv").write_bytes("file,label,split\na.wav,Häher,train\n".encode("latin-1"))
    with pytest.raises(ValueError, match=r"must be in UTF-8. Received: .*birds.csv"):
        load_task(f"csv:{tmp_path / 'birds.csv'}", "unused")


def test_comma_alone_makes_no_second_label(load):
    task = load("file,label,split\n" + SPLIT_ROWS.replace("a.wav,cat", 'a.wav,"cat,"'))
    assert not task.multi_label and task.classes == ["cat", "dog"]
