"""Pre-trains an encoder on sound files or on a corpus that tools/prepare.py made.

    python tools/pretrain.py --audio_dir=sounds --workdir=runs/mine
    python tools/pretrain.py --flagfile=configs/audioset.flags --data_dir=corpora --workdir=runs/audioset

The same command again goes on where the run stopped.
"""

import os
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

from absl import app, flags, logging

# Sound
_AUDIO_DIR = flags.DEFINE_multi_string(
    "audio_dir", [], "Folder of sound files (with all subfolders), glob pattern or file. Repeatable."
)
_FILE_LIST = flags.DEFINE_string("file_list", None, "Text file with the path of a sound file a line.")
_CORPUS = flags.DEFINE_string("corpus", None, "Name of a prepared corpus, in place of files.")
_DATA_DIR = flags.DEFINE_string(
    "data_dir", None, "Folder in which prepared corpora lie; it alone does where there is only one."
)
_CROPS_PER_CLIP = flags.DEFINE_integer(
    "crops_per_clip", 1, "Random crops from each reading of a clip of a corpus, for different batches.", 1
)
_CROP_SECONDS = flags.DEFINE_float("crop_seconds", 0.95, "Length of a training clip.", 0.1, 60.0)
_NORM_CROPS = flags.DEFINE_integer(
    "norm_crops", 10_000, "Random crops over which mean and deviation are measured.", 1
)
_WORKERS = flags.DEFINE_integer("workers", None, "Parallel readers. Default: tf.data decides.", 1)

# Training
_WORKDIR = flags.DEFINE_string("workdir", None, "Folder of the run; made if it is not there.")
_EPOCHS = flags.DEFINE_integer("epochs", 100, "Passes over the files or clips.", 1)
_STEPS = flags.DEFINE_integer("steps", None, "Training steps; takes the place of --epochs.", 1)
_MAX_MINUTES = flags.DEFINE_float("max_minutes", None, "Save and stop after so long. Default: never.", 0.0)
_GLOBAL_BATCH_SIZE = flags.DEFINE_integer("global_batch_size", 256, "Clips in a step, over all devices.", 2)
_LEARNING_RATE = flags.DEFINE_float("learning_rate", 1e-4, "Adam's step size.", 0.0)
_TARGET_DECAY = flags.DEFINE_float(
    "target_decay", 0.99, "tau, the target network's share of itself at each step.", 0.0, 1.0
)
_SEED = flags.DEFINE_integer("seed", 0, "Of the weights, of all draws and of the order of the sound.", 0)

# Model
_CHANNELS = flags.DEFINE_integer("channels", 64, "Channels of the encoder's convolutions.", 1)
_MLP_UNITS = flags.DEFINE_list("mlp_units", "2048,2048", "Sizes of the encoder's perceptron.")
_PROJECTION_UNITS = flags.DEFINE_list(
    "projection_units", "4096,256", "Hidden and output size of projector and predictor."
)
_MEMORY_SIZE = flags.DEFINE_integer("memory_size", 2048, "Past clips to mix with.", 1)

# Devices
_NUM_DEVICES = flags.DEFINE_integer("num_devices", None, "GPUs to train on. Default: all.", 1)
_SYNC_BATCH_NORM = flags.DEFINE_bool("sync_batch_norm", True, "Batch statistics over all devices.")
_PRECISION = flags.DEFINE_enum(
    "precision", "float32", ["float32", "mixed_bfloat16", "mixed_float16"], "Of the networks."
)
_XLA = flags.DEFINE_enum(
    "xla", "auto", ["auto", "on", "off"], "Compile the networks by XLA; auto: on GPUs only."
)

# Output
_CHECKPOINT_EVERY = flags.DEFINE_string(
    "checkpoint_every", "10m", "Steps ('500') or minutes ('10m') between two checkpoints."
)
_KEEP_CHECKPOINTS = flags.DEFINE_integer("keep_checkpoints", 3, "How many of the last are kept.", 1)
_SUMMARY_EVERY = flags.DEFINE_integer("summary_every", 100, "Steps between two TensorBoard summaries.", 1)
_PROBE_TASK = flags.DEFINE_string(
    "probe_task", None, "Small labelled task, csv:PATH or csv:PATH:COLUMN, whose probe TensorBoard shows."
)
_PROBE_EVERY = flags.DEFINE_integer("probe_every", 1000, "Steps between two probes.", 1)
_DRY_RUN = flags.DEFINE_bool("dry_run", False, "Print sizes, time and memory, and stop.")

flags.mark_flag_as_required("workdir")
for _name in ("mlp_units", "projection_units"):
    flags.register_validator(
        _name,
        lambda units: all(unit.isdigit() and int(unit) > 0 for unit in units),
        "must be positive integers with commas between them, such as 2048,2048",
    )
flags.register_validator(
    "projection_units", lambda units: len(units) == 2, "must be two sizes, hidden and output"
)


def main(argv):
    if len(argv) > 1:
        raise app.UsageError(f"Arguments must be flags. Received: {argv[1:]}")
    logging.set_verbosity(max(logging.get_verbosity(), logging.INFO))
    # TensorFlow reports on every checkpoint it shards.
    logging.get_absl_handler().addFilter(lambda record: record.module != "functional_saver")
    # After the flags, so that --help and a wrong flag answer at once.
    from byola_keras.processes import leave
    from byola_keras.training.callbacks import TrainingFailedError
    from byola_keras.training.run import pretrain

    try:
        pretrain(
            _WORKDIR.value,
            _AUDIO_DIR.value,
            _FILE_LIST.value,
            corpus=_CORPUS.value,
            data_dir=_DATA_DIR.value,
            crops_per_clip=_CROPS_PER_CLIP.value,
            epochs=_EPOCHS.value,
            steps=_STEPS.value,
            max_minutes=_MAX_MINUTES.value,
            global_batch_size=_GLOBAL_BATCH_SIZE.value,
            crop_seconds=_CROP_SECONDS.value,
            norm_crops=_NORM_CROPS.value,
            seed=_SEED.value,
            num_devices=_NUM_DEVICES.value,
            synchronized=_SYNC_BATCH_NORM.value,
            precision=_PRECISION.value,
            xla=_XLA.value,
            workers=_WORKERS.value,
            checkpoint_every=_CHECKPOINT_EVERY.value,
            keep_checkpoints=_KEEP_CHECKPOINTS.value,
            summary_every=_SUMMARY_EVERY.value,
            probe_task=_PROBE_TASK.value,
            probe_every=_PROBE_EVERY.value,
            flags_text=_flags_text(),
            dry_run=_DRY_RUN.value,
            channels=_CHANNELS.value,
            mlp_units=[int(units) for units in _MLP_UNITS.value],
            projection_units=[int(units) for units in _PROJECTION_UNITS.value],
            memory_size=_MEMORY_SIZE.value,
            target_decay=_TARGET_DECAY.value,
            learning_rate=_LEARNING_RATE.value,
        )
    except (ValueError, OSError, TrainingFailedError) as error:
        logging.debug("Traceback:", exc_info=True)
        leave(f"error: {error}", 1)
    except KeyboardInterrupt:
        leave("Interrupted before the training; there is nothing to save.", 130)


def _flags_text():
    """This tool's flags as a flagfile that repeats the run."""
    own = flags.FLAGS.get_key_flags_for_module(sys.argv[0])
    return "\n".join(flag.serialize() for flag in own if flag.value not in (None, [])) + "\n"


if __name__ == "__main__":
    app.run(main)
