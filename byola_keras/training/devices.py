"""Which devices train, and how exactly they compute."""

import functools

import tensorflow as tf

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


def uses_xla(runtime: Runtime) -> bool:
    """Whether XLA compiles the training step: "auto" is on for GPUs, off for CPUs, where it was slower."""
    return runtime.xla == "on" or (runtime.xla == "auto" and bool(tf.config.list_physical_devices("GPU")))


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
