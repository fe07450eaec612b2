"""Facts about the sandbox's Twilio and Vonage: what they refuse, and how."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from datetime import timedelta
from email.utils import parsedate_to_datetime
from urllib.parse import urlencode

import pytest

from reminder_kit.sandbox import Call, Sandbox
from tests.factories import ACCOUNT, NUMBER, SERVICE

START = "2026-02-10T09:00:00Z"
MESSAGES = f"/2010-04-01/Accounts/{ACCOUNT}/Messages"


def basic(user, password):
    return {"authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


FORM = {"content-type": "application/x-www-form-urlencoded"}


def ask(sandbox, method, path, body=b"", headers=None):
    found = sandbox.handle(Call.of(method, path, {**FORM, **(headers or basic(ACCOUNT, "KEY"))}, body))
    return found.status, json.loads(found.body)


def twilio(sandbox, **changes):
    fields = {
        "To": NUMBER,
        "MessagingServiceSid": SERVICE,
        "Body": "Hi",
        "ScheduleType": "fixed",
        "SendAt": "2026-02-11T09:00:00Z",
        **changes,
    }
    form = urlencode({name: value for name, value in fields.items() if value is not None}).encode()
    return ask(sandbox, "POST", f"{MESSAGES}.json", form)


@pytest.mark.parametrize("at", ["2026-02-10T09:14:59Z", "2026-02-09T09:00:00Z"], ids=["too near", "past"])
def test_twilio_sends_at_once_what_is_past_where_it_is_told_to(at):
    """`past_send_at` holds for Twilio too: refused with its code, or accepted and on its way."""
    status, value = twilio(Sandbox(START), SendAt=at)
    assert (status, value["code"]) == (400, 35114)
    sandbox = Sandbox(START, past_send_at="send")
    status, value = twilio(sandbox, SendAt=at)
    assert (status, value["status"]) == (201, "accepted")
    assert len(sandbox.inbox(NUMBER)) == 1


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({}, 201, None),
        ({"To": None}, 400, 21604),
        ({"To": "2025550123"}, 400, 21211),
        ({"MessagingServiceSid": None}, 400, 21603),
        ({"Body": None}, 400, 21619),
        ({"Body": None, "MediaUrl": "https://example.com/a"}, 201, None),
        ({"Body": "a" * 1601}, 400, 21617),
        ({"ScheduleType": "flexible"}, 400, 35126),
        ({"ScheduleType": None}, 400, 35126),
        ({"SendAt": None}, 400, 35111),
        ({"SendAt": "soon"}, 400, 35114),
        ({"SendAt": "2026-02-10T09:14:59Z"}, 400, 35114),
        ({"SendAt": "2026-03-17T09:00:01Z"}, 400, 35114),
        ({"SendAt": "2026-03-17T09:00:00Z"}, 201, None),
        ({"SendAt": None, "ScheduleType": None}, 201, None),
    ],
    ids=str,
)
def test_twilios_fields_are_checked(changes, status, code):
    """Wrong fields get Twilio's own codes; `SendAt` is taken from 15 minutes to 35 days ahead."""
    found, value = twilio(Sandbox(START), **changes)
    assert (found, value.get("code")) == (status, code)


def test_what_is_no_form_has_no_fields():
    """Twilio reads forms only: JSON gets the error of a missing `To`."""
    headers = {**basic(ACCOUNT, "KEY"), "content-type": "application/json"}
    assert ask(Sandbox(START), "POST", f"{MESSAGES}.json", b"To=%2B12025550123", headers)[1]["code"] == 21604


def test_twilios_cap_is_kept():
    """At the cap of parked messages the next one is refused with 35125."""
    sandbox = Sandbox(START, cap=1)
    assert twilio(sandbox)[0] == 201
    assert twilio(sandbox)[1]["code"] == 35125


