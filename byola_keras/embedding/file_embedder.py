"""What embeds sound files, whatever the model."""

import abc
from collections.abc import Iterable, Iterator

from byola_keras.embedding.embed_many import Embeddings, embed_many
from byola_keras.embedding.sound_files import SoundFile
from byola_keras.models.embedder import Embedder
from byola_keras.models.model_card import identity


class FileEmbedder(abc.ABC):
    """A model as the command `embed` needs it.

    Attributes:
        identity: hash of all that the embeddings depend on, which is written with them.
        pooling: how the frames of a file become its scene, see `RunningPooling`.
        has_frames: whether the model has frames at all.
        frame_seconds: seconds of sound for each frame; None where `Embeddings.seconds` tells the length.
    """

    identity: str
    pooling: str
    has_frames: bool = True
    frame_seconds: float | None = None

    @abc.abstractmethod
    def embed_many(
        self, files: Iterable[SoundFile], chunk_seconds: float, workers: int | None
    ) -> Iterator[tuple[SoundFile, Embeddings]]:
        """Embeds files; arguments and what is yielded are those of `embed_many.embed_many`."""


class OwnFileEmbedder(FileEmbedder):
    """An `Embedder`.

    Args:
        embedder: a built embedder.
    """

    def __init__(self, embedder: Embedder):
        self._embedder = embedder
        self.identity, self.pooling = identity(embedder), embedder.encoder.pooling
        self.frame_seconds = embedder.frame_seconds

    def embed_many(self, files, chunk_seconds, workers):
        return embed_many(self._embedder, files, chunk_seconds, workers)
