"""How a kit is put together: what both faces share before any verb is called.

Decides nothing itself, and never reads a clock: the faces give it one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar

from attrs import define, evolve

from reminder_kit.config import arguments, checks
from reminder_kit.delivery.accounts import account_of
from reminder_kit.errors import ConfigurationError, InvalidInputError
from reminder_kit.kit.channels import as_provider, carried, in_common
from reminder_kit.kit.fallbacks import failures_of, senders_of, with_fallback
from reminder_kit.kit.listeners import EVENT_TYPES, Listeners, announces_run
from reminder_kit.kit.restored import once_opt_outs_are_known
from reminder_kit.kit.run_notes import exchanged, note_run
from reminder_kit.kit.senders import with_senders
from reminder_kit.kit.shared import Alone, Shared
from reminder_kit.kit.telling import Telling, warnings_told
from reminder_kit.ledger.ledger import Ledger
from reminder_kit.logs import LOG
from reminder_kit.model.emails import email_address
from reminder_kit.model.instants import utc
from reminder_kit.model.messages import DeliveryEvent
from reminder_kit.model.phones import phone_number
from reminder_kit.planning.forecast import Forecast, Prices, forecast_of
from reminder_kit.planning.lagging import leads_of
from reminder_kit.planning.plan import Guard, Plan
from reminder_kit.planning.report import Report
from reminder_kit.planning.settings import Settings
from reminder_kit.ports import IO, Channel, Provider
from reminder_kit.providers.replies import Replies
from reminder_kit.rules.defaults import Defaults
from reminder_kit.rules.quiet_hours import QuietHours
from reminder_kit.rules.rule import Rule
from reminder_kit.text.composer import Composer

if TYPE_CHECKING:
    from reminder_kit.calendars.settings import CalendarSettings
    from reminder_kit.ledger.transaction import Transaction

__all__ = ["Kit"]

T = TypeVar("T")


@define
class _Clock:
    """The kit's clock, in UTC; whoever asks it does not hold the kit, so that one nobody holds is gone at once."""

    read: Callable[[], datetime]

    def __call__(self) -> datetime:
        return utc(self.read(), "the kit's clock")


