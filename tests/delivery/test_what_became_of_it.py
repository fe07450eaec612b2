"""What became of a message whose last step is open, for each answer and each side of each instant, told in full."""

from __future__ import annotations

from datetime import timedelta

import httpx
import pytest
from attrs import evolve

from reminder_kit.delivery.dispatchers import Dispatchers, isolated
from reminder_kit.errors import ConfigurationError, LedgerError, RefusedCredentialError
from reminder_kit.model.lifecycle import State
from reminder_kit.model.restorations import IN_GAP
from reminder_kit.providers.telnyx.provider import Telnyx
from reminder_kit.providers.twilio.provider import Twilio
from reminder_kit.sandbox import SandboxTransport
from reminder_kit.transport.blocking import run_blocking
from tests.delivery.desk import Desk
from tests.factories import ACCOUNT, DAY, SENDER, SERVICE, START, visit

SECOND = timedelta(seconds=1)
SENT_AT = visit("A-1", day=3).start_at - timedelta(hours=24)
PAST = SENT_AT + timedelta(minutes=1)
"""When it should have gone out by: providers are accurate to the minute."""
FORGOTTEN = visit("A-1", day=3).start_at + timedelta(hours=24)
CUT_OFF = SENT_AT - timedelta(minutes=1, seconds=30)
QUEUED = {"state": State.SCHEDULED, "next_try_at": START, "error": "telnyx said queued"}


@pytest.fixture
def desk(make_kit, sandbox):
    return Desk(make_kit([DAY]), sandbox)


# Past its time


@pytest.mark.parametrize(
    ("word", "state"),
    [("delivered", "delivered"), ("delivery_failed", "undelivered"), ("sent", "sent"), ("cancelled", "cancelled")],
)
def test_past_its_time_the_provider_says_what_became_of_it(desk, word, state):
    """The history has it, and nothing is presumed."""
    desk.put(PAST).fault("word", method="GET", word=word)
    assert desk.settle() == ("done", state, ["GET 200"])
    assert (desk.after.presumed, desk.after.next_try_at) == (False, None)
    assert [event for event, _ in desk.history()] == [state]


@pytest.mark.parametrize(
    "fault",
    [("503", {}), ("drop_before", {}), ("garbage", {}), ("error", {"code": "10005", "status": 404}), ("word", {})],
    ids=["503", "no answer", "garbage", "not known", "a strange word"],
)
def test_past_its_time_silence_means_that_it_was_sent(desk, fault):
    """Presumed, and nobody asks again."""
    desk.put(PAST).fault(fault[0], method="GET", times=None, **fault[1])
    status, state, asked = desk.settle()
    assert (status, state, len(asked)) == ("done", "sent", 1)
    assert (desk.after.presumed, desk.after.next_try_at) == (True, None)


@pytest.mark.parametrize(
    ("changes", "at", "asks"),
    [
        ({}, PAST, True),
        ({"created_at": PAST - timedelta(days=10)}, PAST, True),
        ({"created_at": PAST - timedelta(days=10) - SECOND}, PAST, False),
        ({"provider_id": None}, PAST, False),
    ],
    ids=["as ever", "ten days old", "older", "without a name"],
)
def test_who_can_not_be_asked_is_not(desk, changes, at, asks):
    """Ten days after a message was made Telnyx knows it no more; without a name it never did."""
    desk.put(at).fault("503", method="GET")
    desk.before = evolve(desk.before, **changes)
    assert desk.settle() == ("done", "sent", ["GET 503"] if asks else [])


def test_a_refused_key_presumes_nothing(desk):
    """It says nothing of the message: a person mends it, and then it is asked for."""
    desk.put(PAST).fault("unauthorized", method="GET")
    assert desk.settle() == ("failed", "scheduled", ["GET 401"])
    assert desk.after == desk.before
    assert isinstance(desk.result.error, RefusedCredentialError)


