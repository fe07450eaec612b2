"""What a configuration file may say, and how each wrong thing in it is named."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reminder_kit import ReminderKit
from reminder_kit.config.loading import load
from reminder_kit.errors import ConfigurationError, InvalidRuleError, ReminderKitError
from reminder_kit.planning.forecast import Prices
from reminder_kit.providers.telnyx.provider import Telnyx
from reminder_kit.rules.offsets import in_words

RULE = """
[[rules]]
id = "day-before"
before = "24 hours"
text = "Hi {{ recipient.name }}, see you {{ when }}."
"""

WHOLE = f"""
timezone = "America/New_York"
locale = "en"
default_region = "us"
namespace = "practice"
rearm_after = "20 minutes"
holidays = ["US-NY"]
closed_days = [2026-12-24, "2026-12-31"]
weekend = ["saturday", "sunday"]
transliterate = true
must_say = "STOP"

[provider]
name = "telnyx"
from = "+12025550100"
base_url = "http://127.0.0.1:8080/v2"
webhook_url = "https://example.com/hooks/telnyx"
endpoint = "messages"
schedule_ahead = "2 days"
concurrency = 8
rate = "50/s"
timeout = 10
unknown_outcome = "prefer_missing"

[ledger]
url = "sqlite:///somewhere.db"

[quiet_hours]
start = "21:00"
end = "08:00"

[guard]
max_cancel_ratio = 0.25
max_changes = 5000

[cost]
part = 0.004
mms = 0.02
currency = "USD"

