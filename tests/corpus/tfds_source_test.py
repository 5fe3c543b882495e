"""Data sets of TensorFlow Datasets as sources of a corpus."""

import json
import os

import numpy as np
import pytest
import tensorflow_datasets as tfds

from byola_keras.corpus.sources import TfdsSources, read_part


class Stereo(tfds.core.GeneratorBasedBuilder):
    """A data set as others publish it: 16-bit values as int64, two channels, its own rate."""

    VERSION = tfds.core.Version("1.0.0")

    def _info(self):
        audio = tfds.features.Audio(shape=(None, 2), sample_rate=32000)
        return tfds.core.DatasetInfo(builder=self, features=tfds.features.FeaturesDict({"audio": audio}))

    def _split_generators(self, dl_manager):
        return {"train": self._generate_examples()}

    def _generate_examples(self):
        for number in range(7):
            tone = 3000 * (number + 1) * np.sin(np.arange(32000) * 2 * np.pi * 200 / 32000)
            yield number, {"audio": np.stack([tone, tone], axis=1).astype(np.int64)}


def test_data_set_of_tensorflow_datasets_as_source(tmp_path):
    Stereo(data_dir=str(tmp_path)).download_and_prepare()
    sources = TfdsSources("stereo", data_dir=str(tmp_path))
    assert len(sources) == 7 and sources.estimated_seconds() > 7
    recordings = [
        (recording.key, np.concatenate(list(recording.blocks)))
        for part in sources.parts(3)
        for recording in read_part(json.loads(json.dumps(part)), 16000)
    ]
    assert len({key for key, _ in recordings}) == 7
    assert {len(samples) for _, samples in recordings} == {16000}
    peaks = sorted(float(np.abs(samples).max()) for _, samples in recordings)
    np.testing.assert_allclose(peaks, 3000 * np.arange(1, 8) / 32768, rtol=0.01)
    folder = os.path.join(str(tmp_path), "stereo", "1.0.0")
    assert len(TfdsSources(folder, split="train[:3]")) == 3


def test_data_set_that_does_not_fit(tmp_path, data_dir):
    with pytest.raises(ValueError, match="`tfds` must name a data set.*Received: tfds='no_such_set'"):
        TfdsSources("no_such_set", data_dir=str(tmp_path))
    with pytest.raises(ValueError, match=r"tfds_split='tst'; 'sounds' has \['train'\]"):
        TfdsSources("sounds", "tst", data_dir)
    with pytest.raises(ValueError, match="tfds_feature='wave'; 'sounds' has .*'audio'"):
        TfdsSources("sounds", "train", data_dir, "wave")
