"""Values."""

from __future__ import annotations

from reminder_kit.model.appointments import Appointment, Recipient, Revision, Status, normalise, recurrence_name
from reminder_kit.model.host_data import Data
from reminder_kit.model.messages import DeliveryEvent, Draft, Included, Message
from reminder_kit.model.phones import is_possible, masked, phone_number
from reminder_kit.model.reasons import Reason

__all__ = [
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
