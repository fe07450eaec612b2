"""Feeds: what becomes of reminders while a calendar is read again and again, in states old and new."""

from __future__ import annotations

from io import BytesIO

import pytest

from reminder_kit import Rule
from reminder_kit.errors import ConfigurationError, UnsafePlanError
from tests.factories import at_rest

NUMBER, OTHER = "+12025550123", "+12025550124"


def vevent(uid, start, *lines, phone=NUMBER, sequence=0, zone="America/New_York"):
    """Return a VEVENT of half an hour, by New York's clock."""
    where = f";TZID={zone}" if zone else ""
    head = [
        f"UID:{uid}",
        "DTSTAMP:20260101T000000Z",
        f"SEQUENCE:{sequence}",
        f"DTSTART{where}:{start}",
        "DURATION:PT30M",
    ]
    return "\r\n".join(
        ["BEGIN:VEVENT", *head, "SUMMARY:Physio", f"ATTENDEE;CN=Ada:tel:{phone}", *lines, "END:VEVENT", ""]
    )


def feed(*events, method=""):
    """Return a calendar."""
    said = f"METHOD:{method}\r\n" if method else ""
    return f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//desk//EN\r\n{said}{''.join(events)}END:VCALENDAR\r\n"


def series(hour, sequence, *lines):
    """Return a series of three days from Thursday, 12 February, at an hour."""
    return vevent("s", f"20260212T{hour:02}0000", "RRULE:FREQ=DAILY;COUNT=3", *lines, sequence=sequence)


def override(day, hour, sequence, *lines):
    """Return what moves the occurrence of a day (at ten) to another hour."""
    original = f"RECURRENCE-ID;TZID=America/New_York:202602{day}T100000"
    return vevent("s", f"202602{day}T{hour:02}0000", original, *lines, sequence=sequence)


@pytest.fixture
def taken(kit, sandbox):
    """Import a feed; return how many changes of each kind there were, and when which text is parked."""

    def taken(*events, **options):
        method = options.pop("method", "")
        report = kit.import_calendar(feed(*events, method=method), source="clinic", **options)
        return {kind: count for kind, count in report.summary.items() if count and kind != "appointments"}

    return taken


@pytest.fixture
def parked(sandbox):
    """Return the local hours at which reminders are parked, by day."""
    return lambda: [f"{message.send_at:%d %H}" for message in sorted(sandbox.parked(), key=lambda one: one.send_at)]


def test_an_older_file_moves_no_series_back(taken, parked):
    """Masters are compared: what is older changes nothing, also no occurrence that nobody recorded."""
    taken(series(10, 0))
    taken(series(11, 1))
    assert parked() == ["11 16", "12 16", "13 16"]
    changes = taken(series(10, 0))
    assert set(changes) == {"skip"}
    assert parked() == ["11 16", "12 16", "13 16"]
    assert set(taken(series(10, 0), complete=True)) == {"skip"}
    assert parked() == ["11 16", "12 16", "13 16"]


def test_a_file_speaks_for_all_of_a_series_whose_master_is_not_older(taken, parked):
    """A moved occurrence whose override is gone from the file goes back, although the override was the newer one."""
    taken(series(10, 1), override(13, 14, 5))
    assert parked() == ["11 15", "12 19", "13 15"]
    taken(series(10, 1))
    assert parked() == ["11 15", "12 15", "13 15"]


def test_an_override_that_comes_alone_is_compared_with_that_override(taken, parked):
    """Of two states of one moved occurrence, sent by themselves, the older one changes nothing."""
    taken(series(10, 1))
    taken(override(13, 14, 2))
    taken(override(13, 16, 3))
    assert parked() == ["11 15", "12 21", "13 15"]
    assert taken(override(13, 14, 2)) == {"skip": 1}
    taken(series(10, 1), override(13, 16, 3))
    assert taken(override(13, 14, 2)) == {"skip": 1}
    assert parked() == ["11 15", "12 21", "13 15"]


