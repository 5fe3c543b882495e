"""Apache Beam, which is an extra: its import, and a pipeline that is run to its end."""

from types import ModuleType


def import_beam() -> ModuleType:
    """Imports Apache Beam.

    Returns:
        The package `apache_beam`.

    Raises:
        ImportError: the package is not installed.
    """
    try:
        import apache_beam  # noqa: PLC0415
    except ImportError as error:
        raise ImportError(
            "The package apache-beam must be installed. Received: an import that failed; run: "
            "pip install 'byola-keras[beam]'"
        ) from error
    return apache_beam


def names_runner(arguments: list[str]) -> bool:
    """Whether Beam's arguments say where the pipeline runs, by --runner=NAME or --runner NAME."""
    return any(argument.split("=")[0] == "--runner" for argument in arguments)


def run_to_end(pipeline) -> None:
    """Runs a Beam pipeline and waits until it is done.

    Args:
        pipeline: an `apache_beam.Pipeline`.

    Raises:
        RuntimeError: the pipeline failed. The message holds the last line of Beam's, which is the error of
            the worker.
        KeyboardInterrupt: Ctrl-C was pressed. A worker in this process reports it as an error of Beam.
    """
    try:
        pipeline.run().wait_until_finish()
    except Exception as error:
        if _last_line(error).startswith("KeyboardInterrupt"):
            raise KeyboardInterrupt from error
        # Beam raises what a worker raised as an error of its own with a long text.
        raise RuntimeError(
            f"Beam must be able to finish. Received: {_last_line(error)}; what was written stays, and the "
            "same command goes on."
        ) from error


def _last_line(error):
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1] if lines else type(error).__name__
