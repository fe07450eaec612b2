"""What is refused of appointments, people, data, instants and zones, word by word: never with a name or a number."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta, timezone

import pytest

from reminder_kit.errors import InvalidInputError, NaiveDatetimeError
from reminder_kit.model.appointments import Appointment, Recipient, recurrence_name
from reminder_kit.model.as_of import AsOf
from reminder_kit.model.host_data import NO_DATA, shown_name, whole_text
from reminder_kit.model.instants import from_iso, iso, utc, zone
from reminder_kit.model.suggestions import suggestion

AT = datetime(2026, 2, 10, 14, tzinfo=UTC)
AHEAD = timezone(timedelta(hours=1))
BEHIND = timezone(timedelta(hours=-1))
AWARE = 'give an aware datetime, for example pendulum.datetime(2026, 2, 10, 0, 0, tz="America/New_York")'
KIT_NOW = "hand in the kit's own instant, `kit.now()`, asked before the rows were read"
PEOPLE = 'recipients must be Recipients or phone numbers: write [Recipient("+1…")]'


def ap(**changes):
    return Appointment(**{"id": "A-1", "starts_at": AT, **changes})


def nested(depth):
    found = 1
    for _ in range(depth):
        found = [found]
    return found


@pytest.mark.parametrize(
    ("kind", "make", "said"),
    [
        (InvalidInputError, lambda: ap(id=None), "an appointment needs an id, not None: save the host's record first"),
        (InvalidInputError, lambda: ap(id=""), "an appointment needs an id, not '': save the host's record first"),
        (InvalidInputError, lambda: ap(id=" "), "an appointment needs an id, not ' ': save the host's record first"),
        (
            InvalidInputError,
            lambda: ap(id="x" * 1001),
            "appointment '" + "x" * 100 + "'…: id has more than 1000 bytes: give it a shorter one",
        ),
        (
            InvalidInputError,
            lambda: ap(id="ü" * 501),
            "appointment '" + "ü" * 100 + "'…: id has more than 1000 bytes: give it a shorter one",
        ),
        (
            InvalidInputError,
            lambda: ap(source="x" * 501),
            "appointment 'A-1': source has more than 500 bytes: give it a shorter one",
        ),
        (
            InvalidInputError,
            lambda: ap(recurrence_id="x" * 501),
            "appointment 'A-1': recurrence_id has more than 500 bytes: give it a shorter one",
        ),
        (
            InvalidInputError,
            lambda: ap(recipients=None),
            f"appointment 'A-1': {PEOPLE}, not None; or leave recipients out",
        ),
        (
            InvalidInputError,
            lambda: ap(recipients=7),
            f"appointment 'A-1': {PEOPLE}, not a int; or leave recipients out",
        ),
        (
            InvalidInputError,
            lambda: ap(recipients={"a": 1}),
            f"appointment 'A-1': {PEOPLE}, not a dict; or leave recipients out",
        ),
        (
            InvalidInputError,
            lambda: ap(recipients=b"x"),
            f"appointment 'A-1': {PEOPLE}, not a bytes; or leave recipients out",
        ),
        (
            InvalidInputError,
            lambda: ap(recipients=[None]),
            f"appointment 'A-1': {PEOPLE}, not None; or leave recipients out",
        ),
        (
            InvalidInputError,
            lambda: ap(recipients=[{"phone": "1"}]),
            f"appointment 'A-1': {PEOPLE}, not a dict; or leave recipients out",
        ),
        (
            InvalidInputError,
            lambda: ap(tags=7),
            "appointment 'A-1': tags must be words: write [\"dental\"], not a int; or leave tags out",
        ),
        (
            InvalidInputError,
            lambda: ap(tags=None),
            "appointment 'A-1': tags must be words: write [\"dental\"], not None; or leave tags out",
        ),
        (
            InvalidInputError,
            lambda: ap(tags={"a": 1}),
            "appointment 'A-1': tags must be words: write [\"dental\"], not a dict; or leave tags out",
        ),
        (
            InvalidInputError,
            lambda: ap(tags=b"x"),
            "appointment 'A-1': tags must be words: write [\"dental\"], not a bytes; or leave tags out",
        ),
        (
            InvalidInputError,
            lambda: ap(data=7),
            'appointment \'A-1\': data must be a dict: write {"doctor": "Rey"}, not a int; or leave data out',
        ),
        (
            InvalidInputError,
            lambda: ap(data=None),
            'appointment \'A-1\': data must be a dict: write {"doctor": "Rey"}, not None; or leave data out',
        ),
        (
            InvalidInputError,
            lambda: ap(data=[1]),
            'appointment \'A-1\': data must be a dict: write {"doctor": "Rey"}, not a list; or leave data out',
        ),
        (
            InvalidInputError,
            lambda: ap(all_day="yes"),
            "appointment 'A-1': all_day must be True or False, not a str; or leave all_day out",
        ),
        (
            InvalidInputError,
            lambda: ap(all_day=2),
            "appointment 'A-1': all_day must be True or False, not a int; or leave all_day out",
        ),
        (
            InvalidInputError,
            lambda: ap(all_day=None),
            "appointment 'A-1': all_day must be True or False, not None; or leave all_day out",
        ),
        (
            InvalidInputError,
            lambda: ap(status="confirmd"),
            "appointment 'A-1': unknown status 'confirmd': did you mean 'confirmed'?",
        ),
        (
            InvalidInputError,
            lambda: ap(status="xyz"),
            ("appointment 'A-1': unknown status 'xyz': known are cancelled, completed, confirmed, no_show, tentative"),
        ),
        (
            InvalidInputError,
            lambda: ap(status=None),
            ("appointment 'A-1': unknown status None: known are cancelled, completed, confirmed, no_show, tentative"),
        ),
        (
            InvalidInputError,
            lambda: ap(starts_at="soon"),
            "appointment 'A-1': starts_at must be an aware datetime, not 'soon'",
        ),
        (
            InvalidInputError,
            lambda: ap(ends_at="soon"),
            "appointment 'A-1': ends_at must be an aware datetime, not 'soon'",
        ),
        (
            InvalidInputError,
            lambda: ap(booked_at="soon"),
            "appointment 'A-1': booked_at must be an aware datetime, not 'soon'",
        ),
        (
            NaiveDatetimeError,
            lambda: ap(starts_at=datetime(2026, 2, 10)),
            f"appointment 'A-1': starts_at has no time zone (2026-02-10T00:00:00): {AWARE}",
        ),
        (
            NaiveDatetimeError,
            lambda: ap(ends_at=datetime(2026, 2, 10)),
            f"appointment 'A-1': ends_at has no time zone (2026-02-10T00:00:00): {AWARE}",
        ),
        (
            NaiveDatetimeError,
            lambda: ap(booked_at=datetime(2026, 2, 10)),
            f"appointment 'A-1': booked_at has no time zone (2026-02-10T00:00:00): {AWARE}",
        ),
        (
            InvalidInputError,
            lambda: ap(ends_at=AT - timedelta(seconds=1)),
            (
                "appointment 'A-1': ends_at (2026-02-10T13:59:59+00:00) is before starts_at "
                "(2026-02-10T14:00:00+00:00): correct one of them, or leave ends_at out"
            ),
        ),
        (
            InvalidInputError,
            lambda: ap(timezone="Nowhere"),
            "unknown time zone 'Nowhere': use an IANA name such as 'America/New_York'",
        ),
        (
            InvalidInputError,
            lambda: ap(revision=datetime.max.replace(tzinfo=BEHIND)),
            "appointment 'A-1': revision is not within the years 1 to 9999: 9999-12-31T23:59:59.999999-01:00",
        ),
        (
            InvalidInputError,
            lambda: ap(revision=(1, datetime.max.replace(tzinfo=BEHIND))),
            "appointment 'A-1': revision is not within the years 1 to 9999: 9999-12-31T23:59:59.999999-01:00",
        ),
        (
            InvalidInputError,
            lambda: ap(starts_at=datetime.min.replace(tzinfo=AHEAD)),
            "appointment 'A-1': starts_at is not within the years 1 to 9999: 0001-01-01T00:00:00+01:00",
        ),
        (
            InvalidInputError,
            lambda: Recipient(timezone="Nowhere"),
            "unknown time zone 'Nowhere': use an IANA name such as 'America/New_York'",
        ),
        (
            InvalidInputError,
            lambda: Recipient(opted_in="yes"),
            "a recipient's opted_in must be True or False, not a str; or leave opted_in out",
        ),
        (
            InvalidInputError,
            lambda: Recipient(opted_in=None),
            "a recipient's opted_in must be True or False, not a NoneType; or leave opted_in out",
        ),
        (
            InvalidInputError,
            lambda: Recipient(opted_in=2),
            "a recipient's opted_in must be True or False, not a int; or leave opted_in out",
        ),
        (
            InvalidInputError,
            lambda: Recipient(data=7),
            "a recipient's data must be a dict, not a int; or leave data out",
        ),
        (
            InvalidInputError,
            lambda: Recipient(data=None),
            "a recipient's data must be a dict, not a NoneType; or leave data out",
        ),
        (InvalidInputError, lambda: recurrence_name(7), "a recurrence_id is a datetime, a date or text, not a int"),
        (
            InvalidInputError,
            lambda: recurrence_name(time(9)),
            "a recurrence_id is a datetime, a date or text, not a time",
        ),
        (
            InvalidInputError,
            lambda: ap(data={"a": {"b": object()}}),
            ("data['a'].b is a object, which the ledger cannot keep: give text, numbers, dates, lists or dicts"),
        ),
        (
            InvalidInputError,
            lambda: ap(data={"a": nested(101)}),
            "data['a']… is nested more than 100 deep, which the ledger does not keep",
        ),
        (
            InvalidInputError,
            lambda: ap(data={"a": 2**3000}),
            "data['a'] is a number of more than 900 digits, which the ledger does not keep",
        ),
        (
            InvalidInputError,
            lambda: ap(data={"a": -(2**3000)}),
            "data['a'] is a number of more than 900 digits, which the ledger does not keep",
        ),
        (
            InvalidInputError,
            lambda: ap(data={"a": [1, {"c": b"x"}]}),
            "data['a'].c is a bytes, which the ledger cannot keep: give text, numbers, dates, lists or dicts",
        ),
        (
            InvalidInputError,
            lambda: ap(data={"a": datetime.max.replace(tzinfo=BEHIND)}),
            "data['a'] is not within the years 1 to 9999: 9999-12-31T23:59:59.999999-01:00",
        ),
        (InvalidInputError, lambda: whole_text(10**5000), "a int that can't be written as text is no name and no text"),
        (TypeError, lambda: NO_DATA.update(a=1), "a value's data can't be changed: build a new value"),
        (TypeError, lambda: NO_DATA.__setitem__("a", 1), "a value's data can't be changed: build a new value"),
        (
            InvalidInputError,
            lambda: from_iso("soon"),
            "the instant is no ISO 8601 instant: 'soon'; write 2026-02-15T14:30:00Z",
        ),
        (
            InvalidInputError,
            lambda: from_iso("soon", "x"),
            "x is no ISO 8601 instant: 'soon'; write 2026-02-15T14:30:00Z",
        ),
        (
            NaiveDatetimeError,
            lambda: from_iso("2026-02-10T14:00"),
            (
                "the instant has no time zone (2026-02-10T14:00:00): give an aware datetime, for example "
                'pendulum.datetime(2026, 2, 10, 14, 0, tz="America/New_York")'
            ),
        ),
        (NaiveDatetimeError, lambda: from_iso("2026-02-10", "x"), f"x has no time zone (2026-02-10T00:00:00): {AWARE}"),
        (
            NaiveDatetimeError,
            lambda: utc(datetime(2026, 2, 10, 14, 5)),
            (
                "the instant has no time zone (2026-02-10T14:05:00): give an aware datetime, for example "
                'pendulum.datetime(2026, 2, 10, 14, 5, tz="America/New_York")'
            ),
        ),
        (
            NaiveDatetimeError,
            lambda: utc(datetime(2026, 2, 10, 14, 5), "x"),
            (
                "x has no time zone (2026-02-10T14:05:00): give an aware datetime, for example "
                'pendulum.datetime(2026, 2, 10, 14, 5, tz="America/New_York")'
            ),
        ),
        (
            InvalidInputError,
            lambda: utc(datetime.max.replace(tzinfo=BEHIND), "x"),
            "x is not within the years 1 to 9999: 9999-12-31T23:59:59.999999-01:00",
        ),
        (
            NaiveDatetimeError,
            lambda: iso(datetime(2026, 2, 10)),
            f"the instant has no time zone (2026-02-10T00:00:00): {AWARE}",
        ),
        (
            InvalidInputError,
            lambda: zone("Nowhere"),
            "unknown time zone 'Nowhere': use an IANA name such as 'America/New_York'",
        ),
        (InvalidInputError, lambda: zone(""), "unknown time zone '': use an IANA name such as 'America/New_York'"),
        (InvalidInputError, lambda: zone(7), "unknown time zone 7: use an IANA name such as 'America/New_York'"),
        (
            InvalidInputError,
            lambda: zone("../x"),
            "unknown time zone '../x': use an IANA name such as 'America/New_York'",
        ),
        (InvalidInputError, lambda: AsOf.told("soon", AT), f"as_of is an aware datetime, not str: {KIT_NOW}"),
        (
            InvalidInputError,
            lambda: AsOf.told(AT + timedelta(seconds=1), AT),
            f"as_of is 2026-02-10T14:00:01Z, later than the kit's clock (2026-02-10T14:00:00Z): {KIT_NOW}",
        ),
        (
            NaiveDatetimeError,
            lambda: AsOf.told(datetime(2026, 2, 10), AT),
            f"as_of has no time zone (2026-02-10T00:00:00): {AWARE}",
        ),
    ],
    ids=lambda value: value[:70] if isinstance(value, str) else "",
)
def test_what_cannot_be_meant_is_refused_in_words_that_name_it(kind, make, said):
    """The appointment, the field, the kind of what was given, and what would be right."""
    with pytest.raises(kind) as caught:
        make()
    assert (type(caught.value), str(caught.value)) == (kind, said)


@pytest.mark.parametrize(
    "make",
    [
        lambda: ap(id="x" * 1000),
        lambda: ap(id="ü" * 500),
        lambda: ap(source="ü" * 250),
        lambda: ap(recurrence_id="x" * 500),
        lambda: ap(data={"a": nested(100)}),
        lambda: ap(data={"a": 2**3000 - 1}),
        lambda: ap(ends_at=AT),
        lambda: ap(all_day=1),
        lambda: Recipient(opted_in=0),
        lambda: AsOf.told(AT, AT),
    ],
    ids=[
        "an id",
        "in letters of two bytes",
        "a source",
        "an occurrence",
        "nested",
        "large",
        "at once",
        "1",
        "0",
        "now",
    ],
)
def test_what_is_just_within_bounds_is_taken(make):
    """The longest names, the deepest data, the largest number, an end at the start, a yes as databases have it."""
    assert make()


def test_a_word_that_is_not_known_has_the_nearest_one_suggested():
    """Whatever its case; where none is near, all are named, sorted."""
    assert suggestion("befor", ["before", "after"]) == "did you mean 'before'?"
    assert suggestion("BEFORE", ["Before", "after"]) == "did you mean 'Before'?"
    assert suggestion("xyz", ["b", "A"]) == "known are A, b"


def test_a_name_beyond_all_measure_is_cut_where_it_is_shown():
    """At a hundred characters."""
    assert [shown_name(name) for name in ("a", 7, "x" * 100)] == ["'a'", "'7'", repr("x" * 100)]
    assert shown_name("x" * 101) == repr("x" * 100) + "…"
