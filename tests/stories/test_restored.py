"""A ledger is restored from a backup: nobody gets a text twice, nobody who opted out gets one, and doubt is listed."""

from __future__ import annotations

from datetime import timedelta

import pytest

from reminder_kit import Rule
from reminder_kit.errors import ClaimLostError, LedgerError
from reminder_kit.model.messages import DeliveryEvent
from reminder_kit.model.records import Identity
from tests.factories import START, visit

BACKED_UP = START + timedelta(hours=1)
RESTORED = START + timedelta(days=2)
OVER = START + timedelta(days=15)


def number(index):
    return f"+120255501{index:02}"


#: Who is in the story, and with which number: what becomes of them after the backup.
STAYS, LEAVES, MOVES, BOOKS, NEARS, STOPS, SENT, LATER = (number(index) for index in range(10, 18))


def before():
    """Return what was booked by the time of the backup."""
    return [
        visit("stays", day=4, phone=STAYS),
        visit("leaves", day=4, phone=LEAVES),
        visit("moves", day=3, phone=MOVES),
        visit("nears", day=7, phone=NEARS),
        visit("stops", day=4, phone=STOPS),
        visit("sent", 20, day=2, phone=SENT),
        visit("later", day=14, phone=LATER),
    ]


def now():
    """Return what is booked by the time of the restore."""
    moved = [visit("moves", day=5, phone=MOVES), visit("books", day=4, phone=BOOKS)]
    return [appointment for appointment in before() if appointment.id not in ("leaves", "moves")] + moved


def worked_on(clinic, tmp_path):
    """Have a clinic work for two days after its backup, and lose its ledger then."""
    kit, sandbox = clinic.kit, clinic.sandbox
    assert kit.sync(before()).ok
    sandbox.clock.set(BACKED_UP)
    kit.resync()
    kit.ledger.backup(tmp_path / "backup.db")
    kit.withdraw("leaves")
    kit.sync([visit("moves", day=5, phone=MOVES), visit("books", day=4, phone=BOOKS)])
    sandbox.inbound(STOPS, "STOP")
    kit.suppress(STOPS)
    clinic.run_until(RESTORED, timedelta(hours=2))
    kit.close()
    return clinic.another_process()


def reached(clinic):
    """Return how many texts reached whom."""
    people = (STAYS, LEAVES, MOVES, BOOKS, NEARS, STOPS, SENT, LATER)
    return dict(zip(people, map(clinic.texts, people), strict=True))


def unknown(kit):
    """Return whose messages nobody can tell of."""
    return {member.to for item in kit.attention() if item.kind == "unknown" for member in item.affected}


def kinds(report):
    return sorted({(change.kind.value, change.reason.value) for change in report.changes})


@pytest.fixture(params=["telnyx", "twilio", "vonage"])
def lost(request, clinic, tmp_path):
    """A clinic whose ledger was restored to the backup of two days ago, with its backup's ledger in its place."""
    made = clinic(request.param, file=True, options={"concurrency": 4})
    made.kit = worked_on(made, tmp_path)
    made.kit.ledger.restore(tmp_path / "backup.db", made.kit.now(), force=True)
    return made


def test_it_writes_to_nobody_until_it_is_adopted(lost):
    """Runs return, hold, and list it; what comes in is recorded."""
    asked = len(lost.sandbox.requests)
    report = lost.kit.resync(now(), complete=True)
    assert report.ok
    assert [change for change in report.changes if change.is_work] == []
    (item,) = report.attention
    assert item.kind == "ledger"
    assert "restored from a backup of 2026-02-10T15:00:00Z" in item.what
    assert "ledger adopt" in item.remedy
    lost.kit.suppress(number(99))
    assert len(lost.sandbox.requests) == asked


