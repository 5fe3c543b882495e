"""`--deterministic`: it runs, resumes exactly, also on two devices, and is the same on a CPU."""

import math
import subprocess
import sys

from tests.sounds import write_sounds
from tests.workdirs import SMALLEST_ENCODER, losses, train


def test_deterministic_runs_resume_exactly_and_change_no_digit_on_a_cpu(tmp_path):
    sounds = write_sounds(tmp_path / "sounds", count=8)
    result = subprocess.run(
        [sys.executable, "-m", "tests.training.deterministic_runs", str(sounds), str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr[-3000:]
    # Where this fails, TensorFlow has learnt it, and `Runtime` need not refuse XLA any more.
    assert "refused: GPU MaxPool gradient ops do not yet have a deterministic XLA" in result.stdout
    assert losses(tmp_path / "resumed") == losses(tmp_path / "whole")
    train(tmp_path / "usual", sounds, steps=4, encoder=SMALLEST_ENCODER)
    assert losses(tmp_path / "one") == losses(tmp_path / "usual")
    # TensorFlow then refuses to tell the time.
    last = (tmp_path / "one" / "metrics.csv").read_text().splitlines()[-1]
    assert math.isnan(float(last.split(",")[-1]))
