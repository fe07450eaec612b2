"""Rule sets: what a run may do with its own rules, for each thing that a ledger may remember."""

from __future__ import annotations

from datetime import timedelta

import pytest

from reminder_kit.model.rule_sets import Bid, RuleSet, RuleSetRecord, Standing, noted, working
from tests.factories import START

A = RuleSet("a" * 32, (("day", "1"),))
B = RuleSet("b" * 32, (("day", "2"), ("hour", "1")))
C = RuleSet("c" * 32, (("evening", "1"),))
NONE = RuleSet("0" * 32)
MINUTE = timedelta(minutes=1)


def recorded(rules, *, serves=False, ago=timedelta(0), yielded=None):
    yielded_at = None if yielded is None else START - yielded
    return RuleSetRecord(rules, serves=serves, since=START - ago, worked_at=START - ago, yielded_at=yielded_at)


SERVED = [recorded(A, serves=True)]
REPLACED = [recorded(B), recorded(A, serves=True)]
RESTED = [recorded(B), recorded(A, serves=True, ago=10 * MINUTE)]


@pytest.mark.parametrize(
    ("bid", "records", "found"),
    [
        (Bid(A, whole=True), [], Standing.TAKES_OVER),
        (Bid(A, whole=True), SERVED, Standing.SERVES),
        (Bid(B, whole=True), SERVED, Standing.TAKES_OVER),
        (Bid(B), SERVED, Standing.TAKES_OVER),
        (Bid(B, whole=True), REPLACED, Standing.YIELDS),
        (Bid(B, whole=True), RESTED, Standing.TAKES_OVER),
        (Bid(B), RESTED, Standing.YIELDS),
        (Bid(B, whole=True, forced=True), REPLACED, Standing.TAKES_OVER),
        (Bid(C, whole=True), SERVED, Standing.REFUSED),
        (Bid(C), SERVED, Standing.YIELDS),
        (Bid(C, whole=True, forced=True), SERVED, Standing.TAKES_OVER),
        (Bid(NONE, whole=True), [], Standing.REFUSED),
        (Bid(NONE, whole=True), SERVED, Standing.REFUSED),
        (Bid(NONE), SERVED, Standing.YIELDS),
        (Bid(A, takes=False), [], Standing.SERVES),
        (Bid(B, takes=False), SERVED, Standing.YIELDS),
        (Bid(B, takes=False, forced=True), SERVED, Standing.YIELDS),
        (Bid(C, whole=True), [recorded(NONE, serves=True)], Standing.TAKES_OVER),
    ],
)
def test_what_a_run_may_do(bid, records, found):
    """By what is recorded, whether the run is over the whole ledger, and whether a person forced it."""
    assert bid.standing(records, START) is found


def test_a_set_that_takes_over_is_noted_and_the_other_kept():
    """One set serves; what it replaced is remembered, so that it yields from then on."""
    others, own = noted(B, SERVED, START, Standing.TAKES_OVER)
    assert (others.rules, others.serves, own.rules, own.serves) == (A, False, B, True)


@pytest.mark.parametrize(("ago", "count"), [(timedelta(seconds=59), 0), (MINUTE, 1), (-MINUTE, 1)])
def test_work_is_noted_once_a_minute(ago, count):
    """A run that changes nothing writes nothing, but for the minute in which a set was last worked with."""
    assert len(noted(A, [recorded(A, serves=True, ago=ago)], START, Standing.SERVES)) == count


def test_who_yielded_a_short_time_ago_is_at_work():
    """Ten minutes after the last run that yielded, nobody speaks of it any more."""
    records = [recorded(A, serves=True), recorded(B, yielded=9 * MINUTE), recorded(C, yielded=10 * MINUTE)]
    assert [record.rules for record in working(records, START)] == [B]


def test_a_set_is_told_by_its_name_and_its_rules():
    """People see eight digits, and each rule's id with its version."""
    assert str(B) == "bbbbbbbb (day 2, hour 1)"
    assert str(NONE) == "00000000 (no rules)"
