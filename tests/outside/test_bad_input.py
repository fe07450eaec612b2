"""Bad input of every kind: one line that names the thing and remedy, the right status, nothing half written."""

from __future__ import annotations

import pytest

from tests.factories import NOW

pytestmark = pytest.mark.slow

CONFIGURATIONS = {
    "broken TOML": ('America/New_York"', "America", ["line 2", "broken TOML"]),
    "unknown zone": ("America/New_York", "Mars/Base", ["timezone", "Mars/Base"]),
    "unknown provider": ('"telnyx"', '"telnix"', ["telnix", "telnyx, "]),
    "no sender": ('from = "+12025550190"', "", ["from", "[provider]"]),
    "misspelt key": ("from =", "form =", ["form", "did you mean"]),
    "offset without unit": ('before = "24 hours"', "before = 24", ["day-before", "line 13", "24 hours"]),
    "no such unit": ('"24 hours"', '"24 parsecs"', ["day-before", "24 parsecs"]),
    "rule without time": ('before = "24 hours"', "", ["day-before", "before"]),
    "one id twice": ('"two-hours"', '"day-before"', ["rules[1]", "rules[0]", "day-before"]),
    "no such hour": ('"21:00"', '"25:00"', ["quiet_hours", "25:00"]),
    "unknown variable": ("{{ when }}", "{{ whenn }}", ["day-before", "whenn", "when"]),
    "broken template": ("{{ when }}", "{{ when ", ["day-before", "text"]),
    "impossible notice": ('if_late = "skip"', 'min_notice = "3 hours"', ["two-hours", "min_notice"]),
    "unknown policy": ('if_late = "skip"', 'if_late = "maybe"', ["two-hours", "maybe", "clamp"]),
    "secret in the file": ("[provider]", '[provider]\napi_key = "KEYX"', ["api_key"]),
    "unreadable address": ("[provider]", '[provider]\nbase_url = "ftp://x"', ["base_url", "ftp://x"]),
    "unknown country": ('"US"', '"ZZ"', ["default_region", "ZZ"]),
    "unknown database": ("[quiet_hours]", '[ledger]\nurl = "oracle://x"\n[quiet_hours]', ["oracle", "sqlite"]),
}


