"""Notes of real sampled instruments, rendered on the spot from a sound font."""

import csv
import io
import itertools
import os
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import soundfile

from byola_keras.atomic import replacing, write_text

METADATA_FILE = "metadata.csv"

# The first General MIDI program of each family; a family has eight programs, which are its instruments.
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
# Shares of the notes of an instrument: the notes of the test are those at other pitches.
_TRAIN_SHARE, _VALID_SHARE = 0.6, 0.12
_SPLITS = ("train", "valid", "test")
# With fewer a split would be empty.
_FEWEST_NOTES = 4
# Four octaves from C2 to B5, as numbers of MIDI.
PITCHES = range(36, 84)
# How long a note is held; with its decay the sound is somewhat longer.
NOTE_SECONDS = 1.5


class Note(NamedTuple):
    """One note: a row of the metadata.

    Attributes:
        file: path below the folder of the notes; begins with the split.
        split: "train", "valid" or "test".
        family: one of `FAMILIES`.
        program: General MIDI program, from 0 on.
        pitch: number of MIDI, one of `PITCHES`.
        velocity: how hard the note is struck, from 1 to 127.
    """

    file: str
    split: str
    family: str
    program: int
    pitch: int
    velocity: int


def plan_notes(notes_per_program: int = 25, seed: int = 0) -> list[Note]:
    """Draws which notes there are: 10 families x 8 programs x `notes_per_program` pitches.

    Args:
        notes_per_program: notes of each instrument, from 4 to 48, at different pitches.
        seed: seed of pitches and velocities; the same seed draws the same notes.

    Raises:
        ValueError: `notes_per_program` is out of range.
    """
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
            file = f"{split}/{family}_{program:03d}-{pitch:03d}-{velocity:03d}.flac"
            notes.append(Note(file, split, family, program, pitch, velocity))
    return notes


def _splits(count):
    """The split of each of `count` notes in random order."""
    train, valid = round(_TRAIN_SHARE * count), max(1, round(_VALID_SHARE * count))
    return ["train"] * train + ["valid"] * valid + ["test"] * (count - train - valid)


def render_notes(output_dir: str, notes: list[Note]) -> Iterator[Note]:
    """Renders notes as FLAC (48 kHz, stereo, 16 bits) into the folders `train`, `valid` and `test`.

    Files that are there stay. The metadata are written last, as `metadata.csv`, which is also a task for
    the evaluation: `csv:NOTES/metadata.csv:family` and `csv:NOTES/metadata.csv:pitch`.

    Args:
        output_dir: folder of the notes; it is made if it is not there.
        notes: the notes to render, as `plan_notes` draws them.

    Yields:
        Each note when its file is there.

    Raises:
        ImportError: the packages of the extra `[quickstart]` are missing.
    """
    render = _renderer()
    for split in _SPLITS:
        os.makedirs(os.path.join(output_dir, split), exist_ok=True)
    for note in notes:
        path = os.path.join(output_dir, note.file)
        if not os.path.exists(path):
            samples, sample_rate = soundfile.read(io.BytesIO(render(note)), dtype="int16")
            with replacing(path) as temporary:
                soundfile.write(temporary, samples, sample_rate, format="FLAC")
        yield note
    metadata = io.StringIO()
    writer = csv.writer(metadata, lineterminator="\n")
    writer.writerow(Note._fields)
    writer.writerows(notes)
    write_text(os.path.join(output_dir, METADATA_FILE), metadata.getvalue())


def read_notes(output_dir: str) -> list[Note]:
    """Reads the metadata that `render_notes` wrote.

    Raises:
        FileNotFoundError: they are not there.
    """
    path = os.path.join(output_dir, METADATA_FILE)
    if not os.path.exists(path):
        raise FileNotFoundError(
            f"`notes_dir` must be a folder that `byola render_notes` has filled. Received: "
            f"notes_dir={output_dir!r}, in which there is no {METADATA_FILE}."
        )
    with open(path, newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return [_note(**row) for row in rows]


def _note(file, split, family, program, pitch, velocity):
    # The first notes were written without the folder in their names.
    file = file if "/" in file else f"{split}/{file}"
    return Note(file, split, family, int(program), int(pitch), int(velocity))


def _renderer():
    """A function from a note to the bytes of a WAV file."""
    try:
        import midirenderer  # noqa: PLC0415
        import pretty_midi  # noqa: PLC0415
    except ImportError as error:
        raise ImportError(
            f"Rendering notes needs the package {error.name}; run: pip install 'byola-keras[quickstart]'"
        ) from error
    # pretty_midi brings the sound font TimGM6mb (Tim Brechbill, GPL-2).
    with open(os.path.join(os.path.dirname(pretty_midi.__file__), "TimGM6mb.sf2"), "rb") as file:
        sound_font = file.read()

    def render(note):
        instrument = pretty_midi.Instrument(note.program)
        instrument.notes.append(pretty_midi.Note(note.velocity, note.pitch, 0.0, NOTE_SECONDS))
        midi = pretty_midi.PrettyMIDI()
        midi.instruments.append(instrument)
        content = io.BytesIO()
        midi.write(content)
        return midirenderer.render_wave_from(sound_font, content.getvalue())

    return render
