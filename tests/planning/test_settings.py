"""What settings are told apart by: for which every appointment is decided anew, and which make another set of rules."""

from __future__ import annotations

from datetime import timedelta

import pytest
from attrs import evolve, fields

from reminder_kit.planning.settings import Settings
from reminder_kit.rules.notices import Notice
from reminder_kit.rules.quiet_hours import QuietHours
from reminder_kit.rules.senders import SenderCondition
from tests.factories import DAY, EVENING, settings_of

PLAIN = settings_of(DAY)
SPARE = evolve(PLAIN, provider="twilio", sender="+12025550177")
MINUTE = timedelta(minutes=1)
TOLD = Notice("Moved: {{ when }}")

BOTH = {
    "provider": ["twilio"],
    "sender": ["+12025550199"],
    "defaults": [evolve(PLAIN.defaults, timezone="Asia/Tokyo"), evolve(PLAIN.defaults, locale="de")],
    "quiet": [QuietHours("21:00", "08:00")],
    "alarms": ["rules", "only"],
    "correction": [TOLD, Notice(TOLD.text, MINUTE)],
    "cancellation": [TOLD, Notice(TOLD.text, MINUTE)],
    "min_gap": [MINUTE],
    "max_per_day": [1, 2],
    "others": [((SenderCondition(countries=("GB",)), SPARE),), ((SenderCondition(countries=("FR",)), SPARE),)],
    "fallback": [SPARE, evolve(SPARE, sender="+12025550178")],
    "rules": [(EVENING,), (DAY, EVENING), ()],
}
"""What decides who is written to, when, from where and in which words."""
ANEW = {
    "window": [evolve(PLAIN.window, max_lead=timedelta(days=3)), evolve(PLAIN.window, margin=MINUTE)],
    "rearm_after": [MINUTE],
    "prefer_duplicate": [False],
    "only_to": [(), ("+1202",)],
    "holds_unclear": [True],
    "senders": [frozenset({"a pool of numbers"})],
}
"""What decides it, too, but is not the host's own word: the provider's window, and what is done about what is lost."""
NEITHER = {
    "account": ["another key"],
    "key_life": [MINUTE],
    "suppress_undeliverable": [False],
    "max_parts": [3],
    "cap": [7],
}
"""What changes nothing about a reminder that was decided."""
OF_THE_PROVIDER = {"composer", "permanent_codes", "not_to", "sends_mms", "reaches", "subject"}


def all_of(table):
    return [
        pytest.param({name: value}, id=f"{name}-{n}")
        for name, several in table.items()
        for n, value in enumerate(several)
    ]


@pytest.mark.parametrize("change", all_of(BOTH))
def test_what_the_host_says_makes_another_set_of_rules(change):
    """And has every appointment decided anew."""
    changed = evolve(PLAIN, **change)
    assert changed.digest != PLAIN.digest
    assert changed.rule_set.digest != PLAIN.rule_set.digest


@pytest.mark.parametrize("change", all_of(ANEW))
def test_what_else_decides_has_all_decided_anew(change):
    """By the same set of rules."""
    changed = evolve(PLAIN, **change)
    assert changed.digest != PLAIN.digest
    assert changed.rule_set.digest == PLAIN.rule_set.digest


@pytest.mark.parametrize("change", all_of(NEITHER))
def test_what_decides_nothing_changes_nothing(change):
    changed = evolve(PLAIN, **change)
    assert (changed.digest, changed.rule_set.digest) == (PLAIN.digest, PLAIN.rule_set.digest)


def test_no_two_changes_are_taken_for_one_another():
    """Each has a digest of its own."""
    every = [{name: value} for table in (BOTH, ANEW) for name, several in table.items() for value in several]
    assert len({evolve(PLAIN, **change).digest for change in every}) == len(every)


def test_the_order_of_rules_is_none_of_the_set():
    """It may matter which of two comes first, so all is decided anew; it is the same set."""
    one, other = evolve(PLAIN, rules=(DAY, EVENING)), evolve(PLAIN, rules=(EVENING, DAY))
    assert one.digest != other.digest
    assert one.rule_set.digest == other.rule_set.digest


def test_every_setting_is_weighed():
    """One that is new is told here, too."""
    assert {field.name for field in fields(Settings)} == {*BOTH, *ANEW, *NEITHER, *OF_THE_PROVIDER}
