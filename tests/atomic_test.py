"""Writing in one piece: failures, kills at the worst moment, and what they leave."""

import os
import signal
import subprocess
import sys

import pytest

from byola_keras.atomic import is_partial, remove_partials, replacing, replacing_folder, write_text

# Replaces the folder argv[1] by one with the text "new", and is killed before the rename number argv[2].
KILLED = """
import os, signal, sys
from byola_keras import atomic
rename, calls = os.rename, []
def counted(source, target):
    calls.append(target)
    if len(calls) == int(sys.argv[2]):
        os.kill(os.getpid(), signal.SIGKILL)
    rename(source, target)
os.rename = counted
with atomic.replacing_folder(sys.argv[1]) as temporary:
    atomic.write_text(os.path.join(temporary, "text"), "new")
"""


def make(folder, text):
    with replacing_folder(str(folder)) as temporary:
        write_text(os.path.join(temporary, "text"), text)


def kill_before_rename(folder, number):
    process = subprocess.run([sys.executable, "-c", KILLED, str(folder), str(number)], check=False)
    assert process.returncode == -signal.SIGKILL


def test_temporary_name_is_beside_keeps_the_extension_and_is_never_given_twice(tmp_path):
    path = str(tmp_path / "a.keras")
    names = set()
    for _ in range(20):
        with replacing(path) as temporary:
            write_text(temporary, "x")
        names.add(temporary)
        folder, name = os.path.split(temporary)
        assert folder == str(tmp_path) and name.endswith("a.keras") and is_partial(name)
    # The process is the same: its number tells nothing apart.
    assert len(names) == 20


def test_failure_keeps_the_old_file_and_leaves_nothing(tmp_path):
    path = str(tmp_path / "a.txt")
    write_text(path, "old")
    with pytest.raises(KeyboardInterrupt), replacing(path) as temporary:
        write_text(temporary, "half")
        raise KeyboardInterrupt
    assert (tmp_path / "a.txt").read_text() == "old" and os.listdir(tmp_path) == ["a.txt"]


def test_longest_name(tmp_path):
    name = "\u00e4" * 125 + ".txt"
    write_text(str(tmp_path / name), "whole")
    assert (tmp_path / name).read_text() == "whole" and os.listdir(tmp_path) == [name]


def test_address_is_written_by_tensorflow(tmp_path):
    path = f"file://{tmp_path}/a.txt"
    write_text(path, "old")
    write_text(path, "new")
    with pytest.raises(RuntimeError), replacing(path) as temporary:
        write_text(temporary, "half")
        raise RuntimeError
    assert (tmp_path / "a.txt").read_text() == "new" and os.listdir(tmp_path) == ["a.txt"]


def test_remove_partials_takes_only_its_kind(tmp_path):
    (tmp_path / "in").mkdir()
    for name in (".partial-1-a.npz", "in/.partial-b.npz", ".partial-c.json", "d.npz", "x.partial-e.npz"):
        (tmp_path / name).write_text("")
    remove_partials(str(tmp_path), ".npz")
    assert sorted(p.name for p in tmp_path.rglob("*.*")) == [".partial-c.json", "d.npz", "x.partial-e.npz"]


@pytest.mark.parametrize("there", [False, True])
def test_folder_is_written_or_replaced(tmp_path, there):
    folder = tmp_path / "new" / "model"
    if there:
        folder.mkdir(parents=True)
        (folder / "of old").write_text("")
    make(folder, "new")
    assert os.listdir(folder) == ["text"] and os.listdir(folder.parent) == ["model"]


def test_folder_takes_the_place_of_a_file(tmp_path):
    (tmp_path / "model").write_text("a file")
    make(tmp_path / "model", "new")
    assert os.listdir(tmp_path) == ["model"] and (tmp_path / "model" / "text").read_text() == "new"


def test_failing_block_keeps_the_old_folder(tmp_path):
    make(tmp_path / "model", "old")
    with pytest.raises(RuntimeError), replacing_folder(str(tmp_path / "model")):
        raise RuntimeError
    assert os.listdir(tmp_path) == ["model"] and (tmp_path / "model" / "text").read_text() == "old"


def test_failing_rename_brings_the_old_folder_back(tmp_path, monkeypatch):
    make(tmp_path / "model", "old")
    rename, calls = os.rename, []

    def third_fails(source, target):
        calls.append(target)
        if len(calls) == 3:
            raise OSError("the disk is gone")
        rename(source, target)

    monkeypatch.setattr(os, "rename", third_fails)
    with pytest.raises(OSError, match="the disk is gone"):
        make(tmp_path / "model", "new")
    assert os.listdir(tmp_path) == ["model"] and (tmp_path / "model" / "text").read_text() == "old"


def test_kill_before_the_old_folder_moved(tmp_path):
    make(tmp_path / "model", "old")
    kill_before_rename(tmp_path / "model", 2)
    assert (tmp_path / "model" / "text").read_text() == "old"
    make(tmp_path / "model", "newer")
    assert (tmp_path / "model" / "text").read_text() == "newer"


def test_kill_between_the_renames_loses_nothing(tmp_path):
    make(tmp_path / "model", "old")
    kill_before_rename(tmp_path / "model", 3)
    assert not (tmp_path / "model").exists()
    assert (tmp_path / ".replaced-model" / "text").read_text() == "old"
    # The old one is back before the new one is tried.
    with pytest.raises(RuntimeError), replacing_folder(str(tmp_path / "model")):
        raise RuntimeError
    assert (tmp_path / "model" / "text").read_text() == "old"
    make(tmp_path / "model", "newer")
    assert (tmp_path / "model" / "text").read_text() == "newer"
    assert not (tmp_path / ".replaced-model").exists()


def test_leftover_of_a_replacement_that_was_done_goes(tmp_path):
    """A kill after the second rename, before the old folder was removed."""
    make(tmp_path / "model", "new")
    make(tmp_path / ".replaced-model", "old")
    make(tmp_path / "model", "newer")
    assert os.listdir(tmp_path) == ["model"] and (tmp_path / "model" / "text").read_text() == "newer"
