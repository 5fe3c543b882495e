import os

import numpy as np
import pytest
import soundfile

from byola_keras.audio.data_check import DataCheck, check_files
from byola_keras.audio.file_check import PROBLEMS, check_file
from byola_keras.audio.files import find_audio_files


def speech_like(seconds=1.0, rate=16000, seed=0):
    t = np.arange(round(seconds * rate)) / rate
    noise = np.random.default_rng(seed).normal(0, 0.02, len(t))
    return 0.6 * np.sin(2 * np.pi * 150 * t) * np.sin(2 * np.pi * 3 * t) ** 2 + noise


def write_healthy(folder):
    """Healthy files of many kinds; returns their names and problems, which are none."""
    sound = speech_like(0.5)
    mp3 = folder / "after_id3_noise.mp3"
    soundfile.write(mp3, speech_like(2, 44100, 2), 44100)
    # An ID3v2 tag of 3,000 bytes: its length is written in groups of seven bits.
    tag = b"ID3\x04\x00\x00" + bytes([0, 0, 3000 >> 7, 3000 & 127])
    mp3.write_bytes(tag + np.random.default_rng(1).bytes(3000) + mp3.read_bytes())
    files = {
        "float.wav": (speech_like(0.5, seed=1), 16000, {"subtype": "FLOAT"}),
        "stereo.ogg": (np.stack([speech_like(2, 48000, 3)] * 2, axis=1), 48000, {}),
        "8_bits.wav": (speech_like(0.5, seed=4), 16000, {"subtype": "PCM_U8"}),
        "24_bits.wav": (speech_like(0.5, seed=5), 16000, {"subtype": "PCM_24"}),
        "96_khz.wav": (speech_like(0.5, 96000, 6), 96000, {}),
        "six_channels.wav": (sound[:, None] * (0.9, 0.5, 0.3, 0.2, 0.1, 0.05), 16000, {}),
        "extensible.wav": (np.stack([sound, sound / 2], axis=1), 16000, {"format": "WAVEX"}),
        "really_a_flac.wav": (speech_like(0.5, seed=7), 16000, {"format": "FLAC"}),
        "UPPER.WAV": (speech_like(0.5, seed=8), 16000, {}),
        "normalised.flac": (speech_like(0.5, seed=9) / np.abs(speech_like(0.5, seed=9)).max(), 16000, {}),
    }
    for name, (samples, rate, arguments) in files.items():
        soundfile.write(folder / name, samples, rate, **arguments)
    return {name: set() for name in (mp3.name, *files)}


def write_faulty(folder):
    """A file for each fault and more; returns names and problems."""
    square = np.sign(np.sin(2 * np.pi * 440 * (np.arange(16000) + 0.5) / 16000))
    spoilt = speech_like(seed=6)
    spoilt[[5, 6, 700]] = np.nan, np.inf, -np.inf
    sound = speech_like()
    files = {
        "empty": ("empty.wav", np.zeros(0), 16000, None),
        "non_finite": ("nan.wav", spoilt, 16000, "FLOAT"),
        "too_short": ("short.wav", sound[:500], 16000, None),
        "silent": ("silence.wav", np.zeros(16000), 16000, None),
        "channels_cancel": ("antiphase.wav", np.stack([sound, -sound], axis=1), 16000, None),
        "clipped": ("loud.wav", np.clip(3 * speech_like(seed=7), -1, 1), 16000, None),
        "over_full_scale": ("louder.wav", 4 * speech_like(seed=8), 16000, "FLOAT"),
        "dc_offset": ("shifted.wav", speech_like(seed=9) * 0.5 + 0.3, 16000, None),
        "low_rate": ("11_khz.wav", speech_like(1, 11025, 10), 11025, None),
    }
    more = [
        ("too_short", ("one_sample.wav", sound[:1], 16000, None)),
        ("clipped", ("square.wav", square, 16000, None)),
        ("low_rate", ("mu_law.wav", speech_like(1, 8000, 12), 8000, "ULAW")),
    ]
    problems = {}
    for problem, (name, samples, rate, subtype) in [*files.items(), *more]:
        soundfile.write(folder / name, samples, rate, subtype=subtype)
        problems[name] = {problem}
    return problems


