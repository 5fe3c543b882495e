"""How much sound of each file and package comes into the free corpus."""

import dataclasses

from byola_keras.fields import Settings, setting


@dataclasses.dataclass(frozen=True)
class Limits(Settings):
    """How much comes into the corpus of each file and each package, so that none drowns the others."""

    excerpt_seconds: float = setting(
        10.0, "Length of an excerpt of a long file, in seconds.", minimum=1.0, maximum=600.0
    )
    file_seconds: float = setting(
        60.0, "The most of a file, in seconds; of longer files excerpts are taken.", minimum=1.0
    )
    speech_minutes: float = setting(90.0, "The most speech of a package, in minutes.", minimum=0.0)
    music_minutes: float = setting(30.0, "The most music of a package, in minutes.", minimum=0.0)
    effects_minutes: float = setting(45.0, "The most effects of a package, in minutes.", minimum=0.0)
    instruments_minutes: float = setting(
        45.0, "The most sound of instruments of a package, in minutes.", minimum=0.0
    )
