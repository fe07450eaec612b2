"""A work item: what is noted while an appointment is worked on, and what is reported, recorded and left for later."""

from __future__ import annotations

from datetime import timedelta

import pytest
from attrs import evolve

from reminder_kit.delivery.dispatch import ClaimedMessage, DispatchResult, DispatchStatus
from reminder_kit.errors import ProviderError
from reminder_kit.model.lifecycle import State
from reminder_kit.model.messages import Draft
from reminder_kit.model.reasons import Reason
from reminder_kit.model.records import AppointmentRecord, Claim, Identity, Release, ReminderRecord, ReminderStatus
from reminder_kit.model.restorations import IN_GAP
from reminder_kit.model.snapshots import encode
from reminder_kit.planning.changes import ChangeKind
from reminder_kit.planning.decide import quarantined
from reminder_kit.planning.decision import Decision
from reminder_kit.planning.message_times import NEVER_SENT
from reminder_kit.reconciler.work_item import WorkItem, _belongs_in_history, _detail, _is_news
from tests.factories import DAY, NUMBER, START, message_of, settings_of, visit

A = Identity("default", "A")
AT = START + timedelta(days=1)
CLAIM = Claim(7, "w", 3)
HERE = visit("A", day=3)
SETTINGS = settings_of(DAY)
PAST = AT + timedelta(minutes=1)
SECOND = timedelta(seconds=1)


def message(key="k", state=State.SCHEDULED, at=AT, to=NUMBER, **changes):
    made = message_of(HERE, SETTINGS, state, key=key, id=changes.pop("id", f"m-{key}"), **changes)
    return evolve(made, draft=evolve(made.draft, send_at=at, to=to))


def decision(key="k", kind="schedule", reason=Reason.ON_TIME, status=ReminderStatus.PARKED, **changes):
    values = {"draft": Draft(NUMBER, "See you", AT), **changes}
    return Decision(A, key, "r", "p", NUMBER, AT, ChangeKind(kind), reason, status, **values)


def record(*messages, outcomes=(), **changes):
    values = {
        "row": 7,
        "identity": A,
        "snapshot": encode(HERE),
        "fingerprint": "f",
        "generation": 4,
        "dirty": False,
        "removed": False,
        "planned_with": "digest",
        "next_at": None,
        "start_at": HERE.start_at,
        "recorded_at": START,
    }
    return AppointmentRecord(**{**values, **changes}, outcomes=tuple(outcomes), messages=tuple(messages))


def work(*messages, **changes):
    kept = changes.pop("record", None) or record(*messages)
    return WorkItem(CLAIM, kept, {one.id: one for one in messages}, **changes)


def kept(key="k", **changes):
    values = {"status": ReminderStatus.PARKED, "reason": "on_time", "due_at": AT, "send_at": AT, **changes}
    return ReminderRecord(key, "r", "p", NUMBER, **values)


@pytest.mark.parametrize(
    ("dirty", "planned_with", "fresh"), [(False, "d", False), (True, "d", True), (False, "", True), (True, "", True)]
)
def test_what_was_written_since_or_never_worked_on_is_fresh(dirty, planned_with, fresh):
    """Else it was decided before."""
    assert work(record=record(dirty=dirty, planned_with=planned_with)).is_fresh is fresh


def test_a_message_is_remembered_as_it_is_now():
    """By our id; a dispatch that made none changes nothing."""
    item = work(message())
    after = message(state=State.CANCELLED)
    item.remember(DispatchResult(DispatchStatus.DONE, after))
    item.remember(DispatchResult(DispatchStatus.FAILED))
    item.remember(DispatchResult(DispatchStatus.DONE, message("l")))
    assert item.messages == {"m-k": after, "m-l": message("l")}


@pytest.mark.parametrize("status", DispatchStatus)
def test_what_failed_is_left_to_the_next_run_and_what_is_unknown_is_told(status):
    """Whatever else happened needs no note."""
    item, result = work(), DispatchResult(status)
    item.note_failure("k", result)
    assert item.failed == ({"k": result} if status == "failed" else {})
    assert item.unconfirmed == ({"k"} if status == "unknown" else set())


