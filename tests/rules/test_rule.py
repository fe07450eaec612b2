"""Rules: read and checked, and at work on appointments."""

from __future__ import annotations

import copy
import itertools
import pickle
import re
import tomllib
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo

import pendulum
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reminder_kit.errors import ConfigurationError, InvalidRuleError
from reminder_kit.model.appointments import Appointment, Recipient
from reminder_kit.model.reasons import Reason
from reminder_kit.rules.conditions import Condition
from reminder_kit.rules.defaults import Defaults
from reminder_kit.rules.late_policy import LatePolicy
from reminder_kit.rules.offsets import Offset, OffsetKind
from reminder_kit.rules.reminders import reminders_of
from reminder_kit.rules.rule import Rule
from tests.factories import NEW_YORK, NUMBER

BOB = "+12025550145"


def appointment(**changes):
    starts_at = changes.pop("starts_at", datetime(2026, 2, 16, 10, tzinfo=NEW_YORK))
    fields = {
        "id": "A-1",
        "starts_at": starts_at,
        "ends_at": starts_at + timedelta(hours=1),
        "recipients": [Recipient(NUMBER, name="Ann")],
    }
    return Appointment(**{**fields, **changes})


def rule(**changes):
    given = {"before": "24 hours"} if not set(changes) & set(Rule.__init__.__annotations__) & TIMES else {}
    return Rule(changes.pop("id", "day-before"), text="See you {{ when }}.", **given, **changes)


TIMES = {"before", "after", "days_before", "days_after", "weekday", "business_days_before", "on"}


def refusals(*args, **kwargs):
    return [reminder.refusal for reminder in reminders_of(*args, **kwargs)]


def due(given, one, defaults=None):
    (reminder,) = reminders_of(given, [one], defaults or Defaults())
    return reminder.due_at.strftime("%Y-%m-%dT%H:%MZ")


