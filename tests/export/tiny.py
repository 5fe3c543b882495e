"""A small embedder whose numbers are those of a trained one in kind."""

import keras
import numpy as np

import byola_keras


def tiny_embedder(**encoder):
    embedder = byola_keras.Embedder(
        byola_keras.LogMelSpectrogram(),
        keras.layers.Normalization(axis=None, mean=-8.25, variance=19.7, dtype="float32"),
        byola_keras.Encoder(channels=8, mlp_units=(128, 64), **encoder),
        card={"trained_on": "noise"},
    )
    embedder.build()
    for level in (0.01, 0.1, 0.5):
        # Batch statistics of sound, or else all frames look alike.
        log_mel = embedder.frontend(noise(8, 8000) * level)
        embedder.encoder(embedder.normalization(log_mel), training=True)
    return embedder


def noise(batch, samples):
    return np.random.default_rng(samples).normal(0, 0.3, (batch, samples)).astype("float32")


def tone(seconds=1.0):
    return 0.5 * np.sin(2 * np.pi * 440 * np.arange(round(16000 * seconds)) / 16000)[None].astype("float32")


def relative_error(actual, expected):
    return np.abs(np.asarray(actual) - np.asarray(expected)).max() / np.abs(expected).max()


def cosine(actual, expected):
    """The lowest, of all vectors."""
    actual, expected = np.asarray(actual, np.float64), np.asarray(expected, np.float64)
    norms = np.linalg.norm(actual, axis=-1) * np.linalg.norm(expected, axis=-1)
    return ((actual * expected).sum(-1) / norms).min()
