"""What a mail server says, and what goes wrong with it, in our words: by code, by enhanced code, by what was asked."""

from __future__ import annotations

import smtplib
import ssl

import pytest

from reminder_kit.channels.conversation import Server, _before_the_message, _expect, _refusal, _stuffed
from reminder_kit.errors import (
    AccountRefusedError,
    InvalidNumberError,
    ProviderError,
    RefusedCredentialError,
    RejectedError,
    SenderRefusedError,
    TransientError,
    UnknownRefusalError,
)
from reminder_kit.ports.exchange import NotSentError

SERVER = Server("mail.example", 587, "starttls", 30.0)

LATER = ": tried again later"
NOBODY = ": there is no such address, or nobody reads it"
SENDER = ": it takes nothing from this sender"
ACCOUNT = ": this user, or network, may not send that"
LONG = ": the message is too long"


@pytest.mark.parametrize(
    ("code", "said", "verb", "kind", "name", "words"),
    [
        (354, b"", "message", TransientError, "354", LATER),
        (421, b"x", "MAIL", TransientError, "421", LATER),
        (450, b"4.2.0 x", "RCPT", TransientError, "450 4.2.0", LATER),
        (499, b"5.1.1 x", "RCPT", TransientError, "499 5.1.1", LATER),
        (500, b"", "DATA", UnknownRefusalError, "500", ""),
        (550, b"5.1.1 x", "RCPT", InvalidNumberError, "550 5.1.1", NOBODY),
        (550, b"5.1.10 x", "RCPT", InvalidNumberError, "550 5.1.10", NOBODY),
        (550, b"5.2.1 x", "RCPT", InvalidNumberError, "550 5.2.1", NOBODY),
        (550, b"5.1.7 x", "RCPT", SenderRefusedError, "550 5.1.7", SENDER),
        (550, b"5.1.8 x", "RCPT", SenderRefusedError, "550 5.1.8", SENDER),
        (550, b"5.2.2 x", "RCPT", UnknownRefusalError, "550 5.2.2", ""),
        (552, b"5.2.2 x", "RCPT", UnknownRefusalError, "552 5.2.2", ""),
        (552, b"5.2.2 x", "message", UnknownRefusalError, "552 5.2.2", ""),
        (552, b"5.3.4 x", "MAIL", SenderRefusedError, "552 5.3.4", SENDER),
        (552, b"5.6.1 x", "message", UnknownRefusalError, "552 5.6.1", ""),
        (550, b"", "RCPT", UnknownRefusalError, "550", ""),
        (550, b"5.1.1 x", "message", UnknownRefusalError, "550 5.1.1", ""),
        (550, b"5.2.1 x", "message", UnknownRefusalError, "550 5.2.1", ""),
        (550, b"5.1.7 x", "message", SenderRefusedError, "550 5.1.7", SENDER),
        (550, b"5.1.8 x", "DATA", SenderRefusedError, "550 5.1.8", SENDER),
        (550, b"5.1.9 x", "DATA", UnknownRefusalError, "550 5.1.9", ""),
        (550, b"5.1.6 x", "DATA", UnknownRefusalError, "550 5.1.6", ""),
        (550, b"", "MAIL", SenderRefusedError, "550", SENDER),
        (550, b"5.7.1 x", "MAIL", SenderRefusedError, "550 5.7.1", SENDER),
        (550, b"5.7.1 x", "RCPT", AccountRefusedError, "550 5.7.1", ACCOUNT),
        (550, b"5.7.26 x", "DATA", AccountRefusedError, "550 5.7.26", ACCOUNT),
        (554, b"5.7.1 x", "greeting", AccountRefusedError, "554 5.7.1", ACCOUNT),
        (550, b"5.7.1 x", "message", UnknownRefusalError, "550 5.7.1", ""),
        (550, b"5.6.1 x", "DATA", UnknownRefusalError, "550 5.6.1", ""),
        (550, b"5.3.4 x", "message", RejectedError, "550 5.3.4", LONG),
        (550, b"5.2.3 x", "message", RejectedError, "550 5.2.3", LONG),
        (552, b"", "message", RejectedError, "552", LONG),
        (551, b"5.3.3 x", "message", UnknownRefusalError, "551 5.3.3", ""),
        (553, b"5.2.4 x", "message", UnknownRefusalError, "553 5.2.4", ""),
        (554, b"  5.0.0\tx", "message", UnknownRefusalError, "554 5.0.0", ""),
        (554, b"5.0.0x", "message", UnknownRefusalError, "554", ""),
        (554, b"5.0.1234", "message", UnknownRefusalError, "554", ""),
        (550, b"5.123.123 x", "message", UnknownRefusalError, "550 5.123.123", ""),
        (550, b"6.1.1 x", "RCPT", UnknownRefusalError, "550", ""),
        (550, b"x 5.1.1", "RCPT", UnknownRefusalError, "550", ""),
    ],
)
def test_each_refusal_says_whose_it_is(code, said, verb, kind, name, words):
    """The person's address, our sender, our account, the message, or nobody's that we know."""
    error = _refusal(code, said, verb)
    assert (type(error), error.provider, error.code) == (kind, "email", name.partition(" ")[2] or name)
    assert str(error) == f"email: the server answered {name} to the {verb}{words}"


