"""An explanation: why a reminder is or is not sent: the arithmetic, the decision, the messages and the history.

Pure: no clock, no I/O. Never decides anything: it is handed decisions. `str()` is for people, `as_json()` for programs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from attrs import field, frozen

from reminder_kit.model.instants import in_zone, iso, zone
from reminder_kit.model.messages import Message
from reminder_kit.model.names import NOBODY, Called
from reminder_kit.model.phones import masked
from reminder_kit.model.records import HistoryEntry, Identity
from reminder_kit.planning.changes import Change
from reminder_kit.planning.decision import Decision
from reminder_kit.rules.quiet_hours import QuietHours
from reminder_kit.rules.reminders import Reminder
from reminder_kit.rules.window import Window
from reminder_kit.text.printable import printable

__all__ = ["Explanation", "ReminderExplanation", "explain_decision"]


@frozen
class ReminderExplanation:
    """One reminder: what would happen to it now, step by step, and what has happened to it so far."""

    #: What would be done for it now.
    change: Change
    #: How that came about, step by step, in words.
    steps: tuple[str, ...]
    #: Its messages, oldest first.
    messages: tuple[Message, ...] = field(default=(), repr=False)
    #: What the history has of it, oldest first.
    history: tuple[HistoryEntry, ...] = ()
    #: The version of the rule as it is now (`Rule.version`); "": no rule wants it any more.
    rule_version: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return the explanation of this reminder as plain JSON values."""
        return {
            **self.change.as_json(),
            "rule_version": self.rule_version or None,
            "steps": list(self.steps),
            "messages": [
                {
                    "state": message.state.value,
                    "text": message.draft.text,
                    "send_at": iso(message.send_at),
                    "message_id": message.provider_id,
                    "presumed": message.presumed,
                    "error": message.error or None,
                }
                for message in self.messages
            ],
            "history": [_history_json(entry) for entry in self.history],
        }


@frozen
class Explanation:
    """Everything about one appointment id: each reminder of each occurrence, and the appointment's own history."""

    #: The appointment id that was asked about.
    id: str
    #: Every reminder, wanted or only recorded, of every occurrence that is recorded.
    reminders: tuple[ReminderExplanation, ...]
    #: What the history has of the appointment as a whole, oldest first.
    history: tuple[HistoryEntry, ...] = ()
    #: What its occurrences and their people are called.
    called: Mapping[Identity, Called] = field(factory=dict, repr=False)

    @property
    def lines(self) -> list[str]:
        """The explanation as lines of text; phone numbers are masked."""
        lines: list[str] = []
        for reminder in self.reminders:
            lines += _reminder_lines(reminder, self.called.get(reminder.change.identity, NOBODY))
        if self.history:
            lines += ["history of the appointment:", *(_history_line(entry) for entry in self.history)]
        return [printable(line) for line in lines] or [f"nothing is recorded for appointment {self.id!r}"]

    def __str__(self) -> str:
        return "\n".join(self.lines)

    def as_json(self) -> dict[str, Any]:
        """Return the explanation as plain JSON values."""
        return {
            "appointment": self.id,
            "reminders": [
                {**reminder.as_json(), **_names(reminder.change, self.called)} for reminder in self.reminders
            ],
            "history": [_history_json(entry) for entry in self.history],
        }


def explain_decision(
    decision: Decision,
    messages: Iterable[Message],
    history: Sequence[HistoryEntry],
    quiet: QuietHours | None = None,
    window: Window | None = None,
) -> ReminderExplanation:
    """Return the explanation of one reminder, of its decision, the appointment's messages and the history.

    `quiet` and `window` are those of the kit, in which a parked message is seen; None: nothing is said of them.
    """
    steps: tuple[str, ...] = ()
    if decision.reminder is not None:
        steps += decision.reminder.trail
    if decision.placement is not None:
        steps += decision.placement.trail
    elif decision.reminder is not None and decision.message is not None:
        steps += _why_parked(decision.reminder, decision.message, decision.record.reason, quiet, window)
    steps += decision.notes
    key = decision.key
    own_messages = tuple(message for message in messages if message.key == key)
    own_history = tuple(entry for entry in history if entry.key == key)
    version = decision.reminder.rule.version if decision.reminder is not None else ""
    return ReminderExplanation(decision.change, steps, own_messages, own_history, version)


