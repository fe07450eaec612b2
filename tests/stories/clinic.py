"""A clinic: a sandbox, a ledger, and processes that run the batch job while time passes.

Never a fixture: that stands in the conftest of this folder.
"""

from __future__ import annotations

from reminder_kit import ReminderKit, Rule
from reminder_kit.ledger.sql.tables import tables_of
from reminder_kit.providers.telnyx.provider import Telnyx
from reminder_kit.providers.twilio.provider import Twilio
from reminder_kit.providers.vonage.provider import Vonage
from reminder_kit.sandbox import Sandbox, SandboxTransport
from tests.factories import ACCOUNT, NUMBER, SENDER, SERVICE, START, visit

DAY = Rule("day-before", before="24 hours", text="See you {{ when }}")
PROVIDERS = {
    "telnyx": lambda: Telnyx("KEY", SENDER),
    "telnyx, schedule endpoint": lambda: Telnyx("KEY", SENDER, endpoint="schedule"),
    "twilio": lambda: Twilio(ACCOUNT, "KEY", SERVICE),
    "vonage": lambda: Vonage(SENDER, "k", "KEY"),
}


class Clinic:
    """A sandbox, a kit on a file (`tmp_path` None: in memory), and runs of the batch job while time passes."""

    def __init__(
        self, tmp_path, provider="telnyx", *, rules=(DAY,), policy="prefer_duplicate", options=None, **sandbox
    ):
        self.sandbox = Sandbox(START, strict=True, provider=provider.partition(",")[0], **sandbox)
        self.provider, self.rules, self.policy, self.options = provider, rules, policy, options or {}
        self.ledger = f"sqlite:///{tmp_path}/r.db" if tmp_path else "sqlite://"
        self.kits = []
        self.kit = self.another_process()

    def another_process(self, **changes):
        """Return a kit as another process on the same ledger has it."""
        options = {
            "timezone": "America/New_York",
            "clock": self.sandbox.clock,
            "transport": SandboxTransport(self.sandbox),
            "unknown_outcome": self.policy,
            "concurrency": 1,
            **self.options,
            **changes,
        }
        provider = options.pop("provider", None) or PROVIDERS[self.provider]()
        kit = ReminderKit(provider, list(self.rules), self.ledger, **options)
        kit._io._sleep = lambda _delay: None
        self.kits.append(kit)
        return kit

    def prove_keys(self):
        """Have the provider repeat an answer from memory, for somebody else's reminder."""
        self.sandbox.fault("drop_after", method="POST")
        assert self.kit.sync(visit("A-0", day=4, phone="+12025550199")).ok
        self.sandbox.requests.clear()

    def break_down(self, first="503"):
        """Have the provider meet the next POST with a fault, and answer nothing but 503 after that."""
        self.sandbox.fault(first, method="POST")
        self.sandbox.fault("503", times=None)

    def recover(self):
        self.sandbox.faults.clear()

    def run_until(self, at, step):
        """Run the batch job after each step until an instant is over; returns the reports."""
        reports = []
        while self.sandbox.now() < at:
            self.sandbox.clock.advance(min(step, at - self.sandbox.now()))
            reports.append(self.kit.resync())
        return reports

    def refuse(self, code, *, status=400, containing=None):
        """Have the provider refuse every message by a code; or those whose request holds a text."""
        self.sandbox.fault("error", times=None, method="POST", status=status, code=code, containing=containing)

    def posts(self, to=""):
        """Return the POSTs that were made so far, to a number ("": to any)."""
        number = to.lstrip("+").encode()
        return [request for request in self.sandbox.requests if request.method == "POST" and number in request.body]

    def texts(self, number=NUMBER):
        return len(self.sandbox.inbox(number))

    def writes(self):
        """Return how many POSTs there were since this was asked last."""
        made = self.posts()
        self.sandbox.requests.clear()
        return len(made)

    def dump(self):
        """Return all that the ledger's tables hold, but for when the batch job last ran."""
        with self.kit.ledger._database.writing() as connection:
            names = [name for name in tables_of(None).metadata.tables if not name.endswith("_runs")]
            return {
                name: sorted(map(repr, connection.exec_driver_sql(f"SELECT * FROM {name}").all())) for name in names
            }

    def rows(self, id="A-1"):
        """Return the lines of history of an appointment, each as event and reason."""
        return [(entry.event, entry.reason) for entry in self.kit.ledger.read(lambda reader: reader.history(id=id))]
