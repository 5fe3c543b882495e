"""Trains and probes the rows of the paper's ablation tables, and sets them beside the printed numbers.

    byola ablate --list
    byola ablate --table=VI --scale=smoke --output_dir=runs/ablations
    byola ablate --table=VI --rows=a,d,random --seeds=3 --audio_dir=sounds --tasks=csv:birds.csv:species \
        --steps=1000 --output_dir=runs/ablations
    byola ablate --search --steps=1000 --trials=50 --output_dir=runs/search

A row that has results is not run again: killed, the same command goes on. Rows of one recipe share a run.
"""

import dataclasses

from absl import flags

from byola_keras.commands import ablate_rows, ablate_search, common
from byola_keras.commands.command import Command

# Flags of `byola pretrain` that the scale sets and that may be set otherwise.
_OF_SCALE = ("steps", "epochs", "global_batch_size", "learning_rate", "precision")


def define_flags(values: flags.FlagValues) -> None:
    """Defines the flags of the command."""
    define = common.definers(values)
    define.string("table", None, "The table: VI, VII, VIII, IX, X, XI, XII, XIII or XV.")
    define.list("rows", [], "Names of the rows, with commas between them. Default: all rows of the table.")
    define.integer("seeds", 1, "Number of runs of each row; intervals are over them.", 1)
    define.enum(
        "scale",
        "smoke",
        ["smoke", "fsd50k"],
        "The scale. smoke: 100 steps on the quickstart's notes (byola render_notes makes them) or on "
        "--audio_dir; fsd50k: the paper's, 500 epochs on the prepared corpus fsd50k.",
    )
    define.string(
        "output_dir", None, "The folder of runs, results and tables; it is made if it is not there."
    )
    common.sound_flag(values, "audio_dir", "The sound to pre-train on, in place of the scale's")
    define.list("tasks", [], "Tasks in place of the scale's, as for byola evaluate.")
    define.string("data_dir", "datasets", "The folder that has a folder for each data set of the tasks.")
    define.integer("steps", None, "Training steps in place of the scale's.", 1)
    define.integer("epochs", None, "Passes over the sound in place of the scale's steps or epochs.", 1)
    define.integer("global_batch_size", None, "Clips in a step in place of the scale's.", 2)
    define.float("learning_rate", None, "Adam's step size in place of the scale's.", 0.0)
    define.enum(
        "precision", None, ["float32", "mixed_bfloat16", "mixed_float16"], "Precision of the networks."
    )
    define.bool("list", False, "Print all tables and rows with their cost, and stop.")
    ablate_rows.define_flags(values)
    ablate_search.define_flags(values)
    define.bool("measure", False, "Time a step of every recipe on this machine, for --list.")


def check(values: flags.FlagValues, arguments: list[str]) -> None:
    """Refuses requests without a table or a folder."""
    if values.search:
        ablate_search.check(values)
        return
    if not values.list and not (values.table and values.output_dir):
        raise ValueError(
            "--table and --output_dir must be given, or --list, or --search. Received: "
            f"table={values.table}, output_dir={values.output_dir}"
        )


def run(values: flags.FlagValues, arguments: list[str]) -> None:
    """Runs the rows and prints the table; or the search."""
    from byola_keras.ablation import bench, costs, report
    from byola_keras.ablation.tables import find_table
    from byola_keras.evaluation import plots

    scale = _scale(values)
    if values.search:
        ablate_search.run(values, scale)
        return
    if values.list:
        print(costs.overview(scale, values.measure))
        return
    plots.check_installed()
    table = ablate_rows.with_own_rows(find_table(values.table), values.own_rows)
    wanted = bench.jobs(table, values.rows, values.seeds, values.output_dir)

    def write():
        return report.write_report(table, report.outcomes(wanted, scale), scale, values.output_dir)

    bench.run_jobs(wanted, scale, write)
    print(write())


def _scale(values):
    from byola_keras.ablation.scales import SCALES

    scale = SCALES[values.scale]
    own = {name: str(values[name].value) for name in _OF_SCALE if values[name].value is not None}
    shared = {name: value for name, value in scale.flags.items() if not ("epochs" in own and name == "steps")}
    changes = {"flags": {**shared, **own}, "data_dir": values.data_dir}
    if values.audio_dir:
        without_corpus = {n: v for n, v in changes["flags"].items() if n not in ("corpus", "data_dir")}
        changes |= {"audio_dir": tuple(values.audio_dir), "flags": without_corpus}
    if values.tasks:
        changes["tasks"] = tuple(values.tasks)
    same = not own and not values.audio_dir and not values.tasks
    return dataclasses.replace(scale, **changes, is_the_papers=scale.is_the_papers and same)


COMMAND = Command(
    "ablate",
    __doc__,
    define_flags,
    run,
    check,
    interrupted="Interrupted; the same command goes on.",
)
