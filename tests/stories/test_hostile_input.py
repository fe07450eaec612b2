"""What is odd and comes in from outside is a named error, an anomaly, or taken and safe: the same on both databases."""

from __future__ import annotations

import json
import random
from datetime import timedelta

import httpx
import pytest
from attrs import evolve

from reminder_kit import Appointment, Recipient
from reminder_kit.errors import InvalidInputError, PayloadError
from reminder_kit.providers.telnyx.provider import Telnyx
from reminder_kit.sandbox import SandboxTransport
from tests.factories import HOOK, NUMBER, START

pytest.importorskip("cryptography")

LONG = "".join(random.Random(13).choices("abcdefghijklmnopqrstuvwxyz0123456789", k=50_000))
"""A text that no database compresses into the row of an index."""
ODD = {
    "nul": "a\0b", "half": "a\ud83d", "other half": "\udc9ab", "escape": "\x1b[2J\x9b31m", "bidi": "\u202eabc",
    "long": LONG, "spaces": "   ", "lines": "a\r\nb",
}  # fmt: skip


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request):
    return request.getfixturevalue("sqlite_url" if request.param == "sqlite" else "postgres_url")


@pytest.fixture
def telnyx(sandbox):
    return Telnyx("KEY", "+12025550100", public_key=sandbox.public_key, webhook_url=HOOK)


@pytest.fixture
def kit(make_kit, telnyx, url):
    """A kit on either database."""
    made = make_kit(provider=telnyx, ledger=url)
    made.ledger.upgrade()
    return made


@pytest.fixture
def sqlite_kit(make_kit, telnyx):
    return make_kit(provider=telnyx)


def odd_appointments():
    """Yield appointments with something odd in each of their fields."""
    for number, (name, odd) in enumerate(ODD.items()):
        starts_at = START + timedelta(days=3, minutes=number)  # no two are records of one visit
        person = Recipient(NUMBER, name=odd, id=odd, data={odd: odd}, locale=odd)
        yield Appointment(f"{name}-1", starts_at, title=odd, location=odd, url=odd, recipients=[person])
        yield Appointment(f"{name}-2", starts_at, tags=[odd], data={odd: [odd]}, revision=(1, odd), recipients=[NUMBER])
        yield Appointment(f"{name}-3", starts_at, recipients=[odd, "+12025550124"])
        if name != "long":
            yield Appointment(
                odd if odd.strip() else "-",
                starts_at + timedelta(hours=1),
                source=odd,
                recurrence_id=odd,
                recipients=[NUMBER],
            )


def test_nothing_odd_of_an_appointment_stops_another(kit, sandbox, appointment):
    """Each is parked, or told by name; the ordinary one is parked, and nothing is lost by looking for any of them."""
    odd = list(odd_appointments())
    report = kit.sync([*odd, appointment("A-1")], force=True)
    assert not report.failed
    unwritten = {change.identity.id for change in report.changes if change.reason == "template_error"}
    assert unwritten == {"long-1"}  # a text of megabytes is no SMS
    assert {change.outcome for change in report.changes if change.identity.id == "A-1"} == {"done"}
    assert all(name in {change.identity.id for change in report.changes} for name in (one.id for one in odd))
    for name in ODD.values():
        kit.explain(name)
        kit.explain("A-1", source=name)
        kit.withdraw("nothing", source=name, recurrence_id=name)
        kit.plan([], source=name, covers=[name])
        for refused in (kit.retry, kit.attention, kit.suppress, kit.allow, lambda odd: kit.retry(reason=odd)):
            if not (refused == kit.retry and kit.explain(name).reminders):
                with pytest.raises(InvalidInputError) as caught:
                    refused(name)
                assert len(str(caught.value)) < 400
    kit.suppress("+12025550199", reason="\0\ud800")
    assert kit.withdraw("a\0b", source="a\0b").summary["cancel"] == 1
    assert kit.resync(force=True).ok


def letter(sandbox, kind="message.received", **changes):
    """Return a signed letter of Telnyx'; `changes` replace parts of it, `payload_…` those of its payload."""
    payload = {"id": "M", "from": {"phone_number": NUMBER}, "to": [{"phone_number": NUMBER, "status": "delivered"}]}
    data = {"id": "E", "event_type": kind, "occurred_at": START.isoformat(), "payload": payload | {"text": "Hello"}}
    for name, value in changes.items():
        (data["payload"] if name.startswith("payload_") else data)[name.removeprefix("payload_")] = value
    body = json.dumps({"data": data}).encode()
    return sandbox.signer.headers(body, START), body


def odd_letters(sandbox):
    """Yield letters with something odd in each of their fields, every one signed."""
    for name, odd in ODD.items():
        yield letter(sandbox, id=f"id {odd}")
        yield letter(sandbox, id=f"{name} text", payload_text=odd)
        yield letter(sandbox, id=f"{name} from", payload_from={"phone_number": odd})
        yield letter(sandbox, id=f"{name} at", occurred_at=odd)
        yield letter(sandbox, "message.finalized", id=f"{name} message", payload_id=odd)
        yield letter(sandbox, "message.finalized", id=f"{name} code", payload_errors=[{"code": odd}])
        yield letter(sandbox, odd, id=f"{name} type")
    for at in ("9999-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00", "12026-01-01T00:00:00Z"):
        yield letter(sandbox, id=at, occurred_at=at)
    for body in (
        b'{"data": {"id": "deep", "event_type": "message.received", "payload": {"z": %s1%s}}}'
        % (b"[" * 400, b"]" * 400),
        b'{"data": {"id": "nan", "event_type": "message.received", "payload": {"z": [NaN, Infinity, 1e999]}}}',
        b'{"data": {"id": "twice", "id": "once", "event_type": "message.sent", "payload": {}}}',
        b'{"data": {"id": "digits", "event_type": "message.sent", "payload": {"z": %s}}}' % (b"9" * 4000),
    ):
        yield sandbox.signer.headers(body, START), body


