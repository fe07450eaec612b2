"""What can't be known: providers without idempotency keys, or that ignore them; what each policy does, by name."""

from __future__ import annotations

import json
import threading
from collections import Counter
from datetime import timedelta

import pytest

from reminder_kit import ReminderKit, Rule
from reminder_kit.model.messages import DeliveryEvent
from reminder_kit.providers.telnyx.provider import Telnyx
from reminder_kit.sandbox import SandboxTransport
from tests.factories import DAY, HOUR, NUMBER
from tests.simulation.world import Died, World, parked


@pytest.fixture
def make_world():
    def make(rules=(HOUR,), **options):
        return World(rules, **{"endpoint": "schedule", **options})

    return make


def states(world):
    return Counter(row["state"] for row in world.messages().values())


def settle(world, kit, times=6):
    """Run the batch job again and again, past every back-off."""
    reports = []
    for _ in range(times):
        world.advance(minutes=6)
        reports.append(kit.resync(force=True))
    return reports


@pytest.mark.parametrize("fault", ["drop_after", "drop_before", "500_after", "slow", "cut", "garbage", "no_id"])
def test_without_keys_a_doubtful_post_is_repeated_once(make_world, appointment, fault):
    """Without keys one doubtful post is named unknown and repeated once."""
    world = make_world()
    kit = world.kit()
    world.sandbox.fault(fault, 1, method="POST", delay=60)
    first = kit.sync(appointment())
    assert [change.outcome for change in first.changes] == ["unknown"]
    settle(world, kit)
    assert states(world) == {"unknown": 1, "scheduled": 1}
    assert len(parked(world)) == (1 if fault == "drop_before" else 2)
    assert kit.status()["messages"]["unknown"] == 1


@pytest.mark.parametrize("fault", ["drop_after", "drop_before"])
def test_prefer_missing_never_writes_a_second_text(make_world, appointment, fault):
    """Under `prefer_missing` a post without an answer is the only one: a text may be lost, none is doubled."""
    world = make_world(options={"unknown_outcome": "prefer_missing"})
    kit = world.kit()
    world.sandbox.fault(fault, 1, method="POST")
    kit.sync(appointment())
    settle(world, kit)
    world.advance(days=4)
    settle(world, kit)
    assert len([request for request in world.sandbox.requests if request.method == "POST"]) == 1


def test_prefer_missing_does_not_forget_before_the_start(make_world, appointment):
    """`prefer_missing` doesn't forget while the appointment is still to come."""
    early = Rule("early", before="3 days", text="{{ when }}")
    world = make_world([early], options={"unknown_outcome": "prefer_missing"})
    kit = world.kit()
    world.sandbox.fault("drop_after", 1, method="POST")
    kit.sync(appointment(days=4))
    for _ in range(4):
        world.advance(days=1)
        kit.resync(force=True)
    assert len([request for request in world.sandbox.requests if request.method == "POST"]) == 1


@pytest.mark.parametrize(("policy", "lost"), [("prefer_missing", 1), ("prefer_duplicate", 2)])
def test_a_start_that_was_moved_within_its_day_is_told_whatever_became_of_the_other(appointment, policy, lost):
    """The reminder is due at the same time, but what was never confirmed spoke of another start."""
    evening = Rule("evening", days_before=1, at="18:00", text="{{ when }}")
    world = World((evening,), endpoint="schedule", options={"unknown_outcome": policy})
    kit = world.kit()
    world.sandbox.fault("drop_before", lost, method="POST", containing=NUMBER)
    kit.sync(appointment())
    settle(world, kit)
    assert states(world) == {"unknown": lost}
    kit.sync(appointment(hours=2))
    assert [message.text for message in parked(world)] == ["tomorrow at 11:00 AM"]


