"""The stream of crops that a run asks for: from sound files or from a prepared corpus."""

import contextlib
from collections.abc import Iterator, Sequence

from absl import logging

from byola_keras.audio.crops import CropStream
from byola_keras.audio.files import find_audio_files
from byola_keras.audio.sample_rate import SAMPLE_RATE
from byola_keras.corpus.corpus import Corpus
from byola_keras.corpus.crops import CorpusStream


def open_stream(
    audio_dirs: Sequence[str] = (),
    file_list: str | None = None,
    corpus: str | None = None,
    data_dir: str | None = None,
    *,
    crop_length: int,
    crops_per_clip: int = 1,
    seed: int = 0,
) -> CropStream | CorpusStream:
    """Opens a stream of crops at 16 kHz.

    Args:
        audio_dirs: see `find_audio_files`.
        file_list: see `find_audio_files`.
        corpus: name of a prepared corpus. Files take its place, so that the configuration of a corpus serves
            for its unprepared files too.
        data_dir: folder in which prepared corpora lie; it alone does where there is only one.
        crop_length: samples of a crop.
        crops_per_clip: crops from each reading of a clip of a corpus.
        seed: integer >= 0.

    Raises:
        ValueError: neither or both kinds of sound are given, or there is no sound.
        FileNotFoundError: a folder, list or corpus is not there.
    """
    files_given = bool(audio_dirs or file_list)
    if not files_given and not corpus and not data_dir:
        raise ValueError(
            "Sound must be given: `audio_dir`, `file_list`, or `data_dir` with a prepared corpus. Received: "
            "none of them."
        )
    if files_given and data_dir:
        raise ValueError(
            "Sound must come from files (`audio_dir`, `file_list`) or from a corpus (`data_dir`), not "
            f"from both. Received: audio_dir={list(audio_dirs)}, file_list={file_list!r}, "
            f"data_dir={data_dir!r}"
        )
    if crops_per_clip < 1 or (crops_per_clip > 1 and files_given):
        raise ValueError(
            "`crops_per_clip` must be 1 for sound files, which are decoded where the crop lies, and at "
            f"least 1 for a corpus. Received: crops_per_clip={crops_per_clip}; tools/prepare.py makes a "
            "corpus of files."
        )
    if files_given:
        return CropStream(find_audio_files(audio_dirs, file_list), crop_length, seed, SAMPLE_RATE)
    if not data_dir:
        raise ValueError(
            f"`data_dir` must name the folder in which the corpus lies. Received: corpus={corpus!r}, "
            "data_dir=None"
        )
    return CorpusStream(Corpus(data_dir, corpus), crop_length, seed, crops_per_clip)


@contextlib.contextmanager
def clear_errors(stream: CropStream | CorpusStream) -> Iterator[None]:
    """Raises the reader's own error in place of TensorFlow's wrapping of it; sums up what was skipped."""
    try:
        with stream.errors.unwrapped():
            yield
    finally:
        if stream.skipped:
            logging.warning("%d of %s could not be decoded and were skipped.", len(stream.skipped), stream)
