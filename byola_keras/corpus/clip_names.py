"""The names of the recordings that the clips of a corpus come from, read from its shards.

A record is a `tf.train.Example` whose features are written in the order of their names: "audio", "source",
"start". What follows the samples is read, some hundred bytes, and not the samples.
"""

import os

import numpy as np

from byola_keras.audio.decode import AudioError

# A TFRecord file holds for each record its length in 8 bytes, a checksum of 4, the record, a checksum of 4.
_LENGTH, RECORD_HEADER, RECORD_FOOTER = 8, 12, 4


def read_clip_names(file, offsets: np.ndarray, samples: np.ndarray) -> list[str]:
    """Reads the names of the clips of a shard.

    Args:
        file: the shard, open for reading.
        offsets: for each clip in the order of the file, the byte at which its samples begin.
        samples: number of samples of each clip.

    Raises:
        AudioError: the shard is not as it was written.
    """
    import tensorflow as tf  # noqa: PLC0415 (what only reads samples does without)

    def read(position, count):
        found = os.pread(file.fileno(), count, position)
        if len(found) != count:
            raise AudioError(f"{file.name} ends early; delete the corpus and prepare it again")
        return found

    names, begin = [], 0
    following = read(0, _LENGTH)
    for number, (offset, count) in enumerate(zip(offsets.tolist(), samples.tolist(), strict=True)):
        end = begin + RECORD_HEADER + int.from_bytes(following, "little")
        behind = offset + 2 * count
        if not begin < offset <= behind < end:
            raise AudioError(f"{file.name} has no record where its index says; prepare the corpus again")
        is_last = number == len(offsets) - 1
        rest = read(behind, end - behind + (0 if is_last else RECORD_FOOTER + _LENGTH))
        # Map entries of the message: together they are a message of the same kind.
        features = tf.train.Features.FromString(rest[: end - behind]).feature
        names.append(os.fsdecode(features["source"].bytes_list.value[0]))
        following, begin = rest[end - behind + RECORD_FOOTER :], end + RECORD_FOOTER
    return names
