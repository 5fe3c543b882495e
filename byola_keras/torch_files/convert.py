"""Converts checkpoints of the PyTorch implementation to embedders."""

import hashlib
import os
import re
from collections.abc import Callable

import numpy as np

from byola_keras.atomic import replacing
from byola_keras.layers.log_mel_spectrogram import LogMelSpectrogram
from byola_keras.models.embedder import Embedder
from byola_keras.models.encoder import Encoder
from byola_keras.models.norm_stats import NormStats
from byola_keras.torch_files.checkpoint import N_MELS, encoder_arguments, encoder_weights
from byola_keras.torch_files.reader import read_torch_file
from byola_keras.torch_files.weights import load_torch_weights

_GENERATIONS = {"global": "v1, AudioNTT2020", "local_global": "v2, AudioNTT2022"}
_PUBLISHED = re.compile(r"AudioNTT20(20|22)-BYOLA")
_NTT_LICENCE = (
    "NTT's, the file LICENSE of github.com/nttcslab/byol-a: for evaluation only, not to be passed on. This "
    "model is made of those weights and falls under it."
)
_UNKNOWN_LICENCE = "that of the checkpoint, which does not say"


def convert_torch(
    path: str,
    stats: NormStats | Callable[[LogMelSpectrogram], NormStats],
    *,
    mel_scale: str = "slaney",
    mel_norm: str | None = "slaney",
    generation: str = "auto",
    prefix: str | None = None,
    measured_on: str | None = None,
) -> Embedder:
    """Makes an embedder of a PyTorch checkpoint: the published v1 or v2 weights, or one of a training run.

    The checkpoint holds neither the statistics nor the front end that the weights were trained with. Both
    generations were trained on the Slaney scale with Slaney norm. Unlike that, the example in v1's README
    pairs its statistics (-5.4919195, 5.0389895) with mel_scale="htk", mel_norm=None.

    Args:
        path: path of a .pth or .ckpt file, see `read_torch_file`.
        stats: mean and standard deviation of the log-mel, or a function that measures them with a front end;
            it is called when the weights have proved to be good.
        mel_scale: mel scale of the front end, "slaney" or "htk", see `LogMelSpectrogram`.
        mel_norm: norm of its filters, "slaney" or None.
        generation: generation of the encoder, "auto", "v1" or "v2", see `encoder_arguments`.
        prefix: prefix of the encoder's names, see `encoder_weights`.
        measured_on: name of the sound on which the statistics were measured, for the model card.

    Returns:
        A built embedder, whose `card` says what was chosen and where the weights are from.

    Raises:
        FileNotFoundError: no such file.
        ValueError: the file is no checkpoint of tensors; a name is missing or left over, or a shape does not
            fit; a weight or the statistics are no finite numbers.
    """
    weights = encoder_weights(read_torch_file(path), prefix)
    encoder = Encoder(**encoder_arguments(weights, generation))
    encoder.build((None, None, N_MELS))
    load_torch_weights(encoder, weights)
    _check_finite(weights)
    frontend = LogMelSpectrogram(n_mels=N_MELS, mel_scale=mel_scale, mel_norm=mel_norm)
    stats = stats(frontend) if callable(stats) else stats
    if not (np.isfinite(stats.mean) and np.isfinite(stats.std) and stats.std > 0):
        raise ValueError(
            "The statistics must be finite, and the standard deviation positive. Received: "
            f"mean={stats.mean}, std={stats.std}"
        )
    card = _card(path, encoder, frontend, stats, measured_on)
    embedder = Embedder(frontend, stats.layer(), encoder, card)
    embedder.build((None, None))
    return embedder


def save(embedder: Embedder, output: str, overwrite: bool = False) -> None:
    """Writes a built embedder to a .keras file, or to the folder of a preset if `output` has another ending.

    Raises:
        FileExistsError: something is there that must not be replaced.
    """
    if not output.endswith(".keras"):
        embedder.save_to_preset(output, overwrite=overwrite)
        return
    if os.path.exists(output) and not overwrite:
        raise FileExistsError(
            f"`output` must not be there yet. Received: output={output!r}, overwrite={overwrite}"
        )
    os.makedirs(os.path.dirname(output) or ".", exist_ok=True)
    with replacing(output) as temporary:
        embedder.save(temporary)


def _check_finite(weights):
    wrong = [name for name, array in weights.items() if not np.isfinite(array).all()]
    if wrong:
        raise ValueError(f"All weights must be finite numbers. Received: NaN or infinity in {wrong}")


def _card(path, encoder, frontend, stats, measured_on):
    name = os.path.basename(path)
    origin = f"measured over {stats.crops} random crops of {measured_on}" if measured_on else "as given"
    return {
        "licence": _NTT_LICENCE if _PUBLISHED.search(name) else _UNKNOWN_LICENCE,
        "weights": {
            "file": name,
            "sha256": _sha256(path),
            "generation": _GENERATIONS[encoder.features],
            "converted_by": "byola_keras, tools/convert_torch.py",
        },
        "statistics": {"mean": stats.mean, "std": stats.std, "origin": origin},
        "notes": (
            f"The mel scale ({frontend.mel_scale}), the mel norm ({frontend.mel_norm or 'none'}) and the "
            "statistics were chosen at the conversion; the checkpoint does not hold them."
        ),
    }


def _sha256(path):
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(2**20):
            digest.update(block)
    return digest.hexdigest()
