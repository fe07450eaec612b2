"""What a route knows of its provider: whether it is full, left alone or refuses, and what the ledger is told."""

from __future__ import annotations

from datetime import timedelta

import pytest
from attrs import evolve

from reminder_kit.delivery.accounts import AccountState, account_of
from reminder_kit.delivery.dispatch import ClaimedMessage, DispatchResult, DispatchStatus
from reminder_kit.delivery.exchange import state_of
from reminder_kit.delivery.routes import Route, honours_keys
from reminder_kit.errors import (
    AccountRefusedError,
    ConfigurationError,
    InvalidNumberError,
    OptedOutError,
    QueueFullError,
    RefusedCredentialError,
    RejectedError,
    TransientError,
    UnknownRefusalError,
)
from reminder_kit.model.messages import Draft
from reminder_kit.model.reasons import Reason
from reminder_kit.model.records import Claim, Identity
from reminder_kit.providers.telnyx.provider import Telnyx
from reminder_kit.providers.twilio.provider import Twilio
from reminder_kit.providers.vonage.provider import Vonage
from reminder_kit.rules.window import Window
from tests.factories import ACCOUNT, DAY, NUMBER, SENDER, SERVICE, START, WINDOW, message_of, settings_of, visit

MINUTE = timedelta(minutes=1)
SETTINGS = settings_of(DAY, account="0a0a0a0a")
ABROAD = "+447700900123"


class Never:
    """An IO that nobody may use."""


def route_of(provider=None, settings=SETTINGS):
    return Route(provider or Telnyx("KEY", SENDER), settings, Never())


def message(key="k-1", to=NUMBER, **changes):
    """Return a message of a reminder with this key."""
    made = message_of(visit("A-1"), SETTINGS, key=key, **changes)
    return evolve(made, draft=evolve(made.draft, to=to))


def noted(route, until, cause="503"):
    return {route.outage: (START, {"until": until.isoformat(), "cause": cause})}


def test_a_full_provider_is_left_alone_for_a_minute():
    """It is named, and what was taken back leaves room at once."""
    route = route_of()
    route.check(START)
    route.note_full(START)
    with pytest.raises(QueueFullError, match="telnyx had no room a moment ago") as caught:
        route.check(START + MINUTE - timedelta(seconds=1))
    assert (caught.value.provider, caught.value.code) == ("telnyx", "no_room")
    route.check(START + MINUTE)
    route.note_room()
    route.check(START)


def test_all_who_send_by_an_account_know_the_same_of_it():
    """Another sender beside this one has its own settings, and the same account."""
    route, other = route_of(), Telnyx("KEY", "+12025550101")
    settings = evolve(SETTINGS, sender=other.sender)
    beside = route.beside(other, settings)
    route.note_full(START)
    route.breaker.open(START + MINUTE, TransientError("503"))
    route.skew.ahead = timedelta(minutes=2)
    assert (beside.provider, beside.settings, beside.io, beside.account) == (other, settings, route.io, route.account)
    assert (beside.breaker, beside.skew) == (route.breaker, route.skew)
    with pytest.raises(QueueFullError):
        beside.check(START)


def test_there_is_a_fallback_only_where_all_of_it_is_there():
    """A provider, its settings, and a way to it; whatever was known of its account counts."""
    vonage, io, account = Vonage(SENDER, "k", "KEY"), Never(), AccountState()
    own = evolve(SETTINGS, provider="vonage")
    settings = evolve(SETTINGS, fallback=own)
    assert Route.of(None, settings, io) is None
    assert Route.of(vonage, SETTINGS, io) is None
    assert Route.of(vonage, settings, None) is None
    route = Route.of(vonage, settings, io, account)
    assert (route.provider, route.settings, route.io, route.account) == (vonage, own, io, account)
    assert route.account is account
    assert Route.of(vonage, settings, io).account == AccountState()


@pytest.mark.parametrize(
    ("provider", "window", "asks"),
    [
        (Telnyx("KEY", SENDER), WINDOW, True),
        (Twilio(ACCOUNT, "KEY", SERVICE), WINDOW, True),
        (Vonage(SENDER, "k", "KEY"), WINDOW, False),
        (Telnyx("KEY", SENDER), Window(timedelta(0), timedelta(0), timedelta(0)), False),
    ],
    ids=["telnyx", "twilio", "vonage", "telnyx, sent at once"],
)
def test_a_parked_message_can_be_asked_for(provider, window, asks):
    """Where there is a question for it, and anything is parked at all."""
    assert route_of(provider, evolve(SETTINGS, window=window)).can_look_up is asks


