"""An index that can be asked what is nearest to a vector."""

import json
import os
from typing import Any, NamedTuple

import numpy as np

from byola_keras.search import sketch
from byola_keras.search.approximate import Graph
from byola_keras.search.index_files import ROWS, read_about, read_arrays, to_single
from byola_keras.search.labels import parts

METRICS = ("cosine", "l2")
# Sketches of so many of the best, for each neighbour that is wanted, are looked at first.
_FIRST_LOOK = 4
_BLOCK = 512
# Beyond the rounding of single precision in sketches and what they lack.
_SLACK = 1e-5


class Match(NamedTuple):
    """An embedding of the index that is near to a query.

    Attributes:
        row: its number in the index.
        score: cosine, or Euclidean distance.
        name, source, start, end, label: as of `StoredScene`, and its label.
    """

    row: int
    score: float
    name: str
    source: str
    start: float
    end: float | None
    label: str


class SearchIndex:
    """An index that `build_index` has written, mapped from the disk.

    A query reads all sketches, 1 kB for each embedding, and of the embeddings themselves only those that can
    be among the nearest, see `sketch`: the answer is that of a comparison with every stored vector. An
    approximate index reads a few hundred of each.

    Args:
        folder: folder of the index.

    Attributes:
        about: what index.json holds: "count", "width", "model_identity", "model", "labels" and others.

    Raises:
        FileNotFoundError: there is no index.
        ValueError: it is of another version.
        ImportError: it is approximate and usearch is not installed.
    """

    def __init__(self, folder: str):
        self.about: dict[str, Any] = read_about(folder)
        self._folder = folder
        self._arrays = read_arrays(folder, self.about)
        self._graph = Graph(folder, self.about["sketch"]) if self.about["approximate"] else None

    def __len__(self):
        return self.about["count"]

    def query(
        self,
        vector: np.ndarray,
        count: int = 10,
        metric: str = "cosine",
        label: str | None = None,
        without: int | None = None,
    ) -> list[Match]:
        """The embeddings that are nearest to a vector.

        Args:
            vector: [D], finite.
            count: how many are wanted at most.
            metric: "cosine", the greatest first, or "l2", the smallest distance first. The graph of an
                approximate index knows cosines only: with "l2" it may miss more.
            label: only those with this label; None takes all. With a label an approximate index is
                exact, too.
            without: row that is left out, such as that of the query itself.

        Raises:
            ValueError: the vector has another size or is not finite, the metric or the label is unknown.
        """
        vector = self._checked(vector, metric)
        norm = np.linalg.norm(vector)
        unit = (vector / norm if norm else vector).astype(np.float32)
        rows = self._allowed(label)
        if rows is not None and without is not None:
            rows = rows[rows != without]
        short, lack = sketch.sketches(unit[None], self._arrays["directions"])
        if self._graph is not None and rows is None:
            # One more: the row that is left out is among them.
            rows = self._graph.candidates(short[0], count + 1)
        scale = (metric, norm)
        found, scores = self._nearest(unit, short[0], lack[0], rows, count + (without is not None), scale)
        kept = [(row, score) for row, score in zip(found, scores, strict=True) if row != without][:count]
        return [self.match(int(row), _shown(score, metric)) for row, score in kept]

    def match(self, row: int, score: float = 1.0) -> Match:
        """What is known of a row, with a score."""
        with open(os.path.join(self._folder, ROWS), "rb") as file:
            file.seek(int(self._arrays["row_offsets"][row]))
            return Match(row, score, **json.loads(file.readline()))

    def vector(self, row: int) -> np.ndarray:
        """The stored embedding of a row, float32 [D], in half precision but for its length."""
        return to_single(self._arrays["vectors"][row]) * self._arrays["norms"][row]

    def find(self, name: str, at_seconds: float = 0.0) -> int:
        """The row of a file by its name or source; of several pieces that at some second.

        Raises:
            ValueError: there is none, or the file ends before.
        """
        pieces, near = [], []
        with open(os.path.join(self._folder, ROWS), encoding="utf-8") as file:
            for row, line in enumerate(file):
                known = json.loads(line)
                if name in (known["name"], known["source"]):
                    pieces.append((row, known["start"], known["end"]))
                elif name in known["name"]:
                    near.append(known["name"])
        for row, start, end in pieces:
            if end is None or start <= at_seconds < end:
                return row
        if pieces:
            raise ValueError(
                f"`at` must be within the sound. Received: at={at_seconds:g}, and {name!r} ends at "
                f"{pieces[-1][2]:g} seconds."
            )
        hint = f" Did you mean {near[0]!r}?" if near else " --clip takes sound that is not in the index."
        raise ValueError(f"`name` must be one of the index. Received: name={name!r}.{hint}")

    def _checked(self, vector, metric):
        vector = np.asarray(vector, np.float32)
        if vector.shape != (self.about["width"],) or not np.isfinite(vector).all():
            raise ValueError(
                f"`vector` must be finite and [{self.about['width']}], as those of the index. Received: "
                f"shape={list(vector.shape)}"
            )
        if metric not in METRICS:
            raise ValueError(f"`metric` must be one of {METRICS}. Received: metric={metric!r}")
        return vector

    def _allowed(self, label):
        """The rows with a label; None for all."""
        if label is None:
            return None
        codes = [code for code, text in enumerate(self.about["labels"]) if label in (text, *parts(text))]
        if not codes:
            known = sorted({part for text in self.about["labels"] for part in parts(text)})
            raise ValueError(
                f"`label` must be one of the index. Received: label={label!r}; it has "
                f"{', '.join(known[:20]) or 'no labels'}{' and more' if len(known) > 20 else ''}"
            )
        return np.flatnonzero(np.isin(self._arrays["labels"], codes))

    def _nearest(self, unit, short, lack, rows, count, scale):
        """Rows and scores of the nearest, best first; `rows` are those that may be taken, None all."""
        sketches, lacks, norms = (self._arrays[name] for name in ("sketches", "lacks", "norms"))
        if rows is not None:
            sketches, lacks, norms = sketches[rows], lacks[rows], norms[rows]
        about, slack = sketches @ short, lacks * lack + _SLACK
        best = _as_scores(about + slack, norms, scale)
        first = _top(_as_scores(about, norms, scale), _FIRST_LOOK * count)
        places, scores = first, self._scores(unit, first, rows, scale)
        # No row below can be among the nearest.
        needed = np.sort(scores)[-min(count, len(scores))] if len(scores) else 0.0
        best[first] = -np.inf
        others = np.flatnonzero(best >= needed)
        places = np.concatenate([places, others])
        scores = np.concatenate([scores, self._scores(unit, others, rows, scale)])
        order = np.lexsort((places, -scores))[:count]
        return (places if rows is None else rows[places])[order], scores[order]

    def _scores(self, unit, places, rows, scale):
        """Scores by the stored vectors themselves, float32."""
        rows = places if rows is None else rows[places]
        scores = np.empty(len(rows), np.float32)
        for first in range(0, len(rows), _BLOCK):
            block = rows[first : first + _BLOCK]
            cosines = to_single(self._arrays["vectors"][block]) @ unit
            scores[first : first + len(block)] = _as_scores(cosines, self._arrays["norms"][block], scale)
        return scores


def _as_scores(cosines, norms, scale):
    """Cosines as scores of which the greatest is the nearest; for a distance its negative square."""
    metric, norm = scale
    return cosines if metric == "cosine" else 2 * norm * norms * cosines - norms**2 - norm**2


def _top(scores, count):
    """Places of the greatest scores, in any order."""
    count = min(count, len(scores))
    return np.argpartition(scores, len(scores) - count)[len(scores) - count :] if count else np.zeros(0, int)


def _shown(score, metric):
    return float(score) if metric == "cosine" else float(np.sqrt(max(0.0, -score)))
