"""Numbers, addresses and zones at their edges: what is shown of them, where they lie, how they may be spelled."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from decimal import Decimal
from zoneinfo import ZoneInfo

import pendulum
import pytest

from reminder_kit.errors import InvalidInputError, NaiveDatetimeError
from reminder_kit.model.appointments import Appointment, Recipient, normalise, recurrence_name
from reminder_kit.model.consent import sender_name, sender_names
from reminder_kit.model.host_data import Data, data_of, text_or_none, too_long, whole_text
from reminder_kit.model.instants import (
    from_iso,
    from_seconds,
    in_zone,
    iso,
    named_zone,
    seconds,
    spelled,
    utc,
    whole_seconds,
)
from reminder_kit.model.names import Called, words_of
from reminder_kit.model.phones import country_of, is_given_out, is_possible, lacks_country, masked, phone_number

NY = ZoneInfo("America/New_York")
AT = datetime(2026, 2, 15, 14, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("+12025550123", "+12…23"),
        ("1234567", "123…67"),
        ("123456", "…"),
        ("", "…"),
        ("ada@clinic.example", "a…@…le"),
        ("@x", "@…@…@x"),
    ],
)
def test_of_a_number_the_first_three_and_the_last_two_are_shown(number, shown):
    """Of short ones nothing, of an address one character before its @."""
    assert masked(number) == shown


@pytest.mark.parametrize(
    ("number", "country"),
    [
        ("+12025550123", "US"),
        ("+14165550123", "CA"),
        ("+442079460000", "GB"),
        ("+80012345678", "001"),
        ("+99912345678", ""),
        ("202", ""),
        ("x", ""),
        ("+2901234", "290"),
    ],
)
def test_a_number_lies_in_a_country_or_has_its_calling_code(number, country):
    """Two letters, as far as that can be told."""
    assert country_of(number) == country


@pytest.mark.parametrize(
    ("number", "region", "lacks"),
    [
        ("(202) 555-0123", None, True),
        ("(202) 555-0123", "US", True),
        ("(202) 555-0123 (mum)", None, True),
        ("555-0123", None, True),
        ("555-0123", "US", False),
        ("555-012", None, False),
        ("2" * 15, None, True),
        ("2" * 16, None, False),
        ("2" * 15, "US", False),
        ("+1202555", None, False),
        ("call me", None, False),
        ("", None, False),
        ("20255501@clinic.example", None, False),
    ],
)
def test_a_number_lacks_its_country_where_it_could_be_one_with_it(number, region, lacks):
    """Where no country is set, any of seven to fifteen digits; an address is no number."""
    assert lacks_country(number, region) is lacks


@pytest.mark.parametrize(
    ("number", "given_out"), [("+14155552671", True), ("+15555550100", False), ("x", False), ("+1", False)]
)
def test_a_number_may_lie_where_none_is_given_out(number, given_out):
    """What is no number lies nowhere."""
    assert is_given_out(number) is given_out


@pytest.mark.parametrize(
    ("phone", "region", "number"),
    [
        ("+1 202 555 0123", None, "+12025550123"),
        ("+1 202 555 0123", "DE", "+12025550123"),
        ("(202) 555-0123", "US", "+12025550123"),
        ("(202) 555-0123", None, None),
        ("555-0123", "US", None),
        ("1 202 555 0123", "US", "+12025550123"),
        ("49 1512 3456789", "DE", "+4915123456789"),
        ("4930123456", "DE", "+4930123456"),
        ("202 555 0123 (mum)", "US", "+12025550123"),
        ("202 555 0123 mum 1234", "US", "+12025550123"),
        ("202 555 0123 mum 12345", "US", None),
        ("mum 202 555 0123", "US", "+12025550123"),
        ("  2025550123  ", "US", "+12025550123"),
        ("", "US", None),
        ("+1202555012", None, None),
    ],
)
def test_a_number_is_read_as_whoever_wrote_it_meant_it(phone, region, number):
    """With a country, without its plus, with a remark behind it; what may be two numbers is none."""
    assert phone_number(phone, region) == number
    assert is_possible(phone) is (phone == number)


@pytest.mark.parametrize(
    ("sender", "name"),
    [
        ("+1202555", "+1202555"),
        ("1202555", "+1202555"),
        ("120255", "120255"),
        ("123456789012345", "+123456789012345"),
        ("1234567890123456", "1234567890123456"),
        ("+123456", "+123456"),
        ("CLINIC", "CLINIC"),
        ("++1202555", "++1202555"),
        ("1202555 ", "1202555 "),
    ],
)
def test_a_sender_of_seven_to_fifteen_digits_is_a_number(sender, name):
    """Anything else is a word."""
    assert sender_name(sender) == name


def test_senders_have_each_name_once():
    """In their order, without those that are not known."""
    assert sender_names("12025550100", None, "pool", "", "+12025550100") == ("+12025550100", "pool")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("2026-02-15T14:30:00Z", AT),
        ("20260215T143000Z", AT),
        (" 2026-02-15 14:30 utc ", AT),
        ("2026-02-15T14:30GMT", AT),
        ("2026-02-15 09:30-05", AT),
        ("2026-02-15 09:30-0500", AT),
        ("2026-02-15 09:30 -05:00", AT),
        ("2026-02-15T14:30:00.25Z", AT + timedelta(milliseconds=250)),
        ("2026-02-15T14:30:00,25Z", AT + timedelta(milliseconds=250)),
        ("2026-02-15T14Z", AT - timedelta(minutes=30)),
        ("2026-02-15T14:30", datetime(2026, 2, 15, 14, 30)),
        ("2026-02-15", date(2026, 2, 15)),
        ("20260215", date(2026, 2, 15)),
        ("2026-02-30", None),
        ("2026-02-15T25:00Z", None),
        ("2026-02-15T14:30X", None),
        ("0001-01-01T00:00+01:00", None),
        ("9999-12-31T23:30-01:00", None),
        ("soon", None),
        ("", None),
    ],
)
def test_an_instant_is_read_however_iso_8601_spells_it(text, found):
    """With and without dashes, colons and seconds; what is no instant is none."""
    assert spelled(text) == found
    if isinstance(found, datetime) and found.tzinfo:
        assert spelled(text).utcoffset() is not None
        assert from_iso(text) == found
        assert from_iso(text).tzinfo is UTC


class Elder(tzinfo):
    """A zone that is none of the standard library's own kinds."""

    def __init__(self, offset):
        self.offset = offset

    def utcoffset(self, moment):
        return self.offset

    def dst(self, moment):
        return timedelta(0)


