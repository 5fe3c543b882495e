"""The model of many probes as a Keras model, and one step of it by hand."""

import keras
import numpy as np
import pytest

from byola_keras.evaluation.probe import Labelled, linear_probe
from byola_keras.evaluation.probe_model import ProbeModel

SIZE, CLASSES, RATES, SEEDS = 6, 3, (1e-3, 1e-2), (1, 2)


def make(multi_label=False):
    model = ProbeModel(CLASSES, RATES, SEEDS, multi_label)
    model.build((len(SEEDS), None, SIZE))
    model.compile(optimizer=None, jit_compile=False)
    return model


@pytest.fixture
def batch():
    draws = np.random.default_rng(0)
    x = draws.normal(size=(len(SEEDS), 8, SIZE)).astype("float32")
    return x, draws.integers(0, CLASSES, (len(SEEDS), 8))


def fit(model, x, y, steps):
    """Steps on the same batch."""
    for _ in range(steps):
        model.train_on_batch(x, y)


def dense(model, place, rate, x):
    """Scores of a layer as a plain `Dense` has them."""
    layer = keras.layers.Dense(CLASSES)
    layer.build((None, SIZE))
    layer.set_weights([model.kernels[place].numpy()[:, rate], model.biases[place].numpy()[rate]])
    return layer(x).numpy()


def test_weights_are_those_of_dense_layers(batch):
    model = make()
    assert len(model.weights) == 1 + 2 * len(SEEDS)
    assert [weight.shape for weight in model.trainable_weights] == [(6, 2, 3), (2, 3)] * 2
    kernel = model.kernels[0].numpy()
    # All layers of a seed start alike, within 1 / sqrt(D), and those of two seeds do not.
    np.testing.assert_array_equal(kernel[:, 0], kernel[:, 1])
    assert 0.3 < np.abs(kernel).max() <= SIZE**-0.5 and np.abs(model.biases[0].numpy()).max() > 0
    assert not np.array_equal(kernel, model.kernels[1].numpy())
    scores = model(batch[0])
    assert scores.shape == (2, 8, 2, 3)
    for place in range(2):
        np.testing.assert_allclose(scores[place, :, 1], dense(model, place, 1, batch[0][place]), atol=1e-6)
    # Clips that are the same for all seeds need not be repeated.
    np.testing.assert_allclose(model(batch[0][:1])[1, :, 1], dense(model, 1, 1, batch[0][0]), atol=1e-6)


def adam(weight, state, gradient, learning_rate, step):
    """A step of PyTorch's Adam with weight decay 1e-8, in place."""
    gradient = gradient + 1e-8 * weight
    state[0] += (1 - 0.9) * (gradient - state[0])
    state[1] += (1 - 0.999) * (gradient**2 - state[1])
    root = np.sqrt(state[1] / (1 - 0.999**step)) + 1e-8
    weight -= learning_rate * state[0] / (1 - 0.9**step) / root


@pytest.mark.parametrize("multi_label", [False, True])
def test_steps_equal_those_of_torch_adam_by_hand(batch, multi_label):
    """Adam in float64 on one layer, with the loss's mean over clips and classes and the weight decay."""
    model, (x, labels) = make(multi_label), batch
    truth = np.eye(CLASSES)[labels]
    before = [weight.numpy().astype("float64") for weight in (model.kernels[1], model.biases[1])]
    fit(model, x, truth.astype("float32") if multi_label else labels, 3)
    after = model.training[1].weights()
    for rate, learning_rate in enumerate(RATES):
        kernel, bias = before[0][:, rate].copy(), before[1][rate].copy()
        state = [[np.zeros_like(w), np.zeros_like(w)] for w in (kernel, bias)]
        for step in (1, 2, 3):
            scores = x[1] @ kernel + bias
            if multi_label:
                by_scores = (1 / (1 + np.exp(-scores)) - truth[1]) / (8 * CLASSES)
            else:
                shares = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
                by_scores = (shares - truth[1]) / (8 * CLASSES)
            adam(kernel, state[0], x[1].T @ by_scores, learning_rate, step)
            adam(bias, state[1], by_scores.sum(axis=0), learning_rate, step)
        np.testing.assert_allclose(after[0][:, rate], kernel, atol=2e-6)
        np.testing.assert_allclose(after[1][rate], bias, atol=2e-6)


def test_weights_of_the_model_are_the_kept_ones(batch):
    model = make()
    initial = [weight.numpy() for weight in model.trainable_weights]
    fit(model, *batch, 2)
    for weight, expected in zip(model.trainable_weights, initial, strict=True):
        np.testing.assert_array_equal(weight.numpy(), expected)
    model.keep_best(0, np.array([1]))
    kernel, bias = model.training[0].weights()
    np.testing.assert_array_equal(model.kernels[0].numpy()[:, 1], kernel[:, 1])
    np.testing.assert_array_equal(model.biases[0].numpy()[1], bias[1])
    np.testing.assert_array_equal(model.kernels[0].numpy()[:, 0], initial[0][:, 0])
    np.testing.assert_array_equal(model.kernels[1].numpy(), initial[2])


def test_layers_that_are_left_out_change_nothing_for_the_others(batch):
    whole, fewer = make(), make()
    fit(whole, *batch, 2)
    fit(fewer, *batch, 2)
    fewer.training[0].keep([1])
    fewer.training[1].keep([])
    fit(whole, *batch, 2)
    fit(fewer, *batch, 2)
    assert fewer.training[0].rates == [1] and fewer.training[1].weights()[0].shape == (SIZE, 0, CLASSES)
    np.testing.assert_allclose(
        fewer.training[0].weights()[0][:, 0], whole.training[0].weights()[0][:, 1], atol=1e-7
    )
    fewer.keep_best(0, np.array([1]))
    assert not np.array_equal(fewer.kernels[0].numpy()[:, 1], fewer.kernels[0].numpy()[:, 0])


def test_the_probe_is_compiled_without_xla(monkeypatch):
    """`jit_compile="auto"` is on for GPUs, though not here, and the shapes of what trains change."""
    compiled = []
    compile_as_keras = ProbeModel.compile

    def watched(self, **arguments):
        compile_as_keras(self, **arguments)
        compiled.append(arguments["jit_compile"])

    monkeypatch.setattr(ProbeModel, "compile", watched)
    part = Labelled(np.eye(4, dtype="float32"), np.array([0, 1, 0, 1]))
    linear_probe(part, part, part, 2, (1e-2,), (0,), max_epochs=1)
    assert compiled == [False]
