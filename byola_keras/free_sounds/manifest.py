"""The manifest of the free corpus: from which package and file each recording is, and under which licence."""

import collections
import csv
import dataclasses
import io
import json
import os
from collections.abc import Mapping, Sequence

from byola_keras.atomic import write_text
from byola_keras.audio.files import relative_names
from byola_keras.free_sounds.checked import Checked
from byola_keras.free_sounds.licences import Copyright
from byola_keras.free_sounds.limits import Limits
from byola_keras.free_sounds.package_sound import PackageSound
from byola_keras.free_sounds.packages import KINDS
from byola_keras.free_sounds.pieces import Piece
from byola_keras.free_sounds.unpack import COPYRIGHT_FILE, PACKAGE_FILE

CSV_FILE, JSON_FILE, FLAGS_FILE, COPYRIGHT_FOLDER = (
    "manifest.csv",
    "manifest.json",
    "packages.flags",
    "copyright",
)


@dataclasses.dataclass(frozen=True)
class Row:
    """One recording of the corpus.

    Attributes:
        source: its name in the corpus.
        package: the Debian package.
        version: the package's version.
        kind: "speech", "music", "effects" or "instruments".
        path: path of the file in the package.
        start_seconds: where the recording begins in that file.
        seconds: its length.
        licence: short name of the licence.
        licence_stated: where the package's copyright file states it.
    """

    source: str
    package: str
    version: str
    kind: str
    path: str
    start_seconds: float
    seconds: float
    licence: str
    licence_stated: str


def make_rows(sounds: Sequence[PackageSound], checked: Checked) -> list[Row]:
    """Describes all recordings that are kept, in the order of their paths."""
    kept: dict[str, tuple[PackageSound, Piece]] = {
        path: (sound, piece) for sound in sounds for path, piece in sound.pieces if path in checked.seconds
    }
    paths = sorted(kept)
    about = {sound.label: _about(sound) for sound in sounds}
    copyrights = {sound.label: Copyright(copyright_text(sound)) for sound in sounds}
    rows = []
    for path, source in zip(paths, relative_names(paths), strict=True):
        sound, piece = kept[path]
        package, licence = about[sound.label], copyrights[sound.label].licence_of(piece.path)
        start, seconds = round(piece.start_seconds, 3), round(checked.seconds[path], 3)
        named = (source, package["package"], package["version"], piece.kind, piece.path)
        rows.append(Row(*named, start, seconds, *licence))
    return rows


def write_manifest(
    folder: str, rows: Sequence[Row], sounds: Sequence[PackageSound], checked: Checked, limits: Limits
) -> dict:
    """Writes `manifest.csv`, `manifest.json`, `packages.flags` and the copyright files.

    Args:
        folder: the folder of the corpus.
        rows: its recordings.
        sounds: the packages.
        checked: the findings on their pieces.
        limits: how much was taken.

    Returns:
        What the JSON file holds.
    """
    manifest = {
        "hours": {kind: _hours(row for row in rows if row.kind == kind) for kind in KINDS},
        "limits": dataclasses.asdict(limits),
        "packages": [_package(sound, rows, checked) for sound in sounds],
        "licences": _hours_by_licence(rows),
        "recordings": [dataclasses.asdict(row) for row in rows],
    }
    os.makedirs(os.path.join(folder, COPYRIGHT_FOLDER), exist_ok=True)
    for sound in sounds:
        text = copyright_text(sound)
        if text is not None:
            write_text(os.path.join(folder, COPYRIGHT_FOLDER, f"{sound.label}.txt"), text)
    pins = [f"--packages={each['package']}={each['version']}\n" for each in manifest["packages"]]
    write_text(os.path.join(folder, FLAGS_FILE), "".join(pins))
    write_text(os.path.join(folder, CSV_FILE), _csv(rows))
    write_text(os.path.join(folder, JSON_FILE), json.dumps(manifest, indent=1) + "\n")
    return manifest


def table(manifest: Mapping) -> str:
    """Gives the hours of each package and kind as text for a terminal."""
    head = f"{'package':<28}" + "".join(f"{kind:>13}" for kind in (*KINDS, "left out"))
    lines = [head]
    for package in manifest["packages"]:
        hours = "".join(f"{package['kept'][kind]['hours']:>13.2f}" for kind in KINDS)
        lines.append(f"{package['package']:<28}{hours}{sum(package['left_out'].values()):>13,}")
    total = "".join(f"{manifest['hours'][kind]:>13.2f}" for kind in KINDS)
    return "\n".join([*lines, f"{'hours in all':<28}{total}"])


def copyright_text(sound: PackageSound) -> str | None:
    """The text of a package's copyright file; None if the package has none."""
    path = os.path.join(sound.folder, COPYRIGHT_FILE)
    if not os.path.exists(path):
        return None
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read()


def _about(sound):
    with open(os.path.join(sound.folder, PACKAGE_FILE), encoding="utf-8") as file:
        return json.load(file)


def _package(sound, rows, checked):
    about = _about(sound)
    own = [row for row in rows if row.package == about["package"]]
    kept = {kind: [row for row in own if row.kind == kind] for kind in KINDS}
    reasons = {piece.name: checked.left_out[path] for path, piece in sound.pieces if path in checked.left_out}
    reasons |= {path: ("unreadable", reason) for path, reason in sound.unreadable.items()}
    return {
        **about,
        "found": {
            kind: {"files": sound.found[kind], "hours": round(sound.found_seconds[kind] / 3600, 4)}
            for kind in KINDS
        },
        "kept": {kind: {"recordings": len(kept[kind]), "hours": _hours(kept[kind])} for kind in KINDS},
        "left_out": dict(collections.Counter(problem for problem, _ in reasons.values())),
        "left_out_files": {path: f"{problem}: {detail}" for path, (problem, detail) in reasons.items()},
        "licences": _hours_by_licence(own),
        "copyright": f"{COPYRIGHT_FOLDER}/{sound.label}.txt" if copyright_text(sound) is not None else None,
    }


def _hours(rows):
    return round(sum(row.seconds for row in rows) / 3600, 4)


def _hours_by_licence(rows):
    seconds = collections.Counter()
    for row in rows:
        seconds[row.licence] += row.seconds
    return {licence: round(total / 3600, 4) for licence, total in seconds.most_common()}


def _csv(rows):
    text = io.StringIO()
    names = [field.name for field in dataclasses.fields(Row)]
    writer = csv.DictWriter(text, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows(dataclasses.asdict(row) for row in rows)
    return text.getvalue()
