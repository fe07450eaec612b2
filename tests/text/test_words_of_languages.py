"""Words of time in each language: how far off something is, which city a zone is, and how far a tag is understood."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from reminder_kit.text.sms import Cost, costly_characters, forecast, transliterated
from reminder_kit.text.time_phrases import LANGUAGES, city, clock, day, distance, known_locale, names_zone, when

NOW = datetime(2026, 2, 16, 10)
NORDIC = {
    "sv": ["idag kl. 15:00", "imorgon kl. 15:00", "igår kl. 15:00", "måndag 16 februari kl. 15:00"],
    "da": ["i dag kl. 15.00", "i morgen kl. 15.00", "i går kl. 15.00", "mandag den 16. februar kl. 15.00"],
    "nb": ["i dag kl. 15:00", "i morgen kl. 15:00", "i går kl. 15:00", "mandag 16. februar kl. 15:00"],
    "no": ["i dag kl. 15:00", "i morgen kl. 15:00", "i går kl. 15:00", "mandag 16. februar kl. 15:00"],
}


@pytest.mark.parametrize("language", NORDIC)
def test_the_north_says_when_too(language):
    """Today, tomorrow, yesterday, and a day that is farther away."""
    moment = datetime(2026, 2, 16, 15)
    said = [when(moment, date(2026, 2, 16 - ahead), language) for ahead in (0, 1, -1, 5)]
    assert said == NORDIC[language]


def test_the_languages_are_those_that_are_documented():
    """Twelve."""
    assert LANGUAGES == ("en", "es", "fr", "de", "pt", "it", "nl", "pl", "sv", "da", "nb", "no")


@pytest.mark.parametrize(("days", "has_year"), [(300, False), (301, True), (-300, False), (-301, True)])
def test_the_year_is_named_of_what_is_farther_than_three_hundred_days(days, has_year):
    """Ahead, and ago."""
    said = when(datetime(2026, 2, 16), date(2026, 2, 16) - timedelta(days=days), "en", all_day=True)
    assert said == f"Monday 16 February{' 2026' if has_year else ''}"


@pytest.mark.parametrize(
    ("ahead", "dated", "said"),
    [
        (1, False, "tomorrow at 3:00 PM"),
        (1, True, "Monday 16 February at 3:00 PM"),
        (0, True, "Monday 16 February at 3:00 PM"),
        (2, False, "Monday 16 February at 3:00 PM"),
        (-2, False, "Monday 16 February at 3:00 PM"),
    ],
)
def test_a_day_is_dated_where_its_name_could_be_mistaken(ahead, dated, said):
    """Or where it is neither today nor next to it; seconds are never said."""
    moment = datetime(2026, 2, 16, 15, 0, 59, 999)
    assert when(moment, date(2026, 2, 16) - timedelta(days=ahead), "en", dated=dated) == said


@pytest.mark.parametrize(
    ("locale", "said", "dated"),
    [
        ("en_US", "Monday, February 16 at 3:00 PM", "Monday, February 16, 2026 at 3:00 PM"),
        ("en_GB", "Monday 16 February at 15:00", "Monday 16 February 2026 at 15:00"),
        ("de_AT", "am Montag, 16. Februar um 15:00 Uhr", "am Montag, 16. Februar 2026 um 15:00 Uhr"),
        ("fi", None, None),
    ],
)
def test_a_far_day_is_written_as_the_country_does(locale, said, dated):
    """With its year where that is another one; the comma after a British weekday came with a later CLDR."""
    moment = datetime(2026, 2, 16, 15)
    near, far = (when(moment, today, locale) for today in (date(2026, 2, 1), date(2025, 1, 1)))
    if said is None:
        assert near.endswith(" 15.00")
        assert "2026" not in near
        assert "2026" in far
    else:
        assert (near, far.replace("Monday, 16", "Monday 16")) == (said, dated)


SECOND, MINUTE, HOUR, DAY = (timedelta(seconds=count) for count in (1, 60, 3600, 86400))


@pytest.mark.parametrize(
    ("away", "said"),
    [
        (timedelta(), "in 0 seconds"),
        (SECOND, "in 1 second"),
        (timedelta(seconds=1.4), "in 1 second"),
        (59 * SECOND, "in 59 seconds"),
        (-59 * SECOND, "59 seconds ago"),
        (60 * SECOND, "in 1 minute"),
        (119 * SECOND, "in 1 minute"),
        (-60 * SECOND, "1 minute ago"),
        (-119 * SECOND, "1 minute ago"),
        (2 * HOUR - SECOND, "in 119 minutes"),
        (2 * HOUR, "in 2 hours"),
        (3 * HOUR - SECOND, "in 2 hours"),
        (-3 * HOUR + SECOND, "2 hours ago"),
        (13 * HOUR, "in 13 hours"),
        (24 * HOUR - SECOND, "in 23 hours"),
        (24 * HOUR, "in 1 day"),
        (38 * HOUR - SECOND, "in 1 day"),
        (38 * HOUR, "in 2 days"),
        (-24 * HOUR, "1 day ago"),
        (-34 * HOUR, "1 day ago"),
        (-34 * HOUR - SECOND, "2 days ago"),
        (45 * DAY, "in 45 days"),
    ],
    ids=str,
)
def test_how_far_off_an_instant_is_is_rounded_towards_the_present(away, said):
    """By seconds, minutes, hours, and days of the calendar."""
    assert distance(NOW + away, NOW, "en") == said


@pytest.mark.parametrize(
    ("days", "locale", "said"),
    [
        (0, "en", "today"),
        (0, "de", "heute"),
        (0, "es_MX", "hoy"),
        (1, "en", "in 1 day"),
        (-1, "en", "1 day ago"),
        (3, "de", "in 3 Tagen"),
        (3, "fr", "dans 3 jours"),
    ],
)
def test_how_far_off_a_day_is_is_counted_by_the_calendar(days, locale, said):
    """And its own is called today where that is known."""
    assert distance(NOW.date() + timedelta(days=days), NOW, locale) == said
    assert distance(NOW.date(), NOW, "fi") not in ("", "today")


@pytest.mark.parametrize(
    ("pattern", "is_named"),
    [("full", True), ("long", True), ("medium", False), ("short", False), ("HH:mm", False), ("HH:mm 'zone'", False),
     *((f"HH:mm {letter}", True) for letter in "zZOvVXx"), ("'x'z'v'", True), ("HH'Z'mm", False)],
)  # fmt: skip
def test_which_patterns_name_the_zone(pattern, is_named):
    """By a letter outside of quotes, or by name."""
    assert names_zone(pattern) is is_named


def test_a_clock_names_the_zone_of_its_own_instant():
    """Of equal instants of two zones each has its own; times of day are as their country writes them."""
    instant = datetime(2026, 2, 16, 15, tzinfo=UTC)
    zones = [clock(instant.astimezone(ZoneInfo(name)), "en", "HH:mm z") for name in ("Asia/Tokyo", "Europe/Berlin")]
    assert zones == ["00:00 +0900", "16:00 +0100"]
    assert [clock(time(15, 5), locale) for locale in ("en", "en_US", "en_GB", "de", "da")] == [
        "3:05 PM", "3:05 PM", "15:05", "15:05", "15.05",
    ]  # fmt: skip
    assert clock(time(15, 5, 9), "en", "medium") == "3:05:09 PM"
    assert clock(time(15, 5, 9), "de", "medium") == "15:05:09"


def test_a_day_is_written_as_the_locale_does_or_as_it_is_told():
    """English without a country has the day before the month."""
    on = date(2026, 2, 16)
    assert [day(on, locale) for locale in ("en", "en_US", "de", "fr", "pl")] == [
        "16 February", "February 16", "16. Februar", "16 février", "16 lutego",
    ]  # fmt: skip
    assert (day(on, "en", "full"), day(on, "de", "d. M.")) == ("Monday, February 16, 2026", "16. 2.")


@pytest.mark.parametrize(
    ("zone", "locale", "name"),
    [
        ("Europe/Vienna", "de", "Wien"),
        ("America/New_York", "en", "New York"),
        ("America/St_Johns", "en", "St. John's"),
        ("Etc/GMT-9", "en", "GMT-9"),
    ],
)
def test_a_zone_is_called_by_its_city(zone, locale, name):
    """In the reader's language, and with plain signs."""
    assert city(zone, locale) == name


