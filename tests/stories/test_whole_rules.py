"""Rules, placement and words as a practice meets them: by configuration, through the kit, to the parked text."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from reminder_kit import QuietHours, Recipient, Rule
from reminder_kit.errors import InvalidRuleError
from reminder_kit.model.instants import iso
from tests.factories import parked_messages

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
        """A rule in business days counts back over weekends, holidays and the kit's closed days."""
        kit = make_kit([Rule("business", **BUSINESS)], **settings)
        (change,) = kit.plan(appointment(days=7)).changes  # Tuesday; the Monday is Presidents' Day
        assert iso(change.due_at) == send_at

    def test_a_day_closed_later_moves_what_is_parked(self, make_kit, sandbox, appointment):
        """A day that is closed afterwards replaces what was parked on it by a message of an earlier day."""
        make_kit([Rule("business", **BUSINESS)]).sync(appointment())  # Friday 13: parked for Thursday 12
        closed = make_kit([Rule("business", **BUSINESS)], closed_days=["2026-02-12"])
        assert [(change.kind, change.causes) for change in closed.plan_resync().changes] == [("replace", ("rule",))]
        closed.resync()
        assert parked_messages(sandbox) == [
            ("+12025550123", "2026-02-11T14:00:00Z", "See you Friday 13 February at 9:00 AM.")
        ]


def test_transliterating_turns_typographic_marks_into_plain(make_kit, sandbox, appointment):
    """A typographic quote or dash is parked as its plain one where texts are transliterated."""
    rule = Rule("day-before", before="24 hours", text="It’s {{ when }} – don’t forget")
    make_kit([rule]).sync(appointment())
    report = make_kit([rule], transliterate=True).resync()
    assert [(change.kind, change.causes) for change in report.changes] == [("replace", ("text",))]
    assert [text for *_, text in parked_messages(sandbox)] == ["It's tomorrow at 9:00 AM - don't forget"]


class TestRuleSets:
    RULES = (
        Rule("dental", before="24 hours", text="Teeth {{ when }}", only={"source": "dental"}),
        Rule("eyes", before="24 hours", text="Eyes {{ when }}", only={"source": "eyes"}),
        Rule("new", before="2 hours", text="Welcome {{ when }}", only={"tags": "new", "data": {"kind": "intake"}}),
    )

    def test_each_source_and_type_has_its_own(self, make_kit, sandbox, appointment):
        """Rules limited to sources, tags or data each speak to their own appointments."""
        kit = make_kit(self.RULES)
        kit.sync([appointment("A-1")], source="dental")
        kit.sync([appointment("A-2", tags={"new"}, data={"kind": "intake"})], source="eyes")
        assert [text for *_, text in parked_messages(sandbox)] == [
            "Eyes tomorrow at 9:00 AM",
            "Teeth tomorrow at 9:00 AM",
            "Welcome today at 9:00 AM",
        ]

    def test_the_others_are_accounted_for_with_their_condition(self, make_kit, appointment):
        """A rule that doesn't apply is explained with the condition that kept it back."""
        kit = make_kit(self.RULES)
        kit.sync(appointment(), source="dental")
        found = {
            reminder.change.rule: (reminder.change.reason, reminder.steps[-1])
            for reminder in kit.explain("A-1").reminders
        }
        assert found["eyes"] == ("condition", "not sent: condition (only.source)")
        assert found["dental"][0] == "unchanged"


def test_people_are_written_to_in_their_own_language(make_kit, sandbox, appointment):
    """Each recipient of an appointment gets the text of its own locale."""
    texts = {"en": "See you {{ when }}.", "es": "Le esperamos {{ when }}"}
    people = [Recipient("+12025550123"), Recipient("+12025550124", locale="es-MX")]
    make_kit([Rule("r", before="24 hours", text=texts)]).sync(appointment(recipients=people))
    assert [text for *_, text in parked_messages(sandbox)] == [
        "See you tomorrow at 9:00 AM.",
        "Le esperamos mañana a las 9:00 a.m.",
    ]


