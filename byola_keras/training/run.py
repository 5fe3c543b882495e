"""The pre-training run, from sound to a trained embedder, read from top to bottom."""

import contextlib
import functools
import os
from collections.abc import Sequence
from typing import NamedTuple

import tensorflow as tf
from absl import logging

from byola_keras.atomic import write_text
from byola_keras.audio.crops import crop_dataset
from byola_keras.audio.sample_rate import SAMPLE_RATE
from byola_keras.layers.log_mel_spectrogram import LogMelSpectrogram
from byola_keras.models import norm_stats
from byola_keras.models.preset import EMBEDDER_FILE
from byola_keras.training import configuration
from byola_keras.training.build_model import build_model
from byola_keras.training.callbacks import Guard, Recorder, Saver, StepCounter
from byola_keras.training.checkpoints import Checkpoints
from byola_keras.training.devices import make_strategy, use_xla
from byola_keras.training.dry_run import describe
from byola_keras.training.intervals import Interval
from byola_keras.training.metrics_file import MetricsFile
from byola_keras.training.open_stream import clear_errors, open_stream
from byola_keras.training.probe_callback import Probe, load_probe_task
from byola_keras.training.tensorboard import Summaries

FLAGS_FILE = "flags.txt"
# Clips at a time in which the statistics are measured.
_STATISTICS_BATCH = 256
# Clips that TensorBoard's monitor looks at; the effective rank cannot be larger.
_MONITORED_CLIPS = 64


class Schedule(NamedTuple):
    """How much a run trains."""

    batch_size: int
    steps_per_epoch: int
    total_steps: int


