"""Progress: a bar on stderr that grows with each answer of the provider, with its rate and the time that is left.

Never shown but on a terminal, never before a run has taken two seconds, and never for an app's own kit: its provider is
not ours to wrap.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from reminder_kit.cli.output import takes_colours

if TYPE_CHECKING:
    from rich.console import Console

    from reminder_kit.kit.faces import ReminderKit
    from reminder_kit.ports import Provider, Receipt, Response

__all__ = ["Counting", "bar", "progress"]

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


@contextmanager
def progress(kit: ReminderKit, total: int | None, what: str) -> Iterator[None]:
    """Show a bar that grows with each answer of the provider; `total` None: nobody knows how many there will be."""
    counting: Any = kit.provider
    if not isinstance(counting, Counting) or not takes_colours(sys.stderr):
        yield
        return
    from rich.console import Console

    with bar(Console(stderr=True), total, what) as advance:
        counting.on_answer = advance
        yield


@contextmanager
def bar(console: Console, total: int | None, what: str, patience: float = _PATIENCE) -> Iterator[Callable[[], object]]:
    """Show a bar from so many seconds on, and hand out what makes it grow; it is gone at the end."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, TextColumn, TimeRemainingColumn
    from rich.text import Text

    class Rate(ProgressColumn):
        def render(self, task: Any) -> Text:
            """Return how many answers came in a second, lately."""
            return Text(f"{task.finished_speed or task.speed or 0:.0f}/s")

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), Rate(), TimeRemainingColumn())
    shown = Progress(*columns, console=console, transient=True)
    task = shown.add_task(what, total=total)
    timer = threading.Timer(patience, shown.start)
    timer.daemon = True
    timer.start()
    try:
        yield lambda: shown.advance(task)
    finally:
        timer.cancel()
        timer.join()
        if shown.live.is_started:
            shown.stop()
