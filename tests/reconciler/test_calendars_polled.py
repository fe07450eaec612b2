"""Calendars of the batch job: when one is read anew, what is noted of it, and for what its absences stand."""

from __future__ import annotations

from datetime import timedelta

import pytest
from attrs import evolve

from reminder_kit import Rule
from reminder_kit.calendars import CalendarSettings
from reminder_kit.calendars.settings import CalendarSource
from reminder_kit.errors import CalendarError, ConfigurationError
from reminder_kit.model.as_of import AsOf
from reminder_kit.model.instants import iso
from reminder_kit.reconciler.calendar_import import _foreseen, read_for_import, refused_problem
from reminder_kit.reconciler.polled_calendars import Note, Polling, _label, _place_of, distinct, name_of, note_read
from tests.factories import DAY, START, visit

AFTER = Rule("after", after="2 days", text="Thank you {{ when }}")
DAYS = timedelta(days=1)
SECOND = timedelta(seconds=1)


def event(uid, start="20260212T090000", *lines, phone="+12025550123"):
    return (
        f"BEGIN:VEVENT\r\nUID:{uid}\r\nDTSTAMP:20260101T000000Z\r\nDTSTART;TZID=America/New_York:{start}\r\n"
        f"DURATION:PT1H\r\nSUMMARY:Physio\r\n{''.join(f'{line}{chr(13)}{chr(10)}' for line in lines)}"
        f"ATTENDEE;CN=Ada:tel:{phone}\r\nEND:VEVENT\r\n"
    )


def feed(*events):
    return f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//desk//EN\r\n{''.join(events)}END:VCALENDAR\r\n"


@pytest.fixture
def desk(tmp_path):
    path = tmp_path / "desk.ics"
    path.write_text(feed(event("A")), newline="")
    return path


@pytest.fixture
def kit(make_kit):
    made = make_kit([DAY])
    made.ledger.upgrade()
    return made


@pytest.fixture
def poll(kit, desk):
    """Return a function that reads calendars as the batch job does, by default the desk's alone."""

    def read(*sources, now=START, calendar=None, settings=None):
        polling = Polling(
            sources or (CalendarSource(str(desk), complete=True),), calendar, settings or kit.settings, kit.ledger
        )
        return polling.read(now)

    return read


@pytest.fixture
def note(kit):
    """Return a function that writes down what was read, an instant later."""

    def wrote(polled, now=START):
        kit.ledger.submit(lambda tx: note_read(tuple(polled.notes), tx, now)).result()

    return wrote


# Names


@pytest.mark.parametrize(
    ("source", "name"),
    [
        (CalendarSource("a/desk.ics"), "desk"),
        (CalendarSource("a/desk.ics", name="room"), "room"),
        (CalendarSource("https://clinic.example/feeds/team.ics?key=x"), "team"),
    ],
)
def test_a_polled_calendar_has_its_own_name_or_its_files(source, name):
    """As an imported one has."""
    assert name_of(source) == name


@pytest.mark.parametrize("complete", [(False, False), (True, False), (False, True), (True, True)], ids=str)
@pytest.mark.parametrize("other", ["desk", "room"])
def test_of_two_calendars_of_one_name_none_may_be_complete(complete, other):
    """It would withdraw what the other one has; a name of its own helps."""
    first, second = (
        CalendarSource(path, complete=one) for path, one in zip(("a/desk.ics", f"b/{other}.ics"), complete, strict=True)
    )
    sources = (first, second)
    if other == "room" or not any(complete):
        assert distinct(sources) == sources
        return
    with pytest.raises(ConfigurationError) as caught:
        distinct(sources)
    assert str(caught.value) == (
        "two calendars of sources are called 'desk', and one of them is complete, so that it would withdraw what the "
        "other one has: give each a name of its own"
    )


def test_what_was_read_of_a_place_is_kept_under_a_name_without_its_secrets(poll, desk):
    """Always the same one, as ledgers hold it."""
    desk.write_text(feed(event("A")), newline="")
    assert _place_of(CalendarSource("https://clinic.example/feeds/team.ics?key=secret")) == "d2ff667fb6b13cb8"
    (note,) = poll().notes
    assert note.place == _place_of(CalendarSource(str(desk)))


@pytest.mark.parametrize(("hours", "read"), [(36, []), (12, ["late"])], ids=["beyond", "within"])
def test_a_polled_calendar_is_read_a_day_further_than_its_horizon(poll, desk, hours, read):
    """So that it need not be read in every run."""
    late = START + timedelta(days=60, hours=hours)
    desk.write_text(feed(event("late", f"{late:%Y%m%dT%H%M%S}")), newline="")
    (imported,) = poll().all_imported
    assert [appointment.id for appointment in imported.appointments] == read


