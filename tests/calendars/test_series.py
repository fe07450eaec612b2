from __future__ import annotations

from datetime import datetime, timedelta

import pytest

BERLIN = "DTSTART;TZID=Europe/Berlin:20260303T090000"


def test_a_weekly_series_keeps_its_wall_clock_across_dst(read_events, event):
    """Occurrences at 09:00 local move by an hour in UTC when the clock changes."""
    found = read_events(event("RRULE:FREQ=WEEKLY;COUNT=3"))
    assert found.starts == ["2026-03-02T14:00:00Z", "2026-03-09T13:00:00Z", "2026-03-16T13:00:00Z"]
    assert found.ids == found.starts


def test_a_single_event_has_no_recurrence_id(read_events, event):
    """An event that doesn't repeat is known by its UID alone."""
    assert read_events(event()).ids == [None]


def test_a_time_the_clock_leaps_over_moves_forward_by_the_leap(read_events, event):
    """02:30 on the day it doesn't exist is 03:30 (RFC 5545 §3.3.5), and that day only."""
    found = read_events(event("RRULE:FREQ=DAILY;COUNT=3", start="DTSTART;TZID=America/New_York:20260307T023000"))
    assert found.starts == ["2026-03-07T07:30:00Z", "2026-03-08T07:30:00Z", "2026-03-09T06:30:00Z"]


def test_a_time_that_comes_twice_is_the_first(read_events, event, day):
    """01:30 in the night it comes twice is the first of the two (RFC 5545 §3.3.5)."""
    found = read_events(event(start="DTSTART;TZID=America/New_York:20261101T013000"), **day(11, 1))
    assert found.starts == ["2026-11-01T05:30:00Z"]


@pytest.mark.parametrize(
    ("until", "count"),
    [
        pytest.param("20260316", 3, id="a date includes its day (fault 10)"),
        pytest.param("20260316T090000", 3, id="a local time is local (fault 10)"),
        pytest.param("20260316T130000Z", 3, id="UTC, to the second"),
        pytest.param("20260316T125959Z", 2, id="UTC, a second before"),
        pytest.param("20260315T235959", 2, id="local, the evening before"),
    ],
)
def test_until_ends_a_zoned_series(read_events, event, until, count):
    """UNTIL is inclusive in each form it is written in: date, local time, UTC."""
    assert len(read_events(event(f"RRULE:FREQ=WEEKLY;UNTIL={until}")).found) == count


@pytest.mark.parametrize(
    ("until", "zone", "days"),
    [
        pytest.param("20260303T230000Z", "Europe/Berlin", 3, id="local midnight, east of Greenwich"),
        pytest.param("20260304T225959Z", "Europe/Berlin", 3, id="the end of the local day, east"),
        pytest.param("20260304T050000Z", "America/New_York", 3, id="local midnight, west"),
        pytest.param("20260305T045959Z", "America/New_York", 3, id="the end of the local day, west"),
        pytest.param("20260304T000000Z", "America/New_York", 3, id="midnight of a writer without zones"),
        pytest.param("20260304T235959Z", "Europe/Berlin", 3, id="the end of such a writer's day"),
        pytest.param("2026-03-04", "Europe/Berlin", 3, id="ISO 8601"),
        pytest.param("20260304T020000", "America/New_York", 3, id="local, in the night"),
        pytest.param("20260303T230000", "Asia/Tokyo", 2, id="local, in the evening"),
    ],
)
def test_until_in_utc_ends_a_series_of_days_on_the_day_it_means(read_events, event, until, zone, days):
    """UNTIL of whole days is the local day of its instant, or the UTC day at whose edge it lies."""
    whole = event(f"RRULE:FREQ=DAILY;UNTIL={until}", start="DTSTART;VALUE=DATE:20260302")
    assert read_events(whole, timezone=zone).starts == ["2026-03-02", "2026-03-03", "2026-03-04"][:days]