def test_a_follow_up_that_may_be_out_is_not_forgotten_either(make_world, appointment):
    """Under `prefer_missing` a follow-up without an answer is not posted again, days after the visit."""
    thanks = Rule("thanks", after="1 hour", text="Thanks!", if_late="clamp")
    world = make_world([thanks], options={"unknown_outcome": "prefer_missing"})
    kit = world.kit()
    world.sandbox.fault("drop_after", 1, method="POST")
    kit.sync(appointment(days=1))
    for _ in range(5):
        world.advance(days=1)
        kit.resync(force=True)
    assert len([request for request in world.sandbox.requests if request.method == "POST"]) == 1


def test_of_unanswered_posts_a_person_gets_two_at_most(make_world, appointment):
    """While every message stays unanswered a person gets two texts at most."""
    world = make_world()
    kit = world.kit()
    world.sandbox.fault("drop_after", None, method="POST", containing=NUMBER)
    kit.sync(appointment())
    reports = settle(world, kit, times=20)
    assert len(world.sandbox.messages()) == 2
    assert all(report.unknown for report in reports)


@pytest.mark.few(3)
@pytest.mark.parametrize("kind", ["telnyx", "twilio", "vonage"])
@pytest.mark.parametrize("fault", ["drop_before", "503", "slow_before"])
def test_no_second_message_is_made_while_posts_are_not_answered(appointment, kind, fault):
    """Questions are answered all the while, which says nothing of posts: the one text comes once these are, too."""
    keyless = {"endpoint": "schedule"} if kind == "telnyx" else {}
    world = World((DAY,), kind=kind, **keyless)
    kit = world.kit()
    world.advance(days=1, hours=23)  # the reminder is due, and the visit is 25 hours ahead
    world.sandbox.fault(fault, None, method="POST", delay=60)
    kit.sync(appointment())
    for _ in range(10):
        world.advance(hours=1)
        kit.resync()
    assert kit.status()["messages"] == {"creating": 1}
    world.sandbox.faults.clear()
    settle(world, kit)
    world.advance(hours=23)
    kit.resync()
    assert len([message for message in world.sandbox.messages() if message.sent_at]) == 1


def test_what_twilio_does_not_list_was_never_sent(appointment):
    """Both messages were lost, and the list shows neither: they count no more, and a third one is the only text."""
    world = World((HOUR,), kind="twilio")
    kit = world.kit()
    world.sandbox.fault("drop_before", 2, method="POST", containing=NUMBER[1:])
    kit.sync(appointment())
    assert states(world) == {"unknown": 2}
    settle(world, kit)
    assert states(world) == {"rejected": 2, "scheduled": 1}
    assert kit.resync().ok


def test_what_twilio_lists_later_is_the_message(appointment):
    """The list could not be read at first, and then shows the lost message: the one made in its stead is taken back."""
    world = World((HOUR,), kind="twilio")
    kit = world.kit()
    world.sandbox.fault("drop_after", 1, method="POST")
    world.sandbox.fault("error", 9, method="GET", status=403, code="20003")
    kit.sync(appointment())
    assert states(world) == {"unknown": 1, "scheduled": 1}
    settle(world, kit, times=20)
    assert states(world) == {"cancelled": 1, "scheduled": 1}
    assert len(parked(world)) == 1


@pytest.mark.parametrize(("fault", "state"), [("drop_after", "scheduled"), ("drop_before", "unknown")])
def test_twilio_is_not_believed_while_its_clock_is_far_from_ours(appointment, fault, state):
    """What is there is found by its clock; that something is not there is not proved."""
    world = World((HOUR,), kind="twilio", options={"unknown_outcome": "prefer_missing"})
    kit = world.kit(behind=timedelta(minutes=-8))
    kit.sync(appointment("A-1", hours=1))
    world.sandbox.fault(fault, 1, method="POST")
    kit.sync(appointment("A-2"))
    settle(world, kit)
    assert states(world) == Counter(["scheduled", state])


