"""The points of a map: embeddings with their names and labels."""

from typing import NamedTuple

import numpy as np

from byola_keras.embedding.stored import StoredScene, read_scenes
from byola_keras.search.labels import Labels, folder_label


class Points(NamedTuple):
    """Embeddings, and what is known of them, in one order.

    Attributes:
        scenes: float32 [points, D].
        stored: the same without the scenes: name, source, start and end of each.
        labels: label of each; empty for none.
    """

    scenes: np.ndarray
    stored: list[StoredScene]
    labels: list[str]

    def titles(self) -> list[str]:
        """Name of each, and which part of a file it is."""
        return [
            one.name if one.end is None else f"{one.name}, {one.start:.2f} to {one.end:.2f} s"
            for one in self.stored
        ]


def read_points(
    embeddings: str, labels: str | None = None, window_seconds: float = 0.0, most: int = 20_000
) -> Points:
    """Reads embeddings that `byola embed` has written.

    Args:
        embeddings: the folder.
        labels: CSV of labels, see `Labels`; None takes the folder of each file.
        window_seconds: see `read_scenes`.
        most: beyond so many, so many are drawn, always the same.

    Raises:
        FileNotFoundError, ValueError: see `read_scenes` and `Labels`.
    """
    table = Labels(labels) if labels else None
    draws, kept, scenes, found = np.random.default_rng(0), [], [], []
    for number, stored in enumerate(read_scenes(embeddings, window_seconds)):
        # Reservoir sampling: each has the same chance, and the memory does not grow.
        place = number if number < most else int(draws.integers(number + 1))
        label = table.of(stored) if table else folder_label(stored)
        if number < most:
            kept.append(number)
            scenes.append(stored.scene)
            found.append((stored._replace(scene=None), label))
        elif place < most:
            kept[place], scenes[place] = number, stored.scene
            found[place] = (stored._replace(scene=None), label)
    order = np.argsort(kept)
    found = [found[place] for place in order]
    if table:
        table.check_found(sum(bool(label) for _, label in found))
    return Points(
        np.stack(scenes)[order].astype(np.float32), [one for one, _ in found], [label for _, label in found]
    )
