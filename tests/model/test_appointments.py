"""Values: what they take, what they refuse, what they never show."""

from __future__ import annotations

import copy
import json
import pickle
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from zoneinfo import ZoneInfo

import pendulum
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reminder_kit import Appointment, Recipient
from reminder_kit.errors import InvalidInputError, NaiveDatetimeError
from reminder_kit.model.appointments import normalise
from reminder_kit.model.phones import masked, phone_number
from reminder_kit.model.revisions import revision_order
from reminder_kit.model.snapshots import decode, encode, fingerprint
from reminder_kit.rules.reminders import reminder_key

NOON = datetime(2026, 2, 13, 12, 0, tzinfo=UTC)


def test_a_naive_start_is_refused_by_the_appointments_name():
    """The error names the appointment whose start has no zone: an import may hold thousands."""
    with pytest.raises(NaiveDatetimeError, match="'A-7': starts_at has no time zone"):
        Appointment("A-7", datetime(2026, 2, 13, 12, 0))


def test_values_can_be_copied_and_their_data_not_changed():
    """Copied or pickled, a value equals its original; its data is frozen, since plans are made from it."""
    value = Appointment("A", NOON, data={"room": 4}, recipients=[Recipient("+12025550123", data={"x": [1]})])
    assert pickle.loads(pickle.dumps(value)) == copy.deepcopy(value) == value
    with pytest.raises(TypeError, match="can't be changed"):
        value.data["room"] = 5


def test_an_unknown_zone_status_or_type_names_the_right_one():
    """Wrong zones, statuses, starts and data are refused where the value is made, with the choice."""
    with pytest.raises(InvalidInputError, match="unknown time zone 'Mars/Base'"):
        Appointment("A", NOON, timezone="Mars/Base")
    with pytest.raises(
        InvalidInputError, match="'A': unknown status 'booked': known are cancelled, completed, confirmed"
    ):
        Appointment("A", NOON, status="booked")
    with pytest.raises(InvalidInputError, match="must be an aware datetime"):
        Appointment("A", "2026-02-13")
    with pytest.raises(InvalidInputError, match=r"data\['x'\] is a object"):
        Appointment("A", NOON, data={"x": object()})


@pytest.mark.parametrize("data", ["room 4", ["room"], 4, None])
def test_data_is_a_dict(data):
    """Of an appointment, and of a person; the error says what it is instead."""
    with pytest.raises(InvalidInputError, match=f"data must be a dict, not a {type(data).__name__}"):
        Recipient("+12025550123", data=data)
    with pytest.raises(InvalidInputError, match="data"):
        Appointment("A", NOON, data=data)


@pytest.mark.parametrize("name", ["Europe", "../../etc/passwd", "", "A/" * 3000, "localtime/x"])
def test_a_zone_name_that_is_a_path_reads_no_file(name):
    """A zone's name from a host is never used to leave the zone database."""
    with pytest.raises(InvalidInputError, match="unknown time zone"):
        Recipient("+12025550123", timezone=name)


@pytest.mark.parametrize(
    ("starts_at", "zone"),
    [
        (datetime(2026, 2, 13, 9, tzinfo=ZoneInfo("Europe/Paris")), "Europe/Paris"),
        (pendulum.datetime(2026, 2, 13, 9, tz="Asia/Kathmandu"), "Asia/Kathmandu"),
        (NOON, None),
        (pendulum.datetime(2026, 2, 13, 9, tz="UTC"), None),
        (pendulum.parse("2026-02-13T09:00:00+02:00"), None),
        (datetime.fromisoformat("2026-02-13T09:00:00-05:00"), None),
    ],
    ids=["stdlib", "pendulum", "utc", "pendulum utc", "pendulum offset", "offset"],
)
def test_utc_and_offsets_name_no_place(starts_at, zone):
    """Only an IANA zone says where an appointment is: of UTC or an offset, `zone_name` is None."""
    assert Appointment("A", starts_at).zone_name == zone


