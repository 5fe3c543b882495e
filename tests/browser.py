"""A page in headless Chromium, driven by its own protocol over two pipes: no driver and no package besides.

https://chromedevtools.github.io/devtools-protocol/
"""

import base64
import contextlib
import json
import os
import select
import shutil
import subprocess
import time

import pytest

_NAMES = ("chromium", "chromium-browser", "google-chrome")
_SECONDS = 60
# A shared machine in a container: no sandbox for root, no /dev/shm of its own, sound that nobody hears.
_FLAGS = ("--headless", "--no-sandbox", "--disable-dev-shm-usage", "--mute-audio", "--no-first-run")
_FLAGS += ("--disable-gpu", "--autoplay-policy=no-user-gesture-required", "--remote-debugging-pipe")


def find_browser():
    """The path of Chromium; without one the test is skipped, but not where CI counts on it."""
    found = next(filter(None, map(shutil.which, _NAMES)), None)
    if found is None:
        message = f"needs one of {', '.join(_NAMES)}, such as Debian's package chromium"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(message)
    return found


class Page:
    """A page.

    Attributes:
        events: what the browser has told about it, as (method, parameters).
    """

    def __init__(self, commands, answers):
        self._commands, self._answers = commands, answers
        self._buffer, self._number, self._session = b"", 0, None
        self.events = []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{domain}.enable")

    def call(self, method, **parameters):
        """The result of a command of the protocol."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._commands, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == self._number:
                assert "error" not in answer, (method, answer)
                return answer["result"]

    def open(self, path, width=1280, height=900, scheme="light"):
        """Opens a file in a window of this size, for one who likes it "light" or "dark"."""
        self.events.clear()
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        self.call("Emulation.setDeviceMetricsOverride", **size)
        liked = [{"name": "prefers-color-scheme", "value": scheme}]
        self.call("Emulation.setEmulatedMedia", features=liked)
        self.call("Page.navigate", url=path.as_uri())
        while not any(method == "Page.loadEventFired" for method, _ in self.events):
            self._next()

    def run(self, script):
        """The value of a JavaScript expression, which may be a promise."""
        answer = self.call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def errors(self):
        """What the page has thrown or complained of."""
        wrong = ("Runtime.exceptionThrown", "Log.entryAdded", "Network.loadingFailed")
        return [event for event in self.events if event[0] in wrong]

    def requests(self):
        """The addresses that were asked for."""
        sent = "Network.requestWillBeSent"
        return [told["request"]["url"] for method, told in self.events if method == sent]

    def screenshot(self, path):
        """Writes what is to be seen of the whole page as a PNG file."""
        picture = self.call("Page.captureScreenshot", captureBeyondViewport=True)
        path.write_bytes(base64.b64decode(picture["data"]))

    def _next(self):
        """The next answer, or an event, which is kept."""
        end = time.monotonic() + _SECONDS
        while b"\0" not in self._buffer:
            readable = select.select([self._answers], [], [], max(0, end - time.monotonic()))[0]
            data = os.read(self._answers, 2**20) if readable else b""
            assert data, "the browser has ended" if readable else f"no answer for {_SECONDS} s"
            self._buffer += data
        message, _, self._buffer = self._buffer.partition(b"\0")
        message = json.loads(message)
        if "method" in message:
            self.events.append((message["method"], message["params"]))
        return message


@contextlib.contextmanager
def new_page(profile):
    """A `Page` in a browser of its own.

    Args:
        profile: folder that the browser writes to.
    """
    browser = find_browser()
    theirs_in, ours_out = os.pipe()
    ours_in, theirs_out = os.pipe()
    # The protocol wants the descriptors 3 and 4.
    command = f'exec "$0" "$@" 3</proc/self/fd/{theirs_in} 4>/proc/self/fd/{theirs_out}'
    process = subprocess.Popen(
        ["sh", "-c", command, browser, *_FLAGS, f"--user-data-dir={profile}"],
        pass_fds=(theirs_in, theirs_out),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(theirs_in)
    os.close(theirs_out)
    try:
        yield Page(ours_out, ours_in)
    finally:
        # Its end of the pipe closed, the browser ends by itself; its helpers would outlive a kill.
        os.close(ours_out)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(10)
        process.kill()
        process.wait()
        os.close(ours_in)
