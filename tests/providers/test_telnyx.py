"""Facts about the Telnyx adapter: bytes out, answers and webhooks in."""

from __future__ import annotations

import base64
import json
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from reminder_kit.errors import (
    AccountRefusedError,
    ConfigurationError,
    InvalidNumberError,
    MessageNotFoundError,
    MistimedError,
    OptedOutError,
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
from reminder_kit.providers import provider_class, provider_names
from reminder_kit.providers.telnyx.provider import Telnyx
from reminder_kit.providers.telnyx.responses import STATUSES
from tests.factories import NUMBER, SENDER

SEND_AT = datetime(2026, 2, 15, 14, 30, tzinfo=UTC)
NOW = datetime(2026, 2, 15, 14, 30, 5, tzinfo=UTC)
PROFILE = "16fd2706-8baf-433b-82eb-8c7fada847da"


@pytest.fixture(autouse=True)
def no_environment(monkeypatch):
    for name in ("TELNYX_API_KEY", "TELNYX_BASE_URL", "TELNYX_PUBLIC_KEY"):
        monkeypatch.delenv(name, raising=False)


def telnyx(**changes):
    return Telnyx(**{"api_key": "KEY123", "from_": SENDER, **changes})


def draft(**changes):
    return Draft(**{"to": NUMBER, "text": "See you tomorrow", "send_at": SEND_AT, **changes})


def create(provider=None, **changes):
    return (provider or telnyx()).create(draft(**changes), token="tok-1", idempotency_key="key-1")


def answer(status, value=None, **headers):
    body = value if isinstance(value, bytes) else json.dumps(value).encode()
    return Response(status, headers, body)


def problem(status, code, title="Some title", **headers):
    return answer(status, {"errors": [{"code": code, "title": title, "detail": f"to {NUMBER}"}]}, **headers)


def message(status="scheduled", **more):
    return {"id": "403", "to": [{"phone_number": NUMBER, "status": status}], **more}


# Requests


def test_a_message_is_posted_with_the_fields_telnyx_documents():
    """An SMS goes to `/messages` with `send_at` in UTC, and its idempotency key is a header."""
    request = create()
    assert (request.method, request.path) == ("POST", "/messages")
    assert json.loads(request.body) == {
        "from": SENDER,
        "to": NUMBER,
        "text": "See you tomorrow",
        "type": "SMS",
        "send_at": "2026-02-15T14:30:00Z",
    }
    assert request.headers["idempotency-key"] == "key-1"
    assert request.headers["content-type"] == "application/json"


def test_the_same_draft_gives_the_same_bytes():
    """Two adapters make the same bytes of a draft, so that a repeated post matches its idempotency key."""
    assert create().body == create(telnyx()).body


@settings(deadline=None)
@given(text=st.text(st.characters(codec="utf-8"), min_size=1, max_size=150).filter(str.strip))
def test_every_text_reads_back_as_it_was(text):
    """Whatever characters a text of up to ten parts holds, JSON carries them unharmed."""
    if len(text.encode("utf-16-le")) <= 1340:
        assert json.loads(create(text=text).body)["text"] == text


def test_no_request_holds_the_key():
    """The API key is in the authorization header alone: not in a request of ours, nor in a repr."""
    request = create()
    assert b"KEY123" not in request.body
    assert "KEY123" not in str(request.headers)
    assert "KEY123" not in repr(telnyx())
    assert telnyx().headers() == {"authorization": "Bearer KEY123"}


def test_the_schedule_endpoint_takes_no_idempotency_key():
    """`/messages/schedule` knows no idempotency key; on `/messages` one lives 24 hours."""
    provider = telnyx(endpoint="schedule")
    request = create(provider)
    assert request.path == "/messages/schedule"
    assert "idempotency-key" not in request.headers
    assert provider.capabilities.key_life is None
    assert telnyx().capabilities.key_life == timedelta(hours=24)


def test_an_mms_carries_its_media_and_subject():
    """An MMS is posted with its type, the addresses of its media and its subject."""
    body = json.loads(create(channel="mms", media_urls=("https://example.com/a.png",), subject="Map").body)
    assert (body["type"], body["media_urls"], body["subject"]) == ("MMS", ["https://example.com/a.png"], "Map")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://example.com/hooks", "https://example.com/hooks?reminder_kit=tok-1"),
        ("https://example.com/hooks?a=1&b=%20", "https://example.com/hooks?a=1&b=%20&reminder_kit=tok-1"),
    ],
    ids=["plain", "with a query"],
)
def test_our_token_is_added_to_the_webhook_address(url, expected):
    """The message's token is added behind whatever query the host's address has, for events to bring back."""
    provider = telnyx(webhook_url=url)
    assert json.loads(create(provider).body)["webhook_url"] == expected
    assert provider.capabilities.echoes_token


