"""Embeds sound files into a folder, as the command `embed` does, and goes on where an earlier run stopped."""

import contextlib
import json
import os
import time
from collections.abc import Sequence

from absl import logging

from byola_keras.atomic import remove_partials, write_text
from byola_keras.beam_runs import import_beam
from byola_keras.embedding.file_embedder import FileEmbedder
from byola_keras.embedding.outputs import Found
from byola_keras.embedding.request import Request, embed_pending
from byola_keras.embedding.sound_files import SoundFile
from byola_keras.folder_lock import locked

REPORT_FILE = "report.json"
_PROGRESS_SECONDS = 10


def embed_files(
    request: Request,
    files: Sequence[SoundFile],
    overwrite: bool = False,
    beam_arguments: Sequence[str] | None = None,
    embedder: FileEmbedder | None = None,
) -> dict:
    """Embeds sound files into a folder. What is there already, of the same sound, stays.

    Args:
        request: which embeddings are wanted.
        files: the files, see `find_sound_files`.
        overwrite: whether everything is made again. A table is removed first.
        beam_arguments: arguments of Apache Beam, which then runs the work; None does without Beam.
        embedder: a model of somebody else, which `request.model` then only names; None loads the model of the
            request. Beam's workers can load no other.

    Returns:
        The report, which is in `report.json` too.

    Raises:
        ValueError: a bad value, embeddings of another model or of another file of the same name, or no
            file at all that can be decoded.
        FileNotFoundError: the model is not there.
        RuntimeError: the pipeline of Beam failed.
        ImportError: Beam or pyarrow is wanted and not installed.
    """
    # The current directory of another process may be another one.
    request = request._replace(output_dir=os.path.abspath(request.output_dir))
    if embedder is None:
        request = request.with_local_model()
        embedder = request.load_embedder()
    elif beam_arguments is not None:
        raise ValueError(
            f"`runner` must be local for models of others. Received: beam with model={request.model!r}"
        )
    busy = (
        f"A folder is written by one process at a time. Received: output_dir={request.output_dir!r}, "
        "in which another is at work; wait for it or end it."
    )
    start = time.time()
    with locked(request.output_dir, busy):
        remove_partials(request.output_dir, request.partial_extension)
        outputs = request.outputs(embedder)
        if overwrite:
            outputs.clear()
        done, changed = Found(set(), set()) if overwrite else outputs.find(files)
        if changed:
            logging.info("%d file(s) have changed since and are embedded again.", len(changed))
            outputs.forget(changed)
        pending = [file for file in files if file.name not in done]
        logging.info("%d file(s), of which %d are done.", len(files), len(done))
        if beam_arguments is None:
            results = list(_with_progress(embed_pending(request, embedder, pending), len(pending)))
        else:
            results = _embed_by_beam(request, pending, beam_arguments)
        report = _report(request, outputs.model, len(done), results, time.time() - start)
        write_text(os.path.join(request.output_dir, REPORT_FILE), json.dumps(report, indent=1) + "\n")
    if len(report["skipped"]) == len(files):
        first = "; ".join(f"{path}: {problem}" for path, problem in list(report["skipped"].items())[:5])
        raise ValueError(
            f"At least one file must be decodable. Received: {len(files)} file(s), none of which is; the "
            f"first: {first}"
        )
    return report


def _embed_by_beam(request, files, arguments):
    import_beam()
    from byola_keras.embedding.beam_pipeline import embed_by_beam  # noqa: PLC0415

    return embed_by_beam(request, files, arguments) if files else []


def _with_progress(results, count):
    start, seconds = time.time(), 0.0
    with contextlib.closing(results):
        for number, result in enumerate(results, 1):
            if result.problem:
                logging.warning("Skipping %s: %s.", result.path, result.problem)
            seconds += result.seconds
            rate = seconds / (time.time() - start)
            logging.log_every_n_seconds(
                logging.INFO, "%d of %d files, %.0f times real time.", _PROGRESS_SECONDS, number, count, rate
            )
            yield result


def _report(request, model, done, results, seconds):
    skipped = {result.path: result.problem for result in results if result.problem}
    return {
        **request._asdict(),
        "model_identity": model,
        "already_there": done,
        "embedded": len(results) - len(skipped),
        "hours": sum(result.seconds for result in results) / 3600,
        "skipped": skipped,
        "seconds": round(seconds, 1),
    }