@pytest.mark.parametrize(
    ("line", "zone"),
    [
        ("EXDATE:20260302T230000Z", "Europe/Berlin"),
        ("EXDATE:20260303T050000Z", "America/New_York"),
        ("EXDATE:20260303T000000Z", "Asia/Tokyo"),
        ("EXDATE:20260303T000000Z", "America/New_York"),
        ("EXDATE:20260302T220000Z", "Europe/London"),
        ("EXDATE;TZID=Europe/Berlin:20260303T000000", "America/New_York"),
        ("EXDATE:20260303T000000", "Europe/Berlin"),
    ],
    ids=["Berlin's", "New York's", "UTC's, in Tokyo", "UTC's, in New York", "Cairo's, in London", "zoned", "floating"],
)
def test_a_midnight_takes_a_whole_day_away(read_events, event, line, zone):
    """An EXDATE of a series of days may be a midnight: the local one, UTC's, or another zone's."""
    whole = event("RRULE:FREQ=DAILY;COUNT=3", line, start="DTSTART;VALUE=DATE:20260302")
    assert read_events(whole, timezone=zone).starts == ["2026-03-02", "2026-03-04"]


def test_a_midnight_names_the_whole_day_that_an_override_is_for(read_events, event):
    """A RECURRENCE-ID in UTC of a series of days is the local midnight of its day, east of Greenwich too."""
    moved = event("RECURRENCE-ID:20260302T230000Z", start="DTSTART;VALUE=DATE:20260306")
    series = event("RRULE:FREQ=DAILY;COUNT=3", start="DTSTART;VALUE=DATE:20260302")
    found = read_events(series, moved, timezone="Europe/Berlin")
    assert (found.starts, found.warnings) == (["2026-03-02", "2026-03-04", "2026-03-06"], [])


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("DTSTART;VALUE=DATE:20260302T000000", "DTEND;VALUE=DATE:20260303T000000"),
        ("DTSTART;VALUE=DATE:20260301T230000Z", "DTEND;VALUE=DATE:20260302T230000Z"),
        ("DTSTART;VALUE=DATE;TZID=Asia/Tokyo:20260302T000000", "DTEND;VALUE=DATE:20260303"),
        ("DTSTART;VALUE=DATE:2026-03-02", "DTEND:20260302T230000Z"),
    ],
    ids=["midnight", "UTC", "with a TZID", "ISO 8601"],
)
def test_value_date_says_that_a_whole_day_is_meant(read_events, event, start, end):
    """What is called a date is one, whatever time stands behind it."""
    found = read_events(event(end, start=start), timezone="Europe/Berlin")
    assert (found.starts, found.ends, found.only.all_day) == (["2026-03-02"], ["2026-03-03"], True)


def test_an_exdate_in_utc_removes_its_instant(read_events, event):
    """Fault 4: 09:00 Z is 04:00 in New York, so nothing is removed; 14:00 Z is 09:00 there."""
    assert len(read_events(event("RRULE:FREQ=DAILY;COUNT=3", "EXDATE:20260303T090000Z")).found) == 3
    assert len(read_events(event("RRULE:FREQ=DAILY;COUNT=3", "EXDATE:20260303T140000Z")).found) == 2


@pytest.mark.parametrize(
    "line",
    [
        "EXDATE;TZID=America/New_York:20260303T090000",
        "EXDATE:20260303T090000",
        "EXDATE;TZID=Europe/Berlin:20260303T150000",
        "EXDATE;VALUE=DATE:20260303",
        "EXDATE;TZID=America/New_York:20260401T000000,20260303T090000",
    ],
    ids=["same zone", "floating means the series' zone", "another zone", "a day", "one of several"],
)
def test_exdates_in_other_forms_remove_the_instance_they_mean(read_events, event, line):
    """An EXDATE may be floating, of another zone or a date, and may stand among others."""
    found = read_events(event("RRULE:FREQ=DAILY;COUNT=3", line))
    assert found.starts == ["2026-03-02T14:00:00Z", "2026-03-04T14:00:00Z"]


def test_a_zoned_exdate_leaves_a_floating_series_floating(read_events, event):
    """Fault 5."""
    found = read_events(
        event("RRULE:FREQ=DAILY;COUNT=3", "EXDATE;TZID=Europe/Berlin:20260303T150000", start="DTSTART:20260302T090000")
    )
    assert found.starts == ["2026-03-02T14:00:00Z", "2026-03-04T14:00:00Z"]
    assert found.ids == ["2026-03-02T09:00:00", "2026-03-04T09:00:00"]


