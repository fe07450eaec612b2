"""Fallbacks: what was not delivered is sent once more, through another sender, in time, and never a third time."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import httpx
import pytest
from attrs import evolve

from reminder_kit import AsyncReminderKit, QuietHours, Rule
from reminder_kit.errors import ConfigurationError, InvalidInputError, SignatureError
from reminder_kit.providers.telnyx.provider import Telnyx
from reminder_kit.providers.twilio.provider import Twilio
from reminder_kit.providers.vonage.provider import Vonage
from reminder_kit.rules.rule import KEYS
from reminder_kit.sandbox import SandboxTransport
from reminder_kit.sandbox.signer import Signer
from tests.factories import ACCOUNT, HOOK, NUMBER, SERVICE, START, received_texts

DAY = Rule("day-before", before="24 hours", text="See you {{ when }}")
SENT = START + timedelta(days=2)  # when the first message for an appointment three days ahead goes out


def telnyx(sandbox, number="+12025550100"):
    return Telnyx("KEY", number, webhook_url=f"{HOOK}/telnyx", public_key=sandbox.public_key)


def twilio(sandbox):
    return Twilio(ACCOUNT, sandbox.secret, SERVICE, webhook_url=f"{HOOK}/twilio")


def vonage(sandbox):
    return Vonage("+12025550102", "k", sandbox.secret, signature_secret=sandbox.secret)


FALLBACKS = {"second sender": lambda sandbox: telnyx(sandbox, "+12025550101"), "twilio": twilio, "vonage": vonage}
SENDERS = {"second sender": "+12025550101", "twilio": SERVICE, "vonage": "12025550102"}
SCHEDULING = ["second sender", "twilio"]


class Unreachable(httpx.BaseTransport):
    """A network on which one host can't be reached for a while."""

    def __init__(self, sandbox):
        self.inner = SandboxTransport(sandbox)
        self.down, self.refused = "", 0

    def handle_request(self, request):
        if request.url.host == self.down:
            self.refused += 1
            raise httpx.ConnectError("no route to host")
        return self.inner.handle_request(request)


def changed(rule, **changes):
    return Rule(**{**{key: getattr(rule, key) for key in KEYS}, **changes})


@pytest.fixture
def falling(make_kit, sandbox):
    """Return a factory of kits with a fallback by name, that are told of every message by webhooks."""

    def make(name="second sender", rules=(DAY,), **options):
        fallback = options.pop("fallback", None) or FALLBACKS[name](sandbox)
        return make_kit(list(rules), **{"provider": telnyx(sandbox), "fallback": fallback, **options})

    return make


def hear(kit, sandbox):
    """Deliver every webhook there was so far, also those that were delivered already."""
    for hook in list(sandbox.hooks.sent):
        kit.receive(*hook.as_sent(sandbox.now()))


def fail(kit, sandbox, code="40008", **later):
    """Have Ada's next message fail, the ones after it arrive, and the kit told of it."""
    sandbox.outcome(NUMBER, "delivery_failed", code)
    sandbox.clock.advance(**(later or {"days": 2, "minutes": 1}))
    hear(kit, sandbox)
    sandbox.outcome(NUMBER, "delivered")


def work_of(report):
    return [(change.rule, change.kind.value, change.reason.value) for change in report.changes if change.is_work]


def sender(message):
    return message.from_ or message.profile


# Through whom


@pytest.mark.parametrize("name", FALLBACKS)
def test_what_was_not_delivered_is_sent_once_more(falling, sandbox, appointment, name):
    """What was not delivered is sent once more through the other sender."""
    kit = falling(name)
    kit.sync(appointment())
    fail(kit, sandbox)
    report = kit.resync(only_dirty=True)
    assert report.ok
    assert [(rule, kind) for rule, kind, _ in work_of(report)] == [("day-before-fallback", "schedule")]
    sandbox.clock.advance(minutes=20)
    hear(kit, sandbox)
    (arrived,) = sandbox.inbox(NUMBER)
    assert (sender(arrived), arrived.text) == (SENDERS[name], "See you tomorrow at 9:00 AM")
    assert kit.status()["messages"] == {"undelivered": 1, "delivered": 1}


@pytest.mark.parametrize("name", ["twilio", "vonage"])
def test_telnyx_stands_in_for_the_others_too(falling, sandbox, appointment, name):
    """A text that Twilio or Vonage could not deliver is sent once more through Telnyx."""
    kit = falling(provider=FALLBACKS[name](sandbox), fallback=telnyx(sandbox))
    kit.sync(appointment())
    sandbox.clock.advance(days=2)
    kit.resync()
    fail(kit, sandbox, "30003" if name == "twilio" else "1180", minutes=1)
    assert work_of(kit.resync(only_dirty=True)) == [("day-before-fallback", "schedule", "clamped_late")]
    sandbox.clock.advance(minutes=20)
    hear(kit, sandbox)
    assert [sender(item) for item in sandbox.inbox(NUMBER)] == ["+12025550100"]
    assert kit.status()["messages"] == {"undelivered": 1, "delivered": 1}


