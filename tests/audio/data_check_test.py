import os
import pathlib

import numpy as np
import soundfile

from byola_keras.audio.data_check import DataCheck, check_files
from byola_keras.audio.file_check import PROBLEMS, check_file
from byola_keras.audio.files import find_audio_files

BAD_AUDIO = pathlib.Path(__file__).parents[3] / "shared" / "data" / "bad_audio"
# By its README; what is not named here is healthy or an exact copy.
BAD_AUDIO_PROBLEMS = {
    "claims_too_much.wav": {"cut_short"},
    "dc_offset.wav": {"dc_offset"},
    "directory.wav": {"unreadable"},
    "empty.wav": {"unreadable"},
    "extensible.wav": {"duplicate"},
    "float_nan_inf.wav": {"non_finite"},
    "float_over.wav": {"over_full_scale"},
    "mulaw.wav": {"low_rate"},
    "nom étrange – 音 (1).wav": {"duplicate"},
    "one_sample.wav": {"too_short"},
    "random_bytes.wav": {"unreadable"},
    "rate_11025.wav": {"low_rate"},
    "silence.wav": {"silent"},
    "square_full_scale.wav": {"clipped"},
    "stereo_antiphase.wav": {"channels_cancel"},
    "ten_ms.wav": {"too_short"},
    "text.wav": {"unreadable"},
    "truncated.flac": {"unreadable"},
    "truncated_header.wav": {"unreadable"},
    "zero_samples.wav": {"empty"},
}


def speech_like(seconds=1.0, rate=16000, seed=0):
    t = np.arange(round(seconds * rate)) / rate
    noise = np.random.default_rng(seed).normal(0, 0.02, len(t))
    return 0.6 * np.sin(2 * np.pi * 150 * t) * np.sin(2 * np.pi * 3 * t) ** 2 + noise


def write_cases(folder):
    """A file for each finding, named after it, and healthy ones of all kinds."""
    # As integers: libsndfile rounds floats for FLAC in another way than for WAV.
    sound = np.rint(30000 * speech_like()).astype(np.int16)

    def write(name, samples, rate=16000, subtype=None):
        soundfile.write(folder / name, samples, rate, subtype=subtype)

    write("healthy.wav", sound)
    write("healthy_float.wav", speech_like(seed=1), subtype="FLOAT")
    write("healthy.mp3", speech_like(2, 44100, 2), 44100)
    write("healthy.ogg", np.stack([speech_like(2, 48000, 3)] * 2, axis=1), 48000)
    write("healthy_8bit.wav", speech_like(seed=4), subtype="PCM_U8")
    write("healthy_normalised.flac", speech_like(seed=5) / np.abs(speech_like(seed=5)).max())
    write("duplicate.flac", sound)
    write("empty.wav", np.zeros(0))
    spoilt = speech_like(seed=6)
    spoilt[[5, 6, 700]] = np.nan, np.inf, -np.inf
    write("non_finite.wav", spoilt, subtype="FLOAT")
    write("too_short.wav", sound[:500])
    write("silent.wav", np.zeros(16000))
    write("channels_cancel.wav", np.stack([sound, -sound], axis=1))
    write("clipped.wav", np.clip(3 * speech_like(seed=7), -1, 1))
    write("over_full_scale.wav", 4 * speech_like(seed=8), subtype="FLOAT")
    write("dc_offset.wav", speech_like(seed=9) * 0.5 + 0.3)
    write("low_rate.wav", speech_like(1, 11025, 10), 11025)
    write("whole.wav", speech_like(seed=11))
    content = (folder / "whole.wav").read_bytes()
    (folder / "whole.wav").unlink()
    (folder / "cut_short.wav").write_bytes(content[: len(content) // 2])
    write("whole.flac", speech_like(seed=12))
    content = (folder / "whole.flac").read_bytes()
    (folder / "whole.flac").unlink()
    (folder / "unreadable.flac").write_bytes(content[: len(content) // 2])
    (folder / "unreadable_text.wav").write_text("no sound")
    (folder / "unreadable_folder.wav").mkdir()


def gathered(folder, **arguments):
    paths = find_audio_files([str(folder)], with_folders=True)
    check = DataCheck()
    for findings in check_files(paths, 0.064, **arguments):
        check.add(findings)
    assert check.files == len(paths)
    found = {os.path.basename(path): set() for path in paths}
    for problem, files in check.problems.items():
        for path, detail in files:
            assert detail
            found[os.path.basename(path)].add(problem)
    return check, found


def test_each_fault_is_named_and_healthy_files_never(tmp_path):
    write_cases(tmp_path)
    check, found = gathered(tmp_path)
    for name, problems in found.items():
        expected = next((problem for problem in PROBLEMS if name.startswith(problem)), None)
        if expected == "duplicate":
            continue  # Of the two the later one in the order of names counts.
        assert problems - {"duplicate"} == ({expected} if expected else set()), name
    assert check.problems["duplicate"] == [(str(tmp_path / "healthy.wav"), str(tmp_path / "duplicate.flac"))]
    assert {problem for problem, files in check.problems.items() if files} == set(PROBLEMS)
    if BAD_AUDIO.is_dir():  # More of the same faults, in files that others made.
        _, found = gathered(BAD_AUDIO)
        assert len(found) == 27
        assert {name: problems for name, problems in found.items() if problems} == BAD_AUDIO_PROBLEMS


def test_table_and_json(tmp_path):
    write_cases(tmp_path)
    check, _ = gathered(tmp_path, workers=1)
    table, findings = check.table(), check.to_json()
    assert "unreadable: 3 (cannot be decoded" in table and "clipped.wav" in table
    assert findings["sample_rates"] == {"11025": 1, "16000": 14, "44100": 1, "48000": 1}
    assert findings["formats"]["WAV PCM_16"] == 9 and findings["formats"]["OGG VORBIS"] == 1
    assert sum(findings["lengths"].values()) == 17 == findings["files"] - 3
    assert [entry["detail"] for entry in findings["problems"]["non_finite"]] == ["3 values"]
    assert findings["problems"]["cut_short"][0]["detail"] == "15,978 of 32,000 bytes"


def test_damage_in_the_middle_says_where(tmp_path):
    path = tmp_path / "damaged.flac"
    soundfile.write(path, speech_like(30), 16000)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) * 9 // 10])
    check = check_file(str(path), 0.064)
    assert "lost sync (after 2" in check.problems["unreadable"] and 20 < check.seconds < 30


class DeadlyPath(str):
    """Ends the process that receives it, as a decoder does that damages its memory."""

    def __reduce__(self):
        return os._exit, (11,)


def test_file_on_which_the_decoder_dies_is_a_finding(tmp_path):
    for number in range(80):
        soundfile.write(tmp_path / f"{number:02d}.wav", speech_like(0.1, seed=number), 16000)
    paths = sorted(str(path) for path in tmp_path.glob("*.wav"))
    paths[40] = DeadlyPath(paths[40])
    checks = list(check_files(paths, 0.064, workers=2))
    assert [check.path for check in checks] == paths
    assert [check.problems for check in checks[:40]] == [{}] * 40
    assert checks[40].problems == {"unreadable": "its decoder dies"}
    assert [check.problems for check in checks[41:]] == [{}] * 39
