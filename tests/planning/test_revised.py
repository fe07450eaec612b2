"""What is decided once more just before it is carried out: to the second, and each field that changes."""

from __future__ import annotations

from datetime import timedelta

import pytest
from attrs import evolve

from reminder_kit.model.consent import Suppression
from reminder_kit.model.lifecycle import State
from reminder_kit.model.messages import Included
from reminder_kit.model.reasons import Reason
from reminder_kit.model.records import ReminderStatus
from reminder_kit.planning.changes import ChangeKind
from reminder_kit.planning.decide import decide
from reminder_kit.planning.revision import held, leaving_from, may_still_send, placed_again, without_room
from reminder_kit.rules.placement import Placement, PlacementDecision
from reminder_kit.rules.quiet_hours import QuietHours
from reminder_kit.rules.rule import Rule
from reminder_kit.rules.window import Window
from tests.factories import DAY, NUMBER, START, WINDOW, in_new_york, message_of, observed_of, settings_of, visit

SETTINGS = settings_of(DAY)
BOOKED = visit("A")
SECOND, MINUTE, HOUR, NONE = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1), timedelta(0)
(NEW,) = decide(observed_of(BOOKED), SETTINGS, START)
DUE = NEW.due_at
NIGHT = QuietHours("21:00", "09:00")
ASKED = message_of(BOOKED, SETTINGS, State.CREATING)


def again(now, decision=NEW, settings=SETTINGS, window=WINDOW, allowance=NONE):
    return placed_again(decision, settings, window, allowance, now)


def test_it_stays_as_it_was_while_its_time_is_in_the_window():
    """To the second, less what the clocks may differ; after that it is placed and written anew."""
    for allowance in (NONE, MINUTE):
        edge = DUE - WINDOW.min_lead - allowance
        assert again(edge, allowance=allowance) is NEW
        assert again(edge - HOUR, allowance=allowance) is NEW
    later = DUE - WINDOW.min_lead + SECOND
    found = again(later)
    assert found.placement.reason is Reason.CLAMPED_LATE
    assert found == evolve(
        NEW,
        reason=Reason.CLAMPED_LATE,
        placement=found.placement,
        draft=SETTINGS.composer.compose(NEW.reminder, WINDOW.opens(later)),
    )
    assert found.draft.send_at == found.placement.send_at == WINDOW.opens(later)


def test_what_is_placed_by_now_nowhere_goes_unsent():
    """Skipped, or held until its window: with the reason of then, and in the new place."""
    strict = evolve(
        NEW, reminder=evolve(NEW.reminder, rule=Rule("day-before", before="24 hours", text="x", if_late="skip"))
    )
    found = again(DUE, strict)
    assert found == evolve(strict.unsent(Reason.TOO_LATE), placement=found.placement)
    assert found.placement.reason is Reason.TOO_LATE
    replacing = again(DUE, evolve(strict, replaces=True))
    assert (replacing.kind, replacing.reason, replacing.replacing) == ("schedule", Reason.CLAMPED_LATE, False)
    past = again(BOOKED.start_at, evolve(NEW, replaces=True, replacing=True))
    assert (past.kind, past.reason, past.replacing) == ("skip", Reason.TOO_LATE, False)


@pytest.mark.parametrize("replaces", [False, True])
def test_what_must_wait_now_is_held(replaces):
    """With what it replaces still noted."""
    narrow = Window(timedelta(minutes=5), 2 * HOUR, MINUTE)
    found = again(START, evolve(NEW, replaces=replaces), window=narrow)
    assert (found.kind, found.status, found.reason) == ("hold", "held", Reason.BEYOND_WINDOW)
    assert (found.park_at, found.draft, found.replacing) == (DUE - 2 * HOUR + narrow.margin, None, replaces)
    assert found.placement.decision is PlacementDecision.HOLD


def test_quiet_hours_of_now_count():
    """Those that begin since it was decided."""
    quiet = evolve(SETTINGS, quiet=NIGHT)
    assert again(START, settings=quiet) is NEW
    covered = evolve(SETTINGS, quiet=QuietHours("08:00", "09:30"))
    late = again(DUE, settings=covered)
    assert late.draft.send_at == in_new_york("2026-02-11T09:30")


def test_a_text_that_can_not_be_written_now_is_told():
    """Nothing goes out, and the error says why; all it includes is written."""
    broken = evolve(
        NEW, reminder=evolve(NEW.reminder, rule=Rule("day-before", before="24 hours", text="{{ data.room }}"))
    )
    found = again(DUE, broken)
    assert found == broken.unsent(Reason.TEMPLATE_ERROR, error=found.error)
    assert "room" in found.error
    together = Rule("day-before", before="24 hours", text="x", together="{{ appointments | length }}")
    both = evolve(NEW, reminder=evolve(NEW.reminder, rule=together), includes=(NEW.reminder,))
    assert again(DUE, both).draft.text == "2"


# Want of room


@pytest.mark.parametrize("kind", list(ChangeKind))
def test_for_want_of_room_a_new_message_is_held(kind):
    """And no other; it asks again at once."""
    decision = evolve(NEW, kind=kind)
    found = held(decision)
    if kind is not ChangeKind.SCHEDULE:
        assert found is decision
        return
    assert found == evolve(
        NEW,
        kind=ChangeKind.HOLD,
        status=ReminderStatus.HELD,
        reason=Reason.AT_CAPACITY,
        park_at=DUE - timedelta(days=30),
        draft=None,
    )


