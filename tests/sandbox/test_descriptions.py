"""What our requests and the sandbox's answers look like is what the providers' own descriptions say.

The extracts in `descriptions` are the parts of those descriptions that are spoken of here, each with its source and
date. Words that a provider's guide has and its description has not stand there as `added`.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qsl

import jsonschema
import pytest
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from reminder_kit.model.messages import Draft
from reminder_kit.providers.telnyx.provider import Telnyx
from reminder_kit.providers.twilio.provider import Twilio
from reminder_kit.providers.vonage.provider import Vonage
from reminder_kit.sandbox import Call, Sandbox
from reminder_kit.testing import WEBHOOK_SECRET, signed_event
from tests.factories import ACCOUNT, HOOK, NUMBER, SENDER, SERVICE

HERE = Path(__file__).parent / "descriptions"
DESCRIPTIONS = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(HERE.glob("*.json"))}
REGISTRY = Registry().with_resources(
    [(f"urn:{name}", Resource(contents=value, specification=DRAFT202012)) for name, value in DESCRIPTIONS.items()]
)
NOW = datetime(2026, 2, 10, 14, tzinfo=UTC)
PROFILE = "16fd2706-8baf-433b-82eb-8c7fada847da"
URLS = ("https://example.com/a.png", "https://example.com/b.vcf")


def problems(name, schema, value):
    """Return what a value violates of a schema, and the fields that no description knows."""
    validator = jsonschema.Draft202012Validator(
        {"$ref": f"urn:{name}#/$defs/{schema}"}, registry=REGISTRY, format_checker=jsonschema.FormatChecker()
    )
    found = [f"{'/'.join(map(str, error.absolute_path))}: {error.message}" for error in validator.iter_errors(value)]
    known = DESCRIPTIONS[name]["$defs"][schema].get("properties")
    return found + [f"{field} is not described" for field in (value if known else ()) if field not in known]


def described(name, schema, value):
    assert problems(name, schema, value) == []


def test_each_extract_says_where_it_is_from():
    """Source and date stand in each file, so that who meets a newer description knows what it is compared with."""
    assert sorted(DESCRIPTIONS) == ["telnyx", "twilio", "vonage"]
    for value in DESCRIPTIONS.values():
        assert value["source"]
        assert datetime.fromisoformat(value["date"])


def test_what_is_compared_could_fail():
    """A wrong type, a missing field and a field that nobody describes are each found."""
    assert problems("telnyx", "CreateMessageRequest", {"to": 5})
    assert problems("telnyx", "CreateMessageRequest", {"text": "x"})
    assert problems("telnyx", "CreateMessageRequest", {"to": NUMBER, "tag": "x"})
    assert problems("vonage", "SendMessage", {"to": NUMBER})


# What we ask


DRAFTS = [
    {"text": "See you"},
    {"text": "Grüße 👍"},
    {"text": "See you", "channel": "mms"},
    {"text": "See you", "channel": "mms", "media_urls": URLS[:1], "subject": "Visit"},
    {"text": "", "channel": "mms", "media_urls": URLS},
]


def drafts():
    for changes in DRAFTS:
        yield Draft(**{"to": NUMBER, "send_at": NOW + timedelta(days=2), **changes})


@pytest.mark.parametrize("endpoint", ["messages", "schedule"])
@pytest.mark.parametrize("settings", [{}, {"webhook_url": HOOK}, {"from_": None, "messaging_profile_id": PROFILE}])
def test_telnyx_is_asked_as_it_describes(endpoint, settings):
    """Every field of a request is in the description of its endpoint, with the right type."""
    provider = Telnyx("KEY", **{"from_": SENDER, **settings}, endpoint=endpoint)
    schema = "CreateMessageRequest" if endpoint == "messages" else "CreateScheduledMessageRequest"
    for draft in drafts():
        described("telnyx", schema, json.loads(provider.create(draft, token="t", idempotency_key="k").body))


@pytest.mark.parametrize("settings", [{}, {"webhook_url": HOOK, "from_": SENDER}])
def test_twilio_is_asked_as_it_describes(settings):
    """Every field of the form is in the description; media are a list there."""
    provider = Twilio(ACCOUNT, "TOKEN", SERVICE, **settings)
    for draft in drafts():
        form = parse_qsl(provider.create(draft, token="t", idempotency_key="k").body.decode())
        fields = dict(form) | ({"MediaUrl": [v for n, v in form if n == "MediaUrl"]} if draft.media_urls else {})
        described("twilio", "CreateMessageRequest", fields)


def test_vonage_is_asked_as_it_describes():
    """Each kind of message is exactly one of those that are described."""
    provider = Vonage(SENDER, "key", "secret", webhook_url=HOOK)
    for draft in drafts():
        described("vonage", "SendMessage", json.loads(provider.create(draft, token="t", idempotency_key="k").body))


# What the sandbox answers


@pytest.fixture
def sandbox():
    return Sandbox(clock=NOW)


def ask(sandbox, method, path, body=b"", authorization="Bearer K"):
    kind = "application/x-www-form-urlencoded" if path.startswith("/2010") else "application/json"
    call = Call.of(method, path, {"authorization": authorization, "content-type": kind}, body)
    answer = sandbox.handle(call)
    return answer.status, json.loads(answer.body or b"null")


def without_guide_words(message):
    """Return a message of Telnyx' with a status of the guide's, which its description lacks, replaced."""
    added = DESCRIPTIONS["telnyx"]["added"]["OutboundMessagePayload.to.status"]
    to = [{**entry, "status": "queued" if entry["status"] in added else entry["status"]} for entry in message["to"]]
    return {**message, "to": to}


def described_message(message):
    """`send_at` is shown by the guide alone."""
    found = without_guide_words(message)
    found.pop("send_at")
    described("telnyx", "OutboundMessagePayload", found)


def test_telnyxs_messages_are_as_described(sandbox):
    """Created, read before and after sending, cancelled: a message has the fields of its description, and no other."""
    provider = Telnyx("KEY", SENDER)
    for draft in drafts():
        request = provider.create(draft, token="t", idempotency_key=f"k{draft.text}{draft.media_urls}")
        status, value = ask(sandbox, "POST", f"/v2{request.path}", request.body)
        assert status == 200
        described_message(value["data"])
        name = value["data"]["id"]
        described_message(ask(sandbox, "GET", f"/v2/messages/{name}")[1]["data"])
    cancelled = ask(sandbox, "DELETE", f"/v2/messages/{name}")[1]
    cancelled.pop("send_at")
    described("telnyx", "OutboundMessagePayloadCancelled", cancelled)
    sandbox.outcome(NUMBER, "delivery_failed", "40008", "Undeliverable")
    sandbox.clock.advance(days=3)
    for message in sandbox.messages():
        described_message(ask(sandbox, "GET", f"/v2/messages/{message.id}")[1]["data"])


def test_telnyxs_detail_records_are_as_described(sandbox):
    """Whatever became of a message, its record has a word of the records' own, and nothing that is null."""
    ends = ("delivered", "sent", "delivery_failed", "sending_failed", "delivery_unconfirmed", "expired", "read")
    for number, end in enumerate(ends):
        to = f"+1202555015{number}"
        sandbox.outcome(to, end, "40008" if "failed" in end else "")
        hook = f', "webhook_url": "{HOOK}"' if number % 2 else ""
        ask(sandbox, "POST", "/v2/messages", f'{{"from": "{SENDER}", "to": "{to}", "text": "x"{hook}}}'.encode())
    sandbox.clock.advance(minutes=1)
    rows = ask(sandbox, "GET", "/v2/detail_records?filter[record_type]=messaging&page[size]=50")[1]
    assert len(rows["data"]) == len(ends)
    described("telnyx", "detail-records_PaginationMeta", rows["meta"])
    for row in rows["data"]:
        described("telnyx", "MessageDetailRecord", row)


