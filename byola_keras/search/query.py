"""Asks an index what sounds like a clip, or like one of its own rows."""

import contextlib
import os
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from byola_keras.audio.decode import AudioError
from byola_keras.embedding.embed_file import CHUNK_SECONDS
from byola_keras.embedding.file_embedder import FileEmbedder, OwnFileEmbedder
from byola_keras.embedding.outputs import scene_and_count
from byola_keras.embedding.sound_files import SoundFile
from byola_keras.evaluation.representations.files import RepresentationOfFiles
from byola_keras.evaluation.representations.registry import is_of_others, load_representation
from byola_keras.models.load import load
from byola_keras.search.index import Match, SearchIndex


class Query(NamedTuple):
    """What is asked of an index.

    Attributes:
        clip: path of a sound file, or None for
        name: that of a file in the index.
        at_seconds: which piece of the named file, where the index has pieces.
        model: the model that embeds the clip; None is the one of the index.
        count, metric, label: as of `SearchIndex.query`.
    """

    clip: str | None
    name: str | None
    at_seconds: float = 0.0
    model: str | None = None
    count: int = 10
    metric: str = "cosine"
    label: str | None = None


class Answer(NamedTuple):
    """The matches, and what they were asked for: a match of the query itself, whose score means nothing."""

    asked: Match
    matches: list[Match]

    def as_json(self) -> dict[str, Any]:
        """The answer in values of JSON."""
        return {"query": self.asked._asdict(), "matches": [match._asdict() for match in self.matches]}


def ask(index: SearchIndex, query: Query) -> Answer:
    """Answers a query.

    Raises:
        ValueError: the clip cannot be decoded, the model is another one than the index's, or as of
            `SearchIndex.query` and `find`.
        FileNotFoundError: the model is not there.
    """
    options = (query.count, query.metric, query.label)
    if query.name is not None:
        row = index.find(query.name, query.at_seconds)
        return Answer(index.match(row), index.query(index.vector(row), *options, without=row))
    vector = embed_clip(query.clip, query.model or index.about["model"], index.about["model_identity"])
    asked = Match(-1, 1.0, os.path.basename(query.clip), os.path.abspath(query.clip), 0.0, None, "")
    return Answer(asked, index.query(vector, *options))


def embed_clip(path: str, model: str | None, identity: str) -> np.ndarray:
    """The scene of a whole sound file, float32 [D].

    Args:
        path: the file.
        model: path, preset or text of the model, see `byola embed --help`.
        identity: identity that the model must have.

    Raises:
        ValueError: see `ask`.
    """
    if not model:
        raise ValueError(
            "`model` must be given where the embeddings have no report that names it. Received: model=None"
        )
    with _file_embedder(model) as embedder:
        if embedder.identity != identity:
            raise ValueError(
                "`model` must be the one that made the embeddings of the index. Received: "
                f"model={model!r} of the identity {embedder.identity}; that of the index is {identity}. Name "
                "the model by --model, or embed anew."
            )
        ((_, embeddings),) = embedder.embed_many([SoundFile(path, path)], CHUNK_SECONDS, 1)
        try:
            return scene_and_count(embeddings, embedder.pooling)[0]
        except AudioError as error:
            raise ValueError(f"`clip` must be a sound file. Received: clip={path!r}: {error}") from error


@contextlib.contextmanager
def _file_embedder(model: str) -> Iterator[FileEmbedder]:
    if not is_of_others(model):
        yield OwnFileEmbedder(load(model))
        return
    with contextlib.closing(load_representation(model)) as representation:
        yield RepresentationOfFiles(representation)
