"""What each verb asks of a plan: for whom it speaks, whether the guard counts, and what it refuses to take."""

from __future__ import annotations

from datetime import timedelta

import pytest

from reminder_kit import Rule
from reminder_kit.errors import ConfigurationError, InvalidInputError, InvalidRuleError, LedgerError, UnsafePlanError
from reminder_kit.model.as_of import AsOf
from reminder_kit.model.records import HistoryEntry, Identity, is_open
from reminder_kit.model.rule_sets import Standing
from reminder_kit.reconciler.planner import read_rules
from tests.factories import DEFAULTS, START, TEXT, visit

DAY = Rule("day-before", before="24 hours", text="{{ appointment.id }}: {{ when }}")
BEFORE = timedelta(seconds=5, microseconds=1)


@pytest.fixture
def kit(make_kit):
    return make_kit([DAY])


@pytest.fixture
def planner(kit):
    return kit._planner


def visits(count, day=2, **changes):
    """Return appointments of as many people."""
    return [visit(f"V-{n}", 9, minute=n, day=day, phone=f"+120255501{n:02}", **changes) for n in range(count)]


def names(identities):
    return [identity.id for identity in identities]


def calendar(*ids, start="20260212T090000"):
    """Return a calendar of visits, an hour each."""
    events = "".join(
        f"BEGIN:VEVENT\r\nUID:{uid}\r\nDTSTAMP:20260101T000000Z\r\nDTSTART;TZID=America/New_York:{start}\r\n"
        f"DURATION:PT1H\r\nSUMMARY:{uid}\r\nATTENDEE;CN=Ada:tel:+12025550123\r\nEND:VEVENT\r\n"
        for uid in ids
    )
    return f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//desk//EN\r\n{events}END:VCALENDAR\r\n"


@pytest.fixture
def write(tmp_path):
    """Return a function that writes a calendar of visits; returns its file."""

    def wrote(*ids, name="desk.ics", **changes):
        path = tmp_path / name
        path.write_text(calendar(*ids, **changes), encoding="utf-8", newline="")
        return path

    return wrote


# Whether the guard's ratio counts


@pytest.mark.parametrize(
    ("count", "options", "guarded"),
    [
        (20, {}, False),
        (21, {}, True),
        (1, {"complete": True}, True),
        (1, {"covers": ["V-0"]}, True),
        (0, {"complete": True}, True),
    ],
    ids=["twenty", "twenty-one", "complete", "covered", "nothing, complete"],
)
def test_a_persons_edit_is_not_guarded(kit, count, options, guarded):
    """Twenty at the most, of which the absence of others means nothing."""
    plan = kit.plan(visits(count), **options)
    assert (plan.actor, plan.guarded, plan.refusal) == ("sync", guarded, None)


def test_the_other_verbs_are_guarded_as_they_speak_for_many_or_one(kit, planner, write):
    """The batch job, a calendar and a part of the job are; a withdrawal and a STOP are not."""
    kit.sync(visit("A"))
    plans = {
        "resync": kit.plan_resync(),
        "import": kit.plan_calendar(write("A")),
        "shard": planner.shard(START, [1]),
        "withdrawal": planner.withdrawal([Identity("default", "A")], START),
        "suppression": planner.suppression("+12025550123", START),
    }
    assert {name: (plan.actor, plan.guarded) for name, plan in plans.items()} == {
        "resync": ("resync", True),
        "import": ("import", True),
        "shard": ("resync", True),
        "withdrawal": ("withdraw", False),
        "suppression": ("suppress", False),
    }


def test_what_is_parked_is_counted_where_something_goes(kit):
    """Of the source that is spoken for; of all in the batch job; nowhere where nothing is taken back."""
    kit.sync([*visits(3), visit("B", source="books", phone="+12025550190")])
    assert kit.plan(visits(2), complete=True).parked == 3
    assert kit.plan(visits(3), complete=True).parked == 0
    assert kit.plan_resync(visits(2), complete=True).parked == 4
    assert kit.plan([visit("V-0", 11, phone="+12025550100")]).parked == 0


# Whose appointments they are


def test_all_of_no_named_source_are_of_the_one_they_have(kit):
    """Handed in as complete, they speak for it alone."""
    kit.sync([visit("A", source="desk"), visit("B", source="desk"), visit("C")])
    plan = kit.plan([visit("A", source="desk")], complete=True)
    assert names(plan.worklist.removals) == ["B"]
    assert names(kit.plan(visit("A", source="desk"), complete=True).worklist.removals) == ["B"]
    assert names(kit.plan([visit("C")], "desk", complete=True, force=True).worklist.removals) == ["A", "B"]


