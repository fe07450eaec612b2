"""Conditions: rooms and other resources, patterns and lists in data, tiers by how long ahead it was booked."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reminder_kit.errors import InvalidRuleError
from reminder_kit.model.appointments import Appointment, Recipient
from reminder_kit.model.reasons import Reason
from reminder_kit.rules.conditions import Condition
from reminder_kit.rules.defaults import Defaults
from reminder_kit.rules.reminders import reminders_of
from reminder_kit.rules.rule import Rule

START = datetime(2026, 2, 16, 15, tzinfo=UTC)


def fits(conditions, **changes):
    given_ = Appointment("A-1", START, recipients=[Recipient("+12025550123")], **changes)
    (one,) = reminders_of(given_, [Rule("r", before="1 day", text="Hi", **conditions)], Defaults())
    assert one.refusal in (None, Reason.CONDITION)
    return one.refusal is None


@pytest.mark.parametrize(
    ("wanted", "data", "fit"),
    [
        ("Room ?", {"resource": "room 4"}, True),
        ("Room ?", {"resources": ["Laser", "Room 4"]}, True),
        (["X-ray", "room*"], {"resources": ["Room 41"]}, True),
        ("Room ?", {"resource": "Room 41", "resources": []}, False),
        ("Room ?", {}, False),
        ("Room ?", {"resource": None}, False),
        ("[a] *", {"resource": "[A] Room"}, True),
        ("[ab] *", {"resource": "a Room"}, False),
        ("4*", {"resource": 41}, True),
    ],
    ids=str,
)
def test_a_resource_is_a_pattern_for_what_the_appointment_needs(wanted, data, fit):
    """`resource` is a pattern without case for `data.resource` and each of `data.resources`."""
    assert fits({"only": {"resource": wanted}}, data=data) is fit
    assert fits({"unless": {"resource": wanted}}, data=data) is not fit


@pytest.mark.parametrize(
    ("wanted", "data", "fit"),
    [
        ({"doctor": "Dr W*"}, {"doctor": "Dr Winter"}, True),
        ({"doctor": "dr winter"}, {"doctor": "Dr Winter"}, False),
        ({"doctor.name": "*WINTER"}, {"doctor": {"name": "Dr Winter"}}, True),
        ({"services": "cleaning"}, {"services": ["x-ray", "cleaning"]}, True),
        ({"services": ["cut", "clean*"]}, {"services": ["x-ray", "cleaning"]}, True),
        ({"services": "cut"}, {"services": ["x-ray", "cleaning"]}, False),
        ({"services": "cut"}, {"services": []}, False),
        ({"floor": 3}, {"floor": 3}, True),
        ({"floor": "3*"}, {"floor": 3}, False),
        ({"vip": True, "floor": [3, 4]}, {"vip": True, "floor": 4}, True),
        ({"vip": True, "floor": [3, 4]}, {"vip": False, "floor": 4}, False),
    ],
    ids=str,
)
def test_data_may_be_matched_by_pattern_and_in_lists(wanted, data, fit):
    """Text with a wildcard is a pattern, other values must be equal; one match in a list is enough."""
    assert fits({"only": {"data": wanted}}, data=data) is fit


def test_a_title_with_brackets_is_matched_as_it_is_written():
    """Brackets in a title's pattern are no character class: only `*` and `?` are special."""
    assert fits({"only": {"title": "*[new]*"}}, title="Check-up [New] patient")
    assert not fits({"only": {"title": "*[new]*"}}, title="Check-up news")


TIERS = (
    Rule("late", before="1 hour", text="Hi", max_booking_lead="24 hours"),
    Rule("usual", before="1 hour", text="Hi", min_booking_lead="24 hours", max_booking_lead="7 days"),
    Rule("early", before="1 hour", text="Hi", min_booking_lead="7 days"),
)


