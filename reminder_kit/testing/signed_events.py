"""Webhooks as a provider would sign them, for tests of a host's own endpoint.

Never sends anything: headers and body are returned, to be posted to the endpoint under test.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

from reminder_kit.errors import InvalidInputError
from reminder_kit.model.instants import utc
from reminder_kit.providers.telnyx.responses import TOKEN
from reminder_kit.sandbox import Sandbox, twilio, vonage
from reminder_kit.sandbox import telnyx_webhooks as telnyx
from reminder_kit.sandbox.messages import Parked
from reminder_kit.sandbox.signer import Signer
from reminder_kit.sandbox.state import SECRET
from reminder_kit.sandbox.webhooks import Hook

__all__ = ["EVENT_TYPES", "TELNYX_PUBLIC_KEY", "WEBHOOK_SECRET", "signed_event"]

TELNYX_PUBLIC_KEY = "CUQEyeEdRbJl/9pt6d9OWhL27OTHQ3H344yve6V/4zs="
"""The key that verifies Telnyx' webhooks: `TELNYX_PUBLIC_KEY` of the kit under test."""

WEBHOOK_SECRET = SECRET
"""The other providers' secret: `TWILIO_AUTH_TOKEN` or `VONAGE_SIGNATURE_SECRET` of the kit under test."""

_REPORTS = {"sent": "sent", "delivered": "delivered", "undelivered": "delivery_failed"}
_REPLIES = {"received": "Thank you", "opted_out": "STOP", "opted_in": "START"}
_KEYWORDS = {"opted_out": "STOP", "opted_in": "START"}
_CODES = {"telnyx": "40008", "twilio": "30003", "vonage": "1180"}
"""What each provider gives as the code of a message that could not be delivered."""
_DIALECTS = {"telnyx": telnyx, "twilio": twilio, "vonage": vonage}
_STALE = timedelta(minutes=10)
_MOMENT, _MOMENTS = timedelta(milliseconds=1), timedelta(seconds=1)

EVENT_TYPES = (*_REPORTS, *_REPLIES)
"""The types of events that can be asked for."""


def signed_event(
    provider: str,
    type: str,  # noqa: A002 - the event's own name for it
    *,
    number: str = "+12025550123",
    our_number: str = "+12025550100",
    text: str | None = None,
    code: str | None = None,
    provider_id: str | None = None,
    token: str | None = None,
    url: str = "",
    now: datetime | None = None,
    secret: str = WEBHOOK_SECRET,
    forged: bool = False,
    stale: bool = False,
) -> tuple[dict[str, str], bytes]:
    """Return headers and body of a webhook as `telnyx`, `twilio` or `vonage` would send it.

    `type` is one of `sent`, `delivered`, `undelivered` (about a message to `number`) and `received`, `opted_out`,
    `opted_in` (a reply of `number`). Of a message, `provider_id` is the provider's id of it, as `Change.message_id` has
    it (None: a new one), `token` our own (None: none), and `code` why it failed (None: a usual one). Of a reply, `text`
    is what it says (None: a usual one). `url` is the endpoint's public address, which Twilio's signature covers. `now`
    is when the webhook is signed (None: the machine's time). It fits a kit that trusts `TELNYX_PUBLIC_KEY`, or for the
    other two `secret`. Replies that are signed for one instant come a millisecond after each other: where a clock
    stands still, a START that is signed after a STOP is later than that.

    `forged` signs with another key, `stale` ten minutes before `now`; an endpoint must refuse both. Raises
    `InvalidInputError` for a provider or type there is not, and for Twilio without `url` or with `stale`: Twilio signs
    the address, and no time.
    """
    if provider not in _DIALECTS or type not in EVENT_TYPES:
        raise InvalidInputError(
            f"no event {type!r} of {provider!r}: use {', '.join(_DIALECTS)}, and one of {', '.join(EVENT_TYPES)}"
        )
    if provider == "twilio" and (stale or not url):
        raise InvalidInputError(
            "Twilio signs no time, so nothing of it can be stale" if stale else "Twilio signs the address: hand in url"
        )
    at = utc(now or datetime.now(UTC), "now")  # noqa: TID251 - a test's webhooks are of now
    if type not in _REPORTS:
        at = _next(at)
    house = Sandbox(clock=at, key="somebody else" if forged else secret, provider=provider, webhook_url=url or None)
    if forged:
        house.signer = Signer("somebody else")
    dialect: Any = _DIALECTS[provider]
    if type in _REPORTS:
        message = _message(house, provider_id, token, to=number, from_=our_number, status=_REPORTS[type])
        message.completed_at = None if type == "sent" else at
        if type == "undelivered" or code:
            message.errors = [{"code": code or _CODES[provider], "title": "Undeliverable", "detail": ""}]
        hook: Hook = dialect.report(house, message, at)
    else:
        hook = dialect.reply(house, number, _REPLIES[type] if text is None else text, our_number, _KEYWORDS.get(type))
    return hook.as_sent(at - _STALE if stale else at)


_LAST: list[datetime] = []
"""The instant of the last reply."""


def _next(at: datetime) -> datetime:
    """Return the instant of a reply at `at`: just after the last one, if that was at the same."""
    if _LAST and timedelta(0) <= _LAST[0] - at < _MOMENTS:
        at = _LAST[0] + _MOMENT
    _LAST[:] = [at]
    return at


def _message(house: Sandbox, provider_id: str | None, token: str | None, **fields: Any) -> Parked:
    """Return the message that a report is about, as the provider has it."""
    now, url = house.now(), house.webhook_url
    if token and house.provider == "telnyx":
        url = url or "https://example.com/"
        url += ("&" if "?" in url else "?") + urlencode({TOKEN: token})
    return Parked(
        id=provider_id or (f"SM{uuid4().hex}" if house.provider == "twilio" else house.new_id()),
        kind=house.provider,
        text="See you tomorrow.",
        send_at=now,
        created_at=now,
        scheduled=True,
        webhook_url=url,
        idempotency_key=token or "",
        sent_at=now,
        **fields,
    )
