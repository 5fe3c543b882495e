"""CSV tasks whose clips are pieces of recordings, from the CSV to the sound that is embedded."""

import numpy as np
import pytest
import soundfile

from byola_keras.evaluation.tasks import load_task
from byola_keras.evaluation.windows import Windows

HEADER = "file,start,end,label,split\n"
ROWS = (
    "a.wav,0.5,2.5,cat,train\na.wav,3,,dog,train\n"
    "b.wav,,1.25,cat,test\nb.wav,1.25,4,dog,test\nb.wav,,,cat,test\n"
)


@pytest.fixture
def load(tmp_path):
    """Writes a CSV beside two recordings of 5 seconds, whose samples count up, and loads it."""
    for name in ("a.wav", "b.wav"):
        soundfile.write(tmp_path / name, np.arange(40_000) / 40_000, 8000, subtype="FLOAT")

    def write_and_load(text):
        (tmp_path / "pets.csv").write_text(text)
        return load_task(f"csv:{tmp_path / 'pets.csv'}", "unused")

    return write_and_load


def test_pieces_are_clips(load, tmp_path):
    task = load(HEADER + ROWS)
    assert [(clip.path[-5:], clip.start, clip.end, clip.is_segment) for clip in task.clips] == [
        ("a.wav", 0.5, 2.5, True),
        ("a.wav", 3.0, None, True),
        ("b.wav", 0.0, 1.25, True),
        ("b.wav", 1.25, 4.0, True),
        ("b.wav", 0.0, None, False),
    ]
    # The training clips have 2 seconds each.
    assert task.unit_seconds == 2.0 and task.classes == ["cat", "dog"]


def test_sound_of_a_piece_is_its_own(load):
    task = load(HEADER + ROWS)
    whole = soundfile.read(task.clips[0].path, dtype="float32")[0]
    windows = Windows(task, "window", 8000)
    np.testing.assert_array_equal(windows.read(0), whole[4000:20_000])
    # Test clips: the beginning; a short one has zeros behind it, not the sound that follows in the file.
    np.testing.assert_array_equal(windows.read(2), np.pad(whole[:10_000], (0, 6000)))
    np.testing.assert_array_equal(windows.read(3), whole[10_000:26_000])
    windows = Windows(task, "whole_clip", 8000)
    for number, span in enumerate(((4000, 20_000), (24_000, None), (0, 10_000), (10_000, 32_000), (0, None))):
        np.testing.assert_array_equal(windows.read(number), whole[slice(*span)])


def test_drawn_window_lies_in_its_piece(load):
    task = load(HEADER + "a.wav,1,1.5,cat,train\na.wav,2,4.5,dog,train\nb.wav,,,cat,test\n")
    whole = soundfile.read(task.clips[0].path, dtype="float32")[0]
    starts = {
        int(np.searchsorted(whole, Windows(task, "window", 8000, seed).read(1)[0])) for seed in range(9)
    }
    # 1.5 seconds of the piece from 2 to 4.5 seconds.
    assert len(starts) > 5 and min(starts) >= 16_000 and max(starts) <= 24_000


def test_pieces_are_read_by_seek(load, monkeypatch):
    task = load(HEADER + ROWS)
    counts = []
    read = soundfile.SoundFile.read

    def counted(self, frames=-1, **arguments):
        counts.append(frames)
        return read(self, frames, **arguments)

    monkeypatch.setattr(soundfile.SoundFile, "read", counted)
    for protocol in ("window", "whole_clip"):
        Windows(task, protocol, 8000).read(1)
    assert counts == [16_000, 16_000]


@pytest.mark.parametrize(
    ("rows", "match"),
    [
        (
            ROWS + "a.wav,4,5,cat,test\n",
            r"one split. Received: 'a.wav' in split train \(row 2\) and in split test \(row 7\) of",
        ),
        (ROWS + "a.wav,3,,cat,train\n", "each piece of a sound file once.*'a.wav' in the rows 3 and 7"),
        (ROWS.replace("0.5,2.5", "2.5,0.5"), "`end` must be after `start`.*start=2.5, end=0.5 in row 2"),
        (ROWS.replace("0.5", "-1"), r"`start` must be seconds.*start='-1' in row 2.*another name"),
        (ROWS.replace("2.5", "late"), "`end` must be seconds from 0 on, or empty. Received: end='late'"),
        (ROWS.replace("0.5", "nan"), "Received: start='nan'"),
        (ROWS.replace("1.25,4,", "1.25,5.1,"), r"in the sound file.*end=5.1 of .*b.wav, which has 5.000 sec"),
        (ROWS.replace("a.wav,3,,", "a.wav,5,,"), "in the sound file.*start=5, end=5 of .*a.wav"),
    ],
)
def test_wrong_pieces(load, rows, match):
    with pytest.raises(ValueError, match=match):
        load(HEADER + rows)


def test_pieces_in_two_folds(load):
    rows = "a.wav,0,1,cat,1\na.wav,1,2,dog,2\nb.wav,0,1,dog,2\n"
    with pytest.raises(ValueError, match=r"'a.wav' in fold 1 \(row 2\) and in fold 2 \(row 3\)"):
        load("file,start,end,label,fold\n" + rows)


def test_one_of_the_columns_alone_means_something_else(load, tmp_path):
    soundfile.write(tmp_path / "c.wav", np.zeros(8000), 8000)
    task = load("file,start,label,split\na.wav,17:30,cat,train\nb.wav,9:00,dog,train\nc.wav,,cat,test\n")
    assert not any(clip.is_segment for clip in task.clips)
