"""Two replicas of half the batch must train as one device with all of it, compiled by XLA or not."""

import collections
import contextlib
import functools

import keras
import numpy as np
import pytest
import tensorflow as tf

from byola_keras.layers.dropout import Dropout
from byola_keras.models.losses import projection_std
from byola_keras.training.devices import keep_operations_for_xla, make_strategy
from tests.factories import tiny_byol

STEPS, BATCH = 4, 64


@functools.cache
def train(num_devices, jit_compile=False, traces=None):
    """A model after some steps, and their losses; `traces` is a folder for the graph that TensorFlow ran."""
    keras.utils.set_random_seed(3)
    with make_strategy(num_devices).scope() if num_devices > 1 else contextlib.nullcontext():
        model = tiny_byol({"dropout": 0.0, "conv_blocks": 1}, memory_size=96)
        # SGD shows a wrong scale of the loss, which Adam would hide; with momentum it has slots.
        model.compile(keras.optimizers.SGD(0.01, momentum=0.5), jit_compile=jit_compile)
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
    with _traced(traces) if traces else contextlib.nullcontext():
        model.fit(dataset, verbose=0, callbacks=[Record()], shuffle=False)
    return model, np.array(losses)


@contextlib.contextmanager
def _traced(folder):
    writer = tf.summary.create_file_writer(folder)
    tf.summary.trace_on(graph=True)
    yield
    with writer.as_default(step=0):
        tf.summary.trace_export("graphs")
    writer.close()


def largest_graphs(folder):
    """Operations on each device of the largest function of a trace, a counter for each device."""
    (path,) = tf.io.gfile.glob(f"{folder}/*")
    metadata = tf.compat.v1.RunMetadata()
    for event in tf.compat.v1.train.summary_iterator(path):
        for value in event.summary.value:
            metadata.MergeFromString(value.tensor.string_val[0])
    function = max(metadata.function_graphs, key=lambda graph: graph.ByteSize())
    return [collections.Counter(node.op for node in graph.node) for graph in function.partition_graphs]


@pytest.fixture(scope="module")
def traces(tmp_path_factory):
    keep_operations_for_xla()
    yield str(tmp_path_factory.mktemp("traces"))
    tf.config.optimizer.set_experimental_options({"remapping": True})
    train.cache_clear()


@pytest.mark.parametrize("jit_compile", [False, True])
def test_two_replicas_of_32_equal_one_of_64(jit_compile, traces):
    one, losses_of_one = train(1)
    two, losses_of_two = train(2, True, traces) if jit_compile else train(2)
    # XLA sums in another order, which steep steps make larger.
    tolerance = 2e-4 if jit_compile else 2e-5
    np.testing.assert_allclose(losses_of_two, losses_of_one, atol=tolerance, rtol=0)
    for ours, theirs in zip(two.weights, one.weights, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=tolerance, rtol=1e-4, err_msg=ours.path)
    memory = one.augmentation.layers[0]
    assert int(memory.seen) == STEPS * BATCH
    np.testing.assert_allclose(two.augmentation.layers[0].memory, memory.memory, atol=1e-4)


@pytest.mark.parametrize("jit_compile", [False, True])
def test_replicas_hold_the_same_bits_after_some_steps(jit_compile, traces):
    """Weights, running statistics, memory and slots: what one replica would save, all would."""
    model, _ = train(2, True, traces) if jit_compile else train(2)
    for variable in [*model.weights, *model.optimizer.variables]:
        copies = variable.value.values
        assert len(copies) == 2
        np.testing.assert_array_equal(copies[0], copies[1], err_msg=variable.path)


def test_xla_compiles_everything_but_what_replicas_exchange(traces):
    train(2, True, traces)
    devices = largest_graphs(traces)
    assert len(devices) == 2
    for operations in devices:
        assert operations["_XlaRun"] > 10
        assert operations["CollectiveReduceV2"] and operations["CollectiveGatherV2"]
        heavy = ("Conv", "MatMul", "BatchNorm", "FFT", "Rsqrt", "MaxPool", "ApplyGradient", "Random", "Relu")
        left = {name: count for name, count in operations.items() if any(part in name for part in heavy)}
        assert not left


def test_replicas_draw_different_dropout():
    strategy = make_strategy(2)
    with strategy.scope():
        dropout = Dropout(0.5, seed=1)
        dropout.build((4, 64))
    masks = strategy.run(lambda: dropout(tf.ones([4, 64]), training=True)).values
    assert not np.array_equal(masks[0], masks[1])


@pytest.mark.parametrize("clips", [1, 3])
def test_spread_is_that_of_the_whole_batch(clips):
    """Of one clip a device has none of its own: a run would end as if it had collapsed."""
    rows = tf.random.normal([2 * clips, 5])
    strategy = make_strategy(2)

    @tf.function
    def spreads():
        return strategy.run(lambda: projection_std(tf.reshape(rows, [2, clips, 5])[_replica()]))

    both = [value.numpy() for value in strategy.experimental_local_results(spreads())]
    np.testing.assert_allclose(both, [projection_std(rows)] * 2, rtol=1e-5)


def _replica():
    return tf.distribute.get_replica_context().replica_id_in_sync_group