def test_phones_become_e164_and_the_impossible_stay_as_given():
    """`normalise` returns a copy with E.164 numbers; what is no number stays, to be refused by name."""
    given_ = Appointment("A", NOON, recipients=["(202) 555-0123", "12", "+44 7700 900123"])
    assert [recipient.phone for recipient in normalise(given_, "US").recipients] == [
        "+12025550123",
        "12",
        "+447700900123",
    ]
    assert [recipient.phone for recipient in given_.recipients] == ["(202) 555-0123", "12", "+44 7700 900123"]
    assert phone_number("202 555 0123", None) is None


def test_numbers_and_texts_are_not_shown_by_repr():
    """A recipient's repr shows neither number nor name, and `masked` shows four digits at most."""
    recipient = Recipient("+12025550123", name="Ada Lovelace")
    assert "5550123" not in repr(recipient)
    assert "Ada" not in repr(recipient)
    assert masked("+12025550123") == "+12…23"
    assert masked("12") == "…"


def test_a_reminders_key_depends_on_who_and_what():
    """A reminder's key depends on who and what and not on how they are cut."""
    assert reminder_key("n", "s", "a", None, "r", "p") == reminder_key("n", "s", "a", "", "r", "p")
    assert reminder_key("n", "s", "ab", None, "r", "p") != reminder_key("n", "s", "a", "b", "r", "p")


words = st.text(max_size=8)
zones = st.sampled_from(["America/New_York", "Europe/Paris", "Australia/Lord_Howe", "Pacific/Apia", "Asia/Kathmandu"])
SPAN = {"min_value": datetime(1990, 1, 1), "max_value": datetime(2090, 1, 1)}
local = st.datetimes(**SPAN, timezones=zones.map(ZoneInfo), allow_imaginary=False)  # no gaps: kept as instants
moments = local | st.datetimes(**SPAN, timezones=st.just(UTC))
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | words | st.dates() | st.just(Decimal("1.50")) | moments,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=6,
)


def spanning(starts_at, ends_at, **fields):
    """Return an appointment between two moments, whichever is the earlier."""
    if ends_at is not None and ends_at.astimezone(UTC) < starts_at.astimezone(UTC):
        starts_at, ends_at = ends_at, starts_at
    return Appointment(starts_at=starts_at, ends_at=ends_at, **fields)


appointments = st.builds(
    spanning,
    id=st.text(min_size=1, max_size=8).filter(lambda text: text.strip(" \0") and text.strip()),
    starts_at=moments,
    ends_at=st.none() | moments,
    title=words,
    tags=st.frozensets(words, max_size=3),
    data=st.dictionaries(words, values, max_size=3),
    recipients=st.lists(
        st.builds(Recipient, phone=st.just("+12025550123"), id=st.none() | words, name=words), max_size=2
    ),
)


@settings(max_examples=40, deadline=None)
@given(appointments)
def test_what_the_ledger_gives_back_plans_as_what_was_given(appointment):
    """A snapshot read back has the same instants, zone, data and recipients, and the same encoding."""
    again = decode(encode(appointment))
    assert encode(again) == encode(appointment)
    assert again.start_at == appointment.start_at
    assert again.zone_name == appointment.zone_name
    assert again.data == appointment.data
    assert again.recipients == appointment.recipients


