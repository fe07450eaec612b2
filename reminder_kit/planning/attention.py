"""Attention: what waits for a person, as items with their remedy, from what is recorded.

Pure: `now` is an argument. Never asks a provider, and never says of what is only late that somebody must act. An item
is known by its cause; its members are who waits for it. What was seen covers the members of that moment: a new one
opens the item again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any, NamedTuple

from attrs import evolve, field, frozen

from reminder_kit.model.blockers import Blocker
from reminder_kit.model.instants import iso
from reminder_kit.model.phones import lacks_country, masked
from reminder_kit.model.reasons import WAITS, Reason
from reminder_kit.model.records import Identity
from reminder_kit.model.restorations import IN_GAP, Restoration
from reminder_kit.model.rule_sets import RuleSetRecord, rests_at, serving, working
from reminder_kit.planning.lagging import Unfollowed, lags
from reminder_kit.planning.remedies import REMEDIES, WRONG
from reminder_kit.text.printable import printable

__all__ = ["UNREADABLE", "WHOLE", "Affected", "AttentionFacts", "AttentionItem", "Mark", "attention_items", "item_id"]

_THEN_RETRY = "then `reminder-kit retry`: only new words of parked messages wait for it, which are not tried alone"
"""What else is to be done about a refused account where no reminder is tried by itself."""
_FORGOTTEN = timedelta(days=1)
"""How long after its next try a blocker is listed for which nobody waits any more."""


def item_id(*cause: str) -> str:
    """Return the name of the item with this cause: eight hex digits."""
    return blake2b("\x1f".join(cause).encode(), digest_size=4).hexdigest()


UNREADABLE = item_id("unreadable")
"""The item of appointments that can't be read on this machine."""
WHOLE = "calendar"
"""The member of an item that is about a calendar as a whole, whose words end with what to do."""


class Mark(NamedTuple):
    """What is kept of one member of an item."""

    #: Since when it is known, UTC.
    since: datetime
    #: Whether somebody said that they have seen it.
    seen: bool
    #: What a run found, in words; "": what it is about is recorded elsewhere.
    detail: str = ""


@frozen
class Affected:
    """One reminder, appointment or event that an item is about."""

    #: Its name within the item: the reminder's key, the message's id, or the event.
    key: str
    #: The appointment; None: it is about none.
    identity: Identity | None = None
    #: The id of the rule; "": it is about none.
    rule: str = ""
    #: The number; "": there is none.
    to: str = field(default="", repr=lambda number: repr(masked(number)))
    #: The start of the appointment, UTC; None: not known.
    start_at: datetime | None = None
    #: Why, as the value of a `Reason`; "": it is no reminder.
    reason: str = ""
    #: What is wrong, in words; of an unclear reply, what it says.
    error: str = field(default="", repr=False)
    #: Whether somebody has seen it.
    seen: bool = False
    #: The name of the blocker that it waits for; "": it waits for none.
    blocker: str = ""
    #: When the provider is asked about it again by itself, UTC; None: it is not.
    next_try_at: datetime | None = None
    #: Whether a message of it is parked, in words of before.
    is_parked: bool = False

    def as_json(self) -> dict[str, Any]:
        """Return the object of the command line's `--json`."""
        return {
            "appointment": self.identity.id if self.identity else None,
            "source": self.identity.source if self.identity else None,
            "recurrence_id": (self.identity.recurrence_id or None) if self.identity else None,
            "rule": self.rule or None,
            "to": self.to or None,
            "start_at": iso(self.start_at) if self.start_at else None,
            "error": self.error or None,
            "seen": self.seen,
        }


