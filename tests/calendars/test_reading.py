"""Reading: a whole source, its occurrences and all that is said of it, in its order."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from reminder_kit.calendars import CalendarSettings, Limits, read_calendar
from reminder_kit.errors import CalendarError

WEEKLY = "RRULE:FREQ=WEEKLY;COUNT=4"


def said(found):
    """Return each problem with where it is."""
    return [(one.severity, one.message, one.uid, one.line) for one in found.reading.problems]


def rows(found):
    """Return each occurrence in a line."""
    lines = []
    for one in found.found:
        appointment = one.appointment
        words = [appointment.id, f"{appointment.starts_at.astimezone(UTC):%m-%d %H:%M}", appointment.title]
        words += [appointment.recurrence_id or "alone"]
        lines.append(" ".join(filter(None, words)))
    return lines


def test_all_that_an_appointment_gets_from_its_event(read_events, event):
    """Each value in its place."""
    found = read_events(
        event(
            *("SUMMARY:Check\\, up", "LOCATION:Room 4", "DTEND;TZID=America/New_York:20260302T093000", "SEQUENCE:3"),
            *("LAST-MODIFIED:20260105T000000Z", "CREATED:20251224T080000Z", "URL: https://clinic.example/1 "),
            *("CATEGORIES:a,b", "DESCRIPTION:Note", "STATUS:TENTATIVE"),
        )
    )
    one = found.only
    appointment = one.appointment
    assert (appointment.starts_at.isoformat(), appointment.ends_at.isoformat()) == (
        "2026-03-02T09:00:00-05:00",
        "2026-03-02T09:30:00-05:00",
    )
    assert (appointment.timezone, appointment.title, appointment.location) == (
        "America/New_York",
        "Check, up",
        "Room 4",
    )
    assert (appointment.status.value, appointment.source, appointment.id) == ("tentative", "clinic", "visit-1")
    assert (appointment.recurrence_id, appointment.revision, appointment.all_day) == (None, (3, 1767571200), False)
    assert (appointment.booked_at, appointment.tags) == (datetime(2025, 12, 24, 8, tzinfo=UTC), {"a", "b"})
    assert (appointment.url, dict(appointment.data)) == ("https://clinic.example/1", {"description": "Note"})
    assert [(person.phone, person.name) for person in appointment.recipients] == [("+12025550101", "Ann")]
    assert (one.all_day, one.sequence, one.line) == (False, 3, 4)
    assert (one.start, one.end) == (appointment.starts_at, appointment.ends_at)
    assert (one.alarms, one.due_alarms) == ((), ())


def test_an_event_that_says_nothing_makes_a_plain_appointment(read_events, event):
    """Confirmed, of no revision but 0, without an address or anything for templates."""
    appointment = read_events(event(stamp=False)).only.appointment
    assert (appointment.title, appointment.location, appointment.url, dict(appointment.data)) == ("", "", None, {})
    assert (appointment.status.value, appointment.revision, appointment.booked_at) == ("confirmed", (0, 0), None)
    assert appointment.tags == frozenset()


@pytest.mark.parametrize(
    ("start", "zone", "shown", "own"),
    [
        ("DTSTART;TZID=Europe/Berlin:20260302T150000", "Europe/Berlin", "2026-03-02T15:00:00+01:00", None),
        ("DTSTART:20260302T090000", "America/New_York", "2026-03-02T09:00:00-05:00", None),
        ("DTSTART:20260302T090000", "Asia/Tokyo", "2026-03-02T09:00:00+09:00", "Asia/Tokyo"),
        ("DTSTART:20260302T140000Z", None, "2026-03-02T14:00:00+00:00", None),
        ("DTSTART:20260302T140000Z", "Asia/Tokyo", "2026-03-02T14:00:00+00:00", "Asia/Tokyo"),
        ("DTSTART;VALUE=DATE:20260302", "America/New_York", "2026-03-02T00:00:00-05:00", None),
    ],
    ids=["zoned", "floating", "floating by the calendar", "UTC", "UTC in a calendar with a zone", "a date"],
)
def test_an_appointment_is_in_the_zone_of_its_event(read, event, calendar, start, zone, shown, own):
    """Or, for a time in UTC, in that of its calendar; the instant stays as it was written."""
    lines = [f"X-WR-TIMEZONE:{own}"] if own else []
    one = read(calendar(*lines, event(start=start))).only
    assert (one.appointment.timezone, one.appointment.starts_at.isoformat()) == (zone, shown)


def test_days_are_dates_in_an_occurrence_and_times_are_instants(read_events, event):
    """With the end left out."""
    found = read_events(event("DTEND;VALUE=DATE:20260304", start="DTSTART;VALUE=DATE:20260302"))
    assert (found.starts, found.ends) == (["2026-03-02"], ["2026-03-04"])
    assert (found.only.all_day, found.only.appointment.all_day) == (True, True)
    assert (found.json[0]["start_at"], found.json[0]["end_at"]) == ("2026-03-02", "2026-03-04")


@pytest.mark.parametrize(
    ("text", "title"),
    [("a  b\\n c\t d ", "a b c d"), ("x" * 1001, "x" * 1000), ("x" * 999 + " yz", "x" * 999)],
)
def test_titles_and_places_are_one_line_of_a_thousand_characters(read_events, event, text, title):
    """Blanks and breaks are one blank."""
    one = read_events(event(f"SUMMARY:{text}", f"LOCATION:{text}")).only.appointment
    assert (one.title, one.location) == (title, title)


def test_templates_get_what_an_event_says_besides(read_events, event):
    """Ten thousand characters of a description, who asks, who is invited by mail, and what is needed; each once."""
    found = read_events(
        event(
            f"DESCRIPTION:{'x' * 10_001}",
            "ORGANIZER;CN=Dr. A\\, B: MAILTO:desk@clinic.example ",
            "ATTENDEE:mailto:bo@clinic.example",
            "ATTENDEE:mailto:al@clinic.example",
            "ATTENDEE:mailto:Bo@clinic.example",
            "RESOURCES: Chair ,Laser\\, 2,,Chair",
            "RESOURCES:Bed",
            "ATTENDEE;CUTYPE=room;CN= Room 4 :mailto:r@clinic.example",
            "ATTENDEE;CUTYPE=ROOM:mailto:r5@clinic.example",
        )
    )
    assert dict(found.only.appointment.data) == {
        "description": "x" * 10_000,
        "organizer": "desk@clinic.example",
        "organizer_name": "Dr. A, B",
        "attendees": ["al@clinic.example", "bo@clinic.example"],
        "resources": ["Chair", "Laser, 2", "Bed", "Room 4"],
    }
    plain = read_events(event("ORGANIZER:tel:+12025550109")).only.appointment
    assert dict(plain.data) == {"organizer": "tel:+12025550109"}


def test_categories_are_as_many_as_allowed(read_events, event):
    """One that comes again is none more; that there are more is said with the line."""
    lines = ("CATEGORIES:a,b\\,c, ,d", "CATEGORIES:a\\\\,e")
    assert read_events(event(*lines)).only.appointment.tags == {"a", "b,c", "d", "a\\", "e"}
    found = read_events(event("CATEGORIES:a,b", "CATEGORIES:c,a"), limits=Limits(categories=3))
    assert found.only.appointment.tags == {"a", "b", "c"}
    assert said(found) == [("warning", "has more than 3 CATEGORIES: only the first are read", "visit-1", 10)]
    found = read_events(event("CATEGORIES:a,b", "CATEGORIES:c"), limits=Limits(categories=3))
    assert (found.only.appointment.tags, said(found)) == ({"a", "b", "c"}, [])


def test_an_occurrence_knows_its_series_by_revision(read_events, event):
    """That of the master, and its own; alone, there is no master."""
    moved = event("RECURRENCE-ID:20260309T130000Z", "SEQUENCE:4", start="DTSTART:20260310T130000Z")
    found = read_events(event(WEEKLY, "SEQUENCE:2"), moved)
    stamp = 1767225600
    assert [one.appointment.revision for one in found.found[:2]] == [
        ((2, stamp), (2, stamp)),
        ((2, stamp), (4, stamp)),
    ]
    assert found.reading.masters == {"visit-1": (2, stamp)}
    assert read_events(moved).only.appointment.revision == (None, (4, stamp))


def test_alarms_are_in_an_appointment_s_data_where_they_are_heeded(read_events, event, alarm):
    """Those that are due, for rules to go by."""
    visit = event("DESCRIPTION:Note", alarm("TRIGGER:-PT15M"))
    for alarms in ("rules", "only"):
        data = read_events(visit, alarms=alarms).only.appointment.data
        assert dict(data) == {"description": "Note", "alarms": ["2026-03-02T13:45:00Z"]}
    assert dict(read_events(visit).only.appointment.data) == {"description": "Note"}


def test_a_reading_says_what_it_covers(read_events, event):
    """Each UID whose master was read; that several appointments bear one, that it has no master's revision."""
    other = event(uid="b", start="DTSTART:20260303T090000Z")
    found = read_events(event(uid="a"), event(uid="b"), other, event("RECURRENCE-ID:20260302T140000Z", uid="c"))
    assert found.reading.covers == {"a", "b"}
    assert set(found.reading.masters) == {"a"}
    assert (found.reading.cancelled, found.reading.unreadable, found.reading.sound) == (set(), set(), True)
    assert (found.reading.unsound_because, found.reading.beyond, found.reading.name) == ("", 0, "clinic")