def test_an_exrule_takes_away(read_events, event):
    """Fault 14."""
    found = read_events(event("RRULE:FREQ=DAILY;COUNT=4", "EXRULE:FREQ=DAILY;INTERVAL=2"))
    assert found.starts == ["2026-03-03T14:00:00Z", "2026-03-05T14:00:00Z"]


def test_rdates_add_and_periods_bring_their_own_end(read_events, event):
    """An RDATE adds an occurrence of the usual length, and a PERIOD one of its own."""
    found = read_events(
        event(
            "DTEND;TZID=America/New_York:20260302T093000",
            "RDATE;TZID=America/New_York:20260401T100000",
            "RDATE;VALUE=PERIOD:20260402T100000Z/PT2H,20260403T100000Z/20260403T110000Z",
        )
    )
    assert found.starts == [
        "2026-03-02T14:00:00Z",
        "2026-04-01T14:00:00Z",
        "2026-04-02T10:00:00Z",
        "2026-04-03T10:00:00Z",
    ]
    assert found.ends[1:] == ["2026-04-01T14:30:00Z", "2026-04-02T12:00:00Z", "2026-04-03T11:00:00Z"]


def test_dtstart_counts_although_the_rule_does_not_match_it(read_events, event):
    """DTSTART is the first occurrence, also where the rule wouldn't have made it."""
    found = read_events(event("RRULE:FREQ=WEEKLY;BYDAY=TU;COUNT=3"))
    assert found.starts == ["2026-03-02T14:00:00Z", "2026-03-03T14:00:00Z", "2026-03-10T13:00:00Z"]


def test_a_dtend_gives_every_instance_the_same_elapsed_time(read_events, event, day):
    """RFC 5545 §3.8.5.3: exact for DTEND; §3.3.6: nominal days for DURATION:P1D. The clocks change on 8 March."""
    night = "DTSTART;TZID=America/New_York:20260306T220000"
    until = event("DTEND;TZID=America/New_York:20260307T060000", "RRULE:FREQ=DAILY;COUNT=3", start=night)
    assert read_events(until).ends == ["2026-03-07T11:00:00Z", "2026-03-08T11:00:00Z", "2026-03-09T10:00:00Z"]
    nominal = event("DURATION:P1D", start="DTSTART;TZID=America/New_York:20260307T120000")
    assert read_events(nominal).ends == ["2026-03-08T16:00:00Z"]
    exact = event("DURATION:PT24H", start="DTSTART;TZID=America/New_York:20260307T120000")
    assert read_events(exact).ends == ["2026-03-08T17:00:00Z"]


SERIES = "RRULE:FREQ=WEEKLY;COUNT=4"
SECOND = "RECURRENCE-ID;TZID=America/New_York:20260309T090000"


def test_b64_a_moved_instance_speaks_for_itself(read_events, event):
    """An override has its own title and start, and keeps the RECURRENCE-ID it moved from."""
    moved = event(SECOND, "SUMMARY:Moved", start="DTSTART;TZID=America/New_York:20260310T110000")
    found = read_events(event(SERIES, "SUMMARY:Weekly"), moved)
    assert found.titles == ["Weekly", "Moved", "Weekly", "Weekly"]
    assert found.starts[1] == "2026-03-10T15:00:00Z"
    assert found.ids[1] == "2026-03-09T13:00:00Z"


def test_an_override_may_come_before_its_master(read_events, event):
    """The order of an override and its master in the file doesn't matter."""
    moved = event(SECOND, "SUMMARY:Moved", start="DTSTART;TZID=America/New_York:20260310T110000")
    assert read_events(moved, event(SERIES)).titles == ["", "Moved", "", ""]


