"""What stands in the charts."""

import struct
import sys

import numpy as np
import pytest

from byola_keras.evaluation import plots


def words(figure):
    """All texts of a figure but those of the legend."""
    axes = figure.axes[0]
    labels = [*axes.get_xticklabels(), *axes.get_yticklabels()]
    return [axes.get_title(), axes.get_xlabel(), axes.get_ylabel(), *(label.get_text() for label in labels)]


def numbers(figure):
    return [text.get_text() for text in figure.axes[0].texts]


def test_bars():
    table = {
        "one": {"birds": (80.0, 2.0), "whales": (60.0, float("nan"))},
        "two": {"whales": (50.0, 1.0), "a long title": (25.04, 0.0)},
    }
    figure = plots.bar_chart(table)
    axes = figure.axes[0]
    assert {"birds", "whales", "a long title", "score (%)", "Probes of frozen representations"} <= set(
        words(figure)
    )
    assert [bar.get_height() for bar in axes.patches] == [80.0, 60.0, 50.0, 25.04]
    assert numbers(figure) == ["80.0", "60.0", "50.0", "25.0"]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["one", "two"]
    # A bar stands over its task: one's left of the middle, two's right of it.
    centres = [bar.get_x() + bar.get_width() / 2 for bar in axes.patches]
    np.testing.assert_allclose(centres, [-0.21, 0.79, 1.21, 2.21], atol=0.01)
    # Whiskers end at the limits of the interval; a NaN has none.
    ends = [segment[:, 1].tolist() for lines in axes.containers for segment in whiskers(lines)]
    assert ends == [[78.0, 82.0], [49.0, 51.0], [25.04, 25.04]]


def whiskers(container):
    return container.lines[2][0].get_segments() if hasattr(container, "lines") else []


def test_correlation():
    matrix = np.array([[1.0, -0.256], [-0.256, np.nan]])
    figure = plots.correlation_chart(["runs/one", "BYOL-A †"], matrix)
    assert words(figure)[0].startswith("Correlation of representations over tasks")
    assert words(figure)[3:] == ["runs/one", "BYOL-A †"] * 2
    assert numbers(figure) == ["1.00", "-0.26", "-0.26"]
    assert figure.axes[1].get_ylabel() == "Pearson correlation over the tasks that both have"


def test_confusion():
    figure = plots.confusion_chart("Birds: runs/one", np.array([[3, 1], [0, 0]]), ["crow", "owl"])
    assert words(figure) == ["Birds: runs/one", "predicted class", "true class", "crow", "owl", "crow", "owl"]
    # Shares of the true class; the class without clips is blank.
    assert numbers(figure) == ["75", "25"]
    shares = figure.axes[0].images[0].get_array()
    np.testing.assert_array_equal(np.ma.filled(shares, -1), [[75, 25], [-1, -1]])


@pytest.mark.parametrize(
    ("classes", "named", "numbered"), [(20, True, True), (21, True, False), (61, False, False)]
)
def test_many_classes(classes, named, numbered):
    names = [f"class {number}" for number in range(classes)]
    figure = plots.confusion_chart("Many", np.eye(classes, dtype=int), names)
    assert (set(names) <= set(words(figure))) == named and bool(numbers(figure)) == numbered


def test_saved_whole_or_not_at_all(tmp_path):
    path = tmp_path / "chart.png"
    plots.save(plots.bar_chart({"one": {"birds": (80.0, 2.0)}}), str(path))
    data = path.read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n" and data[-8:-4] == b"IEND"
    width, height = struct.unpack(">II", data[16:24])
    assert 500 < width < 4000 and 500 < height < 2000
    assert [file.name for file in tmp_path.iterdir()] == ["chart.png"]


def test_missing_matplotlib(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    for call in (plots.check_installed, lambda: plots.correlation_chart(["one"], np.ones((1, 1)))):
        with pytest.raises(ImportError, match=r"matplotlib.*\[evaluation\]"):
            call()
