"""The free corpus, from packages to the manifest; nothing is fetched but from a folder."""

import csv
import json
import os

import pytest
import tensorflow_datasets as tfds

from byola_keras.free_sounds import package_sound
from byola_keras.free_sounds.build import Places, build
from byola_keras.free_sounds.deb import read_deb
from byola_keras.free_sounds.limits import Limits
from byola_keras.free_sounds.packages import requests
from tests.free_sounds.debs import wav, write_deb, zipped

LIMITS = Limits(excerpt_seconds=1.0, file_seconds=3.0)
GAME = {
    "usr/share/games/game/data/music/long.wav": wav(9, seed=1),
    "usr/share/games/game/data/music/free.wav": wav(2, seed=2),
    "usr/share/games/game/data/voices/hello.WAV": wav(1.5, seed=3),
    "usr/share/games/game/data/hit.wav": wav(0.5, seed=4),
    "usr/share/games/game/data/hit_again.wav": wav(0.5, seed=4),
    "usr/share/games/game/data/silent.wav": wav(1, level=0),
    "usr/share/games/game/data/broken.wav": b"RIFF but no sound",
    "usr/share/games/game/data/readme.txt": b"No sound.",
    "usr/share/games/game/pak0.pk3": zipped({"sound/zap.wav": wav(1, seed=5), "a.txt": b"x"}),
    "usr/share/games/game/two.cat": b"index" + wav(0.4, seed=8) + b"name" + wav(0.3, seed=9),
    "usr/share/games/game/pak1.pk3": b"PK\x03\x04 and no archive",
}
OTHER = {
    "usr/share/other/hit.wav": wav(0.5, seed=4),
    "usr/share/other/../../../../escape.wav": wav(1, seed=6),
}


def make(tmp_path, *packages):
    places = Places(str(tmp_path / "work"), str(tmp_path / "corpora"), str(tmp_path / "debs"))
    return build(requests(packages or ("game", "other")), places, limits=LIMITS, workers=1)


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """A corpus of two packages."""
    tmp_path = tmp_path_factory.mktemp("free")
    write_deb(tmp_path / "debs", "game", GAME)
    licence = "See the GNU GPL, in\n/usr/share/common-licenses/GPL-2."
    write_deb(tmp_path / "debs", "other", OTHER, version="2:3.0~rc1", copyright_text=licence)
    write_deb(tmp_path / "debs", "unwanted", {"usr/a.wav": wav(1, seed=7)})
    report, manifest = make(tmp_path)
    return tmp_path, report, manifest


def test_what_is_broken_silent_or_there_twice_is_left_out(built):
    _, report, manifest = built
    kept = {(row["package"], os.path.basename(row["path"])) for row in manifest["recordings"]}
    assert kept == {
        *[("game", name) for name in ("long.wav", "free.wav", "hello.WAV", "hit.wav", "zap.wav")],
        *[("game", name) for name in ("0000.wav", "0001.wav")],
        ("other", "escape.wav"),
    }
    game, other = manifest["packages"]
    assert game["left_out"] == {"unreadable": 1, "silent": 1, "duplicate": 1}
    assert other["left_out"] == {"duplicate": 1}
    assert list(game["left_out_files"]).count("usr/share/games/game/data/broken.wav") == 1
    assert report["hours"] * 3600 == pytest.approx(3 + 2 + 1.5 + 0.5 + 1 + 1 + 0.7)
    assert not report["skipped"]
    assert manifest["hours"]["music"] == pytest.approx(5 / 3600, abs=1e-4)


def test_long_file_comes_as_excerpts_spread_over_it(built):
    _, _, manifest = built
    long = [row for row in manifest["recordings"] if row["path"].endswith("long.wav")]
    assert [(row["start_seconds"], row["seconds"]) for row in long] == [(1.0, 1.0), (4.0, 1.0), (7.0, 1.0)]


def test_licence_is_that_of_the_last_paragraph_that_matches(built):
    _, _, manifest = built
    licences = {os.path.basename(row["path"]): row["licence"] for row in manifest["recordings"]}
    assert licences["long.wav"] == "CC-BY-SA-3.0" and licences["free.wav"] == "CC0-1.0"
    assert licences["hit.wav"] == licences["zap.wav"] == "GPL-2+"
    assert licences["escape.wav"] == "GPL-2"


