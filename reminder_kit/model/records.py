"""Records: what the ledger remembers of appointments, reminders and numbers, and what it is handed.

Pure: no clock, no I/O. Never decides anything: a plan compares these values with what is wanted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cached_property
from typing import Any, NamedTuple

from attrs import field, fields, frozen

from reminder_kit.model.appointments import Appointment, normalise
from reminder_kit.model.as_of import AsOf, Written
from reminder_kit.model.messages import Message
from reminder_kit.model.restorations import Restoration
from reminder_kit.model.revisions import is_older, revision_order
from reminder_kit.model.snapshots import decode, encode, fingerprint

__all__ = [
    "FORCED",
    "RECENT",
    "SNAPSHOT",
    "AppointmentRecord",
    "Batch",
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
    "Traffic",
    "Twin",
    "incoming_by_identity",
    "is_open",
]

FORCED = "forced"
"""The name of the job under which the ledger notes that a plan is carried out although its guard refused it."""

RECENT = "recent"
"""The name of the job under which the ledger keeps its latest runs: when, which job, how long, what came of it."""

SNAPSHOT = "snapshot "
"""What the name begins with under which the ledger keeps when a source's newest complete snapshot was taken."""


def is_open(forced: tuple[datetime, Mapping[str, Any]] | None, now: datetime) -> bool:
    """Say whether a forced plan is still to be finished: part of it is open, and it was forced less than a day ago.

    What was forced more than a day after `now` was forced by a clock that was ahead, and is not open either.

    `forced` is what the ledger noted under `FORCED`, when (UTC) and how far; None: no plan was forced.
    """
    return forced is not None and bool(forced[1].get("open")) and abs(now - forced[0]) < timedelta(days=1)


class Identity(NamedTuple):
    """Which appointment, within one namespace."""

    #: The calendar or system it comes from.
    source: str
    #: The host's name for it, unique within its source.
    id: str
    #: Which occurrence of a series; "": it does not recur.
    recurrence_id: str = ""

    @classmethod
    def of(cls, appointment: Appointment) -> Identity:
        """Return the identity of an appointment."""
        return cls(appointment.source, appointment.id, appointment.recurrence_id or "")


class ReminderStatus(StrEnum):
    """What had become of a reminder when it was last worked on."""

    #: A message of it is at the provider, or went out.
    PARKED = "parked"
    #: It waits with us, until it can be parked.
    HELD = "held"
    #: No message is made of it.
    SKIPPED = "skipped"


@frozen
class ReminderRecord:
    """What the ledger remembers of one reminder (appointment × rule × recipient)."""

    #: The reminder's identity, whatever its time (`reminder_key`).
    key: str
    #: The id of its rule; "" where only its message is known.
    rule: str
    #: The recipient's key: the host's id of the person, else the number; "" where the appointment has no recipient.
    recipient: str = field(repr=False)
    #: The number it goes to, E.164 or as it was given; "" where there is none.
    to: str = field(repr=False)
    #: What had become of it.
    status: ReminderStatus
    #: Why, as the value of a `Reason`.
    reason: str
    #: When it was due, UTC; None: never, or not known.
    due_at: datetime | None = None
    #: When its message goes out, UTC; None: there is none, and none about to be made.
    send_at: datetime | None = None
    #: When it is looked at again although nothing changed, UTC: for a held one, as its time enters the window. None:
    #: not before something changes.
    park_at: datetime | None = None
    #: Whether a message of it was given up for a new one (its own, or one that includes it) that is not made yet. The
    #: new one is placed even if it comes late, whatever the rule's `if_late` says.
    replacing: bool = False
    #: What went wrong, in words; "": nothing.
    error: str = ""
    #: The name of the blocker that it waits for (`Blocker.name`); "": it waits for none.
    blocker: str = ""