def test_a_part_that_cannot_be_read_makes_its_uid_unreadable(read_events, event):
    """Its other parts are told, and nothing is concluded from what is missing."""
    found = read_events(
        event(WEEKLY, uid="a"), event("RECURRENCE-ID:20260309T130000Z", uid="a", start="DTSTART:x"), event(uid="b")
    )
    assert rows(found) == [
        "a 03-02 14:00 2026-03-02T14:00:00Z",
        "a 03-16 13:00 2026-03-16T13:00:00Z",
        "a 03-23 13:00 2026-03-23T13:00:00Z",
        "b 03-02 14:00 alone",
    ]
    assert (found.reading.covers, found.reading.unreadable, set(found.reading.masters)) == ({"b"}, {"a"}, {"b"})
    assert said(found) == [("error", "DTSTART (1 characters) is no date or time", "a", 14)]


def test_where_a_master_cannot_be_read_none_of_its_versions_counts(read_events, event):
    """Only its overrides do."""
    found = read_events(
        event("SUMMARY:old"), event("RECURRENCE-ID:20260309T130000Z", "SUMMARY:moved"), event("SEQUENCE:1", "RRULE:x")
    )
    assert rows(found) == ["visit-1 03-02 14:00 moved 2026-03-09T13:00:00Z"]
    assert found.reading.unreadable == {"visit-1"}