def test_who_worked_on_it_as_it_was_backed_up_works_on_it_no_more(make_kit, appointment, tmp_path):
    """A claim that came back with the backup is lost, and all that is recorded is looked at anew."""
    kit = make_kit()
    kit.sync(appointment())
    with kit.ledger.writing() as tx:
        (row,) = tx.reader.rows([Identity("default", "A-1")]).values()
        claim = tx.claim([row], "a worker", kit.now(), timedelta(minutes=2))[row]
    kit.ledger.backup(tmp_path / "backup.db")
    (before,) = kit.ledger.read(lambda reader: list(reader.records(rows=[row])))
    kit.ledger.restore(tmp_path / "backup.db", kit.now(), force=True)
    (after,) = kit.ledger.read(lambda reader: list(reader.records(rows=[row])))
    assert (after.generation, after.dirty) == (before.generation + 1, True)
    with kit.ledger.writing() as tx, pytest.raises(ClaimLostError):
        tx.keep_outcomes(claim, list(after.outcomes))


@pytest.mark.slow
def test_nobody_gets_a_text_twice_and_nobody_who_opted_out_gets_one(lost):
    """Two days lie between; the host hands in what it has, and the batch job goes on until all is over."""
    kit = lost.kit
    kit.ledger.adopt()
    if lost.provider != "telnyx":  # which alone lists who opted out
        held = kit.resync(now(), complete=True)
        assert [change for change in held.changes if change.is_work] == []
        assert "--opt-outs-known" in next(item.remedy for item in held.attention if item.kind == "ledger")
        kit.suppress(STOPS)
        kit.ledger.adopt(opt_outs_known=True)
    kit.resync(now(), complete=True)
    in_doubt = {"telnyx": {MOVES, BOOKS, NEARS}, "twilio": set(), "vonage": {SENT}}[lost.provider]
    assert unknown(kit) == in_doubt
    lost.run_until(OVER, timedelta(hours=2))
    assert reached(lost) == {
        STAYS: 1,
        LEAVES: 0,
        MOVES: 1,
        BOOKS: 1,
        NEARS: 1,
        STOPS: 0,
        SENT: 1,
        LATER: 1,
    }
    assert {item.kind for item in kit.attention()} <= ({"restored"} if lost.provider == "twilio" else set())


@pytest.fixture
def telnyx(clinic, tmp_path):
    """Return a function that has a clinic at Telnyx back its ledger up, work, and restore it."""

    def make(before, meanwhile, after=timedelta(days=2), **named):
        made = clinic(file=True, **named)
        made.kit.ledger.upgrade()
        made.kit.sync(before)
        made.kit.ledger.backup(tmp_path / "backup.db")
        meanwhile(made)
        made.run_until(made.sandbox.now() + after, timedelta(hours=6))
        made.kit.close()
        made.kit = made.another_process()
        made.kit.ledger.restore(tmp_path / "backup.db", made.kit.now(), force=True)
        made.kit.ledger.adopt()
        made.sandbox.requests.clear()
        return made

    return make


def test_a_plan_parks_nothing_of_which_the_provider_is_to_be_asked_first(telnyx):
    """Its line says so, with neither a time nor a text of a message that may exist already."""
    made = telnyx([visit("later", day=14, phone=LATER)], lambda _clinic: None)
    (change,) = made.kit.plan([visit("books", day=4, phone=BOOKS)]).changes
    assert (change.kind.value, change.reason.value, change.send_at, change.text) == (
        "hold",
        "restored_ledger",
        None,
        None,
    )
    assert change.error.startswith("the provider is asked first")


def test_what_did_not_come_in_again_waits_and_is_listed(telnyx):
    """A host that only tells of changes cancelled a visit meanwhile: nobody is reminded of it; of others on a word."""
    visits = [visit("gone", day=14, phone=LEAVES), visit("on", day=14, phone=STAYS), visit("told", day=14, phone=NEARS)]
    made = telnyx(visits, lambda it: it.kit.withdraw("gone"))
    made.kit.sync(visits[2])
    made.run_until(START + timedelta(days=9, hours=1), timedelta(hours=12))
    (item,) = [item for item in made.kit.attention() if item.kind == "restored"]
    assert {(member.identity.id, member.to) for member in item.affected} == {("gone", LEAVES), ("on", STAYS)}
    assert "complete" in item.remedy
    (why,) = made.kit.explain("on").reminders
    assert (why.change.kind.value, why.change.reason.value) == ("hold", "restored_ledger")
    assert "did not come in again since" in why.change.error
    assert [message.to for message in made.sandbox.parked()] == [NEARS]
    assert made.kit.retry("on").ok
    assert made.kit.resync([visits[2], visits[1]], complete=True).ok
    assert made.kit.attention() == ()
    made.run_until(START + timedelta(days=14), timedelta(hours=12))
    assert [made.texts(phone) for phone in (LEAVES, STAYS, NEARS)] == [0, 1, 1]


