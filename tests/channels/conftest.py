"""A real SMTP server in this process, with a certificate of its own, which refuses and hangs up as it is told."""

from __future__ import annotations

import socket
import ssl
from datetime import UTC, datetime

import pytest

from reminder_kit.ports import Letter
from tests.certificates import of_localhost

LATER = datetime(2026, 2, 12, 14, 0, tzinfo=UTC)


class Postmaster:
    """Keeps what was taken in, and answers each step as it is told: by a line, or by hanging up (None)."""

    def __init__(self):
        self.mails, self.answers, self.logins = [], {}, []

    def told(self, step, server):
        """Return the answer to a step; "": none was told. Hangs up where that was."""
        if step not in self.answers:
            return ""
        if (answer := self.answers[step]) is None:
            server.transport.abort()
            return "421 gone"
        return answer

    async def handle_MAIL(self, server, session, envelope, address, options):  # noqa: N802 - aiosmtpd's name
        if answer := self.told("MAIL", server):
            return answer
        envelope.mail_from, envelope.mail_options = address, list(options)
        return "250 OK"

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802 - likewise
        if answer := self.told("RCPT", server):
            return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):  # noqa: N802 - likewise
        if "lost" in self.answers:  # it took the message, and the connection ended before it could say so
            self.mails.append(envelope)
            server.transport.abort()
            return "421 gone"
        if answer := self.told("DATA", server):
            return answer
        self.mails.append(envelope)
        return "250 taken"


@pytest.fixture(scope="session")
def certificate(tmp_path_factory):
    """The paths of a certificate for localhost that nobody has signed, and of its key."""
    return of_localhost(tmp_path_factory.mktemp("certificate"))


@pytest.fixture
def postmaster():
    return Postmaster()


@pytest.fixture
def serve(postmaster, certificate):
    """Return a function that opens an SMTP server, and returns its port."""
    from aiosmtpd.controller import Controller
    from aiosmtpd.smtp import AuthResult

    opened = []

    def check(_server, _session, _envelope, _mechanism, data):
        postmaster.logins.append((data.login, data.password))
        return AuthResult(success=data.password == b"right", handled=False)

    def make(*, tls=True, login=False, **options):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*certificate)
        encrypted = {"tls_context": context} if tls else {}
        named = {"authenticator": check, "auth_required": True, "auth_require_tls": tls} if login else {}
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        server = Controller(postmaster, "127.0.0.1", port, **{**encrypted, **named, **options})
        server.start()
        opened.append(server)
        return port

    yield make
    for server in opened:
        server.stop()


@pytest.fixture
def letter():
    """Return a factory of letters to Ada."""

    def make(**changes):
        values = {
            "id": "1" * 32,
            "token": "a" * 32,
            "to": "ada@mail.example",
            "text": "Hi Ada, see you tomorrow at 9:00 AM",
            "send_at": LATER,
        }
        return Letter(**{**values, **changes})

    return make
