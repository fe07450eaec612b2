"""Make a plan: read what the ledger knows, compare it with what came in, write nothing.

Never touches the provider, never creates or migrates a ledger; `now` is an argument.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import TypeVar

from attrs import evolve, frozen

from reminder_kit.errors import InvalidInputError
from reminder_kit.model.appointments import Appointment, Message, Reason, normalise
from reminder_kit.model.lifecycle import OPEN, SENT, State
from reminder_kit.model.records import Identity, Intake, Outcome, Record, Stand, Written
from reminder_kit.planning.changes import Change, Kind
from reminder_kit.planning.decide import decide
from reminder_kit.planning.settings import Case, Decision, Settings, forgotten_at, is_past

__all__ = [
    "Scope",
    "chunks",
    "decisions_for",
    "doubled",
    "in_doubt",
    "intakes_of",
    "is_doubtful",
    "needs_settling",
    "note_planned",
    "of_one_source",
    "poisoned",
    "with_planned",
]

T = TypeVar("T")

_CHUNK = 500
_PARKING = (Kind.SCHEDULE, Kind.REPLACE)


@frozen
class Scope:
    """What a run is about.

    `source` is where the appointments come from; `complete` withdraws what that source
    no longer has, up to `horizon`; `covers` names ids of which all occurrences were
    handed in; `sweep` also looks at everything else in the ledger (the batch job);
    `guarded` says whether the guard's ratio applies; `number` is one that was barred just now.
    """

    actor: str
    source: str | None = None
    complete: bool = False
    covers: Collection[str] = ()
    spare: Collection[str] = ()
    sweep: bool = False
    only_dirty: bool = False
    guarded: bool = True
    horizon: datetime | None = None
    as_of: datetime | None = None
    refusal: str | None = None
    withdraw: Sequence[Identity] = ()
    number: str | None = None
    covered: Sequence[Scope] = ()


def chunks(items: Iterable[T], size: int = _CHUNK) -> Iterator[list[T]]:
    """Yield the items in lists of at most that many."""
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch


def intakes_of(appointments: Iterable[Appointment], region: str | None) -> dict[Identity, Intake]:
    """Return what came in, one for each identity: of several, the one with the latest revision, else the last."""
    found: dict[Identity, Intake] = {}
    for appointment in appointments:
        intake = Intake.of(normalise(appointment, region))
        before = found.get(intake.identity)
        if before is None or not _is_older(intake, before):
            found[intake.identity] = intake
    return found


def _is_older(intake: Intake, other: Intake) -> bool:
    kind, order = intake.order
    return bool(kind) and kind == other.order[0] and order < other.order[1]


def needs_settling(message: Message, now: datetime) -> bool:
    """Say whether a message's last step was left open, or its time has passed unheard."""
    if message.state is State.SCHEDULED:
        return is_past(message, now)
    if message.state is State.UNKNOWN:
        return now >= forgotten_at(message)
    return message.state in OPEN


def doubled(messages: Sequence[Message]) -> list[Message]:
    """Return the parked messages, oldest first, of whose reminder a newer one may be parked as well."""
    newest = {message.key: message.id for message in messages if message.state in OPEN}
    return [each for each in messages if each.state is State.SCHEDULED and each.id != newest[each.key]]


def decisions_for(case: Case, settings: Settings, now: datetime) -> tuple[list[Decision], str]:
    """Return the decisions of one appointment, or none and the error: a broken one never stops the others."""
    if case.error:
        return [], case.error
    try:
        return decide(case, settings, now), ""
    except Exception as error:  # noqa: BLE001 - whatever a host's data or callable raises concerns this appointment only
        return [], f"{type(error).__name__}: {error}"


def poisoned(identity: Identity, error: str) -> Change:
    """Return the change that lists an appointment nothing could be decided for."""
    return Change(Kind.SKIP, identity, "", "", "", None, None, None, Reason.QUARANTINED, outcome="failed", error=error)


def recorded_changes(record: Record, now: datetime) -> list[Change]:
    """Return what to say of an appointment whose outcomes stand as they were recorded."""
    parked = {message.key: message for message in record.messages if message.state in OPEN or message.state in SENT}
    doubtful = {message.key for message in record.messages if is_doubtful(message, now)}
    return [
        in_doubt(change) if change.key in doubtful else change
        for change in (_standing(record.identity, outcome, parked.get(outcome.key)) for outcome in record.outcomes)
    ]


def is_doubtful(message: Message, now: datetime) -> bool:
    """Say whether a message may be parked without our ever having learned of it."""
    return message.state is State.UNKNOWN and message.send_at > now


def in_doubt(change: Change) -> Change:
    """Return a change that says so: whatever else holds for its reminder, one message of it is not accounted for."""
    note = "an earlier message for this reminder was never confirmed: it may be sent as well"
    return evolve(change, outcome="unknown", error=change.error or note)


def _standing(identity: Identity, outcome: Outcome, message: Message | None) -> Change:
    kind, reason = Kind.SKIP, Reason(outcome.reason)
    if outcome.stand is Stand.HELD:
        kind = Kind.HOLD
    elif outcome.stand is Stand.PARKED:
        kind, reason = Kind.KEEP, Reason.TOO_LATE if reason is Reason.TOO_LATE else Reason.UNCHANGED
        if message is not None and message.state not in OPEN:
            kind, reason = Kind.SKIP, Reason.ALREADY_SENT
    live = message if message is not None and outcome.stand is Stand.PARKED else None
    return Change(
        kind=kind,
        identity=identity,
        key=outcome.key,
        rule=outcome.rule,
        recipient=outcome.recipient,
        to=outcome.to or None,
        due_at=outcome.due_at,
        send_at=live.send_at if live else None,
        reason=reason,
        text=live.draft.text if live else None,
        message_id=live.provider_id if live else None,
        error=outcome.error or None,
    )


def with_planned(case: Case, planned: Mapping[str, Sequence[Written]]) -> Case:
    """Return the case with what is about to be written to its numbers before."""
    if not planned or case.appointment is None:
        return case
    numbers = {each.phone for each in case.appointment.recipients} & planned.keys()
    more = {number: [*case.written.get(number, ()), *planned[number]] for number in numbers}
    return evolve(case, written={**case.written, **more}) if more else case


def note_planned(planned: dict[str, list[Written]], changes: Iterable[Change]) -> None:
    """Note what changes are about to write, by number."""
    for change in changes:
        if change.kind in _PARKING and change.to and change.send_at is not None:
            planned.setdefault(change.to, []).append(Written(change.key, change.send_at))


def of_one_source(found: list[Identity]) -> list[Identity]:
    """Return the identities; raises `InvalidInputError` where they belong to several sources."""
    names = sorted({each.source for each in found})
    if len(names) > 1:
        raise InvalidInputError(
            f"appointment {found[0].id!r} is recorded for several sources ({', '.join(names)}): name one"
        )
    return found
