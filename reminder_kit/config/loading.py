"""Loading: a TOML file and the environment, read and checked, as the arguments of a kit.

Never keeps a secret, opens a ledger or speaks to a provider; a file that is wrong anywhere configures nothing.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from attrs import field, frozen

from reminder_kit.calendars.settings import CalendarSettings
from reminder_kit.config import checks
from reminder_kit.config.arguments import GUARD_KEYS, UNCLEAR
from reminder_kit.config.checks import Check
from reminder_kit.config.provider_table import (
    KIT_KEYS,
    SECRET_NAMES,
    check_subject,
    class_of,
    provider_arguments,
    sender_rows,
)
from reminder_kit.errors import ConfigurationError, InvalidInputError, InvalidRuleError, ReminderKitError
from reminder_kit.model.suggestions import suggestion
from reminder_kit.planning.forecast import Prices
from reminder_kit.planning.plan import Guard
from reminder_kit.ports import Channel, Provider
from reminder_kit.providers.replies import Replies
from reminder_kit.rules.defaults import Defaults
from reminder_kit.rules.notices import Notice, cancellation_notice
from reminder_kit.rules.quiet_hours import QuietHours
from reminder_kit.rules.rule import Rule
from reminder_kit.text.linter import warnings_of

__all__ = ["DEFAULT_LEDGER", "DEFAULT_PATH", "LEDGER_VARIABLE", "Config", "checked", "load", "parsed"]

DEFAULT_PATH = "reminders.toml"
"""The file that is read where none is named."""

DEFAULT_LEDGER = "sqlite:///reminders.db"
"""The ledger's address where neither file nor environment has one."""

LEDGER_VARIABLE = "REMINDER_KIT_LEDGER_URL"
"""The environment variable for the ledger's address, read where the file has none; an address with a password belongs
here."""

_TABLES = (
    "calendar", "cost", "fallback", "guard", "ledger", "provider", "quiet_hours", "replies", "retention", "rules",
    "tenants",
)  # fmt: skip
_OPTIONS = ("rearm_after", "correction", "cancellation", "min_gap", "max_per_day", "expected_every", "unclear")
_DAYS_AND_WORDS = ("holidays", "closed_days", "weekend", "transliterate", "must_say")
_PASSWORD = re.compile(r"^[a-z0-9+]+://[^/@]*:[^/@]+@", re.IGNORECASE)