def write_damaged(folder):
    """Files whose bytes are not what a writer wrote; returns names and problems."""
    for name, seed in (("whole.wav", 11), ("whole.flac", 12)):
        soundfile.write(folder / name, speech_like(seed=seed), 16000)
    wav, flac = ((folder / name).read_bytes() for name in ("whole.wav", "whole.flac"))
    (folder / "whole.wav").unlink(), (folder / "whole.flac").unlink()
    (folder / "folder.wav").mkdir()
    noise = np.random.default_rng(0).bytes(4000)
    cases = {
        "half.wav": ("cut_short", wav[: len(wav) // 2]),
        # Another recording, whose header promises a million bytes.
        "claims_too_much.wav": ("cut_short", wav[:40] + (10**6).to_bytes(4, "little") + wav[2044:]),
        "half.flac": ("unreadable", flac[: len(flac) // 2]),
        "text.wav": ("unreadable", b"no sound"),
        "no_bytes.wav": ("unreadable", b""),
        "half_a_header.wav": ("unreadable", wav[:20]),
        "noise.wav": ("unreadable", b"RIFF" + (4004).to_bytes(4, "little") + b"WAVE" + noise),
    }
    for name, (_, content) in cases.items():
        (folder / name).write_bytes(content)
    return {"folder.wav": {"unreadable"}} | {name: {problem} for name, (problem, _) in cases.items()}


def write_duplicates(folder):
    """A recording three times, and what is no copy; returns names and problems."""
    # As integers: libsndfile rounds floats for FLAC in another way than for WAV.
    sound = np.rint(30000 * speech_like()).astype(np.int16)
    for name in ("copy 1 – 音.flac", "copy 2.wav"):
        soundfile.write(folder / name, sound, 16000)
    soundfile.write(folder / "copy 3.wav", np.stack([sound] * 2, axis=1), 16000, format="WAVEX")
    # No copies: the same samples at another rate, and the same silence.
    soundfile.write(folder / "copy at 22 kHz.wav", sound, 22050)
    soundfile.write(folder / "silence_again.flac", np.zeros(16000), 16000)
    return {
        "copy 1 – 音.flac": set(),
        "copy 2.wav": {"duplicate"},
        "copy 3.wav": {"duplicate"},
        "copy at 22 kHz.wav": set(),
        "silence_again.flac": {"silent"},
    }


def write_cases(folder):
    """Files of all these kinds; name to the problems that each has."""
    problems = {}
    for write in (write_healthy, write_faulty, write_damaged, write_duplicates):
        problems |= write(folder)
    return problems


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
    expected = write_cases(tmp_path)
    check, found = gathered(tmp_path)
    assert found == expected
    first = str(tmp_path / "copy 1 – 音.flac")
    copies = [str(tmp_path / name) for name in ("copy 2.wav", "copy 3.wav")]
    assert check.problems["duplicate"] == [(copy, first) for copy in copies]
    assert {problem for problem, files in check.problems.items() if files} == set(PROBLEMS)


def test_table_and_json(tmp_path):
    write_cases(tmp_path)
    check, _ = gathered(tmp_path, workers=1)
    table, findings = check.table(), check.to_json()
    assert "unreadable: 6 (cannot be decoded" in table and "loud.wav" in table
    # Of many files of one fault five are shown.
    assert table.count("unreadable") == 1 and "  and 1 more, which --json lists" in table
    assert sum(findings["lengths"].values()) == findings["files"] - 6
    assert findings["sample_rates"]["22050"] == 1 and findings["sample_rates"]["16000"] == 24
    assert findings["channels"] == {"1": 25, "2": 4, "6": 1}
    assert findings["formats"]["WAVEX PCM_16"] == 2 and findings["formats"]["OGG VORBIS"] == 1
    lengths = {name: count for name, count in findings["lengths"].items() if count}
    assert lengths == {"under 0.95 s": 15, "0.95 to 2 s": 13, "2 to 5 s": 2}
    assert [entry["detail"] for entry in findings["problems"]["non_finite"]] == ["3 values"]
    details = {os.path.basename(e["path"]): e["detail"] for e in findings["problems"]["cut_short"]}
    assert details["half.wav"] == "15,978 of 32,000 bytes"
    assert details["claims_too_much.wav"] == "30,000 of 1,000,000 bytes"


@pytest.mark.parametrize(
    ("problem", "healthy", "faulty"),
    [
        ("silent", 2e-4 * np.ones(1000), 0.9e-4 * np.ones(1000)),
        ("dc_offset", speech_like() + 0.09, speech_like() + 0.11),
        ("over_full_scale", 1.95 * np.sin(np.arange(16000)), 2.05 * np.sin(np.arange(16000))),
        # A sample and both neighbours at full scale count, and 1 % of all.
        ("clipped", np.repeat([1.0, 0.3], [101, 9899]), np.repeat([1.0, 0.3], [103, 9897])),
        ("clipped", np.tile([1.0, 1.0, 0.1], 3000), np.tile([1.0, 1.0, 1.0, 0.1], 3000)),
        ("too_short", speech_like(0.0641), speech_like(0.0639)),
    ],
)
def test_limits(tmp_path, problem, healthy, faulty):
    for samples, expected in ((healthy, False), (faulty, True)):
        path = tmp_path / "sound.wav"
        soundfile.write(path, samples, 16000, subtype="FLOAT")
        assert (problem in check_file(str(path), 0.064).problems) is expected


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