def test_b62_a_snapshot_keeps_the_instant_and_the_zone():
    """The second 01:30 of an autumn night is the second one again when it is read back."""
    text = encode(Appointment("A", datetime(2026, 11, 1, 1, 30, fold=1, tzinfo=ZoneInfo("America/New_York"))))
    assert '["2026-11-01T06:30:00+00:00","America/New_York"]' in text
    assert decode(text).starts_at.isoformat() == "2026-11-01T01:30:00-05:00"


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"ends_at": NOON, "booked_at": NOON, "timezone": "Asia/Tokyo", "url": "https://clinic.example/ü?a=1&b=2"},
        {"title": 'a "quoted"\ttitle', "location": "\u2028\x7f", "tags": ["ü", "Z", "a"], "all_day": True},
        {"data": {"b": {"$date": "x"}, "a": [1, 2.5, None, NOON]}, "status": "no_show", "recurrence_id": NOON},
    ],
    ids=["least", "instants", "texts", "data"],
)
def test_a_snapshot_is_json_in_its_shortest_form(fields):
    """Its keys are sorted and nothing is spaced out, so that equal appointments are one text in every process."""
    person = Recipient("+12025550123", id="P", name="Ada Ö", timezone="Asia/Tokyo", locale="de", opted_in=False)
    text = encode(Appointment("A", NOON, recipients=[person, Recipient("x", data={"$a": 1, "b": []})], **fields))
    assert text == json.dumps(json.loads(text), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    assert decode(text).recipients[0] == person


def test_the_fingerprint_ignores_the_revision_and_nothing_else():
    """A new revision of equal content is no change to plan for; any other field is one."""
    first = Appointment("A", NOON, revision=1)
    assert fingerprint(encode(first)) == fingerprint(encode(Appointment("A", NOON, revision=2)))
    assert fingerprint(encode(first)) != fingerprint(encode(Appointment("A", NOON, title="x")))


@given(st.integers(-(10**15), 10**15), st.integers(-(10**15), 10**15))
def test_revisions_of_one_kind_sort_as_text(one, two):
    """Numbers, and numbers with an instant, keep their order as text, as the ledger compares them."""
    assert (revision_order(one) < revision_order(two)) == (one < two)
    later = (two, NOON + timedelta(seconds=1))
    assert (revision_order((one, NOON)) < revision_order(later)) == ((one, NOON) < later)


def test_revisions_of_different_kinds_cannot_be_compared():
    """Each kind of revision has a prefix of its own, and text has no order at all."""
    kinds = {revision_order(item)[0] for item in (None, 1, NOON, (1, NOON), (1, 2), "x")}
    assert kinds == {"", "i", "t", "it", "ii"}


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (None, None),
        ("", None),
        (datetime(2026, 2, 13, 9, tzinfo=ZoneInfo("Europe/Paris")), "2026-02-13T08:00:00Z"),
        (date(2026, 2, 13), "2026-02-13"),
        (datetime(2026, 2, 13, 9), "2026-02-13T09:00:00"),
    ],
    ids=["none", "empty", "instant", "all-day", "floating"],
)
def test_an_occurrence_is_named_by_its_original_start(value, name):
    """An instant is written in UTC, a date as a date and a floating time without a zone."""
    assert Appointment("A", NOON, recurrence_id=value).recurrence_id == name


@pytest.mark.parametrize(
    "data",
    [
        {"$date": "2026-02-15T14:30:00Z"},
        {"booked": {"$date": {"$numberLong": "1771165800000"}}},
        {"a": [{"$at": "noon"}, {"$$wall": 5}, {"$": None}]},
        {"price": {"$decimal": "free"}, "at": NOON, "day": date(2026, 2, 13)},
    ],
    ids=["date", "nested", "listed", "mixed"],
)
def test_host_data_that_looks_like_our_tags_comes_back(data):
    """Host data with keys like our own tags ("$date", as MongoDB has them) is read back unchanged."""
    value = Appointment("A", NOON, data=data, recipients=[Recipient("+12025550123", data=data)])
    assert decode(encode(value)) == value
    assert encode(decode(encode(value))) == encode(value)


def test_halves_of_characters_and_nul_are_kept_nowhere():
    """No database takes them: in every text field they become U+FFFD."""
    odd = "a\0\ud83d"
    value = Appointment(
        odd, NOON, source=odd, tags=[odd], url=odd, recurrence_id=odd, recipients=[Recipient(odd, locale=odd)]
    )
    for text in (value.id, value.source, *value.tags, value.url, value.recurrence_id, value.recipients[0].locale):
        assert text == "a\ufffd\ufffd"
    encode(value).encode()


