"""Runs for `deterministic_test.py`, in a process of their own: determinism cannot be switched off again.

python -m tests.training.deterministic_runs SOUNDS FOLDER
"""

import pathlib
import sys

import tensorflow as tf

from tests.workdirs import SMALLEST_ENCODER, copy_as_killed_after, train

# Without XLA, which takes minutes to compile for two devices.
ONE_DEVICE = {"deterministic": True, "tf32": False, "encoder": SMALLEST_ENCODER, "steps_per_execution": 2}
TWO_DEVICES = {**ONE_DEVICE, "num_devices": 2}


def main(sounds, folder):
    """Trains on two devices with and without a stop, and on one."""
    (cpu,) = tf.config.list_physical_devices("CPU")
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
    train(folder / "whole", sounds, steps=4, checkpoint_every="3", **TWO_DEVICES)
    copy_as_killed_after(folder / "whole", 3, folder / "resumed")
    train(folder / "resumed", sounds, steps=4, **TWO_DEVICES)
    train(folder / "one", sounds, steps=4, **ONE_DEVICE)
    compile_max_pooling()


@tf.function(jit_compile=True)
def pooling_gradient(values):
    """The gradient of max pooling, compiled."""
    return tf.gradients(tf.nn.max_pool2d(values, 2, 2, "VALID"), values)


def compile_max_pooling():
    """What `Runtime` refuses to begin."""
    try:
        pooling_gradient(tf.zeros((1, 4, 4, 1)))
    except tf.errors.UnimplementedError as error:
        print("refused:", error.message)


if __name__ == "__main__":
    main(*map(pathlib.Path, sys.argv[1:]))
