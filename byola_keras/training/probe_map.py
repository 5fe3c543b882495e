"""The clips of a probe in TensorBoard's projector: how the encoder arranges them as it learns."""

import glob
import os
import re

import numpy as np
from tensorboard.plugins import projector

from byola_keras.atomic import replacing
from byola_keras.evaluation.task import Clip, Task
from byola_keras.explore.projection import main_components
from byola_keras.explore.projector import write_metadata

# The projector itself reduces what is wider; so 1,000 clips take half a megabyte.
_COMPONENTS = 128


class ProbeMap:
    """Writes embeddings of a task's clips as tensors for the projector, one for each step that is kept.

    Kept are the first step, the last one, and between them those at which their number has doubled, so that
    a long run does not fill the disk: of the probes at 0, 1000, 2000, ... those at 0, 1000, 2000, 4000, 8000
    and so on.

    Args:
        folder: log folder of TensorBoard.
        task: the task, whose clips and labels the points have.
    """

    def __init__(self, folder: str, task: Task):
        self._folder, self._task = folder, task

    def write(self, step: int, embeddings: np.ndarray) -> None:
        """Adds the embeddings of a step, and takes out those that are not kept any more.

        Args:
            step: the step.
            embeddings: float32 [clips, D].
        """
        os.makedirs(self._folder, exist_ok=True)
        clips = self._task.clips
        write_metadata(
            os.path.join(self._folder, self._metadata()),
            map(_title, clips),
            [", ".join(clip.labels) for clip in clips],
        )
        shape = (len(clips), min(_COMPONENTS, embeddings.shape[1]))
        with replacing(self._path(step)) as temporary:
            main_components(embeddings, shape[1]).astype("<f4").tofile(temporary)
        there = self._steps()
        # A run that was taken up again may have been farther, and on other clips.
        kept = kept_steps([other for other in there if other <= step and self._has_shape(other, shape)])
        self._write_config(kept, shape)
        # After the configuration, which must not name what is gone.
        for other in set(there) - set(kept):
            os.remove(self._path(other))

    def _metadata(self):
        return f"{self._task.name}_clips.tsv"

    def _path(self, step):
        return os.path.join(self._folder, self._tensor(step))

    def _tensor(self, step):
        return f"{self._task.name}_step_{step}.bytes"

    def _has_shape(self, step, shape):
        return os.path.getsize(self._path(step)) == shape[0] * shape[1] * np.dtype("<f4").itemsize

    def _steps(self):
        paths = glob.glob(glob.escape(os.path.join(self._folder, f"{self._task.name}_step_")) + "*.bytes")
        return sorted(int(found[1]) for path in paths if (found := re.search(r"_step_(\d+)\.bytes$", path)))

    def _write_config(self, steps, shape):
        config = projector.ProjectorConfig()
        # The newest first: it is the one that the projector opens with.
        for step in reversed(steps):
            tensor = config.embeddings.add(
                tensor_name=f"{self._task.title}, step {step}",
                tensor_path=self._tensor(step),
                metadata_path=self._metadata(),
            )
            tensor.tensor_shape.extend(shape)
        projector.visualize_embeddings(self._folder, config)


def kept_steps(steps: list[int]) -> list[int]:
    """The first and the last of ascending steps, and those of which each is twice the one before or more."""
    kept = []
    for step in steps:
        if not kept or step >= 2 * kept[-1]:
            kept.append(step)
    return kept if not steps or kept[-1] == steps[-1] else [*kept, steps[-1]]


def _title(clip: Clip) -> str:
    return f"{clip.path} from {clip.start:g} s" if clip.is_segment else clip.path
