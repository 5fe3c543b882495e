"""The recipe that flags of `byola pretrain` make."""

import dataclasses
from collections.abc import Mapping

from byola_keras.fields import value_type
from byola_keras.training.recipe import Recipe


def recipe_of(*flags: Mapping[str, str]) -> Recipe:
    """The recipe of flags as text by name, of which later ones win; flags that are not the recipe's are left
    out.
    """
    given = {name: text for each in flags for name, text in each.items()}
    fields = [field for field in dataclasses.fields(Recipe) if field.name in given]
    return Recipe(**{field.name: _value(field, given[field.name]) for field in fields})


def _value(field, text):
    kind, member, _ = value_type(Recipe, field.name)
    if field.metadata["from_text"]:
        return field.metadata["from_text"](text)
    if kind is tuple:
        return tuple(member(each) for each in text.split(","))
    return text == "true" if kind is bool else kind(text)
