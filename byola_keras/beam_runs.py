"""Apache Beam: there or not, and a pipeline run to its end."""

from types import ModuleType


def import_beam() -> ModuleType:
    """The package.

    Raises:
        ImportError: it is not installed.
    """
    try:
        import apache_beam  # noqa: PLC0415
    except ImportError as error:
        raise ImportError("This needs the package apache-beam; run: pip install -e '.[beam]'") from error
    return apache_beam


def names_runner(arguments: list[str]) -> bool:
    """Whether Beam's arguments say where to run."""
    return any(argument.split("=")[0] == "--runner" for argument in arguments)


def run_to_end(pipeline) -> None:
    """Runs a pipeline and waits for it.

    Raises:
        RuntimeError: it failed.
    """
    try:
        pipeline.run().wait_until_finish()
    except Exception as error:  # Beam raises what a worker raised as an error of its own with a long text.
        raise RuntimeError(
            f"Beam must be able to finish. Received: {_last_line(error)}; what was written stays, and the "
            "same command goes on."
        ) from error


def _last_line(error):
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1] if lines else type(error).__name__
