"""Rules, placement and words as a practice meets them: by configuration, through the kit, to the parked text."""

from __future__ import annotations

import pytest

from reminder_kit import Recipient, Rule
from reminder_kit.instants import iso


def parked(sandbox):
    return sorted((each.to, iso(each.send_at), each.text) for each in sandbox.parked())


BUSINESS = {"business_days_before": 1, "at": "09:00", "text": "See you {{ when }}."}


class TestBusinessDays:
    @pytest.mark.parametrize(
        ("settings", "send_at"),
        [
            ({}, "2026-02-16T14:00:00Z"),
            ({"holidays": ["US"]}, "2026-02-13T14:00:00Z"),
            ({"holidays": "US", "closed_days": ["2026-02-13"]}, "2026-02-12T14:00:00Z"),
            ({"holidays": "US", "weekend": ["sunday"]}, "2026-02-14T14:00:00Z"),
        ],
        ids=["weekdays", "holidays", "closed days", "weekend"],
    )
    def test_a_kit_jumps_weekends_holidays_and_its_own_closed_days(
        self, make_kit, sandbox, appointment, settings, send_at
    ):
        kit = make_kit([Rule("business", **BUSINESS)], **settings)
        (change,) = kit.plan(appointment(days=7)).changes  # Tuesday; the Monday is Presidents' Day
        assert iso(change.due_at) == send_at

    def test_a_day_closed_later_moves_what_is_parked(self, make_kit, sandbox, appointment):
        make_kit([Rule("business", **BUSINESS)]).sync(appointment())  # Friday 13: parked for Thursday 12
        closed = make_kit([Rule("business", **BUSINESS)], closed_days=["2026-02-12"])
        assert [(each.kind, each.causes) for each in closed.plan_resync().changes] == [("replace", ("rule",))]
        closed.resync()
        assert parked(sandbox) == [("+12025550123", "2026-02-11T14:00:00Z", "See you Friday 13 February at 9:00 AM.")]


def test_one_stray_quote_costs_nothing_where_texts_are_transliterated(make_kit, sandbox, appointment):
    rule = Rule("day-before", before="24 hours", text="It’s {{ when }} – don’t forget")
    make_kit([rule]).sync(appointment())
    report = make_kit([rule], transliterate=True).resync()
    assert [(each.kind, each.causes) for each in report.changes] == [("replace", ("text",))]
    assert [text for *_, text in parked(sandbox)] == ["It's tomorrow at 9:00 AM - don't forget"]


class TestRuleSets:
    RULES = (
        Rule("dental", before="24 hours", text="Teeth {{ when }}", only={"source": "dental"}),
        Rule("eyes", before="24 hours", text="Eyes {{ when }}", only={"source": "eyes"}),
        Rule("new", before="2 hours", text="Welcome {{ when }}", only={"tags": "new", "data": {"kind": "intake"}}),
    )

    def test_each_source_and_type_has_its_own(self, make_kit, sandbox, appointment):
        kit = make_kit(self.RULES)
        kit.sync([appointment("A-1")], source="dental")
        kit.sync([appointment("A-2", tags={"new"}, data={"kind": "intake"})], source="eyes")
        assert [text for *_, text in parked(sandbox)] == [
            "Eyes tomorrow at 9:00 AM",
            "Teeth tomorrow at 9:00 AM",
            "Welcome today at 9:00 AM",
        ]

    def test_the_others_are_accounted_for_with_their_condition(self, make_kit, appointment):
        kit = make_kit(self.RULES)
        kit.sync(appointment(), source="dental")
        told = {each.change.rule: (each.change.reason, each.steps[-1]) for each in kit.explain("A-1").reminders}
        assert told["eyes"] == ("condition", "not sent: condition (only.source)")
        assert told["dental"][0] == "unchanged"


def test_people_are_written_to_in_their_own_language(make_kit, sandbox, appointment):
    texts = {"en": "See you {{ when }}.", "es": "Le esperamos {{ when }}"}
    people = [Recipient("+12025550123"), Recipient("+12025550124", locale="es-MX")]
    make_kit([Rule("r", before="24 hours", text=texts)]).sync(appointment(recipients=people))
    assert [text for *_, text in parked(sandbox)] == [
        "See you tomorrow at 9:00 AM.",
        "Le esperamos mañana a las 9:00 a.m.",
    ]
