"""Reads what a pre-training run left in its working directory."""

import csv


def losses(workdir):
    """The losses of all steps as they are written; every step must have its row, in order."""
    with open(workdir / "metrics.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["step"]) for row in rows] == list(range(1, len(rows) + 1))
    return [row["loss"] for row in rows]
