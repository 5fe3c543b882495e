"""Evaluates frozen encoders by linear probes on the paper's ten tasks and on tasks of one's own.

    python tools/evaluate.py --model=runs/audioset --tasks=esc50,gtzan --data_dir=datasets --output_dir=results
    python tools/evaluate.py --model=runs/mine --model=random --model=logmel_stats --tasks=csv:birds.csv:species --output_dir=results
    python tools/evaluate.py --summarize --output_dir=results

Adds a line a result to results.jsonl and makes results.md, results.csv, results.png and details/ of it.
Embeddings are kept: the same command again goes on from those that are there.
"""  # noqa: E501 (commands)

import logging as standard_logging
import os
import signal
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

from absl import app, flags, logging

_MODEL = flags.DEFINE_multi_string(
    "model",
    [],
    "What tools/pretrain.py made (embedder.keras or its working directory), random (the untrained encoder) "
    "or logmel_stats. Repeatable.",
)
_TASKS = flags.DEFINE_list(
    "tasks",
    [],
    "esc50, us8k, fsd50k, spcv2, vc1, voxforge, cremad, gtzan, nsynth, surge, csv:PATH, "
    "csv:PATH:COLUMN, tfds:NAME or tfds:NAME:LABEL, with commas between them.",
)
_DATA_DIR = flags.DEFINE_string("data_dir", "datasets", "Has a folder a data set, named as the task.")
_OUTPUT_DIR = flags.DEFINE_string("output_dir", None, "Folder of the results; made if it is not there.")
_CACHE_DIR = flags.DEFINE_string(
    "cache_dir", None, "Folder of the embeddings. Default: embeddings in the output_dir."
)
_PROTOCOL = flags.DEFINE_enum(
    "protocol",
    "window",
    ["window", "whole_clip", "paper", "full"],
    "What is embedded. window: one window of each clip, with the log-mel statistics of the task, as the "
    "authors' evaluation code does it; whole_clip: all sound of each clip, with the statistics of the "
    "model. paper and full are the old words for these.",
)
_LEARNING_RATE = flags.DEFINE_string(
    "learning_rate",
    "search",
    "Learning rate of the probe: search (the best on the validation clips), authors (the rate that the "
    "authors' evaluation code has for the task) or a number. paper is the old word for authors.",
)
_SEEDS = flags.DEFINE_list("seeds", "42,43,44", "Of the probes; the results' interval is over them.")
_SPLIT_CSV = flags.DEFINE_string(
    "split_csv",
    None,
    "Split of voxforge or surge (columns split and file); without one it is drawn.",
)
_CHECK_COUNTS = flags.DEFINE_bool("check_counts", True, "Refuse copies with other counts than published.")
_SUMMARIZE = flags.DEFINE_bool("summarize", False, "Only make the tables of the results that are there.")

flags.mark_flag_as_required("output_dir")
flags.register_validator(
    "seeds",
    lambda seeds: seeds and all(seed.isdigit() for seed in seeds),
    "must be integers with commas between them, such as 42,43,44",
)


def main(argv):
    if len(argv) > 1:
        raise app.UsageError(f"Arguments must be flags. Received: {argv[1:]}")
    if not _SUMMARIZE.value and not (_MODEL.value and _TASKS.value):
        raise app.UsageError("--model and --tasks must be given, or --summarize.")
    logging.set_verbosity(max(logging.get_verbosity(), logging.INFO))
    # Each task has functions of its own, of whose number TensorFlow warns.
    standard_logging.getLogger("tensorflow").setLevel("ERROR")
    from byola_keras.evaluation import choices, evaluate, results
    from byola_keras.processes import leave

    # At once, as all that is written is whole. A KeyboardInterrupt may be lost in TensorFlow's clean-up.
    interrupted = "Interrupted; the same command goes on from the embeddings that are there."
    signal.signal(signal.SIGINT, lambda *_: leave(interrupted, 130))
    try:
        if _SUMMARIZE.value:
            print(results.summarize(_OUTPUT_DIR.value))
            return
        options = evaluate.Options(
            _OUTPUT_DIR.value,
            _CACHE_DIR.value or os.path.join(_OUTPUT_DIR.value, "embeddings"),
            choices.present_protocol(_PROTOCOL.value),
            choices.present_learning_rate(_LEARNING_RATE.value),
            [int(seed) for seed in _SEEDS.value],
        )
        print(
            evaluate.evaluate(
                _MODEL.value, _TASKS.value, _DATA_DIR.value, options, _SPLIT_CSV.value, _CHECK_COUNTS.value
            )
        )
    except (ValueError, OSError, ImportError) as error:
        logging.debug("Traceback:", exc_info=True)
        leave(f"error: {error}", 1)


if __name__ == "__main__":
    sys.exit(app.run(main))
