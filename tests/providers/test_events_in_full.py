"""Every field of the events that our adapters read out of genuine webhooks."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import pytest

from reminder_kit.errors import ConfigurationError, PayloadError, SignatureError
from reminder_kit.model.messages import DeliveryEvent
from reminder_kit.providers.jwt import numeric_date, verified_hs256
from reminder_kit.providers.vonage.sms_api import fields_of
from reminder_kit.testing import WEBHOOK_SECRET
from tests.factories import HOOK, NUMBER, SENDER, SERVICE, START
from tests.webhooks.letters import provider_of, signed

AT = datetime(2026, 2, 15, 14, 30, 2, tzinfo=UTC)
PROFILE = "16fd2706-8baf-433b-82eb-8c7fada847da"


def event_of(name, body):
    """Return the one event of a webhook of these bytes."""
    (event,) = provider_of(name).events(signed(name, body), body, START)
    return event


def of_telnyx(event_type, payload, **changes):
    data = {"id": "ev-1", "event_type": event_type, "occurred_at": "2026-02-15T14:30:02Z", "payload": payload}
    return {"data": data, "meta": {"delivered_to": f"{HOOK}?reminder_kit=tok-2"}, **changes}


PLAIN = {
    "id": "ev-1",
    "occurred_at": AT,
    "provider": "telnyx",
    "provider_id": "m-1",
    "token": "tok-2",
    "number": NUMBER,
}
TO = [{"phone_number": NUMBER, "status": "delivered"}]
QUEUED = [{"phone_number": NUMBER, "status": "queued"}]
REPLY = {
    "id": "m-1",
    "from": {"phone_number": NUMBER},
    "to": [{"phone_number": SENDER}],
    "text": "C",
    "messaging_profile_id": PROFILE,
}
TO_US = {"text": "C", "senders": (SENDER, PROFILE)}


@pytest.mark.parametrize(
    ("event_type", "payload", "fields"),
    [
        ("message.finalized", {"id": "m-1", "to": TO, "text": "See you"}, {"type": "delivered"}),
        (
            "message.finalized",
            {
                "id": "m-1",
                "to": [{"phone_number": NUMBER, "status": "Delivery_Failed"}],
                "errors": [{"code": "40001"}],
                "webhook_url": f"{HOOK}?reminder_kit=tok-1",
                "messaging_profile_id": PROFILE,
            },
            {"type": "undelivered", "code": "40001", "token": "tok-1"},
        ),
        ("message.delivered", {"id": "m-1", "to": TO}, {"type": "delivered"}),
        ("message.sent", {"id": "m-1", "to": TO}, {"type": "delivered"}),
        ("message.sent", {"id": "m-1", "to": QUEUED}, {"type": "sent"}),
        ("message.sent", {"id": "m-1", "to": [{"phone_number": NUMBER}]}, {"type": "sent"}),
        ("message.finalized", {"id": "m-1", "to": [{"phone_number": NUMBER}]}, {"type": "unknown"}),
        (
            "message.finalized",
            {"id": "m-1", "to": [{"phone_number": NUMBER, "status": "queued"}]},
            {"type": "scheduled"},
        ),
        ("message.pondered", {"id": "m-1", "to": TO, "errors": {"code": 7}}, {"type": "unknown", "code": "7"}),
        ("message.finalized", {"to": TO}, {"type": "delivered", "provider_id": None}),
        ("message.finalized", {"id": "m-1"}, {"type": "unknown", "number": None}),
        ("message.received", REPLY, {"type": "received", **TO_US}),
        ("message.received", {**REPLY, "text": "Stop"}, {"type": "opted_out", **TO_US, "text": "Stop"}),
        ("message.received", {**REPLY, "text": "unstop"}, {"type": "opted_in", **TO_US, "text": "unstop"}),
        (
            "message.received",
            {**REPLY, "autoresponse_type": "stop"},
            {"type": "opted_out", "code": "STOP", **TO_US},
        ),
        ("message.received", {**REPLY, "autoresponse_type": "START"}, {"type": "opted_in", "code": "START", **TO_US}),
        ("message.received", {**REPLY, "autoresponse_type": "HELP"}, {"type": "received", "code": "HELP", **TO_US}),
        ("message.received", {"id": "m-1"}, {"type": "received", "text": "", "number": None}),
    ],
)
def test_telnyx_tells(event_type, payload, fields):
    """A report of the addressee, or a reply of the sender; what is not told stays empty."""
    raw = of_telnyx(event_type, payload)
    assert event_of("telnyx", json.dumps(raw).encode()) == DeliveryEvent(**{**PLAIN, "raw": raw, **fields})


@pytest.mark.parametrize("when", [None, "soon", "99999999"])
def test_telnyx_tells_no_time(when):
    """The time at which the webhook was signed stands in, and no token where none came back."""
    raw = of_telnyx("message.finalized", {"id": "m-1", "to": TO, "webhook_url": "http://[::1"})
    raw["data"]["occurred_at"], raw["meta"] = when, [{"delivered_to": None}]
    event = event_of("telnyx", json.dumps(raw).encode())
    assert (event.occurred_at, event.token) == (START, None)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "the body is no JSON"),
        (b"[" * 100_000, "the body is no JSON"),
        (b"[]", "the body has no data.id"),
        (b"{}", "the body has no data.id"),
        (b'{"data": {"id": ""}}', "the body has no data.id"),
    ],
    ids=["nothing", "too deep", "a list", "nothing in it", "no id"],
)
def test_what_telnyx_signed_is_no_event(body, words):
    """The error says what the body lacks."""
    with pytest.raises(PayloadError) as caught:
        event_of("telnyx", body)
    assert str(caught.value) == f"Telnyx webhook: {words}"


@pytest.mark.parametrize("missing", ["telnyx-timestamp", "telnyx-signature-ed25519"])
def test_telnyx_signs_with_two_headers(missing):
    """Without one of them nothing is verified, and the error names both."""
    body = json.dumps(of_telnyx("message.sent", {"id": "m-1"})).encode()
    headers = {name: value for name, value in signed("telnyx", body).items() if name != missing}
    with pytest.raises(SignatureError, match="it has no telnyx-timestamp and telnyx-signature-ed25519"):
        provider_of("telnyx").events(headers, body, START)


OF_TWILIO = {"id": "SM1:delivered", "type": "delivered", "occurred_at": START, "provider": "twilio"}
REPORT = {"MessageSid": "SM1", "MessageStatus": "delivered", "To": NUMBER, "From": SENDER}
WRITTEN = {"MessageSid": "SM1", "From": NUMBER, "To": SENDER, "Body": "C", "MessagingServiceSid": SERVICE}
HEARD = {"id": "SM1:received", "type": "received", "number": NUMBER, "text": "C", "senders": (SENDER, SERVICE)}


@pytest.mark.parametrize(
    ("form", "fields"),
    [
        (REPORT, {"number": NUMBER}),
        ({**REPORT, "MessagingServiceSid": SERVICE}, {"number": NUMBER}),
        (
            {"SmsSid": "SM1", "SmsStatus": "undelivered", "To": NUMBER, "ErrorCode": "30003", "OptOutType": "STOP"},
            {"id": "SM1:undelivered", "type": "undelivered", "number": NUMBER, "code": "30003"},
        ),
        ({"SmsSid": "SM9", "SmsStatus": "failed", **REPORT}, {"number": NUMBER}),
        ({**REPORT, "Body": "See you"}, {"number": NUMBER}),
        ({"MessageSid": "SM1", "To": NUMBER}, {"id": "SM1:received", "type": "unknown", "number": NUMBER}),
        (
            {"MessageSid": "SM1", "MessageStatus": "accepted", "To": NUMBER},
            {"id": "SM1:accepted", "type": "unknown", "number": NUMBER},
        ),
        (WRITTEN, HEARD),
        ({**WRITTEN, "SmsStatus": "received", "ErrorCode": "1"}, HEARD),
        ({**WRITTEN, "SmsStatus": "receiving"}, {**HEARD, "id": "SM1:receiving"}),
        ({**WRITTEN, "Body": "STOP"}, {**HEARD, "type": "opted_out", "text": "STOP"}),
        ({**WRITTEN, "OptOutType": "stop"}, {**HEARD, "type": "opted_out", "code": "stop"}),
        ({**WRITTEN, "OptOutType": "START"}, {**HEARD, "type": "opted_in", "code": "START"}),
        ({**WRITTEN, "Body": "STOP", "OptOutType": "HELP"}, {**HEARD, "text": "STOP", "code": "HELP"}),
    ],
)
def test_twilio_tells(form, fields):
    """A status of an addressee, or a reply where there is a body and no other status; a reply's code is its word."""
    body = urlencode(form).encode()
    known = {**OF_TWILIO, "provider_id": "SM1", "raw": form, **fields}
    assert event_of("twilio", body) == DeliveryEvent(**known)


