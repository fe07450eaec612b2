"""How much a template may do: the steps of one rendering, and the size of what it makes on the way.

Pure: no clock, no I/O. Never makes what is too large first and looks then: what grows is reckoned before.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sized
from typing import TYPE_CHECKING, Any

from jinja2 import Undefined
from jinja2.exceptions import SecurityError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "LONGEST",
    "STEPS",
    "WIDEST",
    "BoundError",
    "Budget",
    "Items",
    "check_call",
    "check_filter",
    "check_operator",
    "checked",
    "joined",
]

STEPS = 100_000
"""How many steps one text may take: an item gone through, a call, a filter, or sixteen characters, is one."""

LONGEST = 10_000
"""Characters of a text, and items of a list, that a template may make."""

WIDEST = 1_000
"""The largest width, count or precision that a filter or a method may be given."""

_LARGEST = 3_000
"""Bits of a whole number: some 900 digits, as in the ledger."""


class BoundError(SecurityError):
    """A template does, or makes, more than it may."""


class Items:
    """Items that a filter yields one by one, each a step. Can be gone through once, and never be shown as they are."""

    __slots__ = ("_budget", "_items")

    def __init__(self, items: Iterable[Any], budget: Budget) -> None:
        self._items, self._budget = iter(items), budget

    def __iter__(self) -> Items:
        return self

    def __next__(self) -> Any:
        self._budget.spend()
        return next(self._items)

    def __str__(self) -> str:
        raise SecurityError("several values can't be shown as one: write {{ … | join(', ') }}")

    __repr__ = __str__


class Budget:
    """The steps that are left to one rendering."""

    __slots__ = ("left",)

    def __init__(self) -> None:
        self.left = STEPS

    def spend(self, steps: int = 1) -> None:
        """Take steps off; raises `BoundError` where none are left."""
        self.left -= steps
        if self.left < 0:
            raise BoundError(f"it takes more than {STEPS:,} steps: shorten its loops, or what they go through")

    def spend_on(self, value: object) -> None:
        """Take off what it costs to go through a value."""
        if isinstance(value, str):
            self.spend(1 + len(value) // 16)
        else:
            self.spend(1 + len(value) if isinstance(value, Sized) and not isinstance(value, Undefined) else 1)


def checked(value: Any) -> Any:
    """Return what a template made, unless it is larger than it may be; raises `BoundError` then."""
    if isinstance(value, str):
        _refuse_longer(len(value))
    elif isinstance(value, list | tuple | dict):
        _refuse_longer(len(value), "a list of {:,} items")
    elif isinstance(value, int) and value.bit_length() > _LARGEST:
        raise BoundError("it makes a number of more than 900 digits")
    return value


def _refuse_longer(size: int, what: str = "a text of {:,} characters") -> None:
    if size > LONGEST:
        raise BoundError(f"it makes {what.format(size)}, and may make {LONGEST:,}")


def _refuse_wider(width: object) -> None:
    if isinstance(width, int | float) and not -WIDEST <= width <= WIDEST:
        raise BoundError(f"a width, count or precision of {WIDEST:,} is the largest there is")


# Operators


def check_operator(operator: str, left: Any, right: Any) -> None:
    """Raise `BoundError` where an operator would make more than a template may."""
    check = _OPERATORS.get(operator)
    if check is not None:
        check(left, right)


def _check_sum(left: Any, right: Any) -> None:
    if isinstance(left, str | list | tuple) and isinstance(right, str | list | tuple):
        _refuse_longer(len(left) + len(right), "{:,} characters or items")


def _check_product(left: Any, right: Any) -> None:
    for several, count in ((left, right), (right, left)):
        if isinstance(several, str | list | tuple) and isinstance(count, int):
            _refuse_longer(len(several) * count, "{:,} characters or items")
    if isinstance(left, int) and isinstance(right, int):
        _refuse_larger(left.bit_length() + right.bit_length())


def _check_power(left: Any, right: Any) -> None:
    if isinstance(left, int) and isinstance(right, int) and right > 0:
        _refuse_larger(left.bit_length() * right)


def _refuse_larger(bits: int) -> None:
    if bits > _LARGEST:
        raise BoundError("it makes a number of more than 900 digits")


_WIDE = re.compile(r"[%)#0\- +.](?:\d{4,}|\*)[.\d]*[hlL]?[diouxXeEfFgGcrsa]")
"""A width or a precision in a pattern for `%` that is too large, or that a `*` takes from the values."""


def _check_percent(left: Any, _right: Any) -> None:
    if isinstance(left, str) and "%" in left and _WIDE.search(left):
        raise BoundError("a pattern for % takes widths of up to three digits, written out")


_OPERATORS: dict[str, Callable[[Any, Any], None]] = {
    "+": _check_sum,
    "*": _check_product,
    "**": _check_power,
    "%": _check_percent,
}

# Filters and methods

_WIDTH_OF = {
    "center": (0, "width"),
    "indent": (0, "width"),
    "batch": (0, "linecount"),
    "slice": (0, "slices"),
    "round": (0, "precision"),
    "tojson": (0, "indent"),
}
"""Which argument of a filter, by place and by name, says how large its result becomes."""


def check_filter(name: str, value: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
    """Raise `BoundError` where a filter would make more than a template may."""
    if name in _WIDTH_OF:
        place, keyword = _WIDTH_OF[name]
        width = args[place] if len(args) > place else kwargs.get(keyword)
        _refuse_wider(len(width) if isinstance(width, str) else width)
    if name == "format":
        _check_percent(value, args)
    elif name == "indent" and isinstance(value, str):
        width = args[0] if args else kwargs.get("width", 4)
        by = len(width) if isinstance(width, str) else width
        if isinstance(by, int):
            _refuse_longer(len(value) + by * (1 + value.count("\n")))
    elif name in ("replace", "wordwrap"):
        _check_replaced(name, value, args, kwargs)


def _check_replaced(name: str, value: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
    """Raise for what would be put in the place of something more often than a template may."""
    text = str(value)
    if name == "wordwrap":
        between = kwargs.get("wrapstring", args[2] if len(args) > 2 else None)
        if isinstance(between, str):
            _refuse_longer(len(text) * (1 + len(between)))
        return
    old = args[0] if args else kwargs.get("s", kwargs.get("old"))
    new = args[1] if len(args) > 1 else kwargs.get("new")
    if isinstance(old, str) and isinstance(new, str):
        _refuse_longer(len(text) + text.count(old) * max(0, len(new) - len(old)))


def joined(value: Iterable[Any], between: str, shown: Callable[[Any], str]) -> str:
    """Return values as one text, with `between` in between; raises `BoundError` before that is too long."""
    parts: list[str] = []
    size = 0
    for item in value:
        parts.append(shown(item))
        size += len(parts[-1]) + len(between)
        _refuse_longer(size - len(between))
    return between.join(parts)


def check_call(name: str, owner: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
    """Raise `BoundError` where a method of a text would make more than a template may."""
    if not isinstance(owner, str):
        return
    if name in ("center", "ljust", "rjust", "zfill", "expandtabs"):
        _refuse_wider(args[0] if args else kwargs.get("tabsize"))
        if name == "expandtabs":
            _refuse_longer(len(owner) + owner.count("\t") * int(args[0] if args else kwargs.get("tabsize", 8)))
    elif name == "replace":
        _check_replaced(name, owner, args, kwargs)
