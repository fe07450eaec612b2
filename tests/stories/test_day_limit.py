"""No more than `max_per_day` messages go to one number in a day of its own clock; those nearest to the start stay."""

from __future__ import annotations

from datetime import timedelta
from itertools import permutations

import pytest
from attrs import evolve

from reminder_kit import QuietHours, Recipient, Rule
from reminder_kit.config.loading import load
from reminder_kit.errors import ConfigurationError
from tests.factories import NEW_YORK, at_rest, parked_texts, received_texts, visit

DAY = Rule("day", before="24 hours", text="{{ appointment.title }} {{ when }}")
HOURS = Rule("hours", before="2 hours", text="{{ appointment.title }} soon")
FAMILY = [visit(name, hour, title=name) for name, hour in zip("ABCD", (10, 11, 12, 13), strict=True)]


def outcomes(report):
    """Return reasons by appointment and rule."""
    return {(change.identity.id, change.rule): change.reason.value for change in report.changes}


@pytest.mark.few(2)
@pytest.mark.parametrize("order", list(permutations(range(4)))[::5], ids=str)
def test_the_rest_of_the_day_is_left_unsaid(make_kit, sandbox, order):
    """Of four that are as near to their start, the first three of the day, in whatever order they come in."""
    kit = make_kit([DAY], max_per_day=3)
    plan = kit.plan([FAMILY[index] for index in order])
    for index in order:
        kit.sync(FAMILY[index])
    assert [text[0] for text in parked_texts(sandbox)] == ["A", "B", "C"]
    assert outcomes(plan) == {(name, "day"): "day_limit" if name == "D" else "on_time" for name in "ABCD"}
    assert at_rest(kit)
    (why,) = kit.explain("D").reminders
    assert "3 other messages go to that number that day (max_per_day)" in why.steps


@pytest.mark.parametrize("together", [True, False])
def test_what_is_nearest_to_its_start_stays(make_kit, sandbox, together):
    """A text two hours before is worth more than tomorrow's, though it is later that day."""
    kit = make_kit([DAY, HOURS], max_per_day=1)
    today, tomorrow = visit("today", 16, day=1, title="Today"), visit("tomorrow", 10, title="Tomorrow")
    if together:
        kit.sync([tomorrow, today])
    else:
        kit.sync(tomorrow)
        kit.sync(today)
    found = outcomes(kit.plan([today, tomorrow]))
    assert found["tomorrow", "day"] == "day_limit"
    assert {"Today soon", "Tomorrow soon"} <= set(parked_texts(sandbox))
    assert at_rest(kit)


AT_ONCE = [f"A-{number}" for number in range(8)]
"""Several ids: of what is else alike, the key decides, and that is a digest of the id."""


@pytest.fixture
def leaving(clinic):
    """Return a function: what left at a provider that sends at once, which was told of some visits and then others."""

    def made(*together):
        there = clinic("vonage", rules=[DAY, HOURS], options={"max_per_day": 1})
        for visits in together:
            there.kit.sync(visits)
        return [message.text for message in there.sandbox.messages()]

    return made


@pytest.mark.parametrize("id", AT_ONCE)
def test_what_leaves_in_the_same_second_is_no_second_message_of_the_day(leaving, id):
    """Where the provider sends at once, and a booking follows another at once."""
    assert leaving(visit("B", 20, day=0, title="B"), visit(id, 7, day=1, title="A")) == ["B today at 8:00 PM"]


@pytest.mark.parametrize("id", AT_ONCE)
@pytest.mark.parametrize("order", [1, -1])
def test_of_what_leaves_in_one_second_the_nearest_to_its_start_stays(leaving, id, order):
    """Today's, which is due two hours before, and not tomorrow's, whatever their ids and order."""
    visits = [visit(id, 7, day=1, title="Tomorrow"), visit("B", 10, day=0, title="Today")]
    assert leaving(visits[::order]) == ["Today soon"]


def test_what_moves_in_the_second_in_which_it_was_told_is_not_told_again_that_day(leaving):
    """Its own message fills the day as any other does."""
    told, moved = visit("A", 7, day=1, title="A"), visit("A", 20, day=0, title="A")
    assert leaving(told, moved) == ["A tomorrow at 7:00 AM"]


