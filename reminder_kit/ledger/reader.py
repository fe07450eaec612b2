"""Read the ledger: records, history, counts. The same questions inside and outside a transaction.

Never writes.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime
from functools import cached_property
from typing import Any

from attrs import evolve, frozen

from reminder_kit.ledger.consent import ConsentReader
from reminder_kit.ledger.databases.runner import Asker
from reminder_kit.ledger.looks import LookReader
from reminder_kit.ledger.people import PersonReader
from reminder_kit.ledger.sql.queries import Filters
from reminder_kit.ledger.sql.row_mapping import (
    blocker_from,
    event_from,
    history_from,
    instant,
    instant_or_none,
    message_from,
    micros,
    outcome_from,
    record_from,
)
from reminder_kit.ledger.sql.statements import Statements, statements_for
from reminder_kit.ledger.standing import StandingReader
from reminder_kit.ledger.sweeps import SweepReader
from reminder_kit.model.appointments import recurrence_name
from reminder_kit.model.as_of import AsOf, Written
from reminder_kit.model.blockers import Blocker
from reminder_kit.model.consent import Party, Suppression, Writer
from reminder_kit.model.host_data import whole_text
from reminder_kit.model.lifecycle import State
from reminder_kit.model.messages import DeliveryEvent, Message
from reminder_kit.model.reasons import Reason
from reminder_kit.model.records import (
    SNAPSHOT,
    AppointmentRecord,
    FoundMessage,
    HistoryEntry,
    Identity,
    PriorMessage,
    ReminderRecord,
    Sharing,
    Traffic,
    Twin,
)
from reminder_kit.model.restorations import Restoration
from reminder_kit.model.rule_sets import RuleSetRecord
from reminder_kit.planning.attention import Affected, AttentionFacts, Mark
from reminder_kit.planning.lagging import Unfollowed

__all__ = ["NOTHING", "NoLedger", "Reader", "RecordFilter", "SentByWhom"]

_LISTED_AT_ONCE = 500

SentByWhom = dict[tuple[str, str], list[PriorMessage]]

NOTHING: dict[str, Any] = {
    "appointments": 0,
    "dirty": 0,
    "removed": 0,
    "claimed": 0,
    "messages": {},
    "reminders": {},
    "next_at": None,
    "oldest_unsettled_at": None,
    "suppressions": 0,
    "barred_by": dict.fromkeys(map(str, Party), 0),
    "unmatched_events": 0,
    "runs": {},
}
"""What there is to count in an empty ledger. `messages`: by state; `reminders`: by status, then by reason; `next_at`:
when something is due next; `oldest_unsettled_at`: since when the oldest message is in creating, cancelling or unknown;
`suppressions`: the numbers that are barred, `barred_by`: of these, by each party; `runs`: by name, the instant and what
it said."""


@frozen
class RecordFilter:
    """Which records are wanted; what is None, or false, is no filter."""

    source: str | None = None
    ids: Collection[str] | None = None
    rows: Collection[int] | None = None
    ended_after: datetime | None = None
    dirty_only: bool = False

    @property
    def filters(self) -> Filters:
        """The filters in use, by the names that statements know them by."""
        names = [name for name in ("source", "ids", "rows", "ended_after") if getattr(self, name) is not None]
        return frozenset([*names, *["dirty"] * self.dirty_only])

    def values(self, runner: Asker) -> dict[str, Any]:
        """Return what the statements are to be given."""
        values = _given(source=self.source)
        if self.ids is not None:
            values |= runner.pack("ids", [(whole_text(name),) for name in self.ids])
        if self.rows is not None:
            values |= runner.pack("rows", [(row,) for row in self.rows])
        if self.ended_after is not None:
            values["ended_after"] = micros(self.ended_after)
        return values


class Reader:
    """The questions, asked on one connection, within one namespace."""

    def __init__(self, runner: Asker, namespace: str, schema: str | None) -> None:
        self._runner = runner
        self._namespace = namespace
        self._schema = schema
        self._statements: Statements = statements_for(schema, runner.kind)
        #: What the ledger remembers of itself: rule sets, places, restorations.
        self.standing = StandingReader(runner, namespace, self._statements)
        #: What was said about writing to numbers.
        self.consent = ConsentReader(runner, namespace, self._statements.consent)
        #: At what a batch job must look.
        self.sweep = SweepReader(runner, namespace, self._statements.sweep)
        #: All that is kept of one person.
        self.people = PersonReader(runner, namespace, self._statements.person)
        #: What people ask who look.
        self.looks = LookReader(runner, namespace, self._statements)

    def records(
        self,
        *,
        source: str | None = None,
        ids: Collection[str] | None = None,
        identities: Collection[Identity] | None = None,
        rows: Collection[int] | None = None,
        ended_after: datetime | None = None,
        dirty_only: bool = False,
        page: int = 500,
    ) -> Iterator[AppointmentRecord]:
        """Yield recorded appointments with their reminders and messages, in the order they were first recorded.

        All filters hold together: `source`; appointment `ids`; `identities`; `rows`; `ended_after`: those that are
        dirty, have something coming, or end at or after that instant; `dirty_only`. They are read a page at a time, so
        that memory holds one page.
        """
        wanted = RecordFilter(source, ids, ended_after=ended_after, dirty_only=dirty_only)
        if identities is not None:
            listed = list(dict.fromkeys(identities))
            for start in range(0, len(listed), _LISTED_AT_ONCE):
                found = set(self.rows(listed[start : start + _LISTED_AT_ONCE]).values())
                yield from self._pages(evolve(wanted, rows=found if rows is None else found & set(rows)), page)
        elif rows is not None:
            in_order = sorted(set(rows))
            for start in range(0, len(in_order), _LISTED_AT_ONCE):
                yield from self._pages(evolve(wanted, rows=in_order[start : start + _LISTED_AT_ONCE]), page)
        else:
            yield from self._pages(wanted, page)

    def _pages(self, wanted: RecordFilter, size: int) -> Iterator[AppointmentRecord]:
        after = 0
        while found := self.page(wanted, after, size):
            yield from found
            if len(found) < size:
                return
            after = found[-1].row

    def page(self, wanted: RecordFilter, after: int, size: int) -> list[AppointmentRecord]:
        """Return at most so many records after a row."""
        statement = self._statements.queries.page(wanted.filters)
        values = wanted.values(self._runner) | {"after": after, "page": size, "namespace": self._namespace}
        return self._assembled(self._runner.rows(statement, **values))

    def read(self, rows: Iterable[int]) -> list[AppointmentRecord]:
        """Return the records of these rows, in the order of rows."""
        wanted = sorted(set(rows))
        if not wanted:
            return []
        return self.page(RecordFilter(rows=wanted), 0, len(wanted))

    def _assembled(self, found: Sequence[Sequence[Any]]) -> list[AppointmentRecord]:
        if not found:
            return []
        packed = self._runner.pack("rows", [(row[0],) for row in found])
        outcomes: dict[int, list[ReminderRecord]] = {}
        for sequence in self._runner.rows(self._statements.queries.outcomes, **packed):
            outcomes.setdefault(sequence[0], []).append(outcome_from(sequence))
        messages: dict[int, list[Message]] = {}
        for found_message in self._runner.rows(self._statements.queries.messages, **packed):
            messages.setdefault(found_message[0], []).append(message_from(found_message))
        return [
            record_from(row, tuple(outcomes.get(row[0], ())), tuple(messages.get(row[0], ())), self.restoration)
            for row in found
        ]

    @cached_property
    def restoration(self) -> Restoration | None:
        """That the ledger was put back to an older state, as it was first asked for; None: it never was."""
        return self.standing.restoration()

    def recorded(self, identities: Iterable[Identity]) -> dict[Identity, Sequence[Any]]:
        """Return (row, fingerprint, removed, revision kind, revision, recorded at) of those that are recorded."""
        wanted = list(dict.fromkeys(identities))
        if not wanted:
            return {}
        packed = self._runner.pack("identities", wanted)
        found = self._runner.rows(self._statements.queries.recorded, namespace=self._namespace, **packed)
        return {
            Identity(sequence[1], sequence[2], sequence[3]): (sequence[0], *sequence[4:])
            for sequence in found
            if sequence[0] is not None
        }

    def recorded_since(self, since: datetime) -> frozenset[Written]:
        """Return what was written last of the appointments that were recorded later than that instant, UTC."""
        found = self._runner.rows(
            self._statements.queries.recorded_since, namespace=self._namespace, since=micros(since)
        )
        return frozenset(
            Written(Identity(*identity), fingerprint, bool(removed), instant(at))
            for *identity, fingerprint, removed, at in found
        )

    def rows(self, identities: Iterable[Identity]) -> dict[Identity, int]:
        """Return the rows of those that are recorded."""
        return {identity: int(known[0]) for identity, known in self.recorded(identities).items()}

    def identities(self, id: str, source: str | None = None, recurrence_id: str | None = None) -> list[Identity]:  # noqa: A002 - the public name of an appointment's identity
        """Return which appointments carry this id, in any source unless one is named; by source, then by start.

        A `recurrence_id` names the one occurrence, however its instant is spelled; it may stand so in the ledger.
        """
        statement = self._statements.queries.identities(source=source is not None)
        found = self._runner.rows(statement, namespace=self._namespace, **_given(id=id, source=source))
        named = [Identity(row[0], row[3], row[4]) for row in sorted(map(tuple, found))]
        if recurrence_id is None:
            return named
        wanted = recurrence_name(recurrence_id) or ""
        return [identity for identity in named if (recurrence_name(identity.recurrence_id) or "") == wanted]

    def of_source(self, source: str) -> list[Identity]:
        """Return what is recorded of a source and not removed."""
        found = self._runner.rows(
            self._statements.queries.of_source, namespace=self._namespace, **_given(source=source)
        )
        return [Identity(*row) for row in found]

    def state_of(self, source: str) -> tuple[int, int, int]:
        """Return what changes whenever anything of a source is written: how many there are, are removed, and when."""
        rows = self._runner.rows(self._statements.queries.state_of_source, namespace=self._namespace, source=source)
        count, gone, at = rows[0] if rows else (0, 0, 0)
        return int(count), int(gone or 0), int(at or 0)

    def series_of(self, source: str) -> dict[str, str]:
        """Return the ids of a source that are not removed, each with the newest revision of its master.

        That is the text of the pair (`revisions.revision_order`); "": none is recorded.
        """
        statement = self._statements.queries.series_of_source
        return dict(self._runner.rows(statement, namespace=self._namespace, **_given(source=source)))  # type: ignore[arg-type]

    def history(self, *, id: str, source: str | None = None, recurrence_id: str | None = None) -> list[HistoryEntry]:  # noqa: A002 - the public name of an appointment's identity
        """Return what happened to an appointment, oldest first; all occurrences unless one is named."""
        statement = self._statements.queries.history(source=source is not None, occurrence=recurrence_id is not None)
        values = _given(id=id, source=source, recurrence_id=recurrence_id)
        return [history_from(row) for row in self._runner.rows(statement, namespace=self._namespace, **values)]

    def suppressions(self) -> dict[str, Suppression]:
        """Return the numbers that are barred here, whatever is written from."""
        return self.consent.suppressions(None, Writer())

    def blockers(self) -> tuple[Blocker, ...]:
        """Return for which causes messages are refused, the oldest first."""
        found = self._runner.rows(self._statements.queries.blockers, namespace=self._namespace)
        return tuple(map(blocker_from, found))

    def attention(self, now: datetime) -> AttentionFacts:
        """Return what is recorded, at `now` (UTC), of what may wait for a person."""
        statements, same = self._statements.attention, {"namespace": self._namespace}
        waiting = [
            Affected(
                key,
                Identity(*identity),
                rule,
                to,
                instant(start_at),
                reason,
                error,
                blocker=blocker,
                is_parked=bool(is_parked),
            )
            for key, *identity, rule, to, start_at, reason, error, blocker, is_parked in self._runner.rows(
                statements.waiting, **same, now=micros(now)
            )
        ]
        doubtful: dict[str, list[Affected]] = {State.UNKNOWN: [], State.SCHEDULED: []}
        for _, state, key, *identity, rule, to, start_at, error, again_at in self._runner.rows(
            statements.doubtful, **same, now=micros(now)
        ):
            whose, next_try_at = Identity(*identity), instant_or_none(again_at)
            member = Affected(key, whose, rule, to, instant(start_at), error=error, next_try_at=next_try_at)
            doubtful[state].append(member)
        unwritten = {member.rule for member in waiting if member.reason == Reason.TEMPLATE_ERROR}
        written = {rule for rule in unwritten if self._runner.rows(statements.is_written, **same, rule=rule)}
        last, rule_sets = self.last_run("resync"), self.standing.rule_sets()
        return AttentionFacts(
            waiting=waiting,
            unknown=doubtful[State.UNKNOWN],
            answered=doubtful[State.SCHEDULED],
            erased=[
                Affected(key, Identity(*identity), rule, to, instant(start_at))
                for key, *identity, rule, to, start_at in self._runner.rows(statements.erased, **same, now=micros(now))
            ],
            unfollowed=[
                Unfollowed(
                    Identity(*identity), instant(start_at), instant(since), instant_or_none(next_at), bool(tells)
                )
                for *identity, start_at, since, next_at, tells in self._runner.rows(
                    statements.unfollowed, **same, now=micros(now)
                )
            ],
            blockers=self.blockers(),
            written=frozenset(written),
            marks=self.marks(),
            rule_sets=rule_sets,
            worked_at=last[0] if last else self._worked_since(rule_sets),
            has_run=last is not None,
        )

    def _worked_since(self, rule_sets: Sequence[RuleSetRecord]) -> datetime | None:
        """Return when (UTC) the ledger was at work already, as far as is known at once; None: it never was."""
        noted = self._runner.rows(self._statements.attention.a_moment, namespace=self._namespace)
        return min([*(instant(at) for (at,) in noted), *(known.since for known in rule_sets)], default=None)

    def marks(self) -> dict[tuple[str, str], Mark]:
        """Return what is kept of the members of items that wait for a person, by item and member."""
        found = self._runner.rows(self._statements.attention.marks, namespace=self._namespace)
        return {(item, member): Mark(instant(since), bool(seen), detail) for item, member, since, seen, detail in found}

    def parked(self, source: str | None = None) -> int:
        """Return how many messages are, or may be, parked: in all, or for one source."""
        statement = self._statements.queries.parked(source=source is not None)
        found = self._runner.rows(statement, namespace=self._namespace, **_given(source=source))
        return int(found[0][0]) if found else 0

    def parked_everywhere(self, provider: str) -> int:
        """Return how many messages of all namespaces are, or may be, parked at a provider, with one cap for all."""
        found = self._runner.rows(self._statements.queries.parked_everywhere, **_given(provider=provider))
        return int(found[0][0]) if found else 0

    def room(self, cap: int, wanted: int, provider: str) -> int:
        """Return how many more messages a provider takes that keeps `cap`; at least `wanted` where it has that room.

        They are counted only where more were ever made than could be parked.
        """
        made = self._runner.rows(self._statements.queries.made)
        at_most = (made[0][0] or 0) if made else 0
        return cap - (at_most if at_most + wanted <= cap else self.parked_everywhere(provider))

    def sent_before(self, identity: Identity) -> SentByWhom:
        """Return, by (rule, recipient), what went out for this id, whichever occurrence."""
        pair = (identity.source, identity.id)
        return self.sent_before_many([pair]).get(pair, {})

    def sent_before_many(self, identities: Sequence[tuple[str, str]]) -> dict[tuple[str, str], SentByWhom]:
        """Return, by (source, id), what went out for any occurrence, by (rule, recipient)."""
        found: dict[tuple[str, str], SentByWhom] = {}
        if not identities:
            return found
        packed = self._runner.pack("pairs", list(dict.fromkeys(identities)))
        for source, id_, rule, recipient, key, start_at, sent_at in self._runner.rows(
            self._statements.queries.sent_before, namespace=self._namespace, **packed
        ):
            if rule is not None:
                by_whom = found.setdefault((source, id_), {})
                by_whom.setdefault((rule, recipient), []).append(PriorMessage(key, instant(start_at), instant(sent_at)))
        return found

    def sharing_number(self, ranges: Sequence[tuple[str, datetime, datetime]]) -> list[Sharing]:
        """Return which appointments are, or were until worked on, for a number between two instants; by row."""
        if not ranges:
            return []
        packed = self._runner.pack("ranges", [(number, micros(low), micros(high)) for number, low, high in ranges])
        found = self._runner.rows(self._statements.phones.sharing_number, namespace=self._namespace, **packed)
        return [
            Sharing(int(row), Identity(*identity), number, instant(start_at), bool(stands), not dirty)
            for row, *identity, number, start_at, stands, dirty in found
        ]

    def phones(self, rows: Sequence[int]) -> dict[int, list[tuple[str, datetime]]]:
        """Return, by row, the numbers appointments are for, and from which start on."""
        found: dict[int, list[tuple[str, datetime]]] = {}
        if rows:
            packed = self._runner.pack("rows", [(row,) for row in rows])
            for row, number, starts_at in self._runner.rows(self._statements.phones.phones_of, **packed):
                found.setdefault(int(row), []).append((number, instant(starts_at)))
        return found

    def traffic(self, numbers: Sequence[str], since: datetime) -> dict[str, list[Traffic]]:
        """Return what went, or is to go, out to numbers since an instant."""
        found: dict[str, list[Traffic]] = {}
        if numbers:
            values = {"since": micros(since), "namespace": self._namespace}
            packed = self._runner.pack("numbers", [(number,) for number in numbers])
            for number, key, *instants in self._runner.rows(self._statements.phones.traffic, **packed, **values):
                send_at, due_at, start_at = map(instant, instants)
                found.setdefault(number, []).append(Traffic(key, send_at, due_at, start_at))
        return found

    def twins(self, visits: Iterable[tuple[str, datetime]]) -> dict[tuple[str, datetime], list[Twin]]:
        """Return what goes, or went, out to numbers about starts (UTC), for each such pair that has anything."""
        found: dict[tuple[str, datetime], list[Twin]] = {}
        if pairs := [(number, micros(start_at)) for number, start_at in dict.fromkeys(visits)]:
            packed = self._runner.pack("visits", pairs)
            rows = self._runner.rows(self._statements.phones.twins, namespace=self._namespace, **packed)
            for number, start_at, key, send_at, due_at, *said in rows:
                twin = Twin(key, instant(send_at), instant(due_at), *said)
                found.setdefault((number, instant(start_at)), []).append(twin)
        return found

    def combined(self, numbers: Sequence[str]) -> list[Message]:
        """Return the messages to numbers that include reminders of other appointments, oldest first."""
        if not numbers:
            return []
        packed = self._runner.pack("numbers", [(number,) for number in numbers])
        found = self._runner.rows(self._statements.phones.combined, namespace=self._namespace, **packed)
        return [message_from(row) for row in found]

    def reminder_owners(self, keys: Sequence[str]) -> dict[str, tuple[Identity, str, str]]:
        """Return, by key, which appointment a reminder is of, by which rule and to whom."""
        if not keys:
            return {}
        packed = self._runner.pack("keys", [(key,) for key in keys])
        found = self._runner.rows(self._statements.phones.reminder_owners, namespace=self._namespace, **packed)
        return {key: (Identity(*owner), rule, recipient) for key, *owner, rule, recipient in found}

    def find_message(
        self, *, provider: str, provider_id: str | None = None, token: str | None = None
    ) -> FoundMessage | None:
        """Return the message that carries our token, else the one the provider calls so."""
        for by, name in (("id", token), ("provider_id", provider_id)):
            if name:
                values = {"namespace": self._namespace, "provider": provider, "name": name}
                for row in self._runner.rows(self._statements.queries.find_message(by), **values):
                    return _found(row)
        return None

    def sent_to(self, *, provider: str, number: str, until: datetime) -> list[FoundMessage]:
        """Return the messages to a number with a send time up to an instant (UTC), the latest first, at most fifty.

        Whether they went out is for their states to say; cancelled and rejected ones are left out.
        """
        values = {"namespace": self._namespace, "provider": provider, "number": number, "until": micros(until)}
        return [_found(row) for row in self._runner.rows(self._statements.queries.sent_to, **values)]

    def waiting_replies(self) -> list[DeliveryEvent]:
        """Return the replies of which it is not known yet which message they answer, as they came."""
        found = self._runner.rows(self._statements.queries.waiting_replies, namespace=self._namespace)
        return [evolve(event_from(row), token=None) for row in found]

    def last_run(self, name: str) -> tuple[datetime, dict[str, Any]] | None:
        """Return when a job last ran and what it said, or None."""
        return next(iter(self._runs("name", name=whole_text(name)).values()), None)

    def counts(self, senders: Collection[str] = ()) -> dict[str, Any]:
        """Return the numbers and instants that `NOTHING` explains, for who writes from these senders."""
        ask, same = self._runner, {"namespace": self._namespace}
        appointments = ask.rows(self._statements.queries.count_appointments, **same)
        if not appointments:  # there is no ledger yet
            return dict(NOTHING)
        total, dirty, removed, claimed, next_at = appointments[0]
        reminders: dict[str, dict[str, int]] = {}
        for stand, reason, count in ask.rows(self._statements.queries.count_reminders, **same):
            reminders.setdefault(stand, {})[reason] = count
        states = ask.rows(self._statements.queries.count_messages, **same)
        barred, barred_by = self.consent.count(senders)
        unsettled = [oldest for state, _, oldest in states if state in ("creating", "cancelling", "unknown")]
        return NOTHING | {
            "appointments": int(total),
            "dirty": int(dirty or 0),
            "removed": int(removed or 0),
            "claimed": int(claimed or 0),
            "messages": {state: count for state, count, _ in states},
            "reminders": reminders,
            "next_at": instant_or_none(next_at),
            "oldest_unsettled_at": instant_or_none(min(unsettled, default=None)),
            "suppressions": barred,
            "barred_by": barred_by,
            "unmatched_events": int(ask.rows(self._statements.queries.count_unmatched, **same)[0][0]),
            "runs": self.runs(),
        }

    def snapshots(self) -> dict[str, datetime]:
        """Return, by source, when the newest complete snapshot was taken that was carried out, UTC."""
        found = self._runs("start", start=SNAPSHOT)
        return {name.removeprefix(SNAPSHOT): at for name, (at, _) in found.items()}

    def overtaken(self, at: datetime, now: datetime) -> frozenset[str]:
        """Return the sources of which a complete snapshot was carried out that is surely newer than one taken `at`."""
        newest = AsOf.believed(self.snapshots(), now)
        return frozenset(source for source, taken in newest.items() if AsOf.is_overtaken(at, taken))

    def runs(self) -> dict[str, tuple[datetime, dict[str, Any]]]:
        """Return, by name, when each job last ran and what it said."""
        return self._runs()

    def _runs(self, which: str = "", **values: str) -> dict[str, tuple[datetime, dict[str, Any]]]:
        statement = self._statements.queries.runs(which=which)
        found = self._runner.rows(statement, namespace=self._namespace, **values)
        return {name: (instant(at), json.loads(detail)) for name, at, detail in found}


def _found(row: Sequence[Any]) -> FoundMessage:
    return FoundMessage(message_from(row), Identity(*row[-5:-2]), row[-2], row[-1])


def _given(**names: Any) -> dict[str, Any]:
    """Return the names that are given, as text like that which is recorded: none of a host's is too odd to look for."""
    return {name: whole_text(value) for name, value in names.items() if value is not None}


class NoLedger:
    """What a reader asks while there is no ledger yet: it answers every question with nothing."""

    kind = "sqlite"

    def pack(self, name: str, rows: Sequence[Sequence[Any]]) -> dict[str, Any]:
        """Return no values: nothing is looked for."""
        del name, rows
        return {}

    def rows(self, statement: Any, **values: Any) -> Sequence[Sequence[Any]]:
        """Return no rows."""
        del statement, values
        return ()
