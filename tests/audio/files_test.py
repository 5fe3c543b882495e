import os

import pytest

from byola_keras.audio.files import find_audio_files, fingerprint, former_fingerprint, relative_names


@pytest.fixture
def folder(tmp_path):
    for name in ("a.wav", "B.FLAC", "deep/er/c.ogg", "deep/d.mp3", "notes.txt", "nom étrange – 音 (1).wav"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    (tmp_path / "folder.wav").mkdir()
    (tmp_path / "deep" / "loop").symlink_to(tmp_path)
    return tmp_path


def names(files, folder):
    return [os.path.relpath(file, folder) for file in files]


def test_folder_is_searched_with_its_subfolders(folder):
    found = names(find_audio_files([str(folder)]), folder)
    assert found == ["B.FLAC", "a.wav", "deep/d.mp3", "deep/er/c.ogg", "nom étrange – 音 (1).wav"]


def test_patterns_files_and_doubles(folder):
    found = find_audio_files([f"{folder}/deep/er/**/*.ogg", f"{folder}/a.wav", f"{folder}/*.wav"])
    assert names(found, folder) == ["a.wav", "deep/er/c.ogg", "nom étrange – 音 (1).wav"]


def test_list(folder):
    (folder / "list.txt").write_text("# mine\na.wav\n\ndeep/d.mp3\nhttps://example.org/e.wav\n")
    found = find_audio_files(file_list=str(folder / "list.txt"))
    assert found == [f"{folder}/a.wav", f"{folder}/deep/d.mp3", "https://example.org/e.wav"]


def test_errors_name_the_value_and_the_remedy(folder):
    with pytest.raises(FileNotFoundError, match="Received: audio_dir='.*gone'"):
        find_audio_files([str(folder / "gone")])
    with pytest.raises(FileNotFoundError, match="Received: file_list='gone.txt'"):
        find_audio_files(file_list="gone.txt")
    with pytest.raises(ValueError, match="`audio_dir` and `file_list` must be given. Received: neither"):
        find_audio_files()
    (folder / "empty").mkdir()
    with pytest.raises(ValueError, match="none was found; check the path"):
        find_audio_files([str(folder / "empty")])
    with pytest.raises(ValueError, match=r"Received: audio_dir=\['.*aiff'\], in which none was found"):
        find_audio_files([f"{folder}/*.aiff"])
    (folder / "none.txt").write_text("# nothing\n")
    with pytest.raises(ValueError, match=r"audio_dir=\[\], file_list='.*none.txt', in which none was found"):
        find_audio_files(file_list=f"{folder}/none.txt")


def test_errors_call_the_folders_as_the_user_does(folder):
    with pytest.raises(FileNotFoundError, match="`input` must be a folder.*Received: input='gone'"):
        find_audio_files(["gone"], called="input")
    with pytest.raises(ValueError, match=r"Received: input=\['none\*'\], in which none was found"):
        find_audio_files(["none*"], called="input")
    with pytest.raises(ValueError, match="`input` and `file_list`"):
        find_audio_files(called="input")


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (["/x/a.wav"], ["a.wav"]),
        (["a.wav", "b/c.wav"], ["a.wav", "b/c.wav"]),
        (["/x/y/a.wav", "/x/y/b.wav"], ["a.wav", "b.wav"]),
        # What folders have in common of their own names stays.
        (["/x/dogs/1.wav", "/x/dolphins/1.wav"], ["dogs/1.wav", "dolphins/1.wav"]),
        (["/x/dog/1.wav", "/x/dogs/1.wav"], ["dog/1.wav", "dogs/1.wav"]),
        (["/x/a.wav", "/x/a.wav/b.wav"], ["a.wav", "a.wav/b.wav"]),
        (["s3://bucket/do/a.wav", "s3://bucket/dos/b.wav"], ["do/a.wav", "dos/b.wav"]),
        (["/x/a.wav", "https://host/a.wav"], ["/x/a.wav", "https://host/a.wav"]),
    ],
)
def test_names_begin_below_the_shared_folder(files, expected):
    assert relative_names(files) == expected


def test_fingerprint_follows_names_and_not_the_folder():
    assert fingerprint(["/x/a.wav", "/x/b.wav"]) == fingerprint(["/y/z/a.wav", "/y/z/b.wav"])
    assert fingerprint(["/x/a.wav", "/x/b.wav"]) != fingerprint(["/x/a.wav", "/x/c.wav"])
    assert fingerprint(["/x/a.wav", "/x/b.wav"]) != fingerprint(["/x/b.wav", "/x/a.wav"])
    assert fingerprint(["/x/a.wav"]) == fingerprint(["/y/a.wav"])
    # Of names that no locale can write, too.
    assert fingerprint([b"/x/\xff.wav".decode("utf-8", "surrogateescape")]).startswith("v2-")


def test_fingerprints_that_runs_have_kept_are_known():
    """Constants, as `configuration.json` of existing runs holds them."""
    files = ["/x/dogs/1.wav", "/x/dolphins/1.wav"]
    assert former_fingerprint(files) == "7f3ea475d3bd77f4"
    assert fingerprint(files) == "v2-b3f098aec3afcf20"
