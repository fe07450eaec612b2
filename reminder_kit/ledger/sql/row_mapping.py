"""Rows of the ledger as values of `reminder_kit.model`, and values as rows.

Never runs SQL. Instants are microseconds since 1970 (UTC) in rows, aware UTC datetimes in values.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from reminder_kit.model.blockers import Blocker
from reminder_kit.model.consent import ConsentEvent
from reminder_kit.model.host_data import whole_text
from reminder_kit.model.lifecycle import State
from reminder_kit.model.messages import DeliveryEvent, Draft, Included, Message
from reminder_kit.model.records import AppointmentRecord, HistoryEntry, Identity, ReminderRecord, ReminderStatus
from reminder_kit.model.restorations import Restoration
from reminder_kit.model.rule_sets import RuleSet, RuleSetRecord

__all__ = [
    "blocker_from",
    "blocker_values",
    "consent_from",
    "consent_values",
    "event_from",
    "event_values",
    "history_from",
    "history_values",
    "included_from",
    "instant",
    "instant_or_none",
    "message_from",
    "message_values",
    "micros",
    "micros_or_none",
    "moved_values",
    "outcome_from",
    "outcome_values",
    "record_from",
    "rule_set_from",
    "rule_set_values",
]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICRO = timedelta(microseconds=1)
_STATES = {state.value: state for state in State}
_REMINDER_STATUSES = {status.value: status for status in ReminderStatus}
_NO_MEDIA = "[]"
_ENCODER = json.JSONEncoder(default=str)


def micros(moment: datetime) -> int:
    """Return an aware instant as microseconds since 1970 (UTC)."""
    return (moment - _EPOCH) // _MICRO


def micros_or_none(moment: datetime | None) -> int | None:
    """Return an aware instant as microseconds since 1970 (UTC), None as None."""
    return None if moment is None else (moment - _EPOCH) // _MICRO


@lru_cache(maxsize=10_000)
def instant(count: int) -> datetime:
    """Return the UTC instant so many microseconds after 1970 began; cached, since many rows share them."""
    return _EPOCH + timedelta(0, 0, count)


@lru_cache(maxsize=10_000)
def instant_or_none(count: int | None) -> datetime | None:
    """Return the UTC instant so many microseconds after 1970 began, None for None."""
    return None if count is None else _EPOCH + timedelta(0, 0, count)


def record_from(
    namespaceless: Sequence[Any],
    outcomes: tuple[ReminderRecord, ...],
    messages: tuple[Message, ...],
    restoration: Restoration | None = None,
) -> AppointmentRecord:
    """Return an appointment's record from a row of `RECORD_COLUMNS`, its reminders and its messages.

    `restoration` says that the ledger was put back to an older state.
    """
    (
        row, source, id_, recurrence_id, snapshot, fingerprint, generation, dirty, removed,
        planned_with, next_at, starts_at, recorded_at, revision_kind, revision, replied,
    ) = namespaceless  # fmt: skip
    return AppointmentRecord(
        row,
        Identity(source, id_, recurrence_id),
        snapshot,
        fingerprint,
        generation,
        bool(dirty),
        bool(removed),
        planned_with,
        instant_or_none(next_at),
        instant(starts_at),
        instant(recorded_at),
        (revision_kind, revision),
        outcomes,
        messages,
        replied,
        restoration,
    )


def outcome_from(row: Sequence[Any]) -> ReminderRecord:
    """Return a reminder's record from a row of `OUTCOME_COLUMNS`."""
    _, key, rule, recipient, to, stand, reason, due_at, send_at, park_at, replacing, error, blocker = row
    return ReminderRecord(
        key,
        rule,
        recipient,
        to,
        _REMINDER_STATUSES[stand],
        reason,
        instant_or_none(due_at),
        instant_or_none(send_at),
        instant_or_none(park_at),
        bool(replacing),
        error,
        blocker,
    )


def outcome_values(namespace: str, row: int, outcome: ReminderRecord) -> dict[str, Any]:
    """Return a reminder's record as values for the table of reminders; `row` is its appointment's."""
    return {
        "namespace": namespace,
        "key": outcome.key,
        "row_id": row,
        "rule": outcome.rule,
        "recipient": outcome.recipient,
        "to_number": outcome.to,
        "stand": outcome.status.value,
        "reason": str(outcome.reason),
        "due_at": micros_or_none(outcome.due_at),
        "send_at": micros_or_none(outcome.send_at),
        "park_at": micros_or_none(outcome.park_at),
        "replacing": outcome.replacing,
        "error": whole_text(outcome.error),
        "blocker": outcome.blocker,
    }


