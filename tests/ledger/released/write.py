"""Write down a ledger of this library's version with everything in it, for later libraries to upgrade.

Done once for each version of the tables, when it is published: `python -m tests.ledger.released.write`.
What is written is never changed afterwards: it is what that library really left behind.
"""

from __future__ import annotations

import json
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from pathlib import Path

from attrs import asdict, evolve

from reminder_kit import Appointment, Recipient, ReminderKit, Rule
from reminder_kit.ledger.ledger import Ledger
from reminder_kit.ledger.sql.tables import tables_of
from reminder_kit.ledger.versions import VERSIONS
from reminder_kit.model.messages import DeliveryEvent
from reminder_kit.providers.telnyx.provider import Telnyx
from reminder_kit.sandbox import Sandbox, SandboxTransport

START = datetime(2026, 2, 10, 14, tzinfo=UTC)
RULES = (
    Rule("day-before", before="24 hours", text="{{ appointment.title }} {{ when }}"),
    Rule("hour-before", before="1 hour", text="Soon: {{ when }}"),
)
FOLDER = Path(__file__).parent


def kit_on(ledger, sandbox):
    """Return the kit whose ledger is written down, and that goes on with it after an upgrade."""
    provider = Telnyx("KEY", "+12025550100", webhook_url="https://clinic.example/hooks", public_key=sandbox.public_key)
    options = {"timezone": "America/New_York", "clock": sandbox.clock, "transport": SandboxTransport(sandbox)}
    kit = ReminderKit(provider, RULES, ledger, replies={"confirm": ["C"]}, concurrency=1, **options)
    kit._io._sleep = lambda _delay: None
    return kit


def visit(id, *, days, number, **changes):
    starts_at = START + timedelta(days=days)
    recipients = [Recipient(f"+120255501{number:02}", id="P-1", name="Ada")]
    return Appointment(
        id, starts_at, starts_at + timedelta(minutes=30), recipients=recipients, title="Visit", **changes
    )


def live(kit, sandbox):
    """Live through all that leaves a trace in the ledger."""
    kit.sync([visit("sent", days=1.1, number=1), visit("moved", days=4, number=2, revision=3)])
    sandbox.fault("drop_after", 3, method="POST")
    kit.sync(visit("unknown", days=4.5, number=3))
    sandbox.clock.advance(days=1, hours=1)
    kit.resync(force=True)  # its key has died by now
    for hook in sandbox.hooks.sent:
        kit.receive(*hook.as_sent(sandbox.now()))
    kit.receive(*sandbox.inbound("+12025550101", "C").as_sent(sandbox.now()))
    kit.receive(*sandbox.inbound("+12025550104", "STOP").as_sent(sandbox.now()))
    kit.sync(
        [
            visit("moved", days=4.2, number=2, revision=4),
            visit("opted out", days=4, number=4),
            visit("far", days=40, number=5),
            visit("nobody", days=4, number=6, tags={"vip"}, data={"room": 4}, url="https://clinic.example/7"),
            visit("weekly", days=4, number=7, recurrence_id="2026-02-14T14:00:00Z", source="calendar"),
            evolve(visit("no number", days=4, number=8), recipients=[Recipient("12")]),
        ]
    )
    kit.withdraw("nobody")
    kit.suppress("+12025550199", reason="asked at the desk")
    kit.sync(visit("going", days=4, number=9))
    sandbox.fault("503", None, method="DELETE")
    kit.sync(visit("going", days=4, number=9, status="cancelled"))
    sandbox.faults.clear()
    sandbox.fault("drop_before", None, method="POST")
    kit.sync(visit("coming", days=4, number=10))
    sandbox.faults.clear()
    kit.record(visit("recorded", days=4, number=11))
    early = DeliveryEvent("E-1", "delivered", START, "telnyx", "not-known-yet", number="+12025550112", raw={"a": 1})
    (far,) = kit.ledger.read(lambda reader: list(reader.records(ids=["far"])))
    with kit.ledger.writing() as transaction:
        transaction.store_event(early, sandbox.now())
        transaction.claim([far.row], "host:4194399:0:gone.1", sandbox.now(), timedelta(seconds=60))


def rows_of(ledger):
    """Return every row of every table, as JSON can hold them."""

    def read(connection):
        found = {}
        for name, table in tables_of(None).metadata.tables.items():
            rows = [dict(mapping) for mapping in connection.execute(table.select()).mappings()]
            found[name] = [{key: _shown(value) for key, value in row.items()} for row in rows]
        return found

    return ledger.ask(read, {})


def _shown(value):
    return {"base64": b64encode(value).decode()} if isinstance(value, bytes) else value


def _lines(written):
    """Return JSON with each row in a line of its own."""
    return json.dumps(written, default=lambda at: at.isoformat(), sort_keys=True).replace("}, {", "},\n{")


def main():
    """Write the file of this version."""
    sandbox, ledger = Sandbox(clock=START, strict=True), Ledger("sqlite://")
    ledger.upgrade()
    with kit_on(ledger, sandbox) as kit:
        live(kit, sandbox)
        written = {
            "now": sandbox.now().isoformat(),
            "tables": rows_of(ledger),
            "provider": [{**asdict(message), "errors": []} for message in sandbox.messages()],
        }
    path = FOLDER / f"{VERSIONS[-1]}.json"
    path.write_text(_lines(written) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
