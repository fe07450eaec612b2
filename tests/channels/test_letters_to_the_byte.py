"""E-mails to the byte, arguments to the last word, and reports on delivery at their edges."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from reminder_kit.channels.bounces import reported
from reminder_kit.channels.callback import Callback
from reminder_kit.channels.email import Email
from reminder_kit.errors import ConfigurationError, InvalidNumberError, PayloadError, RejectedError, SignatureError
from tests.channels.bounced import NOW, TOKEN, report

HELLO = "hello@clinic.example"


def post(**options):
    return Email(**{"from_": f"The Clinic <{HELLO}>", "host": "smtp.clinic.example", **options})


WHOLE = (
    "From: The Clinic <hello@clinic.example>\r\nTo: ada@mail.example\r\nReply-To: desk@clinic.example\r\n"
    "Subject: Your visit\r\nDate: Thu, 12 Feb 2026 14:00:00 +0000\r\n"
    f"Message-ID: <{'1' * 32}@clinic.example>\r\nAuto-Submitted: auto-generated\r\nX-Reminder-Token: {'a' * 32}\r\n"
    'Content-Type: text/plain; charset="utf-8"\r\nContent-Transfer-Encoding: quoted-printable\r\nMIME-Version: 1.0\r\n'
    "Content-Language: es-MX\r\n\r\nA=C3=B1a =3D 1\r\n"
)


def test_a_letter_is_this_and_nothing_else(letter):
    """Each header once, in this order, and the text as quoted-printable."""
    made = letter(subject="Your visit", text="Aña = 1", locale="es-MX")
    assert post(reply_to="desk@clinic.example").composed(made, made.to) == WHOLE.encode()
    bare = WHOLE.replace("Reply-To: desk@clinic.example\r\n", "").replace("Content-Language: es-MX\r\n", "")
    assert post().composed(letter(subject="Your visit", text="Aña = 1"), made.to) == bare.encode()


@pytest.mark.parametrize(
    ("locale", "told"), [("en", True), ("zh-Hant-TW", True), ("", False), ("e", False), ("e\n", False)]
)
def test_a_language_is_told_where_it_is_one(letter, locale, told):
    """Anything else is left out."""
    assert (b"Content-Language" in post().composed(letter(locale=locale), "ada@mail.example")) is told


@pytest.mark.parametrize(
    ("given", "subject"),
    [
        ({"subject": "x" * 501}, "x" * 500),
        ({"subject": " a\r\n\x85b "}, "a b"),
        ({"text": "x" * 100}, "x" * 100),
        ({"text": "x" * 101}, "x" * 100 + " …"),
        ({"text": "word " * 20}, ("word " * 20).strip()),
        ({"text": "ab " + "x" * 98}, "ab …"),
        ({"text": "\n a\nb "}, "a b"),
    ],
    ids=["long", "line ends", "100", "101", "100 with a blank", "one long word", "short"],
)
def test_a_subject_is_one_line_of_bounded_length(letter, given, subject):
    """Its own of 500 characters, the text's beginning of 100, cut between words."""
    from email import message_from_bytes, policy

    made = post().composed(letter(**given), "ada@mail.example")
    assert message_from_bytes(made, policy=policy.default)["Subject"] == subject


def test_what_cannot_be_written_is_refused_by_its_kind(letter):
    """Half a character in a text; an address that no header holds."""
    with pytest.raises(RejectedError, match=r"^the e-mail can't be written \(UnicodeEncodeError\): mend its text$"):
        post().composed(letter(subject="x", text="\ud800"), "ada@mail.example")
    with pytest.raises(InvalidNumberError, match=r"^this is no possible e-mail address: correct it$") as caught:
        post().deliver(letter(to="ada"))
    assert caught.value.provider == "email"