@pytest.mark.parametrize(
    "headers",
    [
        {"authorization": ""},
        {"authorization": "Basic ?"},
        {"authorization": "Bearer KEY"},
        basic(ACCOUNT, "WRONG"),
        basic("AC" + "9" * 32, "KEY"),
        basic(ACCOUNT, ""),
    ],
    ids=["none", "nonsense", "scheme", "password", "account", "empty"],
)
def test_twilios_credentials_are_checked(headers):
    """A wrong scheme, account or password gets 401 with 20003."""
    found, value = ask(Sandbox(START, key="KEY"), "GET", f"/2010-04-01/Accounts/{ACCOUNT}.json", headers=headers)
    assert (found, value["code"]) == (401, 20003)


def test_twilios_api_keys_are_taken():
    """An API key (SK…) may stand in the place of the account."""
    assert ask(Sandbox(START), "GET", f"{MESSAGES}.json", headers=basic("SK" + "1" * 32, "x"))[0] == 200


@pytest.mark.parametrize("path", [f"{MESSAGES}/SM404.json", f"/2010-04-01/Accounts/{ACCOUNT}/Calls.json"])
def test_what_twilio_does_not_have_is_not_found(path):
    """An unknown message and an unknown address both get 404 with 20404."""
    headers = basic(ACCOUNT if "Messages" in path else "SK1", "x")
    found, value = ask(Sandbox(START), "GET", path, headers=headers)
    assert (found, value["code"]) == (404, 20404)


def test_a_twilio_message_that_waits_is_changed_only_by_cancelling():
    """`Status=canceled` is taken once; words are forgotten, and a message is deleted, only when it is over."""
    sandbox = Sandbox(START)
    sid = twilio(sandbox)[1]["sid"]
    one = f"{MESSAGES}/{sid}.json"
    assert ask(sandbox, "POST", one, b"Status=sent")[1]["code"] == 20001
    assert ask(sandbox, "POST", one, b"Body=other")[1]["code"] == 20001
    assert ask(sandbox, "POST", one, b"Body=")[1]["code"] == 20009
    assert ask(sandbox, "DELETE", one)[1]["code"] == 20009
    assert ask(sandbox, "POST", one, b"Status=canceled")[1]["status"] == "canceled"
    assert ask(sandbox, "POST", one, b"Status=canceled")[1]["code"] == 30409
    assert ask(sandbox, "POST", one, b"Body=")[1]["body"] == ""
    assert sandbox.handle(Call.of("DELETE", one, basic(ACCOUNT, "KEY"), b"")).status == 204
    assert ask(sandbox, "GET", one)[0] == 404
    assert ask(sandbox, "GET", f"{MESSAGES}.json")[1]["messages"] == []


@pytest.mark.parametrize(
    ("method", "path"),
    [("PUT", f"{MESSAGES}.json"), ("DELETE", f"{MESSAGES}.json"), ("POST", f"/2010-04-01/Accounts/{ACCOUNT}.json")],
)
def test_a_method_that_twilio_does_not_have_is_refused(method, path):
    """Another method than a resource's own does nothing, and says so."""
    sandbox = Sandbox(START)
    assert ask(sandbox, method, path)[1]["code"] == 20004
    assert sandbox.messages() == []


def test_twilios_shortest_lead_is_the_accounts():
    """Fifteen minutes, or five where the account has that (Error 35115)."""
    near = {"SendAt": "2026-02-10T09:06:00Z"}
    assert twilio(Sandbox(START), **near)[1]["code"] == 35114
    assert twilio(Sandbox(START, min_lead=timedelta(minutes=5)), **near)[0] == 201


def test_twilios_messages_come_by_pages():
    """Each page names the next one and the one before, until there is none."""
    sandbox = Sandbox(START)
    sids = [twilio(sandbox)[1]["sid"] for _ in range(5)][::-1]
    uri, seen, pages = f"{MESSAGES}.json?To=%2B12025550123&PageSize=2", [], []
    while uri:
        page = ask(sandbox, "GET", uri)[1]
        seen += [item["sid"] for item in page["messages"]]
        pages.append((page["page"], page["start"], page["end"]))
        assert (page["previous_page_uri"] is None) == (page["page"] == 0)
        uri = page["next_page_uri"]
    assert seen == sids
    assert pages == [(0, 0, 1), (1, 2, 3), (2, 4, 4)]


