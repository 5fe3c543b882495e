"""What a worker does that is not the chief: it computes its share of every step, and writes nothing."""

import tensorflow as tf
from absl import logging

from byola_keras.audio.crops import crop_dataset
from byola_keras.models.byol import BYOL
from byola_keras.training import devices, signals
from byola_keras.training.callbacks import StepMetrics
from byola_keras.training.cluster import Cluster
from byola_keras.training.loop import Steps
from byola_keras.training.recipe import Runtime
from byola_keras.training.weight_names import named_optimizer_variables, named_weights

# How soon a signal is passed on while no steps are executed.
_POLL_SECONDS = 0.2


def work(cluster: Cluster, model: BYOL, stream, batch_size: int, runtime: Runtime) -> bool:
    """Trains as the chief says.

    Args:
        cluster: the workers.
        model: built and compiled.
        stream: the sound.
        batch_size: clips in a step, over all workers.
        runtime: of the run.

    Returns:
        Whether the run came to its end.

    Raises:
        WorkerLostError: another worker has gone or failed.
    """
    message = cluster.hear()
    metrics = StepMetrics(message["step"])
    if message["remaining"]:
        spread_state(model)
        data = batches(model.distribute_strategy, stream, batch_size, metrics.step, runtime)
        end = _follow(cluster, Steps(model, data), metrics)
    else:
        end = cluster.hear()
    logging.info("%s says: %s", cluster.place.name(0), end["end"])
    return end["finished"]


def _follow(cluster, steps, metrics):
    """Executes steps as they are told, until the chief's last message."""
    with signals.caught(cluster.signals.append):
        while True:
            while cluster.signals:
                # The chief ends the run for all, at one and the same step.
                cluster.ask_to_stop(cluster.signals.pop())
            message = cluster.hear(_POLL_SECONDS)
            if "run" in message:
                metrics.add(steps.run(message["run"]), message["run"])
                # Waits for the devices now and then, so that their errors are noticed.
                metrics.on_train_batch_end(metrics.step - 1)
            elif "end" in message:
                return message


def batches(
    strategy: tf.distribute.Strategy, stream, batch_size: int, start_step: int, runtime: Runtime
) -> tf.data.Dataset | tf.distribute.DistributedDataset:
    """The batches of a run from step `start_step` on; of several workers, each reads its own rows."""
    # Deterministic TensorFlow refuses to tell the time.
    with_times = not runtime.deterministic
    readers = runtime.workers or tf.data.AUTOTUNE
    return devices.distribute(
        strategy,
        batch_size,
        lambda share: crop_dataset(stream, batch_size, start_step, readers, with_times, True, share),
    )


def spread_state(model: BYOL) -> None:
    """Gives all workers the chief's weights and optimizer; to be called on all of them at once.

    So only the chief needs to see the checkpoint. One that is alone has them already.
    """
    strategy = model.distribute_strategy
    if not isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy):
        return
    by_type = {}
    for each in [*named_weights(model).values(), *named_optimizer_variables(model).values()]:
        by_type.setdefault(_sent_type(each.value.dtype), []).append(each.value)
    variables = [variable for group in by_type.values() for variable in group]

    def of_chief():
        replica = tf.distribute.get_replica_context()
        first = tf.equal(replica.replica_id_in_sync_group, 0)
        summed = []
        for dtype, group in by_type.items():
            values = [tf.cast(variable, dtype) for variable in group]
            kept = [tf.where(first, value, tf.zeros_like(value)) for value in values]
            summed += replica.all_reduce(tf.distribute.ReduceOp.SUM, kept)
        return summed

    values = tf.function(lambda: strategy.run(of_chief), autograph=False)()
    for variable, value in zip(variables, values, strict=True):
        local = strategy.experimental_local_results(value)[0]
        variable.assign(tf.cast(local, variable.dtype))


def _sent_type(dtype):
    """A type that devices exchange, and that holds all values of `dtype` exactly."""
    if not dtype.is_floating:
        return tf.int64
    return tf.float64 if dtype == tf.float64 else tf.float32
