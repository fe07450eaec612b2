"""The batch job as a sweep: it looks at what is dirty, due or in doubt, and passes over all that stands."""

from __future__ import annotations

import pytest

from reminder_kit import Rule
from reminder_kit.errors import UnsafePlanError
from reminder_kit.ledger.reader import Reader
from reminder_kit.model import phones
from reminder_kit.model.records import Identity
from reminder_kit.reconciler import executor
from tests.factories import DAY, HOUR, summed, visit


@pytest.fixture
def records_read(monkeypatch):
    """Count the records that are made of rows."""
    read, assembled = [], Reader._assembled

    def counting(reader, found):
        records = assembled(reader, found)
        read.extend(record.identity.id for record in records)
        return records

    monkeypatch.setattr(Reader, "_assembled", counting)
    return read


@pytest.fixture
def small_pieces(monkeypatch):
    """Have what is handed in drawn in pieces of 25."""
    monkeypatch.setattr("reminder_kit.reconciler.intake._PIECE", 25)


def test_what_stands_is_neither_read_nor_listed_but_counted(make_kit, records_read):
    """Nothing is due: no appointment is read, and the summary is that of the run that decided them."""
    kit = make_kit([DAY, HOUR])
    before = kit.sync([visit("A-1"), visit("A-2", day=17)])
    records_read.clear()
    report = kit.resync()
    assert (report.changes, records_read) == ((), [])
    assert summed(report) == {"keep": 2, "hold": 2}
    assert summed(report)["hold"] == before.summary["hold"]
    assert report.summary["appointments"] == 2


def test_only_what_is_due_is_read(make_kit, sandbox, records_read):
    """One of twenty enters the window: it alone is read and listed."""
    kit = make_kit([DAY])
    kit.sync([visit(f"A-{index:02}", day=16, minute=index) for index in range(20)])
    kit.sync(visit("soon", day=7, phone="+12025550124"))
    kit.resync()
    sandbox.clock.advance(days=1, hours=1)
    records_read.clear()
    report = kit.resync()
    assert [(change.identity.id, change.kind) for change in report.changes] == [("soon", "schedule")]
    assert set(records_read) == {"soon"}
    assert summed(report) == {"schedule": 1, "hold": 20}


@pytest.mark.parametrize("change", ["rules", "text"])
def test_what_was_decided_otherwise_is_looked_at(make_kit, change):
    """An edited rule reaches all that has something coming, and a new one also who had nothing coming at all."""
    nobodys = Rule(DAY.id, before="24 hours", text=DAY.text, only={"source": ["elsewhere"]})
    kit = make_kit([nobodys] if change == "rules" else [DAY])
    kit.sync([visit("A-1"), visit("A-2", day=17)])
    kit = make_kit([DAY if change == "rules" else Rule(DAY.id, before="24 hours", text="Hello, {{ when }}.")])
    assert {line.identity.id for line in kit.resync().changes} == {"A-1", "A-2"}
    assert kit.resync().changes == ()


def test_what_was_handed_in_as_it_is_recorded_is_let_go(make_kit, records_read):
    """Of a long list only what changed is looked at; absence is told apart from what was let go."""
    kit = make_kit([DAY])
    rows = [visit(f"A-{index:02}", day=13, minute=index) for index in range(40)]
    kit.sync(rows)
    records_read.clear()
    rows[7] = visit("A-07", day=13, hour=18)
    report = kit.resync(iter(rows[:-1]), complete=True, force=True)
    assert {change.identity.id for change in report.changes} == {"A-07", "A-39"}
    assert set(records_read) == {"A-07", "A-39"}
    assert (report.summary["appointments"], summed(report)["hold"]) == (40, 39)


SPELLINGS = {
    "as E.164": ("+12025550123", "+12025550123"),
    "with a country code": ("+1 (202) 555-0123", "+12025550123"),
    "without one": ("(202) 555-0123", "+12025550123"),
    "with a trunk zero": ("+4402079460123", "+442079460123"),
    "no number": ("+1", "+1"),
    "none": ("", ""),
}


@pytest.mark.parametrize(("given", "recorded"), SPELLINGS.values(), ids=SPELLINGS)
def test_a_number_is_let_go_however_it_is_spelled(make_kit, given, recorded, records_read):
    """What comes as it came before is let go, whether or not the ledger spells its number so."""
    kit = make_kit([DAY])
    rows = [visit(f"A-{index:02}", day=13, minute=index, phone=given) for index in range(40)]
    kit.record(rows)
    kit.resync()
    records_read.clear()
    kit.resync(rows)
    assert records_read == []
    (held,) = kit.ledger.read(lambda reader: list(reader.records(identities=[Identity("default", "A-07")])))
    assert held.appointment.recipients[0].phone == recorded