def pretrain(
    workdir: str,
    audio_dirs: Sequence[str] = (),
    file_list: str | None = None,
    *,
    corpus: str | None = None,
    data_dir: str | None = None,
    crops_per_clip: int = 1,
    epochs: int = 100,
    steps: int | None = None,
    max_minutes: float | None = None,
    global_batch_size: int = 256,
    crop_seconds: float = 0.95,
    norm_crops: int = 10_000,
    seed: int = 0,
    num_devices: int | None = None,
    synchronized: bool = True,
    xla: str = "auto",
    workers: int | None = None,
    checkpoint_every: str = "10m",
    keep_checkpoints: int = 3,
    summary_every: int = 100,
    probe_task: str | None = None,
    probe_every: int = 1000,
    flags_text: str = "",
    dry_run: bool = False,
    **model_arguments,
) -> None:
    """Pre-trains an encoder on sound files or a prepared corpus, or goes on where a run in `workdir` stopped.

    Args:
        workdir: folder of the run. Gets `flags.txt`, `configuration.json`, `norm_stats.json`,
            `metrics.csv` (a row a step), `embedder.keras`, `checkpoints/` and `tensorboard/`.
        audio_dirs: folders, glob patterns or files, see `find_audio_files`.
        file_list: text file with a path a line.
        corpus: name of a prepared corpus, in place of files.
        data_dir: folder in which prepared corpora lie; it alone does where there is only one.
        crops_per_clip: crops from each reading of a clip of a corpus.
        epochs: passes over the files or clips.
        steps: training steps; takes the place of `epochs`.
        max_minutes: the run saves and stops when it has trained for so long; None: no such limit.
        global_batch_size: clips in a step, over all devices.
        crop_seconds: length of a training clip.
        norm_crops: random crops over which the statistics are measured.
        seed: of the weights, of all draws and of the order of files or clips.
        num_devices: GPUs (or logical CPU devices) to train on; None takes all GPUs.
        synchronized: batch statistics over all devices.
        xla: "auto", "on" or "off", see `use_xla`.
        workers: parallel readers; None leaves it to tf.data.
        checkpoint_every: steps ("500") or minutes ("10m").
        keep_checkpoints: how many of the last checkpoints are kept.
        summary_every: steps between two summaries for TensorBoard.
        probe_task: small task ("csv:PATH" or "csv:PATH:COLUMN"), whose probe TensorBoard shows.
        probe_every: steps between two probes.
        flags_text: the command's flags, kept in `flags.txt` and shown in TensorBoard.
        dry_run: print sizes, time and memory, and stop without writing anything.
        **model_arguments: sizes, `precision`, `target_decay` and `learning_rate`, see `build_model`.

    Raises:
        ValueError: a bad value, a directory of another run, or no sound that can be decoded.
        FileNotFoundError: a folder, list or corpus is not there.
        TrainingFailedError: the loss is no number, or the network has collapsed.
    """
    interval = Interval(checkpoint_every)
    task = load_probe_task(probe_task) if probe_task else None

    # Sound: the clips of a step are a function of the step.
    stream = open_stream(
        audio_dirs,
        file_list,
        corpus,
        data_dir,
        crop_length=round(crop_seconds * SAMPLE_RATE),
        crops_per_clip=crops_per_clip,
        seed=seed,
    )
    batches = functools.partial(crop_dataset, stream, workers=workers or tf.data.AUTOTUNE)
    logging.info("Training on %s.", stream)
    steps_per_epoch = max(1, stream.crops_per_epoch // global_batch_size)
    schedule = Schedule(global_batch_size, steps_per_epoch, steps or epochs * steps_per_epoch)

    # Model: made once the statistics of the sound are known.
    strategy = make_strategy(num_devices)
    _check_divisible(global_batch_size, strategy.num_replicas_in_sync)
    jit_compile = use_xla(xla, strategy.num_replicas_in_sync, synchronized)
    # With the defaults of what was not given: the whole recipe is kept with the run.
    model_arguments = {**build_model.__kwdefaults__, **model_arguments}
    model_arguments |= {"seed": seed, "synchronized": synchronized, "jit_compile": jit_compile}

    def new_model(stats):
        with strategy.scope():
            return build_model(stats, stream.crop_length, **model_arguments)

    with clear_errors(stream):
        if dry_run:
            print(describe(new_model, batches(global_batch_size), schedule))
            return
        with configuration.locked(workdir):
            recipe = {
                "global_batch_size": global_batch_size,
                "crop_seconds": crop_seconds,
                "norm_crops": norm_crops,
                **model_arguments,
                **stream.recipe(),
            }
            # Another machine may take up the run.
            del recipe["jit_compile"]
            configuration.check(workdir, recipe, stream.former_recipe())
            stats = norm_stats.load(workdir) or _measure_statistics(batches, norm_crops)
            # Once the sound has proved to be readable: a wrong folder must not spoil the directory.
            configuration.save(workdir, recipe)
            norm_stats.save(stats, workdir)
            write_text(os.path.join(workdir, FLAGS_FILE), flags_text)
            model = new_model(stats)
            checkpoints = Checkpoints(workdir, model, interval, keep_checkpoints)
            counter = StepCounter(checkpoints.restore())
            make_summaries = functools.partial(Summaries, workdir, counter, summary_every, recipe, flags_text)
            make_saver = functools.partial(
                Saver,
                counter,
                checkpoints,
                workdir=workdir,
                max_minutes=max_minutes,
                card={"trained_on": str(stream), "recipe": recipe},
            )
            probes = [Probe(workdir, counter, task, probe_every, SAMPLE_RATE)] if task else []
            _train(model, batches, schedule, workdir, counter, make_summaries, make_saver, probes)


def _measure_statistics(batches, crops):
    logging.info("Measuring mean and standard deviation of the log-mel over %d random crops.", crops)
    stats = norm_stats.measure(LogMelSpectrogram(), batches(_STATISTICS_BATCH), crops)
    logging.info("Log-mel mean %.4f, standard deviation %.4f.", stats.mean, stats.std)
    return stats


def _train(model, batches, schedule, workdir, counter, make_summaries, make_saver, probes):
    remaining = schedule.total_steps - counter.step
    logging.info(
        "%d steps an epoch, %d steps done, %d to go.",
        schedule.steps_per_epoch,
        counter.step,
        max(0, remaining),
    )
    if remaining <= 0:
        logging.info("Already trained. The embedder is in %s.", os.path.join(workdir, EMBEDDER_FILE))
        return
    metrics_file = MetricsFile(workdir, counter.step)
    saver = make_saver(metrics_file=metrics_file, steps_per_epoch=schedule.steps_per_epoch)
    monitored = next(iter(batches(_MONITORED_CLIPS))).numpy()
    callbacks = [
        counter,
        Guard(counter),
        Recorder(counter, metrics_file, schedule),
        make_summaries(waveforms=monitored, sample_rate=SAMPLE_RATE, batch_size=schedule.batch_size),
        *probes,
        saver,
    ]
    data = batches(schedule.batch_size, start_step=counter.step, with_times=True)
    with contextlib.closing(metrics_file), saver.catching_signals():
        # One long epoch for Keras: where the run stands is counted in steps.
        model.fit(data, steps_per_epoch=remaining, callbacks=callbacks, verbose=0, shuffle=False)
    if counter.step == schedule.total_steps:
        logging.info("Trained. The embedder is in %s.", os.path.join(workdir, EMBEDDER_FILE))


def _check_divisible(global_batch_size, replicas):
    if global_batch_size % replicas:
        raise ValueError(
            "`global_batch_size` must be a multiple of the number of devices. Received: "
            f"global_batch_size={global_batch_size}, devices={replicas}"
        )
