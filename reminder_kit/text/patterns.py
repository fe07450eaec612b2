"""Patterns of days and times, as the filters `date` and `time` take them: CLDR's letters, read before they are used.

Pure: text in, words out. Never formats anything: that is Babel's, which takes many a letter for something else than
whoever wrote it: in "DD.MM.YYYY" the day of the year and the year of the week, in "%d" a per cent sign and a day, in
"HH:mm Uhr" the hour once more. The letters are those of Unicode Technical Standard 35, part 4, "Date Field Symbol
Table"; those that nobody means in a reminder (the day of the year, thousandths of a second) are not taken.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from reminder_kit.errors import InvalidInputError

__all__ = ["PatternError", "fault_of_pattern", "patterned"]

_NAMED = ("short", "medium", "long", "full")
"""The patterns that every locale has of its own."""

_LETTERS = {
    "date": {"G": 5, "y": 9, "Q": 5, "q": 5, "M": 5, "L": 5, "w": 2, "d": 2, "E": 6, "e": 6, "c": 6},
    "time": {
        "a": 5, "b": 5, "B": 5, "h": 2, "H": 2, "K": 2, "k": 2, "m": 2, "s": 2,
        "z": 4, "Z": 5, "O": 4, "v": 4, "V": 4, "X": 5, "x": 5,
    },
}  # fmt: skip
"""By filter, the letters that it takes, each with how often it may stand in a row."""

_SAME = ("y", "ML", "d", "Eec", "hHKk", "m", "s")
"""Letters for the same thing: where a second one comes, it belongs to a word that lacks its quotes."""

_EXAMPLES = {"date": "'EEE d MMM'", "time": "'HH:mm' or 'h:mm a'"}
_OTHER = {"date": "time", "time": "date"}

_QUOTED = re.compile("'[^']*'")
_TOKEN = re.compile(r"'[^']*'|([^\W\d_])\1*|.", re.DOTALL)
_DIRECTIVE = re.compile("%(-?[A-Za-z])")

_STRFTIME = {
    "a": "EEE", "A": "EEEE", "d": "dd", "-d": "d", "e": "d", "b": "MMM", "B": "MMMM", "m": "MM", "-m": "M",
    "y": "yy", "Y": "yyyy", "H": "HH", "-H": "H", "I": "hh", "-I": "h", "M": "mm", "S": "ss", "p": "a", "Z": "z",
}  # fmt: skip
"""The directives of `strftime`, as CLDR spells them."""

_ELSEWHERE = {
    "date": {"YYYY": "yyyy", "YY": "yy", "Y": "y", "DD": "dd", "D": "d", "dddd": "EEEE", "ddd": "EEE", "mm": "MM"},
    "time": {"A": "a", "tt": "a", "t": "a", "MM": "mm", "SS": "ss", "S": "s"},
}
"""By filter, what the letters of other libraries (pendulum, moment, .NET) are in CLDR."""


class PatternError(InvalidInputError):
    """A filter was given a pattern that is none; what that is, is not said: it may come from anybody's data."""

    def __init__(self, name: str, pattern: object) -> None:
        super().__init__(f"the filter {name!r} was given no pattern: it is one such as {_EXAMPLES[name]}")
        #: The filter, and what it was given.
        self.name = name
        self.pattern = pattern


def patterned(name: str, pattern: object) -> str:
    """Return a pattern for the filter `date` or `time` as it is; raises `PatternError` where it is none."""
    if not isinstance(pattern, str) or fault_of_pattern(name, pattern):
        raise PatternError(name, pattern)
    return pattern


@lru_cache(maxsize=1024)
def fault_of_pattern(name: str, pattern: str) -> str:
    """Return what is wrong with a pattern for the filter `date` or `time`, and what would be right; "": nothing."""
    if pattern in _NAMED or (name == "date" and not pattern):
        return ""
    fault = next(_faults(name, pattern), "")
    if not fault:
        return ""
    meant = _meant(name, pattern)
    right = f"write {meant!r}" if meant else f"write one such as {_EXAMPLES[name]}, words in single quotes"
    return f'{name}("{pattern}"): {fault}: {right}'


def _faults(name: str, pattern: str) -> Iterator[str]:
    """Yield in words what keeps a pattern from being one of CLDR's."""
    plain = _QUOTED.sub(" ", pattern)
    if not pattern.strip():
        yield "there is nothing in it"
    if "'" in plain:
        yield "a quote is not closed"
    if "%" in plain:
        yield "% is strftime's, and a pattern is CLDR's"
    tokens = [found[0] for found in _TOKEN.finditer(plain) if found[1]]
    for token in tokens:
        longest = _LETTERS[name].get(token[0], 0)
        if not longest and token[0] in _LETTERS[_OTHER[name]]:
            yield f"'{token}' is for {_OTHER[name]}(…)"
        elif not longest or len(token) > longest or token in ("e", "ee", "c", "cc"):
            yield f"'{token}' is no day, month or year" if name == "date" else f"'{token}' is no part of a time"
    for letters in _SAME:
        same = [token for token in tokens if token[0] in letters]
        if len(same) > 1:
            yield f"'{same[1]}' says the same as '{same[0]}'"


def _meant(name: str, pattern: str) -> str:
    """Return what somebody may have meant who writes as for another library; "": that can't be told."""
    if "%" in pattern:
        meant = _DIRECTIVE.sub(lambda found: _STRFTIME.get(found[1], found[0]), pattern)
    else:
        tokens = (found[0] for found in _TOKEN.finditer(pattern))
        meant = "".join(_ELSEWHERE[name].get(token, token) for token in tokens)
    return "" if meant == pattern or any(_faults(name, meant)) else meant
