"""What our adapters make of answers, whole: receipts, lists, and errors with all they carry."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from reminder_kit.errors import (
    AccountRefusedError,
    InvalidNumberError,
    MessageNotFoundError,
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
from reminder_kit.ports import Listed, OptOuts, Receipt, Response
from reminder_kit.providers.answers import short
from reminder_kit.providers.telnyx.provider import Telnyx
from reminder_kit.providers.twilio.provider import Twilio
from reminder_kit.providers.vonage.provider import Vonage
from tests.factories import ACCOUNT, HOOK, NUMBER, SENDER, SERVICE

AT = datetime(2026, 2, 15, 14, 30, tzinfo=UTC)
SENT_AT = datetime(2026, 2, 15, 14, 30, 2, tzinfo=UTC)
TELNYX = Telnyx("KEY", SENDER, webhook_url=HOOK)
POOL = Telnyx("KEY", None, "profile")
TWILIO = Twilio(ACCOUNT, "TOKEN", SERVICE)
VONAGE = Vonage(SENDER, "abcd", "SECRET")
DRAFT = Draft(to=NUMBER, text="See you", send_at=AT)
OURS = {"token": "tok-1", "created_at": AT}


def answer(value, status=200, **headers):
    body = value if isinstance(value, bytes) else json.dumps(value).encode()
    return Response(status, headers, body)


def error_of(parse, *args, **keywords):
    """Return the error that an answer becomes, as its class, its words, and what it carries."""
    with pytest.raises(ProviderError) as caught:
        parse(*args, **keywords)
    found = caught.value
    return type(found), str(found), {name: value for name, value in vars(found).items() if value not in (None, "")}


# Receipts


@pytest.mark.parametrize(
    ("message", "headers", "receipt"),
    [
        ({"status": "scheduled"}, {}, Receipt("m-1", "scheduled")),
        ({"to": {"status": "SCHEDULED"}}, {}, Receipt("m-1", "scheduled")),
        ({"to": [{"status": "scheduled"}]}, {"idempotent-replayed": "True"}, Receipt("m-1", "scheduled", "", True)),
        ({"to": [{"status": "scheduled"}]}, {"idempotent-replayed": "false"}, Receipt("m-1", "scheduled")),
        (
            {
                "to": [{"status": "sending_failed"}],
                "errors": [{"code": "40001", "title": f"no {NUMBER}"}, {"code": "2"}],
            },
            {},
            Receipt("m-1", "undelivered", "40001 no +12…23"),
        ),
        ({"to": [{"status": "queued"}], "errors": [{"title": "odd"}]}, {}, Receipt("m-1", "scheduled", "odd")),
    ],
)
def test_telnyx_says_what_it_made(message, headers, receipt):
    """The addressee's status, in any letters, comes before the message's; of several errors the first is told."""
    assert TELNYX.parse_created(answer({"data": {"id": "m-1", **message}}, **headers)) == receipt


@pytest.mark.parametrize("word", ["queued", "sent", "delivered", "pondering", ""])
def test_telnyx_did_not_schedule(word):
    """Anything but `scheduled` may be on its way already: a receipt of a creation warns of it, and no other does."""
    message = {"data": {"id": "m-1", "to": [{"status": word}]}}
    warning = "Telnyx did not say that it scheduled the message (is it sent now?): check the messaging profile"
    assert TELNYX.parse_created(answer(message)).error == warning
    assert TELNYX.parse_read(answer(message)).error == ""
    assert TELNYX.parse_cancelled(answer(message)).error == ""


@pytest.mark.parametrize(
    ("message", "receipt"),
    [
        ({"status": "scheduled"}, Receipt("SM1", "scheduled")),
        ({"status": "Scheduled", "error_code": None}, Receipt("SM1", "scheduled")),
        ({"status": "failed", "error_code": 30003}, Receipt("SM1", "undelivered", "30003")),
    ],
)
def test_twilio_says_what_it_made(message, receipt):
    """A status in any letters, and the code of what went wrong."""
    for parse in (TWILIO.parse_created, TWILIO.parse_read, TWILIO.parse_cancelled):
        assert parse(answer({"sid": "SM1", **message}, 201)) == receipt


@pytest.mark.parametrize(("word", "status"), [("queued", "unknown"), ("sent", "sent"), ("", "unknown")])
def test_twilio_did_not_schedule(word, status):
    """Anything but `scheduled` may be on its way already: a receipt of a creation warns of it, and no other does."""
    message = {"sid": "SM1", "status": word}
    warning = "Twilio did not say that it scheduled the message (is it sent now?): check the Messaging Service"
    assert TWILIO.parse_created(answer(message)) == Receipt("SM1", status, warning)
    assert TWILIO.parse_read(answer(message)) == Receipt("SM1", status)


def test_vonage_says_that_it_took_a_message():
    """By an id alone: the message is on its way."""
    assert VONAGE.parse_created(answer({"message_uuid": "u-1"}, 202)) == Receipt("u-1", "sent")


@pytest.mark.parametrize(
    ("provider", "verb", "kind"),
    [
        (TELNYX, "create", UnknownOutcomeError),
        (TELNYX, "read", TransientError),
        (TELNYX, "cancel", TransientError),
        (TWILIO, "create", UnknownOutcomeError),
        (TWILIO, "read", TransientError),
        (TWILIO, "cancel", TransientError),
    ],
    ids=lambda value: getattr(value, "name", value if isinstance(value, str) else ""),
)
@pytest.mark.parametrize(
    "body", [b"x" * 2500, b'{"data": [], "sid": ""}', b'{"sid": {}}'], ids=["none", "empty", "odd"]
)
def test_a_success_that_cannot_be_read_carries_what_came(provider, verb, kind, body):
    """Its first two thousand bytes, with verb and status: of a creation nobody knows what was done."""
    parse = {"create": provider.parse_created, "read": provider.parse_read, "cancel": provider.parse_cancelled}[verb]
    label = type(provider).__name__
    words = f"{label}: {verb} was answered with 201 and nothing readable; it may have been done"
    carried = {"provider": provider.name, "status": 201, "raw": body[:2000]}
    assert error_of(parse, answer(body, 201)) == (kind, words, carried)


def test_vonage_took_something_and_says_no_id():
    """Nobody knows what was done."""
    kind, words, carried = error_of(VONAGE.parse_created, answer({"message_uuid": ""}, 202))
    assert (kind, words) == (
        UnknownOutcomeError,
        "Vonage: create was answered with 202 (no reason given): it may have been done",
    )
    assert carried == {"provider": "vonage", "status": 202, "raw": {"message_uuid": ""}}


# Lists


def record(**changes):
    return {"uuid": "u-1", "direction": "outbound", "message_type": "SMS", "cli": SENDER, "status": "sent", **changes}


MINE, OTHERS = f"{HOOK}?a=1&reminder_kit=tok-1", f"{HOOK}?reminder_kit=tok-2"


@pytest.mark.parametrize(
    ("row", "listed"),
    [
        (record(), Listed("u-1", "sent")),
        (
            record(sent_at="2026-02-15T14:30:02Z", delivery_status_webhook_url=MINE),
            Listed("u-1", "sent", None, SENT_AT, "tok-1"),
        ),
        (record(direction="", cli="", message_type=None, sent_at="soon"), Listed("u-1", "sent")),
        (record(direction="inbound"), None),
        (record(message_type="RCS"), None),
        (record(message_type="MMS"), Listed("u-1", "sent")),
        (record(cli="+12025550177"), None),
        (record(uuid=""), None),
        (record(uuid=None), None),
        (record(delivery_status_webhook_url="http://[::1"), Listed("u-1", "sent")),
        ("no row", None),
    ],
)
def test_telnyx_lists_what_our_sender_sent(row, listed):
    """Of what went out by SMS or MMS, each with its token where its webhook's address has one."""
    found = TELNYX.parse_messages(answer({"data": [row]}), NUMBER, AT)
    assert found == (() if listed is None else (listed,))


