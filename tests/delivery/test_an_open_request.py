"""A request whose answer is open: repeated, asked by, looked for, or given up, for each moment and each answer."""

from __future__ import annotations

from datetime import timedelta

import pytest
from attrs import evolve

from reminder_kit.errors import AccountRefusedError, RefusedCredentialError
from reminder_kit.model.lifecycle import State
from reminder_kit.planning.message_times import ASKED
from reminder_kit.sandbox import SandboxTransport
from tests.delivery.desk import Desk
from tests.factories import DAY, START, visit

SENT_AT = visit("A-1", day=3).start_at - timedelta(hours=24)
LATE = SENT_AT - timedelta(seconds=90)
"""When it could not be taken back any more, so that it is not repeated."""
NEAREST = SENT_AT - timedelta(minutes=5)
STARTS = SENT_AT + timedelta(hours=24)
SECOND, HOUR, DAYS = timedelta(seconds=1), timedelta(hours=1), timedelta(days=1)
REFUSALS = {
    "text": {"code": "40302", "status": 400},
    "time": {"code": "10033", "status": 400},
    "stop": {"code": "40300", "status": 400},
    "account": {"code": "40312", "status": 400},
    "strange": {"code": "49999", "status": 400},
    "full": {"code": "40318", "status": 400},
}
LOST = {"state": State.CREATING, "provider_id": None, "uncertain": True, "error": "no answer"}


@pytest.fixture
def desk(make_kit, sandbox):
    """Return a function that has the answer to a request be open at an instant, and the next ones be such."""

    def made(at=START, answer="", *, sure=False, proven=False, age=SECOND, asked=False, **options):
        here = Desk(make_kit([DAY], concurrency=1, **options), sandbox)
        error = f"{ASKED}no answer" if asked else "no answer"
        here.put(at, **{**LOST, "uncertain": not sure, "error": error})
        here.before = evolve(here.before, created_at=at - age)
        here.kit._executor.route.honours_keys = proven
        if answer in REFUSALS:
            here.fault("error", method="POST", times=None, **REFUSALS[answer])
        elif answer:
            here.fault(answer, method="POST", times=None)
        return here

    return made


def bodies(desk):
    """Return the bodies of what was posted, "{}" for nothing, "…" for the stored request under its key."""
    stored = (desk.before.request, desk.before.idempotency_key)
    return ["…" if (one.body, one.idempotency_key) == stored else one.body.decode() for one in desk.sandbox.requests]


@pytest.mark.parametrize("sure", [True, False], ids=["never left", "in doubt"])
@pytest.mark.parametrize("proven", [True, False], ids=["keys honoured", "keys not proven"])
def test_in_its_time_the_very_same_request_is_repeated(desk, sure, proven):
    """Under its key; what is taken is parked, and nothing is open any more."""
    here = desk(sure=sure, proven=proven)
    assert here.settle() == ("done", "scheduled", ["POST 200"])
    assert bodies(here) == ["…"]
    assert (here.after.uncertain, here.after.next_try_at, here.after.error) == (False, None, "")
    assert here.after.provider_id


@pytest.mark.parametrize(
    ("at", "posted"), [(NEAREST, ["…"]), (NEAREST + SECOND, [])], ids=["five minutes before", "nearer"]
)
def test_what_never_left_is_given_up_once_its_time_is_too_near(desk, at, posted):
    """Its reminder is decided anew, and nobody is asked."""
    here = desk(at, sure=True)
    here.sandbox.past_send_at = "send"
    status, state, _ = here.settle()
    assert bodies(here) == posted
    assert (status, state == "rejected") == ("done", not posted)
    if not posted:
        assert (here.after.error, here.after.uncertain, here.after.next_try_at) == ("never sent", False, None)


@pytest.mark.parametrize(("age", "posted"), [(DAYS - SECOND, ["…"]), (DAYS, ["{}"])], ids=["lives", "a day old"])
def test_in_doubt_it_is_repeated_while_its_key_lives(desk, age, posted):
    """After that, a second text might come of it: it is unknown, once posts are answered at all."""
    here = desk(age=age)
    status, state, _ = here.settle()
    assert bodies(here) == posted
    assert (status, state) == (("done", "scheduled") if posted == ["…"] else ("unknown", "unknown"))
    if state == "unknown":
        assert (here.after.error, here.after.next_try_at, here.after.uncertain) == ("no answer", None, True)
        assert str(here.result.error) == "no answer"


