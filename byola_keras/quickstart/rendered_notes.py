"""A small corpus of real sampled instruments, rendered on the spot from a sound font."""

import csv
import io
import itertools
import os
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import soundfile

METADATA_FILE = "metadata.csv"

# First General MIDI program of each family; a family has eight programs.
FAMILIES = {
    "piano": 0,
    "mallet": 8,
    "organ": 16,
    "guitar": 24,
    "bass": 32,
    "string": 40,
    "ensemble": 48,
    "brass": 56,
    "reed": 64,
    "flute": 72,
}
_PROGRAMS = 8
# Of the notes of an instrument: what is tested was heard at other pitches only.
_TRAIN_SHARE, _VALID_SHARE = 0.6, 0.12
_SPLITS = ("train", "valid", "test")
# With fewer a split would be empty.
_FEWEST_NOTES = 4
# Four octaves from C2 to B5.
PITCHES = range(36, 84)
_SECONDS = 1.5


class Note(NamedTuple):
    """One note: a row of the metadata."""

    file: str
    split: str
    family: str
    program: int
    pitch: int
    velocity: int


def plan_notes(notes_per_program: int = 25, seed: int = 0) -> list[Note]:
    """Draws which notes there are: 10 families x 8 programs x `notes_per_program` pitches."""
    if not _FEWEST_NOTES <= notes_per_program <= len(PITCHES):
        raise ValueError(
            f"`notes_per_program` must be from {_FEWEST_NOTES} to {len(PITCHES)}. "
            f"Received: notes_per_program={notes_per_program}"
        )
    draws = np.random.default_rng(seed)
    splits = _splits(notes_per_program)
    notes = []
    for (family, first), offset in itertools.product(FAMILIES.items(), range(_PROGRAMS)):
        pitches = draws.choice(PITCHES, notes_per_program, replace=False)
        for pitch, split in zip(pitches.tolist(), splits, strict=True):
            program, velocity = first + offset, int(draws.integers(50, 121))
            name = f"{family}_{program:03d}-{pitch:03d}-{velocity:03d}.flac"
            notes.append(Note(name, split, family, program, pitch, velocity))
    return notes


def _splits(count):
    """The split of each of `count` notes in random order."""
    train, valid = round(_TRAIN_SHARE * count), max(1, round(_VALID_SHARE * count))
    return ["train"] * train + ["valid"] * valid + ["test"] * (count - train - valid)


def render_notes(output_dir: str, notes: list[Note]) -> Iterator[Note]:
    """Renders notes as FLAC (48 kHz stereo, 16 bit) into the folders `train`, `valid` and `test`.

    Files that are there stay; the metadata are written last, as `metadata.csv`.

    Args:
        output_dir: folder, made if it is not there.
        notes: what to render.

    Yields:
        Each note when its file is there.

    Raises:
        ImportError: the packages of the extra `[quickstart]` are missing.
    """
    render = _renderer()
    for split in _SPLITS:
        os.makedirs(os.path.join(output_dir, split), exist_ok=True)
    for note in notes:
        path = os.path.join(output_dir, note.split, note.file)
        if not os.path.exists(path):
            samples, sample_rate = soundfile.read(io.BytesIO(render(note)), dtype="int16")
            soundfile.write(path + ".partial", samples, sample_rate, format="FLAC")
            os.replace(path + ".partial", path)
        yield note
    with open(os.path.join(output_dir, METADATA_FILE), "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(Note._fields)
        writer.writerows(notes)


def read_notes(output_dir: str) -> list[Note]:
    """Reads the metadata that `render_notes` wrote."""
    with open(os.path.join(output_dir, METADATA_FILE), newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    numbers = ("program", "pitch", "velocity")
    return [Note(**{**row, **{name: int(row[name]) for name in numbers}}) for row in rows]


def _renderer():
    """A function from a note to the bytes of a WAV file."""
    try:
        import midirenderer  # noqa: PLC0415
        import pretty_midi  # noqa: PLC0415
    except ImportError as error:
        raise ImportError(
            f"Rendering notes needs the package {error.name}; run: pip install -e '.[quickstart]'"
        ) from error
    # pretty_midi brings the sound font TimGM6mb (Tim Brechbill, GPL-2).
    with open(os.path.join(os.path.dirname(pretty_midi.__file__), "TimGM6mb.sf2"), "rb") as file:
        sound_font = file.read()

    def render(note):
        instrument = pretty_midi.Instrument(note.program)
        instrument.notes.append(pretty_midi.Note(note.velocity, note.pitch, 0.0, _SECONDS))
        midi = pretty_midi.PrettyMIDI()
        midi.instruments.append(instrument)
        content = io.BytesIO()
        midi.write(content)
        return midirenderer.render_wave_from(sound_font, content.getvalue())

    return render
