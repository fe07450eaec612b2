"""The JSON Schema and the reader judge alike, and the schema marks nothing as wrong that the reader takes."""

from __future__ import annotations

import re
import tomllib
from datetime import date, datetime, time
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from reminder_kit.config.json_schema import file_schema, rules_schema
from reminder_kit.config.loading import load
from reminder_kit.errors import ConfigurationError, InvalidInputError, InvalidRuleError
from reminder_kit.rules.defaults import Defaults
from reminder_kit.rules.offsets import UNITS
from reminder_kit.rules.rule import Rule
from reminder_kit.text.linter import lint

ROOT = Path(__file__).parents[2]
FILE = Draft202012Validator(file_schema())
RULE = Draft202012Validator(rules_schema()["items"])
TOML_IN_GUIDE = re.findall(
    r"```toml\n(.*?)```", (ROOT / "reminder_kit" / "guide" / "rules.md").read_text(encoding="utf-8"), re.DOTALL
)
HEAD = '[provider]\nname = "telnyx"\nfrom = "+12025550100"\n'
GOOD = 'id = "r"\ntext = "See you {{ when }}."\n'


def as_json(value):
    """Return what editors hand to a schema: TOML's own dates and times are strings to it."""
    if isinstance(value, dict):
        return {key: as_json(item) for key, item in value.items()}
    if isinstance(value, list):
        return [as_json(item) for item in value]
    return value.isoformat() if isinstance(value, date | datetime | time) else value


def judged(text):
    return not list(FILE.iter_errors(as_json(tomllib.loads(text))))


def taken(text, folder):
    path = folder / "reminders.toml"
    path.write_text(text, encoding="utf-8")
    try:
        load(path, environ={})
    except (ConfigurationError, InvalidInputError):
        return False
    return True


def test_the_schemas_are_schemas():
    """Both are valid JSON Schema of the 2020-12 draft."""
    Draft202012Validator.check_schema(file_schema())
    Draft202012Validator.check_schema(rules_schema())


@pytest.mark.parametrize("text", [*TOML_IN_GUIDE, (ROOT / "examples" / "reminders.toml").read_text(encoding="utf-8")])
def test_what_readme_and_examples_show_is_right(text):
    """Every TOML block of the guide to rules and the example file pass the schema."""
    assert [error.message for error in FILE.iter_errors(as_json(tomllib.loads(text)))] == []


SALON = """
timezone = "Europe/Madrid"
locale = "es"
default_region = "ES"
holidays = ["ES-MD"]
closed_days = ["2026-08-15", 2026-12-24]
weekend = ["sunday"]
transliterate = false

[quiet_hours]
start = "21:30"
end = "09:00"
days = "weekdays"
also = [{start = "14:00", end = "16:00"}, {start = "00:00", end = "24:00", days = ["sun"], also = []}]
countries = {FR = {country = "FR"}, PT = {start = "22:00", end = "08:00"}}

[replies]
confirm = ["C", "SI"]

[cost]
part = 0.07

[calendar]
phones = "attendee"
horizon = "30 days"

[[rules]]
id = "day-before"
days_before = 1
at = 18:00:00
spread = "30 minutes"
only = {title = ["*corte*", "*color*"], data = {"stylist.name" = "Eva"}, status = "confirmed"}
if_late = {skip_after = "2 hours"}
text = {es = "Te esperamos {{ when }}.", en = "See you {{ when }}."}
late_text = "Hasta luego."

[[rules]]
id = "map"
on = 2026-02-14T09:00:00+01:00
channel = "mms"
media_urls = "https://example.com/map.png"

[[rules]]
id = "both"
weekday = "Fri"
at = "12:00"
text = {sms = "Hola", mms = {es = "Hola", en = "Hi"}}
"""


def test_a_rich_file_is_right(tmp_path):
    """A file with nearly every table passes the schema and the loader."""
    assert [error.message for error in FILE.iter_errors(as_json(tomllib.loads(SALON)))] == []
    assert taken(SALON, tmp_path)


