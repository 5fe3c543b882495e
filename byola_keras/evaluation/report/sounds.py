"""Short pieces of sound inside a page, of bounded size in all."""

import base64
import io

import soundfile

from byola_keras.audio.decode import AudioError, read_span
from byola_keras.audio.sample_rate import SAMPLE_RATE

# The beginning of a clip that is heard, in seconds, and how many characters all sounds of a page may have.
SECONDS = 2.0
MOST_CHARACTERS = 2_000_000
# Of libsndfile, between 0 and 1: about 16 kbit a second.
_COMPRESSION = 0.7


class Sounds:
    """Sounds of a page: each once, however often it is asked for, until all together are too many.

    They are mono MP3 at 16 kHz, about 2 kB a second. (Opus takes eight times as long to write, and older
    browsers of telephones do not play it.)

    Attributes:
        addresses: `data:` addresses of the sounds, in the order in which they came.
    """

    def __init__(self, most_characters: int = MOST_CHARACTERS):
        self.addresses: list[str] = []
        self._left = most_characters
        self._numbers: dict[tuple, int | None] = {}

    def number(self, file: str, start: float = 0.0, end: float | None = None) -> int | None:
        """The number of the sound of a clip among `addresses`.

        Args:
            file: path of the sound file.
            start: where the clip begins in it, in seconds.
            end: where it ends; None for the end of the file.

        Returns:
            None if the file cannot be read any more, or if there is no room left.
        """
        key = (file, start, end)
        if key not in self._numbers:
            self._numbers[key] = self._add(_address(*key)) if self._left else None
        return self._numbers[key]

    def _add(self, address):
        if address is None:
            return None
        if len(address) > self._left:
            # The end: without it, every further sound would be made in vain.
            self._left = 0
            return None
        self._left -= len(address)
        self.addresses.append(address)
        return len(self.addresses) - 1


def _address(file, start, end):
    until = start + SECONDS
    try:
        samples = read_span(file, start, until if end is None else min(until, end), SAMPLE_RATE)
    except AudioError:
        return None
    data = io.BytesIO()
    soundfile.write(data, samples, SAMPLE_RATE, format="MP3", compression_level=_COMPRESSION)
    return "data:audio/mpeg;base64," + base64.b64encode(data.getvalue()).decode()
