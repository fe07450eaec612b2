"""What hosts hand over, as text and data that every ledger and provider takes.

Pure: no clock, no I/O. Never lets through half a character, a NUL, or a value that the ledger would not give back
unchanged.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from reminder_kit.errors import InvalidInputError
from reminder_kit.model.instants import in_zone, named_zone, utc, zone

__all__ = ["NO_DATA", "Data", "data_of", "shown_name", "text_or_none", "too_long", "whole_text"]

_DEEPEST = 100
"""How many lists and dicts may lie within each other."""

_SHOWN = 100
"""Characters of a name that errors show."""

_LONGEST = 3000
"""Bits of the largest whole number: some 900 digits."""


def whole_text(value: object) -> str:
    """Return a value as text that every ledger and provider takes; None becomes "".

    A NUL and half of a character (a lone surrogate) become the replacement character. Raises `InvalidInputError` for a
    number of thousands of digits.
    """
    text = "" if value is None else value if type(value) is str else _spelled(value)
    if text.isascii() and "\0" not in text:
        return text
    whole = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return whole.replace("\0", "\ufffd")


def _spelled(value: object) -> str:
    try:
        return str(value)
    except ValueError:  # Python spells no number of more than 4,300 digits
        raise InvalidInputError(
            f"a {type(value).__name__} that can't be written as text is no name and no text"
        ) from None


def text_or_none(value: object) -> str | None:
    """Return a value as `whole_text` does, or None where that is empty."""
    return whole_text(value) or None


def too_long(name: str, most: int) -> bool:
    """Say whether a name has more than so many bytes of UTF-8: what a ledger finds rows by has its limits."""
    return len(name) * 4 > most and len(name.encode("utf-8", "surrogatepass")) > most


def shown_name(name: object) -> str:
    """Return a name that a host has handed in as errors show it: in quotes, and cut where it is beyond all measure."""
    text = str(name)
    return repr(text) if len(text) <= _SHOWN else f"{text[:_SHOWN]!r}…"


def _storable(value: Any, where: str, depth: int = 0) -> Any:
    """Return host data as the ledger gives it back: JSON values, dates, times, datetimes and decimals.

    Raises `InvalidInputError`, naming `where` in the data, for anything else.
    """
    if isinstance(value, str):
        return whole_text(value)
    if isinstance(value, int) and value.bit_length() > _LONGEST:
        raise InvalidInputError(f"{where} is a number of more than 900 digits, which the ledger does not keep")
    if value is None or isinstance(value, bool | int | float | Decimal | date | time):
        return _plain(value, where)
    if depth >= _DEEPEST:
        raise InvalidInputError(f"{where[:80]}… is nested more than {_DEEPEST} deep, which the ledger does not keep")
    if isinstance(value, Mapping):
        return {whole_text(key): _storable(item, f"{where}.{key}", depth + 1) for key, item in value.items()}
    if isinstance(value, set | frozenset):
        value = sorted(value, key=repr)  # its own order differs between processes, and so would digests and texts
    if isinstance(value, list | tuple):
        return [_storable(entry, where, depth + 1) for entry in value]
    raise InvalidInputError(
        f"{where} is a {type(value).__name__}, which the ledger cannot keep: give text, numbers, dates, lists or dicts"
    )


_PLAIN: tuple[type[Any], ...] = (bool, int, float, Decimal, datetime, date, time)


def _plain(value: Any, where: str) -> Any:
    """Return a number, date or time as one of Python's own types; None as it is.

    A class of the host's own would have other words, and other attributes, before it is stored than after. A datetime
    keeps its named zone, by which texts say it. Raises `InvalidInputError` for one that has no instant in UTC.
    """
    if isinstance(value, datetime) and value.utcoffset() is not None:
        utc(value, where)
    kind = next((kind for kind in _PLAIN if isinstance(value, kind)), None)
    if kind is None or type(value) is kind:
        return value
    if kind is datetime and isinstance(value.tzinfo, ZoneInfo) and (name := named_zone(value.tzinfo)):
        return in_zone(utc(value), zone(name))
    return kind.fromisoformat(value.isoformat()) if issubclass(kind, date | time) else kind(value)


class Data(dict[str, Any]):
    """A host's own data: a dict that can be copied, pickled and written as JSON, but not changed.

    Whatever would change it raises `TypeError`.
    """

    def _refuse(self, *_args: Any, **_kwargs: Any) -> Any:
        raise TypeError("a value's data can't be changed: build a new value")

    __setitem__ = __delitem__ = __ior__ = _refuse
    clear = pop = popitem = setdefault = update = _refuse

    def __reduce__(self) -> tuple[Any, ...]:
        return Data, (dict(self),)


NO_DATA = Data()
"""What appointments and people share that have none: nearly all of them."""


def data_of(value: Mapping[str, Any]) -> Data:
    """Return a host's mapping as `Data`. Raises `InvalidInputError` for a value that the ledger cannot keep."""
    if isinstance(value, Data):
        return value
    if not value:
        return NO_DATA
    return Data({whole_text(key): _storable(item, f"data[{key!r}]") for key, item in value.items()})
