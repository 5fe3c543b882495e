"""Linear-evaluation results that others published, to stand below one's own.

Source: the README of the BYOL-A authors' evaluation repository EVAR, section 7-2, at the commit in
`SOURCE_URL`. The tables of the paper (arXiv 2204.07402) were not seen; of the paper itself only the abstract
was, and it gives two of these numbers: BYOL-A's average of 72.4 % and its 57.6 % on VoxCeleb1. The README
says neither that its rows are the paper's nor what its "±" means. FSD50K rows were not found, so they are
absent.
"""

from typing import NamedTuple

SOURCE_URL = (
    "https://github.com/nttcslab/eval-audio-repr/blob/57a17773faad83f4ae054c490e31fc45d2477d10/README.md"
)
SOURCE = (
    f"README of the authors' evaluation repository EVAR, section 7-2, commit 57a1777 ({SOURCE_URL}). It says "
    "neither that its rows are those of the paper (arXiv 2204.07402) nor what ± means. The paper's tables "
    "were not seen; its abstract confirms BYOL-A's average (72.4) and VoxCeleb1 (57.6). No FSD50K rows were "
    "found."
)

# The tasks of the rows, in the README's order; `average` is over these nine.
TASKS = ("esc50", "us8k", "spcv2", "vc1", "voxforge", "cremad", "gtzan", "nsynth", "surge")


class PublishedRow(NamedTuple):
    """Results of one representation, in percent accuracy.

    Attributes:
        model: name as the README has it.
        scores: task -> (mean, number behind "±").
        average: over the nine tasks, as printed.
    """

    model: str
    scores: dict[str, tuple[float, float]]
    average: float


# As printed: means and what stands behind "±", in the order of TASKS, and the average.
_PRINTED = """
BYOL-A      | 83.2 0.6 | 79.7 0.5 | 93.1 0.4 | 57.6 0.2 | 93.3 0.3 | 63.8 1.0 | 70.1 3.6 | 73.1 0.8 | 37.6 0.3 | 72.4
VGGish      | 68.2 1.1 | 75.1 0.3 | 14.3 0.3 |  9.0 0.2 | 75.7 0.3 | 44.4 1.1 | 75.3 6.7 | 53.9 0.4 |  8.8 0.2 | 47.2
VGGish-4K   | 79.5 0.4 | 78.5 0.3 | 47.0 0.6 | 25.0 1.1 | 85.4 0.2 | 50.8 1.8 | 70.2 8.6 | 68.8 0.5 | 19.7 0.1 | 58.3
ESResNeXt   | 89.0 1.2 | 84.3 0.4 | 68.0 0.9 | 17.7 0.4 | 82.6 0.9 | 57.1 1.0 | 81.3 1.3 | 69.5 0.8 | 18.2 1.2 | 63.1
COALA       | 74.7 1.3 | 71.9 1.0 | 56.6 0.3 | 12.1 0.4 | 73.9 0.2 | 49.3 0.3 | 58.3 5.4 | 71.3 1.1 | 29.5 0.1 | 55.3
OpenL3-E    | 81.2 1.3 | 80.7 0.4 | 86.8 0.2 | 40.1 0.9 | 88.8 0.2 | 59.6 1.4 | 72.9 0.5 | 74.0 0.8 | 38.0 0.2 | 69.1
OpenL3-M    | 82.2 0.8 | 80.4 0.3 | 87.9 0.1 | 40.7 0.6 | 90.1 0.6 | 60.4 1.0 | 73.3 3.0 | 75.6 0.5 | 36.4 0.6 | 69.7
TRILL       | 75.4 0.7 | 75.2 1.3 | 78.4 0.8 | 40.1 1.1 | 88.8 0.3 | 58.8 2.3 | 64.4 1.8 | 74.3 1.8 | 28.7 1.0 | 64.9
Wav2Vec2-F  | 65.6 1.7 | 67.8 0.3 | 85.8 0.2 | 32.0 0.3 | 81.7 0.1 | 56.4 0.5 | 62.3 1.0 | 62.2 0.8 | 30.0 0.4 | 60.4
Wav2Vec2-C  | 57.6 0.8 | 66.9 0.4 | 96.6 0.0 | 40.9 0.6 | 99.2 0.1 | 65.5 1.7 | 57.8 1.3 | 56.6 0.6 | 15.2 0.9 | 61.8
PANNs CNN14 | 90.7 0.8 | 81.9 0.1 | 51.8 0.3 |  7.8 0.1 | 75.1 0.2 | 51.8 1.3 | 78.7 3.0 | 65.9 0.2 | 10.9 0.3 | 57.2
AST         | 94.6 0.7 | 85.4 0.6 | 72.6 0.0 | 16.5 0.3 | 81.2 0.3 | 58.4 3.1 | 85.1 0.5 | 72.9 0.9 | 25.7 0.1 | 65.8
"""  # noqa: E501 (a table)


def published_rows() -> list[PublishedRow]:
    """The twelve rows; BYOL-A's is the first."""
    return [_row(line) for line in _PRINTED.strip().splitlines()]


def _row(line):
    model, *cells, average = (cell.strip() for cell in line.split("|"))
    pairs = [tuple(float(number) for number in cell.split()) for cell in cells]
    return PublishedRow(model, dict(zip(TASKS, pairs, strict=True)), float(average))
