"""A working directory belongs to one process at a time and to one configuration for good."""

import contextlib
import json
import os

from byola_keras import folder_lock
from byola_keras.atomic import write_text

FILE_NAME = "configuration.json"


def locked(workdir: str) -> contextlib.AbstractContextManager:
    """Holds the working directory; the lock ends with the process, however it ends.

    Raises:
        ValueError: another process trains in it.
    """
    busy = (
        f"A working directory serves one process at a time. Received: workdir={workdir!r}, in which another "
        "process is training; wait for it, end it, or take another directory."
    )
    return folder_lock.locked(workdir, busy)


def check(workdir: str, configuration: dict, former: dict | None = None) -> None:
    """Compares the configuration with the one that the run in `workdir` was started with, if any.

    Args:
        workdir: an existing folder.
        configuration: what decides the result of the run, JSON values by name.
        former: other values that mean the same, as older versions wrote them.

    Raises:
        ValueError: the run was started with other values.
    """
    path = os.path.join(workdir, FILE_NAME)
    if not os.path.exists(path):
        return
    with open(path, encoding="utf-8") as file:
        started_with = json.load(file)
    configuration = json.loads(json.dumps(configuration))
    former = {**configuration, **(former or {})}
    names = [
        name for name in configuration if started_with.get(name) not in (configuration[name], former[name])
    ]
    if names:
        received = ", ".join(f"{name}={configuration[name]!r}" for name in names)
        expected = ", ".join(f"{name}={started_with.get(name)!r}" for name in names)
        raise ValueError(
            f"A run must be resumed with the configuration that it was started with. Received: {received}; "
            f"{workdir!r} was started with {expected}. Use these values and the same sound files, or "
            "another working directory."
        )


def save(workdir: str, configuration: dict) -> None:
    """Writes the configuration of the run."""
    write_text(os.path.join(workdir, FILE_NAME), json.dumps(configuration, indent=2) + "\n")
