"""Cancellations: who was told, and then cancelled by the clinic, hears it once, if the host wishes so."""

from __future__ import annotations

from datetime import timedelta

import pytest

from reminder_kit import QuietHours, Recipient, ReminderKit, Rule
from reminder_kit.errors import InvalidRuleError, UnsafePlanError
from reminder_kit.rules.notices import Notice
from tests.factories import NUMBER, START, received_texts

OFF = "Your appointment {{ when }} is cancelled"
DAY = Rule("day-before", before="24 hours", text="See you {{ when }}")
HOUR = Rule("hours-before", before="22 hours", text="Soon: {{ when }}")
TOLD = "Your appointment tomorrow at 9:00 AM is cancelled"
OTHER = "+12025550124"


@pytest.fixture
def kit(make_kit):
    return make_kit([DAY, HOUR], cancellation=OFF)


@pytest.fixture
def reminded(kit, sandbox, appointment):
    """Ada was told "tomorrow at 9:00", an hour ago."""
    kit.sync(appointment())
    sandbox.clock.advance(days=2, hours=1)
    assert received_texts(sandbox) == ["See you tomorrow at 9:00 AM"]
    return kit


def notices(sandbox):
    return [text for text in received_texts(sandbox) if "cancelled" in text]


def test_who_was_told_hears_it_once(reminded, sandbox, appointment):
    """After ten minutes, in one message, whatever runs afterwards; what is still parked is withdrawn."""
    report = reminded.sync(appointment(status="cancelled"))
    assert sorted((change.rule, change.kind.value) for change in report.changes if change.is_work) == [
        ("cancellation", "schedule"),
        ("hours-before", "cancel"),
    ]
    (parked,) = sandbox.parked()
    assert (parked.text, parked.send_at) == (TOLD, sandbox.now() + timedelta(minutes=10))
    for _ in range(3):
        sandbox.clock.advance(minutes=6)
        assert not [change for change in reminded.sync(appointment(status="cancelled")).changes if change.is_work]
        assert not [change for change in reminded.resync().changes if change.is_work]
    sandbox.clock.advance(days=2)
    reminded.resync()
    assert received_texts(sandbox)[1:] == [TOLD]


@pytest.mark.parametrize("order", [1, -1])
def test_two_people_of_one_id_hear_it_once_each(kit, sandbox, appointment, order):
    """A host's mistake: they are told apart by their numbers, in whatever order they come, and at rest nothing is done.

    The same id for everybody ("1", a household's) is no reason to tell one of them twice and the other not at all.
    """
    both = [Recipient(NUMBER, id="P", name="Ada"), Recipient(OTHER, id="P", name="Ben")]
    kit.sync(appointment(recipients=both))
    sandbox.clock.advance(days=2, hours=1)
    kit.sync(appointment(recipients=both[::order], status="cancelled"))
    assert sorted(message.to for message in sandbox.parked()) == [NUMBER, OTHER]
    for _ in range(3):
        asked = len(sandbox.requests)
        assert not [change for change in kit.resync(force=True).changes if change.is_work]
        assert len(sandbox.requests) == asked
    sandbox.clock.advance(minutes=20)
    kit.resync()
    assert [received_texts(sandbox, number)[1:] for number in (NUMBER, OTHER)] == [[TOLD], [TOLD]]


@pytest.mark.parametrize("ids", [("P", "Q"), ("Q", "P"), ("P", "R")], ids=["theirs", "exchanged", "one anew"])
def test_whoever_was_told_hears_it_by_whatever_id(kit, sandbox, appointment, ids):
    """The numbers were told; that they are somebody else's by the host's list now makes it no less true."""
    numbers = (NUMBER, OTHER)
    kit.sync(appointment(recipients=[Recipient(one, id=name) for one, name in zip(numbers, "PQ", strict=True)]))
    sandbox.clock.advance(days=2, hours=1)
    people = [Recipient(one, id=name) for one, name in zip(numbers, ids, strict=True)]
    for _ in range(3):
        kit.sync(appointment(recipients=people, status="cancelled"))
        sandbox.clock.advance(minutes=11)
    assert [received_texts(sandbox, number)[1:] for number in numbers] == [[TOLD], [TOLD]]


def test_a_duplicate_that_is_cancelled_tells_nobody(reminded, sandbox, appointment):
    """The desk merges two records of one visit: it takes place, and nobody reads that it is off."""
    reminded.sync(appointment("B-1", title="Check-up, merged"))
    assert not [
        change for change in reminded.sync(appointment(status="cancelled")).changes if change.rule == "cancellation"
    ]
    sandbox.clock.advance(minutes=30)
    reminded.resync()
    assert notices(sandbox) == []
    reminded.sync(appointment("B-1", title="Check-up, merged", status="cancelled"))
    sandbox.clock.advance(minutes=30)
    reminded.resync()
    assert len(notices(sandbox)) == 1