[calendar]
phones = ["x-phone", "attendee", "directory"]
directory = "people.csv"
alarms = "ignore"
horizon = "30 days"
sources = ["clinic.ics"]
{RULE}
[[rules]]
id = "two-hours"
before = "2 hours"
if_late = {{ skip_after = "10 minutes" }}
text = {{ en = "Soon: {{{{ when }}}}", es = "Pronto: {{{{ when }}}}" }}
"""


@pytest.fixture
def read(tmp_path):
    """Return a reader of a configuration given as text."""

    def read(text, **environ):
        path = tmp_path / "reminders.toml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return load(path, environ=environ)

    return read


def test_every_key_becomes_an_argument_of_the_kit(read):
    """A file with every table gives the same values that a host would pass in code."""
    arguments = read(WHOLE).arguments()
    provider, ledger, calendar = (arguments.pop(key) for key in ("provider", "ledger", "calendar"))
    rules, guard, quiet = (arguments.pop(key) for key in ("rules", "guard", "quiet_hours"))
    assert arguments == {
        "timezone": "America/New_York",
        "locale": "en",
        "default_region": "US",
        "namespace": "practice",
        "holidays": ("US-NY",),
        "closed_days": {date(2026, 12, 24), date(2026, 12, 31)},
        "weekend": {5, 6},
        "transliterate": True,
        "must_say": ("STOP",),
        "cost": Prices(Decimal("0.004"), Decimal("0.02"), "USD"),
        "rearm_after": timedelta(minutes=20),
        "concurrency": 8,
        "rate": "50/s",
        "timeout": 10.0,
        "unknown_outcome": "prefer_missing",
        "sources": ("clinic.ics",),
    }
    assert isinstance(provider, Telnyx)
    assert (provider.sender, provider.base_url) == ("+12025550100", "http://127.0.0.1:8080/v2")
    assert provider.capabilities.window.max_lead == timedelta(days=2)
    assert provider.capabilities.echoes_token
    assert (ledger.url, ledger.namespace) == ("sqlite:///somewhere.db", "practice")
    assert (calendar.horizon, calendar.phones) == (timedelta(days=30), ("x-phone", "attendee", "directory"))
    assert [rule.id for rule in rules] == ["day-before", "two-hours"]
    assert rules[1].if_late.within == timedelta(minutes=10)
    assert (guard.max_cancel_ratio, guard.max_changes) == (0.25, 5000)
    assert (quiet.start, quiet.end) == ("21:00", "08:00")


def test_what_is_left_out_has_the_documented_default(read):
    """A file of one provider and one rule needs nothing else."""
    config = read('[provider]\nname = "telnyx"\nfrom = "+12025550100"\n' + RULE)
    assert config.ledger_url == "sqlite:///reminders.db"
    assert config.quiet_hours is None
    assert config.guard.max_cancel_ratio == 0.5
    assert config.guard.max_changes is None
    assert config.defaults.locale == "en"
    assert config.options == {}
    assert config.warnings == ()


def test_a_calendar_needs_no_provider_but_a_kit_does(read):
    """A file without [provider] loads with a warning; only building the provider is an error."""
    config = read('timezone = "Europe/London"')
    assert config.defaults.timezone == "Europe/London"
    assert config.warnings == ("there is no [[rules]] table: nothing would ever be sent",)
    with pytest.raises(ConfigurationError, match=r"\[provider\] name is missing"):
        config.provider()


@pytest.mark.parametrize(
    ("table", "window"),
    [
        ("name = 'twilio'\nmessaging_service_sid = 'MG" + "0" * 32 + "'\nmin_lead = '20 minutes'", "20 minutes"),
        ("name = 'vonage'\nfrom = 'Clinic'", "0 minutes"),
    ],
    ids=["twilio", "vonage"],
)
def test_every_provider_is_built_from_its_own_keys(read, table, window):
    """Each provider takes its own sender and window keys from the same table."""
    provider = read(f"[provider]\n{table}\n{RULE}").provider()
    assert in_words(provider.capabilities.window.min_lead) == window


FIRST = '[provider]\nname = "telnyx"\nfrom = "+12025550100"\n'


def test_without_its_table_there_is_no_fallback(read):
    """Without [fallback] the kit gets no such argument."""
    config = read(FIRST + RULE)
    assert config.fallback() is None
    assert "fallback" not in config.arguments()


@pytest.mark.parametrize(
    ("table", "name", "sender"),
    [
        ("name = 'telnyx'\nfrom = '+12025550101'\nmessaging_profile_id = 'p'", "telnyx", "+12025550101"),
        ("name = 'twilio'\nmessaging_service_sid = 'MG" + "0" * 32 + "'", "twilio", "MG" + "0" * 32),
        ("name = 'vonage'\nfrom = 'Clinic'", "vonage", "Clinic"),
    ],
    ids=["second sender", "twilio", "vonage"],
)
def test_a_fallback_is_built_from_the_same_keys(read, table, name, sender):
    """[fallback] takes what [provider] takes: another sender or another provider."""
    fallback = read(f"{FIRST}[fallback]\n{table}\n{RULE}").arguments()["fallback"]
    assert (fallback.name, fallback.sender) == (name, sender)


def test_the_kit_of_a_file_has_its_fallback(read, tmp_path):
    """`from_config` hands the fallback on to the kit and to its settings."""
    read(f"{FIRST}[fallback]\nname = 'vonage'\nfrom = 'Clinic'\n[ledger]\nurl = 'sqlite:///{tmp_path}/r.db'\n{RULE}")
    with ReminderKit.from_config(tmp_path / "reminders.toml") as kit:
        assert kit.fallback.name == kit.settings.fallback.provider == "vonage"


@pytest.mark.parametrize(
    ("table", "name", "sender"),
    [
        ("name = 'email'\nfrom = 'Clinic <a@b.example>'\nhost = 'smtp.b.example'\nport = 465", "email", "a@b.example"),
        ("name = 'callback'\ncall = 'reminder_kit.model.phones:masked'\nas_name = 'desk'", "desk", "desk"),
    ],
)
def test_a_fallback_may_be_a_channel(read, tmp_path, table, name, sender):
    """An e-mail, or a function by its place; the kit has it as its fallback."""
    read(f"{FIRST}[fallback]\n{table}\n[ledger]\nurl = 'sqlite:///{tmp_path}/r.db'\n{RULE}")
    with ReminderKit.from_config(tmp_path / "reminders.toml") as kit:
        assert (kit.fallback.name, kit.settings.fallback.sender) == (name, sender)


@pytest.mark.parametrize(
    ("table", "parts"),
    [
        ("name = 'email'\nfrom = 'a@b.example'\npassword = 'hunter2'", ("EMAIL_PASSWORD", "secrets")),
        ("name = 'email'\nfrom = 'a@b.example'\nsubject = '{{ nobody }}'", ("[fallback] subject", "nobody")),
        ("name = 'email'\nfrom = 'a@b.example'\nsubject = '{{ when'", ("[fallback] subject",)),
    ],
)
def test_a_channel_in_a_file_holds_no_secret_and_no_broken_template(read, table, parts):
    """Both are refused as the file is read, naming the key."""
    with pytest.raises((ConfigurationError, InvalidRuleError)) as caught:
        read(f"{FIRST}[fallback]\n{table}\n{RULE}")
    assert "hunter2" not in str(caught.value)
    for part in parts:
        assert part in str(caught.value)


def test_a_channel_is_no_provider(read):
    """Texts can't begin as e-mails: the name is told where it belongs."""
    config = read(f"[provider]\nname = 'email'\nfrom = 'a@b.example'\n{RULE}")
    with pytest.raises(ConfigurationError, match=r"goes under \[fallback\]"):
        config.provider()