def test_an_unknown_message_is_named_until_the_start(make_world, appointment):
    """Every run names an unknown message until the start; those afterwards are clean."""
    world = make_world()
    kit = world.kit()
    world.sandbox.fault("drop_after", 1, method="POST")
    kit.sync(appointment())
    reports = settle(world, kit, times=3)
    assert [len(report.unknown) for report in reports] == [1, 1, 1]
    world.advance(days=3)
    kit.resync()
    world.advance(days=3)
    assert kit.resync().ok


@pytest.mark.parametrize(("policy", "texts"), [("prefer_duplicate", 2), ("prefer_missing", 1)])
@pytest.mark.parametrize("dies", [False, True], ids=["no answer", "killed"])
def test_what_is_sent_at_once_and_never_confirmed_is_named(appointment, policy, texts, dies):
    """What is sent at once and never confirmed is named, though its time is over, until the start."""
    world = World((HOUR,), kind="vonage", options={"unknown_outcome": policy})
    kit = world.kit()
    kit.sync(appointment())
    world.advance(days=2, hours=23, seconds=10)
    if dies:
        kit.steps.arm(6)  # right after the post
        with pytest.raises(Died):
            kit.resync()
        assert len(world.sandbox.messages()) == 1
        world.advance(seconds=61)
    else:
        world.sandbox.fault("drop_after", 1, method="POST")
    report = world.kit().resync()
    assert [change.outcome for change in report.changes] == ["unknown"]
    assert report.unknown[0].error
    assert len(world.sandbox.messages()) == texts
    assert [change.outcome for change in world.kit().resync().changes] == ["unknown"]
    world.advance(hours=1)
    assert world.kit().resync().ok


def test_a_webhook_with_our_token_settles_an_unknown(make_world, appointment):
    """And the second text, if it is not sent yet, is taken back."""
    world = make_world(options={"unknown_outcome": "prefer_missing"})
    kit = world.kit()
    world.sandbox.fault("drop_after", 1, method="POST")
    kit.sync(appointment())
    assert states(world) == {"unknown": 1}
    world.advance(days=2, hours=23, minutes=1)
    world.collect()
    for hook in world.webhooks:
        world.deliver(kit, hook)
    assert states(world) == {"delivered": 1}
    report = kit.resync()
    assert report.ok
    assert [change.reason.value for change in report.changes] == ["already_sent"]
    assert len(world.sandbox.inbox(NUMBER)) == 1


def test_a_second_text_is_taken_back_once_the_first_came(make_world, appointment):
    """The first was sent by its own webhook's word while the second, moved a little, still waits."""
    world = make_world()
    kit = world.kit()
    world.sandbox.fault("drop_after", 1, method="POST")
    kit.sync(appointment())
    kit.sync(appointment(hours=0.2))
    assert len(parked(world)) == 2
    world.advance(days=2, hours=23, minutes=1)
    world.collect()
    for hook in world.webhooks:
        world.deliver(kit, hook)
    kit.resync(only_dirty=True)
    assert parked(world) == []
    world.advance(days=1)
    assert len(world.sandbox.inbox(NUMBER)) == 1


@pytest.mark.parametrize("policy", ["prefer_duplicate", "prefer_missing"])
def test_killed_after_the_post_the_policy_is_followed(make_world, appointment, policy):
    """Killed after the post without keys the next run follows the policy."""
    world = make_world(options={"unknown_outcome": policy})
    kit = world.kit()
    requests = []

    def count():
        if requests or not world.sandbox.messages():
            kit.steps.arm(1, count)
        else:
            requests.append(1)
            raise Died

    kit.steps.arm(1, count)
    with pytest.raises(Died):
        kit.sync(appointment())
    assert len(parked(world)) == 1
    settle(world, world.kit())
    posts = len(parked(world))
    assert posts == (2 if policy == "prefer_duplicate" else 1)