@pytest.mark.parametrize(
    "line",
    ["RECURRENCE-ID:20260309T130000Z", "RECURRENCE-ID:20260309T090000", "RECURRENCE-ID;VALUE=DATE:20260309"],
    ids=["UTC", "floating", "date"],
)
def test_an_override_may_name_its_instance_in_other_forms(read_events, event, line):
    """A RECURRENCE-ID in UTC, floating or as a date finds the same instance."""
    found = read_events(event(SERIES), event(line, "SUMMARY:Moved"))
    assert len(found.found) == 4
    assert found.titles.count("Moved") == 1
    assert sorted(found.ids)[1] == "2026-03-09T13:00:00Z"


def test_a_recurrence_id_in_utc_does_not_name_the_same_digits(read_events, event):
    """Fault 4: 14:00 Z is no instance of a series at 14:00 in Berlin; where no other is on its day, both are shown."""
    series = event("RRULE:FREQ=WEEKLY;COUNT=2;BYDAY=MO", start="DTSTART;TZID=Asia/Tokyo:20260302T080000")
    found = read_events(
        series, event("RECURRENCE-ID:20260308T080000Z", "SUMMARY:Other", start="DTSTART:20260308T150000Z")
    )
    assert found.starts == ["2026-03-01T23:00:00Z", "2026-03-08T15:00:00Z", "2026-03-08T23:00:00Z"]
    assert [warning for warning in found.warnings if "names no instance" in warning]


@pytest.mark.parametrize(
    ("original", "status"),
    [("20260309T140000", "confirmed"), ("20260309T140000", "cancelled")],
    ids=["moved", "cancelled"],
)
def test_an_override_that_replaces_nothing_stands_for_the_instance_of_its_day(read_events, event, original, status):
    """Writers move RECURRENCE-ID along with an instance: that day is shown once, under the instance's own id."""
    change = "STATUS:CANCELLED" if status == "cancelled" else "SUMMARY:Later"
    stray = event(
        f"RECURRENCE-ID;TZID=America/New_York:{original}", change, start=f"DTSTART;TZID=America/New_York:{original}"
    )
    found = read_events(event(SERIES), stray)
    assert found.starts == [
        "2026-03-02T14:00:00Z",
        "2026-03-09T18:00:00Z",
        "2026-03-16T13:00:00Z",
        "2026-03-23T13:00:00Z",
    ]
    assert (found.ids[1], found.statuses[1]) == ("2026-03-09T13:00:00Z", status)
    assert "RECURRENCE-ID names no instance: it stands for that of its day, if there is one" in found.warnings


def test_an_override_that_replaces_nothing_is_shown_beside_several_of_its_day(read_events, event):
    """Which of several instances of one day it stands for can't be told: all are shown, with a warning."""
    stray = event(
        "RECURRENCE-ID;TZID=America/New_York:20260302T140000", start="DTSTART;TZID=America/New_York:20260302T140000"
    )
    found = read_events(event("RRULE:FREQ=HOURLY;INTERVAL=2;COUNT=3"), stray)
    assert len(found.found) == 4
    assert len(found.warnings) == 1


def test_an_override_of_an_instance_that_was_taken_out_is_no_surprise(read_events, event):
    """An EXDATE beside the override of the same instance is how some programs write a move: nothing is warned of."""
    moved = event(SECOND, start="DTSTART;TZID=America/New_York:20260309T160000")
    found = read_events(event(SERIES, "EXDATE;TZID=America/New_York:20260309T090000"), moved)
    assert found.starts[1] == "2026-03-09T20:00:00Z"
    assert (len(found.found), found.warnings) == (4, [])


def test_one_date_of_a_list_that_cannot_be_read_costs_no_series(read_events, event):
    """An EXDATE or RDATE of no date is passed over with a warning; the others of its list count."""
    found = read_events(
        event("RRULE:FREQ=DAILY;COUNT=3", "EXDATE:never,20260303T140000Z", "RDATE:2026,20260401T140000Z,")
    )
    assert found.starts == ["2026-03-02T14:00:00Z", "2026-03-04T14:00:00Z", "2026-04-01T14:00:00Z"]
    assert found.errors == []
    assert sorted(found.warnings) == [
        "EXDATE (5 characters) is no date or time: it is passed over",
        "RDATE '2026' is no date or time: it is passed over",
    ]