def test_a_file_with_the_master_speaks_after_an_override_that_came_alone(taken, parked):
    """The calendar of the whole has the last word, though the occurrence alone had a higher SEQUENCE."""
    taken(series(10, 1))
    taken(override(13, 14, 7))
    taken(series(10, 1))
    assert parked() == ["11 15", "12 15", "13 15"]


def test_an_older_cancellation_cancels_nothing(taken, parked):
    """A METHOD:CANCEL that was overtaken by a newer request leaves the series as it is; a newer one cancels it."""
    taken(series(10, 3), method="REQUEST")
    assert set(taken(series(10, 2, "STATUS:CANCELLED"), method="CANCEL")) == {"skip"}
    assert parked() == ["11 15", "12 15", "13 15"]
    taken(series(10, 4, "STATUS:CANCELLED"), method="CANCEL")
    assert parked() == []


def test_an_older_file_brings_no_series_back_for_a_single_visit(taken, parked):
    """What was a series, and is one visit in the newer file, stays that."""
    taken(series(10, 0))
    taken(vevent("s", "20260212T110000", sequence=1))
    assert parked() == ["11 16"]
    assert set(taken(series(10, 0))) == {"skip"}
    assert parked() == ["11 16"]


@pytest.fixture
def polled(make_kit, tmp_path, sandbox):
    """Return a function that writes a feed and lets the batch job read it, and the kit that does."""
    path = tmp_path / "feed.ics"
    kit = make_kit(sources=[{"path": str(path), "name": "desk", "complete": True}])

    def polled(*events, minutes=5, **options):
        if events:
            path.write_text(feed(*events), encoding="utf-8", newline="")
        report = kit.resync(**options)
        sandbox.clock.advance(minutes=minutes)
        return report

    polled.kit, polled.path = kit, path
    return polled


def numbered(count, first=0):
    """Return visits of as many people, on Thursday."""
    return [vevent(f"v-{n}", f"20260212T{8 + n % 10:02}0000", phone=f"+12025550{n:03}") for n in range(first, count)]


def test_what_vanishes_from_a_complete_feed_is_withdrawn(polled, sandbox):
    """A polled feed says "deleted" by no longer having an appointment."""
    polled(*numbered(3))
    polled(*numbered(3, 1))
    assert sorted(message.to for message in sandbox.parked()) == ["+12025550001", "+12025550002"]


def test_a_feed_that_is_not_complete_takes_nothing_away(make_kit, tmp_path, sandbox):
    """Without `complete` absence means nothing."""
    path = tmp_path / "desk.ics"
    kit = make_kit(sources=[path])
    for first in (0, 1):
        path.write_text(feed(*numbered(3, first)), encoding="utf-8", newline="")
        kit.resync()
    assert len(sandbox.parked()) == 3


def test_a_feed_of_which_most_vanished_is_left_alone_and_told(polled, sandbox):
    """The guard holds for each polled feed: nothing of it is changed until a person says so, and all else is done."""
    polled(*numbered(12))
    report = polled(*numbered(16, 8))
    assert len(sandbox.parked()) == 12
    assert report.ok
    (problem,) = [one for one in report.problems if one.severity == "error"]
    assert "of the 12 parked reminders of calendar 'desk' 8 would be withdrawn, more than 50%" in str(problem)
    assert [item.kind for item in report.attention] == ["calendar"]
    again = polled()
    assert len(sandbox.parked()) == 12
    assert [item.kind for item in again.attention] == ["calendar"]
    forced = polled(force=True)
    assert len(sandbox.parked()) == 8
    assert forced.attention == ()


