"""What ends a run from outside."""

import contextlib
import signal
from collections.abc import Callable, Iterable, Iterator


@contextlib.contextmanager
def caught(
    note: Callable[[str], None], numbers: Iterable[signal.Signals] = (signal.SIGTERM, signal.SIGINT)
) -> Iterator[None]:
    """While it lasts, these signals do nothing but call `note` with their name, between operations."""
    handlers = {
        number: signal.signal(number, lambda number, _: note(signal.Signals(number).name))
        for number in numbers
    }
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
