"""reminder_kit: appointment reminders by SMS and MMS, at the right minute, in the right words, exactly once.

Never imports a framework, SQL or a calendar parser before it is used: each name below is imported when it is asked for.

    from reminder_kit import Appointment, ReminderKit, Rule

The packages, from the values up to the edges; each imports from those above it only, and says how it works:

    errors        one tree: the class says what to do next
    model         values, the life cycle of a message, what is recorded
    rules         what is due, when, and where it may lie
    text          templates, time phrases, SMS parts, lint
    planning      what is recorded and what is wanted → decisions, changes, a plan
    ports         what a provider must offer: the one door of adapters
    ledger, providers, calendars, transport, sandbox    the world, each behind its own door
    config        a TOML file and the environment → a kit's arguments
    delivery      one message at the provider, its intent written down first
    reconciler    make a plan from the ledger, carry it out under leases
    webhooks      what comes back: verification, inbox, opt-out lists
    kit           the two faces, `ReminderKit` and `AsyncReminderKit`; the only clock
    cli, integrations, testing, webhook_app    the edges
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from reminder_kit.errors import ReminderKitError
    from reminder_kit.kit.faces import AsyncReminderKit, ReminderKit
    from reminder_kit.kit.listeners import Run
    from reminder_kit.kit.tenants import AsyncTenants, Tenants
    from reminder_kit.model.appointments import Appointment, Recipient
    from reminder_kit.model.messages import DeliveryEvent, Message
    from reminder_kit.model.reasons import Reason
    from reminder_kit.planning.changes import Change
    from reminder_kit.planning.plan import Guard, Plan
    from reminder_kit.planning.report import Report
    from reminder_kit.rules.offsets import Offset
    from reminder_kit.rules.placement import Placement
    from reminder_kit.rules.quiet_hours import QuietHours
    from reminder_kit.rules.reminders import Reminder
    from reminder_kit.rules.rule import Rule
    from reminder_kit.rules.window import Window

__all__ = [
    "Appointment",
    "AsyncReminderKit",
    "AsyncTenants",
    "Change",
    "DeliveryEvent",
    "Guard",
    "Message",
    "Offset",
    "Placement",
    "Plan",
    "QuietHours",
    "Reason",
    "Recipient",
    "Reminder",
    "ReminderKit",
    "ReminderKitError",
    "Report",
    "Rule",
    "Run",
    "Tenants",
    "Window",
    "__version__",
]

__version__ = "0.1.0"

_HOMES = {
    "errors": ("ReminderKitError",),
    "kit": ("AsyncReminderKit", "AsyncTenants", "ReminderKit", "Tenants"),
    "kit.listeners": ("Run",),
    "model": ("Appointment", "DeliveryEvent", "Message", "Reason", "Recipient"),
    "planning": ("Change", "Guard", "Plan", "Report"),
    "rules": ("Offset", "Placement", "QuietHours", "Reminder", "Rule", "Window"),
}
_HOME = {name: module for module, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'reminder_kit' has no attribute {name!r}")
    value = getattr(import_module(f"reminder_kit.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