@frozen
class Config:
    """What a `reminders.toml` says, checked.

    A relative SQLite URL, directory or calendar source is relative to the working directory.
    """

    #: The file it was read from.
    path: Path
    #: Zone, locale, region, namespace and business days.
    defaults: Defaults = field(factory=Defaults)
    #: [provider] as it was written: a provider is built only when it is asked for, so that a calendar can be read and a
    #: ledger looked at without one.
    provider_table: Mapping[str, Any] = field(factory=dict)
    #: [fallback] as it was written; None: there is none.
    fallback_table: Mapping[str, Any] | None = None
    #: The ledger's address, from the file, the environment, or the default.
    ledger_url: str = DEFAULT_LEDGER
    #: What says so: the key of the file, or the environment variable.
    ledger_key: str = "[ledger] url"
    #: Further arguments of the ledger, by name: schema, mode, busy_timeout.
    ledger_options: Mapping[str, Any] = field(factory=dict)
    #: When nobody is written to; None: no quiet hours.
    quiet_hours: QuietHours | None = None
    #: How much one plan may withdraw or change.
    guard: Guard = field(factory=Guard)
    #: What messages cost; None: not known.
    prices: Prices | None = None
    #: How calendars are read, and which.
    calendar: CalendarSettings = field(factory=CalendarSettings)
    #: The rules, in the order of the file.
    rules: tuple[Rule, ...] = ()
    #: The folder with a file for each tenant; None: there are no tenants.
    tenants_folder: Path | None = None
    #: Further arguments of the kit, by name.
    options: Mapping[str, Any] = field(factory=dict)
    #: What should be known and stops nothing.
    warnings: tuple[str, ...] = ()

    @property
    def provider_name(self) -> str:
        """The provider's name. Raises `ConfigurationError` where [provider] names none."""
        return self._name_in(self.provider_table, "provider")

    def _name_in(self, table: Mapping[str, Any], where: str) -> str:
        if "name" not in table:
            raise ConfigurationError(
                f'{self.path}: [{where}] name is missing: write name = "telnyx" and from = "+1…" under [{where}]'
            )
        return str(table["name"])

    def senders(self) -> tuple[dict[str, Any], ...]:
        """Return the provider's further senders, built anew: the rows of `from` that say what they are for."""
        rows = sender_rows(self.provider_table.get("from"), "[provider] from")[1]
        return tuple(
            {
                "provider": self._provider_from({**self.provider_table, "from": row["from"]}, "provider"),
                **{key: value for key, value in row.items() if key != "from"},
            }
            for row in rows
        )

    def provider(self) -> Provider:
        """Return the provider, built anew from [provider] and the environment.

        Raises `ConfigurationError`, naming file and key, for a provider that is not installed, for a key that the
        provider does not know, and for a value that it does not take.
        """
        own = sender_rows(self.provider_table.get("from"), "[provider] from")[0]
        table = {key: value for key, value in self.provider_table.items() if key != "from"}
        return self._provider_from(table if own is None else {**table, "from": own}, "provider")

    def fallback(self) -> Provider | Channel | None:
        """Return the fallback, built anew from [fallback] and the environment; None: there is none.

        Raises as `provider` does.
        """
        return None if self.fallback_table is None else self._built_from(self.fallback_table, "fallback")

    def _provider_from(self, table: Mapping[str, Any], where: str) -> Provider:
        return cast("Provider", self._built_from(table, where))

    def _built_from(self, table: Mapping[str, Any], where: str) -> Provider | Channel:
        name = self._name_in(table, where)
        try:
            kind = class_of(name, where)
            return kind(**provider_arguments(kind, table, f"{self.path}: [{where}]"))  # type: ignore[no-any-return]
        except ConfigurationError as error:
            said = str(error).replace("[provider]", f"[{where}]")  # adapters name the table they are mostly read from
            raise _naming_file(ConfigurationError(said), self.path) from None

    def ledger(self) -> Any:
        """Return the ledger, not opened yet. Raises `ConfigurationError`, naming file and key, where none can be."""
        from reminder_kit.ledger.ledger import Ledger

        found = Ledger(self.ledger_url, namespace=self.defaults.namespace, **self.ledger_options)
        try:
            found.url  # noqa: B018 - it is read when it is asked for
        except ConfigurationError as error:
            raise ConfigurationError(f"{self.path}: {self.ledger_key}: {error}") from None
        return found

    def arguments(self) -> dict[str, Any]:
        """Return what the constructor of `ReminderKit` takes."""
        return {
            "provider": self.provider(),
            **({"senders": found} if (found := self.senders()) else {}),
            **({} if self.fallback_table is None else {"fallback": self.fallback()}),
            "rules": self.rules,
            "ledger": self.ledger(),
            "timezone": self.defaults.timezone,
            "locale": self.defaults.locale,
            "default_region": self.defaults.region,
            "namespace": self.defaults.namespace,
            **{key: getattr(self.defaults, key) for key in _DAYS_AND_WORDS},
            "quiet_hours": self.quiet_hours,
            "guard": self.guard,
            "cost": self.prices,
            "calendar": self.calendar,
            "sources": self.calendar.sources,
            **self.options,
        }


def load(path: str | Path = DEFAULT_PATH, *, environ: Mapping[str, str] = os.environ) -> Config:
    """Read and check a configuration file.

    `environ` is where `LEDGER_VARIABLE` is looked for. Raises `InvalidRuleError` for a rule that can't be meant, or
    whose text can't be sent; what else there is to say of its texts is in `Config.warnings`. Raises
    `ConfigurationError` for everything else, naming file, key and what would be right, or the line where TOML itself
    is broken.
    """
    path = Path(path)
    return checked(path, *parsed(path), environ)


def parsed(path: Path) -> tuple[str, dict[str, Any]]:
    """Return the text of a file, and what TOML makes of it. Raises `ConfigurationError`."""
    text = _file_text(path)
    try:
        return text, tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{path}: broken TOML: {error}; mend that place") from None
    except RecursionError:
        raise ConfigurationError(f"{path}: broken TOML: lists and tables too deep within each other") from None


def checked(path: Path, text: str, values: dict[str, Any], environ: Mapping[str, str] = os.environ) -> Config:
    """Return what a file says, checked; `text` is where its rules stand, for errors. Raises as `load` does."""
    try:
        return _checked_config(path, text, values, environ)
    except (ConfigurationError, InvalidRuleError) as error:
        raise _naming_file(error, path) from None
    except InvalidInputError as error:
        raise ConfigurationError(f"{path}: {error}") from None


def _file_text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise ConfigurationError(
            f"{path}: there is no such file: create it (`reminder-kit init`) or name another with --config"
        ) from None
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{path}: not UTF-8 (byte {error.start}): save it as UTF-8") from None
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be read ({error.strerror}): check its permissions") from None


def _naming_file(error: ReminderKitError, path: Path) -> ReminderKitError:
    """Return the error with the file's name in front, unless that is there already."""
    return error if str(error).startswith(str(path)) else type(error)(f"{path}: {error}")


