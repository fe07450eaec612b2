"""The table of ways to say when: rules, their schema and errors read the same rows."""

from __future__ import annotations

import pytest

from reminder_kit import Rule
from reminder_kit.config.json_schema import rules_schema
from reminder_kit.errors import InvalidRuleError
from reminder_kit.rules.offset_keys import OFFSET_KEYS, At

VALUES = {"length": "2 hours", "days": 2, "weekday": "friday", "instant": "2026-02-15T14:30:00Z"}


def said(row, *, at=None):
    """Return a rule that says when by a row's key."""
    return Rule("r", text="x", **{row.key: VALUES[row.form]}, **({} if at is None else {"at": at}))


def at_of(row):
    """Return a local time where the key needs one."""
    return "18:00" if row.at is At.NEEDED else None


@pytest.mark.parametrize("row", OFFSET_KEYS, ids=lambda row: row.key)
def test_a_row_says_direction_and_anchor(row):
    """What lies after its anchor is a follow-up, counted from the end; what is counted from the booking is none."""
    rule = said(row, at=at_of(row))
    assert rule.is_follow_up is row.follows
    assert rule.anchor == (row.counted_from or ("end" if row.follows else "start"))
    assert getattr(rule, row.key) is not None


@pytest.mark.parametrize("row", OFFSET_KEYS, ids=lambda row: row.key)
def test_a_row_says_whether_a_local_time_goes_with_it(row):
    """One that is missing, or senseless, is refused by name."""
    if row.at is At.NEEDED:
        with pytest.raises(InvalidRuleError, match=f"{row.key} needs a local time"):
            said(row)
    elif row.at is At.REFUSED:
        with pytest.raises(InvalidRuleError, match="goes with days_before"):
            said(row, at="18:00")
    else:
        assert said(row, at="18:00").offset.at.hour == 18


def test_the_error_names_every_key():
    """Nobody has to look up how to say when."""
    with pytest.raises(InvalidRuleError) as caught:
        Rule("r", text="x")
    assert all(row.key in str(caught.value) for row in OFFSET_KEYS)


def test_the_schema_has_every_key_with_its_words():
    """Editors complete what rules take, and say the same of it."""
    item = rules_schema()["items"]
    assert item["oneOf"] == [{"required": [row.key]} for row in OFFSET_KEYS]
    assert {row.key: item["properties"][row.key]["description"] for row in OFFSET_KEYS} == {
        row.key: row.words for row in OFFSET_KEYS
    }


def test_a_derived_rule_keeps_all_but_what_changes():
    """Also what it does not say: lateness stays unsaid; and how it says when goes as a whole."""
    model = Rule(
        "day-before",
        days_before=1,
        at="18:00",
        text="x",
        min_notice="30 minutes",
        spread="10 minutes",
        min_booking_lead="2 days",
        only={"tags": ["dental"]},
    )
    same = model.derived("copy")
    assert (same.days_before, same.at, same.only) == (model.days_before, model.at, model.only)
    once = model.derived("once", on="2026-02-15T14:30:00Z")
    assert (once.days_before, once.at) == (None, None)
    assert (once.min_notice, once.spread, once.min_booking_lead) == (
        model.min_notice,
        model.spread,
        model.min_booking_lead,
    )
    assert not once.says_late
