"""`doctor`: each thing that must be right is one line, and what is wrong says what to do."""

from __future__ import annotations

import os
import socket
from datetime import UTC, datetime

import pytest

from reminder_kit.cli.doctor import _skew, examined
from reminder_kit.config.loading import load
from reminder_kit.ports import Response
from reminder_kit.providers.telnyx.provider import Telnyx
from tests.factories import NOW


def states(ran):
    return {(item["check"], item["state"]) for item in ran.json}


def message(ran, check):
    return " ".join(item["message"] for item in ran.json if item["check"] == check)


def test_all_is_well_after_the_first_runs(run, telnyx, machine_now, calendar, event):
    """Every check is ok, in order from the file to the clock, once a resync has run."""
    telnyx.clock.set(machine_now)
    assert run("resync").status == 0
    ran = run("doctor")
    assert ran.status == 0
    assert [line.split()[:2] for line in ran.out.splitlines()] == [
        ["ok", "configuration"],
        ["ok", "rules"],
        ["ok", "ledger"],
        ["ok", "batch"],
        ["ok", "attention"],
        ["ok", "credentials"],
        ["ok", "provider"],
        ["ok", "profile"],
        ["ok", "clock"],
    ]


def test_a_wrong_configuration_ends_it(run, folder):
    """A configuration that can't be read is the only finding: the rest depends on it."""
    (folder / "reminders.toml").write_text("timezone = 5")
    ran = run("doctor", "--json")
    assert ran.status == 1
    assert states(ran) == {("configuration", "fail")}


def test_a_missing_key_fails_and_names_the_variable(run):
    """Missing credentials fail with the name of the variable to set."""
    ran = run("doctor", "--json")
    assert ran.status == 1
    assert ("credentials", "fail") in states(ran)
    assert "TELNYX_API_KEY" in message(ran, "credentials")


def test_a_refused_key_fails(run, telnyx, monkeypatch):
    """A key the provider refuses fails with its status, and is not printed."""
    monkeypatch.setenv("TELNYX_API_KEY", "KEYWRONG")
    ran = run("doctor", "--json")
    assert ran.status == 1
    assert ("provider", "fail") in states(ran)
    assert "refuses the key (401)" in message(ran, "provider")
    assert "KEYWRONG" not in ran.out


def test_an_unreachable_provider_fails(run, telnyx, monkeypatch):
    """A provider that doesn't answer fails, and so does the doctor."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        monkeypatch.setenv("TELNYX_BASE_URL", f"http://127.0.0.1:{taken.getsockname()[1]}/v2")
        ran = run("doctor", "--json")
    assert ran.status == 1
    assert ("provider", "fail") in states(ran)


def test_a_provider_in_trouble_is_a_warning(run, telnyx):
    """A provider's 500 is its own trouble, which passes: a warning."""
    telnyx.fault("500", times=1)
    ran = run("doctor", "--json")
    assert ("provider", "warn") in states(ran)


def test_a_local_clock_of_its_own_is_a_warning(run, telnyx):
    """A sandbox with another time, and a ledger not there yet, are warnings only."""
    ran = run("doctor", "--json")
    assert ran.status == 0
    assert {("clock", "warn"), ("ledger", "warn")} <= states(ran)


@pytest.mark.parametrize(
    "date", ["", "soon", "Sun, 15 Feb 99999999999 14:30:00 GMT"], ids=["none", "no date", "far off"]
)
def test_a_provider_that_tells_no_time_is_a_warning(date):
    """Whatever stands in its Date header."""
    now, telnyx = datetime(2026, 2, 15, 14, 30, tzinfo=UTC), Telnyx("KEY", "+12025550100")
    (finding,) = _skew(telnyx, Response(200, {"date": date}, b""), now)
    assert (finding.what, finding.state) == ("clock", "warn")
    assert finding.message.startswith("the provider tells no time")


@pytest.mark.parametrize(
    ("url", "part"),
    [("sqlite:///no/such/folder/r.db", "cannot be created"), ("sqlite:///reminders.toml", "reminders.toml")],
    ids=["no folder", "no database"],
)
def test_an_impossible_ledger_fails(run, telnyx, folder, url, part):
    """A ledger that can't be created, or is another file, fails with its path."""
    path = folder / "reminders.toml"
    path.write_text(path.read_text().replace("[[rules]]", f'[ledger]\nurl = "{url}"\n\n[[rules]]'))
    ran = run("doctor", "--json")
    assert ran.status == 1
    assert ("ledger", "fail") in states(ran)
    assert part in message(ran, "ledger")


