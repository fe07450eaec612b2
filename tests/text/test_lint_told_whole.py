"""Lint: each thing that is wrong, or dearer than need be, with a rule's texts, in its whole words; and what is not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from reminder_kit import Rule
from reminder_kit.errors import InvalidRuleError
from reminder_kit.rules.defaults import Defaults
from reminder_kit.text.linter import Finding, lint, linted, opt_out_warnings, warnings_of
from reminder_kit.text.samples import made_up, read_fields


def found(text, defaults=None, **changes):
    return [
        f"{finding.severity}: {finding.message}"
        for finding in lint(Rule("r", **{"before": "1 day", "text": text, **changes}), defaults or Defaults())
    ]


def asks(word):
    return (
        f'warning: text: asks for the reply "{word}", which opts the person out of all messages at the provider: ask '
        'for another word, such as "C" or "NO"'
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        *((f"Reply {word} to change.", [word]) for word in
          ("STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT")),
        *((f"{verb} stop.", ["stop"]) for verb in
          ("reply", "text", "send", "respond", "answer", "message", "responda", "responde", "envíe", "envía",
           "réponds", "répondez", "reponds", "antworte", "antworten", "rispondi", "antwoord", "odpisz")),
        *((f"Reply {filling} end", ["end"]) for filling in
          ("us", "back", "with", "the word", "sie", "mit", "con", "avec", "com", "met", '"', "“", "‘",
           "«", ":", "us:“")),
        ("Reply C or CANCEL", ["CANCEL"]),
        ("Reply C or cancel", []),
        ("Reply C to cancel", []),
        ("Reply C. CANCEL", []),
        ("Reply C! END", []),
        ("Reply C? END", []),
        ("Reply C\nEND", []),
        ("To END your visit, call us.", []),
        ("Reply CANCEL, or text QUIT or CANCEL", ["CANCEL", "QUIT"]),
        ("Reply CANCELLED", []),
        ("Replying END", []),
        ("Reply {{ 'CANCEL' }}", []),
        ("Reply {% if 1 %}END{% endif %}", ["END"]),
        ("Reply {# CANCEL #}C", []),
        ("Reply STOP to opt out", []),
        ("Reply STOP to opt-out", []),
        ("Reply STOP for optout", []),
        ("Reply 'STOP' to unsubscribe", []),
        ("Reply STOP = unsubscribe", []),
        ("Reply STOP to stop messages", []),
        ("Reply STOP to end all our texts", []),
        ("Reply STOP for no more reminders", []),
        ("Reply STOP to stop", []),
        ("Reply STOP to stop by", ["STOP"]),
        ("Reply STOP to cancel", ["STOP"]),
        ("Reply STOP to end your visit", ["STOP"]),
        ("Reply STOP to end it. Messages cost", ["STOP"]),
    ],
    ids=lambda value: value[:40] if isinstance(value, str) else "",
)  # fmt: skip
def test_a_reply_that_opts_out_is_pointed_out_where_it_is_asked_for(text, words):
    """In the sentence that asks for it, each word once; and not where it is said to end the messages."""
    assert [one for one in found(text) if "asks for" in one] == [asks(word) for word in words]


def test_the_replies_of_all_rules_are_pointed_out_by_their_place():
    """Each text of each rule, by its locale."""
    rules = [
        Rule("a", before="1 day", text={"en": "Reply END", "de": "Antworten mit STOP"}, late_text="Reply QUIT"),
        Rule("b", before="1 day", text="Hi"),
        Rule("c", days_before=1, at="18:00", text="Hi", together="Reply END"),
    ]
    assert [warning.partition(" asks for")[0] for warning in opt_out_warnings(rules)] == [
        "rule 'a': text.en:", "rule 'a': text.de:", "rule 'a': late_text:", "rule 'c': together:",
    ]  # fmt: skip


COSTLY = "not in the GSM alphabet: a part then holds 70 characters instead of 160"
DOUBLED = ", and each of those beyond the first 65,536 of Unicode, as emoji are, counts two"
GLUED = "stands right behind a link, and many phones take it for a part of it: leave a space between"


@pytest.mark.parametrize(
    ("text", "changes", "findings"),
    [
        ("Hi", {}, []),
        ("", {}, ['error: it has no text: write text = "See you {{ when }}."']),
        (" \n\u3000", {}, ['error: it has no text: write text = "See you {{ when }}."']),
        ({"en": "Hi", "de": " "}, {}, ["error: text.de is empty: write a text, or leave de out"]),
        ({"en": "Hi", "de": ""}, {"channel": "mms", "media_urls": ["https://clinic.example/a.png"]}, []),
        ("Hi", {"late_text": " "}, []),
        ("Hi", {"late_text": {"en": " "}}, ["error: late_text.en is empty: write a text, or leave en out"]),
        ("Hi {{ when", {}, [
            "error: text: it cannot be read: unexpected end of template, expected 'end of print statement'."]),
        ({"de": "Hi", "fr": "Hi"}, {}, [
            "error: text has de, fr and nothing for the default locale 'en', which everybody else gets: add it"]),
        ({"en_GB": "Hi", "de": "Hi"}, {}, []),
        ({"en": "Hi", "xx-YY": "Hi"}, {}, [
            'warning: text.xx-YY: unknown locale: use a language tag such as "en", "es-MX" or "de"']),
        ("“Hi”", {}, [f"warning: text: '“' '”' are {COSTLY}"]),
        ("ś", {}, [f"warning: text: 'ś' is {COSTLY}"]),
        ("śąęłżźćńĄ", {}, [f"warning: text: 'ś' 'ą' 'ę' 'ł' 'ż' 'ź' 'ć' 'ń' … are {COSTLY}"]),
        ("śąęłżźćń", {}, [f"warning: text: 'ś' 'ą' 'ę' 'ł' 'ż' 'ź' 'ć' 'ń' are {COSTLY}"]),
        ("\uffff", {}, [f"warning: text: '\\uffff' is {COSTLY}"]),
        ("ś🦷", {}, [f"warning: text: 'ś' '🦷' are {COSTLY}{DOUBLED}"]),
        ("x" * 160, {}, []),
        ("x" * 161, {}, ["warning: text: takes 2 SMS parts (161 units of gsm7) for a realistic appointment"]),
        ("{{ when }}" + "x" * 136, {}, [
            "warning: text: takes 2 SMS parts (168 units of gsm7) for a realistic appointment"]),
        ("x" * 161, {"max_parts": 2}, []),
        ("x" * 307, {"max_parts": 2}, [
            "warning: text: takes 3 SMS parts (307 units of gsm7) for a realistic appointment"]),
        ("x" * 161, {"channel": "mms"}, []),
        ("&lt;&LT;&#65;&#x41; &nixda; &lt; & &; &a;", {}, [
            "warning: text: '&#65;' is sent as these 5 characters, since a text is no HTML: write 'A'",
            "warning: text: '&#x41;' is sent as these 6 characters, since a text is no HTML: write 'A'",
            "warning: text: '&LT;' is sent as these 4 characters, since a text is no HTML: write '<'",
            "warning: text: '&lt;' is sent as these 4 characters, since a text is no HTML: write '<'"]),
        ('HTTP://b.example/x; http://c.example/y" https://d.example/z;', {}, [
            f"warning: text: '\"' {GLUED}", f"warning: text: ';' {GLUED}"]),
        ("{{ 'x' * 20000 }}", {}, ["error: text: it makes 20,000 characters or items, and may make 10,000"]),
        ("{{ data.x + 1 }}", {}, []),
        ("{{ wen }}", {}, ["error: text: unknown variable 'wen': did you mean 'when'?"]),
        ("Hi", {"late_text": "{{ wen }}"}, ["error: late_text: unknown variable 'wen': did you mean 'when'?"]),
        ("Hi", {"channel": "mms", "subject": "{{ wen }}"}, [
            "error: subject: unknown variable 'wen': did you mean 'when'?"]),
        ("Hi", {"channel": "mms", "media_urls": ["https://a.example/{{ wen }}"]}, [
            "error: media_urls: unknown variable 'wen': did you mean 'when'?"]),
        ("", {"channel": "mms", "media_urls": ["https://a.example/x"]}, []),
        ("{{ recipient.name }}{{ wen }} Reply END ś", {}, [
            "error: text: unknown variable 'wen': did you mean 'when'?", asks("END")]),
    ],
    ids=lambda value: str(value)[:40],
)  # fmt: skip
def test_each_finding_says_where_what_and_what_would_be_right(text, changes, findings):
    """Errors first."""
    assert found(text, **changes) == findings


def test_typographic_signs_cost_nothing_where_they_are_made_plain():
    """Neither the text's own nor those of a language's words."""
    plain = Defaults(transliterate=True)
    assert found("“Hi” … {{ appointment.title }}’s", plain) == []
    assert found("ś’", plain) == [f"warning: text: 'ś' is {COSTLY}"]


def test_what_dates_cost_is_said_with_the_locale():
    """Where the text itself has only cheap letters."""
    assert found({"en": "Hi", "fr": "{{ appointment.starts_at | date('MMM') }}"})[0].startswith(
        "warning: text.fr: in fr, words such as dates bring 'û', not in the GSM alphabet: a part then holds 70 chara"
    )
    assert found("{{ when }}", Defaults(locale="fr"))[0].startswith("warning: text: in fr, words such as dates bring")


def test_a_joint_text_is_tried_with_two_appointments():
    """An hour apart, on one day."""
    each = "{% for one in appointments %}{{ one.starts_at | time }} {{ one.title }}{{ 'x' * 60 }} {% endfor %}"
    findings = found("Hi", before=None, days_before=1, at="18:00", together=each)
    assert findings == ["warning: together: takes 2 SMS parts (168 units of gsm7) for a realistic appointment"]


def test_a_rule_for_holidays_needs_some():
    """Where there are neither holidays nor closed days it means no day."""
    rule = {"before": None, "days_before": 1, "at": "18:00", "if_holiday": "skip"}
    said = 'warning: if_holiday means no day: write holidays = ["US"] or closed_days at the top'
    assert found("Hi", **rule) == [said]
    assert found("Hi", Defaults(closed_days=["2026-12-24"]), **rule) == []
    assert found("Hi", Defaults(holidays=["US"]), **rule) == []


def test_the_first_error_is_raised_with_its_place_and_warnings_are_told():
    """With the name of the rule."""
    rule, wrong = Rule("r", before="1 day", text="ś"), Rule("w", before="1 day", text="{{ wen }}ś")
    assert list(warnings_of(rule, Defaults())) == [f"rule 'r': text: 'ś' is {COSTLY}"]
    assert linted(rule, Defaults()) == linted(rule, Defaults()) == (f"rule 'r': text: 'ś' is {COSTLY}",)
    said = "rule 'w': text: unknown variable 'wen': did you mean 'when'?"
    for ask, words in (
        (lambda: list(warnings_of(wrong, Defaults())), said),
        (lambda: list(warnings_of(wrong, Defaults(), "rules.toml")), f"rules.toml: {said}"),
        (lambda: linted(wrong, Defaults()), said),
    ):
        with pytest.raises(InvalidRuleError) as caught:
            ask()
        assert str(caught.value) == words
    assert str(Finding("error", "r", "odd")) == "error: rule 'r': odd"


def test_what_was_linted_is_known_by_all_that_makes_a_difference():
    """The rule, its id, the defaults, and what every text must say; not whose rules they are."""
    rule = Rule("r", before="1 day", text="Hi {{ when }}")
    assert linted(rule, Defaults()) == ()
    assert linted(rule, Defaults(must_say="STOP")) == (
        "rule 'r': text: does not say 'STOP', which must_say asks of every text",
    )
    assert linted(rule, Defaults(locale="pl"))[0].startswith("rule 'r': text: in pl, words such as dates bring")
    assert linted(Rule("s", before="1 day", text="Hi ś"), Defaults())[0].startswith("rule 's'")
    assert linted(Rule("t", before="1 day", text="Hi ś"), Defaults())[0].startswith("rule 't'")


def test_a_made_up_appointment_is_that_of_a_clinic():
    """Every part of it."""
    start = datetime(2026, 2, 16, 15, tzinfo=UTC)
    found = made_up(start, [])
    assert (found.id, found.title, found.location) == ("A-10042", "Dental check-up", "12 Harbour Street")
    assert (found.starts_at, found.ends_at) == (start, start + timedelta(minutes=45))
    assert (found.booked_at, found.url) == (start - timedelta(days=20), "https://example.com/a/10042")
    (who,) = found.recipients
    assert (who.phone, who.name, who.locale, who.data) == ("+12025550123", "Alexandra Winter", None, {})


@pytest.mark.parametrize(
    ("source", "paths"),
    [
        ("{{ data.a.b }}{{ data['c'] }}", {("data", "a", "b"), ("data", "a"), ("data", "c")}),
        ("{{ data.a() }}{{ data['b']() }}", set()),
        ("{{ data.a[1].b }}{{ data[data.c] }}{{ 'x'.y }}{{ f().z }}", {("data", "a"), ("data", "c")}),
        ("{{ data.a", set()),
        ("data.a", set()),
        ("{% if appointment.title %}{% endif %}", {("appointment", "title")}),
    ],
)
def test_what_is_read_is_told_by_names(source, paths):
    """As far as no name on the way is computed."""
    assert set(read_fields(source)) == paths


def test_data_is_made_up_as_deep_as_it_is_read():
    """Of a person, and of the appointment, by either name; of several templates."""
    found = made_up(
        datetime(2026, 2, 16, tzinfo=UTC),
        ["{{ data.a.b }}{{ data.a }}", "{{ appointment.data.a.c }}", "{{ recipient.data.d.e }}{{ rule.data.f }}"],
    )
    assert found.data == {"a": {"b": "Dr Winter", "c": "Dr Winter"}}
    assert found.recipients[0].data == {"d": {"e": "Dr Winter"}}
