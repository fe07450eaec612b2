"""Templates know only what they were handed: no clock, no zone of the machine, no code; and they keep to bounds."""

from __future__ import annotations

import os
import random
import sys
import time as machine
from collections import Counter
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import pytest

from reminder_kit import ReminderKit
from reminder_kit.errors import ConfigurationError, InvalidRuleError
from reminder_kit.model.appointments import Appointment, Recipient
from reminder_kit.providers.telnyx import Telnyx
from reminder_kit.rules.defaults import Defaults
from reminder_kit.rules.rule import Rule
from reminder_kit.text.linter import lint
from reminder_kit.text.templates import TemplateContext, compiled
from reminder_kit.text.time_phrases import known_locale
from tests.factories import NEW_YORK
from tests.text import template_grammar

START = datetime(2026, 2, 16, 10, tzinfo=NEW_YORK)
DATA = {
    "born": date(1980, 2, 16),
    "opens": time(8, 30),
    "at": datetime(2026, 2, 18, 9, 0),
    "booked": datetime(2026, 2, 10, 15, 0, tzinfo=UTC),
    "price": Decimal("12.50"),
    "visits": [{"name": "A", "at": datetime(2026, 2, 19, 9, 0, tzinfo=UTC)}, {"name": "B", "at": None}],
    "note": "bring\nyour\tcard\u202e\x1b[31m",
    "age": 45,
}


def context(send_at=START - timedelta(days=1), *, locale="en", start=START, **changes):
    ann = Recipient("+12025550123", name="Ann", data={"pet": "Rex"})
    given = {"ends_at": start + timedelta(hours=1), "title": "Check-up", "tags": ["b", "a"], "data": DATA, **changes}
    one = Appointment("A-1", start, recipients=[ann], **given)
    two = Appointment("A-2", start + timedelta(hours=2), recipients=[ann], title="X-ray")
    rule = Rule("day-before", before="24 hours", text="x")
    home = "America/New_York"
    return TemplateContext(one, ann, rule, send_at, home, known_locale(locale), "US", ((two, ann, home),))


def rendered(source, *args, **changes):
    return compiled(source).render(context(*args, **changes))


def errors_of(source, **changes):
    rule = Rule("r", before="1 day", text=source, **changes)
    return [finding.message for finding in lint(rule, Defaults()) if finding.severity == "error"]


CLOCKS = {
    "{{ appointment.starts_at.diff_for_humans() }}": "diff_for_humans",
    "{{ appointment.starts_at.now() }}": "now",
    "{{ appointment.starts_at.is_future() }}": "is_future",
    "{{ appointment.ends_at.age }}": "age",
    "{{ appointment.starts_at.today() }}": "today",
    "{{ appointment.starts_at.diff() }}": "diff",
    "{{ appointment.starts_at.diff(none).days }}": "diff",
    "{{ appointment.starts_at['now']() }}": "now",
    "{{ appointment.starts_at | attr('age') }}": "age",
    "{{ (appointment.starts_at | attr('now'))() }}": "now",
    "{{ appointment.starts_at.add(days=1).is_past() }}": "is_past",
    "{{ appointment.starts_at.date().today() }}": "today",
    "{{ appointment.starts_at.time().diff_for_humans() }}": "diff_for_humans",
    "{% set at = appointment.starts_at %}{{ at.age }}": "age",
    "{% for visit in appointments %}{{ visit.starts_at.is_birthday() }}{% endfor %}": "is_birthday",
    "{{ appointments | map(attribute='starts_at.age') | join }}": "age",
    "{{ appointments | sort(attribute='starts_at.age') | length }}": "age",
    "{{ appointments | groupby('starts_at.age') | length }}": "age",
    "{{ (appointments | first).starts_at.now() }}": "now",
    "{{ data.booked.diff_for_humans() }}": "diff_for_humans",
    "{{ data.born.is_past() }}": "is_past",
    "{{ appointment.starts_at.in_timezone('local') }}": "in_timezone",
    "{{ appointment.starts_at.in_tz('posix/localtime') }}": "in_tz",
    "{{ appointment.starts_at.astimezone() }}": "astimezone",
    "{{ appointment.starts_at.replace(tzinfo=none) }}": "replace",
    "{{ appointment.starts_at.is_local() }}": "is_local",
    "{{ appointment.starts_at.strftime('%s') }}": "%s",
    "{{ '{0.age}'.format(appointment.starts_at) }}": "format",
    "{{ recipient.name.format_map(data) }}": "format_map",
    "{{ recipient.__class__ }}": "__class__",
    "{{ when.encode() }}": "encode",
}
"""What a template must not read, written out, each with the word that the error names."""

