"""Layers and encoders written as text: `LogMixupExp(max_ratio=0.2, memory_size=2048)`.

The text is read as data: a name and literals. Nothing of it is run.
"""

import ast
import importlib
import inspect
from collections.abc import Collection
from typing import NamedTuple

# Where the public classes are.
_PUBLIC = "byola_keras.api"
# What blocks get from the recipe, or from Keras, and seldom say themselves.
_FROM_OUTSIDE = ("seed", "synchronized", "dtype", "name")
# What a message calls the classes of a kind; all others are blocks.
_CALLED = {"Model": "An encoder", "BYOL": "A model"}
# Public layers that do not map a log-mel [B, T, F] to another, or are no block by themselves.
_NO_BLOCKS = ("Augmentation", "LogMelSpectrogram", "RandomLayer", "TemporalPooling")


class Block(NamedTuple):
    """A class by name, and parameters for it."""

    name: str
    parameters: dict


def split_blocks(text: str) -> tuple[str, ...]:
    """The blocks of a text with spaces between them: "A(x=1, y=2) B" -> ("A(x=1, y=2)", "B")."""
    blocks, depth = [""], 0
    for character in text:
        depth += {"(": 1, ")": -1}.get(character, 0)
        if character.isspace() and depth <= 0:
            blocks.append("")
        else:
            blocks[-1] += character
    return tuple(block for block in blocks if block)


def parse(text: str) -> Block:
    """Reads a block.

    Args:
        text: "Class" or "Class(parameter=literal, ...)"; the class is a public one of `byola_keras`, or
            "package.module:Class".

    Raises:
        ValueError: the text has another form.
    """
    name, bracket, inside = text.strip().partition("(")
    try:
        # The name may hold a colon, which Python's grammar does not allow there.
        call = ast.parse(f"block({inside}" if bracket else "block()", mode="eval").body
        if not isinstance(call, ast.Call) or getattr(call.func, "id", "") != "block" or call.args:
            raise ValueError("no such form")
        parameters = {keyword.arg: ast.literal_eval(keyword.value) for keyword in call.keywords}
        if None in parameters:
            raise ValueError("** hides the names")
    except (SyntaxError, ValueError):
        name = ""
    if not all(part.isidentifier() for part in name.strip().replace(":", ".").split(".")):
        raise ValueError(
            "A block must be a class and, in brackets, parameters with plain values, such as "
            f"LogMixupExp(max_ratio=0.4). Received: {text!r}"
        )
    return Block(name.strip(), parameters)


def make(text: str, kind: type, defaults: dict, always: dict | None = None):
    """Makes the layer or model that a block describes.

    Args:
        text: see `parse`.
        kind: the base class that it must have, `keras.layers.Layer` or `keras.Model`.
        defaults: parameters that are given to a class that takes them, unless the block says otherwise.
        always: parameters that are given to every class of the kind, and that no block may say.

    Raises:
        ValueError: the class or a parameter is not there, or the class refuses the value of a parameter.
    """
    block, always = parse(text), always or {}
    made_of = _find_class(block.name, kind)
    known = {name: value for name, value in _parameters(made_of).items() if name not in always}
    _check_parameters(text, block, known)
    given = {name: value for name, value in defaults.items() if name in known}
    try:
        return made_of(**{**always, **given, **block.parameters})
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"The parameters of a block must suit its class. Received: {text}: {error}"
        ) from error


def complete(text: str, without: Collection[str] = ()) -> str:
    """The block with all parameters of its class, also those that are left at their defaults.

    Two texts that mean the same have one complete form. The seed and what else the recipe gives to every
    block are left out unless the text says them.

    Args:
        text: see `parse`.
        without: further parameters that are left out.
    """
    block = parse(text)
    known = _parameters(_find_class(block.name, object))
    _check_parameters(text, block, known)
    defaults = {
        name: value
        for name, value in known.items()
        if name not in (*_FROM_OUTSIDE, *without) and _is_literal(value)
    }
    values = ", ".join(
        f"{name}={_plain(value)!r}" for name, value in {**defaults, **block.parameters}.items()
    )
    return f"{block.name}({values})"


def with_parameter(text: str, name: str, value) -> str:
    """The block with one more parameter.

    Raises:
        ValueError: the block gives it another value.
    """
    block = parse(text)
    if _plain(block.parameters.get(name, value)) != _plain(value):
        raise ValueError(
            f"`{name}` must be said once. Received: {name}={value!r} and {text}; leave one of them out."
        )
    values = ", ".join(f"{key}={each!r}" for key, each in {**block.parameters, name: value}.items())
    return f"{block.name}({values})"


def _find_class(name, kind):
    module, colon, attribute = name.rpartition(":")
    module = module if colon else _PUBLIC
    try:
        found = getattr(importlib.import_module(module), attribute, None)
    except ImportError as error:
        raise ValueError(
            f"The module of a block must be importable. Received: {name}: {error}; is its folder in "
            "PYTHONPATH?"
        ) from error
    if not (isinstance(found, type) and issubclass(found, kind)) or _is_no_block(found, kind):
        listed = ", ".join(_public(kind))
        own = f"Keras {kind.__name__}" if kind.__module__.startswith("keras") else kind.__name__
        raise ValueError(
            f"{_CALLED.get(kind.__name__, 'A block')} must be one of {listed}, or a {own} of your own as "
            f"package.module:Class. Received: {name}"
        )
    return found


def _public(kind):
    """Names of the kind itself, and of public classes of it that need no parameter, which a text could not
    write.
    """
    public = vars(importlib.import_module(_PUBLIC))
    classes = [each for each in public.values() if isinstance(each, type) and issubclass(each, kind)]
    return sorted(each.__name__ for each in classes if each is kind or _is_offered(each, kind))


def _is_offered(made_of, kind):
    return not _required(made_of) and not _is_no_block(made_of, kind)


def _is_no_block(made_of, kind):
    """Whether a class of this package is asked for as a layer of the augmentation and cannot be one."""
    import keras  # noqa: PLC0415 (a command reads its blocks before it loads TensorFlow)

    ours = made_of.__module__.partition(".")[0] == __package__.partition(".")[0]
    if kind is not keras.layers.Layer or not ours:
        return False
    return issubclass(made_of, keras.Model) or made_of.__name__ in _NO_BLOCKS


def _required(made_of):
    return [name for name, value in _parameters(made_of).items() if value is inspect.Parameter.empty]


def _parameters(made_of):
    """Parameters of a class by name, with their defaults."""
    signature = inspect.signature(made_of.__init__)
    named = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    return {
        name: parameter.default
        for name, parameter in signature.parameters.items()
        if parameter.kind in named and name != "self"
    }


def _check_parameters(text, block, known):
    unknown = sorted(set(block.parameters) - set(known))
    if unknown:
        raise ValueError(
            f"The parameters of {block.name} are {', '.join(known) or 'none'}. Received: "
            f"{', '.join(unknown)} in {text}"
        )


def _is_literal(value):
    try:
        ast.literal_eval(repr(value))
    except (SyntaxError, ValueError):
        return False
    return True


def _plain(value):
    """Lists as tuples, so that equal values are written equally."""
    return tuple(_plain(each) for each in value) if isinstance(value, (list, tuple)) else value