class TestReading:
    def test_values_are_parsed_as_they_come_in(self):
        """A rule holds offsets, lengths and policies as values, so a mistake shows where the rule is made."""
        one = rule(before="90 minutes", min_notice="30 minutes", if_late={"skip_after": "6 hours"})
        assert one.before == Offset(OffsetKind.EXACT, elapsed=timedelta(minutes=90))
        assert one.min_notice == timedelta(minutes=30)
        assert one.if_late == LatePolicy("clamp", timedelta(hours=6), stated=True)
        assert (one.if_far, one.shift, one.anchor) == ("hold", "earlier", "start")

    def test_defaults_are_clamp_hold_earlier_and_no_notice(self):
        """A rule that leaves `if_late` out clamps, but does not state it: a late booking may overrule only that."""
        one = rule()
        assert (one.if_late.policy, one.if_far, one.shift, one.min_notice) == ("clamp", "hold", "earlier", timedelta(0))
        assert not one.says_late
        assert rule(if_late="clamp").says_late

    @pytest.mark.parametrize(
        ("table", "same"),
        [
            ('before = "1 day"', {"before": Offset.parse("1 day")}),
            ('days_before = 1\nat = "18:00"', {"days_before": 1, "at": time(18)}),
            ("days_before = 1\nat = 18:00:00", {"days_before": 1, "at": "18:00"}),
            ('weekday = "fri"\nat = "09:00"', {"weekday": "Friday", "at": "09:00"}),
            ("business_days_before = 2", {"business_days_before": 2}),
            ("on = 2026-02-14T09:00:00-05:00", {"on": "2026-02-14T14:00:00Z"}),
            ('after = "2 hours"\nanchor = "start"', {"after": timedelta(hours=2), "anchor": "start"}),
            ('before = "1 day"\nonly = {tags = ["b", "a"]}', {"before": "P1D", "only": {"tags": ("b", "a")}}),
            (
                'before = "1 day"\nif_late = {skip_after = "6 hours"}',
                {"before": "1 day", "if_late": {"skip_after": "PT6H"}},
            ),
        ],
        ids=lambda value: value.partition("\n")[0] if isinstance(value, str) else "",
    )
    def test_rules_from_toml_and_from_code_are_the_same_thing(self, table, same):
        """A rule read from a file equals its twin in code, with the same hash and fingerprint."""
        read = Rule.from_mapping(tomllib.loads(f'id = "r"\ntext = "Hi"\n{table}'))
        coded = Rule("r", text="Hi", **same)
        assert read == coded
        assert read.fingerprint == coded.fingerprint
        assert hash(read) == hash(coded)

    @pytest.mark.parametrize(
        ("values", "said"),
        [
            ({}, "nothing says when"),
            ({"before": "1 day", "after": "1 day"}, "before and after says when"),
            ({"before": "1 day", "at": "18:00"}, "goes with days_before"),
            ({"days_before": 1}, 'days_before needs a local time: add at = "18:00"'),
            ({"weekday": "friday"}, "weekday needs a local time"),
            ({"days_before": -1, "at": "18:00"}, "days_before must be a whole number"),
            ({"days_before": True, "at": "18:00"}, "days_before must be a whole number"),
            ({"business_days_before": 0}, "from 1 up"),
            ({"weekday": "payday", "at": "18:00"}, "weekday is no weekday"),
            ({"before": "soon"}, "before cannot be read"),
            ({"before": pendulum.duration(days=1)}, "pendulum"),
            ({"before": "1 day", "if_late": "now"}, "if_late cannot be 'now'"),
            ({"before": "1 day", "if_late": {"after": "1 hour"}}, "if_late cannot be"),
            ({"before": "1 day", "if_late": {"skip_after": "soon"}}, "if_late.skip_after cannot be read"),
            ({"before": "1 day", "if_far": "wait"}, "if_far cannot be 'wait'"),
            ({"before": "1 day", "shift": "left"}, "'earlier' or 'later'"),
            ({"before": "1 day", "anchor": "middle"}, "anchor cannot be 'middle'"),
            ({"before": "1 day", "channel": "fax"}, "'sms' or 'mms'"),
            ({"before": "1 hour", "min_notice": "1 hour"}, "min_notice .1 hour. is not shorter"),
            ({"before": "1 day", "min_notice": "25 hours"}, "min_notice"),
            ({"before": "1 day", "min_notice": 30}, "min_notice must have a unit"),
            ({"before": "1 day", "media_urls": ["https://example.com/a.png"]}, 'need channel = "mms"'),
            ({"before": "1 day", "subject": "Hi"}, 'need channel = "mms"'),
            ({"before": "1 day", "channel": "mms", "media_urls": [5]}, "addresses of pictures"),
            ({"before": "1 day", "channel": "mms", "subject": 5}, "subject must be a text"),
            ({"before": "1 day", "text": 5}, "text must be a text"),
            ({"before": "1 day", "text": {}}, "text must be a text"),
            ({"before": "1 day", "text": {"en": 5}}, "text.en must be a text"),
            ({"before": "1 day", "only": {"tag": ["x"]}}, "did you mean 'tags'"),
            ({"before": "1 day", "only": {"status": ["confirmd"]}}, "did you mean 'confirmed'"),
            ({"before": "1 day", "unless": {"tags": 5}}, "unless.tags must name"),
            ({"before": "1 day", "unless": {"tags": [5]}}, "unless.tags must be text"),
            ({"before": "1 day", "only": {"data": "x"}}, "only.data must be a table"),
            ({"before": "1 day", "only": "dental"}, "only must be a table"),
            ({"before": "1 day", "when": "dental"}, "when must be a function"),
            ({"before": "1 day", "max_parts": 0}, "max_parts"),
            ({"before": "1 hour", "spread": "60 minutes"}, "spread .1 hour. reaches the start"),
            ({"before": "1 hour", "spread": "40 minutes", "min_notice": "20 minutes"}, "spread"),
            ({"before": "1 hour", "spread": 10}, "spread must have a unit"),
            ({"on": "2026-02-14T09:00:00"}, "no time zone"),
            ({"on": "tomorrow"}, "no ISO 8601"),
            ({"on": date(2026, 2, 14)}, "aware datetime"),
        ],
        ids=str,
    )
    def test_a_wrong_value_is_refused_with_place_and_remedy(self, values, said):
        """The error names file, table, rule and key, then the value and what to write instead."""
        with pytest.raises(InvalidRuleError, match=said) as caught:
            Rule.from_mapping({"id": "r-1", "text": "Hi", **values}, "reminders.toml: rules[3]")
        assert str(caught.value).startswith("reminders.toml: rules[3]: rule 'r-1': ")

    @pytest.mark.parametrize(
        ("values", "said"),
        [
            ({"id": "r", "befor": "1 day"}, "rules.0.: unknown key 'befor': did you mean 'before'"),
            ({"id": "r", "colour": "red"}, "unknown key 'colour': known are"),
            ({"before": "1 day"}, "has no id"),
            ({"id": "", "before": "1 day"}, "needs an id"),
            ({"id": 5, "before": "1 day"}, "needs an id"),
            ("before", "must be a table"),
        ],
        ids=str,
    )
    def test_what_is_no_rule_at_all_is_refused_with_its_place(self, values, said):
        """Without a readable id, the error names the table by its number in the file."""
        with pytest.raises(InvalidRuleError, match=said):
            Rule.from_mapping(values, "rules[0]")

    def test_the_fingerprint_is_what_ledgers_hold(self):
        """Another one would have every reminder that was planned with it decided again; so no version changes it."""
        said = Rule("day-before", before="24 hours", text="See you {{ when }}.", if_late="skip")
        assert (said.fingerprint, said.version) == ("cc8ef4b7fccababfa3edbe410f50fa40", "cc8ef4b7")
        assert Rule("day-before", before="1440 minutes", text="See you {{ when }}.", if_late="skip") == said

    def test_the_fingerprint_knows_everything_that_matters(self):
        """Rules that differ in any key have different fingerprints; equal rules share one."""
        variants = [
            rule(),
            rule(id="other"),
            rule(before="1 day"),
            rule(before="24 hours", min_notice="1 hour"),
            rule(if_late="clamp"),
            rule(shift="later"),
            rule(only={"tags": ["a"]}),
            rule(unless={"tags": ["a"]}),
            rule(when=named),
            rule(late_text="Soon"),
            rule(max_parts=2),
            rule(spread="10 minutes"),
        ]
        assert len({variant.fingerprint for variant in variants}) == len(variants)
        assert rule(when=named).fingerprint == rule(when=named).fingerprint
        assert rule().fingerprint == rule().fingerprint

    def test_a_function_is_the_same_in_whatever_module_it_was_loaded(self):
        """The host's file is `__main__` where it is run, and has its name where the command line imports it."""

        def elsewhere(_appointment, _recipient):
            return True

        here = rule(when=elsewhere).fingerprint
        elsewhere.__module__ = "__main__"
        assert rule(when=elsewhere).fingerprint == here
        elsewhere.__qualname__ = "other"
        assert rule(when=elsewhere).fingerprint != here

    def test_a_rule_can_be_copied_and_pickled(self):
        """A copy equals its rule and has the same fingerprint: workers in other processes see no change."""
        one = rule(only={"tags": ["a"]}, late_text={"en": "Soon", "es": "Pronto"}, if_late={"skip_after": "1 hour"})
        for twin in (pickle.loads(pickle.dumps(one)), copy.deepcopy(one)):
            assert twin == one
            assert twin.fingerprint == one.fingerprint

    def test_a_follow_up_is_anchored_to_the_end_by_default(self):
        """Any rule with `after` is a follow-up, even of no length; its anchor is the end unless it says start."""
        assert rule(after="2 hours").anchor == "end"
        assert rule(after="2 hours", anchor="start").anchor == "start"
        assert rule(after="0 minutes").is_follow_up
        assert not rule().is_follow_up