@pytest.mark.parametrize("text", ["BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n", "BEGIN:VCALENDAR\r\n", "<html>", ""])
def test_a_feed_that_is_empty_or_broken_withdraws_nothing(polled, sandbox, text):
    """What can't be trusted to be complete is told, and taken for no answer."""
    polled(*numbered(3))
    polled.path.write_text(text, encoding="utf-8")
    report = polled()
    assert len(sandbox.parked()) == 3
    assert any("error" in getattr(problem, "severity", "error") for problem in report.problems)


PAST = feed(vevent("gone-by", "20260202T090000"))
CUT = feed(vevent("other", "20260213T090000", phone=OTHER), vevent("half", "20260213T110000"))[:-40]


@pytest.mark.parametrize("text", ["BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n", PAST, CUT], ids=["empty", "past", "cut"])
def test_a_feed_that_is_not_believed_is_so_where_a_person_says_it(polled, sandbox, text):
    """The last visit of a desk was deleted: the remedy that is told is one, and what is planned is what is done."""
    polled(*numbered(3))
    booked = {message.to for message in sandbox.parked()}
    polled.path.write_text(text, encoding="utf-8", newline="")
    (item,) = [item for item in polled().attention if "force it" in str(item)]
    assert item.kind == "calendar"
    assert {message.to for message in sandbox.parked()} >= booked
    planned = polled.kit.plan_resync(force=True)
    report = polled(force=True)
    assert not any("force it" in str(item) for item in report.attention)
    assert {change.to for change in report.changes if change.kind.value == "cancel"} == booked
    assert planned.summary == report.summary
    assert {message.to for message in sandbox.parked()} <= {OTHER}
    assert not any(change.is_work for change in polled().changes)


@pytest.mark.parametrize("text", ["BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n", PAST, CUT], ids=["empty", "past", "cut"])
def test_an_import_that_is_not_believed_is_so_where_a_person_says_it(kit, sandbox, text):
    """Refused, nothing is changed; forced, what the file no longer has is withdrawn."""
    kit.import_calendar(feed(*numbered(3)), source="desk")
    with pytest.raises(UnsafePlanError, match="force it"):
        kit.import_calendar(text, source="desk", complete=True)
    assert len(sandbox.parked()) == 3
    assert kit.import_calendar(text, source="desk", complete=True, force=True).summary["cancel"] == 3
    assert {message.to for message in sandbox.parked()} <= {OTHER}


def test_an_empty_feed_with_nothing_parked_is_nothing_to_tell(polled):
    """A desk on holiday has an empty calendar."""
    report = polled("")
    assert [str(problem) for problem in report.problems] == ["the calendar holds no events"]
    assert report.attention == ()


def test_an_unchanged_feed_costs_a_digest(polled, monkeypatch):
    """The same bytes are not read again, nor is anything written, until the horizon outgrows what was read."""
    polled(*numbered(3))
    reads = []
    monkeypatch.setattr("reminder_kit.calendars.reader.Reading.look_over", lambda _: reads.append(1))
    before = polled.kit.ledger.read(lambda reader: list(reader.records()))
    for _ in range(3):
        polled()
    assert reads == []
    assert polled.kit.ledger.read(lambda reader: list(reader.records())) == before
    monkeypatch.undo()
    polled(minutes=24 * 60)
    monkeypatch.setattr("reminder_kit.calendars.reader.Reading.look_over", lambda _: reads.append(1))
    polled()
    assert len(reads) == 1


def test_an_unchanged_feed_puts_back_what_was_withdrawn_otherwise(polled, sandbox):
    """What a person withdrew without keeping it out comes back with the next run, as if the feed had been read."""
    polled(*numbered(2))
    polled.kit.withdraw("v-0", source="desk")
    assert len(sandbox.parked()) == 1
    polled()
    assert len(sandbox.parked()) == 2