@frozen
class AttentionItem:
    """One cause for which something waits until a person does something."""

    #: The name by which it is marked as seen: eight hex digits.
    id: str
    #: Of what kind the cause is: "account", "provider", "message", "number", "text", "unknown", "answer", "unreadable",
    #: "calendar", "without_phone", "unclear_reply", "erased", "rules", "ledger", "restored", "follower" or "batch_job".
    kind: str
    #: What is wrong, in words; no whole number and no message text.
    what: str
    #: What to do about it, in words.
    remedy: str
    #: Since when it is known, UTC.
    since: datetime
    #: When it is tried again by itself, UTC; None: not before somebody acts.
    next_try_at: datetime | None = None
    #: Who or what waits for it; empty: it is about none in particular.
    affected: tuple[Affected, ...] = field(default=(), repr=False)
    #: Whether everything it is about was marked as seen.
    seen: bool = False
    #: Whether it counts as a failure: a rule that can be written for nobody.
    fails: bool = False

    def as_json(self) -> dict[str, Any]:
        """Return the object of the command line's `--json`."""
        return {
            "item": self.id,
            "kind": self.kind,
            "what": self.what,
            "remedy": self.remedy,
            "since": iso(self.since),
            "next_try_at": iso(self.next_try_at) if self.next_try_at else None,
            "seen": self.seen,
            "affected": [member.as_json() for member in self.affected],
        }

    def __str__(self) -> str:
        again = f"; tried again at {iso(self.next_try_at)}" if self.next_try_at else ""
        count = f" ({len(self.affected)})" if self.affected else ""
        return printable(f"{self.id} {self.kind}{count}: {self.what}: {self.remedy}; since {iso(self.since)}{again}")


@frozen
class AttentionFacts:
    """What is recorded, from which items are made. Instants are UTC."""

    #: Coming reminders that are held or skipped for a cause that a person can mend.
    waiting: Sequence[Affected] = ()
    #: Messages that may be parked, and were never confirmed.
    unknown: Sequence[Affected] = ()
    #: Messages of which the provider said anything but that it scheduled them, until it says what they are.
    answered: Sequence[Affected] = ()
    #: Appointments that the host wrote and nobody looked at since, the oldest first.
    unfollowed: Sequence[Unfollowed] = ()
    #: Coming reminders of people who were erased, and handed in again.
    erased: Sequence[Affected] = ()
    #: For which causes providers refuse messages.
    blockers: Sequence[Blocker] = ()
    #: The replies that may ask for no more messages and that nobody has seen, by event, with their words; oldest first.
    unclear: Sequence[Affected] = ()
    #: Whether nothing goes to their numbers meanwhile.
    holds_unclear: bool = False
    #: The rules by which any text was ever written.
    written: frozenset[str] = frozenset()
    #: What is kept of members, by item and member.
    marks: Mapping[tuple[str, str], Mark] = field(factory=dict)
    #: The rule sets that were ever worked with.
    rule_sets: Sequence[RuleSetRecord] = ()
    #: Why the ledger writes to nobody until it is adopted, in words; "": it may.
    still: str = ""
    #: That the ledger was put back to an older state; None: it never was.
    restoration: Restoration | None = None
    #: When the batch job ran last, else when anything was recorded first; None: nothing was.
    worked_at: datetime | None = None
    #: Whether it is known to have run at all.
    has_run: bool = True


def attention_items(
    facts: AttentionFacts,
    now: datetime,
    *,
    expected_every: timedelta,
    without_phone: bool = False,
    leads: Sequence[timedelta] = (),
    region: str | None = None,
) -> list[AttentionItem]:
    """Return what waits for a person at `now`, the oldest first.

    `expected_every` is how often the batch job is expected (elapsed time), `without_phone` whether appointments without
    a number are items, `leads` how long before the start reminders are due, `region` the country of numbers without a
    country code (two letters; None: such numbers can't be read).
    """
    items = [
        *_blocked(facts, now),
        *_refused(facts, now, without_phone=without_phone, region=region),
        *_in_doubt(facts, now),
        *_unclear(facts, now),
        *_erased(facts, now),
        *_unread(facts, now),
        *_other_rules(facts, now),
        *_still(facts, now),
        *_restored(facts, now),
        *_unfollowed(facts, now, expected_every, leads),
        *_idle(facts, now, expected_every),
    ]
    return sorted((_marked(item, facts, now) for item in items), key=lambda item: (item.since, item.id))


def _marked(item: AttentionItem, facts: AttentionFacts, now: datetime) -> AttentionItem:
    """Return an item with what is kept of its members: since when they are known, and whether they were seen."""
    keys = [member.key for member in item.affected] or [""]
    marks = {key: facts.marks.get((item.id, key)) for key in keys}
    known = [mark.since for mark in marks.values() if mark is not None]
    affected = tuple(evolve(member, seen=bool((mark := marks[member.key]) and mark.seen)) for member in item.affected)
    # who has seen that nobody is written to has mended nothing
    seen = item.kind != "ledger" and all(mark is not None and mark.seen for mark in marks.values())
    return evolve(item, affected=affected, since=min([item.since, *known, now]), seen=seen)