def named(appointment, recipient):
    return appointment.title == "Check-up" and recipient.name == "Ann"


class TestDue:
    @pytest.mark.parametrize(
        ("one", "instant"),
        [
            (rule(before="24 hours"), "2026-02-15T15:00Z"),
            (rule(before="1 day"), "2026-02-15T15:00Z"),
            (rule(before="30 minutes", anchor="end"), "2026-02-16T15:30Z"),
            (rule(after="2 hours"), "2026-02-16T18:00Z"),
            (rule(after="2 hours", anchor="start"), "2026-02-16T17:00Z"),
            (rule(days_before=1, at="18:00"), "2026-02-15T23:00Z"),
            (rule(days_before=0, at="08:00"), "2026-02-16T13:00Z"),
            (rule(days_after=1, at="10:30"), "2026-02-17T15:30Z"),
            (rule(weekday="friday", at="12:00"), "2026-02-13T17:00Z"),
            (rule(business_days_before=1), "2026-02-13T15:00Z"),
            (rule(on="2026-02-14T09:00:00Z"), "2026-02-14T09:00Z"),
        ],
        ids=lambda value: value.offset.describe() if isinstance(value, Rule) else "",
    )
    def test_every_kind_of_offset(self, one, instant):
        """Each key that says when gives its due time, counted in the appointment's zone where it is a local one."""
        assert due(appointment(), one) == instant

    def test_business_days_jump_holidays_and_closed_days(self):
        """Business days jump holidays of a country and the embedder's closed days."""
        one = rule(business_days_before=1)
        tuesday = datetime(2026, 2, 17, 10, tzinfo=NEW_YORK)  # the Monday is Presidents' Day
        given = appointment(starts_at=tuesday, ends_at=None)
        assert due(given, one) == "2026-02-16T15:00Z"
        assert due(given, one, Defaults(holidays="US")) == "2026-02-13T15:00Z"
        assert due(given, one, Defaults(holidays=["US"], closed_days=[date(2026, 2, 13)])) == "2026-02-12T15:00Z"
        lincolns = Defaults(holidays=["US-NY"], closed_days=[date(2026, 2, 13)])  # 12 February, in New York
        assert due(given, one, lincolns) == "2026-02-11T15:00Z"
        assert due(given, one, Defaults(weekend=["sunday", "monday"])) == "2026-02-14T15:00Z"

    @pytest.mark.parametrize(
        ("given", "said"),
        [
            ({"holidays": "Atlantis"}, "Atlantis"),
            ({"holidays": ["US-ZZ"]}, "US-ZZ"),
            ({"holidays": [7]}, "in quotes"),
            ({"holidays": {}}, "must be a list"),
            ({"closed_days": ["24 December"]}, "2026-12-24"),
            ({"closed_days": [datetime(2026, 12, 24, tzinfo=UTC)]}, "must be days"),
            ({"weekend": ["funday"]}, "no weekday"),
            ({"weekend": range(7)}, "no business day"),
            ({"weekend": [7]}, "no weekday"),
            ({"transliterate": "yes"}, "true or false"),
        ],
    )
    def test_what_cannot_be_is_refused_as_it_is_stated(self, given, said):
        """Wrong holidays, closed days, weekends and switches are refused with the value or a right example."""
        with pytest.raises(ConfigurationError, match=said):
            Defaults(**given)

    def test_closed_days_and_weekends_are_read_from_text_too(self):
        """Days as ISO text and weekdays by name equal their values in code, and close the same days."""
        same = Defaults(closed_days=[date(2026, 12, 24)], weekend=[4, 5])
        assert Defaults(closed_days=["2026-12-24"], weekend=["friday", "sat"]) == same
        assert not same.is_open(date(2026, 12, 24))
        assert not same.is_open(date(2026, 12, 18))
        assert same.is_open(date(2026, 12, 20))

    @pytest.mark.parametrize(
        ("given", "defaults", "instant", "source"),
        [
            ({"timezone": "Asia/Tokyo"}, Defaults("Europe/Berlin"), "2026-02-16T09:00Z", "appointment.timezone"),
            ({}, Defaults("Europe/Berlin"), "2026-02-15T23:00Z", "starts_at"),
            (
                {"starts_at": datetime(2026, 2, 16, 15, tzinfo=UTC)},
                Defaults("Europe/Berlin"),
                "2026-02-15T17:00Z",
                "defaults.timezone",
            ),
            ({"starts_at": datetime(2026, 2, 16, 15, tzinfo=UTC)}, Defaults(), "2026-02-15T18:00Z", "nowhere: UTC"),
            (
                {"starts_at": pendulum.datetime(2026, 2, 16, 15, tz="UTC")},
                Defaults("Europe/Berlin"),
                "2026-02-15T17:00Z",
                "defaults.timezone",
            ),
            (
                {"starts_at": pendulum.datetime(2026, 2, 16, 10, tz="America/New_York")},
                Defaults(),
                "2026-02-15T23:00Z",
                "starts_at",
            ),
            (
                {"starts_at": pendulum.parse("2026-02-16T10:00:00-05:00")},
                Defaults("Asia/Tokyo"),
                "2026-02-16T09:00Z",
                "defaults.timezone",
            ),
        ],
        ids=[
            "its own",
            "of its start",
            "utc names no place",
            "nothing known",
            "pendulum's utc",
            "pendulum's",
            "offset only",
        ],
    )
    def test_local_rules_are_counted_in_the_appointments_zone(self, given, defaults, instant, source):
        """Its own zone comes first, then that of its start, the kit's and UTC; the reminder says which it was."""
        (reminder,) = reminders_of(appointment(ends_at=None, **given), [rule(days_before=1, at="18:00")], defaults)
        assert reminder.due_at.strftime("%Y-%m-%dT%H:%MZ") == instant
        assert reminder.zone_source == source

    def test_the_recipients_zone_is_not_for_local_rules(self):
        """The recipient's zone is for text and quiet hours not for local rules."""
        given = appointment(recipients=[Recipient(NUMBER, timezone="Asia/Tokyo", locale="ja")])
        (reminder,) = reminders_of(given, [rule(days_before=1, at="18:00")], Defaults("Europe/Berlin"))
        assert (reminder.zone, reminder.zone_source, reminder.locale) == ("Asia/Tokyo", "recipient.timezone", "ja")
        assert reminder.local_zone == "America/New_York"
        assert reminder.due_at == datetime(2026, 2, 15, 23, tzinfo=UTC)

    def test_b60_a_rule_chooses_elapsed_time_or_the_wall_clock(self):
        """Over a change of the clocks, "24 hours" is elapsed time and "1 day" is the same wall clock."""
        given = appointment(starts_at=datetime(2026, 3, 8, 10, tzinfo=NEW_YORK))
        assert due(given, rule(before="24 hours")) == "2026-03-07T14:00Z"
        assert due(given, rule(before="1 day")) == "2026-03-07T15:00Z"

    def test_b33_a_weekly_series_keeps_its_wall_clock(self):
        """A weekly series keeps its wall clock over a change of the clocks."""
        starts = [datetime(2026, 3, day, 10, tzinfo=NEW_YORK) for day in (2, 9, 16)]
        found = [due(appointment(starts_at=start), rule(days_before=1, at="18:00")) for start in starts]
        assert found == ["2026-03-01T23:00Z", "2026-03-08T22:00Z", "2026-03-15T22:00Z"]

    def test_b18_occurrences_close_together_each_have_their_own(self):
        """Occurrences shorter apart than the offset each have their own."""
        found = [
            reminders_of(
                appointment(starts_at=datetime(2026, 2, day, 10, tzinfo=NEW_YORK), recurrence_id=f"2026-02-{day}"),
                [rule(before="2 days")],
                Defaults(),
            )[0]
            for day in range(10, 16)
        ]
        assert [reminder.due_at.day for reminder in found] == [8, 9, 10, 11, 12, 13]
        assert len({reminder.key for reminder in found}) == 6

    def test_c7_one_instant_is_the_same_however_it_is_written(self):
        """The type and zone of the start do not change the due time of an exact offset."""
        given = [
            pendulum.datetime(2026, 2, 16, 15, tz="UTC"),
            pendulum.parse("2026-02-16T10:00:00-05:00"),
            datetime.fromisoformat("2026-02-16T16:00:00+01:00"),
            datetime(2026, 2, 16, 20, 45, tzinfo=ZoneInfo("Asia/Kathmandu")),
        ]
        assert {due(appointment(starts_at=value), rule()) for value in given} == {"2026-02-15T15:00Z"}

    def test_due_times_are_whole_seconds(self):
        """A start with microseconds has a due time without: providers take whole seconds."""
        start = datetime(2026, 2, 16, 10, 0, 0, 999_999, tzinfo=NEW_YORK)
        (reminder,) = reminders_of(appointment(starts_at=start), [rule()], Defaults())
        assert reminder.due_at == datetime(2026, 2, 15, 15, tzinfo=UTC)

    def test_where_the_calendar_ends_there_is_no_due_time(self):
        """An offset that leads out of the calendar gives no due time and raises nothing."""
        start = datetime(1, 1, 1, 12, tzinfo=UTC)
        (reminder,) = reminders_of(appointment(starts_at=start, ends_at=None), [rule()], Defaults())
        assert reminder.due_at is None

    def test_the_trail_tells_start_zone_offset_and_due(self):
        """The trail says by which start, zone and offset it is due, and that the clocks change meanwhile."""
        start = datetime(2026, 3, 8, 10, tzinfo=NEW_YORK)
        (reminder,) = reminders_of(appointment(starts_at=start), [rule()], Defaults())
        assert reminder.trail == (
            "start 2026-03-08T14:00:00Z, which is Sun 2026-03-08 10:00 in America/New_York (from starts_at)",
            "24 hours (exact: elapsed time) before the start",
            "due 2026-03-07T14:00:00Z, which is Sat 2026-03-07 09:00 in America/New_York",
            "the clocks in America/New_York change by 1 hour in between",
            "text and quiet hours in America/New_York (from starts_at)",
        )

    def test_the_trail_ends_with_the_condition_that_refused_it(self):
        """The last step of a refused reminder names the reason and the condition's key."""
        (reminder,) = reminders_of(appointment(), [rule(only={"tags": ["dental"]})], Defaults())
        assert reminder.trail[-1] == "not sent: condition (only.tags)"

    def test_the_trail_of_an_instant_of_its_own(self):
        """A rule with `on` shows its absolute instant and the same in local time."""
        (reminder,) = reminders_of(appointment(), [rule(on="2026-02-14T09:00:00Z")], Defaults())
        assert reminder.trail[1:3] == (
            "at 2026-02-14T09:00:00Z (absolute)",
            "due 2026-02-14T09:00:00Z, which is Sat 2026-02-14 04:00 in America/New_York",
        )

    def test_a_zone_that_only_its_datetime_knows_is_no_zone(self):
        """A `tzinfo` without an IANA name cannot place other days: the kit's zone is taken."""

        class Ship(tzinfo):
            name = "Ship/Time"

            def utcoffset(self, _):
                return timedelta(hours=-5)

            def dst(self, _):
                return None

        given = appointment(starts_at=datetime(2026, 2, 16, 10, tzinfo=Ship()), ends_at=None)
        (reminder,) = reminders_of(given, [rule()], Defaults("Europe/Berlin"))
        assert (reminder.zone, reminder.zone_source) == ("Europe/Berlin", "defaults.timezone")

    def test_the_trail_tells_of_a_local_time_that_occurs_twice(self):
        """A local time on a day when the clocks change is noted with the reading that was taken."""
        start = datetime(2026, 11, 2, 10, tzinfo=NEW_YORK)
        (reminder,) = reminders_of(appointment(starts_at=start), [rule(days_before=1, at="01:30")], Defaults())
        assert "01:30 occurs twice that day in America/New_York: the first is meant" in reminder.trail