def message_from(row: Sequence[Any]) -> Message:
    """Return a message from a row that begins with `MESSAGE_COLUMNS`."""
    (
        _, id_, key, state, to, text, send_at, subject, media_urls, channel, due_at, start_at, sender, provider, path,
        request, idempotency_key, created_at, provider_id, uncertain, attempts, next_try_at, error, presumed, told,
    ) = row[:25]  # fmt: skip
    media = () if media_urls == _NO_MEDIA else tuple(json.loads(media_urls))
    return Message(
        id_,
        key,
        _STATES[state],
        Draft(to, text, instant(send_at), subject, media, channel),
        instant(due_at),
        instant(start_at),
        sender,
        provider,
        path,
        bytes(request),
        idempotency_key,
        instant(created_at),
        provider_id,
        bool(uncertain),
        attempts,
        instant_or_none(next_try_at),
        error,
        bool(presumed),
        included_from(told),
    )


def included_from(told: str) -> tuple[Included, ...]:
    """Return the reminders that a message includes, from the column `told`."""
    return () if not told else tuple(Included(key, instant(start_at)) for key, start_at in json.loads(told))


def included_text(told: Sequence[Included]) -> str:
    """Return the column `told` of a message that includes these reminders; "" for none."""
    return json.dumps([(included.key, micros(included.start_at)) for included in told]) if told else ""


def message_values(namespace: str, row: int, message: Message, rule: str, recipient: str) -> dict[str, Any]:
    """Return a message as values for the table of messages; `row` is its appointment's."""
    draft = message.draft
    return {
        "namespace": namespace,
        "row_id": row,
        "id": message.id,
        "key": message.key,
        "rule": rule,
        "recipient": recipient,
        "state": message.state.value,
        "to_number": draft.to,
        "text": draft.text,
        "subject": draft.subject,
        "media_urls": json.dumps(draft.media_urls) if draft.media_urls else _NO_MEDIA,
        "channel": draft.channel,
        "send_at": micros(draft.send_at),
        "due_at": micros(message.due_at),
        "start_at": micros(message.start_at),
        "sender": message.sender,
        "provider": message.provider,
        "path": message.path,
        "request": message.request,
        "idempotency_key": message.idempotency_key,
        "created_at": micros(message.created_at),
        "provider_id": message.provider_id,
        "uncertain": message.uncertain,
        "attempts": message.attempts,
        "next_try_at": micros_or_none(message.next_try_at),
        "error": whole_text(message.error),
        "presumed": message.presumed,
        "told": included_text(message.includes),
    }


def moved_values(namespace: str, before: Message, after: Message) -> dict[str, Any]:
    """Return what changes when a message moves, and the state it must still be in."""
    return {
        "namespace": namespace,
        "which": before.id,
        "before": before.state.value,
        "new_state": after.state.value,
        "new_provider_id": after.provider_id,
        "new_uncertain": after.uncertain,
        "new_attempts": after.attempts,
        "new_next_try_at": micros_or_none(after.next_try_at),
        "new_error": whole_text(after.error),
        "new_presumed": after.presumed,
        "new_due_at": micros(after.due_at),
        "new_start_at": micros(after.start_at),
        "new_told": included_text(after.includes),
    }


def history_values(namespace: str, entry: HistoryEntry) -> dict[str, Any]:
    """Return an entry of history as values for the table of history."""
    return {
        "namespace": namespace,
        "at": micros(entry.at),
        "actor": entry.actor,
        "event": str(entry.event),
        "source": entry.identity.source,
        "id": entry.identity.id,
        "recurrence_id": entry.identity.recurrence_id,
        "key": entry.key,
        "rule": entry.rule,
        "message_id": entry.message_id,
        "reason": whole_text(str(entry.reason)),
        "detail": _json_text(entry.detail),
    }


def history_from(row: Sequence[Any]) -> HistoryEntry:
    """Return an entry of history from its row."""
    at, actor, event, source, id_, recurrence_id, key, rule, message_id, reason, detail = row
    identity = Identity(source, id_, recurrence_id)
    return HistoryEntry(instant(at), actor, event, identity, key, rule, message_id, reason, json.loads(detail))


