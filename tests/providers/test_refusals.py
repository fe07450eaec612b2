"""What each provider's refusals become: every code of every table, every status without one, and every other verb."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from reminder_kit.errors import (
    AccountRefusedError,
    InvalidNumberError,
    MessageNotFoundError,
    MistimedError,
    OptedOutError,
    ProviderError,
    QueueFullError,
    RateLimitedError,
    RefusedCredentialError,
    RejectedError,
    SenderRefusedError,
    TooLateToCancelError,
    TransientError,
    UnknownOutcomeError,
    UnknownRefusalError,
)
from reminder_kit.model.messages import Draft
from reminder_kit.ports import Response
from reminder_kit.providers.refusals import Refusal, Refusals
from reminder_kit.providers.telnyx import responses as of_telnyx
from reminder_kit.providers.telnyx.provider import Telnyx
from reminder_kit.providers.twilio import responses as of_twilio
from reminder_kit.providers.twilio.provider import Twilio
from reminder_kit.providers.vonage import responses as of_vonage
from reminder_kit.providers.vonage.provider import Vonage
from tests.factories import ACCOUNT, NUMBER, SENDER, SERVICE

AT = datetime(2026, 2, 15, 14, 30, tzinfo=UTC)
PROVIDERS = {
    "telnyx": Telnyx(api_key="KEY", from_=SENDER),
    "twilio": Twilio(ACCOUNT, "12345", SERVICE),
    "vonage": Vonage(SENDER, "abcd", "SECRET"),
}
TABLES = {"telnyx": of_telnyx._CODES, "twilio": of_twilio._CODES, "vonage": of_vonage._CODES}
CODES = {
    "telnyx": {
        MistimedError: "10033",
        RateLimitedError: "10011",
        QueueFullError: "40318",
        UnknownOutcomeError: "10007 10008 10037 10027 10036",
        RefusedCredentialError: "10009 10010 20001 20002 20003 20006 20008",
        AccountRefusedError: "10005 10006 10013 10017 10035 10038 10039 20012 20013 20014 20015 20016 20017 20100 "
        "40002 40010 40309 40311 40312 40313 40314 40321 40331 40333",
        SenderRefusedError: "40003 40013 40100 40150 40151 40155 40301 40305 40306 40307 40308 40315 40319 40320 40323 "
        "40325 40329 40330",
        OptedOutError: "40300",
        InvalidNumberError: "40001 40012 40310",
        RejectedError: "40009 40015 40302 40304 40316 40317 40322 40328",
    },
    "twilio": {
        MistimedError: "35114 35115 35117",
        RateLimitedError: "14107 20429 63017",
        QueueFullError: "35125",
        TransientError: "21611 21702",
        RefusedCredentialError: "20003 20008",
        AccountRefusedError: "10001 20005 20006 20010 20403 20404 21408 21603 21608 21609 21622 21701 21704 21705 "
        "30023 30027 30033 30034 35118 63038 90010 572005",
        SenderRefusedError: "21210 21212 21601 21606 21607 21612 21616 21621 21657 21659 21660 21703 21709 21711 21712 "
        "30032 30035",
        OptedOutError: "21610",
        InvalidNumberError: "21211 21266 21604 21614 21635",
        RejectedError: "21602 21617 21618 21619 21620 21623",
    },
    "vonage": {
        RateLimitedError: "1000 1241",
        TransientError: "1100",
        RefusedCredentialError: "unauthorized",
        AccountRefusedError: "1060 1070 1080 1140 1160 forbidden low-balance",
        SenderRefusedError: "1120 1420",
        OptedOutError: "1240",
        InvalidNumberError: "1050 1170 1430",
        RejectedError: "1090 1380 1381 1382",
    },
}
"""Of the moment, of the account, of the message: by provider and error, the codes of `create`."""
EVERY = [
    pytest.param(name, code, kind, id=f"{name}-{code}")
    for name, kinds in CODES.items()
    for kind, codes in kinds.items()
    for code in codes.split()
]
MMS = {("telnyx", "40308"), ("twilio", "21621"), ("twilio", "21622")}
OF_CREATE = (
    AccountRefusedError,
    RejectedError,
    UnknownRefusalError,
    UnknownOutcomeError,
    MistimedError,
    QueueFullError,
)
"""What only a new message can meet; but for the key's, which is of every verb."""


def answer(name, status, code, words=f"not {NUMBER}, no", **more):
    """Return a refusal in the provider's own shape, whose words name a number."""
    shapes = {
        "telnyx": {"errors": [{"code": code, "title": words, "detail": words, **more}]},
        "twilio": {"code": int(code) if code.isdecimal() else code, "message": words, "status": status, **more},
        "vonage": {"type": f"https://developer.vonage.com/api-errors/messages#{code}", "title": words, **more},
    }
    return Response(status, {}, json.dumps(shapes[name]).encode())


def raised(parse, *args, **keywords):
    with pytest.raises(ProviderError) as found:
        parse(*args, **keywords)
    return found.value


