"""Reads PyTorch checkpoints as numpy arrays, without PyTorch."""

import io
import mmap
import os
import struct
import zipfile
from collections.abc import Set

import numpy as np

from byola_keras.torch_files.unpickler import Opaque, Storage, Tensor, TorchFileError, read_pickle

_DTYPES = {
    "DoubleStorage": "f8",
    "FloatStorage": "f4",
    "HalfStorage": "f2",
    "BFloat16Storage": "u2",
    "LongStorage": "i8",
    "IntStorage": "i4",
    "ShortStorage": "i2",
    "CharStorage": "i1",
    "ByteStorage": "u1",
    "BoolStorage": "?",
    "ComplexFloatStorage": "c8",
    "ComplexDoubleStorage": "c16",
}
_ZIP_START = b"PK\x03\x04"
# The older format begins with these two numbers, each a pickle of its own.
_MAGIC_NUMBER = 0x1950A86A20F9469CFC6C
_PROTOCOL_VERSION = 1001
# `zipfile` and numpy raise any of these on damaged files.
_ERRORS = (
    ValueError,
    zipfile.BadZipFile,
    EOFError,
    OSError,
    NotImplementedError,
    OverflowError,
    struct.error,
)
# Training code keeps the state dict under these: Lightning under the first, others under the rest.
_STATE_DICT_KEYS = ("state_dict", "model", "model_state")


def read_torch_file(path: str) -> dict[str, np.ndarray]:
    """Reads the tensors of a PyTorch checkpoint; needs no PyTorch and runs nothing of what the file says.

    Both formats of `torch.save` are read, the zip archive (PyTorch 1.6 and later) and the older one. The file
    must hold a state dict, or a dict with one under "state_dict" (Lightning), "model" or "model_state". Every
    value in it must be a tensor.

    No class is ever imported, nothing is ever called. Beside the weights a Lightning checkpoint holds
    objects, such as hyperparameters or the state of callbacks: those of Lightning, of `torch` itself and a
    few plain ones (`argparse.Namespace`) are passed over unseen. With any other name anywhere in it, be it
    `os.system` or a class of your own, the whole file is refused: what asks for more than to be read is not
    trusted.

    The memory that is allocated is bounded by the size of the file.

    Args:
        path: path of a .pth, .pt or .ckpt file.

    Returns:
        Arrays by name, in the order of the file, read-only; those that share memory there share it here.
        bfloat16, which numpy does not have, comes as float32.

    Raises:
        FileNotFoundError: no such file.
        TorchFileError: the file is damaged, cut off, of another kind, or names a class or function that is
            not read; the text says which. It is a `ValueError`.
    """
    path = os.fspath(path)
    if not os.path.isfile(path):
        raise FileNotFoundError(f"`path` must be a PyTorch file. Received: path={path!r}, which is no file.")
    with open(path, "rb") as file:
        try:
            return _read(file)
        except _ERRORS as error:
            reason = error if isinstance(error, TorchFileError) else f"it is damaged or cut off ({error})"
            raise TorchFileError(
                f"`path` must be a PyTorch checkpoint of tensors. Received: path={path!r}; {reason}."
            ) from error


def _read(file):
    content = _ZipContent(file) if file.read(len(_ZIP_START)) == _ZIP_START else _LegacyContent(file)
    tensors = _state_dict(content.root)
    values = content.read({tensor.storage for tensor in tensors.values()})
    return {name: _view(name, tensor, values[tensor.storage]) for name, tensor in tensors.items()}


def _state_dict(root):
    for key in _STATE_DICT_KEYS:
        if isinstance(root, dict) and isinstance(root.get(key), dict):
            root = root[key]
    if not isinstance(root, dict) or not root:
        raise TorchFileError(f"it holds {_described(root)}, not a state dict; save model.state_dict()")
    for name, value in root.items():
        if not isinstance(name, str) or not isinstance(value, Tensor):
            raise TorchFileError(
                f"among the weights, {_described(name)} is {_described(value)}, not a tensor"
            )
    return root


def _described(value):
    """Describes a value for an error, in few characters whatever it holds."""
    if isinstance(value, Opaque):
        return f"the object {value.name}"
    if isinstance(value, (str, int, float)):
        return repr(value)[:100]
    return "a single tensor" if isinstance(value, Tensor) else f"a {type(value).__name__}"


