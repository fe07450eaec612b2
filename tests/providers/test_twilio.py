"""Facts about the Twilio adapter beyond the contract of all providers."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from reminder_kit.errors import (
    AccountRefusedError,
    ConfigurationError,
    MessageNotFoundError,
    MistimedError,
    PayloadError,
    ProviderError,
    RateLimitedError,
    RefusedCredentialError,
    RejectedError,
    SignatureError,
    TooLateToCancelError,
    TransientError,
    UnknownOutcomeError,
    UnknownRefusalError,
)
from reminder_kit.model.messages import Draft
from reminder_kit.ports import Response
from reminder_kit.providers import provider_class
from reminder_kit.providers.signatures import same_hmac
from reminder_kit.providers.twilio.provider import Twilio
from reminder_kit.providers.twilio.webhooks import STATUSES, signed_text
from reminder_kit.sandbox import Call, Sandbox
from tests.factories import ACCOUNT, NUMBER, SERVICE

SEND_AT = datetime(2026, 2, 15, 14, 30, tzinfo=UTC)
NOW = datetime(2026, 2, 15, 14, 31, tzinfo=UTC)


def twilio(**changes):
    settings = {"account_sid": ACCOUNT, "auth_token": "12345", "messaging_service_sid": SERVICE}
    return Twilio(**{**settings, **changes})


def create(provider=None, **changes):
    draft = Draft(**{"to": NUMBER, "text": "See you", "send_at": SEND_AT, **changes})
    return (provider or twilio()).create(draft, token="t", idempotency_key="k")


def answer(status, value, **headers):
    return Response(status, headers, json.dumps(value).encode())


def test_a_message_is_scheduled_by_its_messaging_service():
    """A message is posted as `fixed` with its messaging service, which alone can schedule; `From` may go along."""
    request = create(twilio(from_="+12025550100", webhook_url="https://example.com/t"))
    assert request.path == f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json"
    assert dict(parse_qsl(request.body.decode())) == {
        "To": NUMBER,
        "MessagingServiceSid": SERVICE,
        "From": "+12025550100",
        "Body": "See you",
        "ScheduleType": "fixed",
        "SendAt": "2026-02-15T14:30:00Z",
        "StatusCallback": "https://example.com/t",
    }


def test_media_are_named_one_by_one():
    """Each of several media has a `MediaUrl` field of its own, in their order."""
    urls = ("https://example.com/a", "https://example.com/b")
    fields = parse_qsl(create(channel="mms", media_urls=urls, text="").body.decode())
    assert [value for name, value in fields if name == "MediaUrl"] == list(urls)


@pytest.mark.parametrize(
    ("settings", "names"),
    [
        ({"messaging_service_sid": ""}, "send at once"),
        ({"messaging_service_sid": "MG1"}, "messaging_service_sid"),
        ({"min_lead": timedelta(minutes=4)}, "min_lead"),
        ({"schedule_ahead": timedelta(minutes=15)}, "schedule_ahead"),
    ],
)
def test_settings_that_cannot_work_are_refused(settings, names):
    """Without a messaging service, or with a window that can't work, no adapter is made."""
    with pytest.raises(ConfigurationError, match=names):
        twilio(**settings)


def test_missing_credentials_are_named_when_they_are_needed(monkeypatch):
    """Account and token are asked for where they are used, by the names of their variables."""
    monkeypatch.delenv("TWILIO_ACCOUNT_SID", raising=False)
    monkeypatch.delenv("TWILIO_AUTH_TOKEN", raising=False)
    provider = Twilio(messaging_service_sid=SERVICE)
    for needed in (provider.headers, provider.ping):
        with pytest.raises(ConfigurationError, match="TWILIO_ACCOUNT_SID"):
            needed()
    with pytest.raises(ConfigurationError, match="TWILIO_AUTH_TOKEN"):
        provider.events({}, b"", NOW)


def test_the_window_follows_the_settings():
    """The window follows `min_lead` and `schedule_ahead`, the latter up to the 35 days of Twilio."""
    window = twilio(min_lead=timedelta(minutes=5), schedule_ahead=timedelta(days=7)).capabilities.window
    assert (window.min_lead, window.max_lead) == (timedelta(minutes=5), timedelta(days=7))
    assert twilio(schedule_ahead=timedelta(days=90)).capabilities.window.max_lead == timedelta(days=35)


