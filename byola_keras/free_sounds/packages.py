"""The packages of the free corpus, and what kind of sound their files are: `packages.csv`."""

import csv
import dataclasses
import fnmatch
import functools
import importlib.resources
import re
from collections.abc import Sequence

KINDS = ("speech", "music", "effects", "instruments")
_ANY = "*"
# A package and a version by Debian's rules for their names.
_REQUEST = re.compile(r"([a-z0-9][a-z0-9+.-]+)(?:=([A-Za-z0-9.+:~-]+))?")


@dataclasses.dataclass(frozen=True)
class Request:
    """A package that is wanted.

    Attributes:
        name: its name.
        version: the version; None for whichever there is.
        optional: whether the corpus is made without the package where Debian's release does not have it.
    """

    name: str
    version: str | None = None
    optional: bool = False


@functools.cache
def _rows() -> list[tuple[str, str, str]]:
    """Rows (package, pattern, kind) of the table."""
    table = importlib.resources.files(__package__).joinpath("packages.csv").read_text("utf-8")
    return [(row["package"], row["pattern"], row["kind"]) for row in csv.DictReader(table.splitlines())]


def listed_packages() -> list[str]:
    """Names of the packages in the table, in its order."""
    return list(dict.fromkeys(package for package, _, _ in _rows() if package != _ANY))


def kind_of(package: str, path: str) -> str:
    """The kind of a file's sound: that of the last row whose package and pattern fit, in any case of letters.

    Args:
        package: name of the package; one that is not in the table is judged by the rows of all packages.
        path: path of the file in it.
    """
    kind = "effects"
    for row_package, pattern, row_kind in _rows():
        if row_package in (package, _ANY) and fnmatch.fnmatchcase(path.lower(), pattern.lower()):
            kind = row_kind
    return kind


def requests(packages: Sequence[str] = ()) -> list[Request]:
    """Reads what a user asks for.

    Args:
        packages: names, or NAME=VERSION; none for all packages of the table, as far as there are any.

    Raises:
        ValueError: it is not the name of a package, or is named twice.
    """
    wanted = [_request(package) for package in packages]
    names = [request.name for request in wanted]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"Each package must be named once. Received: {', '.join(twice)} more than once.")
    return wanted or [Request(name, optional=True) for name in listed_packages()]


def _request(text):
    match = _REQUEST.fullmatch(text)
    if not match:
        raise ValueError(
            f"`packages` must be names of Debian packages, or NAME=VERSION. Received: packages={text!r}"
        )
    return Request(*match.groups())
