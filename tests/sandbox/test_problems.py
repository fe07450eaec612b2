"""Each provider's own errors: every code of its table on demand, unknown paths, and answers to whatever comes."""

from __future__ import annotations

import json
import random
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote, urlencode

import pytest

from reminder_kit.errors import ProviderError, RefusedCredentialError, UnknownOutcomeError
from reminder_kit.model.messages import Draft
from reminder_kit.ports import Response
from reminder_kit.providers.telnyx import responses as telnyx_responses
from reminder_kit.providers.telnyx.provider import Telnyx
from reminder_kit.providers.twilio import responses as twilio_responses
from reminder_kit.providers.twilio.provider import Twilio
from reminder_kit.providers.vonage import responses as vonage_responses
from reminder_kit.providers.vonage.provider import Vonage
from reminder_kit.sandbox import Call, Limit, Sandbox, telnyx, twilio
from tests.factories import ACCOUNT, NUMBER, SENDER, SERVICE

NOW = datetime(2026, 2, 10, 14, tzinfo=UTC)
DRAFT = Draft(NUMBER, "See you", NOW + timedelta(days=2))
PROVIDERS = {
    "telnyx": Telnyx("KEY", SENDER),
    "twilio": Twilio(ACCOUNT, "KEY", SERVICE),
    "vonage": Vonage(SENDER, "key", "KEY"),
}
TABLES = {
    "telnyx": telnyx_responses._CODES,
    "twilio": twilio_responses._CODES,
    "vonage": vonage_responses._CODES,
}
PREFIXES = {"telnyx": "/v2", "twilio": "", "vonage": ""}
EACH = pytest.mark.parametrize("name", PROVIDERS)
EVERY_CODE = [(name, code) for name, table in TABLES.items() for code in table]


def call(name, request):
    provider = PROVIDERS[name]
    return Call.of(
        request.method, PREFIXES[name] + request.path, {**request.headers, **provider.headers()}, request.body
    )


def created(sandbox, name):
    """Have a message created, and return what the adapter makes of the answer."""
    provider = PROVIDERS[name]
    found = sandbox.handle(call(name, provider.create(DRAFT, token="t", idempotency_key="k")))
    return provider.parse_created(Response(found.status, found.headers, found.body))


def refused(sandbox, name):
    with pytest.raises(ProviderError) as caught:
        created(sandbox, name)
    return caught.value


@pytest.mark.few(50)
@pytest.mark.parametrize(("name", "code"), EVERY_CODE)
def test_every_code_of_a_table_comes_on_demand_in_its_providers_form(name, code):
    """A fault bears the code as its provider writes it, and the adapter reads what its table says of it."""
    sandbox = Sandbox(clock=NOW)
    sandbox.fault("error", code=code)
    error, known = refused(sandbox, name), TABLES[name][code].kind
    assert error.code == code
    fault = error.status >= 500 or error.status == 409
    by_status = name == "vonage" and error.status in {401, 402, 429}  # believed before any code
    assert type(error) is (UnknownOutcomeError if fault else known) or by_status
    assert sandbox.messages() == []


@EACH
def test_what_goes_wrong_has_the_providers_own_form(name):
    """A wrong key, a rate and a fault there are read by their codes, not by their status alone."""
    sandbox = Sandbox(clock=NOW)
    for kind in ("unauthorized", "429", "503", "500", "in_progress", "error"):
        sandbox.fault(kind)
        assert refused(sandbox, name).code
    sandbox.limit = Limit(1, 60.0)
    created(sandbox, name)
    assert refused(sandbox, name).retry_after


@EACH
@pytest.mark.parametrize("word", ["errors", "code", "type"])
def test_an_unknown_path_is_the_providers_own_404(name, word):
    """Each provider has a form of its own for what it does not have, with credentials of its own."""
    shape = {"telnyx": "errors", "twilio": "code", "vonage": "type"}[name]
    path = {"telnyx": "/v2/nowhere", "twilio": "/2010-04-01/Nowhere.json", "vonage": "/v1/nowhere"}[name]
    found = Sandbox().handle(Call.of("GET", path, PROVIDERS[name].headers(), b""))
    assert found.status == 404
    assert (word in json.loads(found.body)) == (word == shape)


def test_a_path_of_no_provider_is_answered_by_the_credentials():
    """Where a path tells nothing, an account of Twilio's is known by its name; any other is taken for Telnyx'."""
    answers = {name: Sandbox().handle(Call.of("GET", "/x", PROVIDERS[name].headers(), b"")) for name in PROVIDERS}
    assert {found.status for found in answers.values()} == {404}
    assert json.loads(answers["twilio"].body)["code"] == 20404
    assert json.loads(answers["telnyx"].body)["errors"][0]["code"] == "10005"


@EACH
def test_a_wrong_key_is_refused_in_every_dialect(name):
    """The sandbox's own refusal of a key reads as the provider's."""
    assert (
        type(refused(Sandbox(clock=NOW, key="ANOTHER"), "telnyx" if name == "vonage" else name))
        is RefusedCredentialError
    )


def test_what_the_sandbox_refuses_has_codes_that_the_adapters_know():
    """A refusal of an endpoint's own bears a code of the table, or one that the adapter leaves unknown on purpose."""
    unknown = {"10004", "10005", "10015", "10016", "40303", "20001", "20004", "20009", "30409", "35111", "35126"}

    for module, table, pattern in (
        (telnyx, TABLES["telnyx"], r'"(\d{5})"'),
        (twilio, TABLES["twilio"], r"\b(\d{5})\b"),
    ):
        found = set(re.findall(pattern, Path(module.__file__).read_text(encoding="utf-8")))
        assert found
        assert found - set(table) <= unknown


