"""The search of `byola ablate`: its flags, and what it runs."""

from absl import flags

from byola_keras.commands import common


def define_flags(values: flags.FlagValues) -> None:
    """Defines the flags of the search."""
    define = common.definers(values)
    define.bool(
        "search",
        False,
        "Search for parameters of the augmentation in place of a table, with Optuna. Several processes may "
        "run the same search at once.",
    )
    define.integer("trials", 50, "Number of trials of a search, pruned ones included.", 1)
    define.integer(
        "stages",
        3,
        "Number of probes of a trial of a search, each after twice the steps of the one before; a trial that "
        "is worse than the median is pruned.",
        1,
        6,
    )


def check(values: flags.FlagValues) -> None:
    """Refuses a search without a folder, and one beside a table.

    Raises:
        ValueError: flags do not fit together.
    """
    if values.table or values.list:
        raise ValueError(
            f"--search takes the place of --table and --list. Received: table={values.table}, "
            f"list={values.list}"
        )
    if not values.output_dir:
        raise ValueError("--search needs --output_dir, a folder of its own. Received: output_dir=None")


def run(values: flags.FlagValues, scale) -> None:
    """Runs the search with the sound, flags and tasks of a scale, and prints the table of trials."""
    from byola_keras.ablation import search, search_report, search_stage
    from byola_keras.evaluation import plots

    plots.check_installed()
    wanted = search.Search(
        values.output_dir,
        values.trials,
        stage_steps(scale, values.stages),
        lambda stage: search_stage.score_stage(scale, stage),
        search_stage.settings(scale),
    )

    def write(study):
        search_report.remove_checkpoints(study, wanted)
        return search_report.write_report(study, wanted)

    print(write(search.run(wanted, write)))


def stage_steps(scale, stages: int) -> list[int]:
    """Steps after which trials are probed: the scale's, half of them, a quarter and so on.

    Raises:
        ValueError: the scale counts in epochs, or has too few steps.
    """
    if "steps" not in scale.flags:
        raise ValueError(
            f"A search counts in steps. Received: --scale={scale.name}, which counts in epochs; give --steps."
        )
    total = int(scale.flags["steps"])
    steps = [total // 2**halvings for halvings in reversed(range(stages))]
    if steps[0] < 1:
        raise ValueError(
            f"The first of {stages} stages must have a step. Received: steps={total}, stages={stages}"
        )
    return steps
