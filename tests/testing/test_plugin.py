"""The pytest plug-in: its fixtures show a host what its people would receive; unused, it loads nothing."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta
from importlib.metadata import entry_points

import pytest

from reminder_kit import Appointment, Rule

pytest_plugins = ["pytester"]

HOST = """
from datetime import timedelta
import pytest
from reminder_kit import Appointment, AsyncReminderKit, Recipient, ReminderKit, Rule

RULES = [Rule("r", before="24 hours", text="See you {{ when }}.")]

def visit(clock, days=10, id="A-1"):
    person = Recipient("+12025550123", name="Ada")
    return Appointment(id, clock() + timedelta(days=days), timezone="America/New_York", recipients=[person])
"""


@pytest.fixture
def loaded(reminder_kit_maker, reminder_kit_clock, reminder_kit_would_receive, reminder_kit_signed_event):
    """Have everything loaded that hosts' tests need: of what an inner run loads first, a second copy is no good."""
    kit = reminder_kit_maker([Rule("r", before="24 hours", text="See you {{ when }}.")])
    starts_at = reminder_kit_clock() + timedelta(days=3)
    kit.sync(Appointment("A-1", starts_at, timezone="America/New_York", recipients=["+12025550123"]))
    kit.receive(*reminder_kit_signed_event("telnyx", "opted_out", number="+12025550123"))
    assert reminder_kit_would_receive(kit, "+12025550123") == []


@pytest.fixture
def host(loaded, pytester):
    """Return a runner of a host's tests, in this process: to start one of their own takes seconds."""

    def run(tests, **files):
        pytester.makepyfile(test_host=HOST + tests)
        for name, text in files.items():
            pytester.makefile(".toml", **{name: text})
        without = ("-p", "no:cacheprovider", "-p", "no:hypothesispytest", "-p", "no:xdist")
        return pytester.runpytest_inprocess("-q", *without, "-W", "error")

    return run


def test_pytest_finds_it_by_its_entry_point():
    """A host that installs the library has the fixtures without a line of configuration."""
    (point,) = entry_points(group="pytest11", name="reminder_kit")
    assert point.value == "reminder_kit.testing.plugin"


def test_a_host_sees_what_would_be_received(host):
    """`reminder_kit_would_receive` lets time pass and returns the texts that a phone got, with their times."""
    ran = host("""
def test_held_parked_sent(reminder_kit_maker, reminder_kit_clock, reminder_kit_sandbox, reminder_kit_would_receive):
    kit = reminder_kit_maker(RULES, quiet_hours=None)
    assert kit.sync(visit(reminder_kit_clock)).summary["hold"] == 1
    start = reminder_kit_clock()
    (message,) = reminder_kit_would_receive(kit, "+12025550123")
    assert (message.text, message.sent_at) == ("See you tomorrow at 9:00 AM.", start + timedelta(days=9))
    assert reminder_kit_clock() == start + timedelta(days=31)
    assert reminder_kit_would_receive(kit, "+12025550199") == []

def test_withdrawn(reminder_kit_maker, reminder_kit_clock, reminder_kit_would_receive):
    kit = reminder_kit_maker(RULES)
    kit.sync(visit(reminder_kit_clock, days=3))
    kit.withdraw("A-1")
    assert reminder_kit_would_receive(kit, "+12025550123") == []

def test_only_so_far(reminder_kit_maker, reminder_kit_clock, reminder_kit_would_receive):
    kit = reminder_kit_maker(RULES)
    kit.sync([visit(reminder_kit_clock, days=3), visit(reminder_kit_clock, days=6, id="A-2")])
    assert len(reminder_kit_would_receive(kit, "+12025550123", within=timedelta(days=4))) == 1
    assert len(reminder_kit_would_receive(kit, "+12025550123", within=timedelta(days=4))) == 2
""")
    ran.assert_outcomes(passed=3)


def test_any_kit_can_be_put_onto_the_sandbox(host):
    """Async kits, kits from a file and kits of another provider all work on the plug-in's sandbox."""
    ran = host(
        """
import asyncio

def test_awaited(reminder_kit_options, reminder_kit_clock, reminder_kit_would_receive):
    async def told():
        async with AsyncReminderKit(rules=RULES, **reminder_kit_options) as kit:
            await kit.sync(visit(reminder_kit_clock))
            return [message.text for message in await reminder_kit_would_receive(kit, "+12025550123")]
    assert asyncio.run(told()) == ["See you tomorrow at 9:00 AM."]

def test_configured(reminder_kit_maker, reminder_kit_clock, reminder_kit_would_receive):
    kit = reminder_kit_maker(config="reminders.toml")
    kit.sync(visit(reminder_kit_clock))
    assert [message.text for message in reminder_kit_would_receive(kit, "+12025550123")] == ["From the file."]

def test_held_and_sent_by_us(reminder_kit_sandbox, reminder_kit_maker, reminder_kit_clock, reminder_kit_would_receive):
    from reminder_kit.providers.vonage.provider import Vonage
    kit = reminder_kit_maker(RULES, provider=Vonage("+12025550100", "abcd1234", "SECRET"))
    kit.sync(visit(reminder_kit_clock))
    start = reminder_kit_clock()
    (message,) = reminder_kit_would_receive(kit, "+12025550123", within=timedelta(days=12))
    assert message.sent_at == start + timedelta(days=9)
""",
        reminders='[provider]\nname = "telnyx"\nfrom = "+12025550100"\n\n'
        '[[rules]]\nid = "r"\nbefore = "24 hours"\ntext = "From the file."\n',
    )
    ran.assert_outcomes(passed=3)


