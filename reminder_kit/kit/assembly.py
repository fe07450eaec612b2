"""Routes: what a kit with a provider and a fallback makes of the two; whose a webhook is.

Never trusts a webhook for what it looks like: that only says who is asked to verify it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from attrs import evolve

from reminder_kit.errors import ConfigurationError, InvalidInputError, ReminderKitError, SignatureError
from reminder_kit.model.appointments import DeliveryEvent
from reminder_kit.planning.fallback import fallback_id
from reminder_kit.planning.settings import Settings
from reminder_kit.ports import PERMANENT, Failure, Provider
from reminder_kit.providers.signatures import lowered
from reminder_kit.rules.reminders import Rule

__all__ = ["failures_of", "heard", "with_fallback"]


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
        prefer_duplicate=False,
    )
    hopeless = {
        name: frozenset(code for code, failure in codes.items() if failure in PERMANENT)
        for name, codes in failures.items()
    }
    return evolve(settings, fallback=spare, hopeless=hopeless)


def _refuse_alike(rules: Iterable[Rule]) -> None:
    """Raise where a rule is called what another one's fallback is told as."""
    ids = {rule.id for rule in rules}
    for rule in rules:
        if (name := fallback_id(rule.id)) in ids:
            raise ConfigurationError(
                f"rule {name!r}: what stands in for rule {rule.id!r} is told by that id: call it something else"
            )


def failures_of(*providers: Provider | None) -> dict[str, Mapping[str, Failure]]:
    """Return what each provider's codes mean, by its name."""
    return {each.name: each.capabilities.failures for each in providers if each is not None}


def heard(
    providers: Sequence[Provider], name: str | None, headers: Mapping[str, str], body: bytes, now: datetime
) -> tuple[DeliveryEvent, ...]:
    """Return what a webhook tells, verified by the provider it is of.

    That is the one named, else whichever of those that its headers fit can verify it; of
    two accounts with one provider both are asked. Raises what the first one says where none
    can.
    """
    first: ReminderKitError | None = None
    for provider in _asked(providers, name, headers):
        try:
            return provider.events(headers, body, now)
        except (SignatureError, ConfigurationError) as error:
            first = first or error
    assert first is not None  # noqa: S101 - somebody was asked, and refused
    raise first


def _asked(providers: Sequence[Provider], name: str | None, headers: Mapping[str, str]) -> Sequence[Provider]:
    if name is not None:
        if named := [each for each in providers if each.name == name]:
            return named
        known = " and ".join(dict.fromkeys(each.name for each in providers))
        raise InvalidInputError(f"this kit knows no provider {name!r}: it has {known}")
    if len(providers) == 1:
        return providers
    there = lowered(headers)
    fitting = [each for each in providers if not each.capabilities.signed_by or each.capabilities.signed_by in there]
    return fitting or providers[:1]
