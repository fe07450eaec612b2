"""Every line that is said about the settings at Telnyx and Twilio, whole."""

from __future__ import annotations

import json

import pytest

from reminder_kit.ports import Question, Remark, Request, Response
from reminder_kit.providers.telnyx.provider import Telnyx
from reminder_kit.providers.twilio.provider import Twilio
from reminder_kit.providers.twilio.settings import services_url
from tests.factories import ACCOUNT, HOOK, SENDER, SERVICE

CLINIC = {"id": "p-1", "name": "Clinic", "webhook_api_version": "2", "whitelisted_destinations": ["US", "CA"]}
PLAIN = Remark("profile", "'Clinic' writes to US, CA")


def answer(value, status=200):
    return Response(status, {}, json.dumps(value).encode())


def remarks_of(asking, *answers):
    """Return the remarks that an inspection ends with, once it was sent these answers."""
    left = list(answers)
    try:
        next(asking)
        while True:
            asking.send(left.pop(0))
    except StopIteration as end:
        return list(end.value)


def telnyx(changes, **settings):
    return remarks_of(Telnyx("KEY", SENDER, **settings).inspect(answer({"data": [{**CLINIC, **changes}]})))


def of_profile(message, state="ok"):
    return Remark("profile", message, state)


LACK = "are told to nobody: set the profile's webhook URL, or no STOP is heard"


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({}, [PLAIN]),
        ({"enabled": None, "webhook_url": HOOK}, [PLAIN]),
        (
            {"enabled": False},
            [of_profile("'Clinic' is switched off, so that nothing is sent: switch it on", "fail"), PLAIN],
        ),
        ({"whitelisted_destinations": "US"}, [of_profile("'Clinic' writes to countries not told")]),
        ({"whitelisted_destinations": None}, [of_profile("'Clinic' writes to countries not told")]),
        ({"whitelisted_destinations": ["*"]}, [of_profile("'Clinic' writes to every country")]),
        ({"name": ""}, [of_profile("'p-1' writes to US, CA")]),
        ({"name": " The\nClinic "}, [of_profile("'The Clinic' writes to US, CA")]),
        (
            {"daily_spend_limit_enabled": True, "daily_spend_limit": "9.50"},
            [of_profile("'Clinic' writes to US, CA, for 9.50 USD a day at most (daily_spend_limit)")],
        ),
        (
            {"daily_spend_limit_enabled": True},
            [of_profile("'Clinic' writes to US, CA, for ? USD a day at most (daily_spend_limit)")],
        ),
        ({"daily_spend_limit_enabled": "yes", "daily_spend_limit": "9.50"}, [PLAIN]),
        ({"webhook_url": ""}, [PLAIN, of_profile(f"replies and reports {LACK}", "warn")]),
        ({"webhook_url": None}, [PLAIN, of_profile(f"replies and reports {LACK}", "warn")]),
        (
            {"webhook_api_version": 1},
            [PLAIN, of_profile("its webhooks are of version 1, which is not read: set version 2", "warn")],
        ),
        ({"webhook_api_version": None}, [PLAIN]),
        (
            {
                "mobile_only": True,
                "mms_fall_back_to_sms": True,
                "mms_transcoding": True,
                "smart_encoding": True,
                "redaction_enabled": True,
            },
            [
                PLAIN,
                of_profile("mobile_only is on: numbers that are no mobiles are refused"),
                of_profile("mms_fall_back_to_sms is on: an MMS that cannot be delivered goes out as an SMS"),
                of_profile("mms_transcoding is on: pictures that are too large are made smaller"),
                of_profile(
                    "smart_encoding is on: characters are replaced by plainer ones: a text may read otherwise than it "
                    "was written"
                ),
                of_profile("redaction_enabled is on: texts and numbers are blotted out in what Telnyx keeps and lists"),
            ],
        ),
        ({"mobile_only": "on", "smart_encoding": 1, "redaction_enabled": False}, [PLAIN]),
    ],
)
def test_a_messaging_profile_is_told_in_these_lines(changes, told):
    """What is off, or is not said, is not told."""
    assert telnyx(changes) == told


def test_a_profile_without_destinations_fails():
    """It may write to nobody."""
    told = of_profile("'Clinic' may write to no country: allow destinations in the Telnyx portal", "fail")
    assert telnyx({"whitelisted_destinations": []})[0] == told


def test_a_webhook_address_of_ones_own_hears_reports():
    """Replies come to the profile's alone."""
    assert telnyx({"webhook_url": ""}, webhook_url=HOOK) == [PLAIN, of_profile(f"replies {LACK}", "warn")]


@pytest.mark.parametrize(
    ("listed", "told"),
    [
        ([], "0 messaging profiles: with messaging_profile_id in [provider] the sender's is looked at"),
        ([CLINIC, CLINIC], "2 messaging profiles: with messaging_profile_id in [provider] the sender's is looked at"),
        ("odd", "0 messaging profiles: with messaging_profile_id in [provider] the sender's is looked at"),
        (["odd", CLINIC], "'Clinic' writes to US, CA"),
    ],
)
def test_of_several_profiles_none_is_guessed(listed, told):
    """One alone is the sender's."""
    asking = Telnyx("KEY", SENDER).inspect(answer({"data": listed}))
    assert remarks_of(asking) == [of_profile(told)]


