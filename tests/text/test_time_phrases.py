"""Words: when something is, as it stands in a sentence, in each language and on each side of midnight."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reminder_kit.text.time_phrases import LANGUAGES, clock, day, is_known, known_locale, weekday, when

MONDAY = datetime(2026, 2, 16, 15)
ASKED_FOR = ("en", "es", "fr", "de", "pt", "it", "nl", "pl")

SENTENCES = {
    "en": "See you {}.",
    "es": "Le esperamos {}.",
    "fr": "Nous vous attendons {}.",
    "de": "Wir sehen uns {}.",
    "pt": "Esperamos por si {}.",
    "it": "La aspettiamo {}.",
    "nl": "Wij zien u {}.",
    "pl": "Do zobaczenia {}.",
}
SAID = {
    "en": {
        0: "See you today at 3:00 PM.",
        1: "See you tomorrow at 3:00 PM.",
        -1: "See you yesterday at 3:00 PM.",
        3: "See you Monday 16 February at 3:00 PM.",
        -3: "See you Monday 16 February at 3:00 PM.",
        400: "See you Monday 16 February 2026 at 3:00 PM.",
    },
    "es": {
        0: "Le esperamos hoy a las 15:00.",
        1: "Le esperamos mañana a las 15:00.",
        -1: "Le esperamos ayer a las 15:00.",
        3: "Le esperamos el lunes 16 de febrero a las 15:00.",
        -3: "Le esperamos el lunes 16 de febrero a las 15:00.",
        400: "Le esperamos el lunes 16 de febrero de 2026 a las 15:00.",
    },
    "fr": {
        0: "Nous vous attendons aujourd'hui à 15:00.",
        1: "Nous vous attendons demain à 15:00.",
        -1: "Nous vous attendons hier à 15:00.",
        3: "Nous vous attendons lundi 16 février à 15:00.",
        -3: "Nous vous attendons lundi 16 février à 15:00.",
        400: "Nous vous attendons lundi 16 février 2026 à 15:00.",
    },
    "de": {
        0: "Wir sehen uns heute um 15:00 Uhr.",
        1: "Wir sehen uns morgen um 15:00 Uhr.",
        -1: "Wir sehen uns gestern um 15:00 Uhr.",
        3: "Wir sehen uns am Montag, 16. Februar um 15:00 Uhr.",
        -3: "Wir sehen uns am Montag, 16. Februar um 15:00 Uhr.",
        400: "Wir sehen uns am Montag, 16. Februar 2026 um 15:00 Uhr.",
    },
    "pt": {
        0: "Esperamos por si hoje às 15:00.",
        1: "Esperamos por si amanhã às 15:00.",
        -1: "Esperamos por si ontem às 15:00.",
        3: "Esperamos por si na segunda-feira, 16 de fevereiro, às 15:00.",
        -3: "Esperamos por si na segunda-feira, 16 de fevereiro, às 15:00.",
        400: "Esperamos por si na segunda-feira, 16 de fevereiro de 2026, às 15:00.",
    },
    "it": {
        0: "La aspettiamo oggi alle 15:00.",
        1: "La aspettiamo domani alle 15:00.",
        -1: "La aspettiamo ieri alle 15:00.",
        3: "La aspettiamo lunedì 16 febbraio alle 15:00.",
        -3: "La aspettiamo lunedì 16 febbraio alle 15:00.",
        400: "La aspettiamo lunedì 16 febbraio 2026 alle 15:00.",
    },
    "nl": {
        0: "Wij zien u vandaag om 15:00 uur.",
        1: "Wij zien u morgen om 15:00 uur.",
        -1: "Wij zien u gisteren om 15:00 uur.",
        3: "Wij zien u maandag 16 februari om 15:00 uur.",
        -3: "Wij zien u maandag 16 februari om 15:00 uur.",
        400: "Wij zien u maandag 16 februari 2026 om 15:00 uur.",
    },
    "pl": {
        0: "Do zobaczenia dzisiaj o 15:00.",
        1: "Do zobaczenia jutro o 15:00.",
        -1: "Do zobaczenia wczoraj o 15:00.",
        3: "Do zobaczenia w poniedziałek 16 lutego o 15:00.",
        -3: "Do zobaczenia w poniedziałek 16 lutego o 15:00.",
        400: "Do zobaczenia w poniedziałek 16 lutego 2026 r. o 15:00.",
    },
}


@pytest.mark.parametrize("ahead", [0, 1, -1, 3, -3, 400], ids=lambda days: f"{days} days ahead")
@pytest.mark.parametrize("language", ASKED_FOR)
def test_it_stands_in_a_sentence_of_each_language(language, ahead):
    """On each day, near or far, the words of `when` complete a sentence in eight languages."""
    today = MONDAY.date() - timedelta(days=ahead)
    assert SENTENCES[language].format(when(MONDAY, today, known_locale(language))) == SAID[language][ahead]


@pytest.mark.parametrize("language", ASKED_FOR)
def test_what_lasts_all_day_has_the_same_words_without_a_time(language):
    """An all-day `when` is the usual one without the clock and its words."""
    sentence = SENTENCES[language]
    for ahead, said in SAID[language].items():
        today = MONDAY.date() - timedelta(days=ahead)
        short = sentence.format(when(MONDAY, today, language, all_day=True))
        assert said.startswith(short.rstrip("."))
        assert not any(word in short for word in ("15", "3:00", "Uhr", "uur"))


@pytest.mark.parametrize(
    ("language", "days"),
    [
        (
            "pl",
            ["w poniedziałek", "we wtorek", "w środę", "w czwartek", "w piątek", "w sobotę", "w niedzielę"],
        ),
        (
            "pt",
            ["na segunda-feira,", "na terça-feira,", "na quarta-feira,", "na quinta-feira,", "na sexta-feira,",
             "no sábado,", "no domingo,"],
        ),
        ("es", ["el lunes", "el martes", "el miércoles", "el jueves", "el viernes", "el sábado", "el domingo"]),
        (
            "de",
            ["am Montag,", "am Dienstag,", "am Mittwoch,", "am Donnerstag,", "am Freitag,", "am Samstag,",
             "am Sonntag,"],
        ),
    ],
)  # fmt: skip
def test_weekdays_take_the_case_their_preposition_asks_for(language, days):
    """Polish: accusative, and "we" before two consonants; Portuguese: sábado and domingo are masculine."""
    found = [when(MONDAY + timedelta(days=number), date(2026, 1, 1), language) for number in range(7)]
    assert [said.partition(f" {16 + number}")[0] for number, said in enumerate(found)] == days


@pytest.mark.parametrize(
    ("locale", "at", "said"),
    [
        ("es", time(1), "hoy a la 1:00"),
        ("es", time(13), "hoy a las 13:00"),
        ("es_MX", time(13), "hoy a la 1:00 p.m."),
        ("es_MX", time(11), "hoy a las 11:00 a.m."),
        ("pt", time(1), "hoje à 01:00"),
        ("pt", time(11), "hoje às 11:00"),
        ("en_GB", time(15), "today at 15:00"),
        ("en_AU", time(15), "today at 3:00 pm"),
        ("en_US", time(0), "today at 12:00 AM"),
        ("fr_CA", time(15), "aujourd'hui à 15 h 00"),
        ("da", time(15), "i dag kl. 15.00"),
    ],
    ids=str,
)
def test_the_clock_is_that_of_the_country(locale, at, said):
    """The clock is that of the country and one o'clock is singular where it is."""
    assert when(datetime.combine(MONDAY, at), MONDAY.date(), locale) == said


