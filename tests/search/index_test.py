"""Queries of an index answer as a comparison with every embedding does."""

import json
import sys

import numpy as np
import pytest

from byola_keras.search import approximate, build
from byola_keras.search.build import IndexRequest, build_index
from byola_keras.search.index import SearchIndex
from tests.search.stored_scenes import draw, write_scenes

SCENES = draw(300, 24)


@pytest.fixture(scope="module")
def embeddings(tmp_path_factory):
    return write_scenes(tmp_path_factory.mktemp("embeddings"), SCENES)


def index_of(embeddings, folder, monkeypatch=None, size=None, **options):
    if size:
        monkeypatch.setattr("byola_keras.search.sketch.main_directions.__defaults__", (size,))
    build_index(IndexRequest(str(embeddings), str(folder), **options))
    return SearchIndex(str(folder))


def stored(index):
    """All vectors in the order of the rows."""
    return np.stack([index.vector(row) for row in range(len(index))])


def test_rows_hold_names_labels_and_vectors(embeddings, tmp_path):
    index = index_of(embeddings, tmp_path / "index")
    assert len(index) == 300 and index.about["model_identity"] == "abc"
    row = index.find("b/007.wav")
    found = index.match(row)
    assert (found.name, found.source, found.start, found.end) == ("b/007.wav", "/sounds/b/007.wav", 0.0, None)
    # Without a file of labels the folder is the label.
    assert found.label == "b" and index.about["labels"] == ["a", "b"]
    # The pooling "mean" of two frames of the scene and one of zeros; unit vectors have 11 bits.
    np.testing.assert_allclose(index.vector(row), SCENES[7] * 2 / 3, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("metric", ["cosine", "l2"])
@pytest.mark.parametrize("size", [3, 24])
def test_answer_is_that_of_a_full_comparison(embeddings, tmp_path, monkeypatch, metric, size):
    """Also where sketches of three numbers lack half of a vector."""
    index = index_of(embeddings, tmp_path / "index", monkeypatch, size)
    vectors = stored(index)
    for query in (*draw(20, 24, seed=1), np.zeros(24), vectors[9] * 100):
        if metric == "cosine":
            norms = np.linalg.norm(vectors, axis=1) * max(np.linalg.norm(query), 1e-9)
            scores = -(vectors @ query) / norms
        else:
            scores = np.linalg.norm(vectors - query, axis=1)
        best = np.sort(scores)[:10]
        found = index.query(query, 10, metric)
        sign = -1 if metric == "cosine" else 1
        np.testing.assert_allclose([sign * match.score for match in found], best, rtol=2e-3, atol=2e-3)
        # Rows whose true scores are those of the best, up to half precision.
        np.testing.assert_allclose(
            np.sort(scores[[match.row for match in found]]), best, rtol=1e-3, atol=1e-3
        )


def test_label_and_the_query_itself(embeddings, tmp_path):
    index = index_of(embeddings, tmp_path / "index")
    row = index.find("a/004.wav")
    assert index.query(index.vector(row), 1)[0].row == row
    found = index.query(index.vector(row), 300, without=row)
    assert len(found) == 299 and row not in {match.row for match in found}
    found = index.query(index.vector(row), 300, label="b")
    assert len(found) == 150 and {match.label for match in found} == {"b"}
    found = index.query(index.vector(row), 5, label="a", without=row)
    assert len(found) == 5 and row not in {match.row for match in found}
    for wrong, message in (({"label": "cow"}, "it has a, b"), ({"metric": "dot"}, "must be one of")):
        with pytest.raises(ValueError, match=message):
            index.query(index.vector(row), **wrong)
    with pytest.raises(ValueError, match=r"must be finite and \[24\]"):
        index.query(np.zeros(3))
    with pytest.raises(ValueError, match=r"Did you mean 'a/002.wav'"):
        index.find("002.wav")


def test_values_beyond_half_precision_and_none_at_all(tmp_path):
    scenes = np.stack([SCENES[0] * 1e6, SCENES[1], SCENES[2] * 1e-6, SCENES[3] * 0])
    index = index_of(write_scenes(tmp_path / "embeddings", scenes), tmp_path / "index")
    for name, scene in zip(("a/000.wav", "b/001.wav", "a/002.wav"), scenes, strict=False):
        row = index.find(name)
        np.testing.assert_allclose(index.vector(row), scene * 2 / 3, rtol=2e-3, atol=1e-3 * scene.max())
        assert index.query(scene, 1)[0].row == row
    zero = index.query(SCENES[1], 4)[-1]
    assert zero.name == "b/003.wav" and zero.score == 0.0


def test_pieces_have_their_times(embeddings, tmp_path):
    index = index_of(embeddings, tmp_path / "index", window_seconds=0.08)
    assert len(index) == 600
    row = index.find("a/000.wav", at_seconds=0.1)
    assert (index.match(row).start, index.match(row).end) == (0.08, 0.12)
    assert not index.vector(row).any()
    np.testing.assert_allclose(index.vector(index.find("a/000.wav")), SCENES[0], rtol=1e-3, atol=1e-3)
    with pytest.raises(ValueError, match="ends at 0.12 seconds"):
        index.find("a/000.wav", at_seconds=0.13)


def test_what_is_no_embedding_and_no_place(embeddings, tmp_path):
    with pytest.raises(FileNotFoundError, match="in which there are none"):
        index_of(tmp_path, tmp_path / "index")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "precious").write_text("kept")
    with pytest.raises(FileExistsError, match="holds something else"):
        index_of(embeddings, tmp_path / "mine")
    assert (tmp_path / "mine" / "precious").read_text() == "kept"
    with pytest.raises(FileNotFoundError, match="that byola search index has written"):
        SearchIndex(str(tmp_path / "mine"))
    index_of(embeddings, tmp_path / "index")
    before = (tmp_path / "index" / "index.json").read_text()
    bad = write_scenes(tmp_path / "bad", [*SCENES[:3], SCENES[3] * np.nan])
    with pytest.raises(ValueError, match="must be finite"):
        index_of(bad, tmp_path / "index")
    # What was there stays, and nothing else is left.
    assert (tmp_path / "index" / "index.json").read_text() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bad", "index", "mine"]
    (tmp_path / "index" / "index.json").write_text(json.dumps({"format": 0}))
    with pytest.raises(ValueError, match="Make the index again"):
        SearchIndex(str(tmp_path / "index"))


def test_approximate_index_says_what_it_needs(embeddings, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "usearch", None)
    with pytest.raises(ImportError, match=r"byola-keras\[usearch\]"):
        index_of(embeddings, tmp_path / "index", method="approximate")
    assert not (tmp_path / "index").exists()


def test_approximate_index_finds_nearly_all(embeddings, tmp_path, monkeypatch):
    pytest.importorskip("usearch")
    monkeypatch.setattr(build, "MOST_EXACT", 299)
    monkeypatch.setattr(approximate, "_AT_LEAST", 60)
    exact = index_of(embeddings, tmp_path / "exact", method="exact")
    index = index_of(embeddings, tmp_path / "graph")
    assert index.about["approximate"] and not exact.about["approximate"]
    same = []
    for query in draw(30, 24, seed=1):
        wanted, found = exact.query(query, 3), index.query(query, 3)
        same.append(len({match.row for match in wanted} & {match.row for match in found}) / 3)
        assert index.query(query, 3, label="b") == exact.query(query, 3, label="b")
    assert np.mean(same) >= 0.98
