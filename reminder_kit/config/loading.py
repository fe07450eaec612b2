"""Configuration: a TOML file and the environment, read and checked, as the arguments of a kit.

Never keeps a secret, opens a ledger or speaks to a provider; a file that is wrong anywhere configures nothing.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from inspect import Parameter, signature
from pathlib import Path
from typing import Any

from attrs import field, frozen

from reminder_kit.calendars.settings import CalendarSettings
from reminder_kit.config import checks
from reminder_kit.config.checks import Check
from reminder_kit.errors import ConfigurationError, InvalidInputError, InvalidRuleError, ReminderKitError
from reminder_kit.planning.forecast import Prices
from reminder_kit.planning.plan import Guard
from reminder_kit.ports import Provider
from reminder_kit.providers.replies import Replies
from reminder_kit.rules.conditions import suggestion
from reminder_kit.rules.quiet_hours import QuietHours
from reminder_kit.rules.reminders import Defaults, Rule
from reminder_kit.text.linter import warnings_of

__all__ = ["DEFAULT_LEDGER", "DEFAULT_PATH", "LEDGER_VARIABLE", "Config", "load"]

DEFAULT_PATH = "reminders.toml"
DEFAULT_LEDGER = "sqlite:///reminders.db"
LEDGER_VARIABLE = "REMINDER_KIT_LEDGER_URL"
"""Where the ledger's address is looked for when the file has none; addresses with a password belong here."""

_TABLES = ("calendar", "cost", "fallback", "guard", "ledger", "provider", "quiet_hours", "replies", "rules")
_DAYS_AND_WORDS = ("holidays", "closed_days", "weekend", "transliterate")
_SECRET = re.compile(r"(.*_)?(api_key|api_secret|key|secret|auth_token|token|password|private_key)")
_PASSWORD = re.compile(r"^[a-z0-9+]+://[^/@]*:[^/@]+@", re.IGNORECASE)


