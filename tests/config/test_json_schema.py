"""The JSON Schema that editors get for rules."""

from __future__ import annotations

import json
from inspect import signature

import pytest
from attrs import fields

from reminder_kit.calendars.settings import PHONE_SOURCES, CalendarSettings
from reminder_kit.channels.callback import Callback
from reminder_kit.channels.email import Email
from reminder_kit.config import loading as config
from reminder_kit.config.arguments import GUARD_KEYS
from reminder_kit.config.json_schema import file_schema, rules_schema
from reminder_kit.errors import InvalidRuleError
from reminder_kit.model.appointments import Status
from reminder_kit.rules.rule import KEYS, Rule

ITEM = rules_schema()["items"]


def test_it_knows_every_key_of_a_rule_but_functions():
    """The schema describes each key of a rule; `when` is code and has no place in a file."""
    assert {*ITEM["properties"], "when"} == set(KEYS)
    assert all(item["description"].endswith((".", ':00".')) for item in ITEM["properties"].values())


def test_it_is_json_and_the_same_each_time():
    """The schema survives a round trip through JSON, and building it twice gives the same."""
    assert json.loads(json.dumps(rules_schema())) == rules_schema()


@pytest.mark.parametrize("key", ["anchor", "if_far", "shift", "channel"])
def test_its_choices_are_those_of_a_rule(key):
    """Every choice the schema offers is taken by the reader, and any other is refused."""
    given = {"id": "r", "before": "1 day", "text": "Hi"}
    for choice in ITEM["properties"][key]["enum"]:
        Rule.from_mapping({**given, key: choice})
    with pytest.raises(InvalidRuleError):
        Rule.from_mapping({**given, key: "other"})


def test_its_statuses_are_the_appointments():
    """The statuses offered for a condition are all that an appointment can have."""
    status = ITEM["properties"]["only"]["properties"]["status"]["anyOf"][0]["enum"]
    assert status == [status.value for status in Status]


def test_a_rule_without_its_dependent_key_is_refused_by_both():
    """What the schema requires beside a key, the reader's error names."""
    for key, needed in ITEM["dependentRequired"].items():
        value = "friday" if key == "weekday" else 1
        with pytest.raises(InvalidRuleError, match=needed[0]):
            Rule("r", text="Hi", **{key: value})


def test_of_the_keys_that_say_when_exactly_one_is_required():
    """A rule says when in one way: the schema takes exactly one of the ten keys."""
    assert [item["required"] for item in ITEM["oneOf"]] == [
        ["before"], ["after"], ["days_before"], ["days_after"], ["weekday"], ["business_days_before"],
        ["business_days_after"], ["after_booking"], ["after_change"],
        ["on"],
    ]  # fmt: skip


class TestFile:
    KEYS = file_schema()["properties"]

    def test_it_knows_every_key_and_table_of_the_file(self):
        """An editor marks no key that the loader takes, and the schema is plain JSON."""
        assert {*config._TOP, *config._TABLES} <= set(self.KEYS)
        assert json.loads(json.dumps(file_schema())) == file_schema()

    @pytest.mark.parametrize(
        ("table", "keys"),
        [
            ("ledger", config._LEDGER),
            ("guard", GUARD_KEYS),
            ("cost", ("part", "mms", "currency")),
            ("calendar", [attribute.name for attribute in fields(CalendarSettings)]),
        ],
    )
    def test_it_knows_every_key_of_a_closed_table(self, table, keys):
        """Where unknown keys are refused, schema and loader have the same ones."""
        assert set(self.KEYS[table]["properties"]) == set(keys)

    def test_the_fallback_has_the_providers_keys_not_the_kits(self):
        """`rate` and the like hold for the whole kit: they stand under [provider] alone."""
        provider, fallback = (set(self.KEYS[name]["properties"]) for name in ("provider", "fallback"))
        assert provider - fallback == {*config.KIT_KEYS} & provider
        of_channels = {key for kind in (Email, Callback) for key in signature(kind).parameters}
        assert fallback - provider <= of_channels
        assert of_channels - fallback == {"from_", "password", "timeout"}
        assert self.KEYS["fallback"]["required"] == ["name"]

    def test_the_rules_of_a_file_are_rules(self):
        """The file's schema holds the very schema of a rule, and the calendar's choices."""
        assert self.KEYS["rules"]["items"] == ITEM
        assert self.KEYS["calendar"]["properties"]["phones"]["anyOf"][0]["enum"] == list(PHONE_SOURCES)
