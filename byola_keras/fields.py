"""Settings as frozen dataclasses whose fields say everything about themselves, once.

Default, help text, bounds and choices of a setting stand in its field. The constructor checks them;
`commands` makes flags of them; a training run keeps and compares them.
"""

import dataclasses
import types
import typing
from collections.abc import Callable


def setting(
    default,
    help: str,
    *,
    minimum: float | None = None,
    maximum: float | None = None,
    choices: tuple = (),
    length: int | None = None,
    from_text: Callable | None = None,
    may_change: bool = False,
):
    """A field of a `Settings` dataclass.

    Args:
        default: value of the field where none is given.
        help: one or two sentences for users.
        minimum: the least number allowed, also for each number of a sequence.
        maximum: the greatest number allowed.
        choices: all allowed values; none: any.
        length: how many values a sequence must have; None: any number.
        from_text: turns a flag's text into the value, where the type of the field does not say how.
        may_change: whether a run may be resumed with another value.
    """
    metadata = {
        "help": help,
        "minimum": minimum,
        "maximum": maximum,
        "choices": choices,
        "length": length,
        "from_text": from_text,
        "may_change": may_change,
    }
    return dataclasses.field(default=default, metadata=metadata)


@dataclasses.dataclass(frozen=True)
class Settings:
    """Base of dataclasses of settings: what a field rules out is an error at once.

    Raises:
        ValueError: a value is of another type than its field, out of its bounds or not among its choices.
    """

    def __post_init__(self):
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            rule = _broken_rule(value, value_type(type(self), field.name), field.metadata)
            if rule:
                raise ValueError(f"`{field.name}` must be {rule}. Received: {field.name}={value!r}")


def value_type(settings: type, name: str) -> tuple[type, type | None, bool]:
    """What a field holds.

    Returns:
        (type, type of the members or None, whether None is allowed): (tuple, int, False) for
        `tuple[int, ...]`, (float, None, True) for `float | None`.
    """
    hint = typing.get_type_hints(settings)[name]
    optional = isinstance(hint, types.UnionType)
    if optional:
        (hint,) = [each for each in typing.get_args(hint) if each is not types.NoneType]
    if typing.get_origin(hint) is tuple:
        return tuple, typing.get_args(hint)[0], optional
    return hint, None, optional


def _broken_rule(value, kind, metadata):
    """What the value must be and is not; None for a good one."""
    outer, member, optional = kind
    if value is None:
        return None if optional else _NAMES[outer]
    if outer is not tuple:
        return _broken_scalar(value, outer, metadata)
    if not isinstance(value, (tuple, list)):
        return f"a sequence, each of its members {_NAMES[member]}"
    if metadata["length"] not in (None, len(value)):
        return f"a sequence of {metadata['length']}"
    broken = [_broken_scalar(each, member, metadata) for each in value]
    return next((f"a sequence, each of its members {rule}" for rule in broken if rule), None)


def _broken_scalar(value, kind, metadata):
    if isinstance(value, bool) != (kind is bool) or not isinstance(value, _ACCEPTED[kind]):
        return _NAMES[kind]
    if metadata["choices"] and value not in metadata["choices"]:
        return f"one of {metadata['choices']}"
    low, high = metadata["minimum"], metadata["maximum"]
    # Written so that NaN lies outside.
    if (low is not None and not value >= low) or (high is not None and not value <= high):
        return f"at least {low}" if high is None else f"in [{low}, {high}]"
    return None


_NAMES = {int: "an integer", float: "a number", str: "a text", bool: "True or False", tuple: "a sequence"}
_ACCEPTED = {int: int, float: (int, float), str: str, bool: bool}