def test_without_a_webhook_address_no_token_comes_back():
    """Without a webhook address of ours no token is posted, and the capabilities promise none."""
    assert "webhook_url" not in json.loads(create().body)
    assert not telnyx().capabilities.echoes_token


@pytest.mark.parametrize(
    ("settings", "sender", "fields"),
    [
        ({"from_": "+1 (202) 555-0100"}, SENDER, {"from": SENDER}),
        ({"from_": "12345"}, "12345", {"from": "12345"}),
        (
            {"from_": "Dr Smith", "messaging_profile_id": PROFILE},
            "Dr Smith",
            {"from": "Dr Smith", "messaging_profile_id": PROFILE},
        ),
        ({"from_": None, "messaging_profile_id": PROFILE}, PROFILE, {"messaging_profile_id": PROFILE}),
    ],
    ids=["number", "short code", "alphanumeric", "number pool"],
)
def test_every_kind_of_sender_has_its_fields(settings, sender, fields):
    """A number or short code is `from`, a name needs its profile beside it, a pool is the profile alone."""
    provider = telnyx(**settings)
    body = json.loads(create(provider).body)
    assert provider.sender == sender
    assert {name: body[name] for name in ("from", "messaging_profile_id") if name in body} == fields


@pytest.mark.parametrize(
    ("settings", "names"),
    [
        ({"from_": None}, "messaging_profile_id"),
        ({"from_": "Dr Smith"}, "messaging_profile_id"),
        ({"from_": "A name far too long"}, "sender"),
        ({"from_": "Dr. Smith!", "messaging_profile_id": PROFILE}, "sender"),
        ({"endpoint": "send"}, "'schedule'"),
        ({"encoding": "latin1"}, "gsm7"),
        ({"encoding": "gsm7", "endpoint": "schedule"}, "encoding"),
        ({"base_url": "api.telnyx.com"}, "base_url"),
        ({"webhook_url": "ftp://example.com"}, "webhook_url"),
        ({"schedule_ahead": timedelta(minutes=5)}, "schedule_ahead"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_settings_that_cannot_work_are_refused_by_name(settings, names):
    """A setting that can't work is refused when the adapter is made, and the error names it."""
    with pytest.raises(ConfigurationError, match=names):
        telnyx(**settings)


def test_a_missing_key_is_named_only_when_it_is_needed():
    """Requests can be built without a key; the header that needs it names the variable to set."""
    provider = Telnyx(from_=SENDER)
    create(provider)
    with pytest.raises(ConfigurationError, match="TELNYX_API_KEY"):
        provider.headers()


def test_a_key_that_would_break_a_header_is_refused():
    """A key with line breaks or control characters was copied badly, and never becomes a header."""
    with pytest.raises(ConfigurationError, match="copy it anew"):
        telnyx(api_key="KEY\n1 2\x7f").headers()


def test_the_environment_fills_in_what_is_not_given(monkeypatch):
    """Key and address come from the environment, trimmed; a key that the host gives wins."""
    monkeypatch.setenv("TELNYX_API_KEY", " FROM-ENV\n")
    monkeypatch.setenv("TELNYX_BASE_URL", "http://127.0.0.1:4010/v2/")
    provider = Telnyx(from_=SENDER)
    assert provider.headers() == {"authorization": "Bearer FROM-ENV"}
    assert provider.base_url == "http://127.0.0.1:4010/v2"
    assert telnyx(api_key="given").headers() == {"authorization": "Bearer given"}


def test_schedule_ahead_only_shortens_the_window():
    """`schedule_ahead` shortens the window, and never lengthens it beyond the five days of Telnyx."""
    assert telnyx().capabilities.window.max_lead == timedelta(days=5)
    assert telnyx(schedule_ahead=timedelta(days=2)).capabilities.window.max_lead == timedelta(days=2)
    assert telnyx(schedule_ahead=timedelta(days=9)).capabilities.window.max_lead == timedelta(days=5)


@pytest.mark.parametrize(
    ("settings", "changes", "why"),
    [
        ({}, {"text": " \n"}, "empty"),
        ({}, {"text": "a\ud83d"}, "surrogate"),
        ({}, {"channel": "mms", "text": ""}, "empty"),
        ({}, {"channel": "mms", "media_urls": ("https://example.com/a.png",) * 11}, "11 media"),
        (
            {"from_": "Dr Smith", "messaging_profile_id": PROFILE},
            {"channel": "mms", "media_urls": ("https://example.com/a.png",)},
            "SMS only",
        ),
        ({}, {"text": "a" * 1531}, "11 parts"),
        ({}, {"text": "ж" * 671}, "11 parts"),
        ({"encoding": "ucs2"}, {"text": "a" * 671}, "11 parts"),
        ({"encoding": "gsm7"}, {"text": "ж"}, "gsm7"),
    ],
    ids=["blank", "half a character", "empty mms", "media", "alphanumeric mms", "gsm", "ucs2", "forced", "unfit"],
)
def test_what_telnyx_never_takes_is_refused_before_the_call(settings, changes, why):
    """No text, too many parts or media, or characters that don't fit: the draft is rejected without a call."""
    with pytest.raises(RejectedError, match=why):
        create(telnyx(**settings), **changes)


@pytest.mark.parametrize("text", ["a" * 1530, "ж" * 670], ids=["gsm", "ucs2"])
def test_ten_parts_are_taken(text):
    """Ten parts are the most that is taken: 1530 characters of GSM-7, or 670 of UCS-2."""
    assert create(text=text)


# Answers


@pytest.mark.parametrize(("word", "status"), sorted(STATUSES.items()))
def test_every_word_of_telnyx_has_one_of_ours(word, status):
    """Each status that Telnyx documents is read as the one our table gives it."""
    receipt = telnyx().parse_read(answer(200, {"data": message(word)}))
    assert (receipt.provider_id, receipt.status) == ("403", status)


@pytest.mark.parametrize("word", ["pondering", "", None, 7, ["x"]])
def test_a_word_nobody_knows_is_unknown_and_never_raises(word):
    """A status that is new, or no word at all, is read as `unknown`: the message was taken all the same."""
    assert telnyx().parse_created(answer(200, {"data": message(word)})).status == "unknown"


def test_a_replayed_answer_says_so():
    """The header `idempotent-replayed` tells an answer repeated for a known key from one to a new message."""
    found = answer(200, {"data": message()}, **{"idempotent-replayed": "true"})
    assert telnyx().parse_created(found).replayed
    assert not telnyx().parse_created(answer(201, {"data": message()})).replayed


def test_the_answer_to_a_cancellation_is_not_wrapped():
    """A cancellation is answered with the bare message; one wrapped in `data` is understood too."""
    assert telnyx().parse_cancelled(answer(200, message("cancelled"))).status == "cancelled"
    assert telnyx().parse_cancelled(answer(200, {"data": message("cancelled")})).status == "cancelled"


def test_a_receipt_tells_why_a_message_failed_and_no_number():
    """A failed message's receipt has the code and the title, not the detail, which may hold a number."""
    errors = [{"code": "40002", "title": "Blocked as spam", "detail": NUMBER}]
    receipt = telnyx().parse_read(answer(200, {"data": message("delivery_failed", errors=errors)}))
    assert (receipt.status, receipt.error) == ("undelivered", "40002 Blocked as spam")


CREATE_ERRORS = [
    (400, "10015", UnknownRefusalError),
    (422, "99999", UnknownRefusalError),
    (404, "", UnknownRefusalError),
    (404, "40303", UnknownRefusalError),
    (400, "20999", UnknownRefusalError),
    (400, "10033", MistimedError),
    (403, "40300", OptedOutError),
    (401, "10009", RefusedCredentialError),
    (403, "10010", RefusedCredentialError),
    (301, "", RefusedCredentialError),
    (403, "99999", AccountRefusedError),
    (404, "10005", AccountRefusedError),
    (402, "20100", AccountRefusedError),
    (429, "10011", RateLimitedError),
    (429, "", RateLimitedError),
    (408, "", UnknownOutcomeError),
    (409, "10036", UnknownOutcomeError),
    (422, "10027", UnknownOutcomeError),
    (500, "10007", UnknownOutcomeError),
    (502, "", UnknownOutcomeError),
    (503, "10037", UnknownOutcomeError),
    (504, "10008", UnknownOutcomeError),
]
"""Statuses and codes as they come together; `test_refusals` has every code."""


@pytest.mark.parametrize(("status", "code", "kind"), CREATE_ERRORS)
@pytest.mark.parametrize("bare", [False, True], ids=["listed", "bare"])
def test_a_code_and_its_status_say_what_to_do(status, code, kind, bare):
    """Status and code choose the class of error, listed or bare, and its text holds no phone number."""
    error = {"code": code, "title": "T", "detail": f"the number {NUMBER}"}
    with pytest.raises(ProviderError) as raised:
        telnyx().parse_created(answer(status, error if bare else {"errors": [error]}))
    assert type(raised.value) is kind
    assert (raised.value.code, raised.value.status, raised.value.provider) == (code, status, "telnyx")
    assert NUMBER not in str(raised.value)
    assert str(raised.value).startswith("Telnyx: create was answered with")


def test_a_number_in_a_title_is_masked():
    """A phone number in an error's title is masked, whatever its punctuation."""
    with pytest.raises(InvalidNumberError) as raised:
        telnyx().parse_created(problem(400, "40310", f"Invalid 'to' {NUMBER} 202-555-0123"))
    assert "5550123" not in str(raised.value).replace("-", "")


def test_the_telling_code_of_several_is_taken():
    """Where an answer lists several errors, the opt-out decides over the bad request before it."""
    errors = [{"code": "10015", "title": "Bad"}, {"code": "40300", "title": "STOP"}]
    with pytest.raises(OptedOutError):
        telnyx().parse_created(answer(400, {"errors": errors}))


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7.0),
        ({"x-ratelimit-reset": "3"}, 3.0),
        ({"retry-after": "Wed, 21 Oct 2026 07:28:00 GMT", "x-ratelimit-reset": "2.5"}, 2.5),
        ({"retry-after": "Wed, 21 Oct 2026 07:28:00 GMT", "date": "Wed, 21 Oct 2026 07:27:50 GMT"}, 10.0),
        ({"retry-after": "Wed, 21 Oct 2026 07:28:00 GMT", "date": "Wed, 21 Oct 2026 07:29:00 GMT"}, 0.0),
        ({"x-ratelimit-reset": "1771165800"}, 3600.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "Mon, 01 Jan 99999999999999999999 00:00:00 GMT"}, None),
        ({"retry-after": "Mon, 01 Jan 2026 00:00:00 GMT", "date": "Mon, 01 Jan 99999999999999999999 00:00:00"}, None),
        ({}, None),
    ],
    ids=[
        "retry-after",
        "reset",
        "reset beats a bare date",
        "date",
        "a date gone by",
        "an instant",
        "nonsense",
        "no year",
        "no year now",
        "none",
    ],
)
def test_a_rate_limit_names_its_wait(headers, seconds):
    """The wait is read from `retry-after` or the reset header, as seconds or an instant, or is not known."""
    with pytest.raises(RateLimitedError) as raised:
        telnyx().parse_created(problem(429, "10011", **headers))
    assert raised.value.retry_after == seconds