@pytest.mark.parametrize(
    ("table", "parts"),
    [
        ("from = '+12025550101'", ("[fallback] name is missing",)),
        ("name = 'email'", ("[fallback]", "sender")),
        ("name = 'email'\nfrom = 'clinic'", ("from must be an e-mail address",)),
        ("name = 'email'\nfrom = 'a@b.example'\nport = '587'", ("[fallback] port", "587")),
        ("name = 'callback'", ("call",)),
        ("name = 'callback'\ncall = 'clinic'", ("package.module:function",)),
        ("name = 'telnix'", ("telnix", "telnyx")),
        ("name = 'telnyx'", ("from", "messaging_profile_id", "in [fallback]")),
        ("name = 'telnyx'\nform = '+12025550101'", ("[fallback] unknown key 'form'", "'from'")),
        ("name = 'twilio'", ("Messaging Service", "in [fallback]")),
    ],
)
def test_a_wrong_fallback_is_told_when_one_is_needed(read, tmp_path, table, parts):
    """Errors of the second sender name [fallback], never [provider]."""
    config = read(f"{FIRST}[fallback]\n{table}\n{RULE}")
    with pytest.raises(ConfigurationError) as caught:
        config.fallback()
    assert str(caught.value).startswith(str(tmp_path / "reminders.toml"))
    assert "[provider]" not in str(caught.value)
    for part in parts:
        assert part in str(caught.value)


def test_a_file_saved_with_a_byte_order_mark_is_read(read):
    """Editors on Windows put one there: it is no part of the TOML."""
    assert read(b"\xef\xbb\xbf" + RULE.encode()).rules[0].id == "day-before"


def test_the_ledger_may_be_named_by_the_environment(read):
    """`REMINDER_KIT_LEDGER_URL` is taken where the file has no address: the file comes first."""
    url = "postgresql://reminders:secret@db/reminders"
    assert read(RULE, REMINDER_KIT_LEDGER_URL=url).ledger_url == url
    assert read('[ledger]\nurl = "sqlite:///a.db"' + RULE, REMINDER_KIT_LEDGER_URL=url).ledger_url == "sqlite:///a.db"


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("sqlit:///r.db", "no ledger is kept in sqlit: use sqlite:///… or postgresql://…"),
        ("r.db", "the ledger's url can't be read: write sqlite:///reminders.db or postgresql://user@host/database"),
    ],
)
@pytest.mark.parametrize("named", ["[ledger] url", "REMINDER_KIT_LEDGER_URL"])
def test_an_address_of_no_ledger_is_told_by_its_file_and_key(read, url, said, named):
    """Or by the variable that holds it, before anything is asked of the ledger."""
    in_file = named == "[ledger] url"
    given = f'[ledger]\nurl = "{url}"' if in_file else ""
    config = read(given + RULE, **({} if in_file else {named: url}))
    with pytest.raises(ConfigurationError) as caught:
        config.ledger()
    assert str(caught.value) == f"{config.path}: {named}: {said}"


def test_a_password_in_the_ledgers_address_is_pointed_out(read):
    """A password in the ledger's address is pointed out without showing it."""
    (warning,) = read('[ledger]\nurl = "postgresql://reminders:hunter2@db/r"' + RULE).warnings
    assert "REMINDER_KIT_LEDGER_URL" in warning
    assert "hunter2" not in warning


