"""The paper's Tables IV and V as printed, to stand below one's own results.

Both tables are linear evaluations with frozen encoders. Table IV gives accuracies on nine tasks in percent,
each with the half width of its 95 % confidence interval; Table V gives FSD50K in shares of 1, without
intervals: mean average precision (mAP) and area under the ROC curve over all 200 classes, and the mAP of the
three subsets of Table XVI.

Reference:
    https://arxiv.org/abs/2204.07402, Sections IV-C2 and IV-C3.
"""

import math
from typing import NamedTuple

SOURCE = (
    "Tables IV and V of the paper (https://arxiv.org/abs/2204.07402), as printed; ± is half the width of the "
    "95 % confidence interval, which Table V does not give. In brackets, what a model learned from: S "
    "labels, Sas the labels of AudioSet, Ux sound and another modality, U sound alone."
)
REPORTED = "Table IV repeats these figures from other papers; they were not measured with the other rows."
# On FSD50K the paper sets the rows of PANNs, ESResNeXt and AST apart.
AUDIOSET_LABELS = (
    "Models that learned from the labels of AudioSet [Sas] are set apart in Table V: the classes of FSD50K "
    "are among those of AudioSet."
)

# The tasks of Table IV; its average is over these nine.
TASKS = ("esc50", "us8k", "spcv2", "vc1", "voxforge", "cremad", "gtzan", "nsynth", "surge")
# The columns of Table V; all but the second are mean average precisions.
FSD50K_COLUMNS = ("fsd50k", "fsd50k_auc", "fsd50k_single_source", "fsd50k_sequential", "fsd50k_scene")


class PublishedRow(NamedTuple):
    """Results of one representation.

    Attributes:
        model: name as printed.
        label: "S", "Sas", "Ux" or "U", see `SOURCE`.
        reported: whether the paper repeats what another paper reports, instead of measuring it.
        scores: task of `TASKS` or column of `FSD50K_COLUMNS` -> (score, half width of its interval) in
            percent; an interval that is not printed is NaN, a score that is not printed is left out.
        average: over `TASKS` in percent as printed; NaN if it is not printed.
    """

    model: str
    label: str
    reported: bool
    scores: dict[str, tuple[float, float]]
    average: float


# Model, label, score and interval on each of TASKS, average.
_TABLE_IV = """
TRILL       | U   | -        | -        | 74.9     | 17.9     | 88.1     | 68.1     | -        | -        | -        | -
COLA        | U   | -        | -        | 62.4     | 29.9     | 71.3     | -        | -        | 63.4     | -        | -
Wang et al. | Ux  | -        | -        | 82.2     | 38.2     | 79.0     | -        | -        | 68.3     | -        | -
VGGish      | S   | 68.2 1.1 | 75.1 0.3 | 14.3 0.3 |  9.0 0.2 | 75.7 0.3 | 44.4 1.1 | 75.3 6.7 | 53.9 0.4 |  8.8 0.2 | 47.2
VGGish-4K   | S   | 79.5 0.4 | 78.5 0.3 | 47.0 0.6 | 25.0 1.1 | 85.4 0.2 | 50.8 1.8 | 70.2 8.6 | 68.8 0.5 | 19.7 0.1 | 58.3
PANNs       | Sas | 90.1 0.4 | 82.0 0.7 | 51.4 0.3 |  8.0 0.4 | 75.0 0.4 | 50.7 0.2 | 79.7 3.1 | 66.0 0.3 | 10.4 0.7 | 57.0
ESResNeXt   | Sas | 89.0 1.2 | 84.3 0.4 | 68.0 0.9 | 17.7 0.4 | 82.6 0.9 | 57.1 1.0 | 81.3 1.3 | 69.5 0.8 | 18.2 1.2 | 63.1
AST         | Sas | 93.5 0.4 | 85.5 0.2 | 71.8 0.4 | 16.5 0.4 | 81.2 0.2 | 57.9 0.6 | 84.3 1.8 | 73.2 0.2 | 25.8 0.2 | 65.5
COALA       | Ux  | 74.7 1.3 | 71.9 1.0 | 56.6 0.3 | 12.1 0.4 | 73.9 0.2 | 49.3 0.3 | 58.3 5.4 | 71.3 1.1 | 29.5 0.1 | 55.3
OpenL3-E    | Ux  | 81.2 1.3 | 80.7 0.4 | 86.8 0.2 | 40.1 0.9 | 88.8 0.2 | 59.6 1.4 | 72.9 0.5 | 74.0 0.8 | 38.0 0.2 | 69.1
OpenL3-M    | Ux  | 82.2 0.8 | 80.4 0.3 | 87.9 0.1 | 40.7 0.6 | 90.1 0.6 | 60.4 1.0 | 73.3 3.0 | 75.6 0.5 | 36.4 0.6 | 69.7
TRILL       | U   | 75.4 0.7 | 75.2 1.3 | 78.4 0.8 | 40.1 1.1 | 88.8 0.3 | 58.8 2.3 | 64.4 1.8 | 74.3 1.8 | 28.7 1.0 | 64.9
Wav2Vec2-F  | U   | 65.6 1.7 | 67.8 0.3 | 85.8 0.2 | 32.0 0.3 | 81.7 0.1 | 56.4 0.5 | 62.3 1.0 | 62.2 0.8 | 30.0 0.4 | 60.4
Wav2Vec2-C  | U   | 57.6 0.8 | 66.9 0.4 | 96.6 0.0 | 40.9 0.6 | 99.2 0.1 | 65.5 1.7 | 57.8 1.3 | 56.6 0.6 | 15.2 0.9 | 61.8
BYOL-A      | U   | 83.2 0.6 | 79.7 0.5 | 93.1 0.4 | 57.6 0.2 | 93.3 0.3 | 63.8 1.0 | 70.1 3.6 | 73.1 0.8 | 37.6 0.3 | 72.4
"""  # noqa: E501 (a table)

