"""Remote files: a real server on this machine, by each package that can read them."""

import functools
import importlib.util
import sys
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import fsspec
import numpy as np
import pytest
import soundfile

from byola_keras.audio.decode import AudioError, read_crop
from byola_keras.audio.storage import open_remote

READERS = ["fsspec"]
if importlib.util.find_spec("tensorflow_io"):
    READERS.append("tensorflow_io")


@pytest.fixture(params=READERS)
def reader(request, monkeypatch):
    """The package that reads."""
    if request.param == "fsspec":
        monkeypatch.setitem(sys.modules, "tensorflow_io", None)
    return request.param


class Handler(SimpleHTTPRequestHandler):
    """Serves files, and an error for those called broken."""

    def do_GET(self):
        if "broken" in self.path:
            self.send_error(500)
        else:
            super().do_GET()

    def log_message(self, *_):
        """Nothing: the tests' output is no log of a server."""


@pytest.fixture
def served(tmp_path):
    """A folder and the address under which it is served."""
    handler = functools.partial(Handler, directory=str(tmp_path))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield tmp_path, f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_file_over_http(served, reader):
    folder, address = served
    soundfile.write(folder / "noise.flac", np.random.default_rng(0).normal(0, 0.1, 40_000), 16_000)
    crop = read_crop(f"{address}/noise.flac", 15_200, 0.3)
    np.testing.assert_array_equal(crop, read_crop(str(folder / "noise.flac"), 15_200, 0.3))
    for name in ("gone.flac", "broken.flac"):
        with pytest.raises(AudioError):
            read_crop(f"{address}/{name}", 15_200, 0.3)


def test_other_storage_by_the_same_call(monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorflow_io", None)
    with fsspec.open("memory://sounds/a.bin", "wb") as file:
        file.write(b"abc")
    assert open_remote("memory://sounds/a.bin").read() == b"abc"


def test_storage_that_is_not_known(monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorflow_io", None)
    with pytest.raises(OSError, match="nowhere"):
        open_remote("nowhere://sounds/a.wav")


def test_package_that_fsspec_lacks_is_named(monkeypatch):
    for package in ("tensorflow_io", "gcsfs"):
        monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ImportError, match=r"Received: 'gs://bucket/a.wav'.* pip install 'fsspec\[gs\]'"):
        open_remote("gs://bucket/a.wav")
