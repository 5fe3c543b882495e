"""Embeds files by Apache Beam's RunInference, on as many machines as its runner has."""

import json
import os
from collections.abc import Sequence

import apache_beam as beam
from absl import logging
from apache_beam.ml.inference.base import ModelHandler, PredictionResult, RunInference
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.runners.portability.fn_api_runner import FnApiRunner

from byola_keras.atomic import write_text
from byola_keras.audio.storage import is_remote
from byola_keras.beam_runs import names_runner, run_to_end
from byola_keras.embedding.file_embedder import FileEmbedder
from byola_keras.embedding.request import Request, Result, embed_pending
from byola_keras.embedding.sound_files import SoundFile

# Number of files that a worker takes at a time, which are also the rows of a part of a table.
_FILES = 256
_RESULTS_FILE = ".results.json"


class EmbedderHandler(ModelHandler[SoundFile, PredictionResult, FileEmbedder]):
    """Embeds files on a worker, which writes the embeddings itself: the frames of hours are no message.

    Args:
        request: which embeddings are wanted. Its paths must lead to the same place on all workers.
    """

    def __init__(self, request: Request):
        super().__init__(min_batch_size=_FILES, max_batch_size=_FILES)
        self._request = request

    def load_model(self) -> FileEmbedder:
        """Loads the model, once a worker process."""
        return self._request.load_embedder()

    def run_inference(
        self, batch: Sequence[SoundFile], model: FileEmbedder, inference_args: dict | None = None
    ) -> list[PredictionResult]:
        """Embeds a batch of files; returns what became of each."""
        results = list(embed_pending(self._request, model, batch))
        logging.info("%d file(s) done by this worker.", len(results))
        return [PredictionResult(result.path, result) for result in results]


def embed_by_beam(
    request: Request, files: Sequence[SoundFile], beam_arguments: Sequence[str] = ()
) -> list[Result]:
    """Embeds files as `embed_pending` does, in a pipeline.

    Args:
        request: which embeddings are wanted.
        files: the files that are still to be embedded.
        beam_arguments: arguments of Beam itself; without "--runner" among them it runs in this process.

    Returns:
        What became of each file.

    Raises:
        RuntimeError: the pipeline failed.
    """
    results_path = os.path.join(request.output_dir, _RESULTS_FILE)
    runner = None if names_runner(beam_arguments) else FnApiRunner()
    pipeline = beam.Pipeline(runner, PipelineOptions(list(beam_arguments)))
    _ = (
        pipeline
        | "Files" >> beam.Create([_absolute(file) for file in files])
        | "Spread" >> beam.Reshuffle()
        | "Embed" >> RunInference(EmbedderHandler(request))
        | "Results" >> beam.Map(_result)
        | "Gather" >> beam.combiners.ToList()
        | "Write results" >> beam.Map(_write_results, results_path)
    )
    run_to_end(pipeline)
    with open(results_path, encoding="utf-8") as file:
        results = json.load(file)
    os.remove(results_path)
    return [Result(*result) for result in results]


def _absolute(file):
    return file if is_remote(file.path) else file._replace(path=os.path.abspath(file.path))


def _result(prediction):
    return tuple(prediction.inference)


def _write_results(results, path):
    write_text(path, json.dumps(results))