@pytest.mark.parametrize("rule", ["RRULE:", "RRULE: ;"])
def test_an_empty_rule_repeats_nothing(read_events, event, rule):
    """An RRULE without any part is told of, and its event happens once."""
    found = read_events(event(rule))
    assert (found.ids, found.warnings) == ([None], ["RRULE is empty: it repeats nothing"])


@pytest.mark.parametrize(
    "written",
    [
        "2026-03-02T14:00:00Z", "2026-03-02T09:00:00-05:00", "20260302T140000.000Z", "20260302T0900-0500",
        "2026-03-02t14:00z", "20260302T140000+0000", "2026-03-02 14:00:00 UTC",
    ],
)  # fmt: skip
def test_a_time_in_iso_8601_is_plain(read_events, event, written):
    """Dashes, colons, fractions and offsets are no RFC 5545, and can't be misread."""
    found = read_events(event("RRULE:FREQ=DAILY;UNTIL=2026-03-03T23:00:00Z", start=f"DTSTART:{written}"))
    assert (found.starts, found.errors) == (["2026-03-02T14:00:00Z", "2026-03-03T14:00:00Z"], [])


def test_a_local_time_in_iso_8601_is_in_its_zone(read_events, event):
    """A TZID applies to a time without an offset, however it is written."""
    found = read_events(event("DURATION:PT1H", start="DTSTART;TZID=Europe/Berlin:2026-03-02T09:00:00.000"))
    assert (found.starts, found.ends) == (["2026-03-02T08:00:00Z"], ["2026-03-02T09:00:00Z"])


def test_instances_move_into_and_out_of_the_horizon(read_events, event, day):
    """An instance belongs to the horizon that its moved start is in."""
    master = event(SERIES)
    out = event(SECOND, start="DTSTART;TZID=America/New_York:20260501T090000")
    march = day(3, 1, days=30)
    assert len(read_events(master, out, **march).found) == 3
    assert read_events(master, out, **day(5, 1)).ids == ["2026-03-09T13:00:00Z"]


def test_a_cancelled_instance_is_told_of(read_events, event):
    """A cancelled instance is yielded as cancelled, so that its reminder can be withdrawn."""
    found = read_events(event(SERIES), event(SECOND, "STATUS:CANCELLED"))
    assert sorted(found.statuses) == ["cancelled", "confirmed", "confirmed", "confirmed"]
    assert "2026-03-09T13:00:00Z" not in [
        item for item, status in zip(found.ids, found.statuses, strict=True) if status != "cancelled"
    ]


@pytest.mark.parametrize(
    ("own", "status"),
    [(1, "cancelled"), (2, "cancelled"), (3, "confirmed")],
    ids=["older", "as old", "newer"],
)
@pytest.mark.parametrize("rest", [False, True], ids=["one", "it and the rest"])
def test_a_cancelled_series_takes_what_was_moved_of_it_along(read_events, event, own, status, rest):
    """A master's STATUS speaks for overrides that are not newer, as METHOD:CANCEL does, wherever they stand."""
    master = event(SERIES, "STATUS:CANCELLED", "SEQUENCE:2")
    original = SECOND.replace(";", ";RANGE=THISANDFUTURE;", 1) if rest else SECOND
    moved = event(original, "STATUS:CONFIRMED", f"SEQUENCE:{own}", start="DTSTART:20260310T130000Z")
    for events in ((master, moved), (moved, master)):
        found = read_events(*events)
        assert found.ids[1] == "2026-03-09T13:00:00Z"
        assert found.statuses == ["cancelled", status, *([status] * 2 if rest else ["cancelled"] * 2)]


def test_an_override_without_its_master_speaks_for_itself(read_events, event):
    """An override alone is yielded, and its series isn't covered."""
    found = read_events(event(SECOND, start="DTSTART;TZID=America/New_York:20260310T110000"))
    assert found.ids == ["2026-03-09T13:00:00Z"]
    assert found.reading.covers == set()


