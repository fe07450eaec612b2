"""What several test files make alike: instants, numbers, rules, appointments and settings.

Never a fixture: those stand in the conftest of their folder, or in `tests/postgres.py`.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from attrs import evolve

from reminder_kit.model.appointments import Appointment, Recipient
from reminder_kit.model.instants import iso
from reminder_kit.model.lifecycle import State
from reminder_kit.model.messages import Draft, Message
from reminder_kit.model.records import Identity
from reminder_kit.planning.observed import Observed
from reminder_kit.planning.settings import Settings
from reminder_kit.rules.defaults import Defaults
from reminder_kit.rules.reminders import Reminder, reminders_of
from reminder_kit.rules.rule import Rule
from reminder_kit.rules.window import Window
from reminder_kit.text.composer import Composer

NEW_YORK = ZoneInfo("America/New_York")
START = datetime(2026, 2, 10, 14, 0, tzinfo=UTC)  # a Tuesday, 09:00 in New York
NOW = iso(START)  # the same, as command lines and servers take it
TEXT = "Hi {{ recipient.name }}, {{ appointment.title }} {{ when }} at {{ appointment.location }}."

SENDER = "+12025550100"
NUMBER = "+12025550123"
ACCOUNT = "AC" + "1" * 32  # of Twilio
SERVICE = "MG" + "2" * 32  # Twilio's messaging service
HOOK = "https://clinic.example/hooks"

CONFIG = """
timezone = "America/New_York"
[provider]
name = "telnyx"
from = "+12025550100"
[ledger]
url = "sqlite:///{ledger}"
[[rules]]
id = "r"
before = "24 hours"
text = "See you {{{{ when }}}}."
"""
"""The least reminders.toml of a server of webhooks; `ledger` is the path of its file."""

DEFAULTS = Defaults(timezone="America/New_York", region="US")
WINDOW = Window(timedelta(minutes=5), timedelta(days=5), timedelta(minutes=1))
DAY = Rule("day-before", before="24 hours", text="{{ appointment.title }} {{ when }}")
HOUR = Rule("hour-before", before="1 hour", text="Soon: {{ when }}")

# Appointments of one number on one day, reminded of in one message

ALL = "{% for visit in appointments %}{{ visit.starts_at | time }} {{ visit.title }} ({{ visit.recipient.name }})"
TOGETHER = "{{ day }}: " + ALL + "{{ ', ' if not loop.last }}{% endfor %}"
EVENING = Rule("evening", days_before=1, at="18:00", text="{{ appointment.title }} {{ when }}", together=TOGETHER)
APART = ["Check-up tomorrow at 11:00 AM", "Check-up tomorrow at 9:00 AM"]
BOTH = "tomorrow: 9:00 AM Check-up (Ada), 11:00 AM Check-up (Ada)"


def visit(id, hour=9, *, day=2, minute=0, name="Ada", phone=NUMBER, title="Check-up", **changes):
    """Return an appointment of half an hour; `day` counts from START, `hour` and `minute` are New York's."""
    starts_at = datetime(2026, 2, 10 + day, hour, minute, tzinfo=NEW_YORK)
    people = [Recipient(phone, name=name)]
    ends_at = starts_at + timedelta(minutes=30)
    return Appointment(id, starts_at, ends_at, recipients=people, title=title, **changes)


def evening_rule(**changes):
    """Return EVENING with some of its keys replaced."""
    values = {"days_before": EVENING.days_before, "at": EVENING.at, "text": EVENING.text, "together": TOGETHER}
    return Rule(EVENING.id, **{**values, **changes})


def parked_texts(sandbox):
    """Return the texts of all messages parked at the provider, sorted."""
    return sorted(message.text for message in sandbox.parked())


def parked_messages(sandbox):
    """Return number, send time and text of all messages parked at the provider, sorted."""
    return sorted((message.to, iso(message.send_at), message.text) for message in sandbox.parked())


def received_texts(sandbox, number=NUMBER):
    """Return the texts that reached a number, in their order."""
    return [message.text for message in sandbox.inbox(number)]


def at_rest(kit):
    """Say whether a further run would write nothing, to the provider or the ledger."""
    plan = kit.plan_resync()
    return not plan.work and not plan.worklist.order


def in_new_york(text):
    """Return an instant, in UTC, of New York's wall clock in ISO 8601."""
    return datetime.fromisoformat(text).replace(tzinfo=NEW_YORK).astimezone(UTC)


# What planning looks at, without a ledger or a provider


def settings_of(*rules, **changes):
    """Return the settings of a kit with these rules that sends through Telnyx, from SENDER."""
    values = {"window": WINDOW, "sender": SENDER, "provider": "telnyx", "key_life": timedelta(hours=24)}
    return Settings(rules=rules, defaults=DEFAULTS, composer=Composer(DEFAULTS), **{**values, **changes})


def observed_of(appointment, *messages, outcomes=(), **changes):
    """Return what is known of an appointment (None: withdrawn): its messages in their order, its outcomes, and more."""
    identity = Identity.of(appointment) if appointment else Identity("default", "A-1")
    by_key = {}
    for message in messages:
        by_key[message.key] = (*by_key.get(message.key, ()), message)
    return Observed(identity, appointment, {outcome.key: outcome for outcome in outcomes}, by_key, **changes)


def message_of(what, settings, state=State.SCHEDULED, **changes):
    """Return the message a reminder (or the first one of an appointment) has parked: on time, in its words."""
    reminder = what if isinstance(what, Reminder) else reminders_of(what, settings.rules, settings.defaults)[0]
    composed = settings.composer.compose(reminder, reminder.due_at)
    message = Message(
        id="0" * 32,
        key=reminder.key,
        state=state,
        draft=Draft(reminder.recipient.phone, composed.text, reminder.due_at),
        due_at=reminder.due_at,
        start_at=reminder.appointment.start_at,
        sender=settings.sender,
        provider=settings.provider,
        path="/messages",
        request=b"{}",
        idempotency_key="k",
        created_at=START,
        provider_id="P" if state is not State.CREATING else None,
        uncertain=state is State.CREATING,
    )
    return evolve(message, **changes)


def summed(run):
    """Return how many reminders a plan or report keeps, holds, skips, …: what it passed over is counted, not listed."""
    kinds = ("schedule", "replace", "cancel", "hold", "keep", "skip")
    return {kind: run.summary[kind] for kind in kinds if run.summary[kind]}
