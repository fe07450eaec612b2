"""Fresh ids: calendars that call everything otherwise at each request, and whose visits are the same all the same."""

from __future__ import annotations

import pytest

from reminder_kit import Rule
from tests.factories import EVENING, at_rest, parked_messages, parked_texts

NUMBER, OTHER = "+12025550123", "+12025550124"
DAY = Rule("day-before", before="24 hours", text="See you {{ when }}.", empty="blank")


def event(uid, start, *lines, phones=(NUMBER,), title="Physio"):
    """Return a VEVENT of half an hour, by New York's clock, for some numbers."""
    people = [f"ATTENDEE;CN=Ada:tel:{phone}" for phone in phones]
    head = [f"UID:{uid}", "DTSTAMP:20260101T000000Z", f"DTSTART;TZID=America/New_York:{start}", "DURATION:PT30M"]
    return "\r\n".join(["BEGIN:VEVENT", *head, f"SUMMARY:{title}", *people, *lines, "END:VEVENT", ""])


def feed(*events):
    """Return a calendar."""
    return f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//desk//EN\r\n{''.join(events)}END:VCALENDAR\r\n"


@pytest.fixture
def polled(make_kit, tmp_path, sandbox):
    """Return a factory of functions that write a feed and have the batch job read it, five minutes after the last."""

    def factory(rules, *, complete=True, **options):
        path = tmp_path / "feed.ics"
        kit = make_kit(rules, sources=[{"path": str(path), "name": "desk", "complete": complete}], **options)

        def polled(*events):
            path.write_text(feed(*events), encoding="utf-8", newline="")
            plan = kit.plan_resync()
            report = kit.resync()
            assert when_written(plan) == when_written(report)
            sandbox.clock.advance(minutes=5)
            return report

        polled.kit = kit
        return polled

    return factory


def written(report):
    """Return the kinds of changes that write to the provider."""
    return [change.kind.value for change in report.changes if change.kind.value in ("schedule", "replace", "cancel")]


def when_written(report):
    """Return what writes to the provider, and for when."""
    works = (change for change in report.changes if change.is_work)
    return sorted((change.identity.id, change.rule, change.kind.value, str(change.send_at)) for change in works)


def families(request, count):
    """Return two visits of each of some people on one day, under ids of this request."""
    return [
        event(f"{request}-{n}-{hour}", f"20260212T{hour}0000", phones=[f"+120255500{n:02}"], title=f"Visit at {hour}")
        for n in range(1, count + 1)
        for hour in ("09", "11")
    ]


@pytest.mark.parametrize("complete", [True, False], ids=["complete", "not complete"])
def test_what_is_told_in_one_message_stays_so(polled, sandbox, complete):
    """Several appointments of a phone in one text: nothing is withdrawn, made anew, refused."""
    poll = polled([EVENING], complete=complete)
    poll(*families("first", 12))
    before = [(message.id, message.text) for message in sandbox.parked()]
    assert len(before) == 12
    for request in range(4):
        order = 1 if request % 2 else -1
        report = poll(*families(f"r{request}", 12)[::order])
        assert (report.ok, report.attention, written(report)) == (True, (), [])
    assert [(message.id, message.text) for message in sandbox.parked()] == before
    assert at_rest(poll.kit)
    sandbox.clock.advance(days=2)
    poll(*families("late", 12))
    assert [len(sandbox.inbox(f"+120255500{n:02}")) for n in range(1, 13)] == [1] * 12


def test_visits_of_one_start_keep_their_places_in_a_message(polled, sandbox):
    """Two children at one time: which of them comes first in the text goes by no id."""
    poll = polled([EVENING])

    def children(*ids):
        return [
            event(uid, "20260212T090000", title=child) for uid, child in zip(ids, ("Ann", "Ben", "Cy"), strict=True)
        ]

    poll(*children("a", "b", "c"))
    before = [(message.id, message.text) for message in sandbox.parked()]
    for ids in (("z", "x", "y"), ("k", "l", "m"), ("m2", "l2", "k2")):
        assert written(poll(*children(*ids))) == []
    assert [(message.id, message.text) for message in sandbox.parked()] == before


def test_who_leaves_a_message_of_several_leaves_it_under_fresh_ids_too(polled, sandbox):
    """One of two visits is deleted: the message speaks of the other one alone; a third one joins it."""
    poll = polled([EVENING])
    nine, eleven = (("20260212T090000", "Cut"), ("20260212T110000", "Colour"))
    poll(event("a", nine[0], title=nine[1]), event("b", eleven[0], title=eleven[1]))
    assert len(parked_texts(sandbox)) == 1
    poll(event("c", eleven[0], title=eleven[1]))
    assert parked_texts(sandbox) == ["Colour tomorrow at 11:00 AM"]
    poll(event("d", nine[0], title=nine[1]), event("e", eleven[0], title=eleven[1]))
    assert [text.count("AM") for text in parked_texts(sandbox)] == [2]
    assert at_rest(poll.kit)