def test_what_is_said_of_an_event_has_its_uid_and_line(read_events, event):
    """Of one without a UID, no UID; five of its odd lines are told."""
    odd = [f"ATTENDEE;{'X' * number}" for number in range(7)]
    found = read_events(
        event(*odd, "SEQUENCE:x", uid="a"), event("SEQUENCE:x", uid=None, start="DTSTART:20260303T090000Z")
    )
    lines = [("warning", f"a line has no colon ({9 + number} characters)", "a", 9 + number) for number in range(5)]
    assert said(found) == [
        *lines,
        ("warning", "SEQUENCE (1 characters) is no number: read as 0", "a", 16),
        ("warning", "SEQUENCE (1 characters) is no number: read as 0", None, 22),
        ("warning", "has no UID: it is known by what it says, and a change makes it another", None, 18),
    ]


def test_versions_that_nothing_orders_are_said_with_their_lines(read_events, event):
    """And which of them counts."""
    found = read_events(event("SUMMARY:one"), event("SUMMARY:two"))
    assert said(found) == [
        (
            "warning",
            "comes several times (lines 4 and 11), none of them newer: the one of line 11 counts",
            "visit-1",
            11,
        )
    ]


def test_appointments_that_share_a_uid_are_said_once(read_events, event):
    """With how many there are, at the newest of them."""
    found = read_events(*(event(start=f"DTSTART:2026030{day}T090000Z") for day in (4, 2, 3)))
    assert said(found) == [
        (
            "warning",
            "3 appointments have this UID, of different starts or people: each is taken for itself",
            "visit-1",
            16,
        )
    ]
    assert rows(found) == [f"visit-1 03-0{day} 09:00 2026-03-0{day}T09:00:00Z" for day in (2, 3, 4)]