@pytest.mark.parametrize(
    ("ahead", "margin", "then"), [(0, 30, 30), (45, 30, 75), (-45, 30, 75), (45, 0, 0), (29, 30, 30)], ids=str
)
def test_clocks_that_differ_widen_the_margin(ahead, margin, then):
    """Where there is one: what is sent at once keeps from no edge."""
    route = route_of(settings=evolve(SETTINGS, window=evolve(WINDOW, margin=timedelta(seconds=margin))))
    route.skew.ahead = timedelta(seconds=ahead)
    assert route.window == evolve(WINDOW, margin=timedelta(seconds=then))


def test_the_ledger_tells_whether_keys_are_honoured():
    """By the name of this account; another one's says nothing."""
    assert honours_keys(SETTINGS) == "telnyx 0a0a0a0a honours idempotency keys"
    route = route_of()
    route.recall({honours_keys(SETTINGS): (START, {})}, START)
    assert route.honours_keys
    route.recall({honours_keys(evolve(SETTINGS, account="0b0b0b0b")): (START, {})}, START)
    assert not route.honours_keys


def test_an_outage_is_told_once_and_its_end_too():
    """Until when, and why, as the ledger keeps it; what it says already is no news."""
    route = route_of()
    assert route.outage == "telnyx outage"
    assert route.news_of_outage() is None
    for _ in range(10):
        route.breaker.failed(TransientError("no answer"), START)
    until = (START + MINUTE).isoformat()
    assert route.news_of_outage() == {"until": until, "cause": "no answer"}
    assert route.news_of_outage() is None
    route.breaker.answered()
    assert route.news_of_outage() == {}
    assert route.news_of_outage() is None


def test_a_refused_credential_is_no_outage():
    """It is this process's own: another one may have another key."""
    route = route_of()
    route.breaker.failed(RefusedCredentialError("no such key"), START)
    assert route.news_of_outage() is None


def test_what_another_process_noted_is_no_news():
    """And is taken over once: what this one found out since counts, until something else is noted."""
    route = route_of()
    route.recall(noted(route, START + MINUTE), START)
    assert route.news_of_outage() is None
    with pytest.raises(TransientError) as caught:
        route.check(START)
    assert "503" in str(caught.value)
    assert route.breaker.cause.provider == "telnyx"
    route.breaker.answered()
    route.recall(noted(route, START + MINUTE), START)
    assert route.breaker.open_until is None
    route.recall(noted(route, START + 2 * MINUTE, "504"), START)
    assert (route.breaker.open_until, str(route.breaker.cause)) == (START + 2 * MINUTE, "504")
    route.recall(noted(route, START + 3 * MINUTE), START)
    assert route.breaker.open_until == START + 2 * MINUTE


def test_a_note_that_an_outage_is_over_opens_nothing():
    """It has no instant."""
    route = route_of()
    route.recall({route.outage: (START, {})}, START)
    assert (route.breaker.open_until, route.news_of_outage()) == (None, None)


@pytest.mark.parametrize(("late", "left_alone"), [(-1, True), (0, False), (1, False)], ids=str)
def test_an_outage_that_ends_this_moment_is_over(late, left_alone):
    """To who was answered before."""
    route = route_of()
    route.breaker.answered()
    route.recall(noted(route, START + MINUTE), START + MINUTE + timedelta(seconds=late))
    assert (route.breaker.open_until is not None) is left_alone


def test_what_stops_a_draft_stops_it_until_it_may_be_tried():
    """Of this provider and account, sender and country."""
    route = route_of()
    met = route.note_refusal(AccountRefusedError("disabled", code="40312"), message(), START)
    assert route.blockers == (met,)
    assert (met.account, met.provider, met.next_try_at) == ("0a0a0a0a", "telnyx", START + 5 * MINUTE)
    draft = message().draft
    assert route.blocker("k-2", draft, met.next_try_at - timedelta(seconds=1)) == met
    assert route.blocker("k-2", draft, met.next_try_at) is None
    assert route.blocker("k-2", evolve(draft, to=ABROAD), START) is None
    assert route_of().blocker("k-2", draft, START) is None


def test_a_cause_that_is_met_again_is_one():
    """The later state takes the place of the earlier one; another cause stands beside it."""
    route, error = route_of(), AccountRefusedError("disabled", code="40312")
    first = route.note_refusal(error, message(), START)
    again = route.note_refusal(error, message("k-2"), first.next_try_at)
    assert route.blockers == (again,)
    assert (again.attempts, again.keys) == (2, ("k-1", "k-2"))
    other = route.note_refusal(UnknownRefusalError("?", code="49999"), message(), START)
    assert route.blockers == (again, other)


