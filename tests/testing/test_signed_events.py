"""Signed events for hosts' tests: each provider takes its own, and refuses the forged and the stale."""

from __future__ import annotations

import hmac
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl

import pytest

from reminder_kit.errors import InvalidInputError, SignatureError
from reminder_kit.providers.telnyx.provider import Telnyx
from reminder_kit.providers.twilio.provider import Twilio
from reminder_kit.providers.vonage.provider import Vonage
from reminder_kit.sandbox import Sandbox
from reminder_kit.testing import EVENT_TYPES, TELNYX_PUBLIC_KEY, WEBHOOK_SECRET, signed_event

pytest.importorskip("cryptography")

NOW = datetime(2026, 2, 15, 14, 30, tzinfo=UTC)
URL = "https://example.com/hooks?clinic=7"
PROVIDERS = {
    "telnyx": Telnyx("KEY", "+12025550100", public_key=TELNYX_PUBLIC_KEY),
    "twilio": Twilio("AC" + "1" * 32, WEBHOOK_SECRET, "MG" + "2" * 32, webhook_url=URL),
    "vonage": Vonage("+12025550100", "abcd1234", "SECRET", signature_secret=WEBHOOK_SECRET),
}


def read(provider, signed, now=NOW):
    (event,) = PROVIDERS[provider].events(*signed, now)
    return event


def test_the_public_key_is_the_sandboxs_own():
    """One published key verifies signed events and the sandbox's webhooks alike."""
    assert Sandbox().public_key == TELNYX_PUBLIC_KEY


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("kind", EVENT_TYPES)
def test_each_provider_reads_its_own_events(provider, kind):
    """Every type of event is read back by its provider with type, number and time."""
    event = read(provider, signed_event(provider, kind, number="+12025550123", url=URL, now=NOW))
    assert (event.type, event.number, event.provider) == (kind, "+12025550123", provider)
    assert NOW <= event.occurred_at < NOW + timedelta(seconds=1)
    assert bool(event.code) is (kind == "undelivered" or (kind.startswith("opted") and provider != "vonage"))


def test_replies_of_one_instant_come_in_the_order_they_are_signed():
    """Where a test's clock stands still, a START that is signed after a STOP is later: of the same time a STOP wins."""
    told = [read("telnyx", signed_event("telnyx", kind, now=NOW)) for kind in ("opted_out", "opted_in")]
    assert told[0].occurred_at < told[1].occurred_at
    later = NOW + timedelta(minutes=1)
    assert read("telnyx", signed_event("telnyx", "opted_out", now=later), later).occurred_at == later


@pytest.mark.parametrize("provider", PROVIDERS)
def test_an_event_names_its_message_and_why_it_failed(provider):
    """The provider's id, code and, where the provider echoes it, our token come through."""
    signed = signed_event(provider, "undelivered", provider_id="M-1", token="tok-1", code="777", url=URL, now=NOW)
    event = read(provider, signed)
    assert (event.provider_id, event.code) == ("M-1", "777")
    assert event.token == (None if provider == "twilio" else "tok-1")


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_reply_says_what_it_is_told_to(provider):
    """The text of a reply comes through as it was given."""
    event = read(provider, signed_event(provider, "received", text="Running late", url=URL, now=NOW))
    assert (event.type, event.text) == ("received", "Running late")


@pytest.mark.parametrize("provider", PROVIDERS)
def test_the_same_bytes_are_one_event_and_others_another(provider):
    """An event delivered twice keeps its id; a second event has another."""
    first, second = (signed_event(provider, "received", url=URL, now=NOW) for _ in range(2))
    assert read(provider, first).id == read(provider, first).id != read(provider, second).id


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("kind", EVENT_TYPES)
def test_a_forged_event_is_refused(provider, kind):
    """With `forged`, each type of event of each provider fails its signature."""
    with pytest.raises(SignatureError):
        read(provider, signed_event(provider, kind, url=URL, now=NOW, forged=True))