@pytest.mark.parametrize("name", FALLBACKS)
def test_it_goes_out_as_soon_as_the_other_provider_takes_it(falling, sandbox, appointment, name):
    """A fallback goes out at its provider's shortest lead time, for it is late already."""
    lead = {"second sender": 330, "twilio": 930, "vonage": 0}[name]
    kit = falling(name)
    kit.sync(appointment())
    fail(kit, sandbox)
    now = sandbox.now()
    report = kit.resync(only_dirty=True)
    assert [change.send_at - now for change in report.changes if change.is_work] == [timedelta(seconds=lead)]


@pytest.mark.parametrize("name", FALLBACKS)
def test_replayed_webhooks_and_more_runs_send_nothing_more(falling, sandbox, appointment, name):
    """A failure that is told of again, or looked at again, makes no second fallback."""
    kit = falling(name)
    kit.sync(appointment())
    fail(kit, sandbox)
    kit.resync(only_dirty=True)
    writes = sandbox.write_count
    for _ in range(8):
        hear(kit, sandbox)
        kit.resync(only_dirty=True)
        kit.sync(appointment())
        assert kit.resync().ok
        sandbox.clock.advance(minutes=15)
    assert sandbox.write_count == writes
    assert len(received_texts(sandbox)) == 1


def test_after_the_run_there_is_nothing_left_to_plan(falling, sandbox, appointment):
    """A plan shows the fallback before it is parked, and has no work left once it is."""
    kit = falling()
    kit.sync(appointment())
    fail(kit, sandbox)
    plan = kit.plan_resync()
    assert work_of(plan) == [("day-before-fallback", "schedule", "clamped_late")]
    assert [item["rule"] for item in plan.as_json()["changes"]] == ["day-before", "day-before-fallback"]
    kit.apply(plan)
    assert {change.kind.value for change in kit.plan_resync().changes} <= {"keep", "skip"}


def test_a_fallback_that_fails_too_has_none_itself(falling, sandbox, appointment):
    """A fallback that is not delivered either ends the matter: there is never a third text."""
    kit = falling()
    kit.sync(appointment())
    fail(kit, sandbox)
    kit.resync(only_dirty=True)
    fail(kit, sandbox, minutes=10)
    for _ in range(3):
        assert work_of(kit.resync()) == []
        sandbox.clock.advance(minutes=30)
    assert kit.status()["messages"] == {"undelivered": 2}


def test_what_is_on_its_way_or_arrived_has_no_fallback(falling, sandbox, appointment):
    """A message that is sent and not yet known to have failed is followed by none."""
    kit = falling()
    sandbox.outcome(NUMBER, "sent")
    kit.sync(appointment())
    sandbox.clock.advance(days=2, hours=1)
    hear(kit, sandbox)
    assert work_of(kit.resync()) == []
    assert kit.status()["messages"] == {"sent": 1}


def test_without_webhooks_the_look_up_tells_of_it(make_kit, sandbox, appointment):
    """Without webhooks the look-up tells of it and the same run sends it."""
    fallback = Telnyx("KEY", "+12025550101")
    kit = make_kit([DAY], fallback=fallback)
    kit.sync(appointment())
    sandbox.outcome(NUMBER, "delivery_failed", "40008", "Undeliverable")
    sandbox.clock.advance(days=2, minutes=2)
    report = kit.resync()
    assert work_of(report) == [("day-before-fallback", "schedule", "clamped_late")]


def test_without_a_fallback_nothing_follows(make_kit, sandbox, appointment):
    """A kit that names no fallback sends nothing after a message that was not delivered."""
    kit = make_kit([DAY], provider=telnyx(sandbox))
    kit.sync(appointment())
    fail(kit, sandbox)
    assert work_of(kit.resync()) == []
    assert len(sandbox.messages()) == 1


def test_each_recipient_and_each_rule_has_its_own(falling, sandbox, appointment):
    """A failure is made up for by the same rule to the same recipient, and by nothing else."""
    hour = Rule("hour-before", before="1 hour", text="Soon: {{ when }}")
    kit = falling(rules=(DAY, hour))
    kit.sync([appointment(recipients=[NUMBER, "+12025550124"])])
    fail(kit, sandbox)
    assert [(change.rule, change.to) for change in kit.resync(only_dirty=True).changes if change.is_work] == [
        ("day-before-fallback", NUMBER)
    ]
    fail(kit, sandbox, hours=23)
    assert work_of(kit.resync(only_dirty=True)) == [("hour-before-fallback", "schedule", "clamped_late")]