def test_data_that_no_ledger_could_keep_is_refused_as_it_comes():
    """Data nested too deep, or a number of thousands of digits, is refused before any plan."""
    deep: list = []
    for _ in range(200):
        deep = [deep]
    with pytest.raises(InvalidInputError, match="nested more than 100 deep"):
        Appointment("A", NOON, data={"x": deep})
    with pytest.raises(InvalidInputError, match=r"data\['n'\] is a number of more than 900 digits"):
        Appointment("A", NOON, data={"n": 10**5000})


def test_appointments_are_told_apart_in_sets_whatever_data_they_have():
    """Equal ones are one; data are compared, and need no hash."""
    made = [Appointment("A", NOON, data=data) for data in ({"tags": ["x"]}, {"tags": ["x"]}, {"tags": ["y"]})]
    assert len(set(made)) == 2


def test_a_naive_revision_orders_nothing():
    """Only an aware instant can be compared; with any other type the last write wins."""
    assert revision_order(datetime(2026, 1, 1)) == revision_order("v1") == ("", "")
    assert revision_order((1, datetime(2026, 1, 1))) == revision_order((1, "v1"))


@pytest.mark.parametrize("field", ["id", "source", "recurrence_id"])
def test_a_name_that_no_ledger_finds_rows_by_is_refused(field):
    """PostgreSQL finds no row by a kilobyte or more: such a name is refused, and shown as far as anybody reads it."""
    values = {"id": "A-1", "starts_at": NOON, "recipients": ["+12025550123"]}
    most = 1000 if field == "id" else 500
    assert Appointment(**values | {field: "é" * (most // 2)})
    with pytest.raises(InvalidInputError, match=f"{field} has more than {most} bytes") as caught:
        Appointment(**values | {field: "é" * most})
    assert len(str(caught.value)) < 250


@pytest.mark.parametrize("hours", [-14, 14])
@pytest.mark.parametrize("field", ["starts_at", "ends_at", "booked_at", "revision", "recurrence_id", "data"])
def test_an_instant_beyond_time_is_refused(field, hours):
    """What has no date in UTC is refused as it is handed in, and never met in the middle of a run."""
    zone = timezone(timedelta(hours=hours))
    moment = datetime.max.replace(tzinfo=zone) if hours < 0 else datetime.min.replace(tzinfo=zone)
    value = {"at": moment} if field == "data" else (1, moment) if field == "revision" else moment
    with pytest.raises(InvalidInputError, match="is not within the years 1 to 9999"):
        Appointment(**{"id": "A-1", "starts_at": NOON, field: value})


@pytest.mark.parametrize("value", [float("nan"), 10**5000, b"2026", {1}], ids=["nan", "huge", "bytes", "set"])
def test_a_recurrence_id_of_another_kind_is_refused(value):
    """An occurrence is named by a datetime, a date or text."""
    with pytest.raises(InvalidInputError, match="recurrence_id is a datetime, a date or text"):
        Appointment("A-1", NOON, recurrence_id=value)


def test_a_number_that_python_does_not_spell_is_no_id():
    """An int of more digits than Python writes is refused as one of ours, not as one of Python's."""
    with pytest.raises(InvalidInputError, match="can't be written as text"):
        Appointment(10**5000, NOON)


def test_a_phone_beyond_all_measure_is_no_number_and_small():
    """Of a text that can't be a phone number as much is kept as somebody may want to see."""
    assert len(Recipient("+1" + "2" * 1_000_000).phone) == 250


def test_the_longest_address_there_is_is_kept_whole():
    """64 characters, a sign and 255; of a longer one as much."""
    longest = f"{'a' * 64}@{'b' * 247}.example"
    assert Recipient(email=longest).email == longest
    assert len(Recipient(email="a" * 1_000_000).email) == len(longest) == 320