@pytest.mark.parametrize(
    "moment",
    [
        AT,
        AT.astimezone(NY),
        AT.astimezone(timezone(timedelta(hours=5))),
        pendulum.instance(AT).in_timezone("Asia/Tokyo"),
        AT.astimezone(Elder(timedelta(hours=-3))),
    ],
    ids=["UTC", "a zone", "an offset", "pendulum", "another kind"],
)
def test_any_aware_datetime_is_an_instant_of_the_standard_librarys(moment):
    """In UTC, to the microsecond."""
    found = utc(moment + timedelta(microseconds=7))
    assert (found, type(found), found.tzinfo) == (AT + timedelta(microseconds=7), datetime, UTC)


@pytest.mark.parametrize(
    ("moment", "error"),
    [
        (datetime(2026, 2, 15), NaiveDatetimeError),
        (datetime.min.replace(tzinfo=Elder(timedelta(hours=1))), InvalidInputError),
        (datetime.max.replace(tzinfo=timezone(timedelta(hours=-1))), InvalidInputError),
    ],
    ids=["naive", "before time", "after time"],
)
def test_what_is_no_instant_is_refused(moment, error):
    """It has no zone, or no date in UTC."""
    with pytest.raises(error):
        utc(moment)


def test_so_near_to_the_ends_of_time_an_instant_stays_as_it_is():
    """Where a zone has no date for it."""
    last = datetime.max.replace(tzinfo=UTC)
    assert in_zone(last, timezone(timedelta(hours=1))) is last
    assert in_zone(AT, NY).hour == 9


