"""Whose clock a text goes by: the place's, where people go to one, or its reader's; named where the two differ."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, timezone
from zoneinfo import ZoneInfo

import pendulum
import pytest

from reminder_kit import Appointment, Recipient, Rule
from reminder_kit.errors import InvalidRuleError
from reminder_kit.model.snapshots import decode, encode
from reminder_kit.rules.defaults import Defaults
from reminder_kit.rules.reminders import is_place, reminders_of
from reminder_kit.text.composer import Composer
from tests.factories import NUMBER

LISBON, TOKYO = ZoneInfo("Europe/Lisbon"), "Asia/Tokyo"
START = datetime(2026, 3, 12, 18, 30, tzinfo=LISBON)  # a Thursday; in Tokyo it is 03:30 on Friday
STREET = "Rua do Sol 4"


def reminder(text="{{ when }}", *, location=STREET, reader=TOKYO, start=START, defaults=None, locale=None, **keys):
    who = Recipient(NUMBER, timezone=reader, locale=locale)
    visit = Appointment("A-1", start, recipients=[who], location=location, all_day=keys.pop("all_day", False))
    return reminders_of(visit, [Rule("r", before="1 day", text=text, **keys)], defaults or Defaults())[0]


def said(text="{{ when }}", hours=24, **changes):
    one = reminder(text, **changes)
    return Composer(Defaults()).compose(one, one.appointment.start_at - timedelta(hours=hours)).text


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "Thursday 12 March at 6:30 PM (Lisbon)"),
        ({"clock": "reader"}, "tomorrow at 3:30 AM (Tokyo)"),
        ({"location": ""}, "tomorrow at 3:30 AM (Tokyo)"),
        ({"location": " https://meet.example/7"}, "tomorrow at 3:30 AM (Tokyo)"),
        ({"location": "", "clock": "place"}, "Thursday 12 March at 6:30 PM (Lisbon)"),
        ({"reader": None}, "tomorrow at 6:30 PM"),
        ({"reader": "Europe/London"}, "tomorrow at 6:30 PM"),
        ({"reader": "Europe/Madrid"}, "tomorrow at 6:30 PM (Lisbon)"),
        ({"reader": "Europe/Madrid", "hours": 2}, "today at 6:30 PM (Lisbon)"),
        ({"reader": "Europe/Madrid", "locale": "de"}, "morgen um 18:30 Uhr (Lissabon)"),
        ({"reader": "Etc/GMT-9", "clock": "reader"}, "tomorrow at 3:30 AM (GMT-9)"),
        ({"all_day": True, "reader": "Europe/Madrid"}, "tomorrow"),
    ],
    ids=str,
)
def test_whose_clock_it_is_and_when_it_is_named(changes, words):
    """By default the place's where there is one; "tomorrow" is said only where it is the same day on both clocks."""
    assert said(**changes) == words


def test_what_starts_at_says_goes_by_the_same_clock_and_names_its_own_zone():
    """So `z` is true in a pattern, and the day and the weekday are those of the place."""
    text = "{{ appointment.starts_at | time('HH:mm z') }} {{ appointment.starts_at | weekday }} {{ day }}"
    assert said(text) == "18:30 +0000 Thursday Thursday 12 March"
    assert said("{{ appointment.starts_at.timezone_name }}", clock="reader") == TOKYO


def test_where_nobody_knows_the_place_s_zone_it_is_the_reader_s():
    """An instant in UTC names no place, so that there is no other clock to name either."""
    start = datetime(2026, 3, 12, 18, 30, tzinfo=UTC)
    assert said(start=start) == "tomorrow at 3:30 AM"
    assert reminder(start=start, defaults=Defaults(timezone="Europe/Lisbon")).clock == "Europe/Lisbon"


def test_each_of_several_goes_by_its_own_clock():
    """In one message, a visit on site is at the place's time and a call at its reader's."""
    text = "{% for one in appointments %}{{ one.starts_at | time }} {% endfor %}"
    first, second = (reminder(text, location=where, together=text) for where in (STREET, "tel:+12025550100"))
    assert Composer(Defaults()).compose(first, START.astimezone(UTC), [second]).text == "6:30 PM 3:30 AM"


AT = datetime(2026, 3, 12, 20, 15, tzinfo=UTC)  # 20:15 in Lisbon, 05:15 of the next day in Tokyo


