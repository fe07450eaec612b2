"""Texts: true when they arrive, in their reader's zone and language; strict; and what they cost."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from reminder_kit.errors import ConfigurationError
from reminder_kit.model.appointments import Appointment, Recipient
from reminder_kit.rules.defaults import Defaults
from reminder_kit.rules.reminders import reminders_of
from reminder_kit.rules.rule import Rule
from reminder_kit.text.composer import Composer
from reminder_kit.text.linter import lint
from reminder_kit.text.sms import Cost, Parts, costly_characters, forecast, sms_parts, transliterated
from reminder_kit.text.time_phrases import LANGUAGES, known_locale, when
from tests.factories import NEW_YORK, NUMBER, in_new_york

MONDAY_10 = datetime(2026, 2, 16, 10, tzinfo=NEW_YORK)


def reminder(text="See you {{ when }}.", *, start=MONDAY_10, who=None, defaults=None, rule=None, **changes):
    recipient = Recipient(NUMBER, **{"name": "Ann", **(who or {})})
    given = Appointment("A-1", start, recipients=[recipient], **{"title": "Check-up", **changes})
    return reminders_of(
        given, [Rule("day-before", **{"before": "24 hours", "text": text, **(rule or {})})], defaults or Defaults()
    )[0]


def said(text="See you {{ when }}.", send_at="2026-02-15 10:00", *, defaults=None, **changes):
    one = reminder(text, defaults=defaults, **changes)
    return Composer(defaults or Defaults()).compose(one, in_new_york(send_at)).text


TOLD_WITH = "{% for visit in appointments %}{{ visit.starts_at | time }} {{ visit.recipient.name }}|{% endfor %}"


def said_together(*others, **changes):
    """Return the text of Ann's visit at ten, with others that are (name, start, further changes)."""
    rule = {"together": TOLD_WITH, **changes.pop("rule", {})}
    first = reminder("Alone", rule=rule, **changes)
    more = [
        evolve(reminder("Alone", start=start, who={"name": name}, rule=rule, **own), key=f"{number}")
        for number, (name, start, own) in enumerate(others)
    ]
    return Composer(Defaults()).compose(first, in_new_york("2026-02-15 10:00"), more).text


class TestTwoRecordsOfOneVisit:
    def test_they_are_said_once(self):
        """Each after the first of them, whatever stands between."""
        again, late = ("Ann", MONDAY_10, {}), ("Ann", MONDAY_10 + timedelta(minutes=1), {})
        assert said_together(again, late, again, late) == "10:00 AM Ann|10:01 AM Ann|"
        assert said_together(late, again) == "10:00 AM Ann|10:01 AM Ann|"

    def test_alone_they_have_the_text_of_one(self):
        assert said_together(("Ann", MONDAY_10, {})) == "Alone"

    def test_others_of_that_start_are_said_in_their_own_words(self):
        """Though each by itself would be told alike; and two that are told alike together, and not by themselves."""
        assert said_together(("Ben", MONDAY_10, {})) == "10:00 AM Ann|10:00 AM Ben|"
        bare = {"together": "{{ appointments | length }}", "text": "{{ recipient.name }}"}
        assert said_together(("Ben", MONDAY_10, {}), ("Ann", MONDAY_10, {}), rule=bare) == "2"

    def test_what_can_not_be_written_is_like_no_other(self):
        """Nor is it left out."""
        faulty = {"together": "{{ appointments | length }}", "text": "{{ data.doctor }}"}
        assert said_together(("Ann", MONDAY_10, {}), rule=faulty) == "2"