def _checked_config(path: Path, text: str, values: dict[str, Any], environ: Mapping[str, str]) -> Config:
    tables = {key: value for key, value in values.items() if key in _TABLES}
    _refuse_secrets(tables)
    top = _checked_table(values, _TOP, "", tables)
    defaults = Defaults(
        timezone=top.get("timezone"),
        locale=top.get("locale", "en"),
        region=top.get("default_region"),
        namespace=top.get("namespace", "default"),
        **{key: top[key] for key in _DAYS_AND_WORDS if key in top},
    )
    provider = _table_named(tables, "provider")
    fallback = _fallback_table(tables)
    check_subject(fallback, defaults)
    ledger = _checked_table(_table_named(tables, "ledger"), _LEDGER, "ledger")
    rules, warnings = _checked_rules(tables.get("rules", []), text, defaults)
    options = {key: check(provider[key], f"[provider] {key}") for key, check in KIT_KEYS.items() if key in provider}
    if replies := _table_named(tables, "replies"):
        Replies.of(replies, "[replies]")
        options["replies"] = replies
    options |= _retention(_table_named(tables, "retention"))
    for name in ("correction", "cancellation"):
        if name in top:
            rule = Rule(name, before="1 minute", text=Notice.read(top[name], name).text)
            warnings += warnings_of(rule, defaults, name)
    quiet = None
    if "quiet_hours" in tables:
        quiet = _quiet_hours_of(_table_named(tables, "quiet_hours")).with_days_off(defaults)
    if quiet is not None and quiet.always:
        warnings.append("[quiet_hours] cover the whole week: nothing would ever be sent")
    sender_rows(provider.get("from"), "[provider] from")
    if "name" in provider:
        checks.text(provider["name"], "[provider] name")
    if _PASSWORD.match(ledger.get("url", "")):
        warnings.append(f"[ledger] url holds a password: leave url out and set {LEDGER_VARIABLE} instead")
    return Config(
        path=path,
        defaults=defaults,
        provider_table=provider,
        fallback_table=fallback,
        ledger_url=ledger.get("url") or environ.get(LEDGER_VARIABLE) or DEFAULT_LEDGER,
        ledger_key="[ledger] url" if "url" in ledger else LEDGER_VARIABLE,
        ledger_options={key: value for key, value in ledger.items() if key != "url"},
        quiet_hours=quiet,
        guard=Guard(**_checked_table(_table_named(tables, "guard"), GUARD_KEYS, "guard")),
        prices=Prices.from_mapping(_table_named(tables, "cost")) if "cost" in tables else None,
        calendar=CalendarSettings.from_mapping(_table_named(tables, "calendar")),
        rules=rules,
        tenants_folder=_tenants_folder(_table_named(tables, "tenants")) if "tenants" in tables else None,
        options={
            **options,
            **{key: top[key] for key in _OPTIONS if key in top},
        },
        warnings=tuple(warnings),
    )


def _tenants_folder(table: Mapping[str, Any]) -> Path:
    found = _checked_table(table, {"folder": checks.text}, "tenants")
    if "folder" not in found:
        raise ConfigurationError('[tenants] folder is missing: write folder = "tenants", a folder with a file for each')
    return Path(found["folder"])


def _retention(table: Mapping[str, Any]) -> dict[str, Any]:
    """Return the option that says how long personal data is kept; none where it is kept until it is purged."""
    found = _checked_table(table, _RETENTION, "retention")
    return {"retention": found["after"]} if "after" in found else {}


def _table_named(tables: Mapping[str, Any], name: str) -> dict[str, Any]:
    found = tables.get(name, {})
    if not isinstance(found, dict):
        raise ConfigurationError(f"{name} must be a table, not {found!r}: write [{name}] on a line of its own")
    return found


