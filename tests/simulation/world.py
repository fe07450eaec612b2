"""A small world for random histories: one sandbox, one ledger in memory, kits that die or are interrupted at any step.

Never sleeps, never reads the machine's clock: the same seed tells the same story.
"""

from __future__ import annotations

import socket
import weakref
from concurrent.futures import Future
from contextlib import suppress
from datetime import timedelta

from reminder_kit import ReminderKit
from reminder_kit.errors import SignatureError
from reminder_kit.ledger import Ledger
from reminder_kit.providers.telnyx import Telnyx
from reminder_kit.sandbox import Sandbox, SandboxTransport
from reminder_kit.transport import Pace
from reminder_kit.world import BlockingWorld
from tests.conftest import START

_HISTORY = "SELECT message_id FROM reminder_kit_history"


class Died(BaseException):
    """The process is gone; nothing may catch this."""


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


class Desk(Ledger):
    """One process' way to a ledger all share: it commits at once, with a step on either side."""

    def __init__(self, shared, steps):
        super().__init__("sqlite://")
        self._shared = shared
        self._steps = steps

    @property
    def _database(self):
        return self._shared._database

    def submit(self, op):
        self._steps.step()
        future = Future()
        try:
            with self.writing() as transaction:
                result = op(transaction)
        except Exception as error:  # noqa: BLE001 - whoever waits is told, as by the group commit
            future.set_exception(error)
        else:
            future.set_result(result)
        self._steps.step()
        return future

    def close(self):
        """Stay open: the ledger in memory would be gone."""


class SteppedWorld(BlockingWorld):
    """The blocking world with a step on either side of every request; waiting moves the sandbox's clock."""

    def __init__(self, provider, steps, clock, **options):
        slow = Pace(clock=lambda: clock().timestamp())
        options = {**options, "pace": slow, "sleep": lambda delay: clock.advance(timedelta(seconds=delay))}
        super().__init__(provider, 1, **options)
        self._steps = steps

    async def send(self, request):
        self._steps.step()
        response = await super().send(request)
        self._steps.step()
        return response


class SteppedKit(ReminderKit):
    """A kit whose process can die between any two steps."""

    def __init__(self, provider, rules, shared, **options):
        self.steps = Steps()
        super().__init__(provider, rules, Desk(shared, self.steps), **options)

    def _world(self, concurrency, **options):
        return SteppedWorld(self.provider, self.steps, self._clock, **options)

    def rename(self):
        """Give it a name by which the others know at once that its process is gone."""
        self._engine.owner = f"{socket.gethostname()}:4194399:0:{id(self):x}"


class World:
    """The sandbox, the ledger, and the kits that are alive."""

    def __init__(self, rules, quiet=None, *, options=None, cap=1_000_000, idempotency=True, **provider):
        self.sandbox = Sandbox(clock=START, strict=True, idempotency=idempotency, cap=cap)
        self.ledger = Ledger("sqlite://")
        self.ledger.upgrade()
        weakref.finalize(self, self.ledger.close)
        self.rules, self.quiet = rules, quiet
        self.all_quiet = [quiet]
        self.options = dict(options or {})
        self.provider_options = provider
        self.letters = []
        self._heard = 0

    def provider(self):
        return Telnyx(
            api_key="KEY",
            from_="+12025550100",
            webhook_url="https://clinic.example/hooks",
            public_key=self.sandbox.public_key,
            **self.provider_options,
        )

    def kit(self):
        return SteppedKit(
            self.provider(),
            self.rules,
            self.ledger,
            timezone="America/New_York",
            quiet_hours=self.quiet,
            clock=self.sandbox.clock,
            transport=SandboxTransport(self.sandbox),
            timeout=5.0,
            **self.options,
        )

    @property
    def now(self):
        return self.sandbox.now()

    def advance(self, **parts):
        self.sandbox.clock.advance(**parts)

    def collect(self):
        """Take the webhooks sent since, to be delivered whenever it pleases."""
        sent = self.sandbox.hooks.sent
        self.letters += sent[self._heard :]
        self._heard = len(sent)

    def deliver(self, kit, hook):
        headers, body = hook.written(self.now)
        with suppress(SignatureError):
            kit.receive(headers, body)

    def dump(self):
        """Return all that the ledger says, but for the row that tells when the batch job last ran."""
        with self.ledger.writing() as transaction:
            connection = transaction._runner.connection.connection.driver_connection
            return [line for line in connection.iterdump() if "reminder_kit_runs" not in line]

    def messages(self):
        """Return every message of the ledger by id: its row as a dict."""
        with self.ledger.writing() as transaction:
            connection = transaction._runner.connection.connection.driver_connection
            cursor = connection.execute("SELECT * FROM reminder_kit_messages ORDER BY serial")
            names = [each[0] for each in cursor.description]
            return {row["id"]: row for row in (dict(zip(names, values, strict=True)) for values in cursor)}

    def is_open(self):
        """Say whether some message's last step is open still."""
        return any(row["state"] in ("creating", "cancelling") for row in self.messages().values())

    def once(self, event):
        """Return the messages of which the history ever said so."""
        with self.ledger.writing() as transaction:
            connection = transaction._runner.connection.connection.driver_connection
            return {row[0] for row in connection.execute(f"{_HISTORY} WHERE event = ?", (event,))}

    def records(self):
        return list(self.ledger.records())