@pytest.mark.parametrize(
    "rule",
    [
        f'{GOOD}before = "24 fortnights"',
        f"{GOOD}before = 24",
        f'{GOOD}befor = "1 day"',
        f'{GOOD}before = "1 day"\nafter = "1 day"',
        GOOD,
        f"{GOOD}days_before = 1",
        f'{GOOD}days_before = -1\nat = "18:00"',
        f'{GOOD}days_before = 1\nat = "6pm"',
        f'{GOOD}before = "1 day"\nat = "18:00"',
        f'{GOOD}weekday = "payday"\nat = "18:00"',
        f"{GOOD}business_days_before = 0",
        f'{GOOD}before = "1 day"\nif_late = "now"',
        f'{GOOD}before = "1 day"\nif_late = {{after = "1 hour"}}',
        f'{GOOD}before = "1 day"\nif_late = {{skip_after = "soon"}}',
        f'{GOOD}before = "1 day"\nif_far = "wait"',
        f'{GOOD}before = "1 day"\nshift = "left"',
        f'{GOOD}before = "1 day"\nanchor = "middle"',
        f'{GOOD}before = "1 day"\nchannel = "fax"',
        f'{GOOD}before = "1 day"\nmin_notice = 30',
        f'{GOOD}before = "1 day"\nsubject = "Hi"',
        f'{GOOD}before = "1 day"\nmedia_urls = ["https://example.com/a.png"]',
        f'{GOOD}before = "1 day"\nmax_parts = 0',
        f'{GOOD}before = "1 day"\nmax_parts = true',
        f'{GOOD}before = "1 day"\nonly = {{tag = "x"}}',
        f'{GOOD}before = "1 day"\nonly = {{status = "confirmd"}}',
        f'{GOOD}before = "1 day"\nonly = {{tags = []}}',
        f'{GOOD}before = "1 day"\nonly = "dental"',
        f'{GOOD}before = "1 day"\nunless = {{data = "x"}}',
        'id = "r"\nbefore = "1 day"',
        'id = "r"\nbefore = "1 day"\ntext = ""',
        'id = "r"\nbefore = "1 day"\ntext = {}',
        'id = "r"\nbefore = "1 day"\ntext = {en = 5}',
        'id = "r"\nbefore = "1 day"\ntext = {en = "Hi", sms = "Hi"}',
        'text = "Hi"\nbefore = "1 day"',
        'id = ""\ntext = "Hi"\nbefore = "1 day"',
    ],
)
def test_a_wrong_rule_is_refused_by_both(rule, tmp_path):
    """A wrong key, value or combination in a rule fails the schema and the loader alike."""
    text = f"{HEAD}[[rules]]\n{rule}\n"
    assert not judged(text)
    assert not taken(text, tmp_path)


@pytest.mark.parametrize(
    "table",
    [
        "[quiet_hours]\nstart = '21:00'",
        "[quiet_hours]\nstart = '9 pm'\nend = '08:00'",
        "[quiet_hours]\nstart = '21:00'\nend = '08:00'\ndays = ['payday']",
        "[quiet_hours]\nstart = '21:00'\nend = '08:00'\nzone = 'UTC'",
        "[quiet_hours]\nstart = '21:00'\nend = '08:00'\nalso = [{start = '12:00'}]",
        "[quiet_hours]\ncountry = 1",
        "[quiet_hours]\ncountry = 'US'\nstart = '21:00'\nend = '08:00'",
        "[quiet_hours]\ncountry = 'US'\ncountries = {CA = {start = '21:00'}}",
        "[quiet_hours]",
        "[guard]\nmax_cancel_ratio = 2",
        "[guard]\nmax_changes = 0",
        "[cost]\nprice = 1",
        "[ledger]\nurl = 5",
        "[ledger]\nmode = '0644'",
        "[ledger]\nbusy_timeout = 'soon'",
        "[ledger]\nbusy_timeout = -1",
        "[ledger]\nmode = 0o600",
        "[calendar]\nalarms = 'yes'",
        "[calendar]\nphones = ['fax']",
        "[replies]\nConfirm = ['C']",
        "[replies]\nconfirm = []",
        "[rules]\nid = 'r'",
        "[calendar]\nregion = 'Denmark'",
        "[calendar]\nregion = ''",
        "[colours]",
    ],
)
def test_a_wrong_table_is_refused_by_both(table, tmp_path):
    """A wrong key, value or combination in any other table fails both as well."""
    text = f"{HEAD}{table}\n"
    assert not judged(text)
    assert not taken(text, tmp_path)