def test_a_message_that_is_about_to_leave_speaks_of_its_visits_under_fresh_ids(polled, sandbox):
    """Too late to be changed, it still includes what comes in under another id: nobody is told twice."""
    poll = polled([EVENING])
    poll(*families("first", 2))
    (send_at,) = {message.send_at for message in sandbox.parked()}
    sandbox.clock.set(send_at)
    sandbox.clock.advance(seconds=-30)
    assert written(poll(*families("second", 2))) == []
    for request in ("third", "fourth"):
        assert written(poll(*families(request, 2))) == []
    assert [len(sandbox.inbox(f"+120255500{n:02}")) for n in (1, 2)] == [1, 1]


@pytest.mark.parametrize(
    ("rules", "options"),
    [
        pytest.param(
            [DAY, Rule("hours", before="20 hours", text="Soon: {{ when }}.")], {"min_gap": "2 hours"}, id="gap"
        ),
        pytest.param(
            [DAY, Rule("hours", before="3 hours", text="Soon: {{ when }}.", min_silence="4 hours")], {}, id="silence"
        ),
        pytest.param(
            [EVENING, Rule("hours", before="3 hours", text="Soon: {{ when }}.")], {"min_gap": "1 hour"}, id="both"
        ),
    ],
)
def test_what_keeps_apart_stays_where_it_is(polled, sandbox, rules, options):
    """`min_gap` and `min_silence` move nothing for a message that is the same one under another id."""
    poll = polled(rules, **options)
    poll(*families("first", 6))
    before = parked_messages(sandbox)
    for request in ("second", "third"):
        report = poll(*families(request, 6))
        assert (report.ok, written(report)) == (True, [])
    assert parked_messages(sandbox) == before


def test_several_people_of_one_visit_are_told_once_each(polled, sandbox):
    """A visit of several numbers is the same one under another id, whatever the order of its people."""
    poll = polled([EVENING])
    poll(event("a", "20260212T090000", phones=[NUMBER, OTHER]), event("b", "20260212T110000", phones=[OTHER]))
    before = parked_messages(sandbox)
    assert (
        written(
            poll(event("c", "20260212T110000", phones=[OTHER]), event("d", "20260212T090000", phones=[OTHER, NUMBER]))
        )
        == []
    )
    assert parked_messages(sandbox) == before


def test_two_records_of_one_visit_are_told_once_under_fresh_ids(polled, sandbox):
    """Two entries of one visit in one feed: one message, whichever of them has it."""
    poll = polled([DAY])
    for request in range(3):
        report = poll(*(event(f"{request}-{n}", "20260212T090000") for n in range(2)))
        assert written(report) == (["schedule"] if request == 0 else [])
    assert len(sandbox.parked()) == 1


def test_the_same_words_are_the_same_visit_whatever_its_title(polled, sandbox):
    """A title that changes at each request and is in no text makes nothing new; one that is in the text does."""
    poll = polled([DAY])

    def people(request):
        return [
            event(f"{request}-{n}", f"20260212T{n:02}0000", phones=[f"+120255500{n:02}"], title=f"Visit {request}{n}")
            for n in range(8, 20)
        ]

    poll(*people("a"))
    for request in ("b", "c"):
        report = poll(*people(request))
        assert (report.ok, report.attention, written(report)) == (True, (), [])
    assert len(sandbox.parked()) == 12


def test_a_visit_keeps_its_history_under_its_new_id(polled, sandbox):
    """What happened under the old id is told of the new one, and forgotten with the person."""
    poll = polled([DAY])
    poll(event("old", "20260212T090000"))
    poll(event("new", "20260212T090000"))
    explained = poll.kit.explain("new")
    assert "schedule" in {entry.event for reminder in explained.reminders for entry in reminder.history}
    assert poll.kit.ledger.read(lambda reader: reader.history(id="old")) == []
    assert "old" not in str(poll.kit.person(NUMBER))


@pytest.mark.parametrize("complete", [True, False], ids=["complete", "not complete"])
def test_what_has_no_number_does_not_pile_up(polled, complete):
    """An event that nobody is reminded of has one place in the ledger, whatever it is called."""
    poll = polled([DAY], complete=complete)
    for request in range(3):
        poll(event(f"r{request}", "20260212T090000", phones=[], title="Team"), event(f"s{request}", "20260212T090000"))
    known = poll.kit.ledger.read(lambda reader: [record.identity.id for record in reader.records()])
    assert sorted(known) == ["r2", "s2"]


