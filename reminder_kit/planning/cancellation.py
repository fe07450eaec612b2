"""Cancellations: one message for whom a reminder told of an appointment that was then cancelled.

Pure: no clock, no I/O. Never made for what is only gone (absent, purged, withdrawn), nor for who was told nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from hashlib import blake2b

from attrs import evolve

from reminder_kit.model.appointments import Appointment, Status
from reminder_kit.model.lifecycle import SENT, State
from reminder_kit.model.messages import Message
from reminder_kit.model.reasons import SAID_BY_OTHERS, Reason
from reminder_kit.model.records import Identity
from reminder_kit.planning.correction import correction_key, due_after
from reminder_kit.planning.message_times import cancellable, is_past
from reminder_kit.planning.observed import Observed
from reminder_kit.planning.settings import Settings
from reminder_kit.rules.reminders import BOOKING, Reminder
from reminder_kit.rules.rule import Rule

__all__ = [
    "CANCELLATION",
    "cancellation_key",
    "cancellations",
    "has_told",
    "shared_key",
    "still_told",
    "told_off_at",
]

CANCELLATION = "cancellation"
"""The id of the rule of these messages."""


def cancellations(
    reminders: Iterable[Reminder],
    messages: Mapping[str, Sequence[Message]],
    observed: Observed,
    settings: Settings,
    now: datetime,
) -> list[Reminder]:
    """Return the cancellations that are due: one for each person whom any of these reminders reached.

    One is due where the appointment itself says that it is cancelled, and the last that the person was told of it is
    still to come; it speaks of the start that was told. `messages` are those of reminders and corrections, by key. It
    goes out `after` the change, as soon as the provider and quiet hours allow, before that start, and once. Where
    another record of the visit stands (the same number, start and words), it is only a duplicate that is gone.
    """
    appointment = observed.appointment
    if appointment is None or appointment.status is not Status.CANCELLED:
        return []
    called_off = [
        reminder
        for reminder in reminders
        if reminder.recipient is not None
        and reminder.refusal is Reason.CANCELLED
        and reminder.recipient.phone not in observed.still_expected
    ]
    found: dict[str, Reminder] = {}
    told: dict[str, list[Message]] = {}
    for reminder in called_off:
        own = [message for message in _of(reminder, messages) if has_told(message, settings, now)]
        for message in own:
            told.setdefault(message.draft.to, []).append(message)
        if any(message.draft.to == reminder.to for message in own) or _told_by_another(reminder, observed, now):
            found.setdefault(reminder.to, reminder)
    for reminder in called_off:  # people may have exchanged their numbers, or ids
        if reminder.to in told:
            found.setdefault(reminder.to, reminder)
    return [
        _cancellation(reminder, _last_start(told.get(number, ()), appointment), observed, settings, now)
        for number, reminder in found.items()
    ]


def _last_start(told: Sequence[Message], appointment: Appointment) -> datetime:
    """Return the start (UTC) that the last of several messages named, by whichever rule; the present one of none."""
    last = max(told, key=lambda message: (message.send_at, message.created_at), default=None)
    return appointment.start_at if last is None else last.start_at


def _of(reminder: Reminder, messages: Mapping[str, Sequence[Message]]) -> Sequence[Message]:
    return (*messages.get(reminder.key, ()), *messages.get(correction_key(reminder.key), ()))


def has_told(message: Message, settings: Settings, now: datetime) -> bool:
    """Say whether a message told, or can't be kept from telling, of a start that is still to come."""
    if message.start_at <= now or message.state is State.UNDELIVERED:
        return False
    leaves = message.state is State.SCHEDULED and not cancellable(message, settings.of(message).window, now)
    return message.state in SENT or leaves or (message.state is State.UNKNOWN and message.send_at <= now)


def _told_by_another(reminder: Reminder, observed: Observed, now: datetime) -> bool:
    """Say whether another record of the visit told it, whose words this one did not repeat; once so, it stays so."""
    assert reminder.recipient is not None  # noqa: S101 - whoever asks has somebody
    known = observed.outcomes.get(reminder.key)
    silent = known is not None and known.reason in SAID_BY_OTHERS
    if not silent and cancellation_key(observed.identity, _who(reminder)) not in observed.outcomes:
        return False
    visit = (reminder.recipient.phone, reminder.appointment.start_at)
    return visit[1] > now and any(twin.send_at <= now for twin in observed.twins.get(visit, ()))


