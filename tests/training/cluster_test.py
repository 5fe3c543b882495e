"""Workers that find each other, talk, and end together: sockets alone, without TensorFlow between them."""

import concurrent.futures
import contextlib
import re
import socket
import time

import pytest

from byola_keras.training import cluster as module
from byola_keras.training import rendezvous
from byola_keras.training.cluster import Cluster, WorkerLostError
from byola_keras.training.tf_config import Place
from tests.cluster import free_addresses


@pytest.fixture(autouse=True)
def no_end_of_this_process(monkeypatch):
    monkeypatch.setattr(module, "leave", lambda *_: None)


def together(count, *functions, facts=None, seconds=20, addresses=None):
    """Calls a function for each worker, with its cluster; returns what each returned or raised."""
    addresses = addresses or free_addresses(count)
    facts = facts or [{}] * count

    def run(index):
        try:
            place = Place(addresses, index)
            cluster = Cluster(place, rendezvous.meet(place, facts[index], seconds))
            with cluster.together():
                return functions[index](cluster)
        except Exception as error:
            return error

    with concurrent.futures.ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(len(functions))))


def test_chief_tells_and_a_worker_asks():
    reasons = []

    def chief(cluster):
        cluster.when_asked_to_stop(reasons.append)
        cluster.agree({"a": 1})
        while not reasons:
            cluster.announce(2)
            time.sleep(0.01)
        cluster.tell(end="done")
        return cluster.is_chief, cluster.size

    def worker(cluster):
        cluster.agree({"a": 1})
        assert cluster.hear() == {"run": 2}
        cluster.ask_to_stop("SIGTERM")
        while "end" not in cluster.hear(seconds=0.01):
            pass
        return cluster.is_chief

    assert together(3, chief, worker, worker) == [(True, 3), False, False]
    assert set(reason.partition(" (")[0] for reason in reasons) == {
        "SIGTERM on worker 1",
        "SIGTERM on worker 2",
    }


def test_who_fails_is_named_on_all():
    def fail(cluster):
        raise ValueError("no such folder")

    def wait(cluster):
        cluster.hear() if not cluster.is_chief else cluster._next(1)

    chief, worker, other = together(3, wait, wait, fail)
    assert str(other) == "no such folder"
    for error in (chief, worker):
        assert isinstance(error, WorkerLostError)
        assert re.fullmatch(
            r"The error of one worker ends the run on all. Received: worker 2 \(\S+\) failed: no such folder",
            str(error),
        )


def test_who_goes_without_a_word_is_named():
    def go(cluster):
        cluster._connections[0].shutdown(socket.SHUT_RDWR)
        time.sleep(1)
        return "gone"

    errors = together(3, lambda cluster: cluster._next(2), lambda cluster: cluster.hear(), go)
    for error in errors[:2]:
        assert isinstance(error, WorkerLostError) and "worker 2 (" in str(error) and "killed" in str(error)


def test_other_values_are_refused():
    chief, worker = together(2, lambda c: c.agree({"seed": 0}), lambda c: c.agree({"seed": 1}))
    assert "Received: seed=1; the chief has seed=0" in str(worker) and "worker 1 (" in str(chief)
    chief, worker = together(2, None, None, facts=[{"TensorFlow": "1"}, {"TensorFlow": "2"}])
    assert "Received: TensorFlow='2' from worker 1 (" in str(chief) and str(worker) == str(chief)


def test_who_does_not_come_is_named():
    chief, worker = together(3, None, None, seconds=2)
    assert (
        isinstance(chief, TimeoutError)
        and "within 2 s" in str(chief)
        and "no word from worker 2 (" in str(chief)
    )
    assert "worker 1 (" not in str(chief) and str(worker) == str(chief)
    addresses = free_addresses(2)
    with pytest.raises(TimeoutError, match=r"The chief must .*no word from worker 0 \(.*refused"):
        rendezvous.meet(Place(addresses, 1), {}, 1)


def test_strangers_do_not_disturb():
    addresses = free_addresses(2)

    def greet():
        deadline = time.monotonic() + 5
        for text in (b"GET / HTTP/1.1\r\n\r\n", b"[]\n", b'{"index": 7, "facts": {}}\n', b""):
            while time.monotonic() < deadline:
                with (
                    contextlib.suppress(OSError),
                    socket.create_connection(("127.0.0.1", port), 1) as stranger,
                ):
                    stranger.sendall(text)
                    break

    port = Place(addresses).host_and_port(0)[1]
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        chief = pool.submit(together, 2, lambda c: "met", addresses=addresses, seconds=20)
        greet()
        place = Place(addresses, 1)
        with Cluster(place, rendezvous.meet(place, {}, 20)).together():
            pass
        assert chief.result() == ["met"]


def test_port_in_use():
    place = Place(free_addresses(2), 1)
    message = "must be free on its machine. Received: TF_CONFIG names worker 1"
    with socket.create_server(("", place.host_and_port(1)[1])), pytest.raises(OSError, match=message):
        rendezvous.meet(place, {}, 1)
