"""Facts about the sandbox: the contract that Telnyx documents, and faults on demand."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.exceptions import InvalidSignature
from hypothesis import given, settings
from hypothesis import strategies as st

from reminder_kit.errors import InvalidInputError
from reminder_kit.providers.telnyx.provider import Telnyx
from reminder_kit.sandbox import Call, Clock, Limit, Sandbox
from reminder_kit.sandbox.faults import KINDS
from reminder_kit.sandbox.messages import extent
from tests.factories import NUMBER, SENDER

START = datetime(2026, 2, 10, 9, tzinfo=UTC)


@pytest.fixture
def sandbox():
    return Sandbox(clock=START)


def ask(sandbox, method, path, value=None, headers=None, **more):
    given = {"authorization": "Bearer KEY", **(headers or {}), **more}
    body = value if isinstance(value, bytes) else b"" if value is None else json.dumps(value).encode()
    found = sandbox.handle(Call.of(method, path, {name.replace("_", "-"): text for name, text in given.items()}, body))
    return found, json.loads(found.body) if found.body.startswith((b"{", b"[")) else None


def fields(**changes):
    value = {"from": SENDER, "to": NUMBER, "text": "Hi", "send_at": "2026-02-11T09:00:00Z", **changes}
    return {name: item for name, item in value.items() if item is not ...}


def post(sandbox, path="/v2/messages", headers=None, **changes):
    return ask(sandbox, "POST", path, fields(**changes), headers)


def parked(sandbox, **changes):
    found, value = post(sandbox, **changes)
    assert found.status == 200, value
    return value["data"]["id"]


def code(value):
    return value["errors"][0]["code"] if "errors" in value else value["code"]


def test_a_scheduled_message_is_answered_as_the_guide_shows(sandbox):
    """The answer to a POST has the fields that Telnyx documents: status of the number, parts, encoding, time."""
    found, value = post(sandbox)
    assert found.status == 200
    assert value["data"]["to"][0] == {"phone_number": NUMBER, "status": "scheduled", "carrier": "", "line_type": ""}
    assert value["data"]["send_at"] == "2026-02-11T09:00:00Z"
    assert (value["data"]["record_type"], value["data"]["parts"], value["data"]["encoding"]) == ("message", 1, "GSM-7")


@pytest.mark.parametrize("path", ["/v2/messages", "/v2/messages/schedule"])
@pytest.mark.parametrize(
    ("ahead", "status"),
    [
        (timedelta(minutes=5), 200),
        (timedelta(minutes=4, seconds=59), 400),
        (timedelta(days=5), 200),
        (timedelta(days=5, seconds=1), 400),
        (timedelta(0), 400),
        (timedelta(days=-1), 400),
    ],
    ids=str,
)
def test_send_at_is_taken_from_five_minutes_to_five_days_ahead(sandbox, path, ahead, status):
    """Both addresses take `send_at` at either edge of the window and refuse a second beyond it with 10033."""
    found, value = post(sandbox, path, send_at=(START + ahead).isoformat())
    assert found.status == status
    assert status == 200 or code(value) == "10033"


@pytest.mark.parametrize(
    ("changes", "status", "expected"),
    [
        ({"to": ...}, 400, "10004"),
        ({"to": "555"}, 200, None),
        ({"to": "12025550123"}, 400, "40310"),
        ({"to": "+0123"}, 400, "40310"),
        ({"to": 12025550123}, 400, "10015"),
        ({"from": ...}, 400, "40305"),
        ({"from": "nobody!"}, 400, "40325"),
        ({"from": "123"}, 200, None),
        ({"from": "Dr Smith"}, 400, "40306"),
        ({"from": "Dr Smith", "messaging_profile_id": "p"}, 200, None),
        ({"from": ..., "messaging_profile_id": "p"}, 200, None),
        ({"text": ""}, 400, "40316"),
        ({"text": ...}, 400, "40316"),
        ({"text": "a" * 1530}, 200, None),
        ({"text": "a" * 1531}, 400, "40302"),
        ({"text": "ж" * 671}, 400, "40302"),
        ({"text": "ж", "encoding": "gsm7"}, 400, "10015"),
        ({"encoding": "ebcdic"}, 400, "10015"),
        ({"type": "FAX"}, 400, "40304"),
        ({"type": "SMS", "media_urls": ["https://example.com/a"]}, 400, "40304"),
        ({"media_urls": ["https://example.com/a"] * 10, "text": ""}, 200, None),
        ({"media_urls": ["https://example.com/a"] * 11}, 400, "40317"),
        (
            {"from": "Dr Smith", "messaging_profile_id": "p", "media_urls": ["https://example.com/a"]},
            400,
            "40308",
        ),
        ({"send_at": "2026-02-11T09:00:00"}, 400, "10015"),
        ({"send_at": "tomorrow"}, 400, "10015"),
        ({"send_at": 1770800400}, 400, "10015"),
        ({"send_at": "2026-02-11T01:00:00-08:00"}, 200, None),
        ({"unheard_of": 1}, 200, None),
    ],
    ids=str,
)
def test_each_field_is_checked(sandbox, changes, status, expected):
    """Every missing or wrong field is refused with Telnyx's own code; unknown fields are ignored."""
    found, value = post(sandbox, **changes)
    assert (found.status, code(value) if status != 200 else None) == (status, expected)


