"""Snapshots: what is booked, moved or withdrawn while a host's list is on its way stays as it is.

Each story is told on SQLite, and on PostgreSQL where the slow ones are run.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from attrs import evolve

from reminder_kit import AsyncReminderKit
from reminder_kit.errors import InvalidInputError, NaiveDatetimeError
from reminder_kit.kit.verbs import Verbs
from tests.factories import START

OLD, NEW, MOVED = "+12025550123", "+12025550124", "+12025550125"


@pytest.fixture(params=["sqlite", pytest.param("postgres_ledger", marks=pytest.mark.slow, id="postgresql")])
def url(request):
    return request.getfixturevalue(f"{request.param}_url")


@pytest.fixture
def kit(make_kit, url):
    made = make_kit(ledger=url)
    made.ledger.upgrade()
    return made


@pytest.fixture
def rows(kit, appointment, sandbox):
    """What the host has, an hour after the kit heard of it."""
    before = [appointment("A-0", phone=MOVED), appointment("A-1", phone=OLD)]
    kit.sync(before)
    sandbox.clock.advance(hours=1)
    return before


def parked(sandbox):
    """Return who is to receive something, and on which day."""
    return sorted((message.to, message.send_at.day) for message in sandbox.parked())


MEANWHILE = [(OLD, 12), (NEW, 12), (MOVED, 13)]
"""What is parked once a visit was booked for NEW and MOVED's was moved by a day."""


def book_and_move(kit, appointment, **changes):
    kit.sync([appointment("NEW", phone=NEW, **changes), appointment("A-0", days=4, phone=MOVED, **changes)])


def applied(kit, rows, **options):
    return kit.apply(kit.plan(rows, **options))


def recorded(kit, rows, *, complete, **options):
    del complete  # `record` withdraws nothing
    kit.record(rows, **options)
    return kit.resync()


WAYS = {
    "sync": lambda kit, rows, **options: kit.sync(rows, **options),
    "resync": lambda kit, rows, **options: kit.resync(rows, **options),
    "plan and apply": applied,
    "record": recorded,
}


@pytest.mark.few(4)
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("since", [0, 5, 3600], ids=["at the same instant", "5 s before", "an hour before"])
def test_a_list_speaks_only_for_what_was_recorded_before_it(kit, sandbox, appointment, rows, way, since):
    """`as_of` says when it was taken: what was booked and moved since is neither withdrawn nor put back."""
    as_of = kit.now()
    sandbox.clock.advance(seconds=since)
    book_and_move(kit, appointment)
    WAYS[way](kit, rows, complete=True, as_of=as_of)
    assert parked(sandbox) == MEANWHILE


@pytest.mark.parametrize("way", WAYS)
def test_a_list_still_moves_and_withdraws_what_was_recorded_before_it(kit, sandbox, appointment, rows, way):
    """What the host did not tell otherwise is found in its list."""
    if way == "record":
        rows = [*rows, appointment("A-1", days=4, phone=OLD)]
    report = WAYS[way](kit, [appointment("A-0", days=4, phone=MOVED), *rows[2:]], complete=True, as_of=kit.now())
    assert report.ok
    assert parked(sandbox) == ([(OLD, 13), (MOVED, 13)] if way == "record" else [(MOVED, 13)])


@pytest.mark.parametrize("way", ["sync", "resync", "plan and apply"])
@pytest.mark.parametrize("tick", [0, 7], ids=["at one instant", "over a while"])
def test_a_query_that_the_kit_draws_needs_no_instant(kit, sandbox, appointment, rows, way, tick):
    """What is booked and moved while rows are drawn is newer than they are, also where no clock can tell."""

    def query():
        found = list(rows)
        sandbox.clock.advance(seconds=tick)
        book_and_move(kit, appointment)
        sandbox.clock.advance(seconds=tick)
        yield from found

    WAYS[way](kit, query(), complete=True)
    assert parked(sandbox) == MEANWHILE


@pytest.mark.parametrize("way", ["sync", "resync", "plan and apply"])
def test_a_query_speaks_for_what_was_recorded_at_the_same_instant_before_it(kit, sandbox, appointment, rows, way):
    """A clock that stands still hides no withdrawal: the ledger knows what it held before."""
    book_and_move(kit, appointment)
    WAYS[way](kit, (row for row in rows[:1]), complete=True)
    assert parked(sandbox) == [(MOVED, 12)]


