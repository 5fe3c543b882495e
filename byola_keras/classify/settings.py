"""How a classifier is trained."""

import dataclasses

from byola_keras.evaluation.choices import SEEDS
from byola_keras.fields import Settings, setting

HEAD, ALL = "head", "all"
MEASURED, KEPT = "measured", "kept"
NONE, BALANCED = "none", "balanced"


@dataclasses.dataclass(frozen=True)
class TrainSettings(Settings):
    """All that changes a classifier, but for its labels and the model that it starts from."""

    tune: str = setting(
        HEAD,
        "What is trained. head: the benchmark's linear probe on the embeddings of the clips, which takes "
        "seconds once they are there; all: the encoder, too, from that head on.",
        choices=(HEAD, ALL),
    )
    statistics: str = setting(
        MEASURED,
        "The mean and deviation that normalise the log-mel. measured: those of the training clips, as in the "
        "benchmark; kept: those of the model.",
        choices=(MEASURED, KEPT),
    )
    clips_per_class: int | None = setting(
        None,
        "Train on so many clips of each class, drawn by the first seed; a tenth of them, at least one of a "
        "class with several, serves as validation clips. Default: all clips, and the validation clips of the "
        "CSV file.",
        minimum=1,
    )
    test_fold: int | None = setting(
        None,
        "The fold that is the test, where the CSV file has folds. Default: the last.",
        minimum=1,
    )
    class_weights: str = setting(
        NONE,
        "What the loss of a clip counts. balanced: all classes the same, however many clips each has.",
        choices=(NONE, BALANCED),
    )
    precision: float | None = setting(
        None,
        "The share of a class's detections that should be right: each class gets the lowest threshold that "
        "reaches it on the validation clips. Default: a threshold of 0.5 for every class.",
        minimum=0.0,
        maximum=1.0,
    )
    seeds: tuple[int, ...] = setting(
        SEEDS,
        "Seeds of the heads, with commas between them. The classifier is of the first; the interval of the "
        "score is over all.",
        minimum=0,
    )

    # Of --tune=all alone
    epochs: int = setting(20, "Passes over the training clips, with --tune=all.", minimum=1)
    batch_size: int = setting(32, "Training clips of a step, with --tune=all.", minimum=1)
    learning_rate: float = setting(
        1e-4,
        "Adam's step size for the head, with --tune=all, after the warm-up; it falls to 0 by a cosine.",
        minimum=0.0,
    )
    encoder_rate: float = setting(
        0.1, "Step size of the encoder, with --tune=all, as a share of that of the head.", minimum=0.0
    )
    warmup: float = setting(
        0.1, "Share of the steps in which the step sizes rise, with --tune=all.", minimum=0.0, maximum=1.0
    )
    augment: bool = setting(
        True, "Stretch, shift and fade the log-mel by random numbers, with --tune=all, as pre-training does."
    )
    mixup: float = setting(
        0.2,
        "Largest share of another clip that is mixed into each, with its label, with --tune=all.",
        minimum=0.0,
        maximum=1.0,
    )


# The settings of --tune=all alone.
FINE_TUNING = ("epochs", "batch_size", "learning_rate", "encoder_rate", "warmup", "augment", "mixup")