class TestWhen:
    @pytest.mark.parametrize(
        ("send_at", "words"),
        [
            ("2026-02-16 09:00", "today at 10:00 AM"),
            ("2026-02-16 00:00", "today at 10:00 AM"),
            ("2026-02-15 23:59", "tomorrow at 10:00 AM"),
            ("2026-02-15 00:00", "tomorrow at 10:00 AM"),
            ("2026-02-14 23:59", "Monday 16 February at 10:00 AM"),
            ("2026-02-17 09:00", "yesterday at 10:00 AM"),
            ("2026-02-18 09:00", "Monday 16 February at 10:00 AM"),
            ("2025-02-16 09:00", "Monday 16 February 2026 at 10:00 AM"),
        ],
    )
    def test_it_is_true_at_the_send_time(self, send_at, words):
        """Today, tomorrow and dates are counted from the day on which the message goes out."""
        assert said("{{ when }}", send_at) == words

    @pytest.mark.parametrize(
        ("locale", "tomorrow", "later"),
        [
            ("en", "tomorrow at 3:00 PM", "Monday 16 February at 3:00 PM"),
            ("en_US", "tomorrow at 3:00 PM", "Monday, February 16 at 3:00 PM"),
            ("en-GB", "tomorrow at 15:00", "Monday 16 February at 15:00"),
            ("es", "mañana a las 15:00", "el lunes 16 de febrero a las 15:00"),
            ("es-MX", "mañana a las 3:00 p.m.", "el lunes 16 de febrero a las 3:00 p.m."),
            ("fr", "demain à 15:00", "lundi 16 février à 15:00"),
            ("de", "morgen um 15:00 Uhr", "am Montag, 16. Februar um 15:00 Uhr"),
            ("pt", "amanhã às 15:00", "na segunda-feira, 16 de fevereiro, às 15:00"),
            ("it", "domani alle 15:00", "lunedì 16 febbraio alle 15:00"),
            ("nl", "morgen om 15:00 uur", "maandag 16 februari om 15:00 uur"),
            ("pl", "jutro o 15:00", "w poniedziałek 16 lutego o 15:00"),
            ("sv", "imorgon kl. 15:00", "måndag 16 februari kl. 15:00"),
            ("ja", "2月16日(月) 15:00", "2月16日(月) 15:00"),
        ],
    )
    def test_in_the_readers_language(self, locale, tomorrow, later):
        """`when` has the words, order and clock of the recipient's locale, also for dates further off."""
        start = MONDAY_10.replace(hour=15)
        assert said("{{ when }}", start=start, who={"locale": locale}) == tomorrow
        assert said("{{ when }}", "2026-02-10 10:00", start=start, who={"locale": locale}) == later

    def test_one_o_clock_is_singular_where_it_is(self):
        """Spanish says "a la 1:00", and "a las" for all other hours."""
        start = MONDAY_10.replace(hour=13)
        assert said("{{ when }}", start=start, who={"locale": "es_MX"}) == "mañana a la 1:00 p.m."
        assert said("{{ when }}", start=MONDAY_10.replace(hour=1), who={"locale": "es"}) == "mañana a la 1:00"

    @pytest.mark.parametrize("locale", ["klingon", "xx_YY", "", "e", "en_US_POSIX_x", "123"])
    def test_a_locale_nobody_knows_falls_back_to_the_kits(self, locale):
        """An unknown locale of a recipient gets the kit's own words and raises nothing."""
        assert said("{{ when }}", who={"locale": locale}, defaults=Defaults(locale="de")).startswith(
            ("morgen", "tomorrow")
        )
        assert said("{{ when }}", who={"locale": "klingon"}, defaults=Defaults(locale="de")) == "morgen um 10:00 Uhr"

    def test_where_even_the_fallback_is_unknown_it_is_english(self):
        """With neither locale known there are still words: the English ones."""
        assert known_locale("klingon", "dothraki") == "en"

    def test_b07_b14_it_is_said_in_the_readers_zone_not_in_utc(self):
        """Day and time are those on the recipient's own clock, which is named, across midnight too."""
        start = datetime(2026, 2, 16, 18, tzinfo=ZoneInfo("America/Los_Angeles"))  # the 17th in UTC
        assert said("{{ when }}", "2026-02-16 12:00", start=start) == "today at 6:00 PM"
        assert (
            said("{{ when }}", "2026-02-16 12:00", start=start, who={"timezone": "Europe/Berlin"})
            == "tomorrow at 3:00 AM (Berlin)"
        )

    def test_b31_an_all_day_appointment_has_a_date_only(self):
        """An all-day appointment has a date only wherever its reader is."""
        start = MONDAY_10.replace(hour=0)
        assert said("{{ when }}", start=start, all_day=True) == "tomorrow"
        assert said("{{ when }}", start=start, all_day=True, who={"timezone": "America/Los_Angeles"}) == "tomorrow"
        assert said("{{ when }}", "2026-02-01 10:00", start=start, all_day=True) == "Monday 16 February"

    @given(
        st.integers(0, 400),
        st.integers(0, 24 * 60 - 1),
        st.sampled_from([*LANGUAGES, "en_US", "en_GB", "ja", "ar", "fi", "hu", "cs", "zh", "fr_CA"]),
    )
    def test_no_locale_brings_a_space_that_doubles_the_price(self, days, minutes, locale):
        """Typographic spaces and marks of CLDR would force UCS-2: `when` holds none of them."""
        moment = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=days, minutes=minutes)
        words = when(moment, datetime(2026, 1, 1, tzinfo=UTC).date(), known_locale(locale))
        assert not set(words) & set("\u00a0\u202f\u2009\u200f\u2019")
        assert words == words.strip()