@pytest.mark.parametrize(
    "changes",
    [{"text": "a" * 1601}, {"channel": "mms", "media_urls": ("https://example.com/a",) * 11}],
    ids=["long", "media"],
)
def test_what_twilio_never_takes_is_refused_before_the_call(changes):
    """A text over 1600 characters, or more than ten media, is rejected without a call."""
    with pytest.raises(RejectedError):
        create(**changes)


@pytest.mark.parametrize(("word", "status"), sorted(STATUSES.items()))
def test_every_word_has_one_of_ours(word, status):
    """Each status that Twilio documents is read as the one our table gives it."""
    assert twilio().parse_read(answer(200, {"sid": "SM1", "status": word})).status == status


def test_a_message_that_was_not_scheduled_raises_the_alarm():
    """A message answered with `accepted` may be sent at once instead of scheduled: its receipt warns of it."""
    receipt = twilio().parse_created(answer(201, {"sid": "SM1", "status": "accepted"}))
    assert receipt.status == "unknown"
    assert "did not say that it scheduled" in receipt.error
    assert twilio().parse_created(answer(201, {"sid": "SM1", "status": "scheduled"})).error == ""


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (400, 99999, UnknownRefusalError),
        (400, 30409, UnknownRefusalError),
        (404, None, UnknownRefusalError),
        (400, 35114, MistimedError),
        (401, 20003, RefusedCredentialError),
        (301, None, RefusedCredentialError),
        (401, 20005, AccountRefusedError),
        (403, 20006, AccountRefusedError),
        (403, 21408, AccountRefusedError),
        (404, 20404, AccountRefusedError),
        (429, 63038, AccountRefusedError),
        (429, 20429, RateLimitedError),
        (429, 14107, RateLimitedError),
        (429, None, RateLimitedError),
        (500, 20500, UnknownOutcomeError),
        (503, None, UnknownOutcomeError),
        (409, None, UnknownOutcomeError),
    ],
)
def test_a_code_and_its_status_say_what_to_do(status, code, kind):
    """Status and code choose the class of error, and its text holds no phone number; `test_refusals` has every code."""
    with pytest.raises(ProviderError) as raised:
        twilio().parse_created(answer(status, {"code": code, "message": f"bad {NUMBER}", "status": status}))
    assert type(raised.value) is kind
    assert NUMBER not in str(raised.value)


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (400, 30409, TooLateToCancelError),
        (400, 99999, TooLateToCancelError),
        (400, 21610, TooLateToCancelError),
        (400, 20005, TooLateToCancelError),
        (409, None, TooLateToCancelError),
        (404, 20404, MessageNotFoundError),
        (401, 20003, RefusedCredentialError),
        (429, 20429, RateLimitedError),
        (500, None, TransientError),
    ],
)
def test_a_refused_cancellation_is_to_be_settled_by_looking(status, code, kind):
    """A refused cancellation never counts as done: its error says to look at the message or try again."""
    with pytest.raises(ProviderError) as raised:
        twilio().parse_cancelled(answer(status, {"code": code}))
    assert type(raised.value) is kind


# Webhooks

URL = "https://mycompany.com/myapp.php?foo=1&bar=2"
FORM = {"MessageSid": "SM1", "MessageStatus": "delivered", "To": NUMBER, "From": "+12025550100"}


def signature(url, fields, token="12345"):
    import hashlib
    import hmac

    signed = url + "".join(name + fields[name] for name in sorted(fields))
    return base64.b64encode(hmac.digest(token.encode(), signed.encode(), hashlib.sha1)).decode()


def events_of(fields, url=URL, signed_for=None, **settings):
    provider = twilio(**{"webhook_url": url, **settings})
    headers = {"X-Twilio-Signature": signature(signed_for or url, fields)}
    return provider.events(headers, urlencode(fields).encode(), NOW)