def test_of_a_pool_every_number_is_ours():
    """Where a pool sends, any number of it may stand in a record."""
    rows = [record(cli="+12025550177"), record(uuid="u-2", cli="")]
    assert POOL.parse_messages(answer({"data": rows}), NUMBER, AT) == (Listed("u-1", "sent"), Listed("u-2", "sent"))


def test_telnyx_finds_a_message_by_its_token():
    """With its status and its code; others' records, and those without a name, are passed over."""
    rows = [
        record(uuid="u-0", delivery_status_webhook_url=OTHERS),
        record(uuid="u-1", delivery_status_webhook_url=MINE, status="failed", errors=[{"code": "40003"}]),
        record(uuid="", delivery_status_webhook_url=MINE),
        record(uuid="u-2", delivery_status_webhook_url=None),
        record(uuid="u-3", delivery_status_webhook_url=MINE),
        None,
    ]
    found = TELNYX.parse_found(answer({"data": rows}), DRAFT, **OURS)
    assert found == (Receipt("u-1", "undelivered", "40003"), Receipt("u-3", "sent"))


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"data": {}}', b'{"data": null}', b'{"messages": {}}'])
def test_a_list_that_cannot_be_read_is_asked_for_again(body):
    """Whichever list it is: nobody takes it for an empty one."""
    for parse, words in (
        (lambda found: TELNYX.parse_found(found, DRAFT, **OURS), "Telnyx: find was answered with nothing readable"),
        (lambda found: TELNYX.parse_messages(found, NUMBER, AT), "Telnyx: find was answered with nothing readable"),
        (TELNYX.parse_opt_outs, "Telnyx: opt-outs were answered with nothing readable"),
        (lambda found: TWILIO.parse_found(found, DRAFT, **OURS), "Twilio: find was answered with nothing readable"),
        (lambda found: TWILIO.parse_messages(found, NUMBER, AT), "Twilio: find was answered with nothing readable"),
    ):
        name = words.partition(":")[0].lower()
        assert error_of(parse, answer(body)) == (TransientError, words, {"provider": name})