MADE_UP = {
    "{{ appointment.starts_at | attr('no' ~ 'w') }}": "now",
    "{{ appointment.starts_at['a' ~ 'ge'] }}": "age",
    "{{ data.born.age }}": "age",
    "{{ data.visits | map(attribute='at.age') | list | length }}": "age",
    "{{ data.visits[0].at.age }}": "age",
    "{{ data.at.astimezone(appointment.starts_at.tzinfo) }}": "astimezone",
    "{{ data.at.timestamp() }}": "timestamp",
    "{% macro said(at) %}{{ at.age }}{% endmacro %}{{ said(appointment.starts_at) }}": "age",
    "{{ (appointment.starts_at - data.booked).range('days') }}": "range",
    "{{ ('{0.' ~ 'age}').format(appointment.starts_at) }}": "format",
    "{{ data['upd' ~ 'ate'] }}": "update",
}
"""The same, where only the rendering tells of what kind a value is."""


class TestTheClock:
    @pytest.mark.parametrize(("source", "word"), [*CLOCKS.items(), *MADE_UP.items()], ids=[*CLOCKS, *MADE_UP])
    def test_no_template_reads_it(self, source, word):
        """Whatever would read the machine's clock or zone, or lead to code, is a template error that names it."""
        with pytest.raises(ConfigurationError, match="'A-1', rule 'day-before'") as caught:
            rendered(source)
        assert word in str(caught.value)

    @pytest.mark.parametrize(("source", "word"), CLOCKS.items(), ids=list(CLOCKS))
    def test_what_is_written_out_is_refused_when_rules_load(self, source, word):
        """The linter names the attribute and, for the clock, the filter to write instead."""
        (found,) = errors_of(source)
        assert word in found
        assert "reads the machine's clock" not in found or "{{ … | relative }}" in found

    def test_a_kit_is_not_made_with_such_a_rule(self):
        """In code, too, the rule is refused as the kit is made."""
        rule = Rule("r", before="1 day", text="See you {{ appointment.starts_at.diff_for_humans() }}")
        with pytest.raises(InvalidRuleError, match=r"'diff_for_humans' of a datetime .*relative"):
            ReminderKit(Telnyx("KEY", "+12025550100"), [rule], "sqlite://")

    @pytest.mark.parametrize(
        ("source", "text"),
        [
            ("{{ appointment.ends_at.diff(appointment.starts_at).in_minutes() }}", "60"),
            ("{{ (appointment.ends_at - appointment.starts_at).in_words() }}", "1 hour"),
            ("{{ appointment.starts_at.diff_for_humans(data.booked) }}", "6 days after"),
            ("{{ appointment.starts_at.in_timezone('Europe/Berlin') | time('HH:mm') }}", "16:00"),
            ("{{ appointment.starts_at.tzinfo.name }}", "America/New_York"),
            ("{{ appointment.starts_at.strftime('%d.%m.') }} {{ appointment.starts_at.day_of_week }}", "16.02. 0"),
            ("{{ data.born.year }} {{ data.opens.isoformat() }} {{ data.at.date() }}", "1980 08:30:00 2026-02-18"),
            ("{{ data.visits | map(attribute='name') | join(', ') }} {{ data.age }}", "A, B 45"),
            ("{{ data.visits | map(attribute='nick', default='-') | join }}", "--"),
            ("{{ appointments | map(attribute='title') | join(' and ') }}", "Check-up and X-ray"),
            ("{{ '%05.2f' % data.price }} {{ '%s' | format(day) }} {{ data.price * 2 }}", "12.50 tomorrow 25.00"),
            ("{{ recipient.data.pet.upper().center(9) }}|{{ 'ab' * 3 }} {{ 2 ** 10 }}", "   REX   |ababab 1024"),
            (
                "{% for who, all in appointments | groupby('recipient.name') %}{{ who }}{{ all | count }}{% endfor %}",
                "Ann2",
            ),
            (
                "{{ recipient }} {{ rule }} {{ appointment }} {{ appointment.status.value }}",
                "Ann day-before Check-up confirmed",
            ),
            (
                "{% for a in appointments if a.recipient == recipient %}{{ loop.index }}/{{ loop.length }}{% endfor %}",
                "1/22/2",
            ),
            ("{{ 'yes' if data.missing is defined else 'no' }}{{ data.keys() | length }}", "no8"),
            ("{% for x in [1, [2, [3]]] recursive %}{{ x if x is number else loop(x) }}{% endfor %}", "123"),
            ("{% macro m(word) %}*{{ word }}*{{ caller() }}{% endmacro %}{% call m('a') %}b{% endcall %}", "*a*b"),
            ("{% set x %}a{{ 1 }}{% endset %}{{ x ~ x }}{% filter upper %}b{% endfilter %}", "a1a1B"),
        ],
    )
    def test_what_needs_none_is_read(self, source, text):
        """Days, times, lengths between two of them, data as values, and what Jinja2 makes of them, stay as they are."""
        assert rendered(source) == text
        assert errors_of(source) == []

    @pytest.mark.parametrize(
        "source",
        [
            "{{ data.missing }}",
            "{{ data.visits | map(attribute='nosuch') | list | length }}",
            "{{ appointment.titel }}",
        ],
    )
    def test_what_is_missing_is_an_error_everywhere(self, source):
        """A name that is not there is an error also where `map` looks it up, and nothing is printed of it."""
        with pytest.raises(ConfigurationError, match=r"has no attribute '(missing|nosuch|titel)'"):
            rendered(source)

    def test_an_error_repeats_no_data(self):
        """A name that a template takes from data is not named: errors end up in logs."""
        for source in ("{{ data[recipient.name] }}", "{{ appointment.starts_at | attr(recipient.data.pet) }}"):
            with pytest.raises(ConfigurationError) as caught:
                rendered(source)
            assert "…" in str(caught.value)
            assert "Ann" not in str(caught.value)
            assert "Rex" not in str(caught.value)

    def test_a_text_is_the_same_in_every_process(self):
        """What has no words of its own, such as a method that was not called, is an error and never an address."""
        for source in (
            "{{ appointment.starts_at.add }}",
            "{{ appointments | map(attribute='title') }}",
            "{{ self.x }}",
        ):
            with pytest.raises(ConfigurationError, match=r"must be called|can't be shown as one|no value|KeyError"):
                rendered(source)
        assert "left out: it says something else in every run" in errors_of("{{ appointment.tags | random }}")[0]


