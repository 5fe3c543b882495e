"""Trains and probes the rows of the paper's ablation tables, and sets them beside the printed numbers.

    byola ablate --list
    byola ablate --table=VI --scale=smoke --output_dir=runs/ablations
    byola ablate --table=VI --rows=a,d,random --seeds=3 --audio_dir=sounds --tasks=csv:birds.csv:species \
        --steps=1000 --output_dir=runs/ablations
    byola ablate --search --steps=1000 --trials=50 --output_dir=runs/search

A row that has results is not run again: killed, the same command goes on. Rows of one recipe share a run.
"""

from absl import flags

from byola_keras.ablation.tables import find_table
from byola_keras.commands import ablate_rows, ablate_scale, ablate_search, common
from byola_keras.commands.command import Command


def define_flags(values: flags.FlagValues) -> None:
    """Defines the flags of the command."""
    define = common.definers(values)
    define.string("table", None, "The table: VI, VII, VIII, IX, X, XI, XII, XIII or XV.")
    define.list("rows", [], "Names of the rows, with commas between them. Default: all rows of the table.")
    define.integer("seeds", 1, "Number of runs of each row; intervals are over them.", 1)
    define.string(
        "output_dir", None, "The folder of runs, results and tables; it is made if it is not there."
    )
    ablate_scale.define_flags(values)
    define.bool("list", False, "Print all tables and rows with their cost, and stop.")
    ablate_rows.define_flags(values)
    ablate_search.define_flags(values)
    define.bool("measure", False, "Time a step of every recipe on this machine, for --list.")


def check(values: flags.FlagValues, arguments: list[str]) -> None:
    """Refuses requests without a table or a folder, rows that are not there, and sound that is not."""
    scale = ablate_scale.make_scale(values)
    if values.list and not values.search:
        return
    if values.search:
        ablate_search.check(values)
    elif not (values.table and values.output_dir):
        raise ValueError(
            "--table and --output_dir must be given, or --list, or --search. Received: "
            f"table={values.table}, output_dir={values.output_dir}"
        )
    else:
        table = _table(values)
        for name in values.rows:
            table.row(name)
    ablate_scale.check_notes(scale)


def run(values: flags.FlagValues, arguments: list[str]) -> None:
    """Runs the rows and prints the table; or the search."""
    from byola_keras.ablation import bench, costs, report
    from byola_keras.ablation.child import CommandFailedError
    from byola_keras.evaluation import plots

    scale = ablate_scale.make_scale(values)
    if values.search:
        ablate_search.run(values, scale)
        return
    if values.list:
        print(costs.overview(scale, values.measure))
        return
    plots.check_installed()
    table = _table(values)
    folder = bench.Bench(values.output_dir, scale)
    jobs = folder.jobs(table, values.rows, values.seeds)

    def write():
        # Of all rows that have results: those of an earlier call with other --rows are not lost.
        found = report.outcomes(folder, folder.all_jobs(table))
        return report.write_report(table, found, scale, values.output_dir)

    try:
        folder.run(jobs, write)
    except CommandFailedError:
        print(write())
        raise
    print(write())


def _table(values):
    return ablate_rows.with_own_rows(find_table(values.table), values.own_rows)


COMMAND = Command(
    "ablate",
    __doc__,
    define_flags,
    run,
    check,
    interrupted="Interrupted; the same command goes on.",
)