@pytest.mark.parametrize(("old", "new", "words"), CONFIGURATIONS.values(), ids=CONFIGURATIONS)
def test_a_wrong_configuration_is_one_line_that_names_the_place(desk, telnyx, event, old, new, words):
    """A wrong configuration is one error line without secrets, and nothing is written or asked for."""
    text = (desk.folder / "reminders.toml").read_text()
    assert old in text
    desk.configure(text.replace(old, new))
    address = None if "base_url" in new else telnyx.url  # the environment's would stand in for it
    clinic = desk.write(event("A", "20260212T100000"))
    ran = desk.run("import", clinic, "--now", NOW, status=2, TELNYX_BASE_URL=address)
    assert ran.out == ""
    errors = [line for line in ran.err.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1
    assert ran.err.splitlines()[-1] == errors[0]
    assert [word for word in words if word not in errors[0]] == []
    assert "KEYX" not in ran.err
    assert (telnyx.requests, desk.files()) == ([], {})


FILES = {
    "absent": None,
    "empty": b"",
    "words": b"hello",
    "page": b"<!DOCTYPE html><html><body>Sign in</body></html>",
    "image": b"\x89PNG\r\n\x1a\n" + bytes(1000),
    "bytes": bytes(range(256)) * 40,
}


@pytest.mark.parametrize("content", FILES.values(), ids=FILES)
def test_a_file_that_is_no_calendar_is_refused(desk, telnyx, content):
    """A file that is no calendar ends each command with status 2 and one line that names it."""
    if content is not None:
        (desk.folder / "clinic.ics").write_bytes(content)
    for command in (["import", "clinic.ics", "--complete", "--now", NOW], ["plan", "clinic.ics", "--now", NOW]):
        ran = desk.run(*command, status=2)
        assert (ran.out, ran.err.count("\n"), "clinic.ics" in ran.err) == ("", 1, True)
    window = ("--from", NOW, "--to", "2026-02-20T00:00:00Z", "--json")
    assert desk.run("appointments", "clinic.ics", *window, status=2).out == ""
    assert (telnyx.requests, desk.files()) == ([], {})


def test_broken_events_are_named_and_hinder_no_other(desk, telnyx, event):
    """Broken events are named with line and UID, and the others are parked and then kept."""
    clinic = desk.write(
        event("good-1", "20260212T100000", people=("Ada:+12025550101",)),
        "BEGIN:VEVENT\nUID:no-start\nSUMMARY:x\nEND:VEVENT",
        event("no-rule", "20260212T100000", "RRULE:FREQ=SOMETIMES"),
        event("too-often", "20260212T100000", "RRULE:FREQ=SECONDLY"),
        event("unknown-zone", "20260212T110000", zone="Mars/Base", people=("Bob:+12025550102",)),
        event("nul", "20260212T120000", title="a\0b\x07c", people=("Cal:+12025550103",)),
        event("template", "20260212T130000", title="{{ 7*7 }}{% x %}", people=("Dee:+12025550104",)),
        "BEGIN:VEVENT\nUID:no-end\nDTSTART:20260212T100000Z",
        event("good-2", "20260212T140000", people=("Eve:+12025550105",)),
    )
    ran = desk.at("import", clinic, status=4)
    reported = {uid: line for line in ran.err.splitlines() for uid in line.split() if uid.endswith(":")}
    assert {"no-start:", "no-rule:", "too-often:", "no-end:"} <= set(reported)
    assert all("line " in reported[uid] for uid in ("no-start:", "no-rule:", "too-often:", "no-end:"))
    assert "'Mars/Base'" in ran.err
    assert [(to, text) for to, _, text in telnyx.parked() if "tomorrow" in text] == [
        ("+12025550101", "Hi Ada, Check-up tomorrow at 10:00 AM."),
        ("+12025550102", "Hi Bob, Check-up tomorrow at 11:00 AM."),
        ("+12025550103", "Hi Cal, abc tomorrow at 12:00 PM."),
        ("+12025550104", "Hi Dee, {{ 7*7 }}{% x %} tomorrow at 1:00 PM."),
        ("+12025550105", "Hi Eve, Check-up tomorrow at 2:00 PM."),
    ]
    again = desk.at("import", clinic, status=4)
    assert {change["change"] for change in again.changes} == {"keep"}


def test_an_event_that_became_unreadable_keeps_its_messages(desk, telnyx, event):
    """An event that can't be read any more is not missing, even in a complete and forced import."""
    other = event("other", "20260212T120000", people=("Bob:+12025550102",))
    desk.at("import", desk.write(event("A", "20260212T100000"), other))
    parked = telnyx.parked()
    broken = "BEGIN:VEVENT\nUID:A\nDTSTART:garbage\nSUMMARY:x\nEND:VEVENT"
    desk.at("import", desk.write(broken, other), "--complete", "--force", status=4)
    assert telnyx.parked() == parked


def test_a_ledger_that_is_no_ledger_is_left_as_it_is(desk, telnyx, event):
    """A ledger file that is no database is refused by name and not written over."""
    clinic = desk.write(event("A", "20260212T100000"))
    desk.ledger.write_bytes(b"garbage" * 1000)
    for command in (["plan", clinic], ["import", clinic], ["resync"], ["explain", "A"]):
        ran = desk.run(*command, "--now", NOW, status=2)
        assert (ran.out, ran.err.count("\n"), "reminders.db" in ran.err) == ("", 1, True)
    assert desk.files() == {"reminders.db": b"garbage" * 1000}
    assert telnyx.requests == []


def test_a_missing_key_is_named_before_anything_is_written(desk, telnyx, event):
    """An import without the provider's key leaves no ledger, and a plan needs no key."""
    clinic = desk.write(event("A", "20260212T100000"))
    ran = desk.run("import", clinic, "--now", NOW, status=2, TELNYX_API_KEY=None)
    assert (ran.out, ran.err.count("\n"), "TELNYX_API_KEY" in ran.err) == ("", 1, True)
    assert not desk.files()
    desk.at("plan", clinic, TELNYX_API_KEY=None)  # a preview needs none


@pytest.mark.slow
def test_an_unreachable_provider_loses_nothing(desk, telnyx, event):
    """What could not be posted fails with the address, and the next import parks it."""
    clinic = desk.write(event("A", "20260212T100000"))
    ran = desk.at("import", clinic, status=1, TELNYX_BASE_URL="http://127.0.0.1:9/v2")
    assert {change["outcome"] for change in ran.changes} == {"failed"}
    assert all("127.0.0.1:9" in change["error"] for change in ran.changes)
    desk.at("import", clinic)
    assert len(telnyx.parked()) == 2


@pytest.mark.parametrize(
    "arguments",
    [
        ["plan"],
        ["nonsense"],
        ["plan", "clinic.ics", "--now", "2026-02-10T14:00:00"],
        ["plan", "clinic.ics", "--now", "yesterday"],
        ["resync", "--every", "soon"],
        ["appointments", "clinic.ics", "--from", "2026-02-30", "--to", NOW],
        ["suppress", "12", "--now", NOW],
        ["appointments", "clinic.ics", "--from", NOW, "--to", NOW],
    ],
    ids=lambda arguments: " ".join(arguments)[:40],
)
def test_wrong_usage_is_status_2_and_says_nothing_on_stdout(desk, telnyx, event, arguments):
    """Wrong arguments end with status 2 before a ledger is made, and stdout stays empty."""
    desk.write(event("A", "20260212T100000"))
    ran = desk.run(*arguments, status=2)
    assert ran.out == ""
    assert not desk.files()