def test_one_that_came_twice_speaks_for_its_source_too(kit):
    """Nobody knows which is meant: what is recorded of it stays, and it is named."""
    kit.sync([visit("A", source="desk"), visit("B", source="desk")])
    twice = [visit("A", source="desk"), visit("A", 11, source="desk")]
    plan = kit.plan(twice, complete=True)
    assert names(plan.worklist.removals) == ["B"]
    assert plan.worklist.all_incoming == ()
    assert [(change.identity.id, change.reason.value) for change in plan.changes] == [
        ("B", "removed"),
        ("A", "quarantined"),
    ]
    differ = "starts_at, ends_at"
    said = f"it came twice in one batch, with different {differ}: hand in one, or say by `revision` which is newer"
    assert plan.changes[-1].error == said
    assert [str(problem) for problem in plan.problems] == [f"appointment 'A': {said}"]
    job = kit.plan_resync(twice, complete=True)
    assert (names(job.worklist.removals), [str(one) for one in job.problems]) == (["B"], [f"appointment 'A': {said}"])
    with pytest.raises(InvalidInputError) as caught:
        kit.record(twice)
    assert str(caught.value) == f"appointment 'A': {said}"


def test_several_sources_are_refused_where_absence_means_something(kit):
    """Else each is taken as it is."""
    mixed = [visit("A", source="b"), visit("B", source="a"), visit("C", source="b")]
    said = "complete and covers speak for one source, not for 2 (a, b): hand in one source at a time"
    for options in ({"complete": True}, {"covers": ["A"]}):
        with pytest.raises(InvalidInputError) as caught:
            kit.plan(mixed, **options)
        assert str(caught.value) == said
    with pytest.raises(InvalidInputError) as caught:
        kit.plan_resync(mixed, complete=True)
    assert str(caught.value) == said
    assert len(kit.plan(mixed).changes) == len(kit.plan_resync(mixed).changes) == 3


def test_a_named_source_is_that_of_all(kit):
    """Whatever they say themselves."""
    plan = kit.plan([visit("A", source="b"), visit("B", source="a")], "desk")
    assert [item.identity.source for item in plan.worklist.all_incoming] == ["desk", "desk"]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (None, "not None: build"),
        ("A-1", "not a str: build"),
        (b"A-1", "not a bytes: build"),
        ({"id": "A-1"}, "not a dict: build"),
        (7, "not a int: build"),
    ],
    ids=["None", "text", "bytes", "a table", "a number"],
)
def test_what_is_no_list_of_appointments_is_refused_by_its_kind(kit, given, said):
    """With what to hand in instead."""
    with pytest.raises(InvalidInputError) as caught:
        kit.plan(given)
    assert str(caught.value) == (
        f"expected an Appointment, or a list or another iterable of them, {said} Appointment(…) first; "
        "where there is none, hand in ()"
    )


def test_what_is_no_appointment_in_a_list_is_refused_by_its_kind(kit):
    """Nothing of the list is taken."""
    with pytest.raises(InvalidInputError) as caught:
        kit.plan([visit("A"), "B"])
    assert str(caught.value) == "expected appointments, got str: build Appointment(...) first"


def test_nothing_in_place_of_all_is_refused_while_reminders_are_parked(kit):
    """Of that source; and not where something came, be it in doubt."""
    kit.sync(visit("A", source="desk"))
    said = "nothing came in for source 'desk' while reminders are parked for it"
    assert kit.plan((), "desk", complete=True).refusal == said
    assert kit.plan((), "desk").refusal is None
    assert kit.plan((), "books", complete=True).refusal is None
    twice = [visit("B", source="desk"), visit("B", 11, source="desk")]
    assert kit.plan(twice, complete=True).refusal is None
    kit.sync(visit("A", phone="+12025550190"))
    assert kit.plan_resync((), complete=True).refusal == said.replace("desk", "default")
    assert kit.plan_resync(()).refusal is None
    assert kit.plan_resync([visit("A", phone="+12025550190")], complete=True).refusal is None


# An input that breaks off


def breaking(error):
    """Yield one appointment, and break off."""
    yield visit("A")
    raise error


def test_an_input_that_breaks_off_is_refused_where_absence_means_something(kit):
    """By the kind of its error, which is kept; else it is the host's own."""
    for options in ({"complete": True}, {"covers": ["A"]}):
        with pytest.raises(UnsafePlanError) as caught:
            kit.plan(breaking(KeyError("x")), **options)
        assert str(caught.value) == (
            "the input broke off with KeyError, so that what is absent may only not have come; nothing was changed. "
            "Check the input and hand it in anew"
        )
        assert isinstance(caught.value.__cause__, KeyError)
    with pytest.raises(UnsafePlanError, match="broke off with KeyError"):
        kit.plan_resync(breaking(KeyError("x")), complete=True)
    for plan in (kit.plan, kit.plan_resync):
        with pytest.raises(KeyError):
            plan(breaking(KeyError("x")))
        with pytest.raises(InvalidInputError, match="no phone"):
            plan(breaking(InvalidInputError("no phone")), complete=True)


