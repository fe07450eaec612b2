"""What keeps a template from being rendered whoever it is for: each fault in words, and what an expression is."""

from __future__ import annotations

import pytest
from jinja2 import nodes

from reminder_kit.text.faults import faults
from reminder_kit.text.kinds import Kinds, fields_of, spelled
from reminder_kit.text.templates import compiled

CLOCK = (
    "it reads the machine's clock, not when the text arrives: write {{ … | relative }} or {{ when }}, which are true "
    "then"
)
ZONE = "it reads the machine's time zone: write {{ … | time }}, which is the reader's"
ALONE = "a text stands alone: it can't include other files"
JOINED = "'format' of a text is not for templates: join texts with ~, as in {{ recipient.name ~ ': ' ~ when }}"
TITLE = "unknown variable 'appointments[…].titl': did you mean 'title'?"
READS = "is not for templates: a template only reads values"
OWN = "None and 'local' are the machine's own clock and time zone: give"
KNOWN = "known are appointment, appointments, data, day, recipient, rule, when"
RANDOM = "it says something else in every run, so that messages would be replaced for ever"


def found(source):
    return list(faults(compiled(source)))


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("{{ nothing }}", f"unknown variable 'nothing': {KNOWN}"),
        ("{{ wen }}", "unknown variable 'wen': did you mean 'when'?"),
        ("{{ loop.index }}", f"unknown variable 'loop': {KNOWN}"),
        ("{{ recipient.nme }}", "unknown variable 'recipient.nme': did you mean 'name'?"),
        ("{{ rule.foo }}", "unknown variable 'rule.foo': known are channel, id, subject"),
        ("{{ rule.subject.titel() }}", "unknown variable 'rule.subject.titel': did you mean 'title'?"),
        ("{{ appointment['titel'] }}", "unknown variable 'appointment.titel': did you mean 'title'?"),
        ("{{ appointments[0].titl }}", "unknown variable '….titl': did you mean 'title'?"),
        ("{{ recipient._x }}", f"'_x' of recipient {READS}"),
        ("{{ rule.__class__ }}", f"'__class__' of rule {READS}"),
        ("{{ appointment.starts_at.__class__ }}", f"'__class__' of a datetime {READS}"),
        ("{{ appointment.starts_at.diff(appointment.ends_at).__bool__ }}", f"'__bool__' of a duration {READS}"),
        ("{{ appointment['title'].mro }}", f"'mro' of a text {READS}"),
        ("{{ appointment.starts_at.now }}", f"'now' of a datetime is not for templates: {CLOCK}"),
        ("{{ appointment.starts_at.age }}", f"'age' of a datetime is not for templates: {CLOCK}"),
        ("{{ appointment.starts_at.naive() }}", f"'naive' of a datetime is not for templates: {ZONE}"),
        ("{{ rule.id.format() }}", JOINED),
        ("{{ 'x'.format_map(data) }}", JOINED.replace("'format'", "'format_map'")),
        ("{{ data.x.foo() }}", f"'foo' of a value {READS}"),
        ("{{ data.x.utcnow() }}", f"'utcnow' of a value is not for templates: {CLOCK}"),
        ("{{ when.upper }}", "'upper' of a text must be called: write when.upper()"),
        ("{{ recipient.name.upper | trim }}", "'upper' of a text must be called: write recipient.name.upper()"),
        ("{{ recipient['name']['title'] }}", "'title' of a text must be called: write ….title()"),
        ("{{ appointment.starts_at.date }}", "'date' of a datetime must be called: write appointment.starts_at.date()"),
        ("{{ 'On ' ~ appointment.starts_at.date | date }}",
         "'date' of a datetime must be called: write appointment.starts_at.date()"),
        ("{{ appointment.starts_at.time.hour }}",
         "'time' of a datetime must be called: write appointment.starts_at.time()"),
        ("{% for visit in appointments %}{{ visit.title.upper }}{% endfor %}",
         "'upper' of a text must be called: write visit.title.upper()"),
        ("{{ recipient.name.title if recipient.name }}",
         "'title' of a text must be called: write recipient.name.title()"),
        ("{{ appointments | map(attribute='titl') | join }}", TITLE),
        ("{{ appointments | map(attribute='recipient.nam') | join }}",
         "unknown variable 'appointments[…].recipient.nam': did you mean 'name'?"),
        ("{{ appointments | sort(attribute='starts_at,titl') | first }}", TITLE),
        ("{{ appointments | sort(false, false, 'titl') | map(attribute='title') | join }}", TITLE),
        ("{{ appointments | join(', ', 'titl') }}", TITLE),
        ("{{ appointments | join(', ', attribute='titl') }}", TITLE),
        ("{{ appointments | groupby('titl') | list | length }}", TITLE),
        ("{{ appointments | unique(false, 'titl') | map(attribute='title') | join }}", TITLE),
        ("{{ appointments | selectattr('titl') | map(attribute='title') | join }}", TITLE),
        ("{{ appointments | rejectattr('titl') | map(attribute='title') | join }}", TITLE),
        ("{{ appointments | sum('titl') }}", TITLE),
        ("{{ appointments | sum(attribute='titl') }}", TITLE),
        ("{{ (appointments | min(attribute='titl')).title }}", TITLE),
        ("{{ (appointments | max(attribute='titl')).title }}", TITLE),
        ("{{ appointment | attr('titl') }}", "unknown variable 'appointment.titl': did you mean 'title'?"),
        ("{{ appointment | attr('title.x') }}", "unknown variable 'appointment.title.x': did you mean 'title'?"),
        ("{{ appointment.starts_at | time('dd') }}",
         "time(\"dd\"): 'dd' is for date(…): write one such as 'HH:mm' or 'h:mm a', words in single quotes"),
        ("{{ appointment.starts_at | date(pattern='YYYY') }}",
         "date(\"YYYY\"): 'YYYY' is no day, month or year: write 'yyyy'"),
        ("{{ appointment.starts_at.diff() }}", f"'diff' of a datetime is not for templates: {CLOCK}"),
        ("{{ appointment.starts_at.date().closest() }}", f"'closest' of a datetime is not for templates: {CLOCK}"),
        ("{{ data.x.is_birthday() }}", f"'is_birthday' of a datetime is not for templates: {CLOCK}"),
        ("{{ appointment.starts_at.diff(None) }}", f"{OWN} 'diff' a value"),
        ("{{ appointment.starts_at.in_tz('Local') }}", f"{OWN} 'in_tz' a value"),
        ("{{ appointment.starts_at.in_tz(tz='/etc/localtime') }}", f"{OWN} 'in_tz' a value"),
        ("{{ appointment.starts_at.astimezone() }}", f"'astimezone' of a datetime is not for templates: {ZONE}"),
        ("{{ data.x.strftime('%-s') }}",
         "'%s' of strftime reads the machine's time zone: write {{ … | time }} or another directive"),
        ("{{ when | random }}", f"the filter 'random' is left out: {RANDOM}"),
        ("{{ when | uper }}", "unknown filter 'uper': did you mean 'upper'?"),
        ("{{ when is defind }}", "unknown test 'defind': did you mean 'defined'?"),
        ("{% include 'a' %}", ALONE),
        ("{% extends 'a' %}", ALONE),
        ("{% import 'a' as b %}", ALONE),
        ("{% from 'a' import b %}", ALONE),
        ("{{ when", "it cannot be read: unexpected end of template, expected 'end of print statement'."),
        ("{{ " + "(" * 5000, "it cannot be read (RecursionError): make it simpler"),
        ("x{" + "x" * 9999, "it is 10,001 characters long, and may have 10,000: shorten it"),
    ],
    ids=lambda value: value[:50],
)  # fmt: skip
def test_each_fault_is_told_in_words(source, said):
    """What is wrong, of what, and what would be right; each once."""
    assert found(source) == [said]


