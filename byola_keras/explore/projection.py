"""Embeddings in few dimensions."""

import numpy as np

from byola_keras.search.sketch import main_directions

METHODS = ("auto", "pca", "umap")
# Directions that the subspace iteration follows beside those that are wanted.
_MORE = 14
# UMAP looks for neighbours among so many main directions.
_UMAP_DIRECTIONS = 50
_SEED = 0


def main_components(scenes: np.ndarray, count: int) -> np.ndarray:
    """Principal components of embeddings of unit length, float32 [points, count], with the mean at 0.

    Args:
        scenes: float32 [points, D].
        count: number of components; those beyond D or the number of points are 0.
    """
    unit = scenes / np.maximum(np.linalg.norm(scenes, axis=1, keepdims=True), np.finfo(np.float32).tiny)
    centred = unit - unit.mean(axis=0)
    short = centred @ main_directions(centred, count + _MORE)
    left, lengths, right = np.linalg.svd(short, full_matrices=False)
    # The sign of a component is free: its largest part is positive, on any machine.
    signs = np.sign(right[np.arange(len(right)), np.abs(right).argmax(axis=1)])
    found = (left * lengths * signs)[:, :count]
    return np.pad(found, ((0, 0), (0, count - found.shape[1]))).astype(np.float32)


def project(scenes: np.ndarray, method: str = "auto") -> tuple[np.ndarray, str]:
    """Embeddings in two dimensions.

    Args:
        scenes: float32 [points, D].
        method: "pca", "umap" (which needs the package umap-learn), or "auto": UMAP where it is installed.

    Returns:
        float32 [points, 2], and which method it was.

    Raises:
        ImportError: UMAP is wanted and not installed.
    """
    umap = None if method == "pca" else _import_umap(needed=method == "umap")
    # Of fewer points UMAP can make no map.
    if umap is None or len(scenes) <= 4:  # noqa: PLR2004
        return main_components(scenes, 2), "pca"
    reduced = main_components(scenes, min(_UMAP_DIRECTIONS, scenes.shape[1]))
    neighbours = min(15, len(scenes) - 1)
    found = umap.UMAP(n_neighbors=neighbours, random_state=_SEED, n_jobs=1).fit_transform(reduced)
    return np.asarray(found, np.float32), "umap"


def _import_umap(needed):
    try:
        import umap  # noqa: PLC0415
    except ImportError as error:
        if needed:
            raise ImportError(
                "UMAP needs the package umap-learn; run: pip install 'byola-keras[umap]', or take "
                "--method=pca."
            ) from error
        return None
    return umap
