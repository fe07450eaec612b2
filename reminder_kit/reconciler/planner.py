"""The planner: what each verb of the kit asks of a plan: which input, which scope, which guard.

Blocking. Reads the ledger and calendars, and never writes; `now` is an argument.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from attrs import evolve, frozen

from reminder_kit.errors import (
    ConfigurationError,
    InvalidInputError,
    LedgerError,
    ReminderKitError,
    UnsafePlanError,
)
from reminder_kit.ledger.ledger import Ledger
from reminder_kit.model.appointments import Appointment
from reminder_kit.model.as_of import AsOf
from reminder_kit.model.records import (
    FORCED,
    AppointmentRecord,
    Batch,
    HistoryEntry,
    Identity,
    Incoming,
    incoming_by_identity,
    is_open,
)
from reminder_kit.planning.day_limit import within_day_limit
from reminder_kit.planning.decide import decide, quarantined
from reminder_kit.planning.explanation import Explanation, ReminderExplanation, explain_decision
from reminder_kit.planning.observed import Observed
from reminder_kit.planning.plan import Guard, Plan
from reminder_kit.planning.settings import Settings
from reminder_kit.ports import Provider
from reminder_kit.reconciler.barred import Barred
from reminder_kit.reconciler.calendar_import import Imported, read_for_import, refused_problem
from reminder_kit.reconciler.intake import Intake
from reminder_kit.reconciler.kept_out import without_kept_out
from reminder_kit.reconciler.neighbours import Neighbours
from reminder_kit.reconciler.plan_builder import build_plan
from reminder_kit.reconciler.polled_calendars import Polled, Polling
from reminder_kit.reconciler.scope import Scope
from reminder_kit.rules.defaults import Defaults
from reminder_kit.rules.rule import Rule
from reminder_kit.text.linter import linted

if TYPE_CHECKING:
    from reminder_kit.ledger.reader import Reader

__all__ = ["SMALL", "Appointments", "Planner", "read_rules"]

Appointments = Appointment | Iterable[Appointment]

SMALL = 20
"""Up to how many appointments are taken for a person's edit: the guard's ratio does not apply to a sync of them, and
that they were handed in is written down although nothing changed."""


@frozen
class Planner:
    """Makes the plans of one kit. Writes nothing, anywhere (README, promise 7)."""

    #: What is recorded.
    ledger: Ledger
    #: The kit's provider; only asked how many messages it keeps parked.
    provider: Provider
    #: What decides besides the data.
    settings: Settings
    #: How much a plan may take away or touch.
    guard: Guard
    #: How calendars are read (`CalendarSettings`); None: as usual.
    calendar: Any = None
    #: The calendars that the batch job reads (`CalendarSource`).
    sources: tuple[Any, ...] = ()

    def sync(
        self,
        appointments: Appointments,
        now: datetime,
        *,
        source: str | None = None,
        complete: bool = False,
        covers: Collection[str] = (),
        as_of: datetime | None = None,
        forced: bool = False,
    ) -> Plan:
        """Return the plan for appointments handed in, of `source` where one is named.

        `complete` withdraws what the source no longer has, `covers` names ids of which every occurrence is handed in,
        `as_of` says when they were read (None: `taken` says what that means), `forced` has the ledger serve this kit's
        rules whatever others it serves. Raises `InvalidInputError` for anything but appointments, and where several
        sources are handed in although absence means something; `UnsafePlanError` where the input breaks off then.
        """
        withdraws = complete or bool(covers)
        taken = self.taken(appointments, as_of, now, reads_all=withdraws)
        batch = self._incoming(appointments, source, taken, withdraws=withdraws)
        all_incoming = batch.all_incoming
        name = (
            source or _only_one(one.source for one in (*all_incoming, *batch.contradictions)) if withdraws else source
        )
        guarded = withdraws or len(all_incoming) > SMALL
        scope = Scope(
            "sync",
            name,
            complete=complete,
            covers=covers,
            spare=_contradicted(batch),
            guarded=guarded,
            as_of=taken,
            noted=_noted(all_incoming),
            forced=forced,
        )
        return _with_contradictions(self._make(all_incoming, scope, now, refuse_empty=complete and not batch), batch)

    def calendar_import(
        self,
        file: Any,
        now: datetime,
        *,
        source: str | None,
        complete: bool,
        as_of: datetime | None = None,
        forced: bool = False,
    ) -> Plan:
        """Return the plan for a calendar; `source` None: named after the file. Raises `CalendarError`.

        `as_of` says when it was exported. None: nobody knows, and its revisions decide alone; what a file system says
        of a file's age is not asked, since copying makes old files young and a kit's clock need not be the machine's.
        """
        taken = AsOf.told(as_of, now) if as_of is not None else None
        imported = read_for_import(
            file,
            self.calendar,
            self.settings,
            source=source,
            complete=complete,
            now=now,
            ledger=self.ledger,
            ahead=timedelta() if str(file) in {source.path for source in self.sources} else None,
            forced=forced,
        )
        imported = evolve(imported, scope=evolve(imported.scope, as_of=taken))
        all_incoming = self._of_calendar(imported)
        noted = () if taken is None else _noted(all_incoming)
        plan = self._make(all_incoming, evolve(imported.scope, noted=noted, forced=forced), now)
        return evolve(plan, problems=imported.problems, readings=_readings([imported]))

    def resync(
        self,
        now: datetime,
        appointments: Appointments | None = None,
        *,
        complete: bool = False,
        only_dirty: bool,
        as_of: datetime | None = None,
        forced: bool = False,
    ) -> Plan:
        """Return the plan of the batch job: what is handed in, the calendars it knows, and everything recorded.

        `complete` withdraws what the one source handed in no longer has, `only_dirty` leaves out calendars and whatever
        was worked on since it was written, `as_of` (None: `now`) is when the host read what it hands in. A plan that
        was forced and not finished is not refused again; `forced` has the ledger serve this kit's rules whatever others
        it serves.
        """
        given = () if appointments is None else appointments
        taken = self.taken(given, as_of, now, reads_all=True) or AsOf.drawn(now)
        intake = self._drawn(given, taken, withdraws=complete)
        batch, all_incoming = intake.batch, dict(intake.batch.all_incoming)
        source = _only_one(intake.sources) if complete else None
        nothing_came = complete and not intake.count
        polled = Polled() if only_dirty else self._polling.read(now, forced=forced)
        all_imported = polled.all_imported
        for imported in all_imported:
            all_incoming |= self._of_calendar(imported)
        scope = Scope(
            "resync",
            source=source,
            complete=complete,
            spare=_contradicted(batch),
            sweep=True,
            only_dirty=only_dirty,
            as_of=taken,
            noted=batch.all_incoming if intake.count <= SMALL else (),
            forced=forced,
            covered=tuple(imported.scope for imported in all_imported),
            let_go=intake.came_in,
        )
        plan = self._make(all_incoming, scope, now, refuse_empty=nothing_came)
        plan = _with_refusals(plan, polled)
        plan = _with_contradictions(plan, batch)
        return plan.unguarded() if plan.is_unsafe and self._forced_is_open(now) else plan

    def _forced_is_open(self, now: datetime) -> bool:
        return is_open(self.ledger.read(lambda reader: reader.last_run(FORCED)), now)

    def shard(self, now: datetime, rows: Collection[int]) -> Plan:
        """Return the plan of a part of the batch job: what is recorded in these rows, and nothing else."""
        return self._make({}, Scope("resync", sweep=True, rows=tuple(rows)), now)

    def withdrawal(self, identities: Sequence[Identity], now: datetime) -> Plan:
        """Return the plan that withdraws recorded appointments."""
        return self._make({}, Scope("withdraw", guarded=False, withdraw=tuple(identities)), now)

    def suppression(self, number: str, now: datetime) -> Plan:
        """Return the plan that takes back what is parked for a number that was just suppressed, and nothing else."""
        return self._make({}, Scope("suppress", guarded=False, number=number), now)

    def taken(
        self, appointments: Appointments, as_of: datetime | None, now: datetime, *, reads_all: bool = False
    ) -> AsOf | None:
        """Return when what is handed in was, or is about to be, read; None: before `now`, and nobody knows when.

        `as_of` is what the host says. Without it, the kit draws rows itself from now on, where they are no collection.
        `reads_all` says that the plan reads most of the ledger, so that what stands in it now may be asked for besides.
        Raises as `AsOf.told` does.
        """
        if as_of is not None:
            return AsOf.told(as_of, now)
        if isinstance(appointments, Appointment | Collection):
            return None
        if not reads_all:
            return AsOf.drawn(now)
        return AsOf.drawn(now, self.ledger.read(lambda reader: reader.recorded_since(AsOf.before(now))))

    def incoming(self, appointments: Appointments, source: str | None) -> list[Incoming]:
        """Return appointments ready to be recorded, of `source` where one is named.

        Raises `InvalidInputError`, also where one comes twice with different content: there is no report to say so.
        """
        batch = Batch.of(_sourced(appointments, source), self.settings.defaults.region)
        for problem in _problems_of(batch):
            raise problem
        return list(batch.all_incoming.values())

    def explanation(self, id: str, source: str | None, recurrence_id: str | None, now: datetime) -> Explanation:  # noqa: A002 - the identity's public name
        """Return why the reminders of an appointment id are or are not sent; None means every source or occurrence.

        Raises `LedgerError` where the recorded appointment can't be read on this machine.
        """
        return self.ledger.read(lambda reader: _explanation(reader, self.settings, id, source, recurrence_id, now))

    def _incoming(
        self, appointments: Appointments, source: str | None, taken: AsOf | None, *, withdraws: bool
    ) -> Batch:
        """Return what is handed in; raises `UnsafePlanError` where it breaks off and absence would mean something."""
        with _breaking_off(withdraws=withdraws):
            return Batch.of(_sourced(appointments, source), self.settings.defaults.region, taken)

    def _drawn(self, appointments: Appointments, taken: AsOf, *, withdraws: bool) -> Intake:
        """Return what is handed to the batch job, without what is recorded as it came; raises as `_incoming` does."""
        intake = Intake(self.ledger, self.settings.defaults.region, taken, SMALL)
        with _breaking_off(withdraws=withdraws):
            intake.draw(_sourced(appointments, None))
        return intake

    @property
    def _polling(self) -> Polling:
        return Polling(self.sources, self.calendar, self.settings, self.ledger)

    def _of_calendar(self, imported: Imported) -> dict[Identity, Incoming]:
        """Return what a calendar holds, without what a person withdrew for as long as it does not change there."""
        found = incoming_by_identity(imported.appointments, self.settings.defaults.region, imported.scope.as_of)
        for identity, incoming in found.items():
            if identity.id in imported.outdated:
                found[identity] = evolve(incoming, outdated=True)
        return self.ledger.read(lambda reader: without_kept_out(reader, found))

    def _make(
        self, all_incoming: Mapping[Identity, Incoming], scope: Scope, now: datetime, *, refuse_empty: bool = False
    ) -> Plan:
        """Return the plan over a scope, from one snapshot of the ledger.

        `refuse_empty` refuses it where messages are parked for the source: nothing came in, which may be a fault.
        """
        cap, place = self.provider.capabilities.cap, self.ledger.place()

        def plan(reader: Reader) -> Plan:
            own_scope = scope
            if refuse_empty and reader.parked(source=scope.source):
                refusal = f"nothing came in for source {scope.source!r} while reminders are parked for it"
                own_scope = evolve(scope, refusal=refusal)
            return build_plan(
                reader, self.settings, all_incoming, own_scope, now, guard=self.guard, cap=cap, place=place
            )

        return self.ledger.read(plan)


@contextmanager
def _breaking_off(*, withdraws: bool) -> Iterator[None]:
    """Refuse an input that breaks off where what did not come would be withdrawn."""
    try:
        yield
    except ReminderKitError:
        raise
    except Exception as error:
        if not withdraws:
            raise
        raise UnsafePlanError(
            f"the input broke off with {type(error).__name__}, so that what is absent may only not have come; "
            "nothing was changed. Check the input and hand it in anew"
        ) from error


def _only_one(sources: Iterable[str]) -> str:
    """Return the source of what is handed in; raises `InvalidInputError` where there are several."""
    names = sorted(set(sources))
    if len(names) > 1:
        raise InvalidInputError(
            f"complete and covers speak for one source, not for {len(names)} ({', '.join(names[:3])}): "
            "hand in one source at a time"
        )
    return names[0] if names else "default"


def _with_refusals(plan: Plan, polled: Polled) -> Plan:
    """Return the batch job's plan with what was read, and which calendars' absences were not taken for an answer."""
    refused = dict(plan.refused)
    refused |= {one.scope.source or "": one.scope.refusal for one in polled.all_imported if one.scope.refusal}
    told = [evolve(one, problems=(*one.problems, *_refusal(refused, one))) for one in polled.all_imported]
    problems = (*polled.problems, *(problem for one in told for problem in _refusal(refused, one)))
    notes = tuple(note for note in polled.notes if note.source not in refused)
    return evolve(plan, problems=problems, readings=_readings(told), notes=notes)


def _refusal(refused: Mapping[str, str], imported: Imported) -> tuple[Any, ...]:
    why = refused.get(imported.scope.source or "")
    return (refused_problem(why),) if why else ()


def _noted(all_incoming: Mapping[Identity, Incoming]) -> Collection[Identity]:
    """Return those of which it is written down that they came in: of a person's edit all, of a long list none."""
    return frozenset(all_incoming) if len(all_incoming) <= SMALL else ()


