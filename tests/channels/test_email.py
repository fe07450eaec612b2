"""E-mails: what is in them, and what a real SMTP server's answers mean."""

from __future__ import annotations

from email import message_from_bytes, policy

import pytest

from reminder_kit.channels.email import Email
from reminder_kit.errors import (
    AccountRefusedError,
    ConfigurationError,
    InvalidNumberError,
    RefusedCredentialError,
    RejectedError,
    SenderRefusedError,
    TransientError,
    UnknownRefusalError,
)
from reminder_kit.ports import NoAnswerError, NotSentError

CLINIC = "The Clinic <hello@clinic.example>"


def post(port=25, **options):
    """Return the channel that speaks to a server on this machine, without encryption unless told otherwise."""
    return Email(**{"from_": CLINIC, "host": "localhost", "port": port, "tls": "none", "timeout": 2.0, **options})


def read(content):
    return message_from_bytes(content, policy=policy.default)


class TestWhatIsWritten:
    def test_it_is_a_plain_message_with_all_that_a_mail_program_needs(self, letter):
        """Names, date, subject and text; that a machine wrote it; and our name of it, for reports."""
        mail = read(post(reply_to="desk@clinic.example").composed(letter(locale="es-MX"), "ada@mail.example"))
        assert {name: mail[name] for name in ("From", "To", "Reply-To", "Subject", "Date", "Message-ID")} == {
            "From": "The Clinic <hello@clinic.example>",
            "To": "ada@mail.example",
            "Reply-To": "desk@clinic.example",
            "Subject": "Hi Ada, see you tomorrow at 9:00 AM",
            "Date": "Thu, 12 Feb 2026 14:00:00 +0000",
            "Message-ID": f"<{'1' * 32}@clinic.example>",
        }
        assert (mail["Auto-Submitted"], mail["X-Reminder-Token"], mail["Content-Language"]) == (
            "auto-generated",
            "a" * 32,
            "es-MX",
        )
        assert mail.get_content().splitlines() == ["Hi Ada, see you tomorrow at 9:00 AM"]

    def test_the_same_letter_makes_the_same_bytes(self, letter):
        """No clock and no chance: what is repeated is the same message, also for who compares bytes."""
        made = letter(text="Hola Añá,\n\n.hidden\nsee you — at 9" + "x" * 2000)
        assert post().composed(made, made.to) == post().composed(made, made.to)
        assert read(post().composed(made, made.to)).get_content().splitlines() == made.text.splitlines()

    def test_a_long_text_begins_its_subject(self, letter):
        """Without a subject of its own the text's beginning is one, cut between words."""
        subject = read(post().composed(letter(text="word " * 60), "ada@mail.example"))["Subject"]
        assert subject == "word " * 19 + "word …"

    @pytest.mark.parametrize(
        "evil",
        [
            "Hi\r\nBcc: eve@evil.example\r\n\r\nbody",
            "Hi\nBcc: eve@evil.example",
            "Hi\x00\x0b\u2028Bcc: eve@evil.example",
        ],
    )
    def test_no_subject_becomes_a_header_or_a_body(self, letter, evil):
        """Line ends in a subject, whatever they are, are blanks."""
        for made in (letter(subject=evil), letter(text=evil)):
            mail = read(post().composed(made, made.to))
            assert mail["Bcc"] is None
            assert mail["Subject"] == " ".join(evil.replace("\x00\x0b\u2028", " ").split())

    @pytest.mark.parametrize("evil", ["ada@mail.example\r\nBcc: e@evil.example", "ada@mail.example>,<e@evil.example"])
    def test_no_address_becomes_another_one(self, letter, evil):
        """An address that can't be one is refused before the server is spoken to."""
        with pytest.raises(InvalidNumberError):
            post(1).deliver(letter(to=evil))

    @pytest.mark.parametrize(
        ("changes", "said"),
        [
            ({"from_": None}, "sender"),
            ({"from_": "clinic"}, "from must be an e-mail address"),
            ({"from_": "A <a@b.example>\r\nBcc: e@evil.example"}, "from must be"),
            ({"reply_to": "x"}, "reply_to must be"),
            ({"bounces": "x@"}, "bounces must be"),
            ({"host": ""}, "needs a server"),
            ({"port": "587"}, "port must be"),
            ({"port": 70000}, "port must be"),
            ({"tls": "maybe"}, "tls must be"),
            ({"subject": "a\nb"}, "one line"),
        ],
    )
    def test_what_can_not_be_meant_is_refused_as_it_is_stated(self, monkeypatch, changes, said):
        """Each wrong argument is named."""
        monkeypatch.delenv("SMTP_HOST", raising=False)
        with pytest.raises(ConfigurationError, match=said):
            post(**changes)

    def test_the_password_comes_from_the_environment(self, monkeypatch):
        """A user without a password is told before anything is sent; neither is ever shown."""
        monkeypatch.delenv("SMTP_PASSWORD", raising=False)
        with pytest.raises(ConfigurationError, match="SMTP_PASSWORD"):
            post(username="clinic").check()
        monkeypatch.setenv("SMTP_PASSWORD", "hunter2")
        channel = post(username="clinic")
        channel.check()
        assert "hunter2" not in repr(channel)


