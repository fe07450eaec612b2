"""What is verified of a webhook, and every word that a refusal of one says."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import pytest

from reminder_kit.errors import ConfigurationError, PayloadError, SignatureError
from reminder_kit.ports.verifying import check_age, check_near, lowered, same_hmac
from reminder_kit.providers.jwt import made_rs256
from reminder_kit.providers.signatures import verify_ed25519
from reminder_kit.providers.telnyx.provider import Telnyx
from reminder_kit.providers.twilio.provider import Twilio
from reminder_kit.providers.twilio.webhooks import Secrets, signed_text
from reminder_kit.sandbox.signer import Signer
from tests.factories import ACCOUNT, HOOK, NUMBER, SENDER, SERVICE, START

FORM = {"MessageSid": "SM1", "MessageStatus": "delivered", "To": NUMBER}
BODY = urlencode(FORM).encode()


def twilio(**settings):
    given = {"account_sid": ACCOUNT, "auth_token": "TOKEN", "messaging_service_sid": SERVICE, "webhook_url": HOOK}
    return Twilio(**{**given, **settings})


def sign(url, fields=(), secret="TOKEN", algorithm="sha1"):
    text = url + "".join(name + value for name, value in sorted(fields))
    return base64.b64encode(hmac.digest(secret.encode(), text.encode(), algorithm)).decode()


def took(body=BODY, signature=None, provider=None, **more):
    headers = {"X-Twilio-Signature": sign(HOOK, FORM.items()) if signature is None else signature}
    headers |= more.pop("headers", {})
    return (provider or twilio()).events(headers, body, START, **more)


@pytest.mark.parametrize(
    ("asked", "kind", "words"),
    [
        ({"signature": ""}, SignatureError, "it has no x-twilio-signature; it is not from Twilio"),
        (
            {"signature": "x"},
            SignatureError,
            (
                "the signature fits neither TWILIO_AUTH_TOKEN nor the address clinic.example; check both, and that "
                "webhook_url is exactly the public address"
            ),
        ),
        ({"body": b"\xff"}, SignatureError, "the body is neither a form nor JSON"),
        ({"body": b"{"}, SignatureError, "the body is neither a form nor JSON"),
        ({"body": b'{"a":' * 50_000}, SignatureError, "the body is neither a form nor JSON"),
        (
            {"headers": {"x-twilio-webhooks-signature-settings": "key=1,algorithm=MD5"}},
            SignatureError,
            "it is signed by 'MD5', which we do not know",
        ),
        (
            {"url": "https://other.example/x"},
            SignatureError,
            "it is said to have come to another host than webhook_url's: 'other.example'",
        ),
        (
            {"url": "https://clinic.example:port/x"},
            SignatureError,
            "'https://clinic.example:port/x' is no address that a webhook can have come to",
        ),
        ({"url": "http://[::1"}, SignatureError, "'http://[::1' is no address that a webhook can have come to"),
        (
            {"provider": twilio(webhook_url=None)},
            ConfigurationError,
            "its signature covers its address: set `webhook_url` in [provider]",
        ),
        (
            {"provider": twilio(webhook_url=None), "url": "/hooks"},
            ConfigurationError,
            "its signature covers its address: set `webhook_url` in [provider]",
        ),
        ({"body": b"", "signature": sign(HOOK)}, PayloadError, "it names no message"),
    ],
)
def test_twilio_is_refused_in_these_words(asked, kind, words):
    """Each fault, and what to set."""
    with pytest.raises(kind) as caught:
        took(**asked)
    assert str(caught.value) == f"Twilio webhook: {words}"


@pytest.mark.parametrize(("count", "is_taken"), [(1000, True), (1001, False)])
def test_a_form_has_a_thousand_fields_at_the_most(count, is_taken):
    """One more is no form."""
    form = {**FORM, **{f"a{number}": "1" for number in range(count - len(FORM))}}
    body, signature = urlencode(form).encode(), sign(HOOK, form.items())
    if is_taken:
        assert took(body, signature)[0].raw == form
        return
    with pytest.raises(SignatureError, match="the body is neither a form nor JSON"):
        took(body, signature)


JSON = json.dumps({"MessageSid": "SM1", "MessageStatus": "delivered", "To": NUMBER, "n": 1}).encode()
DIGEST = hashlib.sha256(JSON).hexdigest()


@pytest.mark.parametrize(
    ("url", "signed"),
    [
        (None, f"{HOOK}?bodySHA256={DIGEST}"),
        ("?a=1", f"{HOOK}?a=1&bodySHA256={DIGEST}"),
        (f"?bodySHA256={DIGEST}", f"{HOOK}?bodySHA256={DIGEST}"),
        (f"?a=1&bodySHA256={DIGEST.upper()}", f"{HOOK}?a=1&bodySHA256={DIGEST.upper()}"),
        ("#rc=3", f"{HOOK}?bodySHA256={DIGEST}"),
    ],
)
def test_a_json_body_is_signed_by_its_digest_in_the_address(url, signed):
    """Not by its fields; where the address has none, it is added."""
    (event,) = took(JSON, sign(signed), url=url)
    assert (event.id, event.number) == ("SM1:delivered", NUMBER)
    assert event.raw == {"MessageSid": "SM1", "MessageStatus": "delivered", "To": NUMBER, "n": "1"}


def test_a_digest_of_another_body_is_refused():
    """Also where the address itself is signed truly."""
    url = f"{HOOK}?bodySHA256={'0' * 64}"
    with pytest.raises(SignatureError, match="the address is signed for another body"):
        took(JSON, sign(url), url=url)


@pytest.mark.parametrize(
    ("settings", "secret", "algorithm", "is_taken"),
    [
        ("", "TOKEN", "sha1", True),
        ("", "TOKEN", "sha256", False),
        ("", "KEY-1", "sha1", False),
        ("algorithm=HMAC_SHA1", "TOKEN", "sha1", True),
        ("key=k, algorithm=hmac_sha256", "KEY-1", "sha256", True),
        ("algorithm=HMAC_SHA256", "KEY-2", "sha256", True),
        ("algorithm=HMAC_SHA256", "TOKEN", "sha256", True),
        ("algorithm=HMAC_SHA256", "TOKEN", "sha1", False),
        ("key=k", "TOKEN", "sha1", True),
    ],
)
def test_a_shared_key_signs_by_sha_256_alone(settings, secret, algorithm, is_taken):
    """The token signs by either; what the header names is what is checked."""
    headers = {"x-twilio-webhooks-signature-settings": settings}
    provider = twilio(webhook_key=" KEY-1, KEY-2 ")
    signature = sign(HOOK, FORM.items(), secret, algorithm)
    if is_taken:
        assert took(signature=signature, provider=provider, headers=headers)
        return
    with pytest.raises(SignatureError) as caught:
        took(signature=signature, provider=provider, headers=headers)
    name = "TWILIO_WEBHOOK_KEY" if "SHA256" in settings else "TWILIO_AUTH_TOKEN"
    assert f"fits neither {name} nor" in str(caught.value)


def test_a_shared_key_may_be_one_of_several(monkeypatch):
    """From the environment or given, in a text or a list; without a token they verify by themselves."""
    monkeypatch.setenv("TWILIO_WEBHOOK_KEY", "KEY-1 KEY-2")
    headers = {"x-twilio-webhooks-signature-settings": "algorithm=HMAC_SHA256"}
    signature = sign(HOOK, FORM.items(), "KEY-2", "sha256")
    for given in (None, ["", "KEY-2"], "KEY-2"):
        assert took(signature=signature, provider=twilio(webhook_key=given, auth_token=""), headers=headers)
    with pytest.raises(ConfigurationError, match="set TWILIO_AUTH_TOKEN"):
        took(provider=twilio(webhook_key="", auth_token=""))


def test_what_is_signed_is_each_field_once():
    """Sorted by name, then by value; the same field with the same value counts once."""
    fields = [("b", "2"), ("a", "z"), ("a", "ü"), ("b", "2")]
    assert signed_text("https://a.example", fields) == "https://a.exampleazaüb2".encode()


def test_secrets_are_in_no_repr():
    """Neither token nor keys."""
    assert repr(Secrets("TOKEN", ("KEY",))) == "Secrets()"
    assert Secrets("TOKEN").names("sha256") == "TWILIO_AUTH_TOKEN"
    assert Secrets("TOKEN", ("KEY",)).names("sha1") == "TWILIO_AUTH_TOKEN"


# Ages and headers

NOW = datetime(2026, 2, 15, 14, 30, tzinfo=UTC)
FIVE = timedelta(minutes=5)


@pytest.mark.parametrize(
    ("seconds", "near"), [(0, True), (300, True), (-300, True), (301, False), (-301, False)], ids=str
)
def test_a_timestamp_is_near_up_to_the_tolerance(seconds, near):
    """Either way; the error says when it was signed, and how far is too far."""
    at = NOW + timedelta(seconds=seconds)
    timestamp = str(int(at.timestamp()))
    if near:
        assert check_age(timestamp, NOW, FIVE, "webhook") == check_near(at, NOW, FIVE, "webhook") == at
        return
    with pytest.raises(SignatureError) as caught:
        check_age(timestamp, NOW, FIVE, "webhook")
    words = f"webhook: signed at {at:%Y-%m-%dT%H:%M:%SZ}, more than 0:05:00 from now: a replay, or a clock is wrong"
    assert str(caught.value) == words


@pytest.mark.parametrize("timestamp", ["9" * 12, "9" * 30, "9" * 5000], ids=["year 33658", "no year", "no number"])
def test_a_timestamp_beyond_all_calendars_is_none(timestamp):
    """However many digits it has."""
    with pytest.raises(SignatureError, match="is no Unix time"):
        check_age(timestamp, NOW, FIVE, "webhook")


def test_a_timestamp_that_is_none_is_shown_in_part():
    """Its first twenty characters."""
    with pytest.raises(SignatureError) as caught:
        check_age("x" * 21, NOW, FIVE, "webhook")
    assert str(caught.value) == f"webhook: the timestamp {'x' * 20!r} is no Unix time"


def test_headers_are_one_spelling():
    """By name or as variables of WSGI; a name that merely holds such letters stays."""
    given = {"X-A": "1", "HTTP_X_B": "2", "x_http_c": "3"}
    assert lowered(given) == {"x-a": "1", "x-b": "2", "x-http-c": "3"}


def test_an_hmac_is_of_secret_words_and_digest():
    """As RFC 4231 has it (test case 2, SHA-256), and nothing near it."""
    made = base64.b64encode(bytes.fromhex("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")).decode()
    words = b"what do ya want for nothing?"
    assert same_hmac("Jefe", words, made, "sha256")
    assert not same_hmac("Jefe", words, made, "sha1")
    assert not same_hmac("Jeff", words, made, "sha256")
    assert not same_hmac("Jefe", words, made[:-1], "sha256")


SIGNED = b"1|{}"


def signature_of(seed=""):
    headers = Signer(seed).headers(b"{}", datetime.fromtimestamp(1, UTC))
    return headers["telnyx-signature-ed25519"]


def test_any_of_several_keys_may_have_signed():
    """Whichever stands first."""
    one, other = Signer("a").public_key, Signer("b").public_key
    verify_ed25519([one, other], signature_of("b"), SIGNED, "webhook")
    verify_ed25519([other, one], signature_of("b"), SIGNED, "webhook")


@pytest.mark.parametrize(
    ("keys", "signature", "kind", "words"),
    [
        (["a"], "x", SignatureError, "the signature is not base64 of 64 bytes"),
        (["a"], base64.b64encode(b"x" * 63).decode(), SignatureError, "the signature is not base64 of 64 bytes"),
        (["a"], signature_of("a") + "*", SignatureError, "the signature is not base64 of 64 bytes"),
        (
            ["a", "c"],
            signature_of("b"),
            SignatureError,
            "the signature fits none of our public keys; check the key, and use the raw body",
        ),
        (
            [],
            signature_of("b"),
            SignatureError,
            "the signature fits none of our public keys; check the key, and use the raw body",
        ),
        (
            [None],
            signature_of("b"),
            ConfigurationError,
            "the public key is not base64 of 32 bytes; copy it from the provider's portal",
        ),
    ],
)
def test_a_signature_that_fits_no_key_is_refused(keys, signature, kind, words):
    """As is a key that can't be one."""
    given = ["AAAA" if seed is None else Signer(seed).public_key for seed in keys]
    with pytest.raises(kind) as caught:
        verify_ed25519(given, signature, SIGNED, "webhook")
    assert str(caught.value) == f"webhook: {words}"


