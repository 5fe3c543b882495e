"""FSD50K's sound events by their character: the three subsets of the paper's Table XVI."""

from collections.abc import Sequence

import numpy as np

from byola_keras.evaluation import metrics

# Names as published.
_PUBLISHED = {
    "single_source": """
        Accordion; Acoustic guitar; Bark; Bass drum; Bass guitar; Bicycle bell; Boom; Burping, eructation;
        Chink, clink; Chuckle, chortle; Clapping; Coin (dropping); Cough; Cowbell; Crash cymbal; Crow;
        Cutlery, silverware; Cymbal; Dishes, pots, and pans; Fart; Finger snapping; Gasp; Glass;
        Glockenspiel; Gunshot, gunfire; Gurgling; Harp; Hi-hat; Keyboard (musical); Knock; Mallet
        percussion; Marimba, xylophone; Meow; Percussion; Piano; Plucked string instrument; Power tool;
        Rain; Raindrop; Rattle (instrument); Ringtone; Scissors; Scratching (performance technique);
        Screaming; Shatter; Shout; Sigh; Slam; Snare drum; Speech; Speech synthesizer; Stream; Tambourine;
        Tap; Tearing; Telephone; Thump, thud; Tools; Truck; Trumpet; Water; Whoosh, swoosh, swish; Wild
        animals; Wind; Wind chime; Zipper (clothing)
    """,
    "sequential": """
        Accelerating, revving, vroom; Boiling; Car passing by; Crying, sobbing; Fill (with liquid); Frying
        (food); Giggle; Hammer; Idling; Laughter; Mechanical fan; Motorcycle; Ocean; Pour; Run; Sawing;
        Sliding door; Tick-tock; Traffic noise, roadway noise; Walk, footsteps; Yell
    """,
    "scene": """
        Applause; Cheering; Crowd; Drum kit; Race car, auto racing; Subway, metro, underground
    """,
}


def _class_name(published):
    """As FSD50K's own lists spell it: Race_car_and_auto_racing."""
    return published.replace(", and ", "_and_").replace(", ", "_and_").replace(" ", "_")


SUBSETS: dict[str, tuple[str, ...]] = {
    subset: tuple(_class_name(name) for name in " ".join(names.split()).split("; "))
    for subset, names in _PUBLISHED.items()
}


def subset_scores(
    scores: np.ndarray, targets: np.ndarray, classes: Sequence[str]
) -> dict[str, dict[str, np.ndarray]]:
    """Mean average precision and area under the ROC curve over the classes of each subset.

    Args:
        scores: scores of all test clips, [seeds, clips, classes].
        targets: 0 or 1, [clips, classes].
        classes: names of the classes, as in FSD50K's lists.

    Returns:
        Subset -> {"mean_average_precision": [seeds], "auc": [seeds]}.

    Raises:
        ValueError: a class of a subset is not among `classes`.

    Reference:
        https://arxiv.org/abs/2204.07402, Section IV-A3, Appendix B and Table XVI.
    """
    number = {name: index for index, name in enumerate(classes)}
    wanted = [name for names in SUBSETS.values() for name in names]
    if missing := [name for name in wanted if name not in number]:
        raise ValueError(
            f"`classes` must have all {len(wanted)} classes of FSD50K's subsets. Received: {len(classes)} "
            f"classes without {', '.join(missing[:5])}{' ...' if len(missing) > 5 else ''}"
        )
    result = {}
    for subset, names in SUBSETS.items():
        columns = [number[name] for name in names]
        chosen = [(of_seed[:, columns], targets[:, columns]) for of_seed in scores]
        result[subset] = {
            "mean_average_precision": np.array([metrics.mean_average_precision(*pair) for pair in chosen]),
            "auc": np.array([metrics.mean_roc_auc(*pair) for pair in chosen]),
        }
    return result
