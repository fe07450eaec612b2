"""Retrying: have what waits tried now, because a person says so.

Never asks a provider: the run that follows does. Works inside a transaction that it is handed.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING

from attrs import evolve

from reminder_kit.errors import InvalidInputError, LedgerError
from reminder_kit.model.blockers import Blocker
from reminder_kit.model.host_data import shown_name
from reminder_kit.model.lifecycle import OPEN, State
from reminder_kit.model.messages import Message
from reminder_kit.model.phones import country_of
from reminder_kit.model.reasons import WAITS, Reason
from reminder_kit.model.records import AppointmentRecord, ReminderRecord, ReminderStatus
from reminder_kit.model.restorations import IN_GAP
from reminder_kit.planning.message_times import CLEARED, NEVER_SENT, may_be_taken
from reminder_kit.reconciler.leases import LEASE

if TYPE_CHECKING:
    from reminder_kit.ledger.transaction import Transaction

__all__ = ["hasten", "start_afresh"]

_OWNER = "retry"
"""The name under which an appointment is claimed for the moment of a transaction."""
_ASKED = OPEN | {State.UNKNOWN}
"""States in which a message is asked for again by itself, where it has a `next_try_at`."""

_LEFT_TO_FALLBACK = (Reason.QUARANTINED, Reason.WAITING_ACCOUNT)
"""The reasons that are recorded of reminders while their fallbacks stand in for them."""


def hasten(reason: str | None, outages: Iterable[str], now: datetime, tx: Transaction) -> None:
    """Have what waits for a reason (None: for any) tried at `now` (UTC), as if its next attempt were due.

    `outages` are the names under which the ledger notes that providers are left alone: that is forgotten. Raises
    `InvalidInputError` for a reason for which nothing ever waits.
    """
    if reason is not None and reason not in WAITS:
        raise InvalidInputError(f"nothing waits for {shown_name(reason)}: it is {' or '.join(WAITS)}")
    wanted = (reason,) if reason else WAITS
    for name in outages:
        tx.mark_run(name, now, {})
    waiting = [record for record in tx.reader.records(ended_after=now) if _waits(record, wanted)]
    for blocker in tx.reader.blockers():
        if blocker.reason in wanted:
            _make_due(blocker, _words_to_try(blocker, waiting), now, tx)
    for record in waiting:
        _forget_back_off(record, now, tx)
    tx.mark_dirty(identities=[record.identity for record in waiting])


def _words_to_try(blocker: Blocker, waiting: Iterable[AppointmentRecord]) -> list[str]:
    """Return the key of the parked reminder whose new words are tried where nothing else waits for a blocker.

    Its message goes first, and is missing if the next is refused again: it is the one with the latest start.
    """
    stopped = [
        (record.start_at, kept.key, kept.status)
        for record in waiting
        for kept in record.outcomes
        if kept.blocker == blocker.name
    ]
    if any(status is not ReminderStatus.PARKED for _, _, status in stopped):
        return []
    return [key for _, key, _ in sorted(stopped)[-1:]]


def _make_due(blocker: Blocker, words: Iterable[str], now: datetime, tx: Transaction) -> None:
    """Have a blocker due at `now`, where it is not, with the new words of parked reminders (their keys) let through."""
    due = evolve(blocker, next_try_at=min(blocker.next_try_at, now))
    for key in words:
        due = due.letting(key)
    if due != blocker:
        tx.keep_blocker(due)


def _waits(record: AppointmentRecord, wanted: tuple[str, ...]) -> bool:
    """Say whether anything of an appointment waits for such a reason; a message in doubt waits for its provider."""
    in_doubt = any(
        message.state in (State.CREATING, State.CANCELLING) or (message.state in _ASKED and message.next_try_at)
        for message in record.messages
    )
    held = any(reminder_record.reason in wanted for reminder_record in record.outcomes)
    return held or (in_doubt and Reason.WAITING_PROVIDER in wanted)


def _forget_back_off(record: AppointmentRecord, now: datetime, tx: Transaction) -> None:
    for message in record.messages:
        if message.state in _ASKED and message.next_try_at is not None and message.next_try_at > now:
            tx.move_message(None, message, evolve(message, next_try_at=now))


def _forget_given_up(record: AppointmentRecord, now: datetime, tx: Transaction) -> None:
    """Forget that reminders were given up since their messages were never confirmed."""
    given_up = [kept.key for kept in record.outcomes if kept.reason == Reason.NOT_CONFIRMED]
    if not given_up:
        return
    claims = tx.claim([record.row], _OWNER, now, LEASE)
    if record.row not in claims:
        raise LedgerError(f"another worker is at work on appointment {record.identity.id!r}: try again in a minute")
    tx.drop_outcomes(claims[record.row], given_up)
    tx.expire_rows([record.row])


def _is_stood_in(kept: ReminderRecord) -> bool:
    """Say whether a reminder is left to its fallback, since its provider refuses it: that has an error of its own."""
    return kept.status is ReminderStatus.SKIPPED and kept.reason in _LEFT_TO_FALLBACK and not kept.error


def _stops(blocker: Blocker, kept: ReminderRecord) -> bool:
    return blocker.stops(kept.key) and blocker.country in ("", country_of(kept.to))


def start_afresh(id: str, source: str | None, now: datetime, tx: Transaction) -> None:  # noqa: A002 - the identity's public name
    """Have all reminders of an appointment tried as if nothing had been refused, and nothing were in doubt.

    Raises `InvalidInputError` where nothing is recorded for that id, `LedgerError` while another worker holds it.
    """
    identities = tx.reader.identities(id, source)
    if not identities:
        raise InvalidInputError(
            f"nothing is recorded for {shown_name(id)}: check the id (the UID of a calendar's event)"
        )
    found = list(tx.reader.records(identities=identities))
    for record in found:
        _forget_back_off(record, now, tx)
        if record.is_awaited:
            tx.restorations.recognise(record)
        _forget_given_up(record, now, tx)
        for message in record.messages:
            _forget_what_became_of(message, tx)
    outcomes = [kept for record in found for kept in record.outcomes]
    for blocker in tx.reader.blockers():
        stopped = [kept for kept in outcomes if kept.blocker == blocker.name]
        if stopped or any(_is_stood_in(kept) and _stops(blocker, kept) for kept in outcomes):
            words = [kept.key for kept in stopped if kept.status is ReminderStatus.PARKED]
            _make_due(blocker, words, now, tx)
    tx.mark_dirty(identities=identities)


def _forget_what_became_of(message: Message, tx: Transaction) -> None:
    """Forget that a message may exist, or was refused: another one may be made."""
    if message.state is State.UNKNOWN and message.error.startswith(IN_GAP):
        none = evolve(message, state=State.REJECTED, uncertain=False, next_try_at=None, error=CLEARED)
        tx.move_message(None, message, none)
    elif message.state is State.UNKNOWN:
        tx.move_message(None, message, evolve(message, state=State.ABANDONED))
    elif message.state is State.REJECTED and not may_be_taken(message):
        tx.move_message(None, message, evolve(message, error=f"{NEVER_SENT}: {message.error}"))