@pytest.mark.parametrize("sure", [True, False], ids=["never left", "in doubt"])
@pytest.mark.parametrize(("answer", "code"), [("503", 503), ("drop_before", 0)], ids=["503", "no answer"])
def test_what_nobody_answers_is_tried_three_times_and_later_again(desk, answer, code, sure):
    """It is in doubt from then on; why is noted."""
    here = desk(answer=answer, sure=sure)
    assert here.settle() == ("failed", "creating", [f"POST {code}"] * 3)
    assert bodies(here) == ["…"] * 3
    assert (here.after.uncertain, here.after.attempts, here.after.error) == (True, 2, str(here.result.error))
    assert timedelta(seconds=24) <= here.after.next_try_at - START <= timedelta(seconds=30)
    assert here.history()[-1] == ("failed", here.after.error)


def test_a_dead_key_is_not_repeated_by_a_run_that_failed_with_it(desk):
    """It was certainly not done; once an answer is lost, it is in doubt, and asked but once."""
    here = desk(answer="503", sure=True, age=DAYS)
    assert here.settle() == ("failed", "creating", ["POST 503"])
    assert here.after.uncertain


def test_a_full_queue_takes_no_message_that_certainly_is_not_there(desk):
    """It is given up, and nothing is posted for a minute."""
    here = desk(answer="full", sure=True)
    assert here.settle() == ("no_room", "rejected", ["POST 400"])
    assert (here.result.message, here.after.error) == (None, "never sent")
    assert here.kit._executor.route.account.full_until == START + timedelta(minutes=1)


def test_a_full_queue_says_nothing_of_one_in_doubt(desk):
    """It is asked for again, and others are not kept from posting."""
    here = desk(answer="full")
    assert here.settle() == ("failed", "creating", ["POST 400"] * 3)
    assert here.kit._executor.route.account.full_until is None


@pytest.mark.parametrize("answer", ["text", "time", "stop", "account", "strange"])
@pytest.mark.parametrize(
    ("sure", "proven"), [(True, False), (False, True)], ids=["never left", "in doubt, keys honoured"]
)
def test_a_refusal_settles_what_was_certainly_not_done(desk, answer, sure, proven):
    """Who repeats its answers for a key would not have refused what it carried out."""
    here = desk(answer=answer, sure=sure, proven=proven)
    ended, reason, error = {
        "text": ("rejected", "quarantined", "Telnyx: "),
        "time": ("mistimed", None, "never sent"),
        "stop": ("rejected", "opted_out", "opted out: Telnyx: "),
        "account": ("blocked", None, "never sent: Telnyx: "),
        "strange": ("blocked", None, "never sent: Telnyx: "),
    }[answer]
    assert here.settle() == (ended, "rejected", ["POST 400"])
    assert (here.result.reason, here.after.error[: len(error)]) == (reason, error)
    assert (here.after.uncertain, here.after.next_try_at) == (False, None)
    blockers = here.kit.ledger.read(lambda reader: reader.blockers())
    assert blockers == ((here.result.blocker,) if ended == "blocked" else ())
    barred = here.kit.ledger.read(
        lambda reader: reader.consent.suppressions({here.before.draft.to}, here.kit.settings.writer)
    )
    assert bool(barred) is (answer == "stop")
    assert (here.result.message is None) is (ended != "rejected")


@pytest.mark.parametrize("answer", ["text", "time", "stop"])
def test_a_refusal_says_nothing_of_a_request_that_may_have_been_carried_out(desk, answer):
    """Where keys are not proven: it is unknown, for the reason that was given, once posts are answered."""
    here = desk(answer=answer)
    assert here.settle() == ("unknown", "unknown", ["POST 400", "POST 400"])
    assert bodies(here) == ["…", "{}"]
    assert here.after.error == str(here.result.error)
    assert f"({REFUSALS[answer]['code']}" in here.after.error


@pytest.mark.parametrize(("answer", "status"), [("account", 400), ("strange", 400), ("unauthorized", 401)])
def test_while_the_account_is_refused_what_is_in_doubt_waits(desk, answer, status):
    """Five minutes, then more: nobody has looked at it."""
    here = desk(answer=answer)
    assert here.settle() == ("failed", "creating", [f"POST {status}"])
    assert (here.after.next_try_at - START, here.after.uncertain) == (timedelta(minutes=5), True)
    assert isinstance(here.result.error, RefusedCredentialError) is (answer == "unauthorized")