@pytest.mark.parametrize(
    ("state", "at", "error", "noted"),
    [
        (State.SCHEDULED, PAST - SECOND, "", False),
        (State.SCHEDULED, PAST, "", True),
        (State.SCHEDULED, PAST - SECOND, f"{IN_GAP}parked", True),
        (State.CREATING, PAST - SECOND, "", True),
        (State.CANCELLING, PAST - SECOND, "", True),
    ],
    ids=["parked", "past", "of a gap", "creating", "cancelling"],
)
@pytest.mark.parametrize("status", ["failed", "waiting", "unknown", "done", "too_late"])
def test_a_message_that_was_not_settled_keeps_anything_new_from_being_made(state, at, error, noted, status):
    """One that waits for a look-up counts as parked, whatever that came to."""
    before, result = message(state=state, error=error), DispatchResult(DispatchStatus(status))
    item = work(before)
    item.settled(before, result, at)
    assert item.unsettled == ({"k": result} if noted and status in ("failed", "waiting", "unknown") else {})
    assert item.failed == ({"k": result} if noted and status == "failed" else {})
    assert item.unconfirmed == ({"k"} if noted and status == "unknown" else set())


def test_what_is_unknown_takes_no_place_of_what_failed():
    """Of two messages of a reminder, the one that can't be settled counts."""
    failed, unknown = DispatchResult(DispatchStatus.FAILED), DispatchResult(DispatchStatus.UNKNOWN)
    for order in ((failed, unknown), (unknown, failed)):
        item, one = work(), message(state=State.CREATING)
        for result in order:
            item.settled(one, result, START)
        assert item.unsettled == {"k": failed}


@pytest.mark.parametrize(
    ("state", "error", "waits"),
    [(State.SCHEDULED, f"{IN_GAP}?", True), (State.SCHEDULED, "", False), (State.SENT, "x", False)],
    ids=["still in doubt", "settled", "it went out"],
)
def test_a_message_of_a_gap_waits_until_it_is_known_to_be_parked(state, error, waits):
    """Whether another one took its place nobody knows before."""
    before, after = message(error=f"{IN_GAP}?"), message(state=state, error=error)
    item, fault = work(before), ProviderError("503")
    item.settled(before, DispatchResult(DispatchStatus.DONE, after, fault), START)
    assert item.unsettled == ({"k": DispatchResult(DispatchStatus.WAITING, after, fault)} if waits else {})


def test_messages_are_parked_for_numbers_that_were_not_barred():
    """Those that may still go out, as far as is known."""
    other = "+12025550177"
    item = work(message(), message("l", State.CANCELLED, to="+12025550178"), message("m", to=other, id="m2"))
    assert item.parked_for == {NUMBER, other}
    item.barred = {other: None}
    assert item.parked_for == {NUMBER}


def test_a_message_is_handed_over_with_the_rule_it_is_by():
    """None where its reminder is not recorded."""
    item = work(record=record(outcomes=[kept("l"), evolve(kept("k"), rule="r2")]))
    assert item.claimed(message("k")) == ClaimedMessage(CLAIM, A, "r2", message("k"))
    assert item.claimed(message("x")) == ClaimedMessage(CLAIM, A, "", message("x"))


def test_a_decision_is_noted_for_report_and_ledger():
    """With the report's word, if any."""
    item = work()
    item.note(decision("k"), outcome="done")
    item.note(decision("l"))
    assert {key: change.outcome for key, change in item.changes.items()} == {"k": "done", "l": None}
    assert item.reminder_records == {"k": decision("k").record, "l": decision("l").record}


ENDS = {
    "done": (True, False),
    "rejected": (True, False),
    "unknown": (True, False),
    "mistimed": (True, True),
    "no_room": (True, False),
    "stale": (True, True),
    "found": (True, True),
    "failed": (False, False),
    "waiting": (False, False),
    "too_late": (False, False),
}


@pytest.mark.parametrize("status", ENDS)
def test_how_a_dispatch_ends_says_whether_all_is_done(status):
    """And whether it is decided again at once."""
    item = work()
    item.conclude(decision(), DispatchResult(DispatchStatus(status), error=ProviderError("?")), AT)
    assert (item.complete, item.decide_again) == ENDS[status]
    assert (item.stale, bool(item.failed), bool(item.unconfirmed)) == (
        {"k"} if status == "stale" else set(),
        status == "failed",
        status == "unknown",
    )
    assert item.changes.keys() == item.reminder_records.keys() == {"k"}


