"""What hosts hand over, as text and data that every ledger and provider takes.

Pure: no clock, no I/O. Never keeps half a character, a NUL, or what would not come back unchanged.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from reminder_kit.errors import InvalidInputError

__all__ = ["Data", "data_of", "text_or_none", "whole_text"]

_DEEPEST = 100
_LONGEST = 3000
"""Bits of the largest whole number: some 900 digits."""


def whole_text(value: object) -> str:
    """Return text as every ledger and provider takes it: nothing for None, no NUL, no half of a character."""
    text = "" if value is None else value if type(value) is str else str(value)
    if text.isascii() and "\0" not in text:
        return text
    whole = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return whole.replace("\0", "\ufffd")


def text_or_none(value: object) -> str | None:
    """Return such text, None for nothing."""
    return whole_text(value) or None


def _plain(value: Any, where: str, depth: int = 0) -> Any:
    """Return host data as what the ledger gives back unchanged: JSON values, dates, datetimes and decimals."""
    if isinstance(value, str):
        return whole_text(value)
    if isinstance(value, int) and value.bit_length() > _LONGEST:
        raise InvalidInputError(f"{where} is a number of more than 900 digits, which the ledger does not keep")
    if value is None or isinstance(value, bool | int | float | Decimal):
        return value
    if isinstance(value, datetime):
        return datetime.fromisoformat(value.isoformat()) if type(value) is not datetime else value
    if isinstance(value, date | time):
        return value
    if depth > _DEEPEST:
        raise InvalidInputError(f"{where[:80]}… is nested more than {_DEEPEST} deep, which the ledger does not keep")
    if isinstance(value, Mapping):
        return {whole_text(key): _plain(item, f"{where}.{key}", depth + 1) for key, item in value.items()}
    if isinstance(value, set | frozenset):
        value = sorted(value, key=repr)  # its own order differs between processes, and so would digests and texts
    if isinstance(value, list | tuple):
        return [_plain(entry, where, depth + 1) for entry in value]
    raise InvalidInputError(
        f"{where} is a {type(value).__name__}, which the ledger cannot keep: give text, numbers, dates, lists or dicts"
    )


class Data(dict[str, Any]):
    """A host's own data: a dict that can't be changed, but copied, pickled and written as JSON."""

    def _refuse(self, *_args: Any, **_kwargs: Any) -> Any:
        raise TypeError("a value's data can't be changed: build a new value")

    __setitem__ = __delitem__ = __ior__ = _refuse
    clear = pop = popitem = setdefault = update = _refuse

    def __reduce__(self) -> tuple[Any, ...]:
        return Data, (dict(self),)


def data_of(value: Mapping[str, Any]) -> Data:
    """Return a host's mapping as data; raises `InvalidInputError` for what the ledger cannot keep."""
    if isinstance(value, Data):
        return value
    return Data({whole_text(key): _plain(item, f"data[{key!r}]") for key, item in value.items()})
