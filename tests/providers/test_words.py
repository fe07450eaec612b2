"""What each provider's words and codes mean, and what it can do, told once more: nothing is missing from a table.

Sources: Telnyx, "Messaging Error Codes" and the statuses of a message; Twilio, "Error and Warning Dictionary" and
"Message Status Values"; Vonage, Messages API, "Errors" and "Message Status", and the SMS API's delivery receipts.
"""

from __future__ import annotations

from datetime import timedelta

import pytest

from reminder_kit.channels import bounces
from reminder_kit.providers.telnyx import responses as telnyx
from reminder_kit.providers.telnyx.provider import Telnyx
from reminder_kit.providers.twilio import webhooks as twilio
from reminder_kit.providers.twilio.provider import Twilio
from reminder_kit.providers.vonage import responses as vonage
from reminder_kit.providers.vonage import sms_api
from reminder_kit.providers.vonage.provider import Vonage
from tests.factories import ACCOUNT, SENDER, SERVICE

STATUSES = [
    (
        telnyx.STATUSES,
        {
            "scheduled": "scheduled queued",
            "sent": "sending sent delivery_unconfirmed dlr_unconfirmed dlr_timeout",
            "delivered": "delivered read",
            "cancelled": "cancelled canceled",
            "undelivered": "delivery_failed sending_failed expired failed gw_timeout gw_reject",
        },
    ),
    (
        twilio.STATUSES,
        {
            "scheduled": "scheduled",
            "unknown": "accepted queued",
            "sent": "sending sent",
            "delivered": "delivered partially_delivered read",
            "undelivered": "undelivered failed",
            "cancelled": "canceled",
        },
    ),
    (
        vonage.STATUSES,
        {
            "sent": "submitted accepted",
            "delivered": "delivered read",
            "undelivered": "rejected undeliverable failed expired",
        },
    ),
    (
        sms_api._STATUSES,
        {"sent": "accepted buffered", "delivered": "delivered", "undelivered": "expired failed rejected"},
    ),
]
FAILURES = [
    (
        telnyx.FAILURES,
        {
            "landline": "40001",
            "blocked": "40002 40003 40009 40015 40020 40322",
            "unreachable": "40004 40008",
            "expired": "40005 40014",
            "carrier": "40006 40011 40016 40017 40018",
            "sender": "40010 40013 40019 40329 40330",
            "invalid_number": "40012 40310",
            "opted_out": "40300",
        },
    ),
    (
        twilio.FAILURES,
        {
            "invalid_number": "21211",
            "opted_out": "21610",
            "landline": "21614 21635 30006",
            "sender": "30002 30024 30032 30033 30034 30035",
            "unreachable": "30003 30005",
            "blocked": "30004 30007 30450 30610",
            "carrier": "30017 30022 30023 30027",
        },
    ),
    (
        vonage.FAILURES,
        {
            "carrier": "1000 1230",
            "sender": "1020 1060 1070 1120 1140 1420",
            "blocked": "1050 1210 1270 1280",
            "invalid_number": "1170 1430",
            "unreachable": "1180 1190 1200 1220 1260",
            "opted_out": "1240",
            "expired": "1360",
        },
    ),
    (
        bounces.FAILURES,
        {
            "invalid_number": "5.1.1 5.1.2 5.1.3 5.1.6 5.1.10 5.2.1",
            "unreachable": "5.2.2 4.2.2",
            "expired": "4.4.7 5.4.7",
            "blocked": "5.7.1",
        },
    ),
]


@pytest.mark.parametrize(
    ("table", "meant"),
    STATUSES + FAILURES,
    ids=["Telnyx", "Twilio", "Vonage", "Vonage's SMS API", "Telnyx' codes", "Twilio's", "Vonage's", "mail servers'"],
)
def test_each_word_and_code_has_its_meaning(table, meant):
    """And none that is not told here has any."""
    assert table == {word: meaning for meaning, words in meant.items() for word in words.split()}


MINUTES, HOURS, DAYS = (timedelta(**{unit: 1}) for unit in ("minutes", "hours", "days"))


@pytest.mark.parametrize(
    ("provider", "window", "can"),
    [
        (
            Telnyx(api_key="KEY", from_=SENDER),
            (5 * MINUTES, 5 * DAYS, MINUTES),
            {"cap": 1_000_000, "key_life": 24 * HOURS, "lookup_age": 10 * DAYS, "cancels": True, "finds": False},
        ),
        (
            Twilio(ACCOUNT, "secret", SERVICE),
            (15 * MINUTES, 35 * DAYS, 0 * MINUTES),
            {"cap": 500_000, "key_life": None, "lookup_age": 365 * DAYS, "finds": True, "listed_within": 10 * MINUTES},
        ),
        (
            Vonage(SENDER, "key", "secret"),
            (0 * MINUTES, 0 * MINUTES, 0 * MINUTES),
            {"cap": None, "key_life": None, "lookup_age": None, "cancels": False, "finds": False},
        ),
    ],
    ids=["telnyx", "twilio", "vonage"],
)
def test_what_each_provider_can_do(provider, window, can):
    """When a message may be parked and taken back, how many, and for how long it can be asked for."""
    known = provider.capabilities
    assert (known.window.min_lead, known.window.max_lead, known.window.cancel_cutoff) == window
    assert {name: getattr(known, name) for name in can} == can
