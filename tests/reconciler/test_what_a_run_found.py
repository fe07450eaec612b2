"""What a run could not read waits for a person until a run can; what came in is compared with what is held."""

from __future__ import annotations

from datetime import timedelta

import pytest
from attrs import evolve

from reminder_kit import Recipient
from reminder_kit.calendars import Problem
from reminder_kit.model.as_of import AsOf
from reminder_kit.model.reasons import Reason
from reminder_kit.model.records import Identity
from reminder_kit.planning.attention import UNREADABLE, WHOLE, item_id
from reminder_kit.planning.changes import Change, ChangeKind
from reminder_kit.planning.plan import Plan
from reminder_kit.planning.report import Report
from reminder_kit.reconciler.intake import Intake
from reminder_kit.reconciler.watch import Watch, _member
from tests.factories import DAY, NUMBER, START, visit

OTHER = "+12025550177"
LATER = START + timedelta(hours=1)


@pytest.fixture
def ledger(make_kit):
    kit = make_kit([DAY])
    kit.sync([visit("A"), visit("B", 11, phone=OTHER)])
    return kit.ledger


@pytest.fixture
def watch(ledger):
    return Watch(ledger, timedelta(days=400))


def line(name, key="", reason=Reason.QUARANTINED, error="no such zone"):
    identity = Identity("desk", name, "one")
    return Change(ChangeKind.SKIP, identity, key, "", "", None, None, None, reason, error=error)


@pytest.fixture
def after(ledger, watch):
    """Return a function that says what waits after a run with these lines and readings, and keeps that."""

    def seen(*lines, readings=(), now=START):
        plan = Plan(now, "resync", tuple(lines), readings=tuple(readings))
        sighting = watch.after(plan, Report(now, tuple(lines)), now)
        ledger.submit(sighting.write).result()
        return sighting

    return seen


def members(sighting):
    return {item.id: [(one.key, one.error) for one in item.affected] for item in sighting.items}


def test_where_all_could_be_read_nothing_waits(after):
    """Nothing is kept, and nothing is new."""
    found = after(line("A", "k"), line("B", reason=Reason.STALE_REVISION))
    assert (found.items, found.new, found.kept, found.gone, found.replies_wait) == ((), (), {}, (), False)


def test_an_appointment_that_can_not_be_read_waits(after):
    """By its whole name, with what is wrong; it is new once, and goes when a run reads it."""
    first = after(line("A"))
    told = [("desk/A/one", "appointment 'A': no such zone")]
    assert members(first) == {UNREADABLE: told}
    assert [item.id for item in first.new] == [UNREADABLE]
    again = after(line("A"), now=LATER)
    assert (members(again), again.new, again.kept) == ({UNREADABLE: told}, (), {})
    assert again.items[0].since == START
    other = after(line("A", error="no such zone"), line("B", error="no zone"), now=LATER)
    assert members(other) == {UNREADABLE: [*told, ("desk/B/one", "appointment 'B': no zone")]}
    assert len(other.new) == 1
    elsewhere = after(line("C", "k", Reason.ON_TIME), now=LATER)
    assert members(elsewhere) == members(other)
    read = after(line("A", "k", Reason.ON_TIME), now=LATER)
    assert members(read) == {UNREADABLE: [("desk/B/one", "appointment 'B': no zone")]}
    assert read.gone == ((UNREADABLE, "desk/A/one"),)


def test_other_words_for_it_are_kept(after):
    """It is no news."""
    after(line("A"))
    found = after(line("A", error="another zone"), now=LATER)
    assert members(found) == {UNREADABLE: [("desk/A/one", "appointment 'A': another zone")]}
    assert (found.new, len(found.kept)) == ((), 1)


PROBLEM = Problem("no number", uid="u-1", file="desk.ics", line=7)


def test_what_a_calendar_holds_that_can_not_be_read_waits(after):
    """Of that calendar, by file, event and line; a warning does not, and one that is read again speaks for itself."""
    item = item_id("calendar", "desk")
    found = after(readings=[("desk", (PROBLEM, evolve(PROBLEM, uid="u-2", severity="warning")))])
    assert members(found) == {item: [("desk.ics:u-1:7", f"desk: {PROBLEM}")]}
    assert members(after(readings=[("room", ())])) == members(found)
    assert members(after(readings=[("desk", ())])) == {}


def test_a_problem_of_no_place_has_an_empty_one(after):
    """Neither file nor event nor line."""
    bare = Problem("broken")
    assert members(after(readings=[("desk", (bare,))])) == {item_id("calendar", "desk"): [("::", f"desk: {bare}")]}


