"""The model that a pre-training run trains."""

import contextlib
from collections.abc import Sequence

import keras

from byola_keras.layers.augmentation import Augmentation
from byola_keras.layers.batch_standardization import BatchStandardization
from byola_keras.layers.log_mel_spectrogram import LogMelSpectrogram
from byola_keras.layers.log_mixup_exp import LogMixupExp
from byola_keras.layers.random_linear_fader import RandomLinearFader
from byola_keras.layers.random_resize_crop import RandomResizeCrop
from byola_keras.models.adam import Adam
from byola_keras.models.byol import BYOL
from byola_keras.models.encoder import Encoder
from byola_keras.models.norm_stats import NormStats


def build_model(
    stats: NormStats,
    crop_length: int,
    *,
    seed: int = 0,
    channels: int = 64,
    mlp_units: Sequence[int] = (2048, 2048),
    projection_units: Sequence[int] = (4096, 256),
    memory_size: int = 2048,
    target_decay: float = 0.99,
    learning_rate: float = 1e-4,
    precision: str = "float32",
    synchronized: bool = True,
    jit_compile: bool = False,
) -> BYOL:
    """Builds and compiles BYOL-A with everything that has weights, ready to be restored or trained.

    Args:
        stats: statistics of the training sound, stored in the model.
        crop_length: samples of a training clip.
        seed: of the initial weights and of all draws.
        channels: channels of the encoder's convolutions.
        mlp_units: sizes of the encoder's perceptron.
        projection_units: (hidden, output) sizes of projector and predictor.
        memory_size: clips in the memory of log-mixup-exp.
        target_decay: tau.
        learning_rate: Adam's step size.
        precision: "float32", "mixed_bfloat16" or "mixed_float16", of the networks.
        synchronized: batch statistics over all replicas.
        jit_compile: forward and backward pass by XLA.

    Returns:
        A built `BYOL` with a built optimizer.
    """
    keras.utils.set_random_seed(seed)
    augmentation = Augmentation(
        [
            LogMixupExp(memory_size=memory_size, seed=seed),
            RandomResizeCrop(seed=seed),
            RandomLinearFader(seed=seed),
            BatchStandardization(),
        ]
    )
    with _dtype_policy(precision):
        model = BYOL(
            LogMelSpectrogram(),
            keras.layers.Normalization(axis=None, mean=stats.mean, variance=stats.std**2, dtype="float32"),
            augmentation,
            Encoder(channels=channels, mlp_units=mlp_units, synchronized=synchronized, seed=seed),
            projection_units=projection_units,
            target_decay=target_decay,
            synchronized=synchronized,
        )
        model.build((None, crop_length))
        model.compile(Adam(learning_rate), jit_compile=jit_compile)
    # Slots must exist before a checkpoint is restored, or they would be left out silently.
    model.optimizer.build(model.trainable_variables)
    return model


@contextlib.contextmanager
def _dtype_policy(name):
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