def test_strict_refuses_what_the_description_does_not_name():
    """With `strict`, an undocumented field is a 400 and a missing content type a 415."""
    sandbox = Sandbox(clock=START, strict=True)
    json_type = {"content-type": "application/json"}
    assert post(sandbox, headers=json_type, unheard_of=1)[0].status == 400
    assert post(sandbox, headers=json_type, encoding="auto")[0].status == 200
    assert post(sandbox, "/v2/messages/schedule", headers=json_type, encoding="auto")[0].status == 400
    assert post(sandbox)[0].status == 415


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"7", b"\xff"])
def test_a_body_that_is_no_object_is_a_bad_request(sandbox, body):
    """Broken or bare JSON is answered with 10015, as a wrong parameter is."""
    found, value = ask(sandbox, "POST", "/v2/messages", body)
    assert (found.status, code(value)) == (400, "10015")


@pytest.mark.parametrize("path", ["/v2/messages", "/v2/messages/schedule"])
@pytest.mark.parametrize("ahead", [timedelta(minutes=5, seconds=-1), timedelta(0), timedelta(hours=-20)])
def test_past_send_at_says_whether_a_time_that_is_over_is_refused_or_sent_at_once(path, ahead):
    """Refused unless the switch says `send`: then the message is queued and on its way; a time too far is refused."""
    refused, value = post(Sandbox(clock=START), path, send_at=(START + ahead).isoformat())
    assert (refused.status, code(value)) == (400, "10033")
    sandbox = Sandbox(clock=START, past_send_at="send")
    found, value = post(sandbox, path, send_at=(START + ahead).isoformat())
    assert (found.status, value["data"]["to"][0]["status"]) == (200, "queued")
    assert [message.sent_at for message in sandbox.inbox(NUMBER)] == [START]
    far, value = post(sandbox, path, send_at=(START + timedelta(days=5, seconds=1)).isoformat())
    assert (far.status, code(value)) == (400, "10033")


def test_past_send_at_takes_no_other_word():
    """A word that is none of the two is a mistake of the test."""
    with pytest.raises(InvalidInputError, match="give one of refuse, send"):
        Sandbox(past_send_at="later")


@pytest.mark.parametrize("keys", [True, False], ids=["keys honoured", "keys ignored"])
def test_a_repeated_request_past_its_time_is_answered_from_memory_or_carried_out(keys):
    """With `past_send_at="send"` only a key that is honoured keeps a repeated request from sending a second text."""
    sandbox = Sandbox(clock=START, past_send_at="send", idempotency=keys)
    headers, send_at = {"idempotency-key": "k-1"}, (START + timedelta(hours=1)).isoformat()
    post(sandbox, headers=headers, send_at=send_at)
    sandbox.clock.advance(hours=2)
    found, _ = post(sandbox, headers=headers, send_at=send_at)
    assert (found.headers.get("idempotent-replayed"), len(sandbox.inbox(NUMBER))) == (
        ("true", 1) if keys else (None, 2)
    )


