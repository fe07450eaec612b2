"""What is refused in rules, quiet hours, defaults, windows and senders, and in which words: each names its place."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import pendulum
import pytest

from reminder_kit import QuietHours
from reminder_kit.errors import ConfigurationError, InvalidInputError, InvalidRuleError
from reminder_kit.rules.conditions import Condition
from reminder_kit.rules.defaults import Defaults
from reminder_kit.rules.notices import Notice, cancellation_notice
from reminder_kit.rules.offsets import Offset, local_time, parse_length, weekday_number
from reminder_kit.rules.rule import Rule
from reminder_kit.rules.senders import SenderCondition
from reminder_kit.rules.window import Window

EXAMPLE = 'write for example "24 hours" (elapsed time) or "1 day" (same wall clock)'
KEYS = (
    "give exactly one of before, after, days_before, days_after, weekday, business_days_before, business_days_after, "
    "after_booking, after_change, on"
)


def m(minutes):
    return timedelta(minutes=minutes)


LENGTH = "it is a length, so write it without the minus"


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({}, f"nothing says when: {KEYS}"),
        ({"before": "1 day", "on": "2026-02-15T14:30:00Z"}, f"before and on says when: {KEYS}"),
        ({"days_before": 1}, 'days_before needs a local time: add at = "18:00"'),
        ({"days_after": 0}, 'days_after needs a local time: add at = "18:00"'),
        ({"weekday": "fri"}, 'weekday needs a local time: add at = "18:00"'),
        ({"before": "1 day", "at": "18:00"}, "at (18:00) goes with days_before, weekday or business days only"),
        (
            {"on": "2026-02-15T14:30:00Z", "at": "18:00"},
            "at (18:00) goes with days_before, weekday or business days only",
        ),
        ({"days_before": -1, "at": "18:00"}, "days_before must be a whole number of days from 0 up, not -1"),
        ({"days_before": 3661, "at": "18:00"}, "days_before must be a whole number of days from 0 up, not 3661"),
        ({"business_days_before": 0}, "business_days_before must be a whole number of days from 1 up, not 0"),
        ({"business_days_after": 0}, "business_days_after must be a whole number of days from 1 up, not 0"),
        ({"days_after": True, "at": "18:00"}, "days_after must be a whole number of days from 0 up, not True"),
        ({"days_after": "1", "at": "18:00"}, "days_after must be a whole number of days from 0 up, not '1'"),
        ({"weekday": "fr", "at": "18:00"}, "weekday is no weekday ('fr'): write \"friday\""),
        ({"on": "soon"}, "on is no ISO 8601 instant: 'soon'; write 2026-02-15T14:30:00Z"),
        ({"on": 7}, "on must be an aware datetime (7): write 2026-02-15T14:30:00Z"),
        (
            {"on": datetime(2026, 2, 15, 14, 30)},
            (
                "on has no time zone (2026-02-15T14:30:00): give an aware datetime, for example "
                'pendulum.datetime(2026, 2, 15, 14, 30, tz="America/New_York")'
            ),
        ),
        ({"before": "0 hours"}, f"before is zero ('0 hours'): {EXAMPLE}"),
        ({"before": "3661 days"}, f"before is more than ten years ('3661 days'): {EXAMPLE}"),
        *(
            ({"before": "1 day", key: "-1 hour"}, f"{key} is negative ('-1 hour'): {LENGTH}")
            for key in ("min_notice", "min_silence", "spread", "min_booking_lead", "max_booking_lead")
        ),
        (
            {"before": "1 day", "if_late": {"skip_after": "-1 hour"}},
            f"if_late.skip_after is negative ('-1 hour'): {LENGTH}",
        ),
        (
            {"before": "1 day", "spread": timedelta(minutes=-1)},
            (
                "spread is negative (datetime.timedelta(days=-1, seconds=86340)): it is a length, so write it without "
                "the minus"
            ),
        ),
        ({"before": "-1 day"}, "before is negative ('-1 day'): the rule's key (before, after) says the direction"),
        (
            {"before": timedelta(hours=-1)},
            (
                "before is negative (datetime.timedelta(days=-1, seconds=82800)): the rule's key (before, "
                "after) says the direction"
            ),
        ),
        ({"before": 24}, f"before must have a unit, and 24 has none: {EXAMPLE}"),
        (
            {"before": pendulum.duration(days=1)},
            f"before is a pendulum Duration, which takes 24 hours and 1 day for the same: {EXAMPLE}",
        ),
        ({"before": "1.5 days"}, "before has part of a day ('1.5 days'): write it in hours, which are elapsed time"),
        ({"before": "a while"}, f"before cannot be read ('a while'): {EXAMPLE}"),
        (
            {"before": "9" * 400 + " hours"},
            f"before is more than ten years ('9999999999999999999999999999999999999999'): {EXAMPLE}",
        ),
        (
            {"before": "9" * 60 + " days"},
            f"before is more than ten years ('9999999999999999999999999999999999999999'): {EXAMPLE}",
        ),
        ({"before": ""}, f"before cannot be read (''): {EXAMPLE}"),
        ({"before": "1 hour soon"}, f"before cannot be read ('1 hour soon'): {EXAMPLE}"),
        ({"before": "P"}, f"before cannot be read ('P'): {EXAMPLE}"),
        ({"before": "PT"}, f"before cannot be read ('PT'): {EXAMPLE}"),
        (
            {"before": "1 day", "min_notice": "1 day"},
            (
                "min_notice (24 hours) is not shorter than the offset (24 hours), so it would never be sent on "
                "time: shorten min_notice"
            ),
        ),
        (
            {"before": "1 day", "min_notice": "24 hours"},
            (
                "min_notice (24 hours) is not shorter than the offset (24 hours), so it would never be sent on "
                "time: shorten min_notice"
            ),
        ),
        (
            {"before": "2 hours", "min_notice": "3 hours"},
            (
                "min_notice (3 hours) is not shorter than the offset (2 hours), so it would never be sent on "
                "time: shorten min_notice"
            ),
        ),
        ({"before": "1 day", "min_notice": "soon"}, f"min_notice cannot be read ('soon'): {EXAMPLE}"),
        ({"before": "1 day", "min_silence": 5}, f"min_silence must have a unit, and 5 has none: {EXAMPLE}"),
        ({"before": "1 day", "spread": "soon"}, f"spread cannot be read ('soon'): {EXAMPLE}"),
        (
            {"before": "1 hour", "spread": "1 hour"},
            "spread (1 hour) reaches the start: shorten it to less than the offset",
        ),
        (
            {"before": "1 hour", "spread": "30 minutes", "min_notice": "30 minutes"},
            "spread (30 minutes) reaches the start: shorten it to less than the offset",
        ),
        ({"after": "1 hour", "spread": "25 hours"}, "spread (25 hours) is longer than a day: shorten it"),
        ({"before": "1 day", "if_holiday": "skip"}, "if_holiday ('skip') goes with weekday or days_before only"),
        (
            {"business_days_before": 1, "if_holiday": "before"},
            "if_holiday ('before') goes with weekday or days_before only",
        ),
        (
            {"weekday": "fri", "at": "18:00", "if_holiday": "after"},
            "if_holiday cannot be 'after': write 'before' or 'skip'",
        ),
        ({"before": "1 day", "clock": "mine"}, "clock cannot be 'mine': write 'place' or 'reader'"),
        ({"before": "1 day", "anchor": "middle"}, "anchor cannot be 'middle': write 'start' or 'end'"),
        ({"after_booking": "1 hour", "anchor": "start"}, "anchor cannot be 'start': write 'booking'"),
        ({"after_change": "1 hour", "anchor": "end"}, "anchor cannot be 'end': write 'change'"),
        (
            {"before": "1 day", "if_late": "never"},
            "if_late cannot be 'never': write 'clamp' or 'skip' or 'next rule' or { skip_after = \"6 hours\" }",
        ),
        (
            {"before": "1 day", "if_late": {"skip_after": "soon"}},
            f"if_late.skip_after cannot be read ('soon'): {EXAMPLE}",
        ),
        (
            {"before": "1 day", "if_late": {"skip": "1 hour"}},
            (
                "if_late cannot be {'skip': '1 hour'}: write 'clamp' or 'skip' or 'next rule' or { skip_after = "
                '"6 hours" }'
            ),
        ),
        ({"before": "1 day", "if_far": "never"}, "if_far cannot be 'never': write 'hold' or 'clamp' or 'skip'"),
        ({"before": "1 day", "shift": "never"}, "shift cannot be 'never': write 'earlier' or 'later'"),
        ({"before": "1 day", "channel": "fax"}, "channel cannot be 'fax': write 'sms' or 'mms'"),
        ({"before": "1 day", "media_urls": ["https://a.example"]}, 'media_urls and subject need channel = "mms"'),
        ({"before": "1 day", "subject": "Hi"}, 'media_urls and subject need channel = "mms"'),
        ({"before": "1 day", "channel": "mms", "subject": 7}, "subject must be a text (7)"),
        (
            {"before": "1 day", "channel": "mms", "media_urls": [""]},
            "media_urls must be addresses of pictures (''): [\"https://…\"]",
        ),
        (
            {"before": "1 day", "channel": "mms", "media_urls": [7]},
            'media_urls must be addresses of pictures (7): ["https://…"]',
        ),
        (
            {"before": "1 day", "channel": "mms", "media_urls": 7},
            'media_urls must be addresses of pictures (7): ["https://…"]',
        ),
        ({"before": "1 day", "when": 7}, "when must be a function (appointment, recipient) -> bool (7)"),
        ({"before": "1 day", "empty": ""}, 'empty is "error", "blank" or what to say instead (\'\')'),
        ({"before": "1 day", "empty": " "}, 'empty is "error", "blank" or what to say instead (\' \')'),
        ({"before": "1 day", "empty": 7}, 'empty is "error", "blank" or what to say instead (7)'),
        ({"before": "1 day", "max_parts": 0}, "max_parts must be a whole number from 1 up (0)"),
        ({"before": "1 day", "max_parts": 1.0}, "max_parts must be a whole number from 1 up (1.0)"),
        ({"before": "1 day", "max_parts": True}, "max_parts must be a whole number from 1 up (True)"),
        (
            {"before": "1 day", "only": {"status": "cancelled"}},
            'only.status names "cancelled", and nobody is reminded of what is cancelled: leave it out',
        ),
        (
            {"before": "1 day", "only": {"status": ["completed", "no_show"]}},
            (
                "only.status names 'completed' and 'no_show', which nothing is before its start: make it a "
                'follow-up (after = "1 hour")'
            ),
        ),
        (
            {"before": "1 day", "only": {"status": ["no_show"]}},
            (
                "only.status names 'no_show', which nothing is before its start: make it a follow-up (after = "
                '"1 hour")'
            ),
        ),
        (
            {"before": "1 day", "only": {"tags": "a"}, "unless": {"tags": ["a", "b"]}},
            "unless.tags excepts all that only.tags names: it is for nobody",
        ),
        (
            {"before": "1 day", "only": {"title": "a"}, "unless": {"title": ["a", "b"]}},
            "unless.title excepts all that only.title names: it is for nobody",
        ),
        (
            {"before": "1 day", "min_booking_lead": "2 days", "max_booking_lead": "1 day"},
            (
                "min_booking_lead (48 hours) is not shorter than max_booking_lead (24 hours), so no appointment "
                "would ever fit: exchange them, or leave one out"
            ),
        ),
        ({"before": "1 day", "min_booking_lead": "soon"}, f"min_booking_lead cannot be read ('soon'): {EXAMPLE}"),
        ({"before": "1 day", "max_booking_lead": "soon"}, f"max_booking_lead cannot be read ('soon'): {EXAMPLE}"),
        ({"before": "1 day", "text": 7}, 'text must be a text or a table of texts by locale (7): { en = "…" }'),
        ({"before": "1 day", "text": {}}, 'text must be a text or a table of texts by locale ({}): { en = "…" }'),
        ({"before": "1 day", "text": {"mms": "Hi"}}, 'text has none for channel = "sms": add text.sms'),
        (
            {"before": "1 day", "text": {"sms": {}}},
            'text.sms must be a text or a table of texts by locale ({}): { en = "…" }',
        ),
        (
            {"before": "1 day", "text": {"sms": 7}},
            'text.sms must be a text or a table of texts by locale (7): { en = "…" }',
        ),
        ({"before": "1 day", "text": {7: "Hi"}}, "text.7 must be a text ('Hi')"),
        ({"before": "1 day", "text": {"en": 7}}, "text.en must be a text (7)"),
        (
            {"before": "1 day", "text": {"en": "Hi", "mms": "Hi"}},
            'text mixes texts by channel (mms) and by locale: write { mms = { en = "…" } }',
        ),
        (
            {"before": "1 day", "late_text": 7},
            'late_text must be a text or a table of texts by locale (7): { en = "…" }',
        ),
        ({"before": "1 day", "together": 7}, 'together must be a text or a table of texts by locale (7): { en = "…" }'),
        ({"before": "1 day", "only": "x"}, "only must be a table ('x'): write { tags = [\"dental\"] }"),
        ({"before": "1 day", "unless": "x"}, "unless must be a table ('x'): write { tags = [\"dental\"] }"),
        ({"before": "1 day", "only": {"tagz": "x"}}, "only: unknown condition 'tagz': did you mean 'tags'?"),
        (
            {"before": "1 day", "unless": {"xyz": "x"}},
            (
                "unless: unknown condition 'xyz': known are data, location, recipient, replied, resource, "
                "source, status, tags, title"
            ),
        ),
    ],
    ids=lambda value: value[:60] if isinstance(value, str) else "",
)
def test_a_rule_that_contradicts_itself_says_what_is_wrong_and_what_is_right(keys, said):
    """After the rule's id: the key, the value, and the remedy."""
    with pytest.raises(InvalidRuleError) as caught:
        Rule("r", **{"text": "Hi", **keys})
    assert str(caught.value) == f"rule 'r': {said}"