@pytest.mark.parametrize("method", ["REPLY", "COUNTER", "REFRESH", "DECLINECOUNTER"])
def test_a_calendar_that_only_answers_or_asks_says_so(read, event, calendar, method):
    """At its first line; beside a request it is no appointment either."""
    found = read(calendar(f"METHOD:{method}", event("SUMMARY:x")))
    how = ": an answer counts where its invitation is read with it" if method == "REPLY" else ""
    assert said(found) == [("warning", f"METHOD:{method} describes no appointment{how}", "visit-1", 5)]
    both = read(calendar("METHOD:REQUEST", event()) + calendar(f"METHOD:{method}", event()))
    assert (len(both.found), both.found[0].line) == (1, 5)
    assert not any("describes no appointment" in message for _, message, *_ in said(both))


def test_a_uid_that_comes_again_in_another_spelling_is_told_once(read_events, event):
    """Escaped, in other bytes, or made of what an event without one says."""
    found = read_events(event(uid="a,b"), event(uid="a\\,b"), event(uid="c"))
    assert rows(found) == ["a,b 03-02 14:00 alone", "c 03-02 14:00 alone"]
    assert said(found) == [("warning", "comes again, without a UID or with another spelling of it", "a,b", 10)]
    found = read_events(event(uid="a\\,b"), event(uid="a\\,b"), event(uid="a,b", start="DTSTART:20260303T090000Z"))
    assert rows(found) == ["a,b 03-02 14:00 alone"]
    found = read_events(event(uid="a\\,b"), event(uid="a\\\\\\,b"), event(uid="a\\,b "))
    assert {one.appointment.id for one in found.found} == {"a,b", "a\\,b"}
    twice = read_events(event(uid=None), event(uid=None))
    assert len(twice.found) == 1
    assert [message for _, message, *_ in said(twice)][
        -1
    ] == "comes again, without a UID or with another spelling of it"


def test_events_without_a_uid_that_say_the_same_are_told_apart_by_people(read_events, event):
    """One for other people has a few digits more; one for the same people, or for nobody, comes again."""
    phones = ["ATTENDEE:tel:+12025550101", "ATTENDEE:tel:+12025550102", "ATTENDEE:tel:+12025550101", None]
    found = read_events(*(event(uid=None, phone=phone) for phone in phones))
    ids = [one.appointment.id for one in found.found]
    assert len(ids) == 2
    assert ids[1].startswith(f"{ids[0]}-")
    assert sum("comes again" in message for _, message, *_ in said(found)) == 1


def test_of_very_many_versions_none_is_read(read_events, event):
    """Of as many as are allowed all are."""
    assert len(read_events(*[event()] * 3, limits=Limits(overrides=3)).found) == 1
    found = read_events(*[event()] * 4, limits=Limits(overrides=3))
    assert said(found) == [("error", "has more than 3 versions", "visit-1", 4)]
    assert found.reading.unreadable == {"visit-1"}


TOO_MANY = (
    "occurrences in the time asked for: the rest is passed over; shorten the horizon, or raise the calendar's limit "
    "`all_occurrences`"
)


def test_reading_ends_beyond_the_occurrences_of_a_source(read_events, event):
    """Of as many as are allowed all are told, and of the event that has one more none."""
    events = [event(WEEKLY, uid=uid) for uid in "abc"]
    assert len(read_events(*events, limits=Limits(all_occurrences=12)).found) == 12
    found = read_events(*events, limits=Limits(all_occurrences=11))
    assert {one.appointment.id for one in found.found} == {"a", "b"}
    assert said(found) == [
        (
            "error",
            f"there are more than 11 {TOO_MANY}",
            None,
            None,
        )
    ]
    assert (found.reading.covers, found.reading.sound) == ({"a", "b"}, False)


