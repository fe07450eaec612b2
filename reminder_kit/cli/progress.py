"""Progress: a bar on stderr for what a run reads, plans and has parked, with its rate and the time that is left.

Never shown but on a terminal, and never before a run has taken two seconds. Of an app's own kit reading and planning
are shown, and no answers: its provider is not ours to wrap.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from attrs import define

from reminder_kit.cli.output import takes_colours
from reminder_kit.progress import watched

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress, TaskID

    from reminder_kit.kit.faces import ReminderKit
    from reminder_kit.ports import Provider, Receipt, Response

__all__ = ["Bar", "Counting", "bar", "progress"]

_PATIENCE = 2.0
"""Seconds after which a bar is shown: what takes less is over before it could be read."""


class Counting:
    """A provider that counts what it has taken and given back, and calls `on_answer` with each answer to a write."""

    def __init__(self, provider: Provider) -> None:
        self._provider = provider
        self._lock = threading.Lock()
        self.on_answer: Callable[[], object] = lambda: None
        #: Messages that it took, and messages that it gave back.
        self.parked = 0
        self.withdrawn = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._provider, name)

    def parse_created(self, response: Response) -> Receipt:
        """Read the answer to `create`."""
        self.on_answer()
        receipt = self._provider.parse_created(response)
        with self._lock:
            self.parked += 1
        return receipt

    def parse_cancelled(self, response: Response) -> Receipt:
        """Read the answer to `cancel`."""
        self.on_answer()
        receipt = self._provider.parse_cancelled(response)
        with self._lock:
            self.withdrawn += 1
        return receipt


@define
class Bar:
    """What is shown of a run: one stage at a time, each from its own beginning. Without `shown` nothing is."""

    shown: Progress | None = None
    task: TaskID | None = None
    #: What is being done ("reading"); "": nothing yet.
    stage: str = ""

    def begin(self, stage: str, total: int | None = None) -> None:
        """Show another stage, from its beginning; `total` None: nobody knows how many there will be."""
        self.stage = stage
        if self.shown is not None and self.task is not None:
            self.shown.reset(self.task, description=stage, total=total)

    def at(self, stage: str, done: int, total: int | None) -> None:
        """Show how far a stage has come (`reminder_kit.progress.Watcher`)."""
        if stage != self.stage or not done:
            self.begin(stage, total)
        if self.shown is not None and self.task is not None:
            self.shown.update(self.task, completed=done)

    def advance(self) -> None:
        """Show one more answer of the provider."""
        if self.stage != PARKING:
            self.begin(PARKING)
        if self.shown is not None and self.task is not None:
            self.shown.advance(self.task)


PARKING = "parking"
"""The stage in which the provider answers."""


@contextmanager
def progress(kit: ReminderKit) -> Iterator[Bar]:
    """Show a bar that grows with what is read and planned, and with each answer of the provider; it ends with the run.

    Where stderr is no terminal it is a bar that nobody sees.
    """
    if not takes_colours(sys.stderr):
        yield Bar()
        return
    from rich.console import Console

    with bar(Console(stderr=True)) as shown, watched(shown.at):
        counting: Any = kit.provider
        if isinstance(counting, Counting):
            counting.on_answer = shown.advance
        yield shown


@contextmanager
def bar(console: Console, patience: float = _PATIENCE) -> Iterator[Bar]:
    """Show a bar from so many seconds on; it is gone at the end."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, TextColumn, TimeRemainingColumn
    from rich.text import Text

    class Rate(ProgressColumn):
        def render(self, task: Any) -> Text:
            """Return how many were done in a second, lately."""
            return Text(f"{task.finished_speed or task.speed or 0:.0f}/s")

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), Rate(), TimeRemainingColumn())
    shown = Progress(*columns, console=console, transient=True)
    task = shown.add_task("starting", total=None)
    timer = threading.Timer(patience, shown.start)
    timer.daemon = True
    timer.start()
    try:
        yield Bar(shown, task)
    finally:
        timer.cancel()
        timer.join()
        if shown.live.is_started:
            shown.stop()