class Kit(Telling):
    """What both faces are made of: rules, settings, ledger, providers, and the parts that carry verbs out."""

    _io: IO
    _fallback_io: IO | None
    _system_clock: Callable[[], datetime]
    _connected: Callable[..., Any]
    _is_async: bool

    def __init__(
        self,
        provider: Provider,
        rules: Iterable[Rule | Mapping[str, Any]],
        ledger: str | Any = "sqlite:///reminders.db",
        *,
        senders: Sequence[Mapping[str, Any]] = (),
        fallback: Provider | Channel | None = None,
        timezone: str | None = None,
        locale: str = "en",
        default_region: str | None = None,
        namespace: str = "default",
        holidays: str | Iterable[str] = (),
        closed_days: Iterable[date | str] = (),
        weekend: Iterable[str | int] = ("saturday", "sunday"),
        transliterate: bool = False,
        must_say: str | Iterable[str] = (),
        quiet_hours: QuietHours | Mapping[str, Any] | None = None,
        guard: Guard | Mapping[str, Any] | None = None,
        cost: Prices | Mapping[str, Any] | None = None,
        unknown_outcome: str = "prefer_duplicate",
        rearm_after: str | timedelta = timedelta(minutes=15),
        suppress_undeliverable: bool = True,
        only_to: Iterable[str] | None = None,
        correction: str | Mapping[str, Any] = "",
        cancellation: str | Mapping[str, Any] = "",
        min_gap: str | timedelta = timedelta(0),
        max_per_day: int | None = None,
        replies: Mapping[str, Any] | None = None,
        unclear: str = "tell",
        expected_every: str | timedelta = timedelta(days=1),
        retention: str | timedelta | None = None,
        calendar: CalendarSettings | Mapping[str, Any] | None = None,
        sources: Any = (),
        concurrency: int = 16,
        rate: str | float | None = None,
        timeout: str | float = 30.0,
        clock: Callable[[], datetime] | None = None,
        transport: Any = None,
        shared: Shared | None = None,
    ) -> None:
        """Put the parts together; nothing is opened, created or asked yet.

        `provider` sends (an adapter with its key and sender), by `rules` (`Rule`s, or tables as in a file).
        `ledger` is the URL of an SQLite file or a PostgreSQL database, an SQLAlchemy engine or a `Ledger`; a
        `namespace` of it bounds all that the kit sees. `timezone` is the IANA zone of whatever names none,
        `default_region` the country of phones written without a code, `locale` the language of who has none.
        `senders` are further senders of the same provider, each for some of the messages: `[{"provider":
        Telnyx(from_="+1416…"), "country": "CA"}]`, by `rule`, `source`, `location`, `country` of the number, and
        `channel`; the first that fits, and may write there, is taken. `fallback` (another sender, or provider, or a
        `Channel`: an e-mail, a call) sends once more what was not delivered; a channel also reminds whom no text can
        reach. `holidays` ("US", "US-CA"), `closed_days` and `weekend` say which days are no business days;
        `transliterate` writes typographic quotes, dashes and spaces plainly; `must_say` is what the linter asks of
        every text. `cost` is what an SMS part and an MMS cost. `clock` returns the aware present instant; `transport`
        (one of httpx) replaces the network. `suppress_undeliverable` leaves a number alone once the provider reports
        that nothing can ever reach it (a landline, no such number, an opt-out). `correction` is the text of one more
        message to whom a reminder told a start that then moved by more than `rearm_after` (default: none is sent),
        `cancellation` the same where it was cancelled: by its status, or `withdraw(…, notify=True)`. Either may wait:
        `{"text": …, "after": "10 minutes"}` (the default for cancellations). What is written to one number keeps
        `min_gap` apart where that is feasible, and is no more than `max_per_day` in a day of its own clock (None: any
        number). `replies` are the host's own keywords, `{"confirm": ["C", "YES"]}`: each is an event of that name for
        `on`, and `unless = {replied = ["confirm"]}` speaks of it. A reply that may ask for no more messages is told
        (`unclear_reply`) and waits for a person; `unclear="hold"` lets nothing go to its number until somebody has seen
        it. Where the batch job was not seen for `expected_every` (elapsed time), that waits for a person. It removes
        the personal data of appointments that ended `retention` ago or earlier (None: `ledger purge` alone does).
        `unknown_outcome` says what becomes of a message of which nobody can tell whether it exists: "prefer_duplicate"
        (one more is sent, which may be a second one) or "prefer_missing". `sources` are calendars that the batch job
        reads again: paths, addresses, or tables of `path`, `name` and `complete` (what vanishes there is withdrawn). At
        most `concurrency` requests are under way at once, at a `rate` of so many ("50/s"; None: as many as the provider
        takes), each within `timeout` seconds. `only_to` (numbers, or how they begin: "+1202555") lets nobody else be
        written to: for staging. `shared` is what `Tenants` hands to each of its kits.

        Every argument may be what the same key of a file is: lengths of time in words ("30 minutes"), `guard`,
        `quiet_hours`, `cost` and `calendar` as tables. Raises `ConfigurationError`, naming the argument and what would
        be right, `InvalidRuleError` for a rule, and `InvalidInputError` for quiet hours and ledgers that can't be.
        Texts that ask for a reply by which people opt out are logged as a warning.
        """
        # what carries verbs out is loaded with the first kit: to import its class need not take that long
        from reminder_kit.delivery.message_events import MessageEvents
        from reminder_kit.delivery.routes import Route
        from reminder_kit.reconciler.executor import Executor
        from reminder_kit.reconciler.planner import Planner, read_rules
        from reminder_kit.reconciler.polled_calendars import distinct
        from reminder_kit.reconciler.watch import Watch
        from reminder_kit.transport.asynchronous import AsyncIO
        from reminder_kit.webhooks.inbox import Inbox

        self.ledger = ledger if isinstance(ledger, Ledger) else Ledger(ledger, namespace=namespace)
        given = arguments.checked(
            provider=provider,
            rules=rules,
            senders=senders,
            fallback=fallback,
            timezone=timezone,
            locale=locale,
            default_region=default_region,
            namespace=namespace,
            quiet_hours=quiet_hours,
            guard=guard,
            cost=cost,
            unknown_outcome=unknown_outcome,
            rearm_after=rearm_after,
            suppress_undeliverable=suppress_undeliverable,
            correction=correction,
            cancellation=cancellation,
            min_gap=min_gap,
            max_per_day=max_per_day,
            replies=replies,
            unclear=unclear,
            expected_every=expected_every,
            retention=retention,
            calendar=calendar,
            sources=sources,
            concurrency=concurrency,
            rate=rate,
            timeout=timeout,
            clock=clock,
        )
        fallback = as_provider(fallback, is_async=self._is_async)
        self.provider, self.fallback = provider, fallback
        #: What is waited for as the kit is closed: who follows commits (`kit.following`).
        self.before_closing: list[Callable[[], Any]] = []
        self.senders: tuple[Provider, ...] = tuple(one for one, _ in given["senders"])
        self.prices, self.calendar = given["cost"], given["calendar"]
        self.expected_every = given["expected_every"]
        defaults = Defaults(
            given["timezone"],
            locale,
            given["default_region"],
            namespace,
            holidays,
            closed_days,
            weekend,
            transliterate=transliterate,
            must_say=must_say,
        )
        self.rules = read_rules(given["rules"], defaults)
        self.shared = shared or Alone()
        said = warnings_told(self.rules, {name: given[name] for name in ("correction", "cancellation")}, defaults)
        for warning in said if self.shared.is_first(namespace, "\n".join(said)) else ():
            LOG.warning("%s", warning)
        failures = failures_of(fallback, provider)
        settings = Settings(
            rules=self.rules,
            defaults=defaults,
            window=provider.capabilities.window,
            sender=provider.sender,
            provider=provider.name,
            composer=Composer(defaults),
            quiet=None if given["quiet_hours"] is None else given["quiet_hours"].with_days_off(defaults),
            key_life=provider.capabilities.key_life,
            account=account_of(provider),
            prefer_duplicate=unknown_outcome == "prefer_duplicate",
            rearm_after=given["rearm_after"],
            alarms=getattr(given["calendar"], "alarms", "ignore"),
            suppress_undeliverable=suppress_undeliverable,
            senders=senders_of(provider, *self.senders, fallback),
            holds_unclear=unclear == "hold",
            only_to=None if only_to is None else checks.numbers(only_to, "only_to"),
            correction=given["correction"],
            cancellation=given["cancellation"],
            min_gap=given["min_gap"],
            max_per_day=given["max_per_day"],
            max_parts=provider.capabilities.max_parts,
            not_to=provider.capabilities.not_to,
            sends_mms=provider.capabilities.mms,
        )
        self.settings = with_fallback(with_senders(settings, given["senders"]), fallback, failures)
        without_phone = getattr(given["calendar"], "without_phone", "")
        writer, leads, region = self.settings.writer, leads_of(settings.rules), settings.defaults.region
        self._watch = Watch(self.ledger, self.expected_every, without_phone == "attention", writer, leads, region)
        self._retention: timedelta | None = given["retention"]
        guard = given["guard"] or Guard()
        #: The calendars that the batch job reads again (`CalendarSource`).
        self.sources = distinct(given["sources"])
        self._planner = Planner(self.ledger, provider, self.settings, guard, given["calendar"], self.sources)
        self._clock = _Clock(clock or self._system_clock)
        options = {"timeout": given["timeout"], "transport": transport, "pool": self.shared.pool}
        pace = partial(self.shared.pace, self.ledger, rate=rate)
        self._io = self._connected(provider, concurrency, pace=pace(provider), **options)
        options |= carried(fallback)
        common = in_common(fallback, self.shared)
        pace = partial(common.pace, self.ledger, rate=rate)
        self._fallback_io = self._connected(fallback, concurrency, pace=pace(fallback), **options) if fallback else None
        keywords = Replies.of(given["replies"])
        self._listeners = Listeners(isinstance(self._io, AsyncIO), (*EVENT_TYPES, *keywords.names.values()))
        route = Route(provider, self.settings, self._io, self.shared.account(provider))
        learned = common.account(fallback) if fallback else None
        spare = Route.of(fallback, self.settings, self._fallback_io, learned)
        rows = zip(self.senders, self.settings.others, strict=True)
        others = tuple(route.beside(one, own) for one, (_, own) in rows)
        self._executor = Executor(self.ledger, self.settings, self._io, self._clock, route, spare, others)
        self._inbox = Inbox(MessageEvents(failures, suppress_undeliverable), keywords, given["rearm_after"])

    @classmethod
    def from_config(cls, path: str | Path = "reminders.toml", **overrides: Any) -> Self:
        """Return a kit as a TOML file describes it; secrets come from the environment.

        `overrides` are constructor arguments that win over the file. Raises
        `ConfigurationError` naming file, key and remedy.
        """
        from reminder_kit.config.loading import load

        found = load(path)
        if found.tenants_folder is not None:
            raise ConfigurationError(f"{path} has a folder of tenants: Tenants.from_config makes the kits of all")
        return cls(**{**found.arguments(), **overrides})

    def now(self) -> datetime:
        """Return the present UTC instant of the kit's clock."""
        return self._clock()

    @contextmanager
    def standing_at(self, instant: datetime) -> Iterator[None]:
        """Have the kit's clock stand still at an aware instant meanwhile, for whoever uses the kit."""
        with self.by_clock(lambda: instant):
            yield

    @contextmanager
    def by_clock(self, read: Callable[[], datetime]) -> Iterator[None]:
        """Have the kit's clock say meanwhile what `read` returns (aware), for whoever uses the kit."""
        before, self._clock.read = self._clock.read, read
        try:
            yield
        finally:
            self._clock.read = before

    def io_of(self, provider: Provider) -> IO:
        """Return the way on which the kit speaks to its provider, or to its fallback."""
        return self._fallback_io if self._fallback_io is not None and provider is self.fallback else self._io

    def forecast(self, plan: Plan) -> Forecast:
        """Return what the messages a plan would park come to, by rule and in all, in SMS parts and money."""
        spare = self.settings.fallback
        return forecast_of(plan.changes, self.rules, self.prices, spare.provider if spare and spare.reaches else "")

    # What verbs are made of

    async def _in_thread(self, func: Callable[..., T], *args: Any, **options: Any) -> T:
        """Run what reads the ledger off the event loop, where there is one."""
        return await self._io.call(partial(func, *args, **options))

    async def _carry_out(
        self, plan: Plan, *, force: bool = False, patient: bool | None = None, job: str = ""
    ) -> Report:
        """Carry out a plan, unless it is unsafe and not forced, and see what waits for a person then.

        `patient` says whether failed steps are left alone until their back-off is over; None: in the batch job. `job`
        is the name under which the ledger notes that the run was made; "": it is not noted.
        """
        plan = await self._permitted(plan)
        if not force:
            plan.raise_if_unsafe()
        patient = plan.actor == "resync" if patient is None else patient
        report = await self._executor.apply(plan, patient=patient, forced=force and plan.is_unsafe)
        report, now = evolve(report, problems=plan.problems), self.now()
        if plan.worklist.foreign:
            LOG.error("nobody is written to: %s; `reminder-kit attention` says what to do", plan.worklist.foreign)
        if job or plan.worklist.snapshot or plan.notes:
            found = exchanged(self._routes())
            await self._io.result(self.ledger.submit(partial(note_run, plan, report, job, found, now)))
        return await self._watched(plan, report, now)

    async def _purged(self, report: Report) -> Report:
        """Return the report of a batch job once what is older than `retention` is purged."""
        if self._retention is not None:
            await self._in_thread(self.ledger.purge, report.now - self._retention, report.now)
        return report

    async def _permitted(self, plan: Plan) -> Plan:
        """Return a plan, or where the ledger was restored and may write to nobody yet, one that only records."""
        return await once_opt_outs_are_known(plan, self.ledger, self._routes(), self.settings, self.now())

    def _routes(self) -> list[tuple[Provider, IO]]:
        """Return the provider, then its fallback, if there is one, each with what carries requests to it."""
        routes = [(one, self._io) for one in (self.provider, *self.senders)]
        if self.fallback is not None and self._fallback_io is not None:
            routes.append((self.fallback, self._fallback_io))
        return routes

    async def _taken(self, events: Sequence[DeliveryEvent]) -> tuple[DeliveryEvent, ...]:
        """Store verified events, act on them, and tell listeners; returns them, each with whether it came before."""
        now = self.now()
        await self._io.call(self.ledger.prepare)
        taken = await self._io.result(self.ledger.submit(lambda tx: self._inbox.take(tx, events, now)))
        await self._tell(taken.announced)
        return taken.events

    async def _watched(self, plan: Plan, report: Report, now: datetime) -> Report:
        """Return a report with what waits for a person by now; what is new of it is logged, and told to listeners."""
        sighting = await self._in_thread(self._watch.after, plan, report, now)
        if sighting.kept or sighting.gone:
            await self._io.result(self.ledger.submit(sighting.write))
        for item in sighting.new:
            LOG.warning("waits for a person: %s", item)
            await self._listeners.tell(item, "attention")
        if sighting.replies_wait:  # the run may have found out which messages they answer
            await self._tell(await self._io.result(self.ledger.submit(lambda tx: self._inbox.match_again(tx, now))))
        return evolve(report, attention=sighting.items)

    @announces_run()
    async def _carry_out_as_run(self, plan: Plan, *, force: bool = False) -> Report:
        """Carry out a plan as a run of its own, which listeners hear of."""
        return await self._carry_out(plan, force=force)

    async def _written(self, write: Callable[[Transaction], T], connection: Any) -> T:
        """Have something written: in the host's transaction, in its thread or greenlet, or in one of our own."""

        def borrowing(lent: Any) -> T:
            with self.ledger.on(lent) as tx:
                return write(tx)

        if connection is not None:
            from reminder_kit.transport.asynchronous import AsyncIO

            if isinstance(self._io, AsyncIO) and hasattr(connection, "run_sync"):  # SQLAlchemy's async side
                return await connection.run_sync(borrowing)  # type: ignore[no-any-return]
            return borrowing(connection)
        await self._io.call(self.ledger.prepare)
        return await self._io.result(self.ledger.submit(write))

    def _recipient(self, name: str) -> str:
        """Return what a person is known by: a number as E.164, an e-mail address, else the host's own name."""
        _check_text(name)
        return phone_number(name, self.settings.defaults.region) or email_address(name) or name

    def _number(self, phone: str) -> str:
        """Return a number as E.164, or an e-mail address as it is compared."""
        _check_text(phone)
        number = email_address(phone) if "@" in phone else phone_number(phone, self.settings.defaults.region)
        if number is None:
            if "@" in phone:
                raise InvalidInputError("this is no possible e-mail address: correct it")
            raise InvalidInputError("this is no possible phone number: write it with its country code, +1…")
        return number


def _check_text(phone: object) -> None:
    if not isinstance(phone, str):
        raise InvalidInputError(f'a phone number is text, not a {type(phone).__name__}: write it in quotes, "+1…"')