def test_events_after_the_horizon_are_counted(read_events, event):
    """Those that were passed over by their text, and those that were read for it; not those that are over."""
    late, later = event(uid="a", start="DTSTART:20260701T000000Z"), event(uid="b", start="DTSTART:20270101T000000Z")
    past = event("RRULE:FREQ=DAILY;COUNT=2", uid="c", start="DTSTART:20250101T000000Z")
    last = event(uid="d", start="DTSTART:20260630T235959Z")
    found = read_events(late, later, past, last)
    assert (found.reading.beyond, rows(found)) == (2, ["d 06-30 23:59 alone"])
    assert read_events(late, later, past, last, known={"c", "d"}.__contains__).reading.beyond == 2


LATER, LATEST = "DTSTART:20270101T000000Z", "DTSTART:20280101T000000Z"


@pytest.mark.parametrize(
    ("pairs", "beyond"),
    [
        ([("", ["SEQUENCE:1"], LATER)], 1),
        ([("", ["STATUS:CANCELLED"], LATER)], 0),
        ([("", ["STATUS: cancelled", "STATUS:CONFIRMED"], LATER)], 0),
        ([("CANCEL", [], LATER)], 0),
        ([("REPLY", [], LATER)], 0),
        ([("", ["SEQUENCE:1"], LATER), ("", ["SEQUENCE:2"], LATEST)], 1),
        ([("REQUEST", ["SEQUENCE:1"], LATER), ("CANCEL", ["SEQUENCE:2"], LATER)], 0),
        ([("REQUEST", ["SEQUENCE:3"], LATER), ("CANCEL", ["SEQUENCE:2"], LATER)], 1),
        ([("", [], LATER), ("", [], LATEST)], 2),
        ([("", [], "DTSTART:20260701T000000Z"), ("", ["X-A:b"], LATER)], 2),
        ([("", ["RRULE:FREQ=DAILY"], LATER)], 1),
        ([("", ["RECURRENCE-ID:20260302T090000Z"], LATER)], 1),
        ([("", ["RECURRENCE-ID:20260302T090000Z", "STATUS:CANCELLED"], LATER)], 0),
    ],
    ids=[
        "one", "cancelled", "cancelled first", "METHOD:CANCEL", "an answer", "moved on", "cancelled since",
        "cancelled before", "two of one UID", "two of one UID, one of them near", "a series", "an override alone",
        "a cancelled override",
    ],
)  # fmt: skip
@pytest.mark.parametrize("known", [None, lambda uid: True], ids=["unknown", "recorded"])
def test_what_begins_after_the_horizon_is_counted_once_where_it_takes_place(
    read, event, calendar, pairs, beyond, known
):
    """Whether it was read for that or passed over by its text; but for what is recorded, and read there."""
    said = "".join(calendar(f"METHOD:{method}", event(*lines, start=start)) for method, lines, start in pairs)
    found = read(said.replace("METHOD:\r\n", ""), known=known)
    assert known is not None or found.live == []
    assert (found.reading.beyond + len(found.live), found.reading.going_on) == (beyond, 0)


def test_an_event_far_away_is_read_only_where_it_is_recorded(read_events, event):
    """Its UID is asked for as it is told."""
    far, asked = event(uid="a\\,b", start="DTSTART:20200101T000000Z"), []
    found = read_events(
        far, event(uid=None, start="DTSTART:20200101T000000Z"), known=lambda uid: bool(asked.append(uid))
    )
    assert (asked, found.reading.covers) == (["a,b"], set())
    assert read_events(far, known={"a,b"}.__contains__).reading.covers == {"a,b"}


def test_answers_change_who_is_told_of_which_occurrence(read, event, calendar):
    """An answer to all holds where none was given to that one."""

    def reply(answer, *lines):
        phone = f"ATTENDEE;PARTSTAT={answer}:tel:+12025550101"
        return calendar("METHOD:REPLY", event(*lines, phone=phone))

    series = calendar("METHOD:REQUEST", event(WEEKLY))
    one = "RECURRENCE-ID:20260309T130000Z"

    def told(*replies):
        return [len(item.appointment.recipients) for item in read(series + "".join(replies)).found]

    assert told() == [1, 1, 1, 1]
    assert told(reply("DECLINED")) == [0, 0, 0, 0]
    assert told(reply("DECLINED", one)) == [1, 0, 1, 1]
    assert told(reply("DECLINED"), reply("ACCEPTED", one)) == [0, 1, 0, 0]


