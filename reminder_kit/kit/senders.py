"""Several senders of one provider: what each may do is checked as the kit is made.

Never asks a provider: what a sender may do is what its capabilities declare.
"""

from __future__ import annotations

from collections.abc import Iterable

from attrs import evolve

from reminder_kit.errors import ConfigurationError
from reminder_kit.planning.settings import Settings
from reminder_kit.ports import Provider
from reminder_kit.rules.senders import SenderCondition

__all__ = ["with_senders"]


def with_senders(settings: Settings, senders: Iterable[tuple[Provider, SenderCondition]]) -> Settings:
    """Return the settings of a kit with those of its further senders.

    Raises `ConfigurationError` for one that could not do what it is for, naming why, for one of another provider, and
    where the kit's own sender can't write to the country of numbers without a code.
    """
    others: list[tuple[SenderCondition, Settings]] = []
    seen = {settings.sender}
    for provider, condition in senders:
        able = provider.capabilities
        if provider.name != settings.provider or able.window != settings.window:
            raise ConfigurationError(
                f"the sender {provider.sender!r} is of {provider.name} with a window of its own, and the provider is "
                f"{settings.provider}: give it as fallback, or to a kit of its own"
            )
        if provider.sender in seen:
            raise ConfigurationError(
                f"the sender {provider.sender!r} is named twice: put what it is for into one table"
            )
        seen.add(provider.sender)
        for country in condition.countries:
            if country in able.not_to:
                raise ConfigurationError(f"from: {able.not_to[country]}")
        if "mms" in condition.channels and not able.mms:
            raise ConfigurationError(f"from: the sender {provider.sender!r} sends no MMS: leave channel to a number")
        own = evolve(settings, sender=provider.sender, not_to=able.not_to, sends_mms=able.mms, others=())
        others.append((condition, own))
    _check_own(settings, others)
    return evolve(settings, others=tuple(others)) if others else settings


def _check_own(settings: Settings, others: Iterable[tuple[SenderCondition, Settings]]) -> None:
    """Raise `ConfigurationError` where nobody may write to the country of numbers that are written without a code."""
    region = settings.defaults.region or ""
    covered = any(condition.countries and region in condition.countries for condition, _ in others)
    if region in settings.not_to and not covered:
        raise ConfigurationError(f"from: {settings.not_to[region]}; default_region is {region!r}")