# When


@pytest.mark.parametrize("name", FALLBACKS)
def test_it_waits_until_quiet_hours_are_over(falling, sandbox, appointment, name):
    """A fallback keeps to the quiet hours and goes out as soon as they end."""
    kit = falling(name, quiet_hours=QuietHours("09:03", "11:00"))  # in New York, where it is 09:01 when it fails
    kit.sync(appointment(hours=-0.05))
    fail(kit, sandbox, days=2)
    sandbox.clock.advance(minutes=3)
    kit.resync(only_dirty=True)
    for _ in range(40):
        sandbox.clock.advance(minutes=5)
        kit.resync()
    (arrived,) = sandbox.inbox(NUMBER)
    over = START + timedelta(days=2, hours=2)
    assert over <= arrived.sent_at < over + timedelta(minutes=5)
    assert received_texts(sandbox) == ["See you tomorrow at 8:57 AM"]


@pytest.mark.parametrize(
    ("name", "notice", "sent"),
    [
        ("second sender", "45 minutes", True),
        ("second sender", "55 minutes", False),
        ("twilio", "40 minutes", True),
        ("twilio", "45 minutes", False),
        ("vonage", "58 minutes", True),
        ("vonage", "59 minutes", False),
    ],
)
def test_it_never_comes_nearer_to_the_start_than_min_notice(falling, sandbox, appointment, name, notice, sent):
    """A fallback whose earliest time is within `min_notice` of the start is skipped: too late."""
    kit = falling(name, rules=[Rule("soon", before="1 hour", min_notice=notice, text="Soon: {{ when }}")])
    kit.sync(appointment(days=0, hours=6))
    fail(kit, sandbox, hours=5, minutes=1, seconds=30)
    report = kit.resync()
    assert len(work_of(report)) == sent
    assert [change.reason.value for change in report.changes if change.rule == "soon-fallback"] != [
        "too_late"
    ] or not sent
    sandbox.clock.advance(hours=2)
    assert len(received_texts(sandbox)) == sent
    if not sent:
        assert "soon-fallback" in str(kit.explain("A-1"))
        assert "too_late" in str(kit.explain("A-1"))


def test_it_never_comes_at_or_after_the_start(falling, sandbox, appointment):
    """A fallback that the provider could only send at the start or later is too late."""
    kit = falling(rules=[Rule("soon", before="6 minutes", text="Soon")])
    kit.sync(appointment(days=0, hours=1))
    fail(kit, sandbox, minutes=55)
    assert [(change.rule, change.reason.value) for change in kit.resync().changes] == [
        ("soon", "already_sent"),
        ("soon-fallback", "too_late"),
    ]


@pytest.mark.parametrize("late", ["skip", "next rule", None], ids=str)
def test_what_a_rule_says_of_late_bookings_is_not_meant_for_it(falling, sandbox, appointment, late):
    """A fallback is always late, so `if_late` of its rule doesn't keep it back."""
    kit = falling(rules=[changed(DAY, if_late=late)])
    kit.sync(appointment(booked_at=START + timedelta(minutes=-5)))
    fail(kit, sandbox)
    assert work_of(kit.resync()) == [("day-before-fallback", "schedule", "clamped_late")]


@pytest.mark.parametrize(("hours", "sent"), [(1, True), (3, False)])
def test_skip_after_bounds_it_too(falling, sandbox, appointment, hours, sent):
    """A fallback is sent within `skip_after` of the due time, and not once that is over."""
    kit = falling(rules=[changed(DAY, if_late={"skip_after": "2 hours"})])
    kit.sync(appointment())
    fail(kit, sandbox, days=2, hours=hours)
    assert len(work_of(kit.resync())) == sent


@pytest.mark.parametrize(("hours", "sent"), [(3, True), (27, False)])
def test_a_follow_up_waits_as_long_as_a_late_one(falling, sandbox, appointment, hours, sent):
    """A follow-up's fallback is sent as long as a late follow-up would be, and is past after that."""
    kit = falling(rules=[Rule("thanks", after="1 hour", text="Thank you")])
    kit.sync(appointment(days=1))
    fail(kit, sandbox, days=1, hours=1, minutes=31)
    sandbox.clock.advance(hours=hours - 2)
    report = kit.resync(only_dirty=True)
    assert [(change.rule, change.reason.value) for change in report.changes if change.rule != "thanks"] == [
        ("thanks-fallback", "clamped_late" if sent else "past")
    ]