@pytest.mark.parametrize(
    "body",
    [b"", b"null", b"[]", b"<html>", b"{}", b'{"data":[]}', b'{"data":{"id":""}}', b'{"data":{"id":null}}', b"\xff"],
)
def test_a_2xx_that_cannot_be_read_leaves_the_outcome_open(body):
    """An unreadable success may have parked a message: unknown after a post, transient after a read."""
    with pytest.raises(UnknownOutcomeError):
        telnyx().parse_created(Response(200, {}, body))
    with pytest.raises(TransientError):
        telnyx().parse_read(Response(200, {}, body))


@settings(deadline=None)
@given(status=st.integers(100, 599), body=st.binary(max_size=60))
def test_no_answer_whatever_raises_anything_but_provider_errors(status, body):
    """Any status with any bytes becomes a `ProviderError`, never an error of the parser."""
    provider = telnyx()
    for parse in (provider.parse_created, provider.parse_read, provider.parse_cancelled):
        with pytest.raises(ProviderError):
            parse(Response(status, {}, body))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["to", "id", "errors"]), inner),
    max_leaves=8,
)


@settings(deadline=None)
@given(status=st.sampled_from([200, 400, 403, 404, 500]), errors=json_values, data=json_values, to=json_values)
def test_strange_shapes_raise_nothing_but_provider_errors(status, errors, data, to):
    """JSON of any shape where errors and data belong is read, or raises a `ProviderError`."""
    found = answer(status, {"errors": errors, "data": data, "to": to, "code": to, "id": "7"})
    with suppress(ProviderError):
        telnyx().parse_created(found)


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (401, "10009", RefusedCredentialError),
        (403, "10010", RefusedCredentialError),
        (404, "10005", MessageNotFoundError),
        (404, "40303", MessageNotFoundError),
        (400, "10015", MessageNotFoundError),
        (429, "10011", RateLimitedError),
        (500, "10007", TransientError),
        (503, "", TransientError),
        (408, "", TransientError),
    ],
)
def test_a_failed_read_changes_nothing(status, code, kind):
    """A failed read is no outcome: the key is refused, the message is not found, or it is asked later."""
    with pytest.raises(ProviderError) as raised:
        telnyx().parse_read(problem(status, code))
    assert type(raised.value) is kind


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (401, "10009", RefusedCredentialError),
        (403, "10010", TooLateToCancelError),
        (403, "40303", TooLateToCancelError),
        (403, "", TooLateToCancelError),
        (404, "40303", MessageNotFoundError),
        (404, "10005", MessageNotFoundError),
        (429, "10011", RateLimitedError),
        (500, "10007", TransientError),
        (503, "10037", TransientError),
    ],
)
@pytest.mark.parametrize("bare", [False, True], ids=["listed", "bare"])
def test_a_failed_cancellation_is_to_be_settled_by_looking(status, code, kind, bare):
    """A cancellation that fails never counts as done: its error says to look at the message or try again."""
    error = {"code": code, "title": "T"}
    with pytest.raises(ProviderError) as raised:
        telnyx().parse_cancelled(answer(status, error if bare else {"errors": [error]}))
    assert type(raised.value) is kind


