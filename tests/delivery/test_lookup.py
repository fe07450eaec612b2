"""An answer that was lost is looked for where the provider can be asked, before anything is called unknown."""

from __future__ import annotations

import json
from collections import Counter
from datetime import timedelta

import httpx
import pytest

from reminder_kit import ReminderKit, Rule
from reminder_kit.errors import TransientError
from reminder_kit.model.messages import Draft
from reminder_kit.ports import Response
from reminder_kit.providers.telnyx.provider import Telnyx
from reminder_kit.providers.twilio.provider import Twilio
from reminder_kit.sandbox import Sandbox, SandboxTransport
from tests.factories import SERVICE

LISTED = "*/Messages.json"
PAGES = f"/2010-04-01/Accounts/AC{'1' * 32}/Messages.json?Page=1"
START = "2026-02-10T14:00:00Z"


@pytest.fixture
def twilio():
    return Twilio("AC" + "1" * 32, "KEY", SERVICE)


@pytest.mark.parametrize("kind", ["drop_after", "500_after", "garbage", "cut"])
def test_twilios_list_settles_a_lost_answer_at_once(make_kit, sandbox, appointment, twilio, kind):
    kit = make_kit(provider=twilio)
    sandbox.fault(kind, method="POST")
    report = kit.sync(appointment())
    assert report.ok
    (held,) = sandbox.messages()
    assert [change.message_id for change in report.changes] == [held.id]
    assert kit.withdraw("A-1").ok
    assert sandbox.parked() == []


def test_what_is_known_already_is_never_taken_for_the_lost_one(make_kit, sandbox, appointment, day_before, twilio):
    rules = [Rule("one", before="24 hours", text="Soon"), Rule("two", before="12 hours", text="Soon")]
    kit = make_kit(rules, provider=twilio, concurrency=1)
    sandbox.fault("drop_after", method="POST", skip=1)
    report = kit.sync(appointment())
    assert report.ok
    assert sorted(change.message_id for change in report.changes) == sorted(
        message.id for message in sandbox.messages()
    )
    assert len(sandbox.messages()) == 2


def test_two_that_could_be_meant_settle_nothing(make_kit, sandbox, appointment, twilio, tmp_path):
    kit = make_kit(provider=twilio, unknown_outcome="prefer_missing")
    stranger = make_kit(provider=twilio, ledger=f"sqlite:///{tmp_path}/other.db")
    assert stranger.sync(appointment()).ok
    sandbox.fault("drop_after", method="POST")
    assert [change.outcome for change in kit.sync(appointment()).changes] == ["unknown"]


def trial(row):
    row["body"] = f"Sent from your Twilio trial account - {row['body']}"


def smart(row):
    row["body"] = row["body"].replace("’", "'")


def redacted(row):
    row["body"] = ""


def without_media(row):
    row["num_media"] = "0"


def of_unknown_age(row):
    row["date_created"] = None


class Listing(SandboxTransport):
    """Twilio, whose list shows messages otherwise than they were written."""

    def __init__(self, sandbox, change):
        super().__init__(sandbox)
        self.change = change

    def handle_request(self, request):
        answered = super().handle_request(request)
        if request.method != "GET" or not request.url.path.endswith("/Messages.json"):
            return answered
        page = json.loads(answered.read())
        for row in page["messages"]:
            self.change(row)
        return httpx.Response(200, json=page, headers={"date": answered.headers["date"]})


@pytest.mark.parametrize(
    ("change", "media", "state"),
    [
        (trial, (), "scheduled"),
        (smart, (), "scheduled"),
        (redacted, (), "unknown"),
        (without_media, ("https://clinic.example/map.png",), "unknown"),
        (of_unknown_age, (), "unknown"),
    ],
)
def test_one_that_is_listed_otherwise_than_it_was_written_is_not_absent(
    make_kit, sandbox, appointment, twilio, change, media, state
):
    """It is the one where its words are the same; where it only may be, nothing is made in its place."""
    rule = Rule(
        "day-before", before="24 hours", text="We’ll see you", channel="mms" if media else "sms", media_urls=media
    )
    given = {"unknown_outcome": "prefer_missing", "transport": Listing(sandbox, change)}
    kit = make_kit([rule], provider=twilio, **given)
    sandbox.fault("drop_after", method="POST")
    kit.sync(appointment())
    for _ in range(3):
        sandbox.clock.advance(minutes=11)
        kit.resync()
    assert kit.status()["messages"] == {state: 1}
    assert len(sandbox.messages()) == 1


def test_a_lost_message_is_looked_for_on_every_page(make_kit, sandbox, appointment, twilio, monkeypatch):
    """Younger ones fill the first page: the one that is looked for stands on a later one."""
    monkeypatch.setattr("reminder_kit.providers.twilio.provider._PAGE", 1)
    kit = make_kit(provider=twilio, unknown_outcome="prefer_missing")
    sandbox.fault("drop_after", method="POST")
    sandbox.fault("503", method="GET", path=LISTED)
    kit.sync(appointment("A-1"))
    kit.sync([appointment("A-2", days=3), appointment("A-3", days=4)])
    sandbox.clock.advance(minutes=11)
    kit.resync()
    assert kit.status()["messages"] == {"scheduled": 3}
    assert len(sandbox.messages()) == 3


