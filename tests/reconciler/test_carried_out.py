"""A plan carried out: what is noted besides, what a broken run leaves, and by whose rules, and where, it is worked."""

from __future__ import annotations

import shutil
from concurrent.futures import Future
from datetime import timedelta
from itertools import count

import pytest
from attrs import evolve

from reminder_kit import Rule
from reminder_kit.cli.rendering import outcome_line
from reminder_kit.errors import LedgerError, UnsafePlanError
from reminder_kit.ledger.restorations import Restorations
from reminder_kit.ledger.transaction import Transaction
from reminder_kit.model.appointments import Recipient
from reminder_kit.model.places import Place
from reminder_kit.model.records import Claim, Identity
from reminder_kit.model.rule_sets import RuleSet, RuleSetRecord, Standing, serving
from reminder_kit.planning.plan import Worklist
from reminder_kit.providers.twilio.provider import Twilio
from reminder_kit.reconciler import executor
from reminder_kit.reconciler.leases import Heartbeat
from reminder_kit.reconciler.restored import refuse_older_state
from reminder_kit.reconciler.scope import Scope
from reminder_kit.reconciler.terms import accept, terms_of, why_still
from tests.factories import ACCOUNT, DAY, EVENING, SERVICE, START, received_texts, visit

LEASE, MINUTE, SECOND = timedelta(minutes=1), timedelta(minutes=1), timedelta(seconds=1)
OTHER = "+12025550177"
HERE, THERE = Place("1:2", "/srv/a.db", "a.db"), Place("1:3", "/srv/b.db", "b.db")
OWN = RuleSet("a" * 32, (("day", "1"),))
EDITED = RuleSet("b" * 32, (("day", "2"),))
FOREIGN = RuleSet("c" * 32, (("other", "1"),))


@pytest.fixture
def kit(make_kit):
    return make_kit([DAY], concurrency=1)


@pytest.fixture
def ledger(kit):
    kit.ledger.upgrade()
    return kit.ledger


def parked(sandbox):
    return sorted(message.to for message in sandbox.parked())


# What is noted


def test_a_message_whose_words_are_right_stays_and_is_known_to_speak_of_others(make_kit, sandbox):
    """One appointment in the place of another that it told of, at the same time and by the same name: told once."""
    kit = make_kit([EVENING], concurrency=1)
    kit.sync([visit("A"), visit("B", 11)])
    (before,) = sandbox.parked()
    kit.sync([visit("B", 11, status="cancelled"), visit("C", 11)])
    assert [message.id for message in sandbox.parked()] == [before.id]
    records = {record.identity.id: record for record in kit.ledger.read(lambda reader: list(reader.records()))}
    (told,) = records["A"].messages
    assert [one.key for one in told.includes] == [one.key for one in records["C"].outcomes]
    assert (told.due_at, told.start_at) == (records["A"].outcomes[0].due_at, visit("A").start_at)
    for _ in range(3):
        sandbox.clock.set(before.send_at + timedelta(hours=1))
        kit.resync()
    assert received_texts(sandbox) == [before.text]


def test_a_message_whose_words_say_no_time_follows_its_appointment(make_kit, sandbox):
    """Moved by an hour it is told in the same words at the same time, once: the message stays, for the new start."""
    kit = make_kit([Rule("evening", days_before=1, at="18:00", text="See you tomorrow.")], concurrency=1)
    kit.sync(visit("A"))
    (before,) = sandbox.parked()
    kit.sync(visit("A", 10))
    assert [message.id for message in sandbox.parked()] == [before.id]
    (record,) = kit.ledger.read(lambda reader: list(reader.records()))
    assert [message.start_at for message in record.messages] == [visit("A", 10).start_at]
    sandbox.clock.set(before.send_at + timedelta(hours=1))
    for _ in range(3):
        kit.resync()
    assert received_texts(sandbox) == [before.text]


def test_that_somebody_came_in_again_is_noted(kit, sandbox):
    """A list that was read before that, and lacks it, withdraws nothing."""
    both = [visit("A"), visit("B", 11, phone=OTHER)]
    kit.sync(both)
    sandbox.clock.advance(minutes=10)
    read_at = kit.now()
    sandbox.clock.advance(minutes=10)
    kit.sync(both[1])
    kit.sync(visit("C", 12, phone="+12025550178"), complete=True, as_of=read_at, force=True)
    assert parked(sandbox) == [OTHER, "+12025550178"]