def test_once_open_or_to_be_decided_again_it_stays_so():
    """Whatever the next dispatch comes to."""
    item = work()
    item.conclude(decision("j"), DispatchResult(DispatchStatus.FAILED, error=ProviderError("?")), AT)
    item.conclude(decision("k"), DispatchResult(DispatchStatus.STALE), AT)
    item.conclude(decision("l"), DispatchResult(DispatchStatus.DONE), AT)
    assert (item.complete, item.decide_again) == (False, True)


@pytest.mark.parametrize(
    ("kind", "then", "told"),
    [
        ("replace", "schedule", ("replace", "done")),
        ("replace", "skip", ("cancel", "done")),
        ("replace", "hold", ("cancel", "done")),
        ("replace", "cancel", ("cancel", "done")),
        ("schedule", "schedule", ("schedule", "done")),
        ("schedule", "skip", ("skip", None)),
    ],
)
def test_what_was_taken_back_and_decided_again_is_told_as_one(kind, then, told):
    """The message went, whatever came in its place."""
    item = work()
    item.conclude(evolve(decision("k"), kind=ChangeKind(kind)), DispatchResult(DispatchStatus.STALE), AT)
    item.forget_stale()
    item.note(evolve(decision("k"), kind=ChangeKind(then)), outcome="done" if then in ("schedule", "cancel") else None)
    (line,) = item.reported()
    assert (line.kind.value, line.outcome) == told


def test_a_second_refusal_for_its_moment_is_left_to_the_next_run():
    """Of the same reminder, with nothing taken between; the longer it goes on, the longer it is left alone."""
    refused = message(state=State.REJECTED, error=NEVER_SENT)
    item = work(record=record(refused, message("l", State.REJECTED, error=NEVER_SENT, id="m2")))
    item.conclude(decision(), DispatchResult(DispatchStatus.MISTIMED, error=ProviderError("?")), AT)
    assert not item.decide_again
    fresh = work(record=record(message("l", State.REJECTED, error=NEVER_SENT)))
    fresh.conclude(decision(), DispatchResult(DispatchStatus.MISTIMED, error=ProviderError("?")), AT)
    assert fresh.decide_again
    assert item.retry_at("0000", START) == fresh.retry_at("0000", START) == START + timedelta(seconds=30)
    several = work(record=record(*(message("0000", State.REJECTED, error=NEVER_SENT, id=f"m{n}") for n in range(3))))
    assert several.retry_at("0000", START) == START + timedelta(seconds=120)


def test_what_was_decided_on_what_is_no_longer_so_is_forgotten():
    """Once; it may have been noted nowhere."""
    item = work()
    item.note(decision("k"))
    item.note(decision("l"))
    item.stale = {"k", "m"}
    item.forget_stale()
    assert (set(item.changes), set(item.reminder_records), item.stale) == ({"l"}, {"l"}, set())


@pytest.mark.parametrize(
    ("state", "again"),
    [(State.SCHEDULED, False), (State.CANCELLING, False), (State.SENT, True), (State.TOO_LATE, True)],
)
def test_a_message_that_comes_back_too_late_is_kept(state, again):
    """Where it went out already, a correction may be due."""
    there = message(state=state)
    item = work(there)
    item.too_late(decision(kind="cancel", reason=Reason.REMOVED, status=ReminderStatus.SKIPPED, message=message()))
    (change,), (outcome,) = item.changes.values(), item.reminder_records.values()
    assert (change.kind, change.reason, change.outcome, change.send_at) == ("keep", Reason.TOO_LATE, "done", AT)
    assert (outcome.status, outcome.reason, outcome.park_at) == (ReminderStatus.PARKED, "too_late", None)
    assert item.decide_again is again
    item.decide_again = True
    item.too_late(decision(kind="cancel", message=message()))
    assert item.decide_again


def test_a_message_nobody_holds_any_more_is_kept_as_it_was_decided():
    """Nothing is decided again for it."""
    item = work()
    item.too_late(decision(kind="cancel", message=message()))
    assert (item.changes["k"].message_id, item.decide_again) == ("P", False)


# What needs no dispatch


