from byola_keras.timing import loop
from byola_keras.timing.loop import time_loop


def test_times_of_steps_alone_and_together(monkeypatch):
    monkeypatch.setattr(loop, "_STEPS", 10)
    figures = time_loop(rounds=1)
    assert figures["step_seconds_without_host"] > 0 and figures["step_seconds"] > 0
    assert figures["host_seconds_per_step"] == figures["step_seconds"] - figures["step_seconds_without_host"]
