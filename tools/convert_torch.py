r"""Converts a checkpoint of the PyTorch implementation, without PyTorch, to an embedder for byola_keras.load.

    python tools/convert_torch.py --weights=AudioNTT2022-BYOLA-64x96d2048.pth --output=byola_v2.keras \
        --stats_from=sounds

A checkpoint holds neither its front end nor the statistics of its input. The authors measure these anew on
the sound of every task: --stats_from does so on yours. The example in v1's README gives numbers instead:

    python tools/convert_torch.py --weights=AudioNTT2020-BYOLA-64x96d512.pth --output=byola_v1.keras \
        --mean=-5.4919195 --std=5.0389895 --mel_scale=htk --mel_norm=none
"""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

from absl import app, flags, logging

_WEIGHTS = flags.DEFINE_string(
    "weights",
    None,
    "AudioNTT2020-BYOLA-64x96d{512,1024,2048}.pth, AudioNTT2022-BYOLA-64x96d2048.pth, or a checkpoint of a "
    "training run by the original code, Lightning's too.",
)
_OUTPUT = flags.DEFINE_string("output", None, "A file that ends in .keras, or else the folder of a preset.")
_OVERWRITE = flags.DEFINE_bool("overwrite", False, "Replace what is there.")
_GENERATION = flags.DEFINE_enum(
    "generation",
    "auto",
    ["auto", "v1", "v2"],
    "Of the encoder; auto: v1 with three convolution blocks, else v2.",
)
_PREFIX = flags.DEFINE_string(
    "prefix", None, "Of the encoder's names, where it is not found; all other names are left out then."
)

# Input
_MEAN = flags.DEFINE_float(
    "mean",
    None,
    "Of the log-mel. Published are -5.4919195 (v1's README, with --mel_scale=htk --mel_norm=none) and "
    "-9.660292 (v2, on Speech Commands V2).",
)
_STD = flags.DEFINE_float(
    "std", None, "Standard deviation of the log-mel; with the means above, 5.0389895 and 4.7219563."
)
_STATS_FROM = flags.DEFINE_multi_string(
    "stats_from",
    [],
    "In place of --mean and --std, on which they are measured: folder of sound files (with all subfolders), "
    "glob pattern or file. Repeatable.",
)
_NORM_CROPS = flags.DEFINE_integer(
    "norm_crops", 10_000, "Random crops over which mean and deviation are measured.", 1
)
_CROP_SECONDS = flags.DEFINE_float("crop_seconds", 0.95, "Length of a crop.", 0.1, 60.0)
_MEL_SCALE = flags.DEFINE_enum(
    "mel_scale", "slaney", ["slaney", "htk"], "Of the front end; both generations were trained on slaney."
)
_MEL_NORM = flags.DEFINE_enum(
    "mel_norm", "slaney", ["slaney", "none"], "Of the mel filters; both generations were trained on slaney."
)

flags.mark_flags_as_required(["weights", "output"])


def main(argv):
    if len(argv) > 1:
        raise app.UsageError(f"Arguments must be flags. Received: {argv[1:]}")
    logging.set_verbosity(max(logging.get_verbosity(), logging.INFO))
    from byola_keras.processes import leave

    try:
        print(_convert(), flush=True)
    except (ValueError, OSError) as error:
        logging.debug("Traceback:", exc_info=True)
        leave(f"error: {error}", 1)
    except KeyboardInterrupt:
        leave("Interrupted; nothing was written.", 130)


def _convert():
    given = [name for name in ("mean", "std", "stats_from") if flags.FLAGS[name].value not in (None, [])]
    if given not in (["mean", "std"], ["stats_from"]):
        raise ValueError(
            "The statistics must come from --mean and --std or from --stats_from. Received: "
            f"{', '.join(given) or 'none of them'}"
        )
    if os.path.exists(_OUTPUT.value) and not _OVERWRITE.value:
        raise FileExistsError(
            f"`output` must not be there yet. Received: output={_OUTPUT.value!r}; --overwrite replaces it."
        )
    from byola_keras.models.norm_stats import NormStats
    from byola_keras.torch_files.convert import convert_torch, save

    embedder = convert_torch(
        _WEIGHTS.value,
        _measure if _STATS_FROM.value else NormStats(_MEAN.value, _STD.value, 0),
        mel_scale=_MEL_SCALE.value,
        mel_norm=None if _MEL_NORM.value == "none" else _MEL_NORM.value,
        generation=_GENERATION.value,
        prefix=_PREFIX.value,
        measured_on=", ".join(_STATS_FROM.value),
    )
    save(embedder, _OUTPUT.value, _OVERWRITE.value)
    card = embedder.card
    return (
        f"{_OUTPUT.value}: {card['weights']['generation']}, {embedder.embedding_size} features; log-mel mean "
        f"{card['statistics']['mean']:.4f}, standard deviation {card['statistics']['std']:.4f} "
        f"({card['statistics']['origin']}); mel scale {_MEL_SCALE.value}, norm {_MEL_NORM.value}.\n"
        f"Licence: {card['licence']}"
    )


def _measure(frontend):
    from byola_keras.audio.crops import CropStream, crop_dataset
    from byola_keras.audio.files import find_audio_files
    from byola_keras.models.norm_stats import measure
    from byola_keras.training.open_stream import clear_errors

    crop_length = round(_CROP_SECONDS.value * frontend.sample_rate)
    files = find_audio_files(_STATS_FROM.value, called="stats_from")
    stream = CropStream(files, crop_length, 0, frontend.sample_rate)
    with clear_errors(stream):
        return measure(frontend, crop_dataset(stream, min(256, _NORM_CROPS.value)), _NORM_CROPS.value)


if __name__ == "__main__":
    app.run(main)
