"""Whole weeks in which clocks change, in ten zones: from appointment to text, inside every constraint and true."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pendulum
import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from reminder_kit.model.appointments import Appointment, Recipient
from reminder_kit.model.reasons import Reason
from reminder_kit.model.records import Identity
from reminder_kit.planning.changes import ChangeKind
from reminder_kit.planning.decide import decide
from reminder_kit.planning.observed import Observed
from reminder_kit.planning.settings import Settings
from reminder_kit.rules.defaults import Defaults
from reminder_kit.rules.quiet_hours import QuietHours
from reminder_kit.rules.rule import Rule
from reminder_kit.text.composer import Composer
from reminder_kit.text.time_phrases import city
from tests.factories import WINDOW
from tests.planning.weeks import RULES, WEEKS
from tests.sampling import examples

QUIETS = (
    None,
    QuietHours("21:00", "08:00"),
    QuietHours("22:30", "02:30", also=[QuietHours("12:00", "14:00", days="weekdays")]),
    QuietHours("00:00", "24:00", days="sunday"),
)
LOCATIONS = ("", "12 Harbour Street", "https://meet.example/a-1", "meet.example.com/a-1")
TEXT = "{{ when }}|{{ appointment.starts_at }}"


@st.composite
def cases(draw):
    """Return an appointment in a week in which some clock changes, some rules, and a `now` around it."""
    name = draw(st.sampled_from(sorted(WEEKS)))
    midnight = datetime.fromisoformat(draw(st.sampled_from(WEEKS[name]))).replace(tzinfo=ZoneInfo(name))
    start = midnight.astimezone(UTC) + timedelta(minutes=draw(st.integers(-4 * 1440, 4 * 1440)))
    people = [
        Recipient(f"+1202555012{number}", timezone=draw(st.sampled_from([None, *sorted(WEEKS)])))
        for number in range(draw(st.integers(1, 3)))
    ]
    visit = Appointment("A-1", start, start + timedelta(minutes=45), timezone=name, recipients=people)
    visit = evolve(visit, location=draw(st.sampled_from(LOCATIONS)))
    clock = draw(st.sampled_from([None, "place", "reader"]))
    rules = tuple(
        Rule(f"r{number}", text=TEXT, clock=clock, **changes)
        for number, changes in enumerate(draw(st.lists(st.sampled_from(RULES), min_size=1, max_size=4)))
    )
    now = start + timedelta(minutes=draw(st.integers(-8 * 1440, 720)))
    return visit, rules, draw(st.sampled_from(QUIETS)), now


def decided(visit, rules, quiet, now):
    defaults = Defaults()
    settings = Settings(rules, defaults, WINDOW, "+12025550100", "telnyx", Composer(defaults), quiet)
    return decide(Observed(Identity.of(visit), visit), settings, now)


@examples(400)
@given(cases())
def test_everything_ends_inside_every_constraint_or_refused(case):
    """Each rule and person ends inside every constraint or in a reasoned refusal."""
    visit, rules, quiet, now = case
    found = decided(*case)
    assert len(found) == len(rules) * len(visit.recipients)
    for decision in found:
        rule, change = decision.reminder.rule, decision.change
        if change.kind is ChangeKind.SCHEDULE:
            assert now + WINDOW.min_lead + WINDOW.margin <= change.send_at <= now + WINDOW.max_lead - WINDOW.margin
            assert quiet is None or not quiet.covers(change.send_at, ZoneInfo(decision.reminder.zone))
            bound = decision.reminder.anchor_at
            assert rule.is_follow_up or change.send_at <= bound - rule.min_notice
            assert rule.is_follow_up or change.send_at < bound
        elif change.kind is ChangeKind.HOLD:
            assert decision.record.park_at > now
        else:
            assert change.reason in {Reason.TOO_LATE, Reason.PAST, Reason.QUIET_HOURS, Reason.SUPERSEDED}
        assert all(isinstance(step, str) for step in (*decision.reminder.trail, *decision.placement.trail))


@examples(400)
@given(cases())
def test_what_a_text_says_of_the_day_is_so_when_it_arrives(case):
    """Reckoned a second time with pendulum, from the instants alone, by the clock of the place or of its reader."""
    visit, rules, *_ = case
    at_place = rules[0].clock == "place" or (rules[0].clock is None and visit.location == "12 Harbour Street")
    for decision in decided(*case):
        if decision.change.kind is not ChangeKind.SCHEDULE:
            continue
        reader = decision.reminder.zone
        said_in = visit.timezone if at_place else reader
        start, there = (
            pendulum.from_timestamp(visit.start_at.timestamp(), tz=name)
            for name in (said_in, reader if at_place else visit.timezone)
        )
        arrives, at_home = (
            pendulum.from_timestamp(decision.change.send_at.timestamp(), tz=name) for name in (said_in, reader)
        )
        ahead = (start.date() - arrives.date()).days if arrives.date() == at_home.date() else 9
        day = {0: "today", 1: "tomorrow", -1: "yesterday"}.get(ahead) or start.format("dddd D MMMM")
        named = f" ({city(said_in, 'en')})" if start.utcoffset() != there.utcoffset() else ""
        assert decision.change.text == f"{day} at {start.format('h:mm A')}{named}|{start}"


@examples(200)
@given(cases(), st.randoms(use_true_random=False))
def test_neither_the_order_of_rules_nor_that_of_people_matters(case, chance):
    """Shuffled rules and recipients give the same change under each key."""
    visit, rules, quiet, now = case
    people, turned = list(visit.recipients), list(rules)
    chance.shuffle(people)
    chance.shuffle(turned)
    other = evolve(visit, recipients=people)
    expected = {decision.change.key: decision.change for decision in decided(*case)}
    assert {decision.change.key: decision.change for decision in decided(other, tuple(turned), quiet, now)} == expected


@examples(200)
@given(cases(), st.integers(1, 3 * 1440))
def test_as_time_passes_nothing_comes_back_or_moves_earlier(case, minutes):
    """What was skipped as late stays skipped, and what is clamped late is never sent earlier."""
    visit, rules, quiet, now = case
    early = {decision.change.key: decision.change for decision in decided(*case)}
    late = {
        decision.change.key: decision.change
        for decision in decided(visit, rules, quiet, now + timedelta(minutes=minutes))
    }
    gone = {Reason.TOO_LATE, Reason.PAST, Reason.QUIET_HOURS}
    for key, change in late.items():
        if early[key].reason in gone:
            assert change.kind is ChangeKind.SKIP
        if change.kind is ChangeKind.SCHEDULE and early[key].reason is Reason.CLAMPED_LATE:
            assert change.send_at >= early[key].send_at


def test_the_weeks_are_weeks_in_which_clocks_change():
    """Else they would show nothing: each has two offsets; only Kathmandu's of 2026 is the calm one."""
    for name, days in WEEKS.items():
        for day in days:
            midnight = datetime.fromisoformat(f"{day} 12:00").replace(tzinfo=UTC)
            offsets = {(midnight + timedelta(hours=h)).astimezone(ZoneInfo(name)).utcoffset() for h in range(-36, 37)}
            assert len(offsets) == (1 if (name, day) == ("Asia/Kathmandu", "2026-03-08") else 2), (name, day)


@pytest.mark.parametrize("order", [1, -1])
def test_a_plan_of_many_is_the_same_in_whatever_order_they_come(kit, appointment, order):
    """Twenty appointments give the same digest forwards and backwards."""
    visits = [appointment(f"A-{number}", days=number % 7, hours=number) for number in range(20)]
    assert kit.plan(visits[::order]).digest == kit.plan(visits).digest
    assert len(kit.plan(visits[::order]).changes) == 20