def test_several_files_are_named_in_what_is_said(tmp_path, read, event, calendar):
    """One alone is not."""
    for name, start in (("a", "DTSTART:x"), ("b", "DTSTART:y")):
        (tmp_path / f"{name}.ics").write_text(calendar(event(uid=name, start=start)), newline="")
    found = read(tmp_path)
    assert [(one.file, one.uid, one.line) for one in found.errors] == [
        (str(tmp_path / "a.ics"), "a", 7),
        (str(tmp_path / "b.ics"), "b", 7),
    ]
    assert [one.file for one in read(tmp_path / "a.ics").errors] == [None]
    (tmp_path / "c.ics").write_text("nothing")
    found = read(tmp_path)
    assert not found.reading.sound
    assert found.reading.problems[0].message.startswith(f"{tmp_path / 'c.ics'} is no calendar")
    assert found.reading.unsound_because == found.reading.problems[0].message
    (tmp_path / "a.ics").write_text(calendar(event())[:-40], newline="")
    assert [one.file for one in read(tmp_path).reading.problems if "cut off" in one.message] == [
        str(tmp_path / "a.ics")
    ]


def test_an_unended_calendar_is_said_and_not_trusted(read, event, calendar):
    """Its events are read."""
    found = read(calendar(event()).replace("END:VCALENDAR\r\n", ""))
    assert len(found.found) == 1
    why = "the input ends within VCALENDAR at line 9"
    assert said(found) == [("error", f"{why}: nothing is taken for deleted, unless that is forced", None, None)]
    assert found.reading.unsound_because == why


def test_a_calendar_without_events_is_said_and_not_trusted(read, calendar):
    """As it might be what is left of one."""
    found = read(calendar())
    assert said(found) == [("warning", "the calendar holds no events", None, None)]
    assert found.reading.unsound_because == "the calendar holds no events"


def test_a_horizon_must_be_of_instants(event, calendar):
    """Either end that has no zone is named."""
    settings, aware, naive = CalendarSettings(), datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 1)
    for start, end, name in ((naive, aware, "start"), (aware, naive, "end")):
        with pytest.raises(ValueError, match=f"^{name} has no time zone"):
            read_calendar(calendar(event()), settings, start=start, end=end)
    reading = read_calendar(calendar(event()), settings, start=aware, end=aware)
    assert (reading.name, reading.start, reading.end, reading.known) == ("calendar", aware, aware, None)


def test_a_file_that_is_gone_is_named(tmp_path, event, calendar):
    """With what is wrong."""
    now = datetime(2026, 1, 1, tzinfo=UTC)
    with pytest.raises(CalendarError, match="gone"):
        read_calendar(tmp_path / "gone.ics", CalendarSettings(), start=now, end=now)


@pytest.mark.parametrize(
    ("at", "since", "due"),
    [
        ("20260112T120000Z", (2026, 1, 1), ["01-19"]),
        ("20260112T120000Z", (2026, 2, 1), []),
        ("20260119T090000Z", (2026, 1, 1), ["01-19"]),
        ("20260119T090001Z", (2026, 1, 1), ["01-26"]),
        ("20260128T120000Z", (2026, 2, 1), ["02-02"]),
        ("20260128T120000Z", (2026, 2, 3), []),
        ("20240128T120000Z", (2026, 2, 1), []),
    ],
)
def test_an_alarm_at_an_instant_is_due_once_in_a_series(read_events, event, alarm, at, since, due):
    """For the first occurrence that follows it, although that may lie before the time asked for."""
    trigger = alarm(f"TRIGGER;VALUE=DATE-TIME:{at}")
    series = event("RRULE:FREQ=WEEKLY;COUNT=8", trigger, start="DTSTART:20260119T090000Z")
    found = read_events(series, start=datetime(*since, tzinfo=UTC))
    assert [f"{one.start:%m-%d}" for one in found.found if one.due_alarms] == due


