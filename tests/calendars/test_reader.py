from __future__ import annotations

import io
import json
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reminder_kit.calendars import CalendarSettings, Limits, occurrence_json, read_calendar
from reminder_kit.calendars.sources import File
from reminder_kit.errors import CalendarError
from reminder_kit.model.appointments import Status
from reminder_kit.rules.conditions import Condition

SERIES = "RRULE:FREQ=WEEKLY;COUNT=4"
END = datetime(2026, 7, 1, tzinfo=UTC)
"""Until when `read` reads."""
NINE = "DTSTART;TZID=America/New_York:20260302T090000"


def test_an_occurrence_becomes_an_appointment(read_events, event):
    """An event's properties become the appointment's fields, and the rest of its words its data."""
    found = read_events(
        event(
            "SUMMARY:Check-up\\, yearly",
            "LOCATION:12 Example St.\\nRoom 4",
            "DESCRIPTION:Bring\\; papers",
            "STATUS:TENTATIVE",
            "SEQUENCE:3",
            "LAST-MODIFIED:20260105T000000Z",
            "CREATED:20251224T080000Z",
            "CATEGORIES:dental,new\\, urgent",
            "URL:https://example.com/1",
            "ORGANIZER;CN=Desk:mailto:desk@example.com",
            "ATTENDEE:mailto:Bob@Example.com",
            "DURATION:PT30M",
        )
    )
    one = found.only.appointment
    assert (one.id, one.title, one.location) == ("visit-1", "Check-up, yearly", "12 Example St. Room 4")
    assert one.status is Status.TENTATIVE
    assert one.revision == (3, 1767571200)
    assert one.booked_at == datetime(2025, 12, 24, 8, tzinfo=UTC)
    assert one.tags == {"dental", "new, urgent"}
    assert (one.url, one.source) == ("https://example.com/1", "clinic")
    assert dict(one.data) == {
        "description": "Bring; papers",
        "organizer": "desk@example.com",
        "organizer_name": "Desk",
        "attendees": ["bob@example.com"],
    }


def test_rooms_and_things_an_event_needs_are_known_to_conditions(read_events, event):
    """RESOURCES (RFC 5545 §3.8.1.10), and rooms that are invited as attendees are."""
    found = read_events(
        event(
            "RESOURCES:Laser 2,Chair\\, tall",
            "RESOURCES;LANGUAGE=en:Projector",
            "ATTENDEE;CUTYPE=ROOM;CN=Room 4:mailto:room4@example.com",
            "ATTENDEE;CUTYPE=RESOURCE;CN=Laser 2:mailto:laser@example.com",
        )
    )
    one = found.only.appointment
    assert one.data["resources"] == ["Laser 2", "Chair, tall", "Projector", "Room 4"]
    assert [recipient.phone for recipient in one.recipients] == ["+12025550101"]
    assert Condition.read({"resource": "room ?"}, "only").failing(one, None) is None


def test_the_json_of_an_occurrence_is_the_contract(read_events, event, alarm):
    """An occurrence's JSON has exactly the documented keys, and instants in UTC."""
    found = read_events(event(SERIES, "DURATION:PT30M", "SUMMARY:Visit", "SEQUENCE:2", alarm("TRIGGER:-PT15M")))
    assert json.loads(json.dumps(found.json[0])) == {
        "id": "visit-1",
        "recurrence_id": "2026-03-02T14:00:00Z",
        "start_at": "2026-03-02T14:00:00Z",
        "end_at": "2026-03-02T14:30:00Z",
        "all_day": False,
        "timezone": "America/New_York",
        "status": "confirmed",
        "title": "Visit",
        "location": "",
        "recipients": [{"phone": "+12025550101", "name": "Ann"}],
        "alarms": ["2026-03-02T13:45:00Z"],
        "sequence": 2,
    }


def test_dtstamp_is_never_the_time_of_booking(read_events, event):
    """DTSTAMP says when a file was written, so without CREATED there is no `booked_at`."""
    assert read_events(event()).only.appointment.booked_at is None