def test_whole_seconds_are_cut_or_raised():
    """The zone stays; what is whole stays as it is."""
    half = AT.astimezone(NY) + timedelta(microseconds=1)
    assert [whole_seconds(half), whole_seconds(half, up=True)] == [AT, AT + timedelta(seconds=1)]
    assert whole_seconds(AT, up=True) == whole_seconds(AT) == AT
    assert whole_seconds(half).tzinfo is NY
    assert (seconds(AT + timedelta(microseconds=9)), from_seconds(seconds(AT))) == (1771165800, AT)
    assert seconds(datetime(1969, 12, 31, 23, 59, 59, 5, tzinfo=UTC)) == -1
    assert iso(half) == "2026-02-15T14:30:00Z"


class Named:
    def __init__(self, **names):
        self.__dict__.update(names)


@pytest.mark.parametrize(
    ("info", "name"),
    [
        (None, None),
        (NY, "America/New_York"),
        (UTC, None),
        (ZoneInfo("UTC"), None),
        (ZoneInfo("GMT"), None),
        (ZoneInfo("Etc/GMT+5"), None),
        (ZoneInfo("Zulu"), None),
        (ZoneInfo("UCT"), None),
        (ZoneInfo("Universal"), None),
        (ZoneInfo("Greenwich"), None),
        (timezone(timedelta(hours=1)), None),
        (pendulum.timezone("Asia/Tokyo"), "Asia/Tokyo"),
        (Named(name="+05:00"), None),
        (Named(name="-05:00"), None),
        (Named(name="Z"), None),
        (Named(name=7), None),
        (Named(name="Europe/Paris"), "Europe/Paris"),
        (Named(key="", name="Europe/Paris"), "Europe/Paris"),
    ],
    ids=lambda value: str(getattr(value, "name", value)) if not isinstance(value, str) else "",
)
def test_utc_and_offsets_name_no_place(info, name):
    """Whatever kind of zone says so."""
    assert named_zone(info) == name


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (None, None),
        ("", None),
        ("weekly-7", "weekly-7"),
        ("20260215T143000Z", "2026-02-15T14:30:00Z"),
        (AT.astimezone(NY), "2026-02-15T14:30:00Z"),
        (datetime(2026, 2, 15, 9, 30, 5, 7), "2026-02-15T09:30:05"),
        (date(2026, 2, 15), "2026-02-15"),
        ("20260215", "2026-02-15"),
    ],
    ids=str,
)
def test_an_occurrence_is_named_by_its_original_start(value, name):
    """An instant, a wall clock or a day, however it is handed in."""
    assert recurrence_name(value) == name


def test_people_are_normal_once_and_then_stay_as_they_are():
    """Numbers as E.164, addresses as they are compared; what can be neither stays as it was given."""
    one = Appointment("A-1", AT, recipients=[Recipient("(202) 555-0123", email="Ada@X.Example"), Recipient("?")])
    found = normalise(one, "US")
    assert [person.addresses for person in found.recipients] == [("+12025550123", "Ada@x.example"), ("?",)]
    assert normalise(found, "US") is found
    assert found.recipients[1] is one.recipients[1]
    assert Recipient(email="x").addresses == ("x",)
    odd = Appointment("A-1", AT, recipients=[Recipient("+12025550123", email="no address")])
    assert normalise(odd, None) is odd
    assert normalise(Appointment("A-1", AT, recipients=["(202) 555-0123"]), None).recipients[0].phone[0] == "("


@pytest.mark.parametrize(
    ("person", "key"),
    [
        (Recipient("1", "P", email="e"), "P"),
        (Recipient("1", email="e"), "1"),
        (Recipient("", "", email="e"), "e"),
        (Recipient(), ""),
    ],
    ids=str,
)
def test_a_person_is_known_by_the_id_the_number_or_the_address(person, key):
    """By the first that there is."""
    assert person.key == key


@pytest.mark.parametrize(
    ("name", "most", "too"), [("x" * 8, 8, False), ("x" * 9, 8, True), ("üüüü", 8, False), ("üüüüü", 8, True)]
)
def test_a_name_is_as_long_as_its_bytes(name, most, too):
    """Of UTF-8."""
    assert too_long(name, most) is too


