"""What the search varies: the parameters of the augmentation's blocks (Section IV-B2 of the paper)."""

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import optuna


@dataclasses.dataclass(frozen=True)
class Parameter:
    """A number that the search varies.

    Attributes:
        low: the least value.
        high: the greatest value.
        step: distance of two neighbouring values.
        printed: the paper's value, which the first trial has.
        meaning: what the number is, in words.
    """

    low: float
    high: float
    step: float
    printed: float
    meaning: str


# A ratio or gain of 0 leaves a block without effect: whether it is there at all is part of the search.
PARAMETERS: Mapping[str, Parameter] = {
    "max_ratio": Parameter(0.0, 0.8, 0.05, 0.2, "largest share of the past clip in the mixture"),
    "freq_low": Parameter(0.3, 1.0, 0.05, 0.6, "least height of the crop, in heights of the input"),
    "freq_high": Parameter(1.0, 2.0, 0.05, 1.5, "greatest height of the crop"),
    "time_low": Parameter(0.3, 1.0, 0.05, 0.6, "least length of the crop, in lengths of the input"),
    "time_high": Parameter(1.0, 2.0, 0.05, 1.5, "greatest length of the crop"),
    "virtual_freq": Parameter(1.0, 2.0, 0.1, 1.0, "height of the virtual crop boundary"),
    "virtual_time": Parameter(1.0, 2.0, 0.1, 1.5, "length of the virtual crop boundary"),
    "gain": Parameter(0.0, 2.0, 0.1, 1.0, "largest gain of the fader, in deviations of the log-mel"),
}


def printed_values() -> dict[str, float]:
    """The paper's parameters."""
    return {name: parameter.printed for name, parameter in PARAMETERS.items()}


def suggest(trial: "optuna.Trial") -> None:
    """Draws the parameters of a trial, or takes those that it has."""
    for name, parameter in PARAMETERS.items():
        trial.suggest_float(name, parameter.low, parameter.high, step=parameter.step)


def augmentation(values: Mapping[str, float]) -> str:
    """The chain of blocks with these parameters, as `byola pretrain --augmentation` takes it."""
    # The sums of steps have digits that nobody chose.
    of = {name: round(value, 6) for name, value in values.items()}
    return (
        f"LogMixupExp(max_ratio={of['max_ratio']}) "
        f"RandomResizeCrop(virtual_crop_scale=({of['virtual_freq']}, {of['virtual_time']}), "
        f"freq_scale=({of['freq_low']}, {of['freq_high']}), "
        f"time_scale=({of['time_low']}, {of['time_high']})) "
        f"RandomLinearFader(gain={of['gain']}) BatchStandardization"
    )
