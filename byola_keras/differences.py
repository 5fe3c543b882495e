"""Two sets of values that should be equal, as an error names them."""

from collections.abc import Iterable, Mapping


def name_differences(names: Iterable[str], received: Mapping, expected: Mapping) -> tuple[str, str]:
    """Writes the values of these names as "a=1, b=2", first the received ones and then the expected ones."""
    names = list(names)
    return tuple(
        ", ".join(f"{name}={values.get(name)!r}" for name in names) for values in (received, expected)
    )


def differing(received: Mapping, expected: Mapping) -> list[str]:
    """Names whose values differ, in the order of both mappings; an absent value counts as None."""
    return [name for name in {**expected, **received} if expected.get(name) != received.get(name)]