def event_values(namespace: str, event: DeliveryEvent, received_at: datetime) -> dict[str, Any]:
    """Return a delivery event as values for the table of events; its message is not known yet."""
    return {
        "namespace": namespace,
        "id": event.id,
        "type": event.type,
        "occurred_at": micros(event.occurred_at),
        "received_at": micros(received_at),
        "provider": event.provider,
        "provider_id": event.provider_id,
        "token": event.token,
        "senders": json.dumps(event.senders) if event.senders else None,
        "number": event.number,
        "text": event.text,
        "code": event.code,
        "raw": _json_text(event.raw),
        "matched": False,
    }


def event_from(row: Sequence[Any]) -> DeliveryEvent:
    """Return a delivery event from its row."""
    id_, type_, occurred_at, provider, provider_id, token, senders, number, text, code, raw = row
    at, to = instant(occurred_at), tuple(json.loads(senders or "[]"))
    return DeliveryEvent(id_, type_, at, provider, provider_id, token, number, text, code, json.loads(raw), senders=to)


def consent_values(namespace: str, event: ConsentEvent) -> dict[str, Any]:
    """Return an event of consent as values for the table of consents; it was heard in this namespace."""
    sender, pool = (*event.senders, "", "")[:2]
    return {
        "namespace": namespace,
        "id": event.id,
        "number": event.number,
        "said_by": event.by.value,
        "act": event.act.value,
        "way": str(event.way),
        "occurred_at": micros(event.occurred_at),
        "recorded_at": micros(event.recorded_at),
        "lifts_before": micros_or_none(event.lifts_before),
        "words": event.words,
        "sender": sender,
        "pool": pool,
    }


def consent_from(row: Sequence[Any]) -> ConsentEvent:
    """Return an event of consent from a row of `CONSENT_COLUMNS`."""
    id_, number, by, act, occurred_at, recorded_at, way, words, sender, pool, namespace, lifts_before = row
    senders = tuple(name for name in (sender, pool) if name)
    return ConsentEvent(
        id_,
        number,
        by,
        act,
        instant(occurred_at),
        instant(recorded_at),
        way,
        words,
        senders,
        namespace,
        instant_or_none(lifts_before),
    )


def blocker_values(namespace: str, blocker: Blocker) -> dict[str, Any]:
    """Return a blocker as values for the table of blockers."""
    return {
        "namespace": namespace,
        "name": blocker.name,
        "provider": blocker.provider,
        "account": blocker.account,
        "sender": blocker.sender,
        "country": blocker.country,
        "channel": blocker.channel,
        "code": whole_text(blocker.code),
        "known": blocker.known,
        "elsewhere": blocker.elsewhere,
        "keys": json.dumps(blocker.keys),
        "since": micros(blocker.since),
        "attempts": blocker.attempts,
        "next_try_at": micros(blocker.next_try_at),
        "error": whole_text(blocker.error),
        "tried": blocker.tried,
    }


def blocker_from(row: Sequence[Any]) -> Blocker:
    """Return a blocker from its row, without namespace and name."""
    (
        provider, account, sender, country, channel, code, known, elsewhere, keys, since, attempts, next_try_at, error,
        tried,
    ) = row  # fmt: skip
    return Blocker(
        provider,
        account,
        sender,
        country,
        channel,
        code,
        bool(known),
        bool(elsewhere),
        tuple(json.loads(keys)),
        instant(since),
        attempts,
        instant(next_try_at),
        error,
        tried,
    )


def rule_set_values(namespace: str, record: RuleSetRecord) -> dict[str, Any]:
    """Return a rule set as a row."""
    return {
        "namespace": namespace,
        "digest": record.rules.digest,
        "rules": json.dumps(record.rules.rules),
        "alarms": record.rules.alarms,
        "serves": record.serves,
        "since": micros(record.since),
        "worked_at": micros(record.worked_at),
        "yielded_at": micros_or_none(record.yielded_at),
    }


def rule_set_from(row: Sequence[Any]) -> RuleSetRecord:
    """Return a rule set from its row, without the namespace."""
    digest, rules, alarms, serves, since, worked_at, yielded_at = row
    known = RuleSet(digest, tuple((rule, version) for rule, version in json.loads(rules)), bool(alarms))
    return RuleSetRecord(known, bool(serves), instant(since), instant(worked_at), instant_or_none(yielded_at))


def _json_text(value: Mapping[str, Any]) -> str:
    """Return a JSON object as text; what JSON has no form for is written as `str` gives it."""
    return _ENCODER.encode(dict(value)) if value else "{}"
