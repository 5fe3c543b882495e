"""The representations that `--model` knows: by a name of their own, by the kind of a file, or ours."""

import difflib
from collections.abc import Callable, Sequence

from byola_keras.evaluation.representations import paper
from byola_keras.evaluation.representations.declaration import Declaration
from byola_keras.evaluation.representations.loaders.hear import load_hear
from byola_keras.evaluation.representations.loaders.litert import load_litert
from byola_keras.evaluation.representations.loaders.python_function import load_python
from byola_keras.evaluation.representations.loaders.saved_model import load_saved_model
from byola_keras.evaluation.representations.loaders.stored import load_stored
from byola_keras.evaluation.representations.own import BASELINES, load_own
from byola_keras.evaluation.representations.packages import declarations as packages
from byola_keras.evaluation.representations.representation import Representation

# The groups of models with names; a new group is a module with a tuple of declarations, added here. Importing
# it must not import what a model needs: `Declaration.make` does.
_GROUPS: Sequence[Sequence[Declaration]] = (paper.DECLARATIONS, packages.DECLARATIONS)

DECLARATIONS: dict[str, Declaration] = {
    declaration.name: declaration for group in _GROUPS for declaration in group
}

# Kinds of models of somebody else without a name here: what stands before the first colon of `--model`, and
# what makes the representation of the rest.
LOADERS: dict[str, Callable[[str], Representation]] = {
    "savedmodel": load_saved_model,
    "litert": load_litert,
    "hear": load_hear,
    "python": load_python,
    "npz": load_stored,
}


def is_of_others(text: str) -> bool:
    """Whether `--model` names a model of somebody else, and not ours."""
    kind, colon, _ = text.partition(":")
    return (bool(colon) and kind in LOADERS) or kind in DECLARATIONS


def load_representation(text: str) -> Representation:
    """Makes a representation.

    Args:
        text: as `--model` takes it: a name of `DECLARATIONS`, such as `musicnn_mtt`, or `vggish:FOLDER` for
            one that needs a file; a kind of `LOADERS` with what it takes; or ours: "random", "logmel_stats",
            or what `byola_keras.load` takes.

    Returns:
        The representation, ready to embed. `close` ends it.

    Raises:
        FileNotFoundError, ValueError: what is meant is not there, or not as it must be.
        ImportError: a package is not installed; the text says which, and how.
        RepresentationError: the model of somebody else failed as it was loaded.
    """
    kind, colon, rest = text.partition(":")
    if colon and kind in LOADERS:
        return LOADERS[kind](rest)
    if kind in DECLARATIONS:
        return DECLARATIONS[kind].make(rest)
    try:
        return load_own(text)
    except FileNotFoundError as error:
        raise FileNotFoundError(f"{error} {_hint(text)}") from None


def _hint(text):
    """What may have been meant by a text that names no model."""
    first, comma, _ = text.partition(",")
    kind = first.partition(":")[0]
    names = [*BASELINES, *DECLARATIONS]
    if comma and kind in names:
        return f"`{kind}` takes no settings, and --model is repeated for several models."
    if close := difflib.get_close_matches(kind.lower(), [*names, *LOADERS], n=3):
        return f"Did you mean {' or '.join(close)}?"
    return f"Besides, there are {', '.join([*names, *(f'{kind}:...' for kind in LOADERS)])}."