def test_a_ledger_that_anybody_may_read_is_a_warning(run, telnyx, machine_now, folder):
    """Also one made by an earlier version; a new one is its owner's alone, or a group's where the file says so."""
    path = folder / "reminders.toml"
    path.write_text(path.read_text().replace("[[rules]]", '[ledger]\nmode = "0660"\n\n[[rules]]'))
    telnyx.clock.set(machine_now)
    assert run("resync").status == 0
    assert (folder / "reminders.db").stat().st_mode & 0o777 == 0o660
    assert ("ledger", "warn") not in states(run("doctor", "--json"))
    (folder / "reminders.db").chmod(0o644)
    ran = run("doctor", "--json")
    assert (ran.status, ("ledger", "warn") in states(ran)) == (0, True)
    assert "reminders.db (mode 0644), which holds numbers and texts: chmod 0600" in message(ran, "ledger")


def test_it_writes_nothing(run, telnyx, folder):
    """The doctor makes no ledger and writes nothing at the provider."""
    run("doctor")
    assert not (folder / "reminders.db").exists()
    assert telnyx.write_count == 0


def test_rules_that_cost_more_than_need_be_are_warnings(folder):
    """A text outside the GSM alphabet and a missing zone are warnings."""
    path = folder / "reminders.toml"
    path.write_text(path.read_text().replace("Hi {{", "Hi ☺ {{").replace('timezone = "America/New_York"', ""))
    found = [(finding.what, finding.state) for finding in examined(lambda: load(path))]
    assert ("rules", "warn") in found
    assert ("configuration", "warn") in found


@pytest.fixture
def second(folder, telnyx, monkeypatch):
    """Return a writer of a fallback's table into the configuration; Twilio is the local sandbox, too."""
    monkeypatch.setenv("TWILIO_BASE_URL", os.environ["TELNYX_BASE_URL"].removesuffix("/v2"))
    monkeypatch.setenv("TWILIO_ACCOUNT_SID", "AC" + "1" * 32)

    def write(table):
        path = folder / "reminders.toml"
        path.write_text(path.read_text().replace("[[rules]]", f"[fallback]\n{table}\n\n[[rules]]"))

    return write


TWILIO = 'name = "twilio"\nmessaging_service_sid = "MG' + "2" * 32 + '"'


def test_a_fallback_is_looked_at_like_the_provider(run, telnyx, machine_now, second, monkeypatch):
    """The fallback's credentials, answer and clock are checked like the provider's."""
    telnyx.clock.set(machine_now)
    second(TWILIO)
    monkeypatch.setenv("TWILIO_AUTH_TOKEN", "KEY0123")
    ran = run("doctor", "--json")
    assert ran.status == 0
    assert [(item["check"], item["state"]) for item in ran.json if item["check"] == "fallback"] == [
        ("fallback", "ok")
    ] * 4
    assert "twilio at http://127.0.0.1" in message(ran, "fallback")
    assert "'Sandbox' reports to" in message(ran, "fallback")


def test_what_is_set_at_telnyx_is_told(run, telnyx, machine_now):
    """The messaging profile's newer settings are told where they are on, and a profile that is off fails."""
    telnyx.clock.set(machine_now)
    telnyx.settings["telnyx"] = {"mobile_only": True, "daily_spend_limit": "5.00", "daily_spend_limit_enabled": True}
    ran = run("doctor", "--json")
    assert ("profile", "fail") not in states(ran)
    assert "mobile_only is on: numbers that are no mobiles are refused" in message(ran, "profile")
    assert "for 5.00 USD a day at most" in message(ran, "profile")
    telnyx.settings["telnyx"] = {"enabled": False}
    ran = run("doctor", "--json")
    assert ran.status == 1
    assert ("profile", "fail") in states(ran)


def test_settings_that_cannot_be_had_are_no_failure(run, telnyx, machine_now, second, monkeypatch):
    """Where the fallback's service cannot be read, that is a warning, and the rest is examined."""
    telnyx.clock.set(machine_now)
    second(TWILIO)
    monkeypatch.setenv("TWILIO_AUTH_TOKEN", "KEY0123")
    for kind in ("500", "drop_before"):
        telnyx.fault(kind, path="/v1/Services/*")
        ran = run("doctor", "--json")
        assert ("fallback", "warn") in states(ran)
        assert [item["check"] for item in ran.json][-1] == "fallback"


def test_a_run_goes_on_without_a_fallback_that_has_no_key(run, telnyx, second, calendar, event):
    """A fallback without credentials fails in the doctor and is a warning to a run."""
    second(TWILIO)
    ran = run("doctor", "--json")
    assert ran.status == 1
    assert ("fallback", "fail") in states(ran)
    assert "TWILIO_AUTH_TOKEN" in message(ran, "fallback")
    ran = run("import", calendar(event("A-1")), "--now", "2026-02-10T14:00:00Z")
    assert ran.status == 0
    assert "warning: the fallback can send nothing: Twilio" in ran.err


def test_a_fallback_that_keeps_its_own_time_needs_the_machines(run, telnyx, second, calendar, event, monkeypatch):
    """A run with `--now` is refused where the fallback is not on loopback."""
    second(TWILIO)
    monkeypatch.setenv("TWILIO_AUTH_TOKEN", "KEY0123")
    monkeypatch.setenv("TWILIO_BASE_URL", "https://api.twilio.example")
    ran = run("import", calendar(event("A-1")), "--now", "2026-02-10T14:00:00Z")
    assert ran.status == 2
    assert "twilio at api.twilio.example keeps its own time" in ran.err


