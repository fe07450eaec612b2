"""What hosts hand over, as text and data that every ledger and provider takes.

Pure: no clock, no I/O. Never lets through half a character, a NUL, or a value that the ledger would not give back
unchanged.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from reminder_kit.errors import InvalidInputError

__all__ = ["Data", "data_of", "text_or_none", "whole_text"]

_DEEPEST = 100
"""How many lists and dicts may lie within each other."""

_LONGEST = 3000
"""Bits of the largest whole number: some 900 digits."""


def whole_text(value: object) -> str:
    """Return a value as text that every ledger and provider takes; None becomes "".

    A NUL and half of a character (a lone surrogate) become the replacement character.
    """
    text = "" if value is None else value if type(value) is str else str(value)
    if text.isascii() and "\0" not in text:
        return text
    whole = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return whole.replace("\0", "\ufffd")


def text_or_none(value: object) -> str | None:
    """Return a value as `whole_text` does, or None where that is empty."""
    return whole_text(value) or None


def _storable(value: Any, where: str, depth: int = 0) -> Any:
    """Return host data as the ledger gives it back: JSON values, dates, times, datetimes and decimals.

    Raises `InvalidInputError`, naming `where` in the data, for anything else.
    """
    if isinstance(value, str):
        return whole_text(value)
    if isinstance(value, int) and value.bit_length() > _LONGEST:
        raise InvalidInputError(f"{where} is a number of more than 900 digits, which the ledger does not keep")
    if value is None or isinstance(value, bool | int | float | Decimal | date | time):
        return _plain(value)
    if depth > _DEEPEST:
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


def _plain(value: Any) -> Any:
    """Return a number, date or time as one of Python's own types; None as it is.

    A class of the host's own would have other words, and other attributes, before it is stored than after.
    """
    kind = next((kind for kind in _PLAIN if isinstance(value, kind)), None)
    if kind is None or type(value) is kind:
        return value
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


def data_of(value: Mapping[str, Any]) -> Data:
    """Return a host's mapping as `Data`. Raises `InvalidInputError` for a value that the ledger cannot keep."""
    if isinstance(value, Data):
        return value
    return Data({whole_text(key): _storable(item, f"data[{key!r}]") for key, item in value.items()})
