"""Rows of one's own in a table of `byola ablate`: each is a flagfile of `byola pretrain`."""

import dataclasses
import os

from absl import flags

from byola_keras.ablation.tables import Row, Table
from byola_keras.commands import common, pretrain
from byola_keras.commands.ablate_scale import given_flags
from byola_keras.training.recipe import Recipe

# The table says them for all of its rows.
_OF_THE_TABLE = ("seed", "steps", "epochs")


def define_flags(values: flags.FlagValues) -> None:
    """Defines the flag for rows of one's own."""
    common.definers(values).list(
        "own_rows",
        [],
        "Flagfiles of byola pretrain with commas between them, each a row of your own that is added to the "
        "table under the name of its file; the best.flags of a search is one.",
    )


def with_own_rows(table: Table, paths: list[str]) -> Table:
    """The table with a row more for each flagfile.

    Args:
        table: a table of the paper.
        paths: flagfiles, which change the recipe only.

    Raises:
        FileNotFoundError: a file is not there.
        ValueError: a file has unknown flags or flags that the table says, or its name is that of another row.
    """
    rows = list(table.rows)
    for path in paths:
        row = read_row(path)
        if row.name in (other.name for other in rows):
            raise ValueError(
                f"Rows of a table must have different names. Received: {path}, and Table {table.number} has "
                f"a row {row.name!r}; rename the file."
            )
        rows.append(row)
    return dataclasses.replace(table, rows=tuple(rows))


def read_row(path: str) -> Row:
    """The row of a flagfile, named as the file without its extension. A working directory in it is not used.

    Raises:
        FileNotFoundError: it is not there.
        ValueError: it has other flags than those of the recipe.
    """
    if not os.path.isfile(path):
        raise FileNotFoundError(f"`own_rows` must be flagfiles of byola pretrain. Received: {path!r}")
    try:
        given = given_flags(pretrain.COMMAND, [f"--flagfile={path}", "--workdir=any"])
    except flags.Error as error:
        raise ValueError(
            f"`own_rows` must be flagfiles of byola pretrain. Received: {path!r}: {error}"
        ) from error
    del given["workdir"]
    allowed = {field.name for field in dataclasses.fields(Recipe)} - set(_OF_THE_TABLE)
    allowed |= set(pretrain.SHORT_FLAGS)
    foreign = [name for name in given if name not in allowed]
    if foreign:
        raise ValueError(
            "A row must change the recipe only: sound, steps and seed are those of the table. Received: "
            f"{', '.join(foreign)} in {path!r}"
        )
    name = os.path.splitext(os.path.basename(path))[0]
    return Row(name, f"{name} (own)", None, given, own=True)