@frozen
class AppointmentRecord:
    """One appointment as the ledger knows it, with all that is known of its reminders."""

    #: Its number within the ledger, by which it is claimed.
    row: int
    #: Which appointment it is.
    identity: Identity
    #: The appointment as text (`snapshots.encode`), read only when asked for; "" once its personal data was purged.
    snapshot: str = field(repr=False)
    #: The digest of the snapshot, by which an unchanged appointment is known.
    fingerprint: str
    #: How often it was written, from 1 up: whoever decides on it finds out by this number that it changed meanwhile.
    generation: int
    #: Whether the latest write has not been worked on yet.
    dirty: bool
    #: Whether the host, or its calendar, no longer has it.
    removed: bool
    #: The digest of the settings (rules, quiet hours, provider, …) its reminders were decided with; "": none so far.
    planned_with: str
    #: The earliest instant, UTC, at which something is to be done although nothing changed: a held reminder enters the
    #: window, a message is past its time, a failed step may be tried again. None: never.
    next_at: datetime | None
    #: Its start, UTC.
    start_at: datetime
    #: When it was last written, UTC.
    recorded_at: datetime
    #: Kind and order of its revision (`revisions.revision_order`); ("", ""): it has none.
    revision: tuple[str, str] = ("", "")
    #: What is remembered of its reminders.
    outcomes: tuple[ReminderRecord, ...] = ()
    #: Every message of its reminders except cancelled and abandoned ones, oldest first.
    messages: tuple[Message, ...] = ()
    #: The name of the host's keyword that was replied last, since the start last moved; "": none.
    replied: str = ""
    #: That the ledger was put back to an older state; None: it never was.
    restoration: Restoration | None = None

    @property
    def is_awaited(self) -> bool:
        """Whether the ledger was put back since it was written, and it has not come in again."""
        return self.restoration is not None and bool(self.snapshot) and not self.fingerprint

    def gap_of(self, appointment: Appointment) -> Restoration | None:
        """Return the restoration, unless `appointment`, which is this one, was certainly booked after it."""
        known = self.restoration
        over = known is None or known.is_over_for(self.identity.source, self.row, appointment.booked_at)
        return None if over else known

    @cached_property
    def appointment(self) -> Appointment:
        """The appointment, read from its snapshot when it is first asked for.

        Raises `InvalidInputError` or `ValueError` where the snapshot can't be read on this machine, for example for a
        zone that this machine does not know.
        """
        return decode(self.snapshot)

    @property
    def wanted(self) -> Appointment | None:
        """The appointment, if people are still to be reminded of it, else None. Raises as `appointment` does."""
        return None if self.removed else self.appointment

    @property
    def written(self) -> Written:
        """What was written last."""
        return Written(self.identity, self.fingerprint, self.removed, self.recorded_at)


@frozen
class Incoming:
    """An appointment about to be recorded."""

    #: The appointment, its phones as E.164 where they can be.
    appointment: Appointment
    #: The same as text (`snapshots.encode`).
    snapshot: str = field(repr=False)
    #: The digest of the snapshot.
    fingerprint: str
    #: When the host read it; None: nothing is too new for it.
    as_of: AsOf | None = field(default=None, eq=False, repr=False)
    #: Whether it belongs to a state of its whole series that is older than what is recorded, whatever its own revision.
    outdated: bool = False
    #: Which appointment it is.
    identity: Identity = field(init=False, eq=False, repr=False)

    @identity.default
    def _identity(self) -> Identity:
        return Identity.of(self.appointment)

    @property
    def order(self) -> tuple[str, str]:
        """Kind and order of its revision, as text that sorts (`revisions.revision_order`)."""
        return revision_order(self.appointment.revision)

    def is_older_than(self, record: AppointmentRecord, *, overtaken: bool = False) -> bool:
        """Say whether the ledger knows something newer, so that this is not to be written.

        Revisions of one kind decide by themselves, unless they are equal. Else `as_of` decides about what differs:
        whatever was recorded after that is newer; all is where a newer complete snapshot has `overtaken` this one.
        """
        older = True if self.outdated else is_older(self.order, record.revision)
        if older is not None:
            return older
        differs = record.removed or record.fingerprint != self.fingerprint
        return differs and self.as_of is not None and (overtaken or self.as_of.is_newer(record.written))

    @classmethod
    def of(cls, appointment: Appointment, as_of: AsOf | None = None) -> Incoming:
        """Return an appointment ready to be recorded; `as_of` says when the host read it."""
        snapshot = encode(appointment)
        return cls(appointment, snapshot, fingerprint(snapshot), as_of)


class RecordResult(StrEnum):
    """What recording an appointment did."""

    #: It was not known before.
    NEW = "new"
    #: It differs from what was recorded, and has taken its place.
    CHANGED = "changed"
    #: It is what was recorded.
    UNCHANGED = "unchanged"
    #: It is older than what was recorded, and was not written.
    STALE = "stale"


@frozen
class HistoryEntry:
    """One line of history: what was decided or done, when, and why. Lines are appended, never changed."""

    #: When it was, UTC.
    at: datetime
    #: The verb at work: "sync", "import", "resync", "withdraw", "webhook", …
    actor: str
    #: What it was: a change ("schedule", "stale_revision", …) or the state a message came to ("cancelling", "sent", …).
    event: str
    #: The appointment it concerns.
    identity: Identity
    #: The key of the reminder; "": it concerns the appointment as a whole.
    key: str = ""
    #: The id of the rule; "" likewise.
    rule: str = ""
    #: Our id of the message; "": no message was touched.
    message_id: str = ""
    #: Why: the value of a `Reason`, an error in words, or what the provider or the person said; "": nothing to say.
    reason: str = ""
    #: More, as JSON values: send times, the provider's id, …
    detail: Mapping[str, Any] = field(factory=dict)


@frozen(cache_hash=True)
class Claim:
    """The right to work on one appointment, until its lease runs out or somebody else claims it."""

    #: The appointment's row (`AppointmentRecord.row`).
    row: int
    #: The worker that holds it.
    owner: str
    #: The number of the claim, higher with each one on the row: a write under a lower number is refused.
    fence: int


