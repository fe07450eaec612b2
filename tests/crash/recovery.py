"""One story of the crash matrix: what is there before, the crash, and what must be there afterwards.

Never sleeps: only a server that is told to be slow takes time.
"""

from __future__ import annotations

import shutil
from collections import Counter
from concurrent.futures import Future
from datetime import timedelta
from pathlib import Path
from tempfile import mkdtemp

from attrs import field, frozen

from reminder_kit.ledger.ledger import Ledger
from reminder_kit.ledger.sql.tables import tables_of
from reminder_kit.model.instants import iso
from reminder_kit.sandbox import Sandbox, SandboxTransport, serve
from tests.crash.stories import BEHAVIOURS, HOOK, KINDS, NUMBER, PAUSE, RULES, make_kit, messages
from tests.factories import START

LEAPS = (2.1, 8.1, 15.1, 20.1)
"""How many days after the crash the batch job looks again."""


class InFile:
    """Ledgers in a file; in memory, if there is such a folder: what is killed is a process, not the machine."""

    def __init__(self):
        shared = Path("/dev/shm")
        self.folder = Path(mkdtemp(prefix="rk-crash-", dir=shared if shared.is_dir() else None))
        self._empty, self.path = self.folder / "empty.db", self.folder / "story.db"
        made = Ledger(f"sqlite:///{self._empty}")
        made.upgrade()
        made.close()

    def fresh(self):
        """Return the URL of an empty ledger with its tables; the last one is gone."""
        for path in self.folder.glob("story.db*"):
            path.unlink()
        shutil.copyfile(self._empty, self.path)
        return f"sqlite:///{self.path}"

    def close(self):
        shutil.rmtree(self.folder)


class OnServer:
    """Ledgers in one database of a PostgreSQL server."""

    def __init__(self, url):
        self._ledger, self._url = Ledger(url), url
        self._ledger.upgrade()

    def fresh(self):
        """Return the URL of an empty ledger with its tables; the last one is gone."""
        tables = ", ".join(tables_of(None).metadata.tables)
        with self._ledger._database.writing() as connection:
            connection.exec_driver_sql(f"TRUNCATE {tables} RESTART IDENTITY")
        return self._url

    def close(self):
        self._ledger.close()


class AtOnce(Ledger):
    """A ledger that commits at once, in the caller's thread: before and after the crash nobody dies."""

    def submit(self, op):
        future = Future()
        try:
            with self.writing() as transaction:
                result = op(transaction)
        except Exception as error:  # noqa: BLE001 - whoever waits is told, as by the group commit
            future.set_exception(error)
        else:
            future.set_result(result)
        return future


@frozen
class Expected:
    """How a story ends where nobody is killed: right after the next batch job, and once all is over."""

    parked: Counter
    arrived: Counter
    reminders: dict
    untouched: Counter = field(repr=False)
    """What there is after the next batch job if the deed was never begun."""


class Story:
    """One sandbox and one ledger, from before the crash to after the recovery."""

    def __init__(self, kind, name, place):
        self.kind, self.name, self.url = kind, name, place.fresh()
        self.scenario = KINDS[kind].scenarios[name]
        provider = kind.split(",")[0]
        keyed = not KINDS[kind].ignores
        self.sandbox = Sandbox(clock=START, key="KEY", provider=provider, webhook_url=HOOK, idempotency=keyed)
        self.key = self.sandbox.public_key
        self.webhook = None
        self._prepare()

    def kit(self, rules=None):
        """Return a kit in this process, whose clock is the sandbox'."""
        rules, transport = rules or self.scenario.rules, SandboxTransport(self.sandbox)
        ledger, clock = AtOnce(self.url), self.sandbox.clock
        return make_kit(self.kind, ledger, "http://sandbox", clock, rules, self.key, transport=transport)

    def _prepare(self):
        with self.kit(RULES) as kit:
            if self.scenario.barred == "host":
                kit.suppress(NUMBER)
            elif self.scenario.barred == "person":
                kit.receive(*self.sandbox.inbound(NUMBER, "STOP").as_sent(self.sandbox.now()))
            kit.sync(self.scenario.before, force=True)
            self.told = self._known(kit)
        self.sandbox.clock.set(self.scenario.at)
        self.sandbox.tick()
        if self.scenario.webhook is not None:
            self.webhook = self.scenario.webhook(self.sandbox).as_sent(self.sandbox.now())

    @staticmethod
    def _known(kit):
        """Return what the ledger was told: how often each appointment was written, and who is barred."""
        written, barred = kit.ledger.read(
            lambda reader: (
                [(item.identity, item.generation, item.removed) for item in reader.records()],
                reader.suppressions(),
            )
        )
        return written, set(barred)

    def is_untold(self, kit):
        """Say whether a kit that only sends knows nothing yet of what its host does when a message is due."""
        return self.scenario.at > START and self._known(kit) == self.told

    # What happens

    def crash(self, nursery, behaviour, point, *, again=False):
        """Let a child do it, against a provider that behaves like that, and die; returns its steps if it lived."""
        fault = {**BEHAVIOURS[behaviour]}
        kind, times, pause = fault.pop("kind", None), fault.pop("times", 1), fault.pop("pause", PAUSE)
        with serve(self.sandbox) as server:
            for method, containing in KINDS[self.kind].posts if kind else ():
                self.sandbox.fault(kind, times, method=method, containing=containing or None, **fault)
            headers, body = self.webhook or (None, b"")
            steps = nursery.steps(
                kind=self.kind,
                scenario=self.name,
                at=iso(self.sandbox.now()),
                url=self.url,
                root=server.url,
                key=self.key,
                timeout=0.1 if kind == "slow" else 5.0,
                point=point,
                webhook=headers and [headers, body.decode("latin-1")],
                again=again,
                statements=self.scenario.statements and KINDS[self.kind].keys,
            )
        self.sandbox.faults.clear()
        self.sandbox.clock.advance(pause)
        return steps

    def repeated(self):
        """Return how many requests the provider carried out again although it had done so before."""
        keys = [message.idempotency_key for message in self.sandbox.messages()]
        return len(keys) - len(set(keys))

    def repeat(self, kit):
        """Have the host do again what it was told nothing of."""
        self.scenario.act(kit, self.webhook)

    @staticmethod
    def settle(kit):
        """Run the batch job once more, which has nothing left to do; returns its report and what the ledger counts."""
        report, status = kit.resync(force=True), kit.status()
        assert not report.failed, report.failed
        assert not [change for change in report.changes if change.is_work]
        return report, status

    def end(self, kit):
        """Let all the days pass that matter; returns what reached whom."""
        now = self.sandbox.now()
        for days in LEAPS:
            self.sandbox.clock.set(now + timedelta(days=days))
            kit.resync(force=True)
        reached = [message for message in self.sandbox.messages() if message.sent_at]
        return Counter((message.to, message.text) for message in reached)


def expected(kind, name, place, behaviour):
    """Return how a story ends without an accident, if the batch job runs when it does after one."""
    story, pause = Story(kind, name, place), BEHAVIOURS[behaviour].get("pause", PAUSE)
    story.sandbox.clock.advance(pause)
    with story.kit() as kit:
        kit.resync(force=True)
        untouched = messages(story.sandbox)
    story = Story(kind, name, place)
    with story.kit() as kit:
        story.repeat(kit)
        story.sandbox.clock.advance(pause)
        assert kit.resync(force=True).ok
        parked, (_, status) = messages(story.sandbox), story.settle(kit)
        return Expected(parked, story.end(kit), status["reminders"], untouched)
