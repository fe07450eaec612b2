"""Facts about public keys: what proves something, what proves nothing, and what nobody can have been given."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta

import pytest

from reminder_kit.errors import ConfigurationError, SignatureError
from reminder_kit.providers.signatures import check_age, check_ed25519_key
from reminder_kit.providers.telnyx.provider import Telnyx
from reminder_kit.sandbox.signer import Signer

P = 2**255 - 19
RFC_8032 = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
SMALL = [
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0000000000000000000000000000000000000000000000000000000000000080",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000080",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
]
"""Points of small order, each as it may be written down, also with a y beyond the field (libsodium's list)."""


def text(hexadecimal):
    return base64.b64encode(bytes.fromhex(hexadecimal)).decode()


def signed_by_anybody(key, message):
    """Return whether the signature of nobody (R and S zero, or R the neutral point) holds for a message."""
    ed25519 = pytest.importorskip("cryptography.hazmat.primitives.asymmetric.ed25519")
    public = ed25519.Ed25519PublicKey.from_public_bytes(base64.b64decode(key))
    for r in (b"\x01" + bytes(31), bytes(32)):
        try:
            public.verify(r + bytes(32), message)
        except Exception:  # noqa: BLE001 - whatever it is, it holds not
            continue
        return True
    return False


@pytest.mark.parametrize("key", SMALL)
def test_a_key_under_which_anybody_can_sign_is_refused_as_it_is_given(key):
    """A key of small order is a `ConfigurationError` of the constructor, before any webhook is taken under it."""
    with pytest.raises(ConfigurationError, match="under which anybody can sign"):
        Telnyx("KEY", "+12025550100", public_key=text(key))
    with pytest.raises(ConfigurationError, match="TELNYX_PUBLIC_KEY"):
        Telnyx("KEY", "+12025550100", public_key=(text(RFC_8032), text(key)))


def test_such_a_key_does_let_anybody_sign():
    """Under the neutral point a signature made of nothing holds for some message or other: that is what is refused."""
    assert any(signed_by_anybody(text(SMALL[2]), f"STOP {number}".encode()) for number in range(8))
    assert not any(signed_by_anybody(text(RFC_8032), f"STOP {number}".encode()) for number in range(8))


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("AAAA", "is not base64 of 32 bytes"),
        ("A" * 44, "is not base64 of 32 bytes"),
        ("é" * 44, "is not base64 of 32 bytes"),
        ("\ud800", "is not base64 of 32 bytes"),
        (text("02" + "00" * 31), "is no point of the curve"),
        (base64.b64encode((P + 3).to_bytes(32, "little")).decode(), "is no point of the curve"),
    ],
    ids=["short", "long", "accents", "half a character", "beside the curve", "beyond the field"],
)
def test_what_is_no_key_is_refused_with_where_to_find_one(key, words):
    """A key that can't be one is told with its variable and place, and is not shown: it may be another secret."""
    with pytest.raises(ConfigurationError, match=words) as caught:
        Telnyx("KEY", "+12025550100", public_key=key)
    assert "Telnyx portal" in str(caught.value)
    assert key not in str(caught.value)


def test_what_is_no_text_is_no_key():
    """As a value of JSON or TOML may be."""
    with pytest.raises(ConfigurationError, match="is not base64 of 32 bytes"):
        Telnyx("KEY", "+12025550100", public_key=[5])


def test_keys_that_somebody_was_given_are_taken():
    """The keys of RFC 8032's examples and of our own signer are keys."""
    for seed in range(20):
        check_ed25519_key(Signer(str(seed)).public_key, "the key")
    check_ed25519_key(text(RFC_8032), "the key")
    assert Telnyx("KEY", "+12025550100", public_key=f"{text(RFC_8032)}, {Signer().public_key}")


@pytest.mark.parametrize(
    "timestamp", ["1_771_165_805", " 1771165805", "+1771165805", "１７７１１６５８０５", "1e9", "²", ""]
)
def test_a_timestamp_is_ascii_digits(timestamp):
    """What Python's `int` takes for a number besides digits is no provider's timestamp."""
    with pytest.raises(SignatureError, match="no Unix time"):
        check_age(timestamp, datetime(2026, 2, 15, 14, 30, 5, tzinfo=UTC), timedelta(days=99_999), "webhook")


def test_a_timestamp_of_thousands_of_digits_is_none():
    """A timestamp beyond all calendars is refused as any other that is none."""
    with pytest.raises(SignatureError, match="no Unix time"):
        check_age("9" * 5000, datetime(2026, 2, 15, tzinfo=UTC), timedelta(minutes=5), "webhook")
