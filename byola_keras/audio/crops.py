"""The endless stream of random crops that pre-training reads from sound files."""

import threading
from collections.abc import Sequence

import numpy as np
import tensorflow as tf
from absl import logging

from byola_keras.audio.balance import UNBALANCED, Balance, Order
from byola_keras.audio.decode import AudioError, read_crop
from byola_keras.audio.error_carrier import ErrorCarrier
from byola_keras.audio.files import fingerprint, former_fingerprint, relative_names
from byola_keras.audio.pcm import from_int16
from byola_keras.audio.sample_rate import SAMPLE_RATE
from byola_keras.audio.share import WHOLE, Share
from byola_keras.audio.untuned import untuned

# How many other files are tried in place of one that cannot be decoded.
_SUBSTITUTES = 50


class CropStream:
    """Random crops of sound files, each a function of its place in the stream alone.

    The stream goes through all files in a new random order in each epoch, or visits the folders as often as
    their balance says, and takes one random crop of a file at each visit, or two. What comes at place p
    depends on nothing but (files, balance, seed, p): a run resumes exactly by starting at the place where it
    stopped, and workers do not change the order.

    A file that cannot be decoded is named in the log once, and another, drawn at random, takes its
    place at this visit.

    Args:
        files: paths or addresses of sound files.
        crop_length: number of samples in a crop; shorter files are padded with zeros at the end.
        seed: seed of the order of the files and of the places of the crops, an integer >= 0.
        sample_rate: rate of the crops in Hz.
        balance: how far the sizes of folders are evened out; an epoch still has as many visits as files.
        two_crops: whether each visit takes two crops, for the two views of a clip.

    Attributes:
        skipped: path to reason, of the files that could not be decoded.
        errors: carries the error of a stream in which no file can be decoded.
    """

    def __init__(
        self,
        files: Sequence[str],
        crop_length: int,
        seed: int,
        sample_rate: int = SAMPLE_RATE,
        balance: Balance = UNBALANCED,
        two_crops: bool = False,
    ):
        self.files = list(files)
        self.crop_length = crop_length
        self.seed = seed
        self.sample_rate = sample_rate
        self.two_crops = two_crops
        self.skipped: dict[str, str] = {}
        self.errors = ErrorCarrier()
        self._lock = threading.Lock()
        self._order = Order(len(self.files), lambda: relative_names(self.files), balance, seed)

    @property
    def crops_per_epoch(self) -> int:
        """Number of crops in one pass over the files."""
        return len(self.files)

    def __str__(self):
        return f"{len(self.files):,} sound file{'s' if len(self.files) > 1 else ''}{self._order}"

    def recipe(self) -> dict:
        """The values that decide the stream besides crop length and seed: JSON values by name."""
        return {"files": len(self.files), "files_sha256": fingerprint(self.files)}

    def former_recipe(self) -> dict:
        """What `recipe` gave before fingerprints had versions: a run that has kept this may be resumed."""
        return {**self.recipe(), "files_sha256": former_fingerprint(self.files)}

    def crop(self, place: int) -> np.ndarray:
        """Reads the crop number `place` of the stream, counted from 0, or the two crops of this visit.

        Returns:
            float32 [crop_length]; [2, crop_length] of a stream of two crops.

        Raises:
            AudioError: neither the file nor any of its substitutes can be decoded.
            ImportError: the file is remote, and tensorflow-io is not installed.
        """
        epoch, visit = divmod(int(place), len(self.files))
        draws = np.random.default_rng((self.seed, 1, int(place)))
        positions = draws.random(2 if self.two_crops else 1)
        for index in self._candidates(self._order(epoch)[visit], draws):
            path = self.files[index]
            try:
                crops = [read_crop(path, self.crop_length, each, self.sample_rate) for each in positions]
                return np.stack(crops) if self.two_crops else crops[0]
            except AudioError as error:
                self._note(path, str(error))
        self._fail()

    def _candidates(self, index, draws):
        yield index
        count = len(self.files)
        substitutes = min(_SUBSTITUTES, count)
        yield from draws.choice(count, substitutes, replace=False, p=self._order.probabilities())

    def _note(self, path, reason):
        with self._lock:
            if path not in self.skipped:
                self.skipped[path] = reason
                logging.warning("Skipping %s: %s.", path, reason)

    def _fail(self):
        first = "; ".join(f"{path}: {reason}" for path, reason in list(self.skipped.items())[:5])
        message = (
            f"At least one sound file must be decodable. Received: {len(self.files)} file(s), none of the "
            f"{len(self.skipped)} tried can be decoded; the first: {first}"
        )
        raise AudioError(message)

    def batches(
        self, batch_size: int, start_step: int, workers: int, share: Share = WHOLE
    ) -> tf.data.Dataset:
        """Gives endless batches of what `crop` reads, float32 [rows, ...]; see `crop_dataset`."""
        # An ImportError is no fault of a file: what reads remote files is not installed.
        carried = self.errors.carry(self.crop, AudioError, ImportError)
        shape = [2, self.crop_length] if self.two_crops else [self.crop_length]

        def read(place):
            crop = tf.numpy_function(carried, [place], tf.float32, stateful=False)
            return tf.ensure_shape(crop, shape)

        places = share.places(batch_size, start_step)
        crops = places.map(read, num_parallel_calls=workers, deterministic=True)
        return crops.batch(batch_size // share.count, drop_remainder=True)


def crop_dataset(
    stream,
    batch_size: int,
    start_step: int = 0,
    workers: int = tf.data.AUTOTUNE,
    with_times: bool = False,
    as_stored: bool = False,
    share: Share = WHOLE,
) -> tf.data.Dataset:
    """Makes a data set of endless batches of crops.

    Args:
        stream: a `CropStream` or a `CorpusStream`.
        batch_size: number of crops in a batch.
        start_step: number of batches that are left out at the beginning, at no cost.
        workers: number of parallel readers; by default, tf.data tunes it.
        with_times: whether each batch carries the time at which it was complete. `BYOL.train_step` tells from
            it whether the step had to wait for data.
        as_stored: whether the crops of a prepared corpus stay 16-bit integers, half the bytes on the way to a
            device. `BYOL.train_step` makes the same floats of them. Decoded files are floats in any case.
        share: the rows of each batch that are read; all others cost nothing.

    Returns:
        `tf.data.Dataset` of float32 or int16 [rows, crop_length], where rows are `batch_size` or the share of
        them. `with_times`, or of a stream of two crops, of dicts: of these as "waveforms"; of the second
        crops as "second_waveforms"; and of the times as "ready", float64 [rows], in seconds since 1970.
    """
    batches = stream.batches(batch_size, start_step, workers, share)
    if batches.element_spec.dtype == tf.int16 and not as_stored:
        batches = batches.map(lambda crops: from_int16(tf.cast(crops, tf.float32)))
    if stream.two_crops:
        batches = batches.map(lambda crops: {"waveforms": crops[:, 0], "second_waveforms": crops[:, 1]})
    if with_times:
        rows = batch_size // share.count
        batches = batches.map(lambda batch: {**_named(batch), "ready": tf.fill([rows], tf.timestamp())})
    batches = batches.prefetch(tf.data.AUTOTUNE)
    return batches if workers == tf.data.AUTOTUNE else untuned(batches)


def first_crops(stream, batch_size: int, workers: int = tf.data.AUTOTUNE) -> tf.data.Dataset:
    """Endless batches of one crop of each visit, float32 [batch_size, crop_length], from the beginning on."""
    batches = crop_dataset(stream, batch_size, workers=workers)
    return batches.map(lambda batch: batch["waveforms"]) if stream.two_crops else batches


def _named(batch):
    return batch if isinstance(batch, dict) else {"waveforms": batch}