def test_what_went_out_earlier_that_day_leaves_less_room(make_kit, sandbox):
    """One is out, one of a visit next week is parked, and a nearer one comes in: the parked one is taken back."""
    week = Rule("week", before="7 days", text="{{ appointment.title }} {{ when }}")
    kit = make_kit([week, DAY], max_per_day=2)
    kit.sync([visit("A", 9, minute=10, day=1, title="A"), visit("B", 15, day=7, title="B")])
    sandbox.clock.advance(minutes=20)
    assert received_texts(sandbox) == ["A tomorrow at 9:10 AM"]
    report = kit.sync(visit("C", 18, day=0, title="C"))
    assert outcomes(report)["B", "week"] == "day_limit"
    assert parked_texts(sandbox) == ["C today at 6:00 PM"]
    assert at_rest(kit)


def test_a_notice_goes_out_whatever_else_does_that_day(make_kit, sandbox):
    """Who comes in vain must hear of it: a cancellation counts, and is never left unsaid."""
    kit = make_kit([DAY], max_per_day=1, cancellation="{{ appointment.title }} is off")
    told = visit("A", 12, day=2, title="A")
    kit.sync([told, visit("B", 9, day=3, title="B")])
    for _ in range(12):
        sandbox.clock.advance(hours=4)
        kit.resync()
    sandbox.clock.advance(hours=1)
    assert received_texts(sandbox) == ["A tomorrow at 12:00 PM", "B tomorrow at 9:00 AM"]
    kit.sync(evolve(told, status="cancelled"))
    assert parked_texts(sandbox) == ["A is off"]


def test_where_one_is_withdrawn_another_takes_its_place(make_kit, sandbox):
    """In the same run."""
    kit = make_kit([DAY], max_per_day=3)
    kit.sync(FAMILY)
    kit.withdraw("A")
    assert [text[0] for text in parked_texts(sandbox)] == ["B", "C", "D"]
    assert at_rest(kit)


@pytest.mark.parametrize(("count", "runs"), [(2, 0), (51, 0), (60, 1)], ids=["a few", "too many to group", "many"])
def test_where_one_is_cancelled_another_speaks_in_the_same_run(make_kit, sandbox, count, runs):
    """Once the message is taken back; of more than are worked on at once, the next run finds out whose turn it is."""
    kit = make_kit([DAY], max_per_day=1)
    visits = [visit(f"A-{number}", minute=number, title=f"Visit {number}.") for number in range(count)]
    kit.sync(visits)
    (first,) = sandbox.parked()
    kit.sync([evolve(one, status="cancelled") if one.title in first.text else one for one in visits])
    for _ in range(runs):
        kit.resync()
    (second,) = sandbox.parked()
    assert second.text != first.text


def test_what_went_out_counts(make_kit, sandbox):
    """Nothing that comes in later that day is nearer than what the person has."""
    kit = make_kit([DAY], max_per_day=1)
    kit.sync(visit("A", 10, day=1, title="A"))
    sandbox.clock.advance(hours=2)
    kit.resync()
    assert outcomes(kit.sync(visit("B", 17, day=1, title="B"))) == {("B", "day"): "day_limit"}
    assert received_texts(sandbox) == ["A tomorrow at 10:00 AM"]


def test_what_went_out_of_the_same_visit_counts(make_kit, sandbox):
    """The follow-up that left no room for is not sent that day after all."""
    kit = make_kit([HOURS, Rule("thanks", after="2 hours", text="Thanks")], max_per_day=1)
    said = outcomes(kit.sync(visit("A", 15, day=0, title="A")))
    for _ in range(14):
        sandbox.clock.advance(hours=1)
        kit.resync()
        assert outcomes(kit.sync(visit("A", 15, day=0, title="A")))["A", "thanks"] == said["A", "thanks"] == "day_limit"
    assert received_texts(sandbox) == ["A soon"]


