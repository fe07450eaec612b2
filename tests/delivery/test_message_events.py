"""What providers tell: in any order, twice, too early, too late; the ledger ends with what is true."""

from __future__ import annotations

from datetime import timedelta
from itertools import permutations

import pytest

from reminder_kit import Rule
from reminder_kit.model.messages import DeliveryEvent
from reminder_kit.providers.telnyx.provider import Telnyx
from reminder_kit.providers.twilio.provider import Twilio
from tests.factories import NUMBER, SERVICE


@pytest.fixture
def hooked(sandbox, make_kit):
    """Return a factory of kits whose provider echoes our token, or (`token=False`) does not."""

    def make(*, token=True, **options):
        url = "http://127.0.0.1:9/hooks" if token else None
        provider = Telnyx("KEY", "+12025550100", public_key=sandbox.public_key, webhook_url=url)
        return make_kit(provider=provider, **options)

    return make


def deliver(kit, hooks, now):
    return [event for hook in hooks for event in kit.receive(*hook.as_sent(now))]


def history(kit, id="A-1"):
    return [(entry.actor, entry.event, entry.reason) for entry in kit.ledger.read(lambda reader: reader.history(id=id))]


@pytest.mark.parametrize("order", list(permutations(range(3))), ids=str)
@pytest.mark.parametrize("token", [True, False], ids=["token", "no token"])
def test_events_in_any_order_and_twice_end_in_the_same_state(hooked, sandbox, appointment, order, token):
    kit = hooked(token=token)
    kit.sync(appointment())
    sandbox.clock.advance(days=2, hours=1)
    sent, delivered = sandbox.hooks.sent
    hooks = [sent, delivered, sent]
    deliver(kit, [hooks[place] for place in order], sandbox.now())
    assert kit.status()["messages"] == {"delivered": 1}
    assert "anomaly" not in [event for _, event, _ in history(kit)]


def test_events_for_a_message_not_stored_yet_are_kept(hooked, sandbox, appointment):
    """Events for a message not stored yet are kept and joined in the order in which they happened."""
    kit = hooked(token=False)
    sandbox.fault("drop_after", times=3, method="POST")
    assert not kit.sync(appointment()).ok
    assert len(sandbox.messages()) == 1
    sandbox._due[0] = (sandbox.now() + timedelta(minutes=1), *sandbox._due[0][1:])  # it goes out early
    sandbox.clock.advance(minutes=6)
    deliver(kit, reversed(sandbox.hooks.sent), sandbox.now())
    assert kit.status()["unmatched_events"] == 2
    assert kit.resync().ok
    assert (kit.status()["messages"], kit.status()["unmatched_events"]) == ({"delivered": 1}, 0)
    seen = [event for actor, event, _ in history(kit) if actor == "webhook"]
    assert seen == ["sent", "delivered"]
    assert kit.resync().ok
    assert len(sandbox.messages()) == 1


@pytest.mark.parametrize("policy", ["prefer_duplicate", "prefer_missing"])
def test_a_webhook_that_names_our_token_settles_what_was_unknown(make_kit, sandbox, appointment, policy):
    provider = Telnyx(
        "KEY", "+12025550100", endpoint="schedule", public_key=sandbox.public_key, webhook_url="http://127.0.0.1:9/"
    )
    kit = make_kit(provider=provider, unknown_outcome=policy)
    sandbox.fault("drop_after", method="POST")
    assert kit.sync(appointment()).summary["unknown"] == 1
    first = sandbox.messages()[0]
    sandbox._due[0] = (sandbox.now() + timedelta(minutes=1), *sandbox._due[0][1:])
    sandbox.clock.advance(minutes=2)
    deliver(kit, sandbox.hooks.sent, sandbox.now())
    assert (
        kit.ledger.read(lambda reader: reader.find_message(provider="telnyx", provider_id=first.id)).message.state
        == "delivered"
    )
    assert kit.resync().ok
    assert sandbox.parked() == []


def test_what_is_sent_although_cancelled_is_an_anomaly(hooked, sandbox, appointment):
    """What is sent although it was cancelled is an anomaly and recorded."""
    kit, seen = hooked(), []
    kit.on("anomaly", seen.append)
    kit.sync(appointment())
    kit.withdraw("A-1")
    message = sandbox.messages()[0]
    sandbox._send(message, sandbox.now())
    deliver(kit, sandbox.hooks.sent, sandbox.now())
    assert [event.provider_id for event in seen] == [message.id]
    assert kit.status()["messages"] == {"sent": 1}
    assert ("webhook", "anomaly", "sent although cancelled") in history(kit)


