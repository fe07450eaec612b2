"""An intake: what a host hands the batch job, drawn piece by piece; what the ledger holds already is let go at once.

Reads the ledger, a snapshot for each piece: a host's lazy query may itself take its time, and record meanwhile. Never
writes. A million appointments that did not change cost the memory of a piece, and a number for each.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from attrs import define, field

from reminder_kit.ledger.ledger import Ledger
from reminder_kit.model.appointments import Appointment, normalise
from reminder_kit.model.as_of import AsOf
from reminder_kit.model.records import Batch, Identity, Incoming
from reminder_kit.reconciler.batches import batched

if TYPE_CHECKING:
    from reminder_kit.ledger.reader import Reader

__all__ = ["Intake"]

_PIECE = 500  # appointments drawn and compared at a time


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

    def draw(self, appointments: Iterable[Appointment]) -> None:
        """Draw all of it, and keep what the ledger does not hold as it is."""
        for drawn in batched(appointments, _PIECE):
            piece = [Incoming.of(normalise(appointment, self.region), self.as_of) for appointment in drawn]
            self.count += len(piece)
            self.sources |= dict.fromkeys(incoming.identity.source for incoming in piece)
            if self.count <= self.small:
                self._keep(piece)
            else:
                self.ledger.read(partial(self._sift, piece))
        self.batch.drop_contradictions()

    def came_in(self, identity: Identity) -> bool:
        """Say whether an appointment was let go: it came in as the ledger holds it."""
        return hash(identity) in self.let_go

    def _sift(self, piece: Sequence[Incoming], reader: Reader) -> None:
        known = reader.recorded(incoming.identity for incoming in piece)
        for incoming in piece:
            identity = incoming.identity
            if identity not in self.batch.all_incoming and _is_held(incoming, known.get(identity)):
                self.let_go.add(hash(identity))
                continue
            if self.came_in(identity):  # it came before, as the ledger holds it, and differs now
                records = reader.records(identities=[identity])
                self._keep(Incoming.of(record.appointment, self.as_of) for record in records)
            self.batch.take(incoming)

    def _keep(self, piece: Iterable[Incoming]) -> None:
        for incoming in piece:
            self.batch.take(incoming)


def _is_held(incoming: Incoming, known: Sequence[Any] | None) -> bool:
    """Say whether the ledger holds an appointment as it came, its revision included; `known` is what it holds."""
    if known is None:
        return False
    _, fingerprint, removed, kind, order, _ = known
    is_same_revision = not incoming.order[0] or incoming.order == (kind, order)
    return not removed and fingerprint == incoming.fingerprint and is_same_revision
