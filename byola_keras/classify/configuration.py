"""What a folder's classifier was made of, so that nothing else goes on from it."""

import dataclasses
import hashlib
import json
import os

from byola_keras.atomic import write_text
from byola_keras.classify.fine_tune import CHECKPOINTS
from byola_keras.classify.labelled import LabelledClips
from byola_keras.classify.settings import ALL, FINE_TUNING, TrainSettings
from byola_keras.models.preset import CLASSIFIER_FILE

FILE = "configuration.json"


def check_configuration(
    output_dir: str, clips: LabelledClips, model: str, settings: TrainSettings, overwrite: bool
) -> None:
    """Refuses a folder with a classifier of something else, but for `overwrite`.

    What a command left that failed before it had anything to lose is no classifier.

    Raises:
        ValueError: the labels, the model or a setting differ; the message names them.
    """
    path = os.path.join(output_dir, FILE)
    worth_keeping = any(
        os.path.exists(os.path.join(output_dir, name)) for name in (CLASSIFIER_FILE, CHECKPOINTS)
    )
    if overwrite or not worth_keeping or not os.path.exists(path):
        return
    with open(path, encoding="utf-8") as file:
        before = json.load(file)
    now = _configuration(clips, model, settings)
    without_effect = FINE_TUNING if settings.tune != ALL and before["tune"] != ALL else ()
    differing = [name for name in now if name in before and before[name] != now[name]]
    said = [_difference(name, before, now) for name in differing if name not in without_effect]
    if said:
        raise ValueError(
            f"A folder must hold one classifier. Received: output_dir={output_dir!r}, whose classifier was "
            f"made otherwise: {', '.join(said)}. Take another --output_dir, or --overwrite."
        )


def _difference(name, before, now):
    if name == "labels":
        return "the clips or labels of the CSV file were others"
    return f"with {name}={before[name]!r}, now {name}={now[name]!r}"


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