# Webhooks

PRIVATE = Ed25519PrivateKey.from_private_bytes(b"1" * 32)
OTHER = Ed25519PrivateKey.from_private_bytes(b"2" * 32)


def public(key):
    return base64.b64encode(key.public_key().public_bytes_raw()).decode()


def signed(body, at=NOW, key=PRIVATE):
    timestamp = str(int(at.timestamp()))
    signature = base64.b64encode(key.sign(timestamp.encode() + b"|" + body)).decode()
    return {"Telnyx-Timestamp": timestamp, "Telnyx-Signature-Ed25519": signature}


def event_body(event_type="message.finalized", status="delivered", **payload):
    data = {
        "event_type": event_type,
        "id": "ev-1",
        "occurred_at": "2026-02-15T14:30:02.500000+00:00",
        "payload": {"id": "403", "to": [{"phone_number": NUMBER, "status": status}], **payload},
        "record_type": "event",
    }
    return json.dumps({"data": data, "meta": {"attempt": 1, "delivered_to": "https://example.com/h"}}).encode()


def events(body, headers=None, now=NOW, **settings):
    provider = telnyx(**{"public_key": public(PRIVATE), **settings})
    return provider.events(signed(body) if headers is None else headers, body, now)


def test_a_finalized_message_is_delivered():
    """A `message.finalized` event becomes one delivery event with its id, instant, token and raw body."""
    (event,) = events(event_body(webhook_url="https://example.com/h?x=1&reminder_kit=tok-9"))
    assert (event.id, event.type, event.provider, event.provider_id) == ("ev-1", "delivered", "telnyx", "403")
    assert event.occurred_at == datetime(2026, 2, 15, 14, 30, 2, 500_000, tzinfo=UTC)
    assert (event.token, event.number, event.text) == ("tok-9", NUMBER, None)
    assert event.raw["meta"]["attempt"] == 1