def _blocked(facts: AttentionFacts, now: datetime) -> Iterable[AttentionItem]:
    for blocker in facts.blockers:
        affected = tuple(one for one in facts.waiting if one.reason in WAITS and one.blocker == blocker.name)
        if not affected and now - blocker.next_try_at > _FORGOTTEN:
            continue
        said, _, remedy = blocker.error.rpartition(": ")
        untried = bool(affected) and all(member.is_parked for member in affected)
        yield AttentionItem(
            id=item_id("blocker", blocker.name),
            kind="account" if blocker.is_of_account else "provider",
            what=said or blocker.error,
            remedy=f"{remedy}, {_THEN_RETRY}" if untried else remedy,
            since=blocker.since,
            next_try_at=None if untried else blocker.next_try_at,
            affected=affected,
        )


def _refused(
    facts: AttentionFacts, now: datetime, *, without_phone: bool, region: str | None
) -> Iterable[AttentionItem]:
    """Yield the items about texts, numbers and media, one for each cause."""
    groups: dict[tuple[str, str], list[Affected]] = {}
    for member in facts.waiting:
        if member.reason == Reason.TEMPLATE_ERROR:
            groups.setdefault(("text", member.rule), []).append(member)
        elif member.reason == Reason.INVALID_NUMBER:
            words = "without_country" if lacks_country(member.to, region) else "number"
            groups.setdefault((words, ""), []).append(member)
        elif member.reason == Reason.NO_RECIPIENT and without_phone:
            groups.setdefault(("without_phone", ""), []).append(member)
        elif member.reason == Reason.QUARANTINED and member.error:
            groups.setdefault(("message", member.error), []).append(member)
    for (words, cause), affected in groups.items():
        yield AttentionItem(
            id=item_id(words, cause),
            kind="number" if words == "without_country" else words,
            what=WRONG.get(words) or affected[0].error,
            remedy=REMEDIES[words],
            since=now,
            affected=tuple(affected),
            fails=words == "text" and cause not in facts.written,
        )


def _in_doubt(facts: AttentionFacts, now: datetime) -> Iterable[AttentionItem]:
    """Yield an item for each message of which nobody knows for sure what becomes of it."""
    answered = [member for member in facts.answered if not member.error.startswith(IN_GAP)]
    for kind, members in (("unknown", facts.unknown), ("answer", answered)):
        for member in members:
            yield AttentionItem(
                id=item_id(kind, member.key),
                kind=kind,
                what=member.error or "no answer",
                remedy=REMEDIES[kind],
                since=now,
                next_try_at=member.next_try_at,
                affected=(member,),
            )


def _unclear(facts: AttentionFacts, now: datetime) -> Iterable[AttentionItem]:
    """Yield an item for each number from which unclear replies came; they are its members."""
    by_number: dict[str, list[Affected]] = {}
    for member in facts.unclear:
        by_number.setdefault(member.to, []).append(member)
    for replies in by_number.values():
        held = "; nothing goes to that number until somebody has seen it" if facts.holds_unclear else ""
        yield AttentionItem(
            id=item_id("unclear_reply", replies[0].key),
            kind="unclear_reply",
            what=WRONG["unclear_reply"] + held,
            remedy=REMEDIES["unclear_reply"],
            since=now,
            affected=tuple(replies),
        )


def _erased(facts: AttentionFacts, now: datetime) -> Iterable[AttentionItem]:
    """Yield the item that says that whoever hands appointments in still has people who were erased."""
    if facts.erased:
        what, remedy = WRONG["erased"], REMEDIES["erased"]
        yield AttentionItem(item_id("erased"), "erased", what, remedy, now, affected=tuple(facts.erased))


def _unread(facts: AttentionFacts, now: datetime) -> Iterable[AttentionItem]:
    """Yield the items that runs found in what they read: appointments and events that can't be read."""
    found: dict[str, list[Affected]] = {}
    for (item, key), mark in facts.marks.items():
        if mark.detail:
            found.setdefault(item, []).append(Affected(key, error=mark.detail))
    for item, affected in sorted(found.items()):
        kind = "unreadable" if item == UNREADABLE else "calendar"
        what, remedy = affected[0].error, REMEDIES[kind]
        if affected[0].key == WHOLE:
            what, _, remedy = what.rpartition(": ")
        yield AttentionItem(
            id=item,
            kind=kind,
            what=what,
            remedy=remedy,
            since=now,
            affected=tuple(sorted(affected, key=lambda member: member.key)),
        )