def test_its_text_is_true_at_the_time_it_really_goes_out(falling, sandbox, appointment):
    """A fallback that goes out after midnight says "today", in the text for late ones."""
    rule = Rule("evening", days_before=1, at="23:50", text="See you {{ when }}", late_text="Now: {{ when }}")
    kit = falling(rules=[rule])
    kit.sync(appointment())
    fail(kit, sandbox, days=2, hours=14, minutes=51)
    assert kit.status()["messages"] == {"undelivered": 1}
    sandbox.clock.advance(minutes=30)
    kit.resync()
    sandbox.clock.advance(minutes=10)
    assert received_texts(sandbox) == ["Now: today at 9:00 AM"]


def test_superseded_by_another_reminder_of_the_same_minutes(falling, sandbox, appointment):
    """A reminder of another rule at nearly the same time supersedes the fallback."""
    soon = Rule("soon", before="23 hours 50 minutes", text="Soon")
    kit = falling(rules=[DAY, soon])
    kit.sync(appointment())
    fail(kit, sandbox)
    assert [(change.rule, change.reason.value) for change in kit.resync().changes] == [
        ("day-before", "already_sent"),
        ("soon", "unchanged"),
        ("day-before-fallback", "superseded"),
    ]


# Never where it would be of no use, or is not wanted any more


@pytest.mark.parametrize("code", ["40001", "40012", "40300"])
@pytest.mark.parametrize("suppresses", [True, False])
def test_a_number_that_no_sender_can_reach_is_sent_nothing(falling, sandbox, appointment, code, suppresses):
    """Codes that speak of the number itself have no fallback, suppressed or not."""
    kit = falling(suppress_undeliverable=suppresses)
    kit.sync(appointment())
    fail(kit, sandbox, code)
    for _ in range(3):
        assert work_of(kit.resync()) == []
    assert len(sandbox.messages()) == 1
    assert kit.status()["suppressions"] == suppresses


@pytest.mark.parametrize("code", ["40003", "40005", "40006", "40008", "40010", "49999", ""])
def test_whatever_else_went_wrong_another_sender_may_fare_better(falling, sandbox, appointment, code):
    """Any other code is followed by a fallback, an unknown or missing one too."""
    kit = falling()
    kit.sync(appointment())
    fail(kit, sandbox, code)
    assert work_of(kit.resync()) == [("day-before-fallback", "schedule", "clamped_late")]


@pytest.mark.parametrize("name", SCHEDULING)
@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"status": "cancelled"}, "cancelled"),
        ({"days": 9}, "removed"),
        ({"phone": "+12025550177"}, "removed"),
        ({"recipients": []}, "removed"),
    ],
    ids=["cancelled", "moved", "another number", "nobody left"],
)
def test_parked_it_is_withdrawn_at_its_own_provider(falling, sandbox, appointment, name, change, reason):
    """A change of its appointment cancels the fallback at the provider that holds it."""
    kit = falling(name)
    kit.sync(appointment())
    fail(kit, sandbox)
    kit.resync(only_dirty=True)
    (held,) = sandbox.parked()
    report = kit.sync(appointment(**change))
    assert report.ok
    assert ("day-before-fallback", "cancel", reason) in work_of(report)
    assert held.status == "cancelled"
    assert SENDERS[name] not in [sender(item) for item in sandbox.parked()]


@pytest.mark.parametrize("way", ["suppressed", "stop", "withdrawn"])
def test_parked_it_is_withdrawn_with_whatever_else_is(falling, sandbox, appointment, way):
    """A suppression, a STOP and a withdrawal cancel a parked fallback like any message."""
    kit = falling("twilio")
    kit.sync(appointment())
    fail(kit, sandbox)
    kit.resync(only_dirty=True)
    (held,) = sandbox.parked()
    if way == "suppressed":
        kit.suppress(NUMBER)
    elif way == "withdrawn":
        kit.withdraw("A-1")
    else:
        hook = sandbox.inbound(NUMBER, "Stop. Thank you")
        kit.receive(*hook.as_sent(sandbox.now(), url=f"{HOOK}/twilio"))
        kit.resync(only_dirty=True)
    assert held.status == "cancelled"
    sandbox.clock.advance(hours=3)
    assert received_texts(sandbox) == []


def test_moved_by_little_it_keeps_its_sender(falling, sandbox, appointment):
    """Moved by little while it is parked, it says the new time through the same sender."""
    kit = falling("twilio")
    kit.sync(appointment())
    fail(kit, sandbox)
    kit.resync(only_dirty=True)
    report = kit.sync(appointment(hours=0.2))
    assert work_of(report) == [("day-before-fallback", "replace", "clamped_late")]
    sandbox.clock.advance(minutes=30)
    (arrived,) = sandbox.inbox(NUMBER)
    assert (sender(arrived), arrived.text) == (SERVICE, "See you tomorrow at 9:12 AM")


