"""Values."""

from __future__ import annotations

from reminder_kit.model.appointments import (
    Appointment,
    DeliveryEvent,
    Draft,
    Message,
    Reason,
    Recipient,
    Revision,
    Status,
    Told,
    is_possible,
    masked,
    normalise,
    phone_number,
    recurrence_name,
    reminder_key,
)
from reminder_kit.model.host_data import Data

__all__ = [
    "Appointment",
    "Data",
    "DeliveryEvent",
    "Draft",
    "Message",
    "Reason",
    "Recipient",
    "Revision",
    "Status",
    "Told",
    "is_possible",
    "masked",
    "normalise",
    "phone_number",
    "recurrence_name",
    "reminder_key",
]