def test_this_and_future_moves_the_rest(read_events, event):
    """THISANDFUTURE shifts later instances by its own move, and keeps their recurrence ids."""
    rest = event(
        "RECURRENCE-ID;RANGE=THISANDFUTURE;TZID=America/New_York:20260309T090000",
        "SUMMARY:Later",
        "DURATION:PT1H",
        start="DTSTART;TZID=America/New_York:20260310T103000",
    )
    found = read_events(event(SERIES, "SUMMARY:First"), rest)
    assert found.starts == [
        "2026-03-02T14:00:00Z",
        "2026-03-10T14:30:00Z",
        "2026-03-17T14:30:00Z",
        "2026-03-24T14:30:00Z",
    ]
    assert found.ids == ["2026-03-02T14:00:00Z", "2026-03-09T13:00:00Z", "2026-03-16T13:00:00Z", "2026-03-23T13:00:00Z"]
    assert found.titles == ["First", "Later", "Later", "Later"]


@pytest.mark.parametrize(("moved_to", "from_", "starts"), [
    ("20260319", "2026-03-27", ["2026-04-02T13:00:00Z"]),
    ("20260227", "2026-03-12", ["2026-03-13T13:00:00Z"]),
])  # fmt: skip
def test_this_and_future_moves_the_rest_into_a_window_from_outside(read_events, event, moved_to, from_, starts):
    """By more than a week, later or sooner: instances whose own time lies outside the window are found in it."""
    rest = event(
        "RECURRENCE-ID;RANGE=THISANDFUTURE;TZID=America/New_York:20260309T090000",
        start=f"DTSTART;TZID=America/New_York:{moved_to}T090000",
    )
    first = datetime.fromisoformat(f"{from_}T00:00:00+00:00")
    found = read_events(event("RRULE:FREQ=WEEKLY;COUNT=4"), rest, start=first, end=first + timedelta(days=7))
    assert found.starts == starts


def test_single_overrides_win_over_this_and_future(read_events, event):
    """An instance with an override of its own follows that one."""
    rest = event(
        "RECURRENCE-ID;RANGE=THISANDFUTURE;TZID=America/New_York:20260309T090000",
        "SUMMARY:Later",
        start="DTSTART;TZID=America/New_York:20260309T100000",
    )
    third = event(
        "RECURRENCE-ID;TZID=America/New_York:20260316T090000",
        "SUMMARY:Once",
        start="DTSTART;TZID=America/New_York:20260316T120000",
    )
    assert read_events(event(SERIES), rest, third).titles == ["", "Later", "Once", "Later"]


def test_this_and_future_may_cancel_the_rest(read_events, event):
    """THISANDFUTURE with STATUS:CANCELLED cancels its instance and all later ones."""
    rest = event("RECURRENCE-ID;RANGE=THISANDFUTURE;TZID=America/New_York:20260316T090000", "STATUS:CANCELLED")
    assert read_events(event(SERIES), rest).statuses == ["confirmed", "confirmed", "cancelled", "cancelled"]


@pytest.mark.parametrize(("until", "last"), [("20260303T000000", "03"), ("20260303T000001", "04")])
def test_a_day_that_is_begun_at_its_end_counts_as_a_whole_one(read_events, event, until, last):
    """DTSTART is a date and DTEND a time: a second into a day is a day more, its first instant none."""
    found = read_events(event(f"DTEND:{until}", start="DTSTART;VALUE=DATE:20260302"))
    assert found.ends == [f"2026-03-{last}"]


def test_all_day_events_are_dates_and_begin_at_local_midnight(read_events, event):
    """An all-day event has dates in JSON, an exclusive end, and starts at midnight in its zone."""
    found = read_events(event("RRULE:FREQ=DAILY;COUNT=2", start="DTSTART;VALUE=DATE:20260302"))
    first = found.found[0]
    assert (found.starts, found.ends) == (["2026-03-02", "2026-03-03"], ["2026-03-03", "2026-03-04"])
    assert found.ids == ["2026-03-02", "2026-03-03"]
    assert first.all_day
    assert first.appointment.all_day
    assert first.appointment.starts_at.isoformat() == "2026-03-02T00:00:00-05:00"


