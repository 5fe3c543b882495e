"""Every so many steps, or every so many minutes."""

import math
import re
import time


class Interval:
    """Says when something is due.

    Args:
        text: "500" for every 500 steps, "10m" for every 10 minutes.

    Raises:
        ValueError: `text` is neither.
    """

    def __init__(self, text: str):
        match = re.fullmatch(r"([1-9]\d*)(m?)", text.strip())
        if not match:
            raise ValueError(
                "An interval must be a number of steps such as '500' or of minutes such as '10m'. "
                f"Received: {text!r}"
            )
        self._number, self._in_minutes = int(match[1]), bool(match[2])
        self._last = time.monotonic()

    def steps_until_due(self, step: int) -> float:
        """Steps after `step` until it is due, at least 1; infinite where minutes count."""
        return math.inf if self._in_minutes else self._number - step % self._number

    def take_if_due(self, step: int) -> bool:
        """Whether the time has come at `step`; if so, the next interval begins."""
        if not self._in_minutes:
            return step % self._number == 0
        if time.monotonic() - self._last < 60 * self._number:
            return False
        self._last = time.monotonic()
        return True
