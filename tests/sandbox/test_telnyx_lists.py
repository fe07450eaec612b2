"""What the sandbox's Telnyx lists, and the endpoints for one kind of sender: filters, pages, and what they need."""

from __future__ import annotations

import json

import pytest

from reminder_kit.sandbox import Call, Sandbox
from tests.factories import NUMBER, SENDER

START = "2026-02-10T09:00:00Z"
PROFILE = "16fd2706-8baf-433b-82eb-8c7fada847da"


def ask(sandbox, method, path, value=None, **headers):
    body = b"" if value is None else json.dumps(value).encode()
    named = {"authorization": "Bearer KEY", "content-type": "application/json"}
    call = Call.of(method, f"/v2{path}", named | {name.replace("_", "-"): text for name, text in headers.items()}, body)
    found = sandbox.handle(call)
    return found.status, json.loads(found.body)


@pytest.fixture
def sandbox():
    return Sandbox(START, strict=True)


@pytest.fixture
def sent(sandbox):
    """Four messages that went out, one a day, to two numbers and from two."""
    for day, (to, sender) in enumerate(
        [(NUMBER, SENDER), (NUMBER, "+12025550101"), ("+12025550124", SENDER), (NUMBER, SENDER)], 10
    ):
        sandbox.clock.set(f"2026-02-{day}T09:00:00Z")
        ask(sandbox, "POST", "/messages", {"from": sender, "to": to, "text": "x"})
    ask(sandbox, "POST", "/messages", {"from": SENDER, "to": NUMBER, "text": "x", "send_at": "2026-02-15T09:00:00Z"})
    sandbox.clock.set("2026-02-14T09:00:00Z")
    return sandbox


@pytest.mark.parametrize(
    ("query", "days"),
    [
        ("", [13, 12, 11, 10]),
        ("sort=-created_at", [13, 12, 11, 10]),
        ("sort=created_at", [10, 11, 12, 13]),
        ("filter[cld]=%2B12025550123", [13, 11, 10]),
        ("filter[cli]=%2B12025550101", [11]),
        ("filter[cli]=%2B12025550199", []),
        ("filter[cld][ends_with]=124", [12]),
        ("filter[cld][starts_with]=%2B1999", []),
        ("filter[cld][contains]=5550", [13, 12, 11, 10]),
        ("filter[status]=delivered", [13, 12, 11, 10]),
        ("filter[direction]=inbound", []),
        ("filter[created_at][gte]=2026-02-12", [13, 12]),
        ("filter[created_at][gt]=2026-02-12T09:00:00Z", [13]),
        ("filter[created_at][lt]=2026-02-12", [11, 10]),
        ("filter[created_at][lte]=2026-02-11T09:00:00Z&filter[created_at][gte]=2026-02-11", [11]),
        ("page[size]=2", [13, 12]),
        ("page[size]=2&page[number]=2", [11, 10]),
        ("page[size]=2&page[number]=3", []),
    ],
)
def test_detail_records_are_filtered_sorted_and_paged(sent, query, days):
    """What is scheduled has no record; of the others each filter leaves what it names."""
    status, value = ask(sent, "GET", f"/detail_records?filter[record_type]=messaging&{query}")
    assert status == 200
    assert [int(row["created_at"][8:10]) for row in value["data"]] == days


