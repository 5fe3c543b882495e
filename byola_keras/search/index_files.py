"""The files of an index: how they are written a block at a time, and read without loading them."""

import json
import os
from typing import Any

import numpy as np

from byola_keras.search import sketch

FORMAT = 1
ABOUT = "index.json"
ROWS = "rows.jsonl"
APPROXIMATE = "graph.usearch"
# Name and kind of each array; all have a row for each embedding, in one order.
_ARRAYS = {
    "vectors": np.float16,
    "norms": np.float32,
    "sketches": np.float32,
    "lacks": np.float32,
    "labels": np.int32,
    "row_offsets": np.int64,
}
_BLOCK = 2048
# Half precision to single by a table is twice as fast as by numpy, and exact.
_SINGLE = np.arange(2**16, dtype=np.uint16).view(np.float16).astype(np.float32)


class Writer:
    """Writes the rows of an index into a folder, in memory that does not grow with their number.

    Args:
        folder: an empty folder.
    """

    def __init__(self, folder: str):
        self._folder, self._codes, self._lines = folder, {}, 0
        self._files = {
            name: self._open(f"{name}.bin") for name in ("vectors", "norms", "labels", "row_offsets")
        }
        self._rows = self._open(ROWS)
        self.count = self.width = 0

    def add(self, scene: np.ndarray, row: dict[str, Any]) -> None:
        """Adds an embedding, float32 [D], and what is known of it, of which "label" is a text."""
        scene = scene.astype(np.float32)
        norm = np.linalg.norm(scene)
        # Unit vectors: components of embeddings may be beyond half precision, those of unit vectors are not.
        unit = (scene / norm if norm else scene).astype(np.float16)
        code = self._codes.setdefault(row["label"], len(self._codes))
        line = json.dumps(row, ensure_ascii=False).encode("utf-8", "backslashreplace") + b"\n"
        values = {"vectors": unit, "norms": np.float32(norm), "labels": np.int32(code)}
        for name, value in {**values, "row_offsets": np.int64(self._lines)}.items():
            self._files[name].write(value.tobytes())
        self._rows.write(line)
        self._lines += len(line)
        self.count, self.width = self.count + 1, len(scene)

    def finish(self, about: dict[str, Any]) -> None:
        """Makes the sketches and writes `about`, by which the index is complete."""
        for file in (*self._files.values(), self._rows):
            file.close()
        vectors = np.memmap(self._path("vectors.bin"), np.float16, "r", shape=(self.count, self.width))
        directions = sketch.main_directions(vectors)
        np.save(self._path("directions.npy"), directions)
        with self._open("sketches.bin") as shorts, self._open("lacks.bin") as lacks:
            for first in range(0, self.count, _BLOCK):
                short, lack = sketch.sketches(to_single(vectors[first : first + _BLOCK]), directions)
                shorts.write(short.astype(np.float32).tobytes())
                lacks.write(lack.astype(np.float32).tobytes())
        sizes = {"count": self.count, "width": self.width, "sketch": directions.shape[1]}
        with open(self._path(ABOUT), "w", encoding="utf-8") as file:
            json.dump({"format": FORMAT, **sizes, "labels": list(self._codes), **about}, file, indent=1)

    def _path(self, name):
        return os.path.join(self._folder, name)

    def _open(self, name):
        return open(self._path(name), "wb")


def read_about(folder: str) -> dict[str, Any]:
    """What is known of an index.

    Raises:
        FileNotFoundError: there is no index.
        ValueError: it is one of another version of the package.
    """
    path = os.path.join(folder, ABOUT)
    if not os.path.isfile(path):
        raise FileNotFoundError(
            f"`index` must be a folder that byola search index has written. Received: index={folder!r}"
        )
    with open(path, encoding="utf-8") as file:
        about = json.load(file)
    if about.get("format") != FORMAT:
        raise ValueError(
            f"`index` must be of format {FORMAT}. Received: format {about.get('format')} in {folder!r}. "
            "Make the index again."
        )
    return about


def read_arrays(folder: str, about: dict[str, Any]) -> dict[str, np.ndarray]:
    """The arrays of an index by name, mapped from the disk; the main directions are read."""
    shapes = {"vectors": about["width"], "sketches": about["sketch"]}
    arrays = {"directions": np.load(os.path.join(folder, "directions.npy"))}
    for name, kind in _ARRAYS.items():
        shape = (about["count"], shapes[name]) if name in shapes else (about["count"],)
        arrays[name] = np.memmap(os.path.join(folder, f"{name}.bin"), kind, "r", shape=shape)
    return arrays


def to_single(vectors: np.ndarray) -> np.ndarray:
    """Half precision to single, exactly."""
    return np.take(_SINGLE, np.ascontiguousarray(vectors).view(np.uint16))