# Whatever comes


VALUES = [
    *(None, 0, -1, 1.5, True, "", " ", "x", NUMBER, "\ud800", "é" * 10, [], ["https://a"], [1], {}, {"url": "u"}),
    *(
        {"url": 1},
        "2026-02-12T10:00:00Z",
        "9999-12-31T23:59:59-14:00",
        "MMS",
        "gsm7",
        10**400,
        "http://[",
        "http://a:99999",
    ),
]
KEYS = [
    *("to", "from", "text", "media_urls", "type", "send_at", "messaging_profile_id", "webhook_url", "encoding"),
    *("subject", "image", "content", "channel", "message_type", "client_ref", "auto_detect", "webhook_failover_url"),
]
FORM = ["To", "Body", "MediaUrl", "SendAt", "ScheduleType", "MessagingServiceSid", "From", "Status", "StatusCallback"]
QUERY = [
    *("page[number]", "page[size]", "filter[created_at][gte]", "filter[record_type]", "PageSize", "Page", "To"),
    *("filter[cld]", "filter[]", "filter", "filter[a][b][c]", "DateSent", "DateSent<", "created_at[lte]", "sort"),
]
ACCOUNT_PATH = f"/2010-04-01/Accounts/{ACCOUNT}"
PATHS = [
    *("/v2/messages", "/v2/messages/schedule", "/v2/messages/long_code", "/v2/messages/number_pool"),
    *("/v2/messages/short_code", "/v2/messages/alphanumeric_sender_id", "/v2/messaging_optouts", "/v2/messages/x"),
    *("/v2/messaging_profiles", "/v2/detail_records", "/v1/messages", "/v1/Services/MG1", "/v2", "/nowhere", "*", ""),
    *(f"{ACCOUNT_PATH}.json", f"{ACCOUNT_PATH}/Messages.json", f"{ACCOUNT_PATH}/Messages/SM1.json"),
]
WORDS = ["0", "-1", "x", "", "1", "9" * 20, "²", "messaging", "2026-01-01", "\udcff", "1970-01-01T00:00:00"]
KEYRING = ["Bearer KEY", PROVIDERS["twilio"].headers()["authorization"], "x", ""]


def odd_call(chance):
    """Return a request of a field's right names and of any values."""
    path = chance.choice(PATHS)
    body = {key: chance.choice(VALUES) for key in chance.sample(KEYS, chance.randint(0, 9))}
    if chance.random() < 0.6:
        body |= {"to": NUMBER if path.startswith("/v2") else NUMBER[1:], "from": SENDER, "text": "x"}
    if path == "/v1/messages" and chance.random() < 0.8:
        body |= {
            "channel": chance.choice(["sms", "mms"]),
            "message_type": chance.choice(["text", "image", "content", {}]),
        }
    data = json.dumps(body).encode() if chance.random() < 0.9 else chance.randbytes(20)
    headers = {"authorization": chance.choice(KEYRING)}
    if path.startswith("/2010"):
        names = {name: chance.choice(VALUES) for name in chance.sample(FORM, chance.randint(0, 7))}
        names |= {"To": NUMBER, "Body": "x", "MessagingServiceSid": SERVICE} if chance.random() < 0.6 else {}
        data = urlencode(names, errors="replace").encode()
        headers["content-type"] = "application/x-www-form-urlencoded"
    query = "&".join(f"{chance.choice(QUERY)}={quote(chance.choice(WORDS), errors='replace')}" for _ in range(3))
    method = chance.choice(["POST", "POST", "GET", "PUT", "DELETE", "PATCH", "OPTIONS"])
    return Call.of(method, f"{path}?{query}", headers, data)


def test_whatever_comes_is_answered_and_nothing_fails():
    """Three thousand requests of any content: each has an answer of its provider's, none meets a fault of our own."""
    chance, sandbox = random.Random(18), Sandbox(clock=NOW)
    for number in range(3000):
        asked = odd_call(chance)
        found = sandbox.handle(asked)
        assert 200 <= found.status < 500, (number, asked)
        assert found.status == 204 or json.loads(found.body)
        if number % 100 == 0:
            sandbox.clock.advance(hours=1)
    assert sandbox.crashes == []
    assert sandbox.messages()


def test_a_fault_of_its_own_is_a_500_and_counted():
    """What nobody foresaw is told without the request's words, and the next request is answered as ever."""
    sandbox = Sandbox(clock=NOW)
    sandbox.accept = None
    assert type(refused(sandbox, "telnyx")) is UnknownOutcomeError
    del sandbox.accept
    assert len(sandbox.crashes) == 1
    assert "TypeError" in sandbox.crashes[0]
    assert NUMBER not in sandbox.crashes[0]
    assert created(sandbox, "telnyx").status == "scheduled"
    about = json.loads(sandbox.handle(Call.of("GET", "/_sandbox/", {}, b"")).body)
    assert about["crashes"] == sandbox.crashes
    assert sandbox.requests[0].fault == "crash"


def test_an_absolute_target_is_answered_as_its_path():
    """A client that takes the sandbox for a proxy names the whole address (RFC 9112, 3.2.2)."""
    path = "/v2/messaging_profiles?page[size]=1"
    found = Sandbox().handle(Call.of("GET", f"http://127.0.0.1:4010{path}", PROVIDERS["telnyx"].headers(), b""))
    assert found.status == 200
    assert Sandbox().handle(Call.of("GET", "http://127.0.0.1:4010/nowhere", {}, b"")).status == 404