@pytest.mark.parametrize(
    "further", ["https://elsewhere.example/Messages.json?Page=1", PAGES], ids=["another host", "for ever"]
)
def test_while_a_list_goes_on_nothing_is_proved_absent(make_kit, sandbox, appointment, twilio, further):
    """A page without a message that names another one says nothing of what stands there."""

    class Empty(SandboxTransport):
        def handle_request(self, request):
            answered = super().handle_request(request)
            if request.method != "GET":
                return answered
            page = {"messages": [], "next_page_uri": further}
            return httpx.Response(200, json=page, headers={"date": answered.headers["date"]})

    kit = make_kit(provider=twilio, unknown_outcome="prefer_missing", transport=Empty(sandbox))
    sandbox.fault("drop_after", method="POST")
    kit.sync(appointment())
    for _ in range(4):
        sandbox.clock.advance(minutes=11)
        kit.resync()
    assert kit.status()["messages"] == {"unknown": 1}
    assert len(sandbox.messages()) == 1


def test_a_message_that_is_not_listed_is_unknown(make_kit, sandbox, appointment, twilio):
    kit = make_kit(provider=twilio, unknown_outcome="prefer_missing")
    sandbox.fault("drop_before", method="POST")
    assert [change.outcome for change in kit.sync(appointment()).changes] == ["unknown"]
    assert sandbox.messages() == []


def test_while_the_list_cannot_be_read_nothing_is_created_anew(make_kit, sandbox, appointment, twilio):
    kit = make_kit(provider=twilio)
    sandbox.fault("drop_after", method="POST")
    sandbox.fault("503", times=2, method="GET", path=LISTED)
    assert [change.outcome for change in kit.sync(appointment()).changes] == ["failed"]
    sandbox.clock.advance(minutes=6)
    assert [change.outcome for change in kit.resync().changes] == ["failed"]
    sandbox.clock.advance(minutes=6)
    assert kit.resync().ok
    assert len(sandbox.messages()) == 1


@pytest.mark.parametrize("then", ["500_after", "429"])
@pytest.mark.parametrize("policy", ["prefer_duplicate", "prefer_missing"])
def test_after_an_outage_a_lost_message_is_found_and_taken_back(make_kit, sandbox, appointment, twilio, policy, then):
    """However long the provider is down: it is asked what it has once it answers, whatever a second text is worth."""
    kit = make_kit(provider=twilio, unknown_outcome=policy)
    sandbox.fault("500_after", times=2)
    sandbox.fault(then, times=None)
    kit.sync(appointment())
    for _ in range(12):
        sandbox.clock.advance(minutes=6)
        kit.resync()
    kit.record(appointment(days=4))
    sandbox.faults.clear()
    sandbox.clock.advance(minutes=6)
    assert kit.resync().ok
    assert [(message.status, message.send_at.day) for message in sandbox.messages()] == [
        ("cancelled", 12),
        ("scheduled", 13),
    ]


def test_a_list_that_is_never_readable_holds_nobody_up_for_ever(make_kit, sandbox, appointment, twilio):
    kit = make_kit(provider=twilio)
    sandbox.fault("drop_before", method="POST")
    sandbox.fault("503", times=None, method="GET", path=LISTED)
    kit.sync(appointment())
    for _ in range(8):
        sandbox.clock.advance(minutes=6)
        kit.resync()
    assert len(sandbox.parked()) == 1


def test_a_key_that_may_not_read_the_list_makes_it_unknown_at_once(make_kit, sandbox, appointment, twilio):
    kit = make_kit(provider=twilio, unknown_outcome="prefer_missing")
    sandbox.fault("drop_after", method="POST")
    sandbox.fault("unauthorized", times=None, method="GET", path=LISTED)
    assert [change.outcome for change in kit.sync(appointment()).changes] == ["unknown"]


def test_telnyx_is_asked_for_what_was_sent_while_nobody_watched(tmp_path, appointment, day_before):
    sandbox = Sandbox(START, strict=True)
    provider = Telnyx("KEY", "+12025550100", webhook_url="https://clinic.example/hook")
    settings = {"timezone": "UTC", "clock": sandbox.clock, "transport": SandboxTransport(sandbox)}
    with ReminderKit(provider, [day_before], f"sqlite:///{tmp_path}/r.db", **settings) as kit:
        kit._io._sleep = lambda _delay: None
        sandbox.fault("drop_after", times=3, method="POST")
        assert not kit.sync(appointment()).ok
        sandbox.clock.advance(days=2, hours=1)
        report = kit.resync()
        assert (report.summary["unknown"], kit.status()["messages"]) == (0, {"delivered": 1})
        assert len(sandbox.messages()) == 1


def test_telnyx_without_a_webhook_address_cannot_be_asked():
    assert not Telnyx("KEY", "+12025550100").capabilities.finds


