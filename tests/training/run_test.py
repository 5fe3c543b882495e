"""The run called from Python: what it refuses, writes and shows."""

import os

import numpy as np
import pytest
import tensorflow as tf
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

import byola_keras
from byola_keras.training.callbacks import TrainingFailedError
from byola_keras.training.run import pretrain
from tests.factories import TINY_RUN
from tests.sounds import write_sounds
from tests.workdirs import losses


@pytest.fixture(scope="module")
def sounds(tmp_path_factory):
    return str(write_sounds(tmp_path_factory.mktemp("sounds")))


def test_no_sound(tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match=r"at least one sound file.*empty.*none was found; check"):
        pretrain(str(tmp_path / "run"), [str(tmp_path / "empty")], **TINY_RUN)
    assert not (tmp_path / "run").exists()


def test_only_broken_sound(tmp_path):
    (tmp_path / "broken").mkdir()
    for number in range(3):
        (tmp_path / "broken" / f"{number}.wav").write_bytes(b"nothing")
    with pytest.raises(
        ValueError, match=r"3 file\(s\), none of the 3 tried can be decoded; the first: .*0.wav"
    ):
        pretrain(str(tmp_path / "run"), [str(tmp_path / "broken")], **TINY_RUN)
    # The right folder may follow in the same working directory.
    write_sounds(tmp_path / "good", count=4)
    pretrain(str(tmp_path / "run"), [str(tmp_path / "good")], **{**TINY_RUN, "steps": 1})


def test_workdir_of_another_configuration(sounds, tmp_path):
    pretrain(str(tmp_path), [sounds], **TINY_RUN)
    with pytest.raises(ValueError, match="Received: learning_rate=0.5; .* learning_rate=0.0001. Use these"):
        pretrain(str(tmp_path), [sounds], learning_rate=0.5, **TINY_RUN)
    with pytest.raises(ValueError, match="Received: files=3, files_sha256"):
        pretrain(str(tmp_path), [f"{sounds}/00[0-2]*"], **TINY_RUN)


def test_batch_that_does_not_divide(sounds, tmp_path):
    with pytest.raises(
        ValueError, match="multiple of the number of devices. Received: global_batch_size=7, devices=2"
    ):
        pretrain(str(tmp_path), [sounds], num_devices=2, **{**TINY_RUN, "global_batch_size": 7})


def test_more_steps_go_on_and_epochs_write_the_embedder(sounds, tmp_path):
    pretrain(str(tmp_path / "two"), [sounds], **TINY_RUN)
    written = os.path.getmtime(tmp_path / "two" / "embedder.keras")
    pretrain(str(tmp_path / "two"), [sounds], **{**TINY_RUN, "steps": 7})
    assert os.path.getmtime(tmp_path / "two" / "embedder.keras") > written
    pretrain(str(tmp_path / "one"), [sounds], **{**TINY_RUN, "steps": 7})
    assert losses(tmp_path / "two") == losses(tmp_path / "one")
    card = byola_keras.load(str(tmp_path / "two")).card
    assert card["steps"] == 7 and card["trained_on"].endswith(" sound files")
    assert card["recipe"]["seed"] == 0 and card["recipe"]["channels"] == TINY_RUN["channels"]


def test_summaries_do_not_change_the_training(sounds, tmp_path):
    pretrain(str(tmp_path / "few"), [sounds], **{**TINY_RUN, "summary_every": 1000})
    pretrain(str(tmp_path / "many"), [sounds], **{**TINY_RUN, "summary_every": 1})
    assert losses(tmp_path / "few") == losses(tmp_path / "many")


def test_two_devices_equal_one_up_to_dropout(sounds, tmp_path):
    """Dropout masks differ by replica; the first loss, before any update, differs by them alone."""
    pretrain(str(tmp_path / "one"), [sounds], **TINY_RUN)
    pretrain(str(tmp_path / "two"), [sounds], num_devices=2, **TINY_RUN)
    first = [float(losses(tmp_path / name)[0]) for name in ("one", "two")]
    np.testing.assert_allclose(*first, rtol=0.1)
    # Saved from mirrored variables, loaded and resumed on one device.
    assert byola_keras.load(str(tmp_path / "two"))(np.zeros((1, 5000), "float32"))["scene"].shape == (1, 80)
    pretrain(str(tmp_path / "two"), [sounds], **{**TINY_RUN, "steps": 6})
    assert len(losses(tmp_path / "two")) == 6


def test_time_limit_saves_and_goes_on(sounds, tmp_path):
    arguments = {**TINY_RUN, "steps": 6}
    pretrain(str(tmp_path / "limited"), [sounds], max_minutes=0.0, **arguments)
    assert len(losses(tmp_path / "limited")) == 1
    pretrain(str(tmp_path / "limited"), [sounds], **arguments)
    pretrain(str(tmp_path / "whole"), [sounds], **arguments)
    assert losses(tmp_path / "limited") == losses(tmp_path / "whole")


