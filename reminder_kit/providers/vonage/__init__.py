"""Vonage's Messages API: messages that leave when they are due, since Vonage parks none.

Never schedules, cancels or reads a message: the API reference ("Messages API") has no send time and no such endpoint,
so that the ledger holds a reminder until its minute, and a message once created is on its way. `provider` builds the
requests (`content`: text and media), `responses` holds tables and errors, `webhooks` reads events, `sms_api` those in
the other API's format. What else is odd about it, and which page says so:

- No idempotency key and no list: our token travels as `client_ref`, which every status webhook repeats ("Messages
  API"), so that a lost answer is settled by the webhook.
- Numbers are E.164 without the plus sign. A text has up to 3,200 characters, a caption 3,000 (official SDK, 1.8 of
  its package for messages; an older API description says 1,000).
- Basic credentials work, but webhooks set on an application need its token (Vonage, "Authentication").
- A webhook's signature covers a token and not the body: the body's digest (`payload_hash`) and the age (`iat`) have
  to be compared as well (Vonage, "Signed webhooks").
- An account's "Default SMS Setting" may have replies come in the format of the SMS API, signed by a parameter.
- STOP shows as code 1240 of a later message (Messages API, "Errors"); the adapter reads no list of opt-outs.
"""

from __future__ import annotations

from reminder_kit.providers.vonage.provider import Vonage
from reminder_kit.providers.vonage.responses import FAILURES, STATUSES

__all__ = ["FAILURES", "STATUSES", "Vonage"]
