"""What ends a run from outside."""

import contextlib
import signal
from collections.abc import Callable, Iterator


@contextlib.contextmanager
def caught(note: Callable[[str], None]) -> Iterator[None]:
    """While it lasts, SIGTERM and SIGINT do nothing but call `note` with their name, between operations."""
    numbers = (signal.SIGTERM, signal.SIGINT)
    handlers = {
        number: signal.signal(number, lambda number, _: note(signal.Signals(number).name))
        for number in numbers
    }
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