def _other_rules(facts: AttentionFacts, now: datetime) -> Iterable[AttentionItem]:
    """Yield the item that says that several rule sets are at work; each of them is a member."""
    current, others = serving(facts.rule_sets), working(facts.rule_sets, now)
    if current is None or not others:
        return
    yield AttentionItem(
        id=item_id("rules"),
        kind="rules",
        what=f"{len(others) + 1} rule sets work on this ledger, which serves {current.rules}; "
        f"{', '.join(str(record.rules) for record in others)} leave what is parked",
        remedy=REMEDIES["rules"],
        since=current.since,
        next_try_at=rests_at(current),
        affected=tuple(Affected(record.rules.digest, error=str(record.rules)) for record in (current, *others)),
    )


def _still(facts: AttentionFacts, now: datetime) -> Iterable[AttentionItem]:
    """Yield the items that say that nobody is written to: the ledger may be a copy, or an older state."""
    known = facts.restoration
    if facts.still:
        kind = "restored" if known is not None and not known.adopted else "ledger"
        yield AttentionItem(item_id("ledger"), "ledger", f"nobody is written to: {facts.still}", REMEDIES[kind], now)
    elif known is not None and not known.lets_work:
        what = f"nobody is written to: it is not known who opted out between {iso(known.since)} and {iso(known.at)}"
        yield AttentionItem(item_id("ledger"), "ledger", what, REMEDIES["opt_outs"], now)


def _restored(facts: AttentionFacts, now: datetime) -> Iterable[AttentionItem]:
    """Yield the items about what a ledger that was put back to an older state knows nothing of."""
    known = facts.restoration
    if known is None or facts.still:
        return
    between = f"between {iso(known.since)} and {iso(known.at)}"
    if known.until is not None and now < known.until:
        what = f"what was parked {between} is not known to the restored ledger, and may go out until {iso(known.until)}"
        yield AttentionItem(item_id("restored", iso(known.at)), "restored", what, REMEDIES["gap"], known.at)
    unseen = tuple(member for member in facts.answered if member.error.startswith(IN_GAP))
    if unseen and known.lets_work:
        what = "parked messages could not be looked up yet since the ledger was restored"
        again_at = min((member.next_try_at for member in unseen if member.next_try_at), default=None)
        yield AttentionItem(
            item_id("restored", "unseen"), "restored", what, REMEDIES["answer"], now, again_at, affected=unseen
        )
    awaited = tuple(member for member in facts.waiting if member.reason == Reason.RESTORED_LEDGER)
    if awaited:
        what = f"appointments that did not come in again since the ledger was restored may have changed {between}"
        yield AttentionItem(item_id("restored"), "restored", what, REMEDIES["awaited"], now, affected=awaited)


def _unfollowed(
    facts: AttentionFacts, now: datetime, expected_every: timedelta, leads: Sequence[timedelta]
) -> Iterable[AttentionItem]:
    """Yield the item of what the host wrote and nobody looked at, though it was time; of what can't be read none.

    Nor is there one where nobody is written to anyway.
    """
    if facts.still or (facts.restoration is not None and not facts.restoration.lets_work):
        return
    late = [
        one
        for one in facts.unfollowed
        if lags(one, now, leads=leads, expected_every=expected_every)
        and (UNREADABLE, "/".join(one.identity)) not in facts.marks
    ]
    if late:
        affected = tuple(Affected("/".join(one.identity), one.identity, start_at=one.start_at) for one in late)
        what, remedy = WRONG["follower"], REMEDIES["follower"]
        yield AttentionItem(item_id("follower"), "follower", what, remedy, late[0].since, affected=affected)


def _idle(facts: AttentionFacts, now: datetime, expected_every: timedelta) -> Iterable[AttentionItem]:
    """Yield the item that says that the batch job was not seen for too long."""
    if facts.worked_at is None or now - facts.worked_at <= expected_every:
        return
    what = f"the batch job last ran at {iso(facts.worked_at)}" if facts.has_run else "the batch job never ran"
    yield AttentionItem(item_id("batch_job"), "batch_job", what, REMEDIES["batch_job"], facts.worked_at)