def test_without_send_at_a_message_leaves_at_once(sandbox):
    """A message without a `send_at`, or with null, is queued and sent at the next tick."""
    _, value = post(sandbox, send_at=...)
    assert value["data"]["to"][0]["status"] == "queued"
    sandbox.tick()
    assert [item.status for item in sandbox.inbox(NUMBER)] == ["sent"]
    assert post(sandbox, send_at=None)[0].status == 200


def test_a_missing_key_looks_like_a_missing_page(sandbox):
    """A request without a key gets 404, as at Telnyx: only a wrong key gets 401."""
    found, value = ask(sandbox, "GET", "/v2/messages/x", authorization="")
    assert (found.status, code(value)) == (404, "10005")


@pytest.mark.parametrize(("given", "status"), [("Bearer good", 200), ("Bearer bad", 401), ("Basic good", 401)])
def test_a_wrong_key_is_refused(given, status):
    """A key that is not the sandbox's, or in another scheme, gets 401."""
    sandbox = Sandbox(clock=START, key="good")
    assert post(sandbox, headers={"authorization": given})[0].status == status


def test_a_message_can_be_read_for_ten_days(sandbox):
    """A message is readable until exactly ten days after it was made, and then not found."""
    name = parked(sandbox)
    sandbox.clock.advance(days=10)
    assert ask(sandbox, "GET", f"/v2/messages/{name}")[1]["data"]["to"][0]["status"] == "delivered"
    sandbox.clock.advance(seconds=1)
    assert ask(sandbox, "GET", f"/v2/messages/{name}")[0].status == 404


@pytest.mark.parametrize("name", ["nonsense", "7a3c21eb-8b8e-48ab-ace2-a83e4367c087", ""])
def test_an_unknown_message_is_not_found(sandbox, name):
    """Reading and cancelling both give 404, though only reading has the usual list of errors."""
    found, value = ask(sandbox, "GET", f"/v2/messages/{name}")
    assert (found.status, "errors" in value) == (404, True)
    found, value = ask(sandbox, "DELETE", f"/v2/messages/{name}")
    assert found.status == 404
    assert "errors" not in value or not name


def test_a_cancellation_is_answered_bare(sandbox):
    """The answer to DELETE is the message without `data` around it, and the message never goes out."""
    name = parked(sandbox)
    found, value = ask(sandbox, "DELETE", f"/v2/messages/{name}")
    assert (found.status, value["id"], value["to"][0]["status"]) == (200, name, "cancelled")
    sandbox.clock.advance(days=2)
    assert sandbox.inbox(NUMBER) == []


@pytest.mark.parametrize(
    ("before", "status"), [(timedelta(seconds=61), 200), (timedelta(seconds=60), 403), (timedelta(seconds=-5), 403)]
)
def test_a_message_can_be_cancelled_until_a_minute_before(sandbox, before, status):
    """From sixty seconds before its send time on, a cancellation is refused with 10010."""
    name = parked(sandbox)
    sandbox.clock.set(START + timedelta(days=1) - before)
    found, value = ask(sandbox, "DELETE", f"/v2/messages/{name}")
    assert found.status == status
    assert status == 200 or (value["code"], "errors" in value) == ("10010", False)


@pytest.mark.parametrize("repeat", [200, 403, 404])
def test_a_second_cancellation_is_answered_as_wished(repeat):
    """`repeat_cancel` is the status of a repeated DELETE, so that a host can test each likely one."""
    sandbox = Sandbox(clock=START, repeat_cancel=repeat)
    name = parked(sandbox)
    ask(sandbox, "DELETE", f"/v2/messages/{name}")
    assert ask(sandbox, "DELETE", f"/v2/messages/{name}")[0].status == repeat
    assert len(sandbox.parked()) == 0