CALENDAR = b"""BEGIN:VCALENDAR\r
VERSION:2.0\r
PRODID:-//test//EN\r
BEGIN:VEVENT\r
UID:E-1\r
DTSTAMP:20260201T000000Z\r
DTSTART:20260224T150000Z\r
SUMMARY:Check-up\r
ATTENDEE:tel:+12025550110\r
END:VEVENT\r
END:VCALENDAR\r
"""


def test_what_a_person_keeps_out_stays_out(clinic, tmp_path):
    """Also where it had not come in again yet: it is known by what it holds."""
    made = clinic(file=True)
    made.kit.import_calendar(CALENDAR, source="clinic")
    made.kit.ledger.backup(tmp_path / "backup.db")
    made.kit.ledger.restore(tmp_path / "backup.db", made.kit.now())
    made.kit.ledger.adopt(opt_outs_known=True)
    made.kit.withdraw("E-1", keep=True)
    made.kit.import_calendar(CALENDAR, source="clinic")
    made.run_until(START + timedelta(days=14), timedelta(hours=12))
    assert made.texts(STAYS) == 0


def test_a_person_has_one_sent_of_which_nobody_can_tell(telnyx):
    """The lost ledger parked nothing of it; Telnyx can't tell, and `retry` sends it."""
    made = telnyx([], lambda it: None)
    report = made.kit.resync([visit("A-1", day=4)], complete=True)
    assert [(change.happened, change.reason.value) for change in report.changes] == [("unknown", "not_confirmed")]
    assert made.sandbox.parked() == []
    made.kit.retry("A-1")
    assert len(made.sandbox.parked()) == 1
    assert made.kit.resync([visit("A-1", day=4)], complete=True).ok


def test_what_is_booked_later_is_no_longer_in_doubt(telnyx):
    """Once a source was handed in whole, what comes new was booked since; and so was what says so itself."""
    made = telnyx([], lambda it: None)
    booked_at = made.kit.now() + timedelta(minutes=1)
    report = made.kit.sync(visit("A-1", day=4, phone=STAYS, booked_at=booked_at))
    assert [change.happened for change in report.changes] == ["parked"]
    report = made.kit.sync(visit("A-2", day=4, phone=NEARS))
    assert [change.happened for change in report.changes] == ["unknown"]
    made.kit.resync([visit("A-1", day=4, phone=STAYS), visit("A-2", day=4, phone=NEARS)], complete=True)
    report = made.kit.sync(visit("A-3", day=4, phone=BOOKS))
    assert [change.happened for change in report.changes] == ["parked"]


@pytest.mark.slow
def test_detail_records_tell_of_what_was_parked_and_went_out(telnyx):
    """Until its time nobody can tell; ten minutes after it, Telnyx' record of it settles it, long before the start."""
    made = telnyx([visit("A-1", day=7, phone=NEARS)], lambda it: None)
    made.kit.resync([visit("A-1", day=7, phone=NEARS)], complete=True)
    assert unknown(made.kit) == {NEARS}
    made.run_until(START + timedelta(days=6, minutes=30), timedelta(minutes=30))
    assert unknown(made.kit) == set()
    assert made.texts(NEARS) == 1
    assert made.kit.resync().ok


