"""Every verb of the kit, once: coroutines that both faces share.

Decides nothing itself: it hands `now` to the plan and the plan to the engine. Never reads a
clock; the faces give it one.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar

from attrs import evolve

from reminder_kit.config import checks
from reminder_kit.delivery.message_events import MessageEvents
from reminder_kit.delivery.routes import Route
from reminder_kit.errors import InvalidInputError, PlanChangedError
from reminder_kit.kit.assembly import failures_of, with_fallback
from reminder_kit.kit.listeners import Announcing, Listeners, announces_run
from reminder_kit.ledger.ledger import Ledger
from reminder_kit.model.appointments import recurrence_name
from reminder_kit.model.instants import utc
from reminder_kit.model.messages import DeliveryEvent
from reminder_kit.model.phones import phone_number
from reminder_kit.model.records import Suppression
from reminder_kit.planning.explanation import Explanation
from reminder_kit.planning.forecast import Forecast, Prices, forecast_of
from reminder_kit.planning.plan import Guard, Plan
from reminder_kit.planning.report import Report
from reminder_kit.planning.settings import Settings
from reminder_kit.ports import IO, Provider
from reminder_kit.providers.replies import Replies
from reminder_kit.reconciler.executor import Executor
from reminder_kit.reconciler.planner import Appointments, Planner, read_rules
from reminder_kit.reconciler.scope import require_one_source
from reminder_kit.rules.placement import QuietHours
from reminder_kit.rules.reminders import Defaults, Rule
from reminder_kit.text.composer import Composer
from reminder_kit.transport.asynchronous import AsyncIO
from reminder_kit.transport.pace import Pace
from reminder_kit.webhooks.inbox import Inbox
from reminder_kit.webhooks.opt_out_lists import OPT_OUTS, bar_listed, opted_out
from reminder_kit.webhooks.verification import verified_events

if TYPE_CHECKING:
    from reminder_kit.ledger.transaction import Transaction

__all__ = ["Verbs"]

T = TypeVar("T")


class Verbs(Announcing):
    """What both faces share: settings, ledger, provider, and every verb as a coroutine."""

    _io: IO
    _fallback_io: IO | None
    _present: Callable[[], datetime]
    _world: Callable[..., Any]

    def __init__(
        self,
        provider: Provider,
        rules: Iterable[Rule | Mapping[str, Any]],
        ledger: str | Any = "sqlite:///reminders.db",
        *,
        fallback: Provider | None = None,
        timezone: str | None = None,
        locale: str = "en",
        default_region: str | None = None,
        namespace: str = "default",
        holidays: str | Iterable[str] = (),
        closed_days: Iterable[date | str] = (),
        weekend: Iterable[str | int] = ("saturday", "sunday"),
        transliterate: bool = False,
        quiet_hours: QuietHours | Mapping[str, Any] | None = None,
        guard: Guard | None = None,
        cost: Prices | Mapping[str, Any] | None = None,
        unknown_outcome: str = "prefer_duplicate",
        rearm_after: timedelta = timedelta(minutes=15),
        suppress_undeliverable: bool = True,
        correction: str = "",
        min_gap: timedelta = timedelta(0),
        replies: Mapping[str, Any] | None = None,
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
        code. `fallback` (another sender, or provider) sends once more what was not delivered.
        `holidays` ("US", "US-CA"), `closed_days` and `weekend` say which days are no business
        days; `transliterate` writes typographic quotes, dashes and spaces plainly. `cost` is
        what an SMS part and an MMS cost. `clock` returns the aware present instant;
        `transport` (one of httpx) replaces the network. `suppress_undeliverable` leaves a
        number alone once the provider reports that nothing can ever reach it (a landline, no
        such number, an opt-out). `correction` is the text of one more message to whom a
        reminder told a start that then moved by more than `rearm_after` (default: none is
        sent). What is written to one number keeps `min_gap` apart where that is feasible.
        `replies` are the host's own keywords, `{"confirm": ["C", "YES"]}`: each is an event of
        that name for `on`, and `unless = {replied = ["confirm"]}` speaks of it.
        """
        checks.one_of("prefer_duplicate", "prefer_missing")(unknown_outcome, "unknown_outcome")
        checks.count(concurrency, "concurrency")
        self.provider, self.fallback = provider, fallback
        self.prices = Prices.from_mapping(cost) if isinstance(cost, Mapping) else cost
        self.ledger = ledger if isinstance(ledger, Ledger) else Ledger(ledger, namespace=namespace)
        defaults = Defaults(
            timezone, locale, default_region, namespace, holidays, closed_days, weekend, transliterate=transliterate
        )
        self.rules = read_rules(rules, defaults)
        failures = failures_of(fallback, provider)
        settings = Settings(
            rules=self.rules,
            defaults=defaults,
            window=provider.capabilities.window,
            sender=provider.sender,
            provider=provider.name,
            composer=Composer(defaults),
            quiet=QuietHours.from_mapping(quiet_hours) if isinstance(quiet_hours, Mapping) else quiet_hours,
            key_life=provider.capabilities.key_life,
            prefer_duplicate=unknown_outcome == "prefer_duplicate",
            rearm_after=rearm_after,
            alarms=getattr(calendar, "alarms", "ignore"),
            suppress_undeliverable=suppress_undeliverable,
            correction=correction,
            min_gap=min_gap,
            max_parts=provider.capabilities.max_parts,
        )
        self.settings = with_fallback(settings, fallback, failures)
        self._planner = Planner(self.ledger, provider, self.settings, guard or Guard(), calendar, tuple(sources))
        self._clock = clock or self._present
        options = {"timeout": timeout, "transport": transport}
        self._io = self._world(provider, concurrency, pace=Pace(rate), **options)
        self._fallback_io = self._world(fallback, concurrency, pace=Pace(rate), **options) if fallback else None
        self._listeners = Listeners(awaits=isinstance(self._io, AsyncIO))
        spare = Route.of(fallback, self.settings, self._fallback_io)
        self._engine = Executor(self.ledger, provider, self.settings, self._io, self.now, fallback=spare)
        self._inbox = Inbox(MessageEvents(failures, suppress_undeliverable), Replies.of(replies))

    @classmethod
    def from_config(cls, path: str | Path = "reminders.toml", **overrides: Any) -> Self:
        """Return a kit as a TOML file describes it; secrets come from the environment.

        `overrides` are constructor arguments that win over the file. Raises
        `ConfigurationError` naming file, key and remedy.
        """
        from reminder_kit.config.loading import load

        return cls(**{**load(path).arguments(), **overrides})

    def now(self) -> datetime:
        """Return the present UTC instant of the kit's clock."""
        return utc(self._clock(), "the kit's clock")

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

        `appointments` is one or any iterable. With `source` they all belong to it, whatever
        they say themselves. `complete` says that these are all of that source: recorded future
        ones that are absent would be withdrawn; `covers` names ids of which every occurrence is handed in.
        """
        return await self.in_thread(
            self._planner.sync, appointments, self.now(), source=source, complete=complete, covers=covers
        )

    async def _plan_calendar(self, file: Any, source: str | None = None, *, complete: bool = False) -> Plan:
        """Return what `import_calendar` would do; what could not be read is in `problems`."""
        return await self.in_thread(self._planner.calendar_import, file, self.now(), source=source, complete=complete)

    async def _plan_resync(
        self, appointments: Appointments | None = None, *, complete: bool = False, only_dirty: bool = False
    ) -> Plan:
        """Return what `resync` would do."""
        return await self.in_thread(
            self._planner.resync, self.now(), appointments, complete=complete, only_dirty=only_dirty
        )

    async def in_thread(self, func: Callable[..., T], *args: Any, **options: Any) -> T:
        """Run what reads the ledger off the event loop, where there is one."""
        return await self._io.call(partial(func, *args, **options))

    def forecast(self, plan: Plan) -> Forecast:
        """Return what the messages a plan would park come to, by rule and in all, in SMS parts and money."""
        return forecast_of(plan.changes, self.rules, self.prices)

    # Doing

    @announces_run()
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
        return await self._carry_out(plan, force=force)

    async def _carry_out(self, plan: Plan, *, force: bool = False) -> Report:
        if not force:
            plan.raise_if_unsafe()
        report = await self._engine.apply(plan, patient=plan.actor == "resync", forced=force and plan.is_unsafe)
        return evolve(report, problems=plan.problems)

    @announces_run("sync")
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
        await self.in_thread(self.ledger.upgrade_if_older)
        plan = await self._plan(appointments, source, complete=complete, covers=covers)
        return await self._carry_out(plan, force=force)

    @announces_run("import")
    async def _import_calendar(
        self, file: Any, source: str | None = None, *, complete: bool = False, force: bool = False
    ) -> Report:
        """Read a calendar and sync its occurrences; `source` defaults to the file's stem.

        `complete` also withdraws what the file no longer has. Raises `CalendarError` for
        what is no calendar; a broken event is in the report's `problems` and stops nothing else.
        """
        await self.in_thread(self.ledger.upgrade_if_older)
        return await self._carry_out(await self._plan_calendar(file, source, complete=complete), force=force)

    @announces_run("resync")
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
        await self.in_thread(self.ledger.upgrade_if_older)
        plan = await self._plan_resync(appointments, complete=complete, only_dirty=only_dirty)
        if plan.is_unsafe and not force:  # a refusal keeps no STOP from being obeyed, and nothing begun open
            await self._engine.apply(plan.in_any_case(), patient=True)
        report = await self._carry_out(plan, force=force)
        if only_dirty:  # what follows a webhook or a suppression is no run of the batch job
            return report
        detail = {name: count for name, count in report.summary.items() if count}
        now = self.now()
        await self._io.result(self.ledger.submit(lambda tx: tx.mark_run("resync", now, detail)))
        return report

    async def _record(self, appointments: Appointments, source: str | None = None, *, connection: Any = None) -> None:
        """Write appointments to the ledger and nothing else; the next `resync` does the rest.

        With `connection` (SQLAlchemy's, a session, or a DB-API connection) this is part of
        the host's own transaction: it is committed, or rolled back, with the booking.
        """
        all_incoming, now = self._planner.incoming(appointments, source), self.now()

        def write(tx: Transaction) -> None:
            tx.record(all_incoming, now)

        await self._written(write, connection)

    async def _written(self, write: Callable[[Transaction], T], connection: Any) -> T:
        """Have something written: in the host's transaction, in its thread or greenlet, or in one of our own."""

        def borrowing(lent: Any) -> T:
            with self.ledger.on(lent) as tx:
                return write(tx)

        if connection is not None:
            if isinstance(self._io, AsyncIO) and hasattr(connection, "run_sync"):  # SQLAlchemy's async side
                return await connection.run_sync(borrowing)  # type: ignore[no-any-return]
            return borrowing(connection)
        await self._io.call(self.ledger.prepare)
        return await self._io.result(self.ledger.submit(write))

    @announces_run("withdraw")
    async def _withdraw(
        self,
        id: str,  # noqa: A002 - the identity's public name
        source: str | None = None,
        recurrence_id: str | datetime | None = None,
        *,
        connection: Any = None,
    ) -> Report:
        """Withdraw an appointment (every occurrence, or the one named): it is gone.

        Without `source` the id may belong to any; raises `InvalidInputError` where it belongs
        to several. With `connection` it is only recorded, in the host's transaction.
        """
        now, name = self.now(), recurrence_name(recurrence_id)
        if connection is not None:
            gone = await self._written(
                lambda tx: tx.remove(require_one_source(tx.identities(id, source, name)), now), connection
            )
            return Report(now=now, changes=(), appointments=len(gone))
        await self.in_thread(self.ledger.upgrade_if_older)
        found = require_one_source(await self.in_thread(self.ledger.identities, id, source, name))
        return await self._carry_out(await self.in_thread(self._planner.withdrawal, found, now))

    async def _suppress(self, phone: str, reason: str = "", *, connection: Any = None) -> Report:
        """Stop all reminders to a number, now and from now on, and withdraw what is parked for it.

        With `connection` it is only recorded, in the host's transaction.
        """
        now, number = self.now(), self._number(phone)
        suppression = Suppression(number, reason, now)

        def write(tx: Transaction) -> None:
            tx.suppress(suppression)
            tx.mark_dirty(number=number)

        await self._written(write, connection)
        if connection is not None:
            return Report(now=now, changes=())
        return await self._apply(await self.in_thread(self._planner.suppression, number, now), force=True)

    async def _allow(self, phone: str) -> bool:
        """Lift a suppression; says whether there was one. The next `resync` parks what is due again."""
        number = self._number(phone)

        def write(tx: Transaction) -> bool:
            lifted = bool(tx.allow(number))
            tx.mark_dirty(number=number)
            return lifted

        return bool(await self._written(write, None))

    async def _reconcile_opt_outs(self, *, not_within: timedelta = timedelta(0)) -> int:
        """Suppress every number on the providers' lists of opt-outs; returns how many are new to us.

        For webhooks that were missed. What is parked for them is withdrawn by the next
        `resync`; nothing is lifted, since words the provider doesn't know are on our list
        only. Not done again within `not_within` of the last time. Raises
        `ConfigurationError` where the provider keeps no list, else from `ProviderError`.
        """
        now = self.now()
        last = await self._io.call(self.ledger.last_run, OPT_OUTS)
        if last is not None and now - last[0] < not_within:
            return 0
        listed = await opted_out(self.provider, self._io, self.fallback, self._fallback_io)
        await self._io.call(self.ledger.prepare)
        return await self._io.result(self.ledger.submit(partial(bar_listed, listed, now)))

    def _number(self, phone: str) -> str:
        number = phone_number(phone, self.settings.defaults.region)
        if number is None:
            raise InvalidInputError("this is no possible phone number: write it with its country code, +1…")
        return number

    async def _receive(
        self, headers: Mapping[str, str], body: bytes, provider: str | None = None
    ) -> tuple[DeliveryEvent, ...]:
        """Take in a webhook: verify the raw bytes, store, note what it tells; makes no provider call.

        `provider` names whose it is; without it that is told by its signature. Raises
        `SignatureError` or `PayloadError`. What follows (withdrawing after a STOP) is
        done by the next `resync(only_dirty=True)`.
        """
        now = self.now()
        providers = [provider for provider in (self.provider, self.fallback) if provider is not None]
        events = verified_events(providers, provider, headers, body, now)
        await self._io.call(self.ledger.prepare)
        told = await self._io.result(self.ledger.submit(lambda tx: self._inbox.take(tx, events, now)))
        for event in told:
            await self._listeners.tell(event, event.type, "*")
        return events

    # Looking

    async def _explain(self, id: str, source: str | None = None, recurrence_id: str | None = None) -> Explanation:  # noqa: A002
        """Say of every rule × recipient of an appointment what was, and would be, decided, and why."""
        return await self.in_thread(self._planner.explanation, id, source, recurrence_id, self.now())

    async def _status(self) -> dict[str, Any]:
        """Return counts and instants: held, parked, due next, failed, unknown, last batch job."""
        return await self._io.call(self.ledger.counts)
