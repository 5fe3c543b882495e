"""Which devices train, and how exactly they compute."""

import contextlib
import functools
from collections.abc import Callable, Iterator

import tensorflow as tf
from tensorflow.python.eager import context as eager

from byola_keras.audio.share import WHOLE, Share
from byola_keras.training.recipe import Runtime


@functools.lru_cache
def make_strategy(num_devices: int | None = None) -> tf.distribute.Strategy:
    """A `MirroredStrategy` over the first `num_devices` GPUs (or logical CPU devices).

    The same number gives the same object: two mirrored strategies in one process would share the
    keys of their collective operations, and fail.

    Args:
        num_devices: how many; None takes all GPUs, or the CPU where there are none.

    Returns:
        The strategy; for one device TensorFlow's default one.

    Raises:
        ValueError: more devices than there are.
    """
    kind = "GPU" if tf.config.list_physical_devices("GPU") else "CPU"
    available = tf.config.list_logical_devices(kind)
    if num_devices is None:
        num_devices = len(available) if kind == "GPU" else 1
    if not 1 <= num_devices <= len(available):
        raise ValueError(
            f"`num_devices` must be from 1 to the {len(available)} {kind} device(s) of this machine. "
            f"Received: num_devices={num_devices}"
        )
    if num_devices == 1:
        return tf.distribute.get_strategy()
    return tf.distribute.MirroredStrategy([device.name for device in available[:num_devices]])


def choose_devices(num_devices: int | None = None) -> int:
    """Lets TensorFlow, which must not have begun its work, see only the devices that this worker trains on.

    Args:
        num_devices: how many; None takes all GPUs, or the CPU where there are none.

    Returns:
        How many these are.

    Raises:
        ValueError: more devices than there are.
    """
    gpus = tf.config.list_physical_devices("GPU")
    available = max(1, len(gpus))
    if not 1 <= (num_devices or available) <= available:
        raise ValueError(
            f"`num_devices` must be from 1 to the {available} {'GPU' if gpus else 'CPU'} device(s) of each "
            f"worker. Received: num_devices={num_devices}"
        )
    if gpus and num_devices:
        tf.config.set_visible_devices(gpus[:num_devices], "GPU")
    return num_devices or available


# How long a process may stand still, as on a machine short of memory, until TensorFlow takes it for dead. Its
# own default ends runs on a busy machine. Processes that have died are noticed by `cluster`, at once.
_STANDSTILL_SECONDS = 300


@functools.lru_cache
def connect_workers() -> tf.distribute.Strategy:
    """The strategy over the chosen devices of all workers that TF_CONFIG names, which must be there.

    It stays for the whole process, whose TensorFlow is one of the workers from now on.

    Raises:
        RuntimeError: TensorFlow has begun its work already.
    """
    try:
        with patience(_STANDSTILL_SECONDS):
            return tf.distribute.MultiWorkerMirroredStrategy()
    except RuntimeError as error:
        raise RuntimeError(
            "A run of several workers must begin before anything else is done with TensorFlow in its "
            f"process. Received: {error}"
        ) from error


@contextlib.contextmanager
def patience(seconds: int) -> Iterator[None]:
    """Lets a strategy that is made inside take a worker for dead only after so many seconds of silence.

    TensorFlow has no public way to say so: the strategy itself calls this method of its context, whose other
    arguments stay as they are. tests/training/devices_test.py notices when it does so no more.
    """
    context = eager.context()
    configure = context.configure_coordination_service
    context.configure_coordination_service = functools.partial(
        configure, heartbeat_timeout_in_ms=1000 * seconds
    )
    try:
        yield
    finally:
        del context.configure_coordination_service


def distribute(
    strategy: tf.distribute.Strategy, batch_size: int, read: Callable[[Share], tf.data.Dataset]
) -> tf.data.Dataset | tf.distribute.DistributedDataset:
    """Batches for a strategy, of which each worker reads the rows of its own devices only.

    Args:
        strategy: of `make_strategy` or `connect_workers`.
        batch_size: clips of a whole batch.
        read: gives endless batches of a share of the rows.
    """
    if not isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy):
        return read(WHOLE)

    def of_worker(context):
        batches = read(Share(context.input_pipeline_id, context.num_input_pipelines))
        # The devices of a worker take one each in turns.
        batches = batches.rebatch(context.get_per_replica_batch_size(batch_size), drop_remainder=True)
        # Else the workers would ask each other at each step whether all have a batch.
        return batches.apply(tf.data.experimental.assert_cardinality(tf.data.INFINITE_CARDINALITY))

    return strategy.distribute_datasets_from_function(of_worker)


def uses_xla(runtime: Runtime) -> bool:
    """Whether XLA compiles the training step.

    "auto" is on for GPUs unless they must be deterministic, and off for CPUs, where it was slower.
    """
    on_its_own = bool(tf.config.list_physical_devices("GPU")) and not runtime.deterministic
    return runtime.xla == "on" or (runtime.xla == "auto" and on_its_own)


def keep_operations_for_xla() -> None:
    """Keeps TensorFlow from joining operations to such as XLA does not know: XLA joins them itself.

    For the whole process. It matters with several replicas; a function that is compiled as a whole is left
    alone anyway.
    """
    tf.config.optimizer.set_experimental_options({"remapping": False})


def apply_settings(runtime: Runtime) -> None:
    """Sets what TensorFlow holds for the whole process: operations that repeat exactly, and TF32."""
    if uses_xla(runtime):
        keep_operations_for_xla()
    if runtime.deterministic:
        # There is no way back in a process.
        tf.config.experimental.enable_op_determinism()
    tf.config.experimental.enable_tensor_float_32_execution(runtime.tf32)