def test_a_refused_list_is_refused_by_its_verb():
    """Each says what was asked for."""
    for parse, verb in (
        (lambda found: TELNYX.parse_found(found, DRAFT, **OURS), "Telnyx: find"),
        (lambda found: TELNYX.parse_messages(found, NUMBER, AT), "Telnyx: find"),
        (TELNYX.parse_opt_outs, "Telnyx: opt-outs"),
        (lambda found: TWILIO.parse_found(found, DRAFT, **OURS), "Twilio: find"),
        (lambda found: TWILIO.parse_messages(found, NUMBER, AT), "Twilio: find"),
    ):
        kind, words, _ = error_of(parse, answer({}, 500))
        assert kind is TransientError
        assert words == f"{verb} was answered with 500 (no reason given): it is tried again later"


@pytest.mark.parametrize(
    ("meta", "more"),
    [
        ({"page_number": 1, "total_pages": 2}, True),
        ({"page_number": 2, "total_pages": 2}, False),
        ({"page_number": 3, "total_pages": 2}, False),
        ({"page_number": "9", "total_pages": "10"}, True),
        ({"page_number": None, "total_pages": 2}, False),
        ({"page_number": 1, "total_pages": "many"}, False),
        ({"page_number": "1", "total_pages": "9" * 5000}, False),
        ({"page_number": "1" * 5000, "total_pages": "9" * 5000}, False),
        (None, False),
    ],
)
def test_telnyx_says_whether_another_page_of_opt_outs_follows(meta, more):
    """Both numbers must be there, and this page's be the smaller one."""
    assert TELNYX.parse_opt_outs(answer({"data": [], "meta": meta})) == OptOuts((), more)


