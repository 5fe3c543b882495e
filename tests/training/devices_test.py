"""What TensorFlow is told when workers are connected."""

import json
import subprocess
import sys

import pytest
import tensorflow as tf

from byola_keras.training import devices
from byola_keras.training.recipe import Runtime
from tests.cluster import free_addresses

# In a process of its own: TensorFlow is a worker until its process ends.
_CODE = """
import tensorflow as tf
from tensorflow.python.eager import context
from byola_keras.training import devices
strategy = devices.connect_workers()
print(context.context().coordination_service.heartbeat_timeout_in_ms, strategy.num_replicas_in_sync)
assert strategy is devices.connect_workers()
"""


def test_patience_reaches_tensorflow(monkeypatch):
    config = {"cluster": {"worker": free_addresses(1)}, "task": {"type": "worker", "index": 0}}
    monkeypatch.setenv("TF_CONFIG", json.dumps(config))
    output = subprocess.run([sys.executable, "-c", _CODE], capture_output=True, text=True, check=True).stdout
    assert output.split() == ["300000", "1"]


@pytest.mark.parametrize(
    ("gpus", "settings", "expected"),
    [
        (1, {}, True),
        (0, {}, False),
        (1, {"xla": "off"}, False),
        (0, {"xla": "on"}, True),
        # XLA has no deterministic gradient of max pooling, see `deterministic_test`.
        (1, {"deterministic": True}, False),
    ],
)
def test_xla_by_itself_on_gpus_that_need_not_be_deterministic(monkeypatch, gpus, settings, expected):
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: ["a GPU"] * gpus)
    assert devices.uses_xla(Runtime(**settings)) is expected