@pytest.mark.parametrize("query", ["PageSize=x", "PageSize=0", "PageSize=", "Page=-1", "PageSize=²", "DateSent=soon"])
def test_what_is_no_page_of_twilios_is_refused(query):
    """A size, number or date that is none is a 400 with a code."""
    status, value = ask(Sandbox(START), "GET", f"{MESSAGES}.json?{query}")
    assert (status, value["code"]) == (400, 20001)


@pytest.mark.parametrize(
    ("query", "days"),
    [
        ("DateSent=2026-02-12", [12]),
        ("DateSent%3E=2026-02-12", [12, 13]),
        ("DateSent%3C=2026-02-12", [11, 12]),
        ("DateSent%3E=2026-02-11&DateSent%3C=2026-02-12", [11, 12]),
        ("From=%2B12025550100", [11, 12, 13]),
        ("From=%2B12025550199", []),
    ],
)
def test_twilios_messages_are_listed_by_day_and_sender(query, days):
    """The day of sending bounds a list from either side; what was not sent yet has none."""
    sandbox = Sandbox(START)
    for day in (11, 12, 13, 20):
        twilio(sandbox, From="+12025550100", SendAt=f"2026-02-{day}T09:00:00Z")
    sandbox.clock.set("2026-02-14T00:00:00Z")
    listed = ask(
        sandbox,
        "GET",
        f"{MESSAGES}.json?{query}&DateSent%3E=2026-01-01" if "Sent" not in query else f"{MESSAGES}.json?{query}",
    )
    found = [parsedate_to_datetime(item["date_sent"]).day for item in listed[1]["messages"]]
    assert found == days[::-1]


def test_twilios_messages_are_listed_newest_first():
    """A page holds the newest messages to the number that was asked for."""
    sandbox = Sandbox(START)
    sids = [twilio(sandbox)[1]["sid"] for _ in range(3)]
    twilio(sandbox, To="+12025550124")
    listed = ask(sandbox, "GET", f"{MESSAGES}.json?To=%2B12025550123&PageSize=2")[1]["messages"]
    assert [item["sid"] for item in listed] == [sids[2], sids[1]]


def vonage(sandbox, headers=None, **changes):
    fields = {"message_type": "text", "channel": "sms", "to": "12025550123", "from": "Clinic", "text": "Hi", **changes}
    body = json.dumps({name: value for name, value in fields.items() if value is not None}).encode()
    return ask(sandbox, "POST", "/v1/messages", body, headers)


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ({}, None),
        ({"to": NUMBER}, "to"),
        ({"to": None}, "to"),
        ({"from": None}, "from"),
        ({"channel": "pigeon"}, "message_type"),
        ({"text": None}, "text"),
        ({"text": "a" * 3201}, "text"),
        ({"text": "a" * 3200}, None),
        ({"text": 5}, "text"),
        ({"image": [1]}, None),
        ({"message_type": {}}, "message_type"),
        ({"webhook_url": ["https://example.com"]}, "webhook_url"),
        ({"channel": "mms"}, None),
        ({"channel": "mms", "message_type": "vcard", "vcard": {"url": "https://example.com/a.vcf"}}, None),
        ({"channel": "mms", "message_type": "image", "image": {"url": 1}}, "image"),
        ({"channel": "mms", "message_type": "image", "image": {"url": "u", "caption": "a" * 3001}}, "image"),
        ({"channel": "mms", "message_type": "content", "content": [{"type": "file", "url": "u"}]}, None),
        ({"channel": "mms", "message_type": "content", "content": [{"url": "u"}]}, "content"),
        ({"channel": "mms", "message_type": "content", "content": []}, "content"),
        ({"channel": "sms", "message_type": "image", "image": {"url": "u"}}, "message_type"),
        ({"channel": "mms", "message_type": "image"}, "image"),
        ({"channel": "mms", "message_type": "image", "image": {"url": "https://example.com/a"}}, None),
        ({"client_ref": "a" * 101}, "client_ref"),
    ],
    ids=lambda value: str(value)[:60],
)
def test_vonages_fields_are_checked(changes, wrong):
    """A wrong field gets 422, which names it among its `invalid_parameters`."""
    status, value = vonage(Sandbox(START), **changes)
    assert status == (422 if wrong else 202)
    assert wrong is None or value["invalid_parameters"][0]["name"] == wrong


