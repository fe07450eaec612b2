"""Which provider a webhook is from, and whether it is genuine.

Never takes a webhook for what its headers look like: they only choose the provider that is asked to verify it. Never
hands an adapter what no server can have received (half characters, megabytes), nor lets out what an adapter raises by
mistake.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import cast

from attrs import evolve, field, frozen

from reminder_kit.errors import (
    ConfigurationError,
    InvalidInputError,
    PayloadError,
    ReminderKitError,
    SignatureError,
    WebhookError,
    unforeseen,
)
from reminder_kit.model.consent import sender_names
from reminder_kit.model.host_data import shown_name, whole_text
from reminder_kit.model.messages import DeliveryEvent
from reminder_kit.ports import AddressSigner, Provider
from reminder_kit.providers.signatures import lowered
from reminder_kit.webhooks.normalising import normalised

__all__ = ["LARGEST", "verified_events"]

LARGEST = 1024 * 1024
"""Bytes of a webhook's body: no provider's is as long."""
_LONGEST_HEADER = 16 * 1024
"""Characters of a header that are looked at: no signature is as long."""


def verified_events(
    providers: Sequence[Provider],
    name: str | None,
    headers: Mapping[str, str],
    body: bytes,
    now: datetime,
    region: str | None = None,
    url: str | None = None,
) -> tuple[DeliveryEvent, ...]:
    """Return the events of a webhook, verified by one of the kit's providers, as the ledger keeps them.

    `name` is the provider's; None means that the headers decide who is asked. Of two accounts with one provider both
    are asked, since their headers look alike. Where none can verify it the first one's error is raised:
    `SignatureError` or `ConfigurationError`. `region` is the country of numbers without a country code. `url` is what
    the host says of the address that was called, for providers that sign it. Raises `PayloadError` where the webhook is
    genuine and no event, or larger than `LARGEST`, and `InvalidInputError` for a name that the kit does not have, for
    headers that are no mapping, for an address that is no text, and for a body that is not bytes.
    """
    plain, raw = _plain(headers), _raw(body)
    if not isinstance(url, str | None):
        raise InvalidInputError(f"the address of a webhook is a text, not a {type(url).__name__}: str(request.url)")
    asked = _Asked(plain, raw, now, None if url is None else _text(url)[:_LONGEST_HEADER])
    first: ReminderKitError | None = None
    for provider in _candidates(providers, name, plain):
        try:
            return _told(provider, asked, region)
        except (SignatureError, ConfigurationError) as error:
            first = first or error
    assert first is not None  # noqa: S101 - somebody was asked, and refused
    raise first


def _plain(headers: Mapping[str, str]) -> dict[str, str]:
    """Return headers as whole text, none longer than any that means something."""
    if not hasattr(headers, "items"):  # frameworks have classes of their own, which need be no Mapping
        raise InvalidInputError(
            f"headers are a mapping of names to values, not a {type(headers).__name__}: hand over the request's own"
        )
    return {_text(name): _text(value)[:_LONGEST_HEADER] for name, value in headers.items()}


def _text(value: object) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else whole_text(value)


def _raw(body: bytes) -> bytes:
    if not isinstance(body, bytes | bytearray | memoryview):
        raise InvalidInputError(
            f"a webhook's body is bytes, as they came, not a {type(body).__name__}: what was parsed and written anew "
            "fits no signature"
        )
    if len(body) > LARGEST:
        raise PayloadError(f"a webhook of {len(body)} bytes is no provider's: more than {LARGEST} are not looked at")
    return bytes(body)


@frozen
class _Asked:
    """What an adapter is asked about: a webhook, made plain."""

    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    now: datetime
    url: str | None

    def events(self, provider: Provider) -> tuple[DeliveryEvent, ...]:
        """Return what the adapter reads of it, and raise what the adapter raises."""
        if provider.capabilities.signs_address:
            return cast("AddressSigner", provider).events(self.headers, self.body, self.now, url=self.url)
        return provider.events(self.headers, self.body, self.now)


def _told(provider: Provider, asked: _Asked, region: str | None) -> tuple[DeliveryEvent, ...]:
    """Return what an adapter makes of a webhook, made plain.

    Raises `PayloadError` for what it raises, or returns, by mistake: the same webhook would never be taken.
    """
    try:
        found = asked.events(provider)
        return tuple(_addressed(normalised(event, provider.name, region, asked.now), provider) for event in found)
    except (WebhookError, ConfigurationError):
        raise
    except Exception as error:  # noqa: BLE001 - an adapter may be anybody's
        raise PayloadError(
            f"{provider.name}: its adapter could not read a webhook ({unforeseen(error)}): report this to who made it"
        ) from None


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
        raise InvalidInputError(f"this kit knows no provider {shown_name(name)}: it has {known}")
    if len(providers) == 1:
        return providers
    there = lowered(headers)
    fitting = [
        provider
        for provider in providers
        if not provider.capabilities.signed_by or provider.capabilities.signed_by in there
    ]
    return fitting or providers  # Vonage's SMS API signs by a parameter
