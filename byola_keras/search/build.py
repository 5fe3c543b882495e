"""Makes an index over stored embeddings."""

import json
import os
from typing import Any, NamedTuple

from absl import logging

from byola_keras.atomic import replacing_folder
from byola_keras.embedding.embed_files import REPORT_FILE
from byola_keras.embedding.stored import read_scenes
from byola_keras.search import approximate
from byola_keras.search.index_files import ABOUT, Writer
from byola_keras.search.labels import Labels, folder_label

# Up to so many embeddings a query looks at all sketches; beyond, at those that a graph leads to.
MOST_EXACT = 1_000_000
METHODS = ("auto", "exact", "approximate")


class IndexRequest(NamedTuple):
    """What is to be indexed, and how.

    Attributes:
        embeddings: folder that `byola embed` has written.
        output_dir: folder of the index.
        labels: CSV of labels, see `Labels`; None takes the folder of each file as its label.
        window_seconds: pieces of which each is a row, see `read_scenes`; 0 indexes whole files.
        method: "exact", "approximate", or "auto": approximate above a million rows.
    """

    embeddings: str
    output_dir: str
    labels: str | None = None
    window_seconds: float = 0.0
    method: str = "auto"


def build_index(request: IndexRequest) -> dict[str, Any]:
    """Writes an index, which is whole or not there; one that was there is replaced.

    Returns:
        What is in its index.json.

    Raises:
        FileNotFoundError: there are no embeddings.
        FileExistsError: the output folder holds something else than an index.
        ValueError: embeddings or labels are not as they must be.
        ImportError: an approximate index is wanted and usearch is not installed.
    """
    check_output(request.output_dir)
    if request.method == "approximate":
        approximate.import_usearch()
    labels = Labels(request.labels) if request.labels else None
    with replacing_folder(request.output_dir) as folder:
        writer, labelled, model = Writer(folder), 0, ""
        for stored in read_scenes(request.embeddings, request.window_seconds):
            label = labels.of(stored) if labels else folder_label(stored)
            labelled += bool(label)
            model = stored.model
            about = {"name": stored.name, "source": stored.source, "start": stored.start, "end": stored.end}
            writer.add(stored.scene, {**about, "label": label})
            logging.log_every_n_seconds(logging.INFO, "%d embeddings read.", 10, writer.count)
        if labels:
            labels.check_found(labelled)
        is_approximate = request.method == "approximate" or (
            request.method == "auto" and writer.count > MOST_EXACT
        )
        found = {
            "model_identity": model,
            "model": _model_of(request.embeddings),
            "embeddings": os.path.abspath(request.embeddings),
            "labelled": labelled,
            "window_seconds": request.window_seconds,
            "approximate": is_approximate,
        }
        writer.finish(found)
        if is_approximate:
            approximate.build(folder)
    return {"count": writer.count, "width": writer.width, **found}


def check_output(folder: str) -> None:
    """Refuses a folder that holds something else than an index.

    Raises:
        FileExistsError: it does.
    """
    is_index = os.path.exists(os.path.join(folder, ABOUT))
    is_free = not os.path.exists(folder) or (os.path.isdir(folder) and not os.listdir(folder))
    if not is_index and not is_free:
        raise FileExistsError(
            f"`output_dir` must be a new folder or one of an index. Received: output_dir={folder!r}, which "
            "holds something else. Name another one."
        )


def _model_of(embeddings):
    """The model that made the embeddings, as their report names it; None without a report."""
    try:
        with open(os.path.join(embeddings, REPORT_FILE), encoding="utf-8") as file:
            return json.load(file).get("model")
    except (OSError, ValueError):
        return None
