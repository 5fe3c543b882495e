"""Files that are either whole or not there."""

import contextlib
import os
import shutil
from collections.abc import Iterator


@contextlib.contextmanager
def replacing(path: str) -> Iterator[str]:
    """Gives a temporary name beside `path`; renames it to `path` when the block has succeeded.

    The temporary name keeps the extension, which Keras looks at.
    """
    folder, name = os.path.split(path)
    temporary = os.path.join(folder, f".partial-{os.getpid()}-{name}")
    try:
        yield temporary
        os.replace(temporary, path)
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.remove(temporary)


@contextlib.contextmanager
def replacing_folder(path: str) -> Iterator[str]:
    """Gives a temporary folder beside `path`; renames it to `path` when the block has succeeded.

    What was there goes only when the new folder has taken its place.
    """
    folder, name = os.path.split(os.path.abspath(path))
    temporary, replaced = (
        os.path.join(folder, f".{kind}-{os.getpid()}-{name}") for kind in ("partial", "replaced")
    )
    os.makedirs(temporary)
    try:
        yield temporary
        if os.path.exists(path):
            os.rename(path, replaced)
        os.rename(temporary, path)
        shutil.rmtree(replaced, ignore_errors=True)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def write_text(path: str, text: str) -> None:
    """Writes a text file in one piece."""
    with replacing(path) as temporary, open(temporary, "w", encoding="utf-8") as file:
        file.write(text)