def test_a_run_is_told_in_full_and_leaves_nothing_open(kit, sandbox):
    """Each appointment's lines, the claims given back, and when it is looked at next."""
    report = kit.sync([visit("A"), visit("B", 11, phone=OTHER)])
    assert [(one.identity.id, one.happened, one.outcome) for one in report.changes] == [
        ("A", "parked", "done"),
        ("B", "parked", "done"),
    ]
    records = kit.ledger.read(lambda reader: list(reader.records()))
    send_at = visit("A").start_at - timedelta(hours=24)
    assert [(one.dirty, one.planned_with) for one in records] == [(False, kit.settings.digest)] * 2
    assert [one.next_at for one in records] == [send_at + MINUTE, send_at + timedelta(hours=2, minutes=1)]
    rows = [one.row for one in records]
    assert set(kit.ledger.submit(lambda tx: tx.claim(rows, "another", kit.now(), LEASE)).result()) == set(rows)
    assert len(sandbox.requests) == 2


def test_what_is_broken_off_is_free_at_once(kit, monkeypatch):
    """Nobody waits until the lease runs out; what was begun is open, and the next run ends it."""

    async def interrupted(_request):
        raise KeyboardInterrupt

    monkeypatch.setattr(kit._io, "send", interrupted)
    with pytest.raises(KeyboardInterrupt):
        kit.sync(visit("A"))
    (record,) = kit.ledger.read(lambda reader: list(reader.records()))
    assert ([one.state.value for one in record.messages], record.dirty) == (["creating"], True)
    assert kit.ledger.submit(lambda tx: tx.claim([record.row], "another", kit.now(), LEASE)).result()


def unwaited(_future):
    """Leave it to itself: it is committed later."""


@pytest.mark.parametrize("leave", [Future.result, Future.cancel, unwaited], ids=["committed", "cancelled", "under way"])
@pytest.mark.parametrize("nth", range(1, 6))
def test_whichever_commit_a_run_is_broken_off_in_it_holds_nothing_afterwards(kit, monkeypatch, nth, leave):
    """Also what is claimed, or given back, once nobody waits for it any more."""
    result, commits = kit._io.result, count(1)

    async def broken_off(future):
        if next(commits) != nth:
            return await result(future)
        leave(future)
        raise KeyboardInterrupt

    monkeypatch.setattr(kit._io, "result", broken_off)
    with pytest.raises(KeyboardInterrupt):
        kit.sync(visit("A"))
    monkeypatch.undo()
    rows = [one.row for one in kit.ledger.read(lambda reader: list(reader.records()))]
    assert set(kit.ledger.submit(lambda tx: tx.claim(rows, "another", kit.now(), LEASE)).result()) == set(rows)


def test_what_another_worker_holds_is_left_to_it_by_the_batch_job(kit, sandbox):
    """And told as failed to a host that waited for it in vain."""
    kit.record(visit("A"))
    (record,) = kit.ledger.read(lambda reader: list(reader.records()))
    kit.ledger.submit(lambda tx: tx.claim([record.row], "another", kit.now(), timedelta(minutes=2))).result()
    told = []
    kit.on("change", lambda change: told.append(change.happened))
    report = kit.resync()
    (change,) = report.changes
    assert (change.kind.value, change.outcome, change.error) == (
        "schedule",
        None,
        "another worker holds this appointment; the next resync finishes it",
    )
    assert (report.ok, report.left, told) == (True, (change,), ["left"])
    assert report.headline == "1 schedule, 1 appointments, 1 left"
    assert outcome_line(report).text == "1 appointment: 1 left to another worker."
    (change,) = kit.sync(visit("A")).changes
    assert (change.outcome, change.error) == (
        "failed",
        "another worker holds this appointment; the next resync finishes it",
    )
    assert (parked(sandbox), len(sandbox.requests)) == ([], 0)


def test_of_what_is_left_to_another_worker_no_line_is_missing(kit):
    """What stands of the appointment is told as it stands."""
    kit.record(evolve(visit("A"), recipients=(*visit("A").recipients, Recipient("12"))))
    (record,) = kit.ledger.read(lambda reader: list(reader.records()))
    kit.ledger.submit(lambda tx: tx.claim([record.row], "another", kit.now(), timedelta(minutes=2))).result()
    report = kit.resync()
    assert [(one.to, one.happened) for one in report.changes] == [("+12025550123", "left"), ("12", "skipped")]
    assert report.summary["left"] == 1


