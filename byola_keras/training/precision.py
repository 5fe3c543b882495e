"""Which precision "auto" stands for: bfloat16 where the machine multiplies it faster than float32."""

import json
import os
import pathlib

import tensorflow as tf

from byola_keras.training.configuration import FILE_NAME

AUTO = "auto"
# As Linux names what multiplies bfloat16: x86's two extensions, and Arm's.
_CPU_FLAGS = {"avx512_bf16", "amx_bf16", "bf16"}
_AMPERE = (8, 0)


def resolved(precision: str, workdir: str | None = None) -> str:
    """The name of a Keras policy for a name that may be "auto".

    Args:
        precision: "auto", or what is returned as it is.
        workdir: folder of a run, or None. What its run was started with comes first, so that a run that is
            resumed on another machine does not change.
    """
    if precision != AUTO:
        return precision
    return _recorded(workdir) or ("mixed_bfloat16" if _has_bfloat16() else "float32")


def _recorded(workdir):
    path = os.path.join(workdir or "", FILE_NAME)
    if workdir is None or not os.path.exists(path):
        return None
    with open(path, encoding="utf-8") as file:
        return json.load(file).get("precision")


def _has_bfloat16():
    """Whether all GPUs, or without any the CPU, have instructions for products of bfloat16."""
    gpus = tf.config.list_physical_devices("GPU")
    if not gpus:
        return not _CPU_FLAGS.isdisjoint(_cpu_flags())
    details = [tf.config.experimental.get_device_details(gpu) for gpu in gpus]
    return all(each.get("compute_capability", (0, 0)) >= _AMPERE for each in details)


def _cpu_flags(path="/proc/cpuinfo"):
    """Names of the CPU's instruction sets; none where the system does not tell."""
    if not os.path.exists(path):
        return set()
    lines = pathlib.Path(path).read_text(encoding="utf-8").splitlines()
    named = [line.partition(":") for line in lines]
    return {
        flag for name, _, flags in named if name.strip() in ("flags", "Features") for flag in flags.split()
    }
