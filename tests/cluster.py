"""Several workers of a pre-training on this machine, each in a process of its own."""

import json
import socket

from tests import processes


def free_addresses(count):
    """Addresses of as many ports that nobody uses."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return tuple(f"127.0.0.1:{port}" for port in ports)


def start(tool, arguments):
    """Starts tools/`tool` for as many workers as there are lists of arguments; returns the processes."""
    addresses = free_addresses(len(arguments))
    started = []
    for index, given in enumerate(arguments):
        config = {"cluster": {"worker": addresses}, "task": {"type": "worker", "index": index}}
        started.append(processes.start(tool, *given, environment={"TF_CONFIG": json.dumps(config)}))
    return started
