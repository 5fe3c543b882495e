"""The contract: windows, pooling, checks and identity, on models that are plain arithmetic."""

import numpy as np
import pytest

from byola_keras.evaluation.representations import representation as contract
from byola_keras.evaluation.representations.representation import Representation, RepresentationError, pool
from byola_keras.evaluation.representations.windowing import all_windows, window_count
from tests.factories import noise


class Arithmetic(Representation):
    """Features by a function of waveforms [batch, samples]; notes the shapes that it is called with."""

    def __init__(self, function, rate=100, content="c", **arguments):
        super().__init__("arithmetic", rate, content, **arguments)
        self.function, self.shapes = function, []

    def features(self, waveforms):
        self.shapes.append(waveforms.shape)
        return self.function(waveforms)


def tens(waveforms):
    """Frames of ten samples, [batch, T, 10]."""
    return waveforms[:, : waveforms.shape[1] // 10 * 10].reshape(len(waveforms), -1, 10)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"pooling": "median"}, "pooling='median'"),
        ({"rate": 0}, "`sample_rate` must be positive"),
        ({"window_seconds": 0.001}, "window_seconds=0.001"),
        ({"window_hop_seconds": 1.0}, "window_hop_seconds=1.0 with window_seconds=None"),
        ({"window_hop_seconds": 1.1, "window_seconds": 1.0}, "must be at most `window_seconds`"),
        ({"pooling": "none", "window_seconds": 1.0}, "has a window of 1.0 s"),
    ],
)
def test_arguments_are_checked(arguments, words):
    with pytest.raises(ValueError, match=words):
        Arithmetic(tens, **arguments)


@pytest.mark.parametrize(
    ("output", "words"),
    [
        (lambda w: np.full((len(w), 3), np.nan), "finite numbers. Received: others for 2 of 2 "),
        (lambda w: np.zeros(len(w)), r"\[batch, D\] or \[batch, T, D\].*shape \[2\] for 2 waveforms"),
        (lambda w: np.zeros((len(w) + 1, 3)), r"shape \[3, 3\] for 2"),
        (lambda w: np.zeros((len(w), 0, 3)), r"shape \[2, 0, 3\]"),
        (lambda w: "no numbers", "failed with ValueError"),
        (lambda w: {}["missing"], "failed with KeyError: 'missing'"),
    ],
)
def test_what_is_no_embedding_is_an_error_that_names_the_model(output, words):
    with pytest.raises(RepresentationError, match=f"model arithmetic cannot be used.*{words}"):
        Arithmetic(output).embed(noise(2, 50))


def test_sizes_must_not_change_nor_clips_become_frames():
    model = Arithmetic(lambda w: np.zeros((len(w), w.shape[1])))
    model.embed(noise(2, 50))
    with pytest.raises(RepresentationError, match=r"as many features, 50 at first.*\[2, 60\]"):
        model.embed(noise(2, 60))
    with pytest.raises(RepresentationError, match="as its pooling is 'none'"):
        Arithmetic(tens, pooling="none").embed(noise(2, 50))


def test_frames_are_pooled_and_clips_are_not():
    sound = noise(3, 50)
    frames = tens(sound)
    for pooling, expected in (
        ("mean_max", frames.mean(axis=1) + frames.max(axis=1)),
        ("mean", frames.mean(axis=1)),
        ("max", frames.max(axis=1)),
    ):
        found = Arithmetic(tens, pooling=pooling).embed(sound)
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, expected, atol=1e-6)
        np.testing.assert_allclose(pool(frames[0], pooling), expected[0], atol=1e-6)
        clips = Arithmetic(lambda w: w[:, :4], pooling=pooling).embed(sound)
        np.testing.assert_array_equal(clips, sound[:, :4])


def test_windows_are_cut_filled_and_joined():
    """Windows of 20 samples every 15: a clip of 50 has three, a shorter one has one, filled with zeros."""
    assert [window_count(samples, 20, 15) for samples in (1, 20, 21, 35, 36, 50)] == [1, 1, 2, 2, 3, 3]
    sound = noise(3, 50)
    model = Arithmetic(tens, window_seconds=0.2, window_hop_seconds=0.15)
    frames = np.concatenate([tens(sound[:, first : first + 20]) for first in (0, 15, 30)], axis=1)
    np.testing.assert_allclose(model.embed(sound), frames.mean(axis=1) + frames.max(axis=1), atol=1e-6)
    padded = np.pad(sound[:, :13], [(0, 0), (0, 7)])
    np.testing.assert_array_equal(all_windows(sound[:, :13], 20, 15)[:, 0], padded)
    np.testing.assert_allclose(model.embed(sound[:, :13])[1], pool(tens(padded)[1], "mean_max"), atol=1e-6)
    # One embedding a window is a frame.
    windows = Arithmetic(lambda w: w[:, :4], window_seconds=0.2)
    parts = np.stack([sound[:, 0:4], sound[:, 20:24], sound[:, 40:44]], axis=1)
    np.testing.assert_allclose(windows.embed(sound), parts.mean(axis=1) + parts.max(axis=1), atol=1e-6)
    assert model.shapes == [(9, 20), (3, 20)] and windows.shapes == [(9, 20)]


def test_calls_are_bounded(monkeypatch):
    sound = noise(130, 50)
    for arguments, shapes in (({}, [64, 64, 2]), ({"window_seconds": 0.1}, [64] * 10 + [10])):
        model = Arithmetic(tens, **arguments)
        np.testing.assert_allclose(
            model.embed(sound), tens(sound).mean(axis=1) + tens(sound).max(axis=1), atol=1e-6
        )
        assert [rows for rows, _ in model.shapes] == shapes
    monkeypatch.setattr(contract, "_CALL_SECONDS", 1)
    model = Arithmetic(tens)
    model.embed(sound)
    assert {rows for rows, _ in model.shapes} == {2}


def test_frames_come_with_their_times():
    sound = noise(1, 50)[0]
    parts = list(Arithmetic(tens, window_seconds=0.2).frames(sound))
    assert [begin for begin, _ in parts] == pytest.approx([0.0, 0.2, 0.4])
    np.testing.assert_array_equal(np.concatenate([part for _, part in parts])[:5], tens(sound[None])[0])


def test_identity_is_of_all_that_changes_the_result():
    base = {"content": "c", "window_seconds": 1.0}
    changes = ({}, {"content": "d"}, {"rate": 200}, {"window_seconds": 2.0}, {"pooling": "mean"})
    changes += ({"window_hop_seconds": 0.5},)
    assert len({Arithmetic(tens, **base | change).identity for change in changes}) == len(changes)
    assert Arithmetic(tens, **base).identity == Arithmetic(tens, frame_seconds=0.1, **base).identity