def created(name, *args, **more):
    return raised(PROVIDERS[name].parse_created, answer(name, *args, **more))


def found_out(name, verb, response):
    """Return the error that an answer to "read", "cancel" or "find" becomes."""
    provider = PROVIDERS[name]
    if verb != "find":
        return raised(provider.parse_read if verb == "read" else provider.parse_cancelled, response)
    draft = Draft(to=NUMBER, text="See you", send_at=AT)
    return raised(provider.parse_found, response, draft, token="t", created_at=AT)


@pytest.mark.parametrize(("name", "code", "kind"), EVERY)
def test_every_code_of_a_table_says_what_to_do(name, code, kind):
    """A code chooses the class over a status of 400 and 422; the remedy is told, and no phone number."""
    for status in (400, 422):
        error = created(name, status, code)
        assert type(error) is kind
        assert (error.provider, error.code, error.status) == (name, code, status)
        assert TABLES[name][code].remedy in str(error)
        assert NUMBER not in str(error)
        assert NUMBER.lstrip("+") not in str(error)
        assert getattr(error, "channel", "") == ("mms" if (name, code) in MMS else "")


@pytest.mark.parametrize("name", TABLES)
def test_every_code_of_a_table_is_tried_here(name):
    """The tables hold no code that is not listed here, and none twice."""
    listed = [code for codes in CODES[name].values() for code in codes.split()]
    assert sorted(listed) == sorted(TABLES[name])


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (AccountRefusedError, "nothing like it is taken"),
        (MistimedError, "placed anew"),
        (QueueFullError, "when there is room"),
        (RateLimitedError, "tried again later"),
        (RejectedError, "never be taken"),
        (TransientError, "tried again later"),
        (UnknownRefusalError, "do not know why"),
        (InvalidNumberError, "never be taken"),
    ],
)
def test_a_table_without_words_has_those_of_the_error(kind, words):
    """A provider of one's own may say no more than which error a code is."""
    answer = Response(400, {}, b"{}")
    error = Refusals("own", "Own", {}).error(answer, "create", Refusal(kind, ""), code="1")
    assert type(error) is kind
    assert words in str(error)


@pytest.mark.parametrize("status", [400, 404, 405, 410, 413, 415, 418, 422, 451])
@pytest.mark.parametrize("name", PROVIDERS)
def test_a_code_in_no_table_is_unknown(name, status):
    """It is named, with what we make of it, and nothing of the message is remembered as refused."""
    error = created(name, status, "99999")
    assert type(error) is UnknownRefusalError
    assert not isinstance(error, RejectedError)
    assert "99999" in str(error)
    assert "nothing was done" in str(error)
    assert NUMBER not in str(error)


BY_STATUS = [
    (301, RefusedCredentialError, RefusedCredentialError),
    (400, UnknownRefusalError, MessageNotFoundError),
    (401, RefusedCredentialError, RefusedCredentialError),
    (402, AccountRefusedError, RefusedCredentialError),
    (403, AccountRefusedError, RefusedCredentialError),
    (404, UnknownRefusalError, MessageNotFoundError),
    (405, UnknownRefusalError, MessageNotFoundError),
    (408, UnknownOutcomeError, TransientError),
    (409, UnknownOutcomeError, TransientError),
    (410, UnknownRefusalError, MessageNotFoundError),
    (413, UnknownRefusalError, MessageNotFoundError),
    (422, UnknownRefusalError, MessageNotFoundError),
    (425, TransientError, TransientError),
    (429, RateLimitedError, RateLimitedError),
    (500, UnknownOutcomeError, TransientError),
    (503, UnknownOutcomeError, TransientError),
]
"""What a status means that comes without a code: for `create`, and for `read` and `find`."""


@pytest.mark.few(70)
@pytest.mark.parametrize(("status", "kind", "_"), BY_STATUS)
@pytest.mark.parametrize("body", [b"", b"null", b"<html>", b"{}", b'{"errors": []}', b'{"code": null, "type": null}'])
@pytest.mark.parametrize("name", PROVIDERS)
def test_a_status_without_a_code_says_what_it_can(name, body, status, kind, _):
    """The key for a 401, the account for a 402 and a 403, the rate for a 429; what says nothing is unknown."""
    error = raised(PROVIDERS[name].parse_created, Response(status, {}, body))
    assert type(error) is kind
    assert "no reason given" in str(error)


@pytest.mark.parametrize(("status", "_", "kind"), BY_STATUS)
@pytest.mark.parametrize("verb", ["read", "find"])
@pytest.mark.parametrize("name", ["telnyx", "twilio"])
def test_a_status_without_a_code_refuses_no_message_there_is(name, verb, status, _, kind):
    """A failed look-up says that the key is refused, that there is no such message, or that it is asked later."""
    assert type(found_out(name, verb, Response(status, {}, b""))) is kind