def test_a_signature_is_what_the_official_sdk_computes():
    """The signature that the official SDK makes of an address and a form is the one we compute."""
    fields = [
        ("CallSid", "CA1234567890ABCDE"),
        ("Caller", "+12025550123"),
        ("Digits", "1234"),
        ("From", "+12025550123"),
        ("To", "+12025550100"),
    ]
    assert same_hmac("12345", signed_text(URL, fields), "9r3a8tP5qpaMIFjpQ7NT3d3gtmY=", "sha1")


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("https://example.com/t", "https://example.com:443/t"),
        ("https://example.com:443/t", "https://example.com/t"),
        ("http://example.com/t?a=1", "http://example.com:80/t?a=1"),
        ("https://example.com:8443/t", "https://example.com/t"),
        ("https://example.com/t?a=1&b=%2B1", "https://example.com:443/t?a=1&b=%2B1"),
        ("https://example.com/t?a=1#rc=3&rp=5xx", "https://example.com/t?a=1"),
    ],
)
def test_a_port_may_be_named_or_not(ours, theirs):
    """Twilio signs with or without the usual port, and without the fragment: each is the same address."""
    assert events_of(FORM, url=ours, signed_for=theirs)[0].type == "delivered"


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/t",
        "https://example.com/t?a=1&b=",
        "https://example.com:443/t?a=1",
        "http://example.com:80/",
    ],
)
@pytest.mark.parametrize("port", ["with", "without"])
def test_what_the_official_sdk_signs_is_taken(url, port):
    """Whichever of the two addresses it signs, for a body with an empty and an accented field."""
    official = pytest.importorskip("twilio.request_validator")
    shown = urlsplit(url)
    signed = official.add_port(shown) if port == "with" else official.remove_port(shown)
    form = {**FORM, "ErrorMessage": "", "Body": "Grüße, +1 & more"}
    made = official.RequestValidator("12345").compute_signature(signed, form)
    body = urlencode(form).encode()
    assert twilio(webhook_url=url).events({"x-twilio-signature": made}, body, NOW)


@pytest.mark.parametrize(
    "theirs",
    ["http://example.com/t", "https://example.com/t/", "https://example.com/t?x=1", "https://example.com:8443/t"],
)
def test_another_address_is_a_forgery(theirs):
    """A signature for another scheme, path, query or port is refused, and the error points at `webhook_url`."""
    with pytest.raises(SignatureError, match="webhook_url"):
        events_of(FORM, url="https://example.com/t", signed_for=theirs)


@pytest.mark.parametrize(
    ("configured", "named", "called"),
    [
        (None, "https://example.com/t?clinic=7", "https://example.com/t?clinic=7"),
        ("https://example.com/t", "https://example.com/replies?clinic=7", "https://example.com/replies?clinic=7"),
        ("https://example.com/t", "/replies?clinic=7", "https://example.com/replies?clinic=7"),
        ("https://example.com:8443/t", "?clinic=7", "https://example.com:8443/t?clinic=7"),
        ("https://example.com/t?clinic=1", "?clinic=7", "https://example.com/t?clinic=7"),
        ("https://example.com/t#rc=3", "/t", "https://example.com/t"),
        ("https://example.com/t", "http://example.com/t", "http://example.com/t"),
        ("https://example.com/t", None, "https://example.com/t"),
        ("https://example.com/t", "", "https://example.com/t"),
    ],
)
def test_a_host_may_say_which_address_was_called(configured, named, called):
    """Whole, or from the path or the query on: what it does not say is `webhook_url`'s."""
    headers = {"x-twilio-signature": signature(called, FORM)}
    assert twilio(webhook_url=configured).events(headers, urlencode(FORM).encode(), NOW, url=named)


@pytest.mark.parametrize(
    ("named", "words"),
    [
        ("https://staging.example.com/t", "another host"),
        ("https://example.com.evil.test/t", "another host"),
        ("//staging.example.com/t", "another host"),
        ("https://[::1", "is no address"),
        ("https://\ud800/", "another host"),
        ("https://example.com:99999999/t", "is no address"),
        ("https://example.com/other", "fits neither"),
    ],
)
def test_a_host_is_not_talked_into_another_ones_address(named, words):
    """A host may take the address from the request, where it is anybody's word: beside `webhook_url` its host holds."""
    headers = {"x-twilio-signature": signature("https://staging.example.com/t", FORM)}
    with pytest.raises(SignatureError, match=words):
        twilio(webhook_url="https://example.com/t").events(headers, urlencode(FORM).encode(), NOW, url=named)


def test_no_header_says_which_address_was_called():
    """What comes with the request decides nothing about the address that it is signed for."""
    other = "https://example.com/other"
    named = dict.fromkeys(("x-reminder-kit-url", "x-forwarded-host", "x-original-url", "host", "forwarded"), other)
    headers = {"x-twilio-signature": signature(other, FORM), **named}
    with pytest.raises(SignatureError):
        twilio(webhook_url="https://example.com/t").events(headers, urlencode(FORM).encode(), NOW)
    with pytest.raises(ConfigurationError, match="webhook_url"):
        twilio().events(headers, urlencode(FORM).encode(), NOW)


