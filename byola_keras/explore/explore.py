"""Writes the map of stored embeddings."""

import base64
import collections
import importlib.resources
import json
import os
from typing import Any, NamedTuple
from urllib.parse import quote

import numpy as np
import soundfile
from absl import logging

from byola_keras.atomic import replacing, write_text
from byola_keras.audio.decode import AudioError, read_span
from byola_keras.audio.sample_rate import SAMPLE_RATE
from byola_keras.evaluation.report.sounds import Sounds
from byola_keras.explore.points import Points, read_points
from byola_keras.explore.projection import project

PAGE = "map.html"
_SOUNDS = "sounds"
_SCRIPTS = ("points.js", "view.js", "draw.js", "sounds.js", "select.js", "page.js")
AUDIO = ("beside", "inside", "in_place", "none")
# A point is heard from its beginning for so long, and inside the page for two seconds.
HEARD_SECONDS = 5.0
_MOST_CHARACTERS = 60_000_000


class MapRequest(NamedTuple):
    """What map is wanted.

    Attributes:
        embeddings, labels, window_seconds, most: see `read_points`.
        output_dir: folder of the page.
        method: see `project`.
        audio: "beside": the first five seconds of each sound as a file in `sounds/`; "inside": two seconds of
            each in the page, 60 MB of all; "in_place": the sound files where they are, by relative paths;
            "none".
        projector: whether the same goes to TensorBoard's projector, too.
    """

    embeddings: str
    output_dir: str
    labels: str | None = None
    window_seconds: float = 0.0
    most: int = 20_000
    method: str = "auto"
    audio: str = "beside"
    projector: bool = False


def write_map(request: MapRequest) -> dict[str, Any]:
    """Writes `map.html` into the output folder, and with it what the request names.

    Returns:
        "points", "method", "silent" (points whose sound cannot be read) and "page".

    Raises:
        FileNotFoundError, ValueError, ImportError: see `read_points` and `project`.
    """
    points = read_points(request.embeddings, request.labels, request.window_seconds, request.most)
    places, method = project(points.scenes, request.method)
    os.makedirs(request.output_dir, exist_ok=True)
    addresses = _addresses(points, request)
    page = os.path.join(request.output_dir, PAGE)
    write_text(page, html(page_data(points, places, method, addresses)))
    if request.projector:
        from byola_keras.explore.projector import write_projector  # noqa: PLC0415

        write_projector(points, request.output_dir)
    silent = sum(address is None for address in addresses) if request.audio != "none" else 0
    return {"points": len(points.stored), "method": method, "silent": silent, "page": page}


def page_data(points: Points, places: np.ndarray, method: str, addresses: list[str | None]) -> dict[str, Any]:
    """All that the page shows, as its script reads it.

    Args:
        points: the points.
        places: float32 [points, 2].
        method: how the places were found.
        addresses: of the sound of each; None for none.
    """
    often = collections.Counter(points.labels)
    labels = sorted(often, key=lambda label: (-often[label], label))
    number = {label: place for place, label in enumerate(labels)}
    middle = (places.max(axis=0) + places.min(axis=0)) / 2
    shown = ((places - middle) / (np.abs(places - middle).max() or 1.0)).astype("<f4")
    return {
        "places": base64.b64encode(shown.tobytes()).decode(),
        "titles": points.titles(),
        "labels": labels,
        "label_of": [number[label] for label in points.labels],
        "sounds": addresses,
        "method": {"pca": "PCA", "umap": "UMAP"}[method],
    }


def html(data: dict[str, Any]) -> str:
    """The page of some `page_data`."""
    # Nothing in the data can end the element that holds it.
    text = json.dumps(data, allow_nan=False).replace("<", "\\u003c")
    pieces = {
        "/* style */": _file("map.css"),
        "/* script */": "\n".join(_file(name) for name in _SCRIPTS),
        "/* data */": text,
    }
    page = _file("map.html")
    for place, piece in pieces.items():
        before, _, after = page.partition(place)
        page = before + piece + after
    return page


def _addresses(points, request):
    if request.audio == "none":
        return [None] * len(points.stored)
    if request.audio == "inside":
        sounds = Sounds(_MOST_CHARACTERS)
        numbers = [sounds.number(one.source, one.start, one.end) for one in points.stored]
        return [None if number is None else sounds.addresses[number] for number in numbers]
    if request.audio == "in_place":
        return [_in_place(one, request.output_dir) for one in points.stored]
    os.makedirs(os.path.join(request.output_dir, _SOUNDS), exist_ok=True)
    return [_beside(one, number, request.output_dir) for number, one in enumerate(points.stored)]


def _in_place(stored, folder):
    """A relative address, with the span that a browser plays of it."""
    if not os.path.isfile(stored.source):
        return None
    path = os.path.relpath(stored.source, folder)
    span = "" if stored.end is None else f"#t={stored.start:.3f},{stored.end:.3f}"
    return "/".join(quote(part) for part in path.split(os.sep)) + span


def _beside(stored, number, folder):
    end = stored.start + HEARD_SECONDS
    end = end if stored.end is None else min(end, stored.end)
    try:
        samples = read_span(stored.source, stored.start, end, SAMPLE_RATE)
    except AudioError:
        return None
    address = f"{_SOUNDS}/{number:05d}.flac"
    with replacing(os.path.join(folder, address)) as temporary:
        soundfile.write(temporary, samples.clip(-1.0, 1.0), SAMPLE_RATE)
    logging.log_every_n_seconds(logging.INFO, "%d sounds written.", 10, number + 1)
    return address


def _file(name):
    return importlib.resources.files(__package__).joinpath(name).read_text(encoding="utf-8")
