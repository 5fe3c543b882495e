"""SHA-256 checksums of the files of a preset, in the form that the program `sha256sum` reads."""

import hashlib
import os
from collections.abc import Iterable

from byola_keras.atomic import write_text

FILE_NAME = "SHA256SUMS"
_READ_BYTES = 1 << 20


def write_checksums(folder: str, names: Iterable[str]) -> None:
    """Writes `SHA256SUMS` of these files of a folder, which `sha256sum --check` understands."""
    lines = [f"{_sha256(os.path.join(folder, name))}  {name}\n" for name in names]
    write_text(os.path.join(folder, FILE_NAME), "".join(lines))


def check_checksums(folder: str) -> None:
    """Compares the files of a folder with its `SHA256SUMS`; a folder without one is taken as it is.

    Raises:
        ValueError: a file is missing or another one than was written, or a line is no checksum.
    """
    path = os.path.join(folder, FILE_NAME)
    if not os.path.exists(path):
        return
    with open(path, encoding="utf-8") as file:
        lines = file.read().splitlines()
    for line in lines:
        expected, _, name = line.partition("  ")
        inside = os.path.join(folder, os.path.basename(name))
        found = _sha256(inside) if os.path.isfile(inside) else "no file"
        if found != expected:
            raise ValueError(
                f"The files of a preset must be those of its {FILE_NAME}. Received: {inside!r} with the "
                f"SHA-256 {found}, where {expected or 'nothing'} is expected: it is damaged or was changed. "
                "Install or download it again."
            )


def _sha256(path):
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(_READ_BYTES):
            digest.update(block)
    return digest.hexdigest()
