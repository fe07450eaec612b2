"""Delivery events and replies: stored first, then acted upon, in one transaction.

Never calls the provider, and never takes a message back from a final state: an event that comes out of turn is stored,
reported as an anomaly and otherwise left alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from attrs import evolve, field, frozen

from reminder_kit.delivery.message_events import STATES, MessageEvents
from reminder_kit.model.consent import Act, ConsentEvent, Party, Way
from reminder_kit.model.lifecycle import SENT, State
from reminder_kit.model.messages import Answered, DeliveryEvent
from reminder_kit.model.records import AppointmentRecord, FoundMessage, HistoryEntry, Identity
from reminder_kit.model.restorations import IN_GAP
from reminder_kit.providers.replies import Replies, is_unclear
from reminder_kit.webhooks.answering import FAST, Match, in_thread, match
from reminder_kit.webhooks.normalising import is_number

if TYPE_CHECKING:
    from reminder_kit.ledger.transaction import Transaction

__all__ = ["Inbox", "Taken"]


class Taken(NamedTuple):
    """What became of a webhook."""

    #: Its events as they came, each with the word whether it had come before.
    events: tuple[DeliveryEvent, ...]
    #: What hosts are to hear of.
    announced: list[DeliveryEvent]


@frozen
class Inbox:
    """Where delivery events and replies arrive."""

    #: How an event moves the message that it is about.
    message_events: MessageEvents = field(factory=MessageEvents)
    #: The host's own keywords.
    replies: Replies = field(factory=Replies)
    #: By how much, as elapsed time, a start must have moved for a reply about the earlier one to mean nothing.
    rearm_after: timedelta = timedelta(minutes=15)

    def take(self, tx: Transaction, events: Iterable[DeliveryEvent], now: datetime) -> Taken:
        """Store verified events and act on them; one that was stored before is marked as such, and nothing else.

        Announced are an event out of turn as two events, and so a reply that may be a STOP; a reply that is a keyword
        as one, and one more for each appointment for which the keyword holds.
        """
        came, announced = list[DeliveryEvent](), list[DeliveryEvent]()
        for event in events:
            if not tx.store_event(event, now):
                came.append(evolve(event, repeated=True))
                continue
            told = self._follow(tx, event, now)
            came.append(told[0])
            announced += told
            if event.type in STATES:
                announced += self.match_again(tx, now)
        return Taken(tuple(came), announced)

    def _follow(self, tx: Transaction, event: DeliveryEvent, now: datetime) -> list[DeliveryEvent]:
        """Act on an event that is new, and return what is announced: first the event, with what it is about."""
        if event.type in STATES:
            return self._follow_message(tx, event, now)
        if event.type == "unknown":  # a word that decides nothing is nobody's reply
            return [event]
        return self._take_reply(tx, event, now)

    def _take_reply(self, tx: Transaction, event: DeliveryEvent, now: datetime) -> list[DeliveryEvent]:
        """Act on what a person replied, and return it: a reply is about what had gone out to its number by then.

        A keyword waits where it is not known yet what that was: `match_again` returns it then.
        """
        odd: list[DeliveryEvent] = []
        if (act := _ACTS.get(event.type)) is not None:
            if is_number(event.number):
                _note_consent(tx, event, act, now)
            else:  # nobody can be spared whose number is not known, and that must not pass in silence
                odd = [evolve(event, id=f"{event.id}:anomaly", type="anomaly")]
        matched = self._match(tx, event)
        event = _about(event, matched.found, self._answered(tx, matched.found))
        word = self.replies.name_of(event.text or "") if event.type == "received" else None
        if word is not None and matched.waits:
            tx.let_wait(event.id)
            return [event]
        tx.match_event(event.id)
        if word is not None:
            return [event, *self._take_keyword(tx, event, word, now)]
        if event.type != "received" or not is_number(event.number) or not is_unclear(event.text or ""):
            return [event, *odd]
        _note_consent(tx, event, Act.UNCLEAR, now)
        return [event, evolve(event, id=f"{event.id}:unclear", type="unclear_reply")]

    def match_again(self, tx: Transaction, now: datetime) -> list[DeliveryEvent]:
        """Match the keywords that wait, and return those of which it is known by now what they answer.

        That they came was told when they came; they are returned under the keyword's name only. One of which nothing
        more will be known is returned without an appointment.
        """
        announced: list[DeliveryEvent] = []
        for event in tx.reader.waiting_replies():
            matched = self._match(tx, event)
            if not matched.waits:
                tx.match_event(event.id)
                known = _about(event, matched.found, self._answered(tx, matched.found))
                word = self.replies.name_of(event.text or "")
                announced += [] if word is None else self._take_keyword(tx, known, word, now)
        return announced

    @staticmethod
    def _match(tx: Transaction, event: DeliveryEvent) -> Match:
        if not event.number:
            return Match()
        until = event.occurred_at + FAST
        candidates = tx.reader.sent_to(provider=event.provider, number=event.number, until=until)
        return match(in_thread(candidates, event.senders), event.occurred_at)

    def _answered(self, tx: Transaction, found: FoundMessage | None) -> tuple[Answered, ...]:
        """Return the appointments that a message speaks of, as they are by now."""
        if found is None:
            return ()
        told = {found.identity: found.message.start_at}
        owners = tx.reader.reminder_owners([included.key for included in found.message.includes])
        for included in found.message.includes:
            if included.key in owners:
                told.setdefault(owners[included.key][0], included.start_at)
        records = {record.identity: record for record in tx.reader.records(identities=told)}
        return tuple(self._standing(identity, start, records.get(identity)) for identity, start in told.items())

    def _standing(self, identity: Identity, told: datetime, record: AppointmentRecord | None) -> Answered:
        """Return an appointment as its record (None: purged) has it, of which a message `told` a start."""
        if record is None:
            return Answered(*identity, "removed", told)
        return Answered(*identity, _status(record), record.start_at, abs(record.start_at - told) > self.rearm_after)

    def _take_keyword(self, tx: Transaction, event: DeliveryEvent, word: str, now: datetime) -> list[DeliveryEvent]:
        """Keep a keyword for every appointment for which it holds, and return one event for each of them.

        Without any appointment, one event is returned. A keyword that came before the one that is kept changes nothing.
        """
        holding = [Identity(*answered[:3]) for answered in event.appointments if answered.stands]
        for identity in holding:
            if _is_latest(tx, identity, event):
                tx.reply(identity, word)
        tx.mark_dirty(identities=holding)
        tx.note([_replied(answered, event, word, now) for answered in event.appointments])
        names = [f"{event.id}:{word}", *(f"{event.id}:{word}:{number}" for number in range(2, len(holding) + 1))]
        about: list[Identity | None] = [*holding] if event.appointments else [None]
        return [
            evolve(event, id=name, type=word, appointment=identity)
            for name, identity in zip(names, about, strict=False)
        ]

    def _follow_message(self, tx: Transaction, event: DeliveryEvent, now: datetime) -> list[DeliveryEvent]:
        """Move the message that an event is about, and return the event; without a message yet, the event waits."""
        found = tx.reader.find_message(provider=event.provider, provider_id=event.provider_id, token=event.token)
        found = found or _made_in_gap(tx, event)
        reason = self.message_events.reason(event.provider, event.code)
        event = evolve(event, reason=reason, appointment=found.identity if found else None)
        if found is None:
            return [event]
        _, in_turn = self.message_events.follow(tx, found, event, now)
        return [event] if in_turn else [event, evolve(event, id=f"{event.id}:anomaly", type="anomaly")]


_ACTS = {"opted_out": Act.BAR, "opted_in": Act.LIFT}
"""What the types of replies come to that say whether the person wants messages."""


def _note_consent(tx: Transaction, event: DeliveryEvent, act: Act, now: datetime) -> None:
    """Record what a person said about being written to; every appointment for the number becomes dirty.

    A STOP and a START hold in every namespace that writes from the sender they were sent to; what is unclear is for
    whoever heard it. Without a number nobody is known to have said it.
    """
    if not event.number:
        return
    said = ConsentEvent(
        id=event.id,
        number=event.number,
        by=Party.RECIPIENT,
        act=act,
        occurred_at=event.occurred_at,
        recorded_at=now,
        way=Way.REPLY,
        words=event.text or event.code,
        senders=event.senders,
        lifts_before=event.occurred_at if act is Act.LIFT else None,
    )
    if tx.consent.record(said):
        tx.mark_dirty(number=event.number, everywhere=act is not Act.UNCLEAR)


def _about(event: DeliveryEvent, found: FoundMessage | None, appointments: tuple[Answered, ...]) -> DeliveryEvent:
    return evolve(event, appointment=found.identity if found else None, appointments=appointments)


def _status(record: AppointmentRecord) -> str:
    """Return the word for how an appointment stands; "" where its snapshot can't be read on this machine."""
    if record.removed:
        return "removed"
    try:
        return record.appointment.status
    except ValueError:  # an unknown zone, or what a later library wrote: it concerns this appointment only
        return ""


