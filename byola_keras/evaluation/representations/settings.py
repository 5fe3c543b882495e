"""What can be said of a model of somebody else behind its place, as in `litert:FILE,sample_rate=32000`."""

from typing import NamedTuple

from byola_keras.audio.sample_rate import SAMPLE_RATE
from byola_keras.evaluation.representations.representation import MEAN_MAX

# Settings of every kind of model, and the arguments of `Representation` that they are.
COMMON = {
    "name": str,
    "sample_rate": int,
    "window_seconds": float,
    "window_hop_seconds": float,
    "pooling": str,
    "frame_seconds": float,
    "first_frame_seconds": float,
}
# Settings of kinds of models that are Python code.
OUTPUT, PYTHON = "output", "python"
_DEFAULTS = {"sample_rate": SAMPLE_RATE, "pooling": MEAN_MAX}


class Settings(NamedTuple):
    """The place of a model, and what is said of it.

    Attributes:
        place: what stands before the first setting.
        common: arguments of `Representation` by name, those that are given.
        others: other settings by name, text.
    """

    place: str
    common: dict
    others: dict[str, str]

    def arguments(self, **found) -> dict:
        """The arguments of `Representation`: as given; else as `found` in the model; else the defaults.

        Without a word on it the sample rate is 16,000 Hz, and frames are pooled by mean + max.
        """
        return {
            **_DEFAULTS,
            **{key: value for key, value in found.items() if value is not None},
        } | self.common


def split_settings(text: str, others: tuple[str, ...] = (OUTPUT, PYTHON)) -> Settings:
    """Takes the settings off what names a model.

    Args:
        text: such as "models/mine.tflite:embedding,sample_rate=32000,pooling=mean". A comma that is not
            followed by one of the names and "=" belongs to the place.
        others: names of settings that there are besides.

    Raises:
        ValueError: a value is no number, or a name is there twice.
    """
    rest, found = text, {}
    while "," in rest:
        place, _, setting = rest.rpartition(",")
        name, equals, value = setting.partition("=")
        if not equals or name not in (*COMMON, *others):
            break
        if name in found:
            raise ValueError(f"`{name}` must be given once. Received: {text!r}")
        found[name] = _value(name, value, text) if name in COMMON else value
        rest = place
    common = {name: found.pop(name) for name in COMMON if name in found}
    return Settings(rest, common, found)


def _value(name, value, text):
    try:
        return COMMON[name](value)
    except ValueError:
        kind = "an integer" if COMMON[name] is int else "a number"
        raise ValueError(f"`{name}` must be {kind}. Received: {name}={value!r} in {text!r}") from None
