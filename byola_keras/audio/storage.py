"""Reads files from remote storage. No other module touches tensorflow-io."""

import io

import tensorflow as tf


def is_remote(path: str) -> bool:
    """Whether `path` is an address such as "s3://bucket/sound.flac" and not a local path."""
    return "://" in path


def open_remote(path: str) -> io.BytesIO:
    """Reads a whole remote file through the file systems of tensorflow-io (HTTP, S3, Azure ...).

    Args:
        path: address of the file.

    Raises:
        ImportError: tensorflow-io is not installed.
        OSError: the file cannot be read.
    """
    try:
        # Importing it registers the file systems with `tf.io.gfile`.
        import tensorflow_io  # noqa: F401, PLC0415
    except ImportError as error:
        raise ImportError(
            f"Remote files need the package tensorflow-io. Received: {path!r}; install tensorflow-io "
            "in the version that fits your TensorFlow."
        ) from error
    try:
        with tf.io.gfile.GFile(path, "rb") as file:
            return io.BytesIO(file.read())
    except tf.errors.OpError as error:
        raise OSError(error.message) from error
