"""The talk with an SMTP server (RFC 5321): one connection for each message, and what its answers mean.

Never says anything before the connection is encrypted, unless told so, and never repeats anything. Where the
connection ends between the last byte of a message and the answer to it, nobody knows whether it was taken; at any
other point it certainly was not.
"""

from __future__ import annotations

import re
import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from attrs import frozen

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
from reminder_kit.ports.exchange import NoAnswerError, NotSentError

__all__ = ["Server", "handed_over", "reached"]

_NAME = "email"

_ENHANCED = re.compile(rb"^\s*([245])\.(\d{1,3})\.(\d{1,3})\b")
"""An enhanced status code (RFC 3463), which says what an answer is about: the address (1), the mailbox (2), …"""


@frozen
class Server:
    """An SMTP server: where it is, how its connection is encrypted (`tls`), and how many seconds each step may take."""

    host: str
    port: int
    tls: str
    timeout: float
    #: A file of certificates to trust; None: the system's.
    certificates: str | None = None

    @property
    def place(self) -> str:
        """Where it is, in words."""
        return f"{self.host}:{self.port}"


def reached(server: Server, login: tuple[str, str] | None) -> None:
    """Reach a server, log in and part. Raises as `handed_over` does."""
    with _connected(server, login):
        pass


def handed_over(server: Server, login: tuple[str, str] | None, sender: str, to: str, message: bytes) -> None:
    """Hand a message over; returns once the server has taken responsibility for it (250, RFC 5321, 4.2.5).

    Raises `NotSentError` where the server was not reached, `NoAnswerError` where it may have taken the message, and of
    the `ProviderError` branch for what it refuses.
    """
    with _connected(server, login) as smtp:
        options = []
        if not (to.isascii() and sender.isascii()):
            if not smtp.has_extn("smtputf8"):
                raise RejectedError(
                    "the server takes no addresses with letters beyond ASCII (SMTPUTF8): use another address",
                    provider=_NAME,
                    code="smtputf8",
                )
            options = ["SMTPUTF8", "BODY=8BITMIME"]
        with _before_the_message(server):
            _expect(smtp.mail(sender, options), "MAIL")
            _expect(smtp.rcpt(to), "RCPT")
            _expect(smtp.docmd("DATA"), "DATA", 354)
        try:
            smtp.send(_stuffed(message))
            answer = smtp.getreply()
        except (OSError, smtplib.SMTPException) as error:
            raise NoAnswerError(
                f"{_NAME} at {server.place}: no answer to the message ({type(error).__name__}); it may have been taken"
            ) from error
        code, said = answer
        if not 200 <= code < 600 or 300 <= code < 400:
            raise NoAnswerError(f"{_NAME} at {server.place}: no word on the message ({code}); it may have been taken")
        if code >= 400:
            raise _refusal(code, said, "message")


def _stuffed(message: bytes) -> bytes:
    """Return a message as it is sent after DATA: a dot at the beginning of a line is doubled (RFC 5321, 4.5.2)."""
    lines = message if message.endswith(b"\r\n") else message + b"\r\n"
    return re.sub(rb"(?m)^\.", b"..", lines) + b".\r\n"


@contextmanager
def _connected(server: Server, login: tuple[str, str] | None) -> Iterator[smtplib.SMTP]:
    """Lend a connection on which we have said hello, encrypted and logged in; however it ends, it is closed."""
    smtp: smtplib.SMTP | None = None
    try:
        with _before_the_message(server):
            smtp = _opened(server)
            smtp.ehlo_or_helo_if_needed()
            if server.tls == "starttls":
                if not smtp.has_extn("starttls"):
                    raise AccountRefusedError(
                        f"{_NAME} at {server.place} offers no STARTTLS: check host and port, or say tls = "
                        '"implicit" ("none" for a server on this machine)',
                        provider=_NAME,
                        code="no_starttls",
                    )
                smtp.starttls(context=_context(server))
                smtp.ehlo()
            if login is not None:
                smtp.login(*login)
        yield smtp
        with suppress(OSError, smtplib.SMTPException):  # what was to be done is done
            smtp.quit()
    finally:
        if smtp is not None:
            smtp.close()