def test_a_host_that_records_in_its_own_transaction_says_where_its_database_is(host):
    """`reminder_kit_ledger`, overridden, puts the kit's ledger into the host's own database: both commit together."""
    ran = host("""
import sqlite3

@pytest.fixture
def reminder_kit_ledger(tmp_path):
    return f"sqlite:///{tmp_path / 'app.db'}"

@pytest.mark.parametrize("commits", [True, False])
def test_one_transaction(reminder_kit_maker, reminder_kit_clock, reminder_kit_would_receive, tmp_path, commits):
    kit = reminder_kit_maker(RULES)
    kit.ledger.upgrade()
    app = sqlite3.connect(tmp_path / "app.db")
    app.execute("CREATE TABLE bookings (id TEXT)")
    app.execute("INSERT INTO bookings VALUES ('A-1')")
    kit.record(visit(reminder_kit_clock), connection=app)
    app.commit() if commits else app.rollback()
    app.close()
    assert len(reminder_kit_would_receive(kit, "+12025550123")) == commits
""")
    ran.assert_outcomes(passed=2)


def test_the_clock_starts_where_a_host_says(host):
    """The clock starts where a host says and its own names are left alone."""
    ran = host("""
@pytest.fixture
def reminder_kit_start():
    return "2027-07-01T12:00:00Z"

@pytest.fixture
def sandbox(): return "the host's own"

@pytest.fixture
def kit(): return "the host's own"

@pytest.fixture
def clock(): return "the host's own"

def test_it(reminder_kit_clock, sandbox, kit, clock):
    assert f"{reminder_kit_clock():%Y-%m-%d}" == "2027-07-01"
    assert {sandbox, kit, clock} == {"the host's own"}
""")
    ran.assert_outcomes(passed=1)


def test_a_signed_event_reaches_the_hosts_endpoint(host):
    """A signed opt-out withdraws what is parked; a forged or stale one is refused."""
    pytest.importorskip("cryptography")
    ran = host("""
from reminder_kit.errors import SignatureError

def test_stop(reminder_kit_maker, reminder_kit_clock, reminder_kit_sandbox, reminder_kit_signed_event):
    kit = reminder_kit_maker(RULES)
    kit.sync(visit(reminder_kit_clock, days=3))
    kit.receive(*reminder_kit_signed_event("telnyx", "opted_out", number="+12025550123"))
    kit.resync(only_dirty=True)
    assert reminder_kit_sandbox.parked() == []
    for wrong in ({"forged": True}, {"stale": True}):
        with pytest.raises(SignatureError):
            kit.receive(*reminder_kit_signed_event("telnyx", "opted_out", **wrong))
""")
    ran.assert_outcomes(passed=1)


def test_unused_it_loads_nothing_of_the_library(pytester, monkeypatch):
    """A test run that uses no fixture of ours imports the plug-in and none of its dependencies."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.makepyfile("""
import sys

def test_it():
    loaded = {name for name in sys.modules if name.startswith("reminder_kit")}
    assert loaded == {"reminder_kit", "reminder_kit.testing", "reminder_kit.testing.plugin"}
    assert not {"attr", "attrs", "pendulum", "httpx", "sqlalchemy", "phonenumbers", "cryptography"} & set(sys.modules)
""")
    only_ours = ("-p", "reminder_kit.testing.plugin")
    ran = pytester.runpytest_subprocess("-q", *only_ours, "-p", "no:cacheprovider")
    ran.assert_outcomes(passed=1)


def test_hosts_without_pytest_have_the_helpers_too():
    """`reminder_kit.testing` works where pytest is not installed."""
    code = (
        "import sys; sys.modules['pytest'] = None; import reminder_kit.testing as t; "
        "assert t.signed_event and t.would_receive and t.Stage; "
        "assert set(t.__all__) <= set(dir(t))"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_name_there_is_not_is_an_attribute_error():
    """Names are loaded when they are asked for, and a wrong one is refused by name."""
    import reminder_kit.testing

    assert reminder_kit.testing.ProviderContract.__name__ == "ProviderContract"
    with pytest.raises(AttributeError, match="Pigeon"):
        assert reminder_kit.testing.Pigeon
