"""Answers as a table, and as a page that plays them."""

import html
import importlib.resources
import os

import soundfile

from byola_keras.atomic import replacing, write_text
from byola_keras.audio.decode import AudioError, read_span
from byola_keras.audio.sample_rate import SAMPLE_RATE
from byola_keras.search.index import Match
from byola_keras.search.query import Answer

PAGE = "results.html"
_SOUNDS = "sounds"
# A match is heard from its beginning for so long.
HEARD_SECONDS = 10.0


def as_table(answer: Answer, metric: str) -> str:
    """The answer as lines of text: score, label, name and the part of the file."""
    rows = [(metric, "label", "sound")]
    rows += [(f"{match.score:.4f}", match.label, title(match)) for match in answer.matches]
    widths = [max(len(row[column]) for row in rows) for column in (0, 1)]
    lines = [f"{row[0]:>{widths[0]}}  {row[1]:<{widths[1]}}  {row[2]}" for row in rows]
    return "\n".join([f"Like {title(answer.asked)}:", *lines])


def title(match: Match) -> str:
    """Name of a file, and which part of it."""
    return match.name if match.end is None else f"{match.name}, {match.start:.2f} to {match.end:.2f} s"


def write_page(folder: str, answer: Answer, metric: str) -> str:
    """Writes `results.html`, and beside it the sound of the query and of the matches in `sounds/`.

    The page needs no network. A sound that cannot be read any more is said so in its place.

    Args:
        folder: where the page is written; it is made if it is not there.
        answer: the answer.
        metric: by which it was found.

    Returns:
        Path of the page.
    """
    os.makedirs(os.path.join(folder, _SOUNDS), exist_ok=True)
    asked = _item(folder, "query", answer.asked, "")
    items = [
        _item(folder, f"{place:03d}", match, f"{match.score:.4f}")
        for place, match in enumerate(answer.matches, 1)
    ]
    pieces = {
        "<!-- title -->": html.escape(title(answer.asked)),
        "<!-- metric -->": {"cosine": "cosine", "l2": "Euclidean distance"}[metric],
        "<!-- query -->": asked,
        # Last: whatever names hold is no place for another piece.
        "<!-- matches -->": "\n".join(items),
    }
    page = importlib.resources.files(__package__).joinpath("results.html").read_text(encoding="utf-8")
    for place, piece in pieces.items():
        before, _, after = page.rpartition(place)
        page = before + piece + after
    path = os.path.join(folder, PAGE)
    write_text(path, page)
    return path


def _item(folder, name, match, score):
    try:
        address = _write_sound(folder, name, match)
    except AudioError as error:
        sound = f'<p class="gone">The sound cannot be read any more: {html.escape(str(error))}.</p>'
    else:
        sound = f'<audio controls preload="none" src="{address}"></audio>'
    label = f'<span class="label">{html.escape(match.label)}</span>' if match.label else ""
    words = f'<span class="score">{score}</span><span class="name">{html.escape(title(match))}</span>{label}'
    return f"<li>{words}{sound}</li>"


def _write_sound(folder, name, match):
    end = match.start + HEARD_SECONDS
    samples = read_span(
        match.source, match.start, end if match.end is None else min(end, match.end), SAMPLE_RATE
    )
    address = f"{_SOUNDS}/{name}.flac"
    with replacing(os.path.join(folder, address)) as temporary:
        soundfile.write(temporary, samples.clip(-1.0, 1.0), SAMPLE_RATE)
    return address
