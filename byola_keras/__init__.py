"""BYOL for Audio (BYOL-A) in Keras 3."""

import importlib
import os
import sys

__version__ = "0.1.0"


def _is_command():
    """Whether this process is the command `byola` or a file of this checkout's tools/."""
    program = os.path.realpath(sys.argv[0]) if getattr(sys, "argv", None) else ""
    checkout = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
    return os.path.basename(program) == "byola" or os.path.dirname(program) == os.path.join(checkout, "tools")


def __getattr__(name):
    # Reached in a command only: elsewhere all names are there.
    return getattr(importlib.import_module("byola_keras.api"), name)


# A command reads its flags before TensorFlow is imported, which takes seconds: --help and a wrong flag answer
# at once. Everywhere else the import of the package registers its classes, so that Keras can load its files.
if not _is_command():
    from byola_keras.api import *  # noqa: F403
    from byola_keras.api import __all__  # noqa: F401