class TestRefusals:
    def test_each_rule_and_recipient_has_a_reminder(self):
        """Each rule and recipient has a reminder by rule then by recipient."""
        given = appointment(recipients=[NUMBER, BOB])
        found = reminders_of(given, [rule(), rule(id="two", before="2 hours")], Defaults())
        assert [(reminder.rule.id, reminder.recipient.phone) for reminder in found] == list(
            itertools.product(["day-before", "two"], [NUMBER, BOB])
        )

    def test_nobody_to_remind_is_one_refused_reminder_a_rule(self):
        """Without recipients each rule still has a reminder, refused as `no_recipient`, so that reports show it."""
        (reminder,) = reminders_of(appointment(recipients=[]), [rule()], Defaults())
        assert (reminder.recipient, reminder.refusal) == (None, Reason.NO_RECIPIENT)
        assert reminder.due_at is not None

    @pytest.mark.parametrize(
        ("recipient", "reason"),
        [
            (Recipient("12"), Reason.INVALID_NUMBER),
            (Recipient("(202) 555-0123"), Reason.INVALID_NUMBER),
            (Recipient("call me"), Reason.INVALID_NUMBER),
            (Recipient(""), Reason.INVALID_NUMBER),
            (Recipient(NUMBER, opted_in=False), Reason.OPTED_OUT),
            (Recipient(NUMBER), None),
        ],
        ids=["too short", "not normalised", "words", "empty", "opted out", "fine"],
    )
    def test_recipients_who_cannot_be_written_to(self, recipient, reason):
        """A number that is not E.164, or an opt-out, refuses the reminder with its reason."""
        assert refusals(appointment(recipients=[recipient]), [rule()], Defaults()) == [reason]

    def test_the_same_number_twice_is_reminded_once(self):
        """Later recipients with the same number are refused as duplicates, each under a key of its own."""
        given = appointment(
            recipients=[Recipient(NUMBER, name="Ann"), Recipient(NUMBER, name="Anna"), Recipient(NUMBER, id="7")]
        )
        found = reminders_of(given, [rule()], Defaults())
        assert [reminder.refusal for reminder in found] == [None, Reason.DUPLICATE_NUMBER, Reason.DUPLICATE_NUMBER]
        assert len({reminder.key for reminder in found}) == 3

    @pytest.mark.parametrize(
        ("status", "before", "after"),
        [
            ("confirmed", None, None),
            ("tentative", None, None),
            ("cancelled", Reason.CANCELLED, Reason.CANCELLED),
            ("no_show", Reason.CANCELLED, Reason.CANCELLED),
            ("completed", Reason.CONDITION, None),
        ],
    )
    def test_status_ends_reminders_but_not_follow_ups(self, status, before, after):
        """Status ends reminders but follow-ups come after what was completed."""
        given = appointment(status=status)
        assert refusals(given, [rule(), rule(id="after", after="1 hour")], Defaults()) == [before, after]

    @pytest.mark.parametrize(
        ("status", "missed", "came"),
        [
            ("confirmed", Reason.CONDITION, Reason.CONDITION),
            ("no_show", None, Reason.CANCELLED),
            ("completed", Reason.CONDITION, None),
            ("cancelled", Reason.CANCELLED, Reason.CANCELLED),
        ],
    )
    def test_a_follow_up_may_be_for_those_who_missed_it(self, status, missed, came):
        """Who names the status means it: a message after a no-show, another one after the visit."""
        rules = [
            rule(id="missed", after="1 hour", only={"status": ["no_show"]}),
            rule(id="came", after="1 hour", only={"status": ["completed"]}),
        ]
        assert refusals(appointment(status=status), rules, Defaults()) == [missed, came]

    @pytest.mark.parametrize(
        ("given", "why"),
        [
            ({"only": {"status": ["cancelled"]}}, 'only.status names "cancelled"'),
            ({"after": "1 hour", "only": {"status": ["no_show", "cancelled"]}}, 'only.status names "cancelled"'),
            ({"only": {"status": ["no_show"]}}, "make it a follow-up"),
            ({"only": {"status": ["no_show", "completed"]}}, "make it a follow-up"),
            ({"only": {"tags": ["a"]}, "unless": {"tags": ["a", "b"]}}, "unless.tags excepts all that only.tags names"),
            ({"only": {"source": "x"}, "unless": {"source": "x"}}, "it is for nobody"),
        ],
    )
    def test_a_condition_that_nothing_can_meet_is_refused(self, given, why):
        """It would be silent for ever."""
        with pytest.raises(InvalidRuleError, match=f"rule 'day-before': .*{why}"):
            rule(**given)

    @pytest.mark.parametrize(
        "given",
        [
            {"only": {"status": ["confirmed", "no_show"]}},
            {"only": {"tags": ["a", "c"]}, "unless": {"tags": ["a"]}},
            {"only": {"tags": ["a"]}, "unless": {"tags": ["a"], "source": "x"}},
            {"only": {"tags": ["a"]}, "unless": {"status": "tentative"}},
        ],
    )
    def test_one_that_something_can_meet_is_taken(self, given):
        """`unless` with several keys excepts what fits them all."""
        assert rule(**given).only.tests

    @pytest.mark.parametrize(
        ("conditions", "fits"),
        [
            ({"only": {"tags": ["dental"]}}, True),
            ({"only": {"tags": ["x", "dental"]}}, True),
            ({"only": {"tags": ["x"]}}, False),
            ({"unless": {"tags": ["no-sms"]}}, True),
            ({"unless": {"tags": ["vip"]}}, False),
            ({"unless": {"tags": ["vip"], "status": ["tentative"]}}, True),
            ({"only": {"status": ["confirmed"]}}, True),
            ({"only": {"status": "tentative"}}, False),
            ({"only": {"title": "check*"}}, True),
            ({"only": {"title": ["*surgery*", "*CHECK*"]}}, True),
            ({"only": {"title": "check"}}, False),
            ({"only": {"location": "Room ?"}}, True),
            ({"only": {"source": ["clinic"]}}, False),
            ({"only": {"data": {"confirmed": True}}}, True),
            ({"unless": {"data": {"confirmed": True}}}, False),
            ({"only": {"data": {"doctor.name": ["Winter", "Summer"]}}}, True),
            ({"only": {"data": {"doctor.phone": "x"}}}, False),
            ({"only": {"recipient": {"plan": "gold"}}}, True),
            ({"only": {"recipient": {"plan": ["silver"]}}}, False),
            ({"when": lambda given, who: given.title == "Check-up" and who.phone == NUMBER}, True),
            ({"when": lambda *_: False}, False),
            ({"min_booking_lead": "48 hours"}, True),
            ({"min_booking_lead": "11 days"}, False),
            ({"max_booking_lead": "11 days"}, True),
            ({"max_booking_lead": "48 hours"}, False),
        ],
        ids=lambda value: re.sub(r" at 0x[0-9a-f]+", "", str(value)),  # the same in every process
    )
    def test_conditions(self, conditions, fits):
        """`only`, `unless`, `when` and booking leads decide together; a refusal says which of them it was."""
        given = appointment(
            title="Check-up",
            location="Room 4",
            tags={"dental", "vip"},
            data={"confirmed": True, "doctor": {"name": "Winter"}},
            recipients=[Recipient(NUMBER, data={"plan": "gold"})],
            booked_at=datetime(2026, 2, 6, 10, tzinfo=NEW_YORK),
        )
        (reminder,) = reminders_of(given, [rule(**conditions)], Defaults())
        assert reminder.refusal == (None if fits else Reason.CONDITION)
        assert bool(reminder.detail) != fits

    def test_an_unknown_booking_time_passes_min_booking_lead(self):
        """What does not say when it was booked counts as booked long ago: `min_booking_lead` lets it pass."""
        assert refusals(appointment(), [rule(min_booking_lead="30 days")], Defaults()) == [None]

    def test_a_condition_in_code_that_fails_is_named(self):
        """An exception in `when` becomes a `ConfigurationError` that names appointment and rule."""
        with pytest.raises(ConfigurationError, match=r"'A-1', rule 'day-before': its `when` raised ZeroDivisionError"):
            reminders_of(appointment(), [rule(when=lambda *_: 1 / 0)], Defaults())

    def test_sets_are_read_in_the_same_order_in_every_process(self):
        """Sets in conditions and defaults are sorted: hash seeds must not change fingerprints."""
        one = rule(only={"tags": {"b", "a"}, "data": {"kind": {"y", "x"}}})
        assert one.only.tests == (("data", (("kind", ("x", "y")),)), ("tags", ("a", "b")))
        days = [date(2026, 12, 24), date(2026, 1, 1)]
        assert "[datetime.date(2026, 1, 1), datetime.date(2026, 12, 24)]" in repr(Defaults(closed_days=days))

    def test_a_condition_is_read_once(self):
        """Reading a `Condition` gives the very same object back."""
        condition = Condition.read({"tags": {"b", "a"}}, "only")
        assert Condition.read(condition, "only") is condition


