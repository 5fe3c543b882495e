"""The sources of a corpus: sound files, or a data set of TensorFlow Datasets.

Sources are divided into parts, one for each shard. A part is a JSON value that tells a worker on another
machine all it has to know.
"""

import hashlib
import os
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import soxr

from byola_keras.audio.decode import AudioError, open_sound, read_blocks
from byola_keras.audio.files import former_relative_names, relative_names
from byola_keras.audio.pcm import from_int16
from byola_keras.audio.storage import is_remote

# Number of files whose headers are read to estimate how much sound there is.
_PROBED_FILES = 200


class Recording(NamedTuple):
    """A source that is about to be read.

    Attributes:
        key: name of the recording in the corpus.
        path: name of the recording in messages.
        blocks: samples of the recording as mono float32 arrays; the iterator raises `AudioError` where the
            recording is broken.
    """

    key: bytes
    path: str
    blocks: Iterator[np.ndarray]


class FileSources:
    """Sound files as sources.

    Args:
        files: paths or addresses of sound files, sorted.

    Attributes:
        sha256: a hash that changes when a file comes, goes or is replaced, and not when the folder moves.
        former_sha256: the hash that a corpus has of the same files if it was prepared when the names in it
            were made by another rule, see `former_relative_names`.
    """

    kind = "files"

    def __init__(self, files: Sequence[str]):
        self.files = list(files)
        sizes = [_size(path) for path in self.files]
        self.sha256 = _hash_names_and_sizes(relative_names(self.files), sizes)
        self.former_sha256 = _hash_names_and_sizes(former_relative_names(self.files), sizes)

    def __len__(self):
        return len(self.files)

    def estimated_seconds(self) -> float:
        """Estimates how much sound there is by the headers of some of the files."""
        chosen = np.random.default_rng(0).permutation(len(self.files))[:_PROBED_FILES]
        return float(np.mean([_claimed_seconds(self.files[index]) for index in chosen])) * len(self.files)

    def parts(self, count: int) -> Iterator[dict]:
        """Divides the sources among `count` shards; files of one folder come into different shards."""
        order = np.random.default_rng(0).permutation(len(self.files))
        keys = relative_names(self.files)
        for part in range(count):
            chosen = [[keys[index], self.files[index]] for index in order[part::count]]
            yield {"kind": self.kind, "recordings": chosen}


class TfdsSources:
    """The examples of a data set of TensorFlow Datasets as sources.

    Args:
        dataset: name of the data set, with configuration and version if wanted, or the folder of a prepared
            one.
        split: split of the data set, such as "train" or "train[:10%]".
        data_dir: folder in which it was prepared; None for the default of TensorFlow Datasets.
        feature: name of the feature with the sound: integers at the scale of 16 bits, or floats; [samples]
            or [samples, channels].
        sample_rate: rate of that sound in Hz; None for the rate that the data set states.

    Attributes:
        sha256: a hash of the data set's name and version, the split, the feature, the rate and the number of
            examples.
        former_sha256: the same hash, as it has no former form.

    Raises:
        ValueError: there is no such data set, split or feature, or its rate is not known.
    """

    kind = "tfds"

    def __init__(
        self,
        dataset: str,
        split: str = "train",
        data_dir: str | None = None,
        feature: str = "audio",
        sample_rate: int | None = None,
    ):
        builder = tfds_builder(dataset, data_dir)
        if feature not in builder.info.features:
            raise ValueError(
                f"`tfds_feature` must be a feature of the data set. Received: tfds_feature={feature!r}; "
                f"{dataset!r} has {sorted(builder.info.features)}."
            )
        try:
            self._count = builder.info.splits[split].num_examples
        except (KeyError, ValueError) as error:
            raise ValueError(
                f"`tfds_split` must be a split of the data set. Received: tfds_split={split!r}; {dataset!r} "
                f"has {sorted(builder.info.splits)}."
            ) from error
        self._part = {
            "kind": self.kind,
            "dataset": dataset,
            "data_dir": data_dir,
            "split": split,
            "feature": feature,
            "sample_rate": sample_rate or tfds_sample_rate(builder, feature),
        }
        self._seconds = builder.info.splits[split].num_bytes / 2 / self._part["sample_rate"]
        names = [builder.info.full_name, split, feature, str(self._part["sample_rate"]), str(self._count)]
        self.sha256 = self.former_sha256 = hashlib.sha256("\n".join(names).encode()).hexdigest()[:16]

    def __len__(self):
        return self._count

    def estimated_seconds(self) -> float:
        """Estimates how much sound there is by the size of the data set."""
        return self._seconds

    def parts(self, count: int) -> Iterator[dict]:
        """Divides the data set into stretches for `count` shards."""
        return ({**self._part, "part": part, "parts": count} for part in range(count))