@pytest.mark.parametrize("body", [b"", b"[]", b"{"])
def test_a_body_vonage_cannot_read_is_unprocessable(body):
    """Broken or bare JSON gets 422, as a wrong field does."""
    assert ask(Sandbox(START), "POST", "/v1/messages", body)[0] == 422


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        (basic("abcd", "KEY"), 202),
        ({"authorization": "Bearer some.token.here"}, 202),
        (basic("abcd", "WRONG"), 401),
        ({"authorization": "Basic ?"}, 401),
        ({"authorization": "Digest x"}, 401),
        ({"authorization": "Basic"}, 401),
    ],
)
def test_vonages_credentials_are_checked(headers, status):
    """Basic credentials and bearer tokens are taken; anything else gets 401."""
    assert vonage(Sandbox(START, key="KEY"), headers)[0] == status


def test_vonage_has_nothing_to_read_or_withdraw():
    """Vonage has no address that lists messages: it sends at once."""
    assert ask(Sandbox(START), "GET", "/v1/messages")[0] == 404


def test_vonage_tells_of_a_stop_only_afterwards():
    """A message to an opted-out number is accepted, and a webhook rejects it with 1240."""
    received = []
    sandbox = Sandbox(START, provider="vonage", receiver=lambda _headers, body: received.append(json.loads(body)))
    sandbox.inbound(NUMBER, "STOP")
    assert vonage(sandbox)[0] == 202
    sandbox.tick()
    assert (received[-1]["status"], received[-1]["error"]["title"]) == ("rejected", "1240")


def test_an_unknown_address_is_not_found():
    """An address of no provider gets 404."""
    assert ask(Sandbox(START), "GET", "/elsewhere")[0] == 404


BARE = """
import sys
sys.modules["cryptography"] = sys.modules["jwt"] = None
from reminder_kit.errors import ConfigurationError
from reminder_kit.providers.jwt import made_rs256
from reminder_kit.providers.telnyx.provider import Telnyx
from reminder_kit.providers.vonage.provider import Vonage
from reminder_kit.sandbox import Sandbox
from datetime import datetime, UTC

sandbox = Sandbox("2026-02-10T09:00:00Z")
sandbox.inbound("+12025550123", "hello")
telnyx = Telnyx("KEY", "+12025550100", public_key="11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=")
vonage = Vonage("+12025550100", signature_secret="s")
headers = {"telnyx-timestamp": "1", "telnyx-signature-ed25519": "A" * 86 + "==", "authorization": "Bearer e30.e30.AA"}
for act in (
    lambda: sandbox.public_key,
    lambda: made_rs256({}, "key"),
    lambda: telnyx.events(headers, b"{}", datetime(2026, 2, 10, tzinfo=UTC)),
    lambda: vonage.events(headers, b"{}", datetime(2026, 2, 10, tzinfo=UTC)),
):
    try:
        act()
    except ConfigurationError as error:
        assert "pip install 'reminder-kit[webhooks]'" in str(error), error
    else:
        raise SystemExit("nothing was said")
"""


def test_without_the_packages_for_webhooks_all_but_signatures_works():
    """Without cryptography and PyJWT everything but signatures works and the remedy is named."""
    done = subprocess.run([sys.executable, "-c", BARE], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