def test_what_needs_no_dispatch_is_noted_as_decided():
    """Settled ones are done; what a dispatch noted stays."""
    item = work(decisions=[decision("k", "keep"), decision("l", "keep", causes=("settle",)), decision("m")])
    item.note(item.decisions[2], outcome="done")
    item.record_untouched(START)
    assert {key: change.outcome for key, change in item.changes.items()} == {"k": None, "l": "done", "m": "done"}
    assert set(item.reminder_records) == {"k", "l", "m"}
    assert item.complete


@pytest.mark.parametrize(("status", "complete"), [("failed", False), ("waiting", True)])
@pytest.mark.parametrize("kind", ["schedule", "keep"])
def test_nothing_new_is_made_while_the_one_before_is_in_doubt(status, complete, kind):
    """A new message waits, for the reason; what only waits for its back-off is not open."""
    item = work(decisions=[decision(kind=kind)])
    item.unsettled = {"k": DispatchResult(DispatchStatus(status), error=ProviderError("503"))}
    item.record_untouched(START)
    (change,) = item.changes.values()
    assert (change.outcome, change.error, item.complete) == ("failed", "503", complete)
    assert item.reminder_records == {}
    if kind == "schedule":
        assert (change.kind, change.reason, change.send_at, change.text) == (
            "hold",
            Reason.WAITING_PROVIDER,
            None,
            None,
        )
    else:
        assert (change.kind, change.reason, change.send_at, change.text) == ("keep", Reason.ON_TIME, AT, "See you")
    item.complete = False
    item.record_untouched(START)
    assert not item.complete


def test_a_doubt_without_an_error_is_told_by_its_name():
    """For want of other words."""
    item = work(decisions=[decision()])
    item.unsettled = {"k": DispatchResult(DispatchStatus.WAITING)}
    item.record_untouched(START)
    assert item.changes["k"].error == "waiting"


def test_what_was_never_confirmed_is_told_until_the_start():
    """Of that reminder; what is sent at once is in doubt after its time as well."""
    lost = message(state=State.UNKNOWN)
    begins = max(lost.start_at, lost.send_at)
    for now, unconfirmed, told in (
        (begins - SECOND, set(), "unknown"),
        (begins, set(), None),
        (begins, {"k"}, "unknown"),
        (begins, {"l"}, None),
    ):
        item = work(lost, decisions=[decision("k", "keep"), decision("m", "keep")], unconfirmed=unconfirmed)
        item.unsettled = {"k": DispatchResult(DispatchStatus.UNKNOWN)}
        item.record_untouched(now)
        assert (item.changes["k"].outcome, item.changes["m"].outcome) == (told, None)
        assert set(item.reminder_records) == {"k", "m"}


# What is left for later


def test_what_is_only_claimed_is_left_just_as_it_was():
    """It is given back as it came."""
    left = record(generation=9, planned_with="theirs", next_at=AT)
    item = work(record=left, active=False)
    assert item.release("ours", START) == Release(CLAIM, 9, complete=False, planned_with="theirs", next_at=AT)


def test_what_is_worked_off_is_looked_at_when_something_is_due():
    """By what is recorded and was noted now, and its messages; what is open at once."""
    held = kept("k", status=ReminderStatus.HELD, park_at=AT)
    item = work(record=record(outcomes=[held]))
    assert item.release("ours", START) == Release(CLAIM, 4, complete=True, planned_with="ours", next_at=AT)
    item.reminder_records = {"k": evolve(held, park_at=AT - SECOND)}
    assert item.release("ours", START).next_at == AT - SECOND
    item.reminder_records = {"k": evolve(held, park_at=None)}
    assert item.release("ours", START).next_at is None
    item.messages = {"m": message()}
    assert item.release("ours", START).next_at == PAST
    item.complete = False
    assert item.release("ours", START) == Release(CLAIM, 4, complete=False, planned_with="ours", next_at=START)


@pytest.mark.parametrize(
    ("kind", "after", "otherwise"),
    [
        ("schedule", "same", False),
        ("schedule", "skipped", True),
        ("schedule", "held", False),
        ("schedule", "none", False),
        ("keep", "skipped", False),
        ("cancel", "skipped", True),
        ("replace", "skipped", True),
    ],
)
def test_what_came_otherwise_than_was_decided_is_decided_again_with_its_group(kind, after, otherwise):
    """But for what only waits, and what was never dispatched."""
    item = work(decisions=[decision(kind=kind)])
    changed = {"same": {}, "skipped": {"status": ReminderStatus.SKIPPED}, "held": {"status": ReminderStatus.HELD}}
    if after != "none":
        item.reminder_records = {"k": evolve(item.decisions[0].record, **changed[after])}
    assert item.came_otherwise is otherwise


