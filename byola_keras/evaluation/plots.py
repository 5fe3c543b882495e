"""Charts of results as PNG files; matplotlib is needed for these only."""

import math
from collections.abc import Mapping, Sequence

import numpy as np

from byola_keras.atomic import replacing

_DOTS_PER_INCH = 150
# A confusion matrix has the names of its classes, and its numbers, up to this many classes.
_LABELLED_CLASSES = 60
_NUMBERED_CLASSES = 20
# With two points any two tasks correlate perfectly.
_MIN_REPRESENTATIONS = 3


def bar_chart(path: str, table: Mapping[str, Mapping[str, tuple[float, float]]]) -> None:
    """Draws a group of bars a task, in it a bar a representation, with intervals as whiskers.

    Args:
        path: of the PNG.
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
    axes.set_ylabel("score (%)")
    # Room for the numbers above the bars.
    axes.set_ylim(0, 112)
    axes.set_yticks(range(0, 101, 20))
    axes.grid(axis="y", alpha=0.3)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    figure.legend(loc="outside upper left", ncols=max(1, int(figure.get_figwidth() // 3)), frameon=False)
    _save(figure, path)


def correlation_chart(path: str, names: Sequence[str], matrix: np.ndarray) -> None:
    """Draws how the tasks' scores correlate across representations, as a heat map with its numbers.

    Args:
        path: of the PNG.
        names: of the tasks.
        matrix: correlations [tasks, tasks]; an entry that is NaN stays blank.

    Raises:
        ImportError: matplotlib is not installed.
    """
    side = 2.5 + 0.6 * len(names)
    figure = _figure(side + 0.8, side)
    axes = figure.add_subplot()
    image = axes.imshow(matrix, cmap="RdBu_r", vmin=-1, vmax=1)
    _label_squares(axes, names)
    _write_numbers(axes, matrix, "{:.2f}", lambda value: abs(value) > 0.6)
    figure.colorbar(image, ax=axes, label="Pearson correlation across representations", shrink=0.85)
    _save(figure, path)


def task_correlation(means: dict[str, dict[str, float]], tasks: list[str]) -> tuple[list[str], np.ndarray]:
    """Pearson correlation of the tasks' scores across representations.

    Args:
        means: representation -> task -> score.
        tasks: their order.

    Returns:
        The tasks that share three representations with another one, and their correlations [tasks, tasks];
        NaN where two of them do not, or where all scores of a task are equal.
    """
    scores = np.array([[row.get(task, math.nan) for row in means.values()] for task in tasks])
    there = ~np.isnan(scores)
    shared = there.astype(int) @ there.T.astype(int)
    np.fill_diagonal(shared, 0)
    kept = np.flatnonzero((shared >= _MIN_REPRESENTATIONS).any(axis=1))
    matrix = np.array([[_pearson(scores[first], scores[second]) for second in kept] for first in kept])
    return [tasks[number] for number in kept], matrix


def confusion_chart(path: str, matrix: np.ndarray, classes: Sequence[str]) -> None:
    """Draws a confusion matrix as shares of each class's clips: every row adds up to 100 %.

    Args:
        path: of the PNG.
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
    axes.set_xlabel("predicted class")
    axes.set_ylabel("true class")
    figure.colorbar(image, ax=axes, label="share of the true class's clips (%)", shrink=0.85)
    _save(figure, path)


def _pearson(first, second):
    both = ~(np.isnan(first) | np.isnan(second))
    first, second = first[both], second[both]
    if len(first) < _MIN_REPRESENTATIONS or not np.ptp(first) or not np.ptp(second):
        return math.nan
    return float(np.corrcoef(first, second)[0, 1])


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
            f"Drawing charts needs the package {error.name}; run: pip install -e '.[evaluation]'"
        ) from error


def _figure(width, height):
    """A figure of its own: pyplot would keep it, and look for a screen."""
    check_installed()
    from matplotlib.figure import Figure  # noqa: PLC0415

    return Figure((width, height), layout="constrained")


def _save(figure, path):
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415

    FigureCanvasAgg(figure)
    with replacing(path) as temporary:
        figure.savefig(temporary, dpi=_DOTS_PER_INCH, format="png")