def test_a_server_is_asked_whether_anything_changed(make_kit, monkeypatch):
    """The ETag of a feed is kept in the ledger: another process asks with it, and reads nothing when told 304."""
    asked = []

    def answer(address, limits, conditions):
        asked.append(dict(conditions))
        if conditions:
            return None, conditions
        return BytesIO(feed(*numbered(2)).encode()), {"If-None-Match": '"1"'}

    monkeypatch.setattr("reminder_kit.calendars.http_source.fetched_if_changed", answer)
    for _ in range(3):
        make_kit(sources=["https://clinic.example/feed.ics"]).resync()
    assert asked == [{}, {"If-None-Match": '"1"'}, {"If-None-Match": '"1"'}]


def test_feeds_of_one_name_are_no_complete_ones(make_kit):
    """A complete feed would withdraw what another one of its name has."""
    with pytest.raises(ConfigurationError, match="give each a name of its own"):
        make_kit(sources=[{"path": "a/desk.ics", "complete": True}, "b/desk.ics"])


def test_a_rule_that_reaches_further_than_the_horizon_extends_it(make_kit, tmp_path):
    """An appointment is read in time for every rule, however early that is; what lies beyond is counted."""
    path = tmp_path / "desk.ics"
    far = [vevent("near", "20260420T100000"), vevent("far", "20260601T100000"), vevent("farther", "20270601T100000")]
    path.write_text(feed(*far), encoding="utf-8", newline="")
    usual, early = (
        make_kit(),
        make_kit([Rule("early", before="90 days", text="See you {{ when }}.")], ledger="sqlite://"),
    )
    (said,) = map(str, usual.import_calendar(path).problems)
    assert said.startswith("3 events beyond 60 days are not read: import the calendar again by then, name it in")
    report = early.import_calendar(path)
    assert (report.summary["appointments"], [str(one)[:24] for one in report.problems]) == (
        1,
        ["2 events beyond 91 days "],
    )


def test_what_lies_beyond_the_horizon_waits_for_a_person_only_where_nobody_reads_it_again(make_kit, tmp_path):
    """A calendar that is polled will be read when it comes nearer; one that was imported once will not."""
    path = tmp_path / "desk.ics"
    path.write_text(feed(vevent("far", "20260601T100000")), encoding="utf-8", newline="")
    once = make_kit(ledger="sqlite://").import_calendar(path)
    assert [item.kind for item in once.attention if item.kind == "calendar"] == ["calendar"]
    report = make_kit(sources=[path]).resync()
    assert [str(problem) for problem in report.problems] == ["1 events beyond 60 days are read when they come nearer"]
    assert report.attention == ()


def test_lessons_of_one_uid_come_and_go_by_themselves(taken, parked):
    """One that is deleted is withdrawn, and another one that moved is followed, whatever they are called."""
    taken(*(vevent("None", f"202602{day}T100000") for day in (12, 13, 14)))
    assert parked() == ["11 15", "12 15", "13 15"]
    taken(*(vevent("None", f"202602{day}T100000") for day in (12, 14)))
    assert parked() == ["11 15", "13 15"]
    taken(vevent("None", "20260212T100000"), vevent("None", "20260214T120000"))
    assert parked() == ["11 15", "13 17"]


def test_two_people_of_one_uid_and_one_start_are_both_told(taken, sandbox):
    """Never the last one wins: each has a reminder of their own, in any order, and leaves by themselves."""
    ada, ben, cy = (vevent("None", "20260212T100000", phone=f"+1202555012{n}") for n in (3, 4, 5))
    assert taken(ada, ben) == {"schedule": 2}
    assert taken(ben, ada) == {"keep": 2}
    assert taken(cy, ada, ben, vevent("None", "20260212T110000", phone=NUMBER)) == {"keep": 2, "schedule": 2}
    assert taken(cy, ben) == {"keep": 2, "cancel": 2}
    assert taken(ben) == {"keep": 1, "cancel": 1}
    assert [message.to for message in sandbox.parked()] == [OTHER]