def test_moved_far_the_reminder_itself_is_sent_again(falling, sandbox, appointment):
    """Moved far, it is the reminder itself that is sent again, and it may fall back again."""
    kit = falling()
    kit.sync(appointment())
    fail(kit, sandbox)
    kit.resync(only_dirty=True)
    assert sorted(work_of(kit.sync(appointment(days=5)))) == [
        ("day-before", "schedule", "on_time"),
        ("day-before-fallback", "cancel", "removed"),
    ]
    fail(kit, sandbox, days=2)
    assert work_of(kit.resync()) == [("day-before-fallback", "schedule", "clamped_late")]
    sandbox.clock.advance(minutes=10)
    assert received_texts(sandbox) == ["See you tomorrow at 9:00 AM"]


def test_moved_away_and_back_it_goes_out_in_the_same_run(falling, sandbox, appointment):
    """Moved away and back before it went out it goes out in the same run."""
    kit = falling()
    kit.sync(appointment())
    fail(kit, sandbox)
    kit.resync(only_dirty=True)
    kit.sync(appointment(days=5))
    report = kit.sync(appointment())
    assert sorted(work_of(report)) == [
        ("day-before", "cancel", "already_sent"),
        ("day-before-fallback", "schedule", "clamped_late"),
    ]
    assert work_of(kit.plan_resync()) == []
    sandbox.clock.advance(days=6)
    assert received_texts(sandbox) == ["See you tomorrow at 9:00 AM"]


def test_what_could_not_be_taken_back_yet_keeps_it_waiting(falling, sandbox, appointment):
    """A fallback is parked only after the rule's own message is surely cancelled."""
    kit = falling()
    kit.sync(appointment())
    fail(kit, sandbox)
    kit.sync(appointment(days=5))
    sandbox.fault("503", times=None, method="DELETE")
    assert [item.rule for item in kit.sync(appointment()).failed] == ["day-before"]
    assert [sender(item) for item in sandbox.parked()] == ["+12025550100"]
    sandbox.faults.clear()
    sandbox.clock.advance(minutes=6)
    assert kit.resync().ok
    assert [sender(item) for item in sandbox.parked()] == ["+12025550101"]


def test_small_moves_are_measured_from_what_the_fallback_told(falling, sandbox, appointment):
    """Small moves count from the start the fallback told, and a real one is reminded of anew."""
    kit = falling()
    kit.sync(appointment())
    fail(kit, sandbox)
    kit.resync(only_dirty=True)
    kit.sync(appointment(hours=0.2))
    sandbox.clock.advance(minutes=20)
    hear(kit, sandbox)
    assert received_texts(sandbox) == ["See you tomorrow at 9:12 AM"]
    report = kit.sync(appointment(hours=0.4))  # 24 minutes after what was not delivered, 12 after what was
    assert work_of(report) == []
    assert {change.reason.value for change in report.changes} == {"already_sent"}
    assert work_of(kit.sync(appointment(days=5))) == [("day-before", "schedule", "on_time")]


# Refused when it was to be parked


REFUSED = {"kind": "error", "times": None, "method": "POST", "status": 400, "containing": "+12025550100"}


@pytest.mark.parametrize("name", FALLBACKS)
def test_a_refused_sender_is_stood_in_for_at_the_usual_time(falling, sandbox, appointment, name):
    """A message refused for its sender when parked goes through the other one at its due time."""
    kit = falling(name)
    sandbox.fault(**REFUSED, code="40320")
    report = kit.sync(appointment())
    assert report.ok
    expected = ("hold", "beyond_window") if name == "vonage" else ("schedule", "on_time")
    assert [
        (change.kind.value, change.reason.value) for change in report.changes if change.rule == "day-before-fallback"
    ] == [expected]
    assert kit.resync().ok
    for _ in range(5):
        sandbox.clock.advance(hours=12)
        kit.resync()
    (arrived,) = sandbox.inbox(NUMBER)
    assert (sender(arrived), arrived.sent_at) == (SENDERS[name], SENT)


def test_a_mended_sender_doubles_nothing(falling, sandbox, appointment):
    """A refused sender that is mended doesn't double what stands in for it."""
    kit = falling()
    sandbox.fault(**REFUSED, code="40320")
    kit.sync(appointment())
    sandbox.faults.clear()
    edited = falling(rules=[changed(DAY, text="Come {{ when }}")])
    edited.sync(appointment())
    assert [(sender(item), item.text) for item in sandbox.parked()] == [("+12025550101", "Come tomorrow at 9:00 AM")]