@pytest.mark.parametrize(
    ("at", "clock", "words"),
    [
        (AT, "reader", "5:15 AM 13 March Friday 5"),
        (AT, "place", "8:15 PM 12 March Thursday 20"),
        (AT.astimezone(timezone(timedelta(hours=-5))), "reader", "5:15 AM 13 March Friday 5"),
        (AT.astimezone(ZoneInfo("Etc/GMT+5")), "reader", "5:15 AM 13 March Friday 5"),
        (pendulum.instance(AT), "reader", "5:15 AM 13 March Friday 5"),
        (AT.astimezone(ZoneInfo("Europe/Paris")), "reader", "9:15 PM 12 March Thursday 21"),
        (pendulum.instance(AT).in_tz("Europe/Paris"), "reader", "9:15 PM 12 March Thursday 21"),
        (AT.replace(tzinfo=None), "reader", "8:15 PM 12 March Thursday 20"),
    ],
    ids=["UTC", "the place's", "an offset", "Etc", "pendulum", "a named zone", "pendulum named", "no zone"],
)
def test_an_instant_in_data_goes_by_the_same_clock_unless_its_zone_names_a_place(at, clock, words):
    """Of the appointment and of its reader, in any depth; the ledger's appointment says the same as the host's."""
    told = "{{ X | time }} {{ X | date }} {{ X | weekday }} {{ X.hour }}"
    names = ("data.x", "appointment.data.x", "recipient.data.x", "appointments[0].recipients[0].data.x", "data.l[0].x")
    who = Recipient(NUMBER, timezone=TOKYO, data={"x": at})
    visit = Appointment("A-1", START, recipients=[who], data={"x": at, "l": [{"x": at}]})
    rule = Rule("r", before="1 day", clock=clock, text="|".join(told.replace("X", name) for name in names))
    for one in (visit, decode(encode(visit))):
        (due,) = reminders_of(one, [rule], Defaults())
        assert Composer(Defaults()).compose(due, START - timedelta(days=1)).text == "|".join([words] * len(names))


def test_the_zone_of_an_instant_in_data_is_named_and_days_stay_days():
    """What is only a day or a time of day has no zone to be told from, and what a template asks for is as it asks."""
    data = {"at": AT, "day": date(2026, 3, 12), "opens": time(8, 30, tzinfo=UTC)}
    visit = Appointment("A-1", START, recipients=[Recipient(NUMBER)], data=data)
    text = "{{ data.at | time('HH:mm zzzz') }}; {{ data.day | date }}; {{ data.opens | time }}; "
    text += "{{ appointment.starts_at.in_tz('UTC').add(hours=1) | time('HH:mm z') }}"
    due = reminders_of(visit, [Rule("r", before="1 day", text=text)], Defaults())[0]
    said = "20:15 Western European Standard Time; 12 March; 8:30 AM; 19:30 UTC"
    assert Composer(Defaults()).compose(due, START).text == said


def test_each_of_several_has_its_data_on_its_own_clock():
    """As its start is."""
    text = "{% for one in appointments %}{{ one.data.x | time }} {{ one.recipient.data.x | time }} {% endfor %}"
    who = Recipient(NUMBER, timezone=TOKYO, data={"x": AT})
    visits = [
        Appointment("A-1", START, recipients=[who], location=where, data={"x": AT}) for where in (STREET, "tel:+1")
    ]
    rule = Rule("r", before="1 day", text=text, together=text)
    first, second = (reminders_of(visit, [rule], Defaults())[0] for visit in visits)
    assert Composer(Defaults()).compose(first, START, [second]).text == "8:15 PM 8:15 PM 5:15 AM 5:15 AM"


def test_when_an_all_day_appointment_was_booked_is_said_by_the_clock_of_the_text():
    """Only its days keep the zone in which they are days."""
    visit = Appointment(
        "A-1", START.replace(hour=0), recipients=[Recipient(NUMBER, timezone=TOKYO)], all_day=True, booked_at=AT
    )
    text = "{{ appointment.booked_at | time }}|{{ appointment.starts_at | date }}"
    due = reminders_of(visit, [Rule("r", before="1 day", text=text)], Defaults())[0]
    assert Composer(Defaults()).compose(due, START).text == "5:15 AM|12 March"


@pytest.mark.parametrize(
    ("location", "found"),
    [
        ("12 Harbour Street", True),
        ("Room 3, see https://maps.example/3", True),
        ("Praxis Dr. Rey", True),
        ("5/7 Elm St", True),
        ("", False),
        ("  ", False),
        ("https://meet.example/7", False),
        ("WWW.meet.example", False),
        ("meet.example.com/7", False),
        ("tel:+12025550100", False),
        ("sip:desk@clinic.example", False),
        ("zoommtg://zoom.example/join", False),
    ],
)
def test_a_place_is_where_people_go(location, found):
    """An address of the web, or of a telephone, is none."""
    assert is_place(location) is found


def test_another_clock_is_refused_as_the_rule_loads():
    """The error names the rule, the key and what there is."""
    with pytest.raises(InvalidRuleError, match="rule 'r': clock cannot be 'venue': write 'place' or 'reader'"):
        Rule("r", before="1 day", text="x", clock="venue")


def test_a_rule_that_says_nothing_of_its_clock_keeps_its_version():
    """The key came later: versions in the history of a ledger stay those of the same rules."""
    assert Rule("r", before="1 day", text="x").version != Rule("r", before="1 day", text="x", clock="place").version
    assert Rule("r", before="1 day", text="See you {{ when }}.").version == "92a30f72"
