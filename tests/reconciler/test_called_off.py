"""Cancellations that say little: what is recorded says when they are and for whom, and who was told hears of it."""

from __future__ import annotations

import pytest

from reminder_kit import Rule
from reminder_kit.providers.telnyx import Telnyx
from tests.factories import NUMBER, received_texts

OTHER = "+12025550124"

DAY = Rule("day-before", before="24 hours", text="{{ recipient.name }}: see you {{ when }}")
THURSDAY, FRIDAY = "20260212T090000", "20260213T090000"


def event(*lines, uid="A", start=THURSDAY, sequence=0, phone=NUMBER, name="Ada"):
    """Return a VEVENT by New York's clock; without a start, or a phone, it says nothing of it."""
    head = [f"UID:{uid}", "DTSTAMP:20260101T000000Z", f"SEQUENCE:{sequence}"]
    head += [f"DTSTART;TZID=America/New_York:{start}", "DURATION:PT30M"] if start else []
    head += [f"ATTENDEE;CN={name}:tel:{phone}"] if phone else []
    return "\r\n".join(["BEGIN:VEVENT", *head, *lines, "END:VEVENT", ""])


def feed(*events, method=""):
    said = f"METHOD:{method}\r\n" if method else ""
    return f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//desk//EN\r\n{said}{''.join(events)}END:VCALENDAR\r\n"


def of(day):
    return f"RECURRENCE-ID;TZID=America/New_York:202602{day}T090000"


DAILY = "RRULE:FREQ=DAILY;COUNT=3"
OFF = "STATUS:CANCELLED"
ONE = feed(event(sequence=1), method="REQUEST")
SERIES = feed(event(DAILY, sequence=1), method="REQUEST")


@pytest.fixture
def kit(make_kit):
    return make_kit([DAY], cancellation="{{ recipient.name }}: {{ when }} is cancelled")


@pytest.fixture
def taken(kit):
    """Return a function that imports a calendar, and says what became of whose reminders, by day."""

    def take(text, **options):
        report = kit.import_calendar(text, source="desk", **options)
        return sorted(
            (change.identity.recurrence_id[8:10], change.rule, change.kind.value, change.reason.value)
            for change in report.changes
            if change.kind.value != "hold"
        )

    return take


@pytest.fixture
def told(taken, sandbox):
    """Return a function that imports a calendar, and a day later (Ada was told of Thursday) another; the notices."""

    def tell(first, second):
        taken(first)
        sandbox.clock.advance(days=1, hours=1)
        (reminder,) = [*received_texts(sandbox), *received_texts(sandbox, OTHER)]
        assert "see you tomorrow" in reminder
        taken(second)
        sandbox.clock.advance(minutes=11)
        return [text for number in (NUMBER, OTHER) for text in received_texts(sandbox, number) if "cancelled" in text]

    return tell


@pytest.mark.parametrize(
    ("recorded", "cancellation"),
    [
        (ONE, feed(event(start=None, phone=None, sequence=2), method="CANCEL")),
        (ONE, feed(event(OFF, start=None, phone=None, sequence=2), method="CANCEL")),
        (ONE, feed(event(OFF, phone=None, sequence=2))),
        (ONE, feed(event("STATUS:canceled", sequence=2))),
        (SERIES, feed(event(start=None, phone=None, sequence=2), method="CANCEL")),
        (SERIES, feed(event(OFF, sequence=2), method="CANCEL")),
        (SERIES, feed(event(OFF, phone=None, sequence=2))),
        (SERIES, feed(event(of(12), start=None, phone=None, sequence=2), method="CANCEL")),
        (SERIES, feed(event(of(12), OFF, phone=None, sequence=2))),
        (SERIES, feed(event(DAILY, sequence=1), event(of(12), OFF, phone=None, sequence=2))),
    ],
    ids=[
        "a UID",
        "a UID and STATUS",
        "nobody",
        "the STATUS in American spelling",
        "the UID of a series",
        "no rule",
        "neither rule nor people",
        "an occurrence",
        "an occurrence without people",
        "one beside its series",
    ],
)
def test_who_was_told_hears_of_a_cancellation_that_says_only(told, recorded, cancellation):
    """Once, of the visit that was told, in the words that name the person."""
    assert told(recorded, cancellation) == ["Ada: tomorrow at 9:00 AM is cancelled"]


