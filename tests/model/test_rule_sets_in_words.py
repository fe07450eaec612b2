"""Rule sets: what each way of standing writes down, minute by minute, and what whoever is refused is told."""

from __future__ import annotations

from datetime import timedelta
from itertools import product

import pytest

from reminder_kit.model.rule_sets import Bid, RuleSet, RuleSetRecord, Standing, noted, rests_at, serving, working
from tests.factories import START

MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)
A = RuleSet("a" * 32, (("day", "1"),))
B = RuleSet("b" * 32, (("hour", "1"), ("day", "2")))
C = RuleSet("c" * 32, (("evening", "1"),))
D = RuleSet("d" * 32, (("late", "1"),), alarms=True)
NONE = RuleSet("0" * 32)
UNKNOWN = "none of this configuration's rules ({}) is known to the ledger"
REMEDY = (
    ": what other rules parked would be withdrawn, and nothing was changed. Use the app's own configuration, or its "
    "kit (--app package.module:kit), give a second one that is meant a `namespace`, or force it (--force)"
)


def record(rules, serves=False, since=START, worked=START, yielded=None):
    return RuleSetRecord(rules, serves=serves, since=since, worked_at=worked, yielded_at=yielded)


def test_what_a_set_has_in_common_with_another_is_the_id_of_a_rule():
    """Calendars' alarms count as one; with a set that has none, everything is in common."""
    assert (A.ids, D.ids, NONE.ids) == ({"day"}, {"late", "alarm"}, set())
    assert A.shares(B)
    assert not A.shares(C)
    assert D.shares(RuleSet("x", (("alarm", "9"),)))
    assert A.shares(NONE)
    assert not NONE.shares(A)
    assert D.name == "dddddddd"


def test_the_set_that_serves_is_found_among_all():
    """None where none does."""
    records = [record(A), record(B, serves=True), record(C)]
    assert serving(records) is records[1]
    assert serving(records[:1]) is serving([]) is None


@pytest.mark.parametrize(
    ("own", "records", "said"),
    [
        (C, [record(B, serves=True)], f"{UNKNOWN.format('evening')}; the ledger serves bbbbbbbb (hour 1, day 2)"),
        (D, [], UNKNOWN.format("alarm, late")),
        (NONE, [record(A, serves=True)], "this configuration has no rules; the ledger serves aaaaaaaa (day 1)"),
        (NONE, [record(NONE, serves=True)], "this configuration has no rules"),
        (NONE, [record(A)], "this configuration has no rules"),
    ],
)
def test_whoever_is_refused_is_told_why_and_what_to_do(own, records, said):
    """And which rules the ledger serves, if it has any."""
    assert Bid(own, whole=True).refusal(records) == said + REMEDY


def test_who_takes_over_serves_from_now_on_and_the_other_no_more():
    """Whatever else is recorded stays as it is."""
    served = record(A, serves=True, since=START - MINUTE, worked=START - SECOND, yielded=START - 9 * MINUTE)
    own = record(B, serves=True)
    assert noted(B, [record(C), served], START, Standing.TAKES_OVER) == [
        record(A, since=START - MINUTE, worked=START - SECOND),
        own,
    ]
    assert noted(B, [], START, Standing.TAKES_OVER) == [own]


AGES = [-2 * MINUTE, -MINUTE, -MINUTE + SECOND, timedelta(0), MINUTE - SECOND, MINUTE, 2 * MINUTE]


@pytest.mark.parametrize("age", AGES, ids=str)
def test_work_is_written_down_again_after_a_minute(age):
    """Either way: a clock may have been set back. A set that is not known is not noted."""
    known = record(A, serves=True, since=START - 99 * MINUTE, worked=START - age)
    again = [record(A, serves=True, since=START - 99 * MINUTE)] if abs(age) >= MINUTE else []
    assert noted(A, [record(B), known], START, Standing.SERVES) == again
    assert noted(C, [known], START, Standing.SERVES) == []
    assert noted(A, [known], START, Standing.REFUSED) == []


@pytest.mark.parametrize("age", [None, *AGES], ids=str)
def test_a_set_that_yields_says_so_once_a_minute(age):
    """When it was last worked with stays as it was."""
    then = None if age is None else START - age
    known = record(B, since=START - 99 * MINUTE, worked=START - 88 * MINUTE, yielded=then)
    again = [record(B, since=START - 99 * MINUTE, worked=START - 88 * MINUTE, yielded=START)]
    due = age is None or abs(age) >= MINUTE
    assert noted(B, [record(A, serves=True), known], START, Standing.YIELDS) == (again if due else [])
    assert noted(C, [known], START, Standing.YIELDS) == []


def test_workers_are_about_for_ten_minutes_after_they_yielded():
    """Never those of the set that serves."""
    ages = {"just": 10 * MINUTE, "before": 10 * MINUTE - SECOND, "now": timedelta(0)}
    records = [record(RuleSet(name), yielded=START - age) for name, age in ages.items()]
    records += [record(A, serves=True, yielded=START), record(B)]
    assert [one.rules.digest for one in working(records, START)] == ["before", "now"]
    assert rests_at(records[0]) == START + 10 * MINUTE


@pytest.mark.few(90)
@pytest.mark.parametrize(("own", "takes", "whole", "forced"), list(product((A, B, C, NONE), *[(True, False)] * 3)))
@pytest.mark.parametrize("age", [10 * MINUTE - SECOND, 10 * MINUTE], ids=["at work", "rested"])
@pytest.mark.parametrize("known", [(), (A,), (B, A), (NONE,)], ids=["nothing", "A", "B, then A", "no rules"])
def test_a_run_stands_as_the_table_of_the_module_says(own, takes, whole, forced, age, known):
    """The last of those that are recorded serves."""
    records = [record(one, serves=one is known[-1], worked=START - age) for one in known]
    found = Bid(own, takes=takes, whole=whole, forced=forced).standing(records, START)
    served = known[-1] if known else None
    foreign = own is NONE or (served in (A, B) and not {"day"} & own.ids)
    if served is own:
        assert found is Standing.SERVES
    elif forced and takes:
        assert found is Standing.TAKES_OVER
    elif foreign:
        assert found is (Standing.REFUSED if whole else Standing.YIELDS)
    elif not takes:
        assert found is (Standing.YIELDS if known else Standing.SERVES)
    elif own not in known:
        assert found is Standing.TAKES_OVER
    else:
        assert found is (Standing.TAKES_OVER if whole and age == 10 * MINUTE else Standing.YIELDS)
