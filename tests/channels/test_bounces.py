"""Reports on delivery, as mail servers write them: what they say of our messages, and nothing of anybody else's."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from reminder_kit.channels.bounces import reported
from reminder_kit.channels.email import Email
from reminder_kit.errors import PayloadError, SignatureError
from tests.channels.bounced import NOW, TOKEN, report


@pytest.mark.parametrize("kind", ["delivery-status", "global-delivery-status"])
@pytest.mark.parametrize(
    "returned",
    ["message/rfc822", "text/rfc822-headers", "message/global", "message/global-headers"],
    ids=["the whole", "its headers", "the whole in Unicode", "its headers in Unicode"],
)
@pytest.mark.parametrize(
    ("action", "status", "type", "code"),
    [
        ("failed", "5.1.1", "undelivered", "5.1.1"),
        ("failed (bad address)", "5.1.1", "undelivered", "5.1.1"),
        ("Failed", "5.2.2 (mailbox full)", "undelivered", "5.2.2"),
        ("delivered", "2.0.0", "delivered", ""),
        ("delayed", "4.4.7", "unknown", ""),
    ],
)
def test_a_report_is_told_in_our_words(kind, returned, action, status, type, code):
    """Its message is known by our token, whatever is returned of it; a delay decides nothing."""
    (event,) = reported(report(action, status, returned, report=kind), "email", NOW)
    assert (event.type, event.token, event.code) == (type, TOKEN, code)
    assert event.occurred_at == datetime(2026, 2, 12, 14, 0, 7, tzinfo=UTC)
    assert event.number is None
    assert "ada" not in str(dict(event.raw))


def test_the_same_report_is_the_same_event():
    """A report that comes twice is one; another one about the same message is another."""
    first, again, other = (
        reported(report(status=status), "email", NOW)[0].id for status in ("5.1.1", "5.1.1", "5.2.2")
    )
    assert first == again != other


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff\x00",
        b"Subject: hello\r\n\r\nX-Reminder-Token: " + TOKEN.encode(),
        report(token="no token of ours"),
        report(token=""),
        report(status="fine"),
        report().replace(b"multipart/report", b"multipart/mixed"),
        report().replace(b'boundary="B"', b""),
    ],
)
def test_what_is_no_report_on_ours_is_not_genuine(body):
    """Without the token of a message of ours, in a report that says what happened, nothing is believed."""
    with pytest.raises(SignatureError):
        Email("hello@clinic.example", "localhost").events({}, body, NOW)


def test_a_report_without_bounds_is_not_read():
    """Neither one of a million bytes, nor one of ten thousand parts within each other, takes long."""
    with pytest.raises(PayloadError, match="1000000"):
        reported(b"x" * 1_000_001, "email", NOW)
    nested = b"".join(b'Content-Type: multipart/report; boundary="%d"\r\n\r\n--%d\r\n' % (n, n) for n in range(10_000))
    assert reported(nested, "email", NOW) == ()


def test_a_date_of_the_future_is_now():
    """A clock that is wrong somewhere on the way moves nothing beyond now."""
    for date in (b"Thu, 12 Feb 2126 14:00:07 +0000", b"never", b"99 99 99"):
        (event,) = reported(report().replace(b"Thu, 12 Feb 2026 14:00:07 +0000", date), "email", NOW)
        assert event.occurred_at == NOW
