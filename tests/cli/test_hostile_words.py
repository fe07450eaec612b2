"""Out to people: whatever names, ids, titles and reasons hold, no terminal obeys it and no program reads other data."""

from __future__ import annotations

import csv
from datetime import timedelta
from io import StringIO

import icalendar
import pytest

from reminder_kit import Appointment, Recipient, ReminderKit
from reminder_kit.text.printable import printable

EVIL = "\x1b[31mRED\x1b]0;pwn\x07\x9b2J\u202e\u2066\n\r\u2028x"
ID = f"id{EVIL}"


@pytest.fixture
def hostile(folder, telnyx, machine_now):
    """A ledger whose appointments, people, sources and reasons all hold control characters; one reminder failed."""
    text = 'text = "Hi {{ recipient.name }}, {{ appointment.title }} {{ when }}."'
    path = folder / "reminders.toml"
    path.write_text(path.read_text().replace(text, f'{text[:-1]}\\nBye{{{{ data.bye }}}}"'))
    telnyx.clock.set(machine_now)
    with ReminderKit.from_config(path, clock=telnyx.clock) as kit:
        start = machine_now + timedelta(hours=72)
        ann = Recipient("+12025550123", name=f"N{EVIL}")
        title, fine = f"T{EVIL}", {"bye": "Bye"}
        visits = [
            Appointment(ID, start, recipients=[ann], title=title, data={"bye": f"!{EVIL}"}),
            Appointment(
                "=cmd()",
                start,
                recipients=[Recipient("+12025550124", name="Bo")],
                title="=1+1",
                data=fine,
                source=f"s{EVIL}",
            ),
            Appointment(f"failing{EVIL}", start, recipients=[Recipient("+12025550125", name="Cy")], title=title),
            Appointment(f"odd{EVIL}", start, recipients=[f"12{EVIL}"], title=title, data=fine),
        ]
        kit.sync(visits)
        kit.suppress("+12025550177", reason=f"R{EVIL}")
    return telnyx


COMMANDS = [
    ["status"],
    ["attention"],
    ["explain", ID],
    ["explain", f"nosuch{EVIL}"],
    ["export", "--format", "csv"],
    ["export", "--format", "ics"],
    ["resync", "--dry-run"],
    ["retry", f"nosuch{EVIL}"],
    ["cancel", f"nosuch{EVIL}"],
    ["suppress", f"12{EVIL}"],
    ["suppress", "+12025550123", "--reason", f"R{EVIL}"],
    ["allow", "+12025550199", "--consent", f"C{EVIL}"],
    ["allow", f"12{EVIL}"],
    ["ledger", "check"],
    [f"nosuch{EVIL}"],
    ["plan", f"nosuch{EVIL}.ics"],
    ["resync", "--now", f"x{EVIL}"],
    ["--config", f"nosuch{EVIL}.toml", "status"],
]


def test_no_command_hands_a_control_character_on(run, hostile):
    """Every line on stdout and stderr is printable, of data, of errors and of what the user typed."""
    for command in COMMANDS:
        ran = run(*command)
        assert ran.out + ran.err
        for said in (ran.out.replace("\r\n", "\n"), ran.err):  # CSV and calendars end their lines so
            assert printable(said, lines=True) == said, command


def test_json_has_the_data_unchanged(run, hostile):
    """Programs get the very ids, by JSON's own escapes."""
    for command in (["attention"], ["explain", ID], ["export"], ["resync", "--all"]):
        ran = run(*command, "--json")
        assert printable(ran.out, lines=True) == ran.out
        assert any(text.endswith(EVIL) for text in _texts(ran.json)), command


def _texts(value):
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _texts(item)


def test_what_is_parked_has_none_of_it(hostile):
    """Of what a host handed over no control character reaches a phone; the template's own line break does."""
    (text,) = [message.text for message in hostile.parked() if message.to == "+12025550123"]
    assert text.count("\n") == 1
    assert printable(text, lines=True) == text
    assert "N[31mRED]0;pwn2J x, T[31mRED" in text


def test_tables_hold_words_and_no_formulas(run, hostile):
    """In CSV no cell begins a formula; a calendar holds the same words, and no other lines."""
    rows = list(csv.DictReader(StringIO(run("export", "--format", "csv").out)))
    assert {row["appointment"] for row in rows} == {printable(ID), "'=cmd()"}
    assert {row["title"] for row in rows} == {printable(f"T{EVIL}"), "'=1+1"}
    events = icalendar.Calendar.from_ical(run("export").out).events
    assert {str(event["summary"]).rpartition(", ")[0] for event in events} == {printable(f"T{EVIL}"), "=1+1"}