@pytest.mark.parametrize("turned", [False, True], ids=["newest last", "newest first"])
@pytest.mark.parametrize(
    ("old", "new"),
    [
        (("SEQUENCE:1",), ("SEQUENCE:2",)),
        (("DTSTAMP:20270101T000000Z",), ("DTSTAMP:20260101T000000Z", "SEQUENCE:1")),
        (("DTSTAMP:20260101T000000Z",), ("DTSTAMP:20260102T000000Z", "SEQUENCE:0")),
        (("DTSTAMP:20260105T000000Z", "LAST-MODIFIED:20260102T000000Z"), ("LAST-MODIFIED:20260103T000000Z",)),
    ],
    ids=["SEQUENCE", "SEQUENCE before DTSTAMP; none is 0", "then DTSTAMP", "LAST-MODIFIED before DTSTAMP"],
)
def test_the_newest_of_several_versions_counts(read_events, event, old, new, turned):
    """Fault 9, RFC 5546 §2.1.5: the newest version counts, wherever it stands in the file."""
    versions = [event("SUMMARY:old", *old, stamp=False), event("SUMMARY:new", *new, stamp=False)]
    assert read_events(*(versions[::-1] if turned else versions)).titles == ["new"]


def test_of_versions_of_the_same_age_the_last_counts(read_events, event):
    """Versions that nothing orders are reported, and the last in the file counts."""
    found = read_events(event("SUMMARY:one"), event("SUMMARY:two"))
    assert found.titles == ["two"]
    assert any("comes several times" in warning for warning in found.warnings)


def test_b61_reading_twice_gives_the_same_identities(read_events, event):
    """Two readings of one file yield the same occurrences under the same ids."""
    first, second = (read_events(event(SERIES)) for _ in range(2))
    assert [occurrence_json(item) for item in first.found] == [occurrence_json(item) for item in second.found]


def methods(calendar, *pairs):
    return "".join(calendar(f"METHOD:{method}", *events) for method, *events in pairs)


def test_a_later_cancellation_cancels_the_series(read, event, calendar):
    """Fault 13: calendars of one stream belong together."""
    text = methods(
        calendar, ("REQUEST", event(SERIES)), ("CANCEL", event("SEQUENCE:1", "STATUS:CANCELLED", start=None))
    )
    found = read(text)
    assert found.statuses == ["cancelled"] * 4
    assert found.reading.cancelled == {"visit-1"} == found.reading.covers


def test_a_cancellation_that_is_as_old_as_its_request_is_no_other_visit(read, event, calendar):
    """It counts, as the one behind; nothing is said to count in its place."""
    found = read(methods(calendar, ("REQUEST", event(stamp=False)), ("CANCEL", event(stamp=False))))
    assert (found.statuses, found.warnings) == (["cancelled"], [])


def test_a_request_after_the_cancellation_revives_it(read, event, calendar):
    """A REQUEST of a higher SEQUENCE than the CANCEL brings the event back."""
    text = methods(calendar, ("CANCEL", event("SEQUENCE:1")), ("REQUEST", event(SERIES, "SEQUENCE:2")))
    found = read(text)
    assert found.statuses == ["confirmed"] * 4
    assert found.reading.cancelled == set()


def test_a_cancellation_of_one_instance_cancels_that_one(read, event, calendar):
    """A CANCEL with a RECURRENCE-ID leaves the other occurrences confirmed."""
    one = event("RECURRENCE-ID:20260309T130000Z", "SEQUENCE:1", start=None)
    found = read(methods(calendar, ("REQUEST", event(SERIES, "SUMMARY:Visit")), ("CANCEL", one)))
    assert found.statuses == ["confirmed", "cancelled", "confirmed", "confirmed"]