@pytest.mark.parametrize(
    ("tag", "fallback", "locale"),
    [
        ("pt-BR", "en", "pt_BR"),
        ("pt_br", "en", "pt_BR"),
        ("de-XX", "en", "de"),
        ("es-MX-x", "en", "es"),
        ("klingon", "de-AT", "de_AT"),
        ("klingon", "romulan", "en"),
        ("", "fr", "fr"),
        ("xx_YY", "en", "en"),
    ],
)
def test_a_tag_is_understood_as_far_as_may_be(tag, fallback, locale):
    """The tag, its language, the default, English."""
    assert known_locale(tag, fallback) == locale


def test_what_messages_come_to_is_counted_by_rule_and_channel():
    """Parts of SMS, those in the dear alphabet, MMS, and letters."""
    costs = forecast(
        [
            ("a", "sms", "x" * 161), ("a", "sms", "ś"), ("a", "mms", "ś" * 200), ("a", "email", "ś" * 200),
            ("a", "sms", "x"), ("b", "mms", "x"), ("c", "chat", "x"), ("a", "chat", "x"), ("a", "mms", ""),
        ]
    )  # fmt: skip
    assert costs == {
        "a": Cost(messages=7, parts=4, ucs2=1, mms=2, letters=2),
        "b": Cost(1, 0, 0, 1, 0),
        "c": Cost(1, 0, 0, 0, 1),
    }
    assert forecast([]) == {}
    assert costs["a"].price(Decimal("0.01"), Decimal("0.05")) == Decimal("0.14")
    assert costs["a"].price(Decimal("0.01")) == Decimal("0.04")


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("`´‘’‚‛′‵", "''''''''"),
        ("«»“”„‟″‶", '""""""""'),
        ("·‐‑‒–—―•⁃−", "----------"),
        ("\t\u00a0\u202f\u205f\u3000", "     "),
        ("".join(map(chr, range(0x2000, 0x200B))), " " * 11),
        ("\u2028\u2029", "\n\n"),
        ("a\u00ad\u200b\u200e\u200f\u2060\ufeffb", "ab"),
        ("…", "..."),
        ("śé€ñ‐\u200c\u200d\u2042\u2031\u1fff", "śé€ñ-\u200c\u200d\u2042\u2031\u1fff"),
    ],
    ids=["apostrophes", "quotes", "dashes", "spaces", "more spaces", "line ends", "invisible", "dots", "others"],
)
def test_each_typographic_sign_has_a_plain_one(text, plain):
    """Letters, joiners and all else stay."""
    assert transliterated(text) == plain


def test_costly_characters_are_told_once_in_their_order():
    """Those of the alphabet, and of its second table, cost nothing."""
    assert costly_characters("aśbęś\n€[~]ę🦷") == "śę🦷"
    assert costly_characters("") == ""