@pytest.mark.parametrize(
    ("second", "told"),
    [
        (answer({}, 404), of_profile("Telnyx knows no messaging profile p-1: check it", "fail")),
        (answer({}, 500), of_profile("it could not be read", "warn")),
        (answer({"data": []}), of_profile("it could not be read", "warn")),
        (answer({"data": CLINIC}), PLAIN),
    ],
)
def test_a_profile_that_is_not_listed_is_asked_for(second, told):
    """One that is nobody's fails, one that can't be read is a warning."""
    asking = Telnyx("KEY", SENDER, "p-1").inspect(answer({"data": [{**CLINIC, "id": "p-2"}]}))
    assert remarks_of(asking, second) == [told]


SERVED = {"sid": SERVICE, "friendly_name": "Clinic", "inbound_request_url": HOOK, "inbound_method": "POST"}
REPORTS = {"status_callback": f"{HOOK}/reports"}


def of_service(message, state="ok"):
    return Remark("service", message, state)


def twilio(found, status=200, **settings):
    asking = Twilio(ACCOUNT, "TOKEN", SERVICE, **settings).inspect(answer({}))
    assert next(asking) == Question(Request("GET", f"/v1/Services/{SERVICE}"), "https://messaging.twilio.com")
    try:
        asking.send(answer(found, status))
    except StopIteration as end:
        return list(end.value)
    return None


TELLS = of_service(f"'Clinic' reports to {HOOK}/reports, and replies come to {HOOK}")
OWN = f"{HOOK}/own"
DEAF = "replies are not received at all: set its inbound request URL, or no STOP and no answer is heard"
DUMB = "nobody hears what became of messages: set [provider] webhook_url"


@pytest.mark.parametrize(
    ("changes", "settings", "told"),
    [
        (REPORTS, {}, [TELLS]),
        (
            REPORTS,
            {"webhook_url": f"{HOOK}/own"},
            [of_service(f"'Clinic' reports to {HOOK}/own, and replies come to {HOOK}")],
        ),
        (
            {**REPORTS, "friendly_name": ""},
            {},
            [of_service(f"'{SERVICE}' reports to {HOOK}/reports, and replies come to {HOOK}")],
        ),
        (
            {},
            {},
            [of_service(f"'Clinic' reports to nobody, and replies come to {HOOK}"), of_service(DUMB, "warn")],
        ),
        (
            {**REPORTS, "inbound_request_url": None},
            {},
            [of_service(f"'Clinic' reports to {HOOK}/reports, and replies come nowhere"), of_service(DEAF, "warn")],
        ),
        (
            {**REPORTS, "use_inbound_webhook_on_number": True, "inbound_method": "GET"},
            {},
            [of_service(f"'Clinic' reports to {HOOK}/reports, and replies come where each number says")],
        ),
        (
            {**REPORTS, "use_inbound_webhook_on_number": "yes", "inbound_method": "get"},
            {},
            [TELLS, of_service("replies come by GET, which is not taken: set its inbound method to POST", "warn")],
        ),
        (
            {**REPORTS, "inbound_request_url": None, "inbound_method": "GET"},
            {},
            [of_service(f"'Clinic' reports to {HOOK}/reports, and replies come nowhere"), of_service(DEAF, "warn")],
        ),
        (
            {**REPORTS, "validity_period": 599},
            {},
            [TELLS, of_service("what is not sent within 599 seconds is dropped (validity_period)", "warn")],
        ),
        ({**REPORTS, "validity_period": 600}, {}, [TELLS]),
        ({**REPORTS, "validity_period": "short"}, {}, [TELLS]),
        ({**REPORTS, "validity_period": "5" * 5000}, {}, [TELLS]),
        (
            {**REPORTS, "smart_encoding": True},
            {},
            [TELLS, of_service("smart_encoding is on: a text may read otherwise than it was written")],
        ),
        ({**REPORTS, "smart_encoding": "on"}, {}, [TELLS]),
    ],
)
def test_a_messaging_service_is_told_in_these_lines(changes, settings, told):
    """Where reports and replies go, and what keeps them away."""
    assert twilio({**SERVED, **changes}, **settings) == told


def test_a_service_that_does_not_say_where_replies_go_is_not_blamed():
    """What the answer lacks is not off."""
    found = {**SERVED, **REPORTS}
    del found["inbound_request_url"]
    assert twilio(found) == [of_service(f"'Clinic' reports to {HOOK}/reports, and replies come nowhere")]


@pytest.mark.parametrize(
    ("found", "status", "told"),
    [
        ({}, 404, of_service(f"Twilio knows no Messaging Service {SERVICE}: check it", "fail")),
        (SERVED, 201, of_service("its settings could not be read (answered with 201)", "warn")),
        ([], 200, of_service("its settings could not be read (answered with 200)", "warn")),
        ({}, 503, of_service("its settings could not be read (answered with 503)", "warn")),
    ],
)
def test_a_service_that_cannot_be_read_is_told(found, status, told):
    """By its status."""
    assert twilio(found, status) == [told]


@pytest.mark.parametrize(
    ("base_url", "services"),
    [
        ("https://api.twilio.com/x?y=1", "https://messaging.twilio.com/x?y=1"),
        ("https://api.sydney.au1.twilio.com", "https://messaging.sydney.au1.twilio.com"),
        ("https://myapi.twilio.com", "https://myapi.twilio.com"),
        ("https://api.clinic.example", "https://api.clinic.example"),
    ],
)
def test_twilios_services_live_beside_its_messages(base_url, services):
    """Where the address is Twilio's own."""
    assert services_url(base_url) == services