def test_a_sender_that_is_a_name_is_no_number_of_our_own(kit, desk):
    """Numbers that the kit sends from are nobody's to remind; a name is none."""
    settings = evolve(kit.settings, senders=frozenset({"CLINIC", "+12025550123"}))
    read = read_for_import(desk, None, settings, source=None, complete=False, now=START, ledger=kit.ledger)
    assert [one.recipients for one in read.appointments] == [()]


def test_a_file_that_is_called_otherwise_now_is_asked_about(kit, tmp_path):
    """Once, as it comes in under its new name; whoever says which source it is means that."""
    text = feed(event("A"), event("B", "20260213T090000"))
    first, again = tmp_path / "basic.ics", tmp_path / "basic (1).ics"
    for path in (first, again):
        path.write_text(text, newline="")
    assert kit.import_calendar(first).problems == ()
    (problem,) = kit.plan_calendar(again).problems
    said = "2 events are recorded under source 'basic', and none under 'basic (1)': if it is the same calendar, "
    assert (problem.severity, str(problem)) == ("warning", f"{said}import it with --source 'basic'")
    assert kit.import_calendar(again, source="basic").problems == ()
    assert kit.import_calendar(again, source="room").problems == ()
    (problem,) = kit.import_calendar(again).problems
    assert "under source 'basic'" in str(problem)
    assert kit.import_calendar(again).problems == ()


def test_what_is_withdrawn_elsewhere_is_not_asked_about(kit, tmp_path):
    """Nor what lies behind."""
    text = feed(event("A"))
    kit.import_calendar(text, source="basic")
    kit.withdraw("A")
    other = tmp_path / "other.ics"
    other.write_text(text, newline="")
    assert kit.plan_calendar(other).problems == ()


# What is wrong with one


def test_of_several_calendars_the_one_with_a_problem_is_named(poll, tmp_path):
    """By its path; of a folder, by the file in it; of one calendar alone nobody asks which."""
    broken = feed("BEGIN:VEVENT\r\nUID:a\r\nDTSTART:never\r\nEND:VEVENT\r\n")
    desk, folder = tmp_path / "desk.ics", tmp_path / "room"
    desk.write_text(broken, newline="")
    folder.mkdir()
    for name in "xy":
        (folder / f"{name}.ics").write_text(broken if name == "y" else feed(event("A")), newline="")
    both = poll(CalendarSource(str(desk)), CalendarSource(str(folder)))
    assert [problem.file for problem in both.problems] == [str(desk), str(folder / "y.ics")]
    assert str(both.problems[0]).startswith(f"{desk}, line 6, UID a: ")
    assert [problem.file for problem in poll(CalendarSource(str(desk))).problems] == [None]
    assert [[problem.file for problem in one.problems] for one in both.all_imported] == [
        [None],
        [str(folder / "y.ics")],
    ]


@pytest.mark.parametrize(
    ("path", "label"),
    [
        ("clinic/desk.ics", "clinic/desk.ics"),
        ("https://user:secret@clinic.example/desk.ics?key=secret", "https://clinic.example/desk.ics"),
    ],
)
def test_a_calendar_is_called_without_what_may_be_secret(path, label):
    """A path is told as it is."""
    assert _label(CalendarSource(path)) == label


# When one is read anew


def test_what_was_read_is_noted_and_not_read_again(poll, note):
    """With its digest, how it was read, and how far: a day further than the horizon."""
    first = poll()
    (found,), (imported,) = first.notes, first.all_imported
    assert (found.source, imported.scope.source) == ("desk", "desk")
    assert found.detail["until"] == iso(START + 61 * DAYS)
    assert set(found.detail) == {"digest", "how", "until", "conditions"}
    assert imported.scope.as_of == AsOf.drawn(START)
    assert [one.id for one in imported.appointments] == ["A"]
    note(first)
    again = poll()
    assert (again.all_imported, again.notes, again.problems) == ([], [], [])


@pytest.mark.parametrize(
    ("late", "read"), [(DAYS - SECOND, False), (DAYS, False), (DAYS + SECOND, True)], ids=["a day", "just", "more"]
)
def test_it_is_read_again_once_the_horizon_outgrows_what_was_read(poll, note, late, read):
    """That is a day later."""
    note(poll())
    assert bool(poll(now=START + late).all_imported) is read


@pytest.fixture
def people(tmp_path):
    path = tmp_path / "people.csv"
    path.write_text("name,phone\nAda,+12025550123\n")
    return path