def test_a_reading_is_shown_by_what_it_is_of(read_events, event):
    """And by what it covers; never by what its events say, and it equals no other one."""
    reading = read_events(event("SUMMARY:secret")).reading
    assert repr(reading) == (
        f"Reading(settings={reading.settings!r}, start={reading.start!r}, end={reading.end!r}, name='clinic', "
        "covers={'visit-1'}, unreadable=set(), masters={'visit-1': (0, 1767225600)}, cancelled=set())"
    )
    assert len({reading, read_events(event("SUMMARY:secret")).reading}) == 2


def test_occurrences_are_equal_by_what_they_are(read_events, event, alarm):
    """How their alarms are computed is neither compared nor shown."""
    one, two = (read_events(event(alarm("TRIGGER:-PT15M"))).only for _ in range(2))
    assert one == two
    assert one.times is not two.times
    assert repr(one).endswith(", line=4)")


def test_a_clock_that_no_place_has_is_an_offset(read_events, event, zone_of):
    """It is shown by that, under no name; a place's own rules by that place."""
    zones = [zone_of("Odd", standard="+0137"), zone_of("Home", standard="+0100", daylight="+0200")]
    events = [event(uid=tzid, start=f"DTSTART;TZID={tzid}:20260702T090000") for tzid in ("Odd", "Home")]
    found = read_events(*zones, *events, end=datetime(2027, 1, 1, tzinfo=UTC))
    odd, home = (one.appointment for one in found.found)
    assert (odd.starts_at.isoformat(), odd.timezone) == ("2026-07-02T09:00:00+01:37", None)
    assert home.starts_at.isoformat() == "2026-07-02T09:00:00+02:00"
    assert home.timezone is not None


@pytest.mark.parametrize("turned", [False, True])
def test_series_of_one_uid_that_meet_are_told_by_people(read_events, event, turned):
    """In whatever order they stand, the same one has the plain name; of the same people, one visit counts."""

    def series(number, start):
        return event("RRULE:FREQ=DAILY;COUNT=2", start=f"DTSTART:{start}T090000Z", phone=f"ATTENDEE:tel:{number}")

    several = [series("+12025550101", "20260302"), series("+12025550102", "20260303")]
    found = read_events(*(several[::-1] if turned else several))
    told = {(one.appointment.recurrence_id, one.appointment.recipients[0].phone) for one in found.found}
    assert {name.partition("/")[0] for name, _ in told} == {f"2026-03-0{day}T09:00:00Z" for day in (2, 3, 4)}
    met = [(name, phone) for name, phone in told if name.startswith("2026-03-03")]
    assert min(met) == ("2026-03-03T09:00:00Z", "+12025550101")
    assert len(max(met)[0].partition("/")[2]) == 4
    alike = [series("+12025550101", "20260302"), series("+12025550101", "20260303")]
    found = read_events(*(alike[::-1] if turned else alike))
    assert found.ids == [f"2026-03-0{day}T09:00:00Z" for day in (2, 3, 4)]
    assert [one[:3] for one in said(found) if "meets" in one[1]] == [
        ("warning", "meets another series of its UID: that visit counts once", "visit-1")
    ]


def test_an_override_that_names_no_instance_is_said_at_its_line(read_events, event):
    """After what is said of its master."""
    stray = event("RECURRENCE-ID:20260309T170000Z", start="DTSTART:20260309T180000Z")
    assert said(read_events(event(WEEKLY), stray)) == [
        (
            "warning",
            "RECURRENCE-ID names no instance: it stands for that of its day, if there is one",
            "visit-1",
            11,
        )
    ]


def test_whose_occurrence_it_is_stands_behind_its_original_start(read_events, event):
    """A few digits of the people, where several appointments share a UID and a start."""
    rows_of = [event(phone=f"ATTENDEE:tel:+1202555010{number}") for number in (1, 2)]
    found = read_events(*rows_of)
    assert {(one.appointment.recurrence_id, one.appointment.recipients[0].phone) for one in found.found} == {
        ("2026-03-02T14:00:00Z/a9d9", "+12025550101"),
        (f"2026-03-02T14:00:00Z/{DIGITS}", "+12025550102"),
    }


