"""What each value, attribute, method and filter of a template comes out as, and what each refusal says."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from decimal import Decimal

import pytest
from attrs import evolve
from jinja2 import StrictUndefined

from reminder_kit import Appointment, Recipient, Rule
from reminder_kit.errors import ConfigurationError
from reminder_kit.text.bounds import (
    BoundError,
    Budget,
    Items,
    check_call,
    check_filter,
    check_operator,
    checked,
    joined,
)
from reminder_kit.text.templates import TemplateContext, compiled
from reminder_kit.text.views import RecipientView, RuleView
from tests.factories import NEW_YORK

DATA = {
    "n": 5, "f": 1.5, "d": Decimal("12.50"), "l": [1, 2, 3], "m": {"items": 1, "b": 2}, "day": date(2026, 2, 18),
    "t": time(8, 30), "at": datetime(2026, 2, 17, 9), "none": None, "b": True, "s": "x y", "ghost": "secret word",
}  # fmt: skip
PEOPLE = [
    Recipient("+12025550123", name="Ann\nLee", email="a@x.example", data={"k": "v"}),
    Recipient("+12025550124", name="Bo"),
]
VISIT = Appointment(
    "A-1",
    datetime(2026, 2, 16, 10, tzinfo=NEW_YORK),
    datetime(2026, 2, 16, 10, 45, tzinfo=NEW_YORK),
    recipients=PEOPLE,
    title="Check\tup",
    location="Here",
    url="https://a.example/é x",
    tags={"b", "a"},
    booked_at=datetime(2026, 2, 1, tzinfo=UTC),
    data=DATA,
)
CONTEXT = TemplateContext(
    VISIT,
    VISIT.recipients[0],
    Rule("r", before="1 day", text="x", subject="Sub", channel="mms"),
    datetime(2026, 2, 15, 15, tzinfo=UTC),
    "America/New_York",
    "en",
    "US",
)


def said(source, context=CONTEXT):
    return compiled(source).render(context)


def fault(source, context=CONTEXT):
    """Return what is wrong with a template, without the appointment and the rule that it begins with."""
    with pytest.raises(ConfigurationError) as caught:
        said(source, context)
    text = str(caught.value)
    assert text.startswith("appointment 'A-1', rule 'r': its text cannot be rendered: ")
    return text.partition(" cannot be rendered: ")[2]


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("{{ appointment }}|{{ recipient }}|{{ rule }}|{{ appointments[0] }}", "Check up|Ann Lee|r|Check up"),
        ("{{ appointment.recipient }}|{{ appointment.recipients[1] }}", "Ann Lee|Bo"),
        ("{{ appointment.tags }}|{{ appointment.title }}", "('a', 'b')|Check up"),
        ("{{ appointment.starts_at }}", "2026-02-16 10:00:00-05:00"),
        ("{{ appointment.booked_at }}", "2026-01-31 19:00:00-05:00"),
        ("{{ appointment.ends_at.timezone_name }}", "America/New_York"),
        ("{{ appointment.status }}|{{ appointment.status.name }}", "confirmed|CONFIRMED"),
        ("{{ appointment == appointments[0] }}{{ recipient == appointment.recipients[0] }}", "TrueTrue"),
        ("{{ appointment == 1 }}{{ recipient == appointment.recipients[1] }}", "FalseFalse"),
        ("{{ {recipient: 1}[appointment.recipients[0]] }}", "1"),
        ("{{ [recipient, rule] }}", "[Ann Lee, r]"),
        ("{{ recipient.key }}|{{ recipient.data.k }}|{{ rule.channel }}|{{ rule.subject }}", "+12025550123|v|mms|Sub"),
        ("{{ data.n }}|{{ data.f }}|{{ data.d }}|{{ data.l }}|{{ data.b }}", "5|1.5|12.50|[1, 2, 3]|True"),
        ("{{ data.m }}|{{ data.day }}|{{ data.t }}", "{'items': 1, 'b': 2}|2026-02-18|08:30:00"),
        ("{{ data.m.items }}|{{ data.m['items'] }}|{{ data['m'].get('b') }}", "1|1|2"),
        ("{{ data.m.keys() | join(',') }}|{{ data.m.values() }}", "items,b|[1, 2]"),
        ("{{ data.m | items | list }}|{{ data.m | dictsort }}", "[('items', 1), ('b', 2)]|[('b', 2), ('items', 1)]"),
        ("{{ data.l[0] }}{{ data.s[0] }}{{ data.l[0:2] }}", "1x[1, 2]"),
        ("{{ data.s.upper() }}|{{ data.s.split() }}|{{ ', '.join(data.l) }}", "X Y|['x', 'y']|1, 2, 3"),
        ("{{ ','.join(['a', none, recipient]) }}", "a,,Ann Lee"),
        ("{{ data.l.count(1) }}|{{ data.d.normalize() }}|{{ data.f.is_integer() }}", "1|12.5|False"),
        ("{{ appointment.starts_at.timestamp() }}", "1771254000.0"),
        ("{{ appointment.starts_at.diff(appointment.ends_at) }}", "45 minutes"),
        ("{{ appointment.ends_at - appointment.starts_at }}", "45 minutes"),
        ("{{ appointment.starts_at.in_tz('Europe/Berlin') | time }}", "4:00 PM"),
        ("{{ appointment.starts_at.in_tz('Europe/Berlin') | time('HH:mm z') }}", "16:00 +0100"),
        ("{{ appointment.starts_at.tzinfo.name }}", "America/New_York"),
        ("{{ appointment.starts_at.tz.key }}", "America/New_York"),
        ("{{ data.t | time }}|{{ data.at | time }}|{{ data.at | time('HH:mm:ss') }}", "8:30 AM|9:00 AM|09:00:00"),
        ("{{ appointment.starts_at.timetz() | time }}", "10:00 AM"),
        ("{% for i in [5, 2] %}{{ appointment.starts_at.in_tz(i).timetz() | time }};{% endfor %}", "8:00 PM;5:00 PM;"),
        ("{{ data.day | date }}|{{ data.at | date('d. M.') }}", "18 February|17. 2."),
        ("{{ appointment.starts_at | date('full') }}", "Monday, February 16, 2026"),
        ("{{ data.day | weekday }}|{{ data.at | weekday }}", "Wednesday|Tuesday"),
        ("{{ data.day | relative }}|{{ data.at | relative }}", "in 3 days|in 2 days"),
        ("{{ appointment.starts_at | relative }}|{{ appointment.booked_at | relative }}", "in 1 day|15 days ago"),
        ("{{ recipient.phone | phone }}|{{ '2025550123' | phone }}", "(202) 555-0123|(202) 555-0123"),
        ("{{ '+442079460000' | phone }}|{{ 'x' | phone }}", "+44 20 7946 0000|x"),
        ("{{ appointment.url | link }}", "https://a.example/%C3%A9%20x"),
        ("{{ ' a.example/b?c=d#e ' | link }}", "https://a.example/b?c=d#e"),
        ("{{ 'http://a.example/%20:=&?~#+!$,;\\'@()*[]' | link }}", "http://a.example/%20:=&?~#+!$,;'@()*[]"),
        *((f"({{{{ none | {name} }}}})", "()") for name in ("time", "date", "weekday", "relative", "phone", "link")),
        ("({{ ' ' | link }})", "()"),
        ("({{ data.m.get('zz') }}{{ none ~ '' }}{{ [none] | first }})", "()"),
        ("{{ data.l | map('string') | list }}", "['1', '2', '3']"),
        ("{{ data.l | join('-') }}|{{ data.l | join }}", "1-2-3|123"),
        ("{{ [recipient, rule] | join(', ') }}", "Ann Lee, r"),
        ("{{ appointment.recipients | join(', ', 'name') }}", "Ann Lee, Bo"),
        ("{{ appointment.recipients | join(', ', attribute='name') }}", "Ann Lee, Bo"),
        ("{{ appointment.recipients | map(attribute='name') | join(', ') }}", "Ann Lee, Bo"),
        ("{{ data.l | first }}{{ data.l | last }}{{ data.l | sum }}{{ data.l | batch(2) | list }}", "136[[1, 2], [3]]"),
        ("{{ (data.none or '') ~ 'x' ~ 1 ~ recipient }}", "x1Ann Lee"),
        ("{{ 1 + 2 }}|{{ 2 ** 3 }}|{{ 'a' * 3 }}|{{ 'a%s' % 1 }}|{{ 5 - 2 }}|{{ [1] + [2] }}", "3|8|aaa|a1|3|[1, 2]"),
        ("{% for i in data.l recursive %}{{ i }}{% if i == 1 %}{{ loop([7]) }}{% endif %}{% endfor %}", "1723"),
        ("{% for i in data.l %}{{ loop.cycle('a','b') }}{{ loop.index }},{% endfor %}", "a1,b2,a3,"),
        ("{% for i in [1, 1, 2] %}{{ loop.changed(i) }}{% endfor %}", "TrueFalseTrue"),
        ("{% macro m(a) %}<{{ a }}>{% endmacro %}{{ m(1) }}", "<1>"),
        ("{% block b %}x{% endblock %}{{ self.b() }}", "xx"),
        ("{% filter upper %}a{{ 'b' }}{% endfilter %}", "AB"),
        ("{% set a %}x{% endset %}{{ a }}", "x"),
        ("{{ appointment['title'] }}|{{ appointment | attr('title') }}", "Check up|Check up"),
        ("{{ '' }}{{ data.x | default('none') }}{{ foo | default('at all') }}", "noneat all"),
    ],
    ids=lambda value: value[:60],
)  # fmt: skip
def test_what_a_template_reads_comes_out_in_words(source, text):
    """Values, items, attributes, methods, filters and operators."""
    assert said(source) == text


GIVE = (
    "; it may speak of appointment, appointments, data, day, recipient, rule, when: give the value or write "
    "{{ x | default('') }}"
)
READS = "is not for templates: a template only reads values"
ZONELESS = "a time without a day and a zone has no zone to name: leave it out of the pattern"
MACHINE = "is not for templates: it reads the machine's time zone: write {{ … | time }}, which is the reader's"
EMPTY = (
    "data.none is empty: give it, write {{ data.none or '…' }} or {% if data.none %}, or give the rule "
    'empty = "blank" or a text'
)
SEVERAL = "several values can't be shown as one: write {{ … | join(', ') }}"


@pytest.mark.parametrize(
    ("source", "what"),
    [
        ("{{ data.x }}", f"data has no attribute 'x'{GIVE}"),
        ("{{ data.x.y }}", f"data has no attribute 'x'{GIVE}"),
        ("{{ data['x'] }}", f"data has no attribute 'x'{GIVE}"),
        ("{{ data.m[7] }}", f"data has no element 7{GIVE}"),
        ("{{ data.l[9] }}", f"a list has no element 9{GIVE}"),
        ("{{ data.n[1] }}", f"a number has no element 1{GIVE}"),
        ("{{ data.l['x'] }}", f"a list has no attribute 'x'{GIVE}"),
        ("{{ data.s.foo }}", f"a text has no attribute 'foo'{GIVE}"),
        ("{{ recipient.foo }}", f"recipient has no attribute 'foo'{GIVE}"),
        ("{{ appointments.foo }}", f"a list has no attribute 'foo'{GIVE}"),
        ("{{ none.foo }}", f"None has no attribute 'foo'{GIVE}"),
        ("{{ data[data.ghost] }}", f"data has no attribute '…'{GIVE}"),
        ("{{ data.m[data.ghost] }}", f"data has no attribute '…'{GIVE}"),
        ("{{ recipient | attr(data.ghost) }}", f"recipient has no attribute '…'{GIVE}"),
        ("{{ data.s | attr('up' ~ 'per') }}", "'upper' must be called: write upper()"),
        ("{{ foo }}", f"'foo' is undefined{GIVE}"),
        ("{{ foo.bar }}", f"'foo' is undefined{GIVE}"),
        ("{{ loop }}", f"'loop' is undefined{GIVE}"),
        ("{{ range(3) }}", f"'range' is undefined{GIVE}"),
        ("{{ [data, data] | map(attribute='x') | join }}", f"data has no attribute 'x'{GIVE}"),
        ("{{ data.s._foo }}", f"'_foo' of a text {READS}"),
        ("{{ data._foo }}", f"'_foo' of data {READS}"),
        ("{{ appointment._value }}", f"'_value' of appointment {READS}"),
        ("{{ data.l.append(1) }}", f"'append' of a list {READS}"),
        ("{{ data.n.real }}", f"'real' of a number {READS}"),
        ("{{ data.s.upper }}", "'upper' must be called: write upper()"),
        ("{{ [data.s.upper] }}", "'upper' must be called: write upper()"),
        ("{{ data.at.timestamp() }}", f"'timestamp' of a datetime {MACHINE}"),
        ("{{ data.at.astimezone(appointment.starts_at.tzinfo) }}", f"'astimezone' of a datetime {MACHINE}"),
        ("{{ appointment.starts_at.strftime('%' ~ 's') }}",
         "'…' of strftime reads the machine's time zone: write {{ … | time }} or another directive"),
        ("{{ data.t | time('HH:mm z') }}", ZONELESS),
        ("{{ data.at | time('full') }}", ZONELESS),
        ("{{ data.day | time }}", "the filter 'time' takes a time or an instant, and was given a date"),
        ("{{ data.n | time }}", "the filter 'time' takes a time or an instant, and was given a number"),
        ("{{ data.t | date }}", "the filter 'date' takes a day or an instant, and was given a time"),
        ("{{ data.n | weekday }}", "the filter 'weekday' takes a day or an instant, and was given a number"),
        ("{{ data.s | relative }}", "the filter 'relative' takes a day or an instant, and was given a text"),
        ("{{ recipient | relative }}",
         "the filter 'relative' takes a day or an instant, and was given what is read here"),
        ("{{ data.at | time(data.ghost) }}",
         "the filter 'time' was given no pattern: it is one such as 'HH:mm' or 'h:mm a'"),
        ("{{ data.at | time(5) }}", "the filter 'time' was given no pattern: it is one such as 'HH:mm' or 'h:mm a'"),
        ("{{ data.at | date('DD') }}", "date(\"DD\"): 'DD' is no day, month or year: write 'dd'"),
        ("{{ data.l | map('string') }}", SEVERAL),
        ("{{ self }}", "what is shown here is no value"),
        ("{{ [] | first }}", f"No first item, sequence was empty.{GIVE}"),
        ("{{ data.l | random }}", "line 1: No filter named 'random'.; mend the template"),
        ("x\n{{ data.l", "line 2: unexpected end of template, expected 'end of print statement'.; mend the template"),
        ("{{ data.m.items() }}", "TypeError in the template; mend it or the data it reads"),
        ("{{ 1 / 0 }}", "ZeroDivisionError in the template; mend it or the data it reads"),
        ("{{ 'y' * 20000 }}", "it makes 20,000 characters or items, and may make 10,000"),
        ("{{ data.none }}", EMPTY),
    ],
    ids=lambda value: value[:60],
)  # fmt: skip
def test_what_a_template_may_not_is_told_without_what_it_was_given(source, what):
    """Words of the template are quoted, and those of anybody's data are not."""
    assert fault(source) == what
    assert "secret" not in what