def test_a_webhook_that_overtakes_the_answer_fails_nothing(hooked, sandbox, appointment):
    kit = hooked()
    before = kit.provider.parse_created

    def overtaken(response):
        receipt = before(response)
        (message,) = sandbox.messages()
        sandbox._send(message, sandbox.now())
        deliver(kit, sandbox.hooks.sent, sandbox.now())
        return receipt

    kit.provider.parse_created = overtaken
    report = kit.sync(appointment())
    assert report.ok
    assert kit.status()["messages"] == {"sent": 1}
    (message,) = sandbox.messages()
    assert [change.message_id for change in report.changes] == [message.id]


@pytest.mark.few(4)
@pytest.mark.parametrize(
    ("code", "reason", "barred"),
    [
        ("40001", "landline", "suppressed"),
        ("40012", "invalid_number", "suppressed"),
        ("40300", "opted_out", "opted_out"),
        ("40008", "unreachable", None),
        ("40003", "blocked", None),
        ("49999", "", None),
    ],
)
@pytest.mark.parametrize("way", ["webhook", "look-up"])
def test_what_can_never_be_delivered_suppresses_the_number(hooked, sandbox, appointment, code, reason, barred, way):
    kit, seen = hooked(), []
    kit.on("undelivered", lambda event: seen.append((event.code, event.reason, event.appointment)))
    kit.sync([appointment(), appointment("A-2", days=4)])
    sandbox.outcome(NUMBER, "delivery_failed", code)
    sandbox.clock.advance(days=2, hours=1)
    if way == "webhook":
        deliver(kit, sandbox.hooks.sent, sandbox.now())
        assert seen == [(code, reason, ("default", "A-1", ""))]
    else:
        kit.resync()
    changes = {change.identity.id: change for change in kit.resync().changes}
    assert (changes["A-2"].reason if barred else None) == barred
    assert len(sandbox.parked()) == (0 if barred else 1)
    assert kit.status()["suppressions"] == bool(barred)


@pytest.mark.parametrize(("status", "reason"), [("delivered", "superseded"), ("delivery_failed", "clamped_late")])
def test_what_was_not_delivered_makes_no_other_reminder_superfluous(hooked, sandbox, appointment, status, reason):
    day = Rule("day-before", before="24 hours", text="See you {{ when }}")
    hooked(rules=[day]).sync(appointment())
    sandbox.outcome(NUMBER, status, "40008")
    sandbox.clock.advance(days=2, minutes=1)
    kit = hooked(rules=[day, Rule("earlier", before="26 hours", text="Come {{ when }}")])
    assert {change.rule: change.reason.value for change in kit.sync(appointment()).changes}["earlier"] == reason


def test_start_lifts_what_the_provider_or_the_person_barred(hooked, sandbox, appointment):
    kit = hooked()
    kit.sync(appointment("A-2", days=4))
    deliver(kit, [sandbox.inbound(NUMBER, "STOP")], sandbox.now())
    kit.resync(only_dirty=True)
    assert sandbox.parked() == []
    deliver(kit, [sandbox.inbound(NUMBER, "START")], sandbox.now())
    assert kit.resync(only_dirty=True).ok
    assert len(sandbox.parked()) == 1


def test_suppressing_undeliverable_numbers_can_be_turned_off(hooked, sandbox, appointment):
    kit = hooked(suppress_undeliverable=False)
    kit.sync([appointment(), appointment("A-2", days=4)])
    sandbox.outcome(NUMBER, "delivery_failed", "40001")
    sandbox.clock.advance(days=2, hours=1)
    deliver(kit, sandbox.hooks.sent, sandbox.now())
    kit.resync()
    assert len(sandbox.parked()) == 1
    assert kit.status()["suppressions"] == 0


