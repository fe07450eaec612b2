"""A calendar on a CalDAV server, polled by the batch job: what changed is followed, and what is gone is withdrawn."""

from __future__ import annotations

from functools import partial

import httpx
import pytest

from reminder_kit import Rule
from reminder_kit.calendars import caldav
from tests.calendars.dav_server import ADDRESS, DavServer, event
from tests.factories import at_rest, parked_texts

DAY = Rule("day-before", before="24 hours", text="{{ appointment.title }} {{ when }}")


@pytest.fixture(params=[True, False], ids=["tokens", "states"])
def server(request):
    return DavServer(tokens=request.param)


@pytest.fixture
def polled(make_kit, server, monkeypatch):
    """Return a factory of kits whose batch job polls the server."""
    asked = partial(caldav.answered, transport=httpx.MockTransport(server))
    monkeypatch.setattr(caldav, "answered", lambda question, limits, _transport, _addresses: asked(question, limits))

    def make(**options):
        return make_kit([DAY], sources=[{"caldav": ADDRESS, "name": "room", **options}])

    return make


def booked(server, *numbers, hour=9, phone="+12025550123"):
    for number in numbers:
        server.put(
            f"{number}.ics", event(f"u-{number}", f"2026021{2 + number % 3}T{hour:02}{number % 60:02}00", phone=phone)
        )


def warnings(report):
    return " ".join(str(problem) for problem in report.problems)


def test_a_poll_reads_what_changed_and_withdraws_what_is_gone(polled, server, sandbox):
    """Booked, moved and deleted; a run without news makes no request for an event and writes nothing."""
    server.put("other name.ics", event("u-1", "20260213T090000"))
    booked(server, 2)
    kit = polled()
    assert kit.resync().ok
    assert len(sandbox.parked()) == 2
    server.read()
    writes = sandbox.write_count
    assert kit.resync().ok
    assert (server.read(), sandbox.write_count) == ([], writes)
    booked(server, 2, hour=14)
    assert kit.resync().ok
    assert server.read() == ["2.ics"]
    assert "Physio tomorrow at 2:02 PM" in parked_texts(sandbox)
    server.delete("other name.ics")
    report = kit.resync()
    assert (report.ok, report.problems, server.read()) == (True, (), [])
    assert len(sandbox.parked()) == 1
    assert at_rest(kit)


def test_a_poll_of_one_change_knows_the_desks_of_the_whole_calendar(polled, server, sandbox):
    """Whose number stands in notes is told by all appointments, also where only one of them changed."""

    def noted(number, note="Ask (202) 555-0109", hour=9):
        lines = f"ATTENDEE;CN=P{number}:mailto:p{number}@x.example\r\nDESCRIPTION:{note}"
        text = event(f"u-{number}", f"20260213T{hour:02}0000")
        server.put(f"{number}.ics", text.replace("ATTENDEE;CN=Ada:tel:+12025550123", lines))

    for number in range(1, 5):
        noted(number)
    kit = polled()
    assert "it is a desk's and not reminded" in warnings(kit.resync())
    noted(2, hour=11)
    assert "it is a desk's and not reminded" in warnings(kit.resync())
    assert sandbox.parked() == []
    noted(3, "Home: (202) 555-0123")
    kit.resync()
    assert [message.to for message in sandbox.parked()] == ["+12025550123"]
    assert at_rest(kit)


def test_a_third_person_with_a_number_in_the_notes_shows_that_it_is_a_desks(polled, server, sandbox):
    """What was parked for the first two is withdrawn in the same run, as far as the guard allows."""
    for number in range(1, 4):
        lines = f"ATTENDEE;CN=P{number}:mailto:p{number}@x.example\r\nDESCRIPTION:Ask (202) 555-0109"
        text = event(f"u-{number}", f"20260213T{8 + number:02}0000")
        server.put(f"{number}.ics", text.replace("ATTENDEE;CN=Ada:tel:+12025550123", lines))
        if number == 2:
            kit = polled()
            kit.resync()
            assert len(sandbox.parked()) == 2
    kit.resync(force=True)
    assert sandbox.parked() == []


def test_what_is_gone_stays_where_absence_does_not_count(polled, server, sandbox):
    """`complete = false` is believed also where the server names what is gone."""
    booked(server, 1, 2)
    kit = polled(complete=False)
    kit.resync()
    server.delete("1.ics")
    kit.resync()
    server.forget()
    kit.resync()
    assert len(sandbox.parked()) == 2


