"""Law 6 where rows and replies are odd: one that can't be read stops nothing else, and is listed."""

from __future__ import annotations

import sqlite3
from datetime import datetime

import pytest

from reminder_kit import Rule
from reminder_kit.errors import CalendarError
from reminder_kit.providers.telnyx.provider import Telnyx
from reminder_kit.sandbox import SandboxTransport
from tests.factories import START


@pytest.fixture
def unreadable(kit, appointment, tmp_path):
    """Two recorded appointments, one of which names a zone that this machine doesn't know (any more)."""
    kit.sync([appointment("A-1", timezone="Europe/Kyiv"), appointment("A-2", phone="+12025550124")])
    with sqlite3.connect(tmp_path / "reminders.db") as connection:
        connection.execute(
            "UPDATE reminder_kit_appointments SET snapshot = replace(snapshot, 'Europe/Kyiv', 'Europe/Nowhere'), "
            "dirty = 1"
        )
    connection.close()


def test_an_unreadable_appointment_stops_no_other(kit, sandbox, appointment, tmp_path, unreadable):
    """An appointment that can't be read here is listed and stops no other."""
    with sqlite3.connect(tmp_path / "reminders.db") as connection:
        connection.execute(
            "UPDATE reminder_kit_appointments SET snapshot = replace(snapshot, 'Check-up', 'Cleaning') WHERE id = 'A-2'"
        )
    connection.close()
    report = kit.resync()
    (failed,) = report.failed
    assert (failed.identity.id, failed.reason) == ("A-1", "quarantined")
    assert "Europe/Nowhere" in failed.error
    assert "Cleaning" in next(item.text for item in sandbox.parked() if item.to == "+12025550124")
    assert len(sandbox.parked()) == 2


def test_it_is_in_order_again_once_it_comes_in_anew(kit, sandbox, appointment, unreadable):
    """An appointment that could not be read is replaced by the next one handed in."""
    assert kit.sync(appointment("A-1", timezone="Europe/Paris")).ok
    assert kit.resync().ok
    assert len(sandbox.parked()) == 2


def test_documents_with_keys_like_ours_are_planned_as_any(make_kit, sandbox, appointment, day_before):
    """Host data with keys like those of our own snapshots is kept as data."""
    kit = make_kit()
    assert kit.sync(appointment(data={"created": {"$date": "2026-01-01T00:00:00Z"}})).ok
    assert make_kit([day_before], timezone="Europe/Paris").resync().ok
    assert len(sandbox.parked()) == 1


def test_a_revision_without_zone_stops_no_batch(kit, sandbox, appointment):
    """A revision that is a naive time is taken, and the batch goes on."""
    report = kit.sync([appointment("A-1", revision=datetime(2026, 1, 1)), appointment("A-2", phone="+12025550124")])
    assert report.ok
    assert len(sandbox.parked()) == 2


@pytest.mark.parametrize("text", ["Stop\0", "Stop \ud83d"], ids=["nul", "half a character"])
def test_a_reply_with_characters_no_ledger_takes_is_heard(make_kit, sandbox, appointment, text):
    """A STOP with a NUL or half a surrogate pair opts out, though no database stores such text."""
    provider = Telnyx(api_key="KEY", from_="+12025550100", public_key=sandbox.public_key)
    kit = make_kit(provider=provider)
    kit.sync(appointment())
    hook = sandbox.inbound("+12025550123", text)
    (event,) = kit.receive(*hook.as_sent(START))
    assert event.type == "opted_out"
    kit.resync(only_dirty=True)
    assert sandbox.parked() == []


@pytest.mark.parametrize(
    "address",
    [
        "https://user:s3cret@[::1/a.ics",
        "http://x:s3cret@127.0.0.1:1/a.ics?t=s3cret",
        "/nonexistent\0.ics",
        "\ud800.ics",
    ],
    ids=["broken", "out of reach", "no path", "half a character"],
)
def test_one_bad_calendar_does_not_end_the_batch_job(make_kit, sandbox, appointment, address):
    """A calendar that can't even be asked for is a problem of the run, named without its secret; the rest is done."""
    kit = make_kit(sources=(address,))
    kit.record(appointment())
    report = kit.resync()
    assert (report.ok, len(sandbox.parked()), len(report.problems)) == (True, 1, 1)
    assert isinstance(report.problems[0], CalendarError)
    assert "s3cret" not in str(report.problems[0])


def test_what_nobody_foresaw_of_a_calendar_is_that_calendars_alone(
    make_kit, sandbox, appointment, monkeypatch, tmp_path
):
    """An error of no kind that a reader may raise is told by kind and place, without its words."""

    def broken(*_args, **_options):
        raise KeyError("+12025550123")

    monkeypatch.setattr("reminder_kit.calendars.read_calendar", broken)
    (tmp_path / "clinic.ics").write_text("BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n")
    kit = make_kit(sources=(str(tmp_path / "clinic.ics"),))
    kit.record(appointment())
    (problem,) = kit.resync().problems
    assert str(problem).startswith("calendar 'clinic' cannot be read (KeyError in broken, test_isolation.py line ")
    assert len(sandbox.parked()) == 1


class Slow(SandboxTransport):
    """A network on which the answer to a DELETE takes from the afternoon till after midnight."""

    def handle_request(self, request):
        answer = super().handle_request(request)
        if request.method == "DELETE":
            self._sandbox.clock.advance(hours=16)
        return answer


def test_a_text_that_can_no_longer_be_written_stops_no_other(make_kit, sandbox, appointment):
    """What it said when it was decided could be written; what is true by the time it is posted can't."""
    text = "{% if when.startswith('today') and appointment.id == 'A-1' %}{{ data.room }}{% endif %}See you {{ when }}."
    kit = make_kit([Rule("day-before", before="24 hours", text=text)], transport=Slow(sandbox))
    kit.sync(appointment("A-0", phone="+12025550125"))
    soon = {"days": 1, "hours": -1}
    report = kit.sync([
        appointment("A-0", phone="+12025550125", status="cancelled"),
        appointment("A-1", **soon),
        appointment("A-2", phone="+12025550124", **soon),
    ])  # fmt: skip
    assert sorted((change.identity.id, change.kind, change.reason) for change in report.changes) == [
        ("A-0", "cancel", "cancelled"),
        ("A-1", "skip", "template_error"),
        ("A-2", "schedule", "clamped_late"),
    ]
    assert [item.text for item in sandbox.parked()] == ["See you today at 8:00 AM."]