def test_the_duplicate_that_was_silent_is_cancelled(reminded, sandbox, appointment):
    """The record that told it stands."""
    reminded.sync(appointment("B-1"))
    reminded.sync(appointment("B-1", status="cancelled"))
    for _ in range(3):
        sandbox.clock.advance(minutes=10)
        reminded.resync()
    assert notices(sandbox) == []
    reminded.sync(appointment(status="cancelled"))
    sandbox.clock.advance(minutes=30)
    reminded.resync()
    assert notices(sandbox) == [TOLD]


def test_one_of_two_children_who_come_together_is_cancelled(make_kit, sandbox, appointment):
    """They share a number and a start, and not the words: the other's visit stands, and this one's end is told."""
    named = Rule("day-before", before="24 hours", text="{{ appointment.title }} {{ when }}")
    kit = make_kit([named], cancellation="{{ appointment.title }} is off")
    kit.sync([appointment("A-1", title="Ada"), appointment("A-2", title="Bob")])
    sandbox.clock.advance(days=2, hours=1)
    kit.sync(appointment("A-2", title="Bob", status="cancelled"))
    sandbox.clock.advance(minutes=30)
    kit.resync()
    assert received_texts(sandbox)[2:] == ["Bob is off"]


def test_put_back_meanwhile_nothing_goes_out(reminded, sandbox, appointment):
    """Who clicks twice tells nobody."""
    reminded.sync(appointment(status="cancelled"))
    sandbox.clock.advance(minutes=3)
    reminded.sync(appointment())
    sandbox.clock.advance(days=2)
    assert notices(sandbox) == []


@pytest.mark.parametrize("reports", [True, False], ids=["reported", "not asked yet"])
def test_put_back_once_it_was_told_she_is_reminded_anew(reminded, sandbox, appointment, reports):
    """Else "cancelled" is the last she heard of a visit that takes place; and cancelled again, that is told again."""
    for times in (1, 2):
        reminded.sync(appointment(status="cancelled"))
        sandbox.clock.advance(minutes=11)
        if reports:
            reminded.resync()
        assert notices(sandbox) == [TOLD] * times
        reminded.sync(appointment())
        sandbox.clock.advance(minutes=11)
        assert received_texts(sandbox)[-1] == "See you tomorrow at 9:00 AM"
        assert not [change for change in reminded.resync().changes if change.is_work]
    sandbox.clock.advance(hours=2)
    assert received_texts(sandbox)[-1] == "Soon: tomorrow at 9:00 AM"


def test_put_back_too_late_for_taking_the_cancellation_back(reminded, sandbox, appointment):
    """It goes out, and the reminder after it."""
    reminded.sync(appointment(status="cancelled"))
    sandbox.clock.advance(minutes=9, seconds=50)
    reminded.sync(appointment())
    for _ in range(3):
        sandbox.clock.advance(minutes=10)
        reminded.resync()
    assert received_texts(sandbox)[-2:] == [TOLD, "See you tomorrow at 9:00 AM"]


def test_it_speaks_of_the_start_that_was_told(reminded, sandbox, appointment):
    """Moved, which nobody told her, and then cancelled: she knows of nine o'clock."""
    reminded.sync(appointment(hours=5))
    reminded.sync(appointment(hours=5, status="cancelled"))
    assert [message.text for message in sandbox.parked()] == [TOLD]
    assert not [change for change in reminded.resync().changes if change.is_work]
    sandbox.clock.advance(minutes=20)
    assert not [change for change in reminded.sync(appointment(hours=5, status="cancelled")).changes if change.is_work]
    assert notices(sandbox) == [TOLD]


def test_who_was_told_nothing_hears_nothing(kit, sandbox, appointment):
    kit.sync(appointment())
    kit.sync(appointment(status="cancelled"))
    assert sandbox.parked() == []


@pytest.mark.parametrize("way", ["absent", "withdrawn", "another rule", "suppressed"])
def test_only_an_explicit_cancellation_tells(make_kit, reminded, sandbox, appointment, way):
    """A feed that lost an event, a host that takes a row back, or another rule cancels nothing."""
    if way == "absent":
        reminded.sync([appointment("B-1", phone=OTHER)], complete=True, force=True)
    elif way == "withdrawn":
        reminded.withdraw("A-1")
    elif way == "another rule":
        make_kit([HOUR], cancellation=OFF).resync(force=True)
    else:
        reminded.suppress(NUMBER)
        reminded.sync(appointment(status="cancelled"))
    sandbox.clock.advance(days=2)
    assert notices(sandbox) == []


def test_a_host_that_takes_a_row_back_may_ask_for_it(reminded, sandbox):
    reminded.withdraw("A-1", notify=True)
    sandbox.clock.advance(minutes=20)
    assert notices(sandbox) == [TOLD]


def test_a_feed_that_drops_what_it_cancelled_keeps_it_told(reminded, sandbox, appointment):
    """First "cancelled", then gone: the message that waits for its ten minutes goes out."""
    reminded.sync(appointment(status="cancelled"))
    reminded.sync([appointment("B-1", phone=OTHER)], complete=True, force=True)
    sandbox.clock.advance(minutes=20)
    assert notices(sandbox) == [TOLD]