OF_VONAGE = {"id": "u-1:delivered", "type": "delivered", "occurred_at": AT, "provider": "vonage", "provider_id": "u-1"}
TOLD = {"message_uuid": "u-1", "timestamp": "2026-02-15T14:30:02Z"}


@pytest.mark.parametrize(
    ("raw", "fields"),
    [
        (
            {**TOLD, "to": "12025550123", "from": "12025550100", "status": "delivered", "client_ref": "tok-1"},
            {"number": NUMBER, "token": "tok-1"},
        ),
        (
            {
                **TOLD,
                "to": {"number": "+12025550123"},
                "status": "rejected",
                "error": {"title": 1240},
                "text": "See you",
            },
            {"id": "u-1:rejected", "type": "undelivered", "number": NUMBER, "code": "1240"},
        ),
        ({**TOLD, "status": "pondering", "error": "odd"}, {"id": "u-1:pondering", "type": "unknown"}),
        (
            {**TOLD, "timestamp": "soon", "from": "12025550123", "to": "12025550100", "text": "C"},
            {
                "id": "u-1:received",
                "type": "received",
                "occurred_at": START,
                "number": NUMBER,
                "text": "C",
                "senders": (SENDER,),
            },
        ),
        (
            {
                **TOLD,
                "from": {"type": "sms", "number": "12025550123"},
                "to": {"type": "sms", "number": "12025550100"},
                "message": {"content": {"type": "text", "text": "STOP"}},
            },
            {"id": "u-1:received", "type": "opted_out", "number": NUMBER, "text": "STOP", "senders": (SENDER,)},
        ),
        (
            {**TOLD, "from": ["12025550123"], "message": {"content": "C"}},
            {"id": "u-1:received", "type": "received", "text": ""},
        ),
    ],
)
def test_vonage_tells(raw, fields):
    """A status of the addressee, or a reply of the sender, in either of two formats."""
    assert event_of("vonage", json.dumps(raw).encode()) == DeliveryEvent(**{**OF_VONAGE, "raw": raw, **fields})