def test_a_key_of_the_account_that_is_refused_settles_nothing_even_where_keys_are_honoured(desk):
    """The account's key is checked first: whoever is not let in is told nothing of what was done before."""
    here = desk(answer="unauthorized", proven=True)
    assert here.settle() == ("failed", "creating", ["POST 401"])
    assert (here.after.next_try_at - START, here.after.uncertain) == (timedelta(minutes=5), True)


@pytest.mark.parametrize("seconds", [31, 45])
def test_a_provider_that_names_a_time_is_asked_after_it(desk, seconds):
    """Where that is longer than the back-off."""
    here = desk().fault("429", method="POST", times=None, retry_after=seconds)
    assert here.settle() == ("failed", "creating", ["POST 429"])
    assert here.after.next_try_at - START == timedelta(seconds=seconds)


# As a question, after its time


@pytest.mark.parametrize(
    ("options", "alone", "waits"),
    [
        ({"proven": True}, True, True),
        ({"proven": True, "unknown_outcome": "prefer_missing"}, False, True),
        ({}, True, True),
        ({}, False, False),
        ({"asked": True}, True, False),
        ({"unknown_outcome": "prefer_missing"}, True, False),
        ({"proven": True, "age": DAYS - 10 * HOUR}, True, False),
        ({"proven": True, "age": DAYS - 10 * HOUR - SECOND}, True, True),
    ],
    ids=str,
)
def test_a_question_that_may_be_asked_in_ten_hours_waits_for_them(desk, options, alone, waits):
    """Where it may be asked at all by then; nobody is asked meanwhile, and it is written down once."""
    here = desk(LATE, **options)
    status, state, asked = here.settle(after=10 * HOUR, alone=alone)
    assert (status == "waiting", state == "creating") == (waits, waits)
    if not waits:
        return
    assert asked == []
    assert here.after.next_try_at == LATE + 10 * HOUR
    assert (here.after.error, here.after.attempts) == (here.before.error, here.before.attempts)
    assert str(here.result.error) == f"left alone until 2026-02-12T23:58:30Z after: {here.before.error}"
    known, history = here.after, here.history()
    here.before = evolve(here.before, next_try_at=known.next_try_at)
    assert here.settle(after=10 * HOUR, alone=alone)[::2] == ("waiting", [])
    assert (here.after, here.history()) == (known, history)


@pytest.mark.parametrize(
    ("options", "named", "posted"),
    [
        ({"proven": True}, {}, ["…"]),
        ({"proven": True}, {"leaves": False}, ["{}"]),
        ({"proven": True, "asked": True}, {}, ["…"]),
        ({"proven": True}, {"alone": False}, ["…"]),
        ({}, {}, ["{}", "…", "{}"]),
        ({}, {"leaves": False}, ["{}"]),
        ({}, {"alone": False}, ["{}"]),
        ({"asked": True}, {}, ["{}"]),
        ({"unknown_outcome": "prefer_missing"}, {}, []),
        ({"unknown_outcome": "prefer_missing", "proven": True}, {}, ["…"]),
        ({"age": DAYS}, {}, ["{}"]),
        ({"age": DAYS, "proven": True}, {}, ["{}"]),
    ],
    ids=["proven", "proven, mustn't leave", "proven, asked before", "proven, not alone", "not proven",
         "not proven, mustn't leave", "not proven, not alone", "not proven, asked before", "prefer missing",
         "prefer missing, proven", "dead key", "dead key, proven"],
)  # fmt: skip
def test_after_its_time_it_is_asked_by_once(desk, options, named, posted):
    """Where a text that leaves now is allowed; and where it might be a second one, of who answers, and of one alone."""
    here = desk(LATE, "text", **options)
    status, state, _ = here.settle(**named)
    got = bodies(here)
    if options.get("unknown_outcome") and not options.get("proven"):
        assert "…" not in got
    else:
        assert got == posted
    assert (status, state) == (("rejected", "rejected") if posted == ["…"] else ("unknown", "unknown"))