def test_what_is_wrong_with_a_whole_calendar_is_an_item_of_its_own(after):
    """Beside its events, of whatever number; it goes once the calendar is read without it."""
    whole = Problem("2 events are not read: import it again", is_whole=True)
    found = after(readings=[("desk", (PROBLEM, whole))])
    events, calendar = item_id("calendar", "desk"), item_id("calendar", "desk", WHOLE)
    assert members(found)[calendar] == [(WHOLE, f"desk: {whole}")]
    assert [key for key, _ in members(found)[events]] == ["desk.ics:u-1:7"]
    assert [item.remedy for item in found.items if item.id == calendar] == ["import it again"]
    assert list(members(after(readings=[("desk", (evolve(whole, message="3 events: again"),))]))) == [calendar]
    assert members(after(readings=[("desk", ())])) == {}


@pytest.mark.parametrize("length", [249, 250, 251, 400])
def test_a_long_name_is_kept_by_its_beginning_and_end(length):
    """So that a ledger of any database takes it."""
    name = "".join(chr(97 + place % 26) for place in range(length))
    assert _member(name) == (name if length <= 250 else f"{name[:250]}…{name[-20:]}")


def test_who_has_seen_it_is_told_of_others_alone(ledger, watch, after):
    """Those that were there are seen; whoever comes next opens it again."""
    after(line("A"))
    assert ledger.submit(lambda tx: watch.see(UNREADABLE, START, tx)).result() is True
    assert ledger.submit(lambda tx: watch.see("nothing", START, tx)).result() is False
    (item,) = watch.items(START)
    assert (item.seen, [one.seen for one in item.affected]) == (True, [True])
    found = after(line("A"), line("B"), now=LATER)
    assert [(one.key, one.seen) for one in found.items[0].affected] == [("desk/A/one", True), ("desk/B/one", False)]
    assert not found.items[0].seen


def test_a_batch_job_that_does_not_run_waits(ledger):
    """Longer than it is expected; that has no members."""
    kinds = {item.kind for item in Watch(ledger, timedelta(minutes=1)).items(START + timedelta(days=2))}
    assert "batch_job" in kinds
    assert "batch_job" not in {item.kind for item in Watch(ledger, timedelta(days=400)).items(START)}


# What is let go since it is held as it came


@pytest.fixture
def draw(ledger):
    """Return a function that draws appointments; returns the intake."""

    def drawn(*appointments, small=0, region="US"):
        intake = Intake(ledger, region, AsOf.drawn(START), small)
        intake.draw(iter(appointments))
        return intake

    return drawn


def kept(intake):
    return sorted(identity.id for identity in intake.batch.all_incoming)


@pytest.mark.parametrize(
    ("comes", "is_kept"),
    [
        (visit("A"), False),
        (visit("A", title="Cleaning"), True),
        (visit("A", 10), True),
        (visit("A", phone="(202) 555-0123"), False),
        (visit("A", phone="(202) 555-0124"), True),
        (visit("A", revision=1), True),
        (visit("A", source="desk"), True),
        (visit("C"), True),
        (evolve(visit("A"), recipients=(Recipient(NUMBER, name="Ada", email="ada@clinic.example"),)), True),
    ],
    ids=["as it is held", "another title", "another time", "its number otherwise spelled", "another number",
         "a revision", "another source", "new", "an address"],
)  # fmt: skip
def test_what_the_ledger_holds_as_it_came_is_let_go(draw, comes, is_kept):
    """All else is kept, and compared later."""
    intake = draw(comes, visit("B", 11, phone=OTHER))
    assert kept(intake) == ([comes.id] if is_kept else [])
    assert (intake.came_in(Identity.of(comes)), intake.count) == (not is_kept, 2)
    assert list(intake.sources) == list(dict.fromkeys([comes.source, "default"]))


def test_a_persons_edit_is_kept_whole(draw):
    """Up to so many; a longer list is sifted."""
    both = visit("A"), visit("B", 11, phone=OTHER)
    assert kept(draw(*both, small=2)) == ["A", "B"]
    assert kept(draw(*both, small=1)) == []


def test_what_was_withdrawn_is_kept(ledger, draw):
    """It comes back."""
    ledger.submit(lambda tx: tx.remove([Identity("default", "A")], START)).result()
    assert kept(draw(visit("A"), visit("B", 11, phone=OTHER))) == ["A"]


@pytest.mark.parametrize("first", [0, 1], ids=["as it is held first", "otherwise first"])
def test_what_comes_twice_is_compared_with_itself(draw, first):
    """Nobody knows which is meant, although one is as it is held."""
    twice = [visit("A"), visit("A", title="Cleaning")]
    intake = draw(*(twice if first == 0 else twice[::-1]))
    assert kept(intake) == []
    assert {identity.id: names for identity, names in intake.batch.contradictions.items()} == {"A": "title"}


def test_without_a_region_a_bare_number_is_another(draw):
    """Nobody can read it."""
    assert kept(draw(visit("A", phone="2025550123"), region=None)) == ["A"]
    assert kept(draw(visit("A", phone="2025550123"))) == []
