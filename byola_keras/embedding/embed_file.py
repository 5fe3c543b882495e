"""Embedding a sound file of any length in bounded memory."""

import os
from collections.abc import Iterable, Iterator

import numpy as np
import tensorflow as tf

from byola_keras.audio.decode import AudioError, read_blocks
from byola_keras.embedding.chunks import Chunker
from byola_keras.embedding.running_pooling import RunningPooling
from byola_keras.models.embedder import Embedder
from byola_keras.models.samples import LARGEST_SAMPLE

CHUNK_SECONDS = 30.0


def embed_file(
    embedder: Embedder, path: str, chunk_seconds: float = CHUNK_SECONDS, frames: bool = True
) -> dict[str, np.ndarray]:
    """Embeds a sound file chunk by chunk, with the result of one call on the whole.

    Args:
        embedder: see `byola_keras.load`.
        path: a file of any format, rate, number of channels and length, see `read_blocks`.
        chunk_seconds: sound that is embedded at a time; memory depends on it, the result does not.
        frames: whether the frames are kept, at full size 0.3 MB a second of sound. Without them the memory
            does not grow with the length; `iter_frames` gives them a chunk at a time.

    Returns:
        "scene" float32 [D], and with `frames` also "frames" float32 [T', D] and "timestamps_ms" float64 [T'],
        their centres.

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
        # Those who report an `AudioError` name the file; here nobody does.
        raise AudioError(f"`path` must be a sound file. Received: path={path!r}: {error}") from error
    output = {"scene": pooling.result()}
    if frames:
        timestamps, kept = zip(*parts, strict=True)
        output |= {"frames": np.concatenate(kept), "timestamps_ms": np.concatenate(timestamps)}
    return output


def iter_frames(
    embedder: Embedder, path: str, chunk_seconds: float = CHUNK_SECONDS
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """The frames of a sound file, chunk by chunk; arguments and errors as of `embed_file`.

    Yields:
        Timestamps in milliseconds, float64 [frames], and frames, float32 [frames, D].
    """
    return frames_of_blocks(embedder, sound_blocks(os.fspath(path), embedder.sample_rate), chunk_seconds)


def frames_of_blocks(
    embedder: Embedder, blocks: Iterable[np.ndarray], chunk_seconds: float = CHUNK_SECONDS
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """As `iter_frames`, of sound that comes in blocks, float32 [samples], of any length."""
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
    """`read_blocks`, refusing besides what no embedder takes.

    Raises:
        AudioError: also where the file holds no samples, or some that are not finite or far from [-1, 1].
    """
    empty = True
    for block in read_blocks(path, sample_rate):
        if not len(block):
            continue
        empty = False
        if not np.isfinite(block).all():
            raise AudioError("it holds values that are not finite")
        if np.abs(block).max() > LARGEST_SAMPLE:
            raise AudioError(f"it holds values beyond {LARGEST_SAMPLE:,.0f}, where full scale is 1")
        yield block
    if empty:
        raise AudioError("it holds no samples")