@given(st.none() | st.integers(-(86_400 * 9), 86_400 * 30) | st.sampled_from([86_400, 86_400 * 7]))
def test_of_tiers_by_lead_time_exactly_one_fits(seconds):
    """What does not say when it was booked counts as booked long ago."""
    booked = None if seconds is None else START - timedelta(seconds=seconds)
    found = [
        reminder.rule.id
        for reminder in reminders_of(
            Appointment("A-1", START, recipients=["+12025550123"], booked_at=booked), TIERS, Defaults()
        )
        if reminder.refusal is None
    ]
    lead = 86_400 * 365 if seconds is None else seconds
    assert found == ["late" if lead < 86_400 else "usual" if lead < 86_400 * 7 else "early"]


@pytest.mark.parametrize(
    ("booked", "rule", "said"),
    [
        (START - timedelta(hours=30), "late", "max_booking_lead is 1 day: booked 1 day 6 hours ahead"),
        (START - timedelta(hours=2), "usual", "min_booking_lead is 1 day: booked 2 hours ahead"),
        (START + timedelta(hours=2), "usual", "min_booking_lead is 1 day: booked 0 minutes ahead"),
        (None, "late", "max_booking_lead: when it was booked is not known"),
    ],
)
def test_the_explanation_compares_both_lengths(booked, rule, said):
    """The trail of a refusal by booking lead states the bound and how far ahead it was booked."""
    one = Appointment("A-1", START, recipients=["+12025550123"], booked_at=booked)
    (found,) = (reminder for reminder in reminders_of(one, TIERS, Defaults()) if reminder.rule.id == rule)
    assert found.trail[-1] == f"not sent: condition ({said})"


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"min_booking_lead": "2 days", "max_booking_lead": "1 day"}, "no appointment would ever fit: exchange them"),
        ({"min_booking_lead": "1 day", "max_booking_lead": "24 hours"}, "no appointment would ever fit"),
        ({"max_parts": True}, "max_parts must be a whole number"),
        ({"before": None, "days_before": 0, "at": "08:00", "spread": "2 days"}, "longer than a day: shorten it"),
        ({"text": {"en": "Hi", "sms": "Hi"}}, r"text mixes texts by channel .sms. and by locale"),
        ({"only": {"resource": []}}, "only.resource must name one or more"),
    ],
    ids=str,
)
def test_what_can_never_be_is_refused_with_its_remedy(values, said):
    """Bounds that no appointment can meet, and other contradictions in a rule, are errors when it is made."""
    with pytest.raises(InvalidRuleError, match=said):
        Rule("r", **{"before": "1 day", "text": "Hi", **values})


@pytest.mark.parametrize(
    ("start", "rule", "due"),
    [
        ("2026-02-12T15:00Z", {"business_days_after": 1}, "2026-02-13 15:00"),
        ("2026-02-13T15:00Z", {"business_days_after": 1}, "2026-02-17 15:00"),
        ("2026-02-13T15:00Z", {"business_days_after": 2, "at": "09:30"}, "2026-02-18 09:30"),
        ("2026-02-14T15:00Z", {"business_days_after": 1, "anchor": "start"}, "2026-02-17 14:00"),
    ],
    ids=str,
)
def test_a_follow_up_may_jump_weekends_and_holidays(start, rule, due):
    """Monday, 16 February 2026, is a holiday in the United States."""
    begins = datetime.fromisoformat(start) - timedelta(hours=1)
    visit = Appointment("A-1", begins, begins + timedelta(hours=1), recipients=["+12025550123"])
    (one,) = reminders_of(visit, [Rule("r", text="Hi", **rule)], Defaults("UTC", holidays="US"))
    assert f"{one.due_at:%Y-%m-%d %H:%M}" == due
    assert one.rule.is_follow_up
    assert "after the" in one.trail[1]


VISIT = Appointment(
    "A-1",
    START,
    title="Check-up",
    location="12 High Street",
    source="desk",
    tags=["dental", "replied:confirm"],
    data={"confirmed": True, "room": {"floor": 2, "name": "Blue"}, "doctors": ["Rey", "Ito"], "a.b": 1, "none": None},
)
ADA = Recipient("+12025550123", data={"vip": True, "plan": "gold"})