@pytest.mark.parametrize("given", ["+12025550124", "(202) 555-0124", "+12025550123 or mum"])
def test_another_number_is_seen_however_it_is_spelled(make_kit, given):
    """Of forty one has a new number, or the old one with a remark, which is dropped."""
    kit = make_kit([DAY])
    rows = [visit(f"A-{index:02}", day=13, minute=index) for index in range(40)]
    kit.sync(rows)
    rows[7] = visit("A-07", day=13, minute=7, phone=given)
    changed = {change.identity.id for change in kit.resync(rows).changes}
    assert changed == (set() if "mum" in given else {"A-07"})


def test_the_numbers_of_what_is_let_go_are_not_read_again(make_kit, monkeypatch):
    """A process that begins anew reads no number of all that stands, and each that differs."""
    kit = make_kit([DAY])
    rows = [visit(f"A-{index:02}", day=13, phone=f"+120255501{index:02}") for index in range(40)]
    kit.sync(rows)
    rows[7] = visit("A-07", day=13, phone="+12025550147")
    read = []
    monkeypatch.setattr("reminder_kit.model.appointments.phone_number", lambda phone, region: read.append(phone))
    kit.resync(iter(rows), as_of=kit.now())
    assert set(read) == {"+12025550147"}


def test_numbers_that_are_read_otherwise_by_now_are_recorded_anew(make_kit, monkeypatch, records_read):
    """A later library strips what an earlier one kept of a country's numbers: those of another country stand."""
    kit = make_kit([DAY])
    rows = [visit(f"A-{index:02}", day=13, phone=f"+44020794601{index:02}") for index in range(20)]
    rows += [visit(f"B-{index:02}", day=13, phone=f"+120255501{index:02}") for index in range(20)]
    read = phones._phone_number
    monkeypatch.setattr(phones, "_phone_number", lambda phone, _region: phone)  # as an earlier one did
    kit.sync(rows)
    monkeypatch.setattr(phones, "_phone_number", read)
    records_read.clear()
    kit.resync(iter(rows), as_of=kit.now())
    assert {name[0] for name in records_read} == {"A"}


@pytest.mark.parametrize("first", ["as recorded", "as it changed"])
def test_one_that_comes_twice_with_different_content_is_a_problem_wherever_it_stands(make_kit, first, small_pieces):
    """Also where the one of the two is let go as it is recorded, many rows apart."""
    kit = make_kit([DAY])
    rows = [visit(f"A-{index:03}", day=13) for index in range(60)]
    kit.record(rows)
    kit.resync()
    other = visit("A-000", day=13, hour=19)
    given = [*rows, other] if first == "as recorded" else [other, *rows]
    report = kit.resync(given)
    (problem,) = report.problems
    assert "it came twice in one batch" in str(problem)
    assert [(change.identity.id, change.reason) for change in report.changes] == [("A-000", "quarantined")]


def test_a_list_that_breaks_off_withdraws_nothing(make_kit, small_pieces):
    """Also after many rows that were let go."""
    kit = make_kit([DAY])
    rows = [visit(f"A-{index:03}", day=13) for index in range(60)]
    kit.record(rows)
    kit.resync()

    def broken():
        yield from rows[:55]
        raise OSError

    with pytest.raises(UnsafePlanError, match="broke off"):
        kit.resync(broken(), complete=True)
    assert summed(kit.resync()) == {"hold": 60}


def test_a_long_list_is_recorded_piece_by_piece(make_kit, monkeypatch):
    """What is written of it before the process dies is gone on with, and what is gone goes with the last piece."""
    monkeypatch.setattr("reminder_kit.reconciler.executor._INTAKE", 10)
    kit = make_kit([DAY])
    kit.sync(visit("gone", day=18))
    recorded, whole = [], executor._recorded

    def dying(run, worklist, place, now, tx):
        if len(recorded) == 2:
            raise RuntimeError("died")
        recorded.append([incoming.identity.id for incoming in worklist.all_incoming])
        assert not worklist.removals
        return whole(run, worklist, place, now, tx)

    monkeypatch.setattr(executor, "_recorded", dying)
    rows = [visit(f"A-{index:02}", day=17) for index in range(25)]
    with pytest.raises(RuntimeError):
        kit.resync(rows, complete=True, force=True)
    monkeypatch.setattr(executor, "_recorded", whole)
    assert [len(piece) for piece in recorded] == [10, 10]
    assert summed(kit.resync()) == {"hold": 21}
    assert summed(kit.resync(rows, complete=True, force=True)) == {"hold": 25, "skip": 1}
