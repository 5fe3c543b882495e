"""The probe beside the training."""

import pytest
import tensorflow as tf
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from byola_keras.training import probe_callback as probe_module
from byola_keras.training.probe_callback import load_probe_task
from tests.evaluation.tones import write_task
from tests.sounds import write_sounds
from tests.workdirs import losses, train


@pytest.fixture(scope="module")
def sounds(tmp_path_factory):
    return str(write_sounds(tmp_path_factory.mktemp("sounds")))


@pytest.fixture
def tones(tmp_path):
    (tmp_path / "tones").mkdir()
    return write_task(tmp_path / "tones", 60)


def probes(workdir):
    events = EventAccumulator(str(workdir / "tensorboard" / "probe"), size_guidance={"tensors": 0})
    events.Reload()
    (name,) = events.Tags()["tensors"]
    assert name == "probe/csv_tones_pitch_accuracy"
    return {event.step: float(tf.make_ndarray(event.tensor_proto)) for event in events.Tensors(name)}


def test_probe_is_logged_and_changes_nothing(sounds, tones, tmp_path):
    arguments = {"num_devices": 2}
    train(tmp_path / "without", sounds, **arguments)
    probe = {"probe_task": f"csv:{tones}:pitch", "probe_every": 2}
    train(tmp_path / "with", sounds, **arguments, **probe)
    assert losses(tmp_path / "with") == losses(tmp_path / "without")
    logged = probes(tmp_path / "with")
    assert list(logged) == [0, 2, 4]
    # Pitch is so easy that a tiny encoder without training tells it better than by chance, which is 1/3.
    assert all(0.5 < accuracy <= 1 for accuracy in logged.values())
    # And the clips are in the projector, see probe_map_test.
    folder = tmp_path / "with" / "tensorboard" / "probe"
    assert "step 4" in (folder / "projector_config.pbtxt").read_text()


def test_failure_ends_the_run_at_its_start_only(sounds, tones, tmp_path, caplog):
    probe = {"probe_task": f"csv:{tones}:pitch", "probe_every": 2}
    (tones.parent / "0.wav").write_bytes((tones.parent / "0.wav").read_bytes()[:44])
    with pytest.raises(ValueError, match="Every clip of tones: pitch"):
        train(tmp_path / "run", sounds, **probe)
    train(tmp_path / "run", sounds, steps=1)
    with caplog.at_level("WARNING"):
        train(tmp_path / "run", sounds, **probe)
    assert len(losses(tmp_path / "run")) == 4 and "The probe of step 2 is left out" in caplog.text


def test_large_or_official_task_is_refused(tones, monkeypatch):
    with pytest.raises(ValueError, match="probe_task='esc50'"):
        load_probe_task("esc50")
    monkeypatch.setattr(probe_module, "_MAX_CLIPS", 59)
    with pytest.raises(ValueError, match="at most 59 clips.*60 clips"):
        load_probe_task(f"csv:{tones}:pitch")
