"""Which devices train, and whether XLA compiles for them."""

import functools

import tensorflow as tf


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


def use_xla(xla: str, num_replicas: int, synchronized: bool) -> bool:
    """Whether forward and backward pass are compiled by XLA.

    Args:
        xla: "on", "off", or "auto": on GPUs, unless several replicas share batch statistics, which
            XLA cannot compile; not on CPUs, where it was measured to be slower.
        num_replicas: replicas in the strategy.
        synchronized: whether batch statistics are those of all replicas.
    """
    if xla == "auto":
        shared_statistics = synchronized and num_replicas > 1
        return bool(tf.config.list_physical_devices("GPU")) and not shared_statistics
    return xla == "on"
