"""What the ledger remembers, as values: appointments with their outcomes and messages, history, suppressions.

Pure: no SQL, no clock. The plan compares these with what is wanted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple

from attrs import field, frozen

from reminder_kit.model.appointments import Appointment, normalise
from reminder_kit.model.messages import Message
from reminder_kit.model.snapshots import decode, encode, fingerprint, revision_order

__all__ = [
    "FORCED",
    "AppointmentRecord",
    "Claim",
    "FoundMessage",
    "HistoryEntry",
    "Identity",
    "Incoming",
    "PriorMessage",
    "RecordResult",
    "Release",
    "ReminderRecord",
    "ReminderStatus",
    "Suppression",
    "Traffic",
    "incoming_by_identity",
    "is_open",
]

FORCED = "forced"
"""The job under which the ledger notes that a plan whose guard was overridden is being carried out."""


def is_open(forced: tuple[datetime, Mapping[str, Any]] | None, now: datetime) -> bool:
    """Say whether a forced plan is still to be ended: not all of it was done, and it was forced less than a day ago."""
    return forced is not None and bool(forced[1].get("open")) and now - forced[0] < timedelta(days=1)


class Identity(NamedTuple):
    """Which appointment, within one namespace. `recurrence_id` is "" for what does not recur."""

    source: str
    id: str
    recurrence_id: str = ""

    @classmethod
    def of(cls, appointment: Appointment) -> Identity:
        """Return the identity of an appointment."""
        return cls(appointment.source, appointment.id, appointment.recurrence_id or "")


class ReminderStatus(StrEnum):
    """Where one reminder stands after it was last worked on."""

    PARKED = "parked"
    HELD = "held"
    SKIPPED = "skipped"


@frozen
class ReminderRecord:
    """The recorded outcome of one reminder (appointment × rule × recipient).

    `recipient` is the recipient's key, `to` the number. `send_at` is None unless parked
    or still intended; `park_at` is when a held reminder enters the provider's window.
    `replacing` says that its old message was withdrawn in order to be created anew, and
    that the new one has not been created yet.
    """

    key: str
    rule: str
    recipient: str = field(repr=False)
    to: str = field(repr=False)
    status: ReminderStatus
    reason: str
    due_at: datetime | None = None
    send_at: datetime | None = None
    park_at: datetime | None = None
    replacing: bool = False
    error: str = ""


@frozen
class AppointmentRecord:
    """One appointment as the ledger knows it, with all that is known of its reminders.

    `snapshot` is the appointment as text, read only when asked for. `generation` counts
    the writes of the appointment; `dirty` says that the latest has not been worked on.
    `removed` says that the host or its calendar no longer has it. `planned_with` is the
    digest of the settings (rules, quiet hours, provider, …) its outcomes were decided
    with. `next_at` is the earliest instant at which something is to be done although
    nothing changed (a held reminder enters the window, a message is past its time, a
    failed step may be tried again); None: never. `revision` is its order
    (`snapshot.revision_order`). `replied` is the host's keyword that came back last, since the start last moved.
    `messages` holds every message of its
    reminders except cancelled and abandoned ones, oldest first.
    """

    row: int
    identity: Identity
    snapshot: str = field(repr=False)
    fingerprint: str
    generation: int
    dirty: bool
    removed: bool
    planned_with: str
    next_at: datetime | None
    start_at: datetime
    recorded_at: datetime
    revision: tuple[str, str] = ("", "")
    outcomes: tuple[ReminderRecord, ...] = ()
    messages: tuple[Message, ...] = ()
    replied: str = ""

    @property
    def appointment(self) -> Appointment:
        """The appointment, read from its snapshot; raises where that can't be read here (a zone nobody knows)."""
        return decode(self.snapshot)

    @property
    def wanted(self) -> Appointment | None:
        """The appointment if people are still to be reminded of it; raises as `appointment` does."""
        return None if self.removed else self.appointment


@frozen
class Incoming:
    """An appointment about to be recorded, with its snapshot and the digest of that."""

    appointment: Appointment
    snapshot: str = field(repr=False)
    fingerprint: str

    @property
    def identity(self) -> Identity:
        """Which appointment it is."""
        return Identity.of(self.appointment)

    @property
    def order(self) -> tuple[str, str]:
        """The revision as text that sorts."""
        return revision_order(self.appointment.revision)

    def is_older_than(self, record: AppointmentRecord, as_of: datetime | None) -> bool:
        """Say whether the ledger knows something newer (design, §13): then this is not written."""
        kind, order = self.order
        if kind and kind == record.revision[0]:
            return order < record.revision[1]
        return as_of is not None and record.recorded_at > as_of and not (kind and record.revision[0])

    @classmethod
    def of(cls, appointment: Appointment) -> Incoming:
        """Return an appointment ready to be recorded."""
        snapshot = encode(appointment)
        return cls(appointment, snapshot, fingerprint(snapshot))


class RecordResult(StrEnum):
    """What recording an appointment did."""

    NEW = "new"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    STALE = "stale"


@frozen
class HistoryEntry:
    """One line of history: what was decided or done, when, and why. Append only.

    `actor` is the verb at work ("sync", "import", "resync", "withdraw", "webhook", …).
    `event` is a change or a state ("schedule", "cancelling", "sent", "stale_revision", …).
    """

    at: datetime
    actor: str
    event: str
    identity: Identity
    key: str = ""
    rule: str = ""
    message_id: str = ""
    reason: str = ""
    detail: Mapping[str, Any] = field(factory=dict)


@frozen
class Suppression:
    """A number that must not be written to, and who said so."""

    number: str = field(repr=False)
    reason: str
    at: datetime
    by: str = "host"


@frozen
class Claim:
    """The right to work on one appointment until its lease runs out. Each claim of a row has a higher `fence`."""

    row: int
    owner: str
    fence: int


@frozen
class Release:
    """What is known when a claim is given back.

    `generation` is the one that was worked on: the dirty flag is cleared only where it
    is still that, and only when `clean`. `planned_with` and `next_at` as in `Record`.
    """

    claim: Claim
    generation: int
    complete: bool
    planned_with: str
    next_at: datetime | None


class PriorMessage(NamedTuple):
    """A message that went (or is going) out for the same appointment id, rule and recipient, whichever occurrence."""

    key: str
    start_at: datetime
    sent_at: datetime


class Traffic(NamedTuple):
    """What went, or is to go, out to a number: of which reminder, and when."""

    key: str
    send_at: datetime


class FoundMessage(NamedTuple):
    """A message found by what a provider calls it, with the identity of its appointment."""

    message: Message
    identity: Identity
    rule: str
    recipient: str


def incoming_by_identity(appointments: Iterable[Appointment], region: str | None) -> dict[Identity, Incoming]:
    """Return what came in, one for each identity: of several, the one with the latest revision, else the last."""
    found: dict[Identity, Incoming] = {}
    for appointment in appointments:
        incoming = Incoming.of(normalise(appointment, region))
        before = found.get(incoming.identity)
        if before is None or not _is_older(incoming, before):
            found[incoming.identity] = incoming
    return found


def _is_older(incoming: Incoming, other: Incoming) -> bool:
    kind, order = incoming.order
    return bool(kind) and kind == other.order[0] and order < other.order[1]