def test_what_was_not_carried_out_is_decided_anew():
    """What was done stays done."""
    item = work(stale={"x"})
    item.note(decision("k"))
    item.note(decision("l"), outcome="done")
    item.decide_anew()
    assert item.stale == {"x", "k"}


@pytest.mark.parametrize(
    ("active", "outcomes", "kind", "joins"),
    [
        (False, [decision(kind="keep").record], "keep", False),
        (False, [], "keep", True),
        (False, [decision().record], "schedule", True),
        (True, [], "schedule", False),
    ],
    ids=["nothing to do", "news", "work", "at work already"],
)
def test_who_is_only_claimed_joins_where_anything_is_to_be_done(active, outcomes, kind, joins):
    """Once."""
    item = work(record=record(outcomes=outcomes), active=active, decisions=[decision(kind=kind)])
    assert item.join() is joins
    assert item.active is (active or joins)
    assert not item.join()


def test_an_appointment_is_for_its_numbers_at_its_start():
    """Each once; none where it is removed."""
    assert work().phones() == [(NUMBER, HERE.start_at)]
    twice = evolve(HERE, recipients=(*HERE.recipients, evolve(HERE.recipients[0], name="Bea")))
    assert work(record=record(snapshot=encode(twice))).phones() == [(NUMBER, HERE.start_at)]
    assert work(record=record(removed=True)).phones() == []


def test_what_could_not_be_decided_is_the_last_line():
    """After whatever else is to be told."""
    item = work(error="no such zone")
    item.note(decision())
    assert item.reported() == [item.changes["k"], quarantined(A, "no such zone")]
    item.error = ""
    assert item.reported() == [item.changes["k"]]


# The history


@pytest.mark.parametrize(
    ("kind", "outcome", "is_news", "belongs"),
    [
        ("keep", "done", True, False),
        ("keep", None, False, False),
        ("hold", None, True, True),
        ("hold", "done", False, False),
        ("skip", None, True, True),
        ("schedule", "done", False, True),
        ("schedule", "failed", False, False),
        ("schedule", "failed", True, True),
        ("cancel", "done", False, True),
        ("replace", "done", False, True),
        ("replace", None, False, False),
    ],
)
def test_the_history_has_what_is_new_and_what_was_done_at_the_provider(kind, outcome, is_news, belongs):
    """What is kept is no line."""
    change = evolve(decision(kind=kind).change, outcome=outcome)
    assert _belongs_in_history(change, is_news=is_news) is belongs


WAITS = kept(status=ReminderStatus.HELD, reason="waiting_provider", park_at=AT, error="no answer", send_at=None)


@pytest.mark.parametrize(
    ("before", "after", "is_news"),
    [
        (None, WAITS, True),
        (None, kept(), True),
        (kept(), kept(), False),
        (kept(), kept(error="x"), True),
        (kept(), kept(park_at=AT), True),
        (WAITS, evolve(WAITS, park_at=PAST), False),
        (WAITS, evolve(WAITS, error="503"), False),
        (WAITS, evolve(WAITS, replacing=True), True),
        (kept(), WAITS, True),
        (WAITS, kept(), True),
        (evolve(WAITS, reason="waiting_account"), evolve(WAITS, reason="waiting_account", park_at=PAST), False),
        (evolve(WAITS, reason="waiting_account"), evolve(WAITS, reason="waiting_account", error="401"), True),
    ],
    ids=["waits first", "first", "the same", "an error", "another time", "waits longer", "another silence",
         "waits for another reason", "waits now", "waits no more", "the account, longer", "the account, otherwise"],
)  # fmt: skip
def test_what_waits_is_news_once(before, after, is_news):
    """However often it was tried, and whether the provider did not answer or was not asked."""
    assert _is_news(before, after) is is_news


def test_the_history_says_what_went_wrong_and_by_which_version_of_the_rule():
    """Where there is anything to say."""
    assert _detail(kept(error="503"), "a1") == {"error": "503", "rule_version": "a1"}
    assert _detail(kept(), "a1") == {"rule_version": "a1"}
    assert _detail(kept(error="503"), None) == {"error": "503"}
    assert _detail(kept(), None) == {}
