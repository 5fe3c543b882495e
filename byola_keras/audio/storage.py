"""Reads files from remote storage. No other module touches tensorflow-io or fsspec."""

import importlib.util
import io

import tensorflow as tf


def is_remote(path: str) -> bool:
    """Whether `path` is an address such as "s3://bucket/sound.flac" and not a local path."""
    return "://" in path


def open_remote(path: str) -> io.BytesIO:
    """Reads a whole remote file (HTTP, S3, Azure ...).

    The file systems of tensorflow-io read it where that package is installed, else those of fsspec:
    tensorflow-io has no release for Python 3.13.

    Args:
        path: address of the file.

    Raises:
        ImportError: neither package is installed, or fsspec lacks the package of this kind of storage.
        OSError: the file cannot be read.
    """
    if importlib.util.find_spec("tensorflow_io"):
        return _read_by_tensorflow_io(path)
    if importlib.util.find_spec("fsspec"):
        return _read_by_fsspec(path)
    raise ImportError(
        f"Remote files need the package tensorflow-io (Python 3.10 to 3.12) or fsspec. Received: {path!r}; "
        "run: pip install 'fsspec[http]'"
    )


def _read_by_tensorflow_io(path):
    # Importing it registers the file systems with `tf.io.gfile`.
    import tensorflow_io  # noqa: F401, PLC0415

    try:
        with tf.io.gfile.GFile(path, "rb") as file:
            return io.BytesIO(file.read())
    except tf.errors.OpError as error:
        raise OSError(error.message) from error


def _read_by_fsspec(path):
    import fsspec  # noqa: PLC0415

    protocol = path.partition("://")[0]
    try:
        with fsspec.open(path, "rb") as file:
            return io.BytesIO(file.read())
    except ImportError as error:
        raise ImportError(
            f"fsspec needs a further package for this address. Received: {path!r}: {error}; run: "
            f"pip install 'fsspec[{protocol}]'"
        ) from error
    except Exception as error:
        # Each kind of storage has exceptions of its own, which come from packages that need not be there.
        raise OSError(f"{type(error).__name__}: {error}") from error