def test_a_cancellation_alone_withdraws_what_is_recorded(read, event, calendar):
    """A CANCEL without the event names its UID as cancelled, so a ledger can withdraw it."""
    bare = read(calendar("METHOD:CANCEL", event(start=None)))
    assert bare.found == []
    assert bare.reading.covers == bare.reading.cancelled == {"visit-1"}
    assert bare.errors == []
    assert read(calendar("METHOD:CANCEL", event())).statuses == ["cancelled"]


def test_a_reply_changes_who_comes_and_describes_nothing(read, event, calendar):
    """A REPLY takes off who declined, and is no appointment by itself."""
    invited = "ATTENDEE;CN=Ann;PARTSTAT=NEEDS-ACTION:tel:+12025550101"
    other = "ATTENDEE;CN=Bo:tel:+12025550102"
    reply = event(phone="ATTENDEE;PARTSTAT=DECLINED:tel:+12025550101")
    found = read(methods(calendar, ("REQUEST", event(other, phone=invited)), ("REPLY", reply)))
    assert found.phones == ["+12025550102"]
    alone = read(calendar("METHOD:REPLY", reply))
    assert alone.found == []
    assert alone.warnings == [
        "METHOD:REPLY describes no appointment: an answer counts where its invitation is read with it"
    ]
    assert alone.reading.covers == set()


def test_a_reply_to_one_instance_counts_for_that_one(read, event, calendar):
    """A REPLY with a RECURRENCE-ID takes its sender off that occurrence alone."""
    reply = event("RECURRENCE-ID:20260309T130000Z", phone="ATTENDEE;PARTSTAT=DECLINED:tel:+12025550101")
    found = read(methods(calendar, ("REQUEST", event(SERIES)), ("REPLY", reply)))
    assert [len(item.appointment.recipients) for item in found.found] == [1, 0, 1, 1]


def test_a_master_speaks_for_all_its_occurrences(read_events, event):
    """A reading covers the UIDs whose master it has, and not one of which it has an override only."""
    found = read_events(event(SERIES), event(uid="b"), event("RECURRENCE-ID:20260309T130000Z", uid="c"))
    assert found.reading.covers == {"visit-1", "b"}


@pytest.mark.parametrize(
    ("start", "line", "taken_out"),
    [
        ("DTSTART:20260302T140000Z", "EXDATE:20260309T140000Z", {"2026-03-09T14:00:00Z"}),
        (NINE, "EXDATE;TZID=America/New_York:20260309T090000,20260316T090000",
         {"2026-03-09T13:00:00Z", "2026-03-16T13:00:00Z"}),
        (NINE, "EXDATE;VALUE=DATE:20260309", {"2026-03-09T13:00:00Z", "2026-03-09"}),
        ("DTSTART;VALUE=DATE:20260302", "EXDATE;VALUE=DATE:20260309", {"2026-03-09"}),
        (NINE, "EXDATE:00010101T000000Z,99991231T235959Z", None),
        (NINE, "SUMMARY:Physio", None),
    ],
    ids=["UTC", "a zone", "a day", "whole days", "the ends of time", "nothing"],
)  # fmt: skip
def test_a_reading_says_what_a_series_takes_out(read_events, event, start, line, taken_out):
    """As recurrence ids; a day that is taken out whole, as a date, too."""
    found = read_events(event("RRULE:FREQ=WEEKLY;COUNT=3", line, start=start))
    assert found.errors == []
    assert found.reading.taken_out.get("visit-1") == taken_out