def test_a_booking_of_a_machine_whose_clock_is_behind_is_newer_than_a_query(
    kit, make_kit, url, sandbox, appointment, rows
):
    """Another machine books while rows are drawn; by its clock that was 4 seconds before."""
    late = make_kit(ledger=url, clock=lambda: sandbox.now() - timedelta(seconds=4))

    def query():
        found = list(rows)
        book_and_move(late, appointment)
        yield from found

    kit.resync(query(), complete=True)
    assert parked(sandbox) == MEANWHILE


@pytest.fixture
def from_the_future(make_kit, url, sandbox, appointment):
    """A kit whose ledger was written to by one whose clock was 30 hours ahead: A-0, A-1 and A-2 are in it."""
    before = [appointment(name, phone=phone) for name, phone in (("A-0", MOVED), ("A-1", OLD), ("A-2", NEW))]
    with make_kit(ledger=url, clock=lambda: sandbox.now() + timedelta(hours=30)) as ahead:
        ahead.ledger.upgrade()
        ahead.sync(iter(before), "default", complete=True)
    sandbox.clock.advance(minutes=5)
    return make_kit(ledger=url)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", [list, iter, "as_of"], ids=["list", "query", "as_of"])
def test_what_a_clock_recorded_that_was_ahead_follows_the_next_list(from_the_future, sandbox, appointment, way, kind):
    """Nothing that the ledger holds can be newer than a list of this moment: moves and absences count at once."""
    kit, rows = from_the_future, [appointment("A-0", days=4, phone=MOVED), appointment("A-1", phone=OLD)]
    options = {"as_of": kit.now()} if kind == "as_of" else {}
    report = WAYS[way](kit, rows if kind == "as_of" else kind(rows), complete=True, **options)
    assert report.ok
    kept = [(NEW, 12)] if way == "record" else []
    assert parked(sandbox) == [(OLD, 12), *kept, (MOVED, 13)]


def test_what_a_clock_recorded_that_was_ahead_is_noted_as_it_comes_in_again(from_the_future, sandbox, appointment):
    """From then on an older list undoes nothing of it, and comes too late for what a newer complete one has."""
    kit = from_the_future
    as_of = kit.now()
    sandbox.clock.advance(minutes=1)
    kit.sync([appointment("A-1", phone=OLD)], as_of=kit.now())
    kit.sync([appointment("A-1", days=4, phone=OLD)], as_of=as_of)
    assert parked(sandbox) == [(OLD, 12), (NEW, 12), (MOVED, 12)]
    kit.sync([appointment("A-1", phone=OLD), appointment("A-2", phone=NEW)], complete=True, as_of=kit.now())
    assert kit.ledger.read(lambda reader: reader.snapshots()) == {"default": kit.now() - timedelta(seconds=5.000001)}


def test_what_is_recorded_while_a_query_is_drawn_is_newer_although_the_ledger_knows_a_clock_that_was_ahead(
    from_the_future, sandbox, appointment
):
    """The instant of one appointment says nothing of another."""
    kit = from_the_future

    def query():
        yield appointment("A-0", phone=MOVED)
        sandbox.clock.advance(minutes=1)
        kit.sync([appointment("A-1", days=4, phone=OLD), appointment("A-3", phone="+12025550126")])
        yield appointment("A-1", phone=OLD)

    kit.resync(query(), complete=True)
    assert parked(sandbox) == [(OLD, 13), (MOVED, 12), ("+12025550126", 12)]


def test_ids_that_are_covered_are_no_exception(kit, sandbox, appointment, rows):
    """A visit that was given another day after the snapshot is not withdrawn with its series."""
    as_of = kit.now()
    sandbox.clock.advance(minutes=1)
    kit.sync(appointment("A-1", days=4, phone=OLD))
    kit.sync(rows[:1], "default", covers=["A-1"], as_of=as_of)
    assert parked(sandbox) == [(OLD, 13), (MOVED, 12)]
    kit.sync(rows[:1], "default", covers=["A-1"], as_of=kit.now() - timedelta(minutes=1))
    assert parked(sandbox) == [(OLD, 13), (MOVED, 12)]
    sandbox.clock.advance(minutes=1)
    kit.sync(rows[:1], "default", covers=["A-1"], as_of=kit.now())
    assert parked(sandbox) == [(MOVED, 12)]


def test_what_was_withdrawn_meanwhile_does_not_come_back(kit, sandbox, rows):
    """A withdrawal is newer than a list taken before it, also where the list has revisions."""
    as_of = kit.now()
    kit.withdraw("A-1")
    kit.sync([evolve(row, revision=7) for row in rows], complete=True, as_of=as_of)
    assert parked(sandbox) == [(MOVED, 12)]