class TestTemplates:
    @pytest.mark.parametrize(
        ("text", "result"),
        [
            ("Hi {{ recipient.name }}", "Hi Ann"),
            ("{{ appointment.title }} {{ appointment.id }}", "Check-up A-1"),
            ("{{ appointment.starts_at | time }}", "10:00 AM"),
            ("{{ appointment.starts_at | date }}", "16 February"),
            ("{{ appointment.starts_at | date('full') }}", "Monday, February 16, 2026"),
            ("{{ appointment.starts_at | weekday }}", "Monday"),
            ("{{ appointment.starts_at.format('DD/MM HH:mm') }}", "16/02 10:00"),
            ("{{ appointment.starts_at.add(hours=1) | time('HH:mm') }}", "11:00"),
            (
                "{{ appointment.url or '-' }}|{{ data.nothing | default('') }}|{{ none | phone }}{{ none | link }}",
                "-||",
            ),
            ("{{ appointment.status }} {{ rule.id }} {{ rule.channel }}", "confirmed day-before sms"),
            ("{{ data.doctor }} {{ data['doctor'] }} {{ appointment.data.doctor }}", "Dr W Dr W Dr W"),
            ("{{ data.items }} {{ data.keys }} {{ data.get }}", "2 3 4"),
            ("{{ recipient.phone | phone }}", "+1 202-555-0123"),
            ("{{ appointment.starts_at.time() | time }}", "10:00 AM"),
            ("{% for tag in appointment.tags %}{{ loop.index }}{{ tag }}{% endfor %}", "1a2b3c4d5e"),
            ("{{ 'a' in appointment.tags }} {{ appointment.tags | join(' ') }}", "True a b c d e"),
            ("{{ 'example.com/a b?x=1&y=ä' | link }}", "https://example.com/a%20b?x=1&y=%C3%A4"),
            ("{{ 'http://example.com/%20' | link }}", "http://example.com/%20"),
            ("{{ 'tel:+12025550123' | link }}", "tel:+12025550123"),
            ("{{ 'tel:911' | link }}", "tel:911"),
            ("{{ 'SMS:12345?body=a b' | link }}", "SMS:12345?body=a%20b"),
            ("{{ 'mailto:a@b.example?subject=Hi you' | link }}", "mailto:a@b.example?subject=Hi%20you"),
            ("{{ 'geo:37.78,-122.39' | link }}", "geo:37.78,-122.39"),
            ("{{ 'maps:?q=Main St' | link }}", "maps:?q=Main%20St"),
            ("{{ 'com.example.app:/open' | link }}", "com.example.app:/open"),
            ("{{ 'webcal://example.com/x' | link }}", "webcal://example.com/x"),
            ("{{ '//example.com/x' | link }}", "https://example.com/x"),
            ("{{ 'example.com:8080/x' | link }}", "https://example.com:8080/x"),
            ("{{ 'example.com:8080' | link }}", "https://example.com:8080"),
            ("{{ 'localhost:80?x#y' | link }}", "https://localhost:80?x#y"),
            ("{{ '192.0.2.1:80/x' | link }}", "https://192.0.2.1:80/x"),
            ("{{ 'example.com/go?to=http://a.example' | link }}", "https://example.com/go?to=http://a.example"),
            ("{{ 'example.com/a:b' | link }}", "https://example.com/a:b"),
            ("{{ 'not a number' | phone }}", "not a number"),
            ("{% if data.doctor %}yes{% else %}no{% endif %}", "yes"),
            ("{{ data.missing | default('nobody') }}", "nobody"),
            ("{{ when | upper }}", "TOMORROW AT 10:00 AM"),
            ("no variables at all", "no variables at all"),
            ("  trimmed\n", "trimmed"),
            ("{{ appointment }}", "Check-up"),
        ],
    )
    def test_what_they_may_say(self, text, result):
        """Templates have appointment, recipient, rule, data, `when` and the filters, as plain text without edges."""
        data = {"doctor": "Dr W", "nothing": None, "items": 2, "keys": 3, "get": 4}
        if result:
            assert said(text, data=data, tags={"e", "d", "c", "b", "a"}) == result
        else:
            assert said(f"x{text}", data=data) == "x"

    def test_phones_of_the_kits_own_region_are_written_nationally(self):
        """The filter `phone` leaves the country code out for numbers of the default region."""
        assert said("{{ recipient.phone | phone }}", defaults=Defaults(region="US")) == "(202) 555-0123"

    def test_a_day_as_each_country_writes_it(self):
        """The filter `date` follows the recipient's locale in order and words."""
        days = [
            said("{{ appointment.starts_at | date }}", who={"locale": item}) for item in ("en_US", "de", "ja", "hu")
        ]
        assert days == ["February 16", "16. Februar", "2月16日", "február 16."]

    def test_the_start_of_what_lasts_all_day_keeps_its_date(self):
        """An all-day start is a date, which a reader's zone far to the west does not change."""
        start = MONDAY_10.replace(hour=0)
        text = said(
            "{{ appointment.starts_at | date }}", start=start, all_day=True, who={"timezone": "Pacific/Honolulu"}
        )
        assert text == "16 February"

    def test_starts_at_is_in_the_readers_zone(self):
        """`appointment.starts_at` shows the wall clock of the recipient's zone."""
        assert said("{{ appointment.starts_at | time }}", who={"timezone": "Europe/Berlin"}) == "4:00 PM"

    def test_b64_b05_the_text_is_that_of_this_occurrence(self):
        """A text shows the fields of the occurrence it is composed for."""
        assert said("{{ appointment.location }}", location="Room 5") == "Room 5"

    @pytest.mark.parametrize(
        ("text", "fault"),
        [
            ("{{ nme }}", "'nme' is undefined"),
            ("{{ data.doctor }}", "data has no attribute 'doctor'"),
            ("{{ appointment.titel }}", "appointment has no attribute 'titel'"),
            ("{{ appointment._appointment }}", "appointment"),
            ("{{ recipient.__class__ }}", "is not for templates"),
            ("{{ ''.__class__.__mro__ }}", "is not for templates"),
            ("{{ when", "line 1"),
            ("{% for x in %}", "line 1"),
            ("{{ 1 / 0 }}", "ZeroDivisionError in the template"),
            ("{{ appointment.title | nosuch }}", "nosuch"),
            ("{{ appointment.title | time }}", "takes a time or an instant"),
            ("{{ data.update({}) }}", "is not for templates"),
            ("{{ data.popitem() }}", "a template only reads values"),
            ("{{ ''.format }}", "join texts with ~"),
            ("{{ appointment.starts_at.now }}", "reads the machine's clock"),
            ("{{ appointment.starts_at.is_local }}", "reads the machine's time zone"),
            ("{{ recipient.nickname }}", "recipient has no attribute 'nickname'"),
            ("   ", "empty"),
            ("{{ appointment.url }}", "empty"),
        ],
    )
    def test_a_fault_names_appointment_rule_and_remedy(self, text, fault):
        """Unknown names, access to code, broken syntax and empty results name appointment and rule."""
        with pytest.raises(ConfigurationError) as caught:
            said(text)
        assert "appointment 'A-1', rule 'day-before'" in str(caught.value)
        assert fault in str(caught.value)

    def test_a_fault_shows_no_number_and_no_data(self):
        """The error of a template repeats neither phone numbers nor host data: errors end up in logs."""
        with pytest.raises(ConfigurationError) as caught:
            said("{{ recipient.phone + 5 }} {{ data.secret }}", data={"secret": "HIV"})
        assert "555" not in str(caught.value)
        assert "HIV" not in str(caught.value)

    def test_sets_give_the_same_text_in_every_process(self):
        """Sets are sorted for templates: hash seeds must not change a text and so replace its message."""
        given = {"data": {"extras": {"x-ray", "cleaning", "a"}}, "tags": {"vip", "dental", "new"}}
        text = said("{{ data.extras | join(',') }} {{ appointment.tags | join(',') }}", **given)
        assert text == "a,cleaning,x-ray dental,new,vip"

    def test_what_a_template_is_given_is_never_read_as_a_template(self):
        """Braces in a title stay text: host data cannot run as a template."""
        assert said("{{ appointment.title }}", title="{{ data.secret }} {% raw %}") == "{{ data.secret }} {% raw %}"

    def test_half_a_character_is_replaced_not_passed_on(self):
        """A lone surrogate in a title never reaches a provider: the text can be encoded."""
        said("{{ appointment.title }}", title="a\ud83db").encode("utf-8")

    def test_nothing_is_escaped_for_html(self):
        """A text message is no page: `&` and `<` stay as they are."""
        assert said("{{ appointment.title }}", title="Q&A <now>") == "Q&A <now>"


