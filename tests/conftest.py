"""Two logical CPU devices for the replica tests; they must exist before TensorFlow starts."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import pytest
import tensorflow as tf

from byola_keras.audio.files import find_audio_files
from byola_keras.corpus.prepare import prepare
from byola_keras.corpus.sources import FileSources
from tests import memory
from tests.sounds import write_odd_sounds, write_sounds

tf.config.set_logical_device_configuration(
    tf.config.list_physical_devices("CPU")[0], [tf.config.LogicalDeviceConfiguration()] * 2
)

# Parity is a matter of full float32: a GPU would multiply with 10 bits of mantissa.
tf.config.experimental.enable_tensor_float_32_execution(False)


@pytest.fixture(autouse=True)
def _same_start():
    keras.utils.set_random_seed(7)
    yield
    keras.config.set_dtype_policy("float32")
    memory.give_memory_back_if_grown()


@pytest.fixture(autouse=True, scope="module")
def _memory_given_back():
    yield
    memory.forget_session()


@pytest.fixture(scope="session")
def sounds_folder(tmp_path_factory):
    """24 healthy files of all formats and some odd ones."""
    return write_odd_sounds(write_sounds(tmp_path_factory.mktemp("session") / "sounds"))


@pytest.fixture(scope="session")
def data_dir(sounds_folder):
    """A folder with the one corpus `sounds`, of `sounds_folder`."""
    folder = sounds_folder.parent / "corpora"
    prepare(FileSources(find_audio_files([str(sounds_folder)])), str(folder), "sounds", shards=4, workers=1)
    return str(folder)
