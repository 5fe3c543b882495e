"""Segments as other programs read them: Raven selection tables, Audacity labels, CSV."""

import csv
import io
from collections.abc import Iterable, Sequence

from byola_keras.classify.segments import Segment

SEGMENT_COLUMNS = ("start", "end", "label", "confidence")
_RAVEN_COLUMNS = (
    *("Selection", "View", "Channel", "Begin Time (s)", "End Time (s)", "Low Freq (Hz)", "High Freq (Hz)"),
    *("Class", "Confidence", "Begin File"),
)


def as_csv(segments: Sequence[Segment]) -> str:
    """Columns `start`, `end` (seconds), `label` and `confidence`."""
    return csv_text([SEGMENT_COLUMNS, *(segment_cells(segment) for segment in segments)])


def segment_cells(segment: Segment) -> tuple[str, ...]:
    """The cells of a segment under `SEGMENT_COLUMNS`."""
    return f"{segment.start:.3f}", f"{segment.end:.3f}", segment.label, f"{segment.confidence:.4f}"


def as_raven(segments: Sequence[Segment], sample_rate: int, file_name: str) -> str:
    """A selection table of Raven: tab-separated, over all frequencies that the classifier hears.

    Args:
        segments: of one recording.
        sample_rate: of the classifier, in Hz.
        file_name: of the recording, without its folder.
    """
    lines = [_RAVEN_COLUMNS]
    for number, segment in enumerate(segments, 1):
        times = f"{segment.start:.6f}", f"{segment.end:.6f}"
        heard = _in_a_cell(segment.label), f"{segment.confidence:.4f}", _in_a_cell(file_name)
        lines.append((str(number), "Spectrogram 1", "1", *times, "0.0", f"{sample_rate / 2:.1f}", *heard))
    return _tab_separated(lines)


def as_audacity(segments: Sequence[Segment]) -> str:
    """A label track of Audacity: start, end and label, tab-separated and without a header."""
    return _tab_separated((f"{one.start:.6f}", f"{one.end:.6f}", _in_a_cell(one.label)) for one in segments)


def csv_text(rows: Iterable[Iterable]) -> str:
    """Rows as text of a CSV file."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def _in_a_cell(text):
    """Without tabs and line ends, which these formats cannot hold."""
    return " ".join(text.split())


def _tab_separated(lines):
    return "".join("\t".join(line) + "\n" for line in lines)