BROKEN = {
    "bad DTSTART": {"start": "DTSTART:yesterday"},
    "no DTSTART": {"start": None},
    "impossible DTSTART": {"start": "DTSTART:20260231T090000"},
    "two DTSTART": {"lines": ["DTSTART:20260401T090000Z"]},
    "two UID": {"lines": ["UID:other"]},
    "bad RRULE": {"lines": ["RRULE:FREQ=SOMETIMES"]},
    "RSCALE": {"lines": ["RRULE:RSCALE=HEBREW;FREQ=YEARLY"]},
    "INTERVAL=0": {"lines": ["RRULE:FREQ=DAILY;INTERVAL=0"]},
    "bad RECURRENCE-ID": {"lines": ["RECURRENCE-ID:first"]},
    "a second of every year": {"start": "DTSTART:99991231T235959Z", "lines": ["RRULE:FREQ=SECONDLY"]},
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_event_is_reported_and_hurts_no_other(read_events, event, case):
    """Fault 2: a broken event is reported with its UID and line, and the others are read."""
    lines = BROKEN[case].get("lines", ())
    changes = {"start": BROKEN[case]["start"]} if "start" in BROKEN[case] else {}
    bad = event(*lines, uid="bad", **changes)
    found = read_events(event(uid="a"), bad, event(uid="z"), known=lambda uid: True)
    assert [item.appointment.id for item in found.found] == ["a", "z"]
    if case == "a second of every year":
        return
    (error,) = found.errors
    assert error.uid == "bad"
    first = 4 + event(uid="a").count("\r\n") + 1
    assert first <= error.line <= first + bad.count("\r\n")
    assert found.reading.unreadable == {"bad"}
    assert found.reading.covers == {"a", "z"}
    assert found.reading.sound


@pytest.mark.parametrize(
    "line",
    [
        "SEQUENCE:many",
        "DTSTAMP:now",
        "CREATED:x",
        "LAST-MODIFIED:2026",
        "STATUS:MAYBE",
        "DTEND:later",
        "COLOUR",
    ],
)
def test_what_a_start_does_not_depend_on_may_be_broken(read_events, event, line):
    """A property that can't be read and that no start depends on is no error."""
    found = read_events(event(line))
    assert found.starts == ["2026-03-02T14:00:00Z"]
    assert found.errors == []


def test_a_broken_override_hides_its_instance_and_keeps_the_rest(read_events, event):
    """A broken override hides its own instance, and the series is covered no longer."""
    found = read_events(event(SERIES), event("RECURRENCE-ID:20260309T130000Z", start="DTSTART:broken"))
    assert found.ids == ["2026-03-02T14:00:00Z", "2026-03-16T13:00:00Z", "2026-03-23T13:00:00Z"]
    assert found.reading.unreadable == {"visit-1"}
    assert found.reading.covers == set()


def test_a_broken_master_leaves_its_overrides(read_events, event):
    """Overrides of a master that can't be read are yielded, and nothing is concluded from absence."""
    found = read_events(event("RRULE:broken"), event("RECURRENCE-ID:20260309T130000Z"))
    assert found.ids == ["2026-03-09T13:00:00Z"]
    assert found.reading.covers == set()


def test_a_truncated_calendar_is_read_and_not_trusted(read, event, calendar):
    """Fault 3."""
    whole = calendar(event(uid="a"), event(uid="b"))
    cut = read(whole[: whole.index("UID:b") + 20])
    assert [item.appointment.id for item in cut.found] == ["a"]
    assert not cut.reading.sound
    assert cut.errors
    unended = read(whole.replace("END:VCALENDAR\r\n", ""))
    assert len(unended.found) == 2
    assert not unended.reading.sound
    assert "ends within VCALENDAR" in unended.reading.unsound_because


def test_an_event_without_end_is_reported_and_the_next_is_read(read, event, calendar):
    """A missing END:VEVENT costs that event only, and is reported at its line."""
    text = calendar(event(uid="a").replace("\r\nEND:VEVENT", ""), event(uid="b"))
    found = read(text)
    assert [item.appointment.id for item in found.found] == ["b"]
    assert found.reading.unreadable == {"a"}
    assert found.errors[0].line == 4


def test_an_alarm_without_end_costs_nothing(read_events, event):
    """A missing END:VALARM costs neither its event nor the next one."""
    found = read_events(event("BEGIN:VALARM", "TRIGGER:-PT15M"), event(uid="b"))
    assert len(found.found) == 2
    assert found.found[0].alarms or found.found[1].alarms


def test_a_broken_event_without_uid_makes_a_source_unsound(read_events, event):
    """A broken event might be any recorded one where its UID isn't known: absence proves nothing."""
    found = read_events(event(uid=None, start="DTSTART:broken"), event())
    assert len(found.found) == 1
    assert not found.reading.sound


def test_an_event_without_uid_is_known_by_what_it_says(read_events, event):
    """An event without a UID gets an id made of its content, the same wherever it stands."""
    found = read_events(event("SUMMARY:One", uid=None), event("SUMMARY:Two", uid=None))
    ids = [item.appointment.id for item in found.found]
    assert len(set(ids)) == 2
    assert all(item.startswith("no-uid-") for item in ids)
    again = read_events(event("SUMMARY:Two", uid=None), event("SUMMARY:One", uid=None))
    assert sorted(ids) == sorted(item.appointment.id for item in again.found)
    assert found.reading.sound


def test_a_broken_event_without_uid_borrows_no_other_events_name(read_events, event):
    """A broken event without a UID doesn't make another's UID unreadable."""
    found = read_events(event("RRULE:FREQ=SECONDLY", uid=None), event(uid="1"))
    assert found.reading.unreadable != {"1"}
    assert found.reading.covers == {"1"}


def test_an_empty_calendar_is_read_and_not_trusted(read, calendar):
    """A calendar without events is no proof that all were removed."""
    found = read(calendar())
    assert found.found == []
    assert found.reading.unsound_because == "the calendar holds no events"
    assert found.warnings == ["the calendar holds no events"]


def test_a_calendar_whose_only_event_never_ends_is_not_empty(read, calendar, event):
    """What can't be used was there: the reader says what is wrong with it, and not that there was nothing."""
    found = read(calendar(event(uid="1")).replace("END:VEVENT\r\n", ""))
    assert found.found == []
    assert not any("holds no events" in words for words in found.warnings)
    (problem,) = found.reading.problems
    assert "never ends" in str(problem)


@pytest.mark.parametrize(
    ("error", "words"),
    [(OSError(5, "Input/output error"), "Input/output error"), (OSError("the line was cut"), "the line was cut")],
    ids=["in the system's words", "in its own"],
)
def test_what_breaks_off_while_it_is_read_is_told_with_the_reason(read, error, words):
    """By the name of the file."""

    class Cut(io.RawIOBase):
        def readable(self):
            return True

        def seekable(self):
            return True

        def seek(self, *_given):
            return 0

        def readinto(self, _buffer):
            raise error

    with pytest.raises(CalendarError) as caught:
        read(File("visits.ics", io.BufferedReader(Cut())))
    assert str(caught.value) == f"visits.ics cannot be read: {words}"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "is empty"),
        (b"<!DOCTYPE html><html><body>Log in</body></html>", "web page"),
        (b"\x00\x01\x02" * 100, "is no calendar"),
        (b"\r\n" * 50, "is empty"),
        (b"name,phone\nAnn,+12025550101\n", "is no calendar"),
    ],
)
def test_what_is_no_calendar_is_refused_at_once_with_the_remedy(data, words):
    """Data that is no calendar is refused with what it is and what a calendar begins with."""
    now = datetime(2026, 1, 1, tzinfo=UTC)
    with pytest.raises(CalendarError, match=words) as caught:
        read_calendar(data, CalendarSettings(), start=now, end=now)
    assert "BEGIN:VCALENDAR" in str(caught.value)


