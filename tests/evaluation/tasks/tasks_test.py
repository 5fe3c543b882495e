import collections
import dataclasses
import os
import shutil
import subprocess
import sys

import pytest

from byola_keras.evaluation.task import by_split
from byola_keras.evaluation.tasks import TASKS, cremad, load_task
from tests.evaluation.tasks import fake_copies
from tests.evaluation.tasks.fake_copies import GROUPS, OWN_SPLIT, load

# Published numbers: window, learning rate, classes, clips.
PUBLISHED = {
    "esc50": (5.0, 0.001, 50, 2_000),
    "us8k": (4.0, 0.00003, 10, 8_732),
    "fsd50k": (7.6358, 0.0003, 200, {"train": 36_796, "valid": 4_170, "test": 10_231}),
    "spcv2": (1.0, 0.00003, 35, {"train": 84_843, "valid": 9_981, "test": 11_005}),
    "vc1": (8.2, 0.00004, 1_251, {"train": 138_361, "valid": 6_904, "test": 8_251}),
    "voxforge": (5.8, 0.0001, 6, {"train": 121_281, "valid": 26_684, "test": 28_463}),
    "cremad": (2.5, 0.0003, 6, {"train": 5_155, "valid": 732, "test": 1_551}),
    "gtzan": (30.0, 0.001, 10, {"train": 443, "valid": 197, "test": 290}),
    "nsynth": (4.0, 0.001, 11, {"train": 289_205, "valid": 12_678, "test": 4_096}),
    "surge": (4.0, 0.00003, 88, {"train": 148_896, "valid": 17_160, "test": 17_336}),
}
TOTALS = {
    "fsd50k": 51_197,
    "spcv2": 105_829,
    "vc1": 153_516,
    "cremad": 7_438,
    "gtzan": 930,
    "voxforge": 176_428,
}
TOTALS |= {"nsynth": 305_979, "surge": 183_392}


def test_unknown_task(tmp_path):
    with pytest.raises(ValueError, match=r"one of esc50, us8k, .* csv:PATH.*Received: spec='esc'"):
        load_task("esc", str(tmp_path))


def test_published_numbers():
    assert list(TASKS) == list(PUBLISHED)
    for name, official in TASKS.items():
        numbers = official.unit_seconds, official.learning_rate, official.classes, official.clips
        assert (official.name, *numbers) == (name, *PUBLISHED[name])
        assert official.more_clips == (4 if name == "cremad" else 0)
        assert official.takes_split_csv == (name in OWN_SPLIT)
        assert official.landmark in official.needs
    for name, total in TOTALS.items():
        assert sum(TASKS[name].clips.values()) == total
    surge = TASKS["surge"]
    assert [88 * presets for presets in surge.group_split.shares] == list(surge.clips.values())
    assert sum(surge.group_split.shares) == 2_084
    valid, test = cremad.VALID_SPEAKERS, cremad.TEST_SPEAKERS
    assert (len(valid), len(test), len(valid & test)) == (9, 19, 0)
    assert valid | test < {str(speaker) for speaker in range(1001, 1092)}


def test_landmarks_tell_the_tasks_apart(copy):
    """The folder of one task is not taken for that of another."""
    folders = {name: copy(name) for name in TASKS}
    for name, official in TASKS.items():
        found = [
            other for other, path in folders.items() if official.folder(str(path)).has(official.landmark)
        ]
        assert found == [name]


@pytest.mark.parametrize("name", TASKS)
def test_read(copy, name):
    folder = copy(name)
    task = load(folder)
    counts, classes = fake_copies.EXPECTED[getattr(fake_copies, name)]
    assert collections.Counter(clip.fold or clip.split for clip in task.clips) == counts
    assert task.classes == classes and task.folds == (len(counts) if 1 in counts else 0)
    assert (task.name, task.title) == (name, TASKS[name].title)
    assert (task.unit_seconds, task.learning_rate) == PUBLISHED[name][:2]
    assert task.multi_label == (name == "fsd50k")
    # Nobody's scores compare with those of a copy with other counts.
    assert not task.comparable and TASKS[name].read(str(folder)).comparable == (name not in OWN_SPLIT)
    assert all(os.path.isfile(clip.path) for clip in task.clips)
    assert all(len(clip.labels) == 1 for clip in task.clips) or task.multi_label
    # The folder of the task itself is found as well, and the seed does not move an official split.
    assert load_task(name, str(folder), check_counts=False) == task
    assert (load(folder, seed=1) == task) == (name not in OWN_SPLIT)