@pytest.mark.parametrize(
    ("all_day", "words"), [(True, "in 1 day|in 2 days|in 21 hours"), (False, "in 20 hours|in 2 days|in 21 hours")]
)
def test_the_ends_of_what_lasts_all_day_are_days(all_day, words):
    """Others are instants; and so is any other instant of such a text."""
    start = datetime(2026, 2, 16, 0, tzinfo=NEW_YORK)
    visit = evolve(VISIT, starts_at=start, ends_at=datetime(2026, 2, 17, tzinfo=NEW_YORK), all_day=all_day)
    context = evolve(CONTEXT, appointment=visit, send_at=datetime(2026, 2, 15, 9, tzinfo=UTC))
    source = "{{ appointment.starts_at | relative }}|{{ appointment.ends_at | relative }}"
    assert said(source, context) == "|".join(words.split("|")[:2])
    other = "{{ appointment.starts_at.add(hours=1) | relative }}"
    assert said(other, context) == words.rpartition("|")[2]
    included = evolve(CONTEXT, send_at=context.send_at, included=((visit, PEOPLE[1], "America/New_York"),))
    assert said("{{ appointments[0].starts_at | relative }}", included) == words.partition("|")[0]


def test_appointments_are_in_the_order_of_their_start_title_and_person():
    """Whichever of them the text is about."""
    later = evolve(VISIT, id="A-2", starts_at=datetime(2026, 2, 16, 11, tzinfo=NEW_YORK), ends_at=None, title="A")
    early = evolve(VISIT, id="A-3", title="A")
    context = evolve(
        CONTEXT,
        included=(
            (later, PEOPLE[0], "America/New_York"),
            (early, PEOPLE[1], "Europe/Berlin"),
            (early, PEOPLE[0], "America/New_York"),
        ),
    )
    each = "{% for one in appointments %}{{ one.id }} {{ one.recipient }} {{ one.starts_at | time }};{% endfor %}"
    assert said(each, context) == ("A-3 Ann Lee 10:00 AM;A-3 Bo 4:00 PM;A-1 Ann Lee 10:00 AM;A-2 Ann Lee 11:00 AM;")


