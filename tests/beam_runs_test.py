import sys
from types import SimpleNamespace

import pytest

from byola_keras.beam_runs import import_beam, names_runner, run_to_end


def pipeline(error=None):
    def wait():
        if error:
            raise error

    return SimpleNamespace(run=lambda: SimpleNamespace(wait_until_finish=wait))


def test_missing_package_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "apache_beam", None)
    with pytest.raises(ImportError, match=r"apache-beam.*pip install 'byola-keras\[beam\]'"):
        import_beam()


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ([], False),
        (["--runner=FlinkRunner"], True),
        (["--flink_master=a:1", "--runner", "FlinkRunner"], True),
        (["--runner_of=mine", "runner=x"], False),
    ],
)
def test_names_runner(arguments, named):
    assert names_runner(arguments) == named


def test_error_of_a_worker_is_its_last_line():
    run_to_end(pipeline())
    with pytest.raises(RuntimeError, match=r"Received: ValueError: bad clip \[while running x\]; what was"):
        run_to_end(pipeline(Exception("Traceback:\n  many\nValueError: bad clip [while running x]\n\n")))
    with pytest.raises(RuntimeError, match="Received: KeyError"):
        run_to_end(pipeline(KeyError()))


def test_interrupt_of_a_worker_is_an_interrupt():
    with pytest.raises(KeyboardInterrupt):
        run_to_end(pipeline(RuntimeError("Traceback:\n  many\nKeyboardInterrupt [while running x]")))
