"""How the workers of a run find each other before TensorFlow connects them.

TensorFlow would wait an hour for a worker that does not come, and name none. Here the chief listens at its
own address, which TensorFlow takes over afterwards, until all others have called.
"""

import contextlib
import errno
import json
import socket
import time

from absl import logging

from byola_keras.differences import differing, name_differences
from byola_keras.training.tf_config import VARIABLE, Place

# Seconds that a caller has for its first line; a stranger may have none.
_HELLO_SECONDS = 5
_RETRY_SECONDS = 0.3
# What a worker waits longer than the chief, which knows who is missing.
_LONGER_SECONDS = 10
_LONGEST_LINE = 2**20
# Seconds of silence after which the kernel asks whether the other machine is there, and how often it asks.
_IDLE_SECONDS, _ASK_SECONDS, _ASKS = 10, 5, 3


def meet(place: Place, facts: dict, seconds: float) -> dict[int, socket.socket]:
    """Waits until all workers are there.

    Args:
        place: of this process.
        facts: values by name that must be the same on all workers.
        seconds: how long to wait.

    Returns:
        Connections by the index of the worker at the other end: the chief has one to each, all others have
        one to the chief.

    Raises:
        OSError: the port is in use, or somebody has not come in time (`TimeoutError`).
        ValueError: facts differ.
    """
    facts = {**facts, "workers": list(place.addresses)}
    deadline = time.monotonic() + seconds
    logging.info("This is %s of %d; waiting for the others.", place.name(place.index), len(place.addresses))
    with _listening(place) as listener:
        if place.index == 0:
            return _receive_all(place, listener, facts, seconds, deadline)
    # The port was tried only: TensorFlow itself would share it with another process, without a word.
    return {0: _call_chief(place, facts, seconds, deadline)}


@contextlib.contextmanager
def _listening(place):
    port = place.host_and_port(place.index)[1]
    try:
        listener = _server(port)
    except OSError as error:
        if error.errno not in (errno.EADDRINUSE, errno.EACCES):
            raise
        raise OSError(
            f"The port of a worker must be free on its machine. Received: {VARIABLE} names "
            f"{place.name(place.index)} as this process, and port {port}: {error.strerror}. End what uses "
            "it, which may be a worker of an earlier start, or take another port on all workers."
        ) from error
    with listener:
        yield listener


def _server(port):
    if socket.has_dualstack_ipv6():
        try:
            return socket.create_server(("", port), family=socket.AF_INET6, dualstack_ipv6=True)
        except OSError as error:
            # The kernel knows IPv6, but this machine has no address of the kind.
            if error.errno != errno.EADDRNOTAVAIL:
                raise
    return socket.create_server(("", port))


def _receive_all(place, listener, facts, seconds, deadline):
    connections = {}
    missing = set(range(1, len(place.addresses)))
    while missing:
        listener.settimeout(max(0.01, deadline - time.monotonic()))
        try:
            connection, _ = listener.accept()
        except TimeoutError:
            names = ", ".join(place.name(index) for index in sorted(missing))
            raise TimeoutError(
                _refuse(
                    connections.values(),
                    f"All workers must come within {seconds:g} s (--cluster_timeout_seconds). Received: no "
                    f"word from {names}. See whether they run and can reach {place.name(0)}.",
                )
            ) from None
        index, found = _hello(connection)
        if index not in range(1, len(place.addresses)):
            connection.close()
            continue
        others = [connections[other] for other in connections if other != index]
        _check_facts([connection, *others], place.name(index), found, facts)
        if index in connections:
            # Started again, for which the one before has ended.
            connections[index].close()
        connections[index] = connection
        missing.discard(index)
    for connection in connections.values():
        send(connection, {"welcome": len(place.addresses)})
    return {index: _kept_alive(connection) for index, connection in connections.items()}


def _check_facts(connections, name, found, facts):
    names = differing(found, facts)
    if names:
        received, expected = name_differences(names, found, facts)
        raise ValueError(
            _refuse(
                connections,
                f"All workers must be set up alike. Received: {received} from {name}; the chief has "
                f"{expected}.",
            )
        )


def _refuse(connections, text):
    for connection in connections:
        send(connection, {"refused": text})
    return text


def _hello(connection):
    """Index and facts of a caller; of a stranger, who does not say them, None and an empty dict."""
    connection.settimeout(_HELLO_SECONDS)
    line = b""
    try:
        while not line.endswith(b"\n") and len(line) < _LONGEST_LINE:
            part = connection.recv(4096)
            if not part:
                break
            line += part
        hello = json.loads(line)
        return int(hello["index"]), dict(hello["facts"])
    except (OSError, ValueError, TypeError, KeyError):
        return None, {}


def _call_chief(place, facts, seconds, deadline):
    reason = "no answer"
    while time.monotonic() < deadline:
        try:
            connection = socket.create_connection(place.host_and_port(0), timeout=_HELLO_SECONDS)
        except OSError as error:
            reason = str(error)
            time.sleep(_RETRY_SECONDS)
            continue
        send(connection, {"index": place.index, "facts": facts})
        answer = _answer(connection, deadline + _LONGER_SECONDS)
        if "welcome" in answer:
            return _kept_alive(connection)
        connection.close()
        if "refused" in answer:
            raise OSError(answer["refused"])
        reason = "it answers, but not as the chief of a run"
        time.sleep(_RETRY_SECONDS)
    raise TimeoutError(
        f"The chief must be there within {seconds:g} s (--cluster_timeout_seconds). Received: no word from "
        f"{place.name(0)}: {reason}. See whether it runs and can be reached from here."
    )


def _answer(connection, deadline):
    """The chief's line, read byte by byte: what follows it is for others."""
    line = b""
    try:
        while not line.endswith(b"\n"):
            connection.settimeout(max(0.01, deadline - time.monotonic()))
            part = connection.recv(1)
            if not part:
                return {}
            line += part
        return json.loads(line)
    except (OSError, ValueError):
        return {}


def _kept_alive(connection):
    """The connection, which from now on breaks soon after the other machine or the network has gone."""
    connection.settimeout(None)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    options = {
        "TCP_KEEPIDLE": _IDLE_SECONDS,
        "TCP_KEEPINTVL": _ASK_SECONDS,
        "TCP_KEEPCNT": _ASKS,
        "TCP_USER_TIMEOUT": 1000 * (_IDLE_SECONDS + _ASK_SECONDS * _ASKS),
    }
    for name, value in options.items():
        # Not every system has all of them.
        if hasattr(socket, name):
            connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
    return connection


def send(connection: socket.socket, message: dict) -> None:
    """Sends a message as a line of JSON; to one who has gone, nothing: who listens to it will notice."""
    with contextlib.suppress(OSError):
        connection.sendall(json.dumps(message).encode() + b"\n")