@pytest.mark.parametrize(
    ("recorded", "listed", "day"),
    [(2, 1, 13), (1, 2, 12), (2, 2, 13), (None, 1, 13), (2, None, 13), (2, START, 13)],
    ids=["an older revision", "a newer one", "the same", "none recorded", "none listed", "of another kind"],
)
def test_revisions_of_one_kind_decide_and_else_the_snapshot(kit, sandbox, appointment, rows, recorded, listed, day):
    """A visit moved after the snapshot stays, unless the list has a newer revision of it."""
    as_of = kit.now()
    kit.sync(appointment("A-0", days=4, phone=MOVED, revision=recorded))
    kit.sync([evolve(rows[0], revision=listed)], as_of=as_of)
    assert (MOVED, day) in parked(sandbox)


def test_a_new_booking_stays_also_where_all_have_revisions(kit, sandbox, appointment):
    """Absence has no revision: the time of the snapshot decides."""
    rows = [appointment("A-0", phone=MOVED, revision=1), appointment("A-1", phone=OLD, revision=1)]
    kit.sync(rows)
    sandbox.clock.advance(hours=1)
    as_of = kit.now()
    book_and_move(kit, appointment, revision=2)
    kit.resync(rows, complete=True, as_of=as_of)
    assert parked(sandbox) == MEANWHILE


@pytest.mark.parametrize("complete", [False, True], ids=["partial", "complete"])
def test_a_plan_speaks_only_for_what_was_recorded_before_it_was_made(kit, sandbox, appointment, rows, complete):
    """While a person reviews it somebody moves two visits and books one: the plan does none of them harm."""
    plan = kit.plan([appointment("A-0", days=2, phone=MOVED)], complete=complete)
    sandbox.clock.advance(minutes=3)
    book_and_move(kit, appointment)
    kit.sync(appointment("A-1", days=4, phone=OLD))
    report = kit.apply(plan)
    assert report.ok
    assert parked(sandbox) == [(OLD, 13), (NEW, 12), (MOVED, 13)]


def test_what_came_back_while_a_plan_was_reviewed_stays(kit, sandbox, rows):
    """Withdrawn and booked anew as it was, at whatever instant: it is not what the plan meant."""
    plan = kit.plan(rows[:1], complete=True)
    kit.withdraw("A-1")
    sandbox.clock.advance(minutes=3)
    kit.sync(rows[1])
    kit.apply(plan)
    assert parked(sandbox) == [(OLD, 12), (MOVED, 12)]


def test_the_batch_job_works_on_what_is_newer_than_its_list(kit, sandbox, appointment, rows):
    """A move that was only recorded is carried out by the very run whose list is older; the report says both."""
    as_of = kit.now()
    sandbox.clock.advance(minutes=1)
    kit.record(appointment("A-0", days=4, phone=MOVED))
    report = kit.resync(rows, complete=True, as_of=as_of)
    told = [(line.kind.value, line.reason.value) for line in report.changes if line.identity.id == "A-0"]
    assert told == [("skip", "stale_revision"), ("replace", "on_time")]
    assert parked(sandbox) == [(OLD, 12), (MOVED, 13)]


def test_what_is_as_it_was_recorded_is_not_called_stale(kit, rows):
    """A list taken a moment after the last one differs in nothing."""
    kit.sync(rows[0])
    report = kit.sync(rows, complete=True, as_of=kit.now())
    assert [line.kind.value for line in report.changes] == ["keep", "keep"]


def test_without_an_instant_a_list_is_the_latest_word(kit, sandbox, appointment, rows):
    """A hook hands in what is true now: the last write wins, whichever machine's clock is ahead."""
    book_and_move(kit, appointment)
    kit.sync(rows, complete=True)
    assert parked(sandbox) == [(OLD, 12), (MOVED, 12)]


# What is handed in again, as it was recorded


AGAIN = {
    "sync": lambda kit, rows: kit.sync(rows[0]),
    "record": lambda kit, rows: kit.record(rows[0]),
    "a list": lambda kit, rows: kit.sync(rows),
    "the batch job": lambda kit, rows: kit.resync(rows),
    "all there is": lambda kit, rows: kit.resync(rows, complete=True),
    "a query": lambda kit, rows: kit.sync(iter(rows), complete=True),
    "a snapshot": lambda kit, rows: kit.sync(rows, as_of=kit.now()),
    "a plan": lambda kit, rows: kit.apply(kit.plan(rows, complete=True)),
}


