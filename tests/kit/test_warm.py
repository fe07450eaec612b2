"""Warming: a worker loads what its first run needs before its first request, and does nothing else."""

from __future__ import annotations

import asyncio
import subprocess
import sys

from reminder_kit import AsyncReminderKit, ReminderKit, Rule
from reminder_kit.providers.telnyx.provider import Telnyx

RULES = [Rule("day-before", before="24 hours", text="See you {{ when }}.")]
WARMED = """
import sys
from reminder_kit import ReminderKit, Rule
from reminder_kit.providers.telnyx import Telnyx
kit = ReminderKit(Telnyx("KEY", "+12025550100", base_url="http://127.0.0.1:9/v2"), [
    Rule("day-before", before="24 hours", text="See you {{ when }}.")], sys.argv[1], timezone="UTC")
kit.warm()
wanted = "httpx", "sqlalchemy", "babel.dates", "phonenumbers", "jinja2", "reminder_kit.transport.connections"
print([name for name in wanted if name not in sys.modules], kit.ledger.check_schema())
idle = "alembic", "click", "rich", "pygments", "reminder_kit.calendars.reader", "sqlalchemy.dialects.postgresql"
print([name for name in (*idle, "reminder_kit.kit.tenants", "sqlalchemy.orm") if name in sys.modules])
"""


def test_what_a_first_run_needs_is_loaded_and_nothing_is_written(tmp_path):
    """In a process of its own: no ledger appears, nobody is asked, and what only others need is not loaded.

    At port 9 nobody would answer; others have calendars, PostgreSQL, many tenants, or httpx's command line.
    """
    line = [sys.executable, "-c", WARMED, f"sqlite:///{tmp_path / 'r.db'}"]
    ran = subprocess.run(line, capture_output=True, text=True, check=False)
    assert ran.stdout == "[] absent\n[]\n", ran.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_kit_that_is_warm_works_as_any_other(make_kit, sandbox, appointment):
    kit = make_kit()
    kit.sync(appointment())
    kit.warm()
    assert kit.explain("A-1").reminders
    assert len(sandbox.parked()) == 1


def test_the_async_face_warms_too(tmp_path):
    async def story():
        async with AsyncReminderKit(Telnyx("KEY", "+12025550100"), RULES, f"sqlite:///{tmp_path / 'r.db'}") as kit:
            await kit.warm()
            return (await kit.plan([])).changes

    assert asyncio.run(story()) == ()
    assert "warm" in dir(ReminderKit)
