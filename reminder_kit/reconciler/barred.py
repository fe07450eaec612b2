"""Barred: which numbers must not be written to, read for the numbers that a batch is about, from one snapshot.

Never writes, and never reads all there are: a ledger may know of a hundred thousand, and a batch of a few.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from attrs import define, field

from reminder_kit.model.consent import Suppression, Writer
from reminder_kit.planning.observed import Observed

if TYPE_CHECKING:
    from reminder_kit.ledger.reader import Reader

__all__ = ["Barred"]


@define
class Barred:
    """The numbers, and e-mail addresses, that one writer must not write to, as far as they were asked for."""

    #: The snapshot of the ledger.
    reader: Reader
    #: Who wants to write.
    writer: Writer
    #: Those that are barred, with the reason. Appointments are made with it before it is filled for their numbers.
    by_number: dict[str, Suppression] = field(factory=dict, repr=False)
    _asked: set[str] = field(factory=set)

    def learn(self, all_observed: Iterable[Observed]) -> None:
        """Find out which numbers of appointments are barred: those of their people, and of their messages."""
        numbers = {number for observed in all_observed for number in _numbers_of(observed)} - self._asked
        if numbers:
            self._asked |= numbers
            self.by_number |= self.reader.consent.suppressions(numbers, self.writer)


def _numbers_of(observed: Observed) -> set[str]:
    people = observed.appointment.recipients if observed.appointment is not None else ()
    numbers = {name for recipient in people for name in recipient.addresses}
    for messages in observed.messages.values():
        numbers.update(message.draft.to for message in messages)
    return numbers
