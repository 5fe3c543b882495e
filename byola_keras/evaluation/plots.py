"""Charts of results; matplotlib is needed for these only."""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from byola_keras.atomic import replacing

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_DOTS_PER_INCH = 150
# A confusion matrix has the names of its classes, and its numbers, up to this many classes.
_LABELLED_CLASSES = 60
_NUMBERED_CLASSES = 20


def bar_chart(table: Mapping[str, Mapping[str, tuple[float, float]]]) -> "Figure":
    """Draws a group of bars for each task, in it a bar for each representation, with intervals as whiskers.

    Args:
        table: representation -> task -> (mean, half the width of the interval), in percent. A task that a
            representation lacks leaves a gap; an interval that is NaN has no whisker.

    Raises:
        ImportError: matplotlib is not installed.
    """
    tasks = list(dict.fromkeys(task for scores in table.values() for task in scores))
    bars = len(tasks) * len(table)
    figure = _figure(max(6.0, 1.5 + 0.2 * bars + 0.5 * len(tasks)), 4.8)
    axes = figure.add_subplot()
    width = 0.84 / len(table)
    for number, (name, scores) in enumerate(table.items()):
        offset = (number - (len(table) - 1) / 2) * width
        _draw_bars(axes, f"C{number % 10}", name, scores, tasks, offset, width, hatched=number >= 10)
    # Titles of tasks of one's own may be longer than their group of bars.
    slanted = {"rotation": 20, "ha": "right"} if max(map(len, tasks)) > 12 else {}
    axes.set_xticks(range(len(tasks)), tasks, **slanted)
    axes.set_title("Probes of frozen representations")
    axes.set_ylabel("score (%)")
    # Room for the numbers above the bars.
    axes.set_ylim(0, 112)
    axes.set_yticks(range(0, 101, 20))
    axes.grid(axis="y", alpha=0.3)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    figure.legend(loc="outside upper left", ncols=max(1, int(figure.get_figwidth() // 3)), frameon=False)
    return figure


def correlation_chart(names: Sequence[str], matrix: np.ndarray) -> "Figure":
    """Draws how representations correlate over their tasks, as a heat map with its numbers.

    Args:
        names: of the representations.
        matrix: correlations [representations, representations]; an entry that is NaN stays blank.

    Raises:
        ImportError: matplotlib is not installed.

    Reference:
        https://arxiv.org/abs/2204.07402, Section IV-C2, Fig. 6.
    """
    side = 2.5 + 0.6 * len(names)
    figure = _figure(side + 0.8, side)
    axes = figure.add_subplot()
    image = axes.imshow(matrix, cmap="RdBu_r", vmin=-1, vmax=1)
    axes.set_title("Correlation of representations over tasks († published)")
    _label_squares(axes, names)
    _write_numbers(axes, matrix, "{:.2f}", lambda value: abs(value) > 0.6)
    figure.colorbar(image, ax=axes, label="Pearson correlation over the tasks that both have", shrink=0.85)
    return figure


def confusion_chart(title: str, matrix: np.ndarray, classes: Sequence[str]) -> "Figure":
    """Draws a confusion matrix as shares of each class's clips: every row adds up to 100 %.

    Args:
        title: of the chart.
        matrix: counts [classes, classes], a row a true class, as `metrics.confusion_matrix` gives it. A class
            without clips is a blank row.
        classes: their names; above 60 they are not written, above 20 the numbers are not.

    Raises:
        ImportError: matplotlib is not installed.
    """
    clips = np.asarray(matrix, "float64").sum(axis=1, keepdims=True)
    shares = 100 * np.divide(matrix, clips, out=np.full(np.shape(matrix), np.nan), where=clips > 0)
    labelled = len(classes) <= _LABELLED_CLASSES
    numbered = len(classes) <= _NUMBERED_CLASSES
    side = 2.5 + (0.45 if numbered else 0.17) * min(len(classes), _LABELLED_CLASSES)
    figure = _figure(side + 0.8, side)
    axes = figure.add_subplot()
    image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=100)
    if labelled:
        _label_squares(axes, classes, size=9 if numbered else 7)
    if numbered:
        _write_numbers(axes, shares, "{:.0f}", lambda value: value > 60)
    axes.set_title(title)
    axes.set_xlabel("predicted class")
    axes.set_ylabel("true class")
    figure.colorbar(image, ax=axes, label="share of the true class's clips (%)", shrink=0.85)
    return figure


def _draw_bars(axes, color, name, scores, tasks, offset, width, hatched):
    places = [place + offset for place, task in enumerate(tasks) if task in scores]
    means, intervals = zip(*(scores[task] for task in tasks if task in scores), strict=True)
    axes.bar(places, means, width * 0.94, color=color, label=name, hatch="//" if hatched else None)
    for place, mean, interval in zip(places, means, intervals, strict=True):
        top = mean
        if not math.isnan(interval):
            axes.errorbar(place, mean, interval, color="black", linewidth=1, capsize=2.5)
            top += interval
        axes.annotate(
            f"{mean:.1f}",
            (place, top),
            (0, 3),
            textcoords="offset points",
            ha="center",
            va="bottom",
            rotation=90,
            fontsize=7,
        )


def _label_squares(axes, names, size=9):
    axes.set_xticks(range(len(names)), names, rotation=90, fontsize=size)
    axes.set_yticks(range(len(names)), names, fontsize=size)
    axes.tick_params(length=0)


def _write_numbers(axes, matrix, form, is_dark):
    for (row, column), value in np.ndenumerate(matrix):
        if not math.isnan(value):
            color = "white" if is_dark(value) else "black"
            text = form.format(value)
            axes.text(column, row, text, ha="center", va="center", color=color, fontsize=8)


def check_installed() -> None:
    """Says what is missing, before hours of work whose result is to be drawn.

    Raises:
        ImportError: matplotlib is not installed.
    """
    try:
        import matplotlib.figure  # noqa: F401, PLC0415
    except ImportError as error:
        raise ImportError(
            f"Drawing charts needs the package {error.name}; run: pip install 'byola-keras[evaluation]'"
        ) from error


def _figure(width, height):
    """A figure of its own: pyplot would keep it, and look for a screen."""
    check_installed()
    from matplotlib.figure import Figure  # noqa: PLC0415

    return Figure((width, height), layout="constrained")


def save(figure: "Figure", path: str) -> None:
    """Writes a chart as a PNG file, whole or not at all."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415

    FigureCanvasAgg(figure)
    with replacing(path) as temporary:
        # Legends with long names may be wider than the axes.
        figure.savefig(temporary, dpi=_DOTS_PER_INCH, format="png", bbox_inches="tight")
