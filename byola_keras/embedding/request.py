"""What is wanted of a model and files, and the work itself, here or on another machine."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from byola_keras.audio.decode import AudioError
from byola_keras.embedding.embed_file import CHUNK_SECONDS
from byola_keras.embedding.embed_many import embed_many
from byola_keras.embedding.outputs import NpzFiles, Outputs
from byola_keras.embedding.sound_files import SoundFile
from byola_keras.embedding.tables import ParquetTable, TfrecordTable
from byola_keras.models.embedder import Embedder
from byola_keras.models.model_card import identity


class Request(NamedTuple):
    """What is wanted; plain values, for other processes too.

    Attributes:
        model: what `byola_keras.load` takes.
        output_dir: folder of the embeddings.
        output_format: "npz", "parquet" or "tfrecord".
        frames: whether an .npz holds frames and timestamps; tables never do.
        chunk_seconds: see `embed_file`.
        workers: threads that decode; None for one a processor core.
    """

    model: str
    output_dir: str
    output_format: str = "npz"
    frames: bool = True
    chunk_seconds: float = CHUNK_SECONDS
    workers: int | None = None

    def outputs(self, embedder: Embedder) -> Outputs:
        """Where the embeddings of this model go."""
        kinds = {"npz": NpzFiles, "parquet": ParquetTable, "tfrecord": TfrecordTable}
        if self.output_format not in kinds:
            raise ValueError(
                f"`output_format` must be one of {tuple(kinds)}. Received: "
                f"output_format={self.output_format!r}"
            )
        options = {"frames": self.frames} if self.output_format == "npz" else {}
        pooling = embedder.encoder.temporal_pooling.pooling
        return kinds[self.output_format](self.output_dir, identity(embedder), pooling, **options)


class Result(NamedTuple):
    """What became of a file: seconds of sound, or else the problem with it."""

    path: str
    seconds: float
    problem: str | None = None


def embed_pending(request: Request, embedder: Embedder, files: Iterable[SoundFile]) -> Iterator[Result]:
    """Embeds files and writes their embeddings, all of which are there at the end, however that comes."""
    outputs = request.outputs(embedder)
    hop = embedder.frontend.hop_length * 2**embedder.encoder.conv_blocks / embedder.sample_rate
    try:
        for file, parts in embed_many(embedder, files, request.chunk_seconds, request.workers):
            try:
                frames = outputs.write(file.name, parts)
            except AudioError as error:
                yield Result(file.path, 0.0, str(error))
            else:
                yield Result(file.path, frames * hop)
    finally:
        outputs.flush()
