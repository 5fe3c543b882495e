"""Commands as processes that end with the process that started them."""

import os
import runpy
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence


class CommandFailedError(RuntimeError):
    """The process of a command has failed; its own message is on the standard error."""


class CommandStoppedError(RuntimeError):
    """The process of a command was ended from outside before its work was done."""


def run_command(name: str, flags: Sequence[str], held: Sequence[int] = ()) -> None:
    """Runs `byola NAME FLAGS` to its end, in a process of its own.

    However this process ends, the command gets SIGTERM: a training saves a checkpoint then and ends. On
    Ctrl-C its end is waited for.

    Args:
        name: of the command.
        flags: its flags.
        held: descriptors of locks, see `folder_lock.locked`, which the command holds until it has ended.

    Raises:
        CommandFailedError: its exit code is neither 0 nor that of Ctrl-C.
        CommandStoppedError: a signal has ended it.
        KeyboardInterrupt: it was interrupted.
    """
    process = subprocess.Popen(
        [sys.executable, "-m", "byola_keras.ablation.child", name, *flags],
        # Nothing is ever written: it closes when this process ends, and that is the news.
        stdin=subprocess.PIPE,
        # What the command has to say is news of the progress here, not the result: to the standard error.
        stdout=2,
        pass_fds=tuple(held),
        # Where a platform names the machines of a cluster, a row trains on this one alone all the same.
        env={name: value for name, value in os.environ.items() if name != "TF_CONFIG"},
    )
    try:
        code = process.wait()
    finally:
        process.stdin.close()
        process.wait()
    if code == 128 + signal.SIGINT:
        raise KeyboardInterrupt
    if code < 0:
        raise CommandStoppedError(
            f"A command must not be ended from outside. Received: {signal.Signals(-code).name} for byola "
            f"{name}; what is done is kept, and the same command goes on."
        )
    if code:
        raise CommandFailedError(
            f"Every command must end well. Received: exit code {code} of byola {name} {' '.join(flags)}; "
            "what is done is kept, and the same command goes on."
        )


def _end_with_parent():
    while os.read(sys.stdin.fileno(), 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    threading.Thread(target=_end_with_parent, daemon=True).start()
    runpy.run_module("byola_keras.commands", run_name="__main__")