@pytest.mark.parametrize(
    ("lines", "end", "warned"),
    [
        ((), "2026-03-02T14:00:00Z", False),
        (("DURATION:PT45M",), "2026-03-02T14:45:00Z", False),
        (("DTEND:20260302T150000Z",), "2026-03-02T15:00:00Z", False),
        (("DTEND;TZID=America/New_York:20260302T080000",), "2026-03-02T14:00:00Z", True),
        (("DURATION:-PT45M",), "2026-03-02T14:00:00Z", True),
        (("DTEND:soon",), "2026-03-02T14:00:00Z", True),
        (("DURATION:long",), "2026-03-02T14:00:00Z", True),
        (("DTEND;VALUE=DATE:20260303",), "2026-03-03T05:00:00Z", True),
    ],
    ids=["none", "duration", "end", "end before start", "negative", "bad end", "bad duration", "a date"],
)
def test_an_odd_end_never_moves_the_start(read_events, event, lines, end, warned):
    """Fault 8: other readers swap start and end."""
    found = read_events(event(*lines))
    assert found.starts == ["2026-03-02T14:00:00Z"]
    assert found.ends == [end]
    assert bool(found.warnings) is warned


def test_an_endless_series_yields_only_the_horizon(read_events, event, day):
    """A series without end, begun decades ago, yields the occurrences of the horizon alone."""
    old = event("RRULE:FREQ=DAILY", start="DTSTART;TZID=America/New_York:19700101T090000")
    assert read_events(old, **day(3, 1, days=3)).starts == [
        "2026-03-01T14:00:00Z",
        "2026-03-02T14:00:00Z",
        "2026-03-03T14:00:00Z",
    ]


def test_the_horizon_is_half_open(read_events, event, day):
    """An event at the first instant of the horizon is in it, and one at its end is not."""
    at_midnight = event(start="DTSTART:20260302T000000Z")
    assert len(read_events(at_midnight, **day(3, 2)).found) == 1
    assert read_events(at_midnight, **day(3, 1)).found == []


def test_one_uid_on_several_appointments_of_different_starts_names_each(read_events, event):
    """A course number, or "None", is no name of one appointment: each is known by it and its start, which is said."""
    starts = ["20260302T090000Z", "20260303T090000Z", "20260304T100000Z"]
    found = read_events(*(event(f"SUMMARY:Lesson {n}", start=f"DTSTART:{at}") for n, at in enumerate(starts)))
    assert found.titles == ["Lesson 0", "Lesson 1", "Lesson 2"]
    assert {item.appointment.id for item in found.found} == {"visit-1"}
    assert found.ids == found.starts == ["2026-03-02T09:00:00Z", "2026-03-03T09:00:00Z", "2026-03-04T10:00:00Z"]
    assert found.warnings == ["3 appointments have this UID, of different starts or people: each is taken for itself"]
    assert found.reading.covers == {"visit-1"}


def test_two_series_of_one_uid_are_both_read(read_events, event):
    """A course on Mondays and on Wednesdays, under one number; an override finds its own."""
    monday = event("RRULE:FREQ=WEEKLY;COUNT=2", start="DTSTART:20260302T090000Z")
    wednesday = event("RRULE:FREQ=WEEKLY;COUNT=2", start="DTSTART:20260304T140000Z")
    moved = event("RECURRENCE-ID:20260311T140000Z", start="DTSTART:20260312T140000Z")
    moved_too = event("RECURRENCE-ID:20260309T090000Z", start="DTSTART:20260310T090000Z")
    found = read_events(monday, wednesday, moved, moved_too)
    assert found.starts == [f"2026-03-{at}Z" for at in ("02T09:00:00", "04T14:00:00", "10T09:00:00", "12T14:00:00")]


@pytest.mark.parametrize(
    ("old", "new"),
    [(("SEQUENCE:0",), ("SEQUENCE:1",)), (("SEQUENCE:1",), ("SEQUENCE:1", "LAST-MODIFIED:20270101T000000Z"))],
)
def test_a_new_start_with_a_new_revision_is_a_new_version(read, event, calendar, old, new):
    """A rescheduled event is one appointment: in one calendar by its SEQUENCE, in another one by its stamp, too."""
    one = event(*old, start="DTSTART:20260302T090000Z")
    other = event(*new, start="DTSTART:20260303T090000Z")
    found = read(calendar("METHOD:REQUEST", one) + calendar("METHOD:REQUEST", other))
    assert (found.starts, found.ids) == (["2026-03-03T09:00:00Z"], [None])


