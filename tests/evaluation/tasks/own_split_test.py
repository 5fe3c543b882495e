"""Tasks without a published split: a seeded one, or one from a CSV."""

import collections
import os

import pytest

from byola_keras.evaluation.tasks import TASKS, splits
from tests.evaluation.tasks.fake_copies import GROUPS, OWN_SPLIT, load


def splits_of(task, folder):
    return {os.path.relpath(clip.path, folder).replace(os.sep, "/"): clip.split for clip in task.clips}


@pytest.mark.parametrize("name", OWN_SPLIT)
def test_seeded_split(copy, name):
    folder = copy(name)
    first, again, other = (splits_of(load(folder, seed=seed), folder) for seed in (3, 3, 4))
    assert first == again != other and set(first) == set(other)


@pytest.mark.parametrize(
    ("name", "groups", "sizes"),
    [("voxforge", 13_837, (9_686, 2_075, 2_076)), ("surge", 2_084, (1_692, 195, 197))],
)
def test_shares(name, groups, sizes):
    split_of = splits.split_by_group((f"{n}" for n in range(groups)), TASKS[name].group_split.shares)
    counts = collections.Counter(split_of.values())
    assert tuple(counts[split] for split in ("train", "valid", "test")) == sizes


@pytest.mark.parametrize(
    ("name", "header", "row"),
    [
        ("voxforge", "file,split", lambda path: path),
        # As in a list with the language in a column of its own.
        ("voxforge", "file_name,split", lambda path: path.partition("/")[2]),
        ("voxforge", "archive,split", lambda path: path.rsplit("/", 2)[0]),
        ("voxforge", "archive,split", lambda path: path.split("/")[1]),
        ("surge", "file,split", lambda path: path),
        # As in a list of resampled files.
        ("surge", "file,split", lambda path: path.replace(".ogg", ".wav")),
        ("surge", "preset,split", lambda path: path.split("/")[0]),
        ("surge", "tone,split", lambda path: path.split("/")[0]),
    ],
)
def test_split_csv(copy, tmp_path, name, header, row):
    folder = copy(name)
    wanted = splits_of(load(folder, seed=7), folder)
    left_out = GROUPS[name](next(iter(wanted)))
    wanted = {path: split for path, split in wanted.items() if GROUPS[name](path) != left_out}
    rows = {f"{row(path)},{split}" for path, split in wanted.items()}
    (tmp_path / "split.csv").write_text("\n".join([header, *sorted(rows)]))
    task = load(folder, split_csv=str(tmp_path / "split.csv"))
    assert splits_of(task, folder) == wanted
    # With the counts of a whole copy it would be comparable.
    assert TASKS[name].read(str(folder), str(tmp_path / "split.csv")).comparable


@pytest.mark.parametrize(
    ("text", "error", "match"),
    [
        ("preset,part\npreset 1,train\n", ValueError, r"without split; its columns are \['preset', 'part'\]"),
        ("name,split\npreset 1,train\n", ValueError, r"file or preset. .*1 rows and the columns \['name'"),
        ("preset,split\n", ValueError, "with 0 rows"),
        ("preset,split\npreset 1,train\npreset 2,dev\n", ValueError, "split='dev' in row 3"),
        ("preset,split\npreset 1,train\npreset 1,test\n", ValueError, "preset 1 in train and in test, row 3"),
        (
            "file,split\npreset 1/21.ogg,train\npreset 1/60.ogg,test\n",
            ValueError,
            "keep each preset in one split",
        ),
        ("preset,split\npreset 1,train\nnone,test\n", FileNotFoundError, "1 of 2 names.*first being none"),
    ],
)
def test_wrong_split_csv(copy, tmp_path, text, error, match):
    (tmp_path / "split.csv").write_text(text)
    with pytest.raises(error, match=match):
        load(copy("surge"), split_csv=str(tmp_path / "split.csv"))


def test_missing_split_csv(copy):
    with pytest.raises(FileNotFoundError, match="path='none.csv'"):
        load(copy("voxforge"), split_csv="none.csv")
