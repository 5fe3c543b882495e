import io
import os
import pickle
import re
import shutil
import tracemalloc
import zipfile

import numpy as np
import pytest

from byola_keras.torch_files.reader import read_torch_file
from tests import reference
from tests.torch_files.torch_writers import (
    MAGIC_NUMBER,
    Call,
    Evil,
    Name,
    Persistent,
    dumps,
    encode,
    storage,
    tensor,
    write_legacy,
    write_zip,
)

SIX = np.arange(6, dtype="<f4").tobytes()


def refused(path, message):
    with pytest.raises(ValueError, match=message) as caught:
        read_torch_file(path)
    assert f"Received: path={str(path)!r}" in str(caught.value)


@pytest.mark.parametrize("name", ["torch_views.pth", "torch_views_legacy.pth"])
def test_every_type_and_view(torch_files, name):
    folder, expected = torch_files
    arrays, expected = read_torch_file(folder / name), reference.with_prefix(expected, "views/")
    assert list(arrays) == list(expected)
    for key, array in arrays.items():
        assert array.dtype == expected[key].dtype and not array.flags.writeable
        np.testing.assert_array_equal(array, expected[key], err_msg=key, strict=True)
    assert np.shares_memory(arrays["base"], arrays["rows"])


@pytest.mark.parametrize("write", [write_zip, write_legacy])
def test_dict_around_the_weights(tmp_path, write):
    content = {
        "epoch": 3,
        "loss": None,
        "model": {"a": tensor(), "b": tensor(size=(2, 2), stride=(1, 3), offset=1)},
    }
    arrays = read_torch_file(write(tmp_path / "x.pth", content, {"0": SIX}))
    np.testing.assert_array_equal(arrays["a"], [[0, 1, 2], [3, 4, 5]])
    np.testing.assert_array_equal(arrays["b"], [[1, 4], [2, 5]])


@pytest.mark.parametrize("write", [write_zip, write_legacy])
def test_a_state_dict_beside_the_step_and_the_optimizer_s_state(write, tmp_path):
    """As Resemblyzer's checkpoint has it."""
    moments = {"exp_avg": tensor("1", kind="FloatStorage"), "step": 7}
    content = {
        "step": 7,
        "model_state": {"a": tensor()},
        "optimizer_state": {"state": {140178894849152: moments}, "param_groups": [{"params": [1]}]},
    }
    arrays = read_torch_file(write(tmp_path / "x.pt", content, {"0": SIX, "1": SIX}))
    assert list(arrays) == ["a"]
    np.testing.assert_array_equal(arrays["a"], [[0, 1, 2], [3, 4, 5]])


def test_bytes_in_the_order_of_another_machine(tmp_path):
    big = np.arange(6, dtype=">f4").tobytes()
    arrays = read_torch_file(write_zip(tmp_path / "x.pth", {"a": tensor()}, {"0": big}, byteorder=b"big"))
    np.testing.assert_array_equal(arrays["a"], [[0, 1, 2], [3, 4, 5]])


def test_lightning_objects_are_passed_over(tmp_path):
    """As Lightning 1.x wrote them: classes as keys, hyperparameters as dicts of its own."""
    checkpoint = Name("pytorch_lightning.callbacks.model_checkpoint", "ModelCheckpoint")
    attributes = Name("pytorch_lightning.utilities.parsing", "AttributeDict")
    # An object is made, filled with an item, and given its state.
    hyper_parameters = encode(attributes) + b")\x81(" + encode("lr") + encode(1) + b"u}b"
    content = {
        "state_dict": {"a": tensor()},
        "callbacks": {checkpoint: {"best": tensor(size=(), stride=())}},
        "hyper_parameters": hyper_parameters,
        "optimizer_states": [{"state": {0: {"exp_avg": tensor("1", kind="FloatStorage")}}}],
    }
    for write in (write_zip, write_legacy):
        path = write(tmp_path / "x.ckpt", content, {"0": SIX, "1": SIX})
        assert list(read_torch_file(path)) == ["a"]


@pytest.mark.parametrize(
    "name",
    [
        *("argparse.Namespace", "builtins.set", "builtins.slice", "builtins.object", "builtins.complex"),
        *("collections.Counter", "collections.defaultdict", "collections.deque", "copyreg._reconstructor"),
        *("datetime.datetime", "lightning.pytorch.x", "lightning_fabric.x", "numpy.dtype", "omegaconf.x"),
        *("pathlib.PosixPath", "pytorch_lightning.x.Y", "torch.device", "typing.Any", "_codecs.encode"),
        *("__builtin__.dict", "copy_reg._reconstructor"),
    ],
)
def test_objects_beside_the_weights_that_are_passed_over(tmp_path, name):
    content = {"state_dict": {"a": tensor()}, "x": Call(Name(*name.rsplit(".", 1)), ())}
    assert list(read_torch_file(write_zip(tmp_path / "x.ckpt", content, {"0": SIX}))) == ["a"]


