import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter

from byola_keras.export import litert
from tests.export.closeness import cosine, relative_error
from tests.factories import noise, settled_embedder, tone

PRECISIONS = ("float32", "float16", "int8")
# Error relative to the largest value, and cosine.
LIMITS = {
    "float32": (1e-4, 0.999999),
    "float16": (2e-3, 0.99999),
    "int8": (5e-2, 0.999),
    "full_int8": (0.1, 0.99),
}


@pytest.fixture(scope="module")
def embedder():
    return settled_embedder()


@pytest.fixture(scope="module")
def waveform_files(embedder):
    return dict(litert.convert(embedder))


@pytest.fixture(scope="module")
def log_mel_files(embedder):
    broken = np.where(noise(1, 8000) > 0.15, np.nan, noise(1, 8000)).astype("float32")
    return dict(litert.convert(embedder, "logmel", [broken]))


def runner_of(content):
    return Interpreter(model_content=content).get_signature_runner("serving_default")


def check(output, expected, precision):
    error, least = LIMITS[precision]
    for name in ("scene", "frames"):
        assert output[name].shape == expected[name].shape
        assert relative_error(output[name], expected[name]) < error, name
        assert cosine(output[name], expected[name]) > least, name


@pytest.mark.parametrize("precision", PRECISIONS)
def test_any_length_and_batch_one_after_the_other(embedder, waveform_files, precision):
    run = runner_of(waveform_files[precision])
    for clip in (
        noise(1, 300),
        noise(3, 16000),
        tone(3.3),
        noise(1, 1),
        noise(2, 1024),
        tone(),
        noise(3, 16000),
    ):
        check(run(waveform=clip), embedder(clip), precision)


@pytest.mark.parametrize("precision", (*PRECISIONS, "full_int8"))
def test_log_mel_of_any_length_and_batch(embedder, log_mel_files, precision):
    run = runner_of(log_mel_files[precision])
    batch = 1 if precision == "full_int8" else 3
    for clip in (noise(1, 300), noise(batch, 16000), tone(3.3), noise(batch, 8000), noise(1, 300)):
        check(run(log_mel=embedder.frontend(clip).numpy()), embedder(clip), precision)


def test_integers_take_one_clip_at_a_time(log_mel_files):
    details = runner_of(log_mel_files["full_int8"]).get_input_details()["log_mel"]
    assert details["shape_signature"].tolist() == [1, -1, 64]


def test_precisions_and_sizes(waveform_files, log_mel_files):
    assert tuple(waveform_files) == PRECISIONS
    assert tuple(log_mel_files) == (*PRECISIONS, "full_int8")
    for files in (waveform_files, log_mel_files):
        assert len(files["int8"]) < len(files["float16"]) < len(files["float32"])


def test_odd_waveforms(embedder, waveform_files):
    for precision, content in waveform_files.items():
        run = runner_of(content)
        broken = noise(1, 5000)
        broken[0, ::7], broken[0, 1::7], broken[0, 2::7] = np.nan, np.inf, -np.inf
        check(run(waveform=broken), embedder(np.nan_to_num(broken, posinf=0, neginf=0)), precision)
        silence = embedder(np.zeros((2, 1), "float32"))
        check(run(waveform=np.zeros((2, 0), "float32")), silence, precision)
        empty = run(waveform=np.zeros((0, 9000), "float32"))
        assert empty["scene"].shape == (0, 192) and empty["frames"].shape == (0, 14, 192)
        for wrong in (
            np.zeros((1, 9000), "int16"),
            np.zeros((1, 9000, 2), "float32"),
            np.zeros(9000, "float32"),
        ):
            with pytest.raises((ValueError, RuntimeError)):
                run(waveform=wrong)
        check(run(waveform=noise(1, 5000)), embedder(noise(1, 5000)), precision)


def test_ranges_are_measured_on_the_clips_given_and_on_tones_and_noise(embedder):
    clip = noise(1, 5000)
    clip[0, 7] = np.nan
    measured = [item["log_mel"] for item in litert._calibration(embedder.frontend, [clip])]
    np.testing.assert_array_equal(measured[0], embedder.frontend(np.nan_to_num(clip)))
    assert len(measured) == 1 + 1 + 100
    silence = embedder.frontend(np.zeros((1, 16000), "float32")).numpy()
    np.testing.assert_array_equal(measured[1], silence)
    # Tones and noise, from soft to loud.
    peaks = np.array([log_mel.max() for log_mel in measured[2:]])
    assert peaks.min() < -8 and peaks.max() > 4


def test_odd_log_mels(embedder, log_mel_files):
    silence = embedder(np.zeros((1, 1), "float32"))
    for precision, content in log_mel_files.items():
        run = runner_of(content)
        implausible = [np.full((1, 7, 64), value) for value in (np.nan, np.inf, 1e20, -1025.0)]
        for log_mel in (np.zeros((1, 0, 64)), *implausible):
            output = run(log_mel=log_mel.astype("float32"))
            assert np.isfinite(output["scene"]).all() and np.isfinite(output["frames"]).all()
            if precision != "full_int8":  # an integer for NaN is any
                check(output, silence, precision)
        if precision != "full_int8":
            assert run(log_mel=np.zeros((0, 9, 64), "float32"))["frames"].shape == (0, 2, 192)
        with pytest.raises((ValueError, RuntimeError)):
            run(log_mel=np.zeros((9, 64), "float32"))
