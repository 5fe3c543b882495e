"""eGeMAPS, acoustic parameters of voices, by the library openSMILE in the package opensmile."""

import importlib.util
import os

import numpy as np

from byola_keras.evaluation.representations.packages.installed import package_file
from byola_keras.evaluation.representations.packages.packaged_model import PackagedModel
from byola_keras.evaluation.representations.representation import NONE

_SAMPLE_RATE = 16000
_CONFIGURATION = "egemaps/v02/eGeMAPSv02.conf"
_SHARED = {
    "source": "shared/standard_external_wave_input.conf.inc",
    "sink": "shared/standard_external_data_output_single.conf.inc",
    "bufferModeRbConf": "shared/BufferModeRb.conf.inc",
    "frameModeFunctionalsConf": "shared/FrameModeFunctionals.conf.inc",
}
# Of less than 60 ms the library gives nothing.
_SHORTEST_SECONDS = 0.1


class Egemaps(PackagedModel):
    """88 parameters of a clip, designed by hand: pitch, loudness, spectrum and voice quality.

    Reference:
        F. Eyben et al., "The Geneva Minimalistic Acoustic Parameter Set (GeMAPS) for Voice Research and
        Affective Computing", IEEE Transactions on Affective Computing 7(2), 2016; version 02 of the set.
    """

    def __init__(self, name: str):
        self._folder = os.path.dirname(package_file("opensmile", "opensmile", "core/lib.py"))
        files = [self._configured(_CONFIGURATION), *map(self._configured, _SHARED.values())]
        super().__init__(name, files, _SAMPLE_RATE, pooling=NONE)
        self._library = _library(os.path.join(self._folder, "lib.py"))

    def _configured(self, path):
        return os.path.join(self._folder, "config", *path.split("/"))

    def clip_features(self, clip):
        shortest = int(_SHORTEST_SECONDS * _SAMPLE_RATE)
        clip = np.pad(clip, (0, max(0, shortest - len(clip))))
        smile, vectors = self._library.OpenSMILE(), []
        options = {name: self._configured(path) for name, path in _SHARED.items()}
        options |= {"sampleRate": _SAMPLE_RATE, "nBits": 16, "sinkLevel": "func"}
        smile.initialize(self._configured(_CONFIGURATION), options, loglevel=0)
        try:
            smile.external_sink_set_callback("extsink", lambda vector: vectors.append(vector.copy()))
            numbers = np.clip(clip * 32768, -32768, 32767).astype(np.int16)
            smile.external_audio_source_write_data("extsource", numbers.tobytes())
            smile.external_audio_source_set_eoi("extsource")
            smile.run()
        finally:
            smile.free()
        return np.asarray(vectors[0], np.float32)


def _library(path):
    """The package's interface to the C library, without its other modules, which need pandas and more."""
    spec = importlib.util.spec_from_file_location("byola_keras_opensmile", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