def test_a_costly_or_dangerous_text_is_a_warning(read):
    """What the linter warns of is among the file's warnings and stops nothing."""
    config = read('[[rules]]\nid = "r"\nbefore = "1 hour"\ntext = "Reply CANCEL to cancel."')
    assert len(config.warnings) == 1
    assert "CANCEL" in config.warnings[0]


def test_a_missing_file_is_one_line_with_the_remedy(tmp_path):
    """The error names the path and the option that takes another."""
    with pytest.raises(ConfigurationError, match=r"nowhere\.toml: there is no such file: create it .*--config"):
        load(tmp_path / "nowhere.toml")


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("timezone = \nlocale = 'en'", ("broken TOML", "line 1")),
        (b"timezone = '\xff'", ("not UTF-8", "byte 12")),
        ('timezon = "UTC"', ("unknown key 'timezon'", "did you mean 'timezone'")),
        ("concurrency = 4", ("unknown key 'concurrency'", "it belongs under [provider]")),
        ("[ledger]\ntimezone = 'UTC'", ("[ledger] unknown key 'timezone'", "top of the file")),
        ('timezone = "Mars/Olympus"', ("timezone", "Mars/Olympus", "America/New_York")),
        ("timezone = 5", ("timezone must be text in quotes", "5")),
        ('locale = "qq"', ("locale", "'qq'")),
        ('default_region = "Utopia"', ("default_region", "Utopia", "two letters")),
        ('provider = "telnyx"', ("[provider]", "table")),
        ('holidays = ["Atlantis"]', ("holidays", "Atlantis", "US-NY")),
        ('holidays = ["US-XX"]', ("holidays", "US-XX", "region")),
        ("holidays = 7", ("holidays", "7", "US-NY")),
        ("closed_days = ['24.12.2026']", ("closed_days", "24.12.2026", "2026-12-24")),
        ("closed_days = true", ("closed_days", "True", "2026-12-24")),
        ("weekend = ['funday']", ("weekend", "funday", "saturday")),
        ("weekend = [0, 1, 2, 3, 4, 5, 6]", ("weekend", "seven days", "leave one out")),
        ("transliterate = 'yes'", ("transliterate", "true or false", "yes")),
        ("[guard]\nholidays = ['US']", ("[guard] unknown key 'holidays'", "top of the file")),
        ("[provider]\nname = 7", ("[provider] name", "text in quotes")),
        ("[provider]\nconcurrency = 0", ("[provider] concurrency", "from 1 up", "0")),
        ("[provider]\nrate = 'fast'", ("[provider] rate", "fast", "50/s")),
        ("[provider]\ntimeout = '0 seconds'", ("[provider] timeout", "longer than nothing")),
        ("[provider]\nunknown_outcome = 'guess'", ("unknown_outcome", "guess", "prefer_missing")),
        ("[fallback]\nname = 7", ("[fallback] name", "text in quotes")),
        ("[fallback]\nrate = '5/s'", ("[fallback] unknown key 'rate'", "[provider]", "both")),
        ("fallback = 'twilio'", ("[fallback]", "table")),
        ("[ledger]\nurl = ''", ("[ledger] url", "text")),
        ("[ledger]\nmode = '0644'", ("[ledger] mode", "'0644'", '"0600"', '"0660"')),
        ("[ledger]\nmode = 0o660", ("[ledger] mode", "432", "in quotes")),
        ("[ledger]\nmode = '660 '", ("[ledger] mode", "'660 '")),
        ("[ledger]\nbusy_timeout = 'soon'", ("[ledger] busy_timeout", "'soon'")),
        ("[ledger]\nbusy_timeout = -1", ("[ledger] busy_timeout", "5 seconds")),
        ("[ledger]\nulr = 'x'", ("[ledger] unknown key 'ulr'", "'url'")),
        ("[guard]\nmax_cancel_ratio = 50", ("[guard] max_cancel_ratio", "0 to 1", "50")),
        ("[guard]\nmax_changes = true", ("[guard] max_changes", "True")),
        ("[quiet_hours]\nstart = '21:00'", ("quiet_hours", "end")),
        ("[quiet_hours]\nstart = '25:00'\nend = '08:00'", ("25:00", "21:00")),
        ("[cost]\npart = 'cheap'", ("[cost] part", "cheap", "0.004")),
        ("[cost]\nmms = -1", ("[cost] mms", "-1")),
        ("[cost]\npart = nan", ("[cost] part", "nan")),
        ("[cost]\ncurrency = 5", ("[cost] currency", "5", "USD")),
        ("[cost]\nparts = 1", ("[cost] unknown key 'parts'", "'part'")),
        ("cost = 0.004", ("[cost]", "table")),
        ("[calendar]\nphone = ['attendee']", ("[calendar]", "'phone'", "phones")),
        ("[calendar]\nalarms = 'maybe'", ("[calendar]", "alarms")),
        ("[calendar]\nhorizon = 'long'", ("[calendar] horizon", "long")),
    ],
)
def test_a_wrong_file_is_named_with_key_value_and_remedy(read, tmp_path, text, parts):
    """Each mistake is one line: file, table and key, the value, and what would be right."""
    with pytest.raises(ConfigurationError) as caught:
        read(text)
    said = str(caught.value)
    assert said.startswith(str(tmp_path / "reminders.toml"))
    assert "\n" not in said
    for part in parts:
        assert part in said