# What is refused ---------------------------------------------------------------------------------


@pytest.mark.parametrize("where", ["root", "weight", "beside"])
@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_nothing_is_executed(tmp_path, monkeypatch, where, protocol):
    monkeypatch.chdir(tmp_path)
    for function, argument in (
        (os.system, "touch ran"),
        (eval, "open('ran', 'w')"),
        (shutil.rmtree, str(tmp_path)),
    ):
        evil = Evil(function, argument)
        value = {"root": evil, "weight": {"a": evil}, "beside": {"state_dict": {}, "x": [evil]}}[where]
        data = pickle.dumps(value, protocol)
        with zipfile.ZipFile("zip.pth", "w") as archive:
            archive.writestr("archive/data.pkl", data)
        with open("legacy.pth", "wb") as file:
            file.write(dumps(MAGIC_NUMBER) + dumps(1001) + dumps({}) + data + dumps([]))
        for path in ("zip.pth", "legacy.pth"):
            refused(path, f"it names {function.__module__}.{function.__name__}; only tensors")
            assert not os.path.exists("ran")
    # Python itself would have run it.
    pickle.loads(pickle.dumps(Evil(os.system, "touch ran")))
    assert os.path.exists("ran")


@pytest.mark.parametrize(
    "name",
    [
        *("builtins.eval", "builtins.exec", "builtins.getattr", "builtins.open", "builtins.__import__"),
        *("builtins.setattr", "builtins.type", "builtins.compile", "builtins.listx", "builtins.dict.x"),
        *("collections.x", "collectionsx.Counter", "collections.Counterx", "copyreg.add_extension"),
        *("subprocess.Popen", "os.system", "posix.system", "importlib.import_module", "runpy.run_path"),
        *("torchx.a", "torchvision.x", "numpyx.a", "lightningx.a", "pathlibx.Path", "typingx.Any"),
        *("argparse.Namespacex", "argparse.ArgumentParser", "_codecs.decode", "codecs.encode", "sys.exit"),
        *("operator.attrgetter", "functools.partial", "pickle.loads", "shutil.rmtree", "webbrowser.open"),
    ],
)
def test_names_that_are_refused_wherever_they_stand(tmp_path, name):
    content = {"state_dict": {"a": tensor()}, "x": Name(*name.rsplit(".", 1))}
    path = write_zip(tmp_path / "x.ckpt", content, {"0": SIX})
    refused(path, f"it names {re.escape(name)}; only tensors")


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (
            Call(Name("byol_a.models", "AudioNTT2020"), ()),
            "it names byol_a.models.AudioNTT2020; only tensors",
        ),
        (Name("__builtin__", "getattr"), "it names builtins.getattr"),
        (Name("torchvision", "x"), "it names torchvision.x"),
        (
            Call(Name("torch.nn.modules.linear", "Linear"), ()),
            "it holds the object torch.nn.modules.linear.Linear",
        ),
        ({}, "it holds a dict, not a state dict"),
        ([tensor()], "it holds a list, not a state dict"),
        (tensor(), "it holds a single tensor, not a state dict; save model.state_dict()"),
        ({"a": tensor(), "b": 3}, "among the weights, 'b' is 3, not a tensor"),
        ({"state_dict": {"a": tensor(), "b": {"c": tensor()}}}, "'b' is a dict, not a tensor"),
        ({3: tensor()}, "among the weights, 3 is a single tensor"),
        ({"a": Call(Name("torch", "device"), ("cpu",))}, "'a' is the object torch.device, not a tensor"),
        (
            {"a": Call(Name("torch._utils", "_rebuild_qtensor"), ())},
            "the object torch._utils._rebuild_qtensor",
        ),
        ({("a", "b"): tensor()}, "it holds a dict with a key of type tuple"),
        ({"a": tensor(kind="QInt8Storage")}, "it holds a torch.QInt8Storage; known are DoubleStorage"),
        ({"a": tensor(size=(2, 4))}, "it holds a tensor that repeats its values"),
        ({"a": tensor(size=(6, 2**40), stride=(1, 0))}, "it holds a tensor that repeats its values"),
        ({"a": tensor(offset=1)}, "the tensor 'a' lies outside its storage"),
        ({"a": tensor(stride=(3, 2))}, "the tensor 'a' lies outside its storage"),
        ({"a": tensor(offset=-1)}, "a tensor whose shape is no shape"),
        ({"a": tensor(stride=(-3, 1), offset=3)}, "a tensor whose shape is no shape"),
        ({"a": tensor(size=(1,) * 40, stride=(1,) * 40)}, "a tensor whose shape is no shape"),
        ({"a": tensor(size=(2, "3"))}, "a tensor whose shape is no shape"),
        ({"a": tensor(count=7)}, "storage 0 must have 7 x 4 bytes|it ends inside its values"),
        (
            {"a": tensor(count=2**60, size=(2**60,), stride=(1,))},
            "storage 0 must have|it ends inside its values",
        ),
        ({"a": tensor(count=2**80)}, "a persistent id without key or size"),
        ({"a": tensor("9")}, "the record archive/data/9 is missing|the list of its storages is not that"),
        (Persistent(("module", "x")), "an unknown persistent id"),
        ({"a": Persistent((*storage("0", 6).identifier, ("1", 0, 3)))}, "it holds views of storages"),
        # Instructions: a call of a number; a stack that is empty; lengths and places beyond any memory.
        (b"K\x01)R", "its pickle is damaged or cut off .a call of what is no function"),
        (b"0", "a value is missing"),
        (b"\x8d" + b"\xff" * 7 + b"\x0fab", "its pickle is damaged or cut off"),
        (b"]r\xff\xff\xff\xffj\xff\xff\xff\xfe", "its pickle is damaged or cut off"),
        (b"(" * 20_000 + b"t" * 20_000, "it holds a tuple, not a state dict"),
        ({"a": "b" * 2**23, "c": tensor()}, "its pickle has more than 4 MiB"),
        (b"cos\nsystem\n", "it names os.system"),
        (b"\x8c\x02os\x8c\x06system\x93", "it names os.system"),
        (b"(S'ran'\nios\nsystem\n", "its pickle has the instruction INST"),
        (b"\x82\x01", "its pickle has the instruction EXT1"),
    ],
)
def test_what_is_no_state_dict(tmp_path, value, message):
    for write in (write_zip, write_legacy):
        path = write(tmp_path / "x.pth", value, {"0": SIX})
        tracemalloc.start()
        refused(path, message)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 4 * os.path.getsize(path) + 4e6