def test_events_within_other_components_are_no_appointments(read, event, calendar):
    """Fault 14."""
    poll = ("BEGIN:VPOLL", event(uid="poll"), "END:VPOLL")
    text = calendar(*poll, "BEGIN:X-BOX", event(uid="box"), "END:X-BOX", event())
    assert [item.appointment.id for item in read(text).found] == ["visit-1"]


def test_events_without_a_calendar_around_them_are_read(read, event):
    """A bare VEVENT is read without its VCALENDAR."""
    assert len(read(event() + "\r\n").found) == 1


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data,
        lambda data: data.replace(b"\r\n", b"\n"),
        lambda data: data.replace(b"\r\n", b"\r"),
        lambda data: b"\xef\xbb\xbf" + data,
        lambda data: data.decode().encode("utf-16"),
        lambda data: data.replace(b"BEGIN", b"begin").replace(b"VEVENT", b"vEvent"),
        lambda data: data + b"\x00" * 100,
        lambda data: b"\r\n\r\n" + data,
        lambda data: data.replace(b"\r\n", b" \r\n"),
    ],
    ids=["CRLF", "LF", "CR", "BOM", "UTF-16", "lower case", "NUL tail", "blank lines", "trailing spaces"],
)
def test_the_form_of_a_file_does_not_matter(read, event, calendar, change):
    """Line ends, encoding marks, letter case and stray bytes change nothing that is read."""
    found = read(change(calendar(event(SERIES)).encode()))
    assert len(found.found) == 4
    assert found.found[0].appointment.recipients[0].phone == "+12025550101"