@pytest.mark.parametrize(
    "line", ["default_region = 'USA'", "transliterate = 'yes'", "closed_days = ['24 December']", "weekend = ['funday']",
             "zone = 'UTC'", "timezone = ''", "rearm_after = 15"],
)  # fmt: skip
def test_a_wrong_line_is_refused_by_both(line, tmp_path):
    """A wrong key or value at the top of the file fails both as well."""
    assert not judged(f"{line}\n{HEAD}")
    assert not taken(f"{line}\n{HEAD}", tmp_path)


LENGTHS = st.sampled_from(
    ["24 hours", "1 day", "2 weeks", "90 minutes", "1 hour 30 minutes", "1 Hour, 30 MIN", "1.5 hours", "PT24H",
     "P1DT2H", " 3 d ", "1h and 5min", "2 hrs", "soon", "24", "P", "-1 hour", "1 month", "", 24, True]
)  # fmt: skip
TEXTS = st.sampled_from(
    ["Hi", "{{ when }}", {"en": "Hi"}, {"en": "Hi", "es": "Hola"}, {"sms": "Hi"}, {"sms": "Hi", "mms": {"en": "Hi"}},
     {"en": "Hi", "sms": "Hi"}, {}, 5]
)  # fmt: skip
VALUES = {
    "before": LENGTHS,
    "after": LENGTHS,
    "days_before": st.sampled_from([0, 1, 30, -1, "1", True]),
    "weekday": st.sampled_from(["friday", "Fri", "SUNDAY", "fr", "payday", 5]),
    "business_days_before": st.sampled_from([1, 5, 0]),
    "business_days_after": st.sampled_from([1, 5, 0]),
    "after_booking": LENGTHS,
    "after_change": LENGTHS,
    "if_holiday": st.sampled_from(["before", "skip", "after"]),
    "clock": st.sampled_from(["place", "reader", "venue"]),
    "at": st.sampled_from(["18:00", "08:30:00", " 9:00", "25:00", "6pm", 18]),
    "anchor": st.sampled_from(["start", "end", "middle"]),
    "text": TEXTS,
    "late_text": TEXTS,
    "if_late": st.sampled_from(["clamp", "skip", "next rule", {"skip_after": "6 hours"}, {"skip_after": "x"}, "no"]),
    "if_far": st.sampled_from(["hold", "clamp", "skip", "no"]),
    "shift": st.sampled_from(["earlier", "later", "no"]),
    "min_notice": LENGTHS | st.just(0),
    "spread": LENGTHS | st.just(0),
    "min_booking_lead": LENGTHS,
    "channel": st.sampled_from(["sms", "mms"]),
    "media_urls": st.sampled_from([["https://example.com/a.png"], "https://example.com/a.png", [], [5]]),
    "subject": st.sampled_from(["Hi", "", 5]),
    "max_parts": st.sampled_from([1, 3, 0, "2"]),
    "only": st.sampled_from([{"tags": ["a"]}, {"status": "confirmed"}, {"resource": "Room *"}, {"tag": "a"}, {}, "a"]),
}


WHENS = [
    "before",
    "after",
    "days_before",
    "weekday",
    "business_days_before",
    "business_days_after",
    "after_booking",
    "after_change",
]


@st.composite
def rules(draw):
    """Return a rule that says when once, and some other things, each right or wrong."""
    when = draw(st.sampled_from(["before", *WHENS]))
    others = sorted(set(VALUES) - {*WHENS, "text"})
    keys = [when, "text", *draw(st.lists(st.sampled_from(others), max_size=4, unique=True))]
    return {"id": "r", **{key: draw(VALUES[key]) for key in keys}}


@settings(max_examples=800, deadline=None)
@given(rules())
@example({"id": "r", "before": "1 day", "text": "", "channel": "mms", "media_urls": "https://example.com/a.png"})
def test_whatever_the_reader_takes_the_schema_does_not_mark(values):
    """Of drawn rules, right and wrong, the schema never marks one that the reader and linter take."""
    try:
        rule = Rule.from_mapping(values)
    except InvalidRuleError:
        return
    if not [finding for finding in lint(rule, Defaults()) if finding.severity == "error"]:
        assert [error.message for error in RULE.iter_errors(values)] == []


@pytest.mark.parametrize("unit", sorted(UNITS))
def test_it_knows_every_unit_in_any_case(unit):
    """Each unit of a length, capitalised too, passes the schema and the reader."""
    rule = {"id": "r", "text": "Hi", "before": f"2 {unit.title()}"}
    assert RULE.is_valid(rule)
    Rule.from_mapping(rule)
