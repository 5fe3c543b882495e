"""How near an exported file's numbers are to the model's."""

import numpy as np


def relative_error(actual, expected):
    return np.abs(np.asarray(actual) - np.asarray(expected)).max() / np.abs(expected).max()


def cosine(actual, expected):
    """The lowest, of all vectors."""
    actual, expected = np.asarray(actual, np.float64), np.asarray(expected, np.float64)
    norms = np.linalg.norm(actual, axis=-1) * np.linalg.norm(expected, axis=-1)
    return ((actual * expected).sum(-1) / norms).min()