def test_twilios_codes_are_understood_too(make_kit, sandbox, appointment):
    kit = make_kit(provider=Twilio("AC" + "1" * 32, "KEY", SERVICE, webhook_url="https://clinic.example/hook"))
    sandbox.secret = "KEY"
    kit.sync([appointment(), appointment("A-2", days=4)])
    sandbox.outcome(NUMBER, "delivery_failed", "30006")
    sandbox.clock.advance(days=2, hours=1)
    events = deliver(kit, sandbox.hooks.sent, sandbox.now())
    assert [event.type for event in events] == ["sent", "undelivered"]
    kit.resync(only_dirty=True)
    assert sandbox.parked() == []


KEYWORDS = {"confirm": ["C", "YES"], "late": ["running late"]}


def reminded(hooked, sandbox, appointment, **options):
    """Return a kit whose first reminder is delivered and whose second is parked unless the visit is confirmed."""
    first = Rule("day-before", before="24 hours", text="{{ when }}? Reply C to confirm")
    second = Rule("soon", before="2 hours", text="{{ when }}!", unless={"replied": ["confirm"]})
    kit = hooked(rules=[first, second], replies=KEYWORDS, **options)
    kit.sync(appointment())
    sandbox.clock.advance(days=2, hours=1)
    deliver(kit, sandbox.hooks.sent, sandbox.now())
    return kit


def test_a_keyword_is_an_event_of_its_name_and_decides_for_the_rules(hooked, sandbox, appointment):
    kit, seen = reminded(hooked, sandbox, appointment), []
    kit.on("*", lambda event: seen.append((event.type, event.appointment)))
    assert len(sandbox.parked()) == 1
    deliver(kit, [sandbox.inbound(NUMBER, "Yes, thank you!")], sandbox.now())
    visit = ("default", "A-1", "")
    assert seen == [("received", visit), ("confirm", visit)]
    report = kit.resync(only_dirty=True)
    assert [(change.rule, change.kind, change.reason) for change in report.changes if change.is_work] == [
        ("soon", "cancel", "condition")
    ]
    assert sandbox.parked() == []
    assert kit.sync(appointment()).ok
    assert sandbox.parked() == []
    assert ("webhook", "replied", "confirm") in history(kit)


def test_a_confirmed_visit_that_is_moved_is_confirmed_no_more(hooked, sandbox, appointment):
    kit = reminded(hooked, sandbox, appointment)
    deliver(kit, [sandbox.inbound(NUMBER, "C")], sandbox.now())
    assert kit.sync(appointment(title="Cleaning")).summary["cancel"] == 1
    assert kit.sync(appointment(days=4)).ok
    assert len(sandbox.parked()) == 2


@pytest.mark.parametrize(
    ("text", "types"),
    [("Running late", ["received", "late"]), ("I will come", ["received"]), ("Stop", ["opted_out"])],
)
def test_other_replies_change_no_reminder_unless_they_say_stop(hooked, sandbox, appointment, text, types):
    kit, seen = reminded(hooked, sandbox, appointment), []
    kit.on("*", lambda event: seen.append(event.type))
    deliver(kit, [sandbox.inbound(NUMBER, text)], sandbox.now())
    kit.resync(only_dirty=True)
    assert seen == types
    assert len(sandbox.parked()) == (0 if text == "Stop" else 1)


def test_a_reply_from_somebody_never_written_to_is_told_and_sets_nothing(hooked, sandbox, appointment):
    kit, seen = reminded(hooked, sandbox, appointment), []
    kit.on("confirm", lambda event: seen.append(event.appointment))
    deliver(kit, [sandbox.inbound("+12025550199", "C")], sandbox.now())
    assert seen == [None]
    kit.resync(only_dirty=True)
    assert len(sandbox.parked()) == 1


def test_what_another_provider_says_is_of_none_of_our_messages(make_kit, sandbox, appointment):
    """Under whatever name: what came before the message was known is joined to those of its own provider alone."""
    kit = make_kit()
    sandbox.fault("drop_after", times=3, method="POST")
    kit.sync(appointment())
    (record,) = kit.ledger.read(lambda reader: list(reader.records()))
    (message,) = record.messages
    event = DeliveryEvent("E-1", "delivered", sandbox.now(), "twilio", provider_id="P", token=message.id)
    kit.ledger.submit(lambda tx: tx.store_event(event, sandbox.now())).result()
    sandbox.clock.advance(minutes=6)
    assert kit.resync().ok
    assert (kit.status()["messages"], kit.status()["unmatched_events"]) == ({"scheduled": 1}, 1)
