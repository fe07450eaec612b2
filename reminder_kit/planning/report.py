"""A report: what a run did, change by change.

Pure: no clock, no I/O. Never raises for what failed: `ok` says whether all is done.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from attrs import field, frozen

from reminder_kit.planning.attention import AttentionItem
from reminder_kit.planning.changes import Change, PassedOver, document, headline, printed, summarise

__all__ = ["Report"]


@frozen
class Report:
    """What a run did, change by change."""

    #: The instant its plan was made for, UTC.
    now: datetime
    #: What was done for each reminder, with its `outcome`.
    changes: tuple[Change, ...] = field(repr=False)
    #: How many appointments were looked at.
    appointments: int = 0
    #: What else there is, which stands; counted in `summary`.
    passed_over: PassedOver = field(default=PassedOver(), repr=False)
    #: What could not be read of calendars, and what was handed in twice with different content, as in the plan.
    problems: tuple[Any, ...] = field(default=(), repr=False)
    #: What waits for a person by now, in this run and from earlier ones; `seen` says what somebody knows of.
    attention: tuple[AttentionItem, ...] = field(default=(), repr=False)

    @property
    def summary(self) -> dict[str, int]:
        """How many changes of each kind there are, how many appointments, failures and unknowns, and what is `left`.

        That has its name only where there is any.
        """
        left = {"left": len(self.left)} if self.left else {}
        return summarise(self.changes, self.appointments, self.passed_over) | left

    @property
    def headline(self) -> str:
        """How many changes of each kind there are, in one line without a name or number of anybody."""
        return headline(self.summary)

    @property
    def failed(self) -> tuple[Change, ...]:
        """The changes that did not work; the next run tries again, or the change's error says why not."""
        return tuple(change for change in self.changes if change.outcome == "failed")

    @property
    def unknown(self) -> tuple[Change, ...]:
        """The changes whose message may be parked, and for which nobody can be asked."""
        return tuple(change for change in self.changes if change.outcome == "unknown")

    @property
    def left(self) -> tuple[Change, ...]:
        """The changes that the batch job left to another worker, who holds the appointment, or to the next run."""
        return tuple(change for change in self.changes if change.is_left)

    @property
    def ok(self) -> bool:
        """Whether everything that was to be done is done, and known to be, or is `left` to another worker."""
        return not self.failed and not self.unknown

    def as_json(self) -> dict[str, Any]:
        """Return the document of the command line's `--json`."""
        return document(self.now, self.summary, self.changes)

    def __str__(self) -> str:
        return printed(self.summary, self.changes)