def _fallback_table(tables: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the table [fallback]; None: there is none.

    Raises `ConfigurationError` for a key of the kit in it: those stand under [provider] and hold for both.
    """
    if "fallback" not in tables:
        return None
    table = _table_named(tables, "fallback")
    if "name" in table:
        checks.text(table["name"], "[fallback] name")
    for key in table:
        if key in KIT_KEYS:
            raise ConfigurationError(f"[fallback] unknown key {key!r}: it belongs under [provider], and holds for both")
    return table


def _quiet_hours_of(table: Mapping[str, Any]) -> QuietHours:
    try:
        return QuietHours.from_mapping(table)
    except (TypeError, AttributeError):
        raise ConfigurationError(
            '[quiet_hours] holds a value of the wrong kind: start = "21:00", end = "08:00", days = ["weekdays"], '
            'also = a list of such tables, countries = ["CA"] or a table of such tables'
        ) from None


def _checked_table(
    values: Mapping[str, Any], checks: Mapping[str, Check], table: str, passed: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Return the values of a table, each checked; keys in `passed` are read elsewhere.

    `table` names it in errors; "" is the top of the file. Raises `ConfigurationError` for an unknown key.
    """
    found, passed = {}, passed or {}
    where = f"[{table}] " if table else ""
    for key, value in values.items():
        if key in passed:
            continue
        if key not in checks:
            raise ConfigurationError(
                f"{where}unknown key {key!r}: {_hint(key, table, (*checks, *_table_names(table)))}"
            )
        found[key] = checks[key](value, f"{where}{key}")
    return found


def _table_names(table: str) -> tuple[str, ...]:
    return () if table else _TABLES


def _hint(key: str, table: str, known: tuple[str, ...]) -> str:
    owner = next((name for name, keys in _OWNERS.items() if key in keys and name != table), None)
    if owner is None:
        return suggestion(key, known)
    return f"it belongs under [{owner}]" if owner else "it belongs to the top of the file, before the first [table]"


_TOP: dict[str, Check] = {
    "timezone": checks.zone_name,
    "locale": checks.locale_tag,
    "default_region": checks.country,
    "namespace": checks.text,
    "rearm_after": checks.duration,
    "correction": Notice.read,
    "cancellation": cancellation_notice,
    "min_gap": checks.duration,
    "max_per_day": checks.count,
    "expected_every": checks.duration,
    "unclear": UNCLEAR,
    **dict.fromkeys(_DAYS_AND_WORDS, checks.unread),
}
_RETENTION: dict[str, Check] = {"after": checks.duration}
_LEDGER: dict[str, Check] = {
    "url": checks.text,
    "schema": checks.text,
    "mode": checks.file_mode,
    "busy_timeout": checks.busy_timeout,
}

_OWNERS: dict[str, tuple[str, ...]] = {
    "": tuple(_TOP),
    "provider": ("name", "from", "messaging_profile_id", "base_url", "webhook_url", "schedule_ahead", *KIT_KEYS),
    "ledger": tuple(_LEDGER),
    "guard": tuple(GUARD_KEYS),
    "retention": tuple(_RETENTION),
    "cost": ("part", "mms", "currency"),
    "calendar": (
        "phones",
        "own_numbers",
        "allow",
        "directory",
        "alarms",
        "horizon",
        "sources",
        "limits",
        "without_phone",
    ),
}


# Secrets


def _refuse_secrets(tables: Mapping[str, Any]) -> None:
    """Raise `ConfigurationError` for a key that names a secret, with the variable it belongs into; never its value."""
    for name in ("provider", "fallback", "ledger"):
        table = tables.get(name)
        if not isinstance(table, dict):
            continue
        for key in table:
            if SECRET_NAMES.fullmatch(key.lower()) and key != "public_key":
                variable = f"{table.get('name', name)}_{key}".upper() if name != "ledger" else LEDGER_VARIABLE
                raise ConfigurationError(
                    f"[{name}] {key}: secrets do not belong into a file: remove it and set the environment "
                    f"variable {variable}"
                )


# Rules


def _checked_rules(found: Any, text: str, defaults: Defaults) -> tuple[tuple[Rule, ...], list[str]]:
    """Return the rules, and warnings about their texts. Raises `InvalidRuleError`, naming where the rule stands."""
    if not isinstance(found, list):
        raise ConfigurationError("rules must be tables, one for each rule: write [[rules]], with two brackets")
    places = _rule_places(text, len(found))
    rules = tuple(Rule.from_mapping(table, where) for table, where in zip(found, places, strict=True))
    _refuse_twins(rules, places)
    warnings = [] if rules else ["there is no [[rules]] table: nothing would ever be sent"]
    for rule, where in zip(rules, places, strict=True):
        warnings += warnings_of(rule, defaults, where)
    return rules, warnings


def _rule_places(text: str, count: int) -> list[str]:
    """Return the name of each rule's place for errors, with its line where every rule has a line of its own."""
    lines = [number for number, line in enumerate(text.splitlines(), 1) if re.match(r"\s*\[\[\s*rules\s*\]\]", line)]
    if len(lines) != count:
        return [f"rules[{index}]" for index in range(count)]
    return [f"rules[{index}] (line {line})" for index, line in enumerate(lines)]


def _refuse_twins(rules: tuple[Rule, ...], places: list[str]) -> None:
    seen: dict[str, str] = {}
    for rule, where in zip(rules, places, strict=True):
        if rule.id in seen:
            raise InvalidRuleError(f"{where}: the id {rule.id!r} is that of {seen[rule.id]} already: give it another")
        seen[rule.id] = where