@pytest.mark.parametrize(
    "source",
    [
        "{{ data.x.__class__ }}",
        "{{ data.x.upper }}",
        "{{ when.upper() }}{{ recipient.name['upper']() }}{{ appointment.starts_at.date() | date }}",
        "{% set loud = recipient.name.upper %}{{ loud() }}",
        "{% with loud = recipient.name.upper %}{{ loud() }}{% endwith %}",
        "{% macro call(it) %}{{ it() }}{% endmacro %}{{ call(when.upper) }}",
        "{% if recipient.name.upper %}x{% endif %}",
        "{{ 'x' if recipient.name.upper and when.upper }}",
        "{{ 'x' if recipient.name.upper is defined }}",
        "{{ data.x.upper() }}{{ data.x.y }}",
        "{{ self.foo() }}",
        "{% for visit in appointments %}{{ visit.recipient.name }}{{ loop.index }}{% endfor %}",
        "{{ appointment.title.center() }}",
        "{{ appointment.title.center(None) }}",
        "{{ data.x.replace(None, 'a') }}",
        "{{ appointment.starts_at.diff(*data.x) }}{{ appointment.starts_at.diff(**data.x) }}",
        "{{ appointment.starts_at.diff(appointment.ends_at) }}",
        "{{ appointment.starts_at.strftime('%S') }}",
        "{{ appointment.starts_at.in_tz('Europe/Berlin') }}",
        "{{ appointment[data.x] }}",
        "{{ appointments | join(', ', attribute='title') }}{{ appointments | sort(attribute='title,id') | first }}",
        "{{ recipient.name | attr(data.x) }}{{ appointments | map(data.x) | join }}{{ appointments | length }}",
        "{{ appointment.starts_at | time(data.x) }}{{ data.x | date('short') }}{{ when | replace('dd', 'x') }}",
        "{% filter upper %}{{ when }}{% endfilter %}{% filter join('x') %}a{% endfilter %}",
        "{% filter reverse | join('x') %}a{% endfilter %}{% filter default('x') | sort %}a{% endfilter %}",
        "x{" + "x" * 9998,
    ],
    ids=lambda value: value[:40],
)
def test_what_may_be_right_is_no_fault(source):
    """What a host's data is, and what is computed, nobody knows before it is there."""
    assert found(source) == []


