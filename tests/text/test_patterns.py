"""Patterns of days and times: those of other libraries are refused when rules load, with the right spelling."""

from __future__ import annotations

from datetime import date, time, timedelta

import pytest
from babel.dates import format_date, format_time
from hypothesis import given
from hypothesis import strategies as st

from reminder_kit import Appointment, Recipient, ReminderKit, Rule
from reminder_kit.errors import InvalidRuleError
from reminder_kit.providers.telnyx.provider import Telnyx
from reminder_kit.text.patterns import fault_of_pattern
from tests.factories import START

DAY, TIME = date(2028, 12, 31), time(14, 5, 9)

MEANT = [
    ("date", "DD.MM.YYYY", "dd.MM.yyyy"),
    ("date", "ddd D MMM", "EEE d MMM"),
    ("date", "dddd, MMMM D", "EEEE, MMMM d"),
    ("date", "dd/mm/yyyy", "dd/MM/yyyy"),
    ("date", "%d.%m.%Y", "dd.MM.yyyy"),
    ("date", "%a %-d %b", "EEE d MMM"),
    ("time", "hh:mm A", "hh:mm a"),
    ("time", "h:mm tt", "h:mm a"),
    ("time", "HH:MM", "HH:mm"),
    ("time", "HH:mm:SS", "HH:mm:ss"),
    ("time", "%H:%M", "HH:mm"),
    ("time", "%-I:%M %p", "h:mm a"),
]


@pytest.mark.parametrize(("name", "pattern", "meant"), MEANT)
def test_the_right_spelling_is_named(name, pattern, meant):
    assert fault_of_pattern(name, pattern).endswith(f"write {meant!r}")
    assert fault_of_pattern(name, meant) == ""


@pytest.mark.parametrize(
    ("name", "pattern", "what"),
    [
        ("date", "hh:mm a", "'hh' is for time(…)"),
        ("time", "d. HH:mm", "'d' is for date(…)"),
        ("date", "dd.MM.yyyy HH:mm", "'HH' is for time(…)"),
        ("time", "HH:mm Uhr", "'U' is no part of a time"),
        ("time", "HHhmm", "'h' says the same as 'HH'"),
        ("date", "d de MMMM", "'e' is no day, month or year"),
        ("date", "d 'de MMMM", "a quote is not closed"),
        ("date", "%d of %B", "% is strftime's"),
        ("date", "DDDD", "'DDDD' is no day, month or year"),
        ("time", "HH:mm:ss.ffff", "'ffff' is no part of a time"),
        ("date", "MMMMMM", "'MMMMMM' is no day, month or year"),
        ("time", "", "there is nothing in it"),
    ],
)
def test_what_else_is_none_says_what_is_wrong_with_it(name, pattern, what):
    """Words that lack their quotes, a day in a time, and what no library reads."""
    fault = fault_of_pattern(name, pattern)
    assert fault.startswith(f'{name}("{pattern}"): {what}')
    assert "words in single quotes" in fault


LETTERS = {
    "date": "G5 y9 Q5 q5 M5 L5 w2 d2 E6 e6 c6",
    "time": "a5 b5 B5 h2 H2 K2 k2 m2 s2 z4 Z5 O4 v4 V4 X5 x5",
}
"""Each letter that a filter takes, and how often in a row (UTS 35, "Date Field Symbol Table")."""


@pytest.mark.parametrize(
    ("name", "letter", "longest"),
    [(name, given[0], int(given[1])) for name, several in LETTERS.items() for given in several.split()],
)
def test_each_letter_is_taken_as_often_as_cldr_has_it(name, letter, longest):
    """And no oftener; numbers of days of the week are none that anybody means; the other filter's are named so."""
    taken = [count for count in range(1, longest + 3) if fault_of_pattern(name, letter * count) == ""]
    assert taken == list(range(3 if letter in "ec" else 1, longest + 1))
    other = "time" if name == "date" else "date"
    assert f"is for {name}(…)" in fault_of_pattern(other, letter)


DIRECTIVES = {
    "date": {
        "%a": "EEE", "%A": "EEEE", "%d": "dd", "%-d": "d", "%e": "d", "%b": "MMM", "%B": "MMMM", "%m": "MM",
        "%-m": "M", "%y": "yy", "%Y": "yyyy", "YYYY": "yyyy", "YY": "yy", "Y": "y", "DD": "dd", "D": "d",
        "dddd": "EEEE", "ddd": "EEE", "mm": "MM",
    },
    "time": {
        "%H": "HH", "%-H": "H", "%I": "hh", "%-I": "h", "%M": "mm", "%S": "ss", "%p": "a", "%Z": "z", "A": "a",
        "tt": "a", "t": "a", "MM": "mm", "SS": "ss", "S": "s",
    },
}  # fmt: skip
"""What strftime and other libraries write, and what it is in CLDR."""