def test_views_are_equal_where_their_values_are():
    """And differ from all else."""
    ann, bo, same = (RecipientView(who, "America/New_York") for who in (*PEOPLE, PEOPLE[0]))
    assert ann == same
    assert hash(ann) == hash(same)
    assert ann != bo
    assert ann != VISIT.recipients[0]
    assert repr(ann) == "Ann Lee"
    assert str(RuleView(CONTEXT.rule)) == "r"
    with pytest.raises(AttributeError, match="phones"):
        _ = ann.phones


def cost(source):
    """Return how many steps a rendering takes: of so many it is refused, with one more left it is not."""
    spent = []
    plain = Budget.spend
    Budget.spend = lambda self, steps=1: (spent.append(steps), plain(self, steps))[1]
    try:
        said(source)
    finally:
        Budget.spend = plain
    return sum(spent)


@pytest.mark.parametrize(
    ("source", "steps"),
    [
        ("plain {{ 'x' }}", 1),
        ("{{ 'x' * 15 }}", 1),
        ("{{ 'x' * 16 }}", 2),
        ("{% for i in [1, 2] %}{% endfor %}", 3),
        ("{{ [1, 2] | length }}", 4),
        ("{{ data.s.upper() }}", 2),
    ],
)
def test_each_step_of_a_rendering_counts(source, steps):
    """Each item, call, filter and sixteen characters; the words that stand there anyway count once."""
    assert cost(source) == steps