def test_a_ledger_that_was_put_back_under_a_run_writes_to_nobody(kit, ledger, tmp_path):
    """Until it is adopted, and who opted out is known."""
    ledger.submit(refuse_older_state).result()
    kit.sync(visit("A"))
    ledger.backup(tmp_path / "backup.db")
    ledger.restore(tmp_path / "backup.db", kit.now(), force=True)
    with pytest.raises(LedgerError, match="the ledger was restored from a backup while this run was at work: nothing"):
        ledger.submit(refuse_older_state).result()
    ledger.adopt(opt_outs_known=True)
    ledger.submit(refuse_older_state).result()


def test_what_is_taken_back_at_the_fallback_leaves_no_room_at_the_first(make_kit):
    """Each provider has its own."""
    make_kit([DAY], provider=Twilio(ACCOUNT, "KEY", SERVICE)).sync(visit("A"))
    kit = make_kit([DAY], fallback=Twilio(ACCOUNT, "KEY", SERVICE))
    kit.provider.capabilities = evolve(kit.provider.capabilities, cap=1)
    comes = [visit("B", 10, phone=OTHER), visit("C", 11, phone="+12025550178")]
    plan = kit.plan(comes, complete=True)
    assert sorted((one.identity.id, one.kind.value, one.reason.value) for one in plan.changes) == [
        ("A", "cancel", "removed"),
        ("B", "schedule", "on_time"),
        ("C", "hold", "at_capacity"),
    ]


@pytest.mark.parametrize("limit", [None, 1])
@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize("cap", [1, 2, 3])
def test_where_a_provider_is_full_a_run_does_as_its_plan_says(make_kit, sandbox, cap, order, limit):
    """Two visits of one number: what waits for room does so in both, and takes nobody's place in a day."""
    near = Rule("hours", before="2 hours", text="Soon: {{ when }}")
    kit = make_kit([DAY, near], max_per_day=limit)
    kit.provider.capabilities = evolve(kit.provider.capabilities, cap=cap)
    for one in [visit("A", 19, day=3), visit("B", 12, day=2)][::order]:
        kit.sync(one)
    for _ in range(12):
        planned = [(one.kind, one.key, one.reason) for one in kit.plan_resync().work]
        report = kit.resync(force=True)
        assert planned == [(one.kind, one.key, one.reason) for one in report.changes if one.is_work]
        assert kit.plan_resync().work == ()
        assert len(sandbox.parked()) <= cap
        sandbox.clock.advance(hours=6)


def test_a_heartbeat_stops_no_process_from_ending(ledger):
    """Its thread is known by its name."""
    heart = Heartbeat(ledger, [Claim(1, "w", 1)], lambda: START)
    assert (heart._thread.name, heart._thread.daemon) == ("reminder-kit-heartbeat", True)


# By whose rules, and where


def served(rules, since=START, worked_at=START, **changes):
    return RuleSetRecord(rules, serves=True, since=since, worked_at=worked_at, **changes)


def write(ledger, *records, places=(HERE,)):
    def noted(tx):
        tx.keep_rule_sets(list(records))
        tx.keep_places(list(places))

    ledger.submit(noted).result()


@pytest.mark.parametrize(
    ("records", "actor", "now", "place", "standing", "news"),
    [
        ((), "sync", START, HERE, Standing.TAKES_OVER, True),
        ((OWN,), "sync", START, HERE, Standing.SERVES, False),
        ((OWN,), "sync", START + MINUTE, HERE, Standing.SERVES, True),
        ((OWN,), "withdraw", START + MINUTE, HERE, Standing.SERVES, False),
        ((OWN,), "sync", START, THERE, Standing.SERVES, True),
        ((OWN,), "sync", START, None, Standing.SERVES, False),
        ((EDITED,), "sync", START, HERE, Standing.TAKES_OVER, True),
        ((EDITED,), "suppress", START, HERE, Standing.YIELDS, False),
        ((FOREIGN,), "sync", START, HERE, Standing.YIELDS, False),
        ((FOREIGN,), "resync", START, HERE, Standing.REFUSED, False),
    ],
    ids=["nobody's", "ours", "ours, a minute later", "ours, a withdrawal", "ours, elsewhere", "ours, nowhere",
         "edited", "edited, a STOP", "others'", "others', whole"],
)  # fmt: skip
def test_a_run_asks_to_work_by_its_rules(ledger, records, actor, now, place, standing, news):
    """It is news where they, or the place, are not noted yet."""
    write(ledger, *map(served, records))
    terms = ledger.read(lambda reader: terms_of(reader, OWN, Scope(actor), place, now))
    assert (terms.standing, terms.news, terms.restoration) == (standing, news, None)
    assert bool(terms.refusal) is (standing is Standing.REFUSED)
    assert (terms.bid.own, terms.bid.takes, terms.bid.whole, terms.bid.forced) == (
        OWN,
        actor in ("sync", "resync"),
        actor == "resync",
        False,
    )
    forced = ledger.read(lambda reader: terms_of(reader, OWN, Scope(actor, forced=True), place, now))
    assert forced.bid.forced