@pytest.mark.parametrize("at", [PAST, FORGOTTEN - SECOND, FORGOTTEN], ids=["past", "a day after", "forgotten"])
def test_one_that_is_stuck_is_asked_about_later_for_a_day_after_the_start(desk, at):
    """Then it counts as sent."""
    desk.put(at).fault("word", method="GET", word="scheduled")
    if at == FORGOTTEN:
        assert desk.settle() == ("done", "sent", ["GET 200"])
        assert desk.after.presumed
        return
    assert desk.settle() == ("done", "scheduled", ["GET 200"])
    assert desk.after.attempts == desk.before.attempts + 1
    assert timedelta(seconds=24) <= desk.after.next_try_at - at <= timedelta(seconds=30)
    assert desk.history() == []


@pytest.mark.parametrize("word", ["scheduled", "pondering"])
def test_one_that_waited_for_a_look_up_past_its_time_is_not_parked_after_all(desk, word):
    """Its time is over: it is stuck, or nobody knows its word."""
    desk.put(PAST, **QUEUED).fault("word", method="GET", word=word)
    assert desk.settle() == ("done", "scheduled" if word == "scheduled" else "sent", ["GET 200"])
    assert (desk.after.next_try_at is not None, desk.after.presumed) == (word == "scheduled", word != "scheduled")
    assert desk.after.error == QUEUED["error"]


@pytest.mark.parametrize(
    ("at", "state"), [(PAST, "scheduled"), (FORGOTTEN - SECOND, "scheduled"), (FORGOTTEN, "sent")], ids=str
)
def test_after_a_restore_silence_says_nothing_until_it_is_forgotten(desk, at, state):
    """It may have been taken back in the gap: the reason is kept, and it is asked about again."""
    desk.put(at, error=f"{IN_GAP}parked before").fault("503", method="GET")
    status, found, _ = desk.settle()
    assert (status, found) == ("done" if state == "sent" else "failed", state)
    assert (desk.after.presumed, desk.after.error) == (state == "sent", f"{IN_GAP}parked before")
    assert (desk.after.next_try_at is None) == (state == "sent")


# Before its time


@pytest.mark.parametrize(
    ("at", "settled"), [(PAST - SECOND, False), (PAST, True)], ids=["a second before", "a minute after its time"]
)
def test_before_its_time_the_batch_job_waits_for_its_turn(desk, at, settled):
    """Past it, it asks at once."""
    desk.put(at, next_try_at=PAST + timedelta(minutes=30), error="no answer")
    status, _, asked = desk.settle(patient=True)
    assert (status, bool(asked)) == ("done" if settled else "waiting", settled)
    if not settled:
        error = desk.result.error
        assert str(error) == f"left alone until {PAST + timedelta(minutes=30):%Y-%m-%dT%H:%M:%SZ} after: no answer"
        assert (error.provider, error.code, desk.result.message) == ("telnyx", "waiting", desk.before)


@pytest.mark.parametrize("late", [-SECOND, timedelta(0)], ids=["a second before", "due"])
@pytest.mark.parametrize("patient", [True, False], ids=["batch job", "a person"])
def test_a_persons_run_waits_for_no_turn(desk, patient, late):
    """Nor does the batch job once it is due."""
    due = START + timedelta(minutes=2)
    desk.put(due + late, **{**QUEUED, "next_try_at": due})
    assert bool(desk.settle(patient=patient)[2]) is (not patient or not late)


@pytest.mark.parametrize(
    ("word", "state", "waits"),
    [("scheduled", "scheduled", False), ("pondering", "scheduled", True),
     ("cancelled", "cancelled", False)],
)  # fmt: skip
def test_one_that_was_not_said_to_be_parked_is_looked_up(desk, word, state, waits):
    """Until the provider says where it is; then the error that it waited for is over."""
    desk.put(START, **QUEUED, attempts=1).fault("word", method="GET", word=word)
    assert desk.settle() == ("done", state, ["GET 200"])
    assert (desk.after.next_try_at is not None, desk.after.attempts) == (waits, 2 if waits else 1)
    assert desk.after.error == (QUEUED["error"] if waits else "")


