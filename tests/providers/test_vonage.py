"""Facts about the Vonage adapter beyond the contract of all providers."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from reminder_kit.errors import (
    AccountRefusedError,
    ConfigurationError,
    InvalidNumberError,
    MessageNotFoundError,
    PayloadError,
    ProviderError,
    RateLimitedError,
    RefusedCredentialError,
    RejectedError,
    SenderRefusedError,
    SignatureError,
    TooLateToCancelError,
    UnknownOutcomeError,
    UnknownRefusalError,
)
from reminder_kit.model.messages import Draft
from reminder_kit.ports import Response
from reminder_kit.providers import provider_class
from reminder_kit.providers.vonage.provider import Vonage
from tests.factories import NUMBER

NOW = datetime(2026, 2, 15, 14, 30, tzinfo=UTC)


@pytest.fixture(autouse=True)
def no_environment(monkeypatch):
    for name in ("API_KEY", "API_SECRET", "APPLICATION_ID", "PRIVATE_KEY", "SIGNATURE_SECRET", "BASE_URL"):
        monkeypatch.delenv(f"VONAGE_{name}", raising=False)


def vonage(**changes):
    settings = {"from_": "+12025550100", "api_key": "abcd", "api_secret": "SECRET", "signature_secret": "SIGNED"}
    return Vonage(**{**settings, **changes})


def create(provider=None, **changes):
    draft = Draft(**{"to": NUMBER, "text": "See you", "send_at": NOW, **changes})
    return (provider or vonage()).create(draft, token="tok-1", idempotency_key="k")


def test_a_message_is_sent_without_plus_signs_and_with_our_token():
    """Vonage takes numbers without a plus sign, and our token as `client_ref`."""
    request = create(vonage(webhook_url="https://example.com/v"))
    assert request.path == "/v1/messages"
    assert json.loads(request.body) == {
        "message_type": "text",
        "channel": "sms",
        "to": "12025550123",
        "from": "12025550100",
        "client_ref": "tok-1",
        "text": "See you",
        "webhook_url": "https://example.com/v",
    }


def test_an_mms_is_one_image_with_its_caption():
    """An MMS is posted as one image whose caption is the text."""
    body = json.loads(create(channel="mms", media_urls=("https://example.com/a.png",)).body)
    assert body["image"] == {"url": "https://example.com/a.png", "caption": "See you"}
    assert (body["channel"], body["message_type"]) == ("mms", "image")


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.png", "image"),
        ("a.VCF?key=1", "vcard"),
        ("a.mp3", "audio"),
        ("a.mp4", "video"),
        ("a.pdf", "file"),
        ("a", "image"),
        ("a.mp4/", "video"),
    ],
)
def test_a_medium_is_what_its_name_ends_in(name, kind):
    """Pictures, cards, sounds, films and files are message types of their own; what shows nothing is a picture."""
    url = f"https://example.com/{name}"
    body = json.loads(create(channel="mms", media_urls=(url,), text="").body)
    assert (body["message_type"], body[kind]) == (kind, {"url": url})


def test_several_media_are_one_message():
    """Several attachments of any kind are one `content`, and the text stands beside the first."""
    urls = ("https://example.com/a.png", "https://example.com/b.pdf")
    body = json.loads(create(channel="mms", media_urls=urls).body)
    assert body["message_type"] == "content"
    assert body["content"] == [
        {"type": "image", "url": urls[0], "caption": "See you"},
        {"type": "file", "url": urls[1]},
    ]


def test_an_mms_may_be_text_alone():
    """An MMS without media is a text on the channel `mms`."""
    body = json.loads(create(channel="mms").body)
    assert (body["channel"], body["message_type"], body["text"]) == ("mms", "text", "See you")


def test_what_it_posts_is_what_the_official_sdk_posts():
    """Each shape is the one that Vonage's own package makes of the same message."""
    models = pytest.importorskip("vonage_messages.models")
    numbers = {"to": "12025550123", "from_": "12025550100", "client_ref": "tok-1"}
    url, more = "https://example.com/a.vcf", "https://example.com/b.png"
    card, text = models.MmsResource(url=url, caption="See you"), "See you"
    items = [
        models.MmsContentItemVcard(url=url, caption=text),
        models.MmsContentItemImage(url=more),
    ]
    for official, changes in (
        (models.Sms(text="a" * 3200, **numbers), {"text": "a" * 3200}),
        (models.MmsText(text=text, **numbers), {"channel": "mms"}),
        (models.MmsVcard(vcard=card, **numbers), {"channel": "mms", "media_urls": (url,)}),
        (models.MmsContent(content=items, **numbers), {"channel": "mms", "media_urls": (url, more)}),
    ):
        posted = json.loads(create(**changes).body)
        assert posted == json.loads(official.model_dump_json(by_alias=True, exclude_none=True))


