"""The endless stream of random crops that pre-training reads from a prepared corpus."""

import numpy as np
import tensorflow as tf

from byola_keras.audio.balance import UNBALANCED, Balance, Order
from byola_keras.audio.decode import AudioError
from byola_keras.audio.error_carrier import ErrorCarrier
from byola_keras.audio.per_epoch import PerEpoch
from byola_keras.audio.share import WHOLE, Share
from byola_keras.corpus.corpus import Corpus

# Number of clips that one call reads. With fewer the overhead of Python grows, with more the wait for the
# slowest disk access.
_CHUNK = 64
# Memory for a group of crops, within which the crops of a clip are spread over different batches.
_WINDOW_BYTES = 2**27


class CorpusStream:
    """Random crops of the clips of a corpus, each a function of its place in the stream alone.

    The stream visits all clips of the corpus in a new random order in each epoch, or as often as the balance
    of their folders says; folders are those of the recordings' names. A clip is read once at a
    visit and gives `crops_per_clip` random crops. With several, as many clips as fill some batches are read,
    and the crops of each go to different ones of these batches: never two of one visit to the same batch. A
    batch depends on nothing but (corpus, balance, seed, batch size, crops per clip, number of the batch).
    In a stream of two crops each of these crops is a pair, for the two views of a clip.

    Args:
        corpus: an open corpus.
        crop_length: number of samples in a crop; shorter clips are padded with zeros at the end.
        seed: seed of the order of the clips and of the places of the crops, an integer >= 0.
        crops_per_clip: number of crops that each visit to a clip gives.
        balance: how far the sizes of folders are evened out; an epoch still has as many visits as clips.
        two_crops: whether each of these crops is a pair of crops.

    Attributes:
        skipped: an empty dict, for a corpus holds nothing that cannot be decoded; a `CropStream` has the
            files here that it skipped.
        errors: carries the `AudioError` of a corpus that cannot be read.
    """

    def __init__(
        self,
        corpus: Corpus,
        crop_length: int,
        seed: int,
        crops_per_clip: int = 1,
        balance: Balance = UNBALANCED,
        two_crops: bool = False,
    ):
        self.corpus = corpus
        self.crop_length = crop_length
        self.seed = seed
        self.crops_per_clip = crops_per_clip
        self.two_crops = two_crops
        # Crops that belong together stay in one row until they are given away.
        self._together = 2 if two_crops else 1
        self.skipped: dict[str, str] = {}
        self.errors = ErrorCarrier()
        clips = len(corpus)
        self._order = Order(clips, corpus.names, balance, seed)
        positions = (clips, crops_per_clip * self._together)
        self._positions = PerEpoch(lambda draws, epoch: draws.random(positions, np.float32), seed, stream=1)

    @property
    def crops_per_epoch(self) -> int:
        """Number of crops in one visit to each clip."""
        return len(self.corpus) * self.crops_per_clip

    def __str__(self):
        size = f"{len(self.corpus):,} clips, {self.corpus.hours:.1f} hours"
        return f"corpus {self.corpus.name}, {size}{self._order}"

    def recipe(self) -> dict:
        """The values that decide the stream besides crop length and seed: JSON values by name."""
        return {
            "clips": len(self.corpus),
            "corpus_sha256": self.corpus.identity(),
            "crops_per_clip": self.crops_per_clip,
        }

    def former_recipe(self) -> dict:
        """The same as `recipe`, as the hash of a corpus has no former form."""
        return self.recipe()

    def read(self, visits: np.ndarray) -> np.ndarray:
        """Reads the crops of some visits.

        Args:
            visits: int64 [visits], the numbers of the visits, counted from the beginning of the stream.

        Returns:
            int16 [visits, crops_per_clip, crop_length]; of a stream of two crops, twice this length.

        Raises:
            AudioError: the corpus cannot be read.
        """
        crops = np.zeros((len(visits), self.crops_per_clip * self._together, self.crop_length), np.int16)
        epochs, places = np.divmod(visits, len(self.corpus))
        try:
            for epoch, place, out in zip(epochs.tolist(), places.tolist(), crops, strict=True):
                self._read_clip(self._order(epoch)[place], self._positions(epoch)[place], out)
        except (OSError, AudioError) as error:
            message = f"The corpus must stay readable. Received: {error}"
            raise AudioError(message) from error
        return crops.reshape(len(visits), self.crops_per_clip, -1)

    def _read_clip(self, clip, positions, out):
        samples = int(self.corpus.samples[clip])
        length = min(samples, self.crop_length)
        starts = (positions.astype(np.float64) * (samples - length + 1)).astype(np.int64)
        if len(starts) == 1:
            self.corpus.read(clip, starts[0], out[0, :length])
            return
        # One read for all crops: on a disk or a network a second access costs more than the samples between.
        first = starts.min()
        stretch = np.empty(starts.max() + length - first, np.int16)
        self.corpus.read(clip, first, stretch)
        for start, crop in zip(starts - first, out, strict=True):
            crop[:length] = stretch[start : start + length]

    def batches(
        self, batch_size: int, start_step: int, workers: int, share: Share = WHOLE
    ) -> tf.data.Dataset:
        """Gives endless batches of crops, int16 [rows, crop_length], or [rows, 2, crop_length] of two crops.

        With several crops per clip the whole batch is read and then cut: the crops of a clip go to rows all
        over their batches, so that most clips have crops for each of a few readers.
        """
        batches = self._batches(batch_size, start_step, workers, share)
        if not self.two_crops:
            return batches
        return batches.map(lambda crops: tf.reshape(crops, [-1, 2, self.crop_length]))

    def _batches(self, batch_size, start_step, workers, share):
        """The same with the crops of a pair one behind the other."""
        carried = self.errors.carry(self.read, AudioError)

        def read(visits):
            crops = tf.numpy_function(carried, [visits], tf.int16, stateful=False)
            return tf.ensure_shape(crops, [None, self.crops_per_clip, self._together * self.crop_length])

        if self.crops_per_clip == 1:
            visits = share.places(batch_size, start_step).batch(_CHUNK)
            chunks = visits.map(read, num_parallel_calls=workers, deterministic=True)
            batches = chunks.rebatch(batch_size // share.count, drop_remainder=True)
            return batches.map(lambda crops: crops[:, 0])
        window = self._window(batch_size)
        group, step_in_group = divmod(start_step, window * self.crops_per_clip)
        clips = batch_size * window
        visits = tf.data.Dataset.range(group * clips, tf.int64.max).batch(_CHUNK)
        chunks = visits.map(read, num_parallel_calls=workers, deterministic=True)
        groups = chunks.rebatch(clips, drop_remainder=True)
        numbered = tf.data.Dataset.zip(tf.data.Dataset.range(group, tf.int64.max), groups)
        spread = numbered.map(lambda number, crops: self._spread(number, crops, batch_size))
        batches = spread.unbatch().skip(step_in_group)
        return batches if share.count == 1 else batches.map(lambda crops: crops[share.rows(batch_size)])

    def _window(self, batch_size):
        """Number of batches that the first crops of a group of clips fill, with several crops per clip."""
        crop_bytes = 2 * self._together * self.crop_length
        fitting = _WINDOW_BYTES // (crop_bytes * batch_size * self.crops_per_clip)
        return max(1, min(fitting, len(self.corpus) // batch_size))

    def _spread(self, group, crops, batch_size):
        """Divides the crops of a group of clips into batches.

        Returns:
            int16 [window * crops_per_clip, batch_size, length of a crop or a pair]. The first crops of all
            clips come in a random order, then the second ones in another, and so on.
        """
        passes = []
        for number in range(self.crops_per_clip):
            seed = tf.stack([tf.constant((self.seed + number) % 2**62, tf.int64), group])
            places = tf.random.experimental.stateless_shuffle(tf.range(tf.shape(crops)[0]), seed)
            passes.append(tf.gather(crops[:, number], places))
        return tf.reshape(tf.concat(passes, 0), [-1, batch_size, self._together * self.crop_length])