# Model, and its score in each of FSD50K_COLUMNS.
_TABLE_V = """
PANNs      | 0.494 | 0.904 | 0.466 | 0.424 | 0.511
ESResNeXt  | 0.524 | 0.911 | 0.490 | 0.443 | 0.611
AST        | 0.589 | 0.928 | 0.561 | 0.528 | 0.609
VGGish     | 0.320 | 0.886 | 0.287 | 0.260 | 0.513
VGGish-4K  | 0.352 | 0.835 | 0.342 | 0.267 | 0.445
COALA      | 0.310 | 0.854 | 0.326 | 0.230 | 0.404
OpenL3-E   | 0.420 | 0.879 | 0.433 | 0.305 | 0.486
OpenL3-M   | 0.429 | 0.880 | 0.447 | 0.302 | 0.498
TRILL      | 0.330 | 0.841 | 0.336 | 0.241 | 0.455
Wav2Vec2-F | 0.273 | 0.859 | 0.292 | 0.179 | 0.379
Wav2Vec2-C | 0.240 | 0.843 | 0.252 | 0.200 | 0.332
BYOL-A     | 0.448 | 0.896 | 0.473 | 0.313 | 0.496
"""


def published_rows() -> list[PublishedRow]:
    """The rows of Table IV in the order printed, the last of them BYOL-A's, each with its row of Table V."""
    fsd50k = dict(_fsd50k_row(line) for line in _TABLE_V.strip().splitlines())
    return [_row(line, fsd50k) for line in _TABLE_IV.strip().splitlines()]


def _row(line, fsd50k):
    model, label, *cells, average = (cell.strip() for cell in line.split("|"))
    scores = {task: _score(cell) for task, cell in zip(TASKS, cells, strict=True) if cell != "-"}
    # A row that the paper measured itself has an average; one that it repeats from elsewhere has none.
    if average == "-":
        return PublishedRow(model, label, True, scores, math.nan)
    return PublishedRow(model, label, False, scores | fsd50k[model], float(average))


def _score(cell):
    score, _, interval = cell.partition(" ")
    return float(score), float(interval or "nan")


def _fsd50k_row(line):
    model, *cells = (cell.strip() for cell in line.split("|"))
    # Rounded, as 100 times 0.473 is 47.3 by chance only.
    scores = [(round(100 * float(cell), 1), math.nan) for cell in cells]
    return model, dict(zip(FSD50K_COLUMNS, scores, strict=True))
