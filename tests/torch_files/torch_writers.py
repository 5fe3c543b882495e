"""PyTorch files written byte by byte: what PyTorch writes, and what it never would."""

import struct
import zipfile
from typing import NamedTuple

MAGIC_NUMBER = 0x1950A86A20F9469CFC6C


class Name(NamedTuple):
    """A class or function."""

    module: str
    name: str


class Call(NamedTuple):
    """The result of a function."""

    function: Name
    arguments: tuple


class Persistent(NamedTuple):
    """What lies outside the pickle."""

    identifier: tuple


def storage(key, count, kind="FloatStorage"):
    return Persistent(("storage", Name("torch", kind), key, "cpu", count))


def tensor(key="0", count=6, size=(2, 3), stride=(3, 1), offset=0, kind="FloatStorage"):
    """A tensor as PyTorch describes it."""
    arguments = (storage(key, count, kind), offset, size, stride, False, Call(ORDERED_DICT, ()))
    return Call(Name("torch._utils", "_rebuild_tensor_v2"), arguments)


ORDERED_DICT = Name("collections", "OrderedDict")


def encode(value) -> bytes:  # noqa: PLR0911
    """Pickle instructions that push `value`."""
    match value:
        case Name():
            return f"c{value.module}\n{value.name}\n".encode()
        case Call():
            return encode(value.function) + encode(tuple(value.arguments)) + b"R"
        case Persistent():
            return encode(tuple(value.identifier)) + b"Q"
        case bool() | None:
            return {True: b"\x88", False: b"\x89", None: b"N"}[value]
        case int():
            data = value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True)
            return b"\x8a" + bytes([len(data)]) + data
        case str():
            return b"X" + struct.pack("<I", len(value.encode())) + value.encode()
        case bytes():  # instructions as they are
            return value
        case tuple():
            return b"(" + b"".join(map(encode, value)) + b"t"
        case list():
            return b"](" + b"".join(map(encode, value)) + b"e"
        case dict():
            return b"}(" + b"".join(encode(k) + encode(v) for k, v in value.items()) + b"u"
    raise TypeError(value)


def dumps(value) -> bytes:
    """A pickle of plain values and the classes above."""
    return b"\x80\x02" + encode(value) + b"."


def write_zip(path, value, records, byteorder=b"little", compression=zipfile.ZIP_STORED):
    """The zip format: `value` and the bytes of its storages by key."""
    with zipfile.ZipFile(path, "w", compression) as archive:
        archive.writestr("archive/data.pkl", dumps(value))
        archive.writestr("archive/byteorder", byteorder)
        for key, data in records.items():
            archive.writestr(f"archive/data/{key}", data)
        archive.writestr("archive/version", b"3\n")
    return str(path)


def write_legacy(path, value, records, item_size=4):
    """The older format."""
    system = {
        "protocol_version": 1001,
        "little_endian": True,
        "type_sizes": {"short": 2, "int": 4, "long": 4},
    }
    content = b"".join(dumps(part) for part in (MAGIC_NUMBER, 1001, system, value, list(records)))
    for data in records.values():
        content += struct.pack("<q", len(data) // item_size) + data
    path.write_bytes(content)
    return str(path)


class Evil:
    """Pickles to a call of `function`, as Python's own unpickler would make."""

    def __init__(self, function, *arguments):
        self.function, self.arguments = function, arguments

    def __reduce__(self):
        return self.function, self.arguments
