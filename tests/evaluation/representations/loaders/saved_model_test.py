"""SavedModels of this project's export, and of the shapes that others publish."""

import numpy as np
import pytest
import tensorflow as tf

from byola_keras.evaluation.representations.registry import load_representation
from byola_keras.export.saved_model import write_saved_model
from tests.factories import noise, tiny_embedder


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("models")


def tens(waveforms):
    return tf.reshape(waveforms, [tf.shape(waveforms)[0], -1, 10])


class OneWaveform(tf.Module):
    """As VGGish: [samples] -> [T, D]."""

    @tf.function(input_signature=[tf.TensorSpec([None])])
    def __call__(self, waveform):
        return tens(waveform[None])[0]


class WithRate(tf.Module):
    """As TRILL: samples of any rank and the rate, and a dict of outputs."""

    @tf.function(input_signature=[tf.TensorSpec(None), tf.TensorSpec([], tf.int32)])
    def __call__(self, samples, sample_rate):
        return {"layer19": tens(samples) * tf.cast(sample_rate, tf.float32), "logits": samples[:, :2]}


class Fixed(tf.Module):
    """As bird models: a fixed number of samples, and a function that is no signature."""

    @tf.function(input_signature=[tf.TensorSpec([None, 100])])
    def infer(self, audio):
        return [audio[:, :2], audio[:, :5]]

    @tf.function(input_signature=[tf.TensorSpec([None, 20], name="mel")])
    def integers(self, mel):
        return mel


def test_export_of_this_project(folder):
    embedder = tiny_embedder(frontend={"sample_rate": 8000, "f_max": 3900.0})
    write_saved_model(embedder, str(folder / "byola" / "1"), "byola")
    write_saved_model(tiny_embedder(), str(folder / "byola" / "2"), "byola")
    sound = noise(3, 6000)
    found = load_representation(f"savedmodel:{folder}/byola/1")
    assert found.name == "byola" and found.sample_rate == 8000
    expected = embedder.embed(sound)
    np.testing.assert_allclose(found.embed(sound), expected["scene"], atol=1e-5)
    newest = load_representation(f"savedmodel:{folder}/byola")
    assert newest.sample_rate == 16000 and newest.identity != found.identity
    frames = load_representation(f"savedmodel:{folder}/byola/1:serving_default:frames,pooling=mean,name=x")
    np.testing.assert_allclose(frames.embed(sound), np.mean(expected["frames"], axis=1), atol=1e-5)
    assert frames.name == "x"


def test_one_waveform_and_its_rate(folder):
    tf.saved_model.save(OneWaveform(), str(folder / "one"))
    tf.saved_model.save(WithRate(), str(folder / "trill"))
    sound = noise(3, 50)
    frames = sound.reshape(3, 5, 10)
    expected = frames.mean(axis=1) + frames.max(axis=1)
    one = load_representation(f"savedmodel:{folder}/one,window_seconds=1,sample_rate=20,window_hop_seconds=1")
    assert one.window_seconds == 1.0
    np.testing.assert_allclose(
        load_representation(f"savedmodel:{folder}/one").embed(sound), expected, atol=1e-6
    )
    for text in ("trill::layer19", "trill:serving_default:layer19"):
        found = load_representation(f"savedmodel:{folder}/{text},sample_rate=8000")
        np.testing.assert_allclose(found.embed(sound), 8000 * expected, rtol=1e-5)
    with pytest.raises(ValueError, match="An output must be named.*layer19, logits. Received: none"):
        load_representation(f"savedmodel:{folder}/trill")
    with pytest.raises(ValueError, match="has: layer19. Received: layer91"):
        load_representation(f"savedmodel:{folder}/trill::layer91")


def test_object_without_signatures(folder):
    """Nothing says how it is called but its errors."""
    for module, name in ((OneWaveform(), "bare_one"), (WithRate(), "bare_rate")):
        tf.saved_model.save(module, str(folder / name), signatures={"other": Fixed().infer})
    sound = noise(2, 16000)
    found = load_representation(f"savedmodel:{folder}/bare_rate::layer19")
    one = load_representation(f"savedmodel:{folder}/bare_one")
    np.testing.assert_allclose(found.embed(sound), 16000 * one.embed(sound), rtol=1e-5)


def test_fixed_length_is_a_window(folder):
    module = Fixed()
    tf.saved_model.save(module, str(folder / "fixed"), signatures={"infer_fixed": module.infer})
    sound = noise(2, 250)
    signature = load_representation(f"savedmodel:{folder}/fixed:infer_fixed:output_1,sample_rate=1000")
    assert signature.window_seconds == 0.1
    windows = np.pad(sound, [(0, 0), (0, 50)]).reshape(2, 3, 100)[:, :, :5]
    expected = windows.mean(axis=1) + windows.max(axis=1)
    np.testing.assert_allclose(signature.embed(sound), expected, atol=1e-6)
    function = load_representation(f"savedmodel:{folder}/fixed:infer:1,sample_rate=1000,window_seconds=0.1")
    np.testing.assert_allclose(function.embed(sound), expected, atol=1e-6)
    with pytest.raises(ValueError, match="must be the 100 samples.*window_seconds=0.2 at 1000 Hz"):
        load_representation(
            f"savedmodel:{folder}/fixed:infer_fixed:output_1,sample_rate=1000,window_seconds=0.2"
        )
    with pytest.raises(ValueError, match="must take waveforms.*which fails with"):
        load_representation(f"savedmodel:{folder}/fixed:integers")


def test_what_is_not_there(folder):
    with pytest.raises(FileNotFoundError, match="`savedmodel` must be a folder with saved_model.pb.*nowhere"):
        load_representation("savedmodel:nowhere:signature")
    tf.saved_model.save(OneWaveform(), str(folder / "last"))
    with pytest.raises(ValueError, match="that the SavedModel has .serving_default.*Received: other"):
        load_representation(f"savedmodel:{folder}/last:other")
