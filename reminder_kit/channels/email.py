"""E-mail as a channel: one plain message for each letter, handed to an SMTP server.

Never writes what a host or a person gave into a header but for a subject without line ends and an address that is one;
and never repeats a message by itself. The same letter makes the same bytes.

The standard library's `smtplib` talks to the server, in a thread on the async face: one conversation for both faces,
and nothing more to install.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from datetime import datetime
from email.errors import HeaderParseError, MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import format_datetime, parseaddr
from functools import cached_property
from hashlib import blake2b

from reminder_kit.channels.bounces import FAILURES, TOKEN, reported
from reminder_kit.channels.conversation import Server, handed_over, reached
from reminder_kit.errors import ConfigurationError, InvalidNumberError, RejectedError, SignatureError
from reminder_kit.model.emails import email_address
from reminder_kit.model.messages import DeliveryEvent
from reminder_kit.ports.channel import Channel, Letter
from reminder_kit.ports.provider import Receipt

__all__ = ["Email"]

_SUBJECT = 100
"""Characters of a subject that is taken from the text; mail programs show fewer."""

_LONGEST_SUBJECT = 500
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")
_ENDS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
"""Line ends and other control characters, which no header may hold."""


class Email(Channel):
    """Send letters by e-mail: `ReminderKit(…, fallback=Email("Clinic <hello@clinic.example>", "smtp.clinic.example"))`.

    `from_` is whom they are from, with or without a name; `host` the SMTP server (else SMTP_HOST), on `port` (587).
    `username` is whom we log in as (None: nobody), with the password of SMTP_PASSWORD in the environment, or
    `password`. `tls` is "starttls" (encrypted before anything is said), "implicit" (from the first byte: usual on port
    465, and the default there), or "none" (a server on this machine). `subject` is a template as a rule's text
    ("Your appointment {{ when }}"); "": the beginning of the text. `reply_to` is where answers go, `bounces` where mail
    servers report what they could not deliver (None: whom they are from). `timeout` is in seconds, for each step.
    `certificates` is a file of certificates to trust in place of the system's.
    Raises `ConfigurationError`, naming the argument, for an address that can't be one.
    """

    name = "email"
    reaches = "email"
    failures = FAILURES

    def __init__(
        self,
        from_: str | None = None,
        host: str | None = None,
        port: int = 587,
        username: str | None = None,
        password: str | None = None,
        tls: str | None = None,
        subject: str = "",
        reply_to: str | None = None,
        bounces: str | None = None,
        timeout: float = 30.0,
        certificates: str | None = None,
    ) -> None:
        if not from_:
            raise ConfigurationError("an e-mail needs a sender: set `from` (Clinic <reminders@…>) in [fallback]")
        self._from = _mailbox(from_, "from")
        self._reply_to = _mailbox(reply_to, "reply_to") if reply_to else None
        self._bounces = _mailbox(bounces, "bounces").addr_spec if bounces else self._from.addr_spec
        server = host or os.environ.get("SMTP_HOST")
        if not server:
            raise ConfigurationError("an e-mail needs a server: set `host` in [fallback], or SMTP_HOST")
        if type(port) is not int or not 0 < port < 65536:
            raise ConfigurationError(f"port must be a number from 1 to 65535, not {port!r}")
        if tls not in (None, "starttls", "implicit", "none"):
            raise ConfigurationError(f"tls must be starttls, implicit or none, not {tls!r}")
        if not isinstance(subject, str) or _ENDS.search(subject):
            raise ConfigurationError("subject must be a text of one line")
        self.subject = subject
        self._username = username
        self._password = os.environ.get("SMTP_PASSWORD") if password is None else password
        usual = "implicit" if port == 465 else "starttls"
        self._server = Server(server, port, tls or usual, timeout, certificates)

    def __repr__(self) -> str:
        return f"Email(from_={str(self._from)!r}, host={self._server.host!r}, port={self._server.port})"

    @property
    def sender(self) -> str:
        """The address that letters are from."""
        return self._from.addr_spec

    @property
    def account(self) -> str:
        """A digest of the server, and of whom we log in as."""
        said = f"{self._server.place} {self._username or ''} {self._password or ''}"
        return blake2b(said.encode("utf-8", "replace"), digest_size=8).hexdigest()

    def check(self) -> None:
        """Raise `ConfigurationError` where there is a user and no password."""
        if self._username and not self._password:
            raise ConfigurationError("email: no password: set SMTP_PASSWORD in the environment")

    @cached_property
    def _login(self) -> tuple[str, str] | None:
        return (self._username, self._password) if self._username and self._password else None

    def deliver(self, letter: Letter) -> Receipt:
        """Hand a letter to the server; raises as the port says, by what the server answers."""
        to = email_address(letter.to)
        if to is None:
            raise InvalidNumberError("this is no possible e-mail address: correct it", provider=self.name)
        message = self.composed(letter, to)
        handed_over(self._server, self._login, self._bounces, to, message)
        return Receipt(self._message_id(letter), "sent")

    def ping(self) -> str:
        """Reach the server and log in; returns where it is."""
        reached(self._server, self._login)
        return self._server.place

    def composed(self, letter: Letter, to: str) -> bytes:
        """Return the e-mail of a letter to an address, as it goes over the wire; the same letter makes the same.

        Its `Message-ID` is made of the letter's id, so that a repetition is known as one (RFC 5322, 3.6.4).
        """
        message = EmailMessage(policy=SMTP if to.isascii() else SMTPUTF8)
        message["From"] = self._from
        message["To"] = Address(addr_spec=to) if to.isascii() else _international(to)
        if self._reply_to is not None:
            message["Reply-To"] = self._reply_to
        try:
            message["Subject"] = _subject(letter)
            message["Date"] = format_datetime(letter.send_at)
            message["Message-ID"] = self._message_id(letter)
            message["Auto-Submitted"] = "auto-generated"  # RFC 3834: who is away needs not answer
            message[TOKEN] = letter.token
            message.set_content(letter.text, cte="quoted-printable")
            if _LANGUAGE.fullmatch(letter.locale):
                message["Content-Language"] = letter.locale
            return message.as_bytes()
        except (MessageError, UnicodeError, ValueError) as error:
            raise RejectedError(f"the e-mail can't be written ({type(error).__name__}): mend its text") from error

    def _message_id(self, letter: Letter) -> str:
        return f"<{letter.id}@{self._from.domain}>"

    def events(self, headers: Mapping[str, str], body: bytes, now: datetime) -> tuple[DeliveryEvent, ...]:  # noqa: ARG002 - nobody signs these
        """Return what a mail server's report on delivery says: the bytes of the message that came to `bounces`.

        Nobody signs these. One is taken for genuine where it returns the token of one of our messages, which only
        those have seen who handled that message. Raises `SignatureError` where it returns none.
        """
        events = reported(body, self.name, now)
        if not events:
            raise SignatureError("email: no report on the delivery of a message of ours")
        return events


def _mailbox(text: str, what: str) -> Address:
    """Return an address with its name. Raises `ConfigurationError`, naming `what`."""
    name, spec = parseaddr(text) if isinstance(text, str) and not _ENDS.search(text) else ("", "")
    address = email_address(spec)
    if address is None or not address.isascii():
        raise ConfigurationError(
            f"{what} must be an e-mail address, with or without a name: Clinic <reminders@clinic.example>"
        )
    return Address(name, addr_spec=address)


def _international(to: str) -> Address:
    """Return an address with letters beyond ASCII before its @ (RFC 6532)."""
    local, _, domain = to.rpartition("@")
    try:
        return Address(username=local, domain=domain)
    except HeaderParseError as error:
        raise RejectedError("the address can't be written into a header: correct it") from error


def _subject(letter: Letter) -> str:
    """Return the subject of a letter, without line ends: its own, or the beginning of its text."""
    if letter.subject:
        return _ENDS.sub(" ", letter.subject).strip()[:_LONGEST_SUBJECT]
    line = _ENDS.sub(" ", letter.text).strip()
    if len(line) <= _SUBJECT:
        return line
    return f"{line[:_SUBJECT].rpartition(' ')[0] or line[:_SUBJECT]} …"
