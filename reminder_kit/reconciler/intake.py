"""An intake: what a host hands the batch job, drawn piece by piece; what the ledger holds already is let go at once.

Reads the ledger, a snapshot for each piece: a host's lazy query may itself take its time, and record meanwhile. Never
writes. A million appointments that did not change cost the memory of a piece, and a number for each.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from attrs import define, field

from reminder_kit.ledger.ledger import Ledger
from reminder_kit.model.appointments import Appointment, Recipient, normalise
from reminder_kit.model.as_of import AsOf
from reminder_kit.model.phones import phone_number
from reminder_kit.model.records import Batch, Identity, Incoming
from reminder_kit.model.revisions import revision_order
from reminder_kit.model.snapshots import encode, fingerprint
from reminder_kit.reconciler.batches import batched

__all__ = ["Intake"]

_PIECE = 500  # appointments drawn and compared at a time
_BEGINNING = 7
"""Characters by which numbers of a kind are alike: the plus, a country's code, and what follows on it."""


@define
class Intake:
    """What came in, but for what the ledger holds as it came."""

    #: The ledger it is compared with.
    ledger: Ledger
    #: The country, two letters, of numbers without a country code; None: those stay as they are.
    region: str | None
    #: When the host read it; None: nobody knows.
    as_of: AsOf | None
    #: Up to how many appointments are kept although nothing of them changed: a person's edit.
    small: int
    #: What is to be recorded, or looked at.
    batch: Batch = field(factory=Batch)
    #: How many appointments came in.
    count: int = 0
    #: Their sources, each once.
    sources: dict[str, None] = field(factory=dict)
    #: The hashes of the identities that were let go.
    let_go: set[int] = field(factory=set)
    #: Whether numbers are read as they stand, by how they begin and how long they are.
    _standing: dict[tuple[str, int], bool] = field(factory=dict)

    def draw(self, appointments: Iterable[Appointment]) -> None:
        """Draw all of it, and keep what the ledger does not hold as it is."""
        for piece in batched(appointments, _PIECE):
            self.count += len(piece)
            self.sources |= dict.fromkeys(appointment.source for appointment in piece)
            if self.count <= self.small:
                for appointment in piece:
                    self._keep(appointment)
            else:
                self._sift(piece)
        self.batch.drop_contradictions()

    def came_in(self, identity: Identity) -> bool:
        """Say whether an appointment was let go: it came in as the ledger holds it."""
        return hash(identity) in self.let_go

    def _sift(self, piece: Sequence[Appointment]) -> None:
        identities = [Identity.of(appointment) for appointment in piece]
        recorded = self.ledger.read(lambda reader: reader.recorded(identities))
        for appointment, identity in zip(piece, identities, strict=True):
            known = recorded.get(identity)
            if known is not None and identity not in self.batch.all_incoming and self._is_held(appointment, known):
                self.let_go.add(hash(identity))
                continue
            if self.came_in(identity):  # it came before, as the ledger holds it, and differs now
                self._keep_what_is_held(identity)
            self._keep(appointment)

    def _is_held(self, appointment: Appointment, known: Sequence[Any]) -> bool:
        """Say whether the ledger holds an appointment as it came, its revision included; `known` is what it holds."""
        held: str
        _, held, removed, *known_order, _ = known
        order = revision_order(appointment.revision)
        if removed or (order[0] and order != tuple(known_order)):
            return False
        if all(map(self._stands, appointment.recipients)) and fingerprint(encode(appointment)) == held:
            return True
        return fingerprint(encode(normalise(appointment, self.region))) == held

    def _stands(self, recipient: Recipient) -> bool:
        """Say whether a number is read as it stands, as the first one was that begins like it and is as long.

        To read each again costs more than all the rest. One that would be read otherwise than before, by a library of
        another version, is of a kind: it begins like others.
        """
        kind = recipient.phone[:_BEGINNING], len(recipient.phone)
        if kind not in self._standing:
            self._standing[kind] = phone_number(recipient.phone, None) == recipient.phone
        return self._standing[kind] and not recipient.email

    def _keep_what_is_held(self, identity: Identity) -> None:
        for record in self.ledger.read(lambda reader: list(reader.records(identities=[identity]))):
            self._keep(record.appointment)

    def _keep(self, appointment: Appointment) -> None:
        self.batch.take(Incoming.of(normalise(appointment, self.region), self.as_of))
