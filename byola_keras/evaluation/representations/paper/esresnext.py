"""ESResNe(X)t-fbsp, a row of Table III: by a function of one's own around the authors' code."""

from byola_keras.evaluation.representations.declaration import Declaration
from byola_keras.evaluation.representations.loaders.python_function import load_python
from byola_keras.evaluation.representations.representation import NONE, Representation

_SOURCE = "github.com/AndreyGuzhov/ESResNeXt-fbsp, the release v0.1, the file ESResNeXtFBSP_AudioSet.pt"
_TYPED = "esresnext:MODULE:FUNCTION"
_SAMPLE_RATE = 44_100


def _make(function: str) -> Representation:
    """The representation of a function around the authors' code, by the loader `python`.

    Args:
        function: MODULE:FUNCTION, (samples, rate) -> [2048]; settings of the loader may stand behind it.

    Raises:
        ValueError: no function is named.
        RepresentationError: the function cannot be loaded.
    """
    if not function:
        raise ValueError(
            f"`--model={_TYPED}` must name a function around the authors' code, which is in no package. "
            "Received: no function; docs/representations.md has one to copy, and the weights come from "
            f"{_SOURCE}."
        )
    return load_python(f"{function},name=esresnext,sample_rate={_SAMPLE_RATE},pooling={NONE}")


ESRESNEXT = Declaration(
    name="esresnext",
    title="ESResNeXt-fbsp",
    source=_SOURCE,
    licence="that of the repository",
    sample_rate=_SAMPLE_RATE,
    dimension=2048,
    layer="after the reduction, before the classes",
    pooling=NONE,
    typed=_TYPED,
    packages="PyTorch, torchvision, and the authors' repository, which is no package",
    make=_make,
    paper_row="ESResNeXt",
)