def test_telnyx_is_not_asked_before_the_time_of_sending(sandbox, appointment, make_kit):
    """Detail records appear only once a message was sent: until then nothing is asked."""
    provider = Telnyx("KEY", "+12025550100", endpoint="schedule", webhook_url="https://clinic.example/hook")
    kit = make_kit(provider=provider, unknown_outcome="prefer_missing")
    sandbox.fault("drop_after", method="POST")
    assert [change.outcome for change in kit.sync(appointment()).changes] == ["unknown"]
    assert [request.path for request in sandbox.requests] == ["/v2/messages/schedule"]
    sandbox.clock.advance(days=4, hours=1)
    assert kit.resync().ok
    assert kit.status()["messages"] == {"delivered": 1}


@pytest.mark.parametrize("body", [b'{"messages":[1,{"sid":null}],"data":[3]}', b'{"messages":[],"data":[{}]}'])
def test_whatever_a_list_holds_nothing_strange_is_found(body, twilio, appointment):
    made_at = appointment().starts_at
    draft = Draft("+12025550123", "Hi", made_at + timedelta(days=1))
    for provider in (twilio, Telnyx("KEY", "+12025550100", webhook_url="https://clinic.example/hook")):
        assert provider.parse_found(Response(200, {}, body), draft, token="x", created_at=made_at) == ()
        for other in (b"", b"[]", b"{}"):
            with pytest.raises(TransientError):
                provider.parse_found(Response(200, {}, other), draft, token="x", created_at=made_at)


@pytest.mark.parametrize(
    "listing",
    [
        httpx.Response(200, json={"messages": [], "next_page_uri": None}),
        httpx.Response(403, json={"code": 20003, "message": "no list"}),
    ],
    ids=["nothing found", "no permission"],
)
def test_what_the_list_answers_says_nothing_of_whether_messages_can_be_posted(make_kit, appointment, twilio, listing):
    """Ten requests without an answer open the circuit breaker, however often the list was read in between.

    Of the ten every other one posts nothing, to learn whether posts are answered again: nobody is in doubt twice.
    """
    asked = []

    def answer(request):
        asked.append(request.method)
        if request.method == "POST":
            raise httpx.ReadTimeout("slow")
        return listing

    kit = make_kit(provider=twilio, transport=httpx.MockTransport(answer), concurrency=1)
    report = kit.sync([appointment(f"A-{number}", phone=f"+120255501{number:02d}") for number in range(14)])
    assert asked.count("POST") == 10
    assert {change.outcome for change in report.changes} == {"failed"}


def test_a_list_that_may_not_be_read_stops_nobody(make_kit, appointment, twilio):
    """The credential posts messages all the same: one answer is lost, the others are parked."""
    posted = []

    def answer(request):
        if request.method == "GET":
            return httpx.Response(403, json={"code": 20003, "message": "no list"})
        posted.append(request)
        if len(posted) == 1:
            raise httpx.ReadTimeout("slow")
        return httpx.Response(201, json={"sid": f"SM{len(posted):032d}", "status": "scheduled"})

    kit = make_kit(provider=twilio, transport=httpx.MockTransport(answer), concurrency=1)
    report = kit.sync([appointment(f"A-{number}", phone=f"+120255501{number:02d}") for number in range(4)])
    assert Counter(change.outcome for change in report.changes) == {"done": 3, "unknown": 1}


@pytest.mark.parametrize("withdrawn", [False, True], ids=["wanted", "withdrawn in an outage"])
def test_one_that_the_provider_calls_scheduled_past_its_time_is_asked_about_less_and_less(
    make_kit, sandbox, appointment, monkeypatch, withdrawn
):
    """Its status lags, or it is stuck: no run asks each minute, and a day after the visit it counts as sent."""
    kit = make_kit(concurrency=1)
    visit = appointment()
    kit.sync(visit)
    send_at, asked, send = visit.starts_at - timedelta(hours=24), [], kit._io.send

    async def stuck(request):
        response = await send(request)
        if request.method == "GET":
            asked.append(sandbox.now())
            response = Response(response.status, response.headers, response.body.replace(b"delivered", b"scheduled"))
        return response

    monkeypatch.setattr(kit._io, "send", stuck)
    if withdrawn:
        sandbox.clock.set(send_at - timedelta(minutes=30))
        sandbox.fault("drop_before", times=None)
        kit.withdraw("A-1")
        sandbox.clock.set(send_at - timedelta(seconds=30))
        kit.resync()
        sandbox.faults.clear()
    sandbox.clock.set(send_at + timedelta(minutes=2))
    for _ in range(60):
        kit.resync()
        sandbox.clock.advance(minutes=1)
    assert 3 <= len(asked) <= 20
    sandbox.clock.set(visit.starts_at + timedelta(hours=25))
    kit.resync()
    (message,) = kit.ledger.read(lambda reader: [one for row in reader.records() for one in row.messages])
    assert (message.state.value, message.presumed) == ("sent", True)
