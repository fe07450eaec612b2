"""The kit: what a host holds in its hand. Blocking and async faces over one implementation.

The only place that reads the clock. Decides nothing itself: it hands `now` to the plan and
the plan to the engine.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Coroutine, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import update_wrapper
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, Self, TypeVar

from attrs import evolve

from reminder_kit.changes import Guard, Plan, Report
from reminder_kit.engine import Engine
from reminder_kit.errors import ConfigurationError, InvalidInputError, PlanChangedError
from reminder_kit.explain import Explanation, explained
from reminder_kit.inbox import Inbox
from reminder_kit.instants import utc
from reminder_kit.ledger import Ledger
from reminder_kit.model import Appointment, DeliveryEvent, normalise, phone_number, recurrence_name
from reminder_kit.placement import QuietHours
from reminder_kit.plan import Case, Settings, decide
from reminder_kit.planning import Scope, intakes_of, make_plan
from reminder_kit.ports import IO, Provider
from reminder_kit.records import HistoryEntry, Identity, Intake, Record, Suppression
from reminder_kit.rules import Defaults, Rule
from reminder_kit.text import Composer
from reminder_kit.transport import Pace, run_blocking
from reminder_kit.world import AsyncWorld, BlockingWorld

__all__ = ["AsyncReminderKit", "ReminderKit"]

P = ParamSpec("P")
T = TypeVar("T")
K = TypeVar("K", bound="_Kit")

Appointments = Appointment | Iterable[Appointment]

_SMALL = 20


def _blocking(verb: Callable[Concatenate[K, P], Coroutine[Any, Any, T]]) -> Callable[Concatenate[K, P], T]:
    """Return a verb of the kit as a plain method: the same coroutine, driven to its end."""

    def method(self: K, *args: P.args, **kwargs: P.kwargs) -> T:
        return run_blocking(verb(self, *args, **kwargs))

    return update_wrapper(method, verb)


def _system_clock() -> datetime:
    return datetime.now(UTC)


class _Kit:
    """What both faces share: settings, ledger, provider, and every verb as a coroutine."""

    _io: IO

    def __init__(
        self,
        provider: Provider,
        rules: Iterable[Rule | Mapping[str, Any]],
        ledger: str | Any = "sqlite:///reminders.db",
        *,
        timezone: str | None = None,
        locale: str = "en",
        default_region: str | None = None,
        namespace: str = "default",
        quiet_hours: QuietHours | None = None,
        guard: Guard | None = None,
        unknown_outcome: str = "prefer_duplicate",
        rearm_after: timedelta = timedelta(minutes=15),
        calendar: Any = None,
        sources: Sequence[str] = (),
        concurrency: int = 16,
        rate: str | float | None = None,
        timeout: float = 30.0,
        clock: Callable[[], datetime] | None = None,
        transport: Any = None,
    ) -> None:
        """Put the parts together; nothing is opened, created or asked yet.

        `ledger` is an SQLAlchemy URL, engine or a `Ledger`. `timezone` is the IANA zone
        of whatever names none, `default_region` the country of phones written without a
        code. `clock` returns the aware present instant; `transport` (one of httpx)
        replaces the network.
        """
        if unknown_outcome not in ("prefer_duplicate", "prefer_missing"):
            raise ConfigurationError(
                f"unknown_outcome = {unknown_outcome!r}: use 'prefer_duplicate' (a missed appointment costs more "
                "than a second text) or 'prefer_missing'"
            )
        if concurrency < 1:
            raise ConfigurationError(f"concurrency = {concurrency}: at least one request must be possible at once")
        self.provider = provider
        self.rules = _rules(rules)
        self.ledger = ledger if isinstance(ledger, Ledger) else Ledger(ledger, namespace=namespace)
        self.guard = guard or Guard()
        self.calendar = calendar
        self.sources = tuple(sources)
        defaults = Defaults(timezone=timezone, locale=locale, region=default_region, namespace=namespace)
        self.settings = Settings(
            rules=self.rules,
            defaults=defaults,
            window=provider.capabilities.window,
            sender=provider.sender,
            provider=provider.name,
            composer=Composer(defaults),
            quiet=quiet_hours,
            key_life=provider.capabilities.key_life,
            prefer_duplicate=unknown_outcome == "prefer_duplicate",
            rearm_after=rearm_after,
        )
        self._clock = clock or _system_clock
        self._callbacks: dict[str, list[Callable[[DeliveryEvent], object]]] = {}
        pace = Pace(rate)
        self._io = self._world(concurrency, timeout=timeout, transport=transport, pace=pace)
        self._engine = Engine(self.ledger, provider, self.settings, self._io, self.now)
        self._inbox = Inbox(self.ledger, provider)

    def _world(self, concurrency: int, **options: Any) -> Any:
        raise TypeError("use ReminderKit or AsyncReminderKit")  # pragma: no cover - both faces define it

    @classmethod
    def from_config(cls, path: str | Path = "reminders.toml", **overrides: Any) -> Self:
        """Return a kit as a TOML file describes it; secrets come from the environment.

        `overrides` are constructor arguments that win over the file. Raises
        `ConfigurationError` naming file, key and remedy.
        """
        from reminder_kit.config import load

        return cls(**{**load(path).arguments(), **overrides})

    def now(self) -> datetime:
        """Return the present UTC instant of the kit's clock."""
        return utc(self._clock(), "the kit's clock")

    def on(self, event_type: str, callback: Callable[[DeliveryEvent], object]) -> None:
        """Call back for each event of that type (`delivered`, `opted_out`, `anomaly`, …; "*": all) that `receive` takes in."""
        self._callbacks.setdefault(event_type, []).append(callback)

    # Planning

    async def _plan(
        self,
        appointments: Appointments,
        source: str | None = None,
        *,
        complete: bool = False,
        covers: Collection[str] = (),
    ) -> Plan:
        """Return what `sync` would do, without writing anything anywhere.

        `appointments` is one or any iterable. With `source` they all belong to it,
        whatever they say themselves. `complete` says that these are all of that source:
        recorded future ones that are absent would be withdrawn; `covers` names ids of which
        every occurrence is handed in.
        """
        return await self._io.call(self._planned, appointments, source, complete, covers, "sync")

    def _planned(
        self, appointments: Appointments, source: str | None, complete: bool, covers: Collection[str], actor: str  # noqa: FBT001
    ) -> Plan:
        now = self.now()
        incoming = intakes_of(_sourced(appointments, source), self.settings.defaults.region)
        withdraws = complete or bool(covers)
        refusal = None
        if complete and not incoming and self.ledger.parked(source=source or "default"):
            refusal = f"nothing came in for source {source or 'default'!r} while reminders are parked for it"
        scope = Scope(
            actor,
            source=source or ("default" if withdraws else None),
            complete=complete,
            covers=covers,
            guarded=withdraws or len(incoming) > _SMALL,
            refusal=refusal,
        )
        return self._make(incoming, scope, now)

    def _make(self, incoming: Mapping[Identity, Intake], scope: Scope, now: datetime) -> Plan:
        cap = self.provider.capabilities.cap
        return make_plan(self.ledger, self.settings, incoming, scope, now, guard=self.guard, cap=cap)

    async def _plan_calendar(self, file: Any, source: str | None = None, *, complete: bool = False) -> Plan:
        """Return what `import_calendar` would do; what could not be read is in `problems`."""
        return await self._io.call(self._planned_calendar, file, source, complete)

    def _planned_calendar(self, file: Any, source: str | None, complete: bool) -> Plan:  # noqa: FBT001
        from reminder_kit.imports import read_for_import

        now = self.now()
        got = read_for_import(
            file, self.calendar, self.settings, source=source, complete=complete, now=now, ledger=self.ledger
        )
        incoming = intakes_of(got.appointments, self.settings.defaults.region)
        return evolve(self._make(incoming, got.scope, now), problems=got.problems)

    async def _plan_resync(self, *, only_dirty: bool = False) -> Plan:
        """Return what `resync` would do."""
        return await self._io.call(self._planned_resync, None, False, only_dirty)  # noqa: FBT003

    def _planned_resync(self, appointments: Appointments | None, complete: bool, only_dirty: bool) -> Plan:  # noqa: FBT001
        now = self.now()
        incoming = intakes_of(_sourced(appointments or (), None), self.settings.defaults.region)
        problems: tuple[Any, ...] = ()
        scopes: list[Scope] = []
        if not only_dirty:
            for each in self.sources:
                from reminder_kit.imports import read_for_import

                got = read_for_import(
                    each, self.calendar, self.settings, source=None, complete=False, now=now, ledger=self.ledger
                )
                incoming |= intakes_of(got.appointments, self.settings.defaults.region)
                problems += got.problems
                scopes.append(got.scope)
        names = {intake.identity.source for intake in incoming.values()}
        if complete and len(names) > 1:
            raise InvalidInputError(f"complete=True speaks for one source, not {len(names)}: resync each by itself")
        scope = Scope(
            "resync",
            source=next(iter(names), "default") if complete else None,
            complete=complete,
            sweep=True,
            only_dirty=only_dirty,
            as_of=now if appointments is not None else None,
            covered=tuple(scopes),
        )
        return evolve(self._make(incoming, scope, now), problems=problems)

    # Doing

    async def _apply(self, plan: Plan, *, expect_digest: str | None = None, force: bool = False) -> Report:
        """Carry out a plan and return the report.

        Raises `PlanChangedError` where `expect_digest` is another plan's, `UnsafePlanError`
        where it withdraws too much and is not forced.
        """
        if expect_digest is not None and plan.digest != expect_digest:
            raise PlanChangedError(
                f"this is not the plan that was reviewed ({plan.digest[:12]}, expected {expect_digest[:12]}): "
                "plan again and review that"
            )
        if not force:
            plan.raise_if_unsafe()
        report = await self._engine.apply(plan, patient=plan.actor == "resync")
        return evolve(report, problems=plan.problems)

    async def _sync(
        self,
        appointments: Appointments,
        source: str | None = None,
        *,
        complete: bool = False,
        covers: Collection[str] = (),
        force: bool = False,
    ) -> Report:
        """Make the provider hold what these appointments ask for: plan, then apply at once."""
        plan = await self._io.call(self._planned, appointments, source, complete, covers, "sync")
        return await self._apply(plan, force=force)

    async def _import_calendar(
        self, file: Any, source: str | None = None, *, complete: bool = False, force: bool = False
    ) -> Report:
        """Read a calendar and sync its occurrences; `source` defaults to the file's stem.

        `complete` also withdraws what the file no longer has. Raises `CalendarError` for
        what is no calendar; a broken event is in the report's `problems` and stops nothing else.
        """
        plan = await self._io.call(self._planned_calendar, file, source, complete)
        return await self._apply(plan, force=force)

    async def _resync(
        self,
        appointments: Appointments | None = None,
        *,
        complete: bool = False,
        only_dirty: bool = False,
        force: bool = False,
    ) -> Report:
        """Do the batch job: whatever was recorded, became due, failed or was left open is brought in order.

        `appointments` (any iterable) are taken in first; they don't overwrite what was
        recorded after the call began. `only_dirty` looks only at what was recorded since.
        """
        plan = await self._io.call(self._planned_resync, appointments, complete, only_dirty)
        report = await self._apply(plan, force=force)
        detail = {name: count for name, count in report.summary.items() if count}
        now = self.now()
        await self._io.wait(self.ledger.submit(lambda tx: tx.mark_run("resync", now, detail)))
        return report

    async def _record(self, appointments: Appointments, source: str | None = None, *, connection: Any = None) -> None:
        """Write appointments to the ledger and nothing else; the next `resync` does the rest.

        With `connection` (SQLAlchemy's, a session, or a DB-API connection) this is part of
        the host's own transaction: it is committed, or rolled back, with the booking.
        """
        region = self.settings.defaults.region
        intakes = [Intake.of(normalise(each, region)) for each in _sourced(appointments, source)]
        now = self.now()

        def write(tx: Any) -> None:
            tx.record(intakes, now)

        await self._written(write, connection)

    async def _written(self, write: Callable[[Any], Any], connection: Any) -> Any:
        if connection is not None:
            with self.ledger.on(connection) as tx:
                return write(tx)
        await self._io.call(self.ledger.prepare)
        return await self._io.wait(self.ledger.submit(write))

    async def _withdraw(
        self,
        id: str,  # noqa: A002 - the public name of an appointment's identity
        source: str | None = None,
        recurrence_id: str | datetime | None = None,
        *,
        connection: Any = None,
    ) -> Report:
        """Withdraw an appointment (every occurrence, or the one named): it is gone.

        Without `source` the id may belong to any; raises `InvalidInputError` where it
        belongs to several. With `connection` it is only recorded, in the host's transaction.
        """
        now = self.now()
        found = await self._io.call(self._found, id, source, recurrence_id, connection)
        if connection is not None:
            with self.ledger.on(connection) as tx:
                tx.remove(found, now)
            return Report(now=now, changes=(), appointments=len(found))
        plan = await self._io.call(self._planned_withdrawal, found, now)
        return await self._apply(plan)

    def _found(
        self, id: str, source: str | None, recurrence_id: str | datetime | None, connection: Any  # noqa: A002
    ) -> list[Identity]:
        occurrence = recurrence_name(recurrence_id)
        if connection is not None:
            with self.ledger.on(connection) as tx:
                found: list[Identity] = tx.identities(id, source, occurrence)
        else:
            found = self.ledger.identities(id, source, occurrence)
        names = sorted({each.source for each in found})
        if len(names) > 1:
            raise InvalidInputError(f"appointment {id!r} is recorded for several sources ({', '.join(names)}): name one")
        return found

    def _planned_withdrawal(self, found: list[Identity], now: datetime) -> Plan:
        scope = Scope("withdraw", guarded=False, withdraw=tuple(found))
        return self._make({}, scope, now)

    async def _suppress(self, phone: str, reason: str = "", *, connection: Any = None) -> Report:
        """Stop all reminders to a number, now and from now on, and withdraw what is parked for it.

        With `connection` it is only recorded, in the host's transaction.
        """
        now, number = self.now(), self._number(phone)
        suppression = Suppression(number, reason, now)

        def write(tx: Any) -> None:
            tx.suppress(suppression)
            tx.mark_dirty(number=number)

        await self._written(write, connection)
        if connection is not None:
            return Report(now=now, changes=())
        return await self._resync(only_dirty=True, force=True)

    async def _allow(self, phone: str) -> bool:
        """Lift a suppression; says whether there was one. The next `resync` parks what is due again."""
        number = self._number(phone)

        def write(tx: Any) -> bool:
            lifted = bool(tx.allow(number))
            tx.mark_dirty(number=number)
            return lifted

        return bool(await self._written(write, None))

    def _number(self, phone: str) -> str:
        number = phone_number(phone, self.settings.defaults.region)
        if number is None:
            raise InvalidInputError("this is no possible phone number: write it with its country code, +1…")
        return number

    async def _receive(self, headers: Mapping[str, str], body: bytes) -> tuple[DeliveryEvent, ...]:
        """Take in a webhook: verify the raw bytes, store, note what it tells; makes no provider call.

        Raises `SignatureError` or `PayloadError`. What follows (withdrawing after a STOP) is
        done by the next `resync(only_dirty=True)`.
        """
        now = self.now()
        events = self.provider.events(headers, body, now)
        await self._io.call(self.ledger.prepare)
        told = await self._io.wait(self.ledger.submit(lambda tx: self._inbox.take(tx, events, now)))
        for event in told:
            for callback in (*self._callbacks.get(event.type, ()), *self._callbacks.get("*", ())):
                callback(event)
        return events

    # Looking

    async def _explain(self, id: str, source: str | None = None, recurrence_id: str | None = None) -> Explanation:  # noqa: A002
        """Say of every rule × recipient of an appointment what was, and would be, decided, and why."""
        return await self._io.call(self._explained, id, source, recurrence_id)

    def _explained(self, id: str, source: str | None, recurrence_id: str | None) -> Explanation:  # noqa: A002
        found = self.ledger.identities(id, source, recurrence_id)
        history = self.ledger.history(source=source, id=id, recurrence_id=recurrence_id)
        suppressed = self.ledger.suppressions()
        sent = self.ledger.sent_before_many(list(dict.fromkeys((each.source, each.id) for each in found)))
        now, reminders = self.now(), []
        for record in self.ledger.records(identities=found):
            reminders += self._explained_record(record, suppressed, sent, history, now)
        own = tuple(entry for entry in history if not entry.key)
        return Explanation(id, tuple(reminders), own)

    def _explained_record(
        self, record: Record, suppressed: Any, sent: Any, history: Sequence[HistoryEntry], now: datetime
    ) -> list[Any]:
        appointment = None if record.removed else record.appointment
        identity = record.identity
        case = Case.of(identity, appointment, record, suppressed, sent.get((identity.source, identity.id)))
        mine = [entry for entry in history if entry.identity == identity]
        return [explained(each, record.messages, mine) for each in decide(case, self.settings, now)]

    async def _status(self) -> dict[str, Any]:
        """Return counts and instants: held, parked, due next, failed, unknown, last batch job."""
        return await self._io.call(self.ledger.counts)


