"""What the end of a command means to the process that started it."""

import pytest

from byola_keras.ablation import child, search_stage
from byola_keras.ablation.child import CommandFailedError, CommandStoppedError, run_command
from byola_keras.ablation.scales import Scale
from byola_keras.ablation.search import Stage
from tests.workdirs import write_metrics


def start_instead(tmp_path, monkeypatch, line):
    """Lets a line of a shell take the place of Python; its arguments come after it."""
    script = tmp_path / "python"
    script.write_text(f"#!/bin/sh\n{line}\n")
    script.chmod(0o755)
    monkeypatch.setattr(child.sys, "executable", str(script))


@pytest.mark.parametrize(
    ("line", "error", "message"),
    [
        (
            "exit 3",
            CommandFailedError,
            "Received: exit code 3 of byola pretrain --steps=2; what is done is kept",
        ),
        ("kill -9 $$", CommandStoppedError, "Received: SIGKILL for byola pretrain; what is done is kept"),
        ("exit 130", KeyboardInterrupt, None),
    ],
)
def test_ends(tmp_path, monkeypatch, line, error, message):
    start_instead(tmp_path, monkeypatch, line)
    with pytest.raises(error, match=message):
        run_command("pretrain", ["--steps=2"])


def test_command_gets_its_flags_and_locks(tmp_path, monkeypatch):
    with open(tmp_path / "lock", "w") as file:
        lock = file.fileno()
        start_instead(tmp_path, monkeypatch, f'echo "$@" > {tmp_path}/arguments; echo held > /dev/fd/{lock}')
        run_command("pretrain", ["--encoder=Encoder(channels=4, mlp_units=(8, 8))"], [lock])
    assert (tmp_path / "arguments").read_text().split(" ", 2) == [
        "-m",
        "byola_keras.ablation.child",
        "pretrain --encoder=Encoder(channels=4, mlp_units=(8, 8))\n",
    ]
    assert (tmp_path / "lock").read_text() == "held\n"


def test_stopped_training_is_not_scored(tmp_path, monkeypatch):
    """It has saved its state and ended well."""
    commands = []

    def stopped(name, flags, held):
        commands.append(name)
        (tmp_path / "run").mkdir()
        write_metrics(tmp_path / "run", 2)

    monkeypatch.setattr(search_stage, "run_command", stopped)
    with pytest.raises(CommandStoppedError, match="Received: 2 of 5 steps"):
        search_stage.score_stage(Scale("tiny", {}, (), ("a",)), Stage(str(tmp_path), "A", 5, ()))
    assert commands == ["pretrain"]
