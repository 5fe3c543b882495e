"""A search in a process of its own, whose stages are arithmetic: what is scored is noted in a file."""

import os
import sys
import time

# A command: the package is not imported as a whole, with TensorFlow.
sys.argv[0] = "byola"

from byola_keras.ablation import search, search_report
from byola_keras.training import blocks

STEPS = (10, 20, 40)
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


if __name__ == "__main__":
    wanted = tiny_search(sys.argv[1], int(sys.argv[2]))
    study = search.run(wanted)
    print(search_report.write_report(study, wanted))