@pytest.mark.parametrize(
    ("known", "place", "live", "still"),
    [
        ((HERE,), HERE, True, False),
        ((HERE,), THERE, True, True),
        ((HERE,), evolve(HERE, path="/mnt/a.db"), True, True),
        ((HERE,), evolve(HERE, identity="9:9"), True, True),
        ((HERE, THERE), THERE, True, False),
        ((HERE,), THERE, False, False),
        ((), THERE, True, False),
        ((HERE,), None, True, False),
    ],
    ids=["here", "elsewhere", "another path", "another file", "known too", "nothing live", "nobody knows", "nowhere"],
)
def test_a_ledger_that_is_elsewhere_writes_to_nobody_while_anything_is_live(kit, ledger, known, place, live, still):
    """It may be a copy."""
    if live:
        kit.record(visit("A"))
    ledger.submit(lambda tx: tx.keep_places(list(known))).result()
    why = ledger.read(lambda reader: why_still(reader, place, START))
    assert why == (f"the ledger last worked at a.db, and is at {place.name} now" if still else "")


def test_what_was_withdrawn_is_not_live(kit, ledger):
    """What is parked is, whatever else there is."""
    kit.record(visit("A"))
    ledger.submit(lambda tx: tx.remove([Identity("default", "A")], START)).result()
    ledger.submit(lambda tx: tx.keep_places([HERE])).result()
    assert ledger.read(lambda reader: why_still(reader, THERE, START)) == ""


def test_a_ledger_that_was_put_back_says_since_when_nothing_is_known(kit, ledger, tmp_path):
    """Until it is adopted."""
    kit.sync(visit("A"))
    ledger.backup(tmp_path / "backup.db")
    ledger.restore(tmp_path / "backup.db", kit.now() + MINUTE, force=True)
    why = ledger.read(lambda reader: why_still(reader, None, START))
    assert why == "the ledger was restored from a backup of 2026-02-10T14:00:00Z, and not adopted since"
    terms = ledger.read(lambda reader: terms_of(reader, OWN, Scope("sync"), None, START))
    assert (terms.foreign, terms.restoration.adopted) == (why, False)
    ledger.adopt()
    assert ledger.read(lambda reader: why_still(reader, None, START)) == ""


def worklist(ledger, actor="sync", own=OWN, now=START, **changes):
    terms = ledger.read(lambda reader: terms_of(reader, own, Scope(actor), HERE, now))
    return Worklist(bid=terms.bid, **{"standing": terms.standing, **changes})


def accepted(ledger, work, *, now=START, place=HERE, forced=False):
    return ledger.submit(lambda tx: accept(work, place, now, forced=forced, tx=tx)).result()


def serves(ledger):
    found = serving(ledger.read(lambda reader: reader.standing.rule_sets()))
    return found and found.rules


def test_what_takes_over_serves_from_then_on(ledger):
    """And the place is noted once."""
    assert accepted(ledger, worklist(ledger)) is Standing.TAKES_OVER
    assert serves(ledger) == OWN
    assert ledger.read(lambda reader: reader.standing.places()) == [HERE]
    assert accepted(ledger, worklist(ledger), place=None) is Standing.SERVES
    accepted(ledger, worklist(ledger), place=THERE)
    assert {one.name for one in ledger.read(lambda reader: reader.standing.places())} == {"b.db"}


@pytest.mark.parametrize(
    ("late", "left"), [(-SECOND, {OWN, EDITED}), (SECOND, {EDITED})], ids=["within a month", "after a month"]
)
def test_a_set_that_was_replaced_is_forgotten_after_a_month(ledger, late, left):
    """When another one takes over."""
    accepted(ledger, worklist(ledger))
    later = START + timedelta(days=30) + late
    assert accepted(ledger, worklist(ledger, own=EDITED, now=later), now=later) is Standing.TAKES_OVER
    assert serves(ledger) == EDITED
    assert {one.rules for one in ledger.read(lambda reader: reader.standing.rule_sets())} == left


@pytest.mark.parametrize("actor", ["sync", "withdraw"])
def test_who_yields_leaves_the_others_at_work(ledger, actor):
    """That a set yielded is noted where it was known; a withdrawal notes nothing."""
    write(ledger, served(EDITED), RuleSetRecord(OWN, serves=False, since=START, worked_at=START))
    work = worklist(ledger, actor, standing=Standing.YIELDS)
    assert accepted(ledger, work) is Standing.YIELDS
    assert serves(ledger) == EDITED
    records = ledger.read(lambda reader: reader.standing.rule_sets())
    (own,) = [one for one in records if one.rules == OWN]
    assert own.yielded_at == (START if actor == "sync" else None)