@pytest.mark.parametrize(
    ("of_source", "of_calendar", "of_defaults", "read"),
    [
        ({}, {}, {}, False),
        ({"complete": False}, {}, {}, True),
        ({"name": "room"}, {}, {}, True),
        ({}, {"phones": ("attendee",)}, {}, True),
        ({}, {"directory": None}, {}, True),
        ({}, {}, {"timezone": "Europe/Paris"}, True),
        ({}, {}, {"region": "GB"}, True),
        ({"username": "desk"}, {}, {}, False),
    ],
    ids=["nothing", "complete", "name", "phones", "no directory", "zone", "region", "a user nobody asks for"],
)
def test_it_is_read_again_where_it_is_read_otherwise(
    kit, poll, note, desk, people, of_source, of_calendar, of_defaults, read
):
    """The same bytes may say something else."""
    calendar, source = CalendarSettings(directory=people), CalendarSource(str(desk), complete=True)
    note(poll(calendar=calendar))
    settings = evolve(kit.settings, defaults=evolve(kit.settings.defaults, **of_defaults))
    found = poll(evolve(source, **of_source), calendar=evolve(calendar, **of_calendar), settings=settings)
    assert bool(found.all_imported) is read


def test_a_release_that_reads_otherwise_reads_each_calendar_once_more(poll, note, monkeypatch):
    """What an earlier one noted of the same bytes says nothing of how they are read now."""
    with monkeypatch.context() as before:
        before.setattr("reminder_kit.reconciler.polled_calendars._READING", 1)
        note(poll())
    again = poll()
    assert [one.id for imported in again.all_imported for one in imported.appointments] == ["A"]
    note(again)
    assert poll().all_imported == []


def test_a_user_of_a_server_reads_otherwise_than_another(kit):
    """As whom a calendar on a server is read counts, and that it is one."""
    polling = Polling((), None, kit.settings, kit.ledger)
    sources = [CalendarSource("https://clinic.example/room/", caldav=dav, username=user) for dav, user in
               ((True, "desk"), (True, "nurse"), (True, None), (False, "desk"), (False, None))]  # fmt: skip
    ways = [polling._how(source, CalendarSettings()) for source in sources]
    assert len(set(ways)) == 4
    assert ways[3] == ways[4]


@pytest.mark.parametrize("change", ["bytes", "the time alone", "directory", "written", "restored"])
def test_it_is_read_again_where_it_or_what_is_recorded_changed(kit, poll, note, desk, tmp_path, people, change):
    """Its bytes, those of the directory, or what the ledger holds of it."""
    note(poll(calendar=CalendarSettings(directory=people)))

    def restore():
        kit.ledger.backup(tmp_path / "backup.db")
        kit.ledger.restore(tmp_path / "backup.db", START + SECOND, force=True)

    {
        "bytes": lambda: desk.write_text(feed(event("A"), event("B", "20260213T090000")), newline=""),
        "the time alone": desk.touch,
        "directory": lambda: people.write_text("name,phone\nAda,+12025550177\n"),
        "written": lambda: kit.record(visit("X", source="desk")),
        "restored": restore,
    }[change]()
    found = poll(calendar=CalendarSettings(directory=people), now=START + timedelta(minutes=1))
    assert bool(found.all_imported) is (change != "the time alone")


def test_a_note_is_written_once(kit, poll, note):
    """What the ledger knows is not written again, so that its instant stays."""
    polled = poll()
    note(polled)
    note(polled, START + timedelta(minutes=1))
    (at, detail) = kit.ledger.read(lambda reader: reader.last_run(f"calendar {polled.notes[0].place}"))
    assert at == START
    assert set(detail) == {"digest", "how", "until", "conditions", "state"}
    other = Note(polled.notes[0].place, "desk", {"how": "otherwise"})
    kit.ledger.submit(lambda tx: note_read((other,), tx, START + timedelta(minutes=2))).result()
    (at, detail) = kit.ledger.read(lambda reader: reader.last_run(f"calendar {polled.notes[0].place}"))
    assert (at, detail["how"]) == (START + timedelta(minutes=2), "otherwise")


def test_one_that_is_out_of_reach_stops_no_other(poll, desk):
    """It is named; so is what could not be read of the others."""
    desk.write_text(feed(event("A", phone="12"), event("F", "20290101T090000")), newline="")
    polled = poll(CalendarSource(str(desk.with_name("gone.ics"))), CalendarSource(str(desk)))
    assert [one.scope.source for one in polled.all_imported] == ["desk"]
    assert isinstance(polled.problems[0], CalendarError)
    assert "gone.ics" in str(polled.problems[0])
    assert polled.problems[1:] == [evolve(one, file=str(desk)) for one in polled.all_imported[0].problems]
    assert len(polled.problems) > 1