class TestRelative:
    @pytest.mark.parametrize(
        ("send_at", "said"),
        [
            (datetime(2026, 2, 14, 8, tzinfo=NEW_YORK), "in 2 days"),
            (datetime(2026, 2, 14, 23, 59, tzinfo=NEW_YORK), "in 2 days"),
            (datetime(2026, 2, 15, 10, tzinfo=NEW_YORK), "in 1 day"),
            (datetime(2026, 2, 15, 10, 0, 1, tzinfo=NEW_YORK), "in 23 hours"),
            (datetime(2026, 2, 16, 7, 1, tzinfo=NEW_YORK), "in 2 hours"),
            (datetime(2026, 2, 16, 8, 0, 1, tzinfo=NEW_YORK), "in 119 minutes"),
            (datetime(2026, 2, 16, 9, 59, 20, tzinfo=NEW_YORK), "in 40 seconds"),
            (datetime(2026, 2, 16, 12, 30, tzinfo=NEW_YORK), "2 hours ago"),
            (datetime(2026, 2, 19, 9, tzinfo=NEW_YORK), "3 days ago"),
        ],
    )
    def test_it_is_true_at_the_send_time(self, send_at, said):
        """Days are those of the calendar, hours and minutes are rounded so that nobody comes late."""
        assert rendered("{{ appointment.starts_at | relative }}", send_at) == said

    @pytest.mark.parametrize(
        ("locale", "said"),
        [
            ("de", "in 3 Tagen"),
            ("fr", "dans 3 jours"),
            ("pl", "za 3 dni"),
            ("es", "dentro de 3 días"),
            ("ja", "3 日後"),
        ],
    )
    def test_in_the_readers_language(self, locale, said):
        """The words are CLDR's, for any locale there is."""
        assert rendered("{{ appointment.starts_at | relative }}", START - timedelta(days=3), locale=locale) == said

    def test_days_stay_days(self):
        """A date, and the start of what lasts all day, is so many days off, or today."""
        midnight = START.replace(hour=0)
        evening = START.replace(day=15, hour=18)
        assert rendered("{{ appointment.starts_at | relative }}", evening, start=midnight, all_day=True) == "in 1 day"
        assert rendered("{{ appointment.starts_at.date() | relative }}", evening) == "in 1 day"
        assert rendered("{{ appointment.starts_at.date() | relative }}", START.replace(hour=7)) == "today"
        assert rendered("{{ data.at | relative }} {{ none | relative }}") == "in 3 days "

    @pytest.mark.parametrize(
        ("eve", "start", "said"),
        [
            (datetime(2026, 3, 7, 20, tzinfo=NEW_YORK), datetime(2026, 3, 8, 10, tzinfo=NEW_YORK), "in 13 hours"),
            (datetime(2026, 10, 31, 20, tzinfo=NEW_YORK), datetime(2026, 11, 1, 10, tzinfo=NEW_YORK), "in 15 hours"),
            (
                datetime(2026, 11, 1, 1, 30, tzinfo=NEW_YORK),
                datetime(2026, 11, 1, 1, 30, tzinfo=NEW_YORK, fold=1),
                "in 60 minutes",
            ),
            (datetime(2026, 3, 6, 10, tzinfo=NEW_YORK), datetime(2026, 3, 8, 10, tzinfo=NEW_YORK), "in 2 days"),
        ],
        ids=["spring", "autumn", "the hour that comes twice", "days"],
    )
    def test_hours_are_elapsed_time_whoever_says_the_instant(self, eve, start, said):
        """Over a change of the clocks, an instant of the data is as far off as the start, with a zone or without."""
        for value in (start, start.astimezone(UTC), *([] if start.fold else [start.replace(tzinfo=None)])):
            source = "{{ appointment.starts_at | relative }}|{{ data.t | relative }}"
            assert rendered(source, eve, start=start.astimezone(UTC), data={"t": value}) == f"{said}|{said}"

    def test_a_time_of_day_alone_is_no_instant(self):
        """A time without its day is not so far off from anything."""
        with pytest.raises(ConfigurationError, match="takes a day or an instant, and was given a time"):
            rendered("{{ data.opens | relative }}")