def test_public_keys_come_from_one_text_or_several(monkeypatch):
    """By commas and blanks, or as a list; the environment's where none are given, and an empty one is none."""
    keys = [Signer(seed).public_key for seed in "ab"]
    body = b'{"data": {"id": "E-1"}}'
    headers = Signer("b").headers(body, START)
    for given in (", ".join(keys), " ".join(keys), f" {keys[1]}\n", keys, ("", keys[1])):
        assert Telnyx("KEY", SENDER, public_key=given).events(headers, body, START)
    monkeypatch.setenv("TELNYX_PUBLIC_KEY", f"{keys[0]},{keys[1]}")
    assert Telnyx("KEY", SENDER).events(headers, body, START)
    with pytest.raises(ConfigurationError, match="set TELNYX_PUBLIC_KEY"):
        Telnyx("KEY", SENDER, public_key="").events(headers, body, START)


@pytest.mark.parametrize(("seconds", "near"), [(60, True), (61, False)])
def test_a_tolerance_may_be_another(seconds, near):
    """How far a webhook's time may be from ours."""
    body = b'{"data": {"id": "E-1"}}'
    one = Telnyx("KEY", SENDER, public_key=Signer().public_key, tolerance=timedelta(minutes=1))
    headers, later = Signer().headers(body, START), START + timedelta(seconds=seconds)
    if near:
        assert one.events(headers, body, later)[0].occurred_at == START
        return
    with pytest.raises(SignatureError, match="more than 0:01:00 from now"):
        one.events(headers, body, later)


@pytest.mark.parametrize("key", ["", "x", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"])
def test_a_private_key_that_is_none_is_a_matter_of_configuration(key):
    """The error says how it is to be copied, and nothing of it."""
    with pytest.raises(ConfigurationError) as caught:
        made_rs256({"a": 1}, key)
    assert str(caught.value) == "the private key is no RSA key in PEM form: copy the provider's file as it is"
