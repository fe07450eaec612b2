"""Blockers field by field: what one is made of, whom it stops, and what each further refusal makes of it."""

from __future__ import annotations

from datetime import timedelta
from itertools import product

import pytest
from attrs import evolve

from reminder_kit.errors import AccountRefusedError, RefusedCredentialError, SenderRefusedError, UnknownRefusalError
from reminder_kit.model.blockers import Blocker, stopping, turn_of, waiting_time
from reminder_kit.model.messages import Draft
from reminder_kit.model.reasons import Reason
from tests.factories import DAY, NUMBER, SENDER, START, message_of, settings_of, visit

MINUTE = timedelta(minutes=1)
MESSAGE = message_of(visit("A-1", day=3), settings_of(DAY), key="k-1")
WORDS = {"provider": "telnyx", "code": "40312", "status": 403}


def met(error, message=MESSAGE, now=START, before=()):
    return Blocker.met(error, message, "acc", now, before)


def unknown(key, **changes):
    return evolve(met(UnknownRefusalError("no", **WORDS)), keys=(key,), **changes)


@pytest.mark.parametrize(
    ("error", "changes"),
    [
        (AccountRefusedError("no", **WORDS), {"known": True}),
        (AccountRefusedError("no", **WORDS, channel="mms"), {"known": True, "channel": "mms"}),
        (SenderRefusedError("no", **WORDS), {"known": True, "elsewhere": True}),
        (RefusedCredentialError("no", **WORDS), {"known": True, "sender": "", "country": ""}),
        (UnknownRefusalError("no", **WORDS), {}),
        (UnknownRefusalError("no", provider="telnyx", status=403), {"code": "403"}),
        (UnknownRefusalError("no", provider="telnyx"), {"code": "UnknownRefusalError"}),
    ],
    ids=["account", "channel", "sender", "credential", "not known", "a status alone", "nothing"],
)
def test_what_a_refusal_says_is_kept_of_it(error, changes):
    """Of a refused key neither sender nor country matter; a code may be missing."""
    expected = Blocker(
        "telnyx", "acc", SENDER, "US", "", "40312", False, False, ("k-1",), START, 1, START + 5 * MINUTE, str(error),
        "20260213140000 k-1",
    )  # fmt: skip
    assert met(error) == evolve(expected, **changes)


def test_who_has_the_soonest_start_is_tried_first():
    """As text that sorts."""
    assert turn_of(START, "k") == "20260210140000 k"


@pytest.mark.parametrize(("attempts", "minutes"), [(1, 5), (2, 15), (3, 30), (4, 60), (5, 60), (99, 60)])
def test_it_is_waited_longer_each_time_up_to_an_hour(attempts, minutes):
    """From the first refusal on."""
    assert waiting_time(attempts) == minutes * MINUTE


def test_a_further_refusal_counts_once_its_wait_is_over():
    """Just then it does; before, only whom it met is added."""
    first = met(UnknownRefusalError("no", **WORDS))
    again = UnknownRefusalError("still no", **WORDS)
    other = evolve(MESSAGE, key="k-2")
    early = met(again, other, first.next_try_at - MINUTE / 60, [first])
    assert early == evolve(first, keys=("k-1", "k-2"))
    late = met(again, other, first.next_try_at, [first])
    assert late == evolve(
        first,
        keys=("k-1", "k-2"),
        attempts=2,
        next_try_at=first.next_try_at + 15 * MINUTE,
        error=str(again),
        tried="20260213140000 k-2",
    )


def test_whoever_meets_it_again_is_last_and_counts_once():
    """Also who met it before another message was taken."""
    known = evolve(unknown("~k-1"), keys=("~k-1", "k-3"))
    assert met(UnknownRefusalError("no", **WORDS), before=[known]).keys == ("k-3", "k-1")
    many = evolve(known, keys=tuple(f"m-{number}" for number in range(50)))
    kept = met(UnknownRefusalError("no", **WORDS), before=[many]).keys
    assert (len(kept), kept[0], kept[-1]) == (50, "m-1", "k-1")


