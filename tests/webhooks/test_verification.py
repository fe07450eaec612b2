"""Facts about what an adapter is handed of a webhook, and what may come out of one: our errors, and no other."""

from __future__ import annotations

import hmac
import json
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from reminder_kit.errors import (
    ConfigurationError,
    InvalidInputError,
    NaiveDatetimeError,
    PayloadError,
    ProviderError,
    SignatureError,
)
from reminder_kit.model.messages import DeliveryEvent
from reminder_kit.providers.telnyx.provider import Telnyx
from reminder_kit.providers.twilio.provider import Twilio
from reminder_kit.providers.vonage.provider import Vonage
from reminder_kit.testing import TELNYX_PUBLIC_KEY, WEBHOOK_SECRET, signed_event
from reminder_kit.webhooks.verification import LARGEST, verified_events

pytest.importorskip("cryptography")

NOW = datetime(2026, 2, 10, 14, tzinfo=UTC)
URL = "https://clinic.example/hooks"
PROVIDERS = {
    "telnyx": Telnyx("KEY", "+12025550100", public_key=TELNYX_PUBLIC_KEY),
    "twilio": Twilio("AC" + "0" * 32, WEBHOOK_SECRET, "MG" + "0" * 32, webhook_url=URL),
    "vonage": Vonage("12025550100", "k", "s", signature_secret=WEBHOOK_SECRET),
}
EACH = pytest.mark.parametrize("name", PROVIDERS)


def letter(name):
    headers, body = signed_event(name, "opted_out", now=NOW, **({"url": URL} if name == "twilio" else {}))
    return dict(headers), body


def taken(name, headers, body):
    return verified_events([PROVIDERS[name]], None, headers, body, NOW)


@EACH
def test_a_genuine_webhook_is_taken_however_its_headers_come(name):
    """Other headers may hold half characters, nothing, bytes or megabytes; names and values may be bytes too."""
    headers, body = letter(name)
    odd = {"x-a": "\ud800", "\udfff": "1", "x-none": None, "x-long": "z" * 5_000_000, "x-bytes": b"\xff"}
    for form in (headers, headers | odd, {key.encode(): value.encode() for key, value in headers.items()}):
        assert taken(name, form, body)[0].type == "opted_out"
    for form in (bytearray(body), memoryview(body)):
        assert taken(name, headers, form)[0].type == "opted_out"


@EACH
@pytest.mark.parametrize(
    "value",
    ["\ud800", "é", "²", "\0", "", None, b"\xff", "A" * 5_000_000, "Bearer \ud800.é.\0", "Bearer " + "." * 9000],
)
def test_a_signature_of_anything_is_a_wrong_one(name, value):
    """Whatever stands in the headers that are looked at, the webhook is refused as not signed, and nothing else."""
    headers, body = letter(name)
    for key in headers:
        if key != "content-type":
            with pytest.raises(SignatureError):
                taken(name, headers | {key: value}, body)


@pytest.mark.parametrize("first", ["telnyx", "twilio"])
def test_a_webhook_that_is_signed_in_its_body_is_anybodys(first):
    """Vonage's SMS API signs by a parameter: as a fallback, too, it is asked where no header says whose a STOP is."""
    fields = {"messageId": "0A1", "msisdn": "12025550123", "text": "STOP", "timestamp": str(int(NOW.timestamp()))}
    signed = "".join(f"&{name}={value}" for name, value in sorted(fields.items()))
    sig = hmac.new(WEBHOOK_SECRET.encode(), signed.encode(), "sha256").hexdigest()
    body = json.dumps({**fields, "sig": sig}).encode()
    (event,) = verified_events([PROVIDERS[first], PROVIDERS["vonage"]], None, {}, body, NOW)
    assert (event.type, event.number) == ("opted_out", "+12025550123")
    with pytest.raises(SignatureError, match=first.title()):
        verified_events([PROVIDERS[first], PROVIDERS["vonage"]], None, {}, body + b" ", NOW - timedelta(hours=1))