class TestZones:
    def test_a_pattern_that_names_the_zone_names_the_readers(self):
        """A zone is named as of that day; of a time without a day it is an error, and never another zone's name."""
        assert rendered("{{ appointment.starts_at | time('full') }}") == "10:00:00 AM Eastern Standard Time"
        assert rendered("{{ appointment.starts_at.add(months=5) | time('HH:mm z') }}") == "10:00 EDT"
        assert rendered("{{ appointment.starts_at | time(\"HH:mm 'z'\") }}") == "10:00 z"
        with pytest.raises(ConfigurationError, match="has no zone to name"):
            rendered("{{ data.opens | time('full') }}")


BOMBS = [
    "{{ 'x' * 10 ** 9 }}",
    "{{ [1] * 10 ** 9 }}",
    "{{ 10 ** 99999 }}",
    "{{ 10 ** 900 * 10 ** 900 }}",
    "{{ 'x' | center(10 ** 9) }}",
    "{{ 'x'.ljust(10 ** 9) }}",
    "{{ ('x\n' * 4000) | indent(900) }}",
    "{{ ('x' * 9000) | replace('x', 'yy') }}",
    "{{ ('x' * 9000).replace('', 'yyy') }}",
    "{{ ('x ' * 4000) | wordwrap(1, wrapstring='yyy') }}",
    "{{ ('\t' * 999).expandtabs(900) }}",
    "{{ ('x' * 999) | join('y' * 99) }}",
    "{{ ('y' * 99).join('x' * 999) }}",
    "{{ '%900000000d' % 1 }}",
    "{{ '%.900000000f' % 1 }}",
    "{{ '%*d' % (900000000, 1) }}",
    "{{ '%900000000s' | format(1) }}",
    "{{ [1] | batch(10 ** 9, 1) | list }}",
    "{{ [1] | slice(10 ** 9) | list }}",
    "{{ 1.5 | round(-(10 ** 9), 'floor') }}",
    "{{ [1] | tojson(10 ** 9) }}",
    "{% set x = 'x' %}" + "{% set x = x ~ x %}" * 40 + "{{ x | length }}",
    "{% set x = 'x' %}" + "{% set x = x + x %}" * 40 + "{{ x | length }}",
    "{% set x %}" + "x" * 99 + "{% endset %}" + "{% set x %}{{ x }}{{ x }}{% endset %}" * 40,
    "{% for a in 'x' * 9999 %}{% for b in 'x' * 9999 %}{% endfor %}{% endfor %}",
    "{% for a in 'x' * 9999 %}{% set b = ('x' * 9999) | list | sort %}{% endfor %}",
    "{% for a in 'x' * 9999 %}" + "y" * 5000 + "{% endfor %}",
    "{% macro m(n) %}{% if n %}{{ m(n - 1) }}{{ m(n - 1) }}{% endif %}{% endmacro %}{{ m(60) }}",
    "{% macro m() %}"
    + "y" * 5000
    + "{% endmacro %}{% for a in 'x' * 9999 %}{% set x %}{{ m() }}{% endset %}{% endfor %}",
    "{% for x in [[1, 1], [1, 1]] recursive %}{{ loop([[1, 1], [1, 1]]) }}{% endfor %}",
    "{% for day in appointment.starts_at.add(years=900) - appointment.starts_at %}{% endfor %}",
]
"""What would eat a machine's memory or time, and what a text could never need."""