DIGITS = "aaf2"
"""Of the second number, as ledgers hold them."""


def test_alarms_before_a_start_change_nothing_of_what_is_told(read_events, event, alarm):
    """Nor does one at an instant after the time asked for began."""
    for trigger in ("TRIGGER:-PT15M", "TRIGGER;VALUE=DATE-TIME:20260310T120000Z", "TRIGGER:never"):
        found = read_events(event(WEEKLY, alarm(trigger)))
        assert [start[5:10] for start in found.starts] == ["03-02", "03-09", "03-16", "03-23"]
        assert found.errors == []


def test_of_several_that_describe_nothing_the_first_is_named(read, event, calendar):
    """With its method and line."""
    found = read(calendar("METHOD:REFRESH", event(), event()) + calendar("METHOD:REPLY", event()))
    assert said(found) == [("warning", "METHOD:REFRESH describes no appointment", "visit-1", 5)]


def test_a_zone_that_nobody_knows_is_said_at_its_line(read, event, calendar):
    """Of a calendar, at that of its BEGIN; of no one event."""
    found = read("X:1\r\n" + calendar("X-WR-TIMEZONE:Nowhere", event(start="DTSTART;TZID=Neverland:20260302T090000")))
    assert said(found) == [
        ("warning", "unknown X-WR-TIMEZONE (7 characters): read in America/New_York", None, 2),
        ("warning", "unknown time zone (9 characters): read in America/New_York", None, 9),
    ]


def test_what_nobody_foresaw_costs_one_event(read_events, event):
    """It is named by its kind, and the other events are read."""
    window = {"start": datetime(9999, 1, 1, tzinfo=UTC), "end": datetime(9999, 2, 1, tzinfo=UTC)}
    endless = event("DURATION:P3650D", uid="a", start="DTSTART:99990110T090000Z")
    found = read_events(endless, event(uid="b", start="DTSTART:99990110T090000Z"), **window)
    assert [one.appointment.id for one in found.found] == ["b"]
    ((severity, message, uid, line),) = said(found)
    assert (severity, uid, line, found.reading.unreadable) == ("error", "a", 4, {"a"})
    assert message.startswith("cannot be read (OverflowError: ")


def test_an_event_at_the_first_instant_of_the_time_asked_for_is_in_it(read_events, event):
    """And one at its end is not."""
    events = [event(uid=at, start=f"DTSTART:{at}") for at in ("20260101T000000Z", "20260701T000000Z")]
    assert [one.appointment.id for one in read_events(*events).found] == ["20260101T000000Z"]


def test_what_comes_again_is_said_at_the_first_of_its_places(read_events, event):
    """Of several under one spelling."""
    found = read_events(event(uid="a,b"), event(uid="a\\,b"), event("SEQUENCE:1", uid="a\\,b"))
    assert said(found) == [("warning", "comes again, without a UID or with another spelling of it", "a,b", 10)]


@pytest.mark.parametrize(
    "error",
    [ValueError, TypeError, KeyError, IndexError, ZeroDivisionError, OverflowError, AttributeError, AssertionError,
     RecursionError],
)  # fmt: skip
def test_whatever_goes_wrong_in_one_event_the_others_are_read(read_events, event, monkeypatch, error):
    """A fault of ours, met by one event, is told with that event and costs no other one."""
    from reminder_kit.calendars import reader

    read_event = reader.read_event

    def failing(component, *given, **named):
        if component.value("UID") == "odd":
            raise error("it broke")
        return read_event(component, *given, **named)

    monkeypatch.setattr(reader, "read_event", failing)
    found = read_events(event(uid="before"), event(uid="odd"), event(uid="after"))
    assert [one.appointment.id for one in found.found] == ["before", "after"]
    (problem,) = found.errors
    assert (problem.uid, problem.message.startswith(f"cannot be read ({error.__name__}: ")) == ("odd", True)
