"""TF_CONFIG: what it says, and what is refused."""

import json

import pytest

from byola_keras.training.tf_config import Place, read_place

TWO = {"worker": ["a:1", "b:2"]}


def read(monkeypatch, cluster=None, task=None, text=None):
    monkeypatch.setenv("TF_CONFIG", json.dumps({"cluster": cluster, "task": task}) if text is None else text)
    return read_place()


def test_workers_and_a_chief(monkeypatch):
    place = read(monkeypatch, TWO, {"type": "worker", "index": 1})
    assert place == Place(("a:1", "b:2"), 1) and place.host_and_port(1) == ("b", 2)
    assert (place.name(0), place.name(1)) == ("worker 0 (a:1, the chief)", "worker 1 (b:2)")
    # An empty list is as good as none; with a chief of its own type the workers come after it.
    with_chief = {"chief": ["c:3"], "ps": [], **TWO}
    assert read(monkeypatch, with_chief, {"type": "worker", "index": 1}) == Place(("c:3", "a:1", "b:2"), 2)
    assert read(monkeypatch, with_chief, {"type": "chief", "index": 0}).index == 0
    assert read(monkeypatch, {"worker": ["[::1]:5"]}, {"type": "worker", "index": 0}).host_and_port(0) == (
        "::1",
        5,
    )


def test_one_machine(monkeypatch):
    monkeypatch.delenv("TF_CONFIG", raising=False)
    assert read_place() == Place() and len(Place().addresses) == 1
    assert read(monkeypatch, text=" ") == read(monkeypatch, {}) == Place()


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"text": "{'cluster'"}, "must be JSON .*Received: TF_CONFIG="),
        ({"text": "[]"}, "must be a JSON object"),
        ({"cluster": ["a:1"]}, "hold objects as cluster and task"),
        ({"cluster": {**TWO, "evaluator": ["e:1"]}}, "'chief' and 'worker' only.*'evaluator' has no work"),
        ({"cluster": {**TWO, "ps": ["e:1"]}}, "'ps' has no work"),
        ({"cluster": {"chief": ["c:1", "d:1"]}}, "one chief at the most"),
        ({"cluster": {"worker": "a:1"}}, "list the addresses"),
        ({"cluster": {"worker": ["a"]}}, "as host:port .not 'a'"),
        ({"cluster": {"worker": ["a:70000"]}}, "as host:port"),
        ({"cluster": {"worker": [1]}}, "as host:port"),
        ({"cluster": {"worker": ["a:1", "a:1"]}}, "an address of its own"),
        ({"cluster": TWO}, "this task's type"),
        ({"cluster": TWO, "task": {"type": "evaluator", "index": 0}}, "this task's type"),
        ({"cluster": TWO, "task": {"type": "chief", "index": 0}}, "list the chief"),
        ({"cluster": TWO, "task": {"type": "worker"}}, "index, from 0 to 1 for a worker"),
        ({"cluster": TWO, "task": {"type": "worker", "index": 2}}, "index, from 0 to 1"),
        ({"cluster": TWO, "task": {"type": "worker", "index": "0"}}, "index, from 0 to 1"),
    ],
)
def test_refused(monkeypatch, values, message):
    with pytest.raises(ValueError, match=message):
        read(monkeypatch, **values)
