"""The licence of each file, as the copyright file of its package states it.

Most copyright files are machine-readable (DEP-5,
https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/): paragraphs name files by patterns, and of
the paragraphs that match a file the last one holds. Of the others, the names of licences in them are found.
"""

import functools
import logging
import re
import warnings
from typing import NamedTuple

# How copyright files that are not machine-readable call licences, and the short name of each. What stands in
# /usr/share/common-licenses is referred to by its path.
_NAMES = {
    r"common-licenses/((?:L?GPL|GFDL|Apache|Artistic|BSD|MPL|CC0)[-.\w]*\w)": r"\1",
    r"CC[- ]BY[- ]SA[- ]?(\d\.\d)?": r"CC-BY-SA-\1",
    r"CC[- ]BY[- ](\d\.\d)": r"CC-BY-\1",
    r"Attribution[- ]Share[- ]?Alike(?: license)?,?(?: version| v\.?)? ?(\d\.\d)": r"CC-BY-SA-\1",
    r"CC0": "CC0",
    r"public domain": "public-domain",
    r"(?:GNU )?(?:Lesser|Library) General Public License": "LGPL",
    r"GNU General Public License|GNU GPL": "GPL",
    r"GNU Free Documentation License": "GFDL",
    r"Permission is hereby granted, free of charge": "MIT",
    r"provided 'as-is', without any express or implied": "Zlib",
    r"Redistribution and use in source and binary forms": "BSD",
}


_WILDCARD = re.compile(r"[*?\\]")


class Licence(NamedTuple):
    """What a copyright file says of one file.

    Attributes:
        names: the licence's short name, such as "GPL-2+"; where the whole copyright file was searched, all
            names found, with " / " between them.
        stated: where that stands: the pattern that holds, or "names in the whole file".
    """

    names: str
    stated: str


NOT_STATED = Licence("not stated", "no copyright file in the package")


class Copyright:
    """A copyright file.

    Args:
        text: its text; None if the package has none.
    """

    def __init__(self, text: str | None):
        self._paragraphs, self._default = [], NOT_STATED
        if text is None:
            return
        self._default = Licence(_found_names(text), "names in the whole file")
        self._paragraphs = list(_files_paragraphs(text))
        self._places = [place for paragraph in self._paragraphs for place in _places(paragraph.files)]

    def licence_of(self, path: str) -> Licence:
        """Says under which licence a file of the package is.

        Args:
            path: the path in the package, without a slash at its beginning.
        """
        if not self._paragraphs:
            return self._default
        source = self._path_in_sources(path)
        for paragraph in reversed(self._paragraphs):
            if paragraph.matches(source):
                pattern = next(each for each in paragraph.files if _compiled(each).match(source))
                return Licence(_short_name(paragraph), f"Files: {pattern}")
        return self._default

    def _path_in_sources(self, path):
        """Where a file probably lay in the sources of the package, whose paths the patterns are of.

        A package installs "etc/samples/a.flac" of its sources as "usr/share/game/samples/a.flac". Of all
        patterns, that one tells the place whose end has most names in common with the path: "etc/samples/*".
        """
        names = path.split("/")
        best, found = (0, 0), path
        for place in self._places:
            if (place.literals, -len(place.head)) <= best or not place.literal_names <= set(names):
                continue
            for start in range(len(names)):
                if place.pattern.fullmatch("/".join(names[start:])):
                    best, found = (place.literals, -len(place.head)), "/".join([*place.head, *names[start:]])
                    break
        return found


class _Place(NamedTuple):
    """An end of a pattern: of "etc/samples/*" the head "etc" and the rest "samples/*" with a literal name."""

    head: tuple[str, ...]
    pattern: re.Pattern
    literal_names: frozenset[str]
    literals: int


@functools.cache
def _compiled(pattern):
    from debian.copyright import globs_to_re  # noqa: PLC0415

    return globs_to_re([pattern])


def _places(patterns):
    """All ends of patterns that have a name without wildcards, behind a head without wildcards."""
    for pattern in patterns:
        names = pattern.removeprefix("./").split("/")
        for start in range(len(names)):
            literal = [name for name in names[start:] if not _WILDCARD.search(name)]
            if literal:
                rest = _compiled("/".join(names[start:]))
                yield _Place(tuple(names[:start]), rest, frozenset(literal), len(literal))
            if _WILDCARD.search(names[start]):
                break


def _files_paragraphs(text):
    """The paragraphs of a machine-readable copyright file; none of others."""
    from debian import copyright as dep5  # noqa: PLC0415

    logger = logging.getLogger("debian.copyright")
    former = logger.level
    # It reports old forms of the standard, which are read all the same.
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            paragraphs = list(
                dep5.Copyright(text.splitlines(keepends=True), strict=False).all_files_paragraphs()
            )
            return [paragraph for paragraph in paragraphs if paragraph.files and paragraph.license]
    except (dep5.Error, ValueError):
        return []
    finally:
        logger.setLevel(former)


def _short_name(paragraph):
    return " ".join(paragraph.license.synopsis.split()) or _found_names(paragraph.license.text or "")


def _found_names(text):
    # Lines of a comment or of a text begin anywhere.
    text = " ".join(text.split())
    names = {}
    for pattern, name in _NAMES.items():
        for match in re.finditer(pattern, text, re.IGNORECASE):
            names[match.expand(name).rstrip("-.")] = None
    # "GPL" says nothing more where "GPL-2" was found.
    kept = [name for name in names if not any(other.startswith(name + "-") for other in names)]
    return " / ".join(kept) or "not recognised"
