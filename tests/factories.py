"""Small models and sound that the tests share: made on the spot, quick to build, always the same."""

import keras
import numpy as np

import byola_keras

SAMPLE_RATE = 16000


def noise(batch, samples, level=0.1, seed=0):
    """White noise float32 [batch, samples] of the standard deviation `level`."""
    return np.random.default_rng(seed).normal(0, level, (batch, samples)).astype("float32")


def changing_noise(samples, seed=0):
    """Noise float32 [samples], loud and soft in turns, so that a frame out of place is noticed."""
    draws = np.random.default_rng(seed)
    level = np.exp(3 * np.sin(np.arange(samples) / 700.0) - 4)
    return (draws.normal(0, 1, samples) * level).clip(-1, 1).astype("float32")


def tone(seconds=1.0, hertz=440.0):
    """A sine float32 [1, samples] of half the full scale."""
    t = np.arange(round(SAMPLE_RATE * seconds)) / SAMPLE_RATE
    return 0.5 * np.sin(2 * np.pi * hertz * t)[None].astype("float32")


def normalization(mean=-8.25, variance=20.0):
    """The layer with the statistics of the log-mel of a training sound."""
    return keras.layers.Normalization(axis=None, mean=mean, variance=variance, dtype="float32")


def tiny_encoder(**arguments):
    """An encoder of some hundred parameters; `arguments` replace those given here."""
    return byola_keras.Encoder(**{"channels": 4, "mlp_units": (8, 8), **arguments})


def reference_encoder(config, mels=64, **arguments):
    """The encoder of a reference configuration: `d` is the size of local and global features."""
    hidden = config["mlp_hidden_d"]
    local = config["base_d"] * (mels >> config["conv_layers"])
    encoder = byola_keras.Encoder(
        conv_blocks=config["conv_layers"],
        channels=config["base_d"],
        mlp_units=(hidden, config["d"] - local),
        features="local_global" if config["stack"] else "global",
        dropout=0.0,
        **arguments,
    )
    encoder.build((None, None, mels))
    return encoder


def tiny_embedder(card=None, frontend=None, build=True, seed=None, **encoder):
    """An embedder with fresh weights; `frontend` and `encoder` are the arguments of the two layers.

    Two of one `seed` are equal; without it each has other weights.
    """
    if seed is not None:
        keras.utils.set_random_seed(seed)
    embedder = byola_keras.Embedder(
        byola_keras.LogMelSpectrogram(**frontend or {}), normalization(), tiny_encoder(**encoder), card
    )
    if build:
        embedder.build((None, None))
    return embedder


def uneven_embedder(frontend=None, **encoder):
    """An embedder in which zeros beyond a border differ from what is there, as in a trained one."""
    embedder = tiny_embedder(None, frontend, **{"mlp_units": (32, 16), **encoder})
    draws = np.random.default_rng(3)
    for weight in embedder.encoder.weights:
        if weight.dtype == "float32" and len(weight.shape) == 1:
            weight.assign(draws.uniform(0.3, 1.5, weight.shape))
    return embedder


def settled_embedder(**encoder):
    """An embedder whose batch statistics are those of sound: without them all frames look alike."""
    embedder = tiny_embedder({"trained_on": "noise"}, **{"channels": 8, "mlp_units": (128, 64), **encoder})
    for level in (0.003, 0.03, 0.15):
        log_mel = embedder.frontend(noise(8, 8000, level))
        embedder.encoder(embedder.normalization(log_mel), training=True)
    return embedder


def tiny_augmentation(memory_size=16, seed=1):
    """The paper's chain of blocks."""
    return byola_keras.Augmentation(
        [
            byola_keras.LogMixupExp(memory_size=memory_size, seed=seed),
            byola_keras.RandomResizeCrop(seed=seed),
            byola_keras.RandomLinearFader(seed=seed),
            byola_keras.BatchStandardization(),
        ]
    )


def tiny_byol(encoder=None, memory_size=16, samples=4000, **arguments):
    """A whole BYOL model from waveforms [batch, samples] on; `encoder` are arguments of the encoder."""
    model = byola_keras.BYOL(
        byola_keras.LogMelSpectrogram(n_mels=16),
        normalization(mean=-8.0, variance=9.0),
        tiny_augmentation(memory_size),
        tiny_encoder(**{"mlp_units": (16, 16), "seed": 1, **(encoder or {})}),
        **{"projection_units": (32, 8), **arguments},
    )
    model.build((None, samples))
    return model
