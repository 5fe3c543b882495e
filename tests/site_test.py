"""The site: every page, link and docstring of it is whole."""

import pathlib
import re
import subprocess
import sys

import pytest

from byola_keras import api
from byola_keras.commands.main import COMMANDS

ROOT = pathlib.Path(__file__).parents[1]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    result = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", f"--site-dir={folder}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr[-3000:]
    return folder


def test_every_page_is_in_it(site):
    for page in (ROOT / "docs").glob("*.md"):
        folder = site if page.stem == "index" else site / page.stem
        assert (folder / "index.html").exists(), page


def test_help_of_every_command_is_in_it(site):
    text = (site / "commands" / "index.html").read_text(encoding="utf-8")
    for name in COMMANDS:
        assert f'id="byola-{name}"' in text, name
    assert "--target_decay_schedule" in text and "{{" not in text


def test_every_public_name_is_in_the_reference(site):
    text = (site / "reference" / "index.html").read_text(encoding="utf-8")
    named = set(re.findall(r'id="byola_keras\.api\.(\w+)"', text))
    assert named == set(api.__all__)


def test_nothing_is_loaded_from_elsewhere(site):
    """A browser without a network shows all of it."""
    for page in site.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        assert not re.findall(r'<(?:script|img)[^>]*\ssrc="https?:', text), page
        assert not re.findall(r'<link[^>]*rel="stylesheet"[^>]*href="https?:', text), page
