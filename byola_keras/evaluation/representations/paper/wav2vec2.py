"""Wav2Vec 2.0, two rows of Table III: features of the convolutions (F) and of the context (C).

By the package `transformers`.
"""

import numpy as np

from byola_keras.evaluation.representations.content_hash import hash_of
from byola_keras.evaluation.representations.declaration import Declaration
from byola_keras.evaluation.representations.paper.transformers_models import (
    PACKAGES,
    hash_of_state,
    load_pretrained,
    torch_and_transformers,
)
from byola_keras.evaluation.representations.representation import MEAN, MEAN_MAX, Representation

_HUB = "facebook/wav2vec2-large-960h-lv60"
_SAMPLE_RATE = 16_000
# A frame each 20 ms; the shortest sound with one has 400 samples.
_FRAME_SECONDS, _SHORTEST = 0.02, 400
_POOLINGS = {"wav2vec2_f": MEAN_MAX, "wav2vec2_c": MEAN}
# Seconds of sound of a call.
_CALL_SECONDS = 40


class Wav2Vec2(Representation):
    """Frames of Wav2Vec 2.0; each clip is scaled to mean 0 and deviation 1 first, as the model was trained.

    Args:
        name: "wav2vec2_f" for the convolutions' 512 values, pooled by mean and maximum, "wav2vec2_c" for the
            transformer's 1,024, pooled by the mean alone (Section IV-C1).
        path: folder with the files of `transformers`, or a name of the Hugging Face Hub.

    Raises:
        ImportError: PyTorch or transformers is not installed.
        FileNotFoundError: the files are not there.

    Reference:
        Baevski et al., https://arxiv.org/abs/2006.11477.
    """

    def __init__(self, name: str, path: str = ""):
        self._torch, transformers = torch_and_transformers(name)
        self._extractor = load_pretrained(transformers.Wav2Vec2FeatureExtractor, path, _HUB, name)
        self._model = load_pretrained(transformers.Wav2Vec2Model, path, _HUB, name).eval()
        content = hash_of(name, hash_of_state(self._model), self._extractor.do_normalize)
        pooling = _POOLINGS[name]
        super().__init__(name, _SAMPLE_RATE, content, pooling=pooling, frame_seconds=_FRAME_SECONDS)

    def features(self, waveforms: np.ndarray) -> np.ndarray:
        """See `Representation.features`."""
        missing = max(0, _SHORTEST - waveforms.shape[1])
        waveforms = np.pad(waveforms, [(0, 0), (0, missing)])
        rows = max(1, _CALL_SECONDS * _SAMPLE_RATE // waveforms.shape[1])
        parts = [waveforms[first : first + rows] for first in range(0, len(waveforms), rows)]
        return np.concatenate([self._frames(part) for part in parts])

    def _frames(self, waveforms):
        inputs = self._extractor(
            list(waveforms), sampling_rate=_SAMPLE_RATE, return_tensors="pt"
        ).input_values
        with self._torch.inference_mode():
            if self.name == "wav2vec2_f":
                return self._model.feature_extractor(inputs).transpose(1, 2).numpy()
            return self._model(inputs).last_hidden_state.numpy()


def _declaration(name, title, row, layer, dimension):
    return Declaration(
        name=name,
        title=title,
        source=f"huggingface.co/{_HUB}",
        licence="Apache-2.0",
        sample_rate=_SAMPLE_RATE,
        dimension=dimension,
        layer=layer,
        pooling=_POOLINGS[name],
        typed=f"{name} or {name}:FOLDER",
        packages=PACKAGES,
        make=lambda path: Wav2Vec2(name, path),
        paper_row=row,
    )


WAV2VEC2_F = _declaration("wav2vec2_f", "Wav2Vec2 (convolutions)", "Wav2Vec2-F", "the last convolution", 512)
WAV2VEC2_C = _declaration("wav2vec2_c", "Wav2Vec2 (context)", "Wav2Vec2-C", "the transformer's last", 1024)