def test_the_day_is_the_recipient_s(make_kit, sandbox):
    """Eleven at night and one in the morning of New York are one evening in Los Angeles."""
    night = [visit("A", 23, title="A"), visit("B", 1, day=3, title="B")]
    make_kit([DAY], max_per_day=1).sync(night)
    assert len(sandbox.parked()) == 2
    people = [Recipient("+12025550177", timezone="America/Los_Angeles")]
    there = [visit("C", 23, title="C"), visit("D", 1, day=3, title="D")]
    make_kit([DAY], max_per_day=1).sync([evolve(one, recipients=people) for one in there])
    assert len(sandbox.parked("+12025550177")) == 1


def test_other_numbers_and_other_days_have_their_own(make_kit, sandbox):
    """Each number, and each day, has its own limit."""
    kit = make_kit([DAY], max_per_day=1)
    kit.sync([FAMILY[0], visit("E", 10, phone="+12025550177", title="E"), visit("F", 10, day=3, title="F")])
    assert len(sandbox.parked()) == 3


def test_a_cancellation_is_told_in_any_case(make_kit, sandbox):
    """Nobody comes for nothing because of a limit."""
    kit = make_kit([DAY], max_per_day=1, cancellation="{{ appointment.title }} is off")
    kit.sync(visit("A", 10, day=1, title="A"))
    sandbox.clock.advance(hours=2)
    kit.withdraw("A", notify=True)
    sandbox.clock.advance(minutes=30)
    assert received_texts(sandbox) == ["A tomorrow at 10:00 AM", "A is off"]


def test_it_goes_with_quiet_hours_and_a_gap(make_kit, sandbox):
    """What is moved to the evening before counts on that day."""
    kit = make_kit([DAY], max_per_day=2, min_gap=timedelta(minutes=30), quiet_hours=QuietHours("21:00", "11:30"))
    kit.sync(FAMILY)
    days = [message.send_at.astimezone(NEW_YORK).date() for message in sandbox.parked()]
    assert max(map(days.count, days)) <= 2
    assert at_rest(kit)


def test_it_is_a_whole_number_from_one_up(make_kit, tmp_path):
    """In code and in a file, which name the key."""
    with pytest.raises(ConfigurationError, match="max_per_day must be a whole number from 1 up"):
        make_kit([DAY], max_per_day=0)
    file = tmp_path / "reminders.toml"
    file.write_text("max_per_day = 2.5")
    with pytest.raises(ConfigurationError, match="max_per_day must be a whole number"):
        load(file)
    file.write_text('max_per_day = 3\n[[rules]]\nid = "r"\nbefore = "1 day"\ntext = "x"')
    assert load(file).options["max_per_day"] == 3


@pytest.mark.parametrize("minutes", [10, 30, 120])
@pytest.mark.parametrize("limit", [1, 2, 3])
def test_who_is_told_stays_told_where_messages_are_kept_apart(make_kit, sandbox, limit, minutes):
    """Of visits that come in at once: the next run, which looks at those left unsaid alone, comes to the same."""
    kit = make_kit([DAY], max_per_day=limit, min_gap=timedelta(minutes=minutes))
    visits = [visit(f"A-{n}", hour, title=f"V{n}") for n, hour in enumerate((8, 8, 9, 10, 8))]
    plan = kit.plan(visits)
    kit.sync(visits)
    told = parked_texts(sandbox)
    assert len(told) == limit
    assert at_rest(kit)
    kit.resync()
    assert parked_texts(sandbox) == told
    planned = {change.identity.id for change in plan.changes if change.kind.value == "schedule"}
    assert planned == {f"A-{text[1]}" for text in told}


def test_what_is_taken_back_for_the_limit_is_reported_so_whatever_else_goes(make_kit, sandbox):
    """In the same run another message of that number goes, and who was left unsaid for the limit is decided again."""
    kit = make_kit([DAY, HOURS], max_per_day=1)
    late, other = visit("late", 16, day=3, title="Late"), visit("other", 9, day=5, title="Other")
    kit.sync([late, other])
    nearer = visit("nearer", 15, day=2, title="Nearer")
    report = kit.sync([nearer, evolve(other, status="cancelled")])
    gone = {message.text for message in sandbox.messages() if message.status == "cancelled"}
    told = {change.text for change in report.changes if change.kind.value == "cancel" and change.outcome == "done"}
    assert gone == told
    assert any(text.startswith("Late") for text in gone)
    assert report.summary["cancel"] == len(gone)
    assert at_rest(kit)
