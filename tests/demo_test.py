"""docs/demo: the exported classifier in a browser answers as Keras does, without a network.

It needs LiteRT.js beside the page, which is not a part of the project: `npm install @litertjs/core@2` in
docs/demo.
"""

import functools
import http.server
import json
import pathlib
import shutil
import threading
import time

import numpy as np
import pytest
import soundfile

from byola_keras.export.exporting import export
from tests import browser
from tests.factories import noise, settled_embedder
from tests.models.classifier_test import classifier

DEMO = pathlib.Path(__file__).parents[1] / "docs" / "demo"
PACKAGES = DEMO / "node_modules"


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def model():
    return classifier(settled_embedder(), temperature=20.0)


@pytest.fixture(scope="module")
def page(model, tmp_path_factory):
    if not PACKAGES.exists():
        pytest.skip("needs LiteRT.js: npm install @litertjs/core@2 in docs/demo")
    folder = tmp_path_factory.mktemp("demo")
    shutil.copytree(DEMO, folder / "site", ignore=shutil.ignore_patterns("node_modules"))
    (folder / "site" / "node_modules").symlink_to(PACKAGES)
    export(model, str(folder), formats=["litert"], litert_input="window", verified=False)
    shutil.copy(folder / "litert" / "byola_window_float32.tflite", folder / "site" / "model.tflite")
    seconds = np.arange(40_000) / 16_000
    sound = 0.3 * np.sin(2 * np.pi * 300 * seconds * (1 + seconds)) + 0.3 * noise(1, 40_000)[0]
    soundfile.write(folder / "site" / "sound.wav", sound, 16_000, subtype="FLOAT")
    server = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(Quiet, directory=folder / "site")
    )
    threading.Thread(target=server.serve_forever, daemon=True).start()
    # A microphone that beeps, and no question.
    fake = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")
    monkeypatch = pytest.MonkeyPatch()
    monkeypatch.setattr(browser, "_FLAGS", (*browser._FLAGS, *fake))
    with browser.new_page(folder / "profile") as opened:
        opened.address = f"http://127.0.0.1:{server.server_port}/index.html"
        opened.folder = folder / "site"
        yield opened
    monkeypatch.undo()
    server.shutdown()


class _Address(str):
    def as_uri(self):
        return str(self)


def status(page):
    return page.run("document.getElementById('status').textContent")


def wait_for(page, words):
    for _ in range(200):
        if words in status(page):
            return
        time.sleep(0.1)
    raise AssertionError(status(page))


def give(page, name, called=None):
    """Drops a file of the server on the page."""
    arguments = json.dumps([name, called or name])
    read = "new File([await (await fetch(from)).arrayBuffer()], name)"
    page.run(f"(async ([from, name]) => demo.take({read}))({arguments})")


def test_it_answers_as_keras_does(model, page):
    page.open(_Address(f"{page.address}?model=model.tflite"))
    wait_for(page, "3 classes")
    give(page, "sound.wav")
    wait_for(page, "windows, computed in")
    windows = json.loads(page.run("JSON.stringify(demo.windows)"))
    sound = soundfile.read(page.folder / "sound.wav", dtype="float32")[0]
    length = int(model.window_seconds * 16_000)
    firsts = [window["first"] for window in windows]
    assert firsts[:2] == [0, length // 2] and firsts[-1] == len(sound) - length
    cut = np.stack([sound[first : first + length] for first in firsts])
    expected = np.asarray(model(cut))
    assert np.ptp(expected, axis=0).max() > 0.01, "windows must differ, or their order would not matter"
    np.testing.assert_allclose([window["probabilities"] for window in windows], expected, atol=1e-3)
    table = page.run("document.getElementById('table').innerText")
    assert all(label in table for label in model.labels) and f"{expected.max():.3f}" in table
    addresses = [
        event["request"]["url"] for name, event in page.events if name == "Network.requestWillBeSent"
    ]
    assert addresses and all(each.startswith(("http://127.0.0.1", "blob:", "data:")) for each in addresses)


def test_what_is_no_classifier_is_said(page):
    page.open(_Address(page.address))
    give(page, "sound.wav")
    wait_for(page, "error: A classifier must be there before sound.")
    give(page, "sound.wav", "sound.tflite")
    wait_for(page, "error: The file must be one that byola export has made of a classifier.")
    page.open(_Address(f"{page.address}?model=model.tflite"))
    wait_for(page, "3 classes")
    give(page, "page.js", "page.wav")
    wait_for(page, "error: ")


def test_microphone(model, page):
    page.open(_Address(f"{page.address}?model=model.tflite"))
    wait_for(page, "3 classes")
    page.run("document.getElementById('microphone').click()")
    wait_for(page, "Listening")
    for _ in range(200):
        if page.run("demo.windows.length") >= 3:
            break
        time.sleep(0.1)
    windows = json.loads(page.run("JSON.stringify(demo.windows)"))
    length = int(model.window_seconds * 16_000)
    assert [window["first"] for window in windows[:3]] == [0, length // 2, 2 * (length // 2)]
    np.testing.assert_allclose([sum(window["probabilities"]) for window in windows], 1.0, atol=1e-5)
    page.run("document.getElementById('microphone').click()")
    assert page.run("document.getElementById('microphone').textContent") == "Listen to the microphone"
