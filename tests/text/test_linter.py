"""Lint and samples: locales nobody has, texts judged with the data they ask for."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from reminder_kit.errors import ConfigurationError
from reminder_kit.rules.defaults import Defaults
from reminder_kit.rules.rule import Rule
from reminder_kit.text.linter import lint
from reminder_kit.text.samples import made_up, read_fields

START = datetime(2026, 2, 16, 15, tzinfo=UTC)


def findings(text, defaults=None, **changes):
    return [str(finding) for finding in lint(Rule("r", before="1 day", text=text, **changes), defaults or Defaults())]


def test_a_text_for_a_locale_that_nobody_can_have_is_pointed_out():
    """A key that is no language tag would never be chosen: it is a warning, in late texts too."""
    assert findings({"en": "Hi", "klingon": "Qapla'", "pt-BR": "Oi"}) == [
        'warning: rule \'r\': text.klingon: unknown locale: use a language tag such as "en", "es-MX" or "de"'
    ]
    (late,) = findings({"en": "Hi"}, late_text={"en": "Hi", "english": "Hello"})
    assert "late_text.english: unknown locale" in late


@pytest.mark.parametrize(
    ("locale", "dear"),
    [
        ("es", "'á'"),  # only on a sábado
        ("fr", "'û'"),  # only in août
        ("pt", "'ç' 'á' 'ã'"),  # março, sábado, amanhã
        ("pl", "'ł' 'ę' 'ś' 'ą' 'ź'"),
        ("de", ""),
        ("it", ""),
        ("nl", ""),
    ],
)
def test_what_a_language_costs_is_said_in_a_sentence(locale, dear):
    """What a language costs on any day of the year is said in a sentence."""
    said = (
        f"warning: rule 'r': text.{locale}: in {locale}, words such as dates bring {dear}, not in the GSM alphabet: a "
        "part then holds 70 characters instead of 160"
    )
    assert findings({"en": "Hi", locale: "{{ when }}"}) == ([said] if dear else [])


def test_the_longest_day_of_the_year_decides_the_parts():
    """A text that fits one part tomorrow but not on a Wednesday in November is reported as two."""
    (found,) = findings({"en": "Hi", "en-US": "x" * 130 + " {{ when }}"})
    assert "takes 2 SMS parts (164 units of gsm7)" in found
    assert findings({"en": "Hi", "en-US": "x" * 126 + " {{ when }}"}) == []


@pytest.mark.parametrize(
    ("source", "data"),
    [
        ("{{ data.doctor }}", {"doctor": "Dr Winter"}),
        ("{{ data.doctor.name }} {{ data.doctor }}", {"doctor": {"name": "Dr Winter"}}),
        (
            "{{ data['doctor']['name'] }}{{ appointment.data.room }}",
            {"doctor": {"name": "Dr Winter"}, "room": "Dr Winter"},
        ),
        ("{{ data.doctor.upper() }}", {"doctor": "Dr Winter"}),
        ("{{ data[recipient.name] }}", {}),
        ("{% if data.vip %}x{% endif %}", {"vip": "Dr Winter"}),
        ("{{ data", {}),
        ("plain", {}),
    ],
)
def test_a_sample_has_the_data_its_text_asks_for(source, data):
    """The made-up appointment has each field of data that the templates read, as deep as they read it."""
    assert made_up(START, [source]).data == data


def test_a_sample_person_has_it_too():
    """The made-up recipient has the data, the locale and a number reserved for fiction."""
    (who,) = made_up(START, ["{{ recipient.data.plan }}"], "es").recipients
    assert (who.data, who.locale, who.phone) == ({"plan": "Dr Winter"}, "es", "+12025550123")


def test_what_a_text_reads_is_known_by_its_path():
    """`read_fields` follows attributes and constant keys, and returns every step of the path."""
    found = read_fields("{{ appointment.title }} {{ data.a['b'] | upper }}")
    assert sorted(found) == [("appointment", "title"), ("data", "a"), ("data", "a", "b")]


@pytest.mark.parametrize(
    ("text", "glued"),
    [
        ("Change it: {{ appointment.url | link }}.", ["."]),
        ("Go to https://b.example/x, thanks", [","]),
        ("{{ appointment.url | link }}(reply C)", ["("]),
        ("(see https://b.example/x)", [")"]),
        ("Change it: {{ appointment.url | link }}", []),
        ("Change it: {{ appointment.url | link }} .", []),
        ("https://b.example/a.b?x=1,2;y&z=3 and more.", []),
        ("See you {{ when }}.", []),
    ],
)
def test_what_is_glued_to_a_link_is_pointed_out(text, glued):
    """Phones end a link where a space does."""
    found = [finding.message for finding in lint(Rule("r", before="24 hours", text=text), Defaults())]
    assert [message.split("'")[1] for message in found if "stands right behind a link" in message] == glued


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Cut &amp; colour", "'&amp;' is sent as these 5 characters, since a text is no HTML: write '&'"),
        ("Ann&#39;s", "'&#39;' is sent as these 5 characters, since a text is no HTML: write \"'\""),
        ("Cut & colour; R&D", ""),
        ("{{ when | replace('&amp;', '&') }}", ""),
    ],
)
def test_what_is_written_as_in_html_is_pointed_out(text, said):
    """It would be sent, and paid for, letter by letter; a plain ampersand costs one."""
    found = findings(text)
    assert any(said in one for one in found) if said else found == []


def test_an_emoji_costs_twice():
    """It makes the whole text dearer, and counts two in it; a letter of another alphabet counts one."""
    assert "counts two" in findings("See you 🦷")[0]
    assert "counts two" not in findings("See you ś")[0]


def test_what_every_text_must_say_is_missed_where_one_does_not():
    """In each locale and each kind of text, as it comes out; the case of letters is no matter."""
    asked = Defaults(must_say=["Harbour Clinic", "STOP"])
    both = "Harbour clinic: see you {{ when }}. Stop ends texts."
    assert findings(both, asked) == []
    assert findings({"en": both, "es": "Harbour Clinic: {{ when }}."}, Defaults(must_say="STOP", locale="en"))[-1] == (
        "warning: rule 'r': text.es: does not say 'STOP', which must_say asks of every text"
    )
    late = findings(both, asked, late_text="Today!")
    assert [one.partition(": late_text: ")[2] for one in late] == [
        "does not say 'Harbour Clinic', which must_say asks of every text",
        "does not say 'STOP', which must_say asks of every text",
    ]
    assert findings("{% if recipient.name == 'Bob' %}Harbour Clinic{% endif %}STOP", asked)


@pytest.mark.parametrize("wrong", [[""], [5], {"a": 1}], ids=str)
def test_what_must_be_said_is_words(wrong):
    """Anything else is refused by name."""
    with pytest.raises(ConfigurationError, match="must_say must be"):
        Defaults(must_say=wrong)
