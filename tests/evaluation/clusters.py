"""Embeddings of classes that overlap, for probes that compare them."""

import numpy as np

from byola_keras.evaluation.probe import Labelled


def clusters(clips, classes=4, size=12, seed=0, spread=1.5, multi_label=False):
    """Clips around a centre for each class, with features of very different scales; one or several labels."""
    draws = np.random.default_rng((seed, clips))
    centres = np.random.default_rng(5).normal(size=(classes, size))
    if multi_label:
        targets = (draws.random((clips, classes)) < 0.3).astype(np.float32)
        means = targets @ centres
    else:
        # As many of each class as can be: probes need one of each.
        targets = np.arange(clips) % classes
        means = centres[targets]
    embeddings = (means + draws.normal(0, spread, (clips, size))) * np.geomspace(0.1, 100, size) + 3
    return Labelled(embeddings.astype(np.float32), targets)
