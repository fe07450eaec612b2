"""Which provider a webhook is from, and whether it is genuine.

Never takes a webhook for what its headers look like: they only choose the provider that is asked to verify it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from attrs import evolve

from reminder_kit.errors import ConfigurationError, InvalidInputError, ReminderKitError, SignatureError
from reminder_kit.model.consent import sender_names
from reminder_kit.model.messages import DeliveryEvent
from reminder_kit.ports import Provider
from reminder_kit.providers.signatures import lowered

__all__ = ["verified_events"]


def verified_events(
    providers: Sequence[Provider], name: str | None, headers: Mapping[str, str], body: bytes, now: datetime
) -> tuple[DeliveryEvent, ...]:
    """Return the events of a webhook, verified by one of the kit's providers.

    `name` is the provider's; None means that the headers decide who is asked. Of two accounts with one provider both
    are asked, since their headers look alike. Where none can verify it the first one's error is raised:
    `SignatureError` or `ConfigurationError`. Raises `PayloadError` where the webhook is genuine and no event, and
    `InvalidInputError` for a name that the kit does not have.
    """
    first: ReminderKitError | None = None
    for provider in _candidates(providers, name, headers):
        try:
            return tuple(_addressed(event, provider) for event in provider.events(headers, body, now))
        except (SignatureError, ConfigurationError) as error:
            first = first or error
    assert first is not None  # noqa: S101 - somebody was asked, and refused
    raise first


def _addressed(event: DeliveryEvent, provider: Provider) -> DeliveryEvent:
    """Return an event with the sender of ours that it was sent to: where it names none, the provider's own."""
    if event.senders or event.number is None:
        return event
    return evolve(event, senders=sender_names(provider.sender, provider.capabilities.pool))


def _candidates(providers: Sequence[Provider], name: str | None, headers: Mapping[str, str]) -> Sequence[Provider]:
    """Return the providers that are asked to verify a webhook; raises `InvalidInputError` for an unknown name."""
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
