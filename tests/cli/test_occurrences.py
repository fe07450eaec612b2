"""Instants and occurrences as people type them: any spelling is the same instant, and what is none says what would be.

The series: at ten in Berlin (09:00 UTC until the clocks change), all day, and at ten of no zone at all.
"""

from __future__ import annotations

import pytest

from reminder_kit import Appointment, Recipient, ReminderKit
from reminder_kit.model.instants import from_iso

NOW = "2026-02-27T12:00:00Z"
SERIES = {
    "zoned": ("DTSTART;TZID=Europe/Berlin:20260302T100000", "2026-03-02T09:00:00Z"),
    "all-day": ("DTSTART;VALUE=DATE:20260302", "2026-03-02"),
    "floating": ("DTSTART:20260302T100000", "2026-03-02T10:00:00"),
}
SPELLINGS = {
    "zoned": [
        "2026-03-02T09:00:00Z", "2026-03-02T10:00:00+01:00", "20260302T090000Z", "2026-03-02T09:00:00.500Z",
        "2026-03-02T09:00:00,25Z", "2026-03-02t09:00:00z", "2026-03-02 10:00+01:00", "2026-03-02T04:00:00-0500",
        "20260302T1000+01", "2026-03-02 09:00 UTC",
    ],
    "all-day": ["2026-03-02", "20260302"],
    "floating": ["2026-03-02T10:00:00", "20260302T100000", "2026-03-02 10:00"],
}  # fmt: skip
WRONG = [
    "tomorrow", "2026-13-02T09:00:00Z", "2026-03-02T25:00Z", "02/03/2026", "2026-03-02T09:00:00+25:00",
    "0001-01-01T00:00+01:00",
]  # fmt: skip
OTHERS = [
    ("zoned", "2026-03-02T10:00:00Z"), ("zoned", "2026-03-02T10:00:00"), ("floating", "2026-03-02T10:00:00Z"),
    ("all-day", "2026-03-02T00:00:00Z"),
]  # fmt: skip


@pytest.fixture
def series(run, telnyx, calendar):
    """Three imported series of three days each."""
    telnyx.clock.set(NOW)
    events = [
        "\r\n".join([
            "BEGIN:VEVENT", f"UID:{name}", "DTSTAMP:20260201T000000Z", start, "RRULE:FREQ=DAILY;COUNT=3",
            f"SUMMARY:{name}", f"ATTENDEE;CN=Ann:tel:+1202555012{number}", "END:VEVENT",
        ])
        for number, (name, (start, _)) in enumerate(SERIES.items())
    ]  # fmt: skip
    assert run("import", calendar(*events), "--now", NOW).status == 0


@pytest.mark.parametrize("name", SERIES)
def test_an_occurrence_is_explained_in_any_spelling(run, series, name):
    """Of all spellings `explain` speaks of that one, and of no other."""
    for text in SPELLINGS[name]:
        why = run("explain", name, "--recurrence-id", text, "--now", NOW, "--json")
        assert why.status == 0, text
        assert {row["recurrence_id"] for row in why.json["reminders"]} == {SERIES[name][1]}, text


@pytest.mark.parametrize(
    ("name", "text"), [("zoned", "2026-03-02t10:00:00.5+01:00"), ("all-day", "20260302"), ("floating", "20260302T1000")]
)
def test_an_occurrence_is_cancelled_in_any_spelling(run, series, telnyx, name, text):
    """`cancel` withdraws that one, and leaves the others parked."""
    parked = len(telnyx.parked())
    ran = run("cancel", name, "--recurrence-id", text, "--now", NOW, "--json")
    assert [row["recurrence_id"] for row in ran.json["changes"] if row["change"] == "cancel"] == [SERIES[name][1]]
    assert (ran.status, len(telnyx.parked())) == (0, parked - 1)


@pytest.mark.parametrize("command", ["explain", "cancel"])
def test_what_spells_no_start_is_wrong_usage(run, series, telnyx, command):
    """The value is named, and a spelling shown that is recorded; nothing is withdrawn."""
    parked = len(telnyx.parked())
    for text in WRONG:
        ran = run(command, "zoned", "--recurrence-id", text, "--now", NOW)
        assert (ran.status, ran.out) == (2, "")
        assert f"Invalid value for '--recurrence-id': {text!r}" in ran.err
        assert "write 2026-03-02T09:00:00Z" in ran.err
    assert run(command, "unknown", "--recurrence-id", "tomorrow", "--now", NOW).status == 2
    assert len(telnyx.parked()) == parked


@pytest.mark.parametrize("command", ["explain", "cancel"])
def test_an_occurrence_without_a_name_is_wrong_usage(run, series, telnyx, command):
    """`--recurrence-id "$UNSET"` means neither the whole series nor an appointment that is none."""
    parked = len(telnyx.parked())
    for text in ("", " "):
        assert run(command, "zoned", "--recurrence-id", text, "--now", NOW).status == 2
    assert len(telnyx.parked()) == parked


@pytest.mark.parametrize("command", ["explain", "cancel"])
def test_another_start_names_those_that_are_recorded(run, series, telnyx, command):
    """Status 1, as for an unknown id; the same wall clock elsewhere is another instant."""
    parked = len(telnyx.parked())
    for name, text in OTHERS:
        ran = run(command, name, "--recurrence-id", text, "--now", NOW)
        assert ran.status == 1
        assert f"has no occurrence {text}: recorded of it are {SERIES[name][1]}, " in ran.err
    assert len(telnyx.parked()) == parked


def test_a_name_of_the_hosts_own_is_taken_as_it_is(run, telnyx):
    """A host may call its occurrences whatever it likes."""
    start, people = from_iso("2026-03-03T15:00:00Z"), [Recipient("+12025550123")]
    with ReminderKit.from_config("reminders.toml", clock=lambda: from_iso(NOW)) as kit:
        kit.record(Appointment("W", start, recipients=people, recurrence_id="week 3"))
    assert run("explain", "W", "--recurrence-id", "week 3", "--now", NOW).status == 0
    assert run("explain", "W", "--recurrence-id", "week 4", "--now", NOW).status == 2


def test_instants_of_options_may_be_spelled_in_any_way(run, calendar, event):
    """`--now`, `--as-of`, `--from` and `--to` are the same instant in any spelling."""
    file = calendar(event("A-1"))
    for text in ("2026-02-10T15:00:00+01:00", "20260210T140000Z", "2026-02-10t14:00:00.9z"):
        assert run("plan", file, "--now", text, "--as-of", text, "--json").json["now"] == "2026-02-10T14:00:00Z"
        assert run("attention", "--now", text, "--json").json["now"] == "2026-02-10T14:00:00Z"
        assert run("appointments", file, "--from", text, "--to", "20260228T000000Z", "--json").json["id"] == "A-1"
        assert run("appointments", file, "--from", "2026-02-01T00:00:00Z", "--to", text, "--json").out == ""


@pytest.mark.parametrize("option", ["--now", "--as-of"])
def test_what_is_no_instant_is_wrong_usage(run, calendar, event, option):
    """The option and the value are named, and what would be right."""
    file = calendar(event("A-1"))
    for text in ("2026-02-10", "2026-02-10T14:00:00", "9999-12-31T23:00:00-05:00", "noon", ""):
        ran = run("plan", file, option, text)
        assert (ran.status, ran.out) == (2, "")
        assert f"Invalid value for '{option}': {text!r} is no instant with a zone: write 2026-02-15T14:30" in ran.err
