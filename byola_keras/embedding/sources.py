"""The sound that embeddings were made of: which file, and whether it still is the same."""

import os
from typing import NamedTuple

from byola_keras.audio import storage


class Source(NamedTuple):
    """A sound file as it was before it was read.

    Attributes:
        path: its absolute path, or its address, as valid text.
        size: its size in bytes; -1 where it is not known, as for addresses.
        modified_ns: the time of its last change in nanoseconds since 1970; -1 where it is not known.
    """

    path: str
    size: int
    modified_ns: int

    @classmethod
    def of(cls, path: str) -> "Source":
        """Describes the file of a path or an address. A file that is not there has no size and no time."""
        if storage.is_remote(path):
            return cls(readable(path), -1, -1)
        path = os.path.abspath(path)
        try:
            found = os.stat(path)
        except OSError:
            return cls(readable(path), -1, -1)
        return cls(readable(path), found.st_size, found.st_mtime_ns)


def readable(name: str) -> str:
    """A name as valid text: a file may be called by any bytes."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")
