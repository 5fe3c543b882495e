"""Representations of others over many or long files, for the command `embed`."""

from collections.abc import Iterable, Iterator

import numpy as np

from byola_keras.audio.decode import AudioError
from byola_keras.embedding.embed_many import embed_in_parts, read_sounds
from byola_keras.embedding.file_embedder import FileEmbedder
from byola_keras.evaluation.representations.representation import MEAN, Representation, RepresentationError


class RepresentationOfFiles(FileEmbedder):
    """Embeds files by a representation, in memory that does not grow with their length.

    A model with a fixed window gets a long file some windows at a time, with the result of all at once. One
    that gives frames of any length gets pieces of about `chunk_seconds`, at whose borders its frames lack
    what lies beyond. One that gives a single embedding a clip must have the whole file.

    The frames of a model are centred in equal parts of their window, or of their piece where the model does
    not say how far they are apart.

    Args:
        representation: the model; it must take sound.

    Raises:
        ValueError: it takes no sound.
    """

    def __init__(self, representation: Representation):
        if not representation.takes_sound:
            raise ValueError(
                f"`model` must take sound. Received: {representation.name}, embeddings that are stored"
            )
        self._representation = representation
        self.identity = representation.identity
        self.has_frames = representation.gives_frames
        # The pooling of one frame, which an embedding of the whole is here, by the mean changes nothing.
        self.pooling = representation.pooling if self.has_frames else MEAN

    def embed_many(self, files, chunk_seconds, workers):
        rate = self._representation.sample_rate
        limit = round(chunk_seconds * rate)
        sounds = read_sounds(files, rate, limit, workers)
        return embed_in_parts(sounds, rate, lambda sound: self._parts(sound, limit))

    def _parts(self, blocks: Iterable[np.ndarray], limit: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Timestamps in milliseconds and frames of each piece."""
        first = 0
        for piece, following in self._pieces(blocks, limit):
            try:
                for begin, frames in self._representation.frames(piece):
                    yield self._timestamps_ms(first, begin, len(piece), len(frames)), frames
            except RepresentationError as error:
                # The file is left out and named in the report, as one that cannot be decoded.
                raise AudioError(str(error)) from error
            first += following

    def _pieces(self, blocks, limit):
        """Pairs of a piece of sound and the samples from its beginning to that of the next."""
        model = self._representation
        if not self.has_frames:
            yield np.concatenate(list(blocks)), 0
            return
        if model.window_seconds is None:
            # The last piece is no shorter than half of the others: models refuse what is too short.
            length, following, longest = limit, limit, limit + limit // 2
        else:
            window, hop = (
                round(s * model.sample_rate) for s in (model.window_seconds, model.window_hop_seconds)
            )
            windows = max(1, limit // hop)
            following = windows * hop
            length = longest = following - hop + window
        rest = np.zeros(0, np.float32)
        for block in blocks:
            rest = np.concatenate([rest, block])
            while len(rest) > longest:
                yield rest[:length], following
                rest = rest[following:]
        yield rest, 0

    def _timestamps_ms(self, first, begin, samples, count):
        model = self._representation
        spread = model.window_seconds or samples / model.sample_rate
        step = model.frame_seconds if model.frame_seconds and count > 1 else spread / count
        centre = 0.5 * step if model.first_frame_seconds is None else model.first_frame_seconds
        return 1000.0 * (first / model.sample_rate + begin + centre + np.arange(count) * step)