@pytest.mark.parametrize(
    ("table", "parts"),
    [
        ("[provider]\nname = 'telnyx'\napi_key = 'KEY0123'", ("[provider] api_key", "TELNYX_API_KEY")),
        ("[provider]\nname = 'twilio'\nauth_token = 'KEY0123'", ("[provider] auth_token", "TWILIO_AUTH_TOKEN")),
        ("[fallback]\nname = 'twilio'\nauth_token = 'KEY0123'", ("[fallback] auth_token", "TWILIO_AUTH_TOKEN")),
        ("[ledger]\npassword = 'KEY0123'", ("[ledger] password", "REMINDER_KIT_LEDGER_URL")),
    ],
    ids=["telnyx", "twilio", "fallback", "ledger"],
)
def test_secrets_are_refused_with_the_variable_to_use(read, table, parts):
    """A secret in the file is an error that names its variable and does not repeat the secret."""
    with pytest.raises(ConfigurationError) as caught:
        read(table)
    assert "KEY0123" not in str(caught.value)
    for part in parts:
        assert part in str(caught.value)


@pytest.mark.parametrize(
    ("table", "parts"),
    [
        ("name = 'telnix'", ("telnix", "telnyx")),
        ("name = 'telnyx'", ("from", "messaging_profile_id")),
        ("name = 'telnyx'\nfrom = 12025550100", ("[provider] from", "text in quotes")),
        ("name = 'telnyx'\nform = '+12025550100'", ("unknown key 'form'", "'from'")),
        ("name = 'vonage'\nfrom = 'Clinic'\nclock = 'now'", ("unknown key 'clock'",)),
        ("name = 'telnyx'\nfrom = '+12025550100'\nschedule_ahead = 'soon'", ("schedule_ahead", "soon")),
        ("name = 'telnyx'\nfrom = '+12025550100'\nendpoint = 'both'", ("endpoint", "both")),
        ("name = 'telnyx'\nfrom = '+12025550100'\nbase_url = 'example.com'", ("base_url", "example.com")),
    ],
)
def test_a_wrong_provider_is_told_when_one_is_needed(read, tmp_path, table, parts):
    """Errors of [provider] come with the file's name as soon as the provider is built."""
    config = read(f"[provider]\n{table}\n{RULE}")
    with pytest.raises(ConfigurationError) as caught:
        config.provider()
    assert str(caught.value).startswith(str(tmp_path / "reminders.toml"))
    for part in parts:
        assert part in str(caught.value)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("[[rules]]\nid = 'a'\nbefor = '1 day'", ("rules[0] (line 1)", "'befor'", "'before'")),
        ("[[rules]]\nbefore = '1 day'", ("rules[0] (line 1)", "id")),
        (RULE + RULE, ("rules[1] (line 7)", "day-before", "rules[0] (line 2)")),
        ("[[rules]]\nid = 'a'\nbefore = '1 parsec'\ntext = 'x'", ("rule 'a'", "before", "1 parsec")),
        ("[[rules]]\nid = 'a'\nbefore = '1 day'\ntext = '{{ wen }}'", ("line 1", "'a'", "'wen'", "'when'")),
        ("[[rules]]\nid = 'a'\nbefore = '1 day'\ntext = '{{ when'", ("line 1", "'a'", "cannot be read")),
        ("[[rules]]\nid = 'a'\nbefore = '1 day'", ("'a'", "no text")),
        ("[rules]\nid = 'a'", ("[[rules]]", "two brackets")),
    ],
    ids=[
        "unknown key",
        "no id",
        "two of one id",
        "no offset",
        "unknown variable",
        "broken template",
        "no text",
        "table",
    ],
)
def test_a_wrong_rule_is_named_with_its_place(read, tmp_path, text, parts):
    """The error has the rule's number and line, or its id, and for two of one id both places."""
    with pytest.raises((InvalidRuleError, ConfigurationError)) as caught:
        read(text)
    said = str(caught.value)
    assert said.startswith(str(tmp_path / "reminders.toml"))
    for part in parts:
        assert part in said


