"""What the crash matrix tells: which kits there are, what happens to appointments, how providers behave.

Everything is named, so that a process of its own can be told by name what to do.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from datetime import timedelta

from attrs import field, frozen

from reminder_kit import Appointment, Recipient, ReminderKit, Rule
from reminder_kit.model.instants import iso
from reminder_kit.providers.telnyx.provider import Telnyx
from reminder_kit.providers.twilio.provider import Twilio
from reminder_kit.providers.vonage.provider import Vonage
from tests.factories import HOOK, NUMBER, START, TEXT

OTHER = "+12025550177"
RULES = (
    Rule("day-before", before="24 hours", text=TEXT),
    Rule("hour-before", before="1 hour", text="Soon: {{ when }}"),
)
SHORTER = (Rule("day-before", before="20 hours", text="See you {{ when }}"),)
PURGED_AT = START + timedelta(days=40)
DUE = timedelta(days=2, seconds=20)
"""When the first reminder of A-1 has just become due."""

LATER = timedelta(minutes=1)
"""How long after a STOP the person writes again."""

PAUSE = timedelta(seconds=90)
"""How long after the crash the next batch job runs: a lease has run out, a first back-off is over."""

MENDED = timedelta(minutes=5)
"""The same, where what was refused for the account is tried again."""


def visit(id="A-1", *, days=3, title="Check-up", number=NUMBER, **changes):
    recipient = Recipient(number, id="P-1", name="Ada")
    where = "12 High Street"
    return Appointment(id, START + timedelta(days=days), recipients=[recipient], title=title, location=where, **changes)


FIRST = [visit("A-1"), visit("A-2", days=4), visit("A-3", days=20)]
MOVED = [visit("A-1", days=2), visit("A-2", days=4), visit("A-3", days=3)]


# What is done


def syncing(appointments):
    return lambda kit, _webhook: kit.sync(appointments, complete=True, force=True)


def resynced(kit, _webhook):
    kit.resync(force=True)


def recorded(kit, _webhook):
    kit.record(MOVED)
    kit.resync(force=True)


def suppressed(kit, _webhook):
    kit.suppress(NUMBER, reason="asked at the desk")


def allowed(kit, _webhook):
    kit.allow(NUMBER)
    kit.resync(force=True)


def answered(kit, webhook):
    kit.receive(*webhook)
    kit.resync(only_dirty=True, force=True)


def purged(kit, _webhook):
    kit.resync(force=True)
    with kit.ledger.writing() as transaction:
        transaction.purge(START + timedelta(days=30), PURGED_AT)


def booked(kit, _webhook):
    """Save a booking and its reminders in one transaction of the host's, whose tables are beside the ledger's."""
    host = sqlite3.connect(kit.ledger.url.removeprefix("sqlite:///"))
    with host:
        host.execute("CREATE TABLE IF NOT EXISTS bookings (id TEXT PRIMARY KEY, moved INTEGER)")
        for appointment in MOVED:
            host.execute(
                "INSERT INTO bookings VALUES (?, 1) ON CONFLICT (id) DO UPDATE SET moved = 1", [appointment.id]
            )
            kit.record(appointment, connection=host)
        kit.withdraw("A-2", connection=host)
    host.close()
    kit.resync(force=True)


@frozen
class Scenario:
    """What was there, what is done by the process that is killed, when, and with which rules.

    `webhook` makes the webhook it is handed; with `statements` each SQL statement is a step as well. `barred` says who
    had barred the number before, the "host" or the "person"; "": nobody.
    """

    act: object
    before: object = field(default=FIRST)
    rules: object = field(default=RULES)
    webhook: object = None
    at: object = START
    statements: bool = False
    barred: str = ""


def stop(sandbox):
    return sandbox.inbound(NUMBER, "STOP")


def start(sandbox):
    return sandbox.inbound(NUMBER, "START")


def older_start(sandbox):
    """A START of an hour ago, which comes in after the STOP that followed it."""
    hook = sandbox.inbound(NUMBER, "START")
    hook.occurred_at -= timedelta(hours=1)
    return hook


def delivered(sandbox):
    return sandbox.hooks.sent[-1]


SCENARIOS = {
    "new": Scenario(syncing(FIRST), before=[]),
    "moved": Scenario(syncing(MOVED)),
    "put off": Scenario(syncing([visit("A-1", days=12), *FIRST[1:]])),
    "edited": Scenario(syncing([visit("A-1", title="Cleaning"), *FIRST[1:]])),
    "another number": Scenario(syncing([visit("A-1", number=OTHER), *FIRST[1:]])),
    "cancelled": Scenario(syncing([visit("A-1", status="cancelled"), *FIRST[1:]])),
    "vanished": Scenario(syncing(FIRST[1:])),
    "rule edited": Scenario(syncing(FIRST), rules=SHORTER),
    "opted out": Scenario(suppressed),
    "allowed again": Scenario(allowed, barred="host"),
    "due": Scenario(resynced, at=START + DUE),
    "came into the window": Scenario(resynced, at=START + timedelta(days=16)),
    "recorded": Scenario(recorded, statements=True),
    "booked": Scenario(booked, statements=True),
    "answered STOP": Scenario(answered, webhook=stop, statements=True),
    "answered START": Scenario(answered, webhook=start, barred="person", at=START + LATER, statements=True),
    "answered START late": Scenario(answered, webhook=older_start, barred="person", at=START + LATER, statements=True),
    "delivered": Scenario(answered, webhook=delivered, at=START + DUE, statements=True),
    "purged": Scenario(purged, at=PURGED_AT, statements=True),
}

DUE_SCENARIOS = {
    "due": Scenario(resynced, at=START + DUE),
    "due, and moved": Scenario(syncing(MOVED), at=START + DUE),
    "due, and cancelled": Scenario(syncing(FIRST[1:]), at=START + DUE),
    "due, and suppressed": Scenario(suppressed, at=START + DUE),
    "due, and edited": Scenario(syncing([visit("A-1", title="Cleaning"), *FIRST[1:]]), at=START + DUE),
}
"""Where a message is sent once it is due, the moments that matter are those."""

BEHAVIOURS = {
    "answered": {},
    "dropped before": {"kind": "drop_before"},
    "dropped after": {"kind": "drop_after"},
    "500 after acting": {"kind": "500_after"},
    "429": {"kind": "429", "retry_after": 0.01},
    "slow past the timeout": {"kind": "slow", "delay": 0.3},
    "never answered": {"kind": "drop_after", "times": None},
    "refused for the account": {"kind": "error", "status": 400, "code": "40312", "times": None, "pause": MENDED},
}
"""What befalls the first request that parks, and the first that withdraws (the last two: every one).

