"""Model: the values that every other package speaks in, and the life cycle of a message.

Pure: no clock, no I/O, no SQL. Imports `errors` and nothing else of this library. In reading order:

    instants      UTC inside, named zones at the edge, ISO 8601 at the doors
    host_data     what hosts hand over, as text and data that come back unchanged
    phones        numbers as E.164, and as logs may show them
    appointments  `Appointment` and `Recipient`: what the host says
    reasons       the codes that say why a reminder is where it is
    lifecycle     the states of a message, and who may move it from which to which
    messages      `Draft`, `Message`, `DeliveryEvent`: one text at the provider
    revisions     which of two states is the older one, as text that sorts
    snapshots     appointments as text
    consent       who said what about writing to a number, and who bars it by that
    as_of         what is newer than a host's snapshot
    records       what the ledger remembers, and what it is handed

What to know:

- Names of instants end in `_at`, and instants are UTC. Three fields keep the zone they came in: `starts_at`, `ends_at`
  and `booked_at` of an appointment. Its `start_at` and `end_at` are the first two as UTC.
- Values are frozen and valid by construction: what cannot be meant raises `InvalidInputError` where it is built.
- Two parties move a message. A wrong step of ours raises; whatever the provider says is taken, or kept and reported.
"""

from __future__ import annotations

from reminder_kit.model.appointments import Appointment, Recipient, Revision, Status, normalise, recurrence_name
from reminder_kit.model.host_data import Data
from reminder_kit.model.messages import Answered, DeliveryEvent, Draft, Included, Message
from reminder_kit.model.phones import is_possible, masked, phone_number
from reminder_kit.model.reasons import Reason

__all__ = [
    "Answered",
    "Appointment",
    "Data",
    "DeliveryEvent",
    "Draft",
    "Included",
    "Message",
    "Reason",
    "Recipient",
    "Revision",
    "Status",
    "is_possible",
    "masked",
    "normalise",
    "phone_number",
    "recurrence_name",
]