MAILBOX = " must be an e-mail address, with or without a name: Clinic <reminders@clinic.example>"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"from_": None}, "an e-mail needs a sender: set `from` (Clinic <reminders@…>) in [fallback]"),
        ({"from_": ""}, "an e-mail needs a sender: set `from` (Clinic <reminders@…>) in [fallback]"),
        ({"from_": 7}, "from" + MAILBOX),
        ({"from_": "clinic"}, "from" + MAILBOX),
        ({"from_": "ü@clinic.example"}, "from" + MAILBOX),
        ({"from_": f"A\n<{HELLO}>"}, "from" + MAILBOX),
        ({"reply_to": "x"}, "reply_to" + MAILBOX),
        ({"bounces": "x"}, "bounces" + MAILBOX),
        ({"host": None}, "an e-mail needs a server: set `host` in [fallback], or SMTP_HOST"),
        ({"port": 0}, "port must be a number from 1 to 65535, not 0"),
        ({"port": 65536}, "port must be a number from 1 to 65535, not 65536"),
        ({"port": True}, "port must be a number from 1 to 65535, not True"),
        ({"port": "25"}, "port must be a number from 1 to 65535, not '25'"),
        ({"tls": "ssl"}, "tls must be starttls, implicit or none, not 'ssl'"),
        ({"subject": "a\nb"}, "subject must be a text of one line"),
        ({"subject": 7}, "subject must be a text of one line"),
    ],
    ids=str,
)
def test_an_argument_that_cannot_be_meant_is_named(monkeypatch, options, said):
    """With what would be right."""
    monkeypatch.delenv("SMTP_HOST", raising=False)
    with pytest.raises(ConfigurationError) as caught:
        post(**options)
    assert str(caught.value) == said


@pytest.mark.parametrize("options", [{"port": 1}, {"port": 65535}, {"tls": "none"}, {"tls": "implicit"}], ids=str)
def test_what_is_just_within_bounds_is_taken(options):
    """A channel shows its sender and its server, and nothing of who logs in."""
    shown = repr(post(username="desk", password="hunter2", **options))
    port = options.get("port", 587)
    assert shown == f"Email(from_='The Clinic <{HELLO}>', host='smtp.clinic.example', port={port})"


def test_an_account_is_the_server_and_whom_we_log_in_as(monkeypatch):
    """Each of them makes it another one; the password may come from the environment."""
    monkeypatch.setenv("SMTP_PASSWORD", "hunter2")
    monkeypatch.setenv("SMTP_HOST", "smtp.clinic.example")
    options = [{}, {"port": 25}, {"username": "desk"}, {"username": "desk", "password": "x"}, {"host": "b.example"}]
    accounts = [post(**one).account for one in options]
    assert len({*accounts}) == 5
    assert {len(account) for account in accounts} == {16}
    assert Email(from_=HELLO).account == post(password="hunter2").account == accounts[0]
    assert (post().sender, post(bounces="b@clinic.example").sender) == (HELLO, HELLO)


@pytest.mark.parametrize(
    ("username", "password", "complete"),
    [(None, None, True), ("desk", None, False), ("desk", "", False), ("d", "x", True)],
)
def test_a_user_needs_a_password(monkeypatch, username, password, complete):
    """Which is asked for before anything is sent."""
    monkeypatch.delenv("SMTP_PASSWORD", raising=False)
    one = post(username=username, password=password)
    if complete:
        one.check()
    else:
        with pytest.raises(ConfigurationError) as caught:
            one.check()
        assert str(caught.value) == "email: no password: set SMTP_PASSWORD in the environment"


MEANT = {
    "5.1.1": "invalid_number",
    "5.1.2": "invalid_number",
    "5.1.3": "invalid_number",
    "5.1.6": "invalid_number",
    "5.1.10": "invalid_number",
    "5.2.1": "invalid_number",
    "5.2.2": "unreachable",
    "4.2.2": "unreachable",
    "4.4.7": "expired",
    "5.4.7": "expired",
    "5.7.1": "blocked",
}


def test_what_status_codes_mean_is_what_iana_says():
    """No other code means anything."""
    assert {code: failure.value for code, failure in Email.failures.items()} == MEANT


@pytest.mark.parametrize(
    ("action", "status", "type", "code"),
    [
        ("failed", "5.1.1", "undelivered", "5.1.1"),
        (" FAILED ", "5.123.123 x", "undelivered", "5.123.123"),
        ("delivered", "2.0.0", "delivered", ""),
        ("delayed", "4.4.7", "unknown", ""),
        ("relayed", "2.1.9", "unknown", ""),
    ],
)
def test_a_report_is_one_event(action, status, type, code):
    """With all that hosts are told of it."""
    (event,) = reported(report(action, status), "email", NOW)
    assert (event.type, event.code, event.token, event.provider) == (type, code, TOKEN, "email")
    assert event.occurred_at == datetime(2026, 2, 12, 14, 0, 7, tzinfo=UTC)
    assert event.raw == {"action": action.strip().casefold(), "status": status.partition(" ")[0]}
    assert (event.id[:6], len(event.id)) == ("email:", 38)
    assert (event.number, event.provider_id, event.text) == (None, None, None)


