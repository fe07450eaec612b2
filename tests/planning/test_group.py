"""A group: appointments that share a number are decided together, each in the light of what becomes of the others."""

from __future__ import annotations

from datetime import timedelta

import pytest
from attrs import evolve

from reminder_kit.model.records import ReminderRecord, ReminderStatus, Traffic, Twin
from reminder_kit.planning.changes import ChangeKind
from reminder_kit.planning.day_limit import planned_traffic
from reminder_kit.planning.decide import decide
from reminder_kit.planning.group import decide_group
from reminder_kit.rules.reminders import reminders_of
from reminder_kit.rules.rule import Rule
from tests.factories import DAY, EVENING, NUMBER, START, TOGETHER, message_of, observed_of, settings_of, visit

QUIET = Rule("evening", before="24 hours", text="{{ appointment.title }}", together=TOGETHER, min_silence="1 hour")


def key_of(appointment, settings):
    (reminder,) = reminders_of(appointment, settings.rules, settings.defaults)
    return reminder.key


def decided(settings, *all_observed, **changes):
    """Return by id the kind and reason of each appointment's only decision, and all decisions in a list."""
    group = [
        evolve(one, neighbours=tuple(other for other in all_observed if other is not one), **changes)
        for one in all_observed
    ]
    found = decide_group(group, settings, START)
    decisions = [decision for one in found for decision in one.decisions]
    return {one.identity.id: (one.kind.value, one.reason.value) for one in decisions}, decisions


def test_those_told_together_come_to_the_same_in_one_go():
    """The first has the message for both, and the other none."""
    found, (first, _) = decided(settings_of(EVENING), observed_of(visit("A")), observed_of(visit("B", 11)))
    assert found == {"A": ("schedule", "on_time"), "B": ("skip", "superseded")}
    assert [reminder.appointment.id for reminder in first.includes] == ["B"]


def test_new_messages_keep_apart_in_the_order_of_the_group():
    """The second is moved away from the first, though neither is known to the ledger."""
    settings = settings_of(DAY, min_gap=timedelta(minutes=30))
    _, decisions = decided(settings, observed_of(visit("A")), observed_of(visit("B", 9, minute=10)))
    first, second = (decision.change.send_at for decision in decisions)
    assert first == visit("A").start_at - timedelta(hours=24)
    assert abs(second - first) == timedelta(minutes=30)


def test_of_two_records_of_one_visit_the_first_says_it():
    """The second would say the same words at the same time."""
    found, _ = decided(settings_of(DAY), observed_of(visit("A")), observed_of(visit("B")))
    assert found == {"A": ("schedule", "on_time"), "B": ("skip", "same_text")}


def test_who_was_silent_for_one_that_goes_speaks_in_the_same_decision():
    """The parked message of the cancelled record is taken back, so that the other record says it, whoever is first."""
    settings = settings_of(DAY)
    parked = message_of(visit("B"), settings)
    gone = observed_of(visit("B", status="cancelled"), parked)
    said = Twin(parked.key, parked.draft.send_at, parked.due_at, parked.draft.text)
    stays = observed_of(visit("A"), twins={(NUMBER, visit("A").start_at): [said]})
    for order in ([stays, gone], [gone, stays]):
        assert decided(settings, *order)[0] == {"A": ("schedule", "on_time"), "B": ("cancel", "cancelled")}


def test_who_is_silent_by_now_is_left_out_by_the_others_at_once():
    """Something goes to the number shortly before the second one's time: the first tells of itself alone."""
    settings = settings_of(QUIET)
    other = Traffic("k-other", visit("B", 11).start_at - timedelta(hours=24, minutes=30))
    found, decisions = decided(
        settings, observed_of(visit("A")), observed_of(visit("B", 11)), traffic={NUMBER: [other]}
    )
    assert found == {"A": ("schedule", "on_time"), "B": ("skip", "condition")}
    assert decisions[0].includes == ()