@pytest.mark.parametrize(
    ("kind", "make", "said"),
    [
        (InvalidRuleError, lambda: Rule(""), "a rule needs an id, a text such as \"day-before\" ('')"),
        (InvalidRuleError, lambda: Rule(None), 'a rule needs an id, a text such as "day-before" (None)'),
        (InvalidRuleError, lambda: Rule(7), 'a rule needs an id, a text such as "day-before" (7)'),
        (InvalidRuleError, lambda: Rule.from_mapping(7), "rule must be a table (7)"),
        (InvalidRuleError, lambda: Rule.from_mapping({"before": "1 day"}), 'rule has no id: write id = "day-before"'),
        (
            InvalidRuleError,
            lambda: Rule.from_mapping({"before": "1 day"}, "rules[2]"),
            'rules[2] has no id: write id = "day-before"',
        ),
        (
            InvalidRuleError,
            lambda: Rule.from_mapping({"id": "r", "befor": "1 day"}, "rules[2]"),
            "rules[2]: unknown key 'befor': did you mean 'before'?",
        ),
        (
            InvalidRuleError,
            lambda: Rule.from_mapping({"id": "r"}, "rules[2]"),
            f"rules[2]: rule 'r': nothing says when: {KEYS}",
        ),
        (
            InvalidRuleError,
            lambda: local_time("6 pm", "rule: at"),
            "rule: at is no local time ('6 pm'): write \"18:00\"",
        ),
        (
            InvalidRuleError,
            lambda: local_time(18, "rule: at"),
            'rule: at must be a local time without zone (18): write "18:00"; the zone is the appointment\'s',
        ),
        (
            InvalidRuleError,
            lambda: local_time(time(18, tzinfo=UTC), "rule: at"),
            (
                "rule: at must be a local time without zone (datetime.time(18, 0, "
                'tzinfo=datetime.timezone.utc)): write "18:00"; the zone is the appointment\'s'
            ),
        ),
        (InvalidRuleError, lambda: weekday_number("someday", "w"), "w is no weekday ('someday'): write \"friday\""),
        (InvalidRuleError, lambda: Offset.parse("0 days"), f"offset is zero ('0 days'): {EXAMPLE}"),
        (
            InvalidRuleError,
            lambda: parse_length("9" * 400 + " weeks", "it"),
            f"it is more than ten years ('9999999999999999999999999999999999999999'): {EXAMPLE}",
        ),
        (InvalidRuleError, lambda: parse_length(True, "it"), f"it must have a unit, and True has none: {EXAMPLE}"),
        (InvalidInputError, lambda: QuietHours("21", "08:00"), "quiet_hours: '21' is no local time: write \"21:00\""),
        (
            InvalidInputError,
            lambda: QuietHours("24:01", "08:00"),
            "quiet_hours: '24:01' is no local time: write \"21:00\"",
        ),
        (
            InvalidInputError,
            lambda: QuietHours("21:60", "08:00"),
            "quiet_hours: '21:60' is no local time: write \"21:00\"",
        ),
        (
            InvalidInputError,
            lambda: QuietHours("21:00:30", "08:00"),
            "quiet_hours: '21:00:30' is no local time: write \"21:00\"",
        ),
        (
            InvalidInputError,
            lambda: QuietHours("21:0", "08:00"),
            "quiet_hours: '21:0' is no local time: write \"21:00\"",
        ),
        (
            InvalidInputError,
            lambda: QuietHours("2x:00", "08:00"),
            "quiet_hours: '2x:00' is no local time: write \"21:00\"",
        ),
        (
            InvalidInputError,
            lambda: QuietHours("21:xx", "08:00"),
            "quiet_hours: '21:xx' is no local time: write \"21:00\"",
        ),
        (
            InvalidInputError,
            lambda: QuietHours("21:00", "25:00"),
            "quiet_hours: '25:00' is no local time: write \"21:00\"",
        ),
        (
            InvalidInputError,
            lambda: QuietHours("21:00", "21:00:00"),
            (
                'quiet_hours begin and end at 21:00: write "00:00" to "24:00" for a whole day, or leave '
                "quiet_hours out for none"
            ),
        ),
        (
            InvalidInputError,
            lambda: QuietHours("21:00", "08:00", on="sundays"),
            "quiet_hours.on cannot be 'sundays': write on = \"holidays\", or leave it out",
        ),
        (
            InvalidInputError,
            lambda: QuietHours("21:00", "08:00", days=[]),
            'quiet_hours.days is empty: name weekdays, or leave it out for all ("daily")',
        ),
        (
            InvalidInputError,
            lambda: QuietHours("21:00", "08:00", days="never"),
            'quiet_hours.days is no weekday (\'never\'): write "friday", or "weekdays", "weekends"',
        ),
        (
            InvalidInputError,
            lambda: QuietHours("21:00", "08:00", also=7),
            'quiet_hours: 7 is no table: write { start = "21:00", end = "08:00" }',
        ),
        (
            InvalidInputError,
            lambda: QuietHours("21:00", "08:00", countries=7),
            'quiet_hours: unknown country 7: use two letters such as "US" or "CA"',
        ),
        (
            InvalidInputError,
            lambda: QuietHours("21:00", "08:00", countries="XX"),
            'quiet_hours: unknown country \'XX\': use two letters such as "US" or "CA"',
        ),
        (
            InvalidInputError,
            lambda: QuietHours("21:00", "08:00", countries={"FR": 7}),
            'quiet_hours: 7 is no table: write { start = "21:00", end = "08:00" }',
        ),
        (
            InvalidInputError,
            lambda: QuietHours("21:00", "08:00", countries={"FR": QuietHours("20:00", "09:00", countries="US")}),
            "quiet_hours.countries: a country's quiet hours have no countries of their own",
        ),
        (
            InvalidInputError,
            lambda: QuietHours.from_mapping({}),
            (
                'quiet_hours has the keys none: it takes start = "21:00" and end = "08:00", and optionally '
                'days, on, also and countries; or country = "US" and countries'
            ),
        ),
        (
            InvalidInputError,
            lambda: QuietHours.from_mapping({"start": "21:00"}),
            (
                'quiet_hours has the keys start: it takes start = "21:00" and end = "08:00", and optionally '
                'days, on, also and countries; or country = "US" and countries'
            ),
        ),
        (
            InvalidInputError,
            lambda: QuietHours.from_mapping({"start": "21:00", "end": "08:00", "until": "x"}),
            (
                'quiet_hours has the keys end, start, until: it takes start = "21:00" and end = "08:00", and '
                'optionally days, on, also and countries; or country = "US" and countries'
            ),
        ),
        (
            InvalidInputError,
            lambda: QuietHours.from_mapping({"country": "US", "start": "x"}),
            (
                'quiet_hours has the keys country, start: it takes start = "21:00" and end = "08:00", and '
                'optionally days, on, also and countries; or country = "US" and countries'
            ),
        ),
        (
            InvalidInputError,
            lambda: QuietHours.for_country("XX"),
            'quiet_hours: unknown country \'XX\': use two letters such as "US" or "CA"',
        ),
        (
            ConfigurationError,
            lambda: QuietHours("21:00", "08:00", on="holidays").with_days_off(Defaults()),
            'quiet_hours: on = "holidays" means no day: name calendars (holidays = ["US"]) or closed_days',
        ),
        (
            ConfigurationError,
            lambda: Defaults(holidays=7),
            'holidays must be names of calendars in quotes, not 7: write ["US-NY"]',
        ),
        (
            ConfigurationError,
            lambda: Defaults(holidays=[7]),
            'holidays must be names of calendars in quotes, not 7: write ["US-NY"]',
        ),
        (
            ConfigurationError,
            lambda: Defaults(holidays={"US": 1}),
            "holidays must be a list, not {'US': 1}: write [\"US\"]",
        ),
        (ConfigurationError, lambda: Defaults(holidays=None), 'holidays must be a list, not None: write ["US"]'),
        (
            ConfigurationError,
            lambda: Defaults(holidays="XX"),
            (
                "holidays: none are known for 'XX' (Country XX not available): write a country, or one with its "
                'region: "US-NY"'
            ),
        ),
        (
            ConfigurationError,
            lambda: Defaults(holidays="US-XX"),
            (
                "holidays: none are known for 'US-XX' (Entity `US` does not have subdivision XX): write a "
                'country, or one with its region: "US-NY"'
            ),
        ),
        (
            ConfigurationError,
            lambda: Defaults(closed_days="soon"),
            "closed_days must be days, not 'soon': write [\"2026-12-24\"]",
        ),
        (ConfigurationError, lambda: Defaults(closed_days=7), 'closed_days must be days, not 7: write ["2026-12-24"]'),
        (
            ConfigurationError,
            lambda: Defaults(closed_days=[datetime(2026, 1, 1)]),
            'closed_days must be days, not datetime.datetime(2026, 1, 1, 0, 0): write ["2026-12-24"]',
        ),
        (
            ConfigurationError,
            lambda: Defaults(closed_days=None),
            'closed_days must be a list, not None: write ["2026-12-24"]',
        ),
        (
            ConfigurationError,
            lambda: Defaults(closed_days=b"x"),
            "closed_days must be a list, not b'x': write [\"2026-12-24\"]",
        ),
        (
            ConfigurationError,
            lambda: Defaults(weekend="soon"),
            'weekend: \'soon\' is no weekday: write ["saturday", "sunday"]',
        ),
        (
            ConfigurationError,
            lambda: Defaults(weekend=range(7)),
            "weekend names all seven days, which leaves no business day: leave one out",
        ),
        (ConfigurationError, lambda: Defaults(weekend=7), 'weekend: 7 is no weekday: write ["saturday", "sunday"]'),
        (ConfigurationError, lambda: Defaults(weekend=-1), 'weekend: -1 is no weekday: write ["saturday", "sunday"]'),
        (
            ConfigurationError,
            lambda: Defaults(weekend=True),
            'weekend: True is no weekday: write ["saturday", "sunday"]',
        ),
        (
            ConfigurationError,
            lambda: Defaults(weekend=None),
            'weekend must be a list, not None: write ["saturday", "sunday"]',
        ),
        (
            ConfigurationError,
            lambda: Defaults(must_say=[" "]),
            'must_say must be words, not \' \': write ["Harbour Clinic", "STOP"]',
        ),
        (
            ConfigurationError,
            lambda: Defaults(must_say=7),
            'must_say must be words, not 7: write ["Harbour Clinic", "STOP"]',
        ),
        (
            ConfigurationError,
            lambda: Defaults(must_say=None),
            'must_say must be a list, not None: write ["Harbour Clinic", "STOP"]',
        ),
        (ConfigurationError, lambda: Defaults(transliterate=1), "transliterate must be true or false, not 1"),
        (
            InvalidInputError,
            lambda: Defaults(timezone="Nowhere"),
            "unknown time zone 'Nowhere': use an IANA name such as 'America/New_York'",
        ),
        (
            InvalidInputError,
            lambda: Window(m(-1), m(5), m(0)),
            "a provider's window has a negative length: give all four as zero or more",
        ),
        (
            InvalidInputError,
            lambda: Window(m(1), m(-5), m(0)),
            "a provider's window has a negative length: give all four as zero or more",
        ),
        (
            InvalidInputError,
            lambda: Window(m(1), m(5), m(-1)),
            "a provider's window has a negative length: give all four as zero or more",
        ),
        (
            InvalidInputError,
            lambda: Window(m(1), m(5), m(1), m(-1)),
            "a provider's window has a negative length: give all four as zero or more",
        ),
        (
            InvalidInputError,
            lambda: Window(m(5), m(5), m(0)),
            (
                "a provider's window of 5 minutes to 5 minutes ahead leaves no room between its margins of 30 "
                "seconds: lengthen max_lead (schedule_ahead)"
            ),
        ),
        (
            InvalidInputError,
            lambda: Window(m(5), m(7), m(0), timedelta(seconds=61)),
            (
                "a provider's window of 5 minutes to 7 minutes ahead leaves no room between its margins of 1 "
                "minute 1 second: lengthen max_lead (schedule_ahead)"
            ),
        ),
        (
            InvalidRuleError,
            lambda: Notice.read(7, "correction"),
            'correction must be a text, or { text = "…", after = "10 minutes" } (int)',
        ),
        (
            InvalidRuleError,
            lambda: Notice.read({"text": "Hi", "when": "x"}, "correction"),
            'correction must be a text, or { text = "…", after = "10 minutes" } (dict)',
        ),
        (
            InvalidRuleError,
            lambda: Notice.read({"after": "1 hour"}, "correction"),
            'correction must be a text, or { text = "…", after = "10 minutes" } (dict)',
        ),
        (
            InvalidRuleError,
            lambda: cancellation_notice({"text": "Hi", "after": "soon"}, "cancellation"),
            f"cancellation.after cannot be read ('soon'): {EXAMPLE}",
        ),
        (
            ConfigurationError,
            lambda: SenderCondition.read({"rul": "x"}, "sender"),
            "sender: unknown key 'rul': did you mean 'rule'?",
        ),
        (
            ConfigurationError,
            lambda: SenderCondition.read({"country": "XX"}, "sender"),
            'sender: unknown country \'XX\': use two letters such as "US" or "GB"',
        ),
        (
            ConfigurationError,
            lambda: SenderCondition.read({"channel": ["fax", "sms", "tty"]}, "sender"),
            "sender: channel cannot be 'fax': write 'sms' or 'mms'",
        ),
        (
            ConfigurationError,
            lambda: SenderCondition.read({"source": []}, "sender"),
            'sender.source must name one or more ([]): write ["dental"]',
        ),
        (
            ConfigurationError,
            lambda: SenderCondition.read({"rule": ""}, "sender"),
            "sender: rule must be one or more words in quotes, not ''",
        ),
        (
            ConfigurationError,
            lambda: SenderCondition.read({"rule": []}, "sender"),
            "sender: rule is empty: name one or more, or leave it out",
        ),
        (
            ConfigurationError,
            lambda: SenderCondition.read({"rule": 7}, "sender"),
            "sender: rule must be one or more words in quotes, not 7",
        ),
        (
            ConfigurationError,
            lambda: SenderCondition.read({"rule": ["a", 7]}, "sender"),
            "sender: rule must be one or more words in quotes, not ['a', 7]",
        ),
        (
            ConfigurationError,
            lambda: SenderCondition.read({"rule": ["a", ""]}, "sender"),
            "sender: rule must be one or more words in quotes, not ['a', '']",
        ),
        (
            InvalidRuleError,
            lambda: Condition.read({"data": {}}, "only"),
            "only.data must be a table ({}): write { confirmed = true }",
        ),
        (
            InvalidRuleError,
            lambda: Condition.read({"tags": [7]}, "only"),
            "only.tags must be text (7): write it in quotes",
        ),
        (
            InvalidRuleError,
            lambda: Condition.read({"status": ["confirmd"]}, "only"),
            "only.status: unknown status 'confirmd': did you mean 'confirmed'?",
        ),
    ],
    ids=lambda value: value[:60] if isinstance(value, str) else "",
)
def test_what_cannot_be_meant_is_refused_in_words_that_name_it(kind, make, said):
    """Whoever reads the error finds the place, what stands there, and what to write instead."""
    with pytest.raises(kind) as caught:
        make()
    assert (type(caught.value), str(caught.value)) == (kind, said)
