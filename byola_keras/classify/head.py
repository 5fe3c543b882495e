"""The head of a classifier: the benchmark's linear probe on embeddings that are made once and kept."""

from typing import NamedTuple

import numpy as np

from byola_keras.classify.labelled import LabelledClips
from byola_keras.classify.settings import BALANCED, KEPT, TrainSettings
from byola_keras.evaluation.choices import WINDOW
from byola_keras.evaluation.embeddings import embed_task, task_statistics
from byola_keras.evaluation.probe import LEARNING_RATES, Labelled, ProbeResult, linear_probe
from byola_keras.evaluation.representations.own import BASELINES, EmbedderRepresentation, load_own
from byola_keras.evaluation.task_probe import epochs_and_patience
from byola_keras.models.embedder import Embedder


class _WithOwnStatistics(EmbedderRepresentation):
    """An embedder that keeps its statistics whatever the protocol."""

    def needs_statistics(self, protocol):
        return False


class EmbeddedClips(NamedTuple):
    """A model with the statistics of a classifier, and its embeddings float32 [clips, D] of all clips."""

    embedder: Embedder
    embeddings: np.ndarray


def embed_clips(model: str, clips: LabelledClips, statistics: str, cache_dir: str) -> EmbeddedClips:
    """Embeds a window of each clip, or takes what an earlier call has left in the cache.

    Args:
        model: "random", or what `byola_keras.load` takes.
        clips: the clips.
        statistics: of the log-mel: "measured" on the training clips of the file, or "kept" as in the model.
        cache_dir: folder of the embeddings, see `embed_task`.

    Raises:
        FileNotFoundError, ValueError: the model is not there, or has no statistics to keep; or a clip cannot
            be decoded.
    """
    own = load_own(model)
    if statistics == KEPT and model in BASELINES:
        raise ValueError(
            f"`statistics` must be measured for a model that has none. Received: statistics={statistics!r} "
            f"with model={model!r}"
        )
    if statistics != KEPT:
        own = own.with_statistics(task_statistics(clips.task, own))
    fixed = _WithOwnStatistics(own.embedder, own.name)
    return EmbeddedClips(fixed.embedder, embed_task(clips.task, fixed, cache_dir, WINDOW))


def train_head(clips: LabelledClips, embeddings: np.ndarray, settings: TrainSettings) -> ProbeResult:
    """Trains the linear probe with all its learning rates and seeds.

    Args:
        clips: the clips.
        embeddings: float32 [clips, D], in the order of `clips.task.clips`.
        settings: seeds and class weights are of interest here.
    """
    parts = [Labelled(embeddings[rows], clips.targets[rows]) for rows in clips.numbers.values()]
    weights = balanced_weights(clips) if settings.class_weights == BALANCED else None
    epochs, patience = epochs_and_patience(clips.task, len(clips.numbers["train"]))
    return linear_probe(
        *parts, len(clips.task.classes), LEARNING_RATES, settings.seeds, epochs, patience, weights
    )


def balanced_weights(clips: LabelledClips) -> np.ndarray:
    """Class weights float32 [classes] by which all classes count the same.

    Of classes that exclude each other a clip counts in inverse proportion to the clips of its class, 1 on
    the average; of others a label counts as much as all clips without it together.
    """
    counts = np.maximum(clips.counts("train"), 1)
    total = len(clips.numbers["train"])
    if clips.task.multi_label:
        return (np.maximum(total - counts, 1) / counts).astype(np.float32)
    return (total / (len(counts) * counts)).astype(np.float32)