def _explanation(
    reader: Reader,
    settings: Settings,
    id: str,  # noqa: A002 - the identity's public name
    source: str | None,
    recurrence_id: str | None,
    now: datetime,
) -> Explanation:
    identities = reader.identities(id, source, recurrence_id)
    history = reader.history(source=source, id=id)
    if recurrence_id is not None:
        history = [entry for entry in history if entry.identity in identities]
    reminders: list[ReminderExplanation] = []
    for record in reader.records(identities=identities) if identities else ():
        reminders += _explained(reader, settings, record, history, now)
    called = reader.looks.called(identities) if identities else {}
    return Explanation(id, tuple(reminders), tuple(entry for entry in history if not entry.key), called)


def _explained(
    reader: Reader, settings: Settings, record: AppointmentRecord, history: Sequence[HistoryEntry], now: datetime
) -> list[ReminderExplanation]:
    identity, barred = record.identity, Barred(reader, settings.writer)
    neighbours = Neighbours(reader, settings, now, barred)
    (observed,) = neighbours.with_context(
        [Observed.recorded(record, barred.by_number, reader.sent_before(identity), reader.blockers())]
    )
    if observed.error:
        raise LedgerError(f"appointment {identity.id!r} is recorded, but can't be read here: {observed.error}")
    own_history = [entry for entry in history if entry.identity == identity]
    decisions = within_day_limit(decide(observed, settings, now), observed.traffic, settings, now)
    return [
        explain_decision(decision, record.messages, own_history, settings.quiet, settings.window)
        for decision in decisions
    ]