def test_a_hundred_thousand_steps_are_what_one_text_may_take():
    """And not one more."""
    budget = Budget()
    assert budget.left == 100_000
    budget.spend(99_999)
    budget.spend()
    assert budget.left == 0
    with pytest.raises(BoundError, match=r"^it takes more than 100,000 steps: shorten its loops, or what they go "):
        budget.spend()


@pytest.mark.parametrize(
    ("value", "steps"),
    [("", 1), ("x" * 15, 1), ("x" * 16, 2), ("x" * 32, 3), ([], 1), ([1, 2], 3), ({1: 2}, 2), (5, 1), (None, 1),
     (StrictUndefined(), 1)],
    ids=["nothing", "fifteen", "sixteen", "thirty-two", "no items", "two", "a key", "a number", "None", "missing"],
)  # fmt: skip
def test_going_through_a_value_costs_by_its_size(value, steps):
    """One, and one for each item or sixteen characters."""
    budget = Budget()
    budget.spend_on(value)
    assert budget.left == 100_000 - steps


def test_items_cost_a_step_each_and_are_never_shown():
    """One by one."""
    budget = Budget()
    items = Items([1, 2], budget)
    assert iter(items) is items
    assert (list(items), budget.left) == ([1, 2], 100_000 - 3)
    for shown in (str, repr):
        with pytest.raises(Exception, match="several values can't be shown as one"):
            shown(items)


