"""What may be written to the ledger, inside one open transaction.

Never commits, rolls back, opens a second connection or calls out. "Fenced" writes name the claim they are
made under and raise `ClaimLostError` where it was taken over.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from reminder_kit.errors import ClaimLostError
from reminder_kit.ledger.asks import Asks
from reminder_kit.ledger.consent import ConsentRecorder
from reminder_kit.ledger.databases.runner import Runner
from reminder_kit.ledger.databases.write_behind import WriteBehind
from reminder_kit.ledger.foresight import Foresight
from reminder_kit.ledger.looks import note_look
from reminder_kit.ledger.people import PersonEraser
from reminder_kit.ledger.rates import grant
from reminder_kit.ledger.reader import Reader
from reminder_kit.ledger.recorder import Recorder
from reminder_kit.ledger.restorations import Restorations
from reminder_kit.ledger.sql.row_mapping import (
    blocker_values,
    event_values,
    history_values,
    included_from,
    message_values,
    micros,
    micros_or_none,
    moved_values,
    outcome_values,
    rule_set_values,
)
from reminder_kit.ledger.sql.statements import statements_for
from reminder_kit.model.as_of import Written
from reminder_kit.model.blockers import Blocker
from reminder_kit.model.consent import Writer, suppression_of
from reminder_kit.model.host_data import whole_text
from reminder_kit.model.looks import Look
from reminder_kit.model.messages import DeliveryEvent, Message
from reminder_kit.model.places import Place
from reminder_kit.model.rates import Granted, Wanted
from reminder_kit.model.records import (
    Claim,
    HistoryEntry,
    Identity,
    Incoming,
    RecordResult,
    Release,
    ReminderRecord,
    Twin,
)
from reminder_kit.model.rule_sets import RuleSetRecord
from reminder_kit.planning.attention import Mark

__all__ = ["PURGED", "Transaction"]

PURGED = "purge"
"""The name under which the ledger notes when it was purged last, and whether its files are still to be rid of that."""


class Transaction:
    """The writes of the ledger. `reader` answers every question, as the transaction sees things.

    `together` says that all is run again, and not `together`, where a write finds the ledger otherwise than was meant:
    then messages may be moved with the other writes, and who moved one in vain is told only then.
    """

    def __init__(self, runner: Runner, namespace: str, schema: str | None, *, together: bool = False) -> None:
        self._runner = runner if isinstance(runner, WriteBehind) else WriteBehind(runner)
        self._namespace = namespace
        self._schema = schema
        self._statements = statements_for(schema, runner.kind)
        self.reader = Reader(self._runner, namespace, schema)
        #: What is said about writing to numbers.
        self.consent = ConsentRecorder(self._runner, self.reader.consent, namespace, self._statements.consent)
        #: The erasure of one person.
        self.people = PersonEraser(self._runner, self.reader.people, namespace, self._statements)
        self._recorder = Recorder(self._runner, self.reader, namespace, self._statements)
        #: What is written where the ledger was put back to an older state.
        self.restorations = Restorations(self._runner, self.reader, namespace, self._statements)
        self._foresight = Foresight(self._runner, self.reader, namespace, self._statements)
        self._together = together
        #: The same transaction, as other namespaces see it.
        self._others: dict[str, Transaction] = {}

    def within(self, namespace: str) -> Transaction:
        """Return this very transaction as another namespace sees it: committed, or rolled back, together with it."""
        if namespace == self._namespace:
            return self
        if namespace not in self._others:
            self._others[namespace] = Transaction(self._runner, namespace, self._schema, together=self._together)
        return self._others[namespace]

    def foresee(self, all_asks: Iterable[Asks]) -> None:
        """Ask ahead, for several operations at once, what they say that they ask."""
        self._foresight.look(all_asks)

    def flush(self) -> None:
        """Make the writes that were put off in order to be made together; whoever commits calls it before."""
        self._runner.flush()

    # Appointments

    def record(
        self,
        all_incoming: Sequence[Incoming],
        now: datetime,
        *,
        as_of: datetime | None = None,
        note: bool = False,
    ) -> list[RecordResult]:
        """Write appointments, in order; one answer each.

        The same fingerprint and not removed: UNCHANGED, and at most a grown revision is stored, with `note` also that
        it was handed in again (as of that instant, else `now`). An older revision than the recorded one (or, with
        `as_of`, a row recorded later, or a newer complete snapshot of its source, where revisions say nothing): STALE,
        decided in the statement that writes.
        Else the snapshot is replaced, the generation grows, the row is dirty and no longer removed.
        """
        return self._recorder.record(all_incoming, now, as_of=as_of, note=note)

    def remove(
        self,
        identities: Sequence[Identity],
        now: datetime,
        *,
        seen: Mapping[Identity, Written] = MappingProxyType({}),
    ) -> list[Identity]:
        """Mark appointments as removed; returns those that were recorded and not so already.

        The generation grows, the row is dirty, its revision is cleared: whatever comes next for it is taken. Those
        that are in `seen`, as they were read, are left alone where they were written since.
        """
        return self._recorder.remove(identities, now, seen)

    def take_over(self, pairs: Sequence[tuple[Identity, Identity]], now: datetime) -> None:
        """Give recorded appointments other identities (old, new), with their reminders and messages, unclaimed ones.

        Their revisions are cleared: whatever comes next under the new identity is taken. One that nobody knows any
        more, or whose new identity is known by now, stays as it is.
        """
        self._recorder.take_over(pairs, now)

    def generation(self, row: int) -> int | None:
        """Return how often the appointment of a row was written."""
        return self._foresight.generation(row)

    def is_barred(self, number: str, writer: Writer) -> bool:
        """Say whether a writer must not write to a number."""
        return suppression_of(self._foresight.said(number), self._namespace, writer) is not None

    def mark_dirty(
        self, *, number: str | None = None, everywhere: bool = False, identities: Sequence[Identity] = ()
    ) -> int:
        """Have appointments worked on again; returns how many.

        `number`: those with a parked or held reminder to it, and those with one it was barred from; `everywhere`: of
        every namespace, since what a person says holds wherever the same sender is used.
        """
        count = 0
        if number is not None:
            statement = self._statements.updates.mark_number(everywhere=everywhere)
            where = {} if everywhere else {"namespace": self._namespace}
            count += self._runner.run(statement, number=number, **where)
        if rows := sorted(self.reader.rows(identities).values()):
            packed = self._runner.pack("rows", [(row,) for row in rows])
            count += self._runner.run(self._statements.updates.mark_rows, namespace=self._namespace, **packed)
        return count

    def reply(self, identity: Identity, word: str) -> None:
        """Keep the host's keyword that was replied about an appointment, until its start moves."""
        names = {"which_source": identity.source, "which_id": identity.id, "which_occurrence": identity.recurrence_id}
        self._runner.run(self._statements.updates.reply, word=word, namespace=self._namespace, **names)

    # Claims

    def claim(self, rows: Sequence[int], owner: str, now: datetime, lease: timedelta) -> dict[int, Claim]:
        """Claim those of the rows that nobody else holds (or whose lease ran out by the kit's clock).

        Each claim has a new, higher fence, also where the owner held the row already.
        """
        return self._leased(self._fences(rows, owner, now), owner, now + lease)

    def _fences(self, rows: Collection[int], owner: str, now: datetime) -> dict[int, int]:
        """Return the fences of those of the rows that nobody else holds, locked until this transaction ends."""
        if not rows:
            return {}
        packed = self._runner.pack("rows", [(row,) for row in rows])
        same = {"owner": owner, "namespace": self._namespace}
        return dict(
            map(tuple, self._runner.rows(self._statements.updates.claimable, **packed, **same, now=micros(now)))
        )

    def _leased(self, fences: Mapping[int, int], owner: str, until: datetime) -> dict[int, Claim]:
        claims = {row: Claim(row, owner, fence + 1) for row, fence in fences.items()}
        if claims:
            packed = self._runner.pack("rows", [(row,) for row in claims])
            self._runner.run(self._statements.updates.claim, **packed, owner=owner, until=micros(until))
        self._unproven(lambda claim: claim.row in claims)
        self._foresight.proven |= set(claims.values())
        return claims

    def claim_groups(
        self, groups: Collection[Collection[int]], owner: str, now: datetime, lease: timedelta
    ) -> dict[int, Claim]:
        """Claim groups of rows as `claim` does, of each group all or none; two may have rows in common.

        The rows are locked in their order first, so that of two workers with groups that meet one waits for the other,
        and never both.
        """
        rows = sorted(set[int]().union(*groups))
        self.lock(rows)
        fences = self._fences(rows, owner, now)
        whole = set[int]().union(*(group for group in groups if fences.keys() >= set(group)))
        return self._leased({row: fences[row] for row in sorted(whole)}, owner, now + lease)

    def _unproven(self, is_over: Callable[[Claim], bool]) -> None:
        """Forget which claims hold, of those that are over."""
        self._foresight.proven = {claim for claim in self._foresight.proven if not is_over(claim)}

    def holders(self, rows: Sequence[int]) -> list[str]:
        """Return who holds any of these rows."""
        packed = self._runner.pack("rows", [(row,) for row in rows])
        return [owner for (owner,) in self._runner.rows(self._statements.queries.holders, **packed)] if rows else []

    def expire(self, owners: Sequence[str], rows: Sequence[int]) -> int:
        """End the leases that owners who are known to be dead hold on these rows; returns how many."""
        if not owners or not rows:
            return 0
        self._unproven(lambda claim: claim.owner in owners and claim.row in rows)
        packed = self._runner.pack("owners", [(owner,) for owner in owners])
        packed |= self._runner.pack("rows", [(row,) for row in rows])
        return self._runner.run(self._statements.updates.expire, **packed, namespace=self._namespace)

    def expire_rows(self, rows: Sequence[int]) -> int:
        """End the leases on a list of rows; returns how many."""
        self._unproven(lambda claim: claim.row in rows)
        packed = self._runner.pack("rows", [(row,) for row in rows])
        return (
            self._runner.run(self._statements.updates.expire_rows, **packed, namespace=self._namespace) if rows else 0
        )

    def renew(self, claims: Sequence[Claim], until: datetime) -> None:
        """Extend leases still held; those lost are passed over."""
        if claims:
            rows = [_claim_values(claim) | {"until": micros(until)} for claim in _in_order(claims)]
            self._runner.many(self._statements.updates.renew, rows)

    def release(self, releases: Sequence[Release]) -> None:
        """Give claims back and write what is known now; those lost are passed over.

        The dirty flag is cleared only where the generation is still the one seen.
        """
        rows = [
            _claim_values(release.claim)
            | {"seen": release.generation, "clean": release.complete, "settings": release.planned_with}
            | {"upcoming": micros_or_none(release.next_at)}
            for release in sorted(releases, key=lambda release: release.claim.row)
        ]
        if rows:
            self._runner.many(self._statements.updates.release, rows)
        self._foresight.proven -= {release.claim for release in releases}

    # Phones

    def add_phones(self, found: Mapping[int, Sequence[tuple[str, datetime]]]) -> set[int]:
        """Note the numbers and starts of appointments where they are missing; returns the rows of those.

        An older library, still at work on the same ledger, records without them.
        """
        known = self.reader.phones(list(found))
        rows = [
            (row, number, micros(start_at))
            for row, phones in found.items()
            for number, start_at in phones
            if (number, start_at) not in known.get(row, ())
        ]
        if rows:
            packed = self._runner.pack("phones", rows)
            self._runner.run(self._statements.phones.add_phones, namespace=self._namespace, **packed)
        return {row for row, *_ in rows}

    def drop_phones(self, release: Release, kept: Sequence[tuple[str, datetime]]) -> None:
        """Forget the numbers and starts an appointment had before it was worked on, unless it was written since."""
        rows = [(number, micros(start_at)) for number, start_at in kept]
        packed = self._runner.pack("kept", [*rows, ("", 0)])
        self._runner.run(
            self._statements.phones.drop_phones, which=release.claim.row, seen=release.generation, **packed
        )

    def lock(self, rows: Sequence[int]) -> None:
        """Let nobody else write these rows until this transaction ends.

        In the order of rows: of two that need each other's, one waits. (SQLite has one writer.)
        """
        if rows and self._runner.kind == "postgresql":
            packed = self._runner.pack("rows", [(row,) for row in rows])
            self._runner.rows(self._statements.phones.lock_rows, namespace=self._namespace, **packed)

    def requeue(self, rows: Sequence[int], now: datetime) -> None:
        """Have appointments looked at again, since another of their phone changed; also by who is at work on them."""
        if rows:
            packed = self._runner.pack("rows", [(row,) for row in rows])
            self._runner.run(self._statements.phones.requeue, namespace=self._namespace, now=micros(now), **packed)

    def is_crowded(self, number: str, besides: Sequence[str], low: datetime, high: datetime) -> bool:
        """Say whether anything but some reminders' messages goes out to a number between two instants.

        From then on no other transaction parks for that number before this one has ended.
        """
        if self._runner.kind == "postgresql":
            self._runner.rows(self._statements.phones.lock_number, number=f"{self._namespace}:{number}")
        values = self._runner.pack("besides", [(key,) for key in besides])
        values |= {"namespace": self._namespace, "number": number}
        return bool(self._runner.rows(self._statements.phones.crowd, **values, low=micros(low), high=micros(high)))

    def twins(self, number: str, start_at: datetime) -> Sequence[Twin]:
        """Return what goes, or went, out to a number about a start (UTC).

        From then on no other transaction parks for that number before this one has ended.
        """
        return self._foresight.twins(number, start_at)

    def parked_reminders(self, number: str) -> list[set[str]]:
        """Return the keys of reminders that each message speaks of which is, or may be, parked for a number."""
        found = self._runner.rows(self._statements.phones.parked_reminders, namespace=self._namespace, number=number)
        return [{key, *(included.key for included in included_from(others))} for key, others in found]

    # Reminders and messages

    def keep_outcomes(self, claim: Claim, outcomes: Sequence[ReminderRecord]) -> None:
        """Write where reminders stand (fenced), replacing what is recorded for the same keys; no change, no write."""
        self._foresight.prove(claim)
        values = [outcome_values(self._namespace, claim.row, outcome) for outcome in outcomes]
        self._runner.defer(self._statements.messages.keep_outcome, values)

    def drop_outcomes(self, claim: Claim, keys: Sequence[str]) -> None:
        """Forget reminders of the claimed appointment (fenced)."""
        self._foresight.prove(claim)
        if keys:
            packed = self._runner.pack("keys", [(key,) for key in keys])
            self._runner.run(
                self._statements.messages.drop_outcomes, which=claim.row, namespace=self._namespace, **packed
            )

    def forget_reminders(self, keys: Sequence[str]) -> int:
        """Drop reminders whose appointment is gone, whoever works; returns how many."""
        packed = self._runner.pack("keys", [(key,) for key in keys])
        return (
            self._runner.run(self._statements.messages.forget_reminders, namespace=self._namespace, **packed)
            if keys
            else 0
        )

    def create_message(self, claim: Claim, message: Message, *, rule: str, recipient: str) -> None:
        """Insert a message (fenced)."""
        self._foresight.prove(claim)
        values = message_values(self._namespace, claim.row, message, rule, recipient)
        self._runner.defer(self._statements.messages.create_message, [values])
        self._foresight.note(message)

    def move_message(self, claim: Claim | None, before: Message, after: Message) -> None:
        """Write a message's new state (fenced when a claim is given).

        Raises `ClaimLostError` where the message is no longer in the state it had `before`, or gets a provider's name
        that another message has.
        """
        if claim is not None:
            self._foresight.prove(claim)
        names = after.provider_id is not None and after.provider_id != before.provider_id
        statement, values = (
            self._statements.messages.move_message(names=names),
            moved_values(self._namespace, before, after),
        )
        if self._together:
            self._runner.defer(statement, [values], each=True)
        elif not self._runner.many(statement, [values]):
            raise ClaimLostError(
                f"message {before.id} is no longer {before.state}: another worker moved it; the next resync looks again"
            )

    # History, runs, events

    def note(self, entries: Sequence[HistoryEntry]) -> None:
        """Append lines of history."""
        if entries:
            self._runner.defer(
                self._statements.messages.note, [history_values(self._namespace, entry) for entry in entries]
            )

    def keep_blocker(self, blocker: Blocker) -> None:
        """Write for which cause messages are refused, in the place of what was known of it."""
        self._runner.run(self._statements.updates.keep_blocker, **blocker_values(self._namespace, blocker))

    def drop_blockers(self, blockers: Sequence[Blocker]) -> None:
        """Forget causes that are mended."""
        if blockers:
            packed = self._runner.pack("names", [(blocker.name,) for blocker in blockers])
            self._runner.run(self._statements.updates.drop_blockers, namespace=self._namespace, **packed)

    def keep_marks(self, marks: Mapping[tuple[str, str], Mark]) -> None:
        """Write what is kept of the members of items that wait for a person, by item and member."""
        for (item, member), mark in marks.items():
            values = {"item": item, "member": member, "since": micros(mark.since), "seen": mark.seen}
            values |= {"namespace": self._namespace, "detail": mark.detail}
            self._runner.run(self._statements.attention.keep_mark, **values)

    def drop_marks(self, members: Iterable[tuple[str, str]]) -> None:
        """Forget members of items that wait no more."""
        for item, member in members:
            values = {"which_item": item, "which_member": member}
            self._runner.run(self._statements.attention.drop_mark, namespace=self._namespace, **values)

    def keep_rule_sets(self, records: Iterable[RuleSetRecord]) -> None:
        """Write rule sets, each in the place of what is recorded of it."""
        for record in records:
            self._runner.run(self._statements.standing.keep_rule_set, **rule_set_values(self._namespace, record))

    def forget_rule_sets(self, before: datetime) -> int:
        """Forget the rule sets that nobody has worked with, or tried to, since an instant; returns how many."""
        values = {"namespace": self._namespace, "before": micros(before)}
        return self._runner.run(self._statements.standing.forget_rule_sets, **values)

    def keep_places(self, places: Iterable[Place], *, everywhere: bool = False) -> None:
        """Write where the ledger may be found; `everywhere`: for every namespace that is known to be anywhere."""
        known = json.dumps([[place.identity, place.path, place.name] for place in places])
        self._runner.run(self._statements.standing.keep_places, namespace=self._namespace, known=known)
        if everywhere:
            self._runner.run(self._statements.standing.adopt, places=known)

    def mark_run(self, name: str, at: datetime, detail: Mapping[str, Any]) -> None:
        """Say when a job last ran: the one row that a run may write although nothing changed."""
        values = {"name": whole_text(name), "at": micros(at), "detail": json.dumps(dict(detail))}
        self._runner.run(self._statements.updates.mark_run, namespace=self._namespace, **values)

    def note_look(self, look: Look) -> None:
        """Note that somebody looked at a person, or did something for one by hand."""
        note_look(self._runner, self._statements.looks, self._namespace, look)

    def grant(self, account: str, wanted: Wanted) -> Granted:
        """Give places in the rate of a provider's account, which is that of all namespaces."""
        return grant(account, wanted, self._runner, self._statements.rates)

    def store_event(self, event: DeliveryEvent, received_at: datetime) -> bool:
        """Keep a delivery event; False where that very event was kept before."""
        return (
            self._runner.run(self._statements.updates.store_event, **event_values(self._namespace, event, received_at))
            > 0
        )

    def unmatched_events(self, *, provider_id: str | None = None, token: str | None = None) -> list[DeliveryEvent]:
        """Return events that came before their message was known, oldest first."""
        named = [(by, name) for by, name in (("token", token), ("provider_id", provider_id)) if name]
        return list({event.id: event for by, name in named for event in self._foresight.waiting(by, name)}.values())

    def let_wait(self, event_id: str) -> None:
        """Note that it is not known yet which message a reply answers: `Reader.waiting_replies` has it until then."""
        self._runner.run(self._statements.updates.let_wait, namespace=self._namespace, which=event_id)

    def match_event(self, event_id: str) -> None:
        """Note that an event's message is known, or that nothing more will be known of it."""
        self._runner.run(self._statements.updates.match_event, namespace=self._namespace, which=event_id)

    def purge(self, before: datetime, now: datetime) -> int:
        """Remove the personal data of appointments that ended before an instant; returns how many.

        Snapshots, numbers, texts and requests go, also from events that came before it;
        states, rules, reasons and times stay, so that counts do. What is still parked, claimed
        or has something coming is left alone, and so is what was said about writing to numbers. Where anything went,
        the ledger notes that its files are still to be rid of it (`PURGED`).
        """
        count = 0
        same = {"namespace": self._namespace, "before": micros(before), "now": micros(now)}
        while rows := self._runner.rows(self._statements.updates.purgeable, **same):
            packed = self._runner.pack("rows", [(row,) for (row,) in rows])
            for statement in self._statements.updates.purges:
                self._runner.run(statement, **packed)
            count += len(rows)
        values = {"namespace": self._namespace, "until": micros(before)}
        if self._runner.run(self._statements.updates.purge_events, **values) or count:
            self.mark_run(PURGED, now, {"open": True})
        return count


def _claim_values(claim: Claim) -> dict[str, Any]:
    return {"which": claim.row, "owner": claim.owner, "token": claim.fence}


def _in_order(claims: Sequence[Claim]) -> list[Claim]:
    return sorted(claims, key=lambda claim: claim.row)