class TestKeys:
    def test_b15_two_events_and_two_rules_make_four_keys(self):
        """A reminder's key tells its appointment and its rule apart from all others."""
        found = [
            reminder.key
            for identity in ("A-1", "A-2")
            for reminder in reminders_of(
                appointment(id=identity), [rule(), rule(id="two", before="1 hour")], Defaults()
            )
        ]
        assert len(set(found)) == 4

    def test_b36_the_key_knows_the_occurrence_and_never_the_time(self):
        """The key stays when an occurrence moves or its rule's offset changes, and differs for another occurrence."""
        (first,) = reminders_of(appointment(recurrence_id="2026-02-16T15:00:00Z"), [rule()], Defaults())
        (moved,) = reminders_of(
            appointment(recurrence_id="2026-02-16T15:00:00Z", starts_at=datetime(2026, 2, 20, 10, tzinfo=NEW_YORK)),
            [rule(before="2 hours")],
            Defaults(),
        )
        (next_year,) = reminders_of(appointment(recurrence_id="2027-02-16T15:00:00Z"), [rule()], Defaults())
        assert first.key == moved.key
        assert first.key != next_year.key

    def test_b56_a_person_has_another_key_in_each_appointment(self):
        """One person with three appointments has three keys, so none replaces another."""
        keys = {
            reminders_of(appointment(id=identity), [rule()], Defaults())[0].key for identity in ("A-1", "A-2", "A-3")
        }
        assert len(keys) == 3

    def test_parts_of_an_identity_cannot_run_into_each_other(self):
        """Source and id that read alike when joined still give different keys."""
        keys = {
            reminders_of(appointment(id=identity, source=source), [rule()], Defaults())[0].key
            for identity, source in (("1", "a"), ("1a", ""), ("a1", ""), ("1:a", ""))
        }
        assert len(keys) == 4

    def test_a_recipient_with_an_id_keeps_the_key_under_a_new_number(self):
        """The recipient's id, where there is one, stands in the key instead of the number."""
        keys = [
            reminders_of(appointment(recipients=[Recipient(phone, id="p-7")]), [rule()], Defaults())[0].key
            for phone in (NUMBER, BOB)
        ]
        assert keys[0] == keys[1]

    def test_namespaces_part_what_is_alike(self):
        """The same appointment, rule and person have another key in another namespace."""
        keys = {reminders_of(appointment(), [rule()], Defaults(namespace=name))[0].key for name in ("default", "other")}
        assert len(keys) == 2

    @given(st.permutations([NUMBER, BOB, "+12025550167", "+447700900123"]))
    def test_b16_the_order_of_recipients_does_not_matter(self, phones):
        """Each recipient of the appointment has a reminder under the same key, however they are listed."""
        found = reminders_of(appointment(recipients=phones), [rule()], Defaults())
        assert {reminder.recipient.phone for reminder in found} == set(phones)
        calm = reminders_of(appointment(recipients=sorted(phones)), [rule()], Defaults())
        assert {reminder.key for reminder in found} == {reminder.key for reminder in calm}


def test_a_rules_version_outlives_our_renaming_of_classes():
    """It is made of what the rule says: a release that changes nothing of that makes no ledger look at all anew."""
    assert Rule("day-before", before="24 hours", text="See you {{ when }}.").version == "5146b17a"
    texts = {"en": "a", "es": "b"}
    late = {"skip_after": "6 hours"}
    assert (
        Rule("evening", days_before=1, at="18:00", text=texts, if_late=late, only={"tags": ["dental"]}).version
        == "77fa3d28"
    )
