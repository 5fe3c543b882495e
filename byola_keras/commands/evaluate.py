"""Evaluates frozen encoders by linear probes on the paper's ten tasks and on tasks of one's own.

    byola evaluate --model=runs/audioset --tasks=esc50,gtzan --data_dir=datasets --output_dir=results
    byola evaluate --model=runs/mine --model=random --tasks=csv:birds.csv:species --output_dir=results
    byola evaluate --summarize --output_dir=results

Each result is a line that is added to results.jsonl, of which results.md, results.csv, results.png and
details/ are made. Embeddings are kept: the same command again goes on from those that are there.
"""

import os

from absl import flags

from byola_keras.commands import common
from byola_keras.commands.command import Command
from byola_keras.evaluation import choices


def define_flags(values: flags.FlagValues) -> None:
    """Defines the flags of the command."""
    define = common.definers(values)
    define.multi_string(
        "model",
        [],
        "A representation: an embedder.keras file, the working directory of a pre-training run, the folder, "
        "name or address of a preset (as byola embed takes it), random (the default encoder before any "
        "training, 3,072-d) or logmel_stats (mean and deviation of the log-mel); "
        "or a model of somebody else: savedmodel:FOLDER[:signature:output], litert:FILE[:tensor], "
        "hear:MODULE[:weights], python:MODULE:FUNCTION, npz:FOLDER or a name, see docs/representations.md. "
        "Repeatable.",
    )
    common.tasks_flag(
        values,
        "The tasks: esc50, us8k, fsd50k, spcv2, vc1, voxforge, cremad, gtzan, nsynth, surge, csv:PATH, "
        "csv:PATH:COLUMN, tfds:NAME or tfds:NAME:LABEL.",
    )
    define.string(
        "data_dir", "datasets", "The folder that has a folder for each data set, named as its task."
    )
    define.string("output_dir", None, "The folder of the results; it is made if it is not there.")
    define.string("cache_dir", None, "The folder of the embeddings. Default: embeddings in --output_dir.")
    define.enum(
        "protocol",
        "window",
        ["window", "whole_clip", "paper", "full"],
        "What is embedded. window: one window of each clip, with the log-mel statistics of the task, as the "
        "authors' evaluation code does it; whole_clip: all sound of each clip, with the statistics of the "
        "model. paper and full are the old words for these.",
    )
    define.string(
        "learning_rate",
        "search",
        "Learning rate of linear probes: search (the best on the validation clips), authors (the rate that "
        "the authors' evaluation code has for the task) or a number. paper is the old word for authors.",
    )
    define.list("seeds", "42,43,44", "Seeds of the linear probes; the interval of a result is over them.")
    define.list(
        "probe",
        [choices.LINEAR],
        "What tells the classes from the embeddings, one or several with commas between them: linear (a "
        "trained layer, as in the paper), knn (the nearest training clips) or few_shot (the means of 1, 5 "
        "and 10 clips of each class, drawn 20 times).",
    )
    define.list(
        "layers",
        [],
        "Layers of the encoder that are probed in the place of the embedding, with commas between them, such "
        "as conv_1,conv_2,local,global; local+global joins two. For this project's encoders only.",
    )
    define.integer(
        "windows",
        1,
        "How often a window of each clip is drawn, each time with embeddings and probes of its own; the "
        "interval is over windows and seeds then.",
        1,
    )
    define.string(
        "split_csv",
        None,
        "The split of voxforge or surge: a CSV file with the columns split and file. Default: it is drawn.",
    )
    define.bool("check_counts", True, "Refuse copies of a data set that have other counts than published.")
    define.bool("summarize", False, "Only make the tables and charts of the results that are there.")
    flags.mark_flag_as_required("output_dir", values)
    flags.register_validator(
        "seeds",
        lambda seeds: seeds and all(seed.isdigit() for seed in seeds),
        "must be integers with commas between them, such as 42,43,44",
        values,
    )
    flags.register_validator(
        "probe",
        lambda probes: probes and set(probes) <= set(choices.PROBES),
        f"must be one or several of {', '.join(choices.PROBES)}, with commas between them",
        values,
    )


def check(values: flags.FlagValues, arguments: list[str]) -> None:
    """Refuses requests without models or tasks."""
    if not values.summarize and not (values.model and common.tasks(values)):
        raise ValueError(
            f"--model and --tasks must be given, or --summarize. Received: model={values.model}, "
            f"tasks={values.tasks}"
        )


def run(values: flags.FlagValues, arguments: list[str]) -> None:
    """Evaluates each model on each task and prints the table."""
    common.hide_tracing_reports()
    from byola_keras.evaluation import evaluate, results

    if values.summarize:
        print(results.summarize(values.output_dir))
        return
    options = evaluate.Options(
        values.output_dir,
        values.cache_dir or os.path.join(values.output_dir, "embeddings"),
        choices.present_protocol(values.protocol),
        choices.present_learning_rate(values.learning_rate),
        [int(seed) for seed in values.seeds],
        values.probe,
        values.layers,
        values.windows,
    )
    how = (values.data_dir, options, values.split_csv, values.check_counts)
    try:
        print(evaluate.evaluate(values.model, common.tasks(values), *how))
    except evaluate.UnfinishedError as error:
        print(error.table, flush=True)
        raise


COMMAND = Command(
    "evaluate",
    __doc__,
    define_flags,
    run,
    check,
    interrupted="Interrupted; the same command goes on from the embeddings that are there.",
    # A KeyboardInterrupt may be lost in TensorFlow's clean-up, and all that is written is whole.
    ends_on_interrupt=True,
)
