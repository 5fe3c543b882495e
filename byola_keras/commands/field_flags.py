"""Flags made from the fields of `Settings` dataclasses, and the dataclasses made from the flags."""

import dataclasses

from absl import flags

from byola_keras.fields import Settings, value_type


def define(settings: type[Settings], values: flags.FlagValues) -> None:
    """Defines a flag for each field, with the field's name, default, help text, bounds and choices.

    A field of texts is a flag that may be repeated; one of numbers takes them with commas between.
    """
    for field in dataclasses.fields(settings):
        _define_flag(field, value_type(settings, field.name), values)


def build(settings: type[Settings], values: flags.FlagValues) -> Settings:
    """The dataclass with the values of the parsed flags.

    Raises:
        ValueError: the fields' rules forbid a value.
    """
    given = {}
    for field in dataclasses.fields(settings):
        value = values[field.name].value
        kind, member, _ = value_type(settings, field.name)
        if value is not None and field.metadata["from_text"]:
            value = field.metadata["from_text"](value)
        elif value is not None and kind is tuple:
            value = tuple(member(each) for each in value)
        given[field.name] = value
    return settings(**given)


def _define_flag(field, kind, values):
    outer, member, _ = kind
    name, default, metadata = field.name, field.default, field.metadata
    text, low, high = metadata["help"], metadata["minimum"], metadata["maximum"]
    if metadata["from_text"]:
        flags.DEFINE_string(name, " ".join(default), text, flag_values=values)
    elif outer is tuple and member is str:
        flags.DEFINE_multi_string(name, list(default), text, flag_values=values)
    elif outer is tuple:
        flags.DEFINE_list(name, [str(each) for each in default], text, flag_values=values)
        rule = f"must be {metadata['length'] or 'some'} {_NUMBERS[member]} with commas between"
        flags.register_validator(name, _list_check(member, metadata), rule, flag_values=values)
    elif metadata["choices"]:
        flags.DEFINE_enum(name, default, list(metadata["choices"]), text, flag_values=values)
    elif outer is bool:
        flags.DEFINE_bool(name, default, text, flag_values=values)
    elif outer is str:
        flags.DEFINE_string(name, default, text, flag_values=values)
    else:
        numbers = flags.DEFINE_integer if outer is int else flags.DEFINE_float
        numbers(name, default, text, low, high, flag_values=values)


_NUMBERS = {int: "positive integers", float: "numbers"}


def _list_check(member, metadata):
    """What tells whether the words of a list are as many numbers of the kind as the field asks for."""

    def is_good(words):
        try:
            numbers = [member(word) for word in words or []]
        except ValueError:
            return False
        if metadata["length"] not in (None, len(numbers)):
            return False
        return metadata["minimum"] is None or all(number >= metadata["minimum"] for number in numbers)

    return is_good
