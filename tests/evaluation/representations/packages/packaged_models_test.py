"""The models inside packages, beside what the packages' own code gives of the same clip."""

import numpy as np
import pytest

from byola_keras.evaluation.representations.packages import installed
from byola_keras.evaluation.representations.packages.declarations import DECLARATIONS
from byola_keras.evaluation.representations.packages.mel_power import MelPower
from byola_keras.evaluation.representations.packages.musicnn_patches import patch_starts, without_repeats
from byola_keras.evaluation.representations.registry import load_representation
from tests.evaluation.representations.packages.write_golden import FRAME_STEP, GOLDEN, glide

# Of the largest value.
TOLERANCE = 1e-4


@pytest.fixture(scope="module")
def golden():
    with np.load(GOLDEN) as arrays:
        return dict(arrays)


@pytest.fixture(scope="module")
def make():
    """Makes each model once; skips the test where its package is not installed."""
    made = {}

    def make_once(name):
        if name not in made:
            try:
                made[name] = load_representation(name)
            except ImportError as error:
                pytest.skip(str(error))
        return made[name]

    return make_once


def assert_close(actual, expected):
    assert actual.shape == expected.shape
    np.testing.assert_allclose(actual, expected, rtol=0, atol=TOLERANCE * np.abs(expected).max())


@pytest.mark.parametrize("name", ["speech_embedding", "resemblyzer"])
def test_the_whole_output_is_the_package_s_own(name, make, golden):
    model = make(name)
    assert_close(model.features(glide(model.sample_rate)[None])[0], golden[name])


@pytest.mark.parametrize("name", ["crepe_tiny", "basic_pitch"])
def test_every_frame_is_the_package_s_own(name, make, golden):
    model = make(name)
    frames = model.features(glide(model.sample_rate)[None])[0]
    assert len(frames) == golden[f"{name}/frames"]
    assert_close(frames[:: FRAME_STEP[name]], golden[name])


@pytest.mark.parametrize("name", ["musicnn_mtt", "musicnn_msd"])
def test_musicnn_pools_as_the_package_does(name, make, golden):
    frames = make(name).features(glide(16000)[None])[0]
    assert_close(frames.mean(axis=0), golden[f"{name}/mean_pool"])
    assert_close(frames.max(axis=0), golden[f"{name}/max_pool"])
    penultimate = make(f"{name}_penultimate").features(glide(16000)[None])[0]
    assert_close(penultimate, golden[f"{name}/penultimate"][None])


def test_each_of_egemaps_parameters_is_the_package_s_own(make, golden):
    parameters = make("egemaps").features(glide(16000)[None])[0]
    np.testing.assert_allclose(parameters, golden["egemaps"], rtol=TOLERANCE)


def test_birdnet_s_embedding_is_the_package_s_own(make, golden):
    # Filled up with zeros to the model's three seconds; of a single window mean and maximum are the same.
    assert_close(make("birdnet").embed(glide(48000)[None])[0] / 2, golden["birdnet"])


def test_the_volume_of_a_quiet_voice_is_raised_as_by_resemblyzer(make, golden):
    assert_close(make("resemblyzer").features(glide(16000)[None] / 16)[0], golden["resemblyzer/quiet"])


# Of 89 MB and seconds of computing, crepe_full says no more than crepe_tiny does.
@pytest.mark.parametrize(
    "declared", [d for d in DECLARATIONS if d.name != "crepe_full"], ids=lambda d: d.name
)
def test_what_is_declared_is_what_comes(declared, make):
    model = make(declared.name)
    clips = np.stack([glide(model.sample_rate)[:400], np.zeros(400, np.float32)])
    embeddings = model.embed(clips)
    assert embeddings.shape == (2, declared.dimension) and np.isfinite(embeddings).all()
    assert (model.name, model.sample_rate, model.pooling) == (
        declared.name,
        declared.sample_rate,
        declared.pooling,
    )
    # A clip's embedding does not depend on those beside it.
    assert_close(model.embed(clips[1:])[0], embeddings[1])


def test_the_licence_of_a_model_that_is_not_free_is_said(make, caplog):
    for name, licence in (("birdnet", "CC BY-NC-SA"), ("egemaps", "research licence")):
        make(name)
        caplog.clear()
        load_representation(name)
        assert licence in caplog.text and "commercial" in caplog.text


def test_identities_differ_by_weights_and_by_layer(make):
    names = ("musicnn_mtt", "musicnn_mtt_penultimate", "musicnn_msd", "musicnn_msd_penultimate")
    assert len({make(name).identity for name in names}) == 4
    assert load_representation("musicnn_mtt").identity == make("musicnn_mtt").identity


def test_an_absent_package_is_one_line_that_says_what_to_install(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda module: None)
    for declared in DECLARATIONS:
        with pytest.raises(ImportError, match=r"^The package \S+ must .* pip install --no-deps \S+==[\d.]+$"):
            declared.make("")


def test_an_installed_package_without_the_file_says_so(monkeypatch, tmp_path):
    (tmp_path / "musicnn").mkdir()
    (tmp_path / "musicnn" / "__init__.py").write_text("raise AssertionError('it must not be imported')")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(ImportError, match=r"must have the file MTT_musicnn/\.index.*musicnn==0\.1\.0"):
        installed.package_file("musicnn", "musicnn", "MTT_musicnn/.index")


def test_nothing_may_follow_a_name():
    with pytest.raises(ValueError, match="Received: model='crepe_tiny:x'"):
        load_representation("crepe_tiny:x")


def test_patches_cover_a_clip_without_repeating_a_frame():
    for frames in (1, 186, 187, 188, 374, 375, 1000):
        starts = patch_starts(frames)
        patches = [np.arange(frames)[start : start + 187, None] for start in starts]
        np.testing.assert_array_equal(without_repeats(patches, frames)[:, 0], np.arange(frames))
        assert len({len(patch) for patch in patches}) == 1


def test_mel_power_of_a_short_clip_has_zeros_beyond_it():
    for edges in ("reflect", "constant"):
        mel_power = MelPower(16000, 512, 256, 96, edges)
        short = glide(16000)[None, :100]
        assert mel_power(short).shape == (1, 1 if edges == "constant" else 2, 96)
        np.testing.assert_array_equal(mel_power(np.zeros((1, 1000), np.float32)), 0)