def _readings(all_imported: Iterable[Imported]) -> tuple[tuple[str, tuple[Any, ...]], ...]:
    """Return the calendars that were read, by source, each with what could not be read of it."""
    return tuple((imported.scope.source or "", imported.problems) for imported in all_imported)


def _contradicted(batch: Batch) -> frozenset[str]:
    """Return the ids of appointments that came with different content: their absence from a batch means nothing."""
    return frozenset(identity.id for identity in batch.contradictions)


_TWICE = "it came twice in one batch, with different {}: hand in one, or say by `revision` which is newer"


def _problems_of(batch: Batch) -> list[InvalidInputError]:
    return [
        InvalidInputError(f"appointment {identity.id!r}: {_TWICE.format(names)}")
        for identity, names in batch.contradictions.items()
    ]


def _with_contradictions(plan: Plan, batch: Batch) -> Plan:
    """Return a plan with the appointments that came with different content: what is recorded of them stays."""
    if not batch.contradictions:
        return plan
    changes = (quarantined(identity, _TWICE.format(names)) for identity, names in batch.contradictions.items())
    return evolve(plan, changes=(*plan.changes, *changes), problems=(*plan.problems, *_problems_of(batch)))


def _sourced(appointments: Appointments, source: str | None) -> Iterable[Appointment]:
    """Yield appointments one by one, as of `source` (None: as they are); raises `InvalidInputError` for others."""
    if isinstance(appointments, str | bytes | Mapping) or not isinstance(appointments, Appointment | Iterable):
        named = "None" if appointments is None else f"a {type(appointments).__name__}"
        raise InvalidInputError(
            f"expected an Appointment, or a list or another iterable of them, not {named}: build Appointment(…) first; "
            "where there is none, hand in ()"
        )
    for appointment in (appointments,) if isinstance(appointments, Appointment) else appointments:
        if not isinstance(appointment, Appointment):
            raise InvalidInputError(
                f"expected appointments, got {type(appointment).__name__}: build Appointment(...) first"
            )
        yield appointment if source is None or appointment.source == source else evolve(appointment, source=source)


def read_rules(rules: Iterable[Rule | Mapping[str, Any]], defaults: Defaults) -> tuple[Rule, ...]:
    """Return a kit's rules, as values or as tables.

    Raises `InvalidRuleError` for a table that is no rule, and `ConfigurationError` where two rules have the same id or
    a text could never be sent.
    """
    all_rules = tuple(
        rule if isinstance(rule, Rule) else Rule.from_mapping(rule, where=f"rules[{index}]")
        for index, rule in enumerate(rules)
    )
    ids = [rule.id for rule in all_rules]
    if twice := sorted({name for name in ids if ids.count(name) > 1}):
        raise ConfigurationError(f"two rules have the id {twice[0]!r}: a reminder is known by its rule's id")
    for rule in all_rules:
        linted(rule, defaults)  # what can't be sent is refused; warnings are for `rules check`
    return all_rules