@frozen
class Release:
    """What is known of an appointment when its claim is given back."""

    #: The claim that is given back.
    claim: Claim
    #: The generation that was worked on: where the appointment was written since, it stays dirty.
    generation: int
    #: Whether all was done, so that the appointment is no longer dirty.
    complete: bool
    #: The digest of the settings its reminders were decided with.
    planned_with: str
    #: When it is to be looked at again although nothing changed, UTC; None: never.
    next_at: datetime | None


class PriorMessage(NamedTuple):
    """A message that went out for the same appointment id, rule and recipient, whichever the occurrence."""

    #: The key of its reminder.
    key: str
    #: The start that it spoke of, UTC.
    start_at: datetime
    #: When it went out, UTC.
    sent_at: datetime


class Traffic(NamedTuple):
    """One message to a number that went out, or is to go out."""

    #: The key of its reminder.
    key: str
    #: When it goes or went out, UTC.
    send_at: datetime
    #: When its reminder was due, and when what it speaks of starts, UTC; None: nobody asked.
    due_at: datetime | None = None
    start_at: datetime | None = None
    #: Whether it is only decided that it is to go out: nobody has asked the provider.
    is_new: bool = False


class Sharing(NamedTuple):
    """That a recorded appointment is, or was until it is worked on, for a number from a start on."""

    #: Its row.
    row: int
    #: Which appointment it is.
    identity: Identity
    #: The number.
    number: str
    #: The start, UTC.
    start_at: datetime
    #: Whether it is not removed, and that is its start now.
    stands: bool
    #: Whether it was worked on since it was written.
    settled: bool

    @property
    def visit(self) -> tuple[str, datetime]:
        """The number and the start."""
        return self.number, self.start_at


class Twin(NamedTuple):
    """One message to a number about a start: perhaps of another record of the same visit."""

    #: The key of its reminder.
    key: str
    #: When it goes or went out, UTC.
    send_at: datetime
    #: When its reminder was due, UTC.
    due_at: datetime
    #: What it says.
    text: str
    #: The id of its rule, and the source of its appointment; "": nobody asked.
    rule: str = ""
    source: str = ""


class FoundMessage(NamedTuple):
    """A message found by our token, by the provider's name for it, or by the number it went to last."""

    #: The message.
    message: Message
    #: The appointment it is for.
    identity: Identity
    #: The id of the rule it is by.
    rule: str
    #: The recipient's key; "" where nobody needs it.
    recipient: str


@frozen
class Batch:
    """Appointments handed in at once, ready to be recorded, one for each identity."""

    #: What is to be recorded.
    all_incoming: dict[Identity, Incoming] = field(factory=dict)
    #: Those that came with different content, of which nobody can say which is meant, and what differs.
    contradictions: dict[Identity, str] = field(factory=dict)

    def __bool__(self) -> bool:
        return bool(self.all_incoming or self.contradictions)

    @classmethod
    def of(cls, appointments: Iterable[Appointment], region: str | None, as_of: AsOf | None = None) -> Batch:
        """Return appointments ready to be recorded, their phones as E.164.

        Of several with one identity, the latest revision counts; where revisions say nothing, they must be the same.
        `region` (two letters, "US") is the country of numbers without a country code; None: those stay as they are.
        `as_of` says when the host read them.
        """
        batch = cls()
        for appointment in appointments:
            batch.take(Incoming.of(normalise(appointment, region), as_of))
        batch.drop_contradictions()
        return batch

    def drop_contradictions(self) -> None:
        """Let nothing be recorded of those that came with different content; ends the taking in."""
        for identity in self.contradictions:
            del self.all_incoming[identity]

    def take(self, incoming: Incoming) -> None:
        """Take in one appointment more, before `drop_contradictions`."""
        identity = incoming.identity
        before = self.all_incoming.get(identity)
        if before is not None and _is_older(incoming, before):
            return
        if before is None or _is_older(before, incoming):
            self.contradictions.pop(identity, None)
        elif before.fingerprint != incoming.fingerprint:
            self.contradictions.setdefault(identity, _difference(before.appointment, incoming.appointment))
        self.all_incoming[identity] = incoming


def incoming_by_identity(
    appointments: Iterable[Appointment], region: str | None, as_of: AsOf | None = None
) -> dict[Identity, Incoming]:
    """Return what a calendar holds, ready to be recorded, one for each identity, phones as E.164.

    Of several with one identity, the latest revision stays; where revisions can't be compared, the last one.
    `region` (two letters, "US") is the country of numbers without a country code; None: those stay as they are.
    `as_of` says when the host read them.
    """
    found: dict[Identity, Incoming] = {}
    for appointment in appointments:
        incoming = Incoming.of(normalise(appointment, region), as_of)
        before = found.get(incoming.identity)
        if before is None or not _is_older(incoming, before):
            found[incoming.identity] = incoming
    return found


def _is_older(incoming: Incoming, other: Incoming) -> bool:
    return is_older(incoming.order, other.order) is True


def _difference(one: Appointment, other: Appointment) -> str:
    """Return the names of the fields in which two appointments differ."""
    return ", ".join(
        attribute.name
        for attribute in fields(Appointment)
        if attribute.name != "revision" and getattr(one, attribute.name) != getattr(other, attribute.name)
    )