class _ZipContent:
    """The zip archive: NAME/data.pkl and a record NAME/data/KEY for each storage, all uncompressed."""

    def __init__(self, file):
        self.archive = zipfile.ZipFile(file)
        self.size = os.fstat(file.fileno()).st_size
        pickles = [name for name in self.archive.namelist() if name.split("/")[1:] == ["data.pkl"]]
        if len(pickles) != 1:
            raise TorchFileError("it is a zip archive without data.pkl, which PyTorch did not write")
        self.folder = pickles[0].rpartition("/")[0]
        order = f"{self.folder}/byteorder"
        big = order in self.archive.namelist() and self._record(order) == b"big"
        self.byte_order = ">" if big else "<"
        self.root = read_pickle(io.BytesIO(self._record(pickles[0])))

    def read(self, storages: Set[Storage]) -> dict[Storage, np.ndarray]:
        """Returns the values of storages, each [count]."""
        names = {storage.key: f"{self.folder}/data/{storage.key}" for storage in storages}
        # Many records may claim the same bytes of the archive.
        if sum(self._info(name).file_size for name in names.values()) > self.size:
            raise TorchFileError("its records are larger than the file")
        records = {key: self._record(name) for key, name in names.items()}
        return {s: _values(s, records[s.key], self.byte_order) for s in storages}

    def _info(self, name):
        try:
            return self.archive.getinfo(name)
        except KeyError:
            raise TorchFileError(f"the record {name} is missing") from None

    def _record(self, name):
        info = self._info(name)
        if info.compress_type != zipfile.ZIP_STORED or info.flag_bits & 1:
            raise TorchFileError(f"the record {name} is compressed or encrypted, which PyTorch does not do")
        if info.file_size > self.size:
            raise TorchFileError(f"the record {name} is larger than the file")
        return self.archive.read(info)


class _LegacyContent:
    """The older format: pickles of two numbers, the system, the object and the keys; then the values."""

    def __init__(self, file):
        size = os.fstat(file.fileno()).st_size
        self.file = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) if size else io.BytesIO()
        self.size = size
        if self._next_number() != _MAGIC_NUMBER or self._next_number() != _PROTOCOL_VERSION:
            raise TorchFileError("it has neither of PyTorch's two formats")
        read_pickle(self.file)
        self.storages = set()
        self.root = read_pickle(self.file, self.storages)
        self.keys = read_pickle(self.file)

    def _next_number(self):
        try:
            return read_pickle(self.file)
        except TorchFileError:
            return None

    def read(self, storages: Set[Storage]) -> dict[Storage, np.ndarray]:
        """Returns the values of storages, each [count]."""
        by_key, found = {storage.key: storage for storage in self.storages}, {}
        keys = self.keys if isinstance(self.keys, list) else []
        named = all(isinstance(key, str) for key in keys)
        if not named or sorted(keys) != sorted(storage.key for storage in self.storages):
            raise TorchFileError("the list of its storages is not that of its tensors")
        for key in keys:
            storage = by_key[key]
            count = int.from_bytes(self.file.read(8), "little")
            length = storage.count * np.dtype(_dtype(storage)).itemsize
            start = self.file.tell()
            if count != storage.count or start + length > self.size:
                raise TorchFileError(f"it ends inside its values, or the storage {key} is not what it claims")
            if storage in storages:
                found[storage] = _values(storage, self.file[start : start + length], "<")
            self.file.seek(start + length)
        return found


def _dtype(storage):
    if storage.kind not in _DTYPES:
        raise TorchFileError(f"it holds a torch.{storage.kind}; known are {', '.join(_DTYPES)}")
    return _DTYPES[storage.kind]


def _values(storage, data, byte_order):
    dtype = np.dtype(_dtype(storage))
    if len(data) != storage.count * dtype.itemsize:
        raise TorchFileError(
            f"storage {storage.key} must have {storage.count} x {dtype.itemsize} bytes, but has {len(data)}"
        )
    values = np.frombuffer(data, dtype.newbyteorder(byte_order)).astype(dtype, copy=False)
    if storage.kind == "BFloat16Storage":
        values = (values.astype("u4") << 16).view("f4")
    values.flags.writeable = False
    return values


def _view(name, tensor, values):
    try:
        if 0 in tensor.size:
            return np.broadcast_to(np.zeros((), values.dtype), tensor.size)
        steps = [step * values.itemsize for step in tensor.stride]
        # Checks that all lies inside the buffer.
        return np.ndarray(tensor.size, values.dtype, values, tensor.offset * values.itemsize, steps)
    except (ValueError, TypeError, OverflowError) as error:
        raise TorchFileError(f"the tensor {name!r} lies outside its storage ({error})") from error
