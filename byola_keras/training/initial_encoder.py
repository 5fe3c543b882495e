"""The encoder that a run starts from, where it is one that was trained before (`--init_from`).

Of such a model the encoder is taken, for the online and the target network. Projector and predictor start
new: they belong to the sound and the sizes of the run that made them, and are thrown away after it.
"""

import keras
import numpy as np
from absl import logging

from byola_keras.differences import differing, name_differences
from byola_keras.models.byol import BYOL
from byola_keras.models.embedder import Embedder
from byola_keras.models.model_card import identity, settings_of
from byola_keras.models.norm_stats import NormStats
from byola_keras.models.preset import find_model, read_model
from byola_keras.training import configuration
from byola_keras.training.build_model import make_encoder, make_frontend
from byola_keras.training.checkpoints import Checkpoints, has_checkpoint
from byola_keras.training.recipe import KEPT, Recipe

# Has no influence on the embeddings: a run may drop out more or less than the one before.
_MAY_DIFFER = "dropout"


def read_initial(recipe: Recipe, workdir: str) -> Embedder | BYOL | None:
    """Reads the model that a run starts from.

    Returns:
        The model; None for a run that starts from new weights, or that goes on from a checkpoint of its own.

    Raises:
        FileNotFoundError: it is not there.
        ValueError: it is of another kind, architecture or sample rate than the run's.
        ImportError: the client of the hub is not installed.
    """
    if recipe.init_statistics == KEPT and recipe.init_from is None:
        raise ValueError(
            f"`init_statistics` can be {KEPT!r} with `init_from` only. Received: init_from=None; there are "
            "no statistics to keep."
        )
    if recipe.init_from is None or has_checkpoint(workdir):
        return None
    model = read_model(find_model(recipe.init_from), keras.Model)
    if not isinstance(model, (Embedder, BYOL)):
        raise ValueError(
            "`init_from` must be an embedder or a whole BYOL model. Received: "
            f"init_from={recipe.init_from!r}, a {type(model).__name__}"
        )
    _check_fits(model, recipe)
    if recipe.init_statistics == KEPT and np.size(model.normalization.mean) != 1:
        raise ValueError(
            f"`init_statistics` can be {KEPT!r} for a model with one mean of all mels. Received: "
            f"init_from={recipe.init_from!r} with {np.size(model.normalization.mean)}; take 'measured'."
        )
    return model


def describe_initial(recipe: Recipe, initial: Embedder | BYOL | None, workdir: str) -> dict[str, str]:
    """What `configuration.json` keeps of the model beside its name: what it holds, as a hash.

    A run that goes on keeps what it has: the model may have moved or changed since.
    """
    if initial is not None:
        return {"init_identity": identity(initial)}
    known = configuration.recorded(workdir, "init_identity") if recipe.init_from else None
    return {"init_identity": known} if known else {}


def kept_statistics(recipe: Recipe, initial: Embedder | BYOL | None) -> NormStats | None:
    """The statistics of the model, where the run keeps them; None where they are measured."""
    if initial is None or recipe.init_statistics != KEPT:
        return None
    mean, variance = (
        np.squeeze(each) for each in (initial.normalization.mean, initial.normalization.variance)
    )
    return NormStats(float(mean), float(np.sqrt(variance)), crops=0)


def restore_or_start(checkpoints: Checkpoints, model: BYOL, initial: Embedder | BYOL | None) -> int:
    """Brings a built model to where its run is.

    The order: the run's own checkpoint, then the model that it starts from, then new weights.

    Returns:
        The step to go on from.
    """
    step = checkpoints.restore()
    if initial is not None:
        for encoder in (model.encoder, model.target_encoder):
            _copy_weights(initial.encoder, encoder)
        logging.info("Started from the encoder of %s.", identity(initial))
    return step


def _copy_weights(source, target):
    for ours, theirs in zip(_numbers(target), _numbers(source), strict=True):
        ours.assign(theirs.numpy())


def _numbers(encoder):
    """The weights but for the counters of random draws: online and target network draw differently."""
    return [weight for weight in encoder.weights if "float" in weight.dtype]


def _check_fits(model, recipe):
    wanted = _architecture(make_frontend(), make_encoder(recipe))
    found = _architecture(model.frontend, model.encoder)
    names = differing(found, wanted)
    if names:
        received, expected = name_differences(names, found, wanted)
        raise ValueError(
            "`init_from` must have the front end and the encoder of the run. Received: "
            f"init_from={recipe.init_from!r} with {received}; the run has {expected}. The encoder of the run "
            "is set by --encoder; another sample rate or front end cannot be continued."
        )


def _architecture(frontend, encoder):
    settings = {**settings_of(frontend), "encoder": type(encoder).__name__, **settings_of(encoder)}
    return {name: value for name, value in settings.items() if name != _MAY_DIFFER}
