"""Of which reminders a restored ledger can't say whether a message exists: those the lost one may have parked."""

from __future__ import annotations

from datetime import timedelta

import pytest
from attrs import evolve

from reminder_kit.model.lifecycle import State
from reminder_kit.model.restorations import IN_GAP, Restoration
from reminder_kit.planning.assessment import assess
from reminder_kit.planning.decide import decide
from reminder_kit.planning.message_times import CLEARED, NEVER_SENT
from reminder_kit.rules.rule import Rule
from reminder_kit.rules.window import Window
from tests.factories import DAY, START, message_of, observed_of, settings_of, visit

GAP = Restoration(START - timedelta(days=1), START)
SETTINGS = settings_of(DAY)
AT_ONCE = Window(timedelta(0), timedelta(0), timedelta(0), timedelta(0))
AS_LATE = START + SETTINGS.window.max_lead + timedelta(hours=24, minutes=5)
TOO_LATE = AS_LATE + timedelta(minutes=1)
EAGER = Rule("day-before", before="24 hours", text="{{ when }}", if_far="clamp")


def is_in_doubt(appointment, *messages, settings=SETTINGS, now=START, gap=GAP):
    (assessment,) = assess(observed_of(appointment, *messages, gap=gap), settings, now)
    return assessment.doubted_since is not None


@pytest.mark.parametrize(
    ("day", "settings", "now", "doubted"),
    [
        pytest.param(4, SETTINGS, START, True, id="in the window by then"),
        pytest.param(6, SETTINGS, START + timedelta(hours=1), True, id="just in the window by then"),
        pytest.param(7, SETTINGS, START + timedelta(days=1), False, id="in the window only since"),
        pytest.param(AS_LATE, SETTINGS, START + timedelta(hours=1), True, id="by a clock that is ahead"),
        pytest.param(TOO_LATE, SETTINGS, START + timedelta(hours=1), False, id="further than clocks differ"),
        pytest.param(1, SETTINGS, START, True, id="due by then, and late"),
        pytest.param(7, settings_of(EAGER), START + timedelta(days=1), True, id="parked early whatever its time"),
        pytest.param(2, settings_of(DAY, window=AT_ONCE), START + timedelta(days=1), False, id="at once, due since"),
        pytest.param(1, settings_of(DAY, window=AT_ONCE), START, True, id="sent at once, due by then"),
    ],
)
def test_what_may_have_entered_the_window_is_in_doubt(day, settings, now, doubted):
    """The ledger that is lost parked what entered the provider's window, or was due, while it was at work."""
    appointment = visit("A-1", day=day) if isinstance(day, int) else evolve(visit("A-1"), starts_at=day, ends_at=None)
    assert is_in_doubt(appointment, settings=settings, now=now) is doubted


@pytest.mark.parametrize(
    ("changes", "doubted"),
    [
        pytest.param({"state": State.SENT, "send_at": START - timedelta(hours=2)}, True, id="went out before"),
        pytest.param({"state": State.SENT, "send_at": START + timedelta(hours=2)}, False, id="went out since"),
        pytest.param({"state": State.UNDELIVERED, "send_at": START + timedelta(hours=2)}, False, id="failed since"),
        pytest.param({"state": State.REJECTED, "error": NEVER_SENT}, True, id="refused before"),
        pytest.param(
            {"state": State.REJECTED, "error": NEVER_SENT, "created_at": START + timedelta(hours=1)},
            False,
            id="refused since",
        ),
        pytest.param({"state": State.REJECTED, "error": CLEARED}, False, id="certainly none"),
    ],
)
def test_what_is_known_since_leaves_no_doubt(changes, doubted):
    """A message that was there, or made, after the gap shows that nothing took its place in it."""
    appointment = visit("A-1", day=4)
    moved = evolve(appointment, starts_at=appointment.starts_at - timedelta(hours=3), ends_at=None)
    made = message_of(moved, SETTINGS, created_at=START - timedelta(days=2))
    send_at = changes.pop("send_at", made.send_at)
    made = evolve(made, draft=evolve(made.draft, send_at=send_at), **changes)
    assert is_in_doubt(appointment, made, now=START + timedelta(hours=3)) is doubted


def test_one_that_is_parked_is_moved_without_asking():
    """It was still parked after the gap, so that nothing else is of that reminder."""
    appointment = visit("A-1", day=4)
    made = message_of(visit("A-1", 12, day=4), SETTINGS, created_at=START - timedelta(days=2))
    (decision,) = decide(observed_of(appointment, made, gap=GAP), SETTINGS, START)
    assert (decision.kind.value, decision.doubt) == ("replace", None)


def test_one_that_is_unknown_since_is_followed_by_none():
    """It counts for as many texts as may ever be: the next one is a person's word."""
    appointment = visit("A-1", day=4)
    made = message_of(appointment, SETTINGS, State.UNKNOWN, error=f"{IN_GAP}who knows", created_at=GAP.since)
    (decision,) = decide(observed_of(appointment, made, gap=GAP), SETTINGS, START)
    assert (decision.kind.value, decision.reason.value) == ("skip", "not_confirmed")


def test_what_did_not_come_in_again_is_held():
    """Also what would be parked without any doubt; what is over, or not wanted, is not."""
    held = observed_of(visit("A-1", day=4), gap=GAP, is_awaited=True)
    (decision,) = decide(held, SETTINGS, START)
    assert (decision.kind.value, decision.reason.value) == ("hold", "restored_ledger")
    assert "did not come in again" in decision.error
    (decision,) = decide(held, SETTINGS, START + timedelta(days=5))
    assert decision.reason.value == "past"


def test_the_message_that_may_exist_says_what_was_true_then():
    """It is asked for by the words it had on time, though it would say something else by now."""
    (decision,) = decide(observed_of(visit("A-1", 9, day=1), gap=GAP), SETTINGS, START - timedelta(hours=-20))
    assert decision.doubt.since == GAP.since
    assert decision.doubt.draft.text == "Check-up tomorrow at 9:00 AM"
    assert decision.draft.text == "Check-up today at 9:00 AM"


@pytest.mark.parametrize(
    ("source", "row", "booked_at", "over"),
    [
        ("default", 3, None, False),
        ("clinic", 10, None, False),
        ("clinic", 11, None, True),
        ("default", 3, START, True),
        ("default", 3, START - timedelta(seconds=1), False),
    ],
)
def test_what_was_booked_later_has_nothing_in_the_gap(source, row, booked_at, over):
    """Its own word says so; or its source had come in whole before it was first recorded."""
    assert evolve(GAP, complete={"clinic": 10}).is_over_for(source, row, booked_at) is over
