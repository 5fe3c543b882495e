import numpy as np
import pytest
import soundfile

from byola_keras.classify.labelled import read_labelled


def write_labels(folder, rows, columns="file,label,split"):
    """A CSV of clips of noise: `rows` are a label and what else a line has."""
    lines = [columns]
    for number, row in enumerate(rows):
        soundfile.write(folder / f"{number}.wav", np.random.default_rng(number).normal(0, 0.1, 4000), 16000)
        lines.append(f"{number}.wav,{row}")
    (folder / "labels.csv").write_text("\n".join(lines) + "\n")
    return str(folder / "labels.csv")


def classes_of(clips, split):
    return sorted(clips.task.clips[number].labels[0] for number in clips.numbers[split])


def test_splits_of_the_file_are_taken(tmp_path):
    path = write_labels(tmp_path, ["a,train", "b,train", "a,valid", "b,test", "a,test"])
    clips = read_labelled(path)
    assert [classes_of(clips, split) for split in ("train", "valid", "test")] == [
        ["a", "b"],
        ["a"],
        ["a", "b"],
    ]
    (note,) = clips.notes
    assert "Classes without a validation clip: b." in note and not clips.chooses_on_training
    with pytest.raises(ValueError, match="`test_fold` is for CSV files with folds"):
        read_labelled(path, test_fold=1)


def test_last_fold_is_the_test(tmp_path):
    path = write_labels(tmp_path, [f"{'ab'[n % 2]},{1 + n // 8}" for n in range(24)], "file,label,fold")
    clips = read_labelled(path)
    assert clips.task.folds == 0 and len(clips.numbers["test"]) == 8
    assert {clips.task.clips[n].path.split("/")[-1] for n in clips.numbers["test"]} == {
        f"{n}.wav" for n in range(16, 24)
    }
    assert len(clips.numbers["train"]) + len(clips.numbers["valid"]) == 16
    assert set(classes_of(clips, "valid")) == {"a", "b"}
    first = read_labelled(path, test_fold=1)
    assert {first.task.clips[n].path.split("/")[-1] for n in first.numbers["test"]} == {
        f"{n}.wav" for n in range(8)
    }
    with pytest.raises(ValueError, match="the folds 1 to 3"):
        read_labelled(path, test_fold=4)


def test_without_split_or_fold_a_fifth_of_the_recordings_of_each_class_is_the_test(tmp_path):
    rows = [*[f"a,{n}" for n in range(20)], *[f"b,{n}" for n in range(10)], "c,0", "c,1"]
    path = write_labels(tmp_path, rows, "file,label,session")
    clips = read_labelled(path, seed=1)
    assert classes_of(clips, "test") == ["a"] * 4 + ["b"] * 2
    assert set(classes_of(clips, "train")) == {"a", "b", "c"}
    assert "neither split nor fold" in clips.notes[0]
    assert read_labelled(path, seed=1).task == clips.task
    assert read_labelled(path, seed=2).task != clips.task


def test_pieces_of_a_recording_are_drawn_together(tmp_path):
    soundfile.write(tmp_path / "noise.wav", np.random.default_rng(0).normal(0, 0.1, 16000), 16000)
    lines = ["file,label,start,end"]
    for recording in range(12):
        (tmp_path / f"{recording}.wav").write_bytes((tmp_path / "noise.wav").read_bytes())
        lines += [f"{recording}.wav,{'ab'[(recording + n) % 2]},0.{n},0.{n + 1}" for n in range(3)]
    (tmp_path / "labels.csv").write_text("\n".join(lines) + "\n")
    clips = read_labelled(str(tmp_path / "labels.csv"))
    test, others = (
        {clips.task.clips[n].path for split in splits for n in clips.numbers[split]}
        for splits in (["test"], ["train", "valid"])
    )
    assert 2 <= len(test) <= 4 and len(others) == 12 - len(test)
    with pytest.raises(ValueError, match="`test_fold` is for CSV files with folds"):
        read_labelled(str(tmp_path / "labels.csv"), test_fold=1)


def test_class_with_one_clip_trains_on_it(tmp_path):
    path = write_labels(tmp_path, [*["a,train"] * 6, *["b,train"] * 6, "c,train", "a,test", "b,test"])
    clips = read_labelled(path)
    one, untested = clips.notes
    assert "Classes with one training clip: c." in one and "Classes without a test clip: c." in untested
    assert classes_of(clips, "train").count("c") == 1
    assert classes_of(clips, "valid") == ["a", "b"]
    assert not set(clips.numbers["train"]) & set(clips.numbers["valid"])


def test_few_clips_of_each_class(tmp_path):
    path = write_labels(
        tmp_path, [f"{'abc'[n % 3]},train" for n in range(30)] + ["a,valid", "b,test", "c,test"]
    )
    five = read_labelled(path, clips_per_class=5)
    drawn = classes_of(five, "train") + classes_of(five, "valid")
    assert sorted(drawn) == ["a"] * 5 + ["b"] * 5 + ["c"] * 5
    assert classes_of(five, "valid") == ["a", "b", "c"]
    assert not set(five.numbers["train"]) & set(five.numbers["valid"])
    again, other = (read_labelled(path, clips_per_class=5, seed=seed) for seed in (0, 1))
    assert np.array_equal(again.numbers["train"], five.numbers["train"])
    assert not np.array_equal(other.numbers["train"], five.numbers["train"])
    one = read_labelled(path, clips_per_class=1)
    assert classes_of(one, "train") == ["a", "b", "c"] and one.chooses_on_training
    assert "not calibrated" in one.notes[1] and "without a test clip: a." in one.notes[2]
    assert len(read_labelled(path, clips_per_class=100).numbers["train"]) == 27


def test_clips_of_several_labels_or_none(tmp_path):
    kinds = ["a", '"a,b"', "b", "", '"a,c"', "c"]
    path = write_labels(tmp_path, [f"{kinds[n % 6]},train" for n in range(36)] + ['"a,b,c",test', ",test"])
    clips = read_labelled(path, clips_per_class=3)
    taken = np.concatenate([clips.numbers["train"], clips.numbers["valid"]])
    assert clips.task.multi_label and (clips.targets[taken].sum(axis=0) >= 3).all()
    assert (clips.targets[taken].sum(axis=1) == 0).sum() == 3
    assert len(taken) < 36