@pytest.mark.parametrize("server", [True], ids=["tokens"], indirect=True)
def test_a_calendar_that_is_empty_is_believed_where_a_person_says_it(polled, server, sandbox):
    """All that a server has is asked for anew, and that is nothing: it may be true, and only a person knows."""
    booked(server, 1, 2)
    kit = polled()
    kit.resync()
    server.delete("1.ics")
    server.delete("2.ics")
    server.forget()
    assert "force it" in warnings(kit.resync())
    assert len(sandbox.parked()) == 2
    kit.resync(force=True)
    assert sandbox.parked() == []
    assert at_rest(kit)


def test_more_than_the_guard_allows_waits_for_a_person(polled, server, sandbox):
    """Somebody emptied the calendar by mistake: nothing is withdrawn until it is forced, however often it is polled."""
    booked(server, *range(12))
    kit = polled()
    kit.resync()
    assert len(sandbox.parked()) == 12
    for number in range(1, 12):
        server.delete(f"{number}.ics")
    for _ in range(2):
        report = kit.resync()
        assert "more than 50%" in warnings(report)
        assert len(sandbox.parked()) == 12
    kit.resync(force=True)
    assert len(sandbox.parked()) == 1


def test_a_preview_moves_no_token(polled, server, sandbox):
    """What a dry run has seen is still news for the run that follows."""
    booked(server, 1)
    kit = polled()
    kit.resync()
    server.delete("1.ics")
    assert [change.kind for change in kit.plan_resync().work] == ["cancel"]
    assert [change.kind for change in kit.plan_resync().work] == ["cancel"]
    kit.resync()
    assert sandbox.parked() == []


def test_a_server_that_fails_withdraws_nothing_and_stops_no_other(polled, server, sandbox):
    """A 503 is told, everything stays, and the next poll goes on where it was."""
    booked(server, 1, 2)
    kit = polled()
    kit.resync()
    server.delete("1.ics")
    server.instead = dict.fromkeys(("sync-collection", "propfind"), httpx.Response(503))
    report = kit.resync()
    assert "503" in warnings(report)
    assert len(sandbox.parked()) == 2
    server.instead = {}
    kit.resync()
    assert len(sandbox.parked()) == 1


def test_a_forgotten_token_finds_what_went_meanwhile(polled, server, sandbox):
    """All of it is read again, and what is not there any more is withdrawn, under the guard."""
    booked(server, 1, 2, 3)
    kit = polled()
    kit.resync()
    server.delete("2.ics")
    server.forget()
    assert kit.resync().ok
    assert len(sandbox.parked()) == 2


def test_an_empty_list_is_not_believed_while_reminders_are_parked(polled, server, sandbox):
    """Where everything is listed anew and nothing is there, a person says that it is so."""
    booked(server, 1)
    kit = polled()
    kit.resync()
    server.delete("1.ics")
    server.forget()
    report = kit.resync()
    if server.tokens:
        assert "can't be trusted to be complete" in warnings(report)
        assert len(sandbox.parked()) == 1
    else:  # its own names of states show that the one event went
        assert sandbox.parked() == []


def test_an_event_that_breaks_keeps_what_is_recorded_of_it(polled, server, sandbox):
    """An event that can't be read any more is told by its name, and its reminder stays."""
    booked(server, 1, 2)
    kit = polled()
    kit.resync()
    server.put("1.ics", event("u-1", "nonsense"))
    report = kit.resync()
    assert "u-1" in warnings(report)
    assert len(sandbox.parked()) == 2


def test_the_horizon_is_kept_ahead_of(polled, server, sandbox):
    """As time passes all of the calendar is read once more, so that what was too far away comes in."""
    server.put("1.ics", event("u-1", "20260212T090000", lines=["RRULE:FREQ=DAILY;COUNT=90"]))
    kit = polled()
    kit.resync()
    before = kit.status()["appointments"]
    sandbox.clock.advance(days=3)
    server.read()
    kit.resync()
    assert server.read() == ["1.ics"]
    assert kit.status()["appointments"] >= before
    assert {change.identity.source for change in kit.plan_resync().changes} <= {"room"}


def test_a_second_visit_like_another_one_takes_nothing_over(polled, server, sandbox):
    """What did not change did not come in either: that is no sign that it goes by another id now."""
    booked(server, 1)
    kit = polled()
    kit.resync()
    server.put("twin.ics", event("u-twin", "20260213T090100"))
    kit.resync()
    assert kit.status()["appointments"] == 2
    assert [entry.event for entry in kit.explain("u-1").history if entry.event == "removed"] == []


def test_an_event_that_is_made_anew_under_another_uid_is_the_same_visit(polled, server, sandbox):
    """Deleted and made again as it was: its parked message stays, and nobody is written to twice."""
    booked(server, 1)
    kit = polled()
    kit.resync()
    writes = sandbox.write_count
    server.delete("1.ics")
    server.put("again.ics", event("u-again", "20260213T090100"))
    assert kit.resync().ok
    assert (len(sandbox.parked()), sandbox.write_count) == (1, writes)
