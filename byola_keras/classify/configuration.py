"""What a folder's classifier was made of, so that nothing else goes on from it."""

import dataclasses
import hashlib
import json
import os

from byola_keras.atomic import write_text
from byola_keras.classify.labelled import LabelledClips
from byola_keras.classify.settings import TrainSettings

FILE = "configuration.json"


def check_configuration(
    output_dir: str, clips: LabelledClips, model: str, settings: TrainSettings, overwrite: bool
) -> None:
    """Refuses a folder with a classifier of something else, but for `overwrite`.

    Raises:
        ValueError: the labels, the model or a setting differ; the message names them.
    """
    path = os.path.join(output_dir, FILE)
    if overwrite or not os.path.exists(path):
        return
    with open(path, encoding="utf-8") as file:
        before = json.load(file)
    now = _configuration(clips, model, settings)
    differing = [name for name in now if name in before and before[name] != now[name]]
    if differing:
        said = ", ".join(f"{name}={now[name]!r} after {before[name]!r}" for name in differing)
        raise ValueError(
            f"A folder must hold one classifier. Received: output_dir={output_dir!r}, whose classifier has "
            f"other settings: {said}. Take another --output_dir, or --overwrite."
        )


def write_configuration(output_dir: str, clips: LabelledClips, model: str, settings: TrainSettings) -> None:
    """Writes `configuration.json`."""
    text = json.dumps(_configuration(clips, model, settings), indent=1) + "\n"
    write_text(os.path.join(output_dir, FILE), text)


def _configuration(clips, model, settings):
    digest = hashlib.sha256()
    for clip in clips.task.clips:
        digest.update(os.fsencode(json.dumps(clip)))
    return json.loads(
        json.dumps({"labels": digest.hexdigest()[:16], "model": model, **dataclasses.asdict(settings)})
    )
