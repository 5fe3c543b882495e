"""Sound on which an exported model is compared with the Keras model."""

from collections.abc import Sequence

import numpy as np

from byola_keras.audio.decode import AudioError, read_blocks
from byola_keras.audio.files import find_audio_files

MOST_FILES = 32
MOST_SECONDS = 10.0


def generated_clips(sample_rate: int) -> dict[str, np.ndarray]:
    """Makes silence, noise and a tone of several lengths, float32 [batch, samples] by name."""
    draws = np.random.default_rng(0)
    seconds = np.arange(round(3.3 * sample_rate)) / sample_rate
    noise = draws.normal(0.0, 0.1, (4, sample_rate))
    broken = noise[:1].copy()
    broken[0, ::100], broken[0, 1::100] = np.nan, np.inf
    clips = {
        "silence of 1 s": np.zeros((1, sample_rate)),
        "one sample": np.full((1, 1), 0.5),
        "noise of 300 samples": noise[:1, :300],
        "noise of 1 s, 4 clips": noise,
        "noise with NaN": broken,
        "tone of 440 Hz, 3.3 s": 0.5 * np.sin(2 * np.pi * 440.0 * seconds)[None],
    }
    return {name: clip.astype(np.float32) for name, clip in clips.items()}


def read_clips(audio: Sequence[str], sample_rate: int) -> dict[str, np.ndarray]:
    """Reads sound files to compare on, float32 [1, samples] by path.

    Args:
        audio: folders, patterns or files, as for `find_audio_files`. Of many files 32, spread evenly, are
            taken, and the first ten seconds of each.
        sample_rate: sample rate of the clips in Hz.

    Raises:
        ValueError: a file cannot be used, or none was found.
        FileNotFoundError: a folder or file is not there.
    """
    if not audio:
        return {}
    paths = find_audio_files(audio, called="verify_audio")
    chosen = np.unique(np.linspace(0, len(paths) - 1, min(len(paths), MOST_FILES)).astype(int))
    return {paths[index]: _read_beginning(paths[index], sample_rate) for index in chosen}


def _read_beginning(path, sample_rate):
    wanted, blocks = round(MOST_SECONDS * sample_rate), [np.zeros(0, np.float32)]
    try:
        for block in read_blocks(path, sample_rate):
            blocks.append(block)
            if sum(map(len, blocks)) >= wanted:
                break
        if not any(map(len, blocks)):
            raise AudioError("it holds no samples")
    except AudioError as error:
        raise ValueError(
            f"Every sound file to compare on must be readable. Received: {path!r}: {error}"
        ) from None
    return np.concatenate(blocks)[None, :wanted]
