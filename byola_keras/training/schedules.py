"""The learning rate and tau of a recipe over the steps of its run, and which steps these are.

The cosines of a recipe end at `schedule_steps`, a number that belongs to the run for good: where it is not
given it is the number of steps that the run was to have when it was started, and `configuration.json` keeps
it. More or fewer steps on a later start end the run later or earlier, and change nothing of the curves.
"""

from absl import logging

from byola_keras.models.warmup_cosine import WarmupCosine
from byola_keras.training import configuration
from byola_keras.training.recipe import COSINE, Recipe


def make_learning_rate(recipe: Recipe) -> float | WarmupCosine:
    """The step size of a recipe: a number, or a schedule of the optimizer's updates."""
    if recipe.learning_rate_schedule == COSINE:
        end = recipe.learning_rate * recipe.final_learning_rate_share
        return WarmupCosine(recipe.learning_rate, 0.0, recipe.warmup_steps, end, _cosine_steps(recipe))
    if recipe.warmup_steps:
        return WarmupCosine(recipe.learning_rate, 0.0, recipe.warmup_steps)
    return recipe.learning_rate


def make_target_decay(recipe: Recipe) -> float | WarmupCosine:
    """What the target network keeps of itself, tau: a number, or a schedule of the optimizer's updates."""
    start, warmup = recipe.target_decay_start, recipe.target_decay_warmup_steps
    start = recipe.target_decay if start is None else start
    if recipe.target_decay_schedule == COSINE:
        return WarmupCosine(recipe.target_decay, start, warmup, 1.0, _cosine_steps(recipe))
    if warmup:
        return WarmupCosine(recipe.target_decay, start, warmup)
    return recipe.target_decay


def has_cosine(recipe: Recipe) -> bool:
    """Whether something in the recipe changes until `schedule_steps`."""
    return COSINE in (recipe.learning_rate_schedule, recipe.target_decay_schedule)


def check(recipe: Recipe) -> None:
    """Checks what the schedules of a recipe ask of each other.

    Raises:
        ValueError: they do not fit together.
    """
    start, warmup = recipe.target_decay_start, recipe.target_decay_warmup_steps
    if (start is None) != (warmup == 0):
        raise ValueError(
            "`target_decay_start` and `target_decay_warmup_steps` must be given together, the value that tau "
            f"begins with and the steps of its way to `target_decay`. Received: target_decay_start={start}, "
            f"target_decay_warmup_steps={warmup}"
        )


def resolved_steps(recipe: Recipe, workdir: str, total_steps: int) -> int | None:
    """The last step of the recipe's cosines.

    Args:
        recipe: of the run.
        workdir: folder of the run. What it was started with comes before `total_steps`.
        total_steps: steps of the run as it is started now.

    Returns:
        `schedule_steps` as it is to be kept; None where it is not given and there is no cosine.

    Raises:
        ValueError: a warm-up takes all of these steps.
    """
    if not has_cosine(recipe):
        return recipe.schedule_steps
    recorded = configuration.recorded(workdir, "schedule_steps")
    steps = recipe.schedule_steps or recorded or total_steps
    warmups = {
        "warmup_steps": recipe.learning_rate_schedule,
        "target_decay_warmup_steps": recipe.target_decay_schedule,
    }
    for name, schedule in warmups.items():
        if schedule == COSINE and getattr(recipe, name) >= steps:
            raise ValueError(
                f"`{name}` must be less than the steps of the cosine that follows. Received: "
                f"{name}={getattr(recipe, name)}, schedule_steps={steps}"
            )
    if steps < total_steps:
        logging.warning(
            "The schedules end at step %d, before the run does at step %d: the steps between them have the "
            "values at the end of the schedules.",
            steps,
            total_steps,
        )
    return steps


def _cosine_steps(recipe):
    steps = recipe.schedule_steps or recipe.steps
    if steps is None:
        raise ValueError(
            "`schedule_steps` must be given to build a model with a cosine outside of a run. Received: "
            "schedule_steps=None, steps=None"
        )
    return steps
