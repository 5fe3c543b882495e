"""Files and folders that are either whole or not there, local or remote."""

import contextlib
import errno
import os
import shutil
import uuid
from collections.abc import Iterator

_PARTIAL_PREFIX = ".partial-"
_REPLACED_PREFIX = ".replaced-"
# Bytes of a temporary name that repeat the end of the final one: names may have 255 in all.
_KEPT_BYTES = 200


@contextlib.contextmanager
def replacing(path: str) -> Iterator[str]:
    """Gives a temporary name beside `path`; renames it to `path` when the block has succeeded.

    When the block fails, the temporary file goes and what was at `path` stays. A killed process leaves its
    temporary file, which is in nobody's way, as no name is given twice (`remove_partials` removes it).

    Args:
        path: a local file, or an address such as "s3://bucket/file.json" that `tf.io.gfile` writes to.

    Yields:
        The temporary name. It keeps the extension, which Keras looks at.
    """
    files = _files_of(path)
    temporary = _partial(path)
    try:
        yield temporary
        files.rename(temporary, path)
    finally:
        files.remove(temporary)


@contextlib.contextmanager
def replacing_folder(path: str) -> Iterator[str]:
    """Gives a temporary folder beside `path`; renames it to `path` when the block has succeeded.

    When the block or the renaming fails, what was at `path` stays or comes back. A folder with files in it
    can be replaced in two steps only. A process that is killed between them leaves the old folder as
    `.replaced-NAME` beside `path`; the next call for the same `path` puts it back first.

    Args:
        path: a local folder, which need not be there yet. Its parents are made.

    Yields:
        The temporary folder, which is empty.
    """
    path = os.path.abspath(path)
    folder, name = os.path.split(path)
    replaced = os.path.join(folder, _REPLACED_PREFIX + name)
    _finish_killed_replacement(path, replaced)
    temporary = _partial(path)
    os.makedirs(temporary)
    try:
        yield temporary
        _exchange(temporary, path, replaced)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def remove_partials(folder: str, extension: str = "") -> None:
    """Removes the temporary files that killed processes have left in a folder and its subfolders.

    Args:
        folder: a local folder, to which no process may be writing files of this kind.
        extension: the extension of these files, such as ".npz"; by default any.
    """
    for parent, _, names in os.walk(folder):
        for name in names:
            if is_partial(name) and name.endswith(extension):
                os.remove(os.path.join(parent, name))


def is_partial(name: str) -> bool:
    """Whether a file's name, without its folder, is a temporary one that `replacing` gave."""
    return name.startswith(_PARTIAL_PREFIX)


def write_text(path: str, text: str) -> None:
    """Writes a text file in one piece, local or remote."""
    with replacing(path) as temporary, _files_of(path).open(temporary, "w") as file:
        file.write(text)


def _partial(path):
    """A name beside `path` that nobody has used."""
    folder, name = os.path.split(path)
    kept = os.fsdecode(os.fsencode(name)[-_KEPT_BYTES:])
    return os.path.join(folder, f"{_PARTIAL_PREFIX}{uuid.uuid4().hex[:16]}-{kept}")


def _finish_killed_replacement(path, replaced):
    if not os.path.lexists(replaced):
        return
    if os.path.lexists(path):
        shutil.rmtree(replaced, ignore_errors=True)
    else:
        os.rename(replaced, path)


def _exchange(temporary, path, replaced):
    try:
        os.rename(temporary, path)
        return
    except OSError as error:
        # What is there and is no empty folder has to make room first.
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR):
            raise
    os.rename(path, replaced)
    try:
        os.rename(temporary, path)
    except BaseException:
        os.rename(replaced, path)
        raise
    if os.path.isdir(replaced) and not os.path.islink(replaced):
        shutil.rmtree(replaced, ignore_errors=True)
    else:
        os.remove(replaced)


class _LocalFiles:
    rename = staticmethod(os.replace)

    @staticmethod
    def open(path, mode):
        return open(path, mode, encoding="utf-8")

    @staticmethod
    def remove(path):
        with contextlib.suppress(FileNotFoundError):
            os.remove(path)


class _RemoteFiles:
    """The same by TensorFlow, which is imported only where an address is written to."""

    @staticmethod
    def rename(source, target):
        _gfile().rename(source, target, overwrite=True)

    @staticmethod
    def open(path, mode):
        return _gfile().GFile(path, mode)

    @staticmethod
    def remove(path):
        if _gfile().exists(path):
            _gfile().remove(path)


def _files_of(path):
    return _RemoteFiles if "://" in path else _LocalFiles


def _gfile():
    import tensorflow as tf  # noqa: PLC0415

    return tf.io.gfile
