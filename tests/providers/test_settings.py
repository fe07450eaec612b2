"""What the settings at the providers are said to mean."""

from __future__ import annotations

import json

import pytest

from reminder_kit.ports import Response
from reminder_kit.providers.telnyx.provider import Telnyx
from reminder_kit.providers.twilio.provider import Twilio
from reminder_kit.providers.twilio.settings import services_url
from tests.factories import ACCOUNT, HOOK, SENDER, SERVICE

PROFILE = "16fd2706-8baf-433b-82eb-8c7fada847da"
CLINIC = {
    "id": PROFILE,
    "name": "Clinic",
    "enabled": True,
    "webhook_url": HOOK,
    "webhook_api_version": "2",
    "whitelisted_destinations": ["US", "CA"],
}


def answer(value, status=200):
    return Response(status, {}, json.dumps(value).encode())


def told(asking, *answers):
    """Return the questions of an inspection, and the remarks that it ends with."""
    questions, left = [], list(answers)
    try:
        questions.append(next(asking))
        while True:
            questions.append(asking.send(left.pop(0)))
    except StopIteration as end:
        assert not left
        return questions, end.value


def telnyx(*rows, profile=None, answers=(), **settings):
    provider = Telnyx("KEY", SENDER, profile, **settings)
    return told(provider.inspect(answer({"data": list(rows)})), *answers)


def lines(remarks):
    return [(remark.state, remark.message) for remark in remarks]


def test_the_only_profile_is_told_without_asking_again():
    """The list that `ping` reads is enough: where it writes to, and nothing is wrong."""
    questions, remarks = telnyx(CLINIC)
    assert questions == []
    assert lines(remarks) == [("ok", "'Clinic' writes to US, CA")]


@pytest.mark.parametrize(
    ("changes", "state", "words"),
    [
        ({"enabled": False}, "fail", "is switched off"),
        ({"whitelisted_destinations": []}, "fail", "may write to no country"),
        ({"whitelisted_destinations": ["*"]}, "ok", "writes to every country"),
        ({"webhook_url": None}, "warn", "replies and reports are told to nobody"),
        ({"webhook_api_version": "1"}, "warn", "version 1, which is not read"),
        ({"daily_spend_limit_enabled": True, "daily_spend_limit": "5.00"}, "ok", "for 5.00 USD a day at most"),
        ({"daily_spend_limit_enabled": False, "daily_spend_limit": "5.00"}, "ok", "writes to US, CA"),
        ({"mobile_only": True}, "ok", "mobile_only is on"),
        ({"mms_fall_back_to_sms": True}, "ok", "mms_fall_back_to_sms is on"),
        ({"smart_encoding": True}, "ok", "smart_encoding is on"),
        ({"redaction_enabled": True}, "ok", "redaction_enabled is on"),
        ({"name": None, "whitelisted_destinations": None}, "ok", f"{PROFILE!r} writes to countries not told"),
    ],
)
def test_each_setting_of_a_profile_is_told_by_what_it_means(changes, state, words):
    """What is off is not told, what is on says what it does, what is wrong says what to set."""
    _, remarks = telnyx({**CLINIC, **changes})
    assert any(found == state and words in message for found, message in lines(remarks)), lines(remarks)
    assert any("is on" in message for _, message in lines(remarks)) == ("is on" in words)


def test_reports_of_a_message_may_go_elsewhere():
    """With a `webhook_url` of one's own only replies depend on the profile's."""
    _, remarks = telnyx({**CLINIC, "webhook_url": ""}, webhook_url=HOOK)
    assert ("warn", "replies are told to nobody: set the profile's webhook URL, or no STOP is heard") in lines(remarks)