class TestWhatTheServerSays:
    def test_it_takes_the_message(self, serve, postmaster, letter):
        """The envelope goes from the bounce address to the person alone, and the message arrives as it was written."""
        port = serve(tls=False)
        receipt = post(port, bounces="bounces@clinic.example").deliver(letter(text=".a dot\n..two\nend"))
        (mail,) = postmaster.mails
        assert (mail.mail_from, mail.rcpt_tos) == ("bounces@clinic.example", ["ada@mail.example"])
        assert read(mail.content).get_content().splitlines() == [".a dot", "..two", "end"]
        assert (receipt.provider_id, receipt.status) == (f"<{'1' * 32}@clinic.example>", "sent")

    def test_a_domain_of_any_language_is_written_as_dns_knows_it(self, serve, postmaster, letter):
        """An international domain needs nothing of the server."""
        post(serve(tls=False)).deliver(letter(to="ada@bücher.example"))
        assert postmaster.mails[0].rcpt_tos == ["ada@xn--bcher-kva.example"]

    @pytest.mark.parametrize("knows", [True, False], ids=["SMTPUTF8", "ASCII"])
    def test_a_name_beyond_ascii_needs_a_server_that_takes_it(self, serve, postmaster, letter, knows):
        """Where it does not, the letter is refused for good, before anything is said to it."""
        channel = post(serve(tls=False, enable_SMTPUTF8=knows))
        if not knows:
            with pytest.raises(RejectedError, match="SMTPUTF8"):
                channel.deliver(letter(to="jürgen@mail.example"))
            return
        channel.deliver(letter(to="jürgen@mail.example"))
        assert postmaster.mails[0].rcpt_tos == ["jürgen@mail.example"]
        assert "jürgen@mail.example" in str(read(postmaster.mails[0].content)["To"])

    @pytest.mark.parametrize(
        ("step", "answer", "meant"),
        [
            ("MAIL", "451 later", TransientError),
            ("MAIL", "550 5.7.1 not you", SenderRefusedError),
            ("RCPT", "450 4.2.0 greylisted", TransientError),
            ("RCPT", "550 5.1.1 no such user ada@mail.example", InvalidNumberError),
            ("RCPT", "550 5.2.1 mailbox disabled", InvalidNumberError),
            ("RCPT", "554 5.7.1 relay access denied", AccountRefusedError),
            ("RCPT", "550 no", UnknownRefusalError),
            ("DATA", "451 4.3.0 try again", TransientError),
            ("DATA", "552 too much", RejectedError),
            ("DATA", "554 5.1.7 no such sender", SenderRefusedError),
            ("DATA", "554 5.1.8 the sender's system is none", SenderRefusedError),
            ("DATA", "554 5.1.6 moved", UnknownRefusalError),
            ("DATA", "554 5.2.3 longer than is taken", RejectedError),
            ("DATA", "554 5.3.4 too big for the system", RejectedError),
            ("DATA", "554 5.3.3 not capable of that", UnknownRefusalError),
            ("DATA", "554 5.2.2 full", UnknownRefusalError),
            ("RCPT", "550 5.2.2 full", UnknownRefusalError),
            ("RCPT", "553 5.1.7 bad sender", SenderRefusedError),
            ("RCPT", "550 5.2.4 a list that can't be expanded", UnknownRefusalError),
            ("DATA", "554 5.7.1 spam", UnknownRefusalError),
            ("MAIL", None, NotSentError),
            ("RCPT", None, NotSentError),
            ("lost", None, NoAnswerError),
            ("DATA", "354 go on", NoAnswerError),  # no word on a message that may have been taken
        ],
    )
    def test_each_answer_means_what_is_to_be_done_next(self, serve, postmaster, letter, step, answer, meant):
        """Later, never, not from us, or nobody knows: only after the last byte of the message is that in doubt."""
        port = serve(tls=False)
        postmaster.answers[step] = answer
        with pytest.raises(meant) as told:
            post(port).deliver(letter())
        assert type(told.value) is meant
        assert "ada@mail.example" not in str(told.value)
        assert len(postmaster.mails) == (step == "lost")

    def test_who_is_not_there_was_not_reached(self, letter):
        """A refused connection, a name that is none: certainly nothing was sent."""
        with pytest.raises(NotSentError, match="check host"):
            post(1).deliver(letter())

    def test_who_does_not_answer_was_not_reached(self, letter):
        """A server that says nothing is left after the time-out."""
        import socket

        with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(NotSentError):
            post(silent.getsockname()[1], timeout=0.05).deliver(letter())


