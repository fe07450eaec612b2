"""Blockers: how long is waited, what a cause stops, and what a success leaves of it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from attrs import evolve

from reminder_kit.errors import AccountRefusedError, RefusedCredentialError, SenderRefusedError, UnknownRefusalError
from reminder_kit.model.blockers import Blocker, stopping, waiting_time
from reminder_kit.model.messages import Draft
from reminder_kit.model.reasons import Reason
from tests.factories import DAY, NUMBER, SENDER, START, message_of, settings_of, visit

ORIGIN = {"provider": "telnyx", "account": "a", "sender": SENDER}


@pytest.fixture
def message():
    """Return a factory of messages, each of a reminder of its own."""

    def make(key="k-1", **changes):
        return message_of(visit("A-1", day=3), settings_of(DAY), key=key, **changes)

    return make


def met(message, error=None, *, now=START, before=()):
    return Blocker.met(error or AccountRefusedError("no", code="40312"), message, "a", now, before)


def draft(to=NUMBER, **changes):
    return Draft(to, "Hi", START, **changes)


@pytest.mark.parametrize(("attempts", "minutes"), [(1, 5), (2, 15), (3, 30), (4, 60), (5, 60), (99, 60)])
def test_the_wait_grows_to_an_hour(attempts, minutes):
    """5, 15, 30, then 60 minutes, and never more."""
    assert waiting_time(attempts) == timedelta(minutes=minutes)


def test_each_refusal_after_its_wait_is_an_attempt(message):
    """One that left at the same time as another is none: it was on its way already."""
    first = met(message())
    assert (first.attempts, first.next_try_at) == (1, START + timedelta(minutes=5))
    assert met(message("k-2"), before=[first]).attempts == 1
    second = met(message("k-2"), now=first.next_try_at, before=[first])
    assert (second.attempts, second.next_try_at) == (2, first.next_try_at + timedelta(minutes=15))
    assert (second.since, second.name) == (START, first.name)


@pytest.mark.parametrize(
    "changes",
    [{"account": "b"}, {"sender": "+12025550101"}, {"provider": "twilio"}],
    ids=["account", "sender", "provider"],
)
def test_another_origin_is_not_stopped(message, changes):
    """The cause is of one provider, account and sender."""
    assert stopping([met(message())], "k-2", draft(), **ORIGIN) is not None
    assert stopping([met(message())], "k-2", draft(), **{**ORIGIN, **changes}) is None


def test_another_country_is_not_stopped(message):
    """The cause is of the country that the message went to."""
    assert stopping([met(message())], "k-2", draft("+447700900123"), **ORIGIN) is None


def test_a_refused_key_stops_whatever_it_is_used_for(message):
    """Any sender and any country: nothing works until the key is mended."""
    blocker = met(message(), RefusedCredentialError("no", code="10009"))
    abroad = {**ORIGIN, "sender": "+12025550101"}
    assert stopping([blocker], "k-2", draft("+447700900123"), **abroad) is blocker


def test_what_is_said_of_mms_stops_mms(message):
    """An SMS from the same sender may go."""
    blocker = met(message(), SenderRefusedError("no", code="40308", channel="mms"))
    assert stopping([blocker], "k-2", draft(), **ORIGIN) is None
    assert stopping([blocker], "k-2", draft(media_urls=("https://clinic.example/a.png",)), **ORIGIN) is blocker
    assert stopping([blocker], "k-2", draft(channel="mms"), **ORIGIN) is blocker


def test_an_unknown_code_is_the_accounts_from_the_third_reminder_on(message):
    """Two reminders wait for themselves; the third makes it the account's, however often the first two met it."""
    blocker, now, reasons = None, START, []
    for key in ("k-1", "k-2", "k-1", "k-2", "k-3"):
        blocker = met(message(key), UnknownRefusalError("?", code="1"), now=now, before=[blocker] if blocker else [])
        reasons.append(blocker.reason)
        now = blocker.next_try_at
    assert reasons == [Reason.WAITING_PROVIDER] * 4 + [Reason.WAITING_ACCOUNT]
    assert (blocker.stops("k-1"), blocker.stops("k-9")) == (True, True)


def test_a_success_ends_what_is_the_accounts(message):
    """Whoever's message was taken: the account is mended."""
    assert met(message()).after_success("k-9") is None


def test_a_success_of_another_sets_the_count_back_and_leaves_the_wait(message):
    """Those that met an unknown code go on waiting by themselves, and three others are needed anew."""
    first = met(message("k-1"), UnknownRefusalError("?", code="1"))
    left = met(message("k-2"), UnknownRefusalError("?", code="1"), before=[first]).after_success("k-9")
    assert (left.stops("k-1"), left.stops("k-2"), left.stops("k-3")) == (True, True, False)
    assert left.next_try_at == first.next_try_at
    third = met(message("k-3"), UnknownRefusalError("?", code="1"), before=[left])
    assert not third.is_of_account
    assert left.after_success("k-1").after_success("k-2") is None
    assert left.after_success("k-9") == left


def test_one_that_waits_and_meets_it_again_counts_again(message):
    """After a success the same reminder is the first of three, and is remembered once."""
    left = met(message("k-1"), UnknownRefusalError("?", code="1")).after_success("k-9")
    again = met(message("k-1"), UnknownRefusalError("?", code="1"), now=left.next_try_at, before=[left])
    assert (again.keys, again.attempts) == (("k-1",), 2)


def test_of_several_the_longest_is_waited_for(message):
    """A message that two causes stop is tried when both are due."""
    short = met(message())
    long = evolve(met(message(), AccountRefusedError("no", code="20100")), next_try_at=START + timedelta(hours=1))
    assert stopping([long, short], "k-2", draft(), **ORIGIN) is long


def test_a_blocker_holds_no_number_and_no_text(message):
    """It is kept for as long as the account is refused, and shown to whoever looks."""
    assert NUMBER not in repr(met(message()))
    assert "Check-up" not in repr(met(message()))