`pause` is how long after the crash the next batch job runs, if not `PAUSE`; by then all is mended.
"""


# Kits


@frozen
class Kind:
    """A provider under a policy.

    `keys` says that nothing can remain unknown, `finds` that it can be asked, `ignores` that it knows no keys
    though we believe it does.
    """

    provider: object
    policy: str = "prefer_duplicate"
    keys: bool = False
    finds: bool = False
    ignores: bool = False
    scenarios: object = field(default=SCENARIOS, repr=False)
    posts: tuple[tuple[str, str], ...] = (("POST", ""), ("DELETE", ""))


def telnyx(endpoint="messages", hook=None):
    def make(root, sandbox_key):
        return Telnyx(
            api_key="KEY",
            from_="+12025550100",
            base_url=f"{root}/v2",
            public_key=sandbox_key,
            endpoint=endpoint,
            webhook_url=hook,
        )

    return make


def twilio(root, _sandbox_key):
    return Twilio("AC" + "1" * 32, "KEY", "MG" + "2" * 32, base_url=root, webhook_url=HOOK)


def vonage(root, _sandbox_key):
    return Vonage("+12025550100", "k", "KEY", signature_secret="KEY", base_url=root, webhook_url=HOOK)


FORMS = (("POST", "ScheduleType"), ("POST", "Status=canceled"))
KINDS = {
    "telnyx": Kind(telnyx(hook=HOOK), keys=True),
    "telnyx, keys ignored": Kind(telnyx(hook=HOOK), ignores=True),
    "telnyx, no keys": Kind(telnyx("schedule")),
    "telnyx, no keys, prefer missing": Kind(telnyx("schedule"), "prefer_missing"),
    "twilio": Kind(twilio, finds=True, posts=FORMS),
    "twilio, prefer missing": Kind(twilio, "prefer_missing", finds=True, posts=FORMS),
    "vonage": Kind(vonage, scenarios=DUE_SCENARIOS),
    "vonage, prefer missing": Kind(vonage, "prefer_missing", scenarios=DUE_SCENARIOS),
}


def make_kit(kind, ledger, root, at=START, rules=RULES, key=None, *, timeout=5.0, transport=None):
    kind = KINDS[kind]
    return ReminderKit(
        kind.provider(root, key),
        rules,
        ledger,
        timezone="America/New_York",
        unknown_outcome=kind.policy,
        clock=at if callable(at) else lambda: at,
        timeout=timeout,
        concurrency=1,
        transport=transport,
    )


def messages(sandbox):
    """Return what is parked and what was sent: to whom, with which words, and when."""
    found = [message for message in sandbox.messages() if message.status not in ("cancelled", "sending_failed")]
    return Counter((item.to, iso(item.send_at) if item.scheduled else "", item.text) for item in found)
