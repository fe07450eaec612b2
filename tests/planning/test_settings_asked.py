"""What is asked of settings: how far they reach, who may be written to, and whose a message or a reminder is."""

from __future__ import annotations

from datetime import timedelta

import pytest
from attrs import evolve

from reminder_kit.model.consent import Writer
from reminder_kit.model.rule_sets import RuleSet
from reminder_kit.rules.notices import Notice
from reminder_kit.rules.reminders import reminders_of
from reminder_kit.rules.rule import Rule
from reminder_kit.rules.senders import SenderCondition
from tests.factories import DAY, EVENING, NUMBER, SENDER, WINDOW, message_of, settings_of, visit

PLAIN = settings_of(DAY)
HOUR, NONE = timedelta(hours=1), timedelta(0)
OTHER, THIRD = "+12025550177", "+12025550188"
SPARE = evolve(PLAIN, provider="twilio", sender=OTHER)
QUIET = Rule("quiet", before="2 hours", text="x", min_silence="3 hours")
(REMINDER,) = reminders_of(visit("A"), [DAY], PLAIN.defaults)
MESSAGE = message_of(visit("A"), PLAIN)


@pytest.mark.parametrize(
    ("settings", "spacing", "traffic", "combines", "neighbours"),
    [
        (PLAIN, NONE, NONE, False, False),
        (evolve(PLAIN, min_gap=HOUR), HOUR, HOUR, False, True),
        (settings_of(DAY, QUIET), 3 * HOUR, 3 * HOUR, False, True),
        (settings_of(QUIET, min_gap=4 * HOUR), 4 * HOUR, 4 * HOUR, False, True),
        (settings_of(), NONE, NONE, False, False),
        (evolve(PLAIN, max_per_day=1), NONE, 27 * HOUR, False, True),
        (evolve(PLAIN, max_per_day=1, min_gap=30 * HOUR), 30 * HOUR, 30 * HOUR, False, True),
        (settings_of(DAY, EVENING), NONE, NONE, True, True),
    ],
    ids=["nothing", "a gap", "silence", "a longer gap", "no rules", "a day's limit", "both", "together"],
)
def test_how_far_others_matter(settings, spacing, traffic, combines, neighbours):
    """The longest of gap and silences; for a day's limit the longest day that there was, and then some."""
    assert (settings.spacing_reach, settings.traffic_reach) == (spacing, traffic)
    assert (settings.combines, settings.needs_neighbours) == (combines, neighbours)


def test_moves_are_asked_for_where_any_rule_counts_from_one():
    """One of several is enough."""
    assert settings_of(DAY, Rule("m", after_change="1 minute", text="x")).counts_moves
    assert not PLAIN.counts_moves


def test_days_are_counted_by_the_kits_zone_or_utc():
    """Where none is said."""
    assert PLAIN.day_zone == "America/New_York"
    assert evolve(PLAIN, defaults=evolve(PLAIN.defaults, timezone=None)).day_zone == "UTC"


@pytest.mark.parametrize(
    ("only_to", "to", "may"),
    [
        (None, NUMBER, True),
        (None, "ada@clinic.example", True),
        ((), NUMBER, False),
        ((NUMBER,), NUMBER, True),
        (("+1202",), NUMBER, True),
        (("+44", "+1202"), NUMBER, True),
        (("+44",), NUMBER, False),
        (("ada@clinic.example",), "ada@clinic.example", True),
        (("ada",), "ada@clinic.example", False),
        (("P-",), "P-1", True),
    ],
)
def test_who_may_be_written_to(only_to, to, may):
    """Numbers that are given, or begin so; an address only as a whole."""
    assert evolve(PLAIN, only_to=only_to).may_write_to(to) is may


def test_where_messages_come_from_and_who_writes_is_told_by_name():
    """Each part by itself."""
    settings = evolve(PLAIN, account="a", senders=frozenset({"s"}), holds_unclear=True)
    assert settings.origin == {"provider": "telnyx", "account": "a", "sender": SENDER}
    assert settings.writer == Writer(frozenset({"s"}), True)


BRITISH = evolve(PLAIN, sender=THIRD)
SEVERAL = evolve(PLAIN, others=((SenderCondition(rules=("day-before",)), BRITISH),), fallback=SPARE)


@pytest.mark.parametrize(
    ("changes", "settings"),
    [
        ({}, SEVERAL),
        ({"sender": THIRD}, BRITISH),
        ({"provider": "twilio", "sender": OTHER}, SPARE),
        ({"provider": "twilio", "sender": "old"}, SPARE),
        ({"provider": "telnyx", "sender": "old"}, SEVERAL),
        ({"provider": "gone", "sender": OTHER}, SEVERAL),
        ({"provider": "twilio", "sender": THIRD}, SPARE),
    ],
)
def test_a_message_is_of_the_settings_it_was_parked_by(changes, settings):
    """By provider and sender; of a sender that is none any more, those of its provider."""
    assert SEVERAL.of(evolve(MESSAGE, **changes)) is settings
    assert PLAIN.of(evolve(MESSAGE, **changes)) is PLAIN


