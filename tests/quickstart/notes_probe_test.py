import collections

import numpy as np
import pytest
import soundfile

from byola_keras.quickstart.notes_probe import as_markdown, probe_notes
from byola_keras.quickstart.rendered_notes import FAMILIES, plan_notes, read_notes, render_notes
from tests.factories import tiny_embedder


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


def test_too_few_notes():
    with pytest.raises(ValueError, match="from 4 to 48. Received: notes_per_program=3"):
        plan_notes(notes_per_program=3)


def test_render_probe_and_print(tmp_path):
    """Real notes, a few: files, metadata, a second run that leaves files alone, and the table."""
    notes = plan_notes(notes_per_program=4)
    assert sum(1 for _ in render_notes(str(tmp_path), notes)) == len(notes) == 320
    first = tmp_path / notes[0].split / notes[0].file
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

    table = probe_notes(tiny_embedder(), str(tmp_path))
    assert set(table) == {"trained encoder", "untrained encoder", "log-mel mean and deviation"}
    assert all(0 <= accuracy <= 1 for row in table.values() for accuracy in row.values())
    text = as_markdown(table)
    assert text.count("\n") == 4 and "instrument family" in text


def test_missing_packages_are_named(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "midirenderer", None)
    with pytest.raises(ImportError, match=r"midirenderer; run: pip install -e '.\[quickstart\]'"):
        next(render_notes(str(tmp_path), plan_notes(4)))
