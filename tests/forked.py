"""Processes that begin with the package imported: forks of one process that has done nothing else yet.

An import of TensorFlow takes some 5 s of CPU time; a fork takes none. What is forked is a process of its own
in all other respects: it can be killed, leads a process group, and ends as an interpreter ends.
"""

import atexit
import functools
import json
import os
import pathlib
import runpy
import signal
import socket
import subprocess
import sys
import threading

ROOT = pathlib.Path(__file__).parents[1]


class Forked:
    """Stands for a `subprocess.Popen` with `stdout=PIPE, stderr=STDOUT, text=True`."""

    def __init__(self, pid, output, status):
        self.pid, self.returncode = pid, None
        self.stdout = os.fdopen(output, encoding="utf-8")
        self._status = status

    def poll(self):
        """The exit code, negative for a signal, or None while the process runs."""
        return self._wait(socket.MSG_DONTWAIT)

    def wait(self):
        """Waits for the end; returns the exit code."""
        return self._wait(0)

    def communicate(self, timeout=None):
        """Waits for the end; returns what was printed, and None as `subprocess` does."""
        texts = []
        reader = threading.Thread(target=lambda: texts.append(self.stdout.read()), daemon=True)
        reader.start()
        reader.join(timeout)
        if reader.is_alive():
            raise subprocess.TimeoutExpired(f"process {self.pid}", timeout)
        self.wait()
        return texts[0], None

    def send_signal(self, number):
        """Sends a signal, unless the process has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self):
        """Sends SIGKILL, unless the process has ended."""
        self.send_signal(signal.SIGKILL)

    def _wait(self, flags):
        if self.returncode is None:
            try:
                answer = self._status.recv(100, flags)
            except BlockingIOError:
                return None
            self.returncode = int(answer)
        return self.returncode


def start(path, arguments, environment):
    """Runs the script `path` in a fork; returns a `Forked`."""
    output, of_child = os.pipe()
    status, of_keeper = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    request = {"arguments": [str(path), *arguments], "environment": environment, "folder": os.getcwd()}
    # The request itself may be longer than a message.
    read, write = os.pipe()
    socket.send_fds(_server(), [b"fork"], [read, of_child, of_keeper.fileno()])
    for descriptor in (read, of_child):
        os.close(descriptor)
    of_keeper.close()
    with os.fdopen(write, "w", encoding="utf-8") as file:
        json.dump(request, file)
    return Forked(int(status.recv(100)), output, status)


@functools.cache
def _server():
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    # No interrupt of the tests ends it: it ends with the socket. A pipe, because Python's streams behave as
    # what they were opened on.
    process = subprocess.Popen(
        [sys.executable, "-m", __name__, str(theirs.fileno())],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        pass_fds=[theirs.fileno()],
        start_new_session=True,
    )
    theirs.close()
    atexit.register(lambda: (ours.close(), process.wait()))
    if ours.recv(100) != b"ready":
        raise RuntimeError(f"The package cannot be imported: {process.communicate()[0].decode()}")
    return ours


def serve(requests):
    """Forks once for each request. Returns in the fork, with the request, or when there are no more: None."""
    requests.send(b"ready")
    # Nobody waits for the keepers.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        message, descriptors, *_ = socket.recv_fds(requests, 100, 3)
        if not message:
            return None
        if os.fork():
            for descriptor in descriptors:
                os.close(descriptor)
            continue
        requests.close()
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        read, output, status = descriptors
        with os.fdopen(read, encoding="utf-8") as file:
            request = json.load(file)
        pid = os.fork()
        if pid:
            os.close(output)
            _keep(pid, status)
        os.close(status)
        for stream in (1, 2):
            os.dup2(output, stream)
        os.close(output)
        return request


def _keep(pid, status):
    """Tells the number of a process, and how it ended."""
    with socket.socket(fileno=status) as answers:
        answers.send(str(pid).encode())
        _, ended = os.waitpid(pid, 0)
        answers.send(str(os.waitstatus_to_exitcode(ended)).encode())
    os._exit(0)


def run_script(request):
    """Makes this process the one of the script, as an interpreter would."""
    os.setsid()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    sys.argv = request["arguments"]
    own = request["environment"]["PYTHONPATH"].split(os.pathsep)
    sys.path[:1] = [os.path.dirname(sys.argv[0]), *own]
    runpy.run_path(sys.argv[0], run_name="__main__")


if __name__ == "__main__":
    import byola_keras.api  # noqa: F401

    asked = serve(socket.socket(fileno=int(sys.argv[1])))
    if asked:
        run_script(asked)
