"""What the settings of calendars take, what they are if nothing is said, and what each wrong one is told."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from attrs import asdict

from reminder_kit.calendars import CalendarSettings, CalendarSource, Limits
from reminder_kit.errors import ConfigurationError, InvalidInputError

MB = 1024 * 1024
KEYS = "alarms, allow, directory, horizon, limits, own_numbers, phones, region, sources, timezone, without_phone"


def test_the_limits_are_those_that_are_documented():
    """Each one."""
    assert asdict(Limits()) == {
        "file_bytes": 256 * MB, "files": 50_000, "lines": 10_000_000, "line_bytes": 1_000_000, "depth": 32,
        "events": 500_000, "event_bytes": 16_000_000, "overrides": 20_000, "same": 20_000, "dates": 20_000,
        "zones": 2_000, "alarms": 50, "repeats": 100, "all_repeats": 200, "numbers": 5_000_000, "categories": 500,
        "occurrences": 10_000, "all_occurrences": 50_000, "errors": 10_000, "candidates": 30_000, "work": 2_000_000,
        "redirects": 5, "timeout": 30.0,
    }  # fmt: skip


def test_what_is_not_said_is_as_it_is_documented():
    """Two months ahead, numbers from the event alone, no alarms, no directory."""
    found = CalendarSettings()
    assert asdict(found, recurse=False) == {
        "timezone": None, "region": None, "phones": ("attendee", "x-phone", "contact", "text"), "directory": None,
        "own_numbers": (), "allow": (), "alarms": "ignore", "horizon": timedelta(days=60), "without_phone": "say",
        "limits": Limits(), "sources": (),
    }  # fmt: skip


NO_NUMBER = "can't be a phone number: write it with its country code, as +1 202 555 0123"


@pytest.mark.parametrize("number", ["+1 (202) 555-0148", "tel:+12025550148", "202 555 0148", "5550"])
def test_a_number_may_be_written_as_it_is_at_home(number):
    """Whether it is one there depends on a region that is known later."""
    found = CalendarSettings(own_numbers=number, allow=[number])
    assert (found.own_numbers, found.allow) == ((number,), (number,))


def test_every_key_of_a_table_is_taken():
    """As its type."""
    found = CalendarSettings.from_mapping(
        {
            "timezone": "Europe/Berlin", "region": "DE", "phones": "text", "directory": "people.csv",
            "own_numbers": ["+12025550101"], "allow": ("+12025550102",), "alarms": "only", "horizon": "90 minutes",
            "without_phone": "attention", "limits": {"files": 0, "timeout": 0.5},
            "sources": ["a.ics", {"path": "b.ics"}, {"path": "c.ics", "name": "c", "complete": True}],
        }
    )  # fmt: skip
    assert found == CalendarSettings(
        timezone="Europe/Berlin",
        region="DE",
        phones=("text",),
        directory=Path("people.csv"),
        own_numbers="+12025550101",
        allow=["+12025550102"],
        alarms="only",
        horizon=timedelta(minutes=90),
        without_phone="attention",
        limits=Limits(files=0, timeout=0.5),
        sources=["a.ics", "b.ics", CalendarSource("c.ics", "c", complete=True)],
    )
    assert found.sources == ("a.ics", "b.ics", CalendarSource("c.ics", "c", complete=True))
    nothing = dict.fromkeys(("timezone", "region", "directory"))
    assert CalendarSettings.from_mapping(nothing) == CalendarSettings()
    assert CalendarSettings.from_mapping({"limits": Limits(files=3)}).limits.files == 3
    assert CalendarSettings.from_mapping({"sources": {"path": "a.ics"}}).sources == ("a.ics",)


@pytest.mark.parametrize(
    ("text", "horizon"),
    [
        ("1 minute", timedelta(minutes=1)),
        (" 2  hours ", timedelta(hours=2)),
        ("3days", timedelta(days=3)),
        ("1 week", timedelta(days=7)),
        ("999999 minutes", timedelta(minutes=999_999)),
        ("3660 days", timedelta(days=3660)),
        (timedelta(seconds=1), timedelta(seconds=1)),
    ],
)
def test_a_horizon_is_a_number_of_minutes_hours_days_or_weeks(text, horizon):
    """Of one or several, and up to ten years."""
    assert CalendarSettings.from_mapping({"horizon": text}).horizon == horizon


SOURCES = (
    '[calendar] sources must be a list of texts or tables, not 5: write ["clinic.ics"], or '
    '[{path = "clinic.ics", complete = true}]'
)
PHONES = (
    "[calendar]: calendar phones: unknown source 'fax'; use some of attendee, x-phone, contact, text, directory, email"
)
LOGIN = "[calendar] sources caldav holds a user or password: remove it, and set CALDAV_USERNAME and CALDAV_PASSWORD"


FOREIGN = "is nothing that is fetched: give a path, or an address that begins with https:// or webcal://"
OPEN = "[calendar] sources caldav is not encrypted, and would show the password to anybody: write https://"


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"zone": 1}, f"[calendar] knows no key 'zone'; it knows {KEYS}"),
        ({"timezone": "Mars"}, "[calendar]: unknown time zone 'Mars'"),
        ({"region": 5}, "[calendar] region must be text, not 5"),
        ({"region": "UK"}, '[calendar] region: unknown country \'UK\': use two letters such as "US" or "GB"'),
        ({"region": ""}, "[calendar] region: unknown country ''"),
        ({"alarms": "yes"}, "[calendar]: alarms must be one of ignore, rules, only, not 'yes'"),
        ({"alarms": True}, "[calendar] alarms must be text, not True"),
        ({"phones": ["attendee", "fax"]}, PHONES),
        ({"phones": 5}, "[calendar] phones must be a list of texts, not 5"),
        ({"own_numbers": {"a": 1}}, "[calendar] own_numbers must be a list of texts, not {'a': 1}"),
        ({"allow": [5]}, "[calendar] allow must be text, not 5"),
        ({"own_numbers": ["+1 202 555 O148"]}, f"[calendar]: own_numbers: '+1 202 555 O148' {NO_NUMBER}"),
        ({"own_numbers": ["+12025550101", "abc"]}, f"[calendar]: own_numbers: 'abc' {NO_NUMBER}"),
        ({"allow": ["112"]}, f"[calendar]: allow: '112' {NO_NUMBER}"),
        ({"allow": "+1 202"}, f"[calendar]: allow: '+1 202' {NO_NUMBER}"),
        ({"directory": 5}, "[calendar] directory must be text, not 5"),
        ({"horizon": "5 months"}, "[calendar] horizon is no length of time: '5 months'; write for example \"60 days\""),
        ({"horizon": "1234567 days"}, "[calendar] horizon is no length of time: '1234567 days'; write for example"),
        ({"horizon": 5}, '[calendar] horizon is no length of time: 5; write for example "60 days"'),
        ({"horizon": "0 days"}, "[calendar] horizon must be between a minute and ten years, not '0 days'"),
        ({"horizon": "3661 days"}, "[calendar] horizon must be between a minute and ten years, not '3661 days'"),
        ({"horizon": timedelta(days=-1)}, "[calendar] horizon must be between a minute and ten years, not datetime"),
        ({"limits": 5}, "[calendar.limits] must be a table, not 5"),
        ({"limits": {"speed": 5}}, "[calendar.limits] knows no key 'speed'; it knows alarms, all_occurrences, "),
        ({"limits": {"files": True}}, "[calendar.limits] files must be a number of 0 or more, not True"),
        ({"limits": {"files": "5"}}, "[calendar.limits] files must be a number of 0 or more, not '5'"),
        ({"limits": {"files": -1}}, "[calendar.limits] files must be a number of 0 or more, not -1"),
        ({"sources": 5}, "[calendar] sources must be a list of texts or tables, not 5"),
        ({"sources": [5]}, SOURCES),
        ({"sources": [""]}, SOURCES.replace("not 5", "not ''")),
        ({"sources": {"path": ""}}, "[calendar] sources needs a path, a file, folder or address: write path = "),
        ({"sources": [{"name": "a"}]}, '[calendar] sources needs a path, a file, folder or address: write path = "cl'),
        ({"sources": [{"path": 5}]}, "[calendar] sources needs a path, a file, folder or address: write path = "),
        ({"sources": [{"path": "a", "name": ""}]}, "[calendar] sources name must be text, not ''"),
        ({"sources": [{"path": "a", "name": 5}]}, "[calendar] sources name must be text, not 5"),
        ({"sources": [{"path": "a", "complete": 1}]}, "[calendar] sources complete must be true or false, not 1"),
        ({"sources": [{"path": "a", "username": "u"}]}, "[calendar] sources username goes with caldav only"),
        (
            {"sources": [{"path": "a", "x": 1}]},
            "[calendar] sources knows no key 'x'; it knows path, name, complete, caldav, username",
        ),
        (
            {"sources": [{"caldav": "https://a", "path": "b"}]},
            "[calendar] sources has a path and a caldav address: give one of them",
        ),
        (
            {"sources": [{"caldav": "ftp://a"}]},
            "[calendar] sources caldav must be an address: write caldav = \"https://…\", not 'ftp://a'",
        ),
        ({"sources": [{"caldav": "https://u@a.example/x"}]}, LOGIN),
        ({"sources": ["a.ics", "ftp://x/a.ics?key=secret"]}, f"[calendar] sources: ftp:// {FOREIGN}"),
        ({"sources": {"path": "FILE:///tmp/x.ics"}}, f"[calendar] sources: FILE:// {FOREIGN}"),
        ({"sources": [{"caldav": "http://dav.example/a", "username": "u"}]}, OPEN),
        ({"sources": [{"caldav": "http://a", "name": 5}]}, "[calendar] sources name must be text, not 5"),
        ({"sources": [{"caldav": "http://a", "username": 5}]}, "[calendar] sources username must be text, not 5"),
        (
            {"sources": [{"caldav": "http://a", "complete": None}]},
            "[calendar] sources complete must be true or false, not None",
        ),
    ],
    ids=lambda value: str(value)[:60] if isinstance(value, dict) else "",
)
def test_each_wrong_setting_is_told_with_its_place_and_its_remedy(table, said):
    """Where it stands, what it is, and what would be right."""
    with pytest.raises(ConfigurationError) as caught:
        CalendarSettings.from_mapping(table)
    assert str(caught.value).startswith(said)
    with pytest.raises(ConfigurationError) as caught:
        CalendarSettings.from_mapping(table, "practices.calendar")
    assert str(caught.value).startswith(said.replace("[calendar", "[practices.calendar"))


@pytest.mark.parametrize(
    ("value", "source"),
    [
        ("a.ics", CalendarSource("a.ics")),
        (Path("a.ics"), CalendarSource("a.ics")),
        (CalendarSource("a.ics", "b"), CalendarSource("a.ics", "b")),
        ({"path": "a.ics"}, CalendarSource("a.ics", None, complete=False)),
        ({"path": "a.ics", "name": "b", "complete": True}, CalendarSource("a.ics", "b", complete=True)),
        ({"caldav": "HTTP://a/@x"}, CalendarSource("HTTP://a/@x", None, complete=True, caldav=True)),
        (
            {"caldav": "https://a", "name": "b", "complete": False, "username": "u"},
            CalendarSource("https://a", "b", complete=False, caldav=True, username="u"),
        ),
    ],
)
def test_a_source_is_a_path_or_a_table(value, source):
    """What a table does not say is no, but for what is gone on a server."""
    assert CalendarSource.of(value) == source
    assert repr(source.path) not in repr(source)


@pytest.mark.parametrize("host", ["localhost:5232", "127.0.0.1", "[::1]:5232", "LOCALHOST"])
def test_a_password_may_go_unencrypted_to_this_machine(host):
    """As a poll sends it."""
    assert CalendarSource.of({"caldav": f"http://{host}/a", "username": "u"}).username == "u"


@pytest.mark.parametrize("path", ["webcal://a/b.ics", "WEBCALS://a/b.ics", "a:b.ics", "://a", "C:\\a.ics", "1a://b"])
def test_a_path_or_an_address_that_is_fetched_is_a_source(path):
    """Whatever is no scheme is a path."""
    assert CalendarSource.of(path).path == path
    assert CalendarSettings(sources=[path]).sources == (path,)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("ftp://a/b.ics", f"sources: ftp:// {FOREIGN}"),
        (5, 'sources must be a list of texts or tables, not 5: write ["clinic.ics"]'),
        ([5], "sources must be a list of texts or tables, not 5: write"),
        ([""], "sources must be a list of texts or tables, not '': write"),
    ],
)
def test_sources_that_are_none_are_told_in_python_too(given, said):
    """Where no table holds them."""
    with pytest.raises(ConfigurationError) as caught:
        CalendarSettings(sources=given)
    assert str(caught.value).startswith(said)
    path = Path("a.ics")
    assert CalendarSettings(sources=[path, {"path": "b"}]).sources == (CalendarSource("a.ics"), CalendarSource("b"))
    assert CalendarSettings(sources=CalendarSource("a.ics")).sources == (CalendarSource("a.ics"),)
    assert CalendarSettings(sources={"path": "b"}).sources == (CalendarSource("b"),)


def test_an_unknown_place_of_numbers_or_zone_is_refused_in_python_too():
    """As wrong input."""
    with pytest.raises(InvalidInputError, match="unknown source 'fax'"):
        CalendarSettings(phones="fax")
    with pytest.raises(ValueError, match="unknown time zone"):
        CalendarSettings(timezone="Mars")