class ReminderKit(_Kit):
    """Appointment reminders, right and once. Every verb blocks until it is done.

    A kit is also a context manager; one kit may be used by many threads.
    """

    _io: BlockingWorld

    def _world(self, concurrency: int, **options: Any) -> BlockingWorld:
        return BlockingWorld(self.provider, concurrency, **options)

    plan = _blocking(_Kit._plan)
    plan_calendar = _blocking(_Kit._plan_calendar)
    plan_resync = _blocking(_Kit._plan_resync)
    apply = _blocking(_Kit._apply)
    sync = _blocking(_Kit._sync)
    import_calendar = _blocking(_Kit._import_calendar)
    resync = _blocking(_Kit._resync)
    record = _blocking(_Kit._record)
    withdraw = _blocking(_Kit._withdraw)
    suppress = _blocking(_Kit._suppress)
    allow = _blocking(_Kit._allow)
    receive = _blocking(_Kit._receive)
    explain = _blocking(_Kit._explain)
    status = _blocking(_Kit._status)

    def close(self) -> None:
        """Close connections and the ledger."""
        self._io.close()
        self.ledger.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()


class AsyncReminderKit(_Kit):
    """The same verbs, awaited. Use one kit in one event loop."""

    _io: AsyncWorld

    def _world(self, concurrency: int, **options: Any) -> AsyncWorld:
        return AsyncWorld(self.provider, concurrency, **options)

    plan = _Kit._plan
    plan_calendar = _Kit._plan_calendar
    plan_resync = _Kit._plan_resync
    apply = _Kit._apply
    sync = _Kit._sync
    import_calendar = _Kit._import_calendar
    resync = _Kit._resync
    record = _Kit._record
    withdraw = _Kit._withdraw
    suppress = _Kit._suppress
    allow = _Kit._allow
    receive = _Kit._receive
    explain = _Kit._explain
    status = _Kit._status

    async def close(self) -> None:
        """Close connections and the ledger."""
        await self._io.aclose()
        await self._io.call(self.ledger.close)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self.close()


def _sourced(appointments: Appointments, source: str | None) -> Iterable[Appointment]:
    """Yield appointments one by one, all of the source named, if one is."""
    items = (appointments,) if isinstance(appointments, Appointment) else appointments
    for each in items:
        if not isinstance(each, Appointment):
            raise InvalidInputError(f"expected appointments, got {type(each).__name__}: build Appointment(...) first")
        yield each if source is None or each.source == source else evolve(each, source=source)


def _rules(rules: Iterable[Rule | Mapping[str, Any]]) -> tuple[Rule, ...]:
    found = tuple(
        each if isinstance(each, Rule) else Rule.from_mapping(each, where=f"rules[{index}]")
        for index, each in enumerate(rules)
    )
    ids = [rule.id for rule in found]
    if twice := sorted({each for each in ids if ids.count(each) > 1}):
        raise ConfigurationError(f"two rules have the id {twice[0]!r}: a reminder is known by its rule's id")
    return found