@pytest.mark.parametrize("code", ["40302", "40310", "40300", "10015"])
def test_what_is_refused_for_its_text_or_number_has_none(falling, sandbox, appointment, code):
    """Another sender could not send a refused text, nor reach a refused number: no fallback."""
    kit = falling()
    sandbox.fault(**REFUSED, code=code)
    kit.sync(appointment())
    kit.resync()
    assert sandbox.parked() == []


def test_what_waits_for_an_account_has_no_fallback(falling, sandbox, appointment):
    """What waits for an account to be mended is not lost and has no fallback."""
    kit = falling()
    sandbox.fault(**REFUSED, code="40333")
    assert [change.reason for change in kit.sync(appointment()).changes] == ["waiting_account"]
    assert sandbox.parked() == []
    sandbox.faults.clear()
    sandbox.clock.advance(minutes=10)
    assert kit.resync().ok
    assert [sender(item) for item in sandbox.parked()] == ["+12025550100"]


# Whatever happens to answers, and who else works


@pytest.mark.parametrize("name", SCHEDULING)
@pytest.mark.parametrize("kind", ["drop_after", "500_after", "garbage", "cut"])
def test_an_answer_lost_while_it_is_posted_is_settled(falling, sandbox, appointment, name, kind):
    """A fallback whose answer is lost is settled with its key, and is sent once."""
    kit = falling(name)
    kit.sync(appointment())
    fail(kit, sandbox)
    sandbox.fault(kind, times=1, method="POST")
    assert kit.resync(only_dirty=True).ok
    assert len(sandbox.parked()) == 1
    sandbox.clock.advance(hours=1)
    assert kit.resync().ok
    assert len(received_texts(sandbox)) == 1


@pytest.mark.parametrize("policy", ["prefer_duplicate", "prefer_missing"])
def test_what_can_not_be_settled_is_unknown_and_never_doubled(falling, sandbox, appointment, policy):
    """A fallback lost without a key is unknown, and neither policy sends it a second time."""
    kit = falling("vonage", unknown_outcome=policy)
    kit.sync(appointment())
    fail(kit, sandbox)
    sandbox.fault("drop_after", times=1, method="POST")
    report = kit.resync(only_dirty=True)
    assert [item.rule for item in report.unknown] == ["day-before-fallback"]
    for _ in range(5):
        sandbox.clock.advance(minutes=7)
        kit.resync()
    assert len(sandbox.messages()) == 2
    hear(kit, sandbox)
    assert kit.status()["messages"] == {"undelivered": 1, "delivered": 1}


def test_the_other_provider_has_a_breaker_and_pace_of_its_own(falling, sandbox, appointment):
    """The network of the other provider has a breaker and a pace of its own."""
    network = Unreachable(sandbox)
    kit = falling("twilio", transport=network)
    kit.sync([appointment(f"A-{n}", phone=f"+120255501{n:02}") for n in range(30, 45)])
    for n in range(30, 45):
        sandbox.outcome(f"+120255501{n:02}", "delivery_failed", "40008")
    sandbox.clock.advance(days=2, minutes=1)
    hear(kit, sandbox)
    network.down = "api.twilio.com"
    assert len(kit.resync().failed) == 15
    assert network.refused <= 12, "after ten failures in a row it is left alone"
    assert kit.sync(appointment("A-9", days=4, phone="+12025550199")).ok, "the first provider works all the while"
    network.down = ""
    sandbox.clock.advance(minutes=6)
    kit.resync()  # of several at once some wait for what the first one comes to
    sandbox.clock.advance(minutes=1)
    assert kit.resync().ok
    assert len(sandbox.parked()) == 16


def test_without_credentials_it_fails_by_name_and_stops_no_other(falling, sandbox, appointment):
    """The failure names the missing variable, others are parked, and it follows once mended."""
    kit = falling(fallback=Twilio(ACCOUNT, "", SERVICE))
    kit.sync(appointment())
    fail(kit, sandbox)
    report = kit.sync([appointment(), appointment("A-2", days=4, phone="+12025550177")])
    assert [(item.rule, "TWILIO_AUTH_TOKEN" in item.error) for item in report.failed] == [("day-before-fallback", True)]
    assert [item.to for item in sandbox.parked()] == ["+12025550177"]
    mended = falling("twilio")
    sandbox.clock.advance(minutes=1)
    assert work_of(mended.resync()) == [("day-before-fallback", "schedule", "clamped_late")]


def test_two_workers_at_once_send_each_of_them_once(falling, sandbox, appointment):
    """Two workers that resync at once park one fallback a recipient."""
    kits = [falling("twilio"), falling("twilio")]
    numbers = [f"+120255501{n:02}" for n in range(40, 60)]
    kits[0].sync([appointment(number, phone=number) for number in numbers])
    for number in numbers:
        sandbox.outcome(number, "delivery_failed", "40008")
    sandbox.clock.advance(days=2, minutes=1)
    hear(kits[0], sandbox)
    with ThreadPoolExecutor(2) as workers:
        reports = list(workers.map(lambda kit: kit.resync(), kits))
    assert sum(len(work_of(report)) for report in reports) >= 20
    assert sorted(item.to for item in sandbox.parked()) == numbers