def _person(event, number, start="DTSTART:20260302T090000Z", *lines):
    return event(*lines, start=start, phone=f"ATTENDEE:tel:+1202555{number:04}", uid="course")


def _phones(found):
    return [one.appointment.recipients[0].phone for one in found.found]


def test_people_of_one_uid_and_start_are_appointments_of_their_own(read_events, event):
    """Whoever shares a UID and a start with others is known by a few digits besides, whatever the order."""
    both = [_person(event, 101), _person(event, 102)]
    found = read_events(*both)
    assert sorted(_phones(found)) == ["+12025550101", "+12025550102"]
    assert len(set(found.ids)) == 2
    assert all(name.startswith("2026-03-02T09:00:00Z/") for name in found.ids)
    assert set(read_events(*reversed(both)).ids) == set(found.ids)


def test_of_people_of_one_uid_each_has_a_series_of_its_own_with_its_overrides(read_events, event):
    """An occurrence that is moved for one of them stays where it is for the other."""
    weekly = "RRULE:FREQ=WEEKLY;COUNT=3"
    moved = _person(event, 102, "DTSTART:20260309T150000Z", "RECURRENCE-ID:20260309T090000Z")
    found = read_events(
        _person(event, 101, "DTSTART:20260302T090000Z", weekly),
        _person(event, 102, "DTSTART:20260302T090000Z", weekly),
        moved,
    )
    hours = {}
    for phone, start in zip(_phones(found), found.starts, strict=True):
        hours.setdefault(phone[-3:], []).append(start[8:13])
    assert hours == {"101": ["02T09", "09T09", "16T09"], "102": ["02T09", "09T15", "16T09"]}
    assert len(set(found.ids)) == 6


def test_of_people_of_one_uid_a_cancelled_series_takes_its_own_overrides_along(read_events, event):
    """And nobody else's."""
    weekly, moved = "RRULE:FREQ=WEEKLY;COUNT=3", "DTSTART:20260309T150000Z"
    found = read_events(
        _person(event, 101, "DTSTART:20260302T090000Z", weekly, "STATUS:CANCELLED"),
        _person(event, 102, "DTSTART:20260302T090000Z", weekly),
        *(_person(event, number, moved, "RECURRENCE-ID:20260309T090000Z") for number in (101, 102)),
    )
    pairs = zip(_phones(found), found.statuses, strict=True)
    assert {(phone[-3:], status) for phone, status in pairs} == {("101", "cancelled"), ("102", "confirmed")}


def test_people_of_one_moved_occurrence_are_all_told(read_events, event):
    """Exporters write one override for each person of a lesson."""
    original = "RECURRENCE-ID:20260302T090000Z"
    rows = [_person(event, number, "DTSTART:20260302T100000Z", original) for number in (101, 102, 103)]
    found = read_events(*rows)
    assert sorted(phone[-3:] for phone in _phones(found)) == ["101", "102", "103"]
    assert len(set(found.ids)) == 3


def test_a_newer_version_for_other_people_is_the_same_appointment(read_events, event):
    """Who is replaced by somebody else with a new SEQUENCE is told no more."""
    found = read_events(_person(event, 101), _person(event, 102, "DTSTART:20260302T090000Z", "SEQUENCE:1"))
    assert _phones(found) == ["+12025550102"]


def test_people_of_events_without_a_uid_are_all_told(read_events, event):
    """Where all they say is the same but whom they are for, none takes the place of another; a copy is one."""
    rows = [event(uid=None, phone=f"ATTENDEE:tel:+1202555{number:04}") for number in (101, 102, 102)]
    found = read_events(*rows)
    assert sorted(_phones(found)) == ["+12025550101", "+12025550102"]
    assert len({one.appointment.id for one in found.found}) == 2