def test_telnyx_lists_who_opted_out_and_when():
    """Each number once, with the latest instant that can be read; what is no number in E.164 is passed over."""
    rows = [
        {"from": SENDER, "to": NUMBER, "created_at": "2026-02-15T14:30:02Z"},
        {"from": NUMBER, "to": SENDER, "created_at": "2026-02-15T14:30:00Z"},
        {"from": "+12025550124", "created_at": "soon"},
        {"from": "12345", "to": None},
        "no row",
    ]
    found = TELNYX.parse_opt_outs(answer({"data": rows}))
    assert found == OptOuts((NUMBER, "+12025550124"), False, {NUMBER: SENT_AT})
    assert set(POOL.parse_opt_outs(answer({"data": rows})).numbers) == {NUMBER, "+12025550124", SENDER}


def row(**changes):
    return {
        "sid": "SM1",
        "to": NUMBER,
        "messaging_service_sid": SERVICE,
        "date_created": "Sun, 15 Feb 2026 14:30:00 +0000",
        "status": "scheduled",
        "body": "See you",
        "num_media": "0",
        **changes,
    }


@pytest.mark.parametrize(
    ("changes", "certain", "is_listed"),
    [
        ({}, [True], True),
        ({"body": " See you\n"}, [True], True),
        ({"num_media": None, "messaging_service_sid": None}, [True], True),
        ({"num_media": 0}, [True], True),
        ({"date_created": "Sun, 15 Feb 2026 14:25:00 +0000"}, [True], True),
        ({"date_created": "Sun, 15 Feb 2026 14:24:59 +0000"}, [False], False),
        ({"date_created": "Sat, 14 Feb 2026 14:30:00 +0000"}, [False], False),
        ({"date_created": "Sat, 14 Feb 2026 14:29:59 +0000"}, [], False),
        ({"date_created": "Sun, 15 Feb 2026 14:24:59 +0000", "body": ""}, [], False),
        ({"date_created": "Sun, 15 Feb 2026 14:00:00 -0030"}, [True], True),
        ({"date_created": None}, [False], True),
        ({"date_created": "today"}, [False], True),
        ({"date_created": "2026-02-15T14:30:00Z"}, [False], True),
        ({"date_created": "Sun, 15 Feb 2026 14:30:00"}, [False], True),
        ({"date_created": "Fri, 31 Dec 9999 23:59:59 -1400"}, [False], True),
        ({"date_created": "Sun, 15 Feb 99999999999 14:30:00 +0000"}, [False], True),
        ({"date_created": None, "body": "Your code is 123"}, [], True),
        ({"to": SENDER}, [], False),
        ({"to": "+120255501XX"}, [False], True),
        ({"to": None}, [False], True),
        ({"messaging_service_sid": "MG" + "9" * 32}, [], False),
        ({"body": "See"}, [], True),
        ({"body": ""}, [False], True),
        ({"body": None}, [False], True),
        ({"body": "Sent from your Twilio trial account - See you"}, [True], True),
        ({"body": "Sent by a trial account - See you"}, [False], True),
        ({"body": "“See\u200b you…”"}, [True], True),
        ({"body": "\uff33ee you"}, [True], True),
        ({"body": "See your"}, [False], True),
        ({"num_media": "1"}, [False], True),
        ({"status": "canceled"}, [], True),
        ({"status": "pondering"}, [True], True),
        ({"sid": ""}, [], False),
    ],
)
def test_twilio_lists_what_our_service_made(changes, certain, is_listed):
    """A message of ours is known by number, service, time and words, however the list writes them.

    What says nothing else may be ours and is not certain; one that was withdrawn is only listed.
    """
    rows = answer({"messages": [row(**changes), None]})
    assert [found.certain for found in TWILIO.parse_found(rows, DRAFT, **OURS)] == certain
    assert bool(TWILIO.parse_messages(rows, NUMBER, AT)) is is_listed


