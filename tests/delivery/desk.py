"""A desk: a kit with one parked message, and one step of a dispatcher at a time.

Never a fixture: those stand in the tests that use it.
"""

from __future__ import annotations

from datetime import timedelta

from attrs import evolve

from reminder_kit.delivery.dispatch import ClaimedMessage
from reminder_kit.delivery.dispatchers import Dispatchers, isolated
from reminder_kit.transport.blocking import run_blocking
from tests.factories import visit


class Desk:
    """A kit with one parked message, whose state and moment a test sets, and what one step of a dispatcher comes to."""

    def __init__(self, kit, sandbox):
        self.kit, self.sandbox = kit, sandbox
        kit.sync(visit("A-1", day=3))
        (record,) = kit.ledger.read(lambda reader: list(reader.records()))
        self.record, (self.before,) = record, record.messages
        sandbox.requests.clear()

    def put(self, at=None, **changes):
        """Have the ledger hold the message otherwise, and the clock stand at an instant."""
        after = evolve(self.before, **changes)
        self.kit.ledger.submit(lambda tx: tx.move_message(None, self.before, after)).result()
        self.before = after
        if at is not None:
            self.sandbox.clock.set(at)
        return self

    def holding(self, kit):
        """Have another kit hold the ledger."""
        self.kit = kit
        return self

    def fault(self, *given, **named):
        self.sandbox.fault(*given, **named)
        return self

    def dispatchers(self, *, patient=False):
        executor = self.kit._executor
        routes = (executor.route, executor.fallback)
        return Dispatchers.over(routes, self.kit.ledger, self.kit.now, "resync", patient=patient)

    def claimed(self):
        lease = timedelta(minutes=1)
        claim = self.kit.ledger.submit(lambda tx: tx.claim([self.record.row], "w", self.kit.now(), lease)).result()
        return ClaimedMessage(claim[self.record.row], self.record.identity, "day-before", self.before)

    def settle(self, *, patient=False, leaves=True, after=timedelta(0), **named):
        """Settle the message, whose text may leave from some time `after` now on; or not at all."""
        leaves_at = (lambda at: at + after) if leaves else (lambda _at: None)
        made = self.dispatchers(patient=patient).settle(self.claimed(), leaves_at, **named)
        return self.told(run_blocking(isolated(made)))

    def cancel(self):
        (kept,) = self.record.outcomes
        return self.told(run_blocking(isolated(self.dispatchers().cancel(self.claimed(), kept, "removed"))))

    def told(self, result):
        """Return how it ended, with the message as the ledger holds it then, and who was asked what."""
        found = self.kit.ledger.read(lambda reader: reader.find_message(provider="telnyx", token=self.before.id))
        self.after, self.result = found.message, result
        return result.status.value, self.after.state.value, self.asked()

    def asked(self):
        return [f"{request.method} {request.status}" for request in self.sandbox.requests]

    def history(self):
        entries = self.kit.ledger.read(lambda reader: reader.history(id="A-1"))
        return [(entry.event, entry.reason) for entry in entries][3:]
