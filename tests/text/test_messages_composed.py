"""Messages as they are composed: which text of a rule is taken, for whom and when, and what each refusal says."""

from __future__ import annotations

from datetime import timedelta

import pytest
from attrs import evolve

from reminder_kit import Appointment, Recipient, Rule
from reminder_kit.errors import ConfigurationError
from reminder_kit.rules.defaults import Defaults
from reminder_kit.rules.placement import GRACE, spread_share
from reminder_kit.rules.reminders import reminders_of
from reminder_kit.text.composer import Composer
from tests.factories import NUMBER, START

VISIT = Appointment("A-1", START + timedelta(days=3), recipients=[Recipient(NUMBER, name="Ann")], title="Check-up")


LONG = "its text takes 2 SMS parts ({}), and max_parts is 1: shorten it or raise max_parts"


def reminder(text="Hi", *, locale=None, defaults=None, **keys):
    visit = evolve(VISIT, recipients=[Recipient(NUMBER, name="Ann", locale=locale)])
    rule = Rule("r", **{"before": "24 hours", "text": text, **keys})
    return reminders_of(visit, [rule], defaults or Defaults())[0]


def composed(one, defaults=None, late=timedelta(0), others=()):
    return Composer(defaults or Defaults()).compose(one, one.due_at + late, others)


@pytest.mark.parametrize(
    ("texts", "locale", "default", "said"),
    [
        ({"en": "E", "de": "D"}, "de", "en", "D"),
        ({"en": "E", "de": "D"}, "de-AT", "en", "D"),
        ({"en": "E", "de": "D", "de-AT": "A"}, "de_at", "en", "A"),
        ({"en": "E", "de": "D", "de-AT": "A"}, "de-AT", "en", "A"),
        ({"en": "E", "de": "D", "de-AT": "A"}, "de-CH", "en", "D"),
        ({"en": "E", "de-CH": "C", "de-AT": "A"}, "de", "en", "A"),
        ({"en": "E", "de-CH": "C", "DE_at": "A"}, "de-DE", "en", "A"),
        ({"en": "E", "de": "D"}, "fr", "en", "E"),
        ({"en": "E", "de": "D"}, "fr", "de-AT", "D"),
        ({"en": "E", "de": "D"}, None, "de", "D"),
        ({"en-GB": "E", "de": "D"}, "fr", "en", "E"),
        ({"DE": "D", "en": "E"}, "de", "en", "D"),
    ],
    ids=str,
)
def test_the_text_is_that_of_the_nearest_locale(texts, locale, default, said):
    """The same, its language, another country's, and else the default one's."""
    defaults = Defaults(locale=default)
    assert composed(reminder(texts, locale=locale, defaults=defaults), defaults).text == said


@pytest.mark.parametrize(
    ("texts", "locale", "said"),
    [
        ({"en": "{{ day }}", "de": "{{ day }}"}, "de-AT", "morgen"),
        ({"en": "{{ day }}"}, "de", "tomorrow"),
        ({"en": "{{ appointment.starts_at | time }}"}, "en-GB", "14:00"),
        ({"en": "{{ appointment.starts_at | time }}"}, "de", "2:00 PM"),
        ({"en": "{{ day }}", "nb": "{{ day }}"}, "no", "i morgen"),
        ({"en": "{{ day }}", "no": "{{ day }}"}, "nb-NO", "i morgen"),
        ({"en": "{{ day }}", "es": "{{ day }}"}, "spa", "mañana"),
        ("{{ day }}", "de", "morgen"),
        ("{{ day }}", None, "tomorrow"),
    ],
    ids=str,
)
def test_times_are_in_the_words_of_the_text(texts, locale, said):
    """Of the reader's own country where it is of the same language."""
    assert composed(reminder(texts, locale=locale)).text == said


def test_without_a_text_for_anybody_it_is_refused_with_those_there_are():
    """And with the locales that were looked for."""
    with pytest.raises(ConfigurationError) as caught:
        composed(reminder({"fr": "F", "es": "E"}, locale="de"))
    assert str(caught.value) == (
        "appointment 'A-1', rule 'r': no text for locale 'de' nor for the default 'en': it has es, fr"
    )