@pytest.mark.parametrize("name", TASKS)
def test_nothing_is_in_two_splits(copy, name):
    folder = copy(name)
    task = load(folder)
    group_of = GROUPS.get(name, lambda path: path)
    places = collections.defaultdict(set)
    for clip in task.clips:
        places[group_of(os.path.relpath(clip.path, folder).replace(os.sep, "/"))].add((clip.split, clip.fold))
    assert all(len(found) == 1 for found in places.values())
    assert len({clip.path for clip in task.clips}) == len(task.clips)
    for clips_of in task.rounds():
        assert not set(clips_of["train"]) & set(clips_of["test"])


@pytest.mark.parametrize("name", TASKS)
def test_counts(copy, name):
    folder = copy(name)
    with pytest.raises(ValueError, match="must have .* Received: ") as error:
        load(folder, check_counts=True)
    expected, received = str(error.value).split("Received: ")
    clips, (counts, classes) = PUBLISHED[name][3], fake_copies.EXPECTED[getattr(fake_copies, name)]
    assert f"{PUBLISHED[name][2]} classes" in expected and f"{len(classes)} classes" in received
    # A split that was drawn has counts of its own.
    if isinstance(clips, int) or name in OWN_SPLIT:
        total = clips if isinstance(clips, int) else sum(clips.values())
        assert f"{total:,} clips" in expected and f"{sum(counts.values()):,} clips" in received
    else:
        assert all(f"{count:,} {split}" in expected for split, count in clips.items())
        assert all(f"{count:,} {split}" in received for split, count in counts.items())


@pytest.mark.parametrize("name", OWN_SPLIT)
def test_counts_of_a_given_split(copy, tmp_path, name):
    folder = copy(name)
    groups = {TASKS[name].group_split.group_of(os.path.relpath(c.path, folder)) for c in load(folder).clips}
    rows = [f"{group},{('train', 'train', 'valid', 'test')[n % 4]}" for n, group in enumerate(sorted(groups))]
    header = f"{TASKS[name].group_split.columns[0]},split"
    (tmp_path / "split.csv").write_text("\n".join([header, *rows]))
    with pytest.raises(ValueError, match="must have .* Received: ") as error:
        load(folder, split_csv=str(tmp_path / "split.csv"), check_counts=True)
    expected, received = str(error.value).split("Received: ")
    assert all(f"{count:,} {split}" in expected for split, count in PUBLISHED[name][3].items())
    assert all(f" {split}" in received for split in ("train", "valid", "test"))


def test_class_that_is_never_trained(copy):
    folder = copy("gtzan")
    (folder / "train_filtered.txt").write_text("jazz/jazz.00000.wav\n")
    with pytest.raises(ValueError, match=r"`gtzan` must have a training clip.*none of blues.*in valid"):
        load(folder)


def with_counts(clips, classes, more=0):
    """The declaration of a task of other counts."""
    return dataclasses.replace(TASKS["cremad"], clips=clips, classes=classes, more_clips=more)


def test_right_counts(copy):
    task = with_counts({}, 2).read(str(copy("cremad")))
    with_counts({"train": 4, "valid": 2, "test": 2}, 2).check_counts(task)
    with_counts({"train": 3, "valid": 2, "test": 1}, 2, more=2).check_counts(task)
    with_counts(8, 2).check_counts(task)
    # Of a split that was drawn the sum is compared.
    drawn = dataclasses.replace(task, comparable=False)
    with_counts({"train": 2, "valid": 1, "test": 5}, 2).check_counts(drawn)
    for clips, classes, more in (
        ({"train": 3, "valid": 2, "test": 1}, 2, 1),
        # A missing clip is not made up for by one more elsewhere.
        ({"train": 5, "valid": 2, "test": 1}, 2, 4),
        ({"train": 5, "valid": 1, "test": 2}, 2, 0),
        (8, 3, 0),
        (9, 2, 0),
        (7, 2, 0),
    ):
        with pytest.raises(ValueError, match="must have"):
            with_counts(clips, classes, more).check_counts(task)


def test_right_counts_are_comparable(copy, monkeypatch):
    folder = copy("cremad")
    monkeypatch.setitem(TASKS, "cremad", with_counts({"train": 4, "valid": 2, "test": 2}, 2))
    assert load_task("cremad", str(folder.parent)).comparable


def test_clips_of_a_split_are_neighbours(copy):
    clips = load(copy("cremad")).clips
    assert [clip.split for clip in clips] == ["train"] * 4 + ["valid"] * 2 + ["test"] * 2
    mixed = [clips[place] for place in (7, 0, 5, 2, 6)]
    assert by_split(mixed) == tuple(clips[place] for place in (0, 2, 5, 7, 6))


