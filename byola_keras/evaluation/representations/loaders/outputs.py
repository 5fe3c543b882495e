"""Which output of a model is its embedding, and in which shape."""

import difflib
import os
from collections.abc import Iterable, Sequence

import numpy as np

# Outputs that are taken where none is named.
_USUAL = ("scene", "embedding", "embeddings")
_FRAMES = 3
_SHOWN = 10


def chosen_output(names: Iterable[str], wanted: str, what: str) -> str:
    """The output that is meant.

    Args:
        names: of all outputs.
        wanted: the one that is asked for; if empty, the only one is taken, or one that is called scene,
            embedding or embeddings.
        what: says in the error whose outputs they are, and how one is named.

    Raises:
        ValueError: there is no such output, or it is not clear which is meant.
    """
    names = list(names)
    if wanted in names:
        return wanted
    usual = names if len(names) == 1 else [name for name in _USUAL if name in names]
    if wanted or not usual:
        near = difflib.get_close_matches(wanted, names, _SHOWN, 0.4) if wanted else []
        shown = ", ".join((near or names)[:_SHOWN])
        more = " ..." if len(near or names) > _SHOWN else ""
        received = wanted or "none"
        raise ValueError(f"An output must be named that {what} has: {shown}{more}. Received: {received}")
    return usual[0]


def as_features(output: np.ndarray) -> np.ndarray:
    """The output of a model [batch, ..., D] without axes of size 1, if there are more than [batch, T, D]."""
    while output.ndim > _FRAMES:
        single = [axis for axis in range(1, output.ndim - 1) if output.shape[axis] == 1]
        if not single:
            break
        output = output.squeeze(single[-1])
    return output


def joined(outputs: Sequence[np.ndarray], batches_of_one: bool) -> np.ndarray:
    """The outputs of single clips as those of a batch.

    Args:
        outputs: of equal shape.
        batches_of_one: whether the model was given batches of one clip; it may leave that axis out.
    """
    if batches_of_one and outputs[0].ndim and len(outputs[0]) == 1:
        return np.concatenate(outputs)
    return np.stack(outputs)


def split_place(text: str, parts: int) -> tuple[str, ...]:
    """Splits "PLACE:part:part" at its last colons; a colon of a path that is there belongs to the path.

    Args:
        text: the place, and at most `parts` parts.
        parts: how many may follow the place.

    Returns:
        The place and all parts, those that are missing empty.
    """
    pieces = text.split(":")
    for following in range(parts + 1):
        place = ":".join(pieces[: len(pieces) - following])
        if place and os.path.exists(place):
            rest = pieces[len(pieces) - following :]
            return (place, *rest, *[""] * (parts - following))
    # Nothing is there: the error should name what was most likely meant.
    return (pieces[0], *pieces[1 : parts + 1], *[""] * (parts - len(pieces) + 1))


def stem(path: str, plain: Sequence[str] = ()) -> str:
    """A short name for the model of a path: its last folder or file that says something.

    Args:
        path: of a file or folder.
        plain: names that say nothing, besides versions; the folder above is taken then.
    """
    parts = [part for part in os.path.abspath(path).split(os.sep) if part]
    while len(parts) > 1 and (parts[-1].isdigit() or parts[-1] in plain):
        parts.pop()
    return os.path.splitext(parts[-1])[0] if os.path.isfile(path) else parts[-1]