@pytest.mark.parametrize("day", [1, 3], ids=["late, in other words", "on time"])
def test_twilio_lists_what_was_parked_after_the_backup(clinic, tmp_path, day):
    """It is known by its words: those it had on time, or those that a late one has by now."""
    rule = Rule("day-before", before="24 hours", text="See you {{ when }}", late_text="Soon: {{ when }}")
    made = clinic("twilio", file=True, rules=[rule])
    made.kit.sync(visit("A-0", day=7, phone=SENT))
    made.kit.ledger.backup(tmp_path / "backup.db")
    booked = visit("A-1", 5, day=day, phone=NEARS)
    made.kit.sync(booked)
    made.kit.ledger.restore(tmp_path / "backup.db", made.kit.now(), force=True)
    made.kit.ledger.adopt()
    made.sandbox.requests.clear()
    report = made.kit.resync([visit("A-0", day=7, phone=SENT), booked], complete=True)
    assert report.ok
    assert made.posts(NEARS) == []
    assert unknown(made.kit) == set()
    made.run_until(booked.starts_at, timedelta(hours=1))
    assert made.texts(NEARS) == 1


def test_a_webhook_settles_what_was_parked_meanwhile(telnyx):
    """The report on a message of the lost ledger, of which only number and minute are known, is about the reminder."""
    made = telnyx([visit("A-1", day=7, phone=NEARS)], lambda it: None)
    made.kit.resync([visit("A-1", day=7, phone=NEARS)], complete=True)
    made.sandbox.clock.set(START + timedelta(days=6))
    event = DeliveryEvent("e-1", "sent", made.sandbox.now(), "telnyx", "their-id", number=NEARS)
    with made.kit.ledger.writing() as tx:
        (told,) = made.kit._inbox.take(tx, [event], made.kit.now()).announced
    assert told.appointment[1] == "A-1"
    assert unknown(made.kit) == set()
    assert [change.reason.value for change in made.kit.resync().changes] == ["already_sent"]


def test_a_request_whose_answer_was_open_is_not_repeated(clinic, tmp_path):
    """Its answer was lost at the backup, and what came of it is not known here: it is asked for, not posted again."""
    made = clinic(file=True)
    made.sandbox.fault("503", times=3, method="POST")
    made.kit.sync([visit("A-1", day=4, phone=NEARS)])
    made.kit.ledger.backup(tmp_path / "backup.db")
    made.sandbox.clock.advance(minutes=10)
    made.kit.resync()
    assert len(made.sandbox.parked()) == 1
    made.kit.ledger.restore(tmp_path / "backup.db", made.kit.now(), force=True)
    made.kit.ledger.adopt()
    made.sandbox.requests.clear()
    made.kit.resync([visit("A-1", day=4, phone=NEARS)], complete=True)
    assert made.posts(NEARS) == []
    assert unknown(made.kit) == {NEARS}
    made.run_until(START + timedelta(days=4), timedelta(hours=1))
    assert made.texts(NEARS) == 1


def test_the_batch_job_of_another_process_stops_where_it_is(clinic, tmp_path):
    """A run that is at work while its ledger is restored does nothing more, and says so."""
    made = clinic(file=True)
    made.kit.sync([visit(f"A-{index}", day=4, phone=number(index)) for index in range(3)])
    made.kit.ledger.backup(tmp_path / "backup.db")
    other = made.another_process()
    plan = other.plan_resync([visit("A-9", day=4)])
    made.kit.ledger.restore(tmp_path / "backup.db", made.kit.now())
    made.sandbox.requests.clear()
    with pytest.raises(LedgerError, match="was restored from a backup while this run was at work"):
        other.apply(plan)
    assert list(made.sandbox.requests) == []


def test_while_the_provider_is_down_nobody_is_written_to(telnyx):
    """Neither who opted out nor what is parked can be asked: the run only records, and the next one goes on."""
    made = telnyx([visit("A-1", day=4, phone=STAYS)], lambda it: None)
    made.break_down("503")
    report = made.kit.resync([visit("A-1", 12, day=4, phone=STAYS)], complete=True)
    assert [change for change in report.changes if change.is_work] == []
    assert "who opted out" in next(item.what for item in report.attention if item.kind == "ledger")
    made.recover()
    made.sandbox.clock.advance(minutes=10)
    made.kit.resync()
    (parked,) = made.sandbox.parked()
    assert parked.text == "See you tomorrow at 12:00 PM"
    assert made.kit.attention()[0].kind == "restored"