@pytest.mark.parametrize("again", AGAIN)
def test_what_was_handed_in_again_as_it_was_is_newer_than_a_snapshot(kit, sandbox, appointment, rows, again):
    """Somebody moved, and deleted, a visit, told nobody, and put it back: a list read in between undoes nothing."""
    as_of = kit.now()
    sandbox.clock.advance(minutes=1)
    AGAIN[again](kit, rows)
    sandbox.clock.advance(minutes=1)
    for older in (rows[1:], [appointment("A-0", days=4, phone=MOVED), rows[1]]):
        report = kit.sync(older, complete=True, as_of=as_of)
        assert parked(sandbox) == [(OLD, 12), (MOVED, 12)]
        assert not [line for line in report.changes if line.is_work]


def test_of_what_is_handed_in_again_at_most_the_time_is_written(kit, sandbox, rows):
    """Law 2: with the same input and clock nothing at all; later on when it came, and nothing to be worked on."""
    recorded = kit.ledger.read(lambda reader: list(reader.records()))
    kit.sync(rows)
    kit.record(rows[0])
    noted = kit.ledger.read(lambda reader: list(reader.records()))
    assert noted == [evolve(record, recorded_at=kit.now()) for record in recorded]
    for seconds in (0, 5):
        sandbox.clock.advance(seconds=seconds)
        kit.sync(rows)
        kit.record(rows[0])
        assert kit.ledger.read(lambda reader: list(reader.records())) == noted


def many(appointment, **changes):
    return [appointment(f"M-{number}", phone=f"+120255502{number:02}", **changes) for number in range(30)]


@pytest.mark.parametrize("way", ["at once", "reviewed", "record"])
def test_an_older_snapshot_changes_nothing_after_a_newer_complete_one(kit, sandbox, appointment, way):
    """Two nightly jobs, and the first one ends last: it lacks some, moves some and has one more, and all is old."""
    rows = many(appointment)
    kit.sync(rows, complete=True)
    sandbox.clock.advance(hours=1)
    older = [*many(appointment, days=4)[:5], *rows[10:], appointment("M-30", phone=NEW)]
    as_of = kit.now()
    plan = kit.plan(older, complete=True, as_of=as_of, force=True)
    sandbox.clock.advance(minutes=1)
    kit.sync(iter(rows), complete=True)
    before = parked(sandbox)
    sandbox.clock.advance(minutes=1)
    if way == "reviewed":
        kit.apply(plan)
    elif way == "record":
        kit.record(older, as_of=as_of)
        kit.resync()
    else:
        assert not [line for line in kit.sync(older, complete=True, as_of=as_of).changes if line.is_work]
    assert parked(sandbox) == before
    assert len(before) == 30


def test_a_newer_revision_is_taken_from_an_older_snapshot(kit, sandbox, appointment):
    """Revisions of one kind decide by themselves, also after a newer complete snapshot."""
    rows = [appointment("A-0", phone=MOVED, revision=1)]
    kit.sync(rows)
    sandbox.clock.advance(hours=1)
    as_of = kit.now()
    sandbox.clock.advance(minutes=1)
    kit.sync(iter(rows), complete=True)
    kit.sync([appointment("A-0", days=4, phone=MOVED, revision=2)], as_of=as_of)
    assert parked(sandbox) == [(MOVED, 13)]


def test_a_snapshot_of_another_source_overtakes_nothing(kit, sandbox, appointment):
    """What is newer of one source says nothing of another one's."""
    kit.sync([appointment("A-0", phone=MOVED, source="one"), appointment("A-1", phone=OLD, source="two")])
    sandbox.clock.advance(hours=1)
    as_of = kit.now()
    sandbox.clock.advance(minutes=1)
    kit.sync(iter([appointment("A-1", phone=OLD, source="two")]), complete=True)
    kit.sync([appointment("A-0", days=4, phone=MOVED, source="one")], complete=True, as_of=as_of)
    assert parked(sandbox) == [(OLD, 12), (MOVED, 13)]


def test_a_long_list_of_unchanged_rows_is_no_write_for_each(kit, sandbox, appointment):
    """The batch job with all there is leaves the rows as they are, and notes once that all were there."""
    rows = many(appointment)
    kit.sync(rows)
    before = kit.ledger.read(lambda reader: list(reader.records()))
    sandbox.clock.advance(hours=1)
    kit.resync(iter(rows), complete=True)
    assert kit.ledger.read(lambda reader: list(reader.records())) == before
    assert kit.ledger.read(lambda reader: reader.snapshots()) == {"default": kit.now()}


