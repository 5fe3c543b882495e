"""`metrics.csv`: a row for every step."""

import csv
import os

from byola_keras.atomic import replacing

FILE_NAME = "metrics.csv"
COLUMNS = (
    "step",
    "loss",
    "cosine",
    "projection_std",
    "learning_rate",
    "target_decay",
    "step_seconds",
    "data_seconds",
)


class MetricsFile:
    """Appends rows to `metrics.csv`; a resumed run goes on after the row of its checkpoint.

    Args:
        workdir: folder of the run.
        step: the step that the run goes on from; later rows, which will be made again, are cut off.
    """

    def __init__(self, workdir: str, step: int):
        path = os.path.join(workdir, FILE_NAME)
        rows = _rows_up_to(path, step)
        with replacing(path) as temporary, open(temporary, "w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(COLUMNS)
            writer.writerows(rows)
        self._file = open(path, "a", newline="")  # noqa: SIM115 (open for the whole run)
        self._writer = csv.writer(self._file)

    def write(self, row: dict) -> None:
        """Appends a row, a value for each of `COLUMNS`; losses with all their digits."""
        self._writer.writerow([row[column] for column in COLUMNS])

    def flush(self) -> None:
        """Makes the rows so far safe from a kill."""
        self._file.flush()
        os.fsync(self._file.fileno())

    def close(self) -> None:
        try:
            self.flush()
        finally:
            self._file.close()


def steps_done(workdir: str) -> int:
    """Steps that a run has done up to now, by the file of its folder; 0 where there is none."""
    rows = _whole_rows(os.path.join(workdir, FILE_NAME))
    return int(rows[-1][0]) if rows else 0


def _rows_up_to(path, step):
    return [row for row in _whole_rows(path) if int(row[0]) <= step]


def _whole_rows(path):
    if not os.path.exists(path):
        return []
    with open(path, newline="") as file:
        return [row for row in csv.reader(file) if len(row) == len(COLUMNS) and row[0].isdigit()]