def people(request, hours):
    """Return visits on one day under ids of this request, each person at an hour of its own."""
    return [
        event(f"{request}-{n}", f"20260212T{hour:02}0000", phones=[f"+120255500{n:02}"])
        for n, hour in enumerate(hours, 1)
    ]


def hours_parked(sandbox):
    """Return the local hours at which reminders are parked, by the last two digits of their numbers."""
    return sorted((message.to[-2:], f"{message.send_at:%H}") for message in sandbox.parked())


def test_what_moves_under_a_fresh_id_keeps_apart_from_others_and_not_from_itself(polled, sandbox):
    """Its own message, which goes, is no other one under its old id: planned and done, it is told at its own time."""
    poll = polled([DAY], min_gap="2 hours")
    for request in "abc":
        poll(*people(request, [9, 10]))
    assert written(poll(*people("d", [9, 11]))) == ["replace"]
    assert hours_parked(sandbox) == [("01", "14"), ("02", "16")]


@pytest.mark.parametrize("complete", [True, False], ids=["complete", "not complete"])
def test_a_visit_that_moves_in_a_feed_of_fresh_ids_is_told_at_its_new_time_alone(polled, sandbox, complete):
    """Once a feed is known to deal its ids anew, who is at another time there is no second visit."""
    poll = polled([DAY], complete=complete)
    for request in "abc":
        poll(*people(request, [9, 10, 11]))
    report = poll(*people("d", [9, 13, 11]))
    assert (report.ok, written(report)) == (True, ["replace"])
    assert hours_parked(sandbox) == [("01", "14"), ("02", "18"), ("03", "16")]
    assert written(poll(*people("e", [9, 13, 11]))) == []
    poll(*people("f", [9, 13, 11]), event("f-4", "20260212T150000", phones=["+12025550002"]))
    assert hours_parked(sandbox) == [("01", "14"), ("02", "18"), ("02", "20"), ("03", "16")]


def test_absence_alone_withdraws_nothing_in_a_feed_that_is_not_complete(polled, sandbox):
    """Who is not there any more, and at no other time either, is told as before."""
    poll = polled([DAY], complete=False)
    for request in "abc":
        poll(*people(request, [9, 10]))
    assert written(poll(*people("d", [9]))) == []
    assert hours_parked(sandbox) == [("01", "14"), ("02", "15")]


@pytest.mark.parametrize("requests", ["aaaa", "cbaa"], ids=["ever", "by now"])
def test_a_second_visit_is_a_second_visit_where_ids_stay(polled, sandbox, requests):
    """In a feed that is not complete and whose ids stay, a new id for a person is a further appointment."""
    poll = polled([DAY], complete=False)
    for request in requests:
        poll(*people(request, [9, 10]))
    poll(
        event("a-1", "20260212T090000", phones=["+12025550001"]), event("x", "20260212T130000", phones=["+12025550002"])
    )
    assert hours_parked(sandbox) == [("01", "14"), ("02", "15"), ("02", "18")]


def test_what_a_person_keeps_out_stays_out_under_fresh_ids(polled, sandbox):
    """A visit that was withdrawn for good is not told under its next id, until it changes in the calendar."""
    poll = polled([DAY])
    for request in "abc":
        poll(*people(request, [9, 10]))
    poll.kit.withdraw("c-2", source="desk", keep=True)
    for request in "de":
        poll(*people(request, [9, 10]))
        assert hours_parked(sandbox) == [("01", "14")]
    poll(*people("f", [9, 12]))
    assert hours_parked(sandbox) == [("01", "14"), ("02", "17")]


@pytest.mark.parametrize("fresh", [True, False], ids=["fresh ids", "the same id"])
def test_who_is_told_of_a_move_is_told_once(polled, sandbox, fresh):
    """A correction, and the reminder for the new time, are what they are under any id, however often it is read."""
    poll = polled([DAY], correction="Moved: {{ when }}.", cancellation="Off.")
    for request in "abc":
        poll(event(request if fresh else "u", "20260212T090000"))
    sandbox.clock.advance(hours=24)
    for request in "defg":
        poll(event(request if fresh else "u", "20260212T130000"))
    assert [message.text for message in sandbox.inbox(NUMBER)] == [
        "See you tomorrow at 9:00 AM.",
        "Moved: tomorrow at 1:00 PM.",
    ]
    assert parked_texts(sandbox) == ["See you tomorrow at 1:00 PM."]
