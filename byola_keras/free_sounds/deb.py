"""Reads Debian packages (.deb) without installing them, by python-debian."""

import contextlib
import dataclasses
import lzma
import tarfile
import zlib
from collections.abc import Iterator
from typing import IO


@dataclasses.dataclass(frozen=True)
class Deb:
    """A package as a file.

    Attributes:
        path: the file.
        name: name of the package.
        version: its version.
    """

    path: str
    name: str
    version: str

    @property
    def label(self) -> str:
        """Name and version, as the name of a folder; the colon of an epoch is written as Debian does."""
        return f"{self.name}_{self.version.replace(':', '%3a')}"


def read_deb(path: str) -> Deb:
    """Reads name and version of a package.

    Raises:
        ValueError: the file is no Debian package, or is damaged.
        ImportError: python-debian is not installed.
    """
    with _opened(path) as package:
        control = package.debcontrol()
        return Deb(path, control["Package"], control["Version"])


def files_of(deb: Deb) -> Iterator[tuple[str, IO[bytes]]]:
    """Gives the path, without a slash at its beginning, and the content of each file of a package.

    The content can be read until the next is asked for. Links are left out: what they lead to is there under
    its own name. Reading belongs into a block of `damage_named`.

    Raises:
        ValueError: the package is damaged.
    """
    with _opened(deb.path) as package:
        archive = package.data.tgz()
        for member in archive:
            if member.isreg():
                yield str(member.name).removeprefix("./"), archive.extractfile(member)


def newer(one: str, other: str) -> bool:
    """Whether the version `one` is newer than `other`, by Debian's order."""
    from debian.debian_support import Version  # noqa: PLC0415

    return Version(one) > Version(other)


@contextlib.contextmanager
def damage_named(path: str) -> Iterator[None]:
    """Raises the errors of damaged archives as a ValueError that names the package."""
    from debian.arfile import ArError  # noqa: PLC0415

    try:
        yield
    except (ArError, tarfile.TarError, lzma.LZMAError, zlib.error, EOFError, KeyError) as error:
        raise ValueError(
            f"A package must be a whole .deb file. Received: {path}, which is damaged ({error}). Delete it; "
            "the same command fetches it again."
        ) from error


@contextlib.contextmanager
def _opened(path):
    check_installed()
    from debian.debfile import DebFile  # noqa: PLC0415

    with damage_named(path), contextlib.closing(DebFile(path)) as package:
        yield package


def check_installed() -> None:
    """Raises an ImportError that says what to install if python-debian is not there."""
    try:
        import debian.debfile  # noqa: F401, PLC0415
    except ImportError as error:
        raise ImportError(
            "Debian packages are read by python-debian: pip install 'byola-keras[free_sounds]'."
        ) from error
