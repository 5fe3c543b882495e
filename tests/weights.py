"""Weights of a model before and after."""

import numpy as np


def weights_of(model):
    return [np.array(weight) for weight in model.weights]


def changed(model, before):
    return {
        weight.path.rpartition("/")[2]
        for weight, old in zip(model.weights, before, strict=True)
        if not np.array_equal(weight, old)
    }