@pytest.mark.parametrize(("late", "said"), [(0, "Hi"), (60, "Hi"), (3600, "Late")])
def test_what_is_late_is_said_so(late, said):
    """After some grace; where there is no such text, the usual one is sent."""
    assert composed(reminder(late_text="Late"), late=timedelta(seconds=late)).text == said
    assert composed(reminder(), late=timedelta(seconds=late)).text == "Hi"
    undue = evolve(reminder(late_text="Late"), due_at=None)
    assert Composer(Defaults()).compose(undue, START).text == "Hi"


def test_a_share_of_the_spread_is_no_lateness():
    """Who is reminded at their own minute of it gets the usual text; five minutes later than that is late."""
    one = reminder(late_text="Late", spread="2 hours")
    share = spread_share(one)
    assert share > 2 * GRACE
    assert composed(one, late=share).text == composed(one, late=share + GRACE).text == "Hi"
    assert composed(one, late=share + GRACE + timedelta(seconds=1)).text == "Late"


def test_a_draft_has_all_that_is_sent():
    """Number, text, instant, subject, pictures and channel; blanks around a text are left out."""
    one = reminder(
        " Hi {{ recipient.name }}\n", channel="mms", subject=" {{ appointment.title }} ",
        media_urls=["https://a.example/{{ appointment.id }}"],
    )  # fmt: skip
    draft = composed(one)
    assert (draft.to, draft.text, draft.send_at) == (NUMBER, "Hi Ann", one.due_at)
    assert (draft.subject, draft.media_urls, draft.channel) == ("Check-up", ("https://a.example/A-1",), "mms")
    plain = composed(reminder())
    assert (plain.subject, plain.media_urls, plain.channel) == ("", (), "sms")


def test_the_text_for_several_is_taken_where_there_are_others():
    """Each with its own person and clock."""
    each = "{% for one in appointments %}{{ one.id }} {% endfor %}"
    rule = {"before": None, "days_before": 1, "at": "18:00", "together": each}
    one = reminder(**rule)
    other = evolve(one, appointment=evolve(one.appointment, id="A-0", starts_at=one.appointment.starts_at))
    assert composed(one, others=[other]).text == "A-0 A-1"
    assert composed(one, others=[evolve(other, recipient=None)]).text == "A-1"
    assert composed(one).text == "Hi"


@pytest.mark.parametrize(
    ("text", "keys", "fault"),
    [
        ("{{ '' }}", {}, "its text comes out empty: mend the template"),
        (" {% if false %}x{% endif %}\n", {}, "its text comes out empty: mend the template"),
        ("x" * 161, {"max_parts": 1}, LONG.format("gsm7")),
        ("ś" * 71, {"max_parts": 1}, LONG.format("ucs2")),
    ],
    ids=["nothing", "blanks", "too long", "too dear"],
)  # fmt: skip
def test_what_can_not_be_sent_is_told_with_appointment_and_rule(text, keys, fault):
    """And with what would mend it."""
    with pytest.raises(ConfigurationError) as caught:
        composed(reminder(text, **keys))
    assert str(caught.value) == f"appointment 'A-1', rule 'r': {fault}"


def test_what_just_fits_is_sent():
    """As many parts as may be; an MMS has no parts, and may be pictures alone."""
    assert len(composed(reminder("x" * 160, max_parts=1)).text) == 160
    assert len(composed(reminder("x" * 306, max_parts=2)).text) == 306
    assert len(composed(reminder("x" * 500)).text) == 500
    picture = {"channel": "mms", "media_urls": ["https://a.example/x"]}
    assert composed(reminder("{{ '' }}", **picture)).text == ""


def test_a_reminder_of_nobody_is_refused():
    """There is nobody to write to."""
    with pytest.raises(ConfigurationError, match=r"^appointment 'A-1' has no recipient to write to$"):
        composed(evolve(reminder(), recipient=None))


@pytest.mark.parametrize(
    ("text", "plain", "said"),
    [
        ("“Hi” – ś", True, '"Hi" - ś'),
        ("“Hi” – ś", False, "“Hi” – ś"),
        ("a\ud83eb", False, "a\ufffdb"),
        ("a\ud83e\udd77", False, "a🥷"),
        ("🦷", True, "🦷"),
    ],
    ids=["plain", "as it is", "half", "two halves", "whole"],
)
def test_a_text_is_one_that_can_be_sent(text, plain, said):
    """Typographic signs are plain where that is asked for; half a character is replaced."""
    defaults = Defaults(transliterate=plain)
    assert composed(reminder("{{ '" + text + "' }}", defaults=defaults), defaults).text == said
