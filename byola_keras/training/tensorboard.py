"""What TensorBoard shows of a run."""

import os

import tensorflow as tf
from tensorboard.plugins.hparams import api as hparams

from byola_keras.layers.batch_standardization import BatchStandardization
from byola_keras.models.losses import effective_rank
from byola_keras.training.callbacks import Schedule, StepCallback, StepMetrics

FOLDER = os.path.join("tensorboard", "train")
_SHOWN_CLIPS = 4
# Images and sound are written at every tenth of the summaries.
_PICTURES_EVERY = 10


class Summaries(StepCallback):
    """Scalars every `every` steps; pictures and sound of the same few clips now and then.

    The views are drawn by `Augmentation.preview`, which changes no state: how often summaries are
    written does not change the training.

    Args:
        workdir: folder of the run.
        metrics: callback that has the metrics of the step.
        every: steps between two summaries; the first step has one too.
        schedule: schedule of the run.
        clips: the clips that are looked at during the whole run, waveforms [batch, samples].
        configuration: what the run is, shown as hyperparameters.
        flags_text: the command's flags, shown as text.
    """

    def __init__(
        self,
        workdir: str,
        metrics: StepMetrics,
        every: int,
        schedule: Schedule,
        clips: tf.Tensor,
        configuration: dict,
        flags_text: str,
    ):
        super().__init__()
        self._metrics = metrics
        self._clips = clips
        self._batch_size = schedule.batch_size
        self._every = every
        self._written = 0
        self._writer = tf.summary.create_file_writer(os.path.join(workdir, FOLDER))
        with self._writer.as_default(step=metrics.step):
            hparams.hparams({name: _hparam(value) for name, value in configuration.items()})
            tf.summary.text("flags", "    " + flags_text.replace("\n", "\n    "))

    def on_train_begin(self, logs=None):
        with self._writer.as_default(step=self._metrics.step):
            self._write_audio()

    def steps_until_due(self, step):
        return self._every - step % self._every if step else 1

    def on_train_batch_end(self, batch, logs=None):
        step = self._metrics.step
        if step != 1 and step % self._every:
            return
        self._metrics.fetch()
        with self._writer.as_default(step=step):
            self._write_scalars(self._metrics.values)
            stages = self._write_monitor()
            if self._written % _PICTURES_EVERY == 0:
                self._write_views(stages)
        self._written += 1

    def on_train_end(self, logs=None):
        self._writer.flush()

    def _write_scalars(self, metrics):
        step_seconds = metrics["step_seconds"]
        scalars = {
            "loss/byol": metrics["loss"],
            "loss/cosine_between_views": metrics["cosine"],
            "optimizer/learning_rate": metrics["learning_rate"],
            "optimizer/target_decay": metrics["target_decay"],
            "collapse/projection_std": metrics["projection_std"],
            "speed/clips_per_second": self._batch_size / step_seconds,
            "speed/step_seconds": step_seconds,
            "speed/data_seconds": metrics["data_seconds"],
        }
        for name, value in scalars.items():
            tf.summary.scalar(name, value)

    def _write_monitor(self):
        stages, rank = self._look(self._clips)
        tf.summary.scalar("collapse/effective_rank", rank)
        for position, layer in enumerate(self.model.augmentation.layers):
            if isinstance(layer, BatchStandardization):
                # Stage 0 is what the first layer gets.
                for name, views in (("before", stages[position]), ("after", stages[position + 1])):
                    both = tf.concat(views, axis=0)
                    tf.summary.scalar(f"input/mean_{name}_post_norm", tf.reduce_mean(both))
                    tf.summary.scalar(f"input/std_{name}_post_norm", tf.math.reduce_std(both))
        return stages

    # Converting the code of the layers would double the time that tracing takes.
    @tf.function(autograph=False)
    def _look(self, waveforms):
        log_mel = self.model.normalized_log_mel(waveforms)
        stages = [(log_mel, log_mel), *self.model.augmentation.preview(log_mel, seed=0)]
        return stages, effective_rank(self.model.project(log_mel))

    def _write_views(self, stages):
        names = ["log_mel", "view_one", "view_two"]
        for name, log_mel in zip(names, [stages[0][0], *stages[-1]], strict=True):
            tf.summary.image(f"views/{name}", as_image(log_mel[:_SHOWN_CLIPS]), max_outputs=_SHOWN_CLIPS)

    def _write_audio(self):
        clips = tf.clip_by_value(self._clips[:_SHOWN_CLIPS, :, None], -1.0, 1.0)
        tf.summary.audio("views/clip", clips, self.model.frontend.sample_rate, max_outputs=_SHOWN_CLIPS)


def as_image(log_mel: tf.Tensor) -> tf.Tensor:
    """Normalised log-mel [batch, T, F] as pictures [batch, F, T, 1] in [0, 1], low mels at the bottom."""
    three_deviations = tf.clip_by_value((log_mel + 3.0) / 6.0, 0.0, 1.0)
    return tf.transpose(three_deviations, [0, 2, 1])[:, ::-1, :, None]


def _hparam(value):
    return value if isinstance(value, (bool, int, float, str)) else str(value)
