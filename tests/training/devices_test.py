"""What TensorFlow is told when workers are connected."""

import json
import subprocess
import sys

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