@pytest.mark.parametrize(
    ("text", "body", "certain"),
    [
        ("We’ll see you — at 9…", "We'll see you - at 9...", [True]),
        ("½ hour", "1/2 hour", [True]),
        ("At 9:15", "At 9:51", []),
        ("Später", "Spater", [True]),
        ("🎉", "🎉", [True]),
        ("🎉", "Your code", [False]),
    ],
)
def test_smart_encoding_leaves_a_text_its_words(text, body, certain):
    """Its characters are replaced by plainer ones; where a text has no words, any other may be it."""
    draft = Draft(to=NUMBER, text=text, send_at=AT)
    rows = answer({"messages": [row(body=body)]})
    assert [found.certain for found in TWILIO.parse_found(rows, draft, **OURS)] == certain


@pytest.mark.parametrize(("date", "text"), [("today", None), ("Sun, 15 Feb 2026 14:30:00 +0000", "See you")])
def test_a_message_whose_age_can_not_be_read_is_not_known_by_its_words(date, text):
    """It may be an older one."""
    (found,) = TWILIO.parse_messages(answer({"messages": [row(date_created=date)]}), NUMBER, AT)
    assert found.text == text


PAGE = f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json?PageSize=200&Page=1&PageToken=PASM1"
OLD = {"date_created": "Sat, 14 Feb 2026 14:29:59 +0000"}


@pytest.mark.parametrize(
    ("rows", "more", "path"),
    [
        ([], {}, None),
        ([row()], {"next_page_uri": None}, None),
        ([row()], {"next_page_uri": ""}, None),
        ([], {"next_page_uri": PAGE}, PAGE),
        ([row()], {"next_page_uri": PAGE}, PAGE),
        ([row(**OLD), row()], {"next_page_uri": PAGE}, PAGE),
        ([row(date_created=None)], {"next_page_uri": PAGE}, PAGE),
        ([row(), row(**OLD)], {"next_page_uri": PAGE}, None),
    ],
    ids=["no word", "none", "blank", "empty", "young", "young at its end", "of unknown age", "old at its end"],
)
def test_twilios_list_goes_on_until_it_is_older_than_what_is_looked_for(rows, more, path):
    """By a day: so much older may seem what may be it."""
    found = TWILIO.next_page(answer({"messages": rows, **more}), AT)
    assert (found and (found.method, found.path)) == (path and ("GET", path))


@pytest.mark.parametrize(
    "path",
    ["https://elsewhere.example/x", "/2010-04-01/Accounts.json?x=1", f"{PAGE} HTTP/1.1\r\nx: y", f"{PAGE}é", 5],
)
def test_a_page_that_is_none_of_the_account_s_messages_is_not_asked_for(path):
    """And the list counts as unread."""
    with pytest.raises(TransientError) as caught:
        TWILIO.next_page(answer({"messages": [], "next_page_uri": path}), AT)
    assert str(caught.value) == "Twilio: the list goes on elsewhere, where it is not asked for"
    assert caught.value.provider == "twilio"


def test_twilio_tells_what_it_lists():
    """Name, status, words and instant of sending; of a look-up name, status and code."""
    rows = [row(), row(sid="SM2", status="failed", error_code=30003, date_sent="Sun, 15 Feb 2026 14:30:02 +0000")]
    assert TWILIO.parse_messages(answer({"messages": rows}), NUMBER, AT) == (
        Listed("SM1", "scheduled", "See you"),
        Listed("SM2", "undelivered", "See you", SENT_AT),
    )
    assert TWILIO.parse_found(answer({"messages": rows}), DRAFT, **OURS) == (
        Receipt("SM1", "scheduled"),
        Receipt("SM2", "undelivered", "30003"),
    )


