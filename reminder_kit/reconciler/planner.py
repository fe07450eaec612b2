"""What each verb of the kit asks of a plan: which input, which scope, which guard.

Blocking, reads the ledger and calendars, writes nothing; `now` is an argument.
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
from reminder_kit.reconciler.neighbours import Neighbours
from reminder_kit.reconciler.plan_builder import build_plan
from reminder_kit.reconciler.scope import Scope
from reminder_kit.rules.reminders import Defaults, Rule
from reminder_kit.text.linter import warnings_of

if TYPE_CHECKING:
    from reminder_kit.ledger.reader import Reader

__all__ = ["Appointments", "Planner", "read_rules"]

Appointments = Appointment | Iterable[Appointment]

_SMALL = 20
"""A sync of so few appointments is a person's edit, not a flood: the guard's ratio leaves it alone."""


@frozen
class Planner:
    """Makes the plans of one kit."""

    ledger: Ledger
    provider: Provider
    settings: Settings
    guard: Guard
    calendar: Any = None
    sources: tuple[str, ...] = ()

    def sync(
        self,
        appointments: Appointments,
        now: datetime,
        *,
        source: str | None = None,
        complete: bool = False,
        covers: Collection[str] = (),
    ) -> Plan:
        """Return the plan for appointments handed in."""
        withdraws = complete or bool(covers)
        all_incoming = self._incoming(appointments, source, withdraws=withdraws)
        name = source or self._only_source(all_incoming) if withdraws else source
        guarded = withdraws or len(all_incoming) > _SMALL
        scope = Scope("sync", name, complete=complete, covers=covers, guarded=guarded)
        return self._make(all_incoming, scope, now, refuse_empty=complete and not all_incoming)

    def calendar_import(self, file: Any, now: datetime, *, source: str | None, complete: bool) -> Plan:
        """Return the plan for a calendar."""
        got = self._read(file, now, source=source, complete=complete)
        all_incoming = incoming_by_identity(got.appointments, self.settings.defaults.region)
        return evolve(self._make(all_incoming, got.scope, now), problems=got.problems)

    def resync(
        self,
        now: datetime,
        appointments: Appointments | None = None,
        *,
        complete: bool = False,
        only_dirty: bool = False,
        as_of: datetime | None = None,
    ) -> Plan:
        """Return the plan of the batch job: what is handed in, the calendars it knows, and everything recorded."""
        all_incoming = self._incoming(appointments or (), None, withdraws=complete)
        source = self._only_source(all_incoming) if complete else None
        nothing_came = complete and not all_incoming
        read, problems = ([], ()) if only_dirty else self._sources_read(now)
        for got in read:
            all_incoming |= incoming_by_identity(got.appointments, self.settings.defaults.region)
        scope = Scope(
            "resync",
            source=source,
            complete=complete,
            sweep=True,
            only_dirty=only_dirty,
            as_of=(as_of or now) if appointments is not None else None,
            covered=tuple(got.scope for got in read),
        )
        plan = evolve(self._make(all_incoming, scope, now, refuse_empty=nothing_came), problems=problems)
        return plan.unguarded() if plan.is_unsafe and self._forced_is_open(now) else plan

    def _forced_is_open(self, now: datetime) -> bool:
        return is_open(self.ledger.read(lambda reader: reader.last_run(FORCED)), now)

    def withdrawal(self, identities: Sequence[Identity], now: datetime) -> Plan:
        """Return the plan that withdraws recorded appointments."""
        return self._make({}, Scope("withdraw", guarded=False, withdraw=tuple(identities)), now)

    def suppression(self, number: str, now: datetime) -> Plan:
        """Return the plan that withdraws what is parked for a number that was barred just now, and nothing else."""
        return self._make({}, Scope("suppress", guarded=False, number=number), now)

    def incoming(self, appointments: Appointments, source: str | None) -> list[Incoming]:
        """Return appointments ready to be recorded."""
        region = self.settings.defaults.region
        return [Incoming.of(normalise(appointment, region)) for appointment in _sourced(appointments, source)]

    def explanation(self, id: str, source: str | None, recurrence_id: str | None, now: datetime) -> Explanation:  # noqa: A002 - the identity's public name
        """Return what there is to say of an appointment id."""
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
        names = sorted({identity.source for identity in all_incoming})
        if len(names) > 1:
            raise InvalidInputError(
                f"complete and covers speak for one source, not for {len(names)} ({', '.join(names[:3])}): "
                "hand in one source at a time"
            )
        return names[0] if names else "default"

    def _read(self, file: Any, now: datetime, *, source: str | None, complete: bool) -> Imported:
        return read_for_import(
            file, self.calendar, self.settings, source=source, complete=complete, now=now, ledger=self.ledger
        )

    def _sources_read(self, now: datetime) -> tuple[list[Imported], tuple[Any, ...]]:
        """Return what the calendars the batch job knows hold, and what could not be read: one may be out of reach."""
        read: list[Imported] = []
        problems: list[Any] = []
        for source in self.sources:
            try:
                got = self._read(source, now, source=None, complete=False)
            except CalendarError as error:
                problems.append(error)
                continue
            read.append(got)
            problems += got.problems
        return read, tuple(problems)

    def _make(
        self, all_incoming: Mapping[Identity, Incoming], scope: Scope, now: datetime, *, refuse_empty: bool = False
    ) -> Plan:
        """Return the plan over a scope, from one snapshot; `refuse_empty`: nothing came in, which may be a fault."""
        cap = self.provider.capabilities.cap

        def plan(reader: Reader) -> Plan:
            within = scope
            if refuse_empty and reader.parked(source=scope.source):
                refusal = f"nothing came in for source {scope.source!r} while reminders are parked for it"
                within = evolve(scope, refusal=refusal)
            return build_plan(reader, self.settings, all_incoming, within, now, guard=self.guard, cap=cap)

        return self.ledger.read(plan)


def _explanation(
    reader: Reader,
    settings: Settings,
    id: str,  # noqa: A002 - the identity's public name
    source: str | None,
    recurrence_id: str | None,
    now: datetime,
) -> Explanation:
    found = reader.identities(id, source, recurrence_id)
    history = reader.history(source=source, id=id, recurrence_id=recurrence_id)
    reminders: list[ReminderExplanation] = []
    for record in reader.records(identities=found) if found else ():
        reminders += _explained(reader, settings, record, history, now)
    return Explanation(id, tuple(reminders), tuple(entry for entry in history if not entry.key))


def _explained(
    reader: Reader, settings: Settings, record: AppointmentRecord, history: Sequence[HistoryEntry], now: datetime
) -> list[ReminderExplanation]:
    identity, suppressed = record.identity, reader.suppressions()
    neighbours = Neighbours(reader, settings, now, suppressed)
    (observed,) = neighbours.with_context([Observed.recorded(record, suppressed, reader.sent_before(identity))])
    if observed.error:
        raise LedgerError(f"appointment {identity.id!r} is recorded, but can't be read here: {observed.error}")
    mine = [entry for entry in history if entry.identity == identity]
    return [
        explain_decision(decision, record.messages, mine, settings.quiet, settings.window)
        for decision in decide(observed, settings, now)
    ]


def _sourced(appointments: Appointments, source: str | None) -> Iterable[Appointment]:
    """Yield appointments one by one, all of the source named, if one is."""
    for appointment in (appointments,) if isinstance(appointments, Appointment) else appointments:
        if not isinstance(appointment, Appointment):
            raise InvalidInputError(
                f"expected appointments, got {type(appointment).__name__}: build Appointment(...) first"
            )
        yield appointment if source is None or appointment.source == source else evolve(appointment, source=source)


def read_rules(rules: Iterable[Rule | Mapping[str, Any]], defaults: Defaults) -> tuple[Rule, ...]:
    """Return a kit's rules; raises where two have one id, or a text could never be sent."""
    found = tuple(
        rule if isinstance(rule, Rule) else Rule.from_mapping(rule, where=f"rules[{index}]")
        for index, rule in enumerate(rules)
    )
    ids = [rule.id for rule in found]
    if twice := sorted({name for name in ids if ids.count(name) > 1}):
        raise ConfigurationError(f"two rules have the id {twice[0]!r}: a reminder is known by its rule's id")
    for rule in found:
        tuple(warnings_of(rule, defaults))  # what can't be sent is refused; warnings are for `rules check`
    return found
