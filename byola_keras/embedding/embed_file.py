"""Embeds a sound file of any length in bounded memory."""

import os
from collections.abc import Iterable, Iterator

import numpy as np
import tensorflow as tf

from byola_keras.audio.decode import AudioError, read_blocks
from byola_keras.embedding.chunks import Chunker
from byola_keras.embedding.running_pooling import RunningPooling
from byola_keras.models.embedder import Embedder
from byola_keras.models.samples import check_samples

CHUNK_SECONDS = 30.0


def embed_file(
    embedder: Embedder, path: str, chunk_seconds: float = CHUNK_SECONDS, frames: bool = True
) -> dict[str, np.ndarray]:
    """Embeds a sound file chunk by chunk, with the result of one call on the whole.

    Args:
        embedder: the model, see `byola_keras.load`.
        path: path of a file of any format, rate, number of channels and length, see `read_blocks`.
        chunk_seconds: seconds of sound that are embedded at a time; the memory depends on it, not the
            result.
        frames: whether the frames are kept, at full size 0.3 MB for a second of sound. Without them the
            memory does not grow with the length; `iter_frames` gives them a chunk at a time.

    Returns:
        "scene" float32 [D], and with `frames` also "frames" float32 [T', D'] and their centres
        "timestamps_ms" float64 [T'].

    Raises:
        AudioError: the file cannot be decoded to its end, or holds no samples, or some that are no sound.
    """
    pooling, parts = RunningPooling(embedder.encoder.pooling), []
    try:
        for part in iter_frames(embedder, path, chunk_seconds):
            pooling.update(part[1])
            if frames:
                parts.append(part)
    except AudioError as error:
        # Other callers add the path themselves; this one must.
        raise AudioError(f"`path` must be a sound file. Received: path={path!r}: {error}") from error
    output = {"scene": pooling.result()}
    if frames:
        timestamps, kept = zip(*parts, strict=True)
        output |= {"frames": np.concatenate(kept), "timestamps_ms": np.concatenate(timestamps)}
    return output


def iter_frames(
    embedder: Embedder, path: str, chunk_seconds: float = CHUNK_SECONDS
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Embeds a sound file chunk by chunk; arguments and errors as of `embed_file`.

    Yields:
        Timestamps in milliseconds, float64 [frames], and frames, float32 [frames, D'].
    """
    return frames_of_blocks(embedder, sound_blocks(os.fspath(path), embedder.sample_rate), chunk_seconds)


def frames_of_blocks(
    embedder: Embedder, blocks: Iterable[np.ndarray], chunk_seconds: float = CHUNK_SECONDS
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Embeds sound that comes in blocks of any length, float32 [samples]; yields as `iter_frames` does."""
    done = 0
    for chunk in Chunker(embedder, chunk_seconds).cut(blocks):
        end = tf.int32.max if chunk.end is None else chunk.end
        output = embedder.embed_span(chunk.samples[None], chunk.begin, end)
        frames = np.asarray(output["frames"][0], np.float32)
        frames = frames[chunk.skipped_first : len(frames) - chunk.skipped_last]
        if len(frames):
            yield embedder.timestamps_ms(len(frames), start=done), frames
            done += len(frames)


def sound_blocks(path: str, sample_rate: int) -> Iterator[np.ndarray]:
    """Reads a sound file as `read_blocks` does, and refuses besides what no embedder takes.

    Raises:
        AudioError: also if the file holds no samples, or some that are not finite or far from [-1, 1].
    """
    empty = True
    for block in read_blocks(path, sample_rate):
        if not len(block):
            continue
        empty = False
        try:
            check_samples(block, "samples")
        except ValueError as error:
            raise AudioError(str(error)) from None
        yield block
    if empty:
        raise AudioError("it holds no samples")
