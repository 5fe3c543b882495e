"""Writes what `tests/stacks_test.py` reads: a corpus and a run, by the packages that this interpreter has.

    python -m tests.write_stack_files tests/data/stacks

The folder is named after the version of TensorFlow. Two more steps of the same run, which are not kept, give
the losses that a run must have that goes on elsewhere.
"""

import json
import pathlib
import shutil
import sys
import tempfile

import numpy as np
import soundfile
import tensorflow as tf

import byola_keras
from byola_keras.audio.files import find_audio_files
from byola_keras.corpus.prepare import prepare
from byola_keras.corpus.sources import FileSources
from tests.workdirs import losses, train

CORPUS, RUN = "tones", "run"
STEPS, MORE_STEPS = 2, 4
RECIPE = {
    "global_batch_size": 4,
    "crop_seconds": 0.3,
    "norm_crops": 8,
    "seed": 3,
    "encoder": "Encoder(channels=3, mlp_units=(8, 8))",
    "projection_units": (16, 8),
    "corpus": CORPUS,
}


def train_on(data_dir, workdir, steps):
    """Trains, or goes on with, the run on the corpus in a folder."""
    train(workdir, **RECIPE, data_dir=str(data_dir), steps=steps)


def waveform():
    """The sound of `scene.npy`, float32 [1, 4000]."""
    return (np.sin(np.arange(4000) * 0.05) * 0.3).astype("float32")[None]


def main(output):
    """Writes the folder of this interpreter's packages."""
    version = ".".join(tf.__version__.split(".")[:2])
    folder = pathlib.Path(output) / f"tensorflow_{version}"
    shutil.rmtree(folder, ignore_errors=True)
    with tempfile.TemporaryDirectory() as temporary:
        scratch = pathlib.Path(temporary)
        for number in range(6):
            t = np.arange(6400) / 16000
            soundfile.write(scratch / f"{number}.wav", 0.3 * np.sin(400 * (number + 1) * t), 16000)
        files = find_audio_files([str(scratch)])
        prepare(FileSources(files), str(folder), CORPUS, shards=2, workers=1)
        train_on(folder, folder / RUN, STEPS)
        shutil.rmtree(folder / RUN / "tensorboard")
        shutil.copytree(folder / RUN, scratch / RUN)
        train_on(folder, scratch / RUN, MORE_STEPS)
        np.save(folder / "losses.npy", np.array(losses(scratch / RUN), np.float64))
    (folder / RUN / ".lock").unlink()
    for path in folder.rglob("report.json"):
        report = json.loads(path.read_text(encoding="utf-8"))
        path.write_text(json.dumps({**report, "folder": ""}, indent=1), encoding="utf-8")
    scene = byola_keras.load(str(folder / RUN))(waveform())["scene"][0]
    np.save(folder / "scene.npy", scene.numpy())


if __name__ == "__main__":
    main(sys.argv[1])