def test_twilio_finds_a_message_of_as_many_media():
    """Two messages of the same words differ by their media."""
    media = Draft(to=NUMBER, text="See you", send_at=AT, media_urls=("https://a.example/1", "https://a.example/2"))
    rows = [row(num_media=str(count), sid=f"SM{count}") for count in range(4)]
    found = TWILIO.parse_found(answer({"messages": rows}), media, **OURS)
    assert [receipt.provider_id for receipt in found if receipt.certain] == ["SM2"]


# Errors


def listed(code, title="No", **more):
    return {"errors": [{"code": code, "title": title, **more}]}


@pytest.mark.parametrize(
    ("body", "status", "kind", "words", "more"),
    [
        (
            listed("40300"),
            400,
            OptedOutError,
            "400 (40300 No): the person answered STOP; only START from that phone lifts it",
            {"code": "40300"},
        ),
        (
            {"code": "40308", "title": "No MMS"},
            422,
            SenderRefusedError,
            "422 (40308 No MMS): the sender cannot send MMS: use another sender or SMS",
            {"code": "40308", "channel": "mms"},
        ),
        (
            {"errors": [7, {"code": "1"}, {"code": "40310", "title": f"to {NUMBER}"}]},
            400,
            InvalidNumberError,
            "400 (40310 to +12…23): correct the phone number",
            {"code": "40310"},
        ),
        (
            {"errors": [{"code": "1", "title": "A"}, {"code": "2", "title": "B"}]},
            400,
            UnknownRefusalError,
            "400 (1 A): nothing was done, and we do not know why; it is tried again later",
            {"code": "1"},
        ),
        (
            listed("10003", "Bad", source={"pointer": "/webhook_url"}),
            400,
            AccountRefusedError,
            "400 (10003 Bad): webhook_url is malformed, or too long",
            {"code": "10003"},
        ),
        (
            listed("10025", "Bad", source=[{"pointer": "", "parameter": "text"}]),
            400,
            RejectedError,
            "400 (10025 Bad): the text is too short or too long",
            {"code": "10025"},
        ),
        (
            listed("10016", "Bad", source={"pointer": "/from/0"}),
            400,
            SenderRefusedError,
            "400 (10016 Bad): the sender's number is not valid: check `from`",
            {"code": "10016"},
        ),
        (
            {},
            403,
            AccountRefusedError,
            "403 (no reason given): check account, balance and sender in the Telnyx portal",
            {},
        ),
        ({}, 401, RefusedCredentialError, "401 (no reason given): check TELNYX_API_KEY and base_url", {}),
        ({}, 429, RateLimitedError, "429 (no reason given): nothing was done; it is tried again later", {}),
        ({}, 500, UnknownOutcomeError, "500 (no reason given): it may have been done", {}),
        ({}, 425, TransientError, "425 (no reason given): it is tried again later", {}),
        (
            listed("40318", "Full"),
            400,
            QueueFullError,
            "400 (40318 Full): the queue is full: nothing was done; it is tried again later",
            {"code": "40318"},
        ),
        (listed("40300"), 500, UnknownOutcomeError, "500 (40300 No): it may have been done", {"code": "40300"}),
    ],
)
def test_telnyx_refuses_in_these_words(body, status, kind, words, more):
    """What was answered, the code and what to do: the code's own remedy, the provider's, or everybody's."""
    carried = {"provider": "telnyx", "status": status, "raw": body, **more}
    found = error_of(TELNYX.parse_created, answer(body, status))
    assert found == (kind, f"Telnyx: create was answered with {words}", carried)


def test_an_answer_that_is_no_json_is_carried_as_bytes():
    """Two thousand of them; of Vonage's, nothing."""
    page = b"<" * 2500
    assert error_of(TELNYX.parse_created, answer(page, 502))[2]["raw"] == page[:2000]
    assert error_of(TWILIO.parse_created, answer(page, 502))[2]["raw"] == page[:2000]
    assert "raw" not in error_of(VONAGE.parse_created, answer(page, 502))[2]


