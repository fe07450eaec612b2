"""Telnyx: SMS and MMS that Telnyx itself parks until `send_at`.

Never relies on Telnyx to refuse what Telnyx documents as impossible. `provider` builds the requests, `responses` reads
the answers by tables, `lists` what is listed, `settings` what the messaging profile says, `webhooks` verifies and reads
the events. What is odd about it, and which
page says so:

- `send_at` lies 5 minutes to 5 days ahead, accurate to the minute; at most 1,000,000 messages are scheduled at once
  (Telnyx, "Schedule SMS and MMS Messages"; "Appointment reminders via SMS" says 7 days, and is not believed).
- The guide calls `POST /messages` and `POST /messages/schedule` identical; the API reference ("Send a message",
  "Schedule a message") gives `encoding`, and the official SDK the header `Idempotency-Key`, to the first alone.
- A repeated request is answered from memory for 24 hours, if its bytes are the same; another body is a 422
  (Telnyx, "Idempotency").
- There is no list of messages, and no way to move a scheduled one: it is cancelled, and another created. A message
  can be read for 10 days after its creation (API reference, "Messages", "Retrieve a message").
- A message is cancelled until one minute before `send_at` (the guide). That answer is not wrapped in `data`, and its
  403 and 404 are bare errors without a list around them (API reference, "Cancel a scheduled message").
- A request without a key is answered with 404, so that a 404 proves no absence (Telnyx, error code mapping of its
  guide for those who migrate).
- The status is the addressee's (`to[0].status`); a message has none of its own (API reference).
- The reply CANCEL opts the person out, as STOP does (Telnyx, "Advanced Opt-In/Out").
"""

from __future__ import annotations

from reminder_kit.providers.telnyx.provider import Telnyx

__all__ = ["Telnyx"]
