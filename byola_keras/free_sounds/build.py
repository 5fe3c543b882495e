"""Makes the free corpus: fetched, unpacked, cut, checked, prepared, described."""

import contextlib
import dataclasses
import itertools
import os
from collections.abc import Sequence

from absl import logging

from byola_keras.corpus.prepare import prepare
from byola_keras.corpus.sources import FileSources
from byola_keras.folder_lock import locked
from byola_keras.free_sounds.checked import check_pieces
from byola_keras.free_sounds.deb import Deb, check_installed
from byola_keras.free_sounds.fetch import check_all_there, fetch, find_debs
from byola_keras.free_sounds.limits import Limits
from byola_keras.free_sounds.manifest import make_rows, write_manifest
from byola_keras.free_sounds.package_sound import PackageSound, take_sound
from byola_keras.free_sounds.packages import Request
from byola_keras.processes import available_cores, process_pool


@dataclasses.dataclass(frozen=True)
class Places:
    """Where things lie.

    Attributes:
        work_dir: folder for what is fetched, unpacked and cut; it may go once the corpus is there.
        output_dir: folder for corpora.
        deb_dir: folder with the .deb files, if they are not to be fetched.
    """

    work_dir: str
    output_dir: str
    deb_dir: str | None = None


def build(
    wanted: Sequence[Request],
    places: Places,
    name: str = "free_sounds",
    limits: Limits | None = None,
    workers: int | None = None,
) -> tuple[dict, dict]:
    """Makes a corpus of the sound in Debian packages, or goes on where an earlier call was interrupted.

    Args:
        wanted: the packages.
        places: where things lie.
        name: name of the corpus.
        limits: how much is taken of each file and package; None for the defaults.
        workers: number of processes; None for one a processor core.

    Returns:
        (report of the preparation, manifest).

    Raises:
        ValueError: a package is damaged, no sound is left, another corpus of this name is there, or another
            process is at work in the folder.
        FileNotFoundError: packages are not there, or apt-get is not.
        OSError: apt-get could not fetch a package.
        ImportError: python-debian or Apache Beam is not installed.
    """
    check_installed()
    limits, work_dir = limits or Limits(), os.path.abspath(places.work_dir)
    busy = (
        f"One process at a time must work in a folder. Received: {work_dir}, in which another is at work; "
        "wait for it or end it."
    )
    with locked(work_dir, busy):
        debs = _debs(wanted, places, work_dir)
        sounds = _take_all(list(debs.values()), work_dir, limits, workers)
        checked = check_pieces(sounds, work_dir, workers)
        if not checked.seconds:
            broken = len(checked.left_out) + sum(len(sound.unreadable) for sound in sounds)
            raise ValueError(
                f"The packages must hold sound that can be used. Received: {', '.join(debs)}; "
                f"{broken} files were broken, silent or the like."
            )
        paths = sorted(checked.seconds)
        report = prepare(
            FileSources(paths),
            places.output_dir,
            name,
            clip_seconds=limits.excerpt_seconds,
            workers=workers,
        )
        rows = make_rows(sounds, checked)
        manifest = write_manifest(report["folder"], rows, sounds, checked, limits)
    return report, manifest


def _debs(wanted, places, work_dir) -> dict[str, Deb]:
    if places.deb_dir is None:
        return fetch(wanted, os.path.join(work_dir, "debs"))
    if not os.path.isdir(places.deb_dir):
        raise FileNotFoundError(
            f"`deb_dir` must be a folder with .deb files. Received: deb_dir={places.deb_dir!r}, which is not "
            "there."
        )
    found = find_debs(wanted, places.deb_dir)
    check_all_there(wanted, found, places.deb_dir)
    return found


def _take_all(debs, work_dir, limits, workers) -> list[PackageSound]:
    """The sound of all packages, in their order; each package is the task of one process."""
    sounds = []
    with contextlib.ExitStack() as stack:
        processes = min(workers or available_cores(), len(debs))
        run = stack.enter_context(process_pool(processes)).map if processes > 1 else map
        taken = run(take_sound, debs, itertools.repeat(work_dir), itertools.repeat(limits))
        for number, sound in enumerate(taken, start=1):
            logging.info("%d of %d packages: %s.", number, len(debs), sound.label)
            sounds.append(sound)
    return sounds
