"""What is known of one number, shown: who bars it, and all that was said about writing to it, with the words.

Pure. Never decides anything: `model.consent` says who bars a number.
"""

from __future__ import annotations

from typing import Any

from attrs import frozen

from reminder_kit.model.consent import ConsentEvent, Suppression
from reminder_kit.model.instants import iso
from reminder_kit.text.printable import printable

__all__ = ["Consent"]


@frozen
class Consent:
    """What is known of one number: who bars it now, and all that was said about writing to it."""

    #: Who bars it, one for each party, the recipient first; empty: nobody does.
    bars: tuple[Suppression, ...]
    #: All that was said here, in the order in which it happened.
    events: tuple[ConsentEvent, ...]

    @property
    def lines(self) -> list[str]:
        """Who bars the number, then what was said, as printable lines; with the words, which may be personal."""
        lines = [*(bar.said for bar in self.bars), *(_line(event) for event in self.events)]
        return [printable(line) for line in lines]

    def __str__(self) -> str:
        return "\n".join(self.lines) or "nothing was ever said about this number"

    def as_json(self) -> dict[str, Any]:
        """Return all of it as plain JSON values, without the number."""
        bars, events = [bar.as_json() for bar in self.bars], [_event_json(event) for event in self.events]
        return {"barred_by": bars, "events": events}


def _line(event: ConsentEvent) -> str:
    words = f": {event.words}" if event.words else ""
    return f"{iso(event.occurred_at)} {event.by} ({event.way}): {event.act}{words}"


def _event_json(event: ConsentEvent) -> dict[str, Any]:
    return {
        "by": event.by.value,
        "act": event.act.value,
        "occurred_at": iso(event.occurred_at),
        "recorded_at": iso(event.recorded_at),
        "way": event.way,
        "words": event.words or None,
        "senders": list(event.senders),
    }
