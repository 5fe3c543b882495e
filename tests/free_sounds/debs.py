"""Debian packages for tests: made on the spot, of an ar archive with two tar archives in it."""

import io
import tarfile
import zipfile

import numpy as np
import soundfile

RATE = 16_000
COPYRIGHT = """\
Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: game

Files: *
Copyright: 2001 One
License: GPL-2+

Files: data/music/*
Copyright: 2002 Two
License: CC-BY-SA-3.0

Files: data/music/free.wav
Copyright: 2003 Three
License: CC0-1.0

License: GPL-2+
 A text.
"""


def wav(seconds, seed=0, level=0.1):
    """Noise as the bytes of a WAV file."""
    file = io.BytesIO()
    noise = np.random.default_rng(seed).normal(0, level, round(seconds * RATE)) if level else np.zeros(RATE)
    soundfile.write(file, noise, RATE, format="WAV")
    return file.getvalue()


def zipped(files):
    """Files as the bytes of a zip archive."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        for path, content in files.items():
            file.writestr(path, content)
    return archive.getvalue()


def write_deb(folder, name, files, version="1.0-1", copyright_text=COPYRIGHT):
    """Writes the package `name` with `files` (path -> bytes) and gives its path."""
    files = dict(files)
    if copyright_text is not None:
        files[f"usr/share/doc/{name}/copyright"] = copyright_text.encode()
    control = f"Package: {name}\nVersion: {version}\nArchitecture: all\nMaintainer: a\nDescription: b\n"
    members = {
        "debian-binary": b"2.0\n",
        "control.tar.gz": _tar({"control": control.encode()}, "gz"),
        "data.tar.xz": _tar(files, "xz"),
    }
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}_{version.replace(':', '%3a')}_all.deb"
    path.write_bytes(b"!<arch>\n" + b"".join(_ar_member(*member) for member in members.items()))
    return path


def _tar(files, compression):
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode=f"w:{compression}") as file:
        for path, content in files.items():
            member = tarfile.TarInfo(f"./{path}")
            member.size = len(content)
            file.addfile(member, io.BytesIO(content))
    return archive.getvalue()


def _ar_member(name, content):
    header = f"{name:<16}{0:<12}{0:<6}{0:<6}{'100644':<8}{len(content):<10}`\n"
    return header.encode() + content + b"\n" * (len(content) % 2)