def test_a_profile_that_is_not_on_the_first_page_is_asked_for():
    """The configured profile is found in the list or asked for alone; one that Telnyx does not know fails."""
    other = {**CLINIC, "id": "another"}
    assert telnyx(other, CLINIC, profile=PROFILE)[0] == []
    questions, remarks = telnyx(other, profile=PROFILE, answers=[answer({"data": CLINIC})])
    assert [question.request.path for question in questions] == [f"/messaging_profiles/{PROFILE}"]
    assert lines(remarks)[0] == ("ok", "'Clinic' writes to US, CA")
    assert telnyx(other, profile=PROFILE, answers=[answer({}, 404)])[1][0].state == "fail"
    assert telnyx(other, profile=PROFILE, answers=[answer([], 500)])[1][0].state == "warn"


def test_of_several_profiles_the_senders_is_not_guessed():
    """A number's profile is not on the list: who has several names the one to look at."""
    (remark,) = telnyx(CLINIC, CLINIC)[1]
    assert (remark.state, "messaging_profile_id" in remark.message) == ("ok", True)


@pytest.mark.parametrize("value", [None, [], {"data": None}, {"data": [None, 5]}, {"data": {}}])
def test_a_list_that_cannot_be_read_is_no_fault(value):
    """Whatever came, a remark says that nothing was looked at."""
    assert len(told(Telnyx("KEY", SENDER).inspect(answer(value)))[1]) == 1


SERVICES = {
    "sid": SERVICE,
    "friendly_name": "Clinic",
    "inbound_request_url": HOOK,
    "inbound_method": "POST",
    "status_callback": HOOK,
    "use_inbound_webhook_on_number": False,
    "smart_encoding": False,
    "validity_period": 36000,
}


def twilio(value, status=200, **settings):
    provider = Twilio(ACCOUNT, "TOKEN", SERVICE, **settings)
    return told(provider.inspect(answer({})), answer(value, status))


def test_a_messaging_service_says_where_webhooks_go():
    """It is asked for at its own address, and tells where reports and replies go."""
    (question,), remarks = twilio(SERVICES)
    assert (question.base_url, question.request.path) == ("https://messaging.twilio.com", f"/v1/Services/{SERVICE}")
    assert lines(remarks) == [("ok", f"'Clinic' reports to {HOOK}, and replies come to {HOOK}")]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"inbound_request_url": None}, "replies are not received at all"),
        ({"inbound_method": "GET"}, "set its inbound method to POST"),
        ({"status_callback": ""}, "set [provider] webhook_url"),
        ({"validity_period": 60}, "within 60 seconds is dropped"),
    ],
)
def test_what_keeps_webhooks_away_is_a_warning(changes, words):
    """Each says what to set."""
    assert any(state == "warn" and words in message for state, message in lines(twilio({**SERVICES, **changes})[1]))


def test_numbers_may_have_addresses_of_their_own():
    """Where each number says where its replies go, the service's address is not looked at."""
    _, remarks = twilio({**SERVICES, "use_inbound_webhook_on_number": True, "inbound_request_url": None})
    assert lines(remarks) == [("ok", f"'Clinic' reports to {HOOK}, and replies come where each number says")]


@pytest.mark.parametrize(("value", "status", "state"), [({}, 404, "fail"), ({}, 403, "warn"), ("x", 200, "warn")])
def test_a_service_that_cannot_be_read(value, status, state):
    """One that Twilio does not know fails; what can't be read now is a warning."""
    (remark,) = twilio(value, status)[1]
    assert remark.state == state


@pytest.mark.parametrize(
    ("base_url", "services"),
    [
        ("https://api.twilio.com", "https://messaging.twilio.com"),
        ("https://api.dublin.ie1.twilio.com", "https://messaging.dublin.ie1.twilio.com"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("https://api.twilio.com.example.org", "https://api.twilio.com.example.org"),
    ],
)
def test_services_live_at_another_address_of_twilios(base_url, services):
    """In each region; a stand-in is asked where it is."""
    assert services_url(base_url) == services


def test_a_profile_that_may_write_nowhere_is_told_once():
    """It writes to no country, so that no line says where it writes."""
    told = [words for _, words in lines(telnyx(CLINIC | {"whitelisted_destinations": []})[1])]
    assert [words for words in told if "write" in words] == [
        "'Clinic' may write to no country: allow destinations in the Telnyx portal"
    ]