VALUES = (
    *('""', '"x"', '"1 day"', '"21:00"', '"+12025550100"', "0", "-1", "1.5", "true", "1979-05-27", "18:00:00"),
    *("[]", "[1]", '["x"]', "{}", '{ x = "y" }', "[[1]]", "nan", "inf", "99999999999999999999"),
)
KEYS = {
    "": "timezone locale default_region namespace rearm_after provider ledger quiet_hours guard calendar rules "
    "holidays closed_days weekend transliterate",
    "[provider]": "name from base_url webhook_url endpoint schedule_ahead concurrency rate timeout unknown_outcome "
    "suppress_undeliverable only_to",
    "[fallback]": "name from base_url webhook_url endpoint schedule_ahead concurrency timeout",
    "[replies]": "confirm",
    "[ledger]": "url schema mode busy_timeout",
    "[quiet_hours]": "start end days also",
    "[guard]": "max_cancel_ratio max_changes",
    "[cost]": "part mms currency",
    "[calendar]": "phones directory alarms horizon sources limits timezone region",
    "[calendar.limits]": "events redirects timeout",
    "[[rules]]": "id before after days_before weekday on at anchor text late_text if_late if_far shift min_notice only "
    "unless min_booking_lead when channel media_urls subject max_parts",
}
LINES = [(table, f"{key} = {value}") for table, keys in KEYS.items() for key in keys.split() for value in VALUES]
BESIDES = {
    "[provider]": {"name": '"telnyx"', "from": '"+12025550100"'},
    "[fallback]": {"name": '"telnyx"', "from": '"+12025550101"'},
    "[quiet_hours]": {"start": '"21:00"', "end": '"08:00"'},
    "[[rules]]": {"id": '"r"', "before": '"1 hour"', "text": '"x"'},
}


def said_of(path, text):
    path.write_text(text)
    try:
        config = load(path, environ={})
        config.provider()
        config.fallback()
    except ReminderKitError as error:
        return str(error)
    return str(path)


@pytest.mark.few(4)
@pytest.mark.parametrize("table", KEYS, ids=lambda table: table or "top")
def test_any_value_of_any_key_is_taken_or_refused_by_name(tmp_path, table):
    """No value of any TOML type escapes as another exception, and each refusal is one line."""
    path = tmp_path / "any.toml"
    for where, line in LINES:
        if where == table:
            key = line.partition(" = ")[0]
            besides = [f"{name} = {value}" for name, value in BESIDES.get(table, {}).items() if name != key]
            said = said_of(path, "\n".join([table, line, *besides]))
            assert said.startswith(str(path)), line
            assert "\n" not in said, line


@given(st.lists(st.sampled_from(LINES), max_size=4))
def test_whatever_the_file_says_is_taken_or_refused_by_name(tmp_path_factory, lines):
    """Whatever the file says it is taken or refused by name in one line."""
    path = tmp_path_factory.getbasetemp() / "any.toml"
    said = said_of(path, "\n".join(f"{table}\n{line}" for table, line in lines))
    assert said.startswith(str(path))
    assert "\n" not in said
