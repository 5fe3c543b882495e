"""Presets on model hubs, by the hubs' own clients, which keep what they fetch in their caches."""

import importlib
import os
import re
from collections.abc import Sequence
from types import ModuleType

from byola_keras.models.checksums import FILE_NAME as CHECKSUMS_FILE

HUGGING_FACE, KAGGLE = "hf://", "kaggle://"
FORMS = ("hf://USER/NAME[@REVISION]", "kaggle://USER/MODEL/FRAMEWORK/VARIATION[/VERSION]")

_NAME = r"[\w.-]+"
_HUGGING_FACE = re.compile(rf"hf://({_NAME}/{_NAME})(?:@(\S+))?")
_KAGGLE = re.compile(rf"kaggle://({_NAME}(?:/{_NAME}){{3}}(?:/\d+)?)")
# A repository may hold models for other programs beside.
_FILES = ("*.json", "model.weights.h5", "embedder.keras", CHECKSUMS_FILE, "README.md")


def is_address(text: str) -> bool:
    """Whether a text is meant as an address on a hub."""
    return text.startswith((HUGGING_FACE, KAGGLE))


def download(address: str) -> str:
    """Fetches a preset, or takes it from the cache of the hub's client.

    A revision that is a commit, and a version on Kaggle, never change: what the cache has of them is taken
    without a question to the hub. For a branch, or no revision, the hub is asked which is the newest. Where
    it cannot be reached, the client of Hugging Face takes the last one that it has fetched.

    Args:
        address: one of `FORMS`.

    Returns:
        The local folder.

    Raises:
        ValueError: the text is no such address.
        FileNotFoundError: the hub has nothing there, or does not answer, and the cache has it not.
        ImportError: the client is not installed.
    """
    fetch = _from_hugging_face if address.startswith(HUGGING_FACE) else _from_kaggle
    handle = _parse(address)
    try:
        return fetch(*handle)
    except ImportError:
        raise
    except Exception as error:  # The clients have errors of many kinds.
        raise FileNotFoundError(
            "`path` must be the address of a model that the hub shows to this user, or that is in the cache "
            f"of its client. Received: path={address!r}: {_first_line(error)}"
        ) from error


def upload(folder: str, address: str, overwrite: bool) -> None:
    """Writes the files of a preset to a repository of Hugging Face, as one commit.

    Args:
        folder: of the preset.
        address: "hf://USER/NAME", or with "@BRANCH" for a branch that is there. The repository is made if it
            is not.
        overwrite: whether a preset that the branch has is replaced; it stays in the history.

    Raises:
        ValueError: the address is of another hub or none.
        FileExistsError: there is a preset.
        OSError: the hub has refused it or was not reached.
        ImportError: the client is not installed.
    """
    if address.startswith(KAGGLE):
        raise ValueError(
            "Presets are uploaded to hf:// only. Received: "
            f"{address!r}; save to a folder, which `kagglehub.model_upload` takes."
        )
    repository, branch = _parse(address)
    hub = _client("huggingface_hub", "hf")
    try:
        api = hub.HfApi()
        api.create_repo(repository, exist_ok=True)
        taken = api.file_exists(repository, "config.json", revision=branch)
        if not taken or overwrite:
            paths = {name: os.path.join(folder, name) for name in sorted(os.listdir(folder))}
            files = [
                hub.CommitOperationAdd(name, path) for name, path in paths.items() if os.path.isfile(path)
            ]
            api.create_commit(repository, files, commit_message="Save a preset", revision=branch)
    except Exception as error:  # The client has errors of many kinds.
        raise OSError(
            "The hub must let this user write to the repository; `hf auth login` says who you are. Received: "
            f"{address!r}: {_first_line(error)}"
        ) from error
    if taken and not overwrite:
        raise FileExistsError(
            "A preset must go to a repository without one, or replace it with overwrite=True. Received: "
            f"{address!r}, overwrite={overwrite}"
        )


def _parse(address) -> Sequence[str | None]:
    """What the client calls it: (repository, revision or None) or (handle,)."""
    form = _HUGGING_FACE if address.startswith(HUGGING_FACE) else _KAGGLE
    found = form.fullmatch(address)
    if not found:
        raise ValueError(
            f"An address on a hub must have the form {' or '.join(FORMS)}. Received: {address!r}"
        )
    return found.groups()


def _from_hugging_face(repository, revision):
    hub = _client("huggingface_hub", "hf")
    return hub.snapshot_download(repository, revision=revision, allow_patterns=list(_FILES))


def _from_kaggle(handle):
    return _client("kagglehub", "kaggle").model_download(handle)


def _client(package: str, extra: str) -> ModuleType:
    try:
        return importlib.import_module(package)
    except ImportError as error:
        raise ImportError(
            f"The package {package} must be installed. Received: an import that failed ({error}); run: "
            f"pip install 'byola-keras[{extra}]'"
        ) from error


def _first_line(error):
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: {' '.join(lines[:2])}"