@pytest.mark.parametrize(
    ("make", "what"),
    [
        (lambda: checked("x" * 10_001), "it makes a text of 10,001 characters, and may make 10,000"),
        (lambda: checked((1,) * 10_001), "it makes a list of 10,001 items, and may make 10,000"),
        (lambda: checked(dict.fromkeys(range(10_001))), "it makes a list of 10,001 items, and may make 10,000"),
        (lambda: checked(-(2**3000)), "it makes a number of more than 900 digits"),
        (lambda: check_operator("+", (1,) * 5001, [1] * 5000), "it makes 10,001 characters or items, and may make"),
        (lambda: check_operator("*", (1, 2), 5001), "it makes 10,002 characters or items, and may make 10,000"),
        (lambda: check_operator("*", 2**1500, 2**1500), "it makes a number of more than 900 digits"),
        (lambda: check_operator("**", 2**100, 30), "it makes a number of more than 900 digits"),
        (lambda: check_operator("%", "%*d", 1), "a pattern for % takes widths of up to three digits, written out"),
        (lambda: check_operator("%", "%(a)1000d", 1), "a pattern for % takes widths of up to three digits, written "),
        (lambda: check_filter("center", "x", (), {"width": 1001.0}), "a width, count or precision of 1,000 is the lar"),
        (lambda: check_filter("tojson", [], ("x" * 1001,), {}), "a width, count or precision of 1,000 is the largest"),
        (lambda: check_filter("replace", "x" * 101, (), {"old": "x", "new": "y" * 100}), "it makes a text of 10,100 "),
        (lambda: joined(["x" * 10_001], "", str), "it makes a text of 10,001 characters, and may make 10,000"),
    ],
)
def test_what_is_too_large_is_told_with_its_size(make, what):
    """And with what may be made."""
    with pytest.raises(BoundError) as caught:
        make()
    assert str(caught.value).startswith(what)


