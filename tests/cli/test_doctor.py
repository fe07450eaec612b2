"""`doctor`: each thing that must be right is one line, and what is wrong says what to do."""

from __future__ import annotations

import socket

import pytest

from reminder_kit.cli.doctor import examined


def states(ran):
    return {(each["check"], each["state"]) for each in ran.json}


def message(ran, check):
    return " ".join(each["message"] for each in ran.json if each["check"] == check)


def test_all_is_well_after_the_first_runs(run, telnyx, machine_now, calendar, event):
    telnyx.clock.set(machine_now)
    assert run("resync").status == 0
    ran = run("doctor")
    assert ran.status == 0
    assert [line.split()[:2] for line in ran.out.splitlines()] == [
        ["ok", "configuration"],
        ["ok", "rules"],
        ["ok", "ledger"],
        ["ok", "batch"],
        ["ok", "credentials"],
        ["ok", "provider"],
        ["ok", "clock"],
    ]


def test_a_wrong_configuration_ends_it(run, folder):
    (folder / "reminders.toml").write_text("timezone = 5")
    ran = run("doctor", "--json")
    assert ran.status == 1
    assert states(ran) == {("configuration", "fail")}


def test_a_missing_key_fails_and_names_the_variable(run):
    ran = run("doctor", "--json")
    assert ran.status == 1
    assert ("credentials", "fail") in states(ran)
    assert "TELNYX_API_KEY" in message(ran, "credentials")


def test_a_refused_key_fails(run, telnyx, monkeypatch):
    monkeypatch.setenv("TELNYX_API_KEY", "KEYWRONG")
    ran = run("doctor", "--json")
    assert ran.status == 1
    assert ("provider", "fail") in states(ran)
    assert "refuses the key (401)" in message(ran, "provider")
    assert "KEYWRONG" not in ran.out


def test_an_unreachable_provider_fails(run, telnyx, monkeypatch):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        monkeypatch.setenv("TELNYX_BASE_URL", f"http://127.0.0.1:{taken.getsockname()[1]}/v2")
        ran = run("doctor", "--json")
    assert ran.status == 1
    assert ("provider", "fail") in states(ran)


def test_a_provider_in_trouble_is_a_warning(run, telnyx):
    telnyx.fault("500", times=1)
    ran = run("doctor", "--json")
    assert ("provider", "warn") in states(ran)


def test_a_local_clock_of_its_own_is_a_warning(run, telnyx):
    ran = run("doctor", "--json")
    assert ran.status == 0
    assert {("clock", "warn"), ("ledger", "warn")} <= states(ran)


@pytest.mark.parametrize(
    ("url", "part"),
    [("sqlite:///no/such/folder/r.db", "cannot be created"), ("sqlite:///reminders.toml", "reminders.toml")],
    ids=["no folder", "no database"],
)
def test_an_impossible_ledger_fails(run, telnyx, folder, url, part):
    path = folder / "reminders.toml"
    path.write_text(path.read_text().replace("[[rules]]", f'[ledger]\nurl = "{url}"\n\n[[rules]]'))
    ran = run("doctor", "--json")
    assert ran.status == 1
    assert ("ledger", "fail") in states(ran)
    assert part in message(ran, "ledger")


def test_it_writes_nothing(run, telnyx, folder):
    run("doctor")
    assert not (folder / "reminders.db").exists()
    assert telnyx.write_count == 0


def test_rules_that_cost_more_than_need_be_are_warnings(folder, machine_now):
    path = folder / "reminders.toml"
    path.write_text(path.read_text().replace("Hi {{", "Hi ☺ {{").replace('timezone = "America/New_York"', ""))
    found = [(each.what, each.state) for each in examined(str(path), machine_now)]
    assert ("rules", "warn") in found
    assert ("configuration", "warn") in found