@pytest.mark.parametrize(
    "changes",
    [
        {"text": "a" * 3201},
        {"text": "a" * 3001, "media_urls": ("https://example.com/a.png",)},
        {"channel": "mms", "text": " "},
    ],
    ids=["long", "long caption", "nothing"],
)
def test_what_vonage_never_takes_is_refused_before_the_call(changes):
    """A text over 3,200 characters, a caption over 3,000, or neither text nor media, is rejected without a call."""
    with pytest.raises(RejectedError):
        create(**changes)


def test_it_holds_and_sends():
    """Vonage parks nothing: we hold a reminder and send it when due, with nothing to read or cancel."""
    able = vonage().capabilities
    assert able.window.holds_and_sends
    assert (able.cancels, able.lookup_age, able.key_life) == (False, None, None)
    with pytest.raises(MessageNotFoundError):
        vonage().read("x")
    with pytest.raises(TooLateToCancelError):
        vonage().cancel("x")


@pytest.mark.parametrize(
    ("settings", "names"),
    [({"from_": None}, "`from`"), ({"api_secret": ""}, "VONAGE_API_SECRET")],
    ids=["sender", "secret"],
)
def test_what_is_missing_is_named(settings, names):
    """A missing sender or secret is refused by the name of its setting or variable."""
    with pytest.raises(ConfigurationError, match=names):
        vonage(**settings).headers()


def test_a_key_and_secret_are_basic_credentials():
    """Key and secret go out as basic credentials, and the secret is in no repr."""
    assert vonage().headers() == {"authorization": "Basic " + base64.b64encode(b"abcd:SECRET").decode()}
    assert "SECRET" not in repr(vonage())


@pytest.fixture(scope="module")
def rsa_key():
    return rsa.generate_private_key(65537, 2048)


def pem(key):
    kinds = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return key.private_bytes(*kinds).decode()


