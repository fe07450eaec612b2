"""Conditions: which appointments and recipients a rule is for.

Pure: no clock, no I/O. Never guesses: what the host did not say fits nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any

from attrs import frozen

from reminder_kit.errors import InvalidRuleError
from reminder_kit.model.appointments import Appointment, Recipient, Status
from reminder_kit.model.suggestions import suggestion

__all__ = ["KEYS", "Condition"]

KEYS = ("data", "location", "recipient", "replied", "resource", "source", "status", "tags", "title")
"""The keys of `only` and `unless`."""


def _texts_of(value: object, what: str) -> tuple[str, ...]:
    several = (value,) if isinstance(value, str) else value
    if not isinstance(several, list | tuple | set | frozenset) or not several:
        raise InvalidRuleError(f'{what} must name one or more ({value!r}): write ["dental"]')
    for item in several:
        if not isinstance(item, str):
            raise InvalidRuleError(f"{what} must be text ({item!r}): write it in quotes")
    return tuple(several) if isinstance(several, list | tuple) else tuple(sorted(several))


def _statuses(value: object, what: str) -> tuple[str, ...]:
    words = _texts_of(value, what)
    for word in words:
        if word not in Status.__members__.values():
            raise InvalidRuleError(f"{what}: unknown status {word!r}: {suggestion(word, tuple(Status))}")
    return words


def _values_by_name(value: object, what: str) -> tuple[tuple[str, tuple[Any, ...]], ...]:
    if not isinstance(value, Mapping) or not value:
        raise InvalidRuleError(f"{what} must be a table ({value!r}): write {{ confirmed = true }}")
    return tuple((str(key), _as_tuple(entry)) for key, entry in sorted(value.items(), key=lambda item: str(item[0])))


def _as_tuple(value: Any) -> tuple[Any, ...]:
    if isinstance(value, set | frozenset):
        return tuple(sorted(value, key=repr))
    return tuple(value) if isinstance(value, list | tuple) else (value,)


_READERS = {"status": _statuses, "data": _values_by_name, "recipient": _values_by_name}


@frozen
class Condition:
    """What must be so for a rule to apply: every key that is given fits, by any one of its values.

    tags, status, source: The appointment has one of these.
    title, location: It fits one of these patterns (`*` and `?`; upper and lower case are alike).
    resource: One of these patterns fits a room, person or thing that the appointment needs: what its data has under
        `resource` or `resources` (calendars: RESOURCES, and rooms that are invited).
    data, recipient: The appointment's or the recipient's data has one of these values under that key, or in a list
        there. Keys within tables are written with dots; texts with `*` or `?` are patterns.
    replied: The latest reply was one of these keywords of the host's. (For a reply `confirm` the kit gives the
        appointment the tag `replied:confirm`, until its start moves.)
    """

    #: Each key with its values, by key; empty: everything fits.
    tests: tuple[tuple[str, tuple[Any, ...]], ...] = ()

    @classmethod
    def read(cls, value: Mapping[str, Any] | Condition, what: str) -> Condition:
        """Return the condition that a mapping states.

        Raises `InvalidRuleError`, naming `what` and the key, for an unknown key or a value that can't be meant.
        """
        if isinstance(value, Condition):
            return value
        if not isinstance(value, Mapping):
            raise InvalidRuleError(f'{what} must be a table ({value!r}): write {{ tags = ["dental"] }}')
        for key in value:
            if key not in KEYS:
                raise InvalidRuleError(f"{what}: unknown condition {key!r}: {suggestion(str(key), KEYS)}")
        return cls(tuple((key, _READERS.get(key, _texts_of)(value[key], f"{what}.{key}")) for key in sorted(value)))

    @property
    def statuses(self) -> tuple[str, ...]:
        """The statuses that it names, as words of `Status`; none: it says nothing of them."""
        return dict(self.tests).get("status", ())

    def rules_out(self, other: Condition) -> bool:
        """Say whether nothing that fits another condition can fail to fit this one: as `unless`, it excepts all."""
        if len(self.tests) != 1:
            return False
        ((key, excepted),) = self.tests
        wanted = dict(other.tests).get(key)
        return wanted is not None and key not in ("data", "recipient") and set(wanted) <= set(excepted)

    def failing(self, appointment: Appointment, recipient: Recipient | None) -> str | None:
        """Return the first key that does not fit; None where all do. `recipient` None has no data."""
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
        return any(_fits_pattern(getattr(appointment, key), pattern) for pattern in wanted)
    if key == "resource":
        needed = (*_entries(appointment.data.get("resource")), *_entries(appointment.data.get("resources")))
        return any(_fits_pattern(str(name), pattern) for name in needed for pattern in wanted)
    data = appointment.data if key == "data" else recipient.data if recipient else {}
    return all(_holds(_value_at(data, name), values) for name, values in wanted)


def _fits_pattern(text: str, pattern: str) -> bool:
    """Say whether a text fits a pattern of `*` and `?`; brackets mean themselves."""
    return fnmatchcase(text.casefold(), pattern.casefold().replace("[", "[[]"))


def _entries(found: Any) -> tuple[Any, ...]:
    return tuple(found) if isinstance(found, list | tuple) else () if found is None else (found,)


def _holds(found: Any, values: tuple[Any, ...]) -> bool:
    if found in values:
        return True
    patterns = [value for value in values if isinstance(value, str)]
    return any(word in values or _fits_any_pattern(word, patterns) for word in _entries(found))


def _fits_any_pattern(found: Any, patterns: list[str]) -> bool:
    return isinstance(found, str) and any(
        _fits_pattern(found, pattern) for pattern in patterns if "*" in pattern or "?" in pattern
    )


def _value_at(data: Any, name: str) -> Any:
    for part in name.split("."):
        if not isinstance(data, Mapping) or part not in data:
            return None
        data = data[part]
    return data