def test_the_token_is_found_where_the_event_was_delivered_to():
    """Where the payload names no webhook address, the token is read from `meta.delivered_to`."""
    body = event_body().replace(b"https://example.com/h", b"https://example.com/h?reminder_kit=tok-8")
    assert events(body)[0].token == "tok-8"


@pytest.mark.parametrize(
    ("event_type", "status", "expected"),
    [
        ("message.sent", "sent", "sent"),
        ("message.sent", "queued", "sent"),
        ("message.sent", "sending_failed", "undelivered"),
        ("message.finalized", "delivered", "delivered"),
        ("message.finalized", "delivery_failed", "undelivered"),
        ("message.finalized", "delivery_unconfirmed", "sent"),
        ("message.finalized", "new word", "unknown"),
        ("replaced_link_click", "x", "unknown"),
    ],
)
def test_each_event_has_our_type(event_type, status, expected):
    """An event's name and status give its type; what nobody knows is `unknown`, and the code is kept."""
    errors = [{"code": "40008", "title": "Undeliverable"}]
    (event,) = events(event_body(event_type, status, errors=errors))
    assert (event.type, event.code) == (expected, "40008")


@pytest.mark.parametrize(
    ("text", "automatic", "expected"),
    [
        ("STOP", "STOP", "opted_out"),
        ("Cancel", "STOP", "opted_out"),
        ("Stop. Thank you", None, "opted_out"),
        ("start", "START", "opted_in"),
        ("HELP", "HELP", "received"),
        ("See you!", None, "received"),
    ],
)
def test_a_reply_is_read_for_what_it_asks(text, automatic, expected):
    """A reply opts out or in by Telnyx's own word for it or by its text; any other is `received`."""
    body = event_body(
        "message.received",
        "webhook_delivered",
        **{"from": {"phone_number": NUMBER}},
        text=text,
        autoresponse_type=automatic,
    )
    (event,) = events(body)
    assert (event.type, event.number, event.text) == (expected, NUMBER, text)