TAKERS = ["plan", "plan_calendar", "plan_resync", "sync", "import_calendar", "resync", "record"]


@pytest.mark.parametrize("verb", TAKERS)
def test_every_verb_that_takes_appointments_refuses_an_instant_to_come(kit, appointment, verb):
    """Nothing is written then; an instant without a zone is refused by name."""
    later = kit.now() + timedelta(seconds=1)
    with pytest.raises(InvalidInputError, match="later than the kit's clock"):
        getattr(kit, verb)(appointment(), as_of=later)
    with pytest.raises(NaiveDatetimeError, match="as_of"):
        getattr(kit, verb)(appointment(), as_of=later.replace(tzinfo=None))
    assert kit.ledger.read(lambda reader: list(reader.records())) == []


def test_both_faces_have_the_same_verbs_with_it():
    """Whatever takes appointments or a file takes `as_of`."""
    with_it = {name for name, verb in vars(Verbs).items() if callable(verb) and "as_of" in verb.__annotations__}
    assert with_it == set(TAKERS)


def test_the_async_face_goes_by_it_too(make_kit, url, sandbox, appointment, rows):
    """A list and a query, awaited."""

    async def night():
        async with make_kit(kind=AsyncReminderKit, ledger=url) as kit:
            as_of = kit.now()
            await kit.sync([appointment("NEW", phone=NEW), appointment("A-0", days=4, phone=MOVED)])
            await kit.sync(rows, complete=True, as_of=as_of)
            sandbox.clock.advance(minutes=1)
            await kit.record(appointment("A-1", days=4, phone=OLD), as_of=as_of)
            await kit.resync(iter([appointment("NEW", phone=NEW), appointment("A-0", days=4, phone=MOVED)]))

    asyncio.run(night())
    assert parked(sandbox) == [(OLD, 13), (NEW, 12), (MOVED, 13)]


# Calendars

ICS = """BEGIN:VCALENDAR\r
VERSION:2.0\r
PRODID:-//clinic//EN\r
{events}END:VCALENDAR\r
"""
EVENT = """BEGIN:VEVENT\r
UID:{uid}\r
DTSTART:202602{day}T140000Z\r
DTEND:202602{day}T143000Z\r
SUMMARY:Check-up\r
CONTACT:{phone}\r
END:VEVENT\r
"""


def exported(folder, **days):
    """Write a calendar of visits: the name of each is its phone's last digit."""
    events = [EVENT.format(uid=f"{name}@x", day=day, phone=f"+1202555012{name[-1]}") for name, day in days.items()]
    file = folder / "clinic.ics"
    file.write_text(ICS.format(events="".join(events)), encoding="utf-8", newline="")
    return file


def test_an_export_speaks_only_for_what_was_recorded_before_it(kit, sandbox, tmp_path):
    """An older export, imported last, withdraws and puts back nothing that the newer one brought."""
    older = exported(tmp_path, v3=13, v5=13).read_bytes()
    as_of = kit.now()
    sandbox.clock.advance(minutes=1)
    kit.import_calendar(exported(tmp_path, v3=13, v4=13, v5=14), complete=True)
    (tmp_path / "clinic.ics").write_bytes(older)
    kit.import_calendar(tmp_path / "clinic.ics", complete=True, as_of=as_of)
    assert parked(sandbox) == MEANWHILE
    assert not kit.plan_calendar(tmp_path / "clinic.ics", complete=True, as_of=as_of).work
    kit.import_calendar(tmp_path / "clinic.ics", complete=True)
    assert parked(sandbox) == [(OLD, 12), (MOVED, 12)]


def test_the_time_of_a_list_says_nothing_of_the_calendars_that_are_read_with_it(make_kit, url, sandbox, tmp_path):
    """The batch job reads calendars itself, as they are now, whatever the age of the list that comes with them."""
    kit = make_kit(ledger=url, sources=(str(exported(tmp_path, v3=13)),))
    kit.ledger.upgrade()
    as_of = kit.now()
    sandbox.clock.advance(minutes=1)
    kit.resync()
    exported(tmp_path, v3=14)
    sandbox.clock.advance(minutes=1)
    kit.resync([], as_of=as_of)
    assert parked(sandbox) == [(OLD, 13)]