@pytest.mark.parametrize(
    ("name", "missing"),
    [
        ("esc50", "meta/esc50.csv"),
        ("esc50", "audio"),
        ("us8k", "metadata/UrbanSound8K.csv"),
        ("us8k", "audio"),
        ("fsd50k", "FSD50K.ground_truth/dev.csv"),
        ("fsd50k", "FSD50K.ground_truth/eval.csv"),
        ("fsd50k", "FSD50K.dev_audio"),
        ("fsd50k", "FSD50K.eval_audio"),
        ("spcv2", "validation_list.txt"),
        ("spcv2", "testing_list.txt"),
        ("vc1", "iden_split.txt"),
        ("vc1", "wav"),
        *(("voxforge", language) for language in fake_copies.LANGUAGES),
        ("cremad", "AudioWAV"),
        *(("gtzan", f"{split}_filtered.txt") for split in ("train", "valid", "test")),
        *(
            ("nsynth", f"nsynth-{s}/{part}")
            for s in ("train", "valid", "test")
            for part in ("audio", "examples.json")
        ),
    ],
)
def test_missing_part(copy, name, missing):
    folder = copy(name)
    path = folder / missing
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    with pytest.raises(FileNotFoundError) as error:
        load(folder)
    text = str(error.value)
    assert f"`{name}` needs {missing}" in text and f"folder={str(folder)!r}" in text
    assert TASKS[name].source in text and f"put it at {path}" in text


@pytest.mark.parametrize("name", TASKS)
def test_nothing_there(tmp_path, name):
    with pytest.raises(FileNotFoundError) as error:
        load_task(name, str(tmp_path))
    assert f"put it at {tmp_path / name}" in str(error.value) and TASKS[name].source in str(error.value)


@pytest.mark.parametrize(
    ("name", "missing", "listed_in", "number"),
    [
        ("esc50", "audio/2-1.wav", "meta/esc50.csv", "1 of 10"),
        ("us8k", "audio/fold10/10-0.wav", "metadata/UrbanSound8K.csv", "1 of 20"),
        ("fsd50k", "FSD50K.dev_audio/2.wav", "dev.csv", "1 of 3"),
        ("fsd50k", "FSD50K.eval_audio/4.wav", "eval.csv", "1 of 1"),
        ("spcv2", "bed/1_nohash_0.wav", "validation_list.txt", "1 of 1"),
        ("vc1", "wav/id10001/video2/00001.wav", "iden_split.txt", "1 of 7"),
        ("gtzan", "jazz/jazz.00001.wav", "valid_filtered.txt", "1 of 2"),
        ("nsynth", "nsynth-test/audio/reed_test_001-060-100.wav", "nsynth-test/examples.json", "1 of 1"),
    ],
)
def test_missing_sound(copy, name, missing, listed_in, number):
    folder = copy(name)
    (folder / missing).unlink()
    with pytest.raises(FileNotFoundError) as error:
        load(folder)
    text = str(error.value)
    assert listed_in in text and f"{number} are missing" in text and f"being {missing}" in text
    assert TASKS[name].source in text


@pytest.mark.parametrize(
    ("name", "path", "text", "match"),
    [
        (
            "esc50",
            "meta/esc50.csv",
            "file,fold\na,1\n",
            r"without filename, category; its columns are \['file'",
        ),
        (
            "fsd50k",
            "FSD50K.ground_truth/dev.csv",
            "fname,labels,split\n1,Dog,valid\n",
            "split='valid' in row 2",
        ),
        ("vc1", "iden_split.txt", "1 id10001/video1/00001.wav\n4 a/b/c.wav\n", "line 2: '4 a/b/c.wav'"),
        ("cremad", "AudioWAV/1001_DFA_JOY_XX.wav", "", "path='AudioWAV/1001_DFA_JOY_XX.wav'"),
    ],
)
def test_not_as_published(copy, name, path, text, match):
    folder = copy(name)
    (folder / path).write_text(text)
    with pytest.raises(ValueError, match=match):
        load(folder)


def test_official_split_is_not_replaced(copy, tmp_path):
    for name in set(TASKS) - set(OWN_SPLIT):
        with pytest.raises(
            ValueError, match=f"must be empty for {name}.*split_csv='x.csv'; only voxforge and surge take"
        ):
            load(copy(name), split_csv="x.csv")


def test_lists_of_names_without_folder(copy):
    folder = copy("gtzan")
    task = load(folder)
    for split in ("train", "valid", "test"):
        path = folder / f"{split}_filtered.txt"
        path.write_text("".join(f"{line.split('/')[1][:-4]}\n" for line in path.read_text().splitlines()))
    assert load(folder) == task


def test_tensorflow_datasets_is_loaded_when_it_is_needed_only():
    program = "import sys, byola_keras.evaluation.tasks; assert 'tensorflow_datasets' not in sys.modules"
    subprocess.run([sys.executable, "-c", program], check=True)
