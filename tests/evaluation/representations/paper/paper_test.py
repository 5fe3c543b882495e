"""The declarations of Table III make representations of files in the official formats, made at random."""

import numpy as np
import pytest
import tensorflow as tf

from byola_keras.evaluation.representations.paper import DECLARATIONS
from byola_keras.evaluation.representations.paper.cnn14 import cnn14_network, decibel_mel
from byola_keras.evaluation.representations.paper.coala import coala_network, log_mel_images
from byola_keras.evaluation.representations.paper.openl3 import mel_decibels, openl3_network
from byola_keras.evaluation.representations.paper.vggish_network import log_mel_examples, vggish_network
from byola_keras.evaluation.representations.registry import load_representation
from byola_keras.torch_files.reader import read_torch_file
from tests.evaluation.representations.paper.patterns import sounds
from tests.reference import DATA_DIR

MAKE = {declaration.name: declaration.make for declaration in DECLARATIONS}
DOWNLOADED = ("vggish", "vggish_4k", "cnn14", "coala", "openl3_env", "openl3_music", "trill")
_VGGISH = str(DATA_DIR / "torch_vggish.pth")


@pytest.mark.parametrize("name", DOWNLOADED)
def test_absent_file_says_where_to_get_it(name, tmp_path):
    for path in ("", str(tmp_path / "nothing")):
        with pytest.raises(
            FileNotFoundError, match=rf"--model={name}:F\w+` must say.*get them from .*\.com|org"
        ):
            MAKE[name](path)


def test_esresnext_runs_a_function_of_ones_own(tmp_path, monkeypatch):
    (tmp_path / "recipe.py").write_text("def embed(samples, rate):\n    return [rate, samples.size, 1.0]\n")
    monkeypatch.chdir(tmp_path)
    representation = MAKE["esresnext"]("recipe:embed")
    assert representation.embed(sounds(500)).tolist() == [[44_100, 500, 1]] * 2
    assert (representation.name, representation.pooling) == ("esresnext", "none")
    representation.close()
    with pytest.raises(ValueError, match="esresnext:MODULE:FUNCTION` must name a function.*no function"):
        MAKE["esresnext"]("")


def mean_max(frames):
    return frames.mean(axis=1) + frames.max(axis=1)


def assert_close(found, expected):
    np.testing.assert_allclose(found, expected, atol=1e-5 * np.abs(expected).max())


@pytest.mark.parametrize(("name", "dense_layers"), [("vggish", 3), ("vggish_4k", 1)])
def test_vggish_pools_its_examples(name, dense_layers):
    representation = MAKE[name](_VGGISH)
    waveforms = np.concatenate([sounds(40_000)] * 8)
    network = vggish_network(read_torch_file(_VGGISH), dense_layers)
    examples = log_mel_examples(waveforms).numpy()
    expected = network(examples.reshape(-1, 96, 64)).numpy().reshape(16, 2, -1)
    assert_close(representation.embed(waveforms), mean_max(expected))
    # A clip alone, and one shorter than an example.
    assert_close(representation.embed(waveforms[:1]), mean_max(expected)[:1])
    assert representation.embed(sounds(5_000)).shape == (2, expected.shape[-1])


def test_identity_tells_layers_and_files_apart():
    other = str(DATA_DIR / "torch_vggish_embeddings.pth")
    made = [MAKE["vggish"](_VGGISH), MAKE["vggish_4k"](_VGGISH), MAKE["vggish"](other)]
    assert len({representation.identity for representation in made}) == 3
    assert MAKE["vggish"](_VGGISH).identity == made[0].identity


class VGGishModule(tf.Module):
    """A network without its last ReLU, called with one clip as google/vggish is."""

    def __init__(self):
        super().__init__()
        self.kernel = tf.Variable(np.random.default_rng(1).normal(size=(64, 5)).astype("float32"))

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32)])
    def __call__(self, waveform):
        return tf.matmul(tf.reduce_mean(log_mel_examples(waveform[None])[0], axis=1), self.kernel)