class TestForecast:
    RULES = (
        Rule("plain", before="24 hours", text="See you {{ when }}."),
        Rule("dear", before="2 hours", text="Bis gleich, Ł{{ ' ' * 80 }}."),
        Rule("picture", before="3 hours", text="Look", channel="mms", media_urls=["https://example.com/map.png"]),
    )

    def test_a_plan_tells_parts_and_money_by_rule_and_in_all(self, make_kit, appointment):
        """A forecast prices SMS parts and MMS by rule and in sum."""
        kit = make_kit(self.RULES, cost={"part": 0.004, "mms": "0.02", "currency": "USD"})
        found = kit.forecast(kit.plan([appointment("A-1"), appointment("A-2", hours=1)]))
        assert {rule: (cost.messages, cost.parts) for rule, cost in found.rules.items()} == {
            "plain": (2, 2),
            "dear": (2, 4),
            "picture": (2, 0),
        }
        assert found.price(found.total) == Decimal("0.064")
        assert found.lines == [
            "Forecast: 4 SMS in 6 parts, 2 of them UCS-2, 2 MMS, 0.06 USD",
            "  dear: 2 SMS in 4 parts, 2 of them UCS-2, 0.02 USD",
            "  picture: 2 MMS, 0.04 USD",
            "  plain: 2 SMS in 2 parts, 0.01 USD",
        ]
        as_json = found.as_json()
        assert (as_json["price"], as_json["currency"], as_json["parts"]) == (0.064, "USD", 6)
        assert [item["rule"] for item in as_json["rules"]] == ["dear", "picture", "plain"]

    def test_what_is_held_is_counted_and_not_guessed(self, kit, appointment):
        """A held reminder has no text yet, so the forecast says how many and prices none."""
        found = kit.forecast(kit.plan([appointment("A-1"), appointment("A-2", days=20)]))
        assert found.lines == ["Forecast: 1 SMS in 1 part, 1 held not counted"]
        assert found.as_json()["price"] is None

    def test_a_rule_that_only_waits_is_told_without_zeros(self, make_kit, appointment):
        """A rule whose reminders are all held has a line that says so, and no cost of zero."""
        kit = make_kit(
            [Rule("day", before="24 hours", text="x"), Rule("week", before="1 week", text="y")], cost={"part": 1}
        )
        found = kit.forecast(kit.plan([appointment("A-1", days=4), appointment("A-2", days=20)]))
        assert found.lines == [
            "Forecast: 2 SMS in 2 parts, 2.00, 2 held not counted",
            "  day: 1 SMS in 1 part, 1.00, 1 held not counted",
            "  week: 1 SMS in 1 part, 1.00, 1 held not counted",
        ]
        assert kit.forecast(kit.plan(appointment("A-2", days=20))).lines == [
            "Forecast: 2 held not counted", "  day: 1 held not counted", "  week: 1 held not counted",
        ]  # fmt: skip

    def test_what_stays_as_it_is_costs_nothing(self, kit, appointment):
        """A message that is kept has been paid for, and a replacement is counted."""
        kit.sync(appointment())
        assert kit.forecast(kit.plan(appointment())).lines == []
        assert kit.forecast(kit.plan(appointment(title="Cleaning"))).total.parts == 1

    def test_a_text_of_too_many_parts_is_skipped_and_said_why(self, make_kit, sandbox, appointment):
        """A text longer than `max_parts` is skipped with its parts and the remedy; others are parked."""
        kit = make_kit([Rule("r", before="24 hours", text="{{ appointment.title }} {{ when }}", max_parts=1)])
        report = kit.sync([appointment("A-1"), appointment("A-2", title="x" * 160)])
        found = {change.identity.id: change for change in report.changes}
        assert (found["A-2"].kind, found["A-2"].reason) == ("skip", "template_error")
        assert "2 SMS parts (gsm7), and max_parts is 1: shorten it or raise max_parts" in found["A-2"].error
        assert len(sandbox.parked()) == 1


