"""Progress: a bar on stderr that grows with each answer of the provider.

Never shown but on a terminal, and never for an app's own kit: its provider is not ours to wrap.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from reminder_kit.cli.output import takes_colours

if TYPE_CHECKING:
    from reminder_kit.kit.faces import ReminderKit
    from reminder_kit.ports import Provider, Receipt, Response

__all__ = ["Counting", "progress"]

_SHORT = 20
"""Answers of the provider below which no bar is shown: they come before it could be read."""


class Counting:
    """A provider that calls `on_answer` whenever the answer to a request that writes was read."""

    def __init__(self, provider: Provider) -> None:
        self._provider = provider
        self.on_answer: Callable[[], object] = lambda: None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._provider, name)

    def parse_created(self, response: Response) -> Receipt:
        """Read the answer to `create`."""
        self.on_answer()
        return self._provider.parse_created(response)

    def parse_cancelled(self, response: Response) -> Receipt:
        """Read the answer to `cancel`."""
        self.on_answer()
        return self._provider.parse_cancelled(response)


@contextmanager
def progress(kit: ReminderKit, total: int | None, what: str) -> Iterator[None]:
    """Show a bar that grows with each answer of the provider; `total` None: nobody knows how many there will be."""
    counting: Any = kit.provider
    few = total is not None and total < _SHORT
    if few or not isinstance(counting, Counting) or not takes_colours(sys.stderr):
        yield
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=total)
        counting.on_answer = lambda: bar.advance(task)
        yield
