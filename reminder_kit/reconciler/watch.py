"""The watch: after each run, what waits for a person, and what of it is new.

Never asks a provider. Reads one snapshot of the ledger, and says what is to be kept; writes only inside a transaction
that it is handed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from attrs import evolve, field, frozen

from reminder_kit.ledger.ledger import Ledger
from reminder_kit.model.consent import Writer
from reminder_kit.model.host_data import whole_text
from reminder_kit.model.places import Place
from reminder_kit.model.reasons import Reason
from reminder_kit.planning.attention import (
    UNREADABLE,
    WHOLE,
    Affected,
    AttentionFacts,
    AttentionItem,
    Mark,
    attention_items,
    item_id,
)
from reminder_kit.planning.plan import Plan
from reminder_kit.planning.report import Report
from reminder_kit.reconciler.terms import why_still

if TYPE_CHECKING:
    from reminder_kit.ledger.reader import Reader
    from reminder_kit.ledger.transaction import Transaction

__all__ = ["Sighting", "Watch"]

Marks = Mapping[tuple[str, str], Mark]
_LONGEST_MEMBER = 250
"""Characters of the name of what could not be read that are kept, besides its end: a file, a UID and a line."""

_Judge = Callable[[str], bool]


@frozen
class Sighting:
    """What waits for a person after a run."""

    #: All of it, the oldest first.
    items: tuple[AttentionItem, ...]
    #: The items of which somebody, or something, was not known before.
    new: tuple[AttentionItem, ...]
    #: What is to be kept of members.
    kept: Marks
    #: The members that wait no more.
    gone: tuple[tuple[str, str], ...]
    #: Whether replies wait until it is known which message they answer.
    replies_wait: bool = False

    def write(self, tx: Transaction) -> None:
        """Write what is to be kept, and forget what waits no more."""
        tx.keep_marks(self.kept)
        tx.drop_marks(self.gone)


@frozen
class Watch:
    """Watches what waits for a person in one ledger."""

    #: What is recorded.
    ledger: Ledger
    #: How often the batch job is expected, as elapsed time.
    expected_every: timedelta
    #: Whether an appointment without a number waits for a person.
    without_phone: bool = False
    #: Who writes from the ledger.
    writer: Writer = field(factory=Writer)
    #: How long before the start reminders are due, of the rules of which that is known.
    leads: Sequence[timedelta] = ()
    #: The country of numbers without a country code, two letters; None: such numbers can't be read.
    region: str | None = None

    def items(self, now: datetime) -> list[AttentionItem]:
        """Return what waits for a person at `now` (UTC), the oldest first."""
        return self._items(self._facts(now), now)

    def _facts(self, now: datetime) -> AttentionFacts:
        place = self.ledger.place()
        return self.ledger.read(lambda reader: _facts(reader, place, self.writer, now))

    def _items(self, facts: AttentionFacts, now: datetime) -> list[AttentionItem]:
        return attention_items(
            facts,
            now,
            expected_every=self.expected_every,
            without_phone=self.without_phone,
            leads=self.leads,
            region=self.region,
        )

    def after(self, plan: Plan, report: Report, now: datetime) -> Sighting:
        """Return what waits for a person after a run that carried out a plan, at `now` (UTC)."""
        place = self.ledger.place()
        facts, waiting = self.ledger.read(
            lambda reader: (_facts(reader, place, self.writer, now), reader.waiting_replies())
        )
        marks = dict(facts.marks)
        for item, found, judged in _findings(plan, report):
            for member in [member for of, member in marks if of == item and judged(member) and member not in found]:
                del marks[item, member]
            for member, detail in found.items():
                known = marks.get((item, member), Mark(now, seen=False))
                marks[item, member] = known._replace(detail=detail)
        items = self._items(evolve(facts, marks=marks), now)
        kept = {
            (item.id, member): marks.get((item.id, member), Mark(now, seen=False))
            for item in items
            for member in [affected.key for affected in item.affected] or [""]
        }
        news = {name for name in kept if name not in facts.marks}
        return Sighting(
            items=tuple(items),
            new=tuple(item for item in items if any(of == item.id for of, _ in news)),
            kept={name: mark for name, mark in kept.items() if facts.marks.get(name) != mark},
            gone=tuple(name for name in facts.marks if name not in kept),
            replies_wait=bool(waiting),
        )

    def see(self, item: str, now: datetime, tx: Transaction) -> bool:
        """Mark an item's present members as seen; says whether there is such an item.

        An unclear reply that was seen is clear: it waits no more, and what it held back is due again.
        """
        items = self._items(_facts(tx.reader, self.ledger.place(), self.writer, now), now)
        found = next((found for found in items if found.id == item), None)
        if found is None:
            return False
        if found.kind == "unclear_reply":
            first = found.affected[0]
            tx.consent.see(first.to, self.writer.senders, id=f"seen:{first.key}", at=now, way="attention")
            tx.mark_dirty(number=first.to)
            return True
        marks = tx.reader.marks()
        members = [affected.key for affected in found.affected] or [""]
        names = [(item, member) for member in members]
        tx.keep_marks({name: marks.get(name, Mark(now, seen=True))._replace(seen=True) for name in names})
        return True


def _facts(reader: Reader, place: Place | None, writer: Writer, now: datetime) -> AttentionFacts:
    """Return what is recorded of what may wait for a person; `place` is where the ledger is, None: nowhere."""
    still, restoration = why_still(reader, place, now), reader.restoration
    unclear = reader.consent.unclear(writer.senders)
    return evolve(
        reader.attention(now),
        still=still,
        restoration=restoration,
        unclear=[Affected(event.id, to=event.number, error=event.words) for event in unclear],
        holds_unclear=writer.holds_unclear,
    )


def _findings(plan: Plan, report: Report) -> Sequence[tuple[str, dict[str, str], _Judge]]:
    """Return, by item, what a run found that it could not read, and the function that says of whom it can judge."""
    broken = {
        "/".join(change.identity): f"appointment {change.identity.id!r}: {change.error}"
        for change in report.changes
        if not change.key and change.reason is Reason.QUARANTINED
    }
    visited = {"/".join(change.identity) for change in report.changes}
    findings: list[tuple[str, dict[str, str], _Judge]] = [(UNREADABLE, broken, visited.__contains__)]
    for source, problems in plan.readings:
        unread, whole = dict[str, str](), dict[str, str]()
        for problem in problems:
            if problem.severity != "error":
                continue
            said = whole_text(f"{source}: {problem}")
            if problem.is_whole:
                whole[WHOLE] = said
            else:
                unread[_member(f"{problem.file or ''}:{problem.uid or ''}:{problem.line or ''}")] = said
        findings.append((item_id("calendar", source), unread, lambda _member: True))
        findings.append((item_id("calendar", source, WHOLE), whole, lambda _member: True))
    return findings


def _member(name: str) -> str:
    """Return what a ledger keeps of the name of something that could not be read, however long and odd that is."""
    whole = whole_text(name)
    return whole if len(whole) <= _LONGEST_MEMBER else f"{whole[:_LONGEST_MEMBER]}…{whole[-20:]}"
