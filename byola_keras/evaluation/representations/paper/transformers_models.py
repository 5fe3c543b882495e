"""What the models of the package `transformers` have in common: loading, and a hash of their weights."""

import hashlib
import importlib
from types import ModuleType

import numpy as np

PACKAGES = "PyTorch and transformers: `pip install torch transformers`"


def torch_and_transformers(name: str) -> tuple[ModuleType, ModuleType]:
    """Imports both packages.

    Args:
        name: the model that needs them, for the error.

    Raises:
        ImportError: one of them is not installed.
    """
    try:
        return importlib.import_module("torch"), importlib.import_module("transformers")
    except ImportError as error:
        raise ImportError(f"`--model={name}` needs {PACKAGES}. Received: {error}") from error


def load_pretrained(kind: type, path: str, hub: str, name: str):
    """Loads a model or a feature extractor of `transformers`.

    Args:
        kind: a class with `from_pretrained`.
        path: a folder, or a name of the Hugging Face Hub, which is downloaded once; "" for `hub`.
        hub: the name of the published files in the Hugging Face Hub.
        name: the model's name in `--model`, for the error.

    Raises:
        FileNotFoundError: nothing is there, or it cannot be downloaded.
    """
    try:
        return kind.from_pretrained(path or hub)
    except OSError as error:
        raise FileNotFoundError(
            f"`--model={name}` must find its files in a folder, or download them from the Hugging Face Hub. "
            f"Received: {path or hub!r}, {_first_line(error)}; give the folder of the downloaded files: "
            f"`--model={name}:FOLDER`; they are those of huggingface.co/{hub}."
        ) from error


def _first_line(error):
    return str(error).strip().partition("\n")[0][:200].rstrip(".")


def hash_of_state(model) -> str:
    """Hash of all tensors of a PyTorch model, 16 hexadecimal digits."""
    digest = hashlib.sha256()
    for name, tensor in sorted(model.state_dict().items()):
        digest.update(name.encode())
        digest.update(np.ascontiguousarray(tensor.detach().cpu().float().numpy()))
    return digest.hexdigest()[:16]