def test_thousands_of_fields_are_no_form():
    """Twilio sends some twenty fields: thousands are refused before they are sorted."""
    body = b"&".join(b"a%d=1" % number for number in range(5000))
    with pytest.raises(SignatureError, match="neither a form nor JSON"):
        twilio(webhook_url="https://example.com/t").events({"x-twilio-signature": "x"}, body, NOW)


@pytest.mark.parametrize(
    "url",
    [
        "https://user:pw@example.com/t",
        "https://user:pw@example.com:443/t",
        "https://EXAMPLE.com/t",
        "https://[2001:db8::1]/t",
        "https://[2001:db8::1]:443/t",
    ],
)
def test_an_address_is_signed_as_it_is_written(url):
    """Password, capitals and brackets stay, with the port and without, as in Twilio's own SDK."""
    with_port = url if ":443/" in url else url.replace("/t", ":443/t")
    for signed in (with_port, url.replace(":443/", "/")):
        assert events_of(FORM, url=url, signed_for=signed)


# JSON, and shared keys


JSON_URL = "https://example.com/json"
DIGEST = "?bodySHA256="


def signed_json(value, url=None, **settings):
    """Return the events of a JSON webhook, signed as Twilio does, with its digest in the address."""
    body = json.dumps(value).encode()
    signed = f"{JSON_URL}{DIGEST}{hashlib.sha256(body).hexdigest()}"
    headers = {"x-twilio-signature": signature(signed, {})}
    return twilio(webhook_url=JSON_URL, **settings).events(headers, body, NOW, url=url and url(signed))


@pytest.mark.parametrize(
    "url",
    [None, lambda signed: signed, lambda signed: signed[signed.index("?") :]],
    ids=["not told", "whole", "query"],
)
def test_a_json_body_is_verified_by_its_digest(url):
    """Twilio signs the address with the body's digest in it, whether or not the host knows that query."""
    (event,) = signed_json({"MessageSid": "SM3", "MessageStatus": "delivered", "To": NUMBER, "ErrorCode": 30003}, url)
    assert (event.type, event.provider_id, event.number, event.code) == ("delivered", "SM3", NUMBER, "30003")


def test_a_json_body_under_another_digest_is_refused():
    """The digest in the address is of another body, or the signature is of an address without one."""
    body = json.dumps({"MessageSid": "SM3"}).encode()
    other = f"{JSON_URL}{DIGEST}{hashlib.sha256(b'another').hexdigest()}"
    provider = twilio(webhook_url=JSON_URL)
    with pytest.raises(SignatureError, match="another body"):
        provider.events({"x-twilio-signature": signature(other, {})}, body, NOW, url=other)
    with pytest.raises(SignatureError, match="fits neither"):
        provider.events({"x-twilio-signature": signature(JSON_URL, {})}, body, NOW)
    with pytest.raises(SignatureError, match="neither a form nor JSON"):
        provider.events({"x-twilio-signature": "x"}, b"{" * 50_000, NOW)


def test_the_official_sdk_signs_the_same_json():
    """What Twilio's own validator takes for JSON is taken here, with a query of the host's in the address too."""
    official = pytest.importorskip("twilio.request_validator").RequestValidator("12345")
    body = json.dumps({"MessageSid": "SM3", "MessageStatus": "sent"})
    url = f"{JSON_URL}?clinic=7&bodySHA256={hashlib.sha256(body.encode()).hexdigest()}"
    made = official.compute_signature(url, {})
    assert official.validate(url, body, made)
    headers = {"x-twilio-signature": made}
    assert twilio(webhook_url=f"{JSON_URL}?clinic=7").events(headers, body.encode(), NOW)


SETTINGS = "x-twilio-webhooks-signature-settings"


