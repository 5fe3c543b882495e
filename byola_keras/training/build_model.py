"""The model that a recipe describes."""

import contextlib
import dataclasses
from collections.abc import Iterator

import keras

from byola_keras.layers.augmentation import Augmentation
from byola_keras.layers.log_mel_spectrogram import LogMelSpectrogram
from byola_keras.models.adam import Adam
from byola_keras.models.byol import BYOL
from byola_keras.models.contract import check_encoder
from byola_keras.models.initializers import seeded_initializers
from byola_keras.models.norm_stats import NormStats
from byola_keras.training import blocks, schedules
from byola_keras.training.precision import resolved
from byola_keras.training.recipe import CONSTANT, Recipe


def build_model(
    stats: NormStats, crop_length: int, recipe: Recipe = Recipe(), jit_compile: bool = False
) -> BYOL:
    """Builds and compiles BYOL-A with everything that has weights, ready to be restored or trained.

    Args:
        stats: statistics of the training sound, stored in the model.
        crop_length: samples of a training crop.
        recipe: sizes, blocks, precision, optimizer and seed.
        jit_compile: whether XLA compiles the forward and backward pass.

    Returns:
        A built `BYOL` with a built optimizer.

    Raises:
        ValueError: a block of the recipe cannot be made, or a cosine has no number of steps.
    """
    with seeded_initializers(recipe.seed), _dtype_policy(resolved(recipe.precision)):
        model = make_model(stats, recipe)
        model.build((None, crop_length))
        model.compile(make_optimizer(recipe, model), jit_compile=jit_compile)
    # Slots must exist before a checkpoint is restored, or they would be left out silently.
    model.optimizer.build(model.trainable_variables)
    return model


def check_blocks(recipe: Recipe) -> None:
    """Makes the blocks of a recipe, before anything else is done, and throws them away.

    Raises:
        ValueError: a block cannot be made, or the encoder is none by the contract.
    """
    schedules.check(recipe)
    # How many steps a cosine has is not known before the sound is.
    recipe = dataclasses.replace(recipe, target_decay_schedule=CONSTANT)
    with seeded_initializers(recipe.seed):
        make_model(NormStats(0.0, 1.0, 0), recipe)


def make_optimizer(recipe: Recipe, model: BYOL) -> Adam:
    """The recipe's optimizer for a built model.

    As in AdamW, weight decay stands apart from the gradient: at each step a weight loses `weight_decay` x
    learning rate of itself. Vectors, which biases and the scales and shifts of batch normalisation are, lose
    nothing.
    """
    optimizer = Adam(schedules.make_learning_rate(recipe), weight_decay=recipe.weight_decay or None)
    if recipe.weight_decay:
        vectors = [variable for variable in model.trainable_variables if len(variable.shape) <= 1]
        optimizer.exclude_from_weight_decay(vectors)
    return optimizer


def make_frontend() -> LogMelSpectrogram:
    """The front end of a run, of which the statistics are measured too."""
    return LogMelSpectrogram()


def make_model(stats: NormStats, recipe: Recipe) -> BYOL:
    """The recipe's model of all its parts, not yet built."""
    parts = {
        "frontend": make_frontend(),
        "normalization": stats.layer(),
        "augmentation": make_augmentation(recipe),
        "encoder": make_encoder(recipe),
        "projection_units": recipe.projection_units,
        "projection_hidden_layers": recipe.projection_hidden_layers,
        "target_decay": schedules.make_target_decay(recipe),
        "use_predictor": recipe.use_predictor,
        "synchronized": recipe.sync_batch_norm,
    }
    return blocks.make(recipe.model, BYOL, {}, parts)


def make_augmentation(recipe: Recipe) -> Augmentation:
    """The recipe's chain of augmentation layers.

    Raises:
        ValueError: there is no block, or one cannot be made.
    """
    if not recipe.augmentation:
        raise ValueError(
            "`augmentation` must have a block: without one both views of a clip are the same. Received: "
            "augmentation=(); leave it out for the published chain."
        )
    defaults = {"seed": recipe.seed}
    return Augmentation([blocks.make(text, keras.layers.Layer, defaults) for text in recipe.augmentation])


def make_encoder(recipe: Recipe) -> keras.Model:
    """The recipe's encoder, not yet built."""
    defaults = {"seed": recipe.seed, "synchronized": recipe.sync_batch_norm}
    encoder = blocks.make(recipe.encoder, keras.Model, defaults)
    check_encoder(encoder)
    return encoder


@contextlib.contextmanager
def _dtype_policy(name: str) -> Iterator[None]:
    """What is made inside takes the policy; the caller's own stays as it was."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(name)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def parameter_counts(model: BYOL) -> dict[str, int]:
    """Trainable parameters of each part, by name."""
    parts = {"encoder": model.encoder, "projector": model.projector, "predictor": model.predictor}
    return {
        name: sum(int(weight.shape.num_elements()) for weight in _values(part))
        for name, part in parts.items()
        if part is not None
    }


def _values(part):
    return [weight.value for weight in part.trainable_variables]
