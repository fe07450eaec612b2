"""Telling: what a kit tells its host of events, changes and runs, and of its own texts as it is made.

Never lets a callback harm what is going on: `listeners` sees to that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal, overload

from reminder_kit.kit.listeners import Listeners, Run
from reminder_kit.logs import LOG
from reminder_kit.model.host_data import shown_name
from reminder_kit.model.messages import DeliveryEvent
from reminder_kit.planning.attention import AttentionItem
from reminder_kit.planning.changes import Change
from reminder_kit.rules.defaults import Defaults
from reminder_kit.rules.notices import Notice
from reminder_kit.rules.rule import Rule
from reminder_kit.text.linter import linted, opt_out_warnings

__all__ = ["Telling", "warnings_told"]


class Telling:
    """The part of a kit that hosts listen to."""

    _listeners: Listeners

    @overload
    def on(self, event_type: Literal["run"], callback: Callable[[Run], object]) -> None: ...
    @overload
    def on(self, event_type: Literal["change"], callback: Callable[[Change], object]) -> None: ...
    @overload
    def on(self, event_type: Literal["attention"], callback: Callable[[AttentionItem], object]) -> None: ...
    @overload
    def on(self, event_type: str, callback: Callable[[DeliveryEvent], object]) -> None: ...
    def on(self, event_type: str, callback: Callable[[Any], object]) -> None:
        """Call back whenever something of that type happens, once it is stored.

        With a `DeliveryEvent` that `receive` takes in: its type (`delivered`, `anomaly`, a
        keyword of your own, …), or "*" for all of them. With a `Change`, "change": every
        change of a run that parked, replaced, cancelled, held or skipped something, or was
        to (`Change.happened`). With a `Run`, "run": every run at its end, whatever its end.
        With an `AttentionItem`, "attention": once for each thing that begins to wait for a person.

        Raises `InvalidInputError` for a type that nothing would ever be of. A callback that raises harms nothing; it is
        logged. On `AsyncReminderKit` it may be
        a coroutine function.
        """
        self._listeners.add(event_type, callback)

    async def _tell(self, events: Iterable[DeliveryEvent]) -> None:
        """Tell listeners of events, each under its type and under "*"; what can't be acted upon is logged, too."""
        for event in events:
            if event.type == "anomaly":
                LOG.warning(
                    "%s reports what can't be: see %s in the ledger's events", event.provider, shown_name(event.id)
                )
            await self._listeners.tell(event, event.type, "*")


def warnings_told(rules: Iterable[Rule], notices: Mapping[str, Notice], defaults: Defaults) -> list[str]:
    """Return a warning for each text that asks for a reply by which people opt out, or lacks what it must say.

    Raises `InvalidRuleError` for a notice that could never be sent; `notices` are by name.
    """
    templates = list(rules)
    for name, notice in notices.items():
        if notice:
            templates.append(Rule(name, before="1 minute", text=notice.text))
            linted(templates[-1], defaults)
    unsaid = (warning for rule in templates for warning in linted(rule, defaults)) if defaults.must_say else ()
    return [*opt_out_warnings(templates), *(warning for warning in unsaid if "must_say" in warning)]