@pytest.mark.parametrize(
    ("condition", "fits"),
    [
        ({}, True),
        ({"tags": "dental"}, True),
        ({"tags": ["other", "dental"]}, True),
        ({"tags": "dent*"}, False),  # a tag is no pattern
        ({"replied": "confirm"}, True),
        ({"replied": ["late", "no"]}, False),
        ({"status": "confirmed"}, True),
        ({"status": ["cancelled", "no_show"]}, False),
        ({"source": ["web", "desk"]}, True),
        ({"source": "des*"}, False),
        ({"title": "check-*"}, True),
        ({"title": "check"}, False),
        ({"location": "?? high*"}, True),
        ({"location": "? high*"}, False),
        ({"data": {"confirmed": True}}, True),
        ({"data": {"confirmed": False}}, False),
        ({"data": {"confirmed": [False, True]}}, True),
        ({"data": {"room.floor": 2}}, True),
        ({"data": {"room.floor": 3}}, False),
        ({"data": {"room.name": "bl*"}}, True),
        ({"data": {"room.name": "bl"}}, False),
        ({"data": {"room.name.x": "Blue"}}, False),
        ({"data": {"doctors": "Ito"}}, True),
        ({"data": {"doctors": "i?o"}}, True),
        ({"data": {"doctors": "Ada"}}, False),
        ({"data": {"missing": "*"}}, False),
        ({"data": {"none": "*"}}, False),
        ({"data": {"confirmed": True, "room.floor": 3}}, False),
        ({"recipient": {"vip": True}}, True),
        ({"recipient": {"plan": ["silver", "gold"]}}, True),
        ({"recipient": {"plan": "silver"}}, False),
        ({"tags": "dental", "status": "cancelled"}, False),
        ({"tags": {"dental", "x"}, "source": frozenset({"desk"})}, True),
    ],
)
def test_every_key_that_is_given_fits_by_any_of_its_values(condition, fits):
    """And the first that does not is named."""
    failing = Condition.read(condition, "only").failing(VISIT, ADA)
    assert (failing is None) is fits
    assert failing is None or failing in condition


def test_who_is_not_there_has_no_data():
    """A rule that speaks of the recipient's is for nobody then."""
    assert Condition.read({"recipient": {"vip": True}}, "only").failing(VISIT, None) == "recipient"
    assert Condition.read({"tags": "dental"}, "only").failing(VISIT, None) is None


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("dental", "only must be a table"),
        ({"tag": "x"}, "unknown condition 'tag'.*tags"),
        ({"tags": []}, r"only.tags must name one or more \(\[\]\)"),
        ({"tags": 7}, "only.tags must name one or more"),
        ({"tags": [7]}, r"only.tags must be text \(7\)"),
        ({"status": "confirmd"}, "only.status: unknown status 'confirmd'.*confirmed"),
        ({"data": "x"}, "only.data must be a table"),
        ({"recipient": {}}, "only.recipient must be a table"),
    ],
)
def test_what_is_no_condition_is_refused_by_its_key(given, words):
    with pytest.raises(InvalidRuleError, match=words):
        Condition.read(given, "only")


@pytest.mark.parametrize(
    ("unless", "only", "all_of_it"),
    [
        ({"status": ["cancelled", "no_show"]}, {"status": "cancelled"}, True),
        ({"status": "cancelled"}, {"status": ["cancelled", "confirmed"]}, False),
        ({"tags": "a"}, {"tags": "a", "source": "desk"}, True),
        ({"tags": "a", "source": "desk"}, {"tags": "a"}, False),
        ({"tags": "a"}, {"source": "desk"}, False),
        ({"data": {"a": 1}}, {"data": {"a": 1}}, False),
        ({}, {"tags": "a"}, False),
    ],
)
def test_an_exception_that_leaves_nothing_is_seen(unless, only, all_of_it):
    """Where one key alone excepts whatever the other asks for."""
    assert Condition.read(unless, "unless").rules_out(Condition.read(only, "only")) is all_of_it


def test_the_same_condition_is_the_same_however_it_is_written():
    """Keys in any order, one value or a list of one; its statuses are known."""
    one = Condition.read({"tags": "a", "source": ["b"], "status": "cancelled"}, "only")
    assert one == Condition.read({"status": ["cancelled"], "source": "b", "tags": ["a"]}, "only")
    assert Condition.read(one, "only") is one
    assert one.statuses == ("cancelled",)
    assert Condition().statuses == ()
