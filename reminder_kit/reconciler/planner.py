"""The planner: what each verb of the kit asks of a plan: which input, which scope, which guard.

Blocking. Reads the ledger and calendars, and never writes; `now` is an argument.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from attrs import evolve, frozen

from reminder_kit.errors import (
    CalendarError,
    ConfigurationError,
    InvalidInputError,
    LedgerError,
    ReminderKitError,
    UnsafePlanError,
)
from reminder_kit.ledger.ledger import Ledger
from reminder_kit.model.appointments import Appointment, normalise
from reminder_kit.model.records import (
    FORCED,
    AppointmentRecord,
    HistoryEntry,
    Identity,
    Incoming,
    incoming_by_identity,
    is_open,
)
from reminder_kit.planning.decide import decide
from reminder_kit.planning.explanation import Explanation, ReminderExplanation, explain_decision
from reminder_kit.planning.observed import Observed
from reminder_kit.planning.plan import Guard, Plan
from reminder_kit.planning.settings import Settings
from reminder_kit.ports import Provider
from reminder_kit.reconciler.calendar_import import Imported, read_for_import
from reminder_kit.reconciler.kept_out import without_kept_out
from reminder_kit.reconciler.neighbours import Neighbours
from reminder_kit.reconciler.plan_builder import build_plan
from reminder_kit.reconciler.scope import Scope
from reminder_kit.rules.defaults import Defaults
from reminder_kit.rules.rule import Rule
from reminder_kit.text.linter import warnings_of

if TYPE_CHECKING:
    from reminder_kit.ledger.reader import Reader

__all__ = ["Appointments", "Planner", "read_rules"]

Appointments = Appointment | Iterable[Appointment]

_SMALL = 20
"""Up to how many appointments a sync is taken for a person's edit, so that the guard's ratio does not apply."""


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
    #: The files and addresses of the calendars that the batch job reads.
    sources: tuple[str, ...] = ()

    def sync(
        self,
        appointments: Appointments,
        now: datetime,
        *,
        source: str | None = None,
        complete: bool = False,
        covers: Collection[str] = (),
        forced: bool = False,
    ) -> Plan:
        """Return the plan for appointments handed in, of `source` where one is named.

        `complete` withdraws what the source no longer has, `covers` names ids of which every occurrence is handed in;
        `forced` has the ledger serve this kit's rules whatever others it serves.
        Raises `InvalidInputError` for anything but appointments, and where several sources are handed in although
        absence means something; `UnsafePlanError` where the input breaks off then.
        """
        withdraws = complete or bool(covers)
        all_incoming = self._incoming(appointments, source, withdraws=withdraws)
        name = source or self._only_source(all_incoming) if withdraws else source
        guarded = withdraws or len(all_incoming) > _SMALL
        scope = Scope("sync", name, complete=complete, covers=frozenset(covers), guarded=guarded, forced=forced)
        return self._make(all_incoming, scope, now, refuse_empty=complete and not all_incoming)

    def calendar_import(
        self, file: Any, now: datetime, *, source: str | None, complete: bool, forced: bool = False
    ) -> Plan:
        """Return the plan for a calendar; `source` None: named after the file. Raises `CalendarError`."""
        imported = self._read_calendar(file, now, source=source, complete=complete)
        all_incoming = self._of_calendar(imported)
        plan = self._make(all_incoming, evolve(imported.scope, forced=forced), now)
        return evolve(plan, problems=imported.problems, readings=_readings([imported]))

    def resync(
        self,
        now: datetime,
        appointments: Appointments | None = None,
        *,
        complete: bool = False,
        only_dirty: bool = False,
        as_of: datetime | None = None,
        forced: bool = False,
    ) -> Plan:
        """Return the plan of the batch job: what is handed in, the calendars it knows, and everything recorded.

        `complete` withdraws what the one source handed in no longer has, `only_dirty` leaves out calendars and whatever
        was worked on since it was written, `as_of` (UTC; None: `now`) is when the host read what it hands in. A plan
        that was forced and not finished is not refused again; `forced` has the ledger serve this kit's rules whatever
        others it serves.
        """
        all_incoming = self._incoming(appointments or (), None, withdraws=complete)
        source = self._only_source(all_incoming) if complete else None
        nothing_came = complete and not all_incoming
        all_imported, problems = ([], ()) if only_dirty else self._sources_read(now)
        for imported in all_imported:
            all_incoming |= self._of_calendar(imported)
        scope = Scope(
            "resync",
            source=source,
            complete=complete,
            sweep=True,
            only_dirty=only_dirty,
            as_of=(as_of or now) if appointments is not None else None,
            forced=forced,
            covered=tuple(imported.scope for imported in all_imported),
        )
        plan = self._make(all_incoming, scope, now, refuse_empty=nothing_came)
        plan = evolve(plan, problems=problems, readings=_readings(all_imported))
        return plan.unguarded() if plan.is_unsafe and self._forced_is_open(now) else plan

    def _forced_is_open(self, now: datetime) -> bool:
        return is_open(self.ledger.read(lambda reader: reader.last_run(FORCED)), now)

    def withdrawal(self, identities: Sequence[Identity], now: datetime) -> Plan:
        """Return the plan that withdraws recorded appointments."""
        return self._make({}, Scope("withdraw", guarded=False, withdraw=tuple(identities)), now)

    def suppression(self, number: str, now: datetime) -> Plan:
        """Return the plan that takes back what is parked for a number that was just suppressed, and nothing else."""
        return self._make({}, Scope("suppress", guarded=False, number=number), now)

    def incoming(self, appointments: Appointments, source: str | None) -> list[Incoming]:
        """Return appointments ready to be recorded, of `source` where one is named. Raises `InvalidInputError`."""
        region = self.settings.defaults.region
        return [Incoming.of(normalise(appointment, region)) for appointment in _sourced(appointments, source)]

    def explanation(self, id: str, source: str | None, recurrence_id: str | None, now: datetime) -> Explanation:  # noqa: A002 - the identity's public name
        """Return why the reminders of an appointment id are or are not sent; None means every source or occurrence.

        Raises `LedgerError` where the recorded appointment can't be read on this machine.
        """
        return self.ledger.read(lambda reader: _explanation(reader, self.settings, id, source, recurrence_id, now))

    def _incoming(self, appointments: Appointments, source: str | None, *, withdraws: bool) -> dict[Identity, Incoming]:
        """Return what is handed in; raises `UnsafePlanError` where it breaks off and absence would mean something."""
        try:
            return incoming_by_identity(_sourced(appointments, source), self.settings.defaults.region)
        except ReminderKitError:
            raise
        except Exception as error:
            if not withdraws:
                raise
            raise UnsafePlanError(
                f"the input broke off with {type(error).__name__}, so that what is absent may only not have come; "
                "nothing was changed. Check the input and hand it in anew"
            ) from error

    @staticmethod
    def _only_source(all_incoming: Mapping[Identity, Incoming]) -> str:
        """Return the source of what is handed in; raises `InvalidInputError` where there are several."""
        names = sorted({identity.source for identity in all_incoming})
        if len(names) > 1:
            raise InvalidInputError(
                f"complete and covers speak for one source, not for {len(names)} ({', '.join(names[:3])}): "
                "hand in one source at a time"
            )
        return names[0] if names else "default"

    def _read_calendar(self, file: Any, now: datetime, *, source: str | None, complete: bool) -> Imported:
        return read_for_import(
            file, self.calendar, self.settings, source=source, complete=complete, now=now, ledger=self.ledger
        )

    def _of_calendar(self, imported: Imported) -> dict[Identity, Incoming]:
        """Return what a calendar holds, without what a person withdrew for as long as it does not change there."""
        found = incoming_by_identity(imported.appointments, self.settings.defaults.region)
        return self.ledger.read(lambda reader: without_kept_out(reader, found))

    def _sources_read(self, now: datetime) -> tuple[list[Imported], tuple[Any, ...]]:
        """Return what the batch job's calendars hold, and what could not be read; one may be out of reach."""
        all_imported: list[Imported] = []
        problems: list[Any] = []
        for source in self.sources:
            try:
                imported = self._read_calendar(source, now, source=None, complete=False)
            except CalendarError as error:
                problems.append(error)
                continue
            all_imported.append(imported)
            problems += imported.problems
        return all_imported, tuple(problems)

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


