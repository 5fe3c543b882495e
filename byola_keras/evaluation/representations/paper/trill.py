"""TRILL, layer 19, a row of Table III: its SavedModel by the loader `savedmodel`."""

from byola_keras.evaluation.representations.declaration import Declaration
from byola_keras.evaluation.representations.loaders.saved_model import SavedModelRepresentation
from byola_keras.evaluation.representations.paper.sound_network import existing
from byola_keras.evaluation.representations.representation import MEAN_MAX, Representation

_TYPED = "trill:FOLDER"
_SOURCE = "kaggle.com/models, the SavedModel google/nonsemantic-speech-benchmark, trill, version 2"
_SAMPLE_RATE = 16_000
_LAYER = "layer19"


def _make(folder: str) -> Representation:
    existing(folder, _TYPED, _SOURCE)
    return SavedModelRepresentation(
        folder, output=_LAYER, name="trill", sample_rate=_SAMPLE_RATE, pooling=MEAN_MAX
    )


TRILL = Declaration(
    name="trill",
    title="TRILL",
    source=_SOURCE,
    licence="Apache-2.0",
    sample_rate=_SAMPLE_RATE,
    dimension=12288,
    layer=_LAYER,
    pooling=MEAN_MAX,
    typed=_TYPED,
    packages="none",
    make=_make,
    paper_row="TRILL",
)