def test_one_that_is_refused_is_read_again(kit, poll, note, desk):
    """Nothing is noted of it: it had reminders, and is empty now."""
    kit.import_calendar(desk)
    desk.write_text(feed(event("Z", "20260209T090000")), newline="")
    polled = poll()
    assert polled.notes == []
    assert polled.all_imported[0].scope.refusal == (
        "calendar 'desk' has no coming events while reminders are parked for it"
    )
    assert not polled.all_imported[0].scope.complete
    assert poll(CalendarSource(str(desk))).all_imported[0].scope.refusal is None


# One calendar


@pytest.fixture
def read(kit):
    """Return a function that reads one calendar for an import."""

    def imported(path, *rules, **named):
        settings = evolve(kit.settings, rules=rules) if rules else kit.settings
        options = {"source": None, "complete": False, "now": START, "ledger": kit.ledger, **named}
        return read_for_import(path, options.pop("calendar", None), settings, **options)

    return imported


def test_a_calendar_is_read_from_now_to_its_horizon(read, desk):
    """And further ahead where it is read again; the scope ends there."""
    for ahead in (None, DAYS, 3 * DAYS):
        found = read(desk, ahead=ahead)
        assert found.scope.horizon == START + 60 * DAYS + (ahead or timedelta())
    assert (found.scope.actor, found.scope.source, found.scope.covers) == ("import", "desk", frozenset({"A"}))
    assert read(desk, source="room").scope.source == "room"
    assert read(desk, calendar=CalendarSettings(horizon=5 * DAYS)).scope.horizon == START + 5 * DAYS


@pytest.mark.parametrize(
    ("start", "rules", "read_"),
    [
        ("20260210T100000", (), True),
        ("20260210T070000", (), False),
        ("20260210T070000", (AFTER,), True),
        ("20260207T093000", (AFTER,), True),
        ("20260204T093000", (AFTER,), False),
    ],
    ids=["to come", "over", "followed up", "two days ago", "long ago"],
)
def test_it_is_read_back_as_far_as_a_follow_up_may_be_due(read, desk, start, rules, read_):
    """Two days after the visit, and three more until nobody waits for it."""
    desk.write_text(feed(event("A", start)), newline="")
    assert bool(read(desk, *rules).appointments) is read_


def test_floating_times_and_bare_numbers_are_of_the_kit_unless_the_calendar_says(read, desk):
    """Its own settings come first."""
    text = feed(event("A", phone="2025550123")).replace(";TZID=America/New_York", "")
    desk.write_text(text, newline="")
    (found,) = read(desk).appointments
    assert (iso(found.start_at), found.recipients[0].phone) == ("2026-02-12T14:00:00Z", "+12025550123")
    (found,) = read(desk, calendar=CalendarSettings(timezone="UTC", region="GB")).appointments
    assert iso(found.start_at) == "2026-02-12T09:00:00Z"
    assert [one.phone for one in found.recipients] != ["+12025550123"]


def test_nobody_is_reminded_at_our_own_numbers(read, desk):
    """Those that the kit sends from, and those that are named."""
    desk.write_text(feed(event("A", phone="+12025550100"), event("B", phone="+12025550199")), newline="")
    assert {one.id: len(one.recipients) for one in read(desk).appointments} == {"A": 0, "B": 1}
    named = read(desk, calendar=CalendarSettings(own_numbers=("+12025550199",)))
    assert {one.id: len(one.recipients) for one in named.appointments} == {"A": 0, "B": 0}


BROKEN = event("B").replace("20260212T090000", "soon")


@pytest.mark.parametrize("complete", [True, False], ids=["complete", "a part"])
@pytest.mark.parametrize("ahead", [None, DAYS], ids=["imported", "polled"])
@pytest.mark.parametrize("parked", [True, False], ids=["parked", "nothing parked"])
def test_a_calendar_that_can_not_be_read_whole_is_not_taken_for_complete(read, kit, desk, complete, ahead, parked):
    """What could not be read is spared; one that breaks off speaks for nothing."""
    if parked:
        kit.import_calendar(desk)
    desk.write_text(feed(event("A"), event("C", "20260213T090000"))[:-40], newline="")
    found = read(desk, complete=complete, ahead=ahead)
    refused = complete and (ahead is None or parked)
    assert (found.scope.refusal or "").startswith("calendar 'desk' can't be trusted to be complete: ") is refused
    assert found.scope.complete is (complete and not refused)
    assert found.scope.covers == frozenset()