def test_a_fold_within_a_character_is_mended(read, event, calendar):
    """Fault 18: bytes are unfolded before they are decoded."""
    data = calendar(event("SUMMARY:Zoë's visit")).encode()
    at = data.index("ë".encode()) + 1
    assert read(data[:at] + b"\r\n " + data[at:]).titles == ["Zoë's visit"]


def test_latin_1_is_read_with_a_warning(read, event, calendar):
    """A file that isn't UTF-8 is read as Latin-1 with a warning."""
    found = read(calendar(event("SUMMARY:Zoë")).encode("latin-1"))
    assert found.titles == ["Zoë"]
    assert any("not UTF-8" in warning for warning in found.warnings)


def test_control_characters_do_not_reach_a_text(read_events, event):
    """Fault 18."""
    assert read_events(event("SUMMARY:a\x00b\x07c\x1bd")).titles == ["abcd"]


def test_unicode_line_separators_end_no_line(read_events, event):
    """U+2028 and U+0085 are text: only CR and LF end a content line."""
    assert read_events(event("SUMMARY:one\u2028two\x85three")).titles == ["one two three"]


def test_quoted_parameters_may_hold_colons_and_carets(read_events, event):
    """A quoted parameter may hold separators, and RFC 6868's carets stand for quotes."""
    found = read_events(event(phone='ATTENDEE;CN="Doe: Ann ^\'Annie^\'";X-A="b;c":tel:+12025550101'))
    assert found.only.appointment.recipients[0].name == 'Doe: Ann "Annie"'


def test_limits_are_named_in_what_they_refuse(read, event, calendar):
    """A calendar beyond a limit is refused by the name of the setting to raise."""
    text = calendar(*[event(uid=str(number)) for number in range(20)])
    for name, value in (("events", 10), ("lines", 50), ("file_bytes", 500)):
        with pytest.raises(CalendarError, match=f"`{name}`"):
            read(text, limits=Limits(**{name: value}))


EDGES = "20251215 20251230 20251231 20260101 20260102 20260301 20260629 20260630 20260701 20260702 20270101"
DATES = st.sampled_from(EDGES.split())
FORMS = st.sampled_from(
    [
        "DTSTART:{}T120000Z",
        "DTSTART;VALUE=DATE:{}",
        "DTSTART;TZID=Pacific/Auckland:{}T030000",
        "DTSTART;TZID=Pacific/Honolulu:{}T200000",
    ]
)