def test_one_changed_byte_breaks_the_signature():
    """Body, timestamp and key must all be those that were signed: a change of any one is refused."""
    body = event_body()
    with pytest.raises(SignatureError):
        events(body + b" ", signed(body))
    with pytest.raises(SignatureError):
        events(body, {**signed(body), "Telnyx-Timestamp": "1771165806"})
    with pytest.raises(SignatureError):
        events(body, signed(body, key=OTHER))


@pytest.mark.parametrize("seconds", [-301, 301, 86_400])
def test_a_webhook_from_another_time_is_a_replay(seconds):
    """A timestamp more than five minutes away, before or after, is refused as a replay."""
    body = event_body()
    with pytest.raises(SignatureError, match="replay"):
        events(body, now=NOW + timedelta(seconds=seconds))


@pytest.mark.parametrize("seconds", [-300, 0, 300])
def test_five_minutes_either_way_are_tolerated(seconds):
    """A timestamp exactly five minutes away is still taken, since clocks differ."""
    assert events(event_body(), now=NOW + timedelta(seconds=seconds))


@pytest.mark.parametrize("separator", [",", " ", "\n", ", "])
def test_a_second_key_is_taken_while_keys_change(separator):
    """Several public keys may be given, as a list or in one text, and any of them may have signed."""
    keys = separator.join((public(OTHER), public(PRIVATE)))
    assert events(event_body(), public_key=keys)
    assert events(event_body(), public_key=[public(OTHER), public(PRIVATE)])


@pytest.mark.parametrize(
    "headers",
    [{}, {"telnyx-timestamp": "1771165805"}, {"telnyx-timestamp": "x", "telnyx-signature-ed25519": "AAAA"}],
    ids=["none", "no signature", "nonsense"],
)
def test_what_is_not_signed_is_refused(headers):
    """A webhook without a signature, or with a nonsensical one, is refused as badly signed."""
    with pytest.raises(SignatureError):
        events(event_body(), headers)


def test_wsgi_headers_are_understood():
    """Headers may come under their WSGI names, such as `HTTP_TELNYX_TIMESTAMP`."""
    body = event_body()
    headers = {"HTTP_" + name.upper().replace("-", "_"): value for name, value in signed(body).items()}
    assert events(body, headers)


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"data":{}}', b'{"data":{"id":null}}', b"nonsense"])
def test_a_signed_body_that_is_no_event_is_a_payload_error(body):
    """A body that is signed truly but holds no event is a payload error, not one of the signature."""
    with pytest.raises(PayloadError):
        events(body)