def test_its_costs_are_counted_with_its_channel(falling, sandbox, appointment):
    """A forecast counts the fallback of an MMS rule as an MMS."""
    media = {"channel": "mms", "media_urls": ["https://clinic.example/map.png"]}
    kit = falling(rules=[changed(DAY, **media)])
    kit.sync(appointment())
    fail(kit, sandbox)
    assert kit.forecast(kit.plan_resync()).rules["day-before-fallback"].mms == 1


def test_of_two_workers_one_sends_it(falling, sandbox, appointment):
    """Of two plans for the same fallback the second to be applied finds nothing left to do."""
    first, second = falling("twilio"), falling("twilio")
    first.sync(appointment())
    fail(first, sandbox)
    plans = [item.plan_resync() for item in (first, second)]
    reports = [kit.apply(plan) for kit, plan in zip((first, second), plans, strict=True)]
    assert [work_of(plan) for plan in plans] == [[("day-before-fallback", "schedule", "clamped_late")]] * 2
    assert [len(work_of(report)) for report in reports] == [1, 0]
    assert len(sandbox.messages()) == 2


# Whose a webhook is


def test_webhooks_of_either_provider_are_taken(falling, sandbox, appointment):
    """Webhooks of either provider are taken by their signature or by name."""
    kit = falling("twilio")
    kit.sync(appointment())
    fail(kit, sandbox)
    kit.resync()
    sandbox.clock.advance(hours=1)
    now, hooks = sandbox.now(), sandbox.hooks.sent
    assert [kit.receive(*hook.as_sent(now))[0].provider for hook in hooks] == ["telnyx"] * 2 + ["twilio"] * 2
    assert kit.receive(*hooks[0].as_sent(now), provider="telnyx")
    assert kit.receive(*hooks[-1].as_sent(now), provider="twilio")
    for hook, other in ((hooks[0], "twilio"), (hooks[-1], "telnyx")):
        with pytest.raises(SignatureError):
            kit.receive(*hook.as_sent(now), provider=other)
    with pytest.raises(InvalidInputError, match="'vonage': it has telnyx and twilio"):
        kit.receive(*hooks[0].as_sent(now), provider="vonage")


@pytest.mark.parametrize("name", FALLBACKS)
def test_a_forged_webhook_of_either_provider_is_refused(falling, sandbox, appointment, name):
    """A webhook of either provider whose signature is wrong or missing changes no message."""
    kit = falling(name)
    kit.sync(appointment())
    fail(kit, sandbox)
    kit.resync()
    sandbox.clock.advance(hours=1)
    before = kit.status()["messages"]
    for hook in sandbox.hooks.sent:
        headers, body = hook.as_sent(sandbox.now())
        with pytest.raises(SignatureError):
            kit.receive(headers, body.replace(b"2025550123", b"2025550177"))
    for headers in ({}, {"authorization": "Bearer x.y.z"}, {"X-Twilio-Signature": "AAAA"}):
        with pytest.raises(SignatureError):
            kit.receive(headers, b"MessageSid=SM1&MessageStatus=delivered")
    assert kit.status()["messages"] == before


def test_two_accounts_with_one_provider_have_keys_of_their_own(falling, sandbox, appointment):
    """A webhook is accepted that is signed for either sender's account, and no other."""
    strange = Telnyx("KEY", "+12025550101", public_key=Signer("another account").public_key)
    kit = falling(provider=strange, fallback=telnyx(sandbox))
    hook = sandbox.inbound(NUMBER, "Hello")
    assert [item.type for item in kit.receive(*hook.as_sent(sandbox.now()))] == ["received"]
    lonely = falling(provider=strange, fallback=twilio(sandbox))
    with pytest.raises(SignatureError):
        lonely.receive(*hook.as_sent(sandbox.now()))


def test_each_providers_codes_mean_what_it_says(falling, sandbox, appointment):
    """A failure's code is read by the table of the provider that sent it."""
    kit, seen = falling("twilio"), []
    kit.on("undelivered", lambda event: seen.append((event.provider, event.code, event.reason)))
    kit.sync(appointment())
    fail(kit, sandbox)
    kit.resync()
    fail(kit, sandbox, "30006", hours=1)
    assert seen == [("telnyx", "40008", "unreachable"), ("twilio", "30006", "landline")]
    assert kit.status()["suppressions"] == 1


# The provider changes