def test_faults_are_told_each_once_and_words_before_names():
    """An unknown filter makes that nothing else is looked at."""
    assert found("{{ when is random }}")[0].startswith("unknown test 'random': ")
    both = "{{ wen }}{{ recipient.nme }}{{ recipient.nme }}"
    assert [fault.split()[2] for fault in found(both)] == ["'wen':", "'recipient.nme':"]
    assert [fault.split()[:3] for fault in found(both + "{{ day | uper }}{{ day is foo }}")] == [
        ["unknown", "filter", "'uper':"],
        ["unknown", "test", "'foo':"],
    ]


def kind_of(expression, before=""):
    """Return the kind of an expression of a template."""
    template = compiled(f"{before}{{{{ {expression} }}}}")
    tree = template.tree()
    *_, output = tree.find_all(nodes.Output)
    return Kinds(tree, template.wanted).of(output.nodes[-1])


@pytest.mark.parametrize(
    ("expression", "kind"),
    [
        ("appointment", "appointment"),
        ("appointments", "[member]"),
        ("recipient", "recipient"),
        ("rule", "rule"),
        ("when", "text"),
        ("day", "text"),
        ("loop", "loop"),
        ("data", ""),
        ("data.title", ""),
        ("nothing", ""),
        ("'x'", "text"),
        ("1", ""),
        ("true", ""),
        ("1 ~ 2", "text"),
        ("1 + 2", ""),
        *((f"appointment.{name}", "datetime") for name in ("starts_at", "ends_at", "booked_at")),
        *((f"appointment.{name}", "text") for name in ("id", "title", "location", "source", "url", "timezone")),
        ("appointment.recurrence_id", "text"),
        ("appointment.recipients", "[recipient]"),
        ("appointment.tags", "[text]"),
        ("appointment.data", ""),
        *((f"recipient.{name}", "text") for name in ("name", "phone", "email", "locale", "timezone", "id", "key")),
        *((f"rule.{name}", "text") for name in ("id", "channel", "subject")),
        ("appointments[0]", "member"),
        ("appointments[0].recipient", "recipient"),
        ("appointments[0]['recipient']['name']", "text"),
        ("appointments[0:1]", ""),
        ("appointments[data.x]", ""),
        ("appointment[0]", ""),
        ("appointments['title']", ""),
        *((f"appointment.starts_at.{name}(1)", "datetime") for name in ("add", "subtract", "replace", "set", "start_of",
          "end_of", "next", "previous", "first_of", "last_of", "nth_of", "average", "closest", "farthest", "on", "at",
          "in_timezone", "in_tz", "astimezone")),
        *((f"appointment.starts_at.{name}()", "text") for name in ("format", "strftime", "isoformat", "ctime",
          "diff_for_humans")),
        ("appointment.starts_at.date()", "date"),
        ("appointment.starts_at.date().add(1)", "date"),
        ("appointment.starts_at.time()", "time"),
        ("appointment.starts_at.timetz()", "time"),
        ("appointment.starts_at.time().replace(1)", "time"),
        ("appointment.starts_at.diff(1)", "duration"),
        ("appointment.starts_at.diff(1).in_words()", "text"),
        ("appointment.starts_at.year", ""),
        ("appointment.starts_at.weekday()", ""),
        ("appointment.title.upper()", ""),
        ("data.x.add(1)", ""),
        ("loop.cycle(1)", ""),
        *((f"data.x | {name}", "text") for name in ("time", "date", "weekday", "relative", "phone", "link", "upper",
          "lower", "title", "capitalize", "trim", "string", "join")),
        *((f"appointments | {name}", "[member]") for name in ("default", "d", "sort", "list", "reverse", "unique",
          "select", "reject", "selectattr('x')", "rejectattr('x')")),
        ("appointments | first", "member"),
        ("appointments | last", "member"),
        ("appointment | first", ""),
        ("appointments | map(attribute='title')", "[text]"),
        ("appointments | map(attribute='data')", ""),
        ("appointments | map('upper')", ""),
        ("appointments | map(attribute=data.x)", ""),
        ("appointments | map(attribute=1)", ""),
        ("appointments | map(default='title')", ""),
        ("appointments | map(attribute='title') | first", "text"),
        ("appointment | attr('title')", "text"),
        ("appointment | attr('recipients')", "[recipient]"),
        ("appointment | attr(data.x)", ""),
        ("appointment | attr", ""),
        ("appointments | length", ""),
        ("appointments | batch(2)", ""),
        ("appointments | sum(attribute='title')", ""),
        ("appointment | upper(attribute='title')", "text"),
        ("-1", ""),
    ],
)  # fmt: skip
def test_what_an_expression_is_follows_from_its_names(expression, kind):
    """And "" where that is not sure."""
    assert kind_of(expression) == kind