def test_a_wait_that_the_provider_names_is_carried():
    """With a 429 as with a code of its own."""
    for provider in (TELNYX, TWILIO, VONAGE):
        assert error_of(provider.parse_created, answer({}, 429, **{"retry-after": "7"}))[2]["retry_after"] == 7.0
    assert error_of(TELNYX.parse_read, answer(listed("10011"), 400, **{"retry-after": "7"}))[2]["retry_after"] == 7.0


@pytest.mark.parametrize(
    ("body", "status", "kind", "words"),
    [
        ({}, 403, TooLateToCancelError, "403 (no reason given): ask for the message to learn more"),
        (listed("10009", "Key"), 403, TooLateToCancelError, "403 (10009 Key): ask for the message to learn more"),
        (listed("10010"), 401, RefusedCredentialError, "401 (10010 No): the API key may not do this: check its rights"),
        ({}, 404, MessageNotFoundError, "404 (no reason given): this settles nothing by itself"),
        (listed("40300"), 404, MessageNotFoundError, "404 (40300 No): this settles nothing by itself"),
        (listed("20012"), 404, MessageNotFoundError, "404 (20012 No): this settles nothing by itself"),
        (listed("20012"), 400, TransientError, "400 (20012 No): it is tried again later"),
        (listed("20012"), 402, RefusedCredentialError, "402 (20012 No): check TELNYX_API_KEY and base_url"),
        (listed("10007"), 400, TransientError, "400 (10007 No): it is tried again later"),
        (listed("10011"), 409, TransientError, "409 (10011 No): it is tried again later"),
    ],
)
def test_telnyx_refuses_a_cancellation_in_these_words(body, status, kind, words):
    """Nothing is said of a creation, and what settles nothing says so."""
    found, said, carried = error_of(TELNYX.parse_cancelled, answer(body, status))
    assert (found, said) == (kind, f"Telnyx: cancel was answered with {words}")
    assert (carried["provider"], carried["status"]) == ("telnyx", status)


@pytest.mark.parametrize(
    ("body", "status", "kind", "words", "more"),
    [
        (
            {"code": 21610, "message": "STOP and secret words"},
            400,
            OptedOutError,
            "400 (21610): the person answered STOP; only START from that phone lifts it",
            {"code": "21610"},
        ),
        (
            {"code": 21211, "message": "Ada's number"},
            400,
            InvalidNumberError,
            "400 (21211): correct the phone number",
            {"code": "21211"},
        ),
        (
            {"code": 21622, "message": "No MMS"},
            400,
            AccountRefusedError,
            "400 (21622 No MMS): MMS is not enabled for the account: ask Twilio's support",
            {"code": "21622", "channel": "mms"},
        ),
        (
            {"message": f"from {SENDER}"},
            400,
            UnknownRefusalError,
            "400 (from +12…00): nothing was done, and we do not know why; it is tried again later",
            {},
        ),
        (
            {"code": 20404},
            403,
            AccountRefusedError,
            "403 (20404): no such resource: check TWILIO_ACCOUNT_SID and base_url",
            {"code": "20404"},
        ),
        (
            {},
            403,
            AccountRefusedError,
            "403 (no reason given): check account, balance and sender in the Twilio console",
            {},
        ),
        (
            {},
            401,
            RefusedCredentialError,
            "401 (no reason given): check TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN and base_url",
            {},
        ),
    ],
)
def test_twilio_refuses_in_these_words(body, status, kind, words, more):
    """Its own words are told but for those about a person."""
    carried = {"provider": "twilio", "status": status, "raw": body, **more}
    found = error_of(TWILIO.parse_created, answer(body, status))
    assert found == (kind, f"Twilio: create was answered with {words}", carried)


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [
        (30409, 400, TooLateToCancelError),
        (None, 400, TooLateToCancelError),
        (None, 409, TooLateToCancelError),
        (30409, 422, MessageNotFoundError),
        (20429, 400, RateLimitedError),
        (20003, 400, RefusedCredentialError),
        (21610, 400, TooLateToCancelError),
        (21611, 400, TransientError),
    ],
)
def test_twilio_refuses_a_cancellation(code, status, kind):
    """A 400 and a 409 say that it is too late, unless a code says that nothing was looked at."""
    assert error_of(TWILIO.parse_cancelled, answer({"code": code}, status))[0] is kind