def test_two_lessons_of_one_uid_start_and_number_are_one(kit, sandbox):
    """Of what can't be told apart one counts, and a line says so, also where others of that UID can."""
    events = [vevent("None", f"20260212T{hour}0000", phone=phone) for hour, phone in ((10, OTHER), (11, OTHER))]
    nobody = vevent("None", "20260212T100000").replace("ATTENDEE;CN=Ada:tel:", "X-NOTE:")
    report = kit.import_calendar(feed(*events, vevent("None", "20260212T100000", phone=OTHER), nobody), source="clinic")
    assert [message.to for message in sandbox.parked()] == [OTHER, OTHER]
    assert any("the one of line 22 counts" in str(problem) for problem in report.problems)


def test_nobody_is_what_we_send_from(kit, sandbox):
    """A calendar that holds the sender's own number as an attendee has nobody to remind."""
    report = kit.import_calendar(feed(vevent("s", "20260212T100000", phone="+12025550100")), source="clinic")
    assert sandbox.parked() == []
    assert [change.reason.value for change in report.changes] == ["no_recipient"]


def people_at(day, prefix, count):
    """Return visits of as many people on a day, under ids of their own for each request."""
    return [
        vevent(f"{prefix}-{n}", f"202602{day}T{9 + n % 8:02}0000", phone=f"+120255500{n:02}")
        for n in range(1, count + 1)
    ]


def recorded(kit):
    """Return the ids that are recorded and not removed."""
    return sorted(
        record.identity.id for record in kit.ledger.read(lambda reader: list(reader.records())) if not record.removed
    )


@pytest.mark.parametrize("complete", [True, False], ids=["complete", "not complete"])
def test_fresh_ids_at_each_request_are_the_same_visits(make_kit, tmp_path, sandbox, complete):
    """Whatever they are called, each person is told once, nothing is withdrawn, and the ledger does not grow."""
    path = tmp_path / "feed.ics"
    kit = make_kit(sources=[{"path": str(path), "name": "desk", "complete": complete}])
    for request in range(4):
        path.write_text(feed(*people_at(12, f"r{request}", 12)), encoding="utf-8", newline="")
        report = kit.resync()
        assert (report.ok, report.attention) == (True, ())
        assert len(sandbox.parked()) == 12
        assert recorded(kit) == sorted(f"r{request}-{n}" for n in range(1, 13))
        sandbox.clock.advance(minutes=5)
    sandbox.clock.advance(days=2)
    path.write_text(feed(*people_at(12, "late", 12)), encoding="utf-8", newline="")
    kit.resync()
    assert all(len(sandbox.inbox(f"+120255500{n:02}")) == 1 for n in range(1, 13))


def test_a_visit_keeps_its_history_under_its_new_id(kit, sandbox):
    """What was parked under the old id is followed under the new one: moved with it, and withdrawn by its name."""
    kit.import_calendar(feed(vevent("old", "20260212T100000")), source="desk")
    (parked,) = sandbox.parked()
    assert kit.import_calendar(feed(vevent("new", "20260212T100000")), source="desk").summary["keep"] == 1
    assert [message.id for message in sandbox.parked()] == [parked.id]
    assert len(kit.explain("new").reminders) == 1
    assert kit.explain("old").reminders == ()
    kit.import_calendar(feed(vevent("new", "20260212T130000", sequence=1)), source="desk")
    assert [f"{message.send_at:%d %H}" for message in sandbox.parked()] == ["11 18"]
    kit.withdraw("new", source="desk")
    assert sandbox.parked() == []


def test_ids_that_are_dealt_anew_follow_their_visits(taken, parked, sandbox):
    """A feed that numbers its events from 0 on gives the first one's id to the second once that is the first."""
    taken(vevent("0", "20260212T100000"), vevent("1", "20260212T110000", phone=OTHER), complete=True)
    taken(vevent("0", "20260212T110000", phone=OTHER), complete=True)
    assert [(message.to, f"{message.send_at:%d %H}") for message in sandbox.parked()] == [(OTHER, "11 16")]