@pytest.mark.parametrize(
    ("path", "pointer"),
    [
        ("/detail_records", "/filter/record_type"),
        ("/detail_records?filter[record_type]=messaging&page[size]=51", "/page/size"),
        ("/detail_records?filter[record_type]=messaging&filter[created_at][gte]=soon", "/filter/created_at"),
        ("/messaging_optouts?page[size]=251", "/page/size"),
        ("/messaging_optouts?page[number]=0", "/page/number"),
        ("/messaging_optouts?created_at[gte]=soon", "/created_at"),
    ],
)
def test_a_filter_that_is_none_is_refused_by_its_name(sandbox, path, pointer):
    """Which parameter is wrong stands in the error's source."""
    status, value = ask(sandbox, "GET", path)
    assert (status, value["errors"][0]["source"]["pointer"]) == (400, pointer)


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("", ["+12025550123", "+12025550124"]),
        ("filter[from]=%2B12025550101", ["+12025550124"]),
        ("filter[from]=%2B12025550199", []),
        (f"filter[messaging_profile_id]={PROFILE}", []),
        ("created_at[gte]=2026-02-11T00:00:00Z", ["+12025550124"]),
        ("created_at[lte]=2026-02-11T00:00:00Z", ["+12025550123"]),
        ("page[size]=1&page[number]=2", ["+12025550124"]),
    ],
)
def test_opt_outs_are_filtered_by_our_number_and_by_time(sandbox, query, numbers):
    """`from` is the sending address, ours; `to` is whoever said STOP."""
    sandbox.inbound(NUMBER, "STOP", to=SENDER)
    sandbox.clock.advance(days=2)
    sandbox.inbound("+12025550124", "STOP", to="+12025550101")
    rows = ask(sandbox, "GET", f"/messaging_optouts?{query}")[1]["data"]
    assert [row["to"] for row in rows] == numbers
    assert {row["messaging_profile_id"] for row in rows} <= {PROFILE}


def test_a_profile_is_listed_found_by_name_and_read_alone(sandbox):
    """The account has one profile, with what a test sets of it."""
    sandbox.settings["telnyx"] = {"mobile_only": True, "name": "Clinic"}
    (row,) = ask(sandbox, "GET", "/messaging_profiles?filter[name]=Clinic")[1]["data"]
    assert row["mobile_only"]
    assert ask(sandbox, "GET", "/messaging_profiles?filter[name]=Other")[1]["data"] == []
    assert ask(sandbox, "GET", "/messaging_profiles?filter[name][contains]=lin")[1]["data"] == [row]
    assert ask(sandbox, "GET", f"/messaging_profiles/{PROFILE}")[1]["data"] == row
    assert ask(sandbox, "GET", "/messaging_profiles/another")[0] == 404


ONE_KIND = {
    "long_code": {"from": SENDER, "to": NUMBER, "text": "Hi"},
    "short_code": {"from": "12345", "to": NUMBER, "text": "Hi"},
    "number_pool": {"messaging_profile_id": PROFILE, "to": NUMBER, "text": "Hi"},
    "alphanumeric_sender_id": {"from": "Clinic", "messaging_profile_id": PROFILE, "to": NUMBER, "text": "Hi"},
}


@pytest.mark.parametrize("kind", ONE_KIND)
def test_an_endpoint_for_one_kind_of_sender_sends_at_once(sandbox, kind):
    """Each takes its own sender, knows idempotency keys, and has no send time."""
    fields = ONE_KIND[kind]
    status, value = ask(sandbox, "POST", f"/messages/{kind}", fields, idempotency_key="k")
    assert (status, value["data"]["to"][0]["status"]) == (200, "queued")
    assert ask(sandbox, "POST", f"/messages/{kind}", fields, idempotency_key="k")[1] == value
    assert len(sandbox.inbox(NUMBER)) == 1
    late = ask(sandbox, "POST", f"/messages/{kind}", {**fields, "send_at": "2026-02-11T09:00:00Z"})
    assert late[1]["errors"][0]["source"]["pointer"] == "/send_at"


@pytest.mark.parametrize(
    ("kind", "changes", "code"),
    [
        ("long_code", {"from": "12345"}, "40305"),
        ("long_code", {"from": None}, "10004"),
        ("short_code", {"from": SENDER}, "40305"),
        ("number_pool", {"messaging_profile_id": None}, "10004"),
        ("number_pool", {"from": SENDER}, "10015"),
        ("alphanumeric_sender_id", {"from": "A name of many letters"}, "40325"),
        ("alphanumeric_sender_id", {"messaging_profile_id": None}, "10004"),
        ("alphanumeric_sender_id", {"text": None}, "10004"),
        ("alphanumeric_sender_id", {"media_urls": ["https://example.com/a"]}, "10015"),
    ],
)
def test_another_sender_or_a_missing_field_is_refused(sandbox, kind, changes, code):
    """A long code's endpoint takes no short code, a pool's no sender, a name's no media, and each needs its fields."""
    status, value = ask(sandbox, "POST", f"/messages/{kind}", ONE_KIND[kind] | changes)
    assert (status, value["errors"][0]["code"]) == (400, code)
    assert sandbox.messages() == []
