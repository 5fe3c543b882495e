"""Google's speech embedding, as openWakeWord uses it, from the package pyopen-wakeword."""

import numpy as np

from byola_keras.evaluation.representations.packages.installed import package_file
from byola_keras.evaluation.representations.packages.packaged_model import (
    PackagedModel,
    in_batches,
    litert_interpreter,
)

_SAMPLE_RATE = 16000
# The mel model gets the samples of a chunk and of what its last frame needs beyond them. It cuts off what is
# 80 dB below the loudest of its input, so that the length of a chunk is a part of the model.
_CHUNK_SAMPLES = 1280
_MEL_SAMPLES = 1760
# Mel frames of 10 ms that an embedding sees, and those from one to the next.
_WINDOW_FRAMES = 76
_HOP_FRAMES = 8
# An embedding sees ten chunks, of the last one a part. Half of them are silence at each end of a clip, as a
# stream begins and ends, so that a short word is seen wherever it may lie in a window.
_WINDOW_CHUNKS = 10
_SILENT_CHUNKS = _WINDOW_CHUNKS // 2
_BATCH = 64


def chunks_of(clip: np.ndarray) -> np.ndarray:
    """Cuts a clip between silences into the overlapping chunks of the mel model.

    Args:
        clip: float32 [samples] in [-1, 1] at 16 kHz.

    Returns:
        float32 [samples // 1280 + 10, 1760], one each 80 ms, with numbers of the size of int16.
    """
    count = len(clip) // _CHUNK_SAMPLES + _WINDOW_CHUNKS
    before = _SILENT_CHUNKS * _CHUNK_SAMPLES
    after = (count - 1) * _CHUNK_SAMPLES + _MEL_SAMPLES - before - len(clip)
    numbers = np.clip(np.round(clip * 32768), -32768, 32767)
    stream = np.pad(numbers, (before, after)).astype(np.float32)
    return np.lib.stride_tricks.sliding_window_view(stream, _MEL_SAMPLES)[::_CHUNK_SAMPLES]


class SpeechEmbedding(PackagedModel):
    """96 numbers each 80 ms, of 0.775 s of sound around them: frames [1 + samples // 1280, 96].

    The network was trained by Google to tell words apart (J. Lin et al., "Training Keyword Spotters with
    Limited and Synthesized Speech Data", https://arxiv.org/abs/2002.01322); openWakeWord made the LiteRT
    files, and pyopen-wakeword brings them. Frames and chunks are those of the latter's streaming.
    """

    def __init__(self, name: str):
        paths = ("models/melspectrogram.tflite", "models/embedding_model.tflite")
        files = [package_file("pyopen-wakeword", "pyopen_wakeword", path) for path in paths]
        frame_seconds = _CHUNK_SAMPLES / _SAMPLE_RATE
        super().__init__(name, files, _SAMPLE_RATE, [_SILENT_CHUNKS], frame_seconds=frame_seconds)
        self._mel, self._embedding = (litert_interpreter(file).get_signature_runner() for file in files)

    def clip_features(self, clip):
        # Of several chunks at a time the model would cut off below the loudest of all.
        mel = [self._mel(input=chunk[None])["output"][0, 0] for chunk in chunks_of(clip)]
        # The scale that openWakeWord gives to decibels.
        mel = np.concatenate(mel) / 10 + 2
        windows = np.lib.stride_tricks.sliding_window_view(mel, _WINDOW_FRAMES, axis=0)[::_HOP_FRAMES]
        windows = windows.transpose(0, 2, 1)[..., None]
        return in_batches(lambda batch: self._embedding(input_1=batch)["conv2d_19"], windows, _BATCH)[:, 0, 0]
