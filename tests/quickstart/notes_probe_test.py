import collections

import numpy as np
import pytest
import soundfile

from byola_keras.evaluation.tasks import load_task
from byola_keras.quickstart import notes_probe
from byola_keras.quickstart.notes_probe import as_markdown, probe_notes
from byola_keras.quickstart.rendered_notes import FAMILIES, Note, plan_notes, read_notes, render_notes
from tests.factories import noise, tiny_embedder


def test_plan():
    notes = plan_notes()
    assert len(notes) == 2000 and plan_notes() == notes
    assert len({note.file for note in notes}) == 2000
    counts = collections.Counter(note.split for note in notes)
    assert counts == {"train": 1200, "valid": 240, "test": 560}
    for split in counts:
        assert len({n.program for n in notes if n.split == split}) == 80
        assert {n.family for n in notes if n.split == split} == set(FAMILIES)
    # No note is in two splits.
    assert len({(note.program, note.pitch) for note in notes}) == 2000
    assert {note.pitch for note in notes} == set(range(36, 84))
    assert all(50 <= note.velocity <= 120 for note in notes)
    assert all(note.file.startswith(note.split + "/") for note in notes)
    # Each instrument has notes of all splits, in their shares.
    shares = collections.Counter((note.program, note.split) for note in notes)
    assert {shares[program, "valid"] for program in range(80)} == {3}
    assert {shares[program, "test"] for program in range(80)} == {7}
    assert plan_notes(seed=1) != notes


def test_too_few_notes():
    with pytest.raises(ValueError, match="from 4 to 48. Received: notes_per_program=3"):
        plan_notes(notes_per_program=3)


def test_render_probe_and_print(tmp_path):
    """Real notes, a few: files, metadata, a second run that leaves files alone, and the table."""
    # Of three families.
    notes = plan_notes(notes_per_program=4)[:96]
    assert list(render_notes(str(tmp_path), notes)) == notes
    first = tmp_path / notes[0].file
    sound, sample_rate = soundfile.read(first)
    assert sample_rate == 48000 and sound.shape[1] == 2 and 1.4 < len(sound) / 48000 < 1.7
    spectrum = np.abs(np.fft.rfft(sound.mean(axis=1) * np.hanning(len(sound))))
    peak = np.fft.rfftfreq(len(sound), 1 / 48000)[spectrum.argmax()]
    fundamental = 440 * 2 ** ((notes[0].pitch - 69) / 12)
    assert min(abs(peak / fundamental - harmonic) for harmonic in (1, 2, 3, 4)) < 0.03
    written = first.stat().st_mtime_ns
    list(render_notes(str(tmp_path), notes))
    assert first.stat().st_mtime_ns == written
    assert read_notes(str(tmp_path)) == notes
    assert {path.suffix for path in tmp_path.rglob("*") if path.is_file()} == {".flac", ".csv"}
    # A task for the evaluation as it stands.
    task = load_task(f"csv:{tmp_path}/metadata.csv:family", "")
    assert len(task.clips) == 96 and task.classes == ["mallet", "organ", "piano"]

    table = probe_notes(tiny_embedder(), str(tmp_path), max_epochs=40)
    assert set(table) == {"trained encoder", "untrained encoder", "log-mel mean and deviation"}
    assert all(list(row) == ["instrument family", "pitch"] for row in table.values())
    # By chance it would be a third.
    assert 0.5 < table["log-mel mean and deviation"]["instrument family"] <= 1
    assert all(0 <= row["pitch"] <= 1 for row in table.values())


def test_table_in_percent():
    table = {"an encoder": {"family": 0.7544, "pitch": 0.6}, "another": {"family": 1.0, "pitch": 0.0}}
    assert as_markdown(table).splitlines() == [
        "| representation               | family | pitch |",
        "|------------------------------|-------:|------:|",
        "| an encoder                   |   75.4 |  60.0 |",
        "| another                      |  100.0 |   0.0 |",
    ]


def write_metadata(folder, rows):
    lines = ["file,split,family,program,pitch,velocity", *rows]
    (folder / "metadata.csv").write_text("\n".join(lines) + "\n")


def test_metadata_without_folders_are_read(tmp_path):
    write_metadata(tmp_path, ["piano_000-041-118.flac,valid,piano,0,41,118"])
    assert read_notes(str(tmp_path)) == [Note("valid/piano_000-041-118.flac", "valid", "piano", 0, 41, 118)]


def test_notes_of_a_label_without_training_notes_are_left_out(caplog):
    notes = [
        Note("", split, "piano", 0, pitch, 9) for split, pitch in (("train", 1), ("test", 1), ("test", 2))
    ]
    with caplog.at_level("WARNING", logger="absl"):
        assert notes_probe._learnable(notes, "pitch", lambda note: note.pitch) == notes[:2]
        assert notes_probe._learnable(notes, "family", lambda note: note.family) == notes
    (message,) = [record.getMessage() for record in caplog.records]
    assert message.startswith("1 of 3 notes are left out of the probe of pitch")


def test_no_notes(tmp_path):
    with pytest.raises(FileNotFoundError, match="has filled. Received: notes_dir='.*no metadata"):
        probe_notes(tiny_embedder(), str(tmp_path))


class Waveforms:
    """A representation that is the sound itself."""

    def __init__(self, sample_rate):
        self.sample_rate = sample_rate

    def embed(self, waveforms):
        return {"scene": waveforms}


@pytest.mark.parametrize("sample_rate", [8000, 16000])
def test_notes_are_read_at_the_rate_of_the_embedder(tmp_path, sample_rate):
    (tmp_path / "test").mkdir()
    path = tmp_path / "test" / "tone.flac"
    soundfile.write(path, 0.5 * np.sin(2 * np.pi * 440 * np.arange(72_000) / 48_000), 48_000)
    note = Note("test/tone.flac", "test", "piano", 0, 69, 100)
    task = notes_probe._task("pitch", [note], str(tmp_path), lambda note: str(note.pitch))
    scenes = notes_probe._scenes({"sound": Waveforms(sample_rate)}, task)["sound"]
    assert scenes.shape == (1, 1.5 * sample_rate)
    spectrum = np.abs(np.fft.rfft(scenes[0]))
    assert np.fft.rfftfreq(scenes.shape[1], 1 / sample_rate)[spectrum.argmax()] == pytest.approx(440, abs=1)


def test_untrained_encoder_has_the_sizes_of_the_trained_one_and_always_the_same_weights():
    embedder = tiny_embedder()
    waveforms = noise(2, 8000)
    first, again = (notes_probe._representations(embedder)["untrained encoder"](waveforms) for _ in range(2))
    np.testing.assert_array_equal(first["scene"], again["scene"])
    trained = notes_probe._representations(embedder)["trained encoder"](waveforms)
    np.testing.assert_array_equal(trained["scene"], embedder(waveforms)["scene"])
    assert first["scene"].shape == trained["scene"].shape
    assert not np.allclose(first["scene"], trained["scene"])


def test_missing_packages_are_named(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "midirenderer", None)
    with pytest.raises(ImportError, match=r"midirenderer; run: pip install 'byola-keras\[quickstart\]'"):
        next(render_notes(str(tmp_path), plan_notes(4)))
