"""What the provider refuses for the account waits until somebody mends it: tried now and then, by one message."""

from __future__ import annotations

from datetime import timedelta
from threading import Thread

import pytest
from attrs import evolve

from reminder_kit import QuietHours, Recipient, Rule
from reminder_kit.providers.telnyx.provider import Telnyx
from reminder_kit.providers.twilio.provider import Twilio
from tests.factories import ACCOUNT, SENDER, SERVICE, START, summed, visit
from tests.stories.clinic import PROVIDERS

NUMBER_REFUSED, STOPPED = "40310", "40300"
DISABLED, UNVERIFIED, NO_MMS, COUNTRY, UNKNOWN, TEXT, TOO_NEAR = (
    "40312",
    "40329",
    "40308",
    "40309",
    "49999",
    "40302",
    "10033",
)
WAITS = [timedelta(minutes=minutes) for minutes in (5, 15, 30, 60, 60, 60)]
ABROAD = "+447700900123"
DAY = timedelta(days=1)
FULL = Rule("day", before="24 hours", text="{{ appointment.title }} {{ when }}")


def phone(number):
    """Return the number of a person, counted from 0; never SENDER."""
    return f"+120255501{number % 99 + 1:02}"


def people(count, *, day=3):
    """Return appointments of as many people, the soonest first."""
    return [visit(f"A-{n:03}", hour=9 + n // 60, minute=n % 60, day=day, phone=phone(n)) for n in range(count)]


def lines(report):
    return [(change.kind.value, change.reason.value, change.outcome) for change in report.changes]


# How long is waited, and who is tried


def test_the_account_is_tried_after_5_15_30_and_60_minutes(clinic):
    """One POST when the wait is over, none before, and never more than an hour between two."""
    here = clinic()
    here.refuse(DISABLED)
    here.kit.sync(people(2))
    assert here.writes() == 1
    for wait in WAITS:
        here.sandbox.clock.advance(wait - timedelta(seconds=1))
        here.kit.resync()
        assert here.writes() == 0
        here.sandbox.clock.advance(seconds=1)
        here.kit.resync()
        assert here.writes() == 1


def test_a_known_code_stops_the_rest_of_the_run(clinic):
    """Of 120 reminders one is posted; all are held with the reason, and nothing has failed."""
    here = clinic()
    here.refuse(DISABLED)
    report = here.kit.sync(people(120))
    assert here.writes() == 1
    assert {line[:2] for line in lines(report)} == {("hold", "waiting_account")}
    assert len(report.changes) == 120
    assert report.ok
    assert {change.error for change in report.changes} == {report.changes[0].error}
    assert "profile is disabled" in report.changes[0].error


def test_who_waits_beside_the_one_that_was_tried_waits_as_long(clinic):
    """Several reminders of one visit: a second run at the same instant changes nothing of what is recorded."""
    rules = [Rule(f"r{hours}", before=f"{hours} hours", text=f"{hours}: {{{{ when }}}}") for hours in (24, 12, 2)]
    here = clinic(rules=rules)
    here.refuse(DISABLED)
    here.kit.sync(people(2))
    for _ in range(3):
        here.sandbox.clock.advance(minutes=61)
        here.kit.resync()
        before, _ = here.dump(), here.writes()
        here.kit.resync()
        assert (here.dump(), here.writes()) == (before, 0)


@pytest.mark.slow
def test_what_waits_costs_one_post_a_run_and_each_time_another(clinic):
    """Twenty runs that are due, 90 reminders: twenty POSTs, to twenty people, the soonest start first."""
    here = clinic()
    here.refuse(DISABLED)
    here.kit.sync(people(90))
    tried = [here.posts()[0].body]
    here.writes()
    for _ in range(20):
        here.sandbox.clock.advance(hours=1)
        here.kit.resync()
        (request,) = here.posts()
        tried.append(request.body)
        here.writes()
    numbers = [next(n for n in range(90) if phone(n).encode() in body) for body in tried]
    assert numbers == list(range(21))


def test_after_the_last_of_them_the_first_is_tried_again(clinic):
    """Three wait: their turns go round."""
    here = clinic()
    here.refuse(DISABLED)
    here.kit.sync(people(3))
    for n in (1, 2, 0, 1):
        here.writes()
        here.sandbox.clock.advance(hours=1)
        here.kit.resync()
        assert [phone(n).encode() in request.body for request in here.posts()] == [True]


@pytest.mark.parametrize("concurrency", [1, 4])
def test_all_follow_in_the_run_in_which_one_is_taken(clinic, concurrency):
    """The account was mended: the message that is tried is taken, and nobody waits for another run."""
    here = clinic(options={"concurrency": concurrency})
    here.refuse(DISABLED)
    here.kit.sync(people(120))
    here.recover()
    here.sandbox.clock.advance(minutes=5)
    report = here.kit.resync()
    assert report.ok
    assert {change.happened for change in report.changes} == {"parked"}
    assert len(here.sandbox.parked()) == 120
    assert here.kit.ledger.read(lambda reader: reader.blockers()) == ()


@pytest.mark.parametrize("waits", [0, 1, 3])
@pytest.mark.parametrize("others", [("A-2", 12, "Check-up"), ("A-2", 12, "X-ray"), ("A-3", 13, "X-ray")], ids=str)
@pytest.mark.parametrize("quiet", [None, QuietHours("18:00", "10:00")], ids=["no quiet hours", "quiet hours"])
@pytest.mark.parametrize("limit", [None, 1])
def test_whatever_a_day_leaves_room_for_follows_in_that_run(clinic, limit, quiet, others, waits):
    """Two visits of one number: what is tried is what stays, and nothing is parked that the next run takes back."""
    near = Rule("hours", before="3 hours", text="Soon: {{ when }}")
    here = clinic(rules=(FULL, near), options={"max_per_day": limit, "quiet_hours": quiet})
    name, hour, title = others
    here.refuse(DISABLED)
    for one in (visit("A-1", 12, day=3), visit(name, hour, day=3, title=title)):
        here.kit.sync(one)
    for wait in WAITS[:waits]:
        here.sandbox.clock.advance(wait)
        here.kit.resync()
    here.recover()
    here.sandbox.clock.advance(minutes=61)
    here.writes()
    planned = {(one.key, one.send_at) for one in here.kit.plan_resync().work}
    report = here.kit.resync()
    made = {(one.key, one.send_at) for one in report.changes if one.is_work}
    assert planned <= made
    assert len(made) == len(here.posts()) == len(here.sandbox.parked())
    assert (report.attention, here.kit.plan_resync().work) == ((), ())


@pytest.mark.parametrize("order", [1, -1])
def test_new_words_follow_where_another_message_of_that_visit_is_taken(clinic, order):
    """One is parked with words of one visit, and the other, for both, was refused: mended, both tell of both."""
    every = "{{ day }}: {% for visit in appointments %}{{ visit.title }} {% endfor %}"
    here = clinic(rules=(Rule("evening", days_before=1, at="17:00", text="{{ when }}", together=every),))
    people = [Recipient(phone(n), id=f"P{n}") for n in (0, 1)]
    here.kit.sync(evolve(visit("A-1", day=5), recipients=people[:1]))
    here.refuse(COUNTRY)
    for one in (visit("A-1", day=5), visit("A-2", 10, day=5, title="X-ray")):
        here.kit.sync(evolve(one, recipients=people[::order]))
    assert words(here) == ["tomorrow at 9:00 AM"]
    here.recover()
    here.sandbox.clock.advance(minutes=61)
    report = here.kit.resync()
    assert (report.attention, here.kit.plan_resync().work) == ((), ())
    assert words(here) == ["tomorrow: Check-up X-ray", "tomorrow: Check-up X-ray"]


def test_a_new_appointment_waits_with_the_others(clinic):
    """What comes in while the account is refused is recorded and held, without a request."""
    here = clinic()
    here.refuse(DISABLED)
    here.kit.sync(people(1))
    here.writes()
    report = here.kit.sync(people(2)[1:])
    assert (lines(report), here.writes()) == ([("hold", "waiting_account", None)], 0)


# What is no account's fault, and whose the account is


def test_a_code_that_is_not_known_stops_its_own_reminder(clinic):
    """The others of the run are posted: it may be about that one message."""
    here = clinic()
    here.refuse(UNKNOWN, containing=phone(0))
    report = here.kit.sync(people(5))
    assert lines(report)[0] == ("hold", "waiting_provider", "failed")
    assert len(here.sandbox.parked()) == 4
    for wait in WAITS[:4]:
        here.writes()
        here.sandbox.clock.advance(wait - timedelta(seconds=1))
        here.kit.resync()
        assert here.writes() == 0
        here.sandbox.clock.advance(seconds=1)
        here.kit.resync()
        assert here.writes() == 1
    here.recover()
    here.sandbox.clock.advance(hours=1)
    assert here.kit.resync().ok
    assert len(here.sandbox.parked()) == 5


def test_a_code_that_three_reminders_met_is_the_accounts(clinic):
    """The fourth is not even tried, and the three are told why they wait."""
    here = clinic()
    here.refuse(UNKNOWN)
    report = here.kit.sync(people(10))
    assert here.writes() == 3
    assert [change.reason.value for change in report.changes][3:] == ["waiting_account"] * 7
    here.sandbox.clock.advance(minutes=5)
    here.kit.resync()
    assert here.writes() == 1
    here.recover()
    here.sandbox.clock.advance(minutes=15)
    assert here.kit.resync().ok
    assert len(here.sandbox.parked()) == 10


def test_a_success_between_sets_the_count_back(clinic):
    """Two met it, one was taken, two more met it: still nobody's but their own."""
    here = clinic()
    appointments = people(6)
    here.refuse(UNKNOWN)
    here.kit.sync(appointments[:2])
    here.recover()
    here.kit.sync(appointments[2])
    here.refuse(UNKNOWN)
    here.writes()
    report = here.kit.sync(appointments[3:5])
    assert here.writes() == 2
    assert [change.reason.value for change in report.changes] == ["waiting_provider"] * 2
    here.recover()
    assert here.kit.sync(appointments[5]).ok


def test_one_reminder_that_meets_it_three_times_is_one(clinic):
    """Three different reminders make a code the account's, not three attempts of one."""
    here = clinic()
    here.refuse(UNKNOWN, containing=phone(0))
    here.kit.sync(people(1))
    here.run_until(START + timedelta(hours=5), timedelta(minutes=5))
    assert here.kit.sync(people(2)[1:]).ok


def test_another_country_is_not_stopped(clinic):
    """A country that is not enabled is no matter of those who live elsewhere."""
    here = clinic()
    here.refuse(COUNTRY, containing=ABROAD)
    abroad = [visit(f"B-{n}", day=3, phone=ABROAD[:-1] + str(n)) for n in range(3)]
    here.recover()
    here.refuse(COUNTRY, containing="+447700")
    report = here.kit.sync([*abroad, *people(3)])
    assert [line for line in lines(report) if line[0] == "hold"] == [("hold", "waiting_account", "done")] * 3
    assert len(here.sandbox.parked()) == 3
    assert len(here.posts("+447700")) == 1
    here.kit.resync()
    assert len(here.kit.ledger.read(lambda reader: reader.blockers())) == 1


def waiting(report):
    """Return, by item, who is listed as waiting for it, and whether that was seen."""
    return {item.id: ([member.identity.id for member in item.affected], item.seen) for item in report.attention}


def test_each_country_is_an_item_of_its_own_with_those_who_wait_for_it(clinic):
    """Though the provider says the same of each: who has seen one of them has not seen the others."""
    here = clinic()
    here.refuse(COUNTRY)
    numbers = (phone(1), "+442071838750", "+33123456789")
    report = here.kit.sync([visit(f"A-{n}", day=3, phone=number) for n, number in enumerate(numbers)])
    assert sorted(waiting(report).values()) == [(["A-0"], False), (["A-1"], False), (["A-2"], False)]
    here.kit.attention(seen=report.attention[0].id)
    (first,) = report.attention[0].affected
    assert [who for who, seen in waiting(here.kit.resync()).values() if seen] == [[first.identity.id]]


def test_with_an_id_only_its_own_cause_is_tried(clinic):
    """Another country waits on, though the provider says the same of it."""
    here = clinic()
    here.refuse(COUNTRY)
    here.kit.sync([visit("A-1", day=3, phone=phone(1)), visit("A-2", day=3, phone="+442071838750")])
    here.sandbox.requests.clear()
    here.kit.retry("A-1")
    assert (len(here.posts(phone(1))), len(here.posts("+442071838750"))) == (1, 0)
    again = {item.affected[0].identity.id: item.next_try_at - START for item in here.kit.attention()}
    assert again == {"A-1": WAITS[1], "A-2": WAITS[0]}


def test_a_late_follow_up_is_listed_as_long_as_it_is_tried(clinic):
    """Hours after the visit and its own time a question how it was is still wanted; then it is past."""
    here = clinic(rules=(Rule("after", after="1 hour", text="How was it?"),), options={"expected_every": 9 * DAY})
    here.refuse(DISABLED)
    here.kit.sync(visit("A-1", day=0, hour=10))
    late = here.run_until(START + timedelta(hours=6), timedelta(minutes=30))[-1]
    assert [who for who, _ in waiting(late).values()] == [["A-1"]]
    over = here.run_until(START + 4 * DAY, timedelta(hours=6))[-1]
    assert [who for who, _ in waiting(over).values()] in ([], [[]])


def test_another_sender_is_not_stopped(clinic):
    """The kit that writes from a verified number parks its own, on the same ledger."""
    here = clinic(file=True)
    here.refuse(UNVERIFIED, containing=SENDER)
    here.kit.sync(people(2))
    other = here.another_process(provider=Telnyx("KEY", "+12025550101"))
    assert other.resync().ok
    assert len(here.sandbox.parked()) == 2


def test_a_mended_key_starts_afresh(clinic):
    """What was refused to one key is no matter of the next: all are posted at once."""
    here = clinic(file=True)
    here.sandbox.key = "NEW"
    report = here.kit.sync(people(4))
    assert not report.ok
    assert here.writes() <= 2
    new = here.another_process(provider=Telnyx("NEW", SENDER))
    new.resync()
    assert len(here.sandbox.parked()) == 4
    assert here.kit.ledger.read(lambda reader: reader.blockers()) == ()


def test_what_is_said_of_mms_does_not_stop_sms(clinic):
    """The sender can't send pictures: those with one wait, the others are parked."""
    pictures = Rule(
        "map", before="24 hours", text="See {{ when }}", channel="mms", media_urls=("https://clinic.example/map.png",)
    )
    here = clinic(rules=(pictures, Rule("soon", before="2 hours", text="Soon: {{ when }}")))
    here.refuse(NO_MMS, containing="map.png")
    report = here.kit.sync(people(3))
    assert sorted(lines(report)) == sorted(
        [("hold", "waiting_account", "done")] * 3 + [("schedule", "on_time", "done")] * 3
    )
    assert here.writes() == 4


def test_what_is_refused_for_its_text_is_final_until_it_changes(clinic):
    """The message's own fault stops nobody else, is not repeated, and is tried anew with other words."""
    here = clinic(rules=(Rule("day-before", before="24 hours", text="{{ appointment.title }} {{ when }}"),))
    here.refuse(TEXT, containing="Bad")
    bad, good = visit("A-1", day=3, title="Bad"), visit("A-2", day=3, phone=phone(2))
    here.kit.sync([bad, good])
    assert len(here.sandbox.parked()) == 1
    here.writes()
    here.run_until(START + timedelta(hours=3), timedelta(minutes=20))
    assert here.writes() == 0
    here.kit.sync(evolve(bad, title="Better"))
    assert len(here.sandbox.parked()) == 2


@pytest.mark.parametrize(
    ("code", "reason", "kind", "suppresses"),
    [
        (TEXT, "quarantined", ["message"], True),
        (NUMBER_REFUSED, "invalid_number", ["number"], True),
        (STOPPED, "opted_out", [], False),
        (STOPPED, "opted_out", [], True),
    ],
)
@pytest.mark.parametrize("way", ["cancelled", "withdrawn"])
def test_what_is_refused_for_good_is_told_again_when_the_visit_comes_back(clinic, code, reason, kind, suppresses, way):
    """For the same reason, in the same words, as the same item, and without another request."""
    here = clinic(options={"suppress_undeliverable": suppresses})
    here.refuse(code)
    person = visit("A-1", day=4)
    here.kit.sync(person)
    before = here.kit.resync()
    assert [item.kind for item in before.attention] == kind
    if way == "cancelled":
        here.kit.sync(evolve(person, status="cancelled"))
    else:
        here.kit.withdraw("A-1")
    assert here.kit.attention() == ()
    here.writes()
    report = here.kit.sync(person)
    assert [line[:2] for line in lines(report)] == [("skip", reason)]
    assert [(item.id, item.what) for item in report.attention] == [(item.id, item.what) for item in before.attention]
    assert here.writes() == 0
    assert here.kit.resync().attention == report.attention


# What becomes of messages that are parked


def test_other_words_keep_the_old_message_while_nothing_is_taken(clinic):
    """Better yesterday's words than none: the parked message is taken back only when another one may be parked."""
    here = clinic(rules=(Rule("day-before", before="24 hours", text="{{ appointment.title }} {{ when }}"),))
    first = visit("A-1", day=3)
    here.kit.sync(first)
    here.refuse(DISABLED)
    here.kit.sync(people(1))
    (item,) = here.kit.sync(evolve(first, title="X-ray")).attention
    assert {member.identity.id for member in item.affected} == {"A-000", "A-1"}
    assert [message.text for message in here.sandbox.parked()] == ["Check-up tomorrow at 9:00 AM"]
    here.recover()
    here.sandbox.clock.advance(minutes=5)
    report = here.kit.resync()
    assert (report.ok, report.attention) == (True, ())
    assert "X-ray" in " ".join(message.text for message in here.sandbox.parked())
    assert len(here.sandbox.parked()) == 2


@pytest.fixture
def reworded(clinic):
    """Return a clinic in which new words of parked reminders alone wait until the account is mended."""

    def made(*visits):
        here = clinic(rules=(Rule("day-before", before="24 hours", text="{{ appointment.title }} {{ when }}"),))
        here.kit.sync(visits)
        here.refuse(DISABLED)
        here.kit.sync(people(1))
        here.kit.sync([evolve(one, title="X-ray") for one in visits])
        here.kit.withdraw("A-000")
        here.writes()
        return here

    return made


def words(here):
    return sorted(message.text for message in here.sandbox.parked())


BEFORE, AFTER = "Check-up tomorrow at {}:00 AM", "X-ray tomorrow at {}:00 AM"


def test_other_words_alone_are_never_tried_and_follow_with_the_first_message_that_is_taken(reworded):
    """To try them the old message would have to go first. They are looked at again within the hour, and once a time."""
    here = reworded(visit("A-1", day=5))
    for _ in range(4):
        here.sandbox.clock.advance(hours=1)
        (item,) = here.kit.resync().attention
        assert ([who.identity.id for who in item.affected], item.next_try_at) == (["A-1"], None)
        assert item.remedy.startswith("mend it in the Telnyx portal, then `reminder-kit retry`: ")
        (record,) = here.kit.ledger.read(lambda reader: list(reader.records(ids=["A-1"])))
        assert here.sandbox.now() < record.next_at <= here.sandbox.now() + timedelta(hours=1)
        before = here.dump()
        here.kit.resync()
        assert (here.dump(), here.writes()) == (before, 0)
    here.recover()
    here.kit.sync(people(2)[1])
    here.kit.resync()
    assert words(here) == ["Check-up tomorrow at 9:01 AM", AFTER.format(9)]


@pytest.mark.parametrize("arguments", [(), (None, "waiting_account"), ("A-1",)], ids=["all", "reason", "id"])
def test_other_words_follow_when_a_person_says_that_the_account_was_mended(reworded, arguments):
    """Where nothing else waits that could be tried, they are."""
    here = reworded(visit("A-1", day=5), visit("A-2", day=5, hour=10, phone=phone(5)))
    here.recover()
    assert here.kit.retry(*arguments).ok
    report = here.kit.resync()
    assert (report.ok, report.attention, words(here)) == (True, (), [AFTER.format(10), AFTER.format(9)])
    assert here.kit.retry().summary.get("replace", 0) == 0


def test_a_person_who_is_mistaken_costs_one_message_that_is_made_again_later(reworded):
    """Of all whose words wait it is the one with the latest start; then it is tried as any other."""
    here = reworded(visit("A-1", day=5), visit("A-2", day=5, hour=10, phone=phone(5)))
    (item,) = here.kit.retry().attention
    assert ({who.identity.id for who in item.affected}, words(here)) == ({"A-1", "A-2"}, [BEFORE.format(9)])
    assert here.writes() == 1
    here.kit.retry()
    assert (here.writes(), words(here)) == (1, [BEFORE.format(9)])
    here.recover()
    here.run_until(here.sandbox.now() + timedelta(hours=1), timedelta(minutes=5))
    assert words(here) == [AFTER.format(10), AFTER.format(9)]


def test_words_are_not_tried_where_another_reminder_waits_that_can_be(reworded):
    """Nothing has to go for that one."""
    here = reworded(visit("A-1", day=5))
    here.kit.sync(people(2)[1])
    here.writes()
    here.kit.retry()
    assert (here.writes(), words(here)) == (1, [BEFORE.format(9)])


def test_a_moved_appointments_old_message_goes_and_the_new_one_waits(clinic):
    """A wrong time is worse than none; once the account is mended the new one is placed, even if it is late."""
    here = clinic(rules=(Rule("day-before", before="24 hours", text="See you {{ when }}", if_late="skip"),))
    first = visit("A-1", day=3)
    here.kit.sync(first)
    here.refuse(DISABLED)
    here.kit.sync(people(1))
    report = here.kit.sync(evolve(first, starts_at=first.starts_at - timedelta(hours=47, minutes=50)))
    assert here.sandbox.parked() == []
    assert lines(report) == [("hold", "waiting_account", "done")]
    here.recover()
    here.sandbox.clock.advance(minutes=30)
    here.kit.resync()
    assert here.sandbox.parked()[0].to == first.recipients[0].phone


def test_a_withdrawn_appointment_waits_for_nobody(clinic):
    """Its reminder is no longer tried, and the turns go on with the others."""
    here = clinic()
    here.refuse(DISABLED)
    here.kit.sync(people(3))
    here.kit.withdraw("A-001")
    here.recover()
    here.sandbox.clock.advance(minutes=5)
    assert here.kit.resync().ok
    assert sorted(message.to for message in here.sandbox.parked()) == [phone(0), phone(2)]


# Plans, restarts, workers


def test_a_plan_shows_what_waits_and_writes_nothing(clinic):
    """`plan()` names the reason and makes no request; after a run the next plan has nothing to do."""
    here = clinic()
    here.refuse(DISABLED)
    here.kit.sync(people(3))
    before = here.dump()
    here.writes()
    plan = here.kit.plan(people(5))
    assert [line[:2] for line in lines(plan)] == [("hold", "waiting_account")] * 5
    assert (here.dump(), here.writes()) == (before, 0)
    here.kit.apply(plan)
    assert {change.kind.value for change in here.kit.plan_resync().changes} <= {"keep", "hold", "skip"}


def test_a_plan_says_who_is_tried_next(clinic):
    """When the wait is over, the plan parks one and holds the others."""
    here = clinic()
    here.refuse(DISABLED)
    here.kit.sync(people(4))
    here.sandbox.clock.advance(minutes=5)
    plan = here.kit.plan_resync()
    assert [change.kind.value for change in plan.changes] == ["hold", "schedule", "hold", "hold"]
    here.kit.resync()
    assert summed(here.kit.plan_resync()) == {"hold": 4}


def test_a_second_run_at_the_same_time_writes_nothing(clinic):
    """Neither to the provider nor to the ledger, whether the wait is over or not."""
    here = clinic()
    here.refuse(DISABLED)
    here.kit.sync(people(5))
    for _ in range(3):
        here.kit.resync()
        before = here.dump()
        here.writes()
        here.kit.resync()
        assert (here.dump(), here.writes()) == (before, 0)
        here.sandbox.clock.advance(minutes=20)


def test_a_restart_remembers(clinic):
    """Another process knows what is refused, how long to wait, and whose turn it is."""
    here = clinic(file=True)
    here.refuse(DISABLED)
    here.kit.sync(people(3))
    here.writes()
    here.kit = here.another_process()
    here.kit.resync()
    assert here.writes() == 0
    here.sandbox.clock.advance(minutes=5)
    here.kit = here.another_process()
    here.kit.resync()
    assert [phone(1).encode() in request.body for request in here.posts()] == [True]
    here.writes()
    here.sandbox.clock.advance(minutes=14)
    here.another_process().resync()
    assert here.writes() == 0


def test_two_workers_at_once_try_one(clinic):
    """Both plan to try a message when the wait is over: one of them does, and all wait again."""
    here = clinic(file=True)
    here.refuse(DISABLED)
    here.kit.sync(people(20))
    here.writes()
    here.sandbox.clock.advance(minutes=5)
    kits = [here.kit, here.another_process(), here.another_process()]
    workers = [Thread(target=kit.resync) for kit in kits]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert here.writes() == 1
    (blocker,) = here.kit.ledger.read(lambda reader: reader.blockers())
    assert blocker.attempts == 2


@pytest.mark.slow
def test_waiting_for_days_is_one_line_of_history(clinic):
    """Two days, a run every ten minutes: one line when it begins to wait, besides what was tried."""
    here = clinic()
    here.refuse(DISABLED)
    here.kit.sync(people(2, day=5))
    here.run_until(START + timedelta(days=2), timedelta(minutes=10))
    for person in people(2, day=5):
        held = [row for row in here.rows(person.id) if row[0] == "hold"]
        assert held == [("hold", "waiting_account")]
    assert "waiting_account" in str(here.kit.explain("A-000"))


def test_a_reminder_is_given_up_when_its_time_is_over(clinic):
    """Nobody mended the account: it is not sent after the start, and no longer waits."""
    here = clinic()
    here.refuse(DISABLED)
    here.kit.sync(people(1, day=1))
    here.run_until(START + timedelta(days=1), timedelta(hours=1))
    here.recover()
    here.sandbox.clock.advance(hours=2)
    here.kit.resync()
    assert here.sandbox.messages() == []
    assert here.kit.status()["reminders"].get("held", {}) == {}


# Of the moment


def test_a_time_that_is_refused_is_placed_anew_once_and_then_with_back_off(clinic):
    """Two POSTs in the first run; then one after 30 seconds, 1, 2 and 5 minutes (less up to a fifth)."""
    here = clinic()
    here.refuse(TOO_NEAR)
    (change,) = here.kit.sync(people(1)).changes
    assert (here.writes(), change.outcome) == (2, "failed")
    for seconds in (30, 60, 120, 300, 300):
        here.sandbox.clock.advance(seconds=seconds * 0.8 - 1)
        here.kit.resync()
        assert here.writes() == 0
        here.sandbox.clock.advance(seconds=seconds * 0.2 + 1)
        here.kit.resync()
        assert here.writes() == 1
    here.recover()
    here.sandbox.clock.advance(minutes=5)
    assert here.kit.resync().ok
    assert [event for event, _ in here.rows("A-000") if event == "schedule"] == ["schedule", "schedule"]


# Where a fallback can still make it


def with_fallback(clinic, **changes):
    return clinic(options={"fallback": Twilio(ACCOUNT, "KEY", SERVICE)}, **changes)


def sent_by(here):
    return sorted(message.kind for message in here.sandbox.parked())


def test_a_refused_sender_goes_to_the_fallback_at_once(clinic):
    """Another sender may: all of them are parked there in the same run."""
    here = with_fallback(clinic)
    here.sandbox.fault("error", times=None, method="POST", status=400, code=UNVERIFIED, path="/v2/*")
    here.kit.sync(people(3))
    assert sent_by(here) == ["twilio"] * 3


KEY_REFUSED, FIRST, SPARE = "20003", "/v2/*", "/2010*"


def refuse_both(here, code=UNVERIFIED):
    """Have the first provider refuse the sender (or by another code), and the fallback's refuse its key."""
    for path, refused in ((FIRST, code), (SPARE, KEY_REFUSED)):
        here.sandbox.fault("error", times=None, method="POST", status=400, code=refused, path=path)


def mend(here, path):
    here.sandbox.faults.waiting[:] = [fault for fault in here.sandbox.faults.waiting if fault.path != path]


@pytest.mark.few(1)
@pytest.mark.parametrize("code", [UNVERIFIED, DISABLED])
@pytest.mark.parametrize(("mended", "sends"), [(FIRST, "telnyx"), (SPARE, "twilio")])
def test_whichever_of_two_refused_accounts_is_mended_sends_it(clinic, code, mended, sends):
    """The sender is refused, and the fallback's account too: everybody is reminded once by the one that is mended."""
    here = with_fallback(clinic)
    refuse_both(here, code)
    appointments = people(3, day=2)
    here.kit.sync(appointments)
    here.run_until(START + timedelta(hours=20), timedelta(minutes=10))
    mend(here, mended)
    here.run_until(START + timedelta(days=2), timedelta(minutes=10))
    for person in appointments:
        (message,) = here.sandbox.inbox(person.recipients[0].phone)
        assert (message.kind, message.sent_at) == (sends, person.starts_at - timedelta(hours=24))


@pytest.mark.parametrize("one", [None, "A-000"])
@pytest.mark.parametrize(("mended", "sends"), [(FIRST, "telnyx"), (SPARE, "twilio")])
def test_a_person_s_word_tries_both_accounts(clinic, one, mended, sends):
    """A minute after both refused it, `retry` has the mended one send it, with an id or without."""
    here = with_fallback(clinic)
    refuse_both(here)
    here.kit.sync(people(1))
    here.sandbox.clock.advance(hours=1)
    here.kit.resync()
    mend(here, mended)
    here.sandbox.clock.advance(minutes=1)
    here.kit.resync()
    assert sent_by(here) == []
    here.kit.retry(one)
    assert sent_by(here) == [sends]


def test_a_fallback_in_doubt_is_not_doubled_by_a_mended_sender(clinic):
    """Its answer was lost, so that it may be out: the reminder is not sent by the first provider as well."""
    here = clinic(options={"fallback": PROVIDERS["vonage"]()})
    here.sandbox.fault("error", times=None, method="POST", status=400, code=UNVERIFIED, path=FIRST)
    (person,) = people(1, day=2)
    here.kit.sync(person)
    here.run_until(START + timedelta(hours=23), timedelta(hours=1))
    here.sandbox.fault("drop_after", times=1, method="POST", containing="See you")
    here.run_until(person.starts_at - timedelta(hours=24), timedelta(minutes=10))
    assert here.kit.status()["messages"]["unknown"] == 1
    mend(here, FIRST)
    here.run_until(person.starts_at, timedelta(minutes=20))
    assert here.texts(person.recipients[0].phone) == 1


@pytest.mark.few(1)
@pytest.mark.parametrize("code", [UNVERIFIED, DISABLED])
@pytest.mark.parametrize("if_late", ["clamp", "skip"])
def test_a_fallback_that_sends_at_once_is_in_time_whatever_is_due(clinic, code, if_late):
    """At the due minute the sender could be tried again, and would be late: the fallback sends it."""
    rule = Rule("day-before", before="24 hours", text="See you {{ when }}", if_late=if_late)
    here = clinic(rules=(rule,), options={"fallback": PROVIDERS["vonage"]()})
    here.sandbox.fault("error", times=None, method="POST", status=400, code=code, path=FIRST)
    (person,) = people(1)
    here.kit.sync(person)
    here.run_until(person.starts_at, timedelta(minutes=5))
    (message,) = here.sandbox.inbox(person.recipients[0].phone)
    assert (message.kind, message.sent_at) == ("vonage", person.starts_at - timedelta(hours=24))


def test_an_account_that_may_be_mended_in_time_is_waited_for(clinic):
    """Three days ahead nothing is lost by waiting: no fallback is made, and the first provider sends it."""
    here = with_fallback(clinic)
    here.sandbox.fault("error", times=None, method="POST", status=400, code=DISABLED, path="/v2/*")
    here.kit.sync(people(3))
    here.run_until(START + timedelta(hours=12), timedelta(minutes=15))
    assert sent_by(here) == []
    here.recover()
    here.run_until(START + timedelta(hours=14), timedelta(minutes=15))
    assert sent_by(here) == ["telnyx"] * 3


def test_when_waiting_would_make_it_late_the_fallback_takes_it(clinic):
    """Nobody mends it: each goes to the fallback before its last feasible instant, on time and once."""
    here = with_fallback(clinic)
    here.sandbox.fault("error", times=None, method="POST", status=400, code=DISABLED, path="/v2/*")
    appointments = people(3, day=2)
    here.kit.sync(appointments)
    here.run_until(START + timedelta(days=2), timedelta(minutes=10))
    for person in appointments:
        (message,) = here.sandbox.inbox(person.recipients[0].phone)
        assert message.kind == "twilio"
        assert message.sent_at <= person.starts_at - timedelta(hours=24)


def test_where_the_fallback_is_stopped_as_well_both_causes_list_who_waits(clinic):
    """Either of them being mended would do; whom the fallback reaches waits for nobody."""
    here = with_fallback(clinic)
    here.refuse(DISABLED)
    here.kit.sync(people(1, day=2))
    report = here.run_until(START + DAY - timedelta(minutes=20), timedelta(minutes=10))[-1]
    assert [who for who, _ in waiting(report).values()] == [["A-000"], ["A-000"]]
    assert here.kit.resync().changes == ()
    here.recover()
    here.sandbox.fault("error", times=None, method="POST", status=400, code=DISABLED, path="/v2/*")
    report = here.run_until(START + DAY + timedelta(minutes=20), timedelta(minutes=10))[-1]
    assert [who for who, _ in waiting(report).values()] == [[]]
    assert [message.kind for message in here.sandbox.inbox(phone(0))] == ["twilio"]


@pytest.mark.slow
def test_a_code_nobody_knows_goes_to_the_fallback_in_time_too(clinic):
    """Why it is refused does not matter: it must arrive."""
    here = with_fallback(clinic)
    here.sandbox.fault("error", times=None, method="POST", status=400, code=UNKNOWN, path="/v2/*")
    (person,) = people(1, day=2)
    here.kit.sync(person)
    here.run_until(START + timedelta(days=2), timedelta(minutes=10))
    assert [message.kind for message in here.sandbox.inbox(person.recipients[0].phone)] == ["twilio"]
