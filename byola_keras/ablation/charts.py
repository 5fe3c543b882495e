"""The chart of a table of ablations."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def difference_chart(table, base, others: Sequence, scale_words: str) -> "Figure":
    """Draws, for each row, our difference to the base and the paper's as bars.

    Args:
        table: the table.
        base: outcome of its base row.
        others: outcomes of other rows.
        scale_words: at what scale ours were made, for the title.
    """
    from matplotlib.figure import Figure  # noqa: PLC0415

    figure = Figure(figsize=(9.0, 1.6 + 0.55 * len(others)), layout="constrained")
    axes = figure.add_subplot()
    places = np.arange(len(others))[::-1]
    printed = table.row(table.base).printed
    ours, intervals = zip(*(outcome.difference(base) for outcome in others), strict=True)
    # A row of one's own has no bar of the paper's.
    theirs = [float("nan") if outcome.row.own else outcome.row.printed - printed for outcome in others]
    axes.barh(places + 0.2, ours, 0.38, xerr=np.nan_to_num(intervals), capsize=2, color="C0", label="ours")
    axes.barh(places - 0.2, theirs, 0.38, color="C1", label="the paper")
    axes.axvline(0.0, color="black", linewidth=0.8)
    axes.set_yticks(places, [f"{outcome.row.name}: {outcome.row.title}" for outcome in others])
    axes.set_xlabel(f"difference to {base.row.title}, in points")
    axes.set_title(f"Table {table.number}: {table.title}\n({scale_words})", fontsize="medium")
    axes.grid(axis="x", alpha=0.3)
    axes.set_axisbelow(True)
    axes.legend(loc="best")
    return figure