def _made_in_gap(tx: Transaction, event: DeliveryEvent) -> FoundMessage | None:
    """Return the message in doubt, of a ledger that was restored, that an event must be about; None: none, or several.

    It is known by its number and by when it was to go out.
    """
    if not event.number or STATES[event.type] not in SENT:
        return None
    until = event.occurred_at + _EARLY
    sent = tx.reader.sent_to(provider=event.provider, number=event.number, until=until)
    fitting = [
        found
        for found in sent
        if found.message.state is State.UNKNOWN
        and found.message.error.startswith(IN_GAP)
        and found.message.send_at >= event.occurred_at - _ARRIVES_WITHIN
    ]
    return fitting[0] if len(fitting) == 1 else None


_EARLY = timedelta(minutes=2)
_ARRIVES_WITHIN = timedelta(minutes=15)
"""How long before its time, and after, what happens to a message may be told of it."""

_REPLIED = "replied"


def _is_latest(tx: Transaction, identity: Identity, event: DeliveryEvent) -> bool:
    """Say whether no reply about an appointment is kept that came after this one: webhooks overtake each other."""
    entries = tx.reader.history(id=identity.id, source=identity.source, recurrence_id=identity.recurrence_id)
    came_at = event.occurred_at.isoformat()
    return not any(entry.event == _REPLIED and entry.detail.get("occurred_at", "") > came_at for entry in entries)


def _replied(answered: Answered, event: DeliveryEvent, word: str, now: datetime) -> HistoryEntry:
    """Return the line of history about a keyword, also where it does not hold any more."""
    off = "" if answered.stands else ": it has moved since" if answered.moved else f": it is {answered.status}"
    detail = {"occurred_at": event.occurred_at.isoformat()}
    return HistoryEntry(now, "webhook", _REPLIED, Identity(*answered[:3]), reason=word + off, detail=detail)
