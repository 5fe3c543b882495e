"""`configs/ablations`: a flagfile of `byola pretrain` for each row of the paper's tables.

    python -m byola_keras.ablation.flagfiles configs/ablations

writes them anew from `tables` and `scales`.
"""

import os
import sys

from byola_keras.ablation.scales import FSD50K
from byola_keras.ablation.tables import TABLES, Row, Table
from byola_keras.atomic import write_text

FOLDER, BASE_FILE = "configs/ablations", "base.flags"
_BASE_HEAD = """\
# What all rows of the paper's ablations share (arXiv 2204.07402, Section IV-B3): 500 epochs of the
# development set of FSD50K. Flags that are not here have their defaults.
#
# Command:   python tools/pretrain.py --flagfile=configs/ablations/table_VI_d.flags
#            in the folder that has configs/. Flags that follow win: --audio_dir=sounds --steps=1000.
# Prepare:   as configs/fsd50k.flags says.
# Expect:    {expect}
"""
_ROW_HEAD = """\
# Table {number} of the paper ({section}), {title}: {row}.
#
# Command:   python tools/pretrain.py --flagfile={folder}/{name}
# Expect:    {expect}
--flagfile={folder}/{base}
--workdir=runs/ablations/{stem}
"""


def flagfiles() -> dict[str, str]:
    """Text of each file by its name. An encoder without training has none."""
    base = _BASE_HEAD.format(expect=_printed(TABLES["VI"], TABLES["VI"].row("a")))
    files = {BASE_FILE: base + _lines(FSD50K.flags)}
    for table in TABLES.values():
        files |= {f"{_stem(table, row)}.flags": _text(table, row) for row in table.rows if row.trained}
    return files


def write(folder: str) -> None:
    """Writes the files into a folder."""
    os.makedirs(folder, exist_ok=True)
    for name, text in flagfiles().items():
        write_text(os.path.join(folder, name), text)


def _stem(table: Table, row: Row) -> str:
    return f"table_{table.number}_{row.name}"


def _text(table, row):
    stem = _stem(table, row)
    # The base says it already.
    changes = {name: value for name, value in row.flags.items() if FSD50K.flags.get(name) != value}
    head = _ROW_HEAD.format(
        number=table.number,
        title=table.title,
        section=table.section,
        row=row.title,
        folder=FOLDER,
        name=f"{stem}.flags",
        base=BASE_FILE,
        stem=stem,
        expect=_printed(table, row),
    )
    return head + _lines(changes)


def _printed(table, row):
    return f"an average of {row.printed:.{table.digits}f} % over nine tasks (the paper's figure)."


def _lines(flags):
    return "".join(f"--{name}={value}\n" for name, value in flags.items())


if __name__ == "__main__":
    write(sys.argv[1])