def test_of_one_provider_with_a_second_sender_an_old_message_is_of_the_first():
    """Whether or not there are others besides."""
    twin = evolve(PLAIN, fallback=evolve(PLAIN, sender=OTHER))
    assert twin.of(evolve(MESSAGE, sender="old")) is twin
    assert twin.of(evolve(MESSAGE, sender=OTHER)) is twin.fallback
    alone = evolve(SEVERAL, fallback=None)
    assert alone.of(evolve(MESSAGE, sender="old")) is alone
    assert alone.of(evolve(MESSAGE, provider="twilio", sender=THIRD)) is alone


def test_a_reminder_goes_by_the_first_sender_that_is_for_it_and_may_send_it():
    """A fallback by the second provider; what no other is for by the kit's own."""
    assert SEVERAL.of(REMINDER) is BRITISH
    assert SEVERAL.of(evolve(REMINDER, instead="instead of a message")) is SPARE
    alone = evolve(SEVERAL, fallback=None)
    assert alone.of(evolve(REMINDER, instead="instead of a message")) is BRITISH
    other = evolve(REMINDER, rule=QUIET)
    assert SEVERAL.of(other) is SEVERAL
    closed = evolve(BRITISH, not_to={"US": "no"})
    second = evolve(PLAIN, sender="+12025550199")
    for first, expected in ((closed, second), (evolve(closed, not_to={"GB": "no"}), None)):
        settings = evolve(PLAIN, others=((SenderCondition(), first), (SenderCondition(), second)))
        assert settings.of(REMINDER) is (expected or first)
    pictures = evolve(REMINDER, rule=Rule("day-before", before="1 hour", text="x", channel="mms"))
    texts_only = evolve(BRITISH, sends_mms=False)
    settings = evolve(PLAIN, others=((SenderCondition(), texts_only),))
    assert settings.of(pictures) is settings
    assert settings.of(REMINDER) is texts_only
    nobody = evolve(REMINDER, recipient=None)
    assert settings.of(nobody) is texts_only
    for country, expected in (("US", BRITISH), ("GB", None)):
        settings = evolve(PLAIN, others=((SenderCondition(countries=(country,)), BRITISH),))
        assert settings.of(REMINDER) is (expected or settings)


def test_a_set_of_rules_has_their_versions_by_name_and_whether_alarms_count():
    """Where there is any rule."""
    for alarms in ("ignore", "rules", "only"):
        found = settings_of(QUIET, DAY, alarms=alarms).rule_set
        assert found == RuleSet(
            found.digest, (("day-before", DAY.version), ("quiet", QUIET.version)), alarms=alarms != "ignore"
        )
        assert not settings_of(alarms=alarms).rule_set.alarms
    assert len(PLAIN.rule_set.digest) == len(PLAIN.digest) == 32


def test_each_part_of_the_fallback_and_the_senders_is_weighed():
    """Its provider, sender and window, and of a channel what it reaches and says above."""
    mail = evolve(SPARE, reaches="email")
    several = [
        PLAIN,
        evolve(PLAIN, fallback=SPARE),
        evolve(PLAIN, fallback=evolve(SPARE, provider="other")),
        evolve(PLAIN, fallback=evolve(SPARE, sender=THIRD)),
        evolve(PLAIN, fallback=evolve(SPARE, window=evolve(WINDOW, margin=HOUR))),
        evolve(PLAIN, fallback=mail),
        evolve(PLAIN, fallback=evolve(mail, reaches="phone")),
        evolve(PLAIN, fallback=evolve(mail, subject="x")),
        evolve(PLAIN, only_to=("x",)),
        evolve(PLAIN, correction=Notice("x")),
        evolve(PLAIN, cancellation=Notice("x")),
    ]
    assert len({settings.digest for settings in several}) == len(several)
    assert evolve(SPARE, subject="x").as_fallback == SPARE.as_fallback == ("twilio", OTHER, repr(WINDOW))
    assert mail.as_fallback == ("twilio", OTHER, repr(WINDOW), "email", "")


def test_the_names_of_its_own_senders_are_told_already():
    """Only those of a pool of numbers make a difference."""
    known = evolve(SEVERAL, senders=frozenset())
    assert evolve(SEVERAL, senders=frozenset({SENDER, OTHER, THIRD})).digest == known.digest
    digests = {evolve(SEVERAL, senders=frozenset(pool)).digest for pool in ((), ("pool",), ("pool", "other"))}
    assert len(digests) == 3


@pytest.mark.parametrize("name", ["correction", "cancellation"])
def test_how_long_a_notice_waits_is_weighed(name):
    """Each length by itself, and none."""
    several = [evolve(PLAIN, **{name: Notice("x", minutes * timedelta(minutes=1))}) for minutes in (0, 1, 2)]
    assert len({settings.digest for settings in several}) == 3
    assert len({settings.rule_set.digest for settings in several}) == 3