def test_each_thing_a_report_says_makes_it_another_event():
    """Said twice it is the same one, in every process."""
    bodies = [report(), report("delivered"), report(status="5.1.2"), report(token="f" * 32)]
    assert len({reported(body, "email", NOW)[0].id for body in bodies}) == 4
    assert reported(report(), "email", NOW)[0].id == "email:881264d657f9891099765e0737a3fb63"


@pytest.mark.parametrize(
    "body",
    [
        report(status="3.1.1"),
        report(status="5.1"),
        report(status=""),
        report(action=""),
        report(token="0" * 31),
        report(token="0" * 33),
        report(token="X" * 32),
        report(returned="text/plain").replace(b"X-Reminder", b"Y-Reminder"),
        report().replace(b"multipart/report", b"multipart/mixed"),
        b"",
    ],
)
def test_what_does_not_tell_what_became_of_ours_is_nothing(body):
    """Without a token, a status or an action, and of another kind."""
    assert reported(body, "email", NOW) == ()
    with pytest.raises(SignatureError) as caught:
        post().events({}, body, NOW)
    assert str(caught.value) == "email: no report on the delivery of a message of ours"


@pytest.mark.parametrize(("more", "read"), [(19, True), (20, False)])
def test_a_report_has_at_most_twenty_parts_within_each_other(more, read):
    """It has one, and what it returns may have some."""
    assert bool(reported(report() + b"boundary=" * more, "email", NOW)) is read


def test_a_report_of_a_million_bytes_is_the_longest():
    """More are not looked at."""
    body = report()
    assert reported(body.ljust(1_000_000), "email", NOW)
    with pytest.raises(PayloadError) as caught:
        reported(body.ljust(1_000_001), "email", NOW)
    assert str(caught.value) == ("email: a report of 1000001 bytes is none: more than 1000000 are not looked at")


@pytest.mark.parametrize(
    ("date", "at"),
    [
        ("Thu, 12 Feb 2026 16:00:07 +0200", NOW.replace(hour=14, second=7)),
        ("Thu, 12 Feb 2026 14:00:07 -0000", NOW.replace(hour=14, second=7)),
        ("Thu, 12 Feb 2026 15:00:01 +0000", NOW),
        ("soon", NOW),
        ("", NOW),
        ("Fri, 31 Dec 9999 23:59:59 -0500", NOW),
    ],
)
def test_a_report_was_written_when_it_says_but_not_in_the_future(date, at):
    """One that does not say was written now."""
    body = report().replace(b"Thu, 12 Feb 2026 14:00:07 +0000", date.encode())
    assert reported(body, "email", NOW)[0].occurred_at == at
    assert reported(body, "email", NOW + timedelta(0))[0].occurred_at.tzinfo is UTC


NONE = "call: there is no function {!r} ({}): write package.module:function"


def ring(letter):
    return letter.id


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, "a callback needs a function: write call = package.module:function in [fallback]"),
        ({"call": 7}, "call must be a function that takes a letter, not 7"),
        ({"call": ring, "reaches": "fax"}, "reaches must be one of anyone, email, phone, not 'fax'"),
        ({"call": "tests.nowhere:ring"}, NONE.format("tests.nowhere:ring", "No module named 'tests.nowhere'")),
        ({"call": "json:ring"}, NONE.format("json:ring", "module 'json' has no attribute 'ring'")),
        ({"call": ":ring"}, NONE.format(":ring", "Empty module name")),
        ({"call": "json:__name__"}, "call must be a function that takes a letter, not 'json:__name__'"),
    ],
    ids=["nothing", "a number", "fax", "no module", "not in it", "no name", "no function"],
)
def test_a_callback_that_cannot_be_called_is_named(options, said):
    """With where a function stands."""
    with pytest.raises(ConfigurationError) as caught:
        Callback(**options)
    assert str(caught.value) == said


def test_a_callback_shows_its_function_and_whom_it_reaches():
    """And has the name that it is given."""
    one = Callback(ring, reaches="phone", as_name="desk")
    assert (repr(one), one.name, one.reaches, one.deliver) == ("Callback(ring, reaches='phone')", "desk", "phone", ring)
    other = Callback("json:dumps")
    assert (repr(other), other.name, other.reaches) == ("Callback(dumps, reaches='anyone')", "callback", "anyone")


def test_a_subject_that_cannot_be_written_is_a_refusal_as_a_text_is(letter):
    """Half a character has no bytes, wherever it stands."""
    for broken in (letter(subject="Visit \ud800"), letter(text="Visit \ud800")):
        with pytest.raises(RejectedError, match="can't be written"):
            post().composed(broken, "ada@mail.example")