class TestLateLadder:
    HOUR = Rule("hour", before="1 hour", text="Soon: {{ when }}.")
    DAY = Rule("day", before="24 hours", text="See you {{ when }}.", if_late="next rule")

    def outcomes(self, report):
        return {change.rule: (change.kind.value, change.reason.value) for change in report.changes}

    def test_a_late_one_may_leave_it_to_the_next_rule(self, make_kit, appointment):
        """A late reminder with `if_late = "next rule"` is superseded by a later rule that still comes."""
        kit = make_kit([self.DAY, self.HOUR])
        assert self.outcomes(kit.sync(appointment(days=0, hours=8))) == {
            "day": ("skip", "superseded"),
            "hour": ("schedule", "on_time"),
        }
        (why,) = [reminder for reminder in kit.explain("A-1").reminders if reminder.change.rule == "day"]
        assert why.steps[-1] == "if_late is next rule: rule hour still comes"

    def test_where_no_next_rule_comes_it_is_sent_at_once(self, make_kit, appointment):
        """Where no later rule applies, a late reminder is sent although it would have given way."""
        given = appointment(days=0, hours=8)
        assert self.outcomes(make_kit([self.DAY]).plan(given)) == {"day": ("schedule", "clamped_late")}
        off = Rule("hour", before="1 hour", text="Soon.", only={"tags": "dental"})
        assert self.outcomes(make_kit([self.DAY, off]).plan(given))["day"] == ("schedule", "clamped_late")

    def test_on_time_it_is_sent_like_any_other(self, make_kit, appointment):
        """A reminder that is on time doesn't give way to the next rule."""
        kit = make_kit([self.DAY, self.HOUR])
        assert self.outcomes(kit.plan(appointment())) == {
            "day": ("schedule", "on_time"),
            "hour": ("schedule", "on_time"),
        }

    def test_superseded_stays_so_once_the_other_has_gone_out(self, make_kit, sandbox, appointment):
        """Two late reminders make one text; an edit of the title afterwards makes no second one of them."""
        kit = make_kit([Rule("day", before="24 hours", text="x {{ when }}"), Rule("two", before="2 hours", text="y")])
        kit.sync(appointment(days=0, hours=1.5))
        assert len(sandbox.parked()) == 1
        for minutes in (10, 30):
            sandbox.clock.advance(minutes=minutes)
            report = kit.sync(appointment(days=0, hours=1.5, title=f"Edited after {minutes}"))
            assert self.outcomes(report) == {"day": ("skip", "superseded"), "two": ("skip", "already_sent")}
        assert len(sandbox.inbox("+12025550123")) == 1

    def test_a_late_one_may_say_so_in_a_shorter_text(self, make_kit, sandbox, appointment):
        """A late reminder is written from the rule's `late_text`."""
        make_kit([Rule("day", before="24 hours", text="Long {{ when }}", late_text="Today!")]).sync(
            appointment(days=0, hours=8)
        )
        assert [text for *_, text in parked_messages(sandbox)] == ["Today!"]