@pytest.mark.parametrize(
    ("sent", "starts", "said"),
    [
        ("2026-02-15 23:59", "2026-02-16 00:00", "tomorrow at 12:00 AM"),
        ("2026-02-16 00:00", "2026-02-16 00:30", "today at 12:30 AM"),
        ("2026-02-16 00:05", "2026-02-16 15:00", "today at 3:00 PM"),
        ("2026-02-16 00:05", "2026-02-15 23:30", "yesterday at 11:30 PM"),
        ("2026-12-31 23:59", "2027-01-01 09:00", "tomorrow at 9:00 AM"),
        ("2028-02-28 12:00", "2028-02-29 09:00", "tomorrow at 9:00 AM"),
        ("2026-02-28 12:00", "2026-03-02 09:00", "Monday 2 March at 9:00 AM"),
    ],
)
def test_midnight_is_the_readers(sent, starts, said):
    """From midnight on, today and tomorrow are other days, also over new year and 29 February."""
    assert when(datetime.fromisoformat(starts), datetime.fromisoformat(sent).date(), "en") == said


@given(st.dates(date(2024, 1, 1), date(2030, 1, 1)), st.integers(-500, 500), st.sampled_from(LANGUAGES))
def test_a_day_is_never_called_by_another_days_name(on, ahead, language):
    """Of two sends for one appointment, only those on its own eve say tomorrow; all others name its date."""
    said = when(datetime.combine(on, time(15)), on - timedelta(days=ahead), language)
    near = {
        word: number
        for number in (0, 1, -1)
        for word in [when(MONDAY, MONDAY.date() - timedelta(days=number), language, all_day=True)]
    }
    named = [number for word, number in near.items() if said.startswith(f"{word} ")]
    assert named == ([ahead] if abs(ahead) <= 1 else [])
    assert (str(on.day) in said) or abs(ahead) <= 1
    assert (str(on.year) in said) == (abs(ahead) > 300)


@pytest.mark.parametrize("locale", ["fi", "ja", "cs", "hu"])
def test_where_no_words_for_today_are_known_it_is_a_date(locale):
    """A locale whose words we do not have gets the date, and the clock of its own."""
    said = when(MONDAY, MONDAY.date(), locale)
    assert "16" in said
    assert said.endswith(clock(MONDAY.time(), locale))


def test_days_and_weekdays_by_themselves_are_as_cldr_has_them():
    """Standing alone, names of days have no preposition and no case of a sentence."""
    assert [weekday(MONDAY.date(), item) for item in ("en", "es", "pl", "de")] == [
        "Monday", "lunes", "poniedziałek", "Montag",
    ]  # fmt: skip
    assert [day(MONDAY.date(), item) for item in ("en", "en_US", "es", "pl")] == [
        "16 February", "February 16", "16 de febrero", "16 lutego",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("tag", "known"), [("en", True), ("pt-BR", True), ("de_AT", True), ("english", False), ("klingon", False)]
)
def test_which_tags_are_known(tag, known):
    """A tag is known if CLDR has its language: "english" is no tag."""
    assert is_known(tag) is known