def test_a_fallback_that_sends_as_the_provider_does_is_refused(run, telnyx, second):
    """A fallback with the provider's own sender ends a run with status 2."""
    second('name = "telnyx"\nfrom = "+1 202 555 0100"')
    ran = run("resync")
    assert ran.status == 2
    assert "the fallback sends from the same sender at telnyx" in ran.err


def test_of_each_polled_calendar_it_is_said_whether_absence_counts(run, folder):
    """Who polls a feed must know what becomes of an appointment that vanishes there."""
    (folder / "there.ics").write_text("BEGIN:VCALENDAR\nEND:VCALENDAR\n", encoding="utf-8")
    config = (folder / "reminders.toml").read_text()
    sources = (
        '["there.ics", "gone.ics", {path = "https://desk.example/a.ics?key=secret", name = "desk", complete = true}]'
    )
    (folder / "reminders.toml").write_text(f"{config}\n[calendar]\nsources = {sources}\n")
    ran = run("doctor", "--json")
    assert (ran.status, ("calendars", "fail") in states(ran)) == (1, True)  # as `resync` ends, which can't read it
    told = [item["message"] for item in ran.json if item["check"] == "calendars"]
    assert told == [
        "there (there.ics): what vanishes there stays, unless it says complete = true",
        "gone (gone.ics) is not there: check the path",
        "desk (https://desk.example/a.ics): what vanishes there is withdrawn, under the guard",
    ]


def test_the_directory_is_looked_at(run, telnyx, folder, calendar, event):
    """Where it can't be read no calendar can: doctor fails as imports do, and these name the configuration too."""
    config = folder / "reminders.toml"
    config.write_text(f'{config.read_text()}\n[calendar]\ndirectory = "people.csv"\n')
    ran = run("doctor", "--json")
    assert ("directory", "fail") in states(ran)
    assert "the directory people.csv cannot be read" in message(ran, "directory")
    file = calendar(event("A-1"))
    for command in (["import", file], ["appointments", file, "--from", "2026-02-01"]):
        ran = run(*command, "--now", NOW)
        assert ran.status == 2
        assert ran.err.startswith("error: reminders.toml: [calendar] directory: people.csv cannot be read")
    (folder / "people.csv").write_text("phone,name\n+12025550123,Ada\n")
    ran = run("doctor", "--json")
    assert ("directory", "ok") in states(ran)
    assert message(ran, "directory") == "people.csv can be read"


def test_a_channel_is_asked_whether_it_is_there(run, telnyx, machine_now, folder):
    """The SMTP server of the fallback is reached, or is not; nothing is sent, and no clock is compared."""
    telnyx.clock.set(machine_now)
    file = folder / "reminders.toml"
    given = file.read_text()
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    table = f'[fallback]\nname = "email"\nfrom = "a@b.example"\nhost = "127.0.0.1"\nport = {port}\n'
    file.write_text(f"{given}\n{table}")
    ran = run("doctor", "--json")
    assert ran.status == 1
    assert f"email at 127.0.0.1:{port}" in message(ran, "fallback")
    file.write_text(given + '\n[fallback]\nname = "callback"\ncall = "reminder_kit.model.phones:masked"\n')
    assert "it reaches who has a number, an address or a name" in message(run("doctor", "--json"), "fallback")


def test_a_channel_without_its_password_fails(run, telnyx, folder, monkeypatch):
    """A user whose password is nowhere is told with the variable to set."""
    monkeypatch.delenv("SMTP_PASSWORD", raising=False)
    table = '\n[fallback]\nname = "email"\nfrom = "a@b.example"\nhost = "b.example"\nusername = "clinic"\n'
    file = folder / "reminders.toml"
    file.write_text(file.read_text() + table)
    ran = run("doctor", "--json")
    assert ("fallback", "fail") in states(ran)
    assert "SMTP_PASSWORD" in message(ran, "fallback")


def test_a_calendar_on_a_server_is_asked_for(run, telnyx, folder, monkeypatch):
    """A server that is not there, or a user without a password, is a failure; whether absence counts is said."""
    monkeypatch.delenv("CALDAV_PASSWORD", raising=False)
    with socket.create_server(("127.0.0.1", 0)) as closed:
        address = f"http://127.0.0.1:{closed.getsockname()[1]}/desk/room/"
    file = folder / "reminders.toml"
    given = file.read_text()
    for user, said in (("", "cannot be fetched"), (', username = "desk"', "set CALDAV_PASSWORD")):
        table = f'\n[calendar]\nsources = [{{ caldav = "{address}"{user} }}]\n'
        file.write_text(given + table)
        ran = run("doctor", "--json")
        assert ("calendars", "fail") in states(ran)
        assert said in message(ran, "calendars")