def of_sms_api(fields, **changes):
    """Return the event of these fields, signed as the SMS API does."""
    given = {"timestamp": str(int(START.timestamp())), **fields}
    text = "".join(f"&{name}={given[name]}" for name in sorted(given))
    given["sig"] = hmac.new(WEBHOOK_SECRET.encode(), text.encode(), "sha256").hexdigest()
    given |= changes
    (event,) = provider_of("vonage").events({}, json.dumps(given).encode(), START)
    return event, given


WHEN = {"message-timestamp": "2026-02-15 14:30:02"}


@pytest.mark.parametrize(
    ("given", "fields"),
    [
        (
            {"messageId": "u-1", "msisdn": "12025550123", "status": "delivered", "err-code": "0", **WHEN},
            {"number": NUMBER},
        ),
        (
            {
                "messageId": "u-1",
                "msisdn": "+12025550123",
                "status": "failed",
                "err-code": "6",
                "to": "12025550100",
                **WHEN,
            },
            {"id": "u-1:failed", "type": "undelivered", "number": NUMBER, "code": "6"},
        ),
        (
            {"messageId": "u-1", "client-ref": "tok-1", "status": "odd", "text": "See you"},
            {"id": "u-1:odd", "type": "unknown", "occurred_at": START, "token": "tok-1"},
        ),
        (
            {"messageId": "u-1", "msisdn": "12025550123", "to": "12025550100", "text": "STOP", **WHEN},
            {"id": "u-1:received", "type": "opted_out", "number": NUMBER, "text": "STOP", "senders": (SENDER,)},
        ),
    ],
)
def test_vonages_sms_api_tells(given, fields):
    """A receipt about a message, or a reply, in names of its own."""
    event, raw = of_sms_api(given)
    assert event == DeliveryEvent(**{**OF_VONAGE, "raw": raw, **fields})


@pytest.mark.parametrize("length", [0, 31, 33, 63, 127])
def test_a_signature_of_another_length_is_none(length):
    """MD5, SHA-1, SHA-256 and SHA-512 have lengths of their own; any other is no signature."""
    with pytest.raises(SignatureError, match="it is in the format of the SMS API, and not signed"):
        of_sms_api({"messageId": "u-1"}, sig="0" * length)


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        (b'  {"a": 1}', {"a": 1}),
        (b"a=1&b=&c=%C3%BC", {"a": "1", "b": "", "c": "ü"}),
        (b"&".join([b"a=1"] * 100), {"a": "1"}),
        (b"&".join([b"a=1"] * 101), {}),
        (b"\xff", {}),
        (b'{"a"', {}),
        (b"", {}),
    ],
)
def test_a_form_or_an_object_has_fields(body, fields):
    """A hundred at the most; what is neither has none."""
    assert fields_of(body) == fields


# Tokens


def token(claims, secret=WEBHOOK_SECRET):
    """Return a token of these claims, as PyJWT makes it."""
    jwt = pytest.importorskip("jwt")
    return jwt.encode(claims, secret, algorithm="HS256")


