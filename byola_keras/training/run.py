"""The pre-training run, from sound to a trained embedder, read from top to bottom."""

import contextlib
import dataclasses
import os
import signal

import tensorflow as tf
from absl import logging

from byola_keras.atomic import write_text
from byola_keras.audio.crops import crop_dataset, first_crops
from byola_keras.corpus.corpus import SAMPLE_RATE
from byola_keras.layers.full_float32 import full_float32
from byola_keras.models import norm_stats
from byola_keras.models.norm_stats import NormStats
from byola_keras.models.preset import EMBEDDER_FILE
from byola_keras.training import configuration, devices, loop, schedules, signals
from byola_keras.training.build_model import build_model, check_blocks, make_frontend
from byola_keras.training.callbacks import Guard, Recorder, Schedule, StepMetrics
from byola_keras.training.checkpoints import Checkpoints
from byola_keras.training.cluster import Cluster, joined
from byola_keras.training.dry_run import describe
from byola_keras.training.initial_encoder import (
    describe_initial,
    kept_statistics,
    read_initial,
    restore_or_start,
)
from byola_keras.training.intervals import Interval
from byola_keras.training.metrics_file import MetricsFile
from byola_keras.training.open_stream import clear_errors, open_stream
from byola_keras.training.precision import resolved
from byola_keras.training.probe_callback import Probe, load_probe_task
from byola_keras.training.recipe import Recipe, Runtime, Sound
from byola_keras.training.saver import Saver
from byola_keras.training.tensorboard import Summaries
from byola_keras.training.tf_config import read_place
from byola_keras.training.worker import batches, spread_state, work

# Clips at a time in which the statistics are measured.
_STATISTICS_BATCH = 256
# Clips that TensorBoard's monitor looks at, and on which weights are tried before they are saved. The
# effective rank cannot be larger.
_MONITORED_CLIPS = 64
# Sizes and times do not depend on the statistics.
_ANY_STATS = NormStats(mean=-8.0, std=4.0, crops=0)


def pretrain(
    workdir: str,
    sound: Sound,
    recipe: Recipe = Recipe(),
    runtime: Runtime = Runtime(),
    flags_text: str = "",
    dry_run: bool = False,
) -> bool:
    """Pre-trains an encoder, or goes on where a run in `workdir` stopped.

    Where the environment variable TF_CONFIG names several workers, all must call it with the same arguments.
    The first of them is the chief: it alone reads and writes `workdir`.

    Args:
        workdir: folder of the run. Gets `flags.txt`, `configuration.json`, `norm_stats.json`,
            `metrics.csv` (a row a step), `embedder.keras`, `checkpoints/` and `tensorboard/`.
        sound: the sound to train on: files or a prepared corpus.
        recipe: all that changes the result besides the sound.
        runtime: devices, intervals and limits.
        flags_text: the command's flags, kept in `flags.txt` and shown in TensorBoard.
        dry_run: whether to print sizes, time and memory, on this machine alone, and to stop without writing
            anything.

    Returns:
        Whether all steps are done; False after a signal, when the time is up, and of a dry run.

    Raises:
        ValueError: a bad value, a directory of another run, or no sound that can be decoded.
        FileNotFoundError: a folder, list or corpus is not there.
        OSError: the disk is full, or a worker has not come.
        TrainingFailedError: the loss is no number, or the network has collapsed.
        WorkerLostError: another worker has gone or failed.
    """
    # What can be refused before sound is looked for -------------------------------------------------
    Interval(runtime.checkpoint_every)

    with contextlib.ExitStack() as run:
        # Workers and devices: TensorFlow connects workers before it does anything else --------------
        cluster, strategy = _connected(run, recipe, runtime, dry_run)
        jit_compile = devices.uses_xla(runtime)
        recipe = _as_it_runs(recipe, workdir)
        task = load_probe_task(runtime.probe_task) if runtime.probe_task and cluster.is_chief else None

        # Sound: the clips of a step are a function of the step --------------------------------------
        stream = open_stream(sound, recipe.seed)
        run.enter_context(clear_errors(stream))
        recipe, schedule = _planned(recipe, stream, workdir, cluster)
        readers = runtime.workers or tf.data.AUTOTUNE
        logging.info("Training on %s.", stream)

        # Dry run ------------------------------------------------------------------------------------
        if dry_run:
            with strategy.scope():
                model = build_model(_ANY_STATS, stream.crop_length, recipe, jit_compile)
            print(describe(model, crop_dataset(stream, schedule.batch_size, workers=readers), schedule))
            return False

        # The other workers do what the chief says ---------------------------------------------------
        configured = configuration.describe(sound, recipe, stream)
        cluster.agree(configured)
        if not cluster.is_chief:
            stats = NormStats(**cluster.hear()["statistics"])
            with strategy.scope():
                model = build_model(stats, stream.crop_length, recipe, jit_compile)
            return work(cluster, model, stream, schedule.batch_size, runtime)

        # Working directory, and statistics in it ----------------------------------------------------
        run.enter_context(configuration.locked(workdir))
        stats, initial = _begin(workdir, recipe, configured, stream, readers, flags_text)
        cluster.tell(statistics=stats._asdict())

        # Model, as it was where the run stopped -----------------------------------------------------
        with strategy.scope():
            model = build_model(stats, stream.crop_length, recipe, jit_compile)
        checkpoints = Checkpoints(workdir, model, runtime.keep_checkpoints)
        metrics = StepMetrics(restore_or_start(checkpoints, model, initial))
        remaining = max(0, schedule.total_steps - metrics.step)
        cluster.tell(step=metrics.step, remaining=remaining)
        logging.info(
            "%d to an epoch; steps done: %d, to go: %d.", schedule.steps_per_epoch, metrics.step, remaining
        )
        trained = f"rained. The embedder is in {os.path.join(workdir, EMBEDDER_FILE)}."
        if not remaining:
            return _end(cluster, f"Already t{trained}")
        spread_state(model)

        # Beside each step ---------------------------------------------------------------------------
        metrics_file = run.enter_context(contextlib.closing(MetricsFile(workdir, metrics.step)))
        clips = next(iter(first_crops(stream, _MONITORED_CLIPS, readers)))
        card = {"trained_on": str(stream), "recipe": configured}
        saver = Saver(workdir, metrics, metrics_file, checkpoints, schedule, runtime, clips, card)
        every = runtime.summary_every
        callbacks = [
            metrics,
            Guard(),
            Recorder(metrics, metrics_file, schedule),
            *([Summaries(workdir, metrics, every, schedule, clips, configured, flags_text)] if every else []),
            *([Probe(workdir, metrics, task, runtime.probe_every, SAMPLE_RATE)] if task else []),
            saver,
        ]

        # Training -----------------------------------------------------------------------------------
        cluster.when_asked_to_stop(saver.stop)
        with signals.caught(saver.stop):
            for reason in cluster.signals:
                saver.stop(reason)
            data = batches(strategy, stream, schedule.batch_size, metrics.step, runtime)
            at_once = runtime.steps_per_execution
            loop.train(model, data, metrics, callbacks, schedule.total_steps, at_once, cluster.announce)
        if metrics.step < schedule.total_steps:
            return _end(cluster, f"Stopped at step {metrics.step}.", finished=False)
        return _end(cluster, f"T{trained}")