def test_vggish_saved_model_gets_the_last_relu(tmp_path):
    module = VGGishModule()
    tf.saved_model.save(module, str(tmp_path / "vggish"))
    representation = MAKE["vggish"](str(tmp_path / "vggish"))
    found = representation.embed(sounds(40_000))
    frames = np.stack([module(waveform).numpy() for waveform in sounds(40_000)])
    assert (frames < 0).any()
    assert_close(found, mean_max(np.maximum(frames, 0)))
    assert representation.embed(sounds(300)).shape == (2, 5)
    # Without the ReLU the embeddings are others, and so is their cache.
    plain = load_representation(f"savedmodel:{tmp_path / 'vggish'}")
    assert_close(plain.embed(sounds(40_000)), mean_max(frames))
    assert plain.identity != representation.identity


class TrillModule(tf.Module):
    """Two outputs, called as google/nonsemantic-speech-benchmark/trill is."""

    def __init__(self):
        super().__init__()
        self.scale = tf.Variable(3.0)

    @tf.function
    def __call__(self, samples, sample_rate):
        frames = tf.signal.frame(samples, 4_000, 2_000)
        return {"layer19": self.scale * frames[..., :8], "embedding": frames[..., :2]}


@pytest.mark.parametrize("sample_rate", [16_000, tf.TensorSpec([], tf.int32)])
def test_trill_takes_layer_19(sample_rate, tmp_path):
    module = TrillModule()
    module.__call__.get_concrete_function(tf.TensorSpec([None, None], tf.float32), sample_rate)
    tf.saved_model.save(module, str(tmp_path))
    found = MAKE["trill"](str(tmp_path)).embed(sounds(16_000))
    frames = module(sounds(16_000), 16_000)["layer19"].numpy()
    assert frames.shape == (2, 7, 8)
    assert_close(found, mean_max(frames))


def test_wrong_saved_models_are_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="must be a folder with saved_model.pb"):
        MAKE["trill"](str(tmp_path))
    tf.saved_model.save(VGGishModule(), str(tmp_path / "vggish"))
    with pytest.raises(ValueError, match="layer19"):
        MAKE["trill"](str(tmp_path / "vggish"))


def test_cnn14_pools_by_itself():
    path = str(DATA_DIR / "torch_cnn14.pth")
    waveforms = np.concatenate([sounds(33_000)] * 10)
    expected = cnn14_network(read_torch_file(path))(decibel_mel(waveforms)).numpy()
    assert_close(MAKE["cnn14"](path).embed(waveforms), expected)
    assert MAKE["cnn14"](path).embed(sounds(200)).shape == (2, expected.shape[-1])


def test_openl3_frames_each_tenth_of_a_second(openl3_file):
    representation = MAKE["openl3_env"](openl3_file)
    frames = representation.features(sounds(60_000))
    # Half a second of zeros before, windows of a second each 0.1 s: as torchopenl3 counts them.
    assert frames.shape == (2, 9, 4 * 3 * 5)
    assert_close(representation.embed(sounds(60_000)), mean_max(frames))
    first = np.pad(sounds(60_000), [(0, 0), (24_000, 0)])[:, :48_000]
    arrays = read_torch_file(openl3_file)
    decibels = mel_decibels(first, arrays["speclayer.mel_basis"])
    assert_close(frames[:, 0], openl3_network(arrays)(decibels).numpy())


def test_openl3_needs_its_mel_filters():
    with pytest.raises(ValueError, match="'speclayer.mel_basis' must be there.*input 'mel256'"):
        MAKE["openl3_music"](str(DATA_DIR / "torch_openl3.pth"))


def test_coala_scales_along_time(tmp_path):
    (tmp_path / "audio_encoder_epoch_200.pt").write_bytes((DATA_DIR / "torch_coala.pth").read_bytes())
    with pytest.raises(FileNotFoundError, match="scaler.npz'.*numpy.savez"):
        MAKE["coala"](str(tmp_path))
    scale = np.linspace(0.1, 0.2, 96)
    np.savez(tmp_path / "scaler.npz", scale=scale, min=scale - 0.3)
    found = MAKE["coala"](str(tmp_path)).embed(sounds(66_000))
    images = scale * log_mel_images(sounds(66_000)).numpy() + scale - 0.3
    network = coala_network(read_torch_file(DATA_DIR / "torch_coala.pth"))
    expected = network(images.astype("float32").reshape(-1, 96, 96)).numpy().reshape(2, 4, -1)
    assert_close(found, mean_max(expected))
    np.savez(tmp_path / "scaler.npz", scale=scale)
    with pytest.raises(ValueError, match="must hold the arrays 'scale' and 'min'"):
        MAKE["coala"](str(tmp_path))
