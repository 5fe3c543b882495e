"""A search in a process of its own, whose stages are arithmetic: what is scored is noted in a file.

With the folders of a sound and a task, the stages are real trainings of tiny networks.
"""

import functools
import os
import sys
import time

# A command: the package is not imported as a whole, with TensorFlow.
sys.argv[0] = "byola"

from absl import logging

from byola_keras.ablation import search, search_report
from byola_keras.ablation.scales import Scale
from byola_keras.training import blocks

STEPS = (10, 20, 40)
REAL_STEPS = (1, 2)
LOG = "stages.txt"


def score(stage):
    """The closer max_ratio is to 0.4, the better; each stage is slow enough to be killed in."""
    number = int(os.path.basename(stage.folder))
    time.sleep(0.03)
    with open(
        os.path.join(os.path.dirname(os.path.dirname(stage.folder)), LOG), "a", encoding="utf-8"
    ) as file:
        file.write(f"{number} {stage.steps} {os.getpid()}\n")
    (mixup, crop, *_) = blocks.split_blocks(stage.augmentation)
    ratio = blocks.parse(mixup).parameters["max_ratio"]
    height = blocks.parse(crop).parameters["freq_scale"][1]
    return 50 - 20 * abs(ratio - 0.4) - 2 * abs(height - 1.2) + stage.steps / 10


def tiny_search(output_dir, trials, score=score, **settings):
    return search.Search(str(output_dir), trials, STEPS, score, {"tasks": ["a"], **settings})


def real_search(output_dir, sounds, task):
    """One trial of two steps, by `byola pretrain` and `byola evaluate`."""
    from byola_keras.ablation import search_stage

    flags = {
        "encoder": "Encoder(channels=4, mlp_units=(16, 16))",
        "projection_units": "32,8",
        "global_batch_size": "4",
        "norm_crops": "16",
    }
    scale = Scale("tiny", flags, (sounds,), (task,), probe_flags={"seeds": "42", "learning_rate": "1e-2"})
    stages = functools.partial(search_stage.score_stage, scale)
    return search.Search(output_dir, 1, REAL_STEPS, stages, search_stage.settings(scale))


if __name__ == "__main__":
    logging.set_verbosity(logging.INFO)
    folder, arguments = sys.argv[1], sys.argv[2:]
    wanted = (
        tiny_search(folder, int(arguments[0])) if len(arguments) == 1 else real_search(folder, *arguments)
    )
    study = search.run(wanted)
    print(search_report.write_report(study, wanted))
