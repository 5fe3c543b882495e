"""How large a run of an ablation is: the paper's scale, and one for the sound that is there."""

import dataclasses
from collections.abc import Mapping, Sequence

from byola_keras.training.recipe import Runtime

# The nine tasks of Table IV.
NINE_TASKS = ("esc50", "us8k", "spcv2", "vc1", "voxforge", "cremad", "gtzan", "nsynth", "surge")


@dataclasses.dataclass(frozen=True)
class Scale:
    """Sound, steps and tasks of all rows of a table.

    Attributes:
        name: "fsd50k" or "smoke".
        flags: flags of `byola pretrain` that all rows share; a row's own come on top.
        audio_dir: folders of sound, in place of a corpus.
        tasks: what `byola evaluate --tasks` takes.
        data_dir: folder of the data sets of the tasks.
        probe_flags: further flags of `byola evaluate`.
        is_the_papers: whether scores stand beside the paper's.
    """

    name: str
    flags: Mapping[str, str]
    audio_dir: Sequence[str]
    tasks: Sequence[str]
    data_dir: str = "datasets"
    probe_flags: Mapping[str, str] = dataclasses.field(default_factory=dict)
    is_the_papers: bool = False


FSD50K = Scale(
    "fsd50k",
    {"corpus": "fsd50k", "data_dir": "corpora", "epochs": "500", "global_batch_size": "256"},
    (),
    NINE_TASKS,
    is_the_papers=True,
)
# Where `byola render_notes` puts the notes of the quickstart.
NOTES = "runs/quickstart/notes"
# The learning rate is five times the paper's, for so few steps.
SMOKE = Scale(
    "smoke",
    {
        "steps": "100",
        "global_batch_size": "64",
        "learning_rate": "5e-4",
        "norm_crops": "2000",
        "keep_checkpoints": "1",
    },
    (f"{NOTES}/train",),
    (
        f"csv:{NOTES}/metadata.csv:family",
        f"csv:{NOTES}/metadata.csv:pitch",
    ),
    probe_flags={"seeds": "42"},
)
SCALES = {scale.name: scale for scale in (SMOKE, FSD50K)}


def settings(scale: Scale) -> dict:
    """What results depend on besides row, seed and task: JSON values by name."""
    runtime = {field.name for field in dataclasses.fields(Runtime)}
    return {
        **{name: value for name, value in scale.flags.items() if name not in runtime},
        "audio_dir": list(scale.audio_dir),
        **{f"probe_{name}": value for name, value in scale.probe_flags.items()},
    }
