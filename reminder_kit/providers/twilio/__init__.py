"""Twilio: SMS and MMS that a Messaging Service parks until `SendAt`.

Never builds a request without a Messaging Service: Twilio drops the schedule of such a request and sends the message
at once (Twilio Support, article 4412165297947; Twilio, "Error 35111"). `provider` builds the requests, `responses`
reads the answers by tables, `webhooks` verifies and reads the events. What else is odd about it:

- The shortest lead is 15 minutes (Twilio, "Message Scheduling"; Error 35111) or 5 (Error 35115): 15 is the default,
  and `min_lead` changes it. The longest is 35 days. At most 500,000 messages are scheduled at once (Error 35125).
- Create has no idempotency key (API reference, Message resource). A lost answer is settled from the list of messages,
  by number and words (`lists`): the list shows no send time, a scheduled message has no `date_sent` yet, and a text is
  listed as it went out.
- A message is cancelled while it is `scheduled` (Error 30409); no page of Twilio's names a cut-off. "Up to one hour
  before" stands in Telnyx' page on scheduling, where it compares itself with others, and nowhere else that was found:
  it is not believed. It can't be moved.
- A status callback's signature covers its address and names no time, so our token can't stand in the address and a
  replay is known by its event id alone (Twilio, "Webhooks Security"). A message's
  first status is not reported (Twilio, "Outbound Message Status in Status Callbacks").
- STOP leaves scheduled messages parked (the same support article): the kit withdraws them.
"""

from __future__ import annotations

from reminder_kit.providers.twilio.provider import Twilio

__all__ = ["Twilio"]
