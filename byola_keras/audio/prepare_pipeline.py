"""The Beam pipeline of a preparation, and its progress."""

import contextlib
import logging as standard_logging
import os
import threading
import time
from concurrent.futures.process import BrokenProcessPool

import tensorflow as tf
from absl import logging

from byola_keras.audio.corpus_shard import write_shard
from byola_keras.processes import available_cores, process_pool

_PROGRESS_SECONDS = 10.0


def run_pipeline(
    shards: list[int],
    folder: str,
    work_folder: str,
    estimated_bytes: int,
    workers: int | None,
    beam_arguments: list[str],
) -> None:
    """Writes shards by Beam, with a line of progress every few seconds.

    Args:
        shards: numbers of the shards that are to be written.
        folder: where they are written.
        work_folder: where the plan is.
        estimated_bytes: of all shards, for the progress.
        workers: processes of the local runner; None for one a processor core.
        beam_arguments: Beam's own; without "--runner" among them the local runner works.

    Raises:
        RuntimeError: the pipeline failed.
        ImportError: Apache Beam is not installed.
    """
    try:
        import apache_beam as beam  # noqa: PLC0415
    except ImportError as error:
        raise ImportError(
            "Preparing a corpus needs the package apache-beam; run: pip install -e '.[beam]'"
        ) from error
    with contextlib.ExitStack() as stack:
        if any(argument.split("=")[0] == "--runner" for argument in beam_arguments):
            runner, write = None, write_shard
        else:
            runner, write = _local_runner(workers or available_cores(), beam_arguments, stack)
        pipeline = beam.Pipeline(runner, beam.options.pipeline_options.PipelineOptions(beam_arguments))
        _ = (
            pipeline
            | "Shards" >> beam.Create(shards)
            | "Spread" >> beam.Reshuffle()
            | "Write" >> beam.Map(write, folder=folder, work_folder=work_folder)
        )
        stack.enter_context(_progress(folder, estimated_bytes))
        _run(pipeline)


def _local_runner(workers, beam_arguments, stack):
    """Beam's runner for this machine, and the function that it is to call.

    Its threads wait for processes of ours: of the processes that it could start itself, one that dies
    leaves it waiting for ever.
    """
    from apache_beam.runners.portability.fn_api_runner import FnApiRunner  # noqa: PLC0415

    # It reports every channel that it opens.
    standard_logging.getLogger("apache_beam").setLevel(standard_logging.ERROR)
    _Pool.current = stack.enter_context(process_pool(workers))
    beam_arguments += [f"--direct_num_workers={workers}", "--direct_running_mode=multi_threading"]
    # What "DirectRunner" comes down to in the end; by that name Beam first tries to download another one.
    return FnApiRunner(), _write_in_pool


class _Pool:
    """Where the functions of the pipeline, which travel as their names, find the processes."""

    current = None


def _write_in_pool(shard, folder, work_folder):
    _Pool.current.submit(write_shard, shard, folder, work_folder).result()


def _run(pipeline):
    try:
        pipeline.run().wait_until_finish()
    except BrokenProcessPool as error:
        raise RuntimeError(
            "Worker processes must not die. Received: one that died, of a decoder's fault or for lack of memory. "
            "tools/check_audio.py names files on which a decoder dies; what was written stays, and the same "
            "command goes on."
        ) from error
    except Exception as error:  # Beam raises whatever a worker raised, wrapped by the runner.
        raise RuntimeError(
            f"Beam must be able to write all shards. Received: {_last_line(error)}; what was written stays, and "
            "the same command goes on."
        ) from error


def _last_line(error):
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1] if lines else type(error).__name__


@contextlib.contextmanager
def _progress(folder, estimated_bytes):
    done = threading.Event()
    thread = threading.Thread(target=_report_progress, args=(folder, estimated_bytes, done), daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def _report_progress(folder, estimated_bytes, done):
    start, before = time.time(), _written_bytes(folder)
    while not done.wait(_PROGRESS_SECONDS):
        written, seconds = _written_bytes(folder), time.time() - start
        rate = (written - before) / seconds
        left = max(0, estimated_bytes - written) / rate if rate else float("inf")
        logging.info(
            "%.0f of about %.0f MiB written, %.1f MiB/s, %s left.",
            written / 2**20,
            estimated_bytes / 2**20,
            rate / 2**20,
            f"about {left / 60:.0f} minutes" if left < float("inf") else "unknown time",
        )


def _written_bytes(folder):
    """Bytes of all shards and of those that are being written."""
    total = 0
    for name in tf.io.gfile.listdir(folder):
        # A shard may be renamed meanwhile.
        with contextlib.suppress(tf.errors.NotFoundError):
            total += tf.io.gfile.stat(os.path.join(folder, name)).length
    return total