@EACH
@pytest.mark.parametrize("body", ["text", None, {}, 5], ids=["text", "none", "parsed", "number"])
def test_a_body_that_is_not_bytes_is_the_callers_mistake(name, body):
    """A body that was decoded or parsed fits no signature: the host is told, not the provider."""
    with pytest.raises(InvalidInputError, match="body is bytes, as they came"):
        taken(name, letter(name)[0], body)


@pytest.mark.parametrize("headers", [None, [("a", "b")], "a: b", 5], ids=["none", "pairs", "text", "number"])
def test_headers_that_are_no_mapping_are_the_callers_mistake(headers):
    """Headers come by name, in whatever class a framework has for them."""
    with pytest.raises(InvalidInputError, match="headers are a mapping"):
        taken("telnyx", headers, b"{}")


@EACH
@pytest.mark.parametrize("url", [b"https://clinic.example/hooks", 5, {"url": URL}], ids=["bytes", "number", "mapping"])
def test_an_address_that_is_no_text_is_the_callers_mistake(name, url):
    """The address that was called is a text, for the providers that don't sign it too."""
    headers, body = letter(name)
    with pytest.raises(InvalidInputError, match="address of a webhook is a text"):
        verified_events([PROVIDERS[name]], None, headers, body, NOW, url=url)


@EACH
def test_the_address_that_was_called_concerns_who_signs_it(name):
    """The host may name it for any webhook: Twilio's is verified with it, the others' without."""
    headers, body = letter(name)
    assert verified_events([PROVIDERS[name]], None, headers, body, NOW, url="/hooks")
    if name == "twilio":
        with pytest.raises(SignatureError):
            verified_events([PROVIDERS[name]], None, headers, body, NOW, url="/elsewhere")


@EACH
def test_megabytes_are_not_looked_at(name):
    """A body beyond any provider's is refused before it is verified or parsed."""
    with pytest.raises(PayloadError, match="no provider's"):
        taken(name, letter(name)[0], b" " * (LARGEST + 1))


class Adapter:
    """Somebody's adapter, which does as it is told."""

    name = "pigeon"
    sender = "+12025550100"
    capabilities = SimpleNamespace(signed_by="", signs_address=False, pool=None)

    def __init__(self, events):
        self.events = lambda _headers, _body, _now: events()


def raising(error):
    def events():
        raise error

    return events


@pytest.mark.parametrize(
    "error",
    [KeyError("+12025550123"), InvalidInputError("x"), NaiveDatetimeError("x"), ProviderError("x"), OverflowError()],
)
def test_what_an_adapter_raises_by_mistake_is_a_payload_that_cannot_be_read(error):
    """The same webhook would never be taken: a 400, not a 500 for which the provider tries again and again."""
    with pytest.raises(PayloadError, match=f"could not read a webhook \\({type(error).__name__} in events, ") as caught:
        verified_events([Adapter(raising(error))], None, {}, b"", NOW)
    assert "5550123" not in str(caught.value)


@pytest.mark.parametrize("error", [SignatureError("x"), PayloadError("x"), ConfigurationError("x")])
def test_what_an_adapter_may_raise_is_raised(error):
    """What the port names is the caller's to answer."""
    with pytest.raises(type(error), match="x"):
        verified_events([Adapter(raising(error))], None, {}, b"", NOW)


@pytest.mark.parametrize("events", [None, 5, "text", [{}], [None], DeliveryEvent("E", "sent", NOW, "pigeon")])
def test_what_is_no_event_is_a_payload_that_cannot_be_read(events):
    """An adapter that hands over something else than events is named."""
    with pytest.raises(PayloadError, match="pigeon: its adapter could not read"):
        verified_events([Adapter(lambda: events)], None, {}, b"", NOW)


def test_an_adapters_events_are_made_plain():
    """A number in national form is read with the kit's region, from any iterable of events."""
    events = (DeliveryEvent(f"E-{n}", "opted_out", NOW, "dove", number="(202) 555-0123") for n in range(2))
    found = verified_events([Adapter(lambda: events)], None, {}, b"", NOW, "US")
    assert [(event.provider, event.number) for event in found] == [("pigeon", "+12025550123")] * 2
