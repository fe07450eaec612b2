"""Renamed keys: the key that a reminder gets with another identity of its appointment.

Pure: no clock, no I/O. What is derived of a reminder (its fallback, its correction, what is sent again of it) has a key
that is derived of the reminder's, and a cancellation one of the appointment's: each is known by how it was made.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from reminder_kit.model.records import Identity
from reminder_kit.planning.again import again_id, again_key
from reminder_kit.planning.cancellation import cancellation_key, shared_key
from reminder_kit.planning.correction import correction_id, correction_key
from reminder_kit.planning.fallback import fallback_id, fallback_key
from reminder_kit.rules.reminders import placed_key, reminder_key

__all__ = ["renamed_key"]

_Derived = tuple[str, Callable[[str], str]]
"""The id of the rule that something is derived of, and how its key is."""
_MOST = 20
"""How often a person may have had one reminder sent again, and it is still known for that; and how many may share an id
in one appointment."""


def renamed_key(
    namespace: str, old: Identity, new: Identity, key: str, rule: str, recipient: str, number: str = ""
) -> str:
    """Return the key that a reminder has once its appointment is `new`, where it has `key` while that is `old`.

    `rule` and `recipient` are its rule's id and its recipient's key, `number` where it goes: of several people with one
    key their places, and numbers, are in the keys of what is for them. A key that was made otherwise stays as it is.
    """
    for who in (recipient, shared_key(recipient, number)):
        if key == cancellation_key(old, who):
            return cancellation_key(new, who)
    for who in (recipient, *(placed_key(recipient, place) for place in range(2, _MOST + 1))):
        for base, derived in _derivations(rule):
            if derived(reminder_key(namespace, *old, base, who)) == key:
                return derived(reminder_key(namespace, *new, base, who))
    return key


def _derivations(rule: str) -> Iterator[_Derived]:
    """Yield what a rule's id may be that of: a rule itself, or what is derived of one."""
    yield rule, str
    for name_of, derived in ((fallback_id, fallback_key), (correction_id, correction_key)):
        suffix = name_of("")
        if rule.endswith(suffix):
            yield rule.removesuffix(suffix), derived
    for number in range(1, _MOST + 1) if again_id("", 1) in rule else ():
        suffix = again_id("", number)
        if rule.endswith(suffix):
            yield rule.removesuffix(suffix), lambda key, number=number: again_key(key, number)  # type: ignore[misc]