def test_where_nobody_answers_the_look_up_says_why(desk):
    """In the provider's words; it is asked again after the back-off."""
    desk.put(START, **QUEUED).fault("503", method="GET")
    assert desk.settle() == ("failed", "scheduled", ["GET 503"])
    assert "503" in str(desk.result.error)
    assert (desk.after.error, desk.after.uncertain) == (str(desk.result.error), False)
    assert timedelta(seconds=24) <= desk.after.next_try_at - START <= timedelta(seconds=30)


# Taking back


@pytest.mark.parametrize(
    ("at", "asked"), [(CUT_OFF - SECOND, ["DELETE 200"]), (CUT_OFF, [])], ids=["in time", "too late"]
)
def test_a_message_is_taken_back_until_the_margin_before_its_cut_off(desk, at, asked):
    """After that nothing is asked: it goes out."""
    desk.put(at)
    status = desk.cancel()
    assert status == (("done", "cancelled", asked) if asked else ("too_late", "scheduled", []))
    assert [event for event, _ in desk.history()] == (["cancelling", "cancelled"] if asked else [])


@pytest.mark.parametrize(
    ("faults", "ended", "error"),
    [
        ([("word", {"method": "DELETE", "word": "cancelled"})], ("done", "cancelled", ["DELETE 200"]), None),
        ([("word", {"method": "DELETE", "word": "sent"})], ("too_late", "sent", ["DELETE 200"]), None),
        (
            [("error", {"method": "DELETE", "code": "10005", "status": 404})],
            ("failed", "cancelling", ["DELETE 404", "GET 200"] * 3),
            "",
        ),
    ],
    ids=["cancelled", "went out", "refused while it is parked"],
)
def test_how_a_cancellation_ends(desk, faults, ended, error):
    """Whatever is no plain yes is settled by looking; one that is still parked is asked for three times."""
    for kind, named in faults:
        desk.fault(kind, times=None, **named)
    assert desk.cancel() == ended
    if error is not None:
        assert desk.after.next_try_at is not None
        assert desk.after.attempts == 2


@pytest.mark.parametrize(
    ("word", "ended"),
    [("cancelled", ("done", "cancelled")), ("delivered", ("too_late", "delivered")), ("sent", ("too_late", "sent"))],
)
def test_a_cancellation_whose_answer_says_nothing_is_looked_up(desk, word, ended):
    """And ends as the look-up says."""
    desk.fault("error", method="DELETE", code="10005", status=404).fault("word", method="GET", word=word)
    assert desk.cancel() == (*ended, ["DELETE 404", "GET 200"])
    assert desk.after.next_try_at is None


def test_a_cancellation_that_nobody_answers_is_tried_by_a_later_run(desk):
    """Three times in this one, and then looked at; why is noted, and nothing is in doubt that was not."""
    desk.fault("503", times=None)
    status, state, asked = desk.cancel()
    assert (status, state, asked) == ("failed", "cancelling", [*["DELETE 503"] * 3, "GET 503"])
    assert "503" in desk.after.error
    assert not desk.after.uncertain
    desk.sandbox.faults.clear()
    desk.before = desk.after
    desk.sandbox.requests.clear()
    assert desk.settle() == ("done", "cancelled", ["DELETE 200"])
    assert (desk.after.error, desk.after.next_try_at) == ("", None)


