"""Folders of embeddings as `byola embed` writes them, of drawn numbers."""

import numpy as np

from byola_keras.embedding.embed_many import Embeddings
from byola_keras.embedding.outputs import NpzFiles
from byola_keras.embedding.sources import Source
from byola_keras.embedding.tables import ParquetTable, TfrecordTable

OUTPUTS = {"npz": NpzFiles, "parquet": ParquetTable, "tfrecord": TfrecordTable}


def draw(count, width=24, seed=0):
    """Vectors around a few centres, as embeddings are: float32 [count, width], not below 0."""
    draws = np.random.default_rng(seed)
    centres = draws.gamma(0.5, 2.0, (5, width))
    return np.maximum(
        centres[draws.integers(5, size=count)] + draws.normal(0, 0.3, (count, width)), 0
    ).astype(np.float32)


def write_scenes(folder, scenes, output_format="npz", names=None, sources=None, model="abc"):
    """Writes scenes, each of one frame every 40 ms that all are the scene but for the last, which is 0."""
    options = {"frames": True} if output_format == "npz" else {}
    folder.mkdir(parents=True, exist_ok=True)
    outputs = OUTPUTS[output_format](str(folder), model, "mean", **options)
    for number, scene in enumerate(scenes):
        name = names[number] if names else f"{'ab'[number % 2]}/{number:03d}.wav"
        source = sources[number] if sources else f"/sounds/{name}"
        frames = np.stack([scene, scene, scene * 0])
        parts = [(40.0 * np.arange(3) + 15, frames)]
        outputs.write(name, Source(source, -1, -1), Embeddings(parts))
    outputs.flush()
    return folder