def _connected(run, recipe, runtime, dry_run):
    """The workers of a run, and the strategy that makes their devices train together."""
    devices.apply_settings(runtime)
    if not dry_run:
        _check_shares_of_workers(recipe.global_batch_size, runtime)
    cluster = Cluster() if dry_run else run.enter_context(joined(runtime))
    if cluster.size == 1:
        strategy = devices.make_strategy(runtime.num_devices)
    else:
        strategy = devices.connect_workers()
        # TensorFlow has taken SIGTERM for itself: a worker would be deaf to it until the training begins.
        run.enter_context(signals.caught(cluster.signals.append, [signal.SIGTERM]))
    _check_divisible(recipe.global_batch_size, strategy.num_replicas_in_sync)
    return cluster, strategy


def _planned(recipe, stream, workdir, cluster):
    """The recipe with the steps of its schedules, which the chief knows, and how much the run trains."""
    steps_per_epoch = max(1, stream.crops_per_epoch // recipe.global_batch_size)
    total_steps = recipe.steps or recipe.epochs * steps_per_epoch
    if cluster.is_chief:
        schedule_steps = schedules.resolved_steps(recipe, workdir, total_steps)
        cluster.tell(schedule_steps=schedule_steps)
    else:
        schedule_steps = cluster.hear()["schedule_steps"]
    recipe = dataclasses.replace(recipe, schedule_steps=schedule_steps)
    return recipe, Schedule(recipe.global_batch_size, steps_per_epoch, total_steps)


def _end(cluster, text, finished=True):
    logging.info("%s", text)
    cluster.tell(end=text, finished=finished)
    return finished


def _begin(workdir, recipe, configured, stream, readers, flags_text):
    """Writes what the run is into its directory.

    Returns:
        The statistics, measured or as they were, and the model that the run starts from, or None.
    """
    initial = read_initial(recipe, workdir)
    configured |= describe_initial(recipe, initial, workdir)
    same_statistics = configuration.check(workdir, configured, stream.former_recipe())
    stats = norm_stats.load(workdir) if same_statistics else None
    stats = stats or kept_statistics(recipe, initial)
    stats = stats or _measure_statistics(stream, configured["norm_crops"], readers)
    if not same_statistics:
        # After a kill between the next two lines they would be taken for those of this configuration.
        norm_stats.remove(workdir)
    # Once the sound has proved to be readable: a wrong folder must not spoil the directory.
    configuration.save(workdir, configured)
    norm_stats.save(stats, workdir)
    write_text(os.path.join(workdir, configuration.FLAGS_FILE), flags_text)
    return stats, initial


def _as_it_runs(recipe, workdir):
    """The recipe with the precision that "auto" stands for; an error if a block cannot be made."""
    check_blocks(recipe)
    precision = resolved(recipe.precision, workdir)
    if precision != recipe.precision:
        logging.info("--precision=%s is %s here.", recipe.precision, precision)
    return dataclasses.replace(recipe, precision=precision)


def _measure_statistics(stream, crops, workers):
    logging.info("Measuring mean and standard deviation of the log-mel over %d random crops.", crops)
    batches = first_crops(stream, _STATISTICS_BATCH, workers)
    with full_float32():
        stats = norm_stats.measure(make_frontend(), batches, crops)
    logging.info("Log-mel mean %.4f, standard deviation %.4f.", stats.mean, stats.std)
    return stats


def _check_shares_of_workers(global_batch_size, runtime):
    """What can be refused before the workers are waited for."""
    workers = len(read_place().addresses)
    if workers > 1:
        _check_divisible(global_batch_size, workers * devices.choose_devices(runtime.num_devices))


def _check_divisible(global_batch_size, replicas):
    if global_batch_size % replicas:
        raise ValueError(
            "`global_batch_size` must be a multiple of the number of devices. Received: "
            f"global_batch_size={global_batch_size}, devices={replicas}"
        )
