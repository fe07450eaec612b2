"""What a rule says of itself: its version, in every release the same, its direction, and what is derived from it."""

from __future__ import annotations

import pytest

from reminder_kit.errors import InvalidRuleError
from reminder_kit.rules.alarms import rules_for
from reminder_kit.rules.rule import Rule
from tests.factories import visit


def fits(_appointment, _recipient):
    return True


RULES = {
    "before": ({"before": "1 day"}, "7cf8894df96a921b1846963c33afc1b8"),
    "hours": ({"before": "24 hours"}, "c601ea3d49d4c393df56ebce9f0bd5af"),
    "after": ({"after": "0 hours"}, "03b184432b811863126dad4032626880"),
    "days_before": ({"days_before": 1, "at": "18:00"}, "bc5a3e4a18fddadba4309ee7f56ae728"),
    "days_after": ({"days_after": 0, "at": "18:00"}, "0d6c12d56b99d400361b88f711daefb3"),
    "weekday": ({"weekday": "fri", "at": "18:00"}, "931c685bf7ccaeeafe602faa7365d8d4"),
    "holiday": ({"weekday": "fri", "at": "18:00", "if_holiday": "skip"}, "2c9af538fa4da4d6a4ab0d917e52be0b"),
    "business": ({"business_days_before": 2}, "23be537365c665cac9844bd86a6c87c7"),
    "business after": ({"business_days_after": 2, "at": "09:00"}, "edd866d01100c92846224f3d23fc2b01"),
    "booking": ({"after_booking": "5 minutes"}, "d6a544237c0a22e1f9d032c548f64658"),
    "change": ({"after_change": "5 minutes"}, "3809d3e407a1c9abcf8cc8fd33fc7687"),
    "on": ({"on": "2026-02-15T14:30:00Z"}, "a54f54a1a190c8f0e409f5391aa55a0d"),
    "anchor": ({"before": "1 day", "anchor": "end"}, "c6d80ab3604dc2e95ff79c7ee57d6fb1"),
    "clock": ({"before": "1 day", "clock": "place"}, "7d91e72065d564c8632fffa4529bc489"),
    "texts": (
        {"before": "1 day", "text": {"en": "Hi", "de": "\ud800"}, "late_text": "Late", "together": "All"},
        "c9534c2b2ae6ce2a7d75e2c547d0c454",
    ),
    "late": ({"before": "1 day", "if_late": {"skip_after": "6 hours"}}, "ce2e75783f24704debf98b5d4b5b5d5b"),
    "far": ({"before": "1 day", "if_far": "skip", "shift": "later"}, "105f91c299b3bafe0607bd9a8f6f3f48"),
    "lengths": (
        {"before": "1 day", "min_notice": "1 hour", "min_silence": "2 hours", "spread": "30 minutes"},
        "6835e63fceac9a577c940588c60633db",
    ),
    "only": (
        {"before": "1 day", "only": {"tags": "a"}, "unless": {"data": {"x": 1}}},
        "e127476baded937fc06a935f36b28686",
    ),
    "leads": (
        {"before": "1 day", "min_booking_lead": "1 day", "max_booking_lead": "2 days"},
        "756d7df4683e9a29f87820aa6964d508",
    ),
    "when": ({"before": "1 day", "when": fits}, "e135e564671bcdbd4da90f98d3cc3a09"),
    "mms": (
        {"before": "1 day", "channel": "mms", "media_urls": ["https://x.example/a.png"], "subject": "Hi"},
        "e1075dd0396d6873b0b8a77928d4de6d",
    ),
    "empty": ({"before": "1 day", "empty": "blank", "max_parts": 2}, "12ec63dd06a2731fbb7400e2cdb7c01d"),
}


def rule(values, id="r"):
    return Rule(id, **{"text": "Hi", **values})


@pytest.mark.parametrize(("values", "fingerprint"), RULES.values(), ids=RULES)
def test_a_rule_has_the_same_fingerprint_in_every_release(values, fingerprint):
    """Else a ledger would have all its reminders decided anew; the version is how it begins."""
    one = rule(values)
    assert (one.fingerprint, one.version) == (fingerprint, fingerprint[:8])
    assert hash(one) == hash(rule({"on": "2026-01-01T00:00:00Z"}))


BACK = {
    "before",
    "hours",
    "days_before",
    "weekday",
    "holiday",
    "business",
    "on",
    "anchor",
    "clock",
    "texts",
    "late",
    "far",
}
BACK |= {"lengths", "only", "leads", "when", "mms", "empty"}
FOLLOWS = {"after", "days_after", "business after"}
CHOOSY = {"only", "leads", "when", "booking"}
ANCHORS = {"booking": "booking", "change": "change", "anchor": "end", **dict.fromkeys(FOLLOWS, "end")}


@pytest.mark.parametrize("name", RULES)
def test_a_rule_comes_before_or_after_what_it_is_counted_from(name):
    """A follow-up after the end, words about a booking or a change after that, all others before the start."""
    one = rule(RULES[name][0])
    assert one.anchor == ANCHORS.get(name, "start")
    assert (one.is_follow_up, one.goes_back, one.has_conditions) == (name in FOLLOWS, name in BACK, name in CHOOSY)
    assert one.says_late is (name == "late")


