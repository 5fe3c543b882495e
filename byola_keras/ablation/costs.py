"""What the rows cost: sizes, operations, and the time of a step on this machine."""

import time

import numpy as np
import tensorflow as tf

from byola_keras.ablation.recipes import recipe_of
from byola_keras.ablation.scales import Scale
from byola_keras.ablation.tables import TABLES, run_name
from byola_keras.models.norm_stats import NormStats
from byola_keras.timing.step import step_flops
from byola_keras.training.build_model import build_model, parameter_counts

_CROP_LENGTH = 15_200
_TIMED_STEPS = 2


def overview(scale: Scale, measure: bool = False) -> str:
    """All tables and rows with the cost of each, as text.

    Args:
        scale: of the runs.
        measure: whether a step of every recipe is timed, on random sound; this takes minutes.
    """
    costs, parts = {}, []
    for table in TABLES.values():
        lines = [f"Table {table.number}: {table.title} ({table.section})"]
        for row in table.rows:
            name = run_name(table, row, scale.flags)
            if row.trained and name not in costs:
                costs[name] = _cost(recipe_of(scale.flags, row.flags), measure)
            cost = costs.get(name, "no training")
            lines.append(f"  {row.name:<14}{row.title:<44}{row.printed:>7.{table.digits}f} %  {cost}")
        parts.append("\n".join(lines))
    return "\n\n".join(parts)


def _cost(recipe, measure):
    model = build_model(NormStats(-8.0, 4.0, 0), _CROP_LENGTH, recipe)
    parameters = parameter_counts(model)["encoder"]
    flops = step_flops(model, recipe.global_batch_size)
    size = model.encoder.embedding_size(model.frontend.n_mels)
    length = f"{recipe.steps:,} steps" if recipe.steps else f"{recipe.epochs:,} epochs"
    text = (
        f"{size:>6,}-d, {parameters / 1e6:5.2f} M parameters, {length} of {recipe.global_batch_size} clips, "
        f"{flops / 1e9:7,.0f} GFLOP a step"
    )
    return f"{text}, {_step_seconds(model, recipe.global_batch_size):.2f} s a step" if measure else text


def _step_seconds(model, batch_size):
    """Seconds of the fastest step after the first, which traces."""
    draws = np.random.default_rng(0)
    waveforms = tf.constant(draws.normal(0, 0.1, (batch_size, _CROP_LENGTH)).astype("float32"))
    step = tf.function(lambda: model.train_step(waveforms)["loss"])
    step()
    times = []
    for _ in range(_TIMED_STEPS):
        began = time.perf_counter()
        float(step())
        times.append(time.perf_counter() - began)
    return min(times)
