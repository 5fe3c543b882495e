"""The points for TensorBoard's projector, with a spectrogram as the picture of each."""

import csv
import math
import os
from collections.abc import Iterable

import numpy as np
import tensorflow as tf
from tensorboard.plugins import projector

from byola_keras.atomic import replacing
from byola_keras.audio.decode import AudioError, read_span
from byola_keras.explore.points import Points
from byola_keras.explore.projection import main_components
from byola_keras.layers.log_mel_spectrogram import LogMelSpectrogram

FOLDER = "projector"
# The projector itself reduces what is wider.
_COMPONENTS = 128
# Of a sprite TensorBoard shows at most so many pixels a side.
_MOST_PIXELS = 8192
_PICTURE_PIXELS = 64
_PICTURE_SECONDS = 2.0


def write_projector(points: Points, output_dir: str) -> str:
    """Writes a log folder for `tensorboard --logdir`: components, labels and pictures of the points.

    Args:
        points: the points.
        output_dir: the folder in which `projector/` is made.

    Returns:
        Path of the log folder.
    """
    folder = os.path.join(output_dir, FOLDER)
    os.makedirs(folder, exist_ok=True)
    components = main_components(points.scenes, min(_COMPONENTS, points.scenes.shape[1]))
    with replacing(os.path.join(folder, "components.bytes")) as temporary:
        components.astype("<f4").tofile(temporary)
    write_metadata(os.path.join(folder, "metadata.tsv"), points.titles(), points.labels)
    size = min(_PICTURE_PIXELS, _MOST_PIXELS // _side(len(points.stored)))
    with replacing(os.path.join(folder, "pictures.png")) as temporary:
        tf.io.write_file(temporary, tf.io.encode_png(sprite(points, size)))
    config = projector.ProjectorConfig()
    embedding = config.embeddings.add(tensor_name="embeddings", tensor_path="components.bytes")
    embedding.tensor_shape.extend(components.shape)
    embedding.metadata_path = "metadata.tsv"
    embedding.sprite.image_path = "pictures.png"
    embedding.sprite.single_image_dim.extend([size, size])
    # Last: with it the folder is complete.
    projector.visualize_embeddings(folder, config)
    return folder


def write_metadata(path: str, names: Iterable[str], labels: Iterable[str]) -> None:
    """Writes the table of the points as the projector reads it.

    Args:
        path: of the file.
        names: a name for each point.
        labels: a label for each point; empty for none.
    """
    with replacing(path) as temporary, open(temporary, "w", encoding="utf-8", newline="") as file:
        # Without quotes, which the projector would show.
        writer = csv.writer(file, delimiter="\t", quoting=csv.QUOTE_NONE, quotechar=None, lineterminator="\n")
        writer.writerow(["name", "label"])
        for title, label in zip(names, labels, strict=True):
            writer.writerow([" ".join(text.split()) or "-" for text in (title, label)])


def sprite(points: Points, size: int) -> np.ndarray:
    """The spectrograms of the points in rows, uint8 [side * size, side * size, 1], as TensorBoard wants them.

    A picture is the log-mel of the first two seconds of a sound, low mels at the bottom, from its own minimum
    to its own maximum; a sound that cannot be read is black.

    Args:
        points: the points.
        size: pixels of a side of one picture.
    """
    side, frontend = _side(len(points.stored)), LogMelSpectrogram()
    whole = np.zeros((side * size, side * size, 1), np.uint8)
    for number, stored in enumerate(points.stored):
        row, column = (size * place for place in divmod(number, side))
        whole[row : row + size, column : column + size] = _picture(frontend, stored, size)
    return whole


def _picture(frontend, stored, size):
    end = stored.start + _PICTURE_SECONDS
    try:
        samples = read_span(
            stored.source,
            stored.start,
            end if stored.end is None else min(end, stored.end),
            frontend.sample_rate,
        )
    except AudioError:
        return 0
    log_mel = np.asarray(frontend(samples)).T[::-1]
    low, high = log_mel.min(), log_mel.max()
    scaled = 255 * (log_mel - low) / max(high - low, 1e-6)
    return np.asarray(tf.image.resize(scaled[..., None], (size, size), antialias=True)).astype(np.uint8)


def _side(count):
    return math.ceil(math.sqrt(count))