def test_of_a_series_without_its_rule_every_occurrence_is_called_off(taken):
    """None of them is only gone, the first one is no other visit, and again nothing is left to do."""
    taken(SERIES)
    cancellation = feed(event(OFF, sequence=2), method="CANCEL")
    assert taken(cancellation) == [(day, "day-before", "cancel", "cancelled") for day in ("12", "13", "14")]
    assert {(kind, reason) for _, _, kind, reason in taken(cancellation)} == {("skip", "cancelled")}


@pytest.mark.parametrize("recorded", [ONE, SERIES], ids=["visit", "series"])
def test_what_was_called_off_is_no_older_request_s(taken, sandbox, recorded):
    """The cancellation is the newer word, whatever it left unsaid; a newer request brings it back."""
    taken(recorded)
    taken(feed(event(start=None, phone=None, sequence=2), method="CANCEL"))
    assert {reason for *_, reason in taken(recorded)} == {"stale_revision"}
    assert sandbox.parked() == []
    taken(recorded.replace("SEQUENCE:1", "SEQUENCE:3"))
    assert sandbox.parked()


@pytest.mark.parametrize("recorded", [ONE, SERIES], ids=["visit", "series"])
def test_an_older_cancellation_calls_nothing_off(taken, sandbox, recorded):
    """Of a UID alone, too."""
    taken(recorded)
    parked = len(sandbox.parked())
    taken(feed(event(start=None, phone=None, sequence=0), method="CANCEL"))
    assert len(sandbox.parked()) == parked > 0


@pytest.mark.parametrize("sequence", [2, 0], ids=["newer", "older"])
@pytest.mark.parametrize("lines", [[], [OFF]], ids=["METHOD", "STATUS"])
def test_the_rest_of_a_series_may_be_called_off_alone(taken, sequence, lines):
    """From one occurrence on, those before it stay; an older cancellation calls nothing off."""
    taken(SERIES)
    rest = of(13).replace("RECURRENCE-ID;", "RECURRENCE-ID;RANGE=THISANDFUTURE;")
    gone = [(day, "day-before", "cancel", "cancelled") for day in ("13", "14")] if sequence else []
    bare = feed(event(rest, *lines, start=None, phone=None, sequence=sequence), method="CANCEL")
    assert [change for change in taken(bare) if change[2] == "cancel"] == gone


def test_an_occurrence_for_others_is_called_off_for_them(told):
    """Not for those of its series, whose people it has only where nothing is recorded of it."""
    moved = event(of(12), start="20260212T080000", phone=OTHER, name="Bob", sequence=1)
    cancelled = event(of(12), OFF, phone=None, sequence=2)
    assert told(feed(event(DAILY, sequence=1), moved), feed(event(DAILY, sequence=1), cancelled)) == [
        "Bob: tomorrow at 8:00 AM is cancelled"
    ]


def test_an_occurrence_that_was_moved_is_called_off_with_its_series(told):
    """The feed still has it as it was; who was told of it hears that it is cancelled."""
    moved = event(of(12), "STATUS:CONFIRMED", start="20260212T080000", sequence=1)
    whole = event(DAILY, OFF, sequence=2)
    assert told(feed(event(DAILY, sequence=1), moved), feed(whole, moved)) == ["Ada: tomorrow at 8:00 AM is cancelled"]


def test_a_cancellation_in_a_calendar_that_breaks_off_calls_nothing_off(taken, sandbox):
    """A newer request may have stood behind it; an occurrence that is not named is not taken for gone."""
    taken(ONE)
    cancellation = feed(event(start=None, phone=None, sequence=2), method="CANCEL")
    taken(cancellation.removesuffix("END:VCALENDAR\r\n"))
    assert len(sandbox.parked()) == 1


