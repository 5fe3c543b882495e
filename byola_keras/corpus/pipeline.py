"""The Beam pipeline of a preparation, and its progress."""

import contextlib
import dataclasses
import os
import threading
import time
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool

import tensorflow as tf
from absl import logging

from byola_keras.beam_runs import import_beam, names_runner, run_to_end
from byola_keras.corpus.shard import write_shard
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
        folder: folder that the shards are written to.
        work_folder: folder of the plan.
        estimated_bytes: size of all shards, for the lines of progress.
        workers: number of processes of the local runner; None for one a processor core.
        beam_arguments: Beam's own flags; without "--runner" among them the local runner works.

    Raises:
        RuntimeError: the pipeline failed.
        ImportError: Apache Beam is not installed.
    """
    beam = import_beam()
    arguments = {"folder": folder, "work_folder": work_folder}
    with _progress(folder, estimated_bytes):
        if names_runner(beam_arguments):
            _run(beam, None, beam_arguments, shards, write_shard, arguments)
        else:
            _run_locally(beam, beam_arguments, workers or available_cores(), shards, arguments)


def _run(beam, runner, beam_arguments, shards, function, arguments):
    pipeline = beam.Pipeline(runner, beam.options.pipeline_options.PipelineOptions(beam_arguments))
    _ = (
        pipeline
        | "Shards" >> beam.Create(shards)
        | "Spread" >> beam.Reshuffle()
        | "Write" >> beam.Map(function, **arguments)
    )
    run_to_end(pipeline)


def _run_locally(beam, beam_arguments, workers, shards, arguments):
    """Runs the pipeline on this machine: Beam's threads wait for processes of ours.

    Of the processes that Beam could start itself, one that dies leaves it waiting for ever.
    """
    from apache_beam.runners.portability.fn_api_runner import FnApiRunner  # noqa: PLC0415

    threads = [f"--direct_num_workers={workers}", "--direct_running_mode=multi_threading"]
    with process_pool(workers) as pool:
        run = _local_runs[arguments["work_folder"]] = _LocalRun(pool)
        try:
            # What "DirectRunner" comes down to in the end; by that name Beam first tries to download another
            # one.
            _run(beam, FnApiRunner(), threads + beam_arguments, shards, _write_in_pool, arguments)
        finally:
            del _local_runs[arguments["work_folder"]]
    failure = run.failure
    if isinstance(failure, BrokenProcessPool):
        raise RuntimeError(
            "Worker processes must not die. Received: one that died, of a decoder's fault or for lack of "
            "memory. `byola check` names files on which a decoder dies; what was written stays, and "
            "the same command goes on."
        ) from failure
    if failure:
        raise RuntimeError(
            f"All shards must be written. Received: {failure}; what was written stays, and the same command "
            "goes on."
        ) from failure


@dataclasses.dataclass
class _LocalRun:
    """A pipeline that runs in this process: the worker processes, and the first error of a shard."""

    pool: ProcessPoolExecutor
    failure: Exception | None = None


# By work folder, which has one pipeline at a time: Beam pickles the function of a pipeline and its arguments,
# as which a pool of processes cannot travel.
_local_runs: dict[str, _LocalRun] = {}


def _write_in_pool(shard, folder, work_folder):
    run = _local_runs[work_folder]
    # Raised here, an error would be printed by Beam with the stack of each of its threads.
    if run.failure is None:
        try:
            run.pool.submit(write_shard, shard, folder, work_folder).result()
        except Exception as error:
            run.failure = error


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
        logging.info("%s", _progress_line(written, estimated_bytes, (written - before) / seconds))


def _progress_line(written, estimated, bytes_per_second):
    left = "unknown time"
    if bytes_per_second > 0:
        left = f"about {max(0, estimated - written) / bytes_per_second / 60:.0f} minutes"
    return (
        f"{written / 2**20:.0f} of about {estimated / 2**20:.0f} MiB written, "
        f"{bytes_per_second / 2**20:.1f} MiB/s, {left} left."
    )


def _written_bytes(folder):
    """Size of all shards, with those that are being written."""
    total = 0
    for name in tf.io.gfile.listdir(folder):
        # A shard may be renamed meanwhile.
        with contextlib.suppress(tf.errors.NotFoundError):
            total += tf.io.gfile.stat(os.path.join(folder, name)).length
    return total