@pytest.mark.parametrize(
    ("settings", "given", "secret"),
    [
        ({"webhook_key": "shared"}, "key=webhooks_sharedkey_1,algorithm=HMAC_SHA256", "shared"),
        ({"webhook_key": "next, shared"}, "key=webhooks_sharedkey_1, algorithm=hmac_sha256", "shared"),
        ({"webhook_key": ("next", "shared"), "auth_token": ""}, "algorithm=HMAC_SHA256", "shared"),
        ({}, "key=webhooks_sharedkey_1,algorithm=HMAC_SHA256", "12345"),
        ({"webhook_key": "shared"}, "algorithm=HMAC_SHA1", "12345"),
    ],
)
def test_a_shared_key_signs_as_the_official_sdk_does(settings, given, secret):
    """The header names the algorithm: HMAC-SHA256 under a shared key, while the token goes on with SHA-1."""
    official = pytest.importorskip("twilio.request_validator")
    algorithm = official.get_signature_algorithm(given)
    made = official.RequestValidator(secret).compute_signature(URL, FORM, algorithm)
    headers = {"x-twilio-signature": made, SETTINGS: given}
    assert twilio(webhook_url=URL, **settings).events(headers, urlencode(FORM).encode(), NOW)


@pytest.mark.parametrize(
    ("given", "words"),
    [("algorithm=HMAC_MD5", "HMAC_MD5"), ("algorithm=HMAC_SHA256", "TWILIO_WEBHOOK_KEY"), ("", "TWILIO_AUTH_TOKEN")],
)
def test_the_header_of_a_shared_key_proves_nothing(given, words):
    """An unknown algorithm, and a signature by another secret than the algorithm's, are refused by their names."""
    made = base64.b64encode(hmac.digest(b"shared", signed_text(URL, list(FORM.items())), "sha1")).decode()
    headers = {"x-twilio-signature": made, SETTINGS: given}
    with pytest.raises(SignatureError, match=words):
        twilio(webhook_url=URL, webhook_key="shared").events(headers, urlencode(FORM).encode(), NOW)


def test_without_an_address_nothing_can_be_verified():
    """The address is part of what is signed: without `webhook_url` a webhook is a matter of configuration."""
    with pytest.raises(ConfigurationError, match="webhook_url"):
        twilio().events({"x-twilio-signature": "x"}, b"", NOW)


@pytest.mark.parametrize(
    ("fields", "kind", "number"),
    [
        ({**FORM, "MessageStatus": "sent"}, "sent", NUMBER),
        ({**FORM, "MessageStatus": "undelivered", "ErrorCode": "30003"}, "undelivered", NUMBER),
        ({**FORM, "MessageStatus": "pondering"}, "unknown", NUMBER),
        (
            {"MessageSid": "SM2", "From": NUMBER, "To": "+12025550100", "Body": "Hi", "SmsStatus": "received"},
            "received",
            NUMBER,
        ),
        ({"MessageSid": "SM2", "From": NUMBER, "Body": "CANCEL", "OptOutType": "STOP"}, "opted_out", NUMBER),
        ({"MessageSid": "SM2", "From": NUMBER, "Body": "Stop. Thank you"}, "opted_out", NUMBER),
        ({"MessageSid": "SM2", "From": NUMBER, "Body": "UNSTOP", "OptOutType": "START"}, "opted_in", NUMBER),
        ({"MessageSid": "SM2", "From": NUMBER, "Body": ""}, "received", NUMBER),
    ],
)
def test_each_webhook_has_our_type(fields, kind, number):
    """A status or a reply has its type and code, and stands at the time it came, for Twilio names none."""
    (event,) = events_of(fields)
    assert (event.type, event.number, event.code) == (
        kind,
        number,
        fields.get("ErrorCode", fields.get("OptOutType", "")),
    )
    assert event.occurred_at == NOW


def test_a_signed_form_that_names_no_message_is_a_payload_error():
    """A form that is signed truly but names no message is a payload error, not one of the signature."""
    with pytest.raises(PayloadError):
        events_of({"CallSid": "CA1"})


# The trap, as the sandbox keeps it


def test_without_a_messaging_service_twilio_sends_at_once():
    """Asked to schedule without a messaging service, Twilio sends at once: the adapter requires one for this."""
    sandbox = Sandbox(clock="2026-02-15T09:00:00Z")
    fields = {
        "To": NUMBER,
        "From": "+12025550100",
        "Body": "Hi",
        "ScheduleType": "fixed",
        "SendAt": "2026-02-16T09:00:00Z",
    }
    path = f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json"
    found = sandbox.handle(Call.of("POST", path, dict(twilio().headers()), urlencode(fields).encode()))
    assert json.loads(found.body)["status"] == "accepted"
    assert [message.text for message in sandbox.inbox(NUMBER)] == ["Hi"]


def test_it_is_found_by_name():
    """`twilio` names this adapter, whose repr does not show the token."""
    assert provider_class("twilio") is Twilio
    assert "12345" not in repr(twilio())
