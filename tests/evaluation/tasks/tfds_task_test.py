import os

import numpy as np
import pytest
import soundfile
import tensorflow_datasets as tfds

from byola_keras.evaluation.tasks import load_task

RATE = 8000
SPLITS = ("train", "validation", "test", "extra")


def sound(number):
    return np.random.default_rng(number).integers(-9000, 9000, RATE // 2)


class Calls(tfds.core.GeneratorBasedBuilder):
    """Six clips a split, with a class, several classes and a text."""

    VERSION = tfds.core.Version("1.0.0")

    def _info(self):
        features = {
            "audio": tfds.features.Audio(shape=(None,), sample_rate=RATE),
            "label": tfds.features.ClassLabel(names=["crow, black", "owl"]),
            "kinds": tfds.features.Sequence(tfds.features.ClassLabel(names=["loud", "near", "old"])),
            "site": tfds.features.Text(),
        }
        return tfds.core.DatasetInfo(builder=self, features=tfds.features.FeaturesDict(features))

    def _split_generators(self, dl_manager):
        return {split: self._generate_examples(6 * number) for number, split in enumerate(SPLITS)}

    def _generate_examples(self, first):
        for number in range(first, first + 6):
            kinds = ["loud", "near"] if number % 2 else ["old"]
            example = {"label": number % 2, "kinds": kinds, "site": "wood" if number % 3 else "field"}
            yield number, {"audio": sound(number), **example}


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory):
    folder = str(tmp_path_factory.mktemp("tfds"))
    Calls(data_dir=folder).download_and_prepare()
    return folder


def test_task_of_sound_files(data_dir, tmp_path):
    task = load_task("tfds:calls", data_dir, cache_dir=str(tmp_path))
    assert (task.name, task.unit_seconds, task.comparable) == ("tfds_calls_1.0.0", 0.5, False)
    assert task.classes == ["crow; black", "owl"] and not task.multi_label
    assert [clip.split for clip in task.clips] == ["train"] * 6 + ["valid"] * 6 + ["test"] * 6
    found = {tuple(soundfile.read(clip.path, dtype="int16")[0]): clip.labels for clip in task.clips}
    labels = (("crow; black",), ("owl",))
    assert found == {tuple(sound(number)): labels[number % 2] for number in range(18)}
    # Other labels are of the same files, which are not written again.
    written = os.stat(task.clips[0].path).st_mtime_ns
    site = load_task("tfds:calls:site", data_dir, cache_dir=str(tmp_path))
    assert (site.name, site.title) == ("tfds_calls_1.0.0_site", "calls: site")
    assert site.classes == ["field", "wood"]
    kinds = load_task("tfds:calls:kinds", data_dir, cache_dir=str(tmp_path))
    assert kinds.multi_label and kinds.classes == ["loud", "near", "old"]
    assert [clip.path for clip in kinds.clips] == [clip.path for clip in task.clips]
    assert os.stat(task.clips[0].path).st_mtime_ns == written


def test_what_is_not_there(data_dir, tmp_path):
    with pytest.raises(ValueError, match="Received: tfds='no_such_set'"):
        load_task("tfds:no_such_set", data_dir, cache_dir=str(tmp_path))
    with pytest.raises(ValueError, match="a column age for the label"):
        load_task("tfds:calls:age", data_dir, cache_dir=str(tmp_path))
    # Known to TensorFlow Datasets, and nowhere on this machine.
    with pytest.raises(ValueError, match="which is known and not in .*tfds build mnist"):
        load_task("tfds:mnist", data_dir, cache_dir=str(tmp_path))