def test_the_cap_is_kept_and_freed_again():
    """At the cap a message is refused with 40318; one that is cancelled or sent makes room."""
    sandbox = Sandbox(clock=START, cap=2)
    first = parked(sandbox)
    parked(sandbox)
    found, value = post(sandbox)
    assert (found.status, code(value)) == (400, "40318")
    ask(sandbox, "DELETE", f"/v2/messages/{first}")
    parked(sandbox)
    sandbox.clock.advance(days=1)
    assert parked(sandbox, send_at="2026-02-12T09:00:00Z")


VALUES = (
    st.none() | st.booleans() | st.integers() | st.text(max_size=20) | st.lists(st.text(max_size=5) | st.integers())
)
LIKELY = st.sampled_from(
    [
        "",
        "x",
        NUMBER,
        "+1",
        "Dr Smith",
        "\ud800",
        "2026-02-11T09:00:00Z",
        "9999-12-31T23:59:59-23:59",
        "SMS",
        "MMS",
        "auto",
    ]
)
NAMES = st.sampled_from(
    [
        "from",
        "to",
        "text",
        "send_at",
        "type",
        "encoding",
        "media_urls",
        "messaging_profile_id",
        "subject",
        "\ud800",
        "x",
    ]
)


@settings(deadline=None)
@given(
    value=st.dictionaries(NAMES, LIKELY | VALUES),
    path=st.sampled_from(["/v2/messages", "/v2/messages/schedule"]),
    strict=st.booleans(),
)
def test_whatever_is_posted_is_answered(value, path, strict):
    """Any JSON gets 200 or 400, and nothing that was taken stays parked for ever."""
    sandbox = Sandbox(clock=START, strict=strict)
    found, _ = ask(sandbox, "POST", path, {**fields(), **value}, {"content-type": "application/json"})
    assert found.status in {200, 400}
    sandbox.clock.advance(days=6)
    assert sandbox.parked_count() == 0
    for hook in sandbox.hooks.sent:
        assert json.loads(hook.as_sent(START)[1])["data"]["payload"]["id"]


# Idempotency

KEYED = {"idempotency-key": "a-1"}


def test_the_same_key_and_bytes_are_answered_from_memory(sandbox):
    """A replay gets the first answer, marked as replayed, and makes no second message."""
    first, one = post(sandbox, headers=KEYED)
    again, two = post(sandbox, headers=KEYED)
    assert (first.status, again.status) == (200, 200)
    assert one == two
    assert again.headers["idempotent-replayed"] == "true"
    assert "idempotent-replayed" not in first.headers
    assert len(sandbox.messages()) == 1


def test_the_same_key_with_other_bytes_is_refused(sandbox):
    """One key with another body, even of equal meaning, is refused with 422."""
    post(sandbox, headers=KEYED)
    found, value = ask(sandbox, "POST", "/v2/messages", json.dumps(fields(), indent=1).encode(), KEYED)
    assert (found.status, code(value)) == (422, "10027")


def test_a_key_lives_for_a_day(sandbox):
    """After 24 hours the same key and bytes make a second message."""
    late = {"send_at": "2026-02-12T09:00:00Z"}
    post(sandbox, headers=KEYED, **late)
    sandbox.clock.advance(hours=23, minutes=59)
    assert "idempotent-replayed" in post(sandbox, headers=KEYED, **late)[0].headers
    sandbox.clock.advance(minutes=1)
    assert "idempotent-replayed" not in post(sandbox, headers=KEYED, **late)[0].headers
    assert len(sandbox.messages()) == 2


def test_only_successes_are_remembered(sandbox):
    """A refused request leaves its key free for the corrected one."""
    assert post(sandbox, headers=KEYED, text="")[0].status == 400
    assert post(sandbox, headers=KEYED)[0].status == 200


