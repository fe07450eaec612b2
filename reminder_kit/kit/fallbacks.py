"""The provider that stands in where a message does not arrive: its settings, checked as a kit is made.

Never asks a provider: what it may do is what its capabilities declare.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from attrs import evolve

from reminder_kit.delivery.accounts import account_of
from reminder_kit.errors import ConfigurationError
from reminder_kit.kit.channels import lasting, letter_keys
from reminder_kit.model.consent import sender_names
from reminder_kit.planning.fallback import fallback_id
from reminder_kit.planning.settings import Settings
from reminder_kit.ports import PERMANENT, Failure, Provider
from reminder_kit.rules.rule import Rule

__all__ = ["failures_of", "senders_of", "with_fallback"]


def with_fallback(
    settings: Settings, fallback: Provider | None, failures: Mapping[str, Mapping[str, Failure]]
) -> Settings:
    """Return the settings of a kit with those of its fallback.

    Raises `ConfigurationError` for a fallback that would do no better, and for a rule whose
    id is that of another one's fallback.
    """
    if fallback is None:
        return settings
    if (fallback.name, fallback.sender) == (settings.provider, settings.sender):
        raise ConfigurationError(
            f"the fallback sends from the same sender at {fallback.name} as the provider, and would fail as it does: "
            "give it another `from`, or another provider"
        )
    _refuse_alike(settings.rules)
    able = fallback.capabilities
    spare = evolve(
        settings,
        window=able.window,
        sender=fallback.sender,
        provider=fallback.name,
        key_life=able.key_life,
        cap=able.cap,
        account=account_of(fallback),
        not_to=able.not_to,
        sends_mms=able.mms,
        others=(),
        **{"prefer_duplicate": False, **letter_keys(fallback, settings)},
    )
    permanent_codes = {name: lasting(codes, PERMANENT, fallback) for name, codes in failures.items()}
    return evolve(settings, fallback=spare, permanent_codes=permanent_codes)


def _refuse_alike(rules: Iterable[Rule]) -> None:
    """Raise `ConfigurationError` where a rule has the id under which another rule's fallback is reported."""
    ids = {rule.id for rule in rules}
    for rule in rules:
        if (name := fallback_id(rule.id)) in ids:
            raise ConfigurationError(
                f"rule {name!r}: what stands in for rule {rule.id!r} is told by that id: call it something else"
            )


def senders_of(*providers: Provider | None) -> frozenset[str]:
    """Return the names of all that these providers send from: numbers, names and pools."""
    known = [provider for provider in providers if provider is not None]
    return frozenset(name for provider in known for name in sender_names(provider.sender, provider.capabilities.pool))


def failures_of(*providers: Provider | None) -> dict[str, Mapping[str, Failure]]:
    """Return what each provider's codes mean, by its name."""
    return {provider.name: provider.capabilities.failures for provider in providers if provider is not None}
