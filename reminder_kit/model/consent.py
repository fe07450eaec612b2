"""Consent: what people, hosts and providers said about writing to a number, and who bars it by what they said.

Pure: no clock, no I/O. Never asks in which order anything became known: a history is a set of events, and what bars a
number follows from when each of them happened.

Theory of operation
===================

- Every event is kept, and none is changed: who said it, when it happened and when it was recorded, by which way, in
  which words. What bars a number now is derived from them (`standing`).
- A bar is lifted by whoever set it. A person's START lifts the person's own STOP, never what the host barred nor what
  the provider reported for good. The host lifts its own, and a provider's report, which nobody else would ever take
  back. A person's STOP is lifted by the host only on the person's word (`Act.CONSENT`), for its own namespace.
- A lift says up to which instant it lifts (`lifts_before`). A START lifts what had happened before it: at the same
  instant the STOP stands. A host lifts, of each kind, up to the latest that it knew of: a STOP that
  happened after the last known one stands, also where it comes in only once the host has lifted that one.
- A STOP belongs to the sender that it was sent to, and to the number it came from: it bars for every namespace that
  writes from that sender. Besides, it bars for the namespace that heard it, from whatever that writes, until a START
  reaches the same sender, or, where the namespace no longer writes from that one, any sender of it.
- What others heard is known to them as a STOP at this sender: neither where it was heard nor in which words.
- A reply that may be a STOP bars nothing by itself (`Act.UNCLEAR`). It stands until the person says clearly what is
  meant, or the host has seen it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from attrs import field, frozen

from reminder_kit.model.host_data import whole_text
from reminder_kit.model.instants import iso
from reminder_kit.model.phones import masked

__all__ = [
    "ERASED",
    "Act",
    "ConsentEvent",
    "Lifted",
    "Party",
    "Suppression",
    "Way",
    "Writer",
    "answer_to",
    "bars",
    "bars_letter",
    "host_barred",
    "host_lifted",
    "sender_name",
    "sender_names",
    "standing",
    "suppression_of",
    "told_of",
    "unsettled",
]

ERASED = "erased"
"""By which way, and why, a number is barred whose person was erased."""

_NEVER = datetime.min.replace(tzinfo=UTC)
_MOMENT = timedelta(microseconds=1)
_LONGEST = 2000
"""Characters of what was said that are kept: more than an SMS of ten parts has."""


class Party(StrEnum):
    """Who says something about writing to a number, whose word weighs most first."""

    #: The person the number belongs to.
    RECIPIENT = "recipient"
    #: Whoever uses the kit.
    HOST = "host"
    #: The provider, of its own knowledge: that no message can arrive there.
    PROVIDER = "provider"


class Act(StrEnum):
    """What an event of consent comes to."""

    #: Nothing is to be written to the number any more.
    BAR = "bar"
    #: What the same party barred is lifted; the host lifts what the provider reported, too.
    LIFT = "lift"
    #: The host lifts the person's own STOP, on the person's word.
    CONSENT = "consent"
    #: The person wrote something that may ask for no more messages.
    UNCLEAR = "unclear"
    #: The host has seen what is unclear.
    SEEN = "seen"


class Way(StrEnum):
    """By which way something was said. Hosts may name ways of their own ("front desk")."""

    #: The person wrote it.
    REPLY = "reply"
    #: The provider reported it of a message.
    WEBHOOK = "webhook"
    #: The provider answered a request with it.
    ANSWER = "answer"
    #: It is on the provider's list of opt-outs.
    LIST = "list"
    #: The host said it in code.
    API = "api"
    #: The host said it on the command line.
    CLI = "cli"
    #: An older library recorded it, and no more than this.
    OLDER = "older"


def sender_name(sender: str) -> str:
    """Return a sender as it is compared: a number with its plus, however it is written; anything else as it is."""
    return f"+{sender.lstrip('+')}" if re.fullmatch(r"\+?[0-9]{7,15}", sender) else sender


def sender_names(*senders: str | None) -> tuple[str, ...]:
    """Return the names of a sender (its number, and the pool it belongs to) without those that are not known."""
    return tuple(dict.fromkeys(sender_name(sender) for sender in senders if sender))


def _shortened(words: object) -> str:
    return whole_text(words)[:_LONGEST]


@frozen
class ConsentEvent:
    """One thing that was said about writing to a number. Events are appended, and never changed."""

    #: The event's name, the same however often it comes.
    id: str = field(converter=whole_text, repr=False)
    #: The number it is about, E.164.
    number: str = field(repr=lambda number: repr(masked(number)))
    #: Who said it.
    by: Party = field(converter=Party)
    #: What it comes to.
    act: Act = field(converter=Act)
    #: When it happened, UTC.
    occurred_at: datetime
    #: When it was recorded, UTC.
    recorded_at: datetime
    #: By which way, one of `Way` or a word of the host's.
    way: str = field(converter=str)
    #: In which words; "": none, or they were erased.
    words: str = field(default="", repr=False, converter=_shortened)
    #: The names of the sender that it was said to: its number, and the pool it belongs to. Empty: to no sender, or it
    #: is not known.
    senders: tuple[str, ...] = ()
    #: In which namespace it was heard.
    namespace: str = ""
    #: Of what lifts: it lifts what was barred before this instant, UTC. None: it lifts nothing.
    lifts_before: datetime | None = None


@frozen
class Writer:
    """Who wants to write: what it writes from, and how it takes what is unclear."""

    #: The names of all senders that it writes from.
    senders: frozenset[str] = frozenset()
    #: Whether nothing goes to a number with an unclear reply until somebody has seen that.
    holds_unclear: bool = False


@frozen
class Suppression:
    """Why a number must not be written to: who bars it, since when, by which way."""

    #: The number, E.164.
    number: str = field(repr=False)
    #: Why, in words; never those of the person.
    reason: str
    #: Since when, UTC.
    at: datetime
    #: Who says so, as a `Party`.
    by: str = "host"
    #: By which way it became known; "": it was heard in another namespace.
    way: str = ""
    #: Whether it only holds messages back until somebody has seen an unclear reply.
    holds: bool = False

    @property
    def said(self) -> str:
        """Who bars the number, when and why, in one line for people."""
        at, way = iso(self.at), f" ({self.way})" if self.way else ""
        if self.holds:
            return f"a reply of {at} may ask for no more messages, and nobody has seen it yet"
        if self.by == Party.HOST:
            return f"barred by the host since {at}{way}" + (f": {self.reason}" if self.reason else "")
        who = "the recipient" if self.by == Party.RECIPIENT else "the provider"
        return f"{self.reason} since {at}" if not way else f"barred by {who} since {at}{way}: {self.reason}"

    def as_json(self) -> dict[str, str | None]:
        """Return who bars the number as plain JSON values, without the number."""
        return {"by": str(self.by), "since": iso(self.at), "way": self.way or None, "reason": self.reason or None}


@frozen
class Lifted:
    """What `allow` lifted; true if anything."""

    #: What barred the number until then, or left it unclear.
    bars: tuple[Suppression, ...] = ()
    #: What else must be done by others, in words; "": nothing.
    note: str = ""

    def __bool__(self) -> bool:
        return bool(self.bars)


def bars_letter(barred: Suppression, number: str) -> bool:
    """Say whether what bars a number, or an address, bars a letter too that a channel takes to its person.

    That no text arrives at the person's own `number`, as the provider reports, is what letters are for.
    """
    return not (barred.number == number and barred.by == Party.PROVIDER)


# What stands


def answer_to(event: ConsentEvent) -> Act:
    """Return by which act a host lifts what barred a number, or left it unclear."""
    if event.act is Act.UNCLEAR:
        return Act.SEEN
    return Act.CONSENT if event.by is Party.RECIPIENT else Act.LIFT


class _Lifts:
    """Up to which instants bars are lifted, by who lifts which."""

    def __init__(self, events: Iterable[ConsentEvent], namespace: str) -> None:
        self._by_host = dict.fromkeys((Act.LIFT, Act.CONSENT, Act.SEEN), _NEVER)
        self._by_sender: dict[str, datetime] = {}
        self._here = _NEVER
        for event in events:
            until = event.lifts_before
            if until is None:
                continue
            here = event.namespace == namespace
            if event.by is Party.HOST and here:
                self._by_host[event.act] = max(until, self._by_host[event.act])
            elif event.by is Party.RECIPIENT:
                self._here = max(until, self._here) if here else self._here
                for name in event.senders:
                    self._by_sender[name] = max(until, self._by_sender.get(name, _NEVER))

    def lifts(self, event: ConsentEvent, senders: Collection[str]) -> bool:
        """Say whether what barred, or was unclear, is lifted for who writes from these senders."""
        found = [self._by_host[answer_to(event)]]
        if event.by is Party.RECIPIENT:
            found += [self._by_sender.get(name, _NEVER) for name in event.senders]
            if set(event.senders).isdisjoint(senders):  # whoever moved on to another sender is answered there
                found.append(self._here)
        return max(found) > event.occurred_at


def _concerns(event: ConsentEvent, namespace: str, senders: Collection[str]) -> bool:
    """Say whether an event has to do with who writes from these senders in a namespace."""
    if event.namespace == namespace:
        return True
    heard_elsewhere = event.by is Party.RECIPIENT and event.act is Act.BAR
    return heard_elsewhere and not set(event.senders).isdisjoint(senders)


def unsettled(events: Collection[ConsentEvent], namespace: str, senders: Collection[str]) -> list[ConsentEvent]:
    """Return all that barred one number, or left it unclear, and was not lifted for who writes from `senders`.

    `events` are all that are known of the number, in any order and from any namespace; what is returned is sorted by
    when it happened.
    """
    lifts = _Lifts(events, namespace)
    found = [
        event
        for event in events
        if event.act in (Act.BAR, Act.UNCLEAR)
        and _concerns(event, namespace, senders)
        and not lifts.lifts(event, senders)
    ]
    return sorted(found, key=lambda event: (event.occurred_at, event.namespace, event.id))


def standing(events: Collection[ConsentEvent], namespace: str, senders: Collection[str]) -> list[ConsentEvent]:
    """Return the events that bar one number, or leave it unclear, for who writes from `senders` in a namespace.

    As `unsettled`; but nothing is unclear while the person's own word bars the number.
    """
    found = unsettled(events, namespace, senders)
    if any(event.by is Party.RECIPIENT and event.act is Act.BAR for event in found):
        return [event for event in found if event.act is Act.BAR]
    return found


def bars(events: Collection[ConsentEvent], namespace: str, senders: Collection[str]) -> tuple[Suppression, ...]:
    """Return who bars one number, one for each party, the recipient first; empty: nobody does.

    `events`, `namespace` and `senders` are as in `standing`.
    """
    return _by_party([event for event in standing(events, namespace, senders) if event.act is Act.BAR], namespace)


def told_of(stood: Collection[ConsentEvent], namespace: str) -> tuple[Suppression, ...]:
    """Return what a namespace is told of what `stood`: who barred the number, or that a reply left it unclear."""
    barring = [event for event in stood if event.act is Act.BAR]
    return _by_party(barring or list(stood)[:1], namespace)


def _by_party(found: Sequence[ConsentEvent], namespace: str) -> tuple[Suppression, ...]:
    first = {event.by: _shown(event, namespace) for event in reversed(found)}
    return tuple(first[party] for party in Party if party in first)


def suppression_of(events: Collection[ConsentEvent], namespace: str, writer: Writer) -> Suppression | None:
    """Return why a writer must not write to one number now, by whose word weighs most; None: it may.

    `events` and `namespace` are as in `standing`.
    """
    found = standing(events, namespace, writer.senders)
    barring = [event for event in found if event.act is Act.BAR]
    if barring:
        order = list(Party)
        return _shown(min(barring, key=lambda event: (order.index(event.by), event.occurred_at)), namespace)
    return _shown(found[0], namespace) if found and writer.holds_unclear else None


def _shown(event: ConsentEvent, namespace: str) -> Suppression:
    """Return what a namespace is told of an event that bars, or leaves unclear."""
    number, at, by = event.number, event.occurred_at, event.by.value
    if event.act is Act.UNCLEAR:
        return Suppression(number, "a reply that may ask for no more messages", at, by, event.way, holds=True)
    if event.namespace != namespace:
        return Suppression(number, "opted out at this sender", at, by)
    reason = "the recipient asked to stop" if event.way == Way.REPLY else event.words
    return Suppression(number, reason, at, by, event.way)


# What a host says


def host_barred(
    events: Iterable[ConsentEvent],
    number: str,
    *,
    id: str,  # noqa: A002 - the event's own name for it
    at: datetime,
    way: str,
    words: str,
    namespace: str,
) -> ConsentEvent:
    """Return the event by which a host bars a number; `events` are what is known of the number.

    It happens after whatever the host lifted before, also where that machine's clock was ahead of this one's.
    """
    lifted = [event.lifts_before for event in events if event.namespace == namespace and event.by is Party.HOST]
    occurred_at = max([at, *(until for until in lifted if until is not None)])
    return ConsentEvent(id, number, Party.HOST, Act.BAR, occurred_at, at, way, words, namespace=namespace)


def host_lifted(
    stood: Collection[ConsentEvent],
    number: str,
    act: Act,
    *,
    id: str,  # noqa: A002 - the event's own name for it
    at: datetime,
    way: str,
    words: str,
    namespace: str,
) -> ConsentEvent:
    """Return the event by which a host lifts what an act of its is the answer to, of what `stood` (`unsettled`).

    Nothing else is lifted, nor what the host does not know of yet.
    """
    known = max((event.occurred_at for event in stood if answer_to(event) is act), default=None)
    until = None if known is None else known + _MOMENT
    return ConsentEvent(id, number, Party.HOST, act, at, at, way, words, namespace=namespace, lifts_before=until)