def test_telnyxs_lists_and_errors_are_as_described(sandbox):
    """Opt-outs, profiles, and errors of both shapes."""
    sandbox.inbound(NUMBER, "STOP", to=SENDER)
    described("telnyx", "OptOutListResponse", ask(sandbox, "GET", "/v2/messaging_optouts")[1])
    for row in ask(sandbox, "GET", "/v2/messaging_profiles")[1]["data"]:
        described("telnyx", "MessagingProfile", row)
    described("telnyx", "messaging_Error", ask(sandbox, "DELETE", "/v2/messages/nobody")[1])
    for method, path, body in (
        ("POST", "/v2/messages", b"{"),
        ("POST", "/v2/messages", b'{"to": "+12025550123"}'),
        ("GET", "/v2/nowhere", b""),
        ("GET", "/v2/messaging_optouts?page[size]=0", b""),
    ):
        status, value = ask(sandbox, method, path, body)
        assert status >= 400
        described("telnyx", "messaging_Errors", value)
    for kind in ("500", "503", "429", "error", "unauthorized", "in_progress"):
        sandbox.fault(kind)
        described("telnyx", "messaging_Errors", ask(sandbox, "GET", "/v2/messaging_profiles")[1])


def test_twilios_messages_and_lists_are_as_described(sandbox):
    """Created, read, listed by pages, cancelled, sent."""
    provider, path = Twilio(ACCOUNT, "K", SERVICE), f"/2010-04-01/Accounts/{ACCOUNT}"
    basic = provider.headers()["authorization"]
    for draft in drafts():
        request = provider.create(draft, token="t", idempotency_key="k")
        status, value = ask(sandbox, "POST", request.path, request.body, basic)
        assert status == 201
        described("twilio", "api.v2010.account.message", value)
    one = f"{path}/Messages/{value['sid']}.json"
    described("twilio", "api.v2010.account.message", ask(sandbox, "GET", one, b"", basic)[1])
    described("twilio", "api.v2010.account.message", ask(sandbox, "POST", one, b"Status=canceled", basic)[1])
    sandbox.outcome(NUMBER, "delivery_failed", "30003", "Unreachable")
    sandbox.clock.advance(days=3)
    for page in range(3):
        listed = ask(sandbox, "GET", f"{path}/Messages.json?PageSize=2&Page={page}", b"", basic)[1]
        described("twilio", "ListMessageResponse", listed)
    described("twilio", "api.v2010.account", ask(sandbox, "GET", f"{path}.json", b"", basic)[1])


def test_vonages_answers_and_webhooks_are_as_described(sandbox):
    """An accepted message, its status, a reply, and errors as RFC 7807 has them."""
    provider = Vonage(SENDER, "key", "secret")
    for draft in drafts():
        request = provider.create(draft, token="t", idempotency_key="k")
        status, value = ask(sandbox, "POST", request.path, request.body)
        assert status == 202
        described("vonage", "Accepted", value)
    described("vonage", "Error", ask(sandbox, "POST", "/v1/messages", b"{}")[1])
    for kind in ("500", "503", "429", "error", "unauthorized"):
        sandbox.fault(kind)
        described("vonage", "Error", ask(sandbox, "POST", "/v1/messages", b"{}")[1])
    sandbox.clock.advance(minutes=1)
    for hook in sandbox.hooks.sent:
        described("vonage", "Status", hook.payload)
    for kind, schema in (("received", "InboundSms"), ("delivered", "Status"), ("undelivered", "Status")):
        _, body = signed_event("vonage", kind, now=NOW, token="t", secret=WEBHOOK_SECRET)
        described("vonage", schema, json.loads(body))