TOP_UP = "check the account and what it may do, or top up the balance in the Vonage dashboard"


def of_vonage(code, title="No", **more):
    return {"type": f"https://developer.vonage.com/api-errors/messages#{code}", "title": title, **more}


@pytest.mark.parametrize(
    ("body", "status", "kind", "words", "more"),
    [
        (
            of_vonage("1240"),
            422,
            OptedOutError,
            "422 (1240 No): the person answered STOP",
            {"code": "1240"},
        ),
        (
            of_vonage("1020", invalid_parameters=["x", {"name": "client_ref"}, {"name": "to.number"}]),
            422,
            InvalidNumberError,
            "422 (1020 No): correct the phone number",
            {"code": "1020"},
        ),
        (
            of_vonage("1020", invalid_parameters=[{"name": "text"}, {"name": "from"}]),
            422,
            SenderRefusedError,
            "422 (1020 No): check the sender (`from`)",
            {"code": "1020"},
        ),
        (
            of_vonage("1020", invalid_parameters=[{"name": "text"}]),
            422,
            RejectedError,
            "422 (1020 No): the text is not taken: correct the template or data",
            {"code": "1020"},
        ),
        (
            of_vonage("1020", invalid_parameters=[{"name": "video"}]),
            422,
            RejectedError,
            "422 (1020 No): the media are not taken: check their address",
            {"code": "1020"},
        ),
        (
            {"type": "about:blank", "title": f"of {NUMBER}"},
            422,
            UnknownRefusalError,
            "422 (about:blank of +12…23): nothing was done, and we do not know why; it is tried again later",
            {"code": "about:blank"},
        ),
        (
            {},
            402,
            AccountRefusedError,
            f"402 (no reason given): {TOP_UP}",
            {},
        ),
        (
            {},
            401,
            RefusedCredentialError,
            "401 (no reason given): check VONAGE_API_KEY and VONAGE_API_SECRET (or the application) and base_url",
            {},
        ),
        (
            of_vonage("1240"),
            402,
            AccountRefusedError,
            f"402 (1240 No): {TOP_UP}",
            {"code": "1240"},
        ),
    ],
)
def test_vonage_refuses_in_these_words(body, status, kind, words, more):
    """By its code, else by the first parameter of ours that is named."""
    carried = {"provider": "vonage", "status": status, "raw": body, **more}
    found = error_of(VONAGE.parse_created, answer(body, status))
    assert found == (kind, f"Vonage: create was answered with {words}", carried)


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ("a\tb\n c", "a b c"),
        ("a" * 160, "a" * 160),
        ("a" * 161, "a" * 159 + "…"),
        ("from +1 202-555.0123 on", "from +1 …23 on"),
        ("1234567", "123…67"),
        ("123456", "123456"),
        ("a\x1bb", "a\\x1bb"),
        ("", ""),
    ],
)
def test_a_providers_words_are_one_short_line(words, shown):
    """Without line breaks, controls and phone numbers, and of 160 characters at the most."""
    assert short(words) == shown


@pytest.mark.parametrize("seconds", [0, 1, 299, 300])
def test_messages_of_a_clock_that_is_behind_are_found(seconds):
    """Up to five minutes."""
    made = (AT - timedelta(seconds=seconds)).strftime("%a, %d %b %Y %H:%M:%S +0000")
    assert TWILIO.parse_found(answer({"messages": [row(date_created=made)]}), DRAFT, **OURS)