def test_two_ids_for_one_visit_in_one_feed_are_told_once(taken, kit, sandbox):
    """The second is `told_elsewhere`; where the first is withdrawn, the second one tells it."""
    both = [vevent("a", "20260212T100000"), vevent("b", "20260212T100000")]
    report = kit.import_calendar(feed(*both), source="clinic")
    assert [(change.identity.id, change.reason.value) for change in report.changes if change.kind.value == "skip"] == [
        ("b", "told_elsewhere")
    ]
    assert len(sandbox.parked()) == 1
    taken(both[1], complete=True)
    assert len(sandbox.parked()) == 1
    assert kit.plan_calendar(feed(both[1]), source="clinic", complete=True).work == ()


def test_many_new_ids_with_other_words_for_what_is_parked_are_refused(kit, sandbox):
    """The guard counts additions: new appointments at the starts and for the people that are told already."""
    kit.import_calendar(feed(*people_at(12, "one", 12)), source="desk")
    other = [event.replace("SUMMARY:Physio", "SUMMARY:Physiotherapy") for event in people_at(12, "two", 12)]
    with pytest.raises(UnsafePlanError, match="would tell 12 times what is told already under another id"):
        kit.import_calendar(feed(*other), source="desk")
    assert len(sandbox.parked()) == 12
    assert kit.import_calendar(feed(*other), source="desk", force=True).ok


# Occurrences that move onto each other


def moved(day, to, hour=10, *, range_="", of=10):
    """Return what moves the occurrence of a day, at the hour `of`, to another day and hour."""
    original = f"RECURRENCE-ID{range_};TZID=America/New_York:202602{day}T{of}0000"
    return vevent("s", f"202602{to}T{hour:02}0000", original, sequence=1)


ONWARDS = ";RANGE=THISANDFUTURE"
HOURLY = vevent("s", "20260212T100000", "RRULE:FREQ=HOURLY;COUNT=24")
CROSSING = {
    "all by a day": (series(10, 0), [moved(12, 13, range_=ONWARDS)]),
    "two change places": (series(10, 0), [moved(12, 13), moved(13, 12)]),
    "all in turn": (series(10, 0), [moved(12, 13), moved(13, 14), moved(14, 12)]),
    "all in turn, back": (series(10, 0), [moved(12, 14), moved(13, 12), moved(14, 13)]),
    "onto a third": (series(10, 0), [moved(12, 14), moved(13, 14)]),
    "two onto one start": (series(10, 0), [moved(12, 14, 15), moved(13, 14, 15)]),
    "by an hour, each onto the next": (HOURLY, [moved(12, 12, 11, range_=ONWARDS)]),
}


@pytest.mark.parametrize("concurrency", [1, 4, 16])
@pytest.mark.parametrize("name", CROSSING)
def test_occurrences_that_move_onto_each_other_are_replaced_as_the_plan_says(make_kit, sandbox, name, concurrency):
    """Each line of the report is the plan's; then the same file has nothing to do, and writes nothing."""
    kit = make_kit([Rule("day", before="24 hours", text="See you {{ when }}")], concurrency=concurrency)
    before, overrides = CROSSING[name]
    kit.import_calendar(feed(before), source="clinic")
    after = feed(before.replace("SEQUENCE:0", "SEQUENCE:1"), *overrides)
    plan = kit.plan_calendar(after, source="clinic")
    report = kit.apply(plan, force=True)

    def lines(changes):
        return sorted((one.kind.value, one.reason.value, one.key, one.send_at) for one in changes if one.is_work)

    assert lines(plan.changes) == lines(report.changes) != []
    assert len({(message.to, message.send_at) for message in sandbox.parked()}) == len(sandbox.parked())
    assert report.summary["schedule"] == 0
    again = kit.plan_calendar(after, source="clinic").worklist
    assert (again.order, again.all_incoming, again.removals) == ((), (), ())
    assert at_rest(kit)