# When it was read


def test_a_list_is_of_any_age_unless_the_host_says(planner):
    """Rows that are drawn are read from now on; what the host says counts five seconds earlier."""
    told, latest = START - timedelta(hours=1), AsOf.latest(START)
    assert planner.taken(visit("A"), None, START) is None
    assert planner.taken([visit("A")], None, START) is None
    assert planner.taken([visit("A")], told, START) == AsOf(told - BEFORE, told - BEFORE, until=latest)
    assert planner.taken(iter(()), told, START) == AsOf(told - BEFORE, told - BEFORE, until=latest)
    assert planner.taken(iter(()), None, START) == AsOf(START, START, until=latest)


def test_what_stands_as_rows_are_drawn_is_known_where_all_is_read(kit, planner):
    """What was recorded a moment before may be of the same moment: it stood there already."""
    kit.sync(visit("A"))
    (record,) = kit.ledger.read(lambda reader: list(reader.records()))
    found = planner.taken(iter(()), None, START, reads_all=True)
    assert (found.at, found.since, set(found.known)) == (START, START - BEFORE, {record.written})
    assert planner.taken(iter(()), None, START + timedelta(seconds=6), reads_all=True).known == set()
    assert planner.taken([], None, START, reads_all=True) is None


def test_a_persons_edit_is_noted_although_nothing_changed(kit, sandbox):
    """It came in a minute later as it was: that is written down of twenty, of a longer list it is not."""
    kit.sync(visits(21))
    sandbox.clock.advance(minutes=1)
    assert len(kit.plan(visits(20)).worklist.all_incoming) == 20
    assert len(kit.plan(visits(21)).worklist.all_incoming) == 0
    assert len(kit.plan_resync(visits(20)).worklist.all_incoming) == 20
    assert len(kit.plan_resync(visits(21)).worklist.all_incoming) == 0


def test_a_calendar_is_noted_where_its_time_is_known(kit, sandbox, write):
    """Without that, its revisions decide alone."""
    file = write("A")
    kit.import_calendar(file)
    sandbox.clock.advance(minutes=1)
    assert kit.plan_calendar(file).worklist.all_incoming == ()
    assert len(kit.plan_calendar(file, as_of=kit.now()).worklist.all_incoming) == 1
    assert kit.plan_calendar(file).worklist.seen_at == kit.now()
    assert kit.plan_calendar(file, as_of=START).worklist.seen_at == START - BEFORE


# Calendars


def test_a_calendar_is_planned_with_what_could_not_be_read(kit, write):
    """By its source, which is its file's name, or the one that is named."""
    file = write("A")
    file.write_text(file.read_text().replace("tel:+12025550123", "tel:12"), newline="")
    plan = kit.plan_calendar(file)
    assert plan.readings == (("desk", plan.problems),)
    assert [item.identity for item in kit.plan_calendar(file, "books").worklist.all_incoming] == [
        Identity("books", "A")
    ]
    assert kit.plan_calendar(file, "books").readings[0][0] == "books"


def test_a_calendar_that_the_batch_job_reads_again_says_less(make_kit, write):
    """What is beyond the horizon is for a person only where nobody reads it again."""
    file = write("A", start="20290212T090000")
    once, again = make_kit([DAY]), make_kit([DAY], sources=[{"path": str(file)}])
    (problem,) = once.plan_calendar(file).problems
    assert (problem.severity, "import the calendar again by then" in str(problem)) == ("error", True)
    (problem,) = again.plan_calendar(file).problems
    assert (problem.severity, str(problem).endswith("are read when they come nearer")) == ("warning", True)
    (problem,) = again.plan_calendar(write("A", start="20290212T090000", name="other.ics")).problems
    assert problem.severity == "error"


# By whose rules


OTHER = Rule("other", before="12 hours", text="{{ when }}")


@pytest.mark.parametrize("force", [False, True])
def test_force_has_the_ledger_serve_other_rules(make_kit, write, force):
    """In each verb that may bring rules."""
    make_kit([DAY]).sync(visit("A"))
    other = make_kit([OTHER])
    plans = [
        other.plan([visit("A")], force=force),
        other.plan_calendar(write("A"), force=force),
        other.plan_resync(force=force),
    ]
    without = [Standing.YIELDS, Standing.REFUSED, Standing.REFUSED]
    assert [plan.worklist.standing for plan in plans] == ([Standing.TAKES_OVER] * 3 if force else without)