def test_while_nobody_answers_no_question_is_asked(desk):
    """Whether a provider answers shows by a post of nothing; the reason that was noted stays."""
    here = desk(LATE, "503")
    assert here.settle() == ("failed", "creating", ["POST 503"])
    assert bodies(here) == ["{}"]
    assert (here.after.error, here.after.uncertain) == ("no answer", True)


def test_a_question_that_is_not_answered_is_not_asked_again(desk):
    """It may have been a text itself: the ledger notes that before it leaves, and after."""
    here = desk(LATE)
    here.fault("drop_before", method="POST", containing="send_at", times=None)
    assert here.settle() == ("failed", "creating", ["POST 400", "POST 0"])
    assert here.after.error.startswith(ASKED)
    assert here.after.error.count(ASKED) == 1
    here.before, here.sandbox.faults = here.after, type(here.sandbox.faults)()
    here.sandbox.requests.clear()
    here.settle()
    assert bodies(here) == ["{}"]


def test_a_question_that_is_not_answered_where_keys_are_honoured_is_asked_again(desk):
    """It can be no second text."""
    here = desk(LATE, "503", proven=True)
    assert here.settle() == ("failed", "creating", ["POST 503"])
    assert (here.after.error, bodies(here)) == (str(here.result.error), ["…"])
    assert ASKED not in here.after.error


@pytest.mark.parametrize(("word", "state"), [("scheduled", "scheduled"), ("sent", "sent")])
def test_a_question_that_is_taken_is_looked_up(desk, word, state):
    """Its message is there, be it the first request's or this one's; the result warns of that."""
    here = desk(LATE, proven=True)
    here.sandbox.past_send_at = "send"
    here.fault("word", method="POST", word="scheduled").fault("word", method="GET", word=word)
    assert here.settle() == ("done", state, ["POST 200", "GET 200"])
    assert (here.after.next_try_at, here.after.error) == (None, "")
    assert str(here.result.error) == (
        f"the answer to its request was lost, and the same request was taken after its time; looked up, it is {state}"
    )
    assert (here.result.error.code, here.result.error.provider) == ("not_scheduled", "telnyx")


def test_a_question_that_is_taken_and_can_not_be_looked_up_is_asked_about_later(desk):
    """It counts as parked until then."""
    here = desk(LATE, proven=True)
    here.sandbox.past_send_at = "send"
    here.fault("word", method="POST", word="scheduled").fault("503", method="GET")
    assert here.settle() == ("done", "scheduled", ["POST 200", "GET 503"])
    assert here.after.next_try_at > LATE
    assert str(here.result.error).endswith("; it is looked up again")


@pytest.mark.parametrize(("at", "asks"), [(STARTS - SECOND, True), (STARTS, False)], ids=["before the start", "after"])
def test_after_the_start_nobody_asks_whether_posts_are_answered(desk, at, asks):
    """What can't be known by then is unknown at once."""
    here = desk(at, "503", age=DAYS)
    status, state, asked = here.settle()
    assert (status, state, bool(asked)) == (("failed", "creating", True) if asks else ("unknown", "unknown", False))


def test_what_the_provider_has_proved_stays_proved(desk):
    """That it honours keys is known of it, also once a success shows that what refused others is over."""
    here = desk(proven=True)
    route = here.kit._executor.route
    route.note_refusal(AccountRefusedError("disabled", code="40312"), here.before, here.kit.now())
    assert here.settle() == ("done", "scheduled", ["POST 200"])
    assert (route.blockers, route.honours_keys) == ((), True)


@pytest.mark.parametrize("proven", [True, False], ids=["keys honoured", "keys not proven"])
def test_who_dies_while_asking_has_noted_where_that_may_be_a_second_text(desk, proven, monkeypatch):
    """Before the request leaves: whoever goes on asks by it once more only where it is none."""
    here = desk(LATE, proven=proven)

    answer = SandboxTransport.handle_request

    def killed(transport, request):
        if request.read() == here.before.request:
            raise KeyboardInterrupt
        return answer(transport, request)

    monkeypatch.setattr(SandboxTransport, "handle_request", killed)
    with pytest.raises(KeyboardInterrupt):
        here.settle()
    held = here.kit.ledger.read(lambda reader: reader.find_message(provider="telnyx", token=here.before.id)).message
    assert (held.uncertain, held.error) == (True, "no answer" if proven else f"{ASKED}no answer")
