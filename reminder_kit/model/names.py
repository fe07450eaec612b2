"""What appointments and their people are called, to be shown beside their ids, and the words people are found by.

Pure: no clock, no I/O. Never part of a plan: a plan is about ids, and whoever shows it looks the names up.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any

from attrs import field, frozen

from reminder_kit.model.appointments import Appointment

__all__ = ["NOBODY", "Called", "words_of"]

_WORD = re.compile(r"[^\W_]+")
_MOST_WORDS = 12
"""Words of a name by which it is found."""
_LONGEST_WORD = 40
"""Characters of a word by which it is found."""


@frozen
class Called:
    """What one appointment is called, and each of its people."""

    #: The appointment's title; "": it has none, or its personal data was purged.
    title: str = field(default="", repr=False)
    #: Names by the recipient's key, and by number.
    people: Mapping[str, str] = field(factory=dict, repr=False)

    @classmethod
    def of(cls, appointment: Appointment) -> Called:
        """Return what an appointment that is at hand is called."""
        people = (
            {"id": one.id, "phone": one.phone, "email": one.email, "name": one.name} for one in appointment.recipients
        )
        return cls(appointment.title, _people(people))

    @classmethod
    def in_snapshot(cls, snapshot: str) -> Called:
        """Return what a recorded appointment is called; nothing else of it is read."""
        fields = json.loads(snapshot)
        return cls(fields.get("title", ""), _people(fields["recipients"]))

    def name(self, recipient: str, number: str | None = None) -> str:
        """Return the name of a recipient, by its key, else by its number; "": there is none."""
        return self.people.get(recipient) or self.people.get(number or "", "")

    def label(self, recipient: str = "", number: str | None = None) -> str:
        """Return the title and the name of one recipient in one line, as far as they are known."""
        return ", ".join(filter(None, (self.title, self.name(recipient, number))))


NOBODY = Called()
"""An appointment of which no name is known."""


def _people(recipients: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for one in recipients:
        if name := one.get("name"):
            for key in (one.get("id"), one["phone"], one.get("email")):
                if key:
                    found.setdefault(key, name)
    return found


def words_of(*names: str) -> tuple[str, ...]:
    """Return the words by which names are found: without accents and case, each once, at most twelve."""
    folded = unicodedata.normalize("NFKD", " ".join(names).casefold())
    plain = "".join(letter for letter in folded if not unicodedata.combining(letter))
    return tuple(dict.fromkeys(word[:_LONGEST_WORD] for word in _WORD.findall(plain)))[:_MOST_WORDS]