@pytest.mark.parametrize(("of_new", "status"), [(True, 200), (False, 403)], ids=["new requests", "all requests"])
def test_a_refusal_on_demand_may_spare_what_was_taken_before(sandbox, of_new, status):
    """As a provider does that knows the key: it answers from memory. The same key with other bytes is refused."""
    post(sandbox, headers=KEYED)
    sandbox.fault("error", times=None, method="POST", status=403, code="40309", of_new=of_new)
    assert post(sandbox, headers=KEYED)[0].status == status
    assert post(sandbox, headers={"idempotency-key": "b-2"})[0].status == 403
    assert post(sandbox, headers=KEYED, text="Another")[0].status == 403
    sandbox.clock.advance(hours=24)
    assert post(sandbox, headers=KEYED, send_at="2026-02-12T09:00:00Z")[0].status == 403
    assert len(sandbox.messages()) == 1


def test_a_key_is_checked_only_where_it_is_declared(sandbox):
    """A key is checked and keys are ignored where they are not declared."""
    assert post(sandbox, headers={"idempotency-key": "no spaces"})[0].status == 400
    post(sandbox, "/v2/messages/schedule", headers=KEYED)
    post(sandbox, "/v2/messages/schedule", headers=KEYED)
    assert len(sandbox.messages()) == 2
    old = Sandbox(clock=START, idempotency=False)
    post(old, headers=KEYED)
    post(old, headers=KEYED)
    assert len(old.messages()) == 2


# Time


def test_time_sends_what_is_due_and_reports_it():
    """Moving the clock past a send time sends, delivers and makes one webhook for each."""
    sandbox = Sandbox(clock=START)
    parked(sandbox, webhook_url="https://example.com/h?reminder_kit=tok")
    sandbox.clock.set("2026-02-11T08:59:59Z")
    assert (sandbox.inbox(NUMBER), sandbox.hooks.sent) == ([], [])
    sandbox.clock.set("2026-02-11T09:00:00Z")
    assert [message.status for message in sandbox.inbox(NUMBER)] == ["sent"]
    sandbox.clock.advance(seconds=2)
    assert [message.status for message in sandbox.inbox(NUMBER)] == ["delivered"]
    assert [hook.type for hook in sandbox.hooks.sent] == ["message.sent", "message.finalized"]
    assert sandbox.parked_count() == 0


def test_webhooks_are_signed_and_carry_our_token():
    """The provider's own verification takes the sandbox's webhook and finds our token in its address."""
    events = []
    provider = Telnyx(from_=SENDER, public_key=Sandbox(clock=START).public_key)
    sandbox = Sandbox(clock=START, receiver=lambda headers, body: events.extend(provider.events(headers, body, START)))
    parked(sandbox, webhook_url="https://example.com/h?reminder_kit=tok", send_at=...)
    sandbox.tick()
    assert [(event.type, event.token, event.number) for event in events] == [("sent", "tok", NUMBER)]


def test_a_webhook_can_come_twice_and_out_of_order():
    """With `duplicates` and `disorder`, each event comes twice, and not in the order in which it happened."""
    seen = []
    sandbox = Sandbox(clock=START, receiver=lambda _headers, body: seen.append(json.loads(body)["data"]["id"]))
    sandbox.hooks.duplicates = sandbox.hooks.disorder = True
    for _ in range(4):
        parked(sandbox)
    sandbox.clock.advance(days=2)
    assert len(seen) == 16
    assert len(set(seen)) == 8
    assert seen != [hook.id for hook in sandbox.hooks.sent for _ in range(2)]


def test_a_receiver_that_raises_is_not_hidden():
    """An exception in the host's receiver reaches the test that moved the clock."""

    def receiver(_headers, _body):
        raise InvalidSignature

    sandbox = Sandbox(clock=START, receiver=receiver)
    parked(sandbox)
    with pytest.raises(InvalidSignature):
        sandbox.clock.advance(days=2)


