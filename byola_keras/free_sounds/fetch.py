"""Fetches Debian packages by `apt-get download`, which any user may call and which installs nothing."""

import os
import shutil
import subprocess
from collections.abc import Sequence

from absl import logging

from byola_keras.free_sounds.deb import Deb, newer, read_deb
from byola_keras.free_sounds.packages import Request

# apt reads its lists at each call; a call's packages are kept once it has ended.
_PACKAGES_A_CALL = 8
_REMEDY = (
    "`apt-get update`, run as root, brings the lists of packages up to date; a release of Debian keeps one "
    "version of each package."
)


def find_debs(wanted: Sequence[Request], folder: str) -> dict[str, Deb]:
    """Finds wanted packages in a folder of .deb files.

    Args:
        wanted: the packages.
        folder: the folder; without its subfolders.

    Returns:
        Name -> package, in the order of `wanted`. Of several versions it is the newest, or the one asked for.

    Raises:
        ValueError: a file of a wanted package is damaged.
    """
    versions = {request.name: request.version for request in wanted}
    found: dict[str, Deb] = {}
    for name in sorted(os.listdir(folder)):
        # The name of the file tells the package, so that others need not be read.
        if not name.endswith(".deb") or name.partition("_")[0] not in versions:
            continue
        deb = read_deb(os.path.join(folder, name))
        fits = deb.name in versions and versions[deb.name] in (None, deb.version)
        if fits and (deb.name not in found or newer(deb.version, found[deb.name].version)):
            found[deb.name] = deb
    return {name: found[name] for name in versions if name in found}


def check_all_there(wanted: Sequence[Request], found: dict[str, Deb], where: str) -> None:
    """Raises a FileNotFoundError if a package that is not optional was not found, or none was."""
    missing = [_said(request) for request in wanted if not request.optional and request.name not in found]
    if missing or not found:
        raise FileNotFoundError(
            f"Each package that is named must be there, and at least one in all. Received: {where}, without "
            f"{', '.join(missing) or 'any package of the table'}."
        )


def fetch(wanted: Sequence[Request], folder: str) -> dict[str, Deb]:
    """Fetches the packages that are not in a folder yet.

    Args:
        wanted: the packages. Optional ones that this release of Debian does not have are left out.
        folder: the folder for .deb files. What a killed call has left in it is used.

    Returns:
        Name -> package, as of `find_debs`.

    Raises:
        FileNotFoundError: `apt-get` is not there, or a package that is not optional.
        OSError: apt could not fetch a package.
        ValueError: a package in the folder is damaged.
    """
    os.makedirs(folder, exist_ok=True)
    found = find_debs(wanted, folder)
    missing = [request for request in wanted if request.name not in found]
    if missing:
        _check_apt()
        available = _available([request.name for request in missing])
        left_out = [request.name for request in missing if request.optional and request.name not in available]
        if left_out:
            logging.warning("Not in this machine's lists of packages, left out: %s.", ", ".join(left_out))
        missing = [request for request in missing if request.name not in left_out]
        for start in range(0, len(missing), _PACKAGES_A_CALL):
            batch = missing[start : start + _PACKAGES_A_CALL]
            logging.info(
                "Fetching %d of %d: %s.", start + 1, len(missing), ", ".join(each.name for each in batch)
            )
            _download(batch, folder)
        found = find_debs(wanted, folder)
    check_all_there(wanted, found, folder)
    return found


def _check_apt():
    if not shutil.which("apt-get") or not shutil.which("apt-cache"):
        raise FileNotFoundError(
            "Packages are fetched by apt-get, of Debian and what is derived from it. Received: a machine "
            "without it; fetch them elsewhere (apt-get download NAME) and name their folder by --deb_dir."
        )


def _available(names):
    """The names that this machine's lists of packages have."""
    shown = subprocess.run(
        ["apt-cache", "show", "--no-all-versions", *names], capture_output=True, text=True, check=False
    )
    start = "Package: "
    return {line.removeprefix(start) for line in shown.stdout.splitlines() if line.startswith(start)}


def _download(batch, folder):
    # apt writes into the working directory, goes on with what a killed call has left there and checks the
    # hash of what is whole.
    incoming = os.path.join(folder, ".incoming")
    os.makedirs(incoming, exist_ok=True)
    done = subprocess.run(
        ["apt-get", "download", "--quiet", *map(_said, batch)],
        cwd=incoming,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode:
        reasons = [line for line in done.stderr.splitlines() if line.startswith("E: ")]
        said = " ".join(reasons) or done.stderr.strip()
        raise OSError(
            f"apt-get must be able to fetch the packages. Received: {', '.join(map(_said, batch))}; it says: "
            f"{said.rstrip('.')}. {_REMEDY} --packages chooses other packages."
        )
    for name in os.listdir(incoming):
        os.replace(os.path.join(incoming, name), os.path.join(folder, name))


def _said(request):
    return request.name if request.version is None else f"{request.name}={request.version}"
