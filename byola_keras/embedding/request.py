"""The request for embeddings, and the worker function that fulfils it on any machine."""

import os
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from byola_keras.audio.decode import AudioError
from byola_keras.embedding.embed_file import CHUNK_SECONDS
from byola_keras.embedding.file_embedder import FileEmbedder, OwnFileEmbedder
from byola_keras.embedding.outputs import NpzFiles, Outputs
from byola_keras.embedding.sound_files import SoundFile
from byola_keras.embedding.sources import Source
from byola_keras.embedding.tables import ParquetTable, TfrecordTable
from byola_keras.models.load import load
from byola_keras.models.preset import find_model


class Request(NamedTuple):
    """Which embeddings are wanted, in plain values that can be sent to other processes.

    Attributes:
        model: path or preset of the model, see `byola_keras.load`; or what says so of another one.
        output_dir: folder of the embeddings.
        output_format: "npz", "parquet" or "tfrecord".
        frames: whether an .npz holds frames and timestamps; tables never do.
        chunk_seconds: sound that is embedded at a time, see `embed_file`.
        workers: number of threads that decode; None starts one for each processor core.
    """

    model: str
    output_dir: str
    output_format: str = "npz"
    frames: bool = True
    chunk_seconds: float = CHUNK_SECONDS
    workers: int | None = None

    def with_local_model(self) -> "Request":
        """The same with the absolute path of the model, which is fetched from a hub first."""
        return self._replace(model=os.path.abspath(find_model(self.model)))

    def load_embedder(self) -> FileEmbedder:
        """Loads the model, here or on a worker."""
        return OwnFileEmbedder(load(self.model))

    @property
    def partial_extension(self) -> str:
        """Extension of the files that a killed process may have left unfinished."""
        return f".{self.output_format}"

    def outputs(self, embedder: FileEmbedder) -> Outputs:
        """Returns the files to which the embeddings of this model go."""
        kinds = {"npz": NpzFiles, "parquet": ParquetTable, "tfrecord": TfrecordTable}
        if self.output_format not in kinds:
            raise ValueError(
                f"`output_format` must be one of {tuple(kinds)}. Received: "
                f"output_format={self.output_format!r}"
            )
        frames = self.frames and embedder.has_frames
        options = {"frames": frames} if self.output_format == "npz" else {}
        return kinds[self.output_format](self.output_dir, embedder.identity, embedder.pooling, **options)


class Result(NamedTuple):
    """What became of a file: its seconds of sound, or the problem that kept it from being embedded."""

    path: str
    seconds: float
    problem: str | None = None


def embed_pending(request: Request, embedder: FileEmbedder, files: Iterable[SoundFile]) -> Iterator[Result]:
    """Embeds files and writes their embeddings.

    However the iteration ends, the embeddings of all files that it has yielded are written.

    Args:
        request: which embeddings are wanted.
        embedder: the model of the request.
        files: the files that are still to be embedded.

    Yields:
        What became of each file.
    """
    outputs = request.outputs(embedder)
    sources = {}

    def noting_sources():
        # Before a file is read: one that changes meanwhile must count as changed the next time.
        for file in files:
            sources[file.name] = Source.of(file.path)
            yield file

    try:
        how = (request.chunk_seconds, request.workers)
        for file, embeddings in embedder.embed_many(noting_sources(), *how):
            try:
                frames = outputs.write(file.name, sources.pop(file.name), embeddings)
            except AudioError as error:
                yield Result(file.path, 0.0, str(error))
            else:
                told = embeddings.seconds
                yield Result(file.path, told() if told else frames * embedder.frame_seconds)
    finally:
        outputs.flush()
