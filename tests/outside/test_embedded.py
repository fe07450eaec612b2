"""A host's code around the kit: what hosts really hand in, against a strict Telnyx on loopback."""

from __future__ import annotations

import asyncio
import sqlite3
from datetime import timedelta

import pytest

from reminder_kit import Appointment, AsyncReminderKit, QuietHours, Recipient, ReminderKit, Rule
from reminder_kit.errors import InvalidInputError, UnsafePlanError
from reminder_kit.providers.telnyx.provider import Telnyx
from tests.factories import START

TEXT = "Hi {{ recipient.name }}, {{ appointment.title }} {{ when }}."


def visit(id="A-1", *, phone="+12025550123", name="Ada", **changes):
    given = {"starts_at": START + timedelta(days=3), "title": "Check-up", **changes}
    return Appointment(id, recipients=[Recipient(phone, name=name)], **given)


@pytest.fixture
def make(telnyx, tmp_path):
    def make(kind=ReminderKit, **options):
        return kind(
            provider=Telnyx(api_key=telnyx.key, from_="+12025550100", base_url=telnyx.url),
            rules=[Rule(id="day-before", before="24 hours", text=TEXT, empty="blank")],
            ledger=f"sqlite:///{tmp_path / 'host.db'}",
            timezone="America/New_York",
            quiet_hours=QuietHours("21:00", "08:00"),
            **{"clock": lambda: START, **options},
        )

    return make


@pytest.fixture
def kit(make):
    with make() as kit:
        yield kit


def test_both_faces_leave_the_same_at_the_provider(make, telnyx):
    """What the async kit parked is what the blocking kit finds unchanged, without a request."""

    async def main():
        async with make(AsyncReminderKit) as kit:
            plan = await kit.plan([visit()])
            await kit.apply(plan, expect_digest=plan.digest)
            return (await kit.sync(visit(id=f"B-{i}", name=f"P{i}") for i in range(30))).summary

    assert asyncio.run(main())["schedule"] == 30
    parked = telnyx.parked()
    assert {(to, send_at) for to, send_at, _ in parked} == {("+12025550123", "2026-02-12T14:00:00Z")}
    assert len(parked) == 31
    with make() as kit:
        assert kit.resync().summary["keep"] == 31
    assert len(telnyx.requests) == 31


def test_what_is_recorded_lives_and_dies_with_the_transaction(kit, telnyx, tmp_path):
    """What is recorded in the host's transaction lives and dies with it."""
    kit.ledger.upgrade()
    for end, parked in (("rollback", 0), ("commit", 1)):
        connection = sqlite3.connect(tmp_path / "host.db")
        kit.record(visit(), connection=connection)
        assert telnyx.requests == []
        getattr(connection, end)()
        connection.close()
        kit.resync()
        assert len(telnyx.parked()) == parked


def test_a_host_whose_query_came_back_empty_loses_nothing(kit, telnyx):
    """A complete list without appointments is refused, and a shorter one withdraws what it lacks."""
    kit.sync([visit(id=f"A-{i}", name=f"P{i}") for i in range(3)])
    for run in (lambda: kit.sync([], complete=True), lambda: kit.resync([], complete=True)):
        with pytest.raises(UnsafePlanError, match="nothing came in"):
            run()
    assert len(telnyx.parked()) == 3
    assert kit.resync([visit(id="A-0", name="P0")], complete=True).summary["cancel"] == 2


@pytest.mark.parametrize("id", [None, "", "  "], ids=["none", "empty", "blank"])
def test_an_appointment_that_has_no_id_yet_is_refused(id):
    """A row that was not saved yet has no id to know it by: that is the host's mistake."""
    with pytest.raises(InvalidInputError, match="needs an id"):
        visit(id=id)


def test_empty_columns_are_no_words(kit, telnyx):
    """Columns that are None become empty texts, never the word "None"."""
    kit.sync(visit(id=7, title=None, name=None, location=None))
    assert telnyx.parked() == [("+12025550123", "2026-02-12T14:00:00Z", "Hi ,  tomorrow at 9:00 AM.")]


def test_one_person_without_a_phone_stops_nobody_else(kit, telnyx):
    """Rows without a phone are skipped by name, and a number given as an integer is taken."""
    report = kit.sync([visit(id="A-1", phone=None), visit(id="A-2", phone=""), visit(id="A-3", phone=12025550124)])
    reasons = {change.identity.id: change.reason for change in report.changes}
    assert (reasons["A-1"], reasons["A-2"]) == ("invalid_number", "invalid_number")
    assert report.ok


def test_half_a_character_or_a_nul_in_one_row_stops_nobody_else(kit, telnyx):
    """Text that no database takes is replaced by U+FFFD, and the row stays the same later."""
    rows = [
        visit(id="A\ud83d-1"),
        visit(id="A-2", title="cut \ud83d"),
        visit(id="A-3", name="A\0B"),
        visit(id="A-4", name="Bob", data={"note": "x\ud83d", "k\ud83d": ["\0"]}),
    ]
    report = kit.sync(rows)
    assert report.ok
    assert sorted(text for _, _, text in telnyx.parked()) == [
        "Hi Ada, Check-up tomorrow at 9:00 AM.",
        "Hi Ada, cut \ufffd tomorrow at 9:00 AM.",
        "Hi A\ufffdB, Check-up tomorrow at 9:00 AM.",
        "Hi Bob, Check-up tomorrow at 9:00 AM.",
    ]
    assert kit.sync(rows).summary["keep"] == 4


def test_two_halves_of_a_character_are_one():
    """A surrogate pair, as JSON may leave it, becomes its one character."""
    assert visit(title="\ud83e\uddb7 check").title == "\U0001f9b7 check"


def test_one_tag_is_one_tag():
    """A tag given as one text isn't taken apart into letters."""
    assert visit(tags="dental").tags == {"dental"}


@pytest.mark.slow
def test_after_an_outage_what_was_begun_is_not_refused(make, telnyx):
    """An outage while many visits move doesn't make the batch job refuse what was begun."""
    day = timedelta(days=1)
    phones = [f"+120255501{i:02}" for i in range(12)]
    with make() as kit:
        kit.sync(visit(f"A-{i}", phone=phone) for i, phone in enumerate(phones))
        telnyx.fail("*", "drop_before", 1000)
        moved = [visit(f"A-{i}", phone=phone, starts_at=START + 4 * day) for i, phone in enumerate(phones)]
        assert len(kit.sync(moved).failed) == 12
        telnyx.faults.clear()
    telnyx.at("2026-02-10T14:05:00Z")
    with make(clock=lambda: START + timedelta(minutes=5)) as kit:
        assert kit.resync().ok
    assert {send_at for _, send_at, _ in telnyx.parked()} == {"2026-02-13T14:00:00Z"}
    assert len(telnyx.parked()) == 12
