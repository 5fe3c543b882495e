"""Models that are Python code of somebody else, each in a process of its own.

There a model may use any framework, and its death is no more than an error here.
"""

import json
import math
import os
import select
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence

import numpy as np

from byola_keras.evaluation.representations.content_hash import hash_of, hash_of_files
from byola_keras.evaluation.representations.representation import Representation, RepresentationError

_WORKER = os.path.join(os.path.dirname(__file__), "worker.py")
# Of what a process has printed at its end so much is shown.
_LAST_BYTES, _LAST_LINES = 4_000, 3
_PATIENCE_SECONDS, _LOOK_SECONDS = 10, 1.0
_LENGTH_BYTES = 8


class ChildRepresentation(Representation):
    """A model in a child process.

    Args:
        child: the process, which has been started.
        about: what the process says of the model: the source of its code, and more.
        detail: what is chosen in the module, such as the function.
        weights: what names the weights; of files and folders the content counts for the identity.
        arguments: of `Representation`, but `content`.
    """

    def __init__(self, child: "Child", about: dict, detail: str, weights: Sequence[str], **arguments):
        self._child = child
        paths = [path for path in weights if os.path.exists(path)]
        names = [name for name in weights if name not in paths]
        code = (hash_of_files(about["files"]), about["version"])
        content = hash_of(child.kind, about["module"], detail, code, hash_of_files(paths), names)
        super().__init__(content=content, **arguments)
        self._running.callback(child.close)

    def features(self, waveforms):
        return self._child.call(waveforms)


class Child:
    """A process that runs `worker.py`; it ends with this one, however that ends.

    Args:
        kind: "hear" or "python".
        arguments: of `worker.py` for this kind, JSON values: the name of the module, which is found where
            this process finds it, or in the current directory; what is wanted of it, such as the weights or
            the function; and more.
        python: the interpreter; None for that of this process.
    """

    def __init__(self, kind: str, arguments: Sequence, python: str | None = None):
        self.kind, self._arguments, self._python = kind, list(arguments), python
        self._process = None

    @property
    def title(self) -> str:
        """What errors call the model."""
        module, wanted, *_ = self._arguments
        return ":".join([self.kind, module, *([wanted] if wanted else [])])

    def start(self) -> dict:
        """Starts the process and waits until the model is loaded.

        Returns:
            What the process says of the model.

        Raises:
            RepresentationError: the model cannot be loaded.
            FileNotFoundError: there is no such interpreter.
        """
        requests, self._requests = os.pipe()
        self._replies, replies = os.pipe()
        # The worker ends when nobody can write to this pipe any more: after `close`, or this process's end.
        alive, self._alive = os.pipe()
        theirs = {"requests": requests, "replies": replies, "alive": alive}
        self._printed = tempfile.TemporaryFile()  # noqa: SIM115
        try:
            self._process = subprocess.Popen(
                [self._python or sys.executable, _WORKER, json.dumps(self._request() | theirs)],
                stdin=subprocess.DEVNULL,
                stdout=self._printed,
                stderr=self._printed,
                pass_fds=list(theirs.values()),
                # Ctrl-C is for this process, whose end is theirs.
                start_new_session=True,
            )
        except OSError as error:
            self._close_pipes()
            received = f"python={self._python!r}: {error}"
            raise FileNotFoundError(f"`python` must be a Python interpreter. Received: {received}") from error
        finally:
            for end in theirs.values():
                os.close(end)
        try:
            return self._answer()[0]
        except RepresentationError:
            self.close()
            raise

    def call(self, waveforms: np.ndarray) -> np.ndarray:
        """The features of waveforms, see `Representation.features`.

        A process that has died is started anew.

        Raises:
            RepresentationError: the model failed, or its process died.
        """
        if self._process is None:
            self.start()
        waveforms = np.ascontiguousarray(waveforms, np.float32)
        header = json.dumps({"shape": waveforms.shape}).encode()
        try:
            for content in (len(header).to_bytes(_LENGTH_BYTES, "little"), header, waveforms.data.cast("B")):
                self._write(content)
        except BrokenPipeError:
            raise self._death() from None
        return self._answer()[1]

    def close(self) -> None:
        """Ends the process, and those that it has started."""
        if self._process is None:
            return
        self._close_pipes()
        try:
            self._process.wait(_PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            # Code that never lets other threads run.
            self._process.kill()
            self._process.wait()
        self._process = None

    def _close_pipes(self):
        for end in (self._alive, self._requests, self._replies):
            os.close(end)
        self._printed.close()

    def _request(self):
        # Another interpreter has packages of its own.
        path = [os.getcwd(), *([] if self._python else [entry for entry in sys.path if entry])]
        return {"kind": self.kind, "arguments": self._arguments, "path": path}

    def _write(self, content):
        content = memoryview(content)
        while content:
            content = content[os.write(self._requests, content) :]

    def _answer(self):
        """The header and the array of an answer; the array is None where there is none."""
        header = json.loads(self._read(int.from_bytes(self._read(_LENGTH_BYTES), "little")))
        if "error" in header:
            raise self._error(f"it failed with {header['error']}")
        if "shape" not in header:
            return header, None
        content = self._read(4 * math.prod(header["shape"]))
        return header, np.frombuffer(content, np.float32).reshape(header["shape"])

    def _read(self, size):
        content = bytearray()
        while len(content) < size:
            # A process that the worker has started may hold the pipe open beyond the worker's death.
            ready, _, _ = select.select([self._replies], [], [], _LOOK_SECONDS)
            part = os.read(self._replies, size - len(content)) if ready else None
            if part == b"" or (part is None and self._process.poll() is not None):
                raise self._death()
            content += part or b""
        return content

    def _death(self):
        """Cleans up after a process that has died, and returns the error that says how."""
        code = self._process.wait()
        size = self._printed.seek(0, os.SEEK_END)
        self._printed.seek(max(0, size - _LAST_BYTES))
        printed = self._printed.read().decode(errors="replace").split("\n")
        last = " | ".join([line.strip() for line in printed if line.strip()][-_LAST_LINES:])
        self.close()
        how = f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
        return self._error(f"its process ended with {how}" + (f", and printed last: {last}" if last else ""))

    def _error(self, problem):
        if "ModuleNotFoundError" in problem:
            problem += "; install it, or name the interpreter that has it: ...,python=/path/to/bin/python"
        return RepresentationError(f"The model {self.title} cannot be used: {problem}.")
