"""VGGish and VGGish-4K, rows of Table III."""

import os

import numpy as np

from byola_keras.evaluation.representations.content_hash import hash_of, hash_of_files
from byola_keras.evaluation.representations.declaration import Declaration
from byola_keras.evaluation.representations.loaders.saved_model import SavedModelRepresentation
from byola_keras.evaluation.representations.paper.sound_network import ExampleNetwork, existing
from byola_keras.evaluation.representations.paper.vggish_network import (
    EXAMPLE_SAMPLES,
    EXAMPLE_SECONDS,
    SAMPLE_RATE,
    log_mel_examples,
    vggish_network,
)
from byola_keras.evaluation.representations.representation import MEAN_MAX
from byola_keras.torch_files.reader import read_torch_file

_TORCH_SOURCE = (
    "the releases of github.com/tcvrick/audioset-vggish-tensorflow-to-pytorch (pytorch_vggish.pth) or of "
    "github.com/harritaylor/torchvggish (vggish-10086976.pth)"
)
_SOURCE = f"{_TORCH_SOURCE}, or as the SavedModel google/vggish of kaggle.com/models"
_TYPED, _TYPED_4K = "vggish:FILE_OR_FOLDER", "vggish_4k:FILE"


class VGGishSavedModel(SavedModelRepresentation):
    """The SavedModel of TensorFlow Hub, which takes one clip at a time.

    Its embeddings are those before the last ReLU. The paper's are those after it, as the conversions to
    PyTorch have them, so that the ReLU is added here.

    Args:
        folder: folder of the SavedModel.

    Raises:
        FileNotFoundError, ValueError: see `SavedModelRepresentation`.
    """

    def __init__(self, folder: str):
        super().__init__(
            folder,
            name="vggish",
            sample_rate=SAMPLE_RATE,
            pooling=MEAN_MAX,
            frame_seconds=EXAMPLE_SECONDS,
        )
        # Other embeddings than those of the loader alone.
        self._content = hash_of(self._content, "relu")

    def features(self, waveforms: np.ndarray) -> np.ndarray:
        """See `Representation.features`."""
        missing = max(0, EXAMPLE_SAMPLES - waveforms.shape[1])
        return np.maximum(super().features(np.pad(waveforms, [(0, 0), (0, missing)])), 0)


def _make(path):
    """VGGish of a folder of a SavedModel, or of a file of PyTorch."""
    existing(path, _TYPED, _SOURCE)
    return VGGishSavedModel(path) if os.path.isdir(path) else _of_torch(path, "vggish", dense_layers=3)


def _make_4k(path):
    return _of_torch(existing(path, _TYPED_4K, _TORCH_SOURCE), "vggish_4k", dense_layers=1)


def _of_torch(path, name, dense_layers):
    return ExampleNetwork(
        lambda waveforms: log_mel_examples(waveforms).numpy(),
        vggish_network(read_torch_file(path), dense_layers),
        name=name,
        sample_rate=SAMPLE_RATE,
        content=hash_of(hash_of_files([path]), dense_layers),
        pooling=MEAN_MAX,
        frame_seconds=EXAMPLE_SECONDS,
    )


VGGISH = Declaration(
    name="vggish",
    title="VGGish",
    source=_SOURCE,
    licence="Apache-2.0",
    sample_rate=SAMPLE_RATE,
    dimension=128,
    layer="the last of three dense layers, after its ReLU; a frame each 0.96 s",
    pooling=MEAN_MAX,
    typed=_TYPED,
    packages="none",
    make=_make,
    paper_row="VGGish",
)

VGGISH_4K = Declaration(
    name="vggish_4k",
    title="VGGish-4K",
    source=_TORCH_SOURCE,
    licence="Apache-2.0",
    sample_rate=SAMPLE_RATE,
    dimension=4096,
    layer="the first of three dense layers, after its ReLU; a frame each 0.96 s",
    pooling=MEAN_MAX,
    typed=_TYPED_4K,
    packages="none",
    make=_make_4k,
    paper_row="VGGish-4K",
)
