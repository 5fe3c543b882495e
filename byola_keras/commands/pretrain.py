"""Pre-trains an encoder on sound files or on a prepared corpus.

    byola pretrain --audio_dir=sounds --workdir=runs/mine
    byola pretrain --flagfile=configs/audioset.flags --data_dir=corpora --workdir=runs/audioset

The same command again goes on where the run stopped.
"""

from absl import flags, logging

from byola_keras.commands import command


def define_flags(values):
    """Defines the flags of the command."""
    # Sound
    flags.DEFINE_multi_string(
        "audio_dir",
        [],
        "Folder of sound files (with all subfolders), glob pattern or file. Repeatable.",
        flag_values=values,
    )
    flags.DEFINE_string(
        "file_list", None, "Text file with the path of a sound file a line.", flag_values=values
    )
    flags.DEFINE_string("corpus", None, "Name of a prepared corpus, in place of files.", flag_values=values)
    flags.DEFINE_string(
        "data_dir",
        None,
        "Folder in which prepared corpora lie; it alone does where there is only one.",
        flag_values=values,
    )
    flags.DEFINE_integer(
        "crops_per_clip",
        1,
        "Random crops from each reading of a clip of a corpus, for different batches.",
        1,
        flag_values=values,
    )
    flags.DEFINE_float("crop_seconds", 0.95, "Length of a training clip.", 0.1, 60.0, flag_values=values)
    flags.DEFINE_integer(
        "norm_crops",
        10_000,
        "Random crops over which mean and deviation are measured.",
        1,
        flag_values=values,
    )
    flags.DEFINE_integer(
        "workers", None, "Parallel readers. Default: tf.data decides.", 1, flag_values=values
    )

    # Training
    flags.DEFINE_string("workdir", None, "Folder of the run; made if it is not there.", flag_values=values)
    flags.DEFINE_integer("epochs", 100, "Passes over the files or clips.", 1, flag_values=values)
    flags.DEFINE_integer("steps", None, "Training steps; takes the place of --epochs.", 1, flag_values=values)
    flags.DEFINE_float(
        "max_minutes", None, "Save and stop after so long. Default: never.", 0.0, flag_values=values
    )
    flags.DEFINE_integer(
        "global_batch_size", 256, "Clips in a step, over all devices.", 2, flag_values=values
    )
    flags.DEFINE_float("learning_rate", 1e-4, "Adam's step size.", 0.0, flag_values=values)
    flags.DEFINE_float(
        "target_decay",
        0.99,
        "tau, the target network's share of itself at each step.",
        0.0,
        1.0,
        flag_values=values,
    )
    flags.DEFINE_integer(
        "seed", 0, "Of the weights, of all draws and of the order of the sound.", 0, flag_values=values
    )

    # Model
    flags.DEFINE_integer("channels", 64, "Channels of the encoder's convolutions.", 1, flag_values=values)
    flags.DEFINE_list("mlp_units", "2048,2048", "Sizes of the encoder's perceptron.", flag_values=values)
    flags.DEFINE_list(
        "projection_units",
        "4096,256",
        "Hidden and output size of projector and predictor.",
        flag_values=values,
    )
    flags.DEFINE_integer("memory_size", 2048, "Past clips to mix with.", 1, flag_values=values)

    # Devices
    flags.DEFINE_integer("num_devices", None, "GPUs to train on. Default: all.", 1, flag_values=values)
    flags.DEFINE_bool("sync_batch_norm", True, "Batch statistics over all devices.", flag_values=values)
    flags.DEFINE_enum(
        "precision",
        "float32",
        ["float32", "mixed_bfloat16", "mixed_float16"],
        "Of the networks.",
        flag_values=values,
    )
    flags.DEFINE_enum(
        "xla",
        "auto",
        ["auto", "on", "off"],
        "Compile the networks by XLA; auto: on GPUs only.",
        flag_values=values,
    )

    # Output
    flags.DEFINE_string(
        "checkpoint_every",
        "10m",
        "Steps ('500') or minutes ('10m') between two checkpoints.",
        flag_values=values,
    )
    flags.DEFINE_integer("keep_checkpoints", 3, "How many of the last are kept.", 1, flag_values=values)
    flags.DEFINE_integer(
        "summary_every", 100, "Steps between two TensorBoard summaries.", 1, flag_values=values
    )
    flags.DEFINE_string(
        "probe_task",
        None,
        "Small labelled task, csv:PATH or csv:PATH:COLUMN, whose probe TensorBoard shows.",
        flag_values=values,
    )
    flags.DEFINE_integer("probe_every", 1000, "Steps between two probes.", 1, flag_values=values)
    flags.DEFINE_bool("dry_run", False, "Print sizes, time and memory, and stop.", flag_values=values)

    flags.mark_flag_as_required("workdir", values)
    for _name in ("mlp_units", "projection_units"):
        flags.register_validator(
            _name,
            lambda units: all(unit.isdigit() and int(unit) > 0 for unit in units),
            "must be positive integers with commas between them, such as 2048,2048",
            flag_values=values,
        )
    flags.register_validator(
        "projection_units",
        lambda units: len(units) == 2,
        "must be two sizes, hidden and output",
        flag_values=values,
    )


def run(values, arguments):
    """Pre-trains."""
    from byola_keras.training.run import pretrain

    # TensorFlow reports on every checkpoint it shards.
    logging.get_absl_handler().addFilter(lambda record: record.module != "functional_saver")
    pretrain(
        values.workdir,
        values.audio_dir,
        values.file_list,
        corpus=values.corpus,
        data_dir=values.data_dir,
        crops_per_clip=values.crops_per_clip,
        epochs=values.epochs,
        steps=values.steps,
        max_minutes=values.max_minutes,
        global_batch_size=values.global_batch_size,
        crop_seconds=values.crop_seconds,
        norm_crops=values.norm_crops,
        seed=values.seed,
        num_devices=values.num_devices,
        synchronized=values.sync_batch_norm,
        precision=values.precision,
        xla=values.xla,
        workers=values.workers,
        checkpoint_every=values.checkpoint_every,
        keep_checkpoints=values.keep_checkpoints,
        summary_every=values.summary_every,
        probe_task=values.probe_task,
        probe_every=values.probe_every,
        flags_text=_flags_text(values),
        dry_run=values.dry_run,
        channels=values.channels,
        mlp_units=[int(units) for units in values.mlp_units],
        projection_units=[int(units) for units in values.projection_units],
        memory_size=values.memory_size,
        target_decay=values.target_decay,
        learning_rate=values.learning_rate,
    )


def _flags_text(values):
    """The command's flags as a flagfile that repeats the run."""
    own = command.own_flags(COMMAND, values)
    return "\n".join(flag.serialize() for flag in own if flag.value not in (None, [])) + "\n"


COMMAND = command.Command(
    "pretrain",
    __doc__,
    define_flags,
    run,
    interrupted="Interrupted before the training; there is nothing to save.",
)