def test_numbers_end_as_they_are_told_to(sandbox):
    """`outcome` sets how messages to a number end, until it is set anew."""
    sandbox.outcome(NUMBER, "delivery_failed", "40008", "Undeliverable")
    name = parked(sandbox)
    sandbox.clock.advance(days=2)
    _, value = ask(sandbox, "GET", f"/v2/messages/{name}")
    assert value["data"]["to"][0]["status"] == "delivery_failed"
    assert value["data"]["errors"][0]["code"] == "40008"
    assert sandbox.inbox(NUMBER) == []
    sandbox.outcome(NUMBER, "sent")
    parked(sandbox, send_at="2026-02-12T12:00:00Z")
    sandbox.clock.advance(days=1)
    assert [item.status for item in sandbox.inbox(NUMBER)] == ["sent"]


def test_stop_blocks_a_number_until_start(sandbox):
    """STOP refuses new messages, fails the parked one and lists the number, until START."""
    parked(sandbox)
    hook = sandbox.inbound(NUMBER, " stop all ")
    assert hook.payload["autoresponse_type"] == "STOP"
    found, value = post(sandbox)
    assert (found.status, code(value)) == (400, "40300")
    (row,) = ask(sandbox, "GET", "/v2/messaging_optouts")[1]["data"]
    assert (row["to"], row["keyword"]) == (NUMBER, "STOP ALL")  # `from` is the sending address, ours
    sandbox.clock.advance(days=1)
    assert [message.status for message in sandbox.messages()] == ["sending_failed"]
    sandbox.inbound(NUMBER, "START")
    assert post(sandbox, send_at="2026-02-12T09:00:00Z")[0].status == 200


def test_a_reply_that_merely_holds_stop_blocks_nothing(sandbox):
    """Only a reply that is the keyword alone opts out."""
    assert sandbox.inbound(NUMBER, "Stop. Thank you").payload["autoresponse_type"] is None
    assert post(sandbox)[0].status == 200


def test_a_clock_runs_stands_or_runs_from_elsewhere():
    """A clock without a start is the machine's; with one it stands there, or runs on from there."""
    before = datetime.now(UTC)
    assert before <= Clock()() <= datetime.now(UTC)
    stopped = Clock(START)
    assert stopped() == stopped() == START
    running = Clock("2026-02-10T09:00:00Z", running=True)
    assert START <= running() <= START + (datetime.now(UTC) - before)
    assert (stopped.running, running.running) == (False, True)


# Limits


def test_a_limit_is_told_with_every_answer_and_kept():
    """Each answer has the rate limit's headers; beyond it comes 429, and no message is made."""
    now = 0.0
    sandbox = Sandbox(clock=START, limit=Limit(2, 3.0, lambda: now))
    answers = [post(sandbox)[0] for _ in range(3)]
    assert [answer.status for answer in answers] == [200, 200, 429]
    assert [answer.headers["x-ratelimit-remaining"] for answer in answers] == ["1", "0", "0"]
    assert {answer.headers["x-ratelimit-reset"] for answer in answers} == {"3"}
    now = 3.0
    assert post(sandbox)[0].status == 200
    assert len(sandbox.messages()) == 3


# Faults


def test_every_fault_can_be_asked_for_and_no_other(sandbox):
    """An unknown kind of fault is refused with the kinds there are."""
    for kind in KINDS:
        sandbox.fault(kind)
    with pytest.raises(InvalidInputError, match="drop_before"):
        sandbox.fault("earthquake")


@pytest.mark.parametrize(
    ("kind", "status", "done"),
    [
        ("drop_before", 0, 0),
        ("slow_before", 0, 0),
        ("drop_after", 0, 1),
        ("cut", 200, 1),
        ("500", 500, 0),
        ("500_after", 500, 1),
        ("503", 503, 0),
        ("429", 429, 0),
        ("slow", 200, 1),
        ("error", 400, 0),
        ("in_progress", 409, 0),
        ("garbage", 200, 1),
        ("no_id", 200, 1),
        ("word", 200, 1),
        ("unauthorized", 401, 0),
    ],
)
def test_a_fault_says_whether_the_work_was_done(sandbox, kind, status, done):
    """Each kind has one status and either makes the message or not; the next request is answered as usual."""
    sandbox.fault(kind)
    found, _ = post(sandbox)
    assert (found.status, len(sandbox.messages())) == (status, done)
    assert sandbox.requests[-1].fault == kind
    assert post(sandbox)[0].status == 200