def test_ignored_keys_double_only_what_had_no_answer(make_world, appointment):
    """On a server that ignores keys one post without an answer is doubled at most, and the others stay single."""
    world = make_world(endpoint="messages", idempotency=False)
    kit = world.kit()
    world.sandbox.fault("drop_after", 1, method="POST")
    kit.sync([appointment("A-1"), appointment("A-2", hours=1), appointment("A-3", hours=2)])
    settle(world, kit)
    assert len(parked(world)) <= 4
    assert states(world) == {"scheduled": 3}


def test_threads_of_one_kit_leave_each_others_work_alone(sandbox, tmp_path, appointment):
    """A post of one thread is under way while another looks: it is not taken for lost, and not doubled."""
    inside, go_on = threading.Event(), threading.Event()

    class Slow(SandboxTransport):
        def handle_request(self, request):
            response = super().handle_request(request)
            if request.method == "POST" and not inside.is_set():
                inside.set()
                assert go_on.wait(20)
            return response

    provider = Telnyx(api_key="KEY", from_="+12025550100", endpoint="schedule")
    options = {"clock": sandbox.clock, "transport": Slow(sandbox), "timezone": "UTC", "default_region": "US"}
    with ReminderKit(provider, [HOUR], f"sqlite:///{tmp_path / 'threads.db'}", **options) as kit:
        reports = []
        first = threading.Thread(target=lambda: reports.append(kit.sync(appointment())))
        first.start()
        assert inside.wait(20)
        kit.resync(only_dirty=True)
        kit.resync()
        go_on.set()
        first.join()
        assert reports[0].ok
        assert len(sandbox.parked()) == 1


def test_a_report_before_we_know_the_message_is_not_lost(sandbox, make_kit, appointment):
    """B22: no token (no webhook address of ours), and the answer to the post never came."""
    provider = Telnyx(api_key="KEY", from_="+12025550100", public_key=sandbox.public_key)
    kit = make_kit([HOUR], provider=provider)
    sandbox.webhook_url = "https://clinic.example/hooks"
    sandbox.fault("drop_after", 3, method="POST")
    kit.sync(appointment())
    sandbox.clock.advance(timedelta(days=2, hours=23))
    sandbox.tick()
    for hook in sandbox.hooks.sent:
        kit.receive(*hook.as_sent(sandbox.now()))
    assert len(sandbox.inbox(NUMBER)) == 1


def test_what_was_posted_is_what_is_posted_again(make_world, appointment):
    """Every repeat of a post has its bytes and its idempotency key, or the provider would not know it."""
    world = make_world(endpoint="messages")
    kit = world.kit()
    world.sandbox.fault("503", 5, method="POST")
    kit.sync(appointment())
    settle(world, kit)
    bodies = {request.body for request in world.sandbox.requests if request.method == "POST"}
    keys = {request.idempotency_key for request in world.sandbox.requests if request.method == "POST"}
    assert len(bodies) == len(keys) == 1
    assert json.loads(bodies.pop())["to"] == NUMBER


class Found(Telnyx):
    """A provider that reports on a message as soon as it is parked."""

    def events(self, headers, body, now):
        return (DeliveryEvent(f"E-{body!r}", "scheduled", now, "telnyx", body.decode(), headers["token"]),)


def test_of_two_parked_the_older_is_taken_back_once_found(make_kit, sandbox, appointment):
    """Law 3: the answer was lost, a second one was parked, and then the first is heard of."""
    kit = make_kit([HOUR], provider=Found(api_key="KEY", from_="+12025550100", endpoint="schedule"))
    sandbox.fault("drop_after", 1, method="POST")
    kit.sync(appointment())
    assert len(sandbox.parked()) == 2
    (record,) = kit.ledger.read(lambda reader: list(reader.records()))
    lost = next(message for message in record.messages if message.state == "unknown")
    first = sandbox.messages()[0]
    kit.receive({"token": lost.id}, first.id.encode())
    report = kit.resync()
    assert report.ok
    assert first.status == "cancelled"
    assert len(sandbox.parked()) == 1
    assert kit.status()["messages"] == {"scheduled": 1, "cancelled": 1}
