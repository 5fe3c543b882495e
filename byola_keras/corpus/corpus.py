"""A prepared corpus: sound that was decoded once, in shards, with random access to every sample.

On disk a corpus is a data set of TensorFlow Datasets in TFRecord files, which `tfds.load` reads. Beside them
lies an index of where in these files the samples of each clip begin. So one system call reads a crop, 30 KB,
from any place: the whole corpus can be shuffled, and what is read at a step is a function of the step.
"""

import contextlib
import hashlib
import json
import os
import resource

import numpy as np

from byola_keras.audio.decode import AudioError
from byola_keras.audio.sample_rate import SAMPLE_RATE
from byola_keras.corpus.clip_names import read_clip_names

VERSION = "1.0.0"
SPLIT = "train"
INDEX_FILE = "index.npy"
REPORT_FILE = "report.json"
INDEX_TYPE = np.dtype([("shard", "<u4"), ("samples", "<u4"), ("offset", "<u8")])

# How many files the rest of the process may have open besides the shards.
_OTHER_FILES = 512


def corpus_folder(data_dir: str, name: str) -> str:
    """Gives the folder of the corpus `name` in `data_dir`."""
    return os.path.join(data_dir, name, VERSION)


def shard_name(name: str, shard: int, shards: int) -> str:
    """Gives the file name of a shard, as TensorFlow Datasets forms it."""
    return f"{name}-{SPLIT}.tfrecord-{shard:05d}-of-{shards:05d}"


class Corpus:
    """A prepared corpus that is open for reading. Its files stay open as long as the object lives.

    Args:
        data_dir: local or mounted folder in which corpora lie.
        name: name of the corpus; None for the only one there.

    Attributes:
        name: name of the corpus.
        samples: number of samples of each clip at 16 kHz, int64 [clips].
        report: contents of `report.json`.

    Raises:
        FileNotFoundError: there is no such corpus, or it was not prepared to its end.
        ValueError: there are several and `name` is None, or a shard has not the size that it was
            written with.
    """

    def __init__(self, data_dir: str, name: str | None = None):
        self.name = name or _only_corpus(data_dir)
        self.folder = corpus_folder(data_dir, self.name)
        self.report = self._read_report(data_dir)
        self._index = np.load(os.path.join(self.folder, INDEX_FILE))
        self.samples = self._index["samples"].astype(np.int64)
        with contextlib.ExitStack() as opened:
            self._shards = [opened.enter_context(open(path, "rb", 0)) for path in self._checked_shards()]
            self._opened = opened.pop_all()

    def __len__(self):
        return len(self._index)

    @property
    def hours(self) -> float:
        """Length of all clips together in hours."""
        return float(self.samples.sum()) / SAMPLE_RATE / 3600

    def identity(self) -> str:
        """Gives a hash that changes with the clips and with their order."""
        digest = hashlib.sha256(self.report["sources_sha256"].encode())
        digest.update(self._index.tobytes())
        return digest.hexdigest()[:16]

    def read(self, clip: int, start: int, out: np.ndarray) -> None:
        """Reads samples of a clip into an array; safe to call from several threads.

        Args:
            clip: number of the clip, from 0 on.
            start: number of the first sample that is read, from 0 on.
            out: contiguous array int16 [samples] that is filled; it must end where the clip ends or before.

        Raises:
            AudioError: the shard ends early.
        """
        shard, _, offset = self._index[clip]
        # In Python's integers: 2 * start may be a numpy integer of another type.
        position = int(offset) + out.itemsize * int(start)
        if os.preadv(self._shards[shard].fileno(), [out], position) != out.nbytes:
            raise AudioError(f"{self._shards[shard].name} ends early; delete the corpus and prepare it again")

    def names(self) -> list[str]:
        """Reads the name of the recording that each clip comes from; some hundred bytes of each are read.

        Raises:
            AudioError: a shard is not as it was written.
        """
        shards = self._index["shard"]
        names = []
        for shard, file in enumerate(self._shards):
            rows = self._index[shards == shard]
            names += read_clip_names(file, rows["offset"], rows["samples"])
        return names

    def close(self) -> None:
        """Closes the files of the corpus."""
        self._opened.close()

    def _read_report(self, data_dir):
        path = os.path.join(self.folder, REPORT_FILE)
        if not os.path.exists(path):
            raise FileNotFoundError(
                "`corpus` must be a corpus that `byola prepare` has finished. Received: "
                f"corpus={self.name!r}, data_dir={data_dir!r}, in which there is {_list(_corpora(data_dir))}."
            )
        with open(path, encoding="utf-8") as file:
            return json.load(file)

    def _checked_shards(self):
        sizes = self.report["shard_bytes"]
        _allow_open_files(len(sizes) + _OTHER_FILES)
        for shard, size in enumerate(sizes):
            path = os.path.join(self.folder, shard_name(self.name, shard, len(sizes)))
            found = os.path.getsize(path) if os.path.exists(path) else None
            if found != size:
                raise ValueError(
                    f"A shard must have the size that it was written with, {size} bytes. Received: {path} "
                    f"with {found}; copy it again, or delete {self.folder} and prepare it again."
                )
            yield path


def _corpora(data_dir):
    names = sorted(os.listdir(data_dir)) if os.path.isdir(data_dir) else []
    return [
        name for name in names if os.path.exists(os.path.join(corpus_folder(data_dir, name), REPORT_FILE))
    ]


def _only_corpus(data_dir):
    names = _corpora(data_dir)
    if len(names) != 1:
        raise ValueError(
            f"`corpus` must be given unless `data_dir` holds exactly one. Received: data_dir={data_dir!r}, "
            f"{_holding(data_dir, names)}."
        )
    return names[0]


def _holding(data_dir, names):
    if not os.path.isdir(data_dir):
        return "which is no folder; `byola prepare` makes a corpus, and --audio_dir takes any sound files"
    return f"in which there is {_list(names)}"


def _list(names):
    return ", ".join(names) or "no prepared corpus"


def _allow_open_files(count):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < count:
        wanted = count if hard == resource.RLIM_INFINITY else min(count, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))
