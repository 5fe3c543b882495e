"""Reads the pickle inside a PyTorch file without importing or calling anything.

Python's own unpickler imports what a pickle names and calls it, so that a pickle is a program. The machine
here moves values only: the few names that make up tensors have a fixed meaning; no name is ever looked up.
"""

import math
import pickletools
from typing import BinaryIO, NamedTuple

# A pickle describes tensors, whose values lie elsewhere: the pickle of a BYOL-A run has some kilobytes. In
# memory it may have a hundred times its size.
_MAX_BYTES = 2**22
# More axes numpy does not take.
_MAX_AXES = 32

# Classes and functions of objects that training code keeps beside the weights; they are passed over as
# `Opaque`. A name that ends in a dot stands for all names that begin with it.
_HARMLESS = (
    "argparse.Namespace",
    *(f"builtins.{name}" for name in ("bool", "bytearray", "complex", "dict", "float", "frozenset", "int")),
    *(f"builtins.{name}" for name in ("list", "object", "set", "slice", "str", "tuple")),
    "collections.Counter",
    "collections.defaultdict",
    "collections.deque",
    "copyreg._reconstructor",
    "datetime.",
    "lightning.",
    "lightning_fabric.",
    "numpy.",
    "omegaconf.",
    "pathlib.",
    "pytorch_lightning.",
    "torch.",
    "typing.",
    "_codecs.encode",
)
_LITERALS = {
    *("INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT"),
    *("STRING", "BINSTRING", "SHORT_BINSTRING", "UNICODE", "BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8"),
    *("BINBYTES", "SHORT_BINBYTES", "BINBYTES8", "BYTEARRAY8"),
}
# Pickles of protocol 2 keep these names of Python 2.
_OLD_MODULES = {"__builtin__": "builtins", "copy_reg": "copyreg"}


class TorchFileError(ValueError):
    """A file cannot be read as tensors. The text is the reason, in a few words."""


class Storage(NamedTuple):
    """The place of values in a file: `count` numbers of a type ("FloatStorage") under a key."""

    kind: str
    key: str
    count: int


class Tensor(NamedTuple):
    """A view of a storage; offset, size and stride count values, as PyTorch's do."""

    storage: Storage
    offset: int
    size: tuple
    stride: tuple


class Opaque(NamedTuple):
    """A class, a function or an instance that is left alone; all that is known is its name."""

    name: str


_KEY_TYPES = (str, int, float, bytes, type(None), Opaque)


def read_pickle(file: BinaryIO, storages: set[Storage] | None = None) -> object:
    """Reads one pickle from where `file` stands.

    Args:
        file: a file in memory or a memory map; its `read` must not allocate what is not there.
        storages: set that gets every storage that is named, also those of tensors that are not part of the
            result.

    Returns:
        Plain values and containers, with `Tensor` for tensors and `Opaque` for known harmless objects that
        training code stores beside the weights (of Lightning, of `torch` itself, `argparse.Namespace`, ...).

    Raises:
        TorchFileError: any other class or function is named, or this is no whole pickle.
    """
    machine, start = _Machine(set() if storages is None else storages), file.tell()
    try:
        for opcode, argument, position in pickletools.genops(file):
            if position - start > _MAX_BYTES:
                raise TorchFileError(f"its pickle has more than {_MAX_BYTES >> 20} MiB")
            if opcode.name == "STOP":
                return machine.pop()
            machine.step(opcode.name, argument)
        raise TorchFileError("it ends inside its pickle")
    except TorchFileError:
        raise
    except (ValueError, TypeError, IndexError, KeyError, AttributeError, MemoryError) as error:
        raise TorchFileError(f"its pickle is damaged or cut off ({error})") from error


