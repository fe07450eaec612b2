"""An endpoint for webhooks in a host that calls plain functions: a request in, a status out.

Never calls a provider, and never raises: whatever fails, the provider is asked to try again.
"""

from __future__ import annotations

from collections.abc import Mapping

from reminder_kit.errors import LedgerError, ReminderKitError, WebhookError, unforeseen
from reminder_kit.kit.faces import ReminderKit
from reminder_kit.logs import LOG

__all__ = ["taken_in"]


def taken_in(
    kit: ReminderKit, headers: Mapping[str, str], body: bytes, provider: str | None, refused: int, query: str = ""
) -> int:
    """Have a kit take a webhook in, and return the status that answers it: 200 once it is stored.

    `provider` is the name in its address (None: there is none); another one's is a 404. `query` is that of the request,
    for providers that sign the address: the rest of it is `webhook_url`. `refused` is what answers one that is not
    signed, or no event; 503: the ledger can't be written, 500: anything else.
    """
    if provider is not None and provider not in {known.name for known in (kit.provider, kit.fallback) if known}:
        return 404
    try:
        kit.receive(headers, body, provider=provider, url=f"?{query}" if query else None)
    except WebhookError as error:
        LOG.warning("refused a webhook: %s", error)
        return refused
    except ReminderKitError as error:
        LOG.error("%s (the provider is asked to try again)", error)
        return 503 if isinstance(error, LedgerError) else 500
    except Exception as error:  # noqa: BLE001 - whatever it is, the provider is asked to try again
        LOG.error("a webhook could not be taken in: %s", unforeseen(error))
        return 500
    return 200