class TestBounds:
    @pytest.mark.parametrize("source", BOMBS, ids=[source[:40] for source in BOMBS])
    def test_nothing_grows_without_bound(self, source):
        """A text that would fill the memory, or go on for ever, is an error within moments and within megabytes."""
        import resource

        before, began = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, machine.process_time()
        with pytest.raises(ConfigurationError):
            rendered(source)
        assert machine.process_time() - began < 5
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000  # kB; a bomb takes gigabytes

    @pytest.mark.parametrize("source", [source for source in BOMBS if "y" * 5000 in source], ids=["loop", "macro"])
    def test_what_stands_inside_is_counted_as_often_as_it_is_written(self, source):
        """While it is written, and not when there are fifty million characters of it."""
        with pytest.raises(ConfigurationError, match=r"more than [0-9,]+ steps"):
            rendered(source)

    def test_a_bomb_is_refused_when_rules_load(self):
        """What takes or makes too much whatever the appointment is an error of the rule, not of each appointment."""
        (found,) = errors_of("{{ 'x' * 10 ** 9 }}")
        assert found == "text: it makes 1,000,000,000 characters or items, and may make 10,000"
        (found,) = errors_of("x" * 10_001 + "{{ when }}")
        assert "may have 10,000: shorten it" in found

    @pytest.mark.parametrize(
        "source",
        [
            "{{ " + "(" * 3000 + "1" + ")" * 3000 + " }}",
            "{{ " + "9" * 5000 + " }}",
            "{% for n in [1] %}" * 25 + "{% endfor %}" * 25,
        ],
        ids=["brackets", "digits", "loops"],
    )
    def test_what_the_compiler_itself_refuses_is_an_error_of_the_rule(self, source):
        """Brackets, numbers and loops beyond what Python compiles are told as any other mistake."""
        (found,) = errors_of(source)
        assert "it cannot be read" in found

    def test_ordinary_texts_are_far_from_any_bound(self):
        """Fifty appointments in one text, each with a loop of its own, are no matter."""
        each = "{% for visit in appointments %}{{ visit.starts_at | time }} {% endfor %}"
        many = f"{{% for a in 'x' * 50 %}}{each}{{% endfor %}}"
        assert len(rendered(many)) == 50 * len("10:00 AM 12:00 PM ")