@frozen
class Config:
    """What a `reminders.toml` says, checked.

    `provider_table` and `fallback_table` are kept as they were written: a provider is built
    only when asked for, so that a calendar can be read and a ledger looked at without one. `options` are
    further arguments of the kit. `warnings` are what should be known and stops nothing.
    A relative SQLite URL, directory or source is relative to the working directory.
    """

    path: Path
    defaults: Defaults = field(factory=Defaults)
    provider_table: Mapping[str, Any] = field(factory=dict)
    fallback_table: Mapping[str, Any] | None = None
    ledger_url: str = DEFAULT_LEDGER
    ledger_schema: str | None = None
    quiet_hours: QuietHours | None = None
    guard: Guard = field(factory=Guard)
    prices: Prices | None = None
    calendar: CalendarSettings = field(factory=CalendarSettings)
    rules: tuple[Rule, ...] = ()
    options: Mapping[str, Any] = field(factory=dict)
    warnings: tuple[str, ...] = ()

    @property
    def provider_name(self) -> str:
        """The provider's name; raises `ConfigurationError` where there is no [provider]."""
        return self._name_in(self.provider_table, "provider")

    def _name_in(self, table: Mapping[str, Any], where: str) -> str:
        if "name" not in table:
            raise ConfigurationError(
                f'{self.path}: [{where}] name is missing: write name = "telnyx" and from = "+1…" under [{where}]'
            )
        return str(table["name"])

    def provider(self) -> Provider:
        """Return the provider, built from its table and the environment.

        Raises `ConfigurationError` for a provider nobody brings, a key it does not know
        or a value it does not take, naming file and key.
        """
        return self._built(self.provider_table, "provider")

    def fallback(self) -> Provider | None:
        """Return the fallback, built likewise from a table with the provider's keys; None where there is none."""
        return None if self.fallback_table is None else self._built(self.fallback_table, "fallback")

    def _built(self, table: Mapping[str, Any], where: str) -> Provider:
        from reminder_kit.providers import provider_class

        name = self._name_in(table, where)
        try:
            kind = provider_class(name)
            return kind(**_provider_arguments(kind, table, f"{self.path}: [{where}]"))
        except ConfigurationError as error:
            said = str(error).replace("[provider]", f"[{where}]")  # adapters name the table they are mostly read from
            raise _placed(ConfigurationError(said), self.path) from None

    def ledger(self) -> Any:
        """Return the ledger, not opened yet."""
        from reminder_kit.ledger.ledger import Ledger

        return Ledger(self.ledger_url, namespace=self.defaults.namespace, schema=self.ledger_schema)

    def arguments(self) -> dict[str, Any]:
        """Return what the constructor of `ReminderKit` takes."""
        return {
            "provider": self.provider(),
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

    Rules are linted: what would keep a text from being sent is an `InvalidRuleError`,
    the rest is in `warnings`. Raises `ConfigurationError` for everything else, naming
    file, key, what would be right, and the line where TOML itself is broken.
    """
    path = Path(path)
    text = _text(path)
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{path}: broken TOML: {error}; mend that place") from None
    try:
        return _config(path, text, values, environ)
    except (ConfigurationError, InvalidRuleError) as error:
        raise _placed(error, path) from None
    except InvalidInputError as error:
        raise ConfigurationError(f"{path}: {error}") from None


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise ConfigurationError(
            f"{path}: there is no such file: create it (see the README's reminders.toml) or name another with --config"
        ) from None
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{path}: not UTF-8 (byte {error.start}): save it as UTF-8") from None
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be read ({error.strerror}): check its permissions") from None


def _placed(error: ReminderKitError, path: Path) -> ReminderKitError:
    """Return the error with the file's name in front, if it is not there yet."""
    return error if str(error).startswith(str(path)) else type(error)(f"{path}: {error}")


def _config(path: Path, text: str, values: dict[str, Any], environ: Mapping[str, str]) -> Config:
    tables = {key: value for key, value in values.items() if key in _TABLES}
    _refuse_secrets(tables)
    top = _read(values, _TOP, "", tables)
    defaults = Defaults(
        timezone=top.get("timezone"),
        locale=top.get("locale", "en"),
        region=top.get("default_region"),
        namespace=top.get("namespace", "default"),
        **{key: top[key] for key in _DAYS_AND_WORDS if key in top},
    )
    provider = _table(tables, "provider")
    fallback = _fallback(tables)
    ledger = _read(_table(tables, "ledger"), _LEDGER, "ledger")
    rules, warnings = _rules(tables.get("rules", []), text, defaults)
    options = {key: check(provider[key], f"[provider] {key}") for key, check in _KIT.items() if key in provider}
    if replies := _table(tables, "replies"):
        Replies.of(replies, "[replies]")
        options["replies"] = replies
    if "correction" in top:
        warnings += warnings_of(Rule("correction", before="1 minute", text=top["correction"]), defaults, "correction")
    quiet = _quiet(_table(tables, "quiet_hours")) if "quiet_hours" in tables else None
    if quiet is not None and quiet.always:
        warnings.append("[quiet_hours] cover the whole week: nothing would ever be sent")
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
        ledger_schema=ledger.get("schema"),
        quiet_hours=quiet,
        guard=Guard(**_read(_table(tables, "guard"), _GUARD, "guard")),
        prices=Prices.from_mapping(_table(tables, "cost")) if "cost" in tables else None,
        calendar=CalendarSettings.from_mapping(_table(tables, "calendar")),
        rules=rules,
        options={**options, **{key: top[key] for key in ("rearm_after", "correction", "min_gap") if key in top}},
        warnings=tuple(warnings),
    )


def _table(tables: Mapping[str, Any], name: str) -> dict[str, Any]:
    found = tables.get(name, {})
    if not isinstance(found, dict):
        raise ConfigurationError(f"{name} must be a table, not {found!r}: write [{name}] on a line of its own")
    return found


