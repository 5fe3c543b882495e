"""Damaged files of all formats: each is decoded, or fails with one clear reason."""

import json
import subprocess
import sys

from tests.audio.fuzz import ALLOWED_GROWTH

CASES = 6000


def test_damaged_files_neither_crash_nor_hang_nor_fill_the_memory(tmp_path):
    result = subprocess.run(
        [sys.executable, "-m", "tests.audio.fuzz", "2026", str(CASES), str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert result.returncode == 0, result.stderr[-2000:]
    figures = json.loads(result.stdout)
    assert sum(figures["reasons"].values()) == CASES
    # The damage is real, and not all of it is fatal.
    assert CASES // 4 < figures["reasons"]["None"] < 3 * CASES // 4 and len(figures["reasons"]) > 12
    assert figures["slowest"] < 10
    assert figures["grown"] < ALLOWED_GROWTH
