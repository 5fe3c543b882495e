"""What is declared of a model of somebody else that `--model` knows by name."""

import dataclasses
from collections.abc import Callable

from byola_keras.evaluation.representations.representation import Representation


@dataclasses.dataclass(frozen=True)
class Declaration:
    """A model with a name of its own in `--model`.

    Attributes:
        name: short name, as in `--model=vggish:FOLDER`.
        title: name in tables.
        source: where the weights come from.
        licence: of the weights; of the code too where it is another one.
        sample_rate: in Hz.
        dimension: D, the size of the embedding of a clip.
        layer: of which layer of the model the features are taken.
        pooling: how frames become the embedding of a clip, one of `representation.POOLINGS`.
        typed: what to type after `--model=`.
        packages: what must be installed, and how.
        make: makes the representation of what follows the name after a colon ("" for nothing). It imports
            what the model needs, and raises an ImportError or FileNotFoundError that says what to install or
            where to get what is not there.
        paper_row: row of the paper's Table III; empty for a model that is not there.
    """

    name: str
    title: str
    source: str
    licence: str
    sample_rate: int
    dimension: int
    layer: str
    pooling: str
    typed: str
    packages: str
    make: Callable[[str], Representation]
    paper_row: str = ""
