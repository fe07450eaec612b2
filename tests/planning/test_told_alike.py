"""Whether two records are told alike: by rule, number, time and words, and which of them is silent for it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from attrs import evolve

from reminder_kit.model.reasons import Reason
from reminder_kit.model.records import Twin
from reminder_kit.planning.assessment import assess
from reminder_kit.planning.changes import ChangeKind
from reminder_kit.planning.decide import decide
from reminder_kit.planning.repeats import Planned, is_repeated, siblings_of, skip_same_texts
from reminder_kit.planning.same_words import says_the_same
from reminder_kit.planning.spacing import EACH_RUN
from reminder_kit.rules.rule import Rule
from tests.factories import DAY, NUMBER, START, evening_rule, message_of, observed_of, settings_of, visit

SETTINGS = settings_of(DAY)
OTHER = "+12025550177"
BOOKED = visit("A")
(NEW,) = decide(observed_of(BOOKED), SETTINGS, START)
DUE, TEXT, BEGINS = NEW.due_at, NEW.draft.text, BOOKED.start_at
SECOND, QUARTER, HOUR = timedelta(seconds=1), timedelta(minutes=15), timedelta(hours=1)


@pytest.mark.parametrize(
    ("other", "same"),
    [
        (visit("B"), True),
        (visit("B", title="Cleaning"), False),
        (visit("B", phone=OTHER), False),
        (visit("B", 10), False),
        (visit("B", day=3), False),
        (evolve(visit("B"), recipients=[]), False),
        (visit("B", status="cancelled"), False),
        (visit("B", name="Eve"), True),
    ],
    ids=["another id", "title", "number", "hour", "day", "nobody", "cancelled", "a name that is not said"],
)
def test_two_are_told_alike_by_number_time_and_words(other, same):
    """Each way round; and an appointment as itself."""
    assert says_the_same(BOOKED, other, SETTINGS) is same
    assert says_the_same(other, BOOKED, SETTINGS) is same
    assert says_the_same(other, other, SETTINGS)


def test_a_text_of_several_is_compared_too():
    """Two may be told alike by themselves, and otherwise beside another."""
    together = settings_of(evening_rule(text="x"))
    assert not says_the_same(BOOKED, visit("B", title="Cleaning"), together)
    assert says_the_same(BOOKED, visit("B", title="Cleaning"), settings_of(evening_rule(text="x", together="")))
    assert says_the_same(BOOKED, visit("B"), together)


def test_every_rule_counts_and_the_alarms_where_they_are_rules():
    """By their ids and due times."""
    both = settings_of(
        Rule("x", before="1 hour", text="x"), Rule("y", before="2 hours", text="{{ appointment.title }}")
    )
    assert not says_the_same(BOOKED, visit("B", title="Cleaning"), both)
    alarmed = visit("B", data={"alarms": ["2026-02-12T13:00:00+00:00"]})
    assert says_the_same(BOOKED, alarmed, SETTINGS)
    assert not says_the_same(BOOKED, alarmed, evolve(SETTINGS, alarms="rules"))


def test_nothing_is_told_alike_that_can_not_be_written():
    """Or whose condition fails, in whichever way."""
    broken = settings_of(Rule("day-before", before="24 hours", text="{{ data.room }}"))
    assert not says_the_same(BOOKED, BOOKED, broken)

    def fails(*_):
        raise ValueError

    assert not says_the_same(BOOKED, BOOKED, settings_of(Rule("r", before="1 hour", text="x", when=fails)))


# Of two messages


@pytest.mark.parametrize("sign", [-1, 1])
def test_the_same_words_within_a_quarter_of_an_hour_are_one_message(sign):
    """Of their send times, or of their due times; just so far apart they are two."""
    twin = Twin("k", DUE, DUE - 9 * HOUR, "x")
    near, far = sign * (QUARTER - SECOND), sign * QUARTER
    assert is_repeated(twin, "x", DUE + near, DUE, ())
    assert not is_repeated(twin, "x", DUE + far, DUE, ())
    assert is_repeated(twin, "x", DUE + 9 * HOUR, DUE - 9 * HOUR + near, ())
    assert not is_repeated(twin, "x", DUE + 9 * HOUR, DUE - 9 * HOUR + far, ())
    assert not is_repeated(twin, "y", DUE, DUE, ())
    assert not is_repeated(twin, "x", DUE, DUE, {"k"})
    assert is_repeated(twin, "x", DUE, DUE, {"other"})


def silenced(*twins, visit_of=(NUMBER, BEGINS), appointment=BOOKED, now=START, **known):
    observed = observed_of(appointment, twins={visit_of: twins}, **known)
    assessments = assess(observed, SETTINGS, now)
    skip_same_texts(assessments, observed, SETTINGS)
    return assessments[0].placement


def test_what_another_record_says_is_not_said_again():
    """It is looked at by each run, and the trail says when the other one goes out."""
    found = silenced(Twin("k", DUE, DUE, TEXT))
    assert (found.decision, found.reason, found.send_at, found.park_at) == ("skip", Reason.SAME_TEXT, None, EACH_RUN)
    assert found.trail == (
        *NEW.placement.trail,
        "another record of the same visit says the same, at 2026-02-11T14:00:00Z",
    )
    assert silenced() == NEW.placement
    assert silenced(Twin("k", DUE, DUE, "other words")) == NEW.placement
    assert silenced(Twin("k", DUE, DUE, "other"), Twin("l", DUE, DUE, TEXT)).decision == "skip"
    assert silenced(Twin(NEW.key, DUE, DUE, TEXT)) == NEW.placement
    assert silenced(Twin("k", DUE, DUE, TEXT), visit_of=(OTHER, BEGINS)) == NEW.placement
    assert silenced(Twin("k", DUE, DUE, TEXT), visit_of=(NUMBER, BEGINS + HOUR)) == NEW.placement


def test_the_words_are_those_of_the_others_time_too():
    """An hour earlier it is "in" something else: the same reminder all the same."""
    rule = Rule("r", before="24 hours", text="{{ when }}")
    settings = settings_of(rule)
    (new,) = decide(observed_of(BOOKED), settings, START)
    earlier = DUE - timedelta(days=1)
    words = settings.composer.compose(new.reminder, earlier).text
    assert words != new.draft.text
    for text, said in ((words, True), ("x", False)):
        observed = observed_of(BOOKED, twins={(NUMBER, BEGINS): [Twin("k", earlier, DUE, text)]})
        assert (decide(observed, settings, START)[0].reason is Reason.SAME_TEXT) is said


@pytest.mark.parametrize(
    ("of_calendar", "source", "rule", "reason"),
    [
        (True, "default", "day-before", "told_elsewhere"),
        (False, "default", "day-before", "same_text"),
        (True, "other", "day-before", "same_text"),
        (True, "default", "other", "same_text"),
    ],
)
def test_a_calendars_visit_under_another_id_is_told_elsewhere(of_calendar, source, rule, reason):
    """By the same rule and source; anything else is another record of the visit."""
    twin = Twin("k", DUE, DUE, TEXT, rule, source)
    assert silenced(twin, is_of_calendar=of_calendar).reason == reason


def test_siblings_are_all_reminders_wanted_or_known():
    """What these say is none of another record."""
    known = message_of(BOOKED, SETTINGS, key="known")
    observed = observed_of(BOOKED, known, twins={(NUMBER, BEGINS): [Twin("known", DUE, DUE, TEXT)]})
    assert siblings_of(assess(observed, SETTINGS, START), observed) == {NEW.key, "known"}
    assert decide(observed, SETTINGS, START)[0].kind is ChangeKind.SCHEDULE


# What is planned


def planned_for(*decisions, twins=()):
    planned = Planned()
    planned.note(decisions)
    observed = observed_of(visit("B"), twins={(NUMBER, BEGINS): list(twins)} if twins else {})
    found = planned.before(observed)
    return None if found is observed else found.twins


LINE = Twin(NEW.key, DUE, DUE, TEXT, "day-before", "default")


def test_what_is_parked_is_known_to_those_of_the_same_visit():
    """By number and start; what is noted of a reminder again takes the old one's place."""
    assert planned_for() is None
    assert planned_for(NEW) == {(NUMBER, BEGINS): [LINE]}
    second = evolve(NEW, draft=evolve(NEW.draft, text="y"), due_at=None)
    assert planned_for(NEW, second) == {(NUMBER, BEGINS): [LINE._replace(text="y")]}
    assert planned_for(NEW, evolve(NEW, key="k")) == {(NUMBER, BEGINS): [LINE, LINE._replace(key="k")]}
    assert planned_for(NEW, evolve(NEW, draft=None)) is None
    assert planned_for(evolve(NEW, draft=None)) is None
    assert planned_for(evolve(NEW, reminder=None)) is None
    assert planned_for(evolve(NEW, number=OTHER)) is None
    other = Twin("o", DUE, DUE, "o")
    assert planned_for(NEW, twins=[other]) == {(NUMBER, BEGINS): [other, LINE]}


@pytest.mark.parametrize("kind", list(ChangeKind))
def test_what_is_taken_back_says_nothing_any_more(kind):
    """Cancelled or replaced; other twins stay."""
    other, own = Twin("o", DUE, DUE, "o"), Twin(NEW.key, DUE, DUE, "old")
    gone = evolve(NEW, kind=kind, draft=None, message=message_of(BOOKED, SETTINGS, key=NEW.key))
    taken = kind in ("cancel", "replace")
    assert planned_for(gone, twins=[own, other]) == ({(NUMBER, BEGINS): [other]} if taken else None)
    assert planned_for(evolve(gone, reminder=None), twins=[own]) == ({} if taken else None)
    withdrawn = observed_of(None)
    planned = Planned()
    planned.note([NEW])
    assert planned.before(withdrawn) is withdrawn
    apart = observed_of(visit("B", 11))
    assert planned.before(apart) is apart


@pytest.mark.parametrize("reason", list(Reason))
def test_only_what_others_say_already_depends_on_them(reason):
    """In one of several decisions."""
    assert Planned.depends([NEW, evolve(NEW, reason=reason)]) is (reason in ("same_text", "told_elsewhere"))