@pytest.mark.parametrize("provider", ["telnyx", "vonage"])
def test_a_stale_event_is_refused_though_rightly_signed(provider):
    """A stale event is refused as a replay now, and was right ten minutes ago."""
    signed = signed_event(provider, "delivered", now=NOW, stale=True)
    with pytest.raises(SignatureError, match="replay"):
        read(provider, signed)
    assert read(provider, signed, NOW - timedelta(minutes=10)).type == "delivered"


def test_a_secret_of_ones_own_is_signed_with():
    """`secret` replaces the published one, for hosts that test with their own settings."""
    provider = Vonage("+12025550100", "abcd1234", "SECRET", signature_secret="ours")
    assert provider.events(*signed_event("vonage", "delivered", secret="ours", now=NOW), NOW)


def test_without_now_it_is_signed_at_the_machines_time():
    """Without `now` an event is fresh for a host whose clock is the machine's."""
    assert read("telnyx", signed_event("telnyx", "delivered"), datetime.now(UTC)).type == "delivered"


@pytest.mark.parametrize(
    ("arguments", "options", "names"),
    [
        (("pigeon", "delivered"), {}, "telnyx, twilio, vonage"),
        (("telnyx", "eaten"), {}, "delivered"),
        (("twilio", "delivered"), {}, "url"),
        (("twilio", "delivered"), {"url": URL, "stale": True}, "signs no time"),
    ],
)
def test_what_there_is_not_is_refused_by_name(arguments, options, names):
    """An unknown provider or type, and options that a provider has no use for, name the choice."""
    with pytest.raises(InvalidInputError, match=names):
        signed_event(*arguments, **options)


# What others say of them


def counted(monkeypatch):
    """Count comparisons in constant time."""
    calls, compare = [], hmac.compare_digest
    monkeypatch.setattr(hmac, "compare_digest", lambda *pair: calls.append(pair) or compare(*pair))
    return calls


@pytest.mark.parametrize(("provider", "comparisons"), [("twilio", 2), ("vonage", 2)])
def test_shared_secrets_are_compared_in_constant_time(provider, comparisons, monkeypatch):
    """Both of Twilio's addresses, always; Vonage's signature, and the digest of the body."""
    calls = counted(monkeypatch)
    read(provider, signed_event(provider, "delivered", url=URL, now=NOW))
    assert len(calls) == comparisons
    assert all(len(made) == len(given) for made, given in calls[:1])


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_the_official_sdks_take_signed_events_but_no_forged_one():
    """The SDKs of all three providers verify the events as our code does."""
    telnyx, twilio = pytest.importorskip("telnyx"), pytest.importorskip("twilio.request_validator")
    vonage = pytest.importorskip("vonage_jwt")
    with telnyx.Telnyx(api_key="KEY", public_key=TELNYX_PUBLIC_KEY) as client:
        headers, body = signed_event("telnyx", "delivered", provider_id="M-1")
        assert client.webhooks.unwrap(body.decode(), headers=headers).data.payload.id == "M-1"
        for wrong in ({"forged": True}, {"stale": True}):
            headers, body = signed_event("telnyx", "delivered", **wrong)
            with pytest.raises(ValueError, match=r".+"):
                client.webhooks.unwrap(body.decode(), headers=headers)
    for forged in (False, True):
        headers, body = signed_event("twilio", "received", url=URL, forged=forged)
        fields = dict(parse_qsl(body.decode(), keep_blank_values=True))
        validator = twilio.RequestValidator(WEBHOOK_SECRET)
        assert validator.validate(URL, fields, headers["x-twilio-signature"]) is not forged
        headers, _ = signed_event("vonage", "delivered", forged=forged)
        token = headers["authorization"].removeprefix("Bearer ")
        assert vonage.verify_signature(token, WEBHOOK_SECRET) is not forged
