"""The evaluation of one representation on one task: embeddings, probes, and a record of each result."""

import dataclasses
import math
import time
from collections.abc import Iterator, Sequence

import numpy as np

from byola_keras.evaluation import details, metrics
from byola_keras.evaluation.choices import LINEAR, PROBES, SEARCH, STORED, WINDOW
from byola_keras.evaluation.embeddings import embed_task
from byola_keras.evaluation.probe import SEEDS
from byola_keras.evaluation.probing import probe_windows, retrieval
from byola_keras.evaluation.representations.representation import Representation
from byola_keras.evaluation.task import Task
from byola_keras.evaluation.tasks import fsd50k
from byola_keras.evaluation.tasks.fsd50k_subsets import SUBSETS, subset_scores


@dataclasses.dataclass(frozen=True)
class Options:
    """How tasks are evaluated.

    Attributes:
        output_dir: folder of results and tables.
        cache_dir: folder of the embeddings.
        protocol: "window" or "whole_clip", see `Windows`.
        learning_rate: how the learning rate of linear probes is chosen: "search" (the best on the validation
            clips of five between 1e-5 and 1e-2; the paper searched that range by hand, Section IV-A1),
            "authors" (the rate that the authors' evaluation code has for the task) or a number.
        seeds: seeds of linear probes, one probe each. The drawn splits are always the same.
        probes: some of `choices.PROBES`; each has results of its own.
        layers: names of layers, or of several that are joined ("local+global"), which are probed in the place
            of the embedding, see `LayersRepresentation`; none for the embedding.
        windows: how often a window of each clip is drawn, each time with embeddings and probes of its own.
            One window is always the same.

    Raises:
        ValueError: there is no such probe, or windows cannot be drawn.
    """

    output_dir: str
    cache_dir: str
    protocol: str = WINDOW
    learning_rate: str | float = SEARCH
    seeds: Sequence[int] = SEEDS
    probes: Sequence[str] = (LINEAR,)
    layers: Sequence[str] = ()
    windows: int = 1

    def __post_init__(self):
        if not self.probes or not set(self.probes) <= set(PROBES):
            raise ValueError(
                f"`probes` must be some of {', '.join(PROBES)}. Received: probes={list(self.probes)}"
            )
        if self.windows < 1:
            raise ValueError(f"`windows` must be at least 1. Received: windows={self.windows}")
        if self.windows > 1 and self.protocol != WINDOW:
            raise ValueError(
                f"`windows` must be 1 where no window is drawn. Received: windows={self.windows} with "
                f"protocol={self.protocol!r}; leave one of them out."
            )


def evaluate_task(task: Task, model: str, representation: Representation, options: Options) -> Iterator[dict]:
    """Embeds and probes one task, and yields the record of each result as it comes.

    Writes the table of its classes, the predictions and the confusion matrix of each result to `details/` of
    the results' folder.

    Args:
        task: the task.
        model: the representation as it was given, which the records call it by.
        representation: the same, loaded.
        options: how it is evaluated.

    Yields:
        Records for `records.append`: one for each layer, probe and number of shots; for FSD50K also those of
        its three subsets.

    Raises:
        RepresentationError: the model failed.
    """
    began = time.monotonic()
    where = (options.cache_dir, options.protocol)
    count, protocol = (options.windows, options.protocol) if representation.takes_sound else (1, STORED)
    windows = [embed_task(task, representation, *where, seed) for seed in range(count)]
    embed_seconds = time.monotonic() - began
    about = {
        "task": task.name,
        "title": task.title,
        "task_file": task.file,
        "model": model,
        "model_name": representation.name,
        "protocol": protocol,
        "windows": count,
        "comparable": task.comparable,
        "clips": len(task.clips),
        "classes": len(task.classes),
    }
    # Either all features of the embedding, or those of each layer.
    selections = representation.columns if options.layers else {None: slice(None)}
    for layer, columns in selections.items():
        of_layer = [embeddings[:, columns] for embeddings in windows]
        seconds = {"embed": embed_seconds}
        yield from _records(task, of_layer, {**about, "layer": layer, "seconds": seconds}, options)


def _records(task, windows, about, options):
    """Records of all probes of the embeddings of each window."""
    began = time.monotonic()
    about |= _measured("retrieval_map", retrieval(task, windows))
    about["seconds"]["retrieval"] = time.monotonic() - began
    for probe in options.probes:
        began = time.monotonic()
        all_probed = probe_windows(task, windows, probe, options.learning_rate, options.seeds)
        # What several numbers of shots took together is shared among them.
        seconds = {**about["seconds"], "probe": (time.monotonic() - began) / len(all_probed)}
        for probed in all_probed:
            record = {**about, **probed.about, "seconds": seconds, **_scores(task, probed)}
            joined = probed.joined
            details.write(options.output_dir, record, task, joined)
            yield record
            # A copy that lacks classes lacks subsets.
            if task.name == fsd50k.TASK.name and task.comparable:
                yield from _subsets(task, joined, record)


def _scores(task, probed):
    """The metric of the task, and what stands beside it: AUC, or balanced accuracy."""
    joined = probed.joined
    measured = _scored(joined.metric, joined.values)
    if task.multi_label:
        return measured | _measured("auc", probed.mean_and_interval(metrics.mean_roc_auc))
    balanced = probed.mean_and_interval(metrics.balanced_accuracy)
    return measured | _measured("balanced_accuracy", balanced)


def _scored(metric, values):
    """The metric as a record has it: mean, interval, and the score of each seed (of each window in turn)."""
    mean, interval = metrics.mean_and_interval(values)
    return {"metric": metric, "mean": mean, "ci95": interval, "scores": np.ravel(values)}


def _measured(name, mean_and_interval):
    return dict(zip((name, f"{name}_ci95"), mean_and_interval, strict=True))


def _subsets(task, outcome, record):
    for subset, of_subset in subset_scores(outcome.scores, outcome.targets, task.classes).items():
        # As many scores as are kept of each window.
        values, auc = (
            np.reshape(of_subset[measure], (record["windows"], -1)) for measure in (outcome.metric, "auc")
        )
        yield {
            **record,
            "task": f"{task.name}_{subset}",
            "title": f"{task.title} {subset.replace('_', ' ')}",
            **_scored(outcome.metric, values),
            **_measured("auc", metrics.mean_and_interval(auc)),
            # That of the subset was not asked for.
            **_measured("retrieval_map", (math.nan, math.nan)),
            "classes": len(SUBSETS[subset]),
            "seconds": {},
        }