@pytest.mark.parametrize("part", ["provider", "account", "sender", "country", "channel", "code"])
def test_each_part_of_its_origin_makes_it_another_one(part):
    """Nothing else does."""
    one = unknown("k")
    assert len(one.name) == 32
    assert evolve(one, **{part: "x"}).name != one.name
    assert evolve(one, attempts=9, keys=(), error="x", known=True, tried="x").name == one.name


@pytest.mark.parametrize(
    ("keys", "known", "of_account"),
    [
        (("a", "b"), False, False),
        (("a", "b", "c"), False, True),
        (("a", "b", "~c", "~d"), False, False),
        (("a", "b", "c", "~d"), False, True),
        ((), True, True),
    ],
)
def test_a_code_that_three_reminders_meet_is_the_accounts(keys, known, of_account):
    """It then stops everybody; before, those that met it."""
    one = evolve(unknown("x"), keys=keys, known=known)
    assert one.is_of_account is of_account
    assert one.reason is (Reason.WAITING_ACCOUNT if of_account else Reason.WAITING_PROVIDER)
    assert one.stops("z") is of_account
    assert all(one.stops(key.removeprefix("~")) for key in keys)


@pytest.mark.parametrize(
    ("keys", "success", "left"),
    [
        (("a", "b"), "c", ("~a", "~b")),
        (("a", "~b"), "a", ("~b",)),
        (("~a", "b"), "a", ("~b",)),
        (("a",), "a", None),
        (("a", "b", "c"), "z", None),
    ],
)
def test_after_a_success_whoever_met_it_waits_for_itself(keys, success, left):
    """What was the account's is over."""
    found = evolve(unknown("x"), keys=keys).after_success(success)
    assert (found and found.keys) == left


def draft(to=NUMBER, **changes):
    return Draft(to, "Hi", START, **changes)


ASKED = [
    ("telnyx", "acc", SENDER, draft(), True),
    ("twilio", "acc", SENDER, draft(), False),
    ("telnyx", "other", SENDER, draft(), False),
    ("telnyx", "acc", "+12025550101", draft(), False),
    ("telnyx", "acc", SENDER, draft("+442079460000"), False),
]


@pytest.mark.parametrize(("provider", "account", "sender", "one", "like"), ASKED)
def test_a_message_is_like_it_by_provider_account_sender_and_country(provider, account, sender, one, like):
    """Where a blocker names no sender and no country, these two say nothing."""
    assert unknown("k").is_like(provider, account, sender, one) is like
    anywhere = evolve(unknown("k"), sender="", country="")
    assert anywhere.is_like(provider, account, sender, one) is ((provider, account) == ("telnyx", "acc"))


@pytest.mark.parametrize(
    ("channel", "media", "of", "like"),
    [
        (channel, media, of, of in ("", "mms" if media else channel))
        for channel, media, of in product(("sms", "mms"), ((), ("https://x.example/a.png",)), ("", "sms", "mms"))
    ],
)
def test_pictures_make_it_an_mms(channel, media, of, like):
    """Whatever channel the draft names."""
    one = evolve(unknown("k"), channel=of)
    assert one.is_like("telnyx", "acc", SENDER, draft(channel=channel, media_urls=media)) is like


def test_of_several_the_one_that_is_tried_last_is_named():
    """Only of those that stop this reminder and are like this message."""
    first, second = unknown("k"), unknown("k", next_try_at=START + 30 * MINUTE, code="2")
    others = [
        unknown("x", next_try_at=START + 90 * MINUTE),
        unknown("k", provider="x", next_try_at=START + 99 * MINUTE),
    ]
    origin = {"provider": "telnyx", "account": "acc", "sender": SENDER}
    assert stopping([first, second, *others], "k", draft(), **origin) == second
    assert stopping(others, "k", draft(), **origin) is None
    assert stopping([], "k", draft(), **origin) is None