class TestExplain:
    def steps(self, kit):
        (why,) = kit.explain("A-1").reminders
        return why.steps

    def test_it_tells_zones_with_their_sources(self, make_kit, appointment):
        """B13: someone in Los Angeles is not written to at 06:30, and the explanation says so afterwards too."""
        kit = make_kit([Rule("day", before="24 hours", text="x")], quiet_hours=QuietHours("21:00", "08:00"))
        kit.sync(appointment(recipients=[Recipient("+12025550123", timezone="America/Los_Angeles")]))
        assert self.steps(kit) == (
            "start 2026-02-13T14:00:00Z, which is Fri 2026-02-13 09:00 in America/New_York (from starts_at)",
            "24 hours (exact: elapsed time) before the start",
            "due 2026-02-12T14:00:00Z, which is Thu 2026-02-12 09:00 in America/New_York",
            "quiet hours in America/Los_Angeles (from recipient.timezone)",
            "times in its text by the place's clock, America/New_York, since it has a location",
            "quiet hours (21:00–08:00) cover the due time, Thu 2026-02-12 06:00 in America/Los_Angeles",
            "parked at 2026-02-10T14:00:00Z, within the window of then: 2026-02-10T14:05:30Z to 2026-02-15T13:59:30Z",
            "parked for 2026-02-12T04:59:00Z, Wed 2026-02-11 20:59 in America/Los_Angeles: shifted_quiet_hours",
        )

    @pytest.mark.parametrize(
        ("start", "at", "said"),
        [
            (
                "2026-03-08T10:00",
                "02:30",
                "02:30 does not occur that day in America/New_York: the clock leaps by 1 hour,",
            ),
            ("2026-11-01T10:00", "01:30", "01:30 occurs twice that day in America/New_York: the first is meant"),
        ],
        ids=["skipped", "twice"],
    )
    def test_it_tells_the_choice_where_local_times_are_twice(self, make_kit, appointment, start, at, said):
        """It tells the choice between local times that are twice or not at all."""
        starts_at = datetime.fromisoformat(start).replace(tzinfo=ZoneInfo("America/New_York"))
        kit = make_kit([Rule("night", days_before=0, at=at, text="x")])
        kit.sync(appointment(starts_at=starts_at, ends_at=None))
        assert [step for step in self.steps(kit) if step.startswith(said)]

    def test_a_late_one_waits_for_the_end_of_quiet_hours(self, make_kit, sandbox, appointment):
        """A late reminder within quiet hours waits for their end, and the explanation tells when that is."""
        kit = make_kit([Rule("day", before="24 hours", text="x")], quiet_hours=QuietHours("21:00", "09:30"))
        kit.record(appointment(days=0, hours=5))
        assert self.steps(kit)[-1] == "quiet hours (21:00–09:30) are over at 2026-02-10T14:30:00Z"

    def test_history_knows_the_version_of_each_messages_rule(self, make_kit, appointment):
        """B42: an edit of the words alone is told too."""
        first = Rule("day", before="24 hours", text="See you {{ when }}.")
        second = Rule("day", before="24 hours", text="Please come {{ when }}.")
        make_kit([first]).sync(appointment())
        kit = make_kit([second])
        kit.resync()
        (why,) = kit.explain("A-1").reminders
        made = [(entry.event, entry.detail["rule_version"]) for entry in why.history if "rule_version" in entry.detail]
        assert made == [("schedule", first.version), ("replace", second.version)]
        assert why.as_json()["rule_version"] == second.version != first.version
        assert f"rule day (version {second.version})" in str(kit.explain("A-1"))


class TestChannels:
    TEXT = {"sms": "See you {{ when }}.", "mms": {"en": "The way to us", "es": "El camino"}}  # noqa: RUF012 - read only
    MAP = {"channel": "mms", "media_urls": ["https://example.com/map.png"], "subject": "Your visit"}  # noqa: RUF012

    def test_texts_by_channel_are_those_of_the_rules_channel(self):
        """A table of texts by channel is reduced to the text of the channel the rule sends by."""
        assert Rule("r", before="1 day", text=self.TEXT) == Rule("r", before="1 day", text="See you {{ when }}.")
        assert Rule("r", before="1 day", text=self.TEXT, **self.MAP).text == {"en": "The way to us", "es": "El camino"}

    def test_another_channel_is_a_new_message(self, make_kit, sandbox, appointment):
        """Another channel is a new message with its own words and pictures."""
        make_kit([Rule("r", before="24 hours", text=self.TEXT)]).sync(appointment())
        report = make_kit([Rule("r", before="24 hours", text=self.TEXT, **self.MAP)]).resync()
        assert [(change.kind, change.causes) for change in report.changes] == [("replace", ("text", "media"))]
        (message,) = sandbox.parked()
        assert (message.text, list(message.media_urls)) == ("The way to us", ["https://example.com/map.png"])

    def test_a_missing_channel_is_refused_with_the_key_to_add(self):
        """A rule without a text for its own channel is refused, and the key to add is named."""
        with pytest.raises(InvalidRuleError, match=r'rule .r.: text has none for channel = "mms": add text.mms'):
            Rule("r", before="1 day", text={"sms": "Hi"}, channel="mms")