MINUTES = timedelta(minutes=5)
SECONDS = int(START.timestamp())


@pytest.mark.parametrize(
    ("claims", "words"),
    [
        ({"exp": SECONDS}, "the token is over since 2026-02-10T14:00:00Z: a replay"),
        ({"exp": SECONDS + 1}, None),
        ({"nbf": SECONDS + 300}, None),
        ({"nbf": SECONDS + 301}, "the token holds only from 2026-02-10T14:05:01Z on: a clock is wrong"),
        ({"exp": True}, "a time in the token is none"),
        ({"exp": "soon"}, "a time in the token is none"),
        ({"nbf": 10**30}, "a time in the token is none"),
        ({"nbf": float("nan")}, "a time in the token is none"),
        ({"nbf": float("inf")}, "a time in the token is none"),
        ({"exp": SECONDS + 0.5}, "the token is over since 2026-02-10T14:00:00Z: a replay"),
        ({"exp": None, "nbf": None}, None),
    ],
)
def test_a_token_holds_for_its_time(claims, words):
    """Not from its end on, and from its beginning on but for what clocks may be apart."""
    if words is None:
        assert verified_hs256(token(claims), WEBHOOK_SECRET, START, MINUTES, "The webhook") == claims
        return
    with pytest.raises(SignatureError) as caught:
        verified_hs256(token(claims), WEBHOOK_SECRET, START, MINUTES, "The webhook")
    assert str(caught.value) == f"The webhook: {words}"


@pytest.mark.parametrize("given", ["", "a.b.c", token({}, "another secret of thirty-two bytes"), "é"])
def test_a_token_of_somebody_else_is_none(given):
    """Whatever is wrong with it, it is not signed with our secret."""
    with pytest.raises(SignatureError, match=r"^The webhook: the token is not signed with our secret$"):
        verified_hs256(given, WEBHOOK_SECRET, START, MINUTES, "The webhook")


def test_a_time_that_is_not_told_is_none():
    """And none that is told is nothing: zero is the beginning of 1970."""
    assert numeric_date(None, "The webhook") is None
    assert numeric_date(0, "The webhook") == datetime(1970, 1, 1, tzinfo=UTC)
    assert numeric_date(1.9, "The webhook") == datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)


BODY = json.dumps({**TOLD, "status": "delivered"}).encode()


def of_claims(**changes):
    claims = {"iat": SECONDS, "payload_hash": hashlib.sha256(BODY).hexdigest(), **changes}
    headers = {"Authorization": f"bearer  {token({name: claims[name] for name in claims if claims[name]})} "}
    return provider_of("vonage").events(headers, BODY, START)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"payload_hash": None}, "the token was made for another body"),
        ({"payload_hash": "0" * 64}, "the token was made for another body"),
        ({"api_key": "other"}, r"it is another account's \(api_key\): check VONAGE_API_KEY"),
        ({"iat": None}, "the token does not say when it was made"),
        ({"iat": SECONDS - 301}, "a replay"),
        ({"iat": SECONDS + 301}, "a clock is wrong"),
    ],
)
def test_a_token_is_of_this_body_this_account_and_this_moment(changes, words):
    """Each that is wrong is named; digest in any letters, account and time fit."""
    assert of_claims(api_key="key", payload_hash=hashlib.sha256(BODY).hexdigest().upper())
    assert of_claims(iat=SECONDS - 300)
    assert of_claims(iat=SECONDS + 300)
    with pytest.raises(SignatureError, match=words):
        of_claims(**changes)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("telnyx", "no public key to verify it with: set TELNYX_PUBLIC_KEY"),
        ("twilio", "no token to verify it with: set TWILIO_AUTH_TOKEN"),
        ("vonage", "no secret to verify it with: set VONAGE_SIGNATURE_SECRET"),
    ],
)
def test_without_a_secret_nothing_is_verified(monkeypatch, name, words):
    """The error names the variable to set."""
    for variable in ("TELNYX_PUBLIC_KEY", "TWILIO_AUTH_TOKEN", "TWILIO_WEBHOOK_KEY", "VONAGE_SIGNATURE_SECRET"):
        monkeypatch.delenv(variable, raising=False)
    whole = provider_of(name)
    bare = {
        "telnyx": lambda: type(whole)("KEY", SENDER),
        "twilio": lambda: type(whole)("AC", "", SERVICE, webhook_url=HOOK),
        "vonage": lambda: type(whole)(SENDER, "key", "secret"),
    }[name]()
    with pytest.raises(ConfigurationError, match=words):
        bare.events(signed(name, b"{}"), b"{}", START)