@st.composite
def components(draw):
    uid = draw(st.sampled_from("abc"))
    form = draw(FORMS)
    lines = [f"UID:{uid}", form.format(draw(DATES))]
    kind = draw(st.sampled_from(["single", "series", "ended", "override", "onwards", "rdate"]))
    lines += {
        "single": [],
        "series": ["RRULE:FREQ=WEEKLY"],
        "ended": [f"RRULE:FREQ=WEEKLY;UNTIL={draw(DATES)}"],
        "override": [f"RECURRENCE-ID:{draw(DATES)}T120000Z"],
        "onwards": [f"RECURRENCE-ID;RANGE=THISANDFUTURE:{draw(DATES)}T120000Z"],
        "rdate": [f"RDATE:{draw(DATES)}T120000Z"],
    }[kind]
    return "\r\n".join(["BEGIN:VEVENT", *lines, f"SEQUENCE:{draw(st.integers(0, 2))}", "END:VEVENT"])


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(components(), min_size=1, max_size=5))
def test_passing_over_events_by_their_text_changes_nothing(read, calendar, parts):
    """Events passed over unparsed are none that a full reading would have yielded within the horizon."""
    text = calendar(*parts)
    by_text, in_full = read(text), read(text, known=lambda uid: True)
    within = [item for item in in_full.found if item.appointment.starts_at < END]
    assert [occurrence_json(item) for item in by_text.found] == [occurrence_json(item) for item in within]
    assert by_text.reading.covers <= in_full.reading.covers


@pytest.mark.parametrize(("second", "names"), [("+12025550101", 1), ("+12025550102", 2)])
def test_series_of_one_uid_may_meet_in_one_instant(read, calendar, second, names):
    """Two that began at different times: two people are told of it, and one person once."""
    series = {"DTSTART:20251215T120000Z": "+12025550101", "DTSTART;TZID=Pacific/Auckland:20251215T030000": second}
    parts = [
        f"BEGIN:VEVENT\r\nUID:a\r\n{start}\r\nRDATE:20260301T120000Z\r\nATTENDEE:tel:{phone}\r\nEND:VEVENT"
        for start, phone in series.items()
    ]
    found = read(calendar(*parts)).found
    assert len({(one.appointment.id, one.appointment.recurrence_id) for one in found}) == len(found) == names
    assert {person.phone for one in found for person in one.appointment.recipients} == {"+12025550101", second}


def test_people_of_texts_in_series_that_meet_are_told_apart(read, calendar):
    """Two weekly series of one UID, the second a week later, with numbers in their notes: nobody's visit is dropped."""
    series = [("20260212T090000Z", "(202) 555-0101"), ("20260219T090000Z", "(202) 555-0102")]
    parts = [
        f"BEGIN:VEVENT\r\nUID:None\r\nDTSTART:{at}\r\nRRULE:FREQ=WEEKLY;COUNT=2\r\n"
        f"DESCRIPTION:call {number}\r\nEND:VEVENT"
        for at, number in series
    ]
    told = [
        {(one.appointment.recurrence_id, one.appointment.recipients[0].phone) for one in read(calendar(*several)).found}
        for several in (parts, parts[::-1])
    ]
    assert len(told[0]) == 4
    assert told[0] == told[1]


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(components() | components().map(lambda item: item.replace("UID:", "X-UID:")), min_size=1, max_size=6))
def test_b30_no_two_occurrences_have_the_same_identity(read, calendar, parts):
    """Whatever a file repeats, ids and recurrence ids are unique, and none ends before it starts."""
    found = read(calendar(*parts, *parts[:1]))
    identities = [(item.appointment.id, item.appointment.recurrence_id) for item in found.found]
    assert len(set(identities)) == len(identities)
    assert all(item.appointment.starts_at <= item.appointment.ends_at for item in found.found)


def test_past_events_are_parsed_only_where_they_are_recorded(read_events, event):
    """An event that is over is parsed only where the ledger has its UID."""
    events = [event(uid="past", start="DTSTART:20200101T090000Z"), event(uid="now")]
    assert read_events(*events).reading.covers == {"now"}
    assert read_events(*events, known={"past"}.__contains__).reading.covers == {"past", "now"}


