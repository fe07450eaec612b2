"""Conditions: which appointments and recipients a rule is for.

Pure: no clock, no I/O. Compares what the host said; never guesses.
"""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from fnmatch import fnmatchcase
from typing import Any

from attrs import frozen

from reminder_kit.errors import InvalidRuleError
from reminder_kit.model.appointments import Appointment, Recipient, Status

__all__ = ["KEYS", "Condition", "suggestion"]

KEYS = ("data", "location", "recipient", "replied", "resource", "source", "status", "tags", "title")
"""What `only` and `unless` may speak of."""


def suggestion(word: str, known: tuple[str, ...]) -> str:
    """Return " (did you mean …?)" where a known word is near, and the known words otherwise."""
    near = get_close_matches(word, known, n=1)
    return f"did you mean '{near[0]}'?" if near else f"known are {', '.join(sorted(known))}"


def _words(value: object, what: str) -> tuple[str, ...]:
    several = (value,) if isinstance(value, str) else value
    if not isinstance(several, list | tuple | set | frozenset) or not several:
        raise InvalidRuleError(f'{what} must name one or more ({value!r}): write ["dental"]')
    for item in several:
        if not isinstance(item, str):
            raise InvalidRuleError(f"{what} must be text ({item!r}): write it in quotes")
    return tuple(several) if isinstance(several, list | tuple) else tuple(sorted(several))


def _statuses(value: object, what: str) -> tuple[str, ...]:
    words = _words(value, what)
    for word in words:
        if word not in Status.__members__.values():
            raise InvalidRuleError(f"{what}: unknown status {word!r}: {suggestion(word, tuple(Status))}")
    return words


def _wanted(value: object, what: str) -> tuple[tuple[str, tuple[Any, ...]], ...]:
    if not isinstance(value, Mapping) or not value:
        raise InvalidRuleError(f"{what} must be a table ({value!r}): write {{ confirmed = true }}")
    return tuple((str(key), _several(entry)) for key, entry in sorted(value.items(), key=lambda item: str(item[0])))


def _several(value: Any) -> tuple[Any, ...]:
    if isinstance(value, set | frozenset):
        return tuple(sorted(value, key=repr))
    return tuple(value) if isinstance(value, list | tuple) else (value,)


_READERS = {"status": _statuses, "data": _wanted, "recipient": _wanted}


@frozen
class Condition:
    """What must be so: every key given must fit, and of a key's several values any one.

    `tags`, `status`, `source`: one of these. `title`, `location`: one of these patterns
    (`*` and `?`, in any case of letters). `resource`: one of these patterns fits a room,
    person or thing that the appointment needs: what its data has under `resource` or
    `resources` (calendars: RESOURCES, and rooms that are invited). `data`, `recipient`: the
    appointment's or the recipient's data has one of these values under that key, or holds
    one in a list there; nested keys with dots, texts with `*` or `?` are patterns.
    `replied`: the latest reply was one of these of the host's own keywords; the kit
    gives an appointment the tag `replied:confirm` for that, until its start moves.
    """

    tests: tuple[tuple[str, tuple[Any, ...]], ...] = ()

    @classmethod
    def read(cls, value: Mapping[str, Any] | Condition, what: str) -> Condition:
        """Return the condition a mapping states. Raises `InvalidRuleError`, naming `what` and the key."""
        if isinstance(value, Condition):
            return value
        if not isinstance(value, Mapping):
            raise InvalidRuleError(f'{what} must be a table ({value!r}): write {{ tags = ["dental"] }}')
        for key in value:
            if key not in KEYS:
                raise InvalidRuleError(f"{what}: unknown condition {key!r}: {suggestion(str(key), KEYS)}")
        return cls(tuple((key, _READERS.get(key, _words)(value[key], f"{what}.{key}")) for key in sorted(value)))

    def failing(self, appointment: Appointment, recipient: Recipient | None) -> str | None:
        """Return the first key that doesn't fit, None where all do."""
        for key, wanted in self.tests:
            if not _fits(key, wanted, appointment, recipient):
                return key
        return None


def _fits(key: str, wanted: tuple[Any, ...], appointment: Appointment, recipient: Recipient | None) -> bool:
    if key == "tags":
        return not appointment.tags.isdisjoint(wanted)
    if key == "replied":
        return not appointment.tags.isdisjoint(f"replied:{word}" for word in wanted)
    if key in ("status", "source"):
        return getattr(appointment, key) in wanted
    if key in ("title", "location"):
        return any(_like(getattr(appointment, key), pattern) for pattern in wanted)
    if key == "resource":
        needed = (*_each(appointment.data.get("resource")), *_each(appointment.data.get("resources")))
        return any(_like(str(name), pattern) for name in needed for pattern in wanted)
    data = appointment.data if key == "data" else recipient.data if recipient else {}
    return all(_holds(_found(data, name), values) for name, values in wanted)


def _like(text: str, pattern: str) -> bool:
    """Say whether a text fits a pattern of `*` and `?`; brackets mean themselves."""
    return fnmatchcase(text.casefold(), pattern.casefold().replace("[", "[[]"))


def _each(found: Any) -> tuple[Any, ...]:
    return tuple(found) if isinstance(found, list | tuple) else () if found is None else (found,)


def _holds(found: Any, values: tuple[Any, ...]) -> bool:
    if found in values:
        return True
    patterns = [value for value in values if isinstance(value, str)]
    return any(word in values or _is_like_any(word, patterns) for word in _each(found))


def _is_like_any(found: Any, patterns: list[str]) -> bool:
    return isinstance(found, str) and any(
        _like(found, pattern) for pattern in patterns if "*" in pattern or "?" in pattern
    )


def _found(data: Any, name: str) -> Any:
    for part in name.split("."):
        if not isinstance(data, Mapping) or part not in data:
            return None
        data = data[part]
    return data