def _explanation(
    reader: Reader,
    settings: Settings,
    id: str,  # noqa: A002 - the identity's public name
    source: str | None,
    recurrence_id: str | None,
    now: datetime,
) -> Explanation:
    identities = reader.identities(id, source, recurrence_id)
    history = reader.history(source=source, id=id, recurrence_id=recurrence_id)
    reminders: list[ReminderExplanation] = []
    for record in reader.records(identities=identities) if identities else ():
        reminders += _explained(reader, settings, record, history, now)
    return Explanation(id, tuple(reminders), tuple(entry for entry in history if not entry.key))


def _explained(
    reader: Reader, settings: Settings, record: AppointmentRecord, history: Sequence[HistoryEntry], now: datetime
) -> list[ReminderExplanation]:
    identity, suppressed = record.identity, reader.suppressions()
    neighbours = Neighbours(reader, settings, now, suppressed)
    (observed,) = neighbours.with_context(
        [Observed.recorded(record, suppressed, reader.sent_before(identity), reader.blockers())]
    )
    if observed.error:
        raise LedgerError(f"appointment {identity.id!r} is recorded, but can't be read here: {observed.error}")
    own_history = [entry for entry in history if entry.identity == identity]
    return [
        explain_decision(decision, record.messages, own_history, settings.quiet, settings.window)
        for decision in decide(observed, settings, now)
    ]


def _readings(all_imported: Iterable[Imported]) -> tuple[tuple[str, tuple[Any, ...]], ...]:
    """Return the calendars that were read, by source, each with what could not be read of it."""
    return tuple((imported.scope.source or "", imported.problems) for imported in all_imported)


def _sourced(appointments: Appointments, source: str | None) -> Iterable[Appointment]:
    """Yield appointments one by one, as of `source` (None: as they are); raises `InvalidInputError` for others."""
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
        tuple(warnings_of(rule, defaults))  # what can't be sent is refused; warnings are for `rules check`
    return all_rules