def test_tensorboard_has_everything(sounds, tmp_path):
    pretrain(str(tmp_path), [sounds], flags_text="--steps=4\n", **TINY_RUN)
    events = EventAccumulator(
        str(tmp_path / "tensorboard" / "train"), size_guidance={"images": 0, "tensors": 0}
    )
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
    assert [event.step for event in events.Tensors("loss/byol")] == [1, 2, 4]

    def last(name):
        return float(tf.make_ndarray(events.Tensors(name)[-1].tensor_proto))

    np.testing.assert_allclose(last("input/std_after_post_norm"), 1.0, atol=1e-3)
    assert 1 <= last("collapse/effective_rank") <= 8
    assert 0 <= last("speed/data_seconds") < last("speed/step_seconds")


def test_dry_run_writes_nothing(sounds, tmp_path, capsys):
    # The name of a corpus, as of a flagfile, does not stand in the way of files.
    pretrain(str(tmp_path / "run"), [sounds], corpus="audioset", dry_run=True, **TINY_RUN)
    text = capsys.readouterr().out
    for part in (
        "(8, 15200)",
        "(8, 96, 64)",
        "(8, 24, 80)",
        "(8, 80)",
        "encoder:",
        "3 an epoch, 4 in all",
        "GiB",
    ):
        assert part in text
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("precision", ["mixed_bfloat16", "mixed_float16"])
def test_mixed_precision_resumes_exactly(sounds, tmp_path, precision):
    """With float16 this takes in the state of the loss scale."""
    pretrain(str(tmp_path / "two"), [sounds], precision=precision, **{**TINY_RUN, "steps": 3})
    pretrain(str(tmp_path / "two"), [sounds], precision=precision, **{**TINY_RUN, "steps": 5})
    pretrain(str(tmp_path / "one"), [sounds], precision=precision, **{**TINY_RUN, "steps": 5})
    assert np.isfinite([float(loss) for loss in losses(tmp_path / "one")]).all()
    assert losses(tmp_path / "two") == losses(tmp_path / "one")


def test_exploding_run_stops_and_keeps_the_last_good_checkpoint(sounds, tmp_path):
    with pytest.raises((TrainingFailedError, ValueError), match="must be finite"):
        arguments = {**TINY_RUN, "steps": 60, "learning_rate": 1e30, "checkpoint_every": "1"}
        pretrain(str(tmp_path), [sounds], **arguments)
    newest = tf.train.load_checkpoint(str(tmp_path / "checkpoints"))
    values = [newest.get_tensor(name) for name in newest.get_variable_to_shape_map() if "model/" in name]
    assert len(values) > 60
    assert all(np.isfinite(value).all() for value in values if value.dtype == np.float32)


def test_corpus_resumes_exactly(data_dir, tmp_path):
    arguments = {**TINY_RUN, "data_dir": data_dir, "crops_per_clip": 3}
    pretrain(str(tmp_path / "two"), **{**arguments, "steps": 5})
    pretrain(str(tmp_path / "two"), corpus="sounds", **{**arguments, "steps": 9})
    pretrain(str(tmp_path / "one"), **{**arguments, "steps": 9})
    assert losses(tmp_path / "two") == losses(tmp_path / "one")
    assert len(set(losses(tmp_path / "one"))) == 9
    with pytest.raises(ValueError, match="Received: crops_per_clip=2; .*crops_per_clip="):
        pretrain(str(tmp_path / "two"), **{**arguments, "crops_per_clip": 2})


def test_corpus_on_two_devices(data_dir, tmp_path):
    pretrain(str(tmp_path), data_dir=data_dir, crops_per_clip=2, num_devices=2, **TINY_RUN)
    assert np.isfinite([float(loss) for loss in losses(tmp_path)]).all() and len(losses(tmp_path)) == 4


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "Sound must be given.*none of them"),
        ({"audio_dirs": ["x"], "data_dir": "y"}, r"not from both. Received: audio_dir=\['x'\].*data_dir='y'"),
        ({"audio_dirs": ["x"], "crops_per_clip": 2}, "Received: crops_per_clip=2; tools/prepare.py"),
        ({"corpus": "x"}, "Received: corpus='x', data_dir=None"),
    ],
)
def test_sound_that_does_not_fit_together(tmp_path, arguments, message):
    with pytest.raises(ValueError, match=message):
        pretrain(str(tmp_path / "run"), **arguments, **TINY_RUN)
    assert not (tmp_path / "run").exists()
