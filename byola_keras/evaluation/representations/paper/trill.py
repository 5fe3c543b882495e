"""TRILL, layer 19, a row of Table III."""

import numpy as np
import tensorflow as tf

from byola_keras.evaluation.representations.content_hash import hash_of, hash_of_files
from byola_keras.evaluation.representations.declaration import Declaration
from byola_keras.evaluation.representations.paper.sound_network import load_saved_model
from byola_keras.evaluation.representations.representation import MEAN_MAX, Representation

_TYPED = "trill:FOLDER"
_SOURCE = "kaggle.com/models, the SavedModel google/nonsemantic-speech-benchmark, trill, version 2"
_SAMPLE_RATE = 16_000
_LAYER = "layer19"


class Trill(Representation):
    """The SavedModel, called with `samples` and `sample_rate`; it frames the sound itself.

    Args:
        folder: folder of the SavedModel.

    Raises:
        FileNotFoundError, ValueError: see `load_saved_model`.
    """

    def __init__(self, folder: str):
        model = load_saved_model(folder, _TYPED, _SOURCE)
        content = hash_of(hash_of_files([folder]), _LAYER)
        super().__init__("trill", _SAMPLE_RATE, content, pooling=MEAN_MAX)
        self._model = model

    def features(self, waveforms: np.ndarray) -> np.ndarray:
        """See `Representation.features`."""
        outputs = self._model(samples=tf.constant(waveforms), sample_rate=_SAMPLE_RATE)
        if _LAYER not in outputs:
            raise self.error(f"it must have an output {_LAYER!r}. Received: the outputs {sorted(outputs)}")
        return outputs[_LAYER].numpy()


TRILL = Declaration(
    name="trill",
    title="TRILL",
    source=_SOURCE,
    licence="Apache-2.0",
    sample_rate=_SAMPLE_RATE,
    dimension=12288,
    layer="layer19",
    pooling=MEAN_MAX,
    typed=_TYPED,
    packages="none",
    make=Trill,
    paper_row="TRILL",
)