class _Machine:
    """The stack and the memo of a pickle."""

    def __init__(self, storages):
        self.stack, self.marks, self.memo, self.storages = [], [], {}, storages
        self.operations = {
            **dict.fromkeys(_LITERALS, self.push),
            **dict.fromkeys(("PROTO", "FRAME"), lambda _: None),
            **dict.fromkeys(("BINPUT", "LONG_BINPUT", "PUT"), self._put),
            **dict.fromkeys(("BINGET", "LONG_BINGET", "GET"), lambda index: self.push(self.memo[index])),
            "MEMOIZE": lambda _: self._put(len(self.memo)),
            "MARK": lambda _: self.marks.append(len(self.stack)),
            "POP": lambda _: self.pop_many(1),
            "POP_MARK": lambda _: self.pop_mark(),
            "TUPLE": lambda _: self.push(tuple(self.pop_mark())),
            "LIST": lambda _: self.push(self.pop_mark()),
            "FROZENSET": lambda _: self.push(self.pop_mark()),
            "DICT": lambda _: self.push(_dict(_pairs(self.pop_mark()))),
            "NONE": lambda _: self.push(None),
            "NEWTRUE": lambda _: self.push(True),
            "NEWFALSE": lambda _: self.push(False),
            "EMPTY_TUPLE": lambda _: self.push(()),
            "EMPTY_LIST": lambda _: self.push([]),
            "EMPTY_SET": lambda _: self.push([]),
            "EMPTY_DICT": lambda _: self.push({}),
            "TUPLE1": lambda _: self.push(tuple(self.pop_many(1))),
            "TUPLE2": lambda _: self.push(tuple(self.pop_many(2))),
            "TUPLE3": lambda _: self.push(tuple(self.pop_many(3))),
            "APPEND": lambda _: self._extend(self.pop_many(1)),
            "APPENDS": lambda _: self._extend(self.pop_mark()),
            "ADDITEMS": lambda _: self._extend(self.pop_mark()),
            "SETITEM": lambda _: self._update(self.pop_many(2)),
            "SETITEMS": lambda _: self._update(self.pop_mark()),
            "GLOBAL": lambda name: self.push(_named(*name.split(" ", 1))),
            "STACK_GLOBAL": lambda _: self.push(_named(*self.pop_many(2))),
            "BINPERSID": lambda _: self._refer(self.pop()),
            "REDUCE": lambda _: self.push(_reduced(*self.pop_many(2))),
            "NEWOBJ": lambda _: self.push(_reduced(*self.pop_many(2))),
            "NEWOBJ_EX": lambda _: self.push(_reduced(*self.pop_many(3)[:2])),
            # It would set the state of an object, which is passed over.
            "BUILD": lambda _: self.pop_many(1),
        }

    def step(self, name, argument):
        if name not in self.operations:
            raise TorchFileError(f"its pickle has the instruction {name}, which PyTorch does not write")
        self.operations[name](argument)

    def push(self, value):
        self.stack.append(value)

    def pop(self):
        return self.pop_many(1)[0]

    def pop_many(self, count):
        if len(self.stack) < count:
            raise IndexError("a value is missing")
        values = self.stack[-count:]
        del self.stack[-count:]
        return values

    def pop_mark(self):
        start = self.marks.pop()
        values = self.stack[start:]
        del self.stack[start:]
        return values

    def _put(self, index):
        self.memo[index] = self.stack[-1]

    def _refer(self, identifier):
        self.push(_storage(identifier))
        self.storages.add(self.stack[-1])

    def _extend(self, values):
        if isinstance(self.stack[-1], list):
            self.stack[-1].extend(values)
        elif not isinstance(self.stack[-1], Opaque):
            raise TypeError("items for what is no list")

    def _update(self, values):
        if isinstance(self.stack[-1], dict):
            self.stack[-1].update(_dict(_pairs(values)))
        elif not isinstance(self.stack[-1], Opaque):
            raise TypeError("items for what is no dict")


def _pairs(values):
    return list(zip(values[::2], values[1::2], strict=True))


def _dict(pairs):
    for key, _ in pairs:
        # A deeply nested tuple could not even be hashed.
        if not isinstance(key, _KEY_TYPES):
            raise TorchFileError(f"it holds a dict with a key of type {type(key).__name__}")
    return dict(pairs)


def _named(module, name):
    if not isinstance(module, str) or not isinstance(name, str):
        raise TypeError("a name that is no text")
    full = f"{_OLD_MODULES.get(module, module)}.{name}"
    if full != "collections.OrderedDict" and not any(
        full.startswith(known) if known.endswith(".") else full == known for known in _HARMLESS
    ):
        raise TorchFileError(
            f"it names {full[:200]}; only tensors, plain containers and what Lightning stores beside them "
            "are read. If you trust the file, load it in PyTorch and save the state_dict of the model alone"
        )
    return Opaque(full)


def _storage(identifier):
    """Returns the storage of a persistent id ("storage", type, key, device, number of values, ...)."""
    if not isinstance(identifier, tuple) or len(identifier) < 5 or identifier[0] != "storage":
        raise TypeError("an unknown persistent id")
    if identifier[5:] not in ((), (None,)):
        raise TorchFileError("it holds views of storages, as old versions of PyTorch wrote")
    kind, key, count = identifier[1].name.rpartition(".")[2], identifier[2], identifier[4]
    if not isinstance(key, str) or not _is_size(count):
        raise TypeError("a persistent id without key or size")
    return Storage(kind, key, count)


def _reduced(function, arguments):
    """Returns what `function(*arguments)` stands for, for the few functions that make up tensors."""
    if not isinstance(function, Opaque) or not isinstance(arguments, tuple):
        raise TypeError("a call of what is no function")
    match function.name:
        case "collections.OrderedDict":
            return _dict(arguments[0] if arguments else ())
        case "torch.Size":
            return tuple(arguments[0])
        case "torch._utils._rebuild_tensor" | "torch._utils._rebuild_tensor_v2":
            return _tensor(*arguments)
        case "torch._utils._rebuild_parameter":
            return arguments[0]
    return function


def _tensor(storage, offset, size, stride, _requires_grad=False, _hooks=None, flags=None):
    numbers = (offset, *size, *stride)
    if not isinstance(storage, Storage) or len(size) != len(stride):
        raise TypeError("a tensor without storage or shape")
    if not all(map(_is_size, numbers)) or len(size) > _MAX_AXES:
        raise TypeError("a tensor whose shape is no shape")
    if flags:  # Conjugated or negated in place.
        raise TorchFileError(f"it holds a tensor with the flags {sorted(flags)}")
    if math.prod(size) > storage.count:
        raise TorchFileError("it holds a tensor that repeats its values; save it with .contiguous()")
    return Tensor(storage, offset, tuple(size), tuple(stride))


def _is_size(number):
    return type(number) is int and 0 <= number < 2**63