def test_never_in_quiet_hours_and_never_after_the_start(make_kit, sandbox, appointment):
    kit = make_kit([DAY], cancellation=OFF, quiet_hours=QuietHours("10:00", "20:00"))
    kit.sync(appointment())
    sandbox.clock.advance(days=2, hours=1)
    kit.sync(appointment(status="cancelled"))
    (parked,) = sandbox.parked()
    assert parked.send_at == START + timedelta(days=2, hours=11)
    sandbox.clock.advance(days=1)
    kit.sync(appointment(status="cancelled", title="again"))
    assert len(notices(sandbox)) == 1


@pytest.mark.parametrize(("given", "minutes"), [('"Off"', 10), ('{ text = "Off", after = "1 hour" }', 60)])
def test_a_file_says_the_same(tmp_path, given, minutes):
    path = tmp_path / "reminders.toml"
    path.write_text(
        f'cancellation = {given}\n[provider]\nname = "telnyx"\nfrom = "+12025550100"\n'
        f'[ledger]\nurl = "sqlite:///{tmp_path / "x.db"}"\n'
        '[[rules]]\nid = "day-before"\nbefore = "24 hours"\ntext = "See you {{ when }}"\n'
    )
    with ReminderKit.from_config(path) as kit:
        assert kit.settings.cancellation == Notice("Off", timedelta(minutes=minutes))


@pytest.mark.parametrize("minutes", [0, 30])
def test_it_may_wait_longer_or_not_at_all(make_kit, sandbox, appointment, minutes):
    """Sooner than the provider takes a message it can't go."""
    kit = make_kit([DAY], cancellation={"text": OFF, "after": f"{minutes} minutes"})
    kit.sync(appointment())
    sandbox.clock.advance(days=2, hours=1)
    kit.sync(appointment(status="cancelled"))
    assert sandbox.parked()[0].send_at - sandbox.now() >= timedelta(minutes=max(minutes, 5))
    assert sandbox.parked()[0].send_at - sandbox.now() < timedelta(minutes=minutes + 7)


def test_a_correction_may_wait_too(make_kit, sandbox, appointment):
    """Moved there and back within ten minutes, nobody hears of it."""
    kit = make_kit([DAY], correction={"text": "Now {{ when }}", "after": "10 minutes"})
    kit.sync(appointment())
    sandbox.clock.advance(days=2, hours=1)
    kit.sync(appointment(days=6))
    assert min(item.send_at for item in sandbox.parked()) == sandbox.now() + timedelta(minutes=10)
    sandbox.clock.advance(minutes=4)
    kit.sync(appointment())
    assert sandbox.parked() == []


def test_a_broken_feed_tells_nobody(make_kit, sandbox, appointment):
    """More than ten newly told in one run are refused unless forced; those that wait are not counted again."""
    kit = make_kit([DAY], cancellation=OFF)
    visits = [appointment(f"A-{n}", phone=f"+120255501{n:02}") for n in range(12)]
    kit.sync(visits)
    sandbox.clock.advance(days=2, hours=1)
    off = [appointment(f"A-{n}", phone=f"+120255501{n:02}", status="cancelled") for n in range(12)]
    with pytest.raises(UnsafePlanError, match="12 people that their appointments are cancelled"):
        kit.sync(off)
    assert sandbox.parked() == []
    assert kit.sync(off, force=True).ok
    assert kit.sync(off).ok
    assert kit.resync().ok
    sandbox.clock.advance(minutes=20)
    assert len([message for message in sandbox.messages() if "cancelled" in message.text]) == 12


CALENDAR = b"""BEGIN:VCALENDAR\r
VERSION:2.0\r
PRODID:-//test//EN\r
BEGIN:VEVENT\r
UID:A-1\r
DTSTAMP:20260201T000000Z\r
DTSTART;TZID=America/New_York:20260213T100000\r
SUMMARY:Check-up\r
ATTENDEE;CN=Ada:tel:+12025550123\r
END:VEVENT\r
END:VCALENDAR\r
"""


@pytest.mark.parametrize("given", [{"after": "1 hour"}, {"text": OFF, "wait": 1}, 3, {"text": "{{ whem }}"}])
def test_what_is_no_notice_is_refused(make_kit, given):
    with pytest.raises(InvalidRuleError, match="cancellation"):
        make_kit([DAY], cancellation=given)


@pytest.mark.parametrize("notify", [True, False])
def test_in_the_hosts_own_transaction_it_is_kept_out_too(make_kit, sandbox, notify):
    """What comes of a calendar under that id stays out from then on, and nothing more is told."""
    kit, source = make_kit([DAY], cancellation=OFF), {"source": "clinic"}
    kit.import_calendar(CALENDAR, **source)
    with kit.ledger._database.writing() as connection:
        kit.withdraw("A-1", keep=True, notify=notify, connection=connection)
    for _ in range(2):
        kit.resync()
        kit.import_calendar(CALENDAR, **source)
    assert sandbox.parked() == []


def test_in_the_hosts_own_transaction_it_is_recorded_and_the_next_run_tells(reminded, sandbox):
    with reminded.ledger._database.writing() as connection:
        assert reminded.withdraw("A-1", notify=True, connection=connection).appointments == 1
    reminded.resync()
    sandbox.clock.advance(minutes=20)
    assert notices(sandbox) == [TOLD]
