"""Embeddings in few dimensions."""

import sys

import numpy as np
import pytest

from byola_keras.explore import projection
from byola_keras.explore.points import read_points
from tests.search.stored_scenes import draw, write_scenes


def test_components_are_those_of_a_decomposition():
    scenes = draw(200, 24)
    unit = scenes / np.linalg.norm(scenes, axis=1, keepdims=True)
    centred = unit - unit.mean(axis=0)
    left, lengths, _ = np.linalg.svd(centred, full_matrices=False)
    found = projection.main_components(scenes, 2)
    np.testing.assert_allclose(np.abs(found), np.abs(left * lengths)[:, :2], atol=2e-3)
    assert projection.main_components(scenes[:1], 2).tolist() == [[0, 0]]
    assert projection.main_components(scenes[:3] * 0, 2).shape == (3, 2)


def test_umap_says_what_it_needs(monkeypatch):
    monkeypatch.setitem(sys.modules, "umap", None)
    assert projection.project(draw(10, 8))[1] == "pca"
    with pytest.raises(ImportError, match=r"byola-keras\[umap\]"):
        projection.project(draw(10, 8), "umap")


def test_of_many_points_some_are_drawn_with_their_names(tmp_path):
    scenes = draw(40, 8)
    write_scenes(tmp_path, scenes)
    points = read_points(str(tmp_path), most=10)
    assert points.scenes.shape == (10, 8) and len({stored.name for stored in points.stored}) == 10
    for stored, scene, label in zip(points.stored, points.scenes, points.labels, strict=True):
        np.testing.assert_allclose(scene, scenes[int(stored.name[2:5])] * 2 / 3, rtol=1e-6)
        assert label == stored.name[0] and points.titles()[0] == points.stored[0].name
    # Not only the first ones.
    assert max(int(stored.name[2:5]) for stored in points.stored) > 10
