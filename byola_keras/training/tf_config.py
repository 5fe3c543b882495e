"""Which machines train together, by TensorFlow's standard environment variable TF_CONFIG."""

import dataclasses
import json
import os

VARIABLE = "TF_CONFIG"
# The types of tasks that train, in the order in which TensorFlow numbers them.
_TYPES = ("chief", "worker")
_LARGEST_PORT = 65_535


@dataclasses.dataclass(frozen=True)
class Place:
    """The place of this process among the workers of a run.

    Attributes:
        addresses: of all workers, "host:port"; the first one is the chief's, which writes the run.
        index: number of this worker.
    """

    addresses: tuple[str, ...] = ("localhost:0",)
    index: int = 0

    def host_and_port(self, index: int) -> tuple[str, int]:
        """Where a worker listens."""
        host, _, port = self.addresses[index].rpartition(":")
        return host.strip("[]"), int(port)

    def name(self, index: int) -> str:
        """What a worker is called in messages: "worker 1 (host:port)"."""
        role = ", the chief" if index == 0 else ""
        return f"worker {index} ({self.addresses[index]}{role})"


def read_place() -> Place:
    """Reads the environment variable; without it there is one worker.

    It is JSON such as {"cluster": {"worker": ["a:2222", "b:2222"]}, "task": {"type": "worker", "index": 0}},
    the same on all machines but for the index. Worker 0 is the chief, unless there is a task of the type
    "chief": then that one is, and the workers count from 1.

    Raises:
        ValueError: it says something else.
    """
    text = os.environ.get(VARIABLE, "").strip()
    if not text:
        return Place()
    values = _parsed(text)
    cluster, task = values.get("cluster") or {}, values.get("task") or {}
    _check(isinstance(cluster, dict) and isinstance(task, dict), "hold objects as cluster and task", text)
    others = [name for name in cluster if name not in _TYPES and cluster[name]]
    _check(
        not others,
        "name tasks of the types 'chief' and 'worker' only: every machine of a run trains, and the chief "
        f"writes and probes ({', '.join(map(repr, others))} has no work here)",
        text,
    )
    jobs = {name: _addresses(cluster.get(name), text) for name in _TYPES}
    _check(len(jobs["chief"]) <= 1, "name one chief at the most", text)
    addresses = tuple(jobs["chief"] + jobs["worker"])
    if not addresses:
        return Place()
    _check(len(set(addresses)) == len(addresses), "give each worker an address of its own", text)
    kind, index = task.get("type"), task.get("index")
    _check(kind in _TYPES, "name this task's type, 'chief' or 'worker'", text)
    count = len(jobs[kind])
    _check(
        isinstance(index, int) and not isinstance(index, bool) and 0 <= index < count,
        f"name this task's index, from 0 to {count - 1} for a {kind}" if count else f"list the {kind}",
        text,
    )
    return Place(addresses, index if kind == "chief" else len(jobs["chief"]) + index)


def _parsed(text):
    try:
        values = json.loads(text)
    except json.JSONDecodeError as error:
        _check(False, f"be JSON ({error})", text)
    _check(isinstance(values, dict), "be a JSON object", text)
    return values


def _addresses(listed, text):
    listed = [] if listed is None else listed
    _check(isinstance(listed, list), "list the addresses of each type of task", text)
    for address in listed:
        host, _, port = address.rpartition(":") if isinstance(address, str) else ("", "", "")
        valid = host and port.isdecimal() and 1 <= int(port) <= _LARGEST_PORT
        _check(valid, f"give each address as host:port (not {address!r})", text)
    return listed


def _check(condition, rule, text):
    if not condition:
        raise ValueError(
            f"The environment variable {VARIABLE} must {rule}. Received: {VARIABLE}={text!r}; "
            "docs/scale.md shows scripts that set it. Without it one machine trains by itself."
        )
