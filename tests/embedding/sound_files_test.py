import pytest

from byola_keras.embedding.sound_files import find_sound_files
from tests.embedding.clip_folder import NAMES, write_clips


@pytest.fixture
def clips(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return write_clips(tmp_path / "clips")


def names(*inputs, **arguments):
    files = find_sound_files([str(entry) for entry in inputs], **arguments)
    assert len({file.name for file in files}) == len(files)
    return [file.name for file in files]


def test_names_count_from_the_folder_of_the_input(clips):
    everything = sorted([*NAMES, "dogs/broken.wav"])
    for entry in (clips, "clips", "clips/", "./clips", "clips/**/*.*", f"{clips}/**/*.[fw]*"):
        assert sorted(names(entry)) == everything
    # Not from that of the files that there are now.
    assert sorted(names("clips/**/a.wav")) == ["a.wav", "dogs/a.wav"]
    assert names("clips/**/tiny.wav") == ["dogs/tiny.wav"]
    assert names("clips/dogs/tiny.wav") == names("clips/dogs/t*.wav") == ["tiny.wav"]


def test_several_inputs_share_a_folder(clips):
    assert sorted(names("clips/dogs", "clips/a.wav")) == [
        "a.wav",
        *(f"dogs/{n}" for n in ("a.wav", "broken.wav", "tiny.wav")),
    ]
    (clips.parent / "more").mkdir()
    (clips.parent / "more" / "a.wav").write_bytes(b"")
    assert sorted(names("clips/a.wav", "more")) == ["clips/a.wav", "more/a.wav"]


def test_a_file_by_two_spellings_is_there_once(clips):
    assert names("clips/a.wav", f"{clips}/../clips/a.wav") == ["a.wav"]


def test_lists_and_addresses(clips):
    (clips / "list.txt").write_text("a.wav\ndogs/a.wav\n")
    assert names(file_list=str(clips / "list.txt")) == ["a.wav", "dogs/a.wav"]
    (clips / "list.txt").write_text("s3://bucket/x/a.wav\ns3://bucket/y/a.wav\n")
    assert names(file_list=str(clips / "list.txt")) == ["x/a.wav", "y/a.wav"]
    (clips / "list.txt").write_text("https://host/x/a.wav\na.wav\n")
    mixed = names(file_list=str(clips / "list.txt"))
    assert "https/host/x/a.wav" in mixed and any(name.endswith("clips/a.wav") for name in mixed)
