"""The folder of a task in its official layout; whatever is missing in it is explained."""

import glob
import os
from collections.abc import Iterable, Sequence

from byola_keras.evaluation.tasks import reading


class TaskFolder:
    """Reads the files of a task; all paths are relative to its folder, with "/" on every system.

    Args:
        name: name of the task, for errors.
        source: where its data come from, for errors.
        path: path of the folder.
    """

    def __init__(self, name: str, source: str, path: str):
        self._name, self._source, self.path = name, source, path

    def has(self, pattern: str) -> bool:
        """Whether there is a file or folder of that name, which may have wildcards."""
        return any(True for _ in glob.iglob(pattern, root_dir=self.path))

    def require(self, patterns: Iterable[str]) -> None:
        """Explains the first of these names, with wildcards or without, that is not there.

        Raises:
            FileNotFoundError: one of them is not there.
        """
        for pattern in patterns:
            if not self.has(pattern):
                raise FileNotFoundError(
                    f"`{self._name}` needs {pattern} as published. Received: folder={self.path!r}, where it "
                    f"is missing; get it from {self._source} and put it at "
                    f"{os.path.join(self.path, pattern)}"
                )

    def listed(self, paths: Sequence[str], listed_in: str) -> list[str]:
        """These paths, after a look whether all of them are there.

        Args:
            paths: sound files that a list of the task names.
            listed_in: name of the list.

        Raises:
            FileNotFoundError: at least one of them is not there.
        """
        missing = [path for path in paths if not os.path.isfile(os.path.join(self.path, path))]
        if missing:
            raise FileNotFoundError(
                f"`{self._name}` needs every sound file that {listed_in} names. Received: "
                f"folder={self.path!r}, where {len(missing)} of {len(paths)} are missing, the first being "
                f"{missing[0]}; get them from {self._source} and put that one at "
                f"{os.path.join(self.path, missing[0])}"
            )
        return list(paths)

    def sounds(self, pattern: str) -> list[str]:
        """Paths of the files of a pattern, sorted."""
        return sorted(path.replace(os.sep, "/") for path in glob.glob(pattern, root_dir=self.path))

    def rows(self, path: str, columns: Iterable[str]) -> list[dict[str, str]]:
        """Rows of a CSV file, see `reading.read_rows`."""
        return reading.read_rows(os.path.join(self.path, path), columns)

    def lines(self, path: str) -> list[str]:
        """Lines of a list, see `reading.read_lines`."""
        return reading.read_lines(os.path.join(self.path, path))
