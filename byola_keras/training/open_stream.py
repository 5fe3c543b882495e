"""The stream of crops that a run asks for: from sound files or from a prepared corpus."""

import contextlib
from collections.abc import Iterator

from absl import logging

from byola_keras.audio.balance import Balance
from byola_keras.audio.crops import CropStream
from byola_keras.audio.files import find_audio_files
from byola_keras.audio.sample_rate import SAMPLE_RATE
from byola_keras.corpus.corpus import Corpus
from byola_keras.corpus.crops import CorpusStream
from byola_keras.training.recipe import TWO_CROPS, Sound

# How the published sets are prepared, by the names that their configurations give the corpora.
_PREPARE_FLAGS = {
    "audioset": "--audioset_csv=balanced_train_segments.csv --audioset_csv=unbalanced_train_segments.csv",
    "fsd50k": "--fsd50k_csv=FSD50K.ground_truth/dev.csv --clip_seconds=30",
}


def open_stream(sound: Sound, seed: int = 0) -> CropStream | CorpusStream:
    """Opens a stream of crops at 16 kHz.

    Args:
        sound: files or a prepared corpus. Files win, so that the flagfile of a corpus serves for its
            unprepared files too.
        seed: seed of the order and of the positions of the crops, at least 0.

    Raises:
        ValueError: no sound is given, or what is given does not fit together.
        FileNotFoundError: a folder, list or corpus is not there.
    """
    crop_length = round(sound.crop_seconds * SAMPLE_RATE)
    visits = {
        "balance": Balance(sound.balance, sound.balance_depth),
        "two_crops": sound.views == TWO_CROPS,
    }
    if sound.audio_dir or sound.file_list:
        return CropStream(_files(sound), crop_length, seed, SAMPLE_RATE, **visits)
    if not sound.data_dir:
        rule = (
            "`data_dir` must name the folder in which the corpus lies"
            if sound.corpus
            else "Sound must be given: `audio_dir`, `file_list`, or `data_dir` with a prepared corpus"
        )
        raise ValueError(
            f"{rule}. Received: audio_dir=[], file_list=None, corpus={sound.corpus!r}, data_dir=None"
        )
    return CorpusStream(_open_corpus(sound), crop_length, seed, sound.crops_per_clip, **visits)


def _files(sound):
    if sound.crops_per_clip > 1:
        raise ValueError(
            "`crops_per_clip` must be 1 for sound files, which are decoded where the crop lies. Received: "
            f"crops_per_clip={sound.crops_per_clip}; tools/prepare.py makes a corpus of files."
        )
    if sound.data_dir:
        logging.warning(
            "Sound files are given: data_dir=%r and corpus=%r are left aside.", sound.data_dir, sound.corpus
        )
    return find_audio_files(sound.audio_dir, sound.file_list)


def _open_corpus(sound):
    try:
        return Corpus(sound.data_dir, sound.corpus)
    except FileNotFoundError as error:
        name = sound.corpus or "NAME"
        prepared = (
            f"--audio_dir=FOLDER --output_dir={sound.data_dir} --name={name} {_PREPARE_FLAGS.get(name, '')}"
        )
        raise FileNotFoundError(
            f"{error} These two commands check sound files and make the corpus of them:\n"
            "    byola check --audio_dir=FOLDER\n"
            f"    byola prepare {prepared.rstrip()}\n"
            "(in a checkout also python tools/check_audio.py and python tools/prepare.py). Or give "
            "--audio_dir=FOLDER here, to train on the files themselves."
        ) from None


@contextlib.contextmanager
def clear_errors(stream: CropStream | CorpusStream) -> Iterator[None]:
    """Raises the reader's own error in place of TensorFlow's wrapping of it; sums up what was skipped."""
    try:
        with stream.errors.unwrapped():
            yield
    finally:
        if stream.skipped:
            logging.warning("%d of %s could not be decoded and were skipped.", len(stream.skipped), stream)