@pytest.mark.few(60)
@pytest.mark.parametrize("verb", ["read", "cancel", "find"])
@pytest.mark.parametrize(("name", "code", "kind"), [entry for entry in EVERY if entry.values[0] != "vonage"])
def test_no_other_verb_refuses_a_message(name, code, kind, verb):
    """Whatever code comes, a look-up or a cancellation refuses no message, and bars nothing but for the key's sake."""
    for status in (400, 401, 403, 404, 409, 422, 429, 500):
        error = found_out(name, verb, answer(name, status, code))
        if isinstance(error, RefusedCredentialError):
            assert kind is RefusedCredentialError or status in {401, 403}
        else:
            assert not isinstance(error, OF_CREATE)
            assert isinstance(error, TransientError | MessageNotFoundError | TooLateToCancelError)
        assert NUMBER not in str(error)


@pytest.mark.parametrize("verb", ["read", "cancel"])
def test_an_account_out_of_order_leaves_a_look_up_for_later(verb):
    """Telnyx' code for an inactive account says nothing of a message: it is asked again, and nothing else is barred."""
    assert type(found_out("telnyx", verb, answer("telnyx", 400, "20012"))) is TransientError


@pytest.mark.parametrize("name", ["telnyx", "twilio"])
def test_a_fault_is_believed_before_any_code(name):
    """With a 5xx or a 409 it stays open what was done, whatever the code."""
    for status in (409, 500, 503):
        for code in ("40300", "21610"):
            assert type(created(name, status, code)) is UnknownOutcomeError


def test_a_daily_limit_is_no_matter_of_the_rate():
    """Twilio's daily limit (63038) comes with a 429: it is the account's, and another try in a minute is in vain."""
    assert type(created("twilio", 429, "63038")) is AccountRefusedError
    assert type(created("twilio", 429, "20429")) is RateLimitedError


@pytest.mark.parametrize(
    ("code", "field", "kind"),
    [
        ("10002", "/to", InvalidNumberError),
        ("10002", "/from", SenderRefusedError),
        ("10016", "/to", InvalidNumberError),
        ("10016", "to", InvalidNumberError),
        ("10001", "/from", SenderRefusedError),
        ("10001", "", UnknownRefusalError),
        ("10003", "/media_urls/0", RejectedError),
        ("10003", "/webhook_url", AccountRefusedError),
        ("10025", "/text", RejectedError),
        ("10025", "/subject", UnknownRefusalError),
        ("10015", "/to", UnknownRefusalError),
    ],
)
@pytest.mark.parametrize("place", ["pointer", "parameter"])
def test_telnyx_names_the_field_that_a_code_concerns(code, field, kind, place):
    """A code about some field is the number's, the sender's or the text's by that field; without one it is unknown."""
    assert type(created("telnyx", 400, code, source={place: field})) is kind
    assert type(created("telnyx", 400, code, source=None)) is UnknownRefusalError


@pytest.mark.parametrize(
    ("code", "parameters", "kind"),
    [
        ("1020", [{"name": "to"}], InvalidNumberError),
        ("1020", [{"name": "from"}], SenderRefusedError),
        ("1020", [{"name": "text"}], RejectedError),
        *[
            ("1020", [{"name": f"{part}.url"}], RejectedError)
            for part in ("image", "vcard", "audio", "video", "file", "content")
        ],
        ("1020", [{"name": "client_ref"}], UnknownRefusalError),
        ("1020", "to", UnknownRefusalError),
        ("1420", [{"name": "to"}], SenderRefusedError),
    ],
)
def test_vonage_names_the_parameter_where_a_code_says_too_little(code, parameters, kind):
    """A code of the table comes first; where there is none, number, sender and text are told by their parameters."""
    assert type(created("vonage", 422, code, invalid_parameters=parameters)) is kind


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [(429, "1010", RateLimitedError), (429, "1070", RateLimitedError), (401, "1240", RefusedCredentialError)],
)
def test_vonages_status_is_believed_where_its_code_is_of_something_else(status, code, kind):
    """Vonage's own example of a 429 bears the code of missing parameters."""
    assert type(created("vonage", status, code)) is kind


def test_a_success_that_can_not_be_read_is_no_refusal_whatever_vonage_says_in_it():
    """Its code and its parameters are those of an error, and the message may exist."""
    problem = {"type": "https://developer.vonage.com/api-errors/messages#1170", "invalid_parameters": [{"name": "to"}]}
    answer = Response(202, {}, json.dumps(problem).encode())
    assert type(of_vonage.refusal(answer)) is not UnknownOutcomeError
    assert type(of_vonage.refusal(answer, UnknownOutcomeError)) is UnknownOutcomeError


def test_an_unknown_refusal_tells_the_providers_words():
    """Whoever looks up a code that we don't know reads what the provider said, without the number in it."""
    for name in PROVIDERS:
        said = str(created(name, 400, "99999"))
        assert "99999 not " in said
        assert ", no)" in said


@pytest.mark.parametrize(("status", "done"), [(199, False), (200, True), (299, True), (300, False), (500, False)])
def test_what_says_that_it_was_done_is_of_the_two_hundreds(status, done):
    """RFC 9110, §15.3."""
    assert Response(status, {}, b"").is_success is done
