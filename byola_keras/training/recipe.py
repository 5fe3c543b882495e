"""What a pre-training run is: its sound, its recipe, and the runtime that it happens on.

A new choice is one field here and the line that uses it: its flag, its help text, its place in
`configuration.json` and its comparison on resume follow from the field. A run from before the field existed
resumes with the field's default.
"""

import dataclasses

from byola_keras.fields import Settings, setting
from byola_keras.training.blocks import split_blocks

# What becomes of the statistics of the log-mel of a model that a run starts from.
MEASURED, KEPT = "measured", "kept"
ONE_CROP, TWO_CROPS = "one_crop", "two_crops"
CONSTANT, COSINE = "constant", "cosine"


@dataclasses.dataclass(frozen=True)
class Sound(Settings):
    """Which sound a run trains on. Files take the place of a corpus where both are given."""

    audio_dir: tuple[str, ...] = setting(
        (),
        "The sound: a folder of sound files (with all its subfolders), a glob pattern or a file. Repeatable.",
    )
    file_list: str | None = setting(None, "A text file with the path of a sound file on each line.")
    corpus: str | None = setting(
        None, "Name of a prepared corpus. Sound files, where they are given, take its place."
    )
    data_dir: str | None = setting(
        None, "Folder in which prepared corpora lie. It alone is enough where it holds only one."
    )
    crop_seconds: float = setting(0.95, "Length of a training crop in seconds.", minimum=0.1, maximum=60.0)
    crops_per_clip: int = setting(
        1, "Random crops from each reading of a clip of a corpus, for different batches.", minimum=1
    )
    views: str = setting(
        ONE_CROP,
        "What the two views of a clip are made of: one_crop for both, or two_crops, each from its own place "
        "in the clip.",
        choices=(ONE_CROP, TWO_CROPS),
    )
    balance: float = setting(
        0.0,
        "How far the sizes of folders are evened out: a folder of n files or clips has a share of the crops "
        "proportional to n^(1 - balance).",
        minimum=0.0,
        maximum=1.0,
    )
    balance_depth: int = setting(
        1,
        "How many folders of a file's name, below the one that all files share, make the folder that is "
        "balanced.",
        minimum=1,
    )


@dataclasses.dataclass(frozen=True)
class Recipe(Settings):
    """All that changes the result of a run besides its sound. The defaults are the paper's (Section IV-B)."""

    norm_crops: int = setting(
        10_000, "Random crops over which mean and deviation of the log-mel are measured.", minimum=1
    )
    augmentation: tuple[str, ...] = setting(
        ("LogMixupExp", "RandomResizeCrop", "RandomLinearFader", "BatchStandardization"),
        "Blocks of the augmentation in their order, with spaces between them; a block may have parameters: "
        "LogMixupExp(max_ratio=0.4). A class of your own is package.module:Class.",
        from_text=split_blocks,
    )
    encoder: str = setting(
        "Encoder", "The encoder, with parameters or without: Encoder(conv_blocks=3, channels=32)."
    )
    model: str = setting(
        "BYOL",
        "The model: BYOL, or a subclass with a loss of your own as package.module:Class, with parameters or "
        "without.",
    )
    projection_units: tuple[int, ...] = setting(
        (4096, 256), "Hidden and output size of projector and predictor.", minimum=1, length=2
    )
    projection_hidden_layers: tuple[int, ...] = setting(
        (1, 1), "Numbers of hidden layers of projector and predictor.", minimum=1, length=2
    )
    use_predictor: bool = setting(True, "Whether the online network has a predictor.")
    target_decay: float = setting(
        0.99,
        "tau, the share of itself that the target network keeps at each step.",
        minimum=0.0,
        maximum=1.0,
    )
    target_decay_schedule: str = setting(
        CONSTANT,
        "How tau goes on after its warm-up: constant, or rising to 1 by half a wave of a cosine until "
        "--schedule_steps.",
        choices=(CONSTANT, COSINE),
    )
    target_decay_start: float | None = setting(
        None,
        "Value of tau at the beginning of its warm-up, with --target_decay_warmup_steps.",
        minimum=0.0,
        maximum=1.0,
    )
    target_decay_warmup_steps: int = setting(
        0,
        "Steps in which tau goes in a line from --target_decay_start to --target_decay.",
        minimum=0,
    )
    learning_rate: float = setting(1e-4, "Step size of Adam.", minimum=0.0)
    learning_rate_schedule: str = setting(
        CONSTANT,
        "How the step size goes on after its warm-up: constant, or falling by half a wave of a cosine until "
        "--schedule_steps.",
        choices=(CONSTANT, COSINE),
    )
    final_learning_rate_share: float = setting(
        0.0, "Share of the step size that is left at the end of its cosine.", minimum=0.0, maximum=1.0
    )
    warmup_steps: int = setting(
        0, "Steps in which the step size rises from 0 to --learning_rate in a straight line.", minimum=0
    )
    schedule_steps: int | None = setting(
        None,
        "The step at which cosines end. Default: the steps that the run has at its first start; later starts "
        "keep it.",
        minimum=1,
    )
    weight_decay: float = setting(
        0.0,
        "Share of the step size by which kernels shrink at each step, apart from the gradient as in AdamW. "
        "Biases and batch norms are left alone.",
        minimum=0.0,
    )
    precision: str = setting(
        "float32",
        "Precision of the networks. auto: mixed_bfloat16 on CPUs with instructions for it and on GPUs from "
        "Ampere on, else float32; a run that is resumed keeps its own.",
        choices=("float32", "mixed_bfloat16", "mixed_float16", "auto"),
    )
    sync_batch_norm: bool = setting(True, "Whether batch statistics are those of all devices together.")
    global_batch_size: int = setting(256, "Clips in a step, over all devices.", minimum=2)
    epochs: int = setting(100, "Passes over the files or clips.", minimum=1, may_change=True)
    steps: int | None = setting(
        None, "Training steps; they take the place of the epochs.", minimum=1, may_change=True
    )
    seed: int = setting(
        0, "Seed of the initial weights, of all draws and of the order of the sound.", minimum=0
    )
    init_from: str | None = setting(
        None,
        "A trained encoder to start from: an embedder.keras file, the working directory of a run, the "
        "folder, name or hub address of a preset, or a saved BYOL model. Projector and predictor start new. "
        "Default: initial weights.",
    )
    init_statistics: str = setting(
        MEASURED,
        "Mean and deviation of the log-mel of a run with --init_from. measured: anew, on its own sound; "
        "kept: those of the model that it starts from.",
        choices=(MEASURED, KEPT),
    )


