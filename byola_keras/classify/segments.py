"""Detections of neighbouring windows, joined to segments."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

# Times are sums of floats; so much is no gap.
_ROUNDING_SECONDS = 1e-6


class Segment(NamedTuple):
    """A stretch of a recording in which a class was heard.

    Attributes:
        start, end: where it lies, in seconds.
        label: the class.
        confidence: the highest probability of its windows.
    """

    start: float
    end: float
    label: str
    confidence: float


class Segments:
    """Joins windows in which a class was heard, one after the other, to segments.

    Args:
        labels: names of the classes.
        thresholds: for each class the probability from which on it counts as heard; infinity for never.
        gap_seconds: how far two windows of a class may lie apart and yet be one segment.
    """

    def __init__(self, labels: Sequence[str], thresholds: Sequence[float], gap_seconds: float = 0.0):
        self._labels, self._gap = labels, gap_seconds + _ROUNDING_SECONDS
        # As in float32, in which the probabilities are.
        self._thresholds = np.asarray(thresholds, np.float32)
        self._open: dict[int, Segment] = {}
        self._closed: list[Segment] = []

    def update(self, spans: np.ndarray, probabilities: np.ndarray) -> None:
        """Adds windows that follow those before.

        Args:
            spans: their start and end in seconds, [windows, 2].
            probabilities: [windows, classes].
        """
        for window, number in zip(*np.nonzero(probabilities >= self._thresholds), strict=True):
            (start, end), sure = spans[window], float(probabilities[window, number])
            open_one = self._open.get(number)
            if open_one and start <= open_one.end + self._gap:
                joined = max(open_one.end, float(end)), open_one.label, max(open_one.confidence, sure)
                self._open[number] = Segment(open_one.start, *joined)
                continue
            if open_one:
                self._closed.append(open_one)
            self._open[number] = Segment(float(start), float(end), self._labels[number], sure)

    def result(self) -> list[Segment]:
        """All segments by their start."""
        return sorted([*self._closed, *self._open.values()])