def test_files_of_other_kinds(tmp_path):
    path = tmp_path / "x.pth"
    for content in (b"", b"no tensors", pickle.dumps({"a": 1}), dumps(MAGIC_NUMBER), os.urandom(1000)):
        path.write_bytes(content)
        refused(path, "it has neither of PyTorch's two formats")
    np.savez(tmp_path / "x.npz", a=np.zeros(3))
    refused(tmp_path / "x.npz", "a zip archive without data.pkl")
    write_zip(path, {"a": tensor()}, {"0": SIX}, compression=zipfile.ZIP_DEFLATED)
    refused(path, "is compressed or encrypted")
    for nothing in (tmp_path, tmp_path / "gone.pth"):
        with pytest.raises(FileNotFoundError, match="`path` must be a PyTorch file.*which is no file"):
            read_torch_file(nothing)


def test_records_that_share_their_bytes(tmp_path):
    """A zip bomb without compression: one record contains the next."""
    inner, path = io.BytesIO(), tmp_path / "x.pth"
    data = bytes(4000)
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("archive/data/1", data)
        info = archive.getinfo("archive/data/1")
    weights = {"a": tensor("0", 1011), "b": tensor("1", 1000)}
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", dumps(weights))
        archive.writestr("archive/data/0", inner.getvalue()[:4044])
        info.header_offset = archive.start_dir - 4044
        archive.filelist.append(info)
    refused(path, "its records are larger than the file|Overlapped entries")


@pytest.mark.parametrize("name", ["torch_views.pth", "torch_views_legacy.pth"])
def test_files_that_were_cut_off_or_damaged(tmp_path, name):
    content, path = (reference.DATA_DIR / name).read_bytes(), tmp_path / "x.pth"
    for length in range(0, len(content), 23):
        path.write_bytes(content[:length])
        refused(path, "neither of PyTorch's two formats|damaged or cut off|ends inside")
    draws, read = np.random.default_rng(3), 0
    for _ in range(300):
        damaged = bytearray(content)
        damaged[draws.integers(len(content))] = draws.integers(256)
        path.write_bytes(damaged)
        try:
            read_torch_file(path)
            read += 1
        except ValueError as error:
            assert "`path` must be a PyTorch checkpoint of tensors" in str(error)
    assert 0 < read < 300
