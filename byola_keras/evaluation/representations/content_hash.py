"""Hashes of what embeddings depend on."""

import hashlib
import json
import os
from collections.abc import Iterable

_BLOCK_BYTES = 2**20


def hash_of(*values) -> str:
    """Hash of JSON values, 16 hexadecimal digits."""
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:16]


def hash_of_files(paths: Iterable[str]) -> str:
    """Hash of the content of files, and of all files in folders; their own place does not matter.

    Args:
        paths: files and folders. In a folder the names count too.

    Returns:
        16 hexadecimal digits.
    """
    digest = hashlib.sha256()
    for path in paths:
        for name, file in _files(path):
            digest.update(os.fsencode(name) + b"\0")
            with open(file, "rb") as content:
                while block := content.read(_BLOCK_BYTES):
                    digest.update(block)
            digest.update(b"\0")
    return digest.hexdigest()[:16]


def _files(path):
    """Pairs (name inside `path`, path) in the order of the names."""
    if not os.path.isdir(path):
        return [("", path)]
    found = [os.path.join(folder, name) for folder, _, names in os.walk(path) for name in names]
    return sorted((os.path.relpath(file, path), file) for file in found)