ORIGINAL = "RECURRENCE-ID:20260309T130000Z"


@pytest.mark.parametrize(
    ("lines", "is_read"),
    [
        ([[]], True),
        ([["STATUS:CANCELLED"]], True),
        ([[ORIGINAL]], True),
        ([["RECURRENCE-ID:20261201T130000Z"]], False),
        ([["RRULE:FREQ=WEEKLY"]], False),
        ([["RDATE:20261201T130000Z"]], False),
    ],
    ids=["a visit", "cancelled", "an occurrence", "a later occurrence", "a series", "dates"],
)
def test_what_is_recorded_is_read_where_it_was_put_off_to(read_events, event, lines, is_read):
    """Beyond the horizon: whoever was told of it is to hear of that. It is not counted as unread then."""
    events = [event(*one, start="DTSTART:20261201T130000Z") for one in lines]
    found = read_events(*events, known={"visit-1"}.__contains__)
    assert found.starts == (["2026-12-01T13:00:00Z"] if is_read else [])
    unread = read_events(*events)
    takes_place = ["STATUS:CANCELLED"] not in lines
    assert (unread.starts, unread.reading.beyond) == ([], int(takes_place))
    assert found.reading.beyond == (0 if is_read else 1)


def test_an_occurrence_that_is_put_off_is_read_beside_its_series(read_events, event):
    """One by one, and with all that follow, as far as those were within the horizon."""
    master, known = event(SERIES), {"visit-1"}.__contains__
    moved = event(ORIGINAL, start="DTSTART:20261201T130000Z")
    found = read_events(master, moved, known=known)
    assert found.starts == [*(f"2026-03-{day}Z" for day in ("02T14:00:00", "16T13:00:00", "23T13:00:00")),
                            "2026-12-01T13:00:00Z"]  # fmt: skip
    assert (found.reading.beyond, found.reading.going_on) == (0, 0)
    rest = event(ORIGINAL.replace(":", ";RANGE=THISANDFUTURE:", 1), start="DTSTART:20261201T130000Z")
    weekly = event("RRULE:FREQ=WEEKLY;UNTIL=20260714T000000Z")
    assert [start[:10] for start in read_events(weekly, rest, known=known).starts[:3]] == [
        "2026-03-02", "2026-12-01", "2026-12-08"
    ]  # fmt: skip
    assert read_events(weekly, rest, known=known).ids[-1] == "2026-06-29T13:00:00Z"
    assert read_events(weekly, rest).starts == ["2026-03-02T14:00:00Z"]


def test_what_is_recorded_of_several_appointments_of_one_uid_is_known_by_its_start(read_events, event):
    """One that begins beyond the horizon is another one."""
    both = [event(start="DTSTART:20260302T130000Z"), event(start="DTSTART:20261201T130000Z")]
    found = read_events(*both, known={"visit-1"}.__contains__)
    assert (found.starts, found.reading.beyond) == (["2026-03-02T13:00:00Z"], 1)


@pytest.mark.parametrize("known", [False, True], ids=["new", "recorded"])
@pytest.mark.parametrize("day", ["20251103", "20251230", "20260702", "20270304"])
def test_a_date_moved_into_the_horizon_has_one_id_wherever_its_event_lies(read, calendar, day, known):
    """It names another hour of that day, and stands for the event's own start, in the first import and in every one."""
    event = f"BEGIN:VEVENT\r\nUID:a\r\nDTSTART;TZID=Pacific/Honolulu:{day}T120000\r\nEND:VEVENT"
    moved = f"BEGIN:VEVENT\r\nUID:a\r\nDTSTART:20260302T120000Z\r\nRECURRENCE-ID:{day}T120000Z\r\nEND:VEVENT"
    found = read(calendar(event, moved), known=lambda _uid: known)
    assert (found.ids, found.starts) == ([f"{day[:4]}-{day[4:6]}-{day[6:]}T22:00:00Z"], ["2026-03-02T12:00:00Z"])