@dataclasses.dataclass(frozen=True)
class Runtime(Settings):
    """What a run happens on and reports. All of it may change when the run is resumed."""

    num_devices: int | None = setting(
        None, "Number of GPUs to train on, of each machine where there are several. Default: all.", minimum=1
    )
    cluster_timeout_seconds: int = setting(
        300,
        "How long the workers that the environment variable TF_CONFIG names wait for each other at the "
        "start.",
        minimum=1,
    )
    xla: str = setting(
        "auto",
        "Whether XLA compiles the training step. auto: on GPUs, but not on CPUs, where it was slower, nor "
        "with --deterministic, for which it has no max pooling.",
        choices=("auto", "on", "off"),
    )
    steps_per_execution: int = setting(
        1,
        "Steps that are executed in one go, as far as nothing is due between them. More than one helps where "
        "a step takes a few milliseconds.",
        minimum=1,
    )
    deterministic: bool = setting(
        False, "Whether a GPU, too, must give the same digits each time; it is slower then. CPUs always do."
    )
    tf32: bool = setting(
        True,
        "Whether GPUs from Ampere on multiply the matrices of float32 networks with 10-bit mantissas. The "
        "statistics of the sound are always measured in full float32.",
    )
    workers: int | None = setting(None, "Parallel readers of sound. Default: tf.data decides.", minimum=1)
    max_minutes: float | None = setting(
        None, "Minutes after which the run saves and stops. Default: never.", minimum=0.0
    )
    checkpoint_every: str = setting("10m", "Steps ('500') or minutes ('10m') between two checkpoints.")
    keep_checkpoints: int = setting(3, "Number of the last checkpoints that are kept.", minimum=1)
    summary_every: int = setting(100, "Steps between two summaries for TensorBoard; 0 for none.", minimum=0)
    probe_task: str | None = setting(
        None, "Small labelled task, csv:PATH or csv:PATH:COLUMN, whose probe TensorBoard shows."
    )
    probe_every: int = setting(1000, "Steps between two probes.", minimum=1)

    def __post_init__(self):
        super().__post_init__()
        if self.deterministic and self.xla == "on":
            raise ValueError(
                "`xla` must be 'auto' or 'off' where the run must be deterministic: XLA has no deterministic "
                "gradient of max pooling. Received: xla='on', deterministic=True"
            )