@pytest.mark.parametrize(
    ("code", "wanted", "fine"),
    [
        (250, 250, True),
        (251, 250, True),
        (252, 250, True),
        (253, 250, False),
        (249, 250, False),
        (550, 250, False),
        (354, 354, True),
        (250, 354, False),
        (251, 354, False),
        (252, 354, False),
    ],
)
def test_a_forward_is_as_good_as_a_yes(code, wanted, fine):
    """But where a message is to follow, only that is wanted."""
    if fine:
        _expect((code, b""), "RCPT", wanted)
    else:
        with pytest.raises(ProviderError, match=f"the server answered {code} to the RCPT"):
            _expect((code, b""), "RCPT", wanted)


NOT_TRUSTED = ssl.SSLCertVerificationError("x")
NOT_TRUSTED.verify_message = "self-signed certificate"
PASSWORD = " refuses the user or the password: check username and SMTP_PASSWORD"


@pytest.mark.parametrize(
    ("error", "kind", "code", "words"),
    [
        (smtplib.SMTPAuthenticationError(399, b"x"), RefusedCredentialError, "399", PASSWORD),
        (smtplib.SMTPAuthenticationError(400, b"x"), TransientError, "400", " can't check the password now"),
        (smtplib.SMTPAuthenticationError(499, b"x"), TransientError, "499", " can't check the password now"),
        (smtplib.SMTPAuthenticationError(500, b"x"), RefusedCredentialError, "500", PASSWORD),
        (smtplib.SMTPAuthenticationError(535, b"x"), RefusedCredentialError, "535", PASSWORD),
        (
            smtplib.SMTPNotSupportedError("x"),
            AccountRefusedError,
            "unsupported",
            " does not offer what was asked for: check username and tls",
        ),
        (
            NOT_TRUSTED,
            AccountRefusedError,
            "certificate",
            ": its certificate is not to be trusted (self-signed certificate): check host, or name its `certificates`",
        ),
        (
            UnicodeEncodeError("ascii", "x", 0, 1, "y"),
            AccountRefusedError,
            "unicode",
            ": host, user or password hold what can't be said to it: check them",
        ),
        (
            smtplib.SMTPException("x"),
            AccountRefusedError,
            "login",
            " knows no way of logging in that we know: check host, port and tls",
        ),
        (
            smtplib.SMTPServerDisconnected("x"),
            NotSentError,
            None,
            ": no connection (SMTPServerDisconnected); check host, port and tls",
        ),
        (
            ConnectionRefusedError(),
            NotSentError,
            None,
            ": no connection (ConnectionRefusedError); check host, port and tls",
        ),
        (TimeoutError(), NotSentError, None, ": no connection (TimeoutError); check host, port and tls"),
        (ssl.SSLError(), NotSentError, None, ": no connection (SSLError); check host, port and tls"),
    ],
    ids=lambda value: repr(value) if isinstance(value, Exception) else None,
)
def test_what_goes_wrong_before_the_message_is_told_as_what_it_is(error, kind, code, words):
    """Where it was, what it means, and what to check."""
    with pytest.raises(kind) as caught, _before_the_message(SERVER):
        raise error
    assert type(caught.value) is kind
    assert str(caught.value) == f"email at mail.example:587{words}"
    if code is not None:
        assert (caught.value.provider, caught.value.code) == ("email", code)


@pytest.mark.parametrize(
    ("error", "kind", "name"),
    [
        (smtplib.SMTPConnectError(421, "x"), TransientError, "421"),
        (smtplib.SMTPConnectError(554, "5.7.1 ü"), AccountRefusedError, "554 5.7.1"),
        (smtplib.SMTPHeloError(550, b"x"), UnknownRefusalError, "550"),
    ],
    ids=["busy", "not from there", "no hello"],
)
def test_a_server_may_refuse_as_it_is_greeted(error, kind, name):
    """By the same codes, said as text or as bytes."""
    said = f"^email: the server answered {name} to the greeting"
    with pytest.raises(kind, match=said) as caught, _before_the_message(SERVER):
        raise error
    assert type(caught.value) is kind


@pytest.mark.parametrize(
    ("message", "sent"),
    [
        (b"a\r\n", b"a\r\n.\r\n"),
        (b"a", b"a\r\n.\r\n"),
        (b"", b"\r\n.\r\n"),
        (b".a\r\n..b\r\nc.\r\n.", b"..a\r\n...b\r\nc.\r\n..\r\n.\r\n"),
    ],
)
def test_no_line_of_a_message_ends_it(message, sent):
    """A dot at the beginning of a line is doubled (RFC 5321, 4.5.2)."""
    assert _stuffed(message) == sent


def test_a_server_is_told_by_its_place():
    """Host and port; the system's certificates are trusted where none are named."""
    assert (SERVER.place, SERVER.certificates) == ("mail.example:587", None)
