"""A classifier over recordings of any length."""

from collections.abc import Iterable, Iterator

import numpy as np

from byola_keras.classify.windows import Window, cut_windows
from byola_keras.embedding.embed_many import embed_in_parts, read_sounds
from byola_keras.embedding.file_embedder import FileEmbedder
from byola_keras.models.classifier import Classifier


class FileClassifier(FileEmbedder):
    """A classifier in the place of an embedder: its frames are the probabilities of windows.

    The parts of a file are the spans of windows in seconds, float64 [windows, 2], and their probabilities,
    float32 [windows, classes].

    Args:
        classifier: the classifier.
        identity: hash of all that the results depend on.
        overlap: the share of a window that lies in the next one, too, in [0, 1).
    """

    pooling = "max"

    def __init__(self, classifier: Classifier, identity: str, overlap: float):
        self.classifier, self.identity = classifier, identity
        self._length = classifier.window_samples
        self._hop = max(1, round(self._length * (1 - overlap)))

    def embed_many(self, files, chunk_seconds, workers):
        rate = self.classifier.sample_rate
        limit = round(chunk_seconds * rate)
        count = max(1, limit // self._length)
        sounds = read_sounds(files, rate, limit, workers)
        return embed_in_parts(sounds, rate, lambda sound: self._parts(sound, count))

    def _parts(self, blocks: Iterable[np.ndarray], count: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Spans and probabilities of so many windows at a time."""
        waiting: list[Window] = []
        for window in cut_windows(blocks, self._length, self._hop):
            waiting.append(window)
            if len(waiting) == count:
                yield self._classified(waiting)
                waiting = []
        if waiting:
            yield self._classified(waiting)

    def _classified(self, windows):
        spans = np.array([(window.first, window.end) for window in windows]) / self.classifier.sample_rate
        waveforms = np.stack([window.samples for window in windows])
        return spans, np.asarray(self.classifier.classify(waveforms), np.float32)
