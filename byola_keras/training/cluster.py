"""The workers of a run: what they tell each other, and how all end when one does.

The chief takes every decision (how many steps are next, when the run stops) and tells the others, who follow.
TensorFlow alone connects the devices. It has no public way to pass such decisions on, and notices a worker
that was killed after about a minute, where a closed connection is noticed at once.
"""

import contextlib
import json
import queue
import threading
import time
from collections.abc import Callable, Iterator

import keras
import tensorflow as tf
from absl import logging

from byola_keras.differences import differing, name_differences
from byola_keras.processes import leave
from byola_keras.training import devices
from byola_keras.training.recipe import Runtime
from byola_keras.training.rendezvous import meet, send
from byola_keras.training.tf_config import Place, read_place

# How long TensorFlow's error may be ahead of the news who has gone.
_NEWS_SECONDS = 5
# How long the main thread may take to end by itself: it may hang in an exchange with one that is gone.
_GRACE_SECONDS = 30
# How long the chief waits at the end for the others, who have nothing to do any more.
_FAREWELL_SECONDS = 30
_POLL_SECONDS = 0.2


class WorkerLostError(RuntimeError):
    """Another worker has gone or failed, and the run has ended on all."""


class Cluster:
    """The workers of a run, of which this process is one.

    Args:
        place: of this process; by default it is alone, and all that follows does nothing.
        connections: to the other workers, by index, see `rendezvous.meet`.

    Attributes:
        place: of this process.
        signals: names of the signals that came to this process and that nobody has acted on yet.
    """

    def __init__(self, place: Place | None = None, connections: dict | None = None):
        self.place, self.signals = place or Place(), []
        self._connections = connections or {}
        self._inbox = {index: queue.SimpleQueue() for index in self._connections}
        self._gone = {index: threading.Event() for index in self._connections}
        self._lock, self._sending = threading.Lock(), threading.Lock()
        self._failure, self._failed, self._timer, self._over = None, threading.Event(), None, False
        self._stop_reason, self._on_stop = None, None
        for index in self._connections:
            threading.Thread(target=self._listen, args=(index,), daemon=True).start()

    @property
    def is_chief(self) -> bool:
        """Whether this worker decides and writes; one that is alone does."""
        return self.place.index == 0

    @property
    def size(self) -> int:
        """Number of workers."""
        return len(self.place.addresses)

    # What is told -----------------------------------------------------------------------------------

    def tell(self, **message) -> None:
        """Sends JSON values by name: the chief to all others, these to the chief.

        Raises:
            WorkerLostError: the run has ended.
        """
        self._raise_failure()
        self._send(message)

    def hear(self, seconds: float | None = None) -> dict:
        """The chief's next message; an empty dict where none comes for so long, without `seconds` for ever.

        Raises:
            WorkerLostError: the run has ended.
        """
        return self._next(0, seconds)

    def agree(self, values: dict) -> None:
        """Goes on when all workers have the same values; called on all of them.

        Args:
            values: JSON values of this worker by name.

        Raises:
            ValueError: they differ here.
            WorkerLostError: they differ on another worker.
        """
        if self.is_chief:
            self.tell(values=values)
            for index in self._connections:
                self._next(index)
            return
        of_chief = self.hear()["values"]
        names = differing(values, of_chief)
        if names:
            received, expected = name_differences(names, values, of_chief)
            raise ValueError(
                "All workers must be started with the same command and see the same sound. Received: "
                f"{received}; the chief has {expected}."
            )
        self.tell(agreed=True)

    def announce(self, steps: int) -> None:
        """Lets all other workers execute so many steps with the chief, which begins now."""
        self.tell(run=steps)

    def ask_to_stop(self, reason: str) -> None:
        """Asks the chief to stop the run, for all."""
        self._send({"please_stop": reason})

    def when_asked_to_stop(self, stop: Callable[[str], None]) -> None:
        """Lets `stop` be called with the reason, in another thread, when a worker asks the chief to stop."""
        self._on_stop = stop
        if self._stop_reason:
            stop(self._stop_reason)

    # How it ends ------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def together(self) -> Iterator[None]:
        """While it lasts, an error or the end of one worker ends the run on all.

        Raises:
            WorkerLostError: another worker has gone or failed.
        """
        try:
            yield
        except WorkerLostError:
            raise
        except Exception as error:
            if isinstance(error, tf.errors.OpError) and self._connections:
                # TensorFlow says that a connection broke, but seldom whose. Where the error is this worker's
                # own, no news comes.
                self._failed.wait(_NEWS_SECONDS)
            if self._failure:
                raise WorkerLostError(self._failure) from error
            self._send_end(f"failed: {error}")
            raise
        except BaseException as error:
            self._send_end(f"was ended by {type(error).__name__}.")
            raise
        else:
            self._take_leave()
        finally:
            self._over = True
            if self._timer:
                self._timer.cancel()

    def _send_end(self, how):
        own_name = self.place.name(self.place.index)
        self._send({"failed": f"The error of one worker ends the run on all. Received: {own_name} {how}"})

    def _take_leave(self):
        # From here on nobody who goes is missed.
        self._over = True
        self._send({"bye": True})
        if self.is_chief:
            deadline = time.monotonic() + _FAREWELL_SECONDS
            for gone in self._gone.values():
                gone.wait(max(0.0, deadline - time.monotonic()))

    def _raise_failure(self):
        if self._failure:
            raise WorkerLostError(self._failure)

    def _next(self, index, seconds=None):
        """The next message of a worker; without `seconds` it waits as long as the run lasts."""
        deadline = None if seconds is None else time.monotonic() + seconds
        while True:
            self._raise_failure()
            with contextlib.suppress(queue.Empty):
                return self._inbox[index].get(timeout=_POLL_SECONDS)
            if deadline is not None and time.monotonic() >= deadline:
                return {}

    def _send(self, message):
        with self._sending:
            for connection in self._connections.values():
                send(connection, message)

    def _listen(self, index):
        """Takes the messages of a worker; runs in a thread of its own."""
        said = None
        try:
            for line in self._connections[index].makefile("rb"):
                message = json.loads(line)
                if "please_stop" in message:
                    self._stop_reason = f"{message['please_stop']} on {self.place.name(index)}"
                    if self._on_stop:
                        self._on_stop(self._stop_reason)
                elif "bye" in message or "failed" in message:
                    said = message
                    break
                else:
                    self._inbox[index].put(message)
        except (OSError, ValueError) as error:
            logging.debug("Connection to worker %d: %s", index, error)
        self._gone[index].set()
        if said is None:
            self._fail(
                f"All workers must be there until the end. Received: {self.place.name(index)} has gone "
                "without a word: it was killed, or its machine or the network to it failed. The run has "
                "ended on all workers; the same command on all goes on from the last checkpoint, or from "
                "the start where there is none."
            )
        elif "failed" in said:
            self._fail(said["failed"])

    def _fail(self, text):
        with self._lock:
            if self._failure or self._over:
                return
            self._failure = text
        logging.error("%s", text)
        if self.is_chief:
            self._send({"failed": text})
        self._timer = threading.Timer(_GRACE_SECONDS, leave, (f"error: {text}", 1))
        self._timer.daemon = True
        self._timer.start()
        self._failed.set()


@contextlib.contextmanager
def joined(runtime: Runtime) -> Iterator[Cluster]:
    """The workers that the environment variable TF_CONFIG names, all there; without it this one is alone.

    While the block lasts, the end of one is the end of all.

    Raises:
        ValueError: TF_CONFIG is wrong, or the workers are not set up alike.
        OSError: a port is in use, or a worker does not come.
        WorkerLostError: another worker has gone or failed.
    """
    place = read_place()
    if len(place.addresses) == 1:
        yield Cluster()
        return
    facts = {
        "TensorFlow": tf.__version__,
        "Keras": keras.__version__,
        "devices": devices.choose_devices(runtime.num_devices),
        "xla": devices.uses_xla(runtime),
        "deterministic": runtime.deterministic,
    }
    cluster = Cluster(place, meet(place, facts, runtime.cluster_timeout_seconds))
    with cluster.together():
        yield cluster
