"""The run called from Python: what it refuses, writes and shows."""

import json
import os
import re

import keras
import numpy as np
import pytest
import tensorflow as tf
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

import byola_keras
from tests.sounds import write_sounds
from tests.workdirs import copy_as_killed_after, losses, train

WHOLE = 7


@pytest.fixture(scope="module")
def sounds(tmp_path_factory):
    return str(write_sounds(tmp_path_factory.mktemp("sounds")))


@pytest.fixture(scope="module")
def whole(sounds, tmp_path_factory):
    """A run that was left alone, of which other runs must be a part. Its files are to be read only."""
    workdir = tmp_path_factory.mktemp("runs") / "whole"
    train(workdir, sounds, steps=WHOLE, flags_text="--steps=7\n", summary_every=2)
    return workdir


def test_no_sound(tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match=r"at least one sound file.*empty.*none was found; check"):
        train(tmp_path / "run", str(tmp_path / "empty"))
    assert not (tmp_path / "run").exists()


def test_only_broken_sound(tmp_path):
    (tmp_path / "broken").mkdir()
    for number in range(3):
        (tmp_path / "broken" / f"{number}.wav").write_bytes(b"nothing")
    with pytest.raises(
        ValueError, match=r"3 file\(s\), none of the 3 tried can be decoded; the first: .*0.wav"
    ):
        train(tmp_path / "run", str(tmp_path / "broken"))
    # The right folder may follow in the same working directory.
    write_sounds(tmp_path / "good", count=4)
    train(tmp_path / "run", str(tmp_path / "good"), steps=1)


def test_workdir_of_another_configuration(whole, sounds):
    with pytest.raises(
        ValueError,
        match="Received: learning_rate=0.5; .* learning_rate=0.0001. Use the values.*--flagfile=.*flags.txt",
    ):
        train(whole, sounds, learning_rate=0.5)
    with pytest.raises(ValueError, match="Received: files=3, files_sha256"):
        train(whole, f"{sounds}/00[0-2]*")


class FailingBlock(keras.layers.Layer):
    """A block of a user that fails in the first step."""

    def call(self, x):
        if x.shape[-1] is not None:
            raise ValueError("fails in its first step")
        return x


def test_a_start_without_a_checkpoint_binds_nobody(sounds, tmp_path):
    failing = (f"{__name__}:FailingBlock",)
    with pytest.raises(ValueError, match="fails in its first step"):
        train(tmp_path, sounds, augmentation=failing)
    statistics = (tmp_path / "norm_stats.json").read_text()
    with pytest.raises(ValueError, match="fails in its first step"):
        train(tmp_path, sounds, augmentation=failing, learning_rate=0.5)
    assert (tmp_path / "norm_stats.json").read_text() == statistics
    train(tmp_path, f"{sounds}/00[0-2]*", steps=1)
    assert (tmp_path / "norm_stats.json").read_text() != statistics
    assert json.loads((tmp_path / "configuration.json").read_text())["files"] == 3
    assert len(losses(tmp_path)) == 1


def test_batch_that_does_not_divide(sounds, tmp_path):
    with pytest.raises(
        ValueError, match="multiple of the number of devices. Received: global_batch_size=7, devices=2"
    ):
        train(tmp_path, sounds, num_devices=2, global_batch_size=7)


def test_more_steps_go_on_and_epochs_write_the_embedder(whole, sounds, tmp_path):
    train(tmp_path / "two", sounds)
    written = os.path.getmtime(tmp_path / "two" / "embedder.keras")
    train(tmp_path / "two", sounds, steps=WHOLE)
    assert os.path.getmtime(tmp_path / "two" / "embedder.keras") > written
    assert losses(tmp_path / "two") == losses(whole)
    card = byola_keras.load(str(tmp_path / "two")).card
    assert card["steps"] == 7 and card["trained_on"].endswith(" sound files")
    assert card["recipe"]["seed"] == 0 and "channels=4," in card["recipe"]["encoder"]


def test_summaries_do_not_change_the_training(whole, sounds, tmp_path):
    """`whole` has one in every second step."""
    train(tmp_path, sounds, summary_every=1000)
    assert losses(tmp_path) == losses(whole)[:4]


def test_two_devices_equal_one_up_to_dropout(whole, sounds, tmp_path):
    """Dropout masks differ by replica; the first loss, before any update, differs by them alone."""
    train(tmp_path / "two", sounds, num_devices=2)
    first = [float(losses(workdir)[0]) for workdir in (whole, tmp_path / "two")]
    np.testing.assert_allclose(*first, rtol=0.1)
    # Saved from mirrored variables, loaded and resumed on one device.
    assert byola_keras.load(str(tmp_path / "two"))(np.zeros((1, 5000), "float32"))["scene"].shape == (1, 80)
    train(tmp_path / "two", sounds, steps=6)
    assert len(losses(tmp_path / "two")) == 6


