"""Reads the reference numbers in tests/data, see the README there."""

import json
import pathlib

import numpy as np

DATA_DIR = pathlib.Path(__file__).parent / "data"


def load(name):
    """Arrays of `name`.npz by name, and its configuration."""
    with np.load(DATA_DIR / f"{name}.npz") as file:
        arrays = {key: file[key] for key in file.files}
    config = json.loads(str(arrays.pop("config_json"))) if "config_json" in arrays else {}
    return arrays, config


def image_to_log_mel(image):
    """[batch, 1, mel, time] (or [mel, time]) to [batch, time, mel] (or [time, mel])."""
    return np.swapaxes(image[:, 0] if image.ndim == 4 else image, -1, -2)


def with_prefix(arrays, prefix):
    """The arrays whose names start with `prefix`, by the rest of their names."""
    return {key[len(prefix) :]: value for key, value in arrays.items() if key.startswith(prefix)}
