"""Arguments of a kit in code, checked as the same keys of a file are: what can't be meant is refused as it is stated.

Pure: no clock, no I/O. Never waits until a verb needs a value: by then it would be a batch job that fails at night.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any

from reminder_kit.calendars.settings import CalendarSettings, CalendarSource
from reminder_kit.config import checks
from reminder_kit.config.checks import Check
from reminder_kit.config.provider_table import KIT_KEYS
from reminder_kit.errors import ConfigurationError
from reminder_kit.model.suggestions import suggestion
from reminder_kit.planning.forecast import Prices
from reminder_kit.planning.plan import Guard
from reminder_kit.ports import Capabilities, Channel
from reminder_kit.rules.notices import Notice, cancellation_notice
from reminder_kit.rules.quiet_hours import QuietHours
from reminder_kit.rules.rule import Rule
from reminder_kit.rules.senders import SENDER_KEYS, SenderCondition

__all__ = ["GUARD_KEYS", "UNCLEAR", "checked"]

GUARD_KEYS: dict[str, Check] = {
    "max_cancel_ratio": checks.ratio,
    "max_changes": checks.count,
    "max_cancellations": checks.count,
}
"""The keys of [guard]."""

UNCLEAR: Check = checks.one_of("tell", "hold")
"""What becomes of a reply that may ask for no more messages."""


def checked(**given: Any) -> dict[str, Any]:
    """Return a kit's arguments, by name, each as it is meant.

    Raises `ConfigurationError`, naming the argument, the value and what would be right; and `InvalidInputError` for
    quiet hours that can't be.
    """
    return {name: _CHECKS[name](value, name) for name, value in given.items()}


def _or_none(check: Check) -> Check:
    """Return a check that lets None through: the argument is not given."""
    return lambda value, what: None if value is None else check(value, what)


def _provider(value: Any, what: str) -> Any:
    if not isinstance(value, type) and isinstance(getattr(value, "capabilities", None), Capabilities):
        return value
    named = f"the class {value.__name__}" if isinstance(value, type) else repr(value)
    raise ConfigurationError(
        f'{what} must be a provider, not {named}: write {what}=Telnyx(from_="+1…"), with '
        "from reminder_kit.providers.telnyx import Telnyx; one that is named in a file is read by "
        "ReminderKit.from_config"
    )


def _fallback(value: Any, what: str) -> Any:
    return value if isinstance(value, Channel) else _provider(value, what)


def _rules(value: Any, what: str) -> tuple[Any, ...]:
    if isinstance(value, str | Rule | Mapping) or not isinstance(value, Iterable):
        raise ConfigurationError(
            f"{what} must be a list of rules, not {_shown(value)}: "
            'write rules=[Rule("day-before", before="24 hours", text="…")]'
        )
    several = tuple(value)
    for one in several:
        if not isinstance(one, Rule | Mapping):
            raise ConfigurationError(f"{what} must be a list of rules, and holds {_shown(one)}: build Rule(…) of it")
    return several


def _shown(value: Any) -> str:
    """Return a value as an error shows it, by its kind where it would be long."""
    return f"one {type(value).__name__}" if isinstance(value, Rule | Mapping) else repr(value)


def _quiet_hours(value: Any, what: str) -> QuietHours:
    if isinstance(value, QuietHours):
        return value
    if not isinstance(value, Mapping):
        raise ConfigurationError(
            f'{what} must be quiet hours, not {value!r}: write QuietHours("21:00", "08:00") or '
            '{"start": "21:00", "end": "08:00"}'
        )
    try:
        return QuietHours.from_mapping(value)
    except (TypeError, AttributeError):
        raise ConfigurationError(
            f'{what} holds a value of the wrong kind: start = "21:00", end = "08:00", days = ["weekdays"], '
            'also = a list of such tables, countries = ["CA"] or a table of such tables'
        ) from None


def _guard(value: Any, what: str) -> Guard:
    """Return a guard, from one or from its table; the values of both are checked."""
    if isinstance(value, Guard):
        for name, check in GUARD_KEYS.items():
            _or_none(check)(getattr(value, name), f"{what}: {name}")
        return value
    if not isinstance(value, Mapping):
        raise ConfigurationError(f"{what} must be a guard, not {value!r}: write Guard(max_cancel_ratio=0.5)")
    for key in value:
        if key not in GUARD_KEYS:
            raise ConfigurationError(f"{what}: unknown key {key!r}: {suggestion(str(key), GUARD_KEYS)}")
    return Guard(**{key: GUARD_KEYS[key](item, f"{what}: {key}") for key, item in value.items()})


def _prices(value: Any, what: str) -> Prices:
    if isinstance(value, Prices):
        return value
    if not isinstance(value, Mapping):
        raise ConfigurationError(f'{what} must be a table, not {value!r}: write {{"part": 0.004, "currency": "USD"}}')
    return Prices.from_mapping(value)


def _calendar(value: Any, what: str) -> CalendarSettings:
    if isinstance(value, CalendarSettings):
        return value
    if not isinstance(value, Mapping):
        raise ConfigurationError(f'{what} must be a table, not {value!r}: write {{"alarms": "rules"}}')
    return CalendarSettings.from_mapping(value, what)


def _sources(value: Any, what: str) -> tuple[CalendarSource, ...]:
    """Return the calendars that the batch job reads, of which a single one needs no list."""
    several = (value,) if isinstance(value, str | os.PathLike | Mapping | CalendarSource) else value
    if not isinstance(several, Iterable):
        raise ConfigurationError(f'{what} must be a list, not {value!r}: write ["clinic.ics"]')
    return tuple(CalendarSource.of(one, what) for one in several)


def _replies(value: Any, what: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise ConfigurationError(f'{what} must be a table, not {value!r}: write {{"confirm": ["C", "YES"]}}')
    return value


def _clock(value: Any, what: str) -> Any:
    if not callable(value):
        raise ConfigurationError(
            f"{what} must be a function that returns the aware present instant, not {value!r}: write "
            f"{what}=lambda: pendulum.now()"
        )
    return value


def _senders(value: Any, what: str) -> tuple[tuple[Any, SenderCondition], ...]:
    """Return further senders, each a provider with what it is for, from tables `{"provider": …, "country": "CA"}`."""
    if not isinstance(value, list | tuple):
        raise ConfigurationError(
            f'{what} must be a list of tables, not {value!r}: [{{"provider": …, "country": "CA"}}]'
        )
    found = []
    for number, row in enumerate(value, 1):
        where = f"{what}[{number}]"
        if not isinstance(row, Mapping) or "provider" not in row:
            raise ConfigurationError(
                f'{where} must be a table with a provider: {{"provider": Telnyx(…), "country": "CA"}}'
            )
        condition = SenderCondition.read({key: row[key] for key in row if key != "provider"}, where)
        if condition == SenderCondition():
            raise ConfigurationError(f"{where} does not say what it is for: give {' or '.join(SENDER_KEYS)}")
        found.append((_provider(row["provider"], f"{where}: provider"), condition))
    return tuple(found)


_CHECKS: dict[str, Check] = {
    "provider": _provider,
    "rules": _rules,
    "fallback": _or_none(_fallback),
    "senders": _senders,
    "timezone": _or_none(checks.zone_name),
    "locale": checks.locale_tag,
    "default_region": _or_none(checks.country),
    "namespace": checks.text,
    "quiet_hours": _or_none(_quiet_hours),
    "guard": _or_none(_guard),
    "cost": _or_none(_prices),
    "rearm_after": checks.duration,
    "correction": Notice.read,
    "cancellation": cancellation_notice,
    "min_gap": checks.duration,
    "max_per_day": _or_none(checks.count),
    "replies": _or_none(_replies),
    "unclear": UNCLEAR,
    "expected_every": checks.duration,
    "retention": _or_none(checks.duration),
    "calendar": _or_none(_calendar),
    "sources": _sources,
    "clock": _or_none(_clock),
    **KIT_KEYS,
    "rate": _or_none(checks.rate),
}