@pytest.mark.parametrize(
    ("conditions", "some"),
    [
        ({"only": {"tags": "a"}}, True),
        ({"unless": {"tags": "a"}}, True),
        ({"min_booking_lead": "1 day"}, True),
        ({"max_booking_lead": "1 day"}, True),
        ({"when": fits}, True),
        ({}, False),
    ],
    ids=["only", "unless", "least lead", "most lead", "a function", "none"],
)
def test_each_condition_alone_makes_it_a_rule_for_some(conditions, some):
    """Without any it is for all."""
    assert rule({"before": "1 day", **conditions}).has_conditions is some


@pytest.mark.parametrize("name", RULES)
def test_what_is_derived_keeps_all_but_what_changes(name):
    """With another id it says the same; a rule that does not say `if_late` derives one that does not either."""
    one = rule(RULES[name][0])
    assert one.derived("r") == one
    assert one.derived("other") == rule(RULES[name][0], "other")
    assert one.derived("r", text="Bye") == rule({**RULES[name][0], "text": "Bye"})
    assert one.derived("r").says_late is one.says_late


WHEN = {"at", "anchor", "if_holiday", "before", "after", "days_before", "days_after", "weekday", "on"}
WHEN |= {"business_days_before", "business_days_after", "after_booking", "after_change"}


@pytest.mark.parametrize("name", RULES)
def test_another_way_to_say_when_takes_the_place_of_the_whole_old_one(name):
    """With its local time, its anchor and its days off."""
    kept = {key: value for key, value in RULES[name][0].items() if key not in WHEN}
    on = "2026-03-01T09:00:00Z"
    assert rule(RULES[name][0]).derived("r", on=on) == rule({**kept, "on": on})


@pytest.mark.parametrize(
    "status", [["confirmed"], ["completed", "confirmed"], ["no_show", "tentative"], "tentative"], ids=str
)
def test_before_its_start_an_appointment_has_a_status_that_goes_with_that(status):
    """One of several is enough; a follow-up may be for any but the cancelled."""
    assert rule({"before": "1 day", "only": {"status": status}}).only.statuses
    assert rule({"after": "1 hour", "only": {"status": ["completed", "no_show"]}}).only.statuses
    with pytest.raises(InvalidRuleError, match="nobody is reminded of what is cancelled"):
        rule({"after": "1 hour", "only": {"status": ["cancelled", "no_show"]}})


@pytest.mark.parametrize(
    "values",
    [
        {"min_notice": "23 hours 59 minutes"},
        {"spread": "23 hours 59 minutes"},
        {"min_notice": "12 hours", "spread": "11 hours"},
        {"after": "1 hour", "before": None, "min_notice": "5 hours"},
        {"after": "1 hour", "before": None, "spread": "24 hours"},
        {"after_booking": "0 hours", "before": None, "min_notice": "1 hour", "spread": "10 minutes"},
        {"days_before": 0, "at": "09:00", "before": None, "min_notice": "1 hour"},
        {"unless": {"tags": "a"}, "only": {"tags": ["a", "b"]}},
        {"unless": {"tags": "a", "source": "x"}, "only": {"tags": "a"}},
        {"unless": {"data": {"x": 1}}, "only": {"data": {"x": 1}}},
        {"unless": {"recipient": {"x": 1}}, "only": {"recipient": {"x": 1}}},
        {"channel": "mms", "media_urls": ("https://x.example/a.png",)},
        {"channel": "mms", "subject": "Hi"},
        {"max_parts": 1},
        {"empty": "something"},
        {"weekday": "friday", "at": "09:00", "before": None, "if_holiday": "before"},
        {"days_before": 1, "at": "09:00", "before": None, "if_holiday": "skip"},
        {"min_booking_lead": "23 hours", "max_booking_lead": "1 day"},
    ],
    ids=str,
)
def test_what_is_just_within_bounds_is_taken(values):
    """Nothing is refused that an appointment can meet."""
    assert rule({"before": "24 hours", **values}).id == "r"


def test_what_is_read_from_a_table_is_the_rule_that_code_says():
    """Each key under its own name."""
    table = {"id": "r", "days_before": 1, "at": "18:00", "text": "Hi", "if_late": "skip"}
    assert Rule.from_mapping(table) == Rule("r", days_before=1, at="18:00", text="Hi", if_late="skip")


ALARMS = ["2026-02-12T13:00:00Z", "2026-02-12T13:45:00Z"]
DAY, MODEL = rule({"before": "1 day"}), rule({"before": "1 hour", "if_far": "skip"}, "alarm")


def alarm(number, model):
    return model.derived(f"alarm-{number}", on=ALARMS[number - 1])


@pytest.mark.parametrize(
    ("mode", "rules", "alarms", "found"),
    [
        ("ignore", (DAY, MODEL), ALARMS, [DAY, MODEL]),
        ("rules", (), ALARMS, []),
        ("only", (), ALARMS, []),
        ("rules", (DAY, MODEL), ALARMS, [DAY, alarm(1, MODEL), alarm(2, MODEL)]),
        ("only", (DAY, MODEL), ALARMS, [alarm(1, MODEL), alarm(2, MODEL)]),
        ("rules", (DAY,), ALARMS[:1], [DAY, alarm(1, DAY)]),
        ("only", (DAY,), [], []),
        ("rules", (DAY, MODEL), [], [DAY]),
        ("only", (DAY, MODEL), None, [DAY]),
        ("rules", (DAY, MODEL), "2026-02-12T13:00:00Z", [DAY]),
    ],
)
def test_alarms_are_rules_modelled_on_the_one_of_that_name(mode, rules, alarms, found):
    """Else on the first; an appointment that no calendar gave alarms keeps the other rules."""
    data = {} if alarms is None else {"alarms": alarms}
    assert list(rules_for(visit("A-1", data=data), rules, mode)) == found