@pytest.mark.parametrize("replaces", [False, True])
@pytest.mark.parametrize("replacing", [False, True])
def test_that_an_old_message_was_taken_back_is_not_forgotten(replaces, replacing):
    """Whether that was noted, or is just decided."""
    assert without_room(evolve(NEW, replaces=replaces, replacing=replacing)).replacing is (replaces or replacing)


def test_without_a_place_it_asks_again_when_it_is_due():
    """With one, thirty days before that."""
    nowhere = Placement(PlacementDecision.SKIP, Reason.PAST)
    for placement in (None, nowhere):
        assert without_room(evolve(NEW, placement=placement)).park_at == DUE
    moved = evolve(NEW.placement, send_at=DUE + HOUR)
    assert without_room(evolve(NEW, placement=moved)).park_at == DUE + HOUR - timedelta(days=30)


def test_a_message_may_go_out_up_to_its_last_instant_and_in_no_quiet_hour():
    """Whatever the window; of what nobody wants nothing is known against it."""
    may = may_still_send(NEW, NIGHT)
    assert [may(in_new_york(f"2026-02-11T{clock}")) for clock in ("08:59", "09:00", "20:59", "21:00")] == [
        False, True, True, False,
    ]  # fmt: skip
    begins = BOOKED.start_at
    assert [may_still_send(NEW, None)(at) for at in (begins - 2 * HOUR, begins)] == [True, False]
    assert may_still_send(evolve(NEW, reminder=None), NIGHT)(begins + HOUR)


# What may be asked about by its own request


def leaves(at=START + HOUR, message=ASKED, observed=None, settings=SETTINGS):
    """Say whether a message may leave at an instant."""
    return leaves_at(at, message, observed, settings) == at


def leaves_at(at, message=ASKED, observed=None, settings=SETTINGS):
    return leaving_from(message, observed or observed_of(BOOKED, message), settings)(at)


def test_a_message_in_doubt_may_leave_where_it_is_wanted_allowed_and_true():
    """At each instant anew: its words are those of then."""
    assert leaves(DUE)
    assert leaves(DUE + HOUR)
    assert not leaves(in_new_york("2026-02-12T00:00"))  # it says "tomorrow"
    assert not leaves(BOOKED.start_at)
    assert not leaves(DUE, settings=evolve(SETTINGS, quiet=QuietHours("08:00", "10:00")))
    assert leaves(DUE, settings=evolve(SETTINGS, quiet=NIGHT))


@pytest.mark.parametrize(
    ("quiet", "over"),
    [
        (("21:00", "23:00"), "23:00"),
        (("21:00", "23:59"), "23:59"),
        (("21:00", "00:00"), None),  # it says "tomorrow"
        (("23:00", "08:00"), "22:00"),
        (("00:00", "24:00"), None),
        (None, "22:00"),
    ],
)
def test_what_quiet_hours_cover_may_leave_once_they_are_over(quiet, over):
    """If it is allowed and true by then."""
    settings = evolve(SETTINGS, quiet=quiet and QuietHours(*quiet))
    found = leaves_at(in_new_york("2026-02-11T22:00"), settings=settings)
    assert found == (over and in_new_york(f"2026-02-11T{over}"))


@pytest.mark.parametrize(("notice", "leaves"), [("10 hours", True), ("601 minutes", False)])
def test_what_quiet_hours_cover_up_to_its_last_instant_never_leaves(notice, leaves):
    """To the minute."""
    rule = Rule("day-before", before="24 hours", text="{{ when }}", min_notice=notice)
    settings = evolve(settings_of(rule), quiet=QuietHours("21:00", "23:00"))
    message = message_of(BOOKED, settings, State.CREATING)
    over = in_new_york("2026-02-11T23:00")
    assert leaves_at(over - HOUR, message, settings=settings) == (over if leaves else None)


@pytest.mark.parametrize(
    ("changes", "asked"),
    [
        *(({"state": state}, state is State.CREATING) for state in State),
        ({"uncertain": False}, False),
        ({"includes": (Included("k", START),)}, False),
        ({"key": "another"}, False),
        ({"start_at": START}, False),
        ({"draft": evolve(ASKED.draft, to="+12025550177")}, False),
        ({"draft": evolve(ASKED.draft, text="other words")}, False),
    ],
)
def test_only_what_is_in_doubt_alone_and_still_true_is_asked_about(changes, asked):
    """In one state, of one appointment, for the start, number and words of now."""
    assert leaves(DUE, evolve(ASKED, **changes)) is asked


def test_what_is_not_wanted_any_more_never_leaves():
    """Cancelled, withdrawn, unreadable, barred or unclear."""
    assert not leaves(DUE, observed=observed_of(visit("A", status="cancelled"), ASKED))
    assert not leaves(DUE, observed=observed_of(None, ASKED))
    assert not leaves(DUE, observed=observed_of(BOOKED, ASKED, error="unreadable"))
    for holds in (False, True):
        barred = {NUMBER: Suppression(NUMBER, "", START, holds=holds)}
        assert not leaves(DUE, observed=observed_of(BOOKED, ASKED, suppressed=barred))
    broken = settings_of(Rule("day-before", before="24 hours", text="{{ data.room }}"))
    assert not leaves(DUE, settings=broken)
