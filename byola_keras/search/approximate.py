"""A graph over the sketches of an index, for more embeddings than a query can look at. It needs usearch."""

import os

import numpy as np
from absl import logging

from byola_keras.search.index_files import APPROXIMATE, read_about, read_arrays

# Of HNSW: neighbours of a node, candidates while the graph is made, and while it is asked.
_CONNECTIVITY, _EXPANSION_ADD, _EXPANSION_SEARCH = 16, 128, 256
# Sketches that are looked at exactly for each neighbour that is wanted, and at least.
_LOOKED_AT, _AT_LEAST = 20, 200
_BLOCK = 16384


def import_usearch():
    """The module `usearch.index`.

    Raises:
        ImportError: it is not installed; the text says how it is.
    """
    try:
        import usearch.index  # noqa: PLC0415
    except ImportError as error:
        raise ImportError(
            "An approximate index needs the package usearch; run: pip install 'byola-keras[usearch]', or "
            "take --method=exact."
        ) from error
    return usearch.index


def build(folder: str) -> None:
    """Adds a graph over the sketches to the files of an index."""
    sketches = read_arrays(folder, read_about(folder))["sketches"]
    graph = _graph(sketches.shape[1])
    for first in range(0, len(sketches), _BLOCK):
        block = np.asarray(sketches[first : first + _BLOCK])
        graph.add(np.arange(first, first + len(block)), block)
        logging.log_every_n_seconds(
            logging.INFO, "%d of %d in the graph.", 10, first + len(block), len(sketches)
        )
    graph.save(os.path.join(folder, APPROXIMATE))


class Graph:
    """The graph of an index, mapped from the disk.

    Args:
        folder: folder of the index.
        size: length of a sketch.
    """

    def __init__(self, folder: str, size: int):
        self._graph = _graph(size)
        self._graph.view(os.path.join(folder, APPROXIMATE))

    def candidates(self, short: np.ndarray, count: int) -> np.ndarray:
        """Rows whose sketches are near to one of a query, int64, several times as many as are wanted."""
        found = self._graph.search(short, max(_AT_LEAST, _LOOKED_AT * count))
        return np.sort(found.keys.astype(np.int64))


def _graph(size):
    return import_usearch().Index(
        ndim=size,
        metric="cos",
        dtype="f16",
        connectivity=_CONNECTIVITY,
        expansion_add=_EXPANSION_ADD,
        expansion_search=_EXPANSION_SEARCH,
    )
