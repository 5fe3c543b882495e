"""Checkpoints: by name, whole, and of the model that they restore."""

import random

import keras
import numpy as np
import pytest

import byola_keras
from byola_keras.training.checkpoints import Checkpoints
from byola_keras.training.weight_names import named_optimizer_variables, named_weights, stable_names
from tests.factories import tiny_byol


def checkpointed(tmp_path, keep=3):
    """A model of one dense layer, and its checkpoints."""
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile(byola_keras.Adam(0.1))
    model.optimizer.build(model.trainable_variables)
    return model, Checkpoints(str(tmp_path), model, keep)


def test_damaged_checkpoints_fall_back(tmp_path, caplog):
    model, checkpoints = checkpointed(tmp_path)
    assert checkpoints.restore() == 0
    for step in (1, 2, 3, 4):
        model.layers[0].bias.assign([float(step)])
        checkpoints.save(step)
    folder = tmp_path / "checkpoints"
    assert sorted(p.name for p in folder.glob("*.index")) == ["step-2.index", "step-3.index", "step-4.index"]
    # The newest loses half of its data, the next has a flipped bit.
    newest = folder / "step-4.data-00000-of-00001"
    newest.write_bytes(newest.read_bytes()[: newest.stat().st_size // 2])
    second = bytearray((folder / "step-3.data-00000-of-00001").read_bytes())
    second[len(second) // 2] ^= 0x10
    (folder / "step-3.data-00000-of-00001").write_bytes(second)

    fresh, restored = checkpointed(tmp_path)
    with caplog.at_level("ERROR", logger="absl"):
        assert restored.restore() == 2
    assert float(fresh.layers[0].bias[0]) == 2.0
    messages = [record.getMessage() for record in caplog.records]
    assert "step-4 is damaged" in messages[0] and "step-3 is damaged" in messages[1]


def test_lost_list_of_checkpoints(tmp_path):
    model, checkpoints = checkpointed(tmp_path)
    for step in (9, 10):
        model.layers[0].bias.assign([float(step)])
        checkpoints.save(step)
    (tmp_path / "checkpoints" / "checkpoint").unlink()
    fresh, restored = checkpointed(tmp_path)
    assert restored.restore() == 10
    assert float(fresh.layers[0].bias[0]) == 10.0


def test_what_a_kill_left_of_a_save_is_cleared_away(tmp_path):
    _, checkpoints = checkpointed(tmp_path)
    checkpoints.save(1)
    (tmp_path / "checkpoints" / "step-2_temp").mkdir()
    (tmp_path / "checkpoints" / "step-2_temp" / "part").write_bytes(b"half")
    assert checkpointed(tmp_path)[1].restore() == 1
    assert not (tmp_path / "checkpoints" / "step-2_temp").exists()


def test_only_damaged_checkpoints(tmp_path):
    _, checkpoints = checkpointed(tmp_path)
    checkpoints.save(1)
    (tmp_path / "checkpoints" / "step-1.index").write_bytes(b"nothing")
    _, restored = checkpointed(tmp_path)
    with pytest.raises(ValueError, match="all damaged.*move .* away to start anew"):
        restored.restore()


def test_number_of_kept_checkpoints(tmp_path):
    _, checkpoints = checkpointed(tmp_path, keep=2)
    for step in (1, 2, 3):
        checkpoints.save(step)
    assert sorted(p.name for p in (tmp_path / "checkpoints").glob("*.index")) == [
        "step-2.index",
        "step-3.index",
    ]


class Twins(keras.Model):
    """Two layers of one shape, made and tracked in a given order."""

    def __init__(self, order, **kwargs):
        super().__init__(**kwargs)
        for name in order:
            setattr(self, name, keras.layers.Dense(3, name=name))

    def build(self, input_shape):
        self.left.build((None, 3))
        self.right.build((None, 3))


def twins(*order):
    model = Twins(order)
    model.build((None, 3))
    model.compile(byola_keras.Adam(0.1))
    model.optimizer.build(model.trainable_variables)
    return model


def test_other_order_of_attributes_restores_by_name(tmp_path):
    model = twins("left", "right")
    model.left.kernel.assign(np.full((3, 3), 1.0))
    model.right.kernel.assign(np.full((3, 3), 2.0))
    slots = named_optimizer_variables(model)
    slots["adam:twins:left:kernel:momentum"].assign(np.full((3, 3), 0.25))
    Checkpoints(str(tmp_path), model, 1).save(5)
    other = twins("right", "left")
    assert [w.path for w in other.weights] != [w.path for w in model.weights]
    assert Checkpoints(str(tmp_path), other, 1).restore() == 5
    np.testing.assert_array_equal(other.left.kernel, 1.0)
    np.testing.assert_array_equal(other.right.kernel, 2.0)
    restored = named_optimizer_variables(other)
    np.testing.assert_array_equal(restored["adam:twins:left:kernel:momentum"], 0.25)
    np.testing.assert_array_equal(restored["adam:twins:right:kernel:momentum"], 0.0)


def test_weights_that_the_other_model_has_not(tmp_path, caplog):
    def stack(*names):
        return keras.Sequential([keras.Input((2,)), *[keras.layers.Dense(2, name=name) for name in names]])

    small, large = stack("first"), stack("first", "second")
    for model, folder in ((small, "small"), (large, "large")):
        model.compile(byola_keras.Adam(0.1))
        model.optimizer.build(model.trainable_variables)
        Checkpoints(str(tmp_path / folder), model, 1).save(1)
    with pytest.raises(ValueError, match=r"lacks model/.*second:bias.* and 3 more and has besides nothing"):
        Checkpoints(str(tmp_path / "small"), large, 1).restore()
    with pytest.raises(ValueError, match=r"lacks nothing and has besides model/.*second:bias"):
        Checkpoints(str(tmp_path / "large"), small, 1).restore()
    assert "damaged" not in caplog.text


def test_stable_names():
    paths = [
        "byol_3/conv2d_9/kernel",
        "byol_3/conv2d_7/kernel",
        "byol_3/projector/kernel",
        "seed",
        "byol_3/a/b_1",
    ]
    names = ["byol:conv2d-1:kernel", "byol:conv2d-0:kernel", "byol:projector:kernel", "seed", "byol:a:b"]
    assert stable_names(paths) == names
    # Keras gives the first layer of a kind no number, and two layers may be called the same.
    assert stable_names(["m/dense/k", "m/dense_1/k", "m/dense_10/k"]) == [
        "m:dense-0:k",
        "m:dense-1:k",
        "m:dense-2:k",
    ]
    assert stable_names(["m/same/k", "m/same/k"]) == ["m:same:k-0", "m:same:k-1"]


def test_names_of_a_model_do_not_depend_on_what_was_built_before():
    def names():
        model = tiny_byol()
        model.compile(byola_keras.Adam())
        model.optimizer.build(model.trainable_variables)
        return list(named_weights(model)), list(named_optimizer_variables(model))

    first = names()
    for _ in range(random.randint(1, 3)):
        tiny_byol()
    assert names() == first
    weights, slots = first
    assert len(set(weights)) == len(weights) and "byol:target_projector:hidden:kernel" in weights
    assert "adam:byol:encoder:convolution-1:kernel:velocity" in slots


def test_slot_of_a_weight_whose_name_begins_like_another():
    class Gains(keras.Model):
        def build(self, input_shape):
            self.gain = self.add_weight(name="gain", shape=(1,))
            self.gain_extra = self.add_weight(name="gain_extra", shape=(2,))

    model = Gains(name="gains")
    model.build(None)
    model.compile(byola_keras.Adam(0.1))
    model.optimizer.build(model.trainable_variables)
    slots = named_optimizer_variables(model)
    assert tuple(slots["adam:gains:gain:momentum"].shape) == (1,)
    assert tuple(slots["adam:gains:gain_extra:momentum"].shape) == (2,)