def test_what_the_ledger_knows_of_others_says_nothing_here():
    """Causes of another provider are its own."""
    route = route_of()
    met = route.note_refusal(AccountRefusedError("disabled", code="40312"), message(), START)
    route.know([evolve(met, provider="twilio"), evolve(met, code="40329")])
    assert [blocker.code for blocker in route.blockers] == ["40329"]
    route.know(())
    assert route.blockers == ()


def test_a_message_that_is_taken_ends_what_stopped_it():
    """For its country; what stopped another one stays. What an earlier account met is over, too."""
    route, error = route_of(), AccountRefusedError("disabled", code="40312")
    here = route.note_refusal(error, message(), START)
    abroad = route.note_refusal(error, message(to=ABROAD), START)
    old = evolve(here, account="0b0b0b0b", known=False)
    route.know([here, abroad, old])
    assert route.note_taken(message("k-9")) == {here: None, old: None}
    assert route.blockers == (abroad,)
    assert route.note_taken(message("k-9")) == {}
    assert route.blockers == (abroad,)


def test_what_is_not_known_to_be_the_accounts_stays_for_those_that_met_it():
    """Each waits by itself, and counts no more."""
    route, error = route_of(), UnknownRefusalError("?", code="49999")
    route.note_refusal(error, message("k-1"), START)
    met = route.note_refusal(error, message("k-2"), START)
    left = evolve(met, keys=("~k-2",))
    assert route.note_taken(message("k-1")) == {met: left}
    assert route.blockers == (left,)
    assert route.note_taken(message("k-3")) == {}
    assert route.note_taken(message("k-2")) == {left: None}
    assert route.blockers == ()


def test_an_account_is_known_by_eight_digits():
    """Of its credentials, whoever sends; they say nothing of them. Without any there is none."""
    one = account_of(Telnyx("KEY", SENDER))
    assert account_of(Telnyx("KEY", "+12025550101")) == one
    assert account_of(Telnyx("KEY2", SENDER)) != one
    assert len(one) == 8
    assert int(one, 16) >= 0
    assert account_of(Telnyx(None, SENDER)) == ""
    vonage = Vonage(SENDER, "k", "KEY")
    assert account_of(vonage) == account_of(Vonage(SENDER, "k", "KEY")) != account_of(Vonage(SENDER, "l", "KEY"))


def test_a_provider_that_cannot_name_its_credentials_has_none(monkeypatch):
    """A missing key is told where something is sent, and not here."""
    provider = Telnyx("KEY", SENDER)

    def missing(_self):
        raise ConfigurationError("no key")

    monkeypatch.setattr(Telnyx, "headers", missing)
    assert account_of(provider) == ""
    monkeypatch.setattr(Telnyx, "headers", lambda _self: {"accept": "application/json"})
    nothing = account_of(provider)
    monkeypatch.setattr(Telnyx, "headers", lambda _self: {"authorization": ""})
    assert account_of(provider) == nothing


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (RejectedError("no"), Reason.QUARANTINED),
        (InvalidNumberError("no"), Reason.INVALID_NUMBER),
        (OptedOutError("no"), Reason.OPTED_OUT),
    ],
    ids=["a text", "a number", "a person"],
)
def test_a_refusal_for_good_names_what_is_at_fault(error, reason):
    """The report has it as the reason."""
    kept = message()
    assert DispatchResult.rejected(error, kept) == DispatchResult(DispatchStatus.REJECTED, kept, error, reason)
    assert DispatchResult.rejected(error).message is None


def test_a_claim_holds_for_a_message_as_it_is_now():
    """All else stays as it was handed over."""
    claimed = ClaimedMessage(Claim(1, "w", 2), Identity("default", "A-1"), "r", message())
    later = message("k-2")
    assert claimed.having(later) == ClaimedMessage(claimed.claim, claimed.identity, "r", later)


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("scheduled", "scheduled"),
        ("sent", "sent"),
        ("delivered", "delivered"),
        ("undelivered", "undelivered"),
        ("cancelled", "cancelled"),
        ("unknown", None),
        ("queued", None),
        ("", None),
    ],
)
def test_a_word_that_says_nothing_is_no_state(word, state):
    """Neither one nobody knows, nor the one for that."""
    assert state_of(word) == state


def test_a_draft_of_another_channel_is_not_stopped():
    """What stops pictures lets words through."""
    route = route_of()
    pictures = evolve(message().draft, channel="mms", media_urls=("https://clinic.example/map.png",))
    error = AccountRefusedError("no pictures", code="40308", channel="mms")
    met = route.note_refusal(error, evolve(message(), draft=pictures), START)
    assert route.blocker("k", pictures, START) == met
    assert route.blocker("k", Draft(NUMBER, "See you", START), START) is None
