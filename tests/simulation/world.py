"""A small world for random histories: one sandbox, one ledger, kits that die or are interrupted at any step.

Never sleeps, never reads the machine's clock: the same seed tells the same story.
"""

from __future__ import annotations

import socket
import weakref
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from datetime import timedelta
from functools import cache
from hashlib import blake2b

from attrs import evolve

from reminder_kit import ReminderKit
from reminder_kit.delivery.dispatchers import Dispatchers
from reminder_kit.delivery.posting import Posting
from reminder_kit.errors import SignatureError
from reminder_kit.ledger.asks import asks_of
from reminder_kit.ledger.databases.write_behind import NotAsMeantError
from reminder_kit.ledger.ledger import Ledger
from reminder_kit.ledger.sql.tables import tables_of
from reminder_kit.model.reasons import Reason
from reminder_kit.model.records import ReminderStatus
from reminder_kit.providers.telnyx.provider import Telnyx
from reminder_kit.providers.twilio.provider import Twilio
from reminder_kit.providers.vonage.provider import Vonage
from reminder_kit.reconciler.executor import Executor
from reminder_kit.sandbox import Sandbox, SandboxTransport
from reminder_kit.transport.blocking import BlockingIO
from reminder_kit.transport.pace import Pace
from tests.factories import ACCOUNT, HOOK, NEW_YORK, SERVICE, START


class Died(BaseException):
    """The process is gone; nothing may catch this."""


class LateClock:
    """The clock of a machine that is behind another one."""

    def __init__(self, clock, behind):
        self.clock, self.behind = clock, behind

    def __call__(self):
        return self.clock() - self.behind

    def advance(self, *given, **parts):
        self.clock.advance(*given, **parts)


class Steps:
    """Counts the steps towards provider and ledger; at step `point` the process dies, or something else happens."""

    def __init__(self):
        self.count = 0
        self.point = 0
        self.then = None
        self.dead = False

    def arm(self, point, then=None):
        self.count, self.point, self.then = 0, point, then

    def disarm(self):
        self.point, self.then = 0, None

    def step(self):
        if self.dead:
            raise Died
        self.count += 1
        if self.point and self.count == self.point:
            then = self.then
            self.disarm()
            if then is None:
                self.dead = True
                raise Died
            then()


class SteppedLedger(Ledger):
    """One process' way to a ledger all share: it commits at once, with a step on either side."""

    def __init__(self, shared, steps, namespace="default"):
        super().__init__("sqlite://", namespace=namespace)
        self._shared = shared
        self._steps = steps

    @property
    def _database(self):
        return self._shared._database

    def submit(self, op):
        self._steps.step()
        future = Future()
        try:
            result = self._committed(op)
        except Exception as error:  # noqa: BLE001 - whoever waits is told, as by the group commit
            future.set_exception(error)
        else:
            future.set_result(result)
        self._steps.step()
        return future

    def _committed(self, op):
        """Commit an operation as a group of one, and anew by itself where something was not as meant."""
        try:
            with self.writing(together=True) as transaction:
                transaction.foresee([asks_of(op)])
                return op(transaction)
        except NotAsMeantError:
            with self.writing() as transaction:
                return op(transaction)

    def close(self):
        """Stay open: the ledger in memory would be gone."""


class SteppedIO(BlockingIO):
    """The blocking world with a step on either side of every request; waiting moves the sandbox's clock."""

    def __init__(self, provider, kit, clock, **options):
        slow = Pace(clock=lambda: clock().timestamp())
        options = {**options, "pace": slow, "sleep": lambda delay: clock.advance(timedelta(seconds=delay))}
        super().__init__(provider, 1, **options)
        self._kit = kit
        self.posting = None

    async def send(self, request):
        self._kit.steps.step()
        with self._kit.world.watched(self.posting, self._kit):
            response = await super().send(request)
        self._kit.steps.step()
        return response


class SteppedPosting(Posting):
    """Posting that says which message is posted: some providers take no token of ours."""

    async def post(self, claimed, *given, **named):
        self.route.io.posting = claimed.message.id
        return await super().post(claimed, *given, **named)


class SteppedExecutor(Executor):
    """An executor whose messages are numbered by the world, so that a story can be told again."""

    def _dispatchers(self, *given, **named):
        made = super()._dispatchers(*given, **named)
        second = None if made.second is None else self._stepped(made.second)
        return Dispatchers(self._stepped(made.first), second, tuple(map(self._stepped, made.others)))

    def _stepped(self, dispatcher):
        posting = SteppedPosting(dispatcher.route, dispatcher.exchange, dispatcher.journal, dispatcher.clock)
        return evolve(dispatcher, posting=posting, new_id=self.io._kit.world.new_id)


class SteppedKit(ReminderKit):
    """A kit whose process can die between any two steps."""

    def __init__(self, world, provider, rules, **options):
        self.steps, self.world = Steps(), world
        ledger = SteppedLedger(world.ledger, self.steps, options.get("namespace", "default"))
        super().__init__(provider, rules, ledger, **options)
        parts = self._executor
        self._executor = SteppedExecutor(
            self.ledger, self.settings, self._io, self.now, parts.route, parts.fallback, parts.others
        )

    def _connected(self, provider, concurrency, **options):
        return SteppedIO(provider, self, self._clock.read, **options)

    def rename(self):
        """Give it a name by which the others know at once that its process is gone."""
        self._executor.owner = f"{socket.gethostname()}:4194399:0:{id(self):x}"


@cache
def _template():
    """Return an empty ledger with its tables: to make them takes longer than a third of a story."""
    made = Ledger("sqlite://")
    made.upgrade()
    return made


def _bare(connection):
    return connection.connection.driver_connection


