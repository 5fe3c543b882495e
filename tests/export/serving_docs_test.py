"""What docs/serving.md shows is run."""

import http.server
import pathlib
import re
import threading

import pytest

from byola_keras.export.exporting import export
from tests.export.rest import RestModel
from tests.factories import settled_embedder

BLOCKS = re.findall(
    r"```python\n(.*?)```",
    (pathlib.Path(__file__).parents[2] / "docs" / "serving.md").read_text(encoding="utf-8"),
    re.DOTALL,
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("docs")
    export(settled_embedder(), str(folder / "exported"), verified=False)
    return folder


@pytest.fixture
def server(folder):
    model = RestModel(folder / "exported" / "saved_model" / "byola" / "1")

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):  # noqa: N802
            assert self.path == "/v1/models/byola:predict"
            status, answer = model.predict(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(status)
            self.end_headers()
            self.wfile.write(answer.encode())

        def log_message(self, *_):
            pass

    server = http.server.HTTPServer(("localhost", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://localhost:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_rest_client(server, capsys):
    (block,) = (block for block in BLOCKS if "urllib" in block)
    exec(compile(block.replace("http://localhost:8501", server), "serving.md", "exec"), {})
    assert capsys.readouterr().out == "(2, 192) (2, 25, 192)\n"


def test_litert(folder, monkeypatch, capsys):
    monkeypatch.chdir(folder)
    blocks = [block for block in BLOCKS if "Interpreter" in block]
    assert len(blocks) == 2 and len(BLOCKS) == 3
    for block in blocks:
        exec(compile(block, "serving.md", "exec"), {})
    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == ["(1, 192) (1, 25, 192)", "(3, 192) (3, 82, 192)"]
    assert eval(lines[2]) == {(1, 192), (1, 12, 192)}