def test_a_fault_befalls_whom_it_is_meant_for(sandbox):
    """A fault can be limited by method, path, content and count, and `times=None` means always."""
    sandbox.fault("500", times=2, method="post", path="/v2/messages*", containing="Bye", skip=1)
    assert [post(sandbox, text=text)[0].status for text in ("Hi", "Bye", "Bye", "Hi", "Bye", "Bye")] == [
        200,
        200,
        500,
        200,
        500,
        200,
    ]
    sandbox.fault("429", times=None, retry_after=3)
    assert [post(sandbox)[0].headers["retry-after"] for _ in range(3)] == ["3", "3", "3"]


def test_reset_forgets_everything_but_the_clock(sandbox):
    """Messages, requests, keys, faults and opt-outs are gone; the time stays."""
    parked(sandbox, headers=KEYED)
    sandbox.fault("500")
    sandbox.inbound(NUMBER, "STOP")
    sandbox.reset()
    assert (sandbox.messages(), sandbox.request_count, sandbox.parked_count()) == ([], 0, 0)
    assert post(sandbox, headers=KEYED)[0].status == 200
    assert sandbox.now() == START


def test_requests_are_counted_and_kept(sandbox):
    """Reads and writes are counted apart, each kept with its status and idempotency key."""
    name = parked(sandbox, headers=KEYED)
    ask(sandbox, "GET", f"/v2/messages/{name}")
    assert (sandbox.request_count, sandbox.write_count) == (2, 1)
    assert [(request.method, request.status, request.idempotency_key) for request in sandbox.requests] == [
        ("POST", 200, "a-1"),
        ("GET", 200, ""),
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a" * 160, ("GSM-7", 160, 1)),
        ("a" * 161, ("GSM-7", 161, 2)),
        ("€" * 80, ("GSM-7", 160, 1)),
        ("€" * 81, ("GSM-7", 162, 2)),
        ("ж" * 70, ("UTF-16", 70, 1)),
        ("ж" * 71, ("UTF-16", 71, 2)),
        ("😀" * 35, ("UTF-16", 70, 1)),
        ("", ("GSM-7", 0, 1)),
    ],
    ids=lambda value: value[:3] if isinstance(value, str) else None,
)
def test_a_text_is_counted_in_parts(text, expected):
    """Encoding, units and parts are those of SMS: 160 or 153 septets, 70 or 67 code units."""
    assert extent(text) == expected


def test_detail_records_tell_only_of_what_was_sent(sandbox):
    """A parked message has no detail record; one that was sent has, and is found by its number."""
    start = "/v2/detail_records?filter[record_type]"
    assert ask(sandbox, "GET", f"{start}=calls")[0].status == 400
    assert ask(sandbox, "GET", f"{start}=messaging&filter[created_at][gte]=soon")[0].status == 400
    parked(sandbox)
    assert ask(sandbox, "GET", f"{start}=messaging")[1]["data"] == []
    sandbox.clock.advance(days=4)
    (record,) = ask(sandbox, "GET", f"{start}=messaging")[1]["data"]
    assert (record["cld"], record["status"]) == (NUMBER, "delivered")
    assert ask(sandbox, "GET", f"{start}=messaging&filter[cld]=%2B12025550199")[1]["data"] == []


@pytest.mark.parametrize("page", ["0", "x", "-1"])
def test_a_page_that_is_none_is_refused(sandbox, page):
    """A page number that is not a whole number from 1 up is a 400."""
    assert ask(sandbox, "GET", f"/v2/messaging_optouts?page[number]={page}")[0].status == 400
