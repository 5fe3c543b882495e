"""Makes a preset of an embedder: float16 weights, checksums and a model card in one folder.

    byola make_preset --model=runs/mine --name=mine --output_dir=presets --results=results/results.csv

The folder presets/mine is what byola_keras.load takes: by its path, or by its name with
BYOLA_KERAS_PRESETS=presets. The preset is compared with the embedder before it is kept.
"""

import os
import subprocess

from absl import flags

from byola_keras.commands import common
from byola_keras.commands.command import Command


def define_flags(values: flags.FlagValues) -> None:
    """Defines the flags of the command."""
    define = common.definers(values)
    common.model_flag(values)
    define.string(
        "name",
        None,
        "Name of the preset. Default: that of the model's folder or file.",
    )
    define.string("output_dir", None, "The folder in which the folder of the preset is made.")
    define.bool("overwrite", False, "Replace a preset that is there.")

    # Model card
    define.string("manifest", None, "The manifest.json of the corpus, for the sound by package and licence.")
    define.string("licence", None, "Licence of the weights.")
    define.string(
        "results",
        None,
        "The results.csv of byola evaluate with scores of the preset, of random and of logmel_stats, with "
        "intervals.",
    )
    define.string(
        "results_model", None, "What the results call the preset, as model or label. Default: --model."
    )
    define.string(
        "paper_model", None, "What the results call an encoder that was trained by the paper's recipe."
    )
    define.multi_string("not_good_for", [], "A sentence on what the preset is not good for. Repeatable.")
    define.string(
        "commit",
        None,
        "The commit of the code that trained it. Default: the one of the checkout that the command is in.",
    )
    common.sound_flag(
        values, "verify_audio", "Sound to compare on, beside silence, noise and a tone; of many files 32 are"
    )
    flags.mark_flags_as_required(["model", "output_dir"], values)


def run(values: flags.FlagValues, arguments: list[str]) -> None:
    """Makes the preset and prints what was measured."""
    from byola_keras.evaluation.names import short_names
    from byola_keras.presets.make import About, make_preset

    about = About(
        licence=values.licence,
        manifest=values.manifest,
        results=values.results,
        results_model=values.results_model,
        paper_model=values.paper_model,
        not_good_for=values.not_good_for,
        commit=values.commit or _commit(),
    )
    name = values.name or short_names([values.model])[values.model]
    made = make_preset(values.model, name, values.output_dir, about, values.verify_audio, values.overwrite)
    print(
        f"The preset is in {made.folder}: {made.weights_bytes / 1e6:.1f} MB of weights. Its embeddings of "
        f"{made.clips} clips are those of the model in float32 to {made.difference:.1e} of the largest value."
    )


def _commit():
    """The commit of the checkout that this file is in, with "-dirty" where it was changed; or None."""
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    if not os.path.exists(os.path.join(root, ".git")):
        return None
    command = ["git", "-C", root, "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None


COMMAND = Command(
    "make_preset",
    __doc__,
    define_flags,
    run,
    interrupted="Interrupted; no preset was made.",
    tensorflow_log_level="3",
)