def _cancellation(
    reminder: Reminder, told: datetime, observed: Observed, settings: Settings, now: datetime
) -> Reminder:
    """Return the cancellation of an appointment for whom a reminder is; `told` is the start, UTC, of which it told."""
    assert reminder.recipient is not None  # noqa: S101 - whom nothing was written to was told nothing
    key = cancellation_key(observed.identity, _who(reminder))
    base = reminder.rule
    rule = Rule(
        CANCELLATION,
        before="1 minute",
        text=settings.cancellation.text,
        if_late="clamp",
        shift="later",
        clock=base.clock,
        empty=base.empty,
    )
    refusal = None if reminder.recipient.opted_in else Reason.OPTED_OUT
    due_at = due_after(key, observed, settings.cancellation.after, now)
    known = _as_told(reminder.appointment, told)
    return evolve(
        reminder,
        key=key,
        appointment=known,
        rule=rule,
        due_at=due_at,
        anchor_at=told,
        refusal=refusal,
        detail="",
        is_notice=True,
    )


def _who(reminder: Reminder) -> str:
    """Return what tells a reminder's recipient from the others of its appointment: the key; where two share it, more.

    With the number, each hears of it once, in whatever order they come.
    """
    who = reminder.recipient
    assert who is not None  # noqa: S101 - whoever asks has somebody
    is_shared = sum(one.key == who.key for one in reminder.appointment.recipients) > 1
    return shared_key(who.key, who.phone) if is_shared else who.key


def shared_key(recipient: str, number: str) -> str:
    """Return what tells one of several people of an appointment who share the key `recipient` from the others."""
    return f"{recipient}#{number}"


def cancellation_key(identity: Identity, recipient: str) -> str:
    """Return the key of the cancellation of an appointment for a recipient, who is known by that key."""
    name = (*identity, recipient, CANCELLATION)
    return blake2b("\x1f".join(map(str, name)).encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def still_told(reminder: Reminder, messages: Sequence[Message], observed: Observed, now: datetime) -> Sequence[Message]:
    """Return the messages of a reminder, without those that went out before the person was told the contrary.

    A cancellation undoes the reminders before it: what is put back after that is reminded of anew. Those undo it in
    turn, and a correction as well: one is made only where they named another start since. What is told of a booking,
    or after the visit, is told once.
    """
    if reminder.recipient is None or not any(message.state in SENT for message in messages):
        return messages
    if reminder.is_notice:
        own = reminder.key
        contrary = [message for key, several in observed.messages.items() if key != own for message in several]
        undone_at = _last_arrival(contrary, reminder.recipient.phone, now)
    elif reminder.rule.is_follow_up or reminder.rule.anchor == BOOKING:
        return messages
    else:
        undone_at = told_off_at(reminder, observed, now)
    if undone_at is None:
        return messages
    return [message for message in messages if message.state not in SENT or message.send_at > undone_at]


def told_off_at(reminder: Reminder, observed: Observed, now: datetime) -> datetime | None:
    """Return when (UTC) a reminder's person was told last that the appointment is cancelled; None: never."""
    if reminder.recipient is None:
        return None
    cancellation = cancellation_key(observed.identity, _who(reminder))
    return _last_arrival(observed.messages.get(cancellation, ()), reminder.recipient.phone, now)


def _last_arrival(messages: Iterable[Message], number: str, now: datetime) -> datetime | None:
    """Return when (UTC) the last of several messages arrived at a number; None: none did."""
    return max((message.send_at for message in messages if _arrived(message, number, now)), default=None)


def _arrived(message: Message, number: str, now: datetime) -> bool:
    """Say whether a number has a message, or must be taken to have it, since its time is over."""
    went_out = message.state in SENT or (message.state is State.SCHEDULED and is_past(message, now))
    return went_out and message.state is not State.UNDELIVERED and message.draft.to == number


def _as_told(appointment: Appointment, start_at: datetime) -> Appointment:
    """Return an appointment as the person knows it, who was told that start (UTC)."""
    if appointment.start_at == start_at:
        return appointment
    ends_at = appointment.ends_at
    if ends_at is not None:
        ends_at = (appointment.end_at + (start_at - appointment.start_at)).astimezone(ends_at.tzinfo)
    return evolve(appointment, starts_at=start_at.astimezone(appointment.starts_at.tzinfo), ends_at=ends_at)