def test_nothing_odd_of_a_signed_webhook_is_refused_for_ever(kit, sandbox, appointment):
    """Every signed letter is taken in; a STOP after all of them is obeyed."""
    kit.sync(appointment())
    letters = list(odd_letters(sandbox))
    assert len(letters) > 60
    for headers, body in letters:
        assert len(kit.receive(headers, body)) == 1
        assert len(kit.receive(headers, body)) == 1  # the second time it is known
    assert kit.resync(only_dirty=True).ok
    assert len(sandbox.parked()) == 1
    kit.receive(*letter(sandbox, id="stop", payload_text="STOP"))
    kit.resync(only_dirty=True)
    assert sandbox.parked() == []
    with pytest.raises(PayloadError, match="no provider's"):
        kit.receive({}, LONG.encode() * 21)


def test_a_reply_of_the_far_future_is_not_the_last_word(sqlite_kit, sandbox):
    """A keyword that says to be of the year 9999 does not outrank what somebody replies tomorrow."""
    (event,) = sqlite_kit.receive(*letter(sandbox, id="y", occurred_at="9999-12-31T23:59:59Z", payload_text="START"))
    assert event.occurred_at == START


@pytest.mark.parametrize("number", ["CLINIC", "", "12345"])
def test_a_stop_without_a_number_is_an_anomaly(sqlite_kit, sandbox, number):
    """Nobody can be spared whose number can't be read: the host is told, and nobody else is barred."""
    told = []
    sqlite_kit.on("*", told.append)
    sqlite_kit.receive(*letter(sandbox, payload_text="STOP", payload_from={"phone_number": number}))
    assert [event.type for event in told] == ["opted_out", "anomaly"]
    assert sqlite_kit.ledger.read(lambda reader: reader.suppressions()) == {}


class SameId(SandboxTransport):
    """A network on which the answers to the first posts all name one message."""

    told = True

    def handle_request(self, request):
        answer = super().handle_request(request)
        if self.told and request.method == "POST":
            made = json.loads(answer.read())
            made["data"]["id"] = "11111111-1111-4111-8111-111111111111"
            return httpx.Response(answer.status_code, json=made)
        return answer


def test_two_messages_of_one_name_are_one_and_a_question(make_kit, sandbox, url, appointment):
    """Which of the two a provider holds is not known: the second is asked about, by name, until it has its own."""
    network = SameId(sandbox)
    kit = make_kit(ledger=url, transport=network)
    kit.ledger.upgrade()
    report = kit.sync([appointment("A-1"), appointment("A-2", phone="+12025550124")])
    (failed,) = report.failed
    assert "answered with the id of another message (11111111-" in failed.error
    assert "it may have been done" in failed.error
    network.told = False
    sandbox.clock.advance(minutes=3)
    assert kit.resync().ok
    names = {
        message.provider_id
        for record in kit.ledger.read(lambda reader: list(reader.records()))
        for message in record.messages
    }
    assert len(names) == len(sandbox.parked()) == 2


def test_a_webhook_that_gives_a_message_anothers_name_is_an_anomaly(sqlite_kit, sandbox, appointment):
    """A webhook with one message's token and another one's id moves neither; it is kept, and told."""
    sqlite_kit.sync([appointment("A-1"), appointment("A-2", phone="+12025550124")])
    records = sqlite_kit.ledger.read(lambda reader: list(reader.records()))
    first, second = (record.messages[0] for record in records)
    with sqlite_kit.ledger.writing() as tx:  # as where the answer to its request was lost
        tx.move_message(None, second, evolve(second, provider_id=None))
    told = []
    sqlite_kit.on("anomaly", told.append)
    url = f"{HOOK}?reminder_kit={second.id}"
    sqlite_kit.receive(*letter(sandbox, "message.sent", payload_id=first.provider_id, payload_webhook_url=url))
    assert len(told) == 1
    states = [record.messages[0].state for record in sqlite_kit.ledger.read(lambda reader: list(reader.records()))]
    assert states == ["scheduled", "scheduled"]
    assert "under the id of another message" in str(sqlite_kit.explain("A-2"))


@pytest.mark.few(2)
@pytest.mark.parametrize("odd", ["a\0b", "\ud800", LONG], ids=["nul", "half", "long"])
def test_a_providers_odd_words_are_written_down(make_kit, sandbox, url, appointment, odd):
    """A refusal in words that no database takes is kept all the same, so that it is not asked for again and again."""
    refusal = json.dumps({"errors": [{"code": "40310", "title": odd, "detail": odd}]})
    asked = []

    def answer(request):
        asked.append(request)
        return httpx.Response(400, content=refusal)

    kit = make_kit(ledger=url, transport=httpx.MockTransport(answer))
    kit.ledger.upgrade()
    (failed,) = kit.sync(appointment()).failed
    assert "40310" in failed.error
    assert len(failed.error) < 400
    kit.resync()
    assert len(asked) == 1
