"""Arguments in code are checked as the same keys of a file are: what can't be meant is refused as it is stated."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from reminder_kit import Appointment, Guard, QuietHours, Recipient, ReminderKit, Rule
from reminder_kit.errors import ConfigurationError, InvalidInputError, InvalidRuleError
from reminder_kit.providers.telnyx import Telnyx
from tests.factories import DAY, NUMBER, SENDER

AT = datetime(2026, 2, 13, 15, tzinfo=UTC)

REFUSED = {
    "region": ({"default_region": "USA"}, "default_region: unknown country 'USA': use two letters"),
    "quiet pair": ({"quiet_hours": ("21:00", "08:00")}, r"quiet_hours must be quiet hours.*QuietHours\("),
    "quiet table": ({"quiet_hours": {"start": "21:00", "end": "08:00", "days": 5}}, "quiet_hours holds a value"),
    "day": ({"max_per_day": 0}, "max_per_day must be a whole number from 1 up"),
    "gap": ({"min_gap": "half an hour"}, "min_gap cannot be read"),
    "rearm": ({"rearm_after": 15}, "rearm_after must have a unit"),
    "guard key": ({"guard": {"max_cancel": 0.5}}, "guard: unknown key 'max_cancel': did you mean 'max_cancel_ratio'"),
    "guard in percent": ({"guard": Guard(max_cancel_ratio=50)}, "max_cancel_ratio must be a number from 0 to 1"),
    "guard number": ({"guard": 0.5}, r"guard must be a guard, not 0.5: write Guard\("),
    "provider name": ({"provider": "telnyx"}, r"provider must be a provider, not 'telnyx': write provider=Telnyx\("),
    "provider class": ({"provider": Telnyx}, "provider must be a provider, not the class Telnyx"),
    "fallback name": ({"fallback": "twilio"}, "fallback must be a provider, not 'twilio'"),
    "one rule": ({"rules": DAY}, "rules must be a list of rules, not one Rule"),
    "no rules": ({"rules": None}, "rules must be a list of rules, not None"),
    "a rule that is none": ({"rules": [DAY, None]}, "holds None"),
    "zone": ({"timezone": "Mars/Base"}, "timezone: unknown time zone 'Mars/Base'"),
    "locale": ({"locale": "xx"}, "locale: unknown locale 'xx'"),
    "unclear": ({"unclear": "wait"}, "unclear cannot be 'wait': write 'tell' or 'hold'"),
    "keywords": ({"replies": ["C"]}, "replies must be a table"),
    "calendar": ({"calendar": {"alarm": "rules"}}, "calendar.*knows no key 'alarm'"),
    "sources": ({"sources": 5}, "sources must be a list"),
    "prices": ({"cost": 0.004}, "cost must be a table"),
    "clock": ({"clock": AT}, "clock must be a function"),
    "flag": ({"suppress_undeliverable": "no"}, "suppress_undeliverable must be true or false"),
    "timeout": ({"timeout": 0}, "timeout must be longer than nothing"),
}


def kit_with(**arguments):
    return ReminderKit(**{"provider": Telnyx("K", SENDER), "rules": [DAY], "ledger": "sqlite://", **arguments})


@pytest.mark.parametrize(("arguments", "said"), REFUSED.values(), ids=REFUSED)
def test_an_argument_that_cannot_be_meant_is_refused_with_its_name_and_the_remedy(arguments, said):
    """The error comes from the constructor, not from the first night's batch job."""
    with pytest.raises(ConfigurationError, match=said):
        kit_with(**arguments)


def test_an_argument_may_be_what_the_same_key_of_a_file_is():
    """Words for lengths of time, tables for guard, quiet hours and calendars, one source without a list."""
    quiet = {"start": "21:00", "end": "08:00"}
    lengths = {"min_gap": "30 minutes", "rearm_after": "20 minutes", "timeout": "20 seconds"}
    kit = kit_with(
        default_region="us", quiet_hours=quiet, guard={"max_changes": 7}, calendar={"alarms": "rules"}, **lengths
    )
    assert (kit.settings.min_gap, kit.settings.rearm_after) == (timedelta(minutes=30), timedelta(minutes=20))
    assert kit.settings.quiet == QuietHours("21:00", "08:00")
    assert (kit.settings.defaults.region, kit.settings.alarms) == ("US", "rules")


def test_a_correction_that_could_never_be_sent_is_refused():
    with pytest.raises(InvalidRuleError, match=r"rule 'correction'.*did you mean 'when'"):
        kit_with(correction="Now {{ whem }}")


@pytest.mark.parametrize(
    "arguments",
    [
        {"rules": [Rule("r", before="1 hour", text="Reply CANCEL to cancel.")]},
        {"correction": "Reply CANCEL to cancel."},
    ],
)
def test_a_text_that_offers_an_opt_out_word_is_told_in_code_too(arguments, caplog):
    """Whoever answers as asked would never be reminded again: the log says so as the kit is made."""
    kit_with(**arguments)
    assert 'asks for the reply "CANCEL", which opts the person out' in caplog.text


def test_an_event_name_that_nothing_is_told_under_is_refused():
    """A misspelt name would be a listener that never hears anything; keywords of one's own are names too."""
    kit = kit_with(replies={"confirm": "C"})
    kit.on("confirm", print)
    for name, meant in (("deliverd", "delivered"), ("confrim", "confirm"), ("Run", "run")):
        with pytest.raises(InvalidInputError, match=f"'{name}': did you mean '{meant}'"):
            kit.on(name, print)
    with pytest.raises(InvalidInputError, match="must be a function"):
        kit.on("run", None)


FIELDS = {
    "no recipients": ({"recipients": None}, "'A': recipients must be Recipients or phone numbers.*not None"),
    "a dict": ({"recipients": [{"phone": NUMBER}]}, "'A': recipients must be.*not a dict"),
    "no tags": ({"tags": None}, "'A': tags must be words"),
    "no data": ({"data": None}, "'A': data must be a dict"),
    "an end before its start": ({"ends_at": AT - timedelta(minutes=1)}, r"'A': ends_at \(2026-02-13T14:59.*is before"),
    "American spelling": ({"status": "canceled"}, "'A': unknown status 'canceled': did you mean 'cancelled'"),
    "capitals": ({"status": "No-Show"}, "did you mean 'no_show'"),
    "words for a flag": ({"all_day": "no"}, "'A': all_day must be True or False"),
}


@pytest.mark.parametrize(("fields", "said"), FIELDS.values(), ids=FIELDS)
def test_an_appointment_says_which_of_its_fields_cannot_be_meant(fields, said):
    with pytest.raises(InvalidInputError, match=said) as caught:
        Appointment("A", AT, **fields)
    assert NUMBER not in str(caught.value)


def test_consent_is_a_yes_or_a_no():
    """A text such as "no" is not taken for a yes; a database's 0 and 1 are."""
    assert (Recipient(NUMBER, opted_in=0).opted_in, Recipient(NUMBER, opted_in=1).opted_in) == (False, True)
    for value in ("no", None):
        with pytest.raises(InvalidInputError, match="opted_in must be True or False"):
            Recipient(NUMBER, opted_in=value)


@pytest.mark.parametrize("verb", ["sync", "plan", "record"])
@pytest.mark.parametrize("handed", [None, "A-1", 5, {"id": "A-1"}], ids=["None", "text", "number", "dict"])
def test_what_is_no_appointment_is_refused_by_every_verb(verb, handed):
    with kit_with() as kit, pytest.raises(InvalidInputError, match="expected an Appointment, or a list"):
        getattr(kit, verb)(handed)
