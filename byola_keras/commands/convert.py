r"""Converts a checkpoint of the PyTorch implementation, without PyTorch, to an embedder.

    byola convert --weights=AudioNTT2022-BYOLA-64x96d2048.pth --output=byola_v2.keras --stats_from=sounds

A checkpoint holds neither its front end nor the statistics of its input. The authors' code measures the
statistics anew on the sound of every task: --stats_from does so on yours. The example in the README of the
authors' first version gives numbers instead:

    byola convert --weights=AudioNTT2020-BYOLA-64x96d512.pth --output=byola_v1.keras \
        --mean=-5.4919195 --std=5.0389895 --mel_scale=htk --mel_norm=none
"""

import functools
import os

from absl import flags

from byola_keras.commands import common
from byola_keras.commands.command import Command


def define_flags(values: flags.FlagValues) -> None:
    """Defines the flags of the command."""
    define = common.definers(values)
    define.string(
        "weights",
        None,
        "The checkpoint: AudioNTT2020-BYOLA-64x96d{512,1024,2048}.pth, AudioNTT2022-BYOLA-64x96d2048.pth, or "
        "one of a training run by the original code, Lightning's too.",
    )
    define.string("output", None, "The embedder: a file that ends in .keras, or else the folder of a preset.")
    define.bool("overwrite", False, "Replace the output where it is there already.")
    define.enum(
        "generation",
        "auto",
        ["auto", "v1", "v2"],
        "Generation of the encoder; auto takes three convolution blocks for v1, all else for v2.",
    )
    define.string(
        "prefix",
        None,
        "Beginning of the names of the encoder's weights, where it is not found; weights with other names "
        "are then left out.",
    )

    # Input
    define.float(
        "mean",
        None,
        "Mean of the log-mel. Published are -5.4919195 (README of v1, with --mel_scale=htk --mel_norm=none) "
        "and -9.660292 (v2, on Speech Commands V2).",
    )
    define.float(
        "std", None, "Standard deviation of the log-mel. Published with these means: 5.0389895 and 4.7219563."
    )
    common.sound_flag(
        values, "stats_from", "The sound on which mean and deviation are measured, in place of both"
    )
    common.crop_flags(values)
    define.enum(
        "mel_scale",
        "slaney",
        ["slaney", "htk"],
        "Mel scale of the front end; both generations were trained on slaney.",
    )
    define.enum(
        "mel_norm",
        "slaney",
        ["slaney", "none"],
        "Norm of the mel filters; both generations were trained on slaney.",
    )
    flags.mark_flags_as_required(["weights", "output"], values)


def check(values: flags.FlagValues, arguments: list[str]) -> None:
    """Refuses requests without statistics or with both kinds, and an output that is there already."""
    given = [name for name in ("mean", "std", "stats_from") if values[name].value not in (None, [])]
    if given not in (["mean", "std"], ["stats_from"]):
        raise ValueError(
            "The statistics must come from --mean and --std or from --stats_from. Received: "
            f"{', '.join(given) or 'none of them'}"
        )
    if os.path.exists(values.output) and not values.overwrite:
        raise FileExistsError(
            f"`output` must not be there yet. Received: output={values.output!r}; --overwrite replaces it."
        )


def run(values: flags.FlagValues, arguments: list[str]) -> None:
    """Converts the checkpoint and says what it has become."""
    from byola_keras.models.norm_stats import NormStats
    from byola_keras.torch_files.convert import convert_torch, save

    embedder = convert_torch(
        values.weights,
        functools.partial(_measure, values)
        if values.stats_from
        else NormStats(values.mean, values.std, crops=0),
        mel_scale=values.mel_scale,
        mel_norm=None if values.mel_norm == "none" else values.mel_norm,
        generation=values.generation,
        prefix=values.prefix,
        measured_on=", ".join(values.stats_from),
    )
    save(embedder, values.output, values.overwrite)
    print(_summary(embedder, values), flush=True)


def _measure(values, frontend):
    from byola_keras.audio.crops import CropStream, crop_dataset
    from byola_keras.audio.files import find_audio_files
    from byola_keras.models.norm_stats import measure
    from byola_keras.training.open_stream import clear_errors

    crop_length = round(values.crop_seconds * frontend.sample_rate)
    files = find_audio_files(values.stats_from, called="stats_from")
    stream = CropStream(files, crop_length, 0, frontend.sample_rate)
    with clear_errors(stream):
        return measure(frontend, crop_dataset(stream, min(256, values.norm_crops)), values.norm_crops)


def _summary(embedder, values):
    statistics = embedder.card["statistics"]
    return (
        f"{values.output}: {embedder.card['weights']['generation']}, {embedder.embedding_size} features; "
        f"log-mel mean {statistics['mean']:.4f}, standard deviation {statistics['std']:.4f} "
        f"({statistics['origin']}); mel scale {values.mel_scale}, norm {values.mel_norm}.\n"
        f"Licence: {embedder.card['licence']}"
    )


COMMAND = Command(
    "convert",
    __doc__,
    define_flags,
    run,
    check,
    interrupted="Interrupted; nothing was written.",
)