def test_what_grows_nothing_is_let_through():
    """Numbers below one, other types, other operators and methods, and the largest there are."""
    for operator, left, right in (
        ("**", 2**100, 29), ("**", 2, -5000), ("**", 2.5, 5000), ("**", 5000, 2.5), ("**", 10**1000, 0),
        ("+", "x" * 10_001, 1), ("+", 1, "x" * 10_001), ("*", "x", 2.5), ("*", 2.5, 2**4000), ("*", 2**4000, 2.5),
        ("-", 2**4000, 1), ("%", 5, 3), ("%", "x 1000d", 1), ("%", "%999d %s", 1), ("/", 1, 2),
        ("*", "xy" * 5000, 0), ("*", [1], -5),
    ):  # fmt: skip
        check_operator(operator, left, right)
    for name, args, options in (
        ("center", (), {}), ("indent", (), {"first": True}), ("round", (-1000,), {}), ("upper", (5000,), {}),
        ("tojson", (None,), {}), ("wordwrap", (5000,), {}), ("replace", (1, 2), {}), ("replace", (), {}),
        ("indent", (2.5,), {}),
    ):  # fmt: skip
        check_filter(name, "x\n" * 500, args, options)
    check_filter("indent", 5, (100,), {})
    check_filter("replace", "x" * 100, ("x",), {"new": "y" * 100})
    check_call("center", ["x"], (5000,), {})
    check_call("upper", "x", (5000,), {})
    assert checked(5000.5) == 5000.5
    assert checked("x" * 10_000) == "x" * 10_000
    assert joined(["a", "b"], ", ", str.upper) == "A, B"
    assert joined([], ", ", str) == ""
    assert joined(["x" * 4999, "y" * 4999], "--", str) == "x" * 4999 + "--" + "y" * 4999
