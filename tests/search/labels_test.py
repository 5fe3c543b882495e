"""Labels of embeddings by the names of their files."""

import numpy as np
import pytest

from byola_keras.embedding.stored import StoredScene
from byola_keras.search.labels import Labels


def write(folder, text):
    path = folder / "labels.csv"
    path.write_text(text)
    return path


def stored(name, source="", start=0.0, end=None):
    return StoredScene(name, source, "abc", np.zeros(2), start, end)


def test_files_are_found_by_their_place_and_by_their_name(tmp_path):
    path = write(tmp_path, "file,kind\na/1.wav,crow\n./a/2.wav,owl\n")
    labels = Labels(f"{path}:kind")
    assert labels.of(stored("1.wav", f"{tmp_path}/a/1.wav")) == "crow"
    assert labels.of(stored("a/2.wav", "/moved/a/2.wav")) == "owl"
    assert labels.of(stored("3.wav", f"{tmp_path}/a/3.wav")) == ""


def test_a_piece_has_the_labels_of_its_middle(tmp_path):
    text = 'file_name,label,start,end\nx.wav,crow,0,1\nx.wav,"owl, wren",0.5,2\ny.wav,crow,,\n'
    labels = Labels(str(write(tmp_path, text)))
    pieces = {(0.0, 0.2): "crow", (0.6, 0.8): "crow, owl, wren", (1.2, 1.6): "owl, wren", (2.0, 2.5): ""}
    for (start, end), label in pieces.items():
        assert labels.of(stored("x.wav", start=start, end=end)) == label
    assert labels.of(stored("x.wav")) == "crow, owl, wren"
    assert labels.of(stored("y.wav", start=7.0, end=8.0)) == "crow"


def test_errors(tmp_path):
    with pytest.raises(FileNotFoundError, match="must be there"):
        Labels(str(tmp_path / "none.csv"))
    for text, message in (
        ("file,kind\nx.wav,crow\n", "label or labels; PATH:COLUMN"),
        ("sound,label\nx.wav,crow\n", "file or file_name"),
        ("file,label,start\nx.wav,crow,soon\n", "start='soon' in row 2"),
    ):
        with pytest.raises(ValueError, match=message):
            Labels(str(write(tmp_path, text)))
    with pytest.raises(ValueError, match="x.wav', and no embedding of any"):
        Labels(str(write(tmp_path, "file,label\nx.wav,crow\n"))).check_found(0)
