"""A webhook for one kit, verified by the keys of its providers.

Never stores anything, and never calls a provider.
"""

from __future__ import annotations

from collections.abc import Mapping

from reminder_kit.kit.assembly import Kit
from reminder_kit.model.messages import DeliveryEvent

__all__ = ["verified"]


def verified(
    kit: Kit, headers: Mapping[str, str], body: bytes, provider: str | None, url: str | None
) -> tuple[DeliveryEvent, ...]:
    """Return the events of a webhook that one of a kit's providers finds genuine; raises as `receive` does."""
    from reminder_kit.webhooks.verification import verified_events

    providers = [one for one in (kit.provider, kit.fallback) if one is not None]
    return verified_events(providers, provider, headers, body, kit.now(), kit.settings.defaults.region, url)