def test_an_event_that_can_not_be_read_is_spared(read, desk):
    """All else of the calendar counts."""
    desk.write_text(feed(event("A"), BROKEN), newline="")
    found = read(desk)
    assert ([one.id for one in found.appointments], found.scope.spare) == (["A"], frozenset({"B"}))
    assert [problem.uid for problem in found.problems] == ["B"]


@pytest.mark.parametrize(
    ("sequence", "outdated"), [(1, True), (2, False), (3, False)], ids=["older", "the same", "newer"]
)
def test_a_series_older_than_the_one_recorded_says_nothing(read, kit, desk, sequence, outdated):
    """Neither what it has, nor what it lacks."""
    rule = "RRULE:FREQ=DAILY;COUNT=3"
    desk.write_text(feed(event("S", "20260212T090000", rule, "SEQUENCE:2")), newline="")
    kit.import_calendar(desk)
    desk.write_text(feed(event("S", "20260212T090000", rule, f"SEQUENCE:{sequence}")), newline="")
    found = read(desk)
    ids = frozenset({"S"}) if outdated else frozenset()
    assert (found.outdated, found.scope.spare, found.scope.covers) == (ids, ids, frozenset({"S"}) - ids)


NOT_READ = (
    "1 events beyond 60 days are not read: import the calendar again by then, name it in [calendar] sources, or raise "
    "horizon"
)


@pytest.mark.parametrize(
    ("ahead", "severity", "said"),
    [
        (DAYS, "warning", "1 events beyond 60 days are read when they come nearer"),
        (
            None,
            "error",
            NOT_READ,
        ),
    ],
    ids=["polled", "imported"],
)
def test_what_lies_beyond_the_horizon_is_counted(read, desk, ahead, severity, said):
    """For a person only where nobody reads the calendar again."""
    assert read(desk, ahead=ahead).problems == ()
    desk.write_text(feed(event("A"), event("F", "20290101T090000")), newline="")
    (problem,) = read(desk, ahead=ahead).problems
    assert (problem.severity, str(problem), problem.is_whole) == (severity, said, ahead is None)


def test_a_series_that_goes_on_is_told_where_nobody_reads_it_again(read, desk):
    """In each import, and it waits for nobody as what begins beyond does; a polled calendar is read further by then."""
    desk.write_text(feed(event("A", "20260212T090000", "RRULE:FREQ=WEEKLY")), newline="")
    assert read(desk, ahead=DAYS).problems == ()
    (problem,) = read(desk).problems
    remedy = "import the calendar again by then, name it in [calendar] sources, or raise horizon"
    assert str(problem) == f"1 series that go on beyond 60 days are read no further: {remedy}"
    two = (event(uid, "20260212T090000", "RRULE:FREQ=WEEKLY") for uid in "AB")
    desk.write_text(feed(*two, event("F", "20290101T090000")), newline="")
    events, series = read(desk).problems
    assert str(events) == f"1 events beyond 60 days are not read: {remedy}"
    assert str(series) == f"2 series that go on beyond 60 days are read no further: {remedy}"
    assert [(one.severity, one.is_whole) for one in (events, series)] == [("error", True), ("warning", False)]


def test_a_calendar_with_nothing_to_come_is_not_believed_while_reminders_are_parked(read, kit, desk):
    """Where it is said to be complete."""
    assert read(desk.with_name("desk.ics"), complete=True).scope.refusal is None
    kit.import_calendar(desk)
    desk.write_text(feed(event("Z", "20260209T090000")), newline="")
    said = "calendar 'desk' has no coming events while reminders are parked for it"
    assert (read(desk, complete=True).scope.refusal, read(desk).scope.refusal) == (said, None)
    assert read(desk, complete=True, source="room").scope.refusal is None
    assert read(desk, complete=True, source="room").scope.complete


def test_a_refusal_is_told_with_its_remedy():
    """As a problem of the calendar."""
    assert str(refused_problem("it broke off")) == (
        "it broke off: nothing of it was changed; check it, then force it (`reminder-kit resync --force`)"
    )


def test_what_nobody_foresaw_of_a_calendar_is_that_calendars_alone():
    """It is named, with the kind of what went wrong; what is foreseen is told as it is."""
    with pytest.raises(CalendarError) as caught, _foreseen("desk"):
        raise RecursionError("deep")
    assert str(caught.value).startswith("calendar 'desk' cannot be read (RecursionError")
    assert str(caught.value).endswith("): please report this")
    with pytest.raises(ConfigurationError, match="no zone"), _foreseen("desk"):
        raise ConfigurationError("no zone")