def _fallback(tables: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the table of the fallback, None where there is none. What is the kit's own holds for both providers."""
    if "fallback" not in tables:
        return None
    table = _table(tables, "fallback")
    if "name" in table:
        checks.text(table["name"], "[fallback] name")
    for key in table:
        if key in _KIT:
            raise ConfigurationError(f"[fallback] unknown key {key!r}: it belongs under [provider], and holds for both")
    return table


def _quiet(table: Mapping[str, Any]) -> QuietHours:
    try:
        return QuietHours.from_mapping(table)
    except (TypeError, AttributeError):
        raise ConfigurationError(
            '[quiet_hours] holds a value of the wrong kind: start = "21:00", end = "08:00", days = ["weekdays"], '
            'also = a list of such tables, countries = ["CA"] or a table of such tables'
        ) from None


def _read(
    values: Mapping[str, Any], checks: Mapping[str, Check], table: str, passed: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Return the values of a table, each checked; those of `passed` are read elsewhere."""
    found, passed = {}, passed or {}
    where = f"[{table}] " if table else ""
    for key, value in values.items():
        if key in passed:
            continue
        if key not in checks:
            raise ConfigurationError(f"{where}unknown key {key!r}: {_hint(key, table, (*checks, *_of(table)))}")
        found[key] = checks[key](value, f"{where}{key}")
    return found


def _of(table: str) -> tuple[str, ...]:
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
    "correction": checks.text,
    "min_gap": checks.duration,
    **dict.fromkeys(_DAYS_AND_WORDS, checks.unread),
}
_LEDGER: dict[str, Check] = {"url": checks.text, "schema": checks.text}
_GUARD: dict[str, Check] = {"max_cancel_ratio": checks.ratio, "max_changes": checks.count}
_KIT: dict[str, Check] = {
    "concurrency": checks.count,
    "rate": checks.rate,
    "timeout": checks.length,
    "unknown_outcome": checks.one_of("prefer_duplicate", "prefer_missing"),
    "suppress_undeliverable": checks.flag,
}
"""Keys of [provider] that are the kit's and not the provider's own."""

_OWNERS: dict[str, tuple[str, ...]] = {
    "": tuple(_TOP),
    "provider": ("name", "from", "messaging_profile_id", "base_url", "webhook_url", "schedule_ahead", *_KIT),
    "ledger": tuple(_LEDGER),
    "guard": tuple(_GUARD),
    "cost": ("part", "mms", "currency"),
    "calendar": ("phones", "directory", "alarms", "horizon", "sources", "limits"),
}


# Secrets


def _refuse_secrets(tables: Mapping[str, Any]) -> None:
    """Raise where a key says that its value is a secret, naming the variable it belongs into; never the value."""
    for name in ("provider", "fallback", "ledger"):
        table = tables.get(name)
        if not isinstance(table, dict):
            continue
        for key in table:
            if _SECRET.fullmatch(key.lower()) and key != "public_key":
                variable = f"{table.get('name', name)}_{key}".upper() if name != "ledger" else LEDGER_VARIABLE
                raise ConfigurationError(
                    f"[{name}] {key}: secrets do not belong into a file: remove it and set the environment "
                    f"variable {variable}"
                )


# Providers


def _provider_arguments(kind: Any, table: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Return a provider's own keys as arguments of its constructor; `from` is `from_` there."""
    parameters = dict(signature(kind).parameters)
    if any(parameter.kind is Parameter.VAR_KEYWORD for parameter in parameters.values()):
        parameters |= {_argument(key): Parameter("any", Parameter.KEYWORD_ONLY) for key in table}
    known = tuple(
        name.rstrip("_") for name, parameter in parameters.items() if _is_key(name, str(parameter.annotation))
    )
    found = {}
    for key, value in table.items():
        if key == "name" or key in _KIT:
            continue
        if key not in known:
            raise ConfigurationError(f"{where} unknown key {key!r}: {suggestion(key, ('name', *known, *_KIT))}")
        found[_argument(key)] = checks.typed(value, str(parameters[_argument(key)].annotation), f"{where} {key}")
    return found


def _is_key(name: str, annotation: str) -> bool:
    """Say whether an argument of a provider may be written in a file: neither secrets nor functions may."""
    return name == "public_key" or not (_SECRET.fullmatch(name) or "Callable" in annotation)


def _argument(key: str) -> str:
    return "from_" if key == "from" else key


# Rules


def _rules(found: Any, text: str, defaults: Defaults) -> tuple[tuple[Rule, ...], list[str]]:
    """Return the rules and what is to be said of their texts."""
    if not isinstance(found, list):
        raise ConfigurationError("rules must be tables, one for each rule: write [[rules]], with two brackets")
    places = _places(text, len(found))
    rules = tuple(Rule.from_mapping(table, where) for table, where in zip(found, places, strict=True))
    _refuse_twins(rules, places)
    warnings = [] if rules else ["there is no [[rules]] table: nothing would ever be sent"]
    for rule, where in zip(rules, places, strict=True):
        warnings += warnings_of(rule, defaults, where)
    return rules, warnings


def _places(text: str, count: int) -> list[str]:
    """Return where each rule stands, with its line if that is sure."""
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