def _why_parked(
    reminder: Reminder, message: Message, reason: str, quiet: QuietHours | None, window: Window | None
) -> tuple[str, ...]:
    """Return in words why a parked message goes out when it does: it was placed when it was parked, and not since."""
    local, due_at = zone(reminder.zone), reminder.due_at
    steps: tuple[str, ...] = ()
    if quiet is not None and due_at is not None and quiet.covers(due_at, local):
        steps += (
            f"quiet hours ({quiet.within(local).describe()}) cover the due time, {_local(due_at, reminder.zone)}",
        )
    if window is not None and not window.holds_and_sends:
        parked_at = message.created_at
        edges = f"{iso(window.opens(parked_at))} to {iso(window.closes(parked_at))}"
        steps += (f"parked at {iso(parked_at)}, within the window of then: {edges}",)
    return (*steps, f"parked for {iso(message.send_at)}, {_local(message.send_at, reminder.zone)}: {reason}")


def _local(moment: datetime, name: str) -> str:
    return f"{in_zone(moment, zone(name)):%a %Y-%m-%d %H:%M} in {name}"


def _names(change: Change, called: Mapping[Identity, Called]) -> dict[str, str | None]:
    known = called.get(change.identity, NOBODY)
    return {"title": known.title or None, "name": known.name(change.recipient, change.to) or None}


def _reminder_lines(explanation: ReminderExplanation, called: Called) -> list[str]:
    change = explanation.change
    label = " · ".join(filter(None, (_label(change.identity), called.title)))
    when = f" at {iso(change.send_at)}" if change.send_at else ""
    causes = f" ({', '.join(change.causes)})" if change.causes else ""
    version = f" (version {explanation.rule_version})" if explanation.rule_version else ""
    name = called.name(change.recipient, change.to)
    to = " ".join(filter(None, (name, masked(change.to)))) if change.to else "nobody"
    head = f"{label} · rule {change.rule or '-'}{version} · to {to}"
    lines = [head, *(f"  {step}" for step in explanation.steps), f"  → {change.kind}{when}: {change.reason}{causes}"]
    if change.error:
        lines.append(f"  error: {change.error}")
    if change.text and change.is_work:
        lines.append(f"  “{change.text}”")
    for message in explanation.messages:
        presumed = " (presumed)" if message.presumed else ""
        named = f"  message {message.provider_id or '(no id yet)'}: {message.state}{presumed}"
        lines += [
            f"{named}, for {iso(message.send_at)}",
            *([f"    “{message.draft.text}”"] if message.draft.text else []),
        ]
    return lines + [f"  {_history_line(entry)}" for entry in explanation.history]


def _label(identity: Identity) -> str:
    label = f"{identity.id} [{identity.source}]"
    return f"{label} occurrence {identity.recurrence_id}" if identity.recurrence_id else label


def _history_line(entry: HistoryEntry) -> str:
    reason = f": {entry.reason}" if entry.reason else ""
    version = f" (rule version {entry.detail['rule_version']})" if "rule_version" in entry.detail else ""
    return f"{iso(entry.at)} {entry.actor}: {entry.event}{reason}{version}"


def _history_json(entry: HistoryEntry) -> dict[str, Any]:
    return {
        "at": iso(entry.at),
        "actor": entry.actor,
        "event": entry.event,
        "rule": entry.rule or None,
        "recurrence_id": entry.identity.recurrence_id or None,
        "reason": entry.reason or None,
        "detail": {name: _detail(name, value) for name, value in entry.detail.items()},
    }


def _detail(name: str, value: Any) -> Any:
    """Return a value of the history's detail for JSON: instants as everywhere else, though the ledger has an offset."""
    return iso(datetime.fromisoformat(value)) if name.endswith("_at") and isinstance(value, str) else value
