"""How much memory this process has taken at the most."""

import resource

import tensorflow as tf


def peak_memory() -> dict[str, float]:
    """Peaks since the process began, in GiB: of main memory as "main memory", and of each GPU by its name."""
    gpus = [device.name for device in tf.config.list_logical_devices("GPU")]
    kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {
        "main memory": kib / 2**20,
        **{name: tf.config.experimental.get_memory_info(name)["peak"] / 2**30 for name in gpus},
    }