class TestDrafts:
    def test_a_draft_holds_all_that_the_provider_is_told(self):
        """Number, text, send time, channel, subject and media are composed together, templates filled in."""
        one = reminder(
            "Hi",
            rule={
                "channel": "mms",
                "subject": "{{ appointment.title }}",
                "media_urls": ["https://x.example/{{ appointment.id }}.png"],
            },
        )
        draft = Composer(Defaults()).compose(one, in_new_york("2026-02-15 10:00"))
        assert (draft.to, draft.text, draft.send_at) == (NUMBER, "Hi", in_new_york("2026-02-15 10:00"))
        assert (draft.channel, draft.subject, draft.media_urls) == ("mms", "Check-up", ("https://x.example/A-1.png",))

    @pytest.mark.parametrize(
        ("locale", "words"),
        [
            ("es", "ES mañana a las 10:00"),
            ("es_MX", "ES mañana a las 10:00 a.m."),
            ("pt-BR", "BR amanhã às 10:00"),
            ("pt_PT", "BR amanhã às 10:00"),
            ("en", "EN tomorrow at 10:00 AM"),
            ("en_GB", "EN tomorrow at 10:00"),
            ("ja", "EN tomorrow at 10:00 AM"),
            (None, "EN tomorrow at 10:00 AM"),
        ],
    )
    def test_text_and_times_speak_the_same_language(self, locale, words):
        """The closest text to the recipient's locale is taken, and `when` speaks the language of that text."""
        texts = {"en": "EN {{ when }}", "es": "ES {{ when }}", "pt_BR": "BR {{ when }}"}
        assert said(texts, who={"locale": locale}) == words

    def test_no_text_for_reader_nor_default_is_a_configuration_error(self):
        """Without a text for either locale, the error says which ones there are."""
        with pytest.raises(ConfigurationError, match="no text for locale 'en' nor for the default 'en': it has es"):
            said({"es": "Hola"})

    @pytest.mark.parametrize(
        ("send_at", "words"),
        [
            ("2026-02-15 10:00", "long"),
            ("2026-02-15 10:05", "long"),
            ("2026-02-15 10:06", "short"),
            ("2026-02-14 20:59", "long"),
        ],
    )
    def test_what_goes_out_late_may_have_a_text_of_its_own(self, send_at, words):
        """`late_text` is taken for what goes out more than five minutes after its due time."""
        assert said("long", send_at, rule={"late_text": "short"}) == words

    def test_max_parts_refuses_what_would_be_longer(self):
        """An SMS longer than `max_parts` is an error with its length; an MMS has no parts."""
        assert said("x" * 160, rule={"max_parts": 1})
        with pytest.raises(ConfigurationError, match=r"2 SMS parts .gsm7., and max_parts is 1: shorten"):
            said("x" * 161, rule={"max_parts": 1})
        assert said("x" * 161, rule={"max_parts": 1, "channel": "mms", "subject": "x"})

    def test_nobody_gets_no_text(self):
        """Composing a reminder without a recipient is an error."""
        given = Appointment("A-1", MONDAY_10)
        (one,) = reminders_of(given, [Rule("r", before="1 day", text="Hi")], Defaults())
        with pytest.raises(ConfigurationError, match="no recipient"):
            Composer(Defaults()).compose(one, in_new_york("2026-02-15 10:00"))

    def test_typographic_characters_become_plain_where_wished(self):
        """With `transliterate`, quotes, dashes and ellipses become plain, which keeps the text in GSM-7."""
        one = reminder("It’s “{{ appointment.title }}” – see you…")
        calm = Composer(Defaults(transliterate=True)).compose(one, in_new_york("2026-02-15 10:00")).text
        assert calm == 'It\'s "Check-up" - see you...'
        assert Composer(Defaults()).compose(one, in_new_york("2026-02-15 10:00")).text == "It’s “Check-up” – see you…"

    def test_b12_the_same_reminder_gives_the_same_text(self):
        """Composing twice gives equal drafts: a second plan finds nothing to replace."""
        one = reminder("Hi {{ recipient.name }} {{ when }}")
        composer = Composer(Defaults())
        assert composer.compose(one, in_new_york("2026-02-15 10:00")) == composer.compose(
            one, in_new_york("2026-02-15 10:00")
        )


