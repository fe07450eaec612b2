"""Whose a webhook is, and whether it is genuine.

Never trusts a webhook for what it looks like: that only says who is asked to verify it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from reminder_kit.errors import ConfigurationError, InvalidInputError, ReminderKitError, SignatureError
from reminder_kit.model.messages import DeliveryEvent
from reminder_kit.ports import Provider
from reminder_kit.providers.signatures import lowered

__all__ = ["verified_events"]


def verified_events(
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
        if named := [provider for provider in providers if provider.name == name]:
            return named
        known = " and ".join(dict.fromkeys(provider.name for provider in providers))
        raise InvalidInputError(f"this kit knows no provider {name!r}: it has {known}")
    if len(providers) == 1:
        return providers
    there = lowered(headers)
    fitting = [
        provider
        for provider in providers
        if not provider.capabilities.signed_by or provider.capabilities.signed_by in there
    ]
    return fitting or providers[:1]