def test_who_became_the_fallback_gives_back_what_is_parked(make_kit, falling, sandbox, appointment):
    """A provider that became the fallback gives back what is parked there."""
    make_kit([DAY], provider=telnyx(sandbox)).sync([appointment(), appointment("A-2", days=4)])
    kit = falling(provider=twilio(sandbox), fallback=telnyx(sandbox))
    report = kit.sync([appointment(), appointment("A-2", status="cancelled")])
    assert report.ok
    assert [(change.rule, change.kind.value, change.causes) for change in report.changes] == [
        ("day-before", "replace", ("sender",)),
        ("day-before", "cancel", ()),
    ]
    assert [item.kind for item in sandbox.parked()] == ["twilio"]


def test_what_is_parked_at_a_provider_that_is_gone_is_named(falling, make_kit, sandbox, appointment):
    """What is parked at a provider that is gone is named and asked of nobody."""
    kit = falling("twilio")
    kit.sync(appointment())
    fail(kit, sandbox)
    kit.resync(only_dirty=True)
    requests = sandbox.request_count
    alone = make_kit([DAY], provider=telnyx(sandbox))
    (failed,) = alone.resync().failed
    assert "parked at twilio" in failed.error
    assert "`fallback`" in failed.error
    assert sandbox.request_count == requests
    sandbox.clock.advance(hours=1)
    assert alone.resync().ok
    assert alone.status()["messages"] == {"undelivered": 1, "sent": 1}
    assert sandbox.request_count == requests


def test_what_failed_at_the_fallback_is_not_sent_there_again(falling, sandbox, appointment):
    """What failed at what is the fallback now is not sent through it again."""
    kit = falling("twilio")
    kit.sync(appointment())
    fail(kit, sandbox)
    swapped = falling(provider=twilio(sandbox), fallback=telnyx(sandbox))
    assert work_of(swapped.resync()) == []


# Room at the provider


def test_each_provider_has_room_of_its_own(falling, sandbox, appointment):
    """Fallbacks beyond their own provider's cap wait for room there: at_capacity."""
    spare = twilio(sandbox)
    spare.capabilities = evolve(spare.capabilities, cap=1)
    kit = falling(fallback=spare)
    kit.sync([appointment(f"A-{n}", phone=f"+1202555013{n}") for n in range(3)] + [appointment("A-9", days=4)])
    for n in range(3):
        sandbox.outcome(f"+1202555013{n}", "delivery_failed", "40008")
    sandbox.clock.advance(days=2, minutes=1)
    hear(kit, sandbox)
    report = kit.resync()
    assert sorted(change.reason.value for change in report.changes if change.rule == "day-before-fallback") == [
        "at_capacity",
        "at_capacity",
        "clamped_late",
    ]
    sandbox.clock.advance(minutes=20)
    hear(kit, sandbox)
    assert work_of(kit.resync()) == [("day-before-fallback", "schedule", "clamped_late")]


# The same, awaited, and from a file


def test_awaited_it_is_the_same(sandbox, make_kit, appointment):
    """The async kit hears of the failure and sends one fallback too."""

    async def story():
        options = {"provider": telnyx(sandbox), "fallback": twilio(sandbox), "kind": AsyncReminderKit}
        async with make_kit([DAY], **options) as kit:
            await kit.sync(appointment())
            sandbox.outcome(NUMBER, "delivery_failed", "40008")
            sandbox.clock.advance(days=2, minutes=1)
            for hook in sandbox.hooks.sent:
                await kit.receive(*hook.as_sent(sandbox.now()))
            sandbox.outcome(NUMBER, "delivered")
            assert work_of(await kit.resync(only_dirty=True)) == [("day-before-fallback", "schedule", "clamped_late")]
            sandbox.clock.advance(minutes=20)
            for hook in sandbox.hooks.sent:
                await kit.receive(*hook.as_sent(sandbox.now()))
            assert work_of(await kit.resync()) == []
            assert (await kit.status())["messages"] == {"undelivered": 1, "delivered": 1}

    asyncio.run(story())
    assert len(received_texts(sandbox)) == 1


def test_a_fallback_that_is_no_other_sender_is_refused(make_kit, sandbox):
    """A fallback from the same sender at the same provider is a mistake in the configuration."""
    with pytest.raises(ConfigurationError, match="the same sender at telnyx"):
        make_kit([DAY], provider=telnyx(sandbox), fallback=telnyx(sandbox))


def test_a_rule_called_as_anothers_fallback_is_refused(falling):
    """A rule's id may not be the one that another rule's fallback is known by."""
    with pytest.raises(ConfigurationError, match="rule 'day-before-fallback'"):
        falling(rules=[DAY, changed(DAY, id="day-before-fallback")])