class TestEncryption:
    def test_it_is_encrypted_before_anybody_logs_in(self, serve, postmaster, letter, certificate):
        """STARTTLS, a certificate that is trusted, the password, the message."""
        port = serve(login=True)
        options = {"tls": None, "username": "clinic", "password": "right", "certificates": str(certificate[0])}
        post(port, **options).deliver(letter())
        assert postmaster.logins == [(b"clinic", b"right")]
        assert len(postmaster.mails) == 1

    def test_a_wrong_password_is_the_accounts(self, serve, letter, certificate):
        """It stops everything until it is mended, and is not shown."""
        port = serve(login=True)
        options = {"tls": None, "username": "clinic", "password": "wrong", "certificates": str(certificate[0])}
        with pytest.raises(RefusedCredentialError, match="SMTP_PASSWORD") as told:
            post(port, **options).deliver(letter())
        assert "wrong" not in str(told.value)

    def test_a_certificate_that_nobody_signed_is_not_trusted(self, serve, postmaster, letter):
        """Nothing is said to a server that may be anybody."""
        with pytest.raises(AccountRefusedError, match="certificate"):
            post(serve(), tls=None, username="clinic", password="right").deliver(letter())
        assert (postmaster.logins, postmaster.mails) == ([], [])

    def test_without_starttls_nothing_is_said(self, serve, postmaster, letter):
        """A server (or who stands between) that offers no encryption gets neither password nor message."""
        with pytest.raises(AccountRefusedError, match="STARTTLS"):
            post(serve(tls=False), tls=None, username="clinic", password="right").deliver(letter())
        assert (postmaster.logins, postmaster.mails) == ([], [])

    def test_the_usual_port_of_implicit_encryption_is_known(self):
        """465 is encrypted from the first byte, every other port by STARTTLS."""
        assert post(465, tls=None)._server.tls == "implicit"
        assert post(2525, tls=None)._server.tls == "starttls"

    def test_the_ping_delivers_nothing(self, serve, postmaster):
        """`doctor` reaches the server, and says where it is."""
        port = serve(tls=False)
        assert post(port).ping() == f"localhost:{port}"
        assert postmaster.mails == []
