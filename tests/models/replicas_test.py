"""Two replicas of half the batch must train as one device with all of it."""

import contextlib

import keras
import numpy as np
import pytest
import tensorflow as tf

import byola_keras
from byola_keras.training.devices import make_strategy
from tests.factories import tiny_byol

STEPS, BATCH = 4, 64


def train(
    num_devices,
    jit_compile=False,
    synchronized=True,
    dropout=0.0,
    optimizer=lambda: keras.optimizers.SGD(0.05),
):
    keras.utils.set_random_seed(3)
    with make_strategy(num_devices).scope() if num_devices > 1 else contextlib.nullcontext():
        model = tiny_byol(
            {"dropout": dropout, "synchronized": synchronized}, memory_size=96, synchronized=synchronized
        )
        # SGD shows a wrong scale of the loss, which Adam would hide.
        model.compile(optimizer(), jit_compile=jit_compile)
        model.optimizer.build(model.trainable_variables)
    initial = iter(np.random.default_rng(1).normal(0, 0.1, 10**6).astype("float32"))
    for online, target in model._moving_average.pairs:
        values = np.fromiter(initial, "float32", int(np.prod(online.shape))).reshape(online.shape)
        online.assign(values)
        target.assign(values)
    for variable in model.predictor.trainable_variables:
        values = np.fromiter(initial, "float32", int(np.prod(variable.shape)))
        variable.assign(values.reshape(variable.shape))
    sound = np.random.default_rng(0).normal(0, 0.1, (STEPS * BATCH, 4000)).astype("float32")
    losses = []

    class Record(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            losses.append(float(logs["loss"]))

    dataset = tf.data.Dataset.from_tensor_slices(sound).batch(BATCH, drop_remainder=True)
    model.fit(dataset, verbose=0, callbacks=[Record()], shuffle=False)
    return model, np.array(losses)


@pytest.mark.parametrize(
    ("optimizer", "loss_tolerance", "weight_tolerance"),
    [
        (lambda: keras.optimizers.SGD(0.05), 2e-5, 2e-5),
        # Adam turns the rounding of a vanishing gradient into steps of up to its learning rate, which
        # tells in the loss as between any two float32 implementations (1e-3, tests/data/README.md).
        (lambda: byola_keras.Adam(1e-4), 1e-3, 8e-4),
    ],
)
def test_two_replicas_of_32_equal_one_of_64(optimizer, loss_tolerance, weight_tolerance):
    one, losses_of_one = train(1, optimizer=optimizer)
    two, losses_of_two = train(2, optimizer=optimizer)
    np.testing.assert_allclose(losses_of_two, losses_of_one, atol=loss_tolerance, rtol=0)
    for ours, theirs in zip(two.weights, one.weights, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=weight_tolerance, rtol=1e-4, err_msg=ours.path)
    memory = one.augmentation.layers[0]
    assert int(memory.seen) == STEPS * BATCH
    np.testing.assert_allclose(two.augmentation.layers[0].memory, memory.memory, atol=1e-4)


def test_replicas_stay_equal_and_draw_different_dropout():
    model, _ = train(2, dropout=0.5)
    for variable in model.trainable_variables:
        copies = variable.value.values
        np.testing.assert_array_equal(copies[0], copies[1])
    strategy = model.distribute_strategy
    masks = strategy.run(lambda: model.encoder.dropout(tf.ones([4, 64]), training=True)).values
    assert not np.array_equal(masks[0], masks[1])


def test_xla_refuses_statistics_over_replicas():
    with pytest.raises(ValueError, match="synchronized=True, replicas=2.*synchronized=False"):
        train(2, jit_compile=True)


def test_xla_with_two_replicas_and_their_own_batch_statistics():
    _, compiled = train(2, jit_compile=True, synchronized=False)
    _, plain = train(2, synchronized=False)
    np.testing.assert_allclose(compiled, plain, atol=1e-4, rtol=0)