@pytest.mark.parametrize(
    ("before", "expression", "kind"),
    [
        ("{% set a = appointment %}", "a.title", "text"),
        ("{% set appointment = data %}", "appointment.title", ""),
        ("{% set appointment = rule %}", "appointment", "rule"),
        ("{% set a = rule %}{% set a = rule %}", "a", "rule"),
        ("{% set a = rule %}{% set a = when %}", "a", ""),
        ("{% set a, b = rule, when %}", "b", ""),
        ("{% set a %}x{% endset %}", "a", ""),
        ("{{ rule }}{% set rule %}x{% endset %}", "rule", ""),
        ("{% for a in appointments %}", "a.recipient{% endfor %}", "recipient"),
        ("{% for a in appointment.recipients %}", "a{% endfor %}", "recipient"),
        ("{% for a, rule in appointments %}", "rule{% endfor %}", ""),
        ("{% with a = rule, b = when %}", "b{% endwith %}", "text"),
        ("{% macro f(rule) %}x{% endmacro %}", "rule", ""),
        ("{% macro f(a) %}{{ caller(a) }}{% endmacro %}{% call(rule) f(1) %}x{% endcall %}", "rule", ""),
        ("{% set a.b = rule %}", "a", ""),
    ],
)
def test_what_a_template_names_itself_is_what_it_says(before, expression, kind):
    """Where it says two things of a name, nothing is sure."""
    expression, _, end = expression.partition("{")
    template = compiled(f"{before}{{{{ {expression} }}}}{'{' + end if end else ''}")
    tree = template.tree()
    *_, output = tree.find_all(nodes.Output)
    wanted = template.wanted if ".b" not in before else frozenset()
    assert Kinds(tree, wanted).of(output.nodes[-1]) == kind


def test_what_may_be_read_of_a_kind_is_known_for_each_kind():
    """Views by their fields, values by what is listed; nothing of what is not known."""
    assert fields_of("rule") == {"channel", "id", "subject"}
    assert fields_of("member") - fields_of("appointment") == {"recipient"}
    assert fields_of("zone") == {"name", "key"}
    assert {"year", "list", "count", "index"} <= fields_of("list")
    assert fields_of("") is fields_of("[member]") is None


@pytest.mark.parametrize(
    ("expression", "text"),
    [("a", "a"), ("a.b.c", "a.b.c"), ("a['b'].c", "….c"), ("a()", "…"), ("(a ~ b).c", "….c"), ("'x'.y", "….y")],
)
def test_a_value_is_spelled_as_far_as_it_is_names(expression, text):
    """And by three dots where it is more."""
    (output,) = compiled(f"{{{{ {expression} }}}}").tree().find_all(nodes.Output)
    assert spelled(output.nodes[0]) == text
