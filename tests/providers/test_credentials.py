"""Credentials by halves: of each pair either both are there, or it doesn't count."""

from __future__ import annotations

from itertools import product

import pytest

from reminder_kit.errors import ConfigurationError
from reminder_kit.providers.twilio.provider import Twilio
from reminder_kit.providers.vonage.provider import Vonage
from tests.factories import ACCOUNT, SENDER, SERVICE


@pytest.fixture(autouse=True)
def _no_credentials(monkeypatch):
    for name in ("API_KEY", "API_SECRET", "APPLICATION_ID", "PRIVATE_KEY"):
        monkeypatch.delenv(f"VONAGE_{name}", raising=False)
    for name in ("ACCOUNT_SID", "AUTH_TOKEN", "API_KEY", "API_SECRET"):
        monkeypatch.delenv(f"TWILIO_{name}", raising=False)


@pytest.fixture(scope="module")
def private_key():
    """A key of an application, as text."""
    rsa = pytest.importorskip("cryptography.hazmat.primitives.asymmetric.rsa")
    from cryptography.hazmat.primitives import serialization as forms

    key = rsa.generate_private_key(65537, 2048)
    return key.private_bytes(forms.Encoding.PEM, forms.PrivateFormat.PKCS8, forms.NoEncryption()).decode()


@pytest.mark.parametrize(("key", "secret", "application", "signed"), list(product([True, False], repeat=4)))
def test_vonage_takes_a_whole_application_else_a_whole_key(private_key, key, secret, application, signed):
    """The application comes first; with neither pair whole there are no credentials."""
    provider = Vonage(
        SENDER,
        "abcd" if key else "",
        "SECRET" if secret else "",
        application_id="app-1" if application else "",
        private_key=private_key if signed else "",
    )
    if application and signed:
        assert provider.headers()["authorization"].startswith("Bearer ")
    elif key and secret:
        assert provider.headers()["authorization"].startswith("Basic ")
    else:
        with pytest.raises(ConfigurationError, match="VONAGE_APPLICATION_ID"):
            provider.headers()


@pytest.mark.parametrize(("account", "token"), [("", "KEY"), (ACCOUNT, ""), ("", "")])
def test_twilio_needs_both_account_and_token(account, token):
    """One without the other is no credential."""
    with pytest.raises(ConfigurationError, match="TWILIO_"):
        Twilio(account, token, SERVICE).headers()