def test_who_speaks_again_is_told_with_the_others_at_once():
    """What silenced the second one is gone: the first tells of both, though the ledger still has it as silent."""
    settings, second = settings_of(QUIET), visit("B", 11)
    silent = ReminderRecord(
        key_of(second, settings), QUIET.id, "", NUMBER, ReminderStatus.SKIPPED, "condition", due_at=None
    )
    found, (first, _) = decided(settings, observed_of(visit("A")), observed_of(second, outcomes=[silent]))
    assert found == {"A": ("schedule", "on_time"), "B": ("skip", "superseded")}
    assert [reminder.appointment.id for reminder in first.includes] == ["B"]


def test_of_a_day_the_nearest_stay():
    """The day's limit counts what is decided for all, and what is nearest to its start goes out."""
    hours = Rule("hours", before="3 hours", text="Soon")
    settings = settings_of(DAY, hours, max_per_day=1)
    _, decisions = decided(settings, observed_of(visit("A", day=3)), observed_of(visit("B", 11)))
    of_that_day = [one for one in decisions if one.due_at.date() == visit("B").start_at.date()]
    assert {(one.identity.id, one.rule): one.reason.value for one in of_that_day} == {
        ("A", "day-before"): "day_limit",
        ("B", "hours"): "on_time",
    }


def test_what_the_run_has_against_some_is_asked_for_each():
    """`revised` has the last word on an appointment, and is told which it is."""
    group = [observed_of(visit("A")), observed_of(visit("B", 11))]
    found = decide_group(
        group, settings_of(DAY), START, lambda observed, found: found if observed.identity.id == "A" else []
    )
    assert [len(one.decisions) for one in found] == [1, 0]


def test_one_that_can_not_be_decided_holds_nobody_up():
    """Its error is told in words, and the others are decided without it."""

    def strange(appointment, _recipient):
        if appointment.id == "A":
            raise ValueError("out of order")
        return True

    rule = Rule("evening", before="24 hours", text="{{ appointment.title }}", together=TOGETHER, when=strange)
    found = decide_group([observed_of(visit("A")), observed_of(visit("B", 11))], settings_of(rule), START)
    assert [(len(one.decisions), "its `when` raised ValueError" in one.error) for one in found] == [
        (0, True),
        (1, False),
    ]


@pytest.mark.parametrize("who", ["A", "B"])
@pytest.mark.parametrize("silence", ["1 hour", "3 hours"])
def test_who_was_silent_and_speaks_again_is_told_whoever_comes_first(silence, who):
    """What the ledger says of one is heard anew in each round, so that both are told in every order."""
    quiet = Rule("evening", before="24 hours", text="{{ appointment.title }}", together=TOGETHER, min_silence=silence)
    settings = settings_of(quiet)
    visits = {"A": visit("A"), "B": visit("B", 11)}
    key = key_of(visits[who], settings)
    silent = ReminderRecord(key, quiet.id, "", NUMBER, ReminderStatus.SKIPPED, "condition", due_at=None)
    group = [observed_of(one, outcomes=[silent] if name == who else []) for name, one in visits.items()]
    for several in (group, group[::-1]):
        _, decisions = decided(settings, *several)
        told = [one for one in decisions if one.kind is ChangeKind.SCHEDULE]
        names = [name for one in told for name in (one.identity.id, *(also.appointment.id for also in one.includes))]
        assert sorted(names) == ["A", "B"]


def test_what_goes_to_an_old_number_is_none_of_the_new_ones():
    """A message that stays although the number changed counts against nobody's day."""
    settings = settings_of(DAY)
    (kept,) = decide(observed_of(visit("A"), message_of(visit("A"), settings)), settings, START)
    assert {number: len(found) for number, found in planned_traffic([[kept]]).items()} == {NUMBER: 1}
    assert planned_traffic([[evolve(kept, number="+12025550199")]]) == {}