def test_what_is_refused_by_now_is_refused(ledger):
    """Unless a person said that the refused plan is to be carried out."""
    work = worklist(ledger, "resync")
    write(ledger, served(FOREIGN))
    with pytest.raises(UnsafePlanError, match="none of this configuration's rules"):
        accepted(ledger, work)
    with pytest.raises(UnsafePlanError):
        accepted(ledger, work, forced=True)
    refused = worklist(ledger, "resync")
    assert refused.standing is Standing.REFUSED
    with pytest.raises(UnsafePlanError):
        accepted(ledger, refused)
    assert accepted(ledger, refused, forced=True) is Standing.TAKES_OVER
    assert serves(ledger) == OWN


def test_a_plan_that_asks_nobody_works_as_it_was_told(ledger):
    """Nothing is noted but the place."""
    assert accepted(ledger, Worklist(standing=Standing.YIELDS)) is Standing.YIELDS
    assert accepted(ledger, Worklist()) is Standing.SERVES
    assert serves(ledger) is None
    assert ledger.read(lambda reader: reader.standing.places()) == [HERE]


def test_what_went_out_for_an_occurrence_is_known_by_its_next_name(kit, sandbox):
    """Also where it is decided once more, under the claim: the person has it already, and gets no second one."""
    first = visit("A", day=2, recurrence_id="2026-02-12T09:00:00")
    kit.sync(first)
    sandbox.clock.set(first.start_at - timedelta(hours=20))
    kit.resync()
    assert len(received_texts(sandbox)) == 1
    again = evolve(first, recurrence_id="2026-02-12T09:10:00", starts_at=first.starts_at + timedelta(minutes=10))
    report = kit.sync([again, visit("B", day=2, hour=15)])
    said = {change.identity.recurrence_id: change.reason.value for change in report.changes}
    assert said[again.recurrence_id] == "already_sent"
    sandbox.clock.advance(hours=1)
    kit.resync()
    assert len(received_texts(sandbox)) == 1


def test_a_long_list_is_recorded_piece_by_piece(kit, monkeypatch):
    """Each piece once, and what is older than what is known is told of in whichever piece it came."""
    monkeypatch.setattr(executor, "_INTAKE", 2)
    kit.sync(visit("C", revision=3))
    recorded, record = [], Transaction.record

    def heard(transaction, batch, *given, **named):
        recorded.append([incoming.identity.id for incoming in batch])
        return record(transaction, batch, *given, **named)

    monkeypatch.setattr(Transaction, "record", heard)
    plan = kit.plan([visit(name, revision=2) for name in "AB"] + [visit("C", title="New", revision=4), visit("D")])
    kit.record(visit("C", revision=5))
    recorded.clear()
    report = kit.apply(plan)
    assert recorded == [["A", "B"], ["C", "D"]]
    assert {change.identity.id: change.reason.value for change in report.changes}["C"] == "stale_revision"


def test_that_all_came_in_is_noted_with_its_last_piece(kit, sandbox, tmp_path, monkeypatch):
    """A run that breaks off before that has not seen the whole list: a ledger that was put back goes on in doubt."""
    monkeypatch.setattr(executor, "_INTAKE", 1)
    kit.sync(visit("A"))
    noted, note = [], Restorations.note_complete

    def heard(writer, sources):
        noted.append(tuple(sources))
        return note(writer, sources)

    monkeypatch.setattr(Restorations, "note_complete", heard)
    plan = kit.plan([visit("A", title="New"), visit("B", 11)], "default", complete=True)
    kit.apply(evolve(plan, worklist=evolve(plan.worklist, complete=("default",))))
    assert noted == [(), ("default",)]


def test_a_plan_for_a_copied_ledger_says_that_it_writes_to_nobody(make_kit, sandbox, tmp_path):
    """Not only the run: whoever looks at the plan before sees it."""
    first, second = (f"sqlite:///{tmp_path / name}.db" for name in ("here", "there"))
    kit = make_kit([DAY], ledger=first)
    kit.sync(visit("A"))
    kit.close()
    shutil.copy(tmp_path / "here.db", tmp_path / "there.db")
    plan = make_kit([DAY], ledger=second).plan(visit("B", 12))
    assert [(change.kind.value, change.reason.value) for change in plan.changes] == [("hold", "foreign_ledger")]
