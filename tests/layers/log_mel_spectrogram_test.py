import numpy as np
import pytest
import tensorflow as tf

import byola_keras
from byola_keras.layers.mel_filterbank import hz_to_mel, mel_to_hz
from tests import reference
from tests.test_case import run_layer_test

# Tolerances: a few times the float32 rounding found between two implementations; the chirp has bins
# far below its loudest ones.
TOLERANCE = {"noise": 1e-5, "quiet": 1e-5, "speech": 2e-4, "chirp": 2e-3}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n_fft": 1000}, "power of two. Received: n_fft=1000"),
        ({"hop_length": 0}, "positive integer. Received: hop_length=0"),
        ({"win_length": 2048}, "Received: win_length=2048, n_fft=1024"),
        ({"f_max": 9000.0}, "Received: f_min=60.0, f_max=9000.0, sample_rate=16000"),
        ({"mel_scale": "bark"}, "Received: mel_scale='bark'"),
        ({"mel_norm": "l1"}, "Received: mel_norm='l1'"),
    ],
)
def test_bad_argument(arguments, message):
    with pytest.raises(ValueError, match=message):
        byola_keras.LogMelSpectrogram(**arguments)


def test_bad_rank():
    with pytest.raises(ValueError, match=r"\[batch, samples\].*Received: shape=\(2, 100, 2\)"):
        byola_keras.LogMelSpectrogram()(np.zeros((2, 100, 2), "float32"))


def test_integers():
    with pytest.raises(ValueError, match="divide 16-bit integers by 32768. Received: dtype=int16"):
        byola_keras.LogMelSpectrogram()(np.zeros((2, 2000), "int16"))


def test_layer(tmp_path):
    x = np.random.default_rng(0).normal(size=(2, 15200)).astype("float32")
    run_layer_test(byola_keras.LogMelSpectrogram(), x, tmp_path, (2, 96, 64))


@pytest.mark.parametrize("kind", sorted(TOLERANCE))
@pytest.mark.parametrize("length_index", [0, 1, 2])
def test_equals_the_original(kind, length_index):
    arrays, config = reference.load("logmel")
    waveform = arrays[f"wav_{kind}"][None, : config["lengths"][length_index]]
    layer = byola_keras.LogMelSpectrogram()
    mel = arrays[f"mel_{kind}_{length_index}"]
    actual = layer.mel_power(waveform)[0].numpy().T
    assert np.abs(actual - mel).max() <= 2e-6 * mel.max()
    log_mel = layer(waveform)[0].numpy().T
    np.testing.assert_allclose(log_mel, arrays[f"lms_{kind}_{length_index}"], atol=TOLERANCE[kind], rtol=0)


def test_filters_equal_the_original():
    arrays, _ = reference.load("logmel")
    np.testing.assert_allclose(byola_keras.LogMelSpectrogram().filters.T, arrays["mel_fb"], atol=1e-7)


def test_htk_equals_torchaudio():
    arrays, _ = reference.load("htk_frontend")
    layer = byola_keras.LogMelSpectrogram(mel_scale="htk", mel_norm=None)
    np.testing.assert_allclose(layer.filters.T, arrays["mel_fb_htk_unnormalised"], atol=1e-6)
    mean, std = arrays["stats"]
    # Against float64, the reference is off by 9e-5 and this layer by 6e-5 in one quiet HTK bin.
    for frontend, name, tolerance in (
        (layer, "lms_htk_0", 2e-4),
        (byola_keras.LogMelSpectrogram(), "lms_0", 1e-4),
    ):
        normalized = (frontend(arrays["wav_0"][None])[0].numpy().T - mean) / std
        np.testing.assert_allclose(normalized, arrays[name], atol=tolerance, rtol=0)


@pytest.mark.parametrize(("samples", "frames"), [(1, 7), (100, 7), (1024, 7), (1120, 8), (16000, 101)])
def test_any_length(samples, frames):
    layer = byola_keras.LogMelSpectrogram()
    log_mel = layer(np.ones((1, samples), "float32"))
    assert log_mel.shape == (1, frames, 64)
    assert np.isfinite(log_mel).all()
    assert layer.compute_output_shape((1, samples)) == (1, frames, 64)
    assert layer.compute_output_shape((samples,)) == (frames, 64)
    assert layer.frame_count(samples) == frames
    np.testing.assert_array_equal(layer.frame_count(tf.constant([samples])), [frames])


def test_silence_is_the_logarithm_of_epsilon():
    log_mel = byola_keras.LogMelSpectrogram()(np.zeros((1, 16000), "float32"))
    np.testing.assert_allclose(log_mel, -15.942385, atol=1e-5)


def test_shorter_window_sits_in_the_middle_of_its_frame():
    click = np.zeros((1, 16000), "float32")
    click[0, 160 * 50] = 1.0
    power = byola_keras.LogMelSpectrogram(win_length=400).mel_power(click)[0].numpy().sum(-1)
    assert power.argmax() == 50
    np.testing.assert_allclose(power[49], power[51], rtol=1e-4)


@pytest.mark.parametrize("mel_scale", ["slaney", "htk"])
def test_mel_scales_invert(mel_scale):
    hz = np.array([0.0, 60.0, 999.0, 1000.0, 1001.0, 7800.0])
    np.testing.assert_allclose(mel_to_hz(hz_to_mel(hz, mel_scale), mel_scale), hz, atol=1e-8)


def test_frames_of_a_padded_batch_are_those_of_the_clips():
    layer, lengths = byola_keras.LogMelSpectrogram(), [1, 700, 1024, 3001, 8000]
    padded = np.random.default_rng(0).normal(0, 0.1, (5, 8000)).astype("float32")
    batch = layer(padded, lengths=np.array(lengths))
    for row, length in enumerate(lengths):
        alone = layer(padded[row : row + 1, :length])[0]
        np.testing.assert_allclose(batch[row, : len(alone)], alone, atol=2e-5)