class TestControls:
    def test_none_of_what_was_handed_over_reaches_a_phone(self):
        """Names, titles, tags and data bring no control characters into a text; the template's own line break stays."""
        evil = "A\x1b[31m\u202eB\r\nC\x9b\u2066D\u200f"
        texts = rendered(
            "{{ appointment.title }}\n{{ appointment.location }}{{ appointment.tags[0] }}{{ data.x }}{{ data.y[0] }}",
            title=evil,
            location=evil,
            tags=[evil],
            data={"x": evil, "y": [evil]},
        )
        assert texts == "\n".join(["A[31mB CD", "A[31mB CD" * 4])

    def test_what_scripts_and_pictures_need_stays(self):
        """Joiners of Persian and of emoji are no controls."""
        name = "می\u200cخواهم 👩\u200d👩\u200d👧 é"
        assert rendered("{{ appointment.title }}", title=name) == name


CASES = int(os.environ.get("REMINDER_KIT_FUZZ", "20000"))


@contextmanager
def clocks_read():
    """Yield a list of the clocks that are asked meanwhile."""
    asked = []

    def listen(_frame, event, function):
        if event == "c_call" and function.__name__ in ("now", "utcnow", "today", "time", "time_ns", "localtime"):
            owner = getattr(function, "__self__", None)
            if isinstance(owner, type) or owner is machine:
                asked.append(function.__qualname__)

    sys.setprofile(listen)
    try:
        yield asked
    finally:
        sys.setprofile(None)


def outcome(source):
    try:
        return rendered(source)
    except ConfigurationError as error:
        return f"{type(error.__cause__).__name__}: {error}"


def in_zone(name, source):
    os.environ["TZ"] = name
    machine.tzset()
    return outcome(source)


def tried(number, seed):
    """Render random templates, and return how often each kind of outcome came."""
    dice = random.Random(seed)
    filters = [name for name in compiled("{{ x }}").tree().environment.filters if name.isidentifier()]
    seen = Counter()
    for _ in range(number):
        source = template_grammar.template(dice, filters)
        elsewhere = in_zone("Pacific/Apia", source)  # first, so that what is imported at first use is
        with clocks_read() as asked:
            began = machine.process_time()
            first = in_zone("UTC", source)
            took = machine.process_time() - began
        assert asked == [], source
        assert took < 5, source
        assert elsewhere == first, source
        assert "0x7f" not in first, source
        if dice.random() < 0.05:
            list(errors_of(source))
        seen[first.partition(":")[0] if ": appointment 'A-1'" in first else "text"] += 1
    return seen


