"""Every HTTP status without a code, for every verb of every provider: was it done, and is it tried again?"""

from __future__ import annotations

import pytest

from reminder_kit.errors import (
    MessageNotFoundError,
    ProviderError,
    RateLimitedError,
    RefusedCredentialError,
    RejectedError,
    TooLateToCancelError,
    TransientError,
    UnknownOutcomeError,
)
from reminder_kit.model.messages import Draft
from reminder_kit.ports import Response
from reminder_kit.providers.answers import json_object
from reminder_kit.providers.telnyx.provider import Telnyx
from reminder_kit.providers.twilio.provider import Twilio
from reminder_kit.providers.vonage.provider import Vonage
from tests.factories import ACCOUNT, NUMBER, SENDER, SERVICE, START

PROVIDERS = {
    "telnyx": lambda: Telnyx(api_key="KEY", from_=SENDER),
    "twilio": lambda: Twilio(ACCOUNT, "KEY", SERVICE),
    "vonage": lambda: Vonage("12025550100", "abcd1234", "KEY"),
}
STATUSES = [*range(300, 309), *range(400, 419), 421, 422, 423, 425, 426, 428, 429, 431, 451, *range(499, 512), 599]


def error_of(name, verb, status, body=b""):
    """Return the class of the error that a bare answer means."""
    with pytest.raises(Exception, match=f"{status}") as raised:
        getattr(PROVIDERS[name](), f"parse_{verb}")(Response(status, {}, body))
    return raised.type


@pytest.mark.parametrize("name", PROVIDERS)
def test_what_a_bare_status_means_for_a_message_that_was_posted(name):
    """In doubt is a timeout, a conflict and any failure of the server; all else was certainly not done."""
    certain = {429: RateLimitedError} | dict.fromkeys((401, 403, 404), RefusedCredentialError)
    if name == "telnyx":
        certain[425] = TransientError  # nothing was done yet
    for status in STATUSES:
        kind = error_of(name, "created", status)
        if status in {408, 409} or status >= 500:
            assert kind is UnknownOutcomeError, status
        elif status in certain:
            assert kind is certain[status], status
        else:
            assert issubclass(kind, RejectedError | RefusedCredentialError), status


OWN_MEANING = {
    ("telnyx", "cancelled", 403): TooLateToCancelError,
    ("twilio", "cancelled", 409): TooLateToCancelError,
    ("telnyx", "cancelled", 425): TransientError,
    ("telnyx", "read", 425): TransientError,
}


@pytest.mark.parametrize("verb", ["read", "cancelled"])
@pytest.mark.parametrize("name", ["telnyx", "twilio"])
def test_what_a_bare_status_means_for_a_question_and_for_taking_back(name, verb):
    """Both may be asked again: nothing is in doubt, and a failure of the server passes."""
    usual = {404: MessageNotFoundError, 408: TransientError, 409: TransientError, 429: RateLimitedError}
    for status in STATUSES:
        kind, expected = error_of(name, verb, status), OWN_MEANING.get((name, verb, status), usual.get(status))
        if status >= 500 or expected is not None:
            assert kind is (expected or TransientError), status
        else:
            assert not issubclass(kind, TransientError | UnknownOutcomeError), status


@pytest.mark.parametrize("verb", ["created", "read", "cancelled"])
@pytest.mark.parametrize("name", ["telnyx", "twilio"])
def test_200_to_299_are_a_yes_and_their_neighbours_are_not(name, verb):
    """Telnyx and Twilio answer with different ones; each of them carries a message."""
    body = {"telnyx": b'{"data": {"id": "7", "to": [{"status": "scheduled"}]}}', "twilio": b'{"sid": "7"}'}[name]
    parse = getattr(PROVIDERS[name](), f"parse_{verb}")
    for status in (200, 201, 202, 299):
        assert parse(Response(status, {}, body)).provider_id == "7"
    for status in (199, 300):
        error_of(name, verb, status, body)


@pytest.mark.parametrize("name", ["telnyx", "twilio"])
def test_a_search_is_answered_by_200_to_299_alone(name):
    """An empty list is an answer there; with any other status it is none."""
    body = {"telnyx": b'{"data": []}', "twilio": b'{"messages": []}'}[name]
    draft, at = Draft(NUMBER, "Hi", START), START
    parse = PROVIDERS[name]().parse_found
    for status in (200, 299):
        assert parse(Response(status, {}, body), draft, token="t", created_at=at) == ()
    for status in (199, 300):
        with pytest.raises(ProviderError):
            parse(Response(status, {}, body), draft, token="t", created_at=at)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"\xff", b'{"a":' * 100_000, b"[" * 100_000], ids=len)
def test_an_answer_that_is_no_json_object_says_nothing(body):
    """Nor does one that is nested too deeply to be read."""
    assert json_object(Response(200, {}, body)) is None