def test_a_forced_plan_that_is_not_finished_is_not_refused_again(make_kit, sandbox):
    """For a day; and another one is only where it is forced itself."""
    kit = make_kit([DAY])
    kit.sync(visits(12))
    left = visits(12)[:2]
    assert kit.plan_resync(left, complete=True).is_unsafe
    kit.ledger.submit(lambda tx: tx.mark_run("forced", kit.now(), {"open": True})).result()
    plan = kit.plan_resync(left, complete=True)
    assert (plan.is_unsafe, plan.guarded, plan.guard.max_changes) == (False, False, None)
    calm = kit.plan_resync(visits(12), complete=True)
    assert calm.guarded
    sandbox.clock.advance(hours=23, minutes=59)
    assert not kit.plan_resync(left, complete=True).is_unsafe
    sandbox.clock.advance(minutes=1)
    assert kit.plan_resync(left, complete=True).is_unsafe
    kit.ledger.submit(lambda tx: tx.mark_run("forced", kit.now() + timedelta(hours=30), {"open": True})).result()
    assert kit.plan_resync(left, complete=True).is_unsafe


def test_a_forced_plan_of_which_another_worker_holds_a_part_is_not_finished(make_kit):
    """What was left to that worker may be finished unforced as well."""
    kit = make_kit([DAY])
    kit.record(visits(1))
    kit.ledger.submit(lambda tx: tx.mark_run("forced", kit.now(), {"open": True})).result()
    rows = [record.row for record in kit.ledger.read(lambda reader: list(reader.records()))]
    kit.ledger.submit(lambda tx: tx.claim(rows, "another", kit.now(), timedelta(minutes=1))).result()
    found = []
    for _ in range(2):
        left = len(kit.resync().left)
        found.append((left, is_open(kit.ledger.read(lambda reader: reader.last_run("forced")), kit.now())))
        kit.ledger.submit(lambda tx: tx.expire_rows(rows)).result()
    assert found == [(1, True), (0, False)]


# Rules


def test_rules_are_values_or_tables():
    """In their order; a table that is none is named by its place, an id that comes twice by itself."""
    table = {"id": "day-before", "before": "24 hours", "text": TEXT}
    assert [rule.id for rule in read_rules([OTHER, table], DEFAULTS)] == ["other", "day-before"]
    with pytest.raises(ConfigurationError) as caught:
        read_rules([table, OTHER, OTHER, DAY], DEFAULTS)
    assert str(caught.value) == "two rules have the id 'day-before': a reminder is known by its rule's id"
    with pytest.raises(Exception, match=r"rules\[1\]"):
        read_rules([OTHER, {**table, "befor": "1 hour"}], DEFAULTS)
    with pytest.raises(InvalidRuleError, match="unknown variable 'nobody'"):
        read_rules([Rule("r", before="1 hour", text="{{ nobody.knows }}")], DEFAULTS)


# Explanations


def test_an_explanation_is_of_the_occurrences_that_are_asked_for(kit):
    """Its history is that of the appointment as a whole, of the source and the occurrence that are named."""
    mondays = [visit("S", day=2, recurrence_id="one"), visit("S", day=3, recurrence_id="two", title="Cleaning")]
    kit.sync([*mondays, visit("S", source="books", phone="+12025550190")])
    one, two, books = Identity("default", "S", "one"), Identity("default", "S", "two"), Identity("books", "S")
    entries = [HistoryEntry(START, "webhook", "received", identity) for identity in (one, two, books)]
    kit.ledger.submit(lambda tx: tx.note(entries)).result()

    def of(**named):
        found = kit.explain("S", **named)
        assert found.id == "S"
        reminders = sorted(reminder.change.identity for reminder in found.reminders)
        return reminders, [entry.identity for entry in found.history], sorted(found.called)

    assert of() == (sorted([one, two, books]), [one, two, books], sorted([one, two, books]))
    assert of(source="books") == ([books], [books], [books])
    assert of(source="default") == ([one, two], [one, two], [one, two])
    assert of(source="default", recurrence_id="one") == ([one], [one], [one])
    assert of(recurrence_id="two") == ([two], [two], [two])
    for reminder in kit.explain("S").reminders:
        assert [entry.event for entry in reminder.history] == ["creating", "scheduled", "schedule"]
        assert {(entry.identity, entry.key) for entry in reminder.history} == {
            (reminder.change.identity, reminder.change.key)
        }
        assert [message.key for message in reminder.messages] == [reminder.change.key]
    nothing = kit.explain("nobody")
    assert (nothing.reminders, nothing.history, nothing.called) == ((), (), {})


def test_what_cannot_be_read_here_cannot_be_explained(kit, monkeypatch):
    """It is named, with the reason."""
    kit.sync(visit("A"))

    def unread(_snapshot):
        raise InvalidInputError("no such zone")

    monkeypatch.setattr("reminder_kit.model.records.decode", unread)
    with pytest.raises(LedgerError) as caught:
        kit.explain("A")
    assert str(caught.value) == "appointment 'A' is recorded, but can't be read here: InvalidInputError: no such zone"
