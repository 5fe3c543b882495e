"""AST, the Audio Spectrogram Transformer, a row of Table III: by the package `transformers`."""

import numpy as np

from byola_keras.evaluation.representations.content_hash import hash_of
from byola_keras.evaluation.representations.declaration import Declaration
from byola_keras.evaluation.representations.paper.transformers_models import (
    PACKAGES,
    hash_of_state,
    load_pretrained,
    torch_and_transformers,
)
from byola_keras.evaluation.representations.representation import NONE, Representation

_HUB = "MIT/ast-finetuned-audioset-10-10-0.4593"
_SAMPLE_RATE = 16_000
# Kaldi's frames: 25 ms each 10 ms, whole ones only.
_FRAME, _HOP = 400, 160
# Class and distillation token, which have positions of their own before the patches.
_TOKENS = 2
# Seconds of sound of a call; the memory goes with the square of a clip's length.
_CALL_SECONDS = 40


class SpectrogramTransformer(Representation):
    """AST's embedding of a clip of any length: the mean of the class and the distillation token.

    The positions of the patches in time are fitted to the length as in the authors' code: their middle is
    taken for clips shorter than those it was trained with (10.24 s), and they are stretched for longer ones.
    Unlike the paper's evaluation, which measured mean and deviation of the log-mel on each task, those of
    AudioSet are used, which belong to the weights.

    Args:
        path: folder with the files of `transformers`, or a name of the Hugging Face Hub.

    Raises:
        ImportError: PyTorch or transformers is not installed.
        FileNotFoundError: the files are not there.

    Reference:
        Gong et al., https://arxiv.org/abs/2104.01778.
    """

    def __init__(self, path: str = ""):
        self._torch, transformers = torch_and_transformers("ast")
        self._extractor = load_pretrained(transformers.ASTFeatureExtractor, path, _HUB, "ast")
        self._model = load_pretrained(transformers.ASTModel, path, _HUB, "ast").eval()
        content = hash_of(hash_of_state(self._model), self._extractor.mean, self._extractor.std)
        super().__init__("ast", _SAMPLE_RATE, content, pooling=NONE)
        # The longest sound that was trained, with positions of its own.
        self._trained = self._model.embeddings.position_embeddings.detach()
        config = self._model.config
        self._patch, self._stride = config.patch_size, config.time_stride
        self._places = self._count(config.max_length)

    def _count(self, frames):
        """Patches along time."""
        return (frames - self._patch) // self._stride + 1

    def features(self, waveforms: np.ndarray) -> np.ndarray:
        """See `Representation.features`."""
        shortest = (self._patch - 1) * _HOP + _FRAME
        missing = max(0, shortest - waveforms.shape[1])
        waveforms = np.pad(waveforms, [(0, 0), (0, missing)])
        frames = 1 + (waveforms.shape[1] - _FRAME) // _HOP
        # The extractor would pad each clip to the longest sound.
        self._extractor.max_length = frames
        self._set_positions(self._count(frames))
        rows = max(1, _CALL_SECONDS * _SAMPLE_RATE // waveforms.shape[1])
        parts = [waveforms[first : first + rows] for first in range(0, len(waveforms), rows)]
        return np.concatenate([self._embed(part) for part in parts])

    def _embed(self, waveforms):
        inputs = self._extractor(list(waveforms), sampling_rate=_SAMPLE_RATE, return_tensors="pt")
        with self._torch.inference_mode():
            return self._model(**inputs).pooler_output.numpy()

    def _set_positions(self, places):
        """Fits the positions to so many patches along time."""
        trained, total = self._trained, self._places
        tokens, width = trained[:, :_TOKENS], trained.shape[-1]
        grid = trained[:, _TOKENS:].reshape(1, -1, total, width)
        if places < total:
            start = total // 2 - places // 2
            grid = grid[:, :, start : start + places]
        elif places > total:
            stretched = self._torch.nn.functional.interpolate(
                grid.permute(0, 3, 1, 2), size=(grid.shape[1], places), mode="bilinear"
            )
            grid = stretched.permute(0, 2, 3, 1)
        fitted = self._torch.cat([tokens, grid.reshape(1, -1, width)], dim=1)
        self._model.embeddings.position_embeddings = self._torch.nn.Parameter(fitted, requires_grad=False)


AST = Declaration(
    name="ast",
    title="AST",
    source=f"huggingface.co/{_HUB}",
    licence="BSD-3-Clause",
    sample_rate=_SAMPLE_RATE,
    dimension=768,
    layer="the last, mean of the class and the distillation token",
    pooling=NONE,
    typed="ast or ast:FOLDER",
    packages=PACKAGES,
    make=SpectrogramTransformer,
    paper_row="AST",
)