class TestParts:
    @pytest.mark.parametrize(
        ("text", "parts"),
        [
            ("", Parts("gsm7", 0, 1)),
            ("a", Parts("gsm7", 1, 1)),
            ("a" * 160, Parts("gsm7", 160, 1)),
            ("a" * 161, Parts("gsm7", 161, 2)),
            ("a" * 306, Parts("gsm7", 306, 2)),
            ("a" * 307, Parts("gsm7", 307, 3)),
            ("€", Parts("gsm7", 2, 1)),
            ("€" * 80, Parts("gsm7", 160, 1)),
            ("€" * 81, Parts("gsm7", 162, 2)),
            ("€" * 152, Parts("gsm7", 304, 2)),
            ("€" * 153, Parts("gsm7", 306, 3)),
            ("a" * 152 + "€" + "a" * 152, Parts("gsm7", 306, 3)),
            ("a" * 151 + "€" + "a" * 153, Parts("gsm7", 306, 2)),
            ("[]{}~^|\\", Parts("gsm7", 16, 1)),
            ("\f", Parts("gsm7", 2, 1)),
            ("\n\r", Parts("gsm7", 2, 1)),
            ("ÄÖÑÜäöñüàéèùìòÇØøÅåÆæßÉ¿¡§¤£¥@", Parts("gsm7", 30, 1)),
            ("ΔΦΓΛΩΠΨΣΘΞ", Parts("gsm7", 10, 1)),
            ("ç", Parts("ucs2", 1, 1)),
            ("á", Parts("ucs2", 1, 1)),
            ("’", Parts("ucs2", 1, 1)),
            ("`", Parts("ucs2", 1, 1)),
            ("\t", Parts("ucs2", 1, 1)),
            ("\u00a0", Parts("ucs2", 1, 1)),
            ("’" + "a" * 69, Parts("ucs2", 70, 1)),
            ("’" + "a" * 70, Parts("ucs2", 71, 2)),
            ("’" * 134, Parts("ucs2", 134, 2)),
            ("’" * 135, Parts("ucs2", 135, 3)),
            ("😀", Parts("ucs2", 2, 1)),
            ("😀" * 35, Parts("ucs2", 70, 1)),
            ("😀" * 36, Parts("ucs2", 72, 2)),
            ("😀" * 66, Parts("ucs2", 132, 2)),
            ("😀" * 67, Parts("ucs2", 134, 3)),
            ("a" * 66 + "😀" + "a" * 66, Parts("ucs2", 134, 3)),
            ("а" * 70, Parts("ucs2", 70, 1)),
        ],
        ids=lambda value: repr(value[:12]) + str(len(value)) if isinstance(value, str) else "",
    )
    def test_hard_cases(self, text, parts):
        """Escapes and surrogate pairs count as two units, and are never cut between two parts."""
        assert sms_parts(text) == parts

    @given(st.text(max_size=400))
    def test_parts_hold_their_units_and_nothing_in_gsm7_is_dear(self, text):
        """Any text fits the parts it is counted as, and has costly characters only in UCS-2."""
        encoding, units, parts = sms_parts(text)
        whole, joined = (160, 153) if encoding == "gsm7" else (70, 67)
        assert parts >= 1
        assert units <= (whole if parts == 1 else joined * parts)
        assert bool(costly_characters(text)) == (encoding == "ucs2")
        if encoding == "ucs2":
            assert units == len(text.encode("utf-16-le", "surrogatepass")) // 2

    @given(st.text(st.sampled_from("abc€’“”«»–—… \u202f\u00a0ñé"), max_size=200))
    def test_plain_text_is_never_dearer_and_plain_already(self, text):
        """Transliterating twice changes nothing more, and costs no part unless an ellipsis grew."""
        assert sms_parts(transliterated(text)).parts <= sms_parts(text).parts or "…" in text
        assert transliterated(transliterated(text)) == transliterated(text)
        assert not costly_characters(transliterated(text))