def test_without_a_public_key_nothing_is_believed():
    """Without a public key, or with one that is none, the configuration is to blame, not the webhook."""
    with pytest.raises(ConfigurationError, match="TELNYX_PUBLIC_KEY"):
        events(event_body(), public_key=())
    with pytest.raises(ConfigurationError, match="public key"):
        events(event_body(), public_key="AAAA")


# By name


def test_providers_are_found_by_name():
    """A provider is found by its name, and an unknown name is refused with the names there are."""
    assert provider_class("telnyx") is Telnyx
    assert "telnyx" in provider_names()
    with pytest.raises(ConfigurationError, match=r"unknown provider 'pigeon'.*telnyx"):
        provider_class("pigeon")


def announced(folder, name, target):
    info = folder / f"{name}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[reminder_kit.providers]\n{name} = {target}\n")


def test_other_packages_announce_their_providers(tmp_path, monkeypatch):
    """Entry points add providers and replace none of ours; one that can't be loaded is named when asked for."""
    announced(tmp_path, "pigeon", "pigeon_post:Pigeon")
    announced(tmp_path, "broken", "no_such_module:Broken")
    announced(tmp_path, "telnyx", "pigeon_post:Pigeon")
    (tmp_path / "pigeon_post.py").write_text("class Pigeon: pass\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert provider_class("pigeon").__name__ == "Pigeon"
    assert provider_class("telnyx") is Telnyx
    assert provider_names() == ("broken", "pigeon", "telnyx", "twilio", "vonage")
    with pytest.raises(ConfigurationError, match=r"no_such_module:Broken.*cannot be loaded"):
        provider_class("broken")


# Detail records


def records(*rows):
    body = json.dumps({"data": [{"uuid": f"u-{n}", "direction": "outbound", **row} for n, row in enumerate(rows)]})
    return Telnyx("KEY", "+12025550100").parse_messages(Response(200, {}, body.encode()), "+12025550123", NOW)


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("delivered", "delivered"),
        ("dlr_unconfirmed", "sent"),
        ("dlr_timeout", "sent"),
        ("gw_timeout", "undelivered"),
        ("gw_reject", "undelivered"),
        ("failed", "undelivered"),
        ("read", "delivered"),
        ("pondering", "unknown"),
    ],
)
def test_detail_records_have_words_of_their_own(word, status):
    """A record's status is a word that messages do not know, and means one of ours all the same."""
    (found,) = records({"status": word, "cli": "+12025550100"})
    assert found.status == status


def test_detail_records_of_rcs_are_passed_over():
    """What went out on another channel was made by no ledger of ours."""
    rows = [{"message_type": kind, "cli": "+12025550100", "status": "delivered"} for kind in ("SMS", "MMS", "RCS")]
    assert [found.provider_id for found in records(*rows)] == ["u-0", "u-1"]


def test_a_detail_record_without_an_address_tells_no_token():
    """The webhook address of a record is a text, empty where there was none."""
    (found,) = records({"delivery_status_webhook_url": "", "status": "delivered"})
    assert found.token == ""


@pytest.mark.parametrize("encoding", [None, "auto", "gsm7", "ucs2"])
def test_an_encoding_is_one_of_those_that_telnyx_has(encoding):
    """By default none is named; another word is refused."""
    assert telnyx(encoding=encoding).name == "telnyx"
    with pytest.raises(ConfigurationError, match="unknown encoding 'utf8'"):
        telnyx(encoding="utf8")


@pytest.mark.parametrize("named", [NUMBER, [NUMBER], {"phone_number": NUMBER}, [{"phone_number": NUMBER}]], ids=str)
def test_a_number_is_known_however_an_event_names_it(named):
    """Alone or in a list, as an object or as text: by it a reply bars, and an event is erased."""
    (reply,) = events(event_body("message.received", "webhook_delivered", **{"from": named}, text="STOP"))
    (other,) = events(event_body("call.initiated", "webhook_delivered", to=named))
    assert (reply.type, reply.number) == ("opted_out", NUMBER)
    assert (other.type, other.number) == ("unknown", NUMBER)
