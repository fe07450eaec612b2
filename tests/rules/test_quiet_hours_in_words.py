"""Quiet hours in words and in every form they are given; business days, days off and senders, each case by itself."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from attrs import evolve

from reminder_kit import QuietHours
from reminder_kit.model.appointments import Appointment, Recipient
from reminder_kit.model.reasons import Reason
from reminder_kit.rules.bookings import refused_as_old, unchanged
from reminder_kit.rules.days_off import beside_days_off
from reminder_kit.rules.defaults import Defaults, is_holiday
from reminder_kit.rules.due_times import due_times
from reminder_kit.rules.late_policy import LatePolicy
from reminder_kit.rules.notices import Notice, cancellation_notice
from reminder_kit.rules.offsets import Offset, OffsetKind
from reminder_kit.rules.placement import place
from reminder_kit.rules.reminders import is_place, reminders_of
from reminder_kit.rules.rule import Rule
from reminder_kit.rules.senders import SenderCondition
from reminder_kit.rules.window import Window
from tests.factories import NUMBER

AT = datetime(2026, 2, 16, 15, tzinfo=UTC)
HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)
FRIDAY_AND_WEEKEND = "; 21:30–10:00 Friday; 18:00–10:00 Saturday; 18:00–09:00 Sunday"
FR = {"FR": {"start": "20:00", "end": "09:00"}}


@pytest.mark.parametrize(
    ("quiet", "words"),
    [
        (QuietHours("21:00", "08:00"), "21:00–08:00"),
        (QuietHours("9:05:00", "24:00"), "09:05–24:00"),
        (QuietHours("00:00", "24:00", days="weekends"), "00:00–24:00 Saturday, Sunday"),
        (QuietHours("12:00", "13:00", days="weekdays"), "12:00–13:00 Monday, Tuesday, Wednesday, Thursday, Friday"),
        (QuietHours("12:00", "13:00", days=["sun", "monday"]), "12:00–13:00 Monday, Sunday"),
        (QuietHours("12:00", "13:00", days="daily"), "12:00–13:00"),
        (QuietHours("12:00", "13:00", days=["weekends", "fri"]), "12:00–13:00 Friday, Saturday, Sunday"),
        (QuietHours("12:00", "13:00", on="holidays"), "12:00–13:00 on holidays"),
        (QuietHours("12:00", "13:00", also={"start": "21:00", "end": "08:00"}), "12:00–13:00; 21:00–08:00"),
        (QuietHours("12:00", "13:00", also=[QuietHours("21:00", "8:00")]), "12:00–13:00; 21:00–08:00"),
        (QuietHours("12:00", "13:00", countries=FR), "12:00–13:00 (in FR: 20:00–09:00)"),
        (QuietHours("12:00", "13:00", countries="us"), "12:00–13:00 (in US: 21:00–08:00)"),
        (
            QuietHours("12:00", "13:00", countries=["us", ("FR", QuietHours("1:00", "2:00"))]),
            "12:00–13:00 (in FR: 01:00–02:00) (in US: 21:00–08:00)",
        ),
        (QuietHours.for_country("de"), "21:00–08:00"),
        (
            QuietHours.for_country("CA"),
            "21:30–09:00 Monday, Tuesday, Wednesday, Thursday" + FRIDAY_AND_WEEKEND,
        ),
        (QuietHours.from_mapping({"country": "US", "countries": ["CA"]}).with_countries(()), "21:00–08:00"),
        (QuietHours.from_mapping({"start": "1:00", "end": "2:00", "on": "holidays"}), "01:00–02:00 on holidays"),
    ],
)
def test_quiet_hours_are_told_whole(quiet, words):
    """Times, days, holidays, what holds besides, and in which countries other ones do."""
    assert quiet.describe() == words


def test_in_a_zone_of_a_country_its_own_hold():
    """Elsewhere, and where no country is known, the others, which then have no countries."""
    quiet = QuietHours("12:00", "13:00", days="weekends", countries=FR)
    assert quiet.within(ZoneInfo("Europe/Paris")) == QuietHours("20:00", "09:00")
    for name in ("America/New_York", "UTC", "Etc/GMT+5"):
        assert quiet.within(ZoneInfo(name)) == QuietHours("12:00", "13:00", days="weekends")
    plain = QuietHours("12:00", "13:00")
    assert plain.within(ZoneInfo("Europe/Paris")) is plain
    noon = datetime(2026, 2, 14, 12, tzinfo=UTC)
    assert (quiet.covers(noon, ZoneInfo("UTC")), quiet.covers(noon, ZoneInfo("Europe/Paris"))) == (True, False)


def test_days_off_are_known_to_every_part_that_asks_for_them():
    """Also to what holds besides, and in countries; where nothing asks, all stays as it is."""
    holidays = QuietHours("00:00", "24:00", on="holidays")
    defaults = Defaults(closed_days="2026-02-17")
    tuesday = datetime(2026, 2, 17, 12, tzinfo=UTC)
    for quiet in (
        holidays,
        QuietHours("1:00", "2:00", also=holidays),
        QuietHours("1:00", "2:00", countries={"FR": holidays}),
        QuietHours("1:00", "2:00", countries={"FR": QuietHours("3:00", "4:00", also=holidays)}),
    ):
        found = quiet.with_days_off(defaults)
        assert found.covers(tuesday, ZoneInfo("Europe/Paris"))
        assert not found.covers(tuesday - timedelta(days=1), ZoneInfo("Europe/Paris"))
        assert found.days == tuple(range(7))
    plain = QuietHours("1:00", "2:00")
    assert plain.with_days_off(defaults) is plain
    assert QuietHours("1:00", "2:00", also=holidays).goes_by_date
    assert not plain.goes_by_date
    weekend = QuietHours("1:00", "2:00", days="weekends", on="holidays").with_days_off(defaults)
    assert weekend.days == (5, 6)


@pytest.mark.parametrize(
    ("values", "day", "is_open", "is_off"),
    [
        ({}, "2026-02-13", True, False),
        ({}, "2026-02-14", False, False),
        ({"weekend": "fri"}, "2026-02-13", False, False),
        ({"weekend": [4, "sun"]}, "2026-02-14", True, False),
        ({"weekend": 6}, "2026-02-14", True, False),
        ({"weekend": 0}, "2026-02-16", False, False),
        ({"holidays": "US"}, "2026-02-16", False, True),
        ({"holidays": ["DE", "US"]}, "2026-02-16", False, True),
        ({"holidays": ["DE"]}, "2026-02-16", True, False),
        ({"holidays": "US-CA"}, "2026-03-31", False, True),
        ({"holidays": "US"}, "2026-03-31", True, False),
        ({"closed_days": " 2026-02-17 "}, "2026-02-17", False, True),
        ({"closed_days": date(2026, 2, 17)}, "2026-02-17", False, True),
        ({"closed_days": ["2026-02-17", date(2026, 2, 18)]}, "2026-02-18", False, True),
        ({"closed_days": ["2026-02-17"]}, "2026-02-16", True, False),
    ],
    ids=str,
)
def test_a_day_is_open_unless_it_is_a_weekend_a_holiday_or_closed(values, day, is_open, is_off):
    """A weekend is no day off."""
    defaults, asked = Defaults(**values), date.fromisoformat(day)
    assert (defaults.is_open(asked), defaults.is_day_off(asked)) == (is_open, is_off)


def test_what_is_not_said_is_as_documented():
    """And sets are shown sorted, in every process."""
    plain = Defaults()
    assert (plain.timezone, plain.locale, plain.region, plain.namespace) == (None, "en", None, "default")
    assert (plain.holidays, plain.closed_days, plain.transliterate, plain.must_say) == ((), frozenset(), False, ())
    assert "weekend=[5, 6]" in repr(plain)
    shown = repr(Defaults(closed_days=["2026-12-24", "2026-01-02"], weekend=["sun", "fri"], must_say="STOP"))
    assert "closed_days=[datetime.date(2026, 1, 2), datetime.date(2026, 12, 24)], weekend=[4, 6]" in shown
    assert "STOP" not in shown
    assert Defaults(must_say="STOP").must_say == ("STOP",)
    assert Defaults(holidays=["US"]).holidays == ("US",)
    assert is_holiday("US", date(2026, 7, 4))


def test_what_is_shown_of_quiet_hours_has_no_set_in_it():
    """A digest is made of it: it is that of the hours as they were said, in every process."""
    said = QuietHours("21:00", "08:00", on="holidays", also=[QuietHours("12:00", "13:00")])
    known = said.with_days_off(Defaults(holidays="US", closed_days=["2026-12-24", "2026-01-02"]))
    assert known != said
    assert repr(known) == repr(said)


def of(rule, defaults=None, **changes):
    values = {"ends_at": AT + HOUR, "recipients": [Recipient(NUMBER)], **changes}
    (one,) = reminders_of(Appointment("A-1", AT, **values), [Rule("r", text="Hi", **rule)], defaults or Defaults())
    return one


@pytest.mark.parametrize(
    ("if_holiday", "closed", "due", "note", "skips"),
    [
        (None, "2026-02-13", "2026-02-13T18:00", "", False),
        ("before", "2026-02-12", "2026-02-13T18:00", "", False),
        ("before", "2026-02-13", "2026-02-12T18:00", "{}: moved to the business day before", False),
        ("before", ["2026-02-13", "2026-02-12"], "2026-02-11T18:00", "{}: moved to the business day before", False),
        ("skip", "2026-02-13", "2026-02-13T18:00", "if_holiday: {}", True),
    ],
)
def test_a_rule_steps_aside_from_a_day_off(if_holiday, closed, due, note, skips):
    """To the business day before, or it is not sent."""
    rule = Rule("r", weekday="fri", at="18:00", text="Hi", if_holiday=if_holiday)
    day = datetime(2026, 2, 13, 18, tzinfo=UTC)
    found = beside_days_off(rule, day, "UTC", Defaults(closed_days=closed))
    named = note.format("Fri 2026-02-13 is a holiday or a closed day")
    assert found == (datetime.fromisoformat(due + "+00:00"), named, skips)
    assert beside_days_off(rule, None, "UTC", Defaults(closed_days=closed)) == (None, "", False)


@pytest.mark.parametrize(("days", "found"), [(365, True), (366, False)])
def test_an_open_day_is_looked_for_through_a_year(days, found):
    """Where none is, it is not sent."""
    friday = date(2026, 2, 13)
    closed = [friday - timedelta(days=number) for number in range(days)]
    defaults = Defaults(closed_days=closed, weekend=[])
    rule = Rule("r", weekday="fri", at="18:00", text="Hi", if_holiday="before")
    aside = beside_days_off(rule, datetime(2026, 2, 13, 18, tzinfo=UTC), "UTC", defaults)
    assert aside.skips is not found
    words = ": moved to the business day before" if found else ", and no day is open before"
    assert aside.note.endswith(words)


def test_when_rules_are_due_is_told_for_each_in_their_order():
    """With what each is counted from, and what a day off did."""
    rules = (
        Rule("a", before="1 hour", text="Hi"),
        Rule("b", before="1 hour", text="Hi", anchor="end"),
        Rule("c", after="1 hour", text="Hi"),
        Rule("d", after_booking="5 minutes", text="Hi"),
        Rule("e", after_change="5 minutes", text="Hi"),
        Rule("f", days_before=3, at="18:00", text="Hi", if_holiday="skip"),
    )
    end, booked = AT + HOUR, AT - 9 * HOUR + SECOND / 4
    found = due_times(rules, AT, end, booked, "UTC", Defaults(closed_days="2026-02-13"))
    assert [due[:2] for due in found] == [
        (AT, AT - HOUR),
        (end, AT),
        (end, end + HOUR),
        (AT, AT - 9 * HOUR + 300 * SECOND),
        (AT, None),
        (AT, datetime(2026, 2, 13, 18, tzinfo=UTC)),
    ]
    assert [due[3] for due in found] == [False] * 5 + [True]
    assert due_times(rules[3:4], AT, end, None, "UTC", Defaults()) == ((AT, None, "", False),)


BOOKING = {"after_booking": "5 minutes"}


@pytest.mark.parametrize(("age", "old"), [(HOUR, False), (HOUR + SECOND, True), (-HOUR, False)], ids=str)
def test_a_booking_is_told_while_it_is_an_hour_old_at_the_most(age, old):
    """As it comes in; then whoever booked knows of it."""
    one = of(BOOKING, booked_at=AT - 24 * HOUR)
    found = refused_as_old(one, AT - 24 * HOUR + age)
    assert (found is not None) is old
    if old:
        said = "booked at 2026-02-15T15:00:00Z, more than 1 hour before it came in"
        assert (found.decision, found.reason, found.trail) == ("skip", "too_late", (said,))
    assert refused_as_old(of({"before": "1 day"}, booked_at=AT - 24 * HOUR), AT) is None
    assert refused_as_old(evolve(one, refusal=Reason.OPTED_OUT), AT) is None


def test_where_no_start_moved_no_change_is_told():
    """The start that is known stands in for the due time; what is refused already stays so."""
    one, known = of({"after_change": "5 minutes"}), AT - HOUR
    assert unchanged(one) == evolve(
        one, due_at=AT, refusal=Reason.CONDITION, detail="after_change: its start did not move"
    )
    assert unchanged(one, known).due_at == known
    barred = evolve(one, refusal=Reason.OPTED_OUT)
    assert unchanged(barred, known) == evolve(barred, due_at=known)
    other = of({"before": "1 day"})
    assert unchanged(other, known) is other


@pytest.mark.parametrize(
    ("value", "policy", "useful", "way", "words"),
    [
        (None, ("clamp", None, False), (True, True), False, "clamp"),
        ("clamp", ("clamp", None, True), (True, True), False, "clamp"),
        ("skip", ("skip", None, True), (False, False), False, "skip"),
        ("next rule", ("next rule", None, True), (True, True), True, "next rule"),
        ({"skip_after": "1 hour"}, ("clamp", HOUR, True), (True, False), False, "skip after 1 hour"),
    ],
)
def test_lateness_is_judged_by_the_rules_word(value, policy, useful, way, words):
    """At the very hour it is still useful, a second later no more."""
    found = LatePolicy.read(value, "if_late")
    assert found == LatePolicy(*policy)
    assert (found.still_useful(HOUR), found.still_useful(HOUR + SECOND)) == useful
    assert (found.gives_way, str(found)) == (way, words)
    assert LatePolicy.read(found, "if_late") is found


def test_a_notice_is_a_text_and_how_long_it_waits():
    """Ten minutes for a cancellation where nothing is said; an empty text is none."""
    ten = timedelta(minutes=10)
    assert Notice.read("Hi", "x") == Notice("Hi", timedelta(0)) == Notice("Hi")
    assert Notice.read(" \n", "x") == Notice("")
    assert cancellation_notice("Hi", "x") == cancellation_notice({"text": "Hi"}, "x") == Notice("Hi", ten)
    assert cancellation_notice({"text": "Hi", "after": "1 hour"}, "x") == Notice("Hi", HOUR)
    given = Notice("Hi")
    assert cancellation_notice(given, "x") is given
    assert (bool(Notice()), bool(Notice("Hi")), Notice("", HOUR).parts("c")) == (False, True, ())
    assert Notice("Hi", HOUR).parts("c") == ("c", "Hi", "datetime.timedelta(seconds=3600)")


@pytest.mark.parametrize(
    ("location", "found"),
    [
        ("12 High Street", True),
        ("Room 4", True),
        ("", False),
        ("  ", False),
        (" https://meet.example/x", False),
        ("tel:+12025550123", False),
        ("SIPS:desk@clinic.example", False),
        ("sip:desk", False),
        ("mailto:a@b.example", False),
        ("callto:x", False),
        ("facetime:x", False),
        ("WWW.clinic.example", False),
        ("meet.example/room", False),
        ("meet.example", True),
        ("a.b-c.example/x", False),
        ("zoommtg://zoom.example", False),
        ("See https://meet.example", True),
    ],
)
def test_people_go_to_a_place_and_to_no_address_of_the_web(location, found):
    """Nor to a number that is called."""
    assert is_place(location) is found


@pytest.mark.parametrize(
    ("condition", "fits"),
    [
        ({}, True),
        ({"rule": "r"}, True),
        ({"rule": ["x", "r"]}, True),
        ({"rule": "x"}, False),
        ({"channel": "sms"}, True),
        ({"channel": "mms"}, False),
        ({"channel": ("mms", "sms")}, True),
        ({"country": "us"}, True),
        ({"country": ["GB", "US"]}, True),
        ({"country": "GB"}, False),
        ({"source": "default"}, True),
        ({"source": "desk"}, False),
        ({"location": "12 *"}, True),
        ({"location": "13 *"}, False),
        ({"rule": "r", "source": "desk"}, False),
        ({"rule": "r", "country": "US", "channel": "sms", "source": "default", "location": "*"}, True),
    ],
    ids=str,
)
def test_a_sender_is_for_what_fits_all_that_it_says(condition, fits):
    """By any one of the values of each key."""
    assert SenderCondition.read(condition, "sender").fits(of({"before": "1 day"}, location="12 High Street")) is fits


def test_a_sender_for_a_country_is_for_nobody_without_a_number():
    """All other keys ask nothing of the person."""
    nobody = of({"before": "1 day"}, recipients=[])
    assert not SenderCondition.read({"country": "US"}, "sender").fits(nobody)
    assert SenderCondition.read({"rule": "r"}, "sender").fits(nobody)


@pytest.mark.parametrize(
    ("offset", "words"),
    [
        (Offset(OffsetKind.EXACT, elapsed=90 * 60 * SECOND), "1 hour 30 minutes (exact: elapsed time)"),
        (Offset(OffsetKind.NOMINAL, 1), "1 day (nominal: same wall clock)"),
        (Offset(OffsetKind.NOMINAL, 2, HOUR), "2 days and 1 hour of elapsed time (nominal: same wall clock)"),
        (Offset(OffsetKind.LOCAL, 0, at=time(9)), "0 days (local: at 09:00 local time)"),
        (Offset(OffsetKind.BUSINESS, 1), "1 business day (business: same wall clock)"),
        (Offset(OffsetKind.BUSINESS, 3, at=time(9)), "3 business days (business: at 09:00 local time)"),
        (Offset(OffsetKind.WEEKDAY, at=time(9), weekday=0), "the nearest Monday on another day, at 09:00 local time"),
        (Offset(OffsetKind.ABSOLUTE, instant=AT), "at 2026-02-16T15:00:00Z (absolute)"),
        (Offset(OffsetKind.ABSOLUTE), "absolute"),
    ],
)
def test_an_offset_is_told_with_how_it_is_counted(offset, words):
    """Each kind in its own words."""
    assert offset.describe() == words


def test_a_window_has_edges_in_whole_seconds():
    """Opening no sooner, closing no later; who cannot schedule takes what is due now."""
    now = AT + SECOND / 2
    window = Window(60 * SECOND, HOUR, 10 * SECOND, 5 * SECOND)
    assert window.opens(now) == AT + 66 * SECOND
    assert window.closes(now) == AT + HOUR - 5 * SECOND
    assert window.enters(AT) == AT - HOUR + 5 * SECOND
    assert not window.holds_and_sends
    none = Window(timedelta(0), timedelta(0), timedelta(0))
    assert none.holds_and_sends
    assert (none.opens(now), none.closes(now), none.enters(now)) == (AT + SECOND, AT + SECOND, now)
    assert not Window(timedelta(0), HOUR, timedelta(0)).holds_and_sends
    assert Window(60 * SECOND, 120 * SECOND, timedelta(0)).margin == 30 * SECOND
    assert Window(60 * SECOND, 120 * SECOND, timedelta(0)).closes(AT) == AT + 90 * SECOND


def test_the_spread_of_a_rule_is_told_in_its_trail():
    """Then what the window allows, and until when it may be sent."""
    one = of({"before": "2 hours", "spread": "1 minute"})
    window = Window(60 * SECOND, HOUR, timedelta(0))
    found = place(one, now=AT - 3 * HOUR, window=window, quiet=None)
    assert found.trail == (
        "spread over 1 minute: to 2026-02-16T13:00:00Z",
        "may be asked for from 2026-02-16T12:01:30Z to 2026-02-16T12:59:30Z, and sent until 2026-02-16T14:59:59Z",
        "2026-02-16T13:00:00Z enters the window at 2026-02-16T12:00:30Z",
    )


@pytest.mark.parametrize(
    ("sunday", "monday", "over"),
    [
        (("23:00", "22:00"), ("01:00", "02:00"), "22:00"),
        (("23:00", "02:00"), ("01:00", "22:00"), "22:00"),
        (("23:00", "02:00"), ("02:00", "03:00"), "03:00"),
        (("23:00", "02:00"), ("02:01", "03:00"), "02:00"),
        (("00:00", "24:00"), ("00:00", "03:00"), "03:00"),
    ],
    ids=["one within the other", "one beyond the other", "one after the other", "a minute apart", "from midnight"],
)
def test_quiet_hours_go_on_over_the_end_of_the_week(sunday, monday, over):
    """What begins on a Sunday and what begins on the Monday are one where they meet."""
    quiet = QuietHours(*sunday, days="sunday", also=QuietHours(*monday, days="monday"))
    night = datetime(2026, 2, 15, 23, 30, tzinfo=UTC)
    assert quiet.over(night, ZoneInfo("UTC")) == datetime.fromisoformat(f"2026-02-16T{over}+00:00")
    begins = datetime.fromisoformat(f"2026-02-15T{sunday[0]}+00:00")
    assert quiet.began(night, ZoneInfo("UTC")) == begins
    inside = datetime.fromisoformat(f"2026-02-16T{over}+00:00") - SECOND
    assert quiet.began(inside, ZoneInfo("UTC")) == begins
    assert not quiet.covers(inside + SECOND, ZoneInfo("UTC"))