@pytest.mark.parametrize(
    ("name", "given", "meant"), [(name, *pair) for name, pairs in DIRECTIVES.items() for pair in pairs.items()]
)
def test_what_other_libraries_write_is_told_as_cldr_has_it(name, given, meant):
    assert fault_of_pattern(name, given).endswith(f"write {meant!r}")


@pytest.mark.parametrize("given", ["hH", "kK", "hk", "mm m", "ss s", "M L", "EEE eee", "EEE ccc", "y yy", "d dd"])
def test_what_says_the_same_twice_lacks_its_quotes(given):
    """A letter of a word between quotes that are missing."""
    name = "time" if set(given) & set("hHkKms") else "date"
    assert "says the same as" in fault_of_pattern(name, given)


@pytest.mark.parametrize("named", ["short", "medium", "long", "full"])
def test_what_every_locale_has_is_taken_by_name(named):
    assert (fault_of_pattern("date", named), fault_of_pattern("time", named)) == ("", "")


@pytest.mark.parametrize(
    ("name", "pattern", "said"),
    [
        ("date", "EEE d MMM", "Sun 31 Dec"),
        ("date", "d. M.", "31. 12."),
        ("date", "d 'de' MMMM", "31 de December"),
        ("date", "yyyy-MM-dd", "2028-12-31"),
        ("date", "full", "Sunday, December 31, 2028"),
        ("time", "HH'h'mm", "14h05"),
        ("time", "h 'o''clock' a", "2 o'clock PM"),
        ("time", "HH.mm", "14.05"),
    ],
)
def test_what_is_taken_says_what_it_seems_to(name, pattern, said):
    assert fault_of_pattern(name, pattern) == ""
    formatted = format_date(DAY, pattern, "en") if name == "date" else format_time(TIME, pattern, locale="en")
    assert formatted.replace("\u202f", " ") == said


@given(st.sampled_from(["date", "time"]), st.text(st.sampled_from("dDmMyYhHaAEesSzkc:. '%-xo"), max_size=8))
def test_what_is_taken_babel_can_format(name, pattern):
    """Whatever is taken, Babel writes; whatever is refused is refused in words."""
    fault = fault_of_pattern(name, pattern)
    if fault:
        assert fault.startswith(f"{name}(")
    elif not {*pattern} & {*"zZOvVxX"}:  # a zone needs an instant
        written = format_date(DAY, pattern) if name == "date" else format_time(TIME, pattern)
        assert isinstance(written, str)


def kit_with(text, **options):
    provider = Telnyx(api_key="KEY", from_="+12025550100")
    return ReminderKit(provider, [Rule("r", before="24 hours", text=text)], "sqlite://", clock=lambda: START, **options)


@pytest.mark.parametrize("given", ["date('DD.MM.YYYY')", "date(pattern='DD.MM.YYYY')", "date('DD.MM.YYYY') | upper"])
def test_it_is_refused_as_rules_load(given):
    """It was parked as "365.12.2028" before."""
    with pytest.raises(InvalidRuleError, match=r"rule 'r': text: date\(\"DD.MM.YYYY\"\).*write 'dd.MM.yyyy'"):
        kit_with(f"See you {{{{ appointment.starts_at | {given} }}}}.")


@pytest.mark.parametrize(
    ("expression", "why"),
    [
        ("appointment.starts_at | date('%d.' ~ '%m.')", "the filter 'date' was given no pattern"),
        ("appointment.starts_at | date(appointment.data.pattern)", "the filter 'date' was given no pattern"),
        ("appointment.title | date('d MMM')", "the filter 'date' takes a day or an instant, and was given a text"),
        ("appointment.title | time", "the filter 'time' takes a time or an instant, and was given a text"),
        ("appointment.starts_at.date() | time('HH:mm')", "the filter 'time' takes a time or an instant"),
    ],
)
def test_what_shows_only_as_it_is_rendered_names_rule_and_filter(expression, why):
    """A pattern that came from data is not repeated: it may be anybody's."""
    start = START + timedelta(days=3)
    visit = Appointment(
        "A-1", start, title="Check-up", recipients=[Recipient("+12025550123")], data={"pattern": "Ada Lovelace"}
    )
    with kit_with(f"See you {{{{ {expression} }}}}.") as kit:
        (change,) = kit.plan(visit).changes
    assert change.reason == "template_error"
    assert "rule 'r'" in change.error
    assert why in change.error
    assert "Lovelace" not in change.error
