"""The part of each batch that one of several readers reads."""

from typing import NamedTuple

import tensorflow as tf


class Share(NamedTuple):
    """Rows of each batch: the batch is cut into `count` equal parts, and part number `index` is taken.

    Attributes:
        index: number of the part, from 0 on.
        count: number of the parts. It divides every batch size that the share is asked about.
    """

    index: int = 0
    count: int = 1

    def rows(self, batch_size: int) -> slice:
        """The rows of a batch of `batch_size`."""
        size = batch_size // self.count
        return slice(self.index * size, (self.index + 1) * size)

    def places(self, batch_size: int, start_step: int) -> tf.data.Dataset:
        """The places of these rows in the stream of all batches, one behind the other, int64 scalars.

        Args:
            batch_size: rows of a whole batch.
            start_step: number of batches that are left out at the beginning.
        """
        if self.count == 1:
            return tf.data.Dataset.range(start_step * batch_size, tf.int64.max)
        rows = self.rows(batch_size)
        size = rows.stop - rows.start
        numbers = tf.data.Dataset.range(start_step * size, tf.int64.max)
        return numbers.map(lambda number: number // size * batch_size + rows.start + number % size)


WHOLE = Share()
