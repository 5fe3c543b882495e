"""What `byola embed` has written is read as it was."""

import numpy as np
import pytest

from byola_keras.embedding.stored import read_scenes
from tests.search.stored_scenes import draw, write_scenes

SCENES = draw(6, 8)


@pytest.mark.parametrize("output_format", ["npz", "parquet", "tfrecord"])
def test_scenes_of_every_format(tmp_path, output_format):
    if output_format == "parquet":
        pytest.importorskip("pyarrow")
    write_scenes(tmp_path, SCENES, output_format)
    found = {stored.name: stored for stored in read_scenes(str(tmp_path))}
    assert sorted(found) == ["a/000.wav", "a/002.wav", "a/004.wav", "b/001.wav", "b/003.wav", "b/005.wav"]
    for number, name in enumerate(sorted(found, key=lambda name: name[2:])):
        stored = found[name]
        np.testing.assert_allclose(stored.scene, SCENES[number] * 2 / 3, rtol=1e-6)
        assert stored[:3] == (name, f"/sounds/{name}", "abc") and stored[4:] == (0.0, None)


def test_pieces_are_pooled_frames(tmp_path):
    write_scenes(tmp_path, SCENES[:1])
    first, last = read_scenes(str(tmp_path), 0.08)
    np.testing.assert_allclose(first.scene, SCENES[0], rtol=1e-6)
    assert (first.start, first.end) == (0.0, 0.08) and (last.start, last.end) == (0.08, 0.12)
    assert not last.scene.any()
    # One piece, longer than the file, is the file.
    (whole,) = read_scenes(str(tmp_path), 10.0)
    np.testing.assert_allclose(whole.scene, SCENES[0] * 2 / 3, rtol=1e-6)


def test_errors(tmp_path):
    with pytest.raises(FileNotFoundError, match="in which there are none"):
        list(read_scenes(str(tmp_path)))
    write_scenes(tmp_path / "table", SCENES, "tfrecord")
    with pytest.raises(ValueError, match="needs frames, which tables do not have"):
        list(read_scenes(str(tmp_path / "table"), 1.0))
    write_scenes(tmp_path / "two", SCENES[:1])
    write_scenes(tmp_path / "two", SCENES[1:2], names=["other.wav"], model="def")
    with pytest.raises(ValueError, match="must be of one model"):
        list(read_scenes(str(tmp_path / "two")))
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "x.wav.npz").write_bytes(b"PK")
    with pytest.raises(ValueError, match="Embed again, or remove it"):
        list(read_scenes(str(tmp_path / "broken")))
    np.savez(tmp_path / "broken" / "x.wav.npz", scene=SCENES[0], model="abc")
    assert len(list(read_scenes(str(tmp_path / "broken")))) == 1
    with pytest.raises(ValueError, match="with frames"):
        list(read_scenes(str(tmp_path / "broken"), 1.0))