@pytest.mark.parametrize(
    ("answer", "asked"),
    [
        (httpx.Response(204), ["DELETE", "GET"]),
        (httpx.Response(200), ["DELETE", "GET"]),
        (httpx.Response(200, text="<html>"), ["DELETE", "GET"]),
        (httpx.Response(502), ["DELETE"] * 3 + ["GET"]),
    ],
    ids=["204", "empty", "a page", "502"],
)
def test_one_that_was_taken_back_under_an_answer_that_says_nothing_is_cancelled(make_kit, sandbox, answer, asked):
    """A success is looked at at once, a failure after the last try: the message of the new time is parked."""
    visits, told = (visit("A-1", day=3), visit("A-1", day=4)), []

    class Unreadable(SandboxTransport):
        def handle_request(self, request):
            told.append(request.method)
            answered = super().handle_request(request)
            return answer if request.method == "DELETE" and told.count("DELETE") <= 3 else answered

    kit = make_kit([DAY], provider=Telnyx("KEY", SENDER), transport=Unreadable(sandbox))
    kit.sync(visits[0])
    told.clear()
    assert kit.sync(visits[1]).ok
    assert told == [*asked, "POST"]
    assert [message.send_at for message in sandbox.parked()] == [visits[1].start_at - timedelta(hours=24)]


class OtherMessage(SandboxTransport):
    """A provider that answers some verbs about another message, which was cancelled."""

    verbs = ()

    def handle_request(self, request):
        answered = super().handle_request(request)
        if request.method not in self.verbs:
            return answered
        return httpx.Response(200, json={"data": {"id": "another", "to": [{"status": "cancelled"}]}})


@pytest.fixture
def other(make_kit, sandbox):
    """Return a desk at a provider that answers these verbs about another message."""

    def made(*verbs):
        transport = OtherMessage(sandbox)
        desk = Desk(make_kit([DAY], provider=Telnyx("KEY", SENDER), transport=transport), sandbox)
        transport.verbs = verbs
        return desk

    return made


def test_a_yes_about_another_message_is_none(other):
    """The message itself is looked at, and is taken back only then."""
    desk = other("DELETE")
    assert desk.cancel() == ("done", "cancelled", ["DELETE 200", "GET 200"])
    assert desk.sandbox.parked() == []


@pytest.mark.parametrize("verbs", [("DELETE", "GET"), ("GET",)], ids=["both", "the look"])
def test_while_every_answer_is_about_another_message_nothing_is_settled(other, verbs):
    """It counts as parked, and is asked for by a later run; the error names neither message."""
    desk = other(*verbs)
    if "DELETE" not in verbs:
        desk.fault("error", method="DELETE", code="10005", status=404, times=None)
    status, state, asked = desk.cancel()
    assert (status, state, len(asked)) == ("failed", "cancelling", 6)
    assert desk.after.error.startswith("telnyx answered about another message than it was asked about")
    assert "another" not in desk.after.error.replace("another message", "")
    assert desk.before.provider_id not in desk.after.error


def test_past_its_time_what_is_said_of_another_message_is_silence(other):
    """It was sent, presumably."""
    desk = other("GET").put(PAST)
    assert desk.settle() == ("done", "sent", ["GET 200"])
    assert desk.after.presumed


def test_a_name_in_other_letters_is_the_same_message(desk, monkeypatch):
    """Providers write the digits of a name in small letters or capitals."""
    parse = Telnyx.parse_read

    def shouted(self, told):
        found = parse(self, told)
        return evolve(found, provider_id=found.provider_id.upper())

    monkeypatch.setattr(Telnyx, "parse_read", shouted)
    assert desk.put(PAST).settle() == ("done", "delivered", ["GET 200"])
    assert not desk.after.presumed


@pytest.mark.parametrize(
    ("at", "word", "ended"),
    [
        (CUT_OFF - SECOND, None, ("done", "cancelled", ["DELETE 200"])),
        (CUT_OFF, "scheduled", ("too_late", "cancelling", ["GET 200"])),
        (CUT_OFF, "pondering", ("too_late", "cancelling", ["GET 200"])),
        (CUT_OFF, "cancelled", ("done", "cancelled", ["GET 200"])),
        (CUT_OFF, "sent", ("too_late", "sent", ["GET 200"])),
        (PAST, "scheduled", ("too_late", "cancelling", ["GET 200"])),
        (PAST, "pondering", ("done", "sent", ["GET 200"])),
    ],
    ids=str,
)
def test_a_wish_that_comes_too_late_is_looked_up(desk, at, word, ended):
    """Until its cut-off it is asked for again."""
    desk.put(at, state=State.CANCELLING, next_try_at=START)
    if word:
        desk.fault("word", method="GET", word=word)
    assert desk.settle() == ended
    waits = ended[1] == "cancelling" and at == PAST
    assert desk.after.attempts == desk.before.attempts + waits