def test_time_limit_saves_and_goes_on(whole, sounds, tmp_path):
    train(tmp_path, sounds, max_minutes=0.0, steps=WHOLE)
    assert not (tmp_path / "tensorboard").exists(), "0 steps between summaries stand for none"
    assert len(losses(tmp_path)) == 1
    train(tmp_path, sounds, steps=WHOLE)
    assert losses(tmp_path) == losses(whole)


def test_tensorboard_has_everything(whole):
    events = EventAccumulator(str(whole / "tensorboard" / "train"), size_guidance={"images": 0, "tensors": 0})
    events.Reload()
    tensors = set(events.Tags()["tensors"])
    assert {
        "loss/byol",
        "loss/cosine_between_views",
        "optimizer/learning_rate",
        "optimizer/target_decay",
        "collapse/projection_std",
        "collapse/effective_rank",
        "speed/clips_per_second",
        "speed/step_seconds",
        "speed/data_seconds",
        "input/mean_before_post_norm",
        "input/std_before_post_norm",
        "input/mean_after_post_norm",
        "input/std_after_post_norm",
        "views/log_mel",
        "views/view_one",
        "views/view_two",
        "views/clip",
        "flags",
    } <= tensors
    assert [event.step for event in events.Tensors("loss/byol")] == [1, 2, 4, 6]

    def last(name):
        return float(tf.make_ndarray(events.Tensors(name)[-1].tensor_proto))

    np.testing.assert_allclose(last("input/std_after_post_norm"), 1.0, atol=1e-3)
    assert 1 <= last("collapse/effective_rank") <= 8
    assert 0 <= last("speed/data_seconds") < last("speed/step_seconds")


def test_dry_run_writes_nothing(sounds, tmp_path, capsys):
    # The corpus of a flagfile does not stand in the way of files.
    train(tmp_path / "run", sounds, corpus="audioset", data_dir="corpora", dry_run=True, steps=1_000_000)
    text = capsys.readouterr().out
    for part in (
        "(8, 15200)",
        "(8, 96, 64)",
        "(8, 24, 80)",
        "(8, 80)",
        "encoder:",
        "3 an epoch, 1,000,000 in all",
        "GiB",
    ):
        assert part in text
    assert not (tmp_path / "run").exists()
    a_step = float(re.search(r"a step: +([\d.]+) s", text)[1])
    hours, minutes, seconds = map(int, re.search(r"estimated time: +(\d+):(\d+):(\d+)", text).groups())
    # The step is printed in whole milliseconds.
    assert abs(3600 * hours + 60 * minutes + seconds - 1_000_000 * a_step) < 600


@pytest.mark.parametrize("precision", ["mixed_bfloat16", "mixed_float16"])
def test_mixed_precision_resumes_exactly(sounds, tmp_path, precision):
    """With float16 this takes in the state of the loss scale."""
    arguments = {"precision": precision, "steps": 5, "checkpoint_every": "3"}
    train(tmp_path / "one", sounds, **arguments)
    copy_as_killed_after(tmp_path / "one", 3, tmp_path / "two")
    (tmp_path / "two" / "embedder.keras").unlink()
    train(tmp_path / "two", sounds, **arguments)
    assert (tmp_path / "two" / "embedder.keras").exists()
    assert np.isfinite([float(loss) for loss in losses(tmp_path / "one")]).all()
    assert losses(tmp_path / "two") == losses(tmp_path / "one")


def test_corpus_resumes_exactly(data_dir, tmp_path):
    arguments = {"data_dir": data_dir, "crops_per_clip": 3, "checkpoint_every": "5"}
    train(tmp_path / "one", **arguments, steps=9)
    copy_as_killed_after(tmp_path / "one", 5, tmp_path / "two")
    train(tmp_path / "two", corpus="sounds", **arguments, steps=9)
    assert losses(tmp_path / "two") == losses(tmp_path / "one")
    assert len(set(losses(tmp_path / "one"))) == 9
    with pytest.raises(ValueError, match="Received: crops_per_clip=2; .*crops_per_clip="):
        train(tmp_path / "two", **{**arguments, "crops_per_clip": 2})


def test_corpus_on_two_devices(data_dir, tmp_path):
    """With two crops of a clip as its views, each of two seconds."""
    two_crops = {"crops_per_clip": 2, "views": "two_crops", "crop_seconds": 2.0}
    train(tmp_path, data_dir=data_dir, num_devices=2, **two_crops)
    assert np.isfinite([float(loss) for loss in losses(tmp_path)]).all() and len(losses(tmp_path)) == 4


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "Sound must be given: .*Received: audio_dir=.*data_dir=None"),
        ({"file_list": "x", "crops_per_clip": 2}, "Received: crops_per_clip=2; tools/prepare.py"),
        ({"corpus": "x"}, "`data_dir` must name.*Received: .*corpus='x', data_dir=None"),
        (
            {"encoder": "Encoder(conv_blocks=0)"},
            "must suit its class. Received: Encoder.conv_blocks=0.: `conv_blocks` must",
        ),
    ],
)
def test_sound_that_does_not_fit_together(tmp_path, arguments, message):
    with pytest.raises(ValueError, match=message):
        train(tmp_path / "run", **arguments)
    assert not (tmp_path / "run").exists()