def unpacked(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def test_an_application_signs_its_tokens_and_renews_them(rsa_key, tmp_path):
    """An application signs tokens of 15 minutes with its key, and makes a new one before the old runs out."""
    path = tmp_path / "private.key"
    path.write_text(pem(rsa_key))
    times = iter([1000.0, 1500.0, 1700.0])
    provider = vonage(application_id="app-1", private_key=str(path), clock=lambda: next(times))
    first, second, third = (provider.headers()["authorization"].removeprefix("Bearer ") for _ in range(3))
    assert first == second != third
    head, claims, signed = first.split(".")
    rsa_key.public_key().verify(unpacked(signed), f"{head}.{claims}".encode(), padding.PKCS1v15(), hashes.SHA256())
    assert json.loads(unpacked(claims)).items() >= {"application_id": "app-1", "iat": 1000, "exp": 1900}.items()


@pytest.mark.parametrize("key", ["no such file", "-----BEGIN PRIVATE KEY-----\nxx\n-----END PRIVATE KEY-----"])
def test_a_key_that_cannot_be_read_is_a_matter_of_configuration(key):
    """A private key that is neither a file nor a readable PEM is refused as a matter of configuration."""
    with pytest.raises(ConfigurationError):
        vonage(application_id="app-1", private_key=key).headers()


def answer(status, value, **headers):
    return Response(status, headers, json.dumps(value).encode())


def test_what_is_taken_is_on_its_way():
    """A message that Vonage takes is sent, not parked: its receipt says so."""
    receipt = vonage().parse_created(answer(202, {"message_uuid": "u-1"}))
    assert (receipt.provider_id, receipt.status) == ("u-1", "sent")


@pytest.mark.parametrize(
    ("status", "value", "kind"),
    [
        (401, {}, RefusedCredentialError),
        (402, {"title": "Low balance"}, AccountRefusedError),
        (403, {}, AccountRefusedError),
        (404, {}, UnknownRefusalError),
        (307, {}, RefusedCredentialError),
        (422, {"invalid_parameters": [{"name": "to"}]}, InvalidNumberError),
        (422, {"invalid_parameters": [{"name": "text"}]}, RejectedError),
        (422, {"invalid_parameters": [{"name": "from"}]}, SenderRefusedError),
        (422, {"invalid_parameters": "to"}, UnknownRefusalError),
        (429, {}, RateLimitedError),
        (500, {}, UnknownOutcomeError),
        (202, {}, UnknownOutcomeError),
    ],
)
def test_every_answer_says_what_to_do(status, value, kind):
    """Status and invalid parameter choose the class of error; a success without an id leaves it unknown."""
    with pytest.raises(ProviderError) as raised:
        vonage().parse_created(answer(status, value))
    assert type(raised.value) is kind


# Webhooks


def token(body, secret="SIGNED", alg="HS256", **changes):
    claims = {"iat": int(NOW.timestamp()), "payload_hash": hashlib.sha256(body).hexdigest(), **changes}

    def packed(value):
        return base64.urlsafe_b64encode(value).rstrip(b"=")

    signed = packed(json.dumps({"alg": alg}).encode()) + b"." + packed(json.dumps(claims).encode())
    return (signed + b"." + packed(hmac.digest(secret.encode(), signed, hashlib.sha256))).decode()


def events_of(value, headers=None, now=NOW, **claims):
    body = json.dumps(value).encode()
    return vonage().events(headers or {"Authorization": f"Bearer {token(body, **claims)}"}, body, now)


STATUS = {
    "message_uuid": "u-1",
    "to": "12025550123",
    "from": "12025550100",
    "timestamp": "2026-02-15T14:29:59Z",
    "status": "delivered",
    "client_ref": "tok-1",
}


def test_a_status_names_its_message_and_our_token():
    """A status webhook names message, token and number, with the plus sign put back, and its own instant."""
    (event,) = events_of(STATUS)
    assert (event.type, event.provider_id, event.token, event.number) == ("delivered", "u-1", "tok-1", NUMBER)
    assert event.occurred_at == datetime(2026, 2, 15, 14, 29, 59, tzinfo=UTC)


@pytest.mark.parametrize(
    ("changes", "kind", "code"),
    [
        ({"status": "submitted"}, "sent", ""),
        ({"status": "rejected", "error": {"title": "1240"}}, "undelivered", "1240"),
        ({"status": "undeliverable", "error": "?"}, "undelivered", ""),
        ({"status": "accepted"}, "sent", ""),
        ({"status": "failed", "error": {"title": 1000}}, "undelivered", "1000"),
        ({"status": "expired"}, "undelivered", ""),
        ({"status": "pondering"}, "unknown", ""),
        ({"to": {"type": "sms", "number": "12025550123"}, "from": {"type": "sms", "number": "1"}}, "delivered", ""),
        ({"timestamp": "yesterday"}, "delivered", ""),
    ],
)
def test_each_status_has_our_type(changes, kind, code):
    """Each status has its type, and neither an odd error nor an odd timestamp makes the event unreadable."""
    (event,) = events_of({**STATUS, **changes})
    assert (event.type, event.code) == (kind, code)


def test_a_reply_is_read_for_what_it_asks():
    """A reply's words alone opt a person out: Vonage has no word of its own for it."""
    (event,) = events_of({"message_uuid": "u-2", "from": "12025550123", "text": "Stop. Thank you"})
    assert (event.type, event.number, event.text) == ("opted_out", NUMBER, "Stop. Thank you")


@pytest.mark.parametrize(
    "claims",
    [
        {"secret": "OTHER"},
        {"alg": "none"},
        {"payload_hash": "0" * 64},
        {"payload_hash": None},
        {"iat": int(NOW.timestamp()) - 301},
        {"iat": int(NOW.timestamp()) + 301},
        {"iat": None},
        {"iat": str(int(NOW.timestamp()))},
        {"iat": True},
        {"iat": 1e300},
        {"exp": int(NOW.timestamp())},
        {"exp": "never"},
        {"nbf": int(NOW.timestamp()) + 301},
        {"api_key": "efgh"},
    ],
    ids=[
        *("secret", "algorithm", "other body", "no digest", "old", "early", "no time", "time as text", "time as truth"),
        *("endless time", "over", "no end", "not yet", "other account"),
    ],
)
def test_a_forged_or_old_webhook_is_refused(claims):
    """Secret, algorithm, digest of the body, account and times within five minutes: each must be right."""
    with pytest.raises(SignatureError):
        events_of(STATUS, **claims)


@pytest.mark.parametrize(
    "claims",
    [
        {"iat": NOW.timestamp() + 0.25},
        {"exp": int(NOW.timestamp()) + 1},
        {"nbf": int(NOW.timestamp()) + 299},
        {"api_key": "abcd"},
        {
            "payload_hash": hashlib.sha256(json.dumps({"message_uuid": "u-1", "status": "sent"}).encode())
            .hexdigest()
            .upper()
        },
    ],
    ids=["fraction", "not over", "clock ahead", "our account", "upper case"],
)
def test_what_a_token_may_hold_besides_is_taken(claims):
    """A NumericDate may have a fraction (RFC 7519, 2), a clock may be a little ahead, and the account is ours."""
    assert events_of({"message_uuid": "u-1", "status": "sent"}, **claims)


@pytest.mark.parametrize("added", ["==", "!!", "A", ".x"])
def test_a_token_is_taken_as_it_is_or_not_at_all(added):
    """Whatever stands behind the signature makes another token, also what base64 would pass over."""
    body = json.dumps(STATUS).encode()
    made = token(body)
    assert vonage().events({"authorization": f"bearer  {made} "}, body, NOW)
    with pytest.raises(SignatureError):
        vonage().events({"authorization": f"Bearer {made}{added}"}, body, NOW)


def test_a_token_of_the_official_sdk_is_taken():
    """What Vonage's own package signs is verified here, whichever way it orders its claims."""
    official = pytest.importorskip("jwt")
    body = json.dumps(STATUS).encode()
    claims = {"payload_hash": hashlib.sha256(body).hexdigest(), "iss": "Vonage", "iat": int(NOW.timestamp())}
    secret = "a secret of thirty-two characters"
    made = official.encode(claims, secret, algorithm="HS256")
    assert vonage(signature_secret=secret).events({"authorization": f"Bearer {made}"}, body, NOW)


@pytest.mark.parametrize("given", ["", "Bearer", "Bearer a.b", "Bearer a.b.c", "Basic abc", "Bearer ü.ü.ü"])
def test_what_is_no_token_is_refused(given):
    """A webhook whose authorization is no readable bearer token is refused as badly signed."""
    with pytest.raises(SignatureError):
        events_of(STATUS, headers={"authorization": given})


def test_a_signed_body_that_names_no_message_is_a_payload_error():
    """A body that is signed truly but names no message is a payload error, not one of the signature."""
    for value in ({}, [], "x"):
        with pytest.raises(PayloadError):
            events_of(value)


def test_without_the_secret_nothing_is_believed():
    """Without a signature secret no webhook can be verified: the error names the variable to set."""
    with pytest.raises(ConfigurationError, match="VONAGE_SIGNATURE_SECRET"):
        vonage(signature_secret="").events({}, b"", NOW)


def test_it_is_found_by_name():
    """`vonage` names this adapter, and its webhooks are taken up to five minutes later."""
    assert provider_class("vonage") is Vonage
    assert events_of(STATUS, now=NOW + timedelta(minutes=5))


# Other formats that an account can be set to


def test_a_reply_of_version_0_1_is_read_too():
    """An application may be set to the older format, in which numbers and texts are wrapped."""
    wrapped = {"type": "sms", "number": "12025550123"}
    content = {"content": {"type": "text", "text": "STOP"}}
    (event,) = events_of({"message_uuid": "u-2", "from": wrapped, "to": {"number": "12025550100"}, "message": content})
    assert (event.type, event.number, event.text) == ("opted_out", NUMBER, "STOP")
    assert "12025550100" in {sender.lstrip("+") for sender in event.senders}


@pytest.mark.parametrize("kind", ["image", "video", "audio", "file"])
def test_what_is_written_under_a_picture_is_a_reply(kind):
    """In either format; a text of its own comes first."""
    shown = {"message_type": kind, kind: {"url": "https://example.com/a.png", "caption": "STOP"}}
    new = {"message_uuid": "u-3", "from": "12025550123", "to": "12025550100", **shown}
    old = {**new, kind: None, "message": {"content": {"type": kind, **shown}}}
    for raw in (new, old):
        (event,) = events_of(raw)
        assert (event.type, event.text) == ("opted_out", "STOP")
    (event,) = events_of({**new, "text": "See you"})
    assert (event.type, event.text) == ("received", "See you")
    (event,) = events_of({**new, kind: {"url": "https://example.com/a.png"}})
    assert (event.type, event.text) == ("received", "")


REPLY = {
    "api-key": "abcd",
    "msisdn": "12025550123",
    "to": "12025550100",
    "messageId": "0A0000000123ABCD1",
    "text": "STOP & thanks=1",
    "type": "text",
    "keyword": "STOP",
    "message-timestamp": "2026-02-15 14:29:59",
    "timestamp": str(int(NOW.timestamp())),
    "nonce": "aaaaaaaa-bbbb-cccc-dddd-0123456789ab",
}


def sms_api(fields=REPLY, method="sha256", secret="SIGNED", form=False, now=NOW, **changes):
    """Return the event of a webhook in the format of the SMS API, signed as Vonage's own package signs."""
    signed = "".join(f"&{name}={str(fields[name]).translate({38: '_', 61: '_'})}" for name in sorted(fields))
    sig = hmac.new(secret.encode(), signed.encode(), method).hexdigest()
    sent = {**fields, "sig": sig, **changes}
    body = urlencode(sent).encode() if form else json.dumps(sent).encode()
    return vonage().events({"content-type": "application/json"}, body, now)


@pytest.mark.parametrize("method", ["md5", "sha1", "sha256", "sha512"])
@pytest.mark.parametrize("form", [False, True], ids=["JSON", "form"])
def test_a_stop_in_the_format_of_the_sms_api_is_heard(method, form):
    """An account whose default is the SMS API reports replies in its format: a STOP in it bars the number as any."""
    (event,) = sms_api({**REPLY, "text": "STOP"}, method, form=form)
    assert event.id == f"{REPLY['messageId']}:received"
    assert (event.type, event.number, event.text, event.provider_id) == (
        "opted_out",
        NUMBER,
        "STOP",
        REPLY["messageId"],
    )
    assert event.occurred_at == datetime(2026, 2, 15, 14, 29, 59, tzinfo=UTC)
    assert sms_api(form=form)[0].type == "received"  # "STOP & thanks=1": what parts fields is signed as "_"


def test_the_official_sdk_signs_the_same_fields():
    """What Vonage's own package signs for the SMS API is verified here."""
    auth = pytest.importorskip("vonage_http_client.auth")
    official = auth.Auth(api_key="abcd", signature_secret="SIGNED", signature_method="sha512")
    sig = official.sign_params(dict(REPLY))
    body = json.dumps({**REPLY, "sig": sig.upper()}).encode()
    assert vonage().events({}, body, NOW)[0].number == NUMBER


@pytest.mark.parametrize(
    ("status", "code", "kind", "shown"),
    [
        ("delivered", "0", "delivered", ""),
        ("accepted", "0", "sent", ""),
        ("buffered", "0", "sent", ""),
        ("failed", "6", "undelivered", "6"),
        ("expired", "1", "undelivered", "1"),
        ("rejected", "7", "undelivered", "7"),
        ("unknown", "99", "unknown", "99"),
    ],
)
def test_a_receipt_in_the_format_of_the_sms_api_is_read(status, code, kind, shown):
    """A delivery receipt names message, person and, as `client-ref`, our token; code 0 is none."""
    report = {**REPLY, "status": status, "err-code": code, "client-ref": "tok-1"}
    (event,) = sms_api(report)
    assert (event.type, event.code, event.token, event.text) == (kind, shown, "tok-1", None)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"sig": ""}, "Default SMS Setting"),
        ({"sig": "0" * 64}, "another secret"),
        ({"text": "START"}, "another secret"),
        ({"secret": "OTHER"}, "another secret"),
        ({"now": NOW + timedelta(seconds=301)}, "replay"),
        ({"fields": {**REPLY, "timestamp": ""}}, "no Unix time"),
        ({"fields": {**REPLY, "api-key": "efgh"}}, "VONAGE_API_KEY"),
    ],
)
def test_what_the_sms_api_did_not_sign_is_refused_with_the_setting_to_change(changes, words):
    """Not signed, signed by another, changed, too old, another account's: each says what is wrong and what to set."""
    with pytest.raises(SignatureError, match=words):
        sms_api(**changes)


def test_a_token_may_stand_before_the_sms_apis_format():
    """A body in that format that came with the usual token is read as well; one that names no message is none."""
    (event,) = events_of({"msisdn": "12025550123", "to": "12025550100", "messageId": "0A", "text": "STOP"})
    assert (event.type, event.number) == ("opted_out", NUMBER)
    with pytest.raises(PayloadError, match="names no message"):
        events_of({"msisdn": "12025550123", "text": "STOP"})


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"\xff=1", b"{" * 50_000, b"&".join([b"a=1"] * 500), b"null"])
def test_what_is_in_no_format_is_not_from_vonage(body):
    """Without a token, whatever else a body is, it is refused as not signed."""
    with pytest.raises(SignatureError, match="no bearer token"):
        vonage().events({}, body, NOW)
