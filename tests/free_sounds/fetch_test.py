"""Fetching by apt-get, for which a script stands that hands out files of a folder."""

import os

import pytest

from byola_keras.free_sounds.fetch import fetch
from byola_keras.free_sounds.packages import Request
from tests.free_sounds.debs import write_deb

APT = """#!/bin/sh
echo "$@" >> {folder}/calls
for argument in "$@"; do
    case $argument in
        show|download|--*) ;;
        broken) echo "E: Failed to fetch broken  404  Not Found" >&2; exit 100 ;;
        *) name=${{argument%%=*}}
           [ -e {folder}/archive/$name*.deb ] || continue
           if [ "$1" = show ]; then echo "Package: $name"; else cp {folder}/archive/$name*.deb .; fi ;;
    esac
done
"""


@pytest.fixture
def apt(tmp_path, monkeypatch):
    """The folder of the archive; calls are in the file `calls` beside it."""
    for name in ("apt-get", "apt-cache"):
        script = tmp_path / "bin" / name
        script.parent.mkdir(exist_ok=True)
        script.write_text(APT.format(folder=tmp_path))
        script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    for name in ("one", "two"):
        write_deb(tmp_path / "archive", name, {})
    return tmp_path


def test_each_package_is_fetched_once(apt):
    wanted = [Request("two"), Request("gone", optional=True), Request("one", "1.0-1")]
    found = fetch(wanted, str(apt / "debs"))
    assert {name: deb.version for name, deb in found.items()} == {"two": "1.0-1", "one": "1.0-1"}
    assert "download --quiet two one=1.0-1" in (apt / "calls").read_text()
    (apt / "calls").unlink()
    assert fetch([wanted[0], wanted[2]], str(apt / "debs")) == found
    assert not (apt / "calls").exists()
    # What a killed call has left under a name of its own is not taken for a package.
    assert os.listdir(apt / "debs/.incoming") == []


def test_errors_say_what_to_do(apt, monkeypatch):
    with pytest.raises(OSError, match="it says: E: Failed to fetch broken .*apt-get update"):
        fetch([Request("broken")], str(apt / "debs"))
    with pytest.raises(FileNotFoundError, match="without any package of the table"):
        fetch([Request("gone", optional=True)], str(apt / "debs"))
    with pytest.raises(FileNotFoundError, match="without gone"):
        fetch([Request("gone")], str(apt / "debs"))
    monkeypatch.setenv("PATH", str(apt / "empty"))
    with pytest.raises(FileNotFoundError, match="without it; fetch them elsewhere .*--deb_dir"):
        fetch([Request("one")], str(apt / "debs"))
