"""One message for two records of a visit, and so many in a day: whatever comes in, in whatever order."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from reminder_kit.model.instants import in_zone
from reminder_kit.model.reasons import Reason
from reminder_kit.model.records import Traffic, Twin
from reminder_kit.planning.changes import ChangeKind
from reminder_kit.planning.day_limit import all_within_day_limit, too_many, within_day_limit
from reminder_kit.planning.decide import decide
from reminder_kit.planning.group import decide_group
from reminder_kit.planning.repeats import Planned, is_repeated
from reminder_kit.rules.rule import Rule
from tests.factories import NEW_YORK, NUMBER, START, message_of, observed_of, settings_of, visit
from tests.sampling import examples

DAY = Rule("day", before="24 hours", text="{{ appointment.title }} {{ when }}")
HOURS = Rule("hours", before="2 hours", text="Soon: {{ appointment.title }}")
RULES = settings_of(DAY, HOURS)
NONE = timedelta(0)


@st.composite
def visits(draw):
    """Return visits of one number over four days, some of them at the same start, or with the same words."""
    number = draw(st.integers(1, 7))
    return [
        visit(
            f"A-{index}",
            draw(st.sampled_from([8, 9, 14, 23])),
            day=draw(st.integers(1, 4)),
            title=draw(st.sampled_from(["Check-up", "X-ray"])),
        )
        for index in range(number)
    ]


def going(decisions):
    """Return what goes out: start, send time and text."""
    return [
        (decision.start_at, decision.draft.send_at, decision.draft.text)
        for decision in decisions
        if decision.kind is ChangeKind.SCHEDULE
    ]


def decided(appointments, settings):
    """Return the decisions of each appointment, in the light of all."""
    return [one.decisions for one in decide_group([observed_of(one) for one in appointments], settings, START)]


@examples(60)
@given(visits(), st.randoms(use_true_random=False))
def test_every_text_of_a_visit_goes_out_once_whatever_the_order(appointments, chance):
    """Each start, time and wording that anybody would be told is told exactly once."""
    alone = {line for one in appointments for line in going(decide(observed_of(one), RULES, START))}
    chance.shuffle(appointments)
    found = [line for decisions in decided(appointments, RULES) for line in going(decisions)]
    assert Counter(found) == Counter(alone)


@examples(60)
@given(visits(), st.integers(1, 4), st.randoms(use_true_random=False))
def test_a_day_has_its_nearest_messages_and_no_more_whatever_the_order(appointments, limit, chance):
    """Reckoned a second time: by day, the first so many by distance from their start, then as they are due."""
    settings = settings_of(DAY, HOURS, max_per_day=limit)
    chance.shuffle(appointments)
    before = decided(appointments, RULES)
    by_day = {}
    for decision in (decision for decisions in before for decision in decisions if decision.draft is not None):
        day = in_zone(decision.draft.send_at, NEW_YORK).date()
        rank = (decision.start_at - decision.due_at, decision.due_at, decision.key)
        by_day.setdefault(day, []).append(rank)
    kept = {key for ranks in by_day.values() for *_, key in sorted(ranks)[:limit]}
    after = all_within_day_limit(before, [{} for _ in before], settings, START)
    assert {decision.key for decisions in after for decision in decisions if decision.draft is not None} == kept
    for decision in (decision for decisions in after for decision in decisions):
        if decision.reason is Reason.DAY_LIMIT:
            assert (decision.kind, decision.record.send_at) == (ChangeKind.SKIP, None)


def test_what_is_taken_back_says_nothing_any_more():
    """One appointment moves away: another record of its old start is told, though the ledger has the old text still."""
    first, second = visit("A"), visit("B")
    old = message_of(first, RULES)
    planned = Planned()
    twins = {(NUMBER, first.start_at): [Twin(old.key, old.send_at, old.due_at, old.draft.text)]}
    assert decide(observed_of(second, twins=twins), RULES, START)[0].reason is Reason.SAME_TEXT
    planned.note(decide(observed_of(visit("A", 15), old), RULES, START))
    assert decide(planned.before(observed_of(second, twins=twins)), RULES, START)[0].kind is ChangeKind.SCHEDULE


def test_the_same_words_are_a_repetition_within_a_quarter_of_an_hour():
    """Of their send times or of their due times; and never of one's own appointment."""
    twin = Twin("k", START, START - timedelta(hours=3), "x")

    def repeated(send, due, text="x", siblings=()):
        return is_repeated(twin, text, START + timedelta(minutes=send), START + timedelta(minutes=due), siblings)

    assert repeated(14, 600)
    assert repeated(600, -166)
    assert not repeated(15, 600)
    assert not repeated(0, 0, "y")
    assert not repeated(0, 0, siblings={"k"})


def test_a_message_that_went_out_counts_first_and_one_too_near_to_take_back_stays():
    """What can't be undone is no matter of rank."""
    settings = settings_of(DAY, max_per_day=1)
    soon = visit("A", day=1, hour=9, minute=10)
    parked = message_of(soon, settings)
    (decision,) = decide(observed_of(soon, parked), settings, parked.send_at - timedelta(seconds=30))
    others = {NUMBER: [Traffic("other", START, START, START)]}
    now = parked.send_at - timedelta(seconds=30)
    assert within_day_limit([decision], others, settings, now) == [decision]
    new = decide(observed_of(visit("B", day=1, hour=17)), settings, START)
    (limited,) = within_day_limit(new, others, settings, START)
    assert limited.reason is Reason.DAY_LIMIT


def test_who_shares_too_full_a_day_is_named():
    """All messages of a day that has more than it may, by the day of that zone."""
    at = START.replace(hour=4)  # the 9th in New York
    traffic = [Traffic(name, at + timedelta(hours=hours)) for name, hours in (("a", 0), ("b", 2), ("c", 3))]
    before = at - timedelta(seconds=1)
    assert too_many(traffic, "America/New_York", 1, before) == {"b", "c"}
    assert too_many(traffic, "UTC", 2, before) == {"a", "b", "c"}
    assert too_many(traffic, "UTC", 3, before) == set()