def test_a_polled_calendar_calls_off_what_its_series_was(make_kit, sandbox, tmp_path):
    """Who was told hears of it."""
    desk = tmp_path / "desk.ics"
    kit = make_kit([DAY], cancellation="{{ recipient.name }}: {{ when }} is cancelled", sources=[desk])
    desk.write_text(SERIES, newline="")
    kit.resync()
    sandbox.clock.advance(days=1, hours=1)
    desk.write_text(feed(event(OFF, phone=None, sequence=2)), newline="")
    kit.resync()
    sandbox.clock.advance(minutes=11)
    assert received_texts(sandbox)[-1] == "Ada: tomorrow at 9:00 AM is cancelled"
    assert sandbox.parked() == []


def test_too_much_called_off_at_once_is_guarded_as_what_is_gone(make_kit, sandbox, tmp_path):
    """Of a calendar that is complete nothing is changed, until a person says so."""
    desk = tmp_path / "desk.ics"
    kit = make_kit([DAY], sources=[{"path": str(desk), "complete": True}])
    desk.write_text(feed(*(event(uid=f"A{n}", phone=f"+1202555{n:04}") for n in range(12))), newline="")
    kit.resync()
    parked = len(sandbox.parked())
    bare = [event(uid=f"A{n}", start=None, phone=None, sequence=2) for n in range(12)]
    desk.write_text(feed(*bare, event(uid="B"), method="CANCEL"), newline="")
    report = kit.resync()
    assert (len(sandbox.parked()), parked) == (12, 12)
    assert "of the 12 parked reminders of calendar 'desk' 12 would be withdrawn" in str(report.problems[-1])
    kit.resync(force=True)
    assert sandbox.parked() == []


REST = of(13).replace("RECURRENCE-ID;", "RECURRENCE-ID;RANGE=THISANDFUTURE;")


@pytest.mark.parametrize(
    "newer",
    [
        event(of(14), start="20260214T09XX00", sequence=3),
        event("RRULE:FREQ=DAYLY;COUNT=3", start="2026021XT090000", sequence=3),
    ],
    ids=["an occurrence", "the series"],
)
def test_what_has_a_newer_word_that_can_not_be_read_is_not_called_off(taken, sandbox, newer):
    """Nobody knows what it says: what is recorded stays, but for the one that is called off by name."""
    taken(SERIES)
    rest = event(REST, start=None, phone=None, sequence=2)
    taken(feed(rest, method="CANCEL") + feed(newer, method="REQUEST"))
    assert [message.send_at.day for message in sandbox.parked()] == [11, 13]


@pytest.mark.parametrize("sender", ["365DENTAL", "123 Dental", "800FLOWERS", "+44 20 7946 0000"])
def test_a_sender_may_be_called_anything(make_kit, sender):
    """One that is a name is no number of ours that calendars could have."""
    kit = make_kit([DAY], provider=Telnyx(api_key="KEY", from_=sender, messaging_profile_id="p"), default_region="GB")
    assert kit.plan_calendar(ONE, source="desk").appointments == 1


@pytest.mark.parametrize(("phone", "day"), [(NUMBER, 12), ("", 13)], ids=["somebody", "nobody"])
def test_a_cancellation_for_nobody_takes_its_time_from_what_is_recorded_for_somebody(kit, phone, day):
    """Whoever was told hears of the time they were told; where nobody was, it is recorded as it came."""
    kit.import_calendar(feed(event(phone=phone), event(uid="B", start=FRIDAY)), source="desk")
    kit.import_calendar(feed(event(OFF, start=FRIDAY, phone="", sequence=2)), source="desk")
    (record,) = (one for one in kit.ledger.read(lambda reader: list(reader.records())) if one.identity.id == "A")
    assert (record.start_at.day, record.appointment.status) == (day, "cancelled")
