"""The table of a provider, [provider] or [fallback], as arguments of the provider's class.

Never makes a provider, and never reads a secret from the file.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from inspect import Parameter, signature
from typing import Any

from reminder_kit.config import checks
from reminder_kit.config.checks import Check
from reminder_kit.errors import ConfigurationError
from reminder_kit.model.suggestions import suggestion
from reminder_kit.providers.senders import barred_countries
from reminder_kit.rules.defaults import Defaults
from reminder_kit.rules.rule import Rule
from reminder_kit.rules.senders import SenderCondition
from reminder_kit.text.linter import warnings_of

__all__ = ["KIT_KEYS", "SECRET_NAMES", "check_subject", "class_of", "provider_arguments", "sender_rows"]

SECRET_NAMES = re.compile(r"(.*_)?(api_key|api_secret|key|secret|auth_token|token|password|private_key)")
"""Keys that look like a secret's name: these belong into the environment."""

KIT_KEYS: dict[str, Check] = {
    "concurrency": checks.count,
    "rate": checks.rate,
    "timeout": checks.length,
    "unknown_outcome": checks.one_of("prefer_duplicate", "prefer_missing"),
    "suppress_undeliverable": checks.flag,
    "only_to": checks.numbers,
}
"""Keys of [provider] that are arguments of the kit, not of the provider."""


def provider_arguments(kind: Any, table: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Return the provider's own keys of a table as arguments of its constructor, in which `from` is called `from_`.

    `where` names file and table in errors. Raises `ConfigurationError` for an unknown key or a value of another kind.
    """
    parameters = dict(signature(kind).parameters)
    if any(parameter.kind is Parameter.VAR_KEYWORD for parameter in parameters.values()):
        parameters |= {_argument_name(key): Parameter("any", Parameter.KEYWORD_ONLY) for key in table}
    known = tuple(
        name.rstrip("_") for name, parameter in parameters.items() if _is_key(name, str(parameter.annotation))
    )
    found = {}
    for key, value in table.items():
        if key in ("name", "environment") or key in KIT_KEYS:
            continue
        if key not in known:
            raise ConfigurationError(
                f"{where} unknown key {key!r}: {suggestion(key, ('name', 'environment', *known, *KIT_KEYS))}"
            )
        found[_argument_name(key)] = checks.typed(
            value, str(parameters[_argument_name(key)].annotation), f"{where} {key}"
        )
    if "environment" in table:
        found |= _from_environment(parameters, str(table.get("name")), table["environment"], where)
    return found


def _from_environment(
    parameters: Mapping[str, Parameter], name: str, prefix: Any, where: str, environ: Mapping[str, str] = os.environ
) -> dict[str, str]:
    """Return the arguments that variables with a prefix hold: "NORTH" reads NORTH_TELNYX_API_KEY, and so on.

    Raises `ConfigurationError` for what is no prefix, and where no variable has a secret: the account that all others
    use is not taken for it.
    """
    if not isinstance(prefix, str) or not re.fullmatch(r"[A-Z][A-Z0-9_]{0,60}", prefix):
        raise ConfigurationError(
            f"{where} environment must be what the names of its variables begin with, in capitals, not {prefix!r}"
        )
    variables = {parameter: f"{prefix}_{name}_{parameter}".upper() for parameter in parameters}
    found = {parameter: environ[variable] for parameter, variable in variables.items() if environ.get(variable)}
    secrets = [parameter for parameter in parameters if SECRET_NAMES.fullmatch(parameter) and parameter != "public_key"]
    if secrets and not set(secrets) & set(found):
        raise ConfigurationError(
            f"{where} environment = {prefix!r}: there is no key of that account: set the environment variable "
            f"{variables[secrets[0]]}"
        )
    return found


def sender_rows(value: Any, what: str) -> tuple[Any, tuple[Mapping[str, Any], ...]]:
    """Return the sender for all that no row is for, and the rows that say what theirs are for.

    `value` is what `from` says: one sender (no rows), or a list of tables, of which one says nothing but `from`.
    Raises `ConfigurationError`, naming `what`.
    """
    if not isinstance(value, list):
        return value, ()
    usual: list[Any] = []
    rows: list[Mapping[str, Any]] = []
    for number, row in enumerate(value, 1):
        if not isinstance(row, Mapping) or not isinstance(row.get("from"), str):
            raise ConfigurationError(
                f'{what}[{number}] must be a table with a sender: {{ from = "+1…", country = "CA" }}'
            )
        condition = SenderCondition.read({key: row[key] for key in row if key != "from"}, f"{what}[{number}]")
        for country in condition.countries:
            if why := barred_countries(row["from"]).get(country):
                raise ConfigurationError(f"{what}[{number}]: {why}")
        if condition == SenderCondition():
            usual.append(row["from"])
        else:
            rows.append(row)
    if len(usual) != 1:
        raise ConfigurationError(
            f"{what} has {len(usual)} senders for all that no other is for, and needs one: a table with `from` alone"
        )
    return usual[0], tuple(rows)


def _is_key(name: str, annotation: str) -> bool:
    """Say whether an argument of a provider may stand in a file: secrets and functions may not."""
    return name == "public_key" or not (SECRET_NAMES.fullmatch(name) or "Callable" in annotation)


def _argument_name(key: str) -> str:
    return "from_" if key == "from" else key


def class_of(name: str, where: str) -> Any:
    """Return the class that the name of a table stands for: a provider's, or as a fallback a channel's, too."""
    from reminder_kit.channels import channel_class, channel_names
    from reminder_kit.providers import provider_class, provider_names

    if name in channel_names():
        if where != "fallback":
            raise ConfigurationError(f"[{where}] name {name!r} is a channel's: it goes under [fallback]")
        return channel_class(name)
    if where == "fallback" and name not in provider_names():
        known = ", ".join((*provider_names(), *channel_names()))
        raise ConfigurationError(f"unknown provider or channel {name!r}: use one of {known}")
    return provider_class(name)


def check_subject(table: Mapping[str, Any] | None, defaults: Defaults) -> None:
    """Raise `InvalidRuleError` where the template above a channel's words can't be written."""
    subject = (table or {}).get("subject")
    if isinstance(subject, str) and subject:  # what a text message would cost of it is no matter
        tuple(warnings_of(Rule("fallback", before="1 minute", text=subject), defaults, "[fallback] subject"))