# A provider that is gone


@pytest.fixture
def moved(make_kit, sandbox):
    """A desk whose message is parked at a provider that the kit does not know any more."""
    return Desk(make_kit([DAY]), sandbox).holding(make_kit([DAY], provider=Twilio(ACCOUNT, "KEY", SERVICE)))


def test_what_is_parked_at_a_provider_that_is_gone_can_not_be_taken_back(moved):
    """It is named, with the remedy; nothing is asked of anybody else."""
    assert moved.cancel() == ("failed", "scheduled", [])
    assert str(moved.result.error) == (
        "the message is parked at telnyx, which this kit does not know any more: give it as `fallback` until nothing "
        "is parked there"
    )
    assert moved.result.error.provider == "telnyx"
    moved.sandbox.clock.set(PAST - SECOND)
    assert moved.settle() == ("failed", "scheduled", [])
    assert (moved.result.message, moved.result.error.provider) == (moved.before, "telnyx")


@pytest.mark.parametrize(
    ("changes", "at", "ended", "presumed"),
    [
        ({}, PAST, ("done", "sent"), True),
        ({"state": State.CANCELLING}, PAST, ("done", "sent"), True),
        ({"state": State.CREATING, "uncertain": True}, PAST, ("unknown", "unknown"), False),
        ({"state": State.CREATING, "uncertain": False}, PAST, ("done", "rejected"), False),
        ({"state": State.UNKNOWN}, START, ("unknown", "unknown"), False),
        ({"state": State.UNKNOWN}, FORGOTTEN - SECOND, ("unknown", "unknown"), False),
        ({"state": State.UNKNOWN}, FORGOTTEN, ("done", "abandoned"), False),
        ({"state": State.CREATING, "uncertain": True}, FORGOTTEN, ("unknown", "unknown"), False),
    ],
    ids=["parked", "wanted back", "in doubt", "never left", "unknown", "unknown still", "forgotten", "doubt, late"],
)
def test_of_one_at_a_provider_that_is_gone_only_time_tells(moved, changes, at, ended, presumed):
    """Nobody is asked."""
    moved.put(at, next_try_at=at, **changes)
    assert moved.settle() == (*ended, [])
    assert (moved.after.presumed, moved.after.next_try_at) == (presumed, None)


@pytest.mark.parametrize("error", [LedgerError("locked"), ConfigurationError("no key")], ids=["ledger", "settings"])
def test_what_is_ours_to_mend_is_told_as_it_is(error):
    """It concerns that message alone."""

    async def fails():
        raise error

    result = run_blocking(isolated(fails()))
    assert (result.status.value, result.message, result.error) == ("failed", None, error)


def test_a_fault_of_an_adapter_concerns_its_message_alone():
    """It is named."""

    async def fails():
        raise KeyError("data")

    result = run_blocking(isolated(fails()))
    assert (result.status.value, str(result.error)) == ("failed", "the provider's code failed: KeyError('data')")


def test_a_message_goes_by_the_dispatcher_of_its_provider(make_kit):
    """Of the fallback, or of another sender; what belongs to nobody here by the first."""
    kit = make_kit([DAY])
    executor = kit._executor
    other = executor.route.beside(Telnyx("KEY", "+12025550101"), evolve(kit.settings, sender="+12025550101"))
    routes = (executor.route, None)
    made = Dispatchers.over(routes, kit.ledger, kit.now, "sync", patient=True, others=(other,))
    assert (made.first.route, made.second, [one.route for one in made.others]) == (executor.route, None, [other])
    assert (made.first.patient, made.others[0].patient, made.first.journal.actor) == (True, True, "sync")