def test_text_is_whole_whatever_a_host_hands_in():
    """A NUL, and half of a character, become the replacement character; nothing is no text."""
    assert [whole_text(value) for value in (None, "a\0b", "\ud800x", "ü", 7)] == ["", "a\ufffdb", "\ufffdx", "ü", "7"]
    assert (text_or_none(""), text_or_none(None), text_or_none("a")) == (None, None, "a")


def test_data_is_kept_in_pythons_own_types_and_cannot_be_changed():
    """Whatever would change it is refused; sets are sorted."""
    data = data_of({1: {"b", "a"}, "x": (1, True), "p": pendulum.datetime(2026, 2, 15)})
    assert data == {"1": ["a", "b"], "x": [1, True], "p": datetime(2026, 2, 15, tzinfo=UTC)}
    assert (type(data["p"]), data_of(data) is data, data_of({}) is data_of({})) == (datetime, True, True)
    for change in (
        lambda: data.__setitem__("x", 1),
        lambda: data.__delitem__("x"),
        lambda: data.__ior__({}),
        data.clear,
        lambda: data.pop("x"),
        data.popitem,
        lambda: data.setdefault("y", 1),
        lambda: data.update(y=1),
    ):
        with pytest.raises(TypeError, match="a value's data can't be changed: build a new value"):
            change()
    assert isinstance(data, Data)
    assert len(data) == 3


def test_an_instant_in_data_keeps_the_named_zone_that_it_was_handed_in_with():
    """Also as pendulum's; texts say it by that clock. Any other zone is an offset."""
    paris = pendulum.datetime(2026, 10, 25, 2, 30, tz="Europe/Paris", fold=1)  # the second of two
    data = data_of({"paris": paris, "offset": pendulum.parse("2026-02-15T09:00:00+02:00")})
    kept = datetime(2026, 10, 25, 2, 30, tzinfo=ZoneInfo("Europe/Paris"), fold=1)
    assert (type(data["paris"]), data["paris"].isoformat()) == (datetime, kept.isoformat())
    assert data["paris"].tzinfo is kept.tzinfo
    assert data["offset"].tzinfo == timezone(timedelta(hours=2))


@pytest.mark.parametrize("kind", [int, float, Decimal, date, time], ids=lambda kind: kind.__name__)
def test_a_hosts_own_kind_of_number_date_or_time_is_kept_as_pythons(kind):
    """A class of its own would be written, and asked for attributes, otherwise before it is stored than after."""
    value = {date: (2026, 2, 15), time: (9, 30)}.get(kind, (4,))
    own = type("Own", (kind,), {"__str__": lambda _self: "own"})(*value)
    kept = data_of({"x": own})["x"]
    assert (type(kept), kept) == (kind, kind(*value))


def test_a_name_is_found_by_twelve_words_of_forty_characters():
    """Each once, without case, accents and underscores."""
    assert words_of("Zoë O'Neil", "zoe_x") == ("zoe", "o", "neil", "x")
    assert words_of(" ".join(f"w{number}" for number in range(14))) == tuple(f"w{number}" for number in range(12))
    assert words_of("x" * 41) == ("x" * 40,)
    assert words_of("") == ()


def test_people_are_called_by_key_number_and_address():
    """The first of several with one of these; the title stands before the name."""
    people = [Recipient("1", "P", "Ada", email="e"), Recipient("1", name="Eve"), Recipient("2")]
    called = Called.of(Appointment("A-1", AT, title="Check-up", recipients=people))
    assert called.people == {"P": "Ada", "1": "Ada", "e": "Ada"}
    assert [called.name("P"), called.name("x", "1"), called.name("x"), called.name("x", "2")] == ["Ada", "Ada", "", ""]
    assert [called.label("P"), called.label(), Called("", called.people).label("e")] == [
        "Check-up, Ada",
        "Check-up",
        "Ada",
    ]


@pytest.mark.parametrize("year", [1, 33, 999, 1000, 2026, 9999])
def test_an_instant_of_any_year_reads_back_as_it_was(year):
    """Four digits of the year, whatever it is, and no fractions of a second."""
    moment = datetime(year, 2, 3, 4, 5, 6, tzinfo=UTC)
    assert iso(moment.replace(microsecond=7)) == f"{year:04}-02-03T04:05:06Z"
    assert from_iso(iso(moment)) == moment