def test_manifest_names_every_recording_of_the_corpus(built):
    tmp_path, report, manifest = built
    dataset = tfds.load("free_sounds", data_dir=str(tmp_path / "corpora"), split="train")
    sources = {example["source"].decode() for example in tfds.as_numpy(dataset)}
    with open(os.path.join(report["folder"], "manifest.csv"), encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert {row["source"] for row in rows} == sources
    with open(os.path.join(report["folder"], "manifest.json"), encoding="utf-8") as file:
        assert json.load(file) == manifest
    assert {row["version"] for row in rows} == {"1.0-1", "2:3.0~rc1"}
    assert "CC0" in (tmp_path / "corpora/free_sounds/1.0.0/copyright/game_1.0-1.txt").read_text()
    flags = (tmp_path / "corpora/free_sounds/1.0.0/packages.flags").read_text()
    assert flags == "--packages=game=1.0-1\n--packages=other=2:3.0~rc1\n"


def test_same_call_again_does_nothing_anew(built):
    tmp_path, report, manifest = built
    times = {path: path.stat().st_mtime_ns for path in (tmp_path / "work").rglob("*") if path.is_file()}
    again_report, again_manifest = make(tmp_path)
    assert (again_report, again_manifest) == (report, manifest)
    after = {path: path.stat().st_mtime_ns for path in (tmp_path / "work").rglob("*") if path.is_file()}
    assert {path for path in after if after[path] != times.get(path)} <= {tmp_path / "work" / ".lock"}


def test_killed_in_the_middle_of_a_package(tmp_path, monkeypatch):
    """What a killed call has left is whole, and the next call goes on with it."""
    deb = write_deb(tmp_path / "debs", "game", GAME)
    real, written = package_sound.write_piece, []

    def dies_at_third(piece, *folders):
        if len(written) == 2:
            raise KeyboardInterrupt
        written.append(real(piece, *folders))
        return written[-1]

    monkeypatch.setattr(package_sound, "write_piece", dies_at_third)
    with pytest.raises(KeyboardInterrupt):
        package_sound.take_sound(read_deb(str(deb)), str(tmp_path / "work"), LIMITS)
    first = {path: os.stat(path).st_mtime_ns for path in written}
    monkeypatch.setattr(package_sound, "write_piece", real)
    sound = package_sound.take_sound(read_deb(str(deb)), str(tmp_path / "work"), LIMITS)
    assert {path: os.stat(path).st_mtime_ns for path in first} == first
    assert len(sound.pieces) == 11 and all(os.path.exists(path) for path, _ in sound.pieces)


def test_damaged_package(tmp_path):
    path = write_deb(tmp_path / "debs", "other", OTHER, version="9:1.0")
    path.write_bytes(path.read_bytes()[:-3000])
    with pytest.raises(ValueError, match="must be a whole .deb file. Received: .*other_9%3a1.0"):
        make(tmp_path, "other")
    path.write_bytes(b"")
    with pytest.raises(ValueError, match="must be a whole .deb file"):
        make(tmp_path, "other")
    assert not list((tmp_path / "work").rglob("*.wav"))


def test_package_without_sound(tmp_path):
    write_deb(tmp_path / "debs", "game", {"usr/a.wav": b"RIFF", "usr/b.wav": b""})
    with pytest.raises(ValueError, match="must hold sound that can be used. Received: game; 2 files"):
        make(tmp_path, "game")


def test_package_that_is_not_there(tmp_path):
    write_deb(tmp_path / "debs", "game", GAME)
    with pytest.raises(FileNotFoundError, match="Received: .*debs, without other, game=9."):
        make(tmp_path, "other", "game=9")
    places = Places(str(tmp_path / "work"), str(tmp_path / "corpora"), str(tmp_path / "nowhere"))
    with pytest.raises(FileNotFoundError, match="`deb_dir` must be a folder"):
        build(requests(["game"]), places)