def _opened(server: Server) -> smtplib.SMTP:
    if server.tls == "implicit":
        return smtplib.SMTP_SSL(server.host, server.port, timeout=server.timeout, context=_context(server))
    return smtplib.SMTP(server.host, server.port, timeout=server.timeout)


def _context(server: Server) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=server.certificates)


@contextmanager
def _before_the_message(server: Server) -> Iterator[None]:
    """Tell what goes wrong before a message is sent as what it is: certainly nothing was taken."""
    where = f"{_NAME} at {server.place}"
    try:
        yield
    except smtplib.SMTPAuthenticationError as error:
        if 400 <= error.smtp_code < 500:
            words = f"{where} can't check the password now"
            raise TransientError(words, provider=_NAME, code=str(error.smtp_code)) from None
        raise RefusedCredentialError(
            f"{where} refuses the user or the password: check username and SMTP_PASSWORD",
            provider=_NAME,
            code=str(error.smtp_code),
        ) from None
    except smtplib.SMTPNotSupportedError as error:
        words = f"{where} does not offer what was asked for: check username and tls"
        raise AccountRefusedError(words, provider=_NAME, code="unsupported") from error
    except smtplib.SMTPResponseException as error:
        raise _refusal(error.smtp_code, _bytes(error.smtp_error), "greeting") from None
    except ssl.SSLCertVerificationError as error:
        raise AccountRefusedError(
            f"{where}: its certificate is not to be trusted ({error.verify_message}): check host, or name its "
            "`certificates`",
            provider=_NAME,
            code="certificate",
        ) from None
    except UnicodeError:
        words = f"{where}: host, user or password hold what can't be said to it: check them"
        raise AccountRefusedError(words, provider=_NAME, code="unicode") from None
    except (OSError, smtplib.SMTPException) as error:
        said = type(error).__name__
        if type(error) is smtplib.SMTPException:  # of logging in: no way that both know
            words = f"{where} knows no way of logging in that we know: check host, port and tls"
            raise AccountRefusedError(words, provider=_NAME, code="login") from None
        raise NotSentError(f"{where}: no connection ({said}); check host, port and tls") from error


def _bytes(said: bytes | str) -> bytes:
    return said if isinstance(said, bytes) else said.encode("utf-8", "replace")


def _expect(answer: tuple[int, bytes], verb: str, wanted: int = 250) -> None:
    """Raise what an answer means that is not the one that is wanted; a forward (251) is as good."""
    code, said = answer
    if code != wanted and not (wanted == 250 and code in (251, 252)):
        raise _refusal(code, said, verb)


def _refusal(code: int, said: bytes, verb: str) -> ProviderError:
    """Return the error that a refusal means, by its code, its enhanced code and what was asked for (`verb`).

    Its words are left out, for they name people. Source: RFC 5321, 4.2.3, and RFC 3463, 3.
    """
    match = _ENHANCED.match(said)
    subject, detail = (int(match[2]), int(match[3])) if match else (0, 0)
    name = f"{code}" + (f" {match[1].decode()}.{subject}.{detail}" if match else "")
    details: dict[str, Any] = {"provider": _NAME, "code": name.partition(" ")[2] or name}
    words = f"{_NAME}: the server answered {name} to the {verb}"
    if code < 500:  # 4xx, and what is no answer of SMTP
        return TransientError(f"{words}: tried again later", **details)
    if verb == "MAIL" or (subject, detail) in ((1, 7), (1, 8)):  # servers say it of the sender at RCPT, too
        return SenderRefusedError(f"{words}: it takes nothing from this sender", **details)
    if verb == "RCPT" and (subject == 1 or (subject, detail) == (2, 1)):
        return InvalidNumberError(f"{words}: there is no such address, or nobody reads it", **details)
    if subject == 7 and verb != "message":
        return AccountRefusedError(f"{words}: this user, or network, may not send that", **details)
    if (subject, detail) in ((3, 4), (2, 3)) or (code == 552 and not match):
        return RejectedError(f"{words}: the message is too long", **details)
    return UnknownRefusalError(words, **details)