def test_a_forecast_counts_messages_parts_and_money_by_rule():
    """Each rule has its messages, SMS parts, UCS-2 texts and MMS; prices multiply parts and MMS."""
    costs = forecast(
        [("a", "sms", "x" * 161), ("a", "sms", "’"), ("b", "mms", "x" * 999), ("b", "sms", "x"), ("c", "mms", "")]
    )
    assert costs == {"a": Cost(2, 3, 1, 0), "b": Cost(2, 1, 0, 1), "c": Cost(1, 0, 0, 1)}
    assert costs["b"].price(Decimal("0.004"), Decimal("0.015")) == Decimal("0.019")


HEAVY = """
import sys, reminder_kit.text.composer, reminder_kit.rules.placement
print(*sorted({"jinja2", "babel", "phonenumbers", "holidays", "pendulum"} & set(sys.modules)))
"""


def test_importing_the_core_imports_nothing_heavy():
    """Templates, CLDR, phone numbers and holidays are loaded at first use, not at import."""
    where = str(Path(__file__).parents[2])
    done = subprocess.run([sys.executable, "-c", HEAVY], cwd=where, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def findings(text="See you {{ when }}.", defaults=None, **changes):
    rule = Rule("r", **{"before": "1 day", "text": text, **changes})
    return [f"{finding.severity}: {finding.message}" for finding in lint(rule, defaults or Defaults())]


class TestLint:
    @pytest.mark.parametrize(
        "text",
        [
            "Hi {{ recipient.name }}, {{ appointment.title }} {{ when }} at {{ appointment.location }}.",
            "Hi {{ recipient.name }}, see you {{ when }}. Reply STOP to opt out.",
            "Reply C to cancel, Y to confirm.",
            "Call us to cancel.",
            "Text STOP to unsubscribe",
            "Reply STOP to stop receiving messages",
            "{% for tag in appointment.tags %}{{ tag }}{% endfor %} {{ data.doctor }}",
            "{% set x = when %}{{ x }}",
            "{% for tag in appointment.tags %}{{ loop.index }}{% endfor %}!",
            "{{ appointment.starts_at | time }} {{ recipient.key }} {{ rule.id }}",
            "We will text you when the weekend ends. To cancel, call.",
        ],
    )
    def test_nothing_is_said_of_good_texts(self, text):
        """Sound texts, also those that name STOP as an opt-out, have no findings."""
        assert findings(text) == []

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("{{ nme }}", "error: text: unknown variable 'nme'"),
            ("{{ recipent.name }}", "did you mean 'recipient'?"),
            ("{{ appointment.titel }}", "error: text: unknown variable 'appointment.titel': did you mean 'title'?"),
            ("{{ recipient.firstname }}", "unknown variable 'recipient.firstname'"),
            ("{{ rule.text }}", "unknown variable 'rule.text'"),
            ("{{ when", "error: text: it cannot be read"),
            ("{{ when | tme }}", "error: text: unknown filter 'tme': did you mean 'time'?"),
            ("", "error: it has no text"),
        ],
    )
    def test_errors(self, text, said):
        """Unknown names and unreadable templates are errors, with the nearest right name."""
        assert any(said in finding for finding in findings(text))
        assert all(finding.startswith("error") for finding in findings(text))

    @pytest.mark.parametrize(
        "text",
        [
            "Reply CANCEL to cancel.",
            "reply cancel",
            "Reply 'CANCEL' if you can't come",
            "Text STOP to cancel your visit",
            "Reply YES to confirm or CANCEL to cancel",
            "Send us END when done",
            "Respond with QUIT",
            "Reply stop to cancel your visit",
            "Reply with the word cancel if you can't come",
            "Text us back 'quit' if you can't come",
            'Antworten Sie mit "end", um abzusagen',
            "Responda con cancel para anular",
            "Répondez avec cancel pour annuler",
            "Responda com: cancel",
            "Antwoord met 'end' om af te zeggen",
            "Responda CANCEL para anular",
            "Antworten Sie mit STOP, um abzusagen",
            "Reply UNSUBSCRIBE",
            "Reply STOP to stop by tomorrow",
            "Reply STOP to opt out, or CANCEL to cancel.",
            "Reply {{ recipient.name }} or QUIT",
        ],
    )
    def test_replies_that_would_opt_the_person_out(self, text):
        """Asking for a carrier's keyword, to cancel a visit say, is a warning: the reply would opt the person out."""
        (found,) = findings(text)
        assert found.startswith("warning: text: asks for the reply")
        assert "opts the person out" in found

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("It’s time", "'’' is not in the GSM alphabet"),
            ("See you 😀", "'😀' is not in the GSM alphabet"),
            ("x" * 161, "takes 2 SMS parts (161 units of gsm7)"),
            ("{{ appointment.title }} " * 12, "takes 2 SMS parts"),
        ],
        ids=["quote", "emoji", "long", "long when filled in"],
    )
    def test_what_makes_a_text_dear(self, text, said):
        """A character outside the GSM alphabet, or a second part, is a warning, also once filled in."""
        assert any(finding.startswith("warning") and said in finding for finding in findings(text))

    def test_dates_of_a_language_may_be_dear_by_themselves(self):
        """The words of a date can hold costly characters that the template does not show."""
        (found,) = findings("Do zobaczenia {{ appointment.starts_at | weekday }}", Defaults(locale="pl"))
        assert "words such as dates bring 'ł' 'ś' 'ą'" in found

    def test_data_of_a_shape_nobody_can_guess_is_no_fault(self):
        """Fields of host data are unknown to the linter: it makes them up and says nothing."""
        assert findings("{{ data.doctor.name }} {{ when }}") == []

    def test_max_parts_says_how_many_are_meant(self):
        """A text within `max_parts` is not reported for its length, and one beyond is."""
        assert findings("x" * 300, max_parts=2) == []
        assert findings("x" * 400, max_parts=2)

    def test_a_missing_default_locale_is_an_error(self):
        """A text by locale needs one for the default locale, for everybody else; any of its countries is enough."""
        assert findings({"es": "Hola"}) == [
            "error: text has es and nothing for the default locale 'en', which everybody else gets: add it"
        ]
        assert findings({"es": "Hola", "en_GB": "Hi"}) == []

    def test_every_text_is_judged_in_its_place(self):
        """A finding names the text it is about: its key, and its locale where there are several."""
        found = findings({"en": "Hi", "es": "{{ nme }}"}, late_text="{{ whn }}")
        assert [match.partition(": unknown")[0] for match in found] == ["error: text.es", "error: late_text"]

    def test_subject_and_media_are_judged_too(self):
        """Unknown variables in the subject and in media addresses are found as in texts."""
        found = findings(channel="mms", subject="{{ x }}", media_urls=["https://x.example/{{ y }}.png"])
        assert [match.partition(":")[2].partition(":")[0].strip() for match in found] == ["subject", "media_urls"]

    def test_a_finding_names_its_rule(self):
        """Printed, a finding has severity, rule, fault and remedy."""
        (found,) = lint(Rule("r", before="1 day"), Defaults())
        assert str(found) == "error: rule 'r': it has no text: write text = \"See you {{ when }}.\""