def empty_ledger():
    """Return an empty ledger in memory, copied from one that has its tables."""
    ledger = Ledger("sqlite://")
    with _template()._database.engine.connect() as made, ledger._database.engine.connect() as new:
        _bare(made).backup(_bare(new))
    return ledger


class World:
    """The sandbox, the ledger, and the kits that are alive.

    `kind` is the provider, `cap` how many messages it keeps (`small`: and says so itself).
    """

    def __init__(
        self,
        rules,
        quiet=None,
        *,
        kind="telnyx",
        options=None,
        cap=1_000_000,
        small=False,
        idempotency=True,
        ledger=None,
        **provider,
    ):
        self.sandbox = Sandbox(
            clock=START, strict=True, idempotency=idempotency, cap=cap, provider=kind, webhook_url=HOOK
        )
        if ledger is None:
            ledger = empty_ledger()
            weakref.finalize(self, ledger.close)
        self.ledger = ledger
        self.kind, self.cap, self.small = kind, cap, small
        self.rules, self.quiet = rules, quiet
        self.all_quiet = [quiet]
        self.options = dict(options or {})
        self.provider_options = provider
        self.webhooks = []
        self.made = {}
        self.wrongs = []
        #: By whose clock a number's messages are quiet, where it is not the world's.
        self.zones = {}
        self._heard = self._numbered = 0

    def new_id(self):
        """Return the next of the ids that stand for what is random elsewhere."""
        self._numbered += 1
        return blake2b(str(self._numbered).encode(), digest_size=16).hexdigest()

    def provider(self):
        if self.kind == "twilio":
            return Twilio(ACCOUNT, self.sandbox.secret, SERVICE, webhook_url=HOOK, **self.provider_options)
        if self.kind == "vonage":
            secret = self.sandbox.secret
            return Vonage("+12025550100", "k", secret, signature_secret=secret, webhook_url=HOOK)
        made = Telnyx(
            api_key="KEY",
            from_="+12025550100",
            webhook_url=HOOK,
            public_key=self.sandbox.public_key,
            **self.provider_options,
        )
        if self.small:
            made.capabilities = evolve(made.capabilities, cap=self.cap)
        return made

    def kit(self, behind=timedelta(0), *, provider=None, **options):
        """Return a kit of its own process, on a machine whose clock may be behind the provider's."""
        return SteppedKit(
            self,
            provider or self.provider(),
            self.rules,
            timezone="America/New_York",
            quiet_hours=self.quiet,
            clock=LateClock(self.sandbox.clock, behind) if behind else self.sandbox.clock,
            transport=SandboxTransport(self.sandbox),
            timeout=5.0,
            **{**self.options, **options},
        )

    @property
    def now(self):
        return self.sandbox.now()

    def advance(self, **parts):
        self.sandbox.clock.advance(**parts)

    # What goes over the wire

    @contextmanager
    def watched(self, posting, kit):
        """Note which row of the ledger a request parks a message for, also where its answer is lost."""
        count = len(self.sandbox.by_id)
        try:
            yield
        finally:
            for message in list(self.sandbox.by_id.values())[count:]:
                self.made[message.id] = posting
                if not message.scheduled:
                    self._check_sent(message, kit)

    def _check_sent(self, message, kit):
        """What a provider sends at once is never sent in quiet hours."""
        quiet = kit.settings.quiet
        if quiet is not None and quiet.covers(message.created_at, self.zones.get(message.to, NEW_YORK)):
            self.wrongs.append(f"sent in quiet hours ({quiet}): {message}")

    def collect(self):
        """Take the webhooks sent since, to be delivered whenever it pleases."""
        sent = self.sandbox.hooks.sent
        self.webhooks += sent[self._heard :]
        self._heard = len(sent)

    def deliver(self, kit, hook):
        headers, body = hook.as_sent(self.now)
        with suppress(SignatureError):
            kit.receive(headers, body)

    # What the ledger says

    @contextmanager
    def host(self):
        """Open a transaction of the host's own, in the same database: rolled back unless it is committed."""
        with self.ledger._database.engine.connect() as connection:
            yield connection

    def _selected(self, statement):
        with self.ledger._database.writing() as connection:
            return connection.exec_driver_sql(statement).mappings().all()

    def dump(self):
        """Return all that the ledger says, but for the row that tells when the batch job last ran."""
        tables = [table for table in tables_of(None).metadata.tables if not table.endswith("_runs")]
        return {table: sorted(map(repr, self._selected(f"SELECT * FROM {table}"))) for table in tables}

    def messages(self):
        """Return every message of the ledger by id: its row as a dict."""
        return {row["id"]: row for row in self._selected("SELECT * FROM reminder_kit_messages ORDER BY serial")}

    def has_no_room_for(self, error):
        """Say whether the provider refused a message because it is full, and still is: two kits took the last place."""
        return "40318" in error and self.sandbox.parked_count() >= self.cap

    def is_open(self):
        """Say whether some message's last step is open still."""
        return any(row["state"] in ("creating", "cancelling") for row in self.messages().values())

    def once(self, event):
        """Return the messages of which the history ever said so."""
        found = self._selected(f"SELECT message_id FROM reminder_kit_history WHERE event = '{event}'")
        return {row["message_id"] for row in found}

    def words_wait(self):
        """Say whether new words of a parked message wait for the account."""
        return any(
            outcome.status == ReminderStatus.PARKED and outcome.reason == Reason.WAITING_ACCOUNT
            for record in self.records()
            for outcome in record.outcomes
        )

    def records(self):
        return self.ledger.read(lambda reader: list(reader.records()))


def parked(world):
    """Return the messages that are parked at the provider."""
    return [message for message in world.sandbox.messages() if message.status == "scheduled"]