def read_part(part: dict, sample_rate: int) -> Iterator[Recording]:
    """Opens the recordings of a part one after the other.

    Args:
        part: one of the values of `parts`.
        sample_rate: rate of the blocks in Hz.
    """
    if part["kind"] == FileSources.kind:
        for key, path in part["recordings"]:
            yield Recording(os.fsencode(key), path, read_blocks(path, sample_rate))
    else:
        yield from _read_tfds(part, sample_rate)


def _read_tfds(part, sample_rate):
    import tensorflow_datasets as tfds  # noqa: PLC0415

    builder = tfds_builder(part["dataset"], part["data_dir"])
    split = tfds.even_splits(part["split"], part["parts"])[part["part"]]
    in_order = tfds.ReadConfig(interleave_cycle_length=1, try_autocache=False, add_tfds_id=True)
    examples = builder.as_dataset(split=split, shuffle_files=False, read_config=in_order)
    for example in tfds.as_numpy(examples):
        key = example["tfds_id"]
        samples = example[part["feature"]]
        yield Recording(
            key, f"{part['dataset']} {key.decode()}", _tfds_blocks(samples, part["sample_rate"], sample_rate)
        )


def _tfds_blocks(samples, source_rate, sample_rate):
    if samples.ndim not in (1, 2):
        raise AudioError(f"its sound has the shape {samples.shape}")
    mono = samples.mean(axis=1) if samples.ndim == 2 else samples  # noqa: PLR2004
    if np.issubdtype(samples.dtype, np.integer):
        mono = from_int16(mono)
    mono = mono.astype(np.float32)
    yield mono if source_rate == sample_rate else soxr.resample(mono, source_rate, sample_rate, "HQ")


def tfds_builder(dataset: str, data_dir: str | None):
    """Finds the builder of a data set of TensorFlow Datasets.

    Args:
        dataset: name of the data set, with configuration and version if wanted, or the folder of a prepared
            one.
        data_dir: folder in which it was prepared; None for the default of TensorFlow Datasets.

    Raises:
        ValueError: there is no such data set.
    """
    import tensorflow_datasets as tfds  # noqa: PLC0415

    try:
        if os.path.isdir(dataset):
            return tfds.builder_from_directory(dataset)
        return tfds.builder(dataset, data_dir=data_dir)
    except (tfds.core.DatasetNotFoundError, FileNotFoundError, AssertionError) as error:
        raise ValueError(
            f"`tfds` must name a data set that TensorFlow Datasets has prepared. Received: tfds={dataset!r}, "
            f"tfds_data_dir={data_dir!r}: {str(error).strip().splitlines()[0]}"
        ) from error


def tfds_sample_rate(builder, feature: str) -> int:
    """Finds the rate in Hz of the feature with the sound.

    Raises:
        ValueError: the data set does not say it.
    """
    stated = getattr(builder.info.features[feature], "sample_rate", None)
    stated = stated or (builder.info.metadata or {}).get("sample_rate")
    if not stated:
        raise ValueError(
            "`tfds_sample_rate` must be given where the data set does not say it. Received: None for "
            f"{builder.info.full_name!r}."
        )
    return int(stated)


def _size(path):
    """Size of a local file in bytes; None for a remote file or one that is not there."""
    return os.path.getsize(path) if not is_remote(path) and os.path.exists(path) else None


def _hash_names_and_sizes(names, sizes):
    digest = hashlib.sha256()
    for name, size in zip(names, sizes, strict=True):
        digest.update(os.fsencode(f"{name}\0{size}\n"))
    return digest.hexdigest()[:16]


def _claimed_seconds(path):
    try:
        with open_sound(path) as sound:
            return min(sound.frames, 2**40) / sound.samplerate
    except AudioError:
        return 0.0