@pytest.mark.filterwarnings("ignore::SyntaxWarning")
def test_random_templates_read_no_clock_and_raise_nothing_else(monkeypatch):
    """Any template gives a text, the same under every zone of the process, or a template error; and soon."""
    monkeypatch.setenv("TZ", "UTC")
    assert tried(30, 13)["text"]
    machine.tzset()


@pytest.mark.fuzz
@pytest.mark.timeout(3600)
@pytest.mark.filterwarnings("ignore::SyntaxWarning")
def test_fuzz_templates(monkeypatch):
    """The same over very many templates, where the fuzz mark asks for them."""
    monkeypatch.setenv("TZ", "UTC")
    seen = tried(CASES, random.randrange(10**9))
    print(dict(seen.most_common()))
    assert seen["text"]


STARTS = "appointment.starts_at"
KINDS = {
    "appointment": ["appointment"],
    "an appointment of several": ["appointments[0]", "(appointments | first)"],
    "a recipient": ["recipient", "appointment.recipients[0]", "appointments[0].recipient"],
    "a rule": ["rule"],
    "a loop": ["loop"],
    "a text": [
        "when",
        "day",
        "'x'",
        "appointment.tags[0]",
        *(f"appointment.{name}" for name in ("id", "title", "location", "source", "url", "timezone", "recurrence_id")),
        *(f"recipient.{name}" for name in ("id", "name", "phone", "email", "locale", "key", "timezone")),
        *(f"rule.{name}" for name in ("id", "channel", "subject")),
        *(f"{STARTS}.{name}" for name in ("format('D')", "strftime('%d')", "isoformat()", "ctime()")),
    ],
    "an instant": [
        STARTS,
        "appointment.ends_at",
        "appointment.booked_at",
        "appointments[0].starts_at",
        *(f"{STARTS}.{name}(days=1)" for name in ("add", "subtract")),
        *(f"{STARTS}.{name}('day')" for name in ("start_of", "end_of", "first_of", "last_of")),
        *(f"{STARTS}.{name}(1)" for name in ("next", "previous", "at")),
        *(f"{STARTS}.{name}('UTC')" for name in ("in_timezone", "in_tz", "astimezone")),
        *(f"{STARTS}.{name}({STARTS}, {STARTS})" for name in ("closest", "farthest")),
        f"{STARTS}.average({STARTS})",
        f"{STARTS}.nth_of('month', 1, 1)",
        f"{STARTS}.on(2026, 3, 1)",
        f"{STARTS}.replace(hour=9)",
        f"{STARTS}.set(hour=9)",
    ],
    "a date": [f"{STARTS}.date()"],
    "a time": [f"{STARTS}.time()", f"{STARTS}.timetz()"],
    "a duration": [f"{STARTS}.diff({STARTS})"],
}
KNOWN = {
    "appointment": "all_day, booked_at, data, ends_at, id, location, recipients,",
    "an appointment of several": "id, location, recipient, recipients,",
    "a recipient": "data, email, id, key, locale, name, opted_in, phone, timezone",
    "a rule": "channel, id, subject",
    "a loop": "revindex",
    "a text": "removesuffix",
    "an instant": "in_timezone",
    "a date": "to_date_string, to_formatted_date_string, toordinal",
    "a time": "microsecond",
    "a duration": "in_words",
}
"""What an error names that only this kind of value has."""


@pytest.mark.parametrize(
    ("kind", "value"), [(kind, value) for kind, values in KINDS.items() for value in values], ids=lambda one: one
)
def test_what_a_value_has_is_known_when_rules_load(kind, value):
    """A word that it has not is an error of the rule, which names those that it has."""
    (found,) = errors_of("{% for x in [1] %}{{ " + value + ".nosuch }}{% endfor %} {{ when }}")
    assert KNOWN[kind] in found.partition(": known are ")[2]
